"""Names from strangers: made safe to show, and refused where they point out of the submission."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath

from grader.errors import IntakeError

LONGEST_SHOWN = 80
LONGEST_PLACE = 400
LEFTOVERS = frozenset(
    {"__macosx", "icon\r", "thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information"}
    | {"__pycache__"}
)


def show_name(name: str, most: int = LONGEST_SHOWN) -> str:
    """Return a name with unprintable characters escaped, capped at `most` characters and `...`."""
    shown = name if name.isprintable() else "".join(map(_show_character, name[: most + 1]))
    return shown if len(shown) <= most else shown[:most] + "..."


def show_path(path: PurePath) -> str:
    """Return where something lies, whole: the file's own name is the end of it."""
    return show_name(path.as_posix(), LONGEST_PLACE)


def _show_character(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")


def show_size(size: int) -> str:
    """Return `256 KiB` or `64 MiB`."""
    return f"{size // 1024**2} MiB" if size >= 1024**2 else f"{max(1, size // 1024)} KiB"


def either(names: Sequence[str]) -> str:
    """Return `layers.py, initializers.py or batchnorm.py`."""
    return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else "".join(names)


def normalize(name: str, source: str) -> str:
    """Return an archive's name for a file with `/` between its parts and no `.` among them.

    Raises IntakeError for an absolute path and for `..`, which no tool makes by itself.
    """
    parts = name.replace("\\", "/").split("/")
    advice = "zip the files themselves and try again"
    if (len(parts) > 1 and not parts[0]) or re.match(r"[A-Za-z]:", name):
        raise IntakeError(f"{source}: '{show_name(name)}' is an absolute path; {advice}.")
    if ".." in parts:
        raise IntakeError(f"{source}: '{show_name(name)}' leads out of its folder; {advice}.")
    return "/".join(part for part in parts if part not in ("", "."))


def is_leftover(path: str) -> bool:
    """Whether an operating system or a tool left this behind: `__MACOSX/`, `.DS_Store`, `~$hw3.docx`, `.git/`."""
    return any(part.startswith((".", "~$")) or part.lower() in LEFTOVERS for part in path.split("/"))
