"""Whose is which entry of a folder: the layouts of bulk downloads, recognised by what lies there.

Gradescope writes `submission_metadata.yml` beside one folder a submission; Canvas puts name and ids into the names of
files; GitHub Classroom clones repositories whose names end in the student's login. Everything else is plain: an
entry is a submission, called like its student.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from grader.batch.handins import HandIn, Student
from grader.errors import UsageError
from grader.intake import ARCHIVES
from grader.intake.naming import is_leftover

METADATA = "submission_metadata.yml"
# doejane_LATE_10023_88412_layers-1.py: who, late or not, user id, submission id, name; resubmissions are numbered.
_CANVAS = re.compile(r"(?P<who>.+?)_(?:LATE_)?(?P<user>\d+)_(?P<submission>\d+)_(?P<file>.+)", re.DOTALL)
_NUMBERED = re.compile(r"-\d+(?=(?:\.tar)?\.[A-Za-z0-9]+$)")
_ENDINGS = (*ARCHIVES, ".py", ".ipynb")


def find_hand_ins(folder: Path) -> tuple[HandIn, ...]:
    """Return the submissions in a folder, sorted. Raises UsageError where there is no such folder, or none in it."""
    try:
        with os.scandir(folder) as items:
            names = sorted(item.name for item in items if not is_leftover(item.name))
    except OSError as error:
        raise UsageError(f"cannot read the folder {folder}: {error.strerror}; name one with submissions") from error
    for layout in (_gradescope, _canvas, _classroom, _plain):
        found = layout(folder, names)
        if found:
            _refuse_twice(found)
            return tuple(found)
    raise UsageError(f"there are no submissions in {folder}: it is empty")


def _refuse_twice(found: Sequence[HandIn]) -> None:
    """Raise UsageError where it is unclear which submission of a student counts."""
    first: dict[str, str] = {}
    for hand_in in found:
        for student in hand_in.students:
            other = first.setdefault(student.id, hand_in.id)
            if other != hand_in.id:
                raise UsageError(f"'{student.id}' has two submissions, '{other}' and '{hand_in.id}'; take one away")


def _gradescope(folder: Path, names: Sequence[str]) -> list[HandIn]:
    if METADATA not in names:
        return []
    metadata = _read_metadata(folder / METADATA)
    return [
        HandIn(_text(name), _submitters(metadata.get(name), _text(name)), "gradescope", folder / name)
        for name in names
        if name != METADATA
    ]


def _read_metadata(path: Path) -> Mapping[str, Any]:
    import yaml  # For start-up time.

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """Plain values only; a tag that is not YAML's own is not our subject."""

    Loader.add_multi_constructor("", lambda loader, suffix, node: None)
    try:
        found = yaml.load(path.read_bytes(), Loader)
    except (OSError, yaml.YAMLError, RecursionError) as error:
        text = " ".join(str(error).split())
        raise UsageError(f"cannot read {path}: {text}; export the submissions from Gradescope again") from error
    return found if isinstance(found, dict) else {}


def _submitters(entry: Any, name: str) -> tuple[Student, ...]:
    people = entry.get(":submitters") if isinstance(entry, dict) else None
    found = {}
    for person in people if isinstance(people, list) else []:
        if not isinstance(person, dict):
            continue
        label, number, email = (str(person.get(key) or "") for key in (":name", ":sid", ":email"))
        identity = number or email or label
        if identity:
            found[identity] = Student(identity, label, email)
    return tuple(found.values()) or (Student(name),)


def _canvas(folder: Path, names: Sequence[str]) -> list[HandIn]:
    matches = {name: _CANVAS.fullmatch(name) for name in names}
    if not names or not all(matches.values()):
        return []
    uploads: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for name, match in matches.items():
        assert match is not None
        uploads.setdefault((match["user"], match["who"]), []).append((name, _NUMBERED.sub("", match["file"])))
    found = []
    for (user, who), files in sorted(uploads.items()):
        student = Student(user, _text(who))
        if len(files) == 1 and not files[0][1].endswith((".py", ".ipynb")):
            found.append(HandIn(_text(f"{who}_{user}"), (student,), "canvas", folder / files[0][0]))
        else:
            parts = {original: folder / name for name, original in files}
            found.append(HandIn(_text(f"{who}_{user}"), (student,), "canvas", folder, parts))
    return found


def _classroom(folder: Path, names: Sequence[str]) -> list[HandIn]:
    if not names or not all((folder / name / ".git").exists() for name in names):
        return []
    slug = folder.resolve().name.removesuffix("-submissions")
    prefix = f"{slug}-" if all(name.startswith(f"{slug}-") for name in names) else _common_prefix(names)
    return [
        HandIn(_text(name), (Student(_text(name.removeprefix(prefix) or name)),), "classroom", folder / name)
        for name in names
    ]


def _common_prefix(names: Sequence[str]) -> str:
    """Return what all names begin with, up to a hyphen; of one name nothing is known."""
    shared = os.path.commonprefix(list(names)) if len(names) > 1 else ""  # noqa: RUF071 - names, not paths.
    return shared[: shared.rfind("-") + 1]


def _plain(folder: Path, names: Sequence[str]) -> list[HandIn]:
    stems = [_stem(name) for name in names]
    # alice/ beside alice.zip: nobody but a person can say which is meant, so both are shown by their whole names.
    called = [stem if stems.count(stem) == 1 else name for name, stem in zip(names, stems, strict=True)]
    return [
        HandIn(_text(name), (Student(_text(student)),), "plain", folder / name)
        for name, student in zip(names, called, strict=True)
    ]


def _stem(name: str) -> str:
    for ending in _ENDINGS:
        if name.lower().endswith(ending) and len(name) > len(ending):
            return name[: -len(ending)]
    return name


def _text(name: str) -> str:
    """Return a file's name as text that every file and database takes: not all of them are UTF-8."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")
