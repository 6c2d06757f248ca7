"""A new assignment that `grader check` passes as it stands: one small problem, to be replaced by the author's own.

The texts are in `templates/`, one for each file that is written; `@HW@` in them stands for the name.
"""

from __future__ import annotations

import os
import re
import tempfile
from importlib import resources
from pathlib import Path

from grader.assignment import Course, find_course, load
from grader.authoring.release import StubInfo, release_files, write_files
from grader.errors import UsageError
from grader.report import points_text

NAME = re.compile(r"[a-z][a-z0-9_]*")
LONGEST = 40
FOLDERS = ("solutions", "assignments")


def find_place(start: Path) -> Course:
    """Return the course that `start` is in; an `assignments/` folder without any assignment will do.

    Raises UsageError where there is neither.
    """
    try:
        return find_course(start)
    except UsageError:
        for folder in (start, *start.parents):
            if (folder / "assignments").is_dir():
                return Course(folder)
        raise


def create(course: Course, name: str) -> list[Path]:
    """Write `assignments/NAME` and `solutions/NAME`, and return the files in the order in which to read them.

    Both folders appear whole or not at all. Raises UsageError for a name that will not do, where one of the
    folders is there already, and where they cannot be written.
    """
    _refuse(course, name)
    try:
        with tempfile.TemporaryDirectory(prefix=f".new-{name}-", dir=course.root) as aside:
            files = _write(Course(Path(aside)), name)
            _move(Path(aside), course.root, name)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f"cannot write {name} to {course.root} ({reason}); is the folder writable?") from error
    return [course.root / file for file in files]


def _refuse(course: Course, name: str) -> None:
    if not NAME.fullmatch(name) or len(name) > LONGEST:
        raise UsageError(
            f"'{name[:LONGEST]}' cannot name an assignment: wanted a small letter, then small letters, digits or "
            f"underscores, {LONGEST} at most, e.g. hw9"
        )
    for folder in FOLDERS:
        # lexists: a dangling link is in the way too.
        if os.path.lexists(course.root / folder / name):
            raise UsageError(f"{folder}/{name} is there already and stays as it is; choose another name")


def _write(course: Course, name: str) -> list[Path]:
    """Write the texts and the stubs into an empty course; return the files, relative to it."""
    written = []
    templates = resources.files("grader.authoring") / "templates"
    for folder in FOLDERS:
        texts = {
            template.name.removesuffix(".txt"): template.read_text(encoding="utf-8").replace("@HW@", name)
            for template in (templates / folder).iterdir()
            if template.name.endswith(".txt")
        }
        write_files(texts, course.root / folder / name)
        written += [Path(folder, name, file) for file in texts]
    assignment = load(course, name)
    infos = {problem.id: StubInfo(points_text(problem.hundredths)) for problem in assignment.problems}
    stubs = release_files(course.root / "solutions" / name, infos, assignment=assignment.name, files=assignment.files)
    write_files(stubs, course.folder(name))
    written += [Path("assignments", name, file) for file in stubs]
    return sorted(written)


def _move(aside: Path, root: Path, name: str) -> None:
    """Rename both folders into place; the assignment comes last, for it is what the other commands look for."""
    moved: list[Path] = []
    try:
        for folder in FOLDERS:
            (root / folder).mkdir(exist_ok=True)
            os.rename(aside / folder / name, root / folder / name)
            moved.append(Path(folder, name))
    except BaseException:
        for path in moved:
            os.rename(root / path, aside / path)
        raise
