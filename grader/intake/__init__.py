"""From a path to a clean submission, or a clear refusal. No student code is parsed or run here."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path

from grader.errors import IntakeError, did_you_mean
from grader.intake.folder import take_folder
from grader.intake.naming import either, show_path
from grader.intake.reading import cannot_read, read_file
from grader.intake.selection import Entry, select
from grader.intake.submission import IntakeLimits, Notebook, Submission, is_notebook

__all__ = ["IntakeLimits", "Notebook", "Submission", "take"]

ARCHIVES = (".zip", ".tar.gz", ".tgz", ".tar")
DEFAULT_LIMITS = IntakeLimits()
PY_FIRST = Notebook()


def take(
    path: Path, wanted: Sequence[str], *, limits: IntakeLimits = DEFAULT_LIMITS, notebook: Notebook = PY_FIRST
) -> Submission:
    """Return the wanted files of a folder, a .py file, a notebook or an archive (.zip, .tar.gz, .tgz, .tar).

    `wanted` are plain file names such as `layers.py`. A notebook stands for those that are not there, or for all,
    as `notebook` says. A wanted file that is not there at all is listed in `missing`.
    Raises IntakeError with one sentence when nothing wanted is there, or when the submission is refused.
    """
    name = show_path(path)
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        raise IntakeError(f"{name} does not exist; check the path.") from error
    except (OSError, ValueError) as error:
        raise cannot_read(path, error) from error
    if stat.S_ISDIR(mode):
        return take_folder(path, wanted, limits, notebook)
    ending = path.name.lower()
    if ending.endswith(".py"):
        return _take_source(path, wanted, limits)
    if is_notebook(ending):
        return _take_single(path, wanted, limits, notebook)
    if ending.endswith(ARCHIVES):
        # For start-up time: the archive modules take 6 ms, and most runs grade a folder.
        from grader.intake.archive import take_archive

        return take_archive(path, wanted, limits, notebook)
    raise IntakeError(f"{name} is no submission; wanted a folder, a .py or .ipynb file, {either(ARCHIVES)}.")


def _take_source(path: Path, wanted: Sequence[str], limits: IntakeLimits) -> Submission:
    """Return the submission made of a single .py file, which must have a wanted name."""
    name = show_path(path)
    if path.name not in wanted:
        text = f"{name} is none of the wanted files ({', '.join(wanted)}){did_you_mean(path.name, wanted)}"
        raise IntakeError(f"{text} Rename it and try again." if text.endswith("?") else f"{text}.")
    return _take_single(path, wanted, limits, PY_FIRST)


def _take_single(path: Path, wanted: Sequence[str], limits: IntakeLimits, notebook: Notebook) -> Submission:
    """Return the submission made of a single file."""
    entry = Entry(path.name, "file", lambda: read_file(path, limits.most_bytes(path.name), follow=False))
    place = "" if path.parent == Path() else path.parent.as_posix()
    return select([entry], wanted, limits, show_path(path), place, notebook)
