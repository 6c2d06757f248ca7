"""The students' package: a folder to unpack, with everything to work in it and nothing of the solutions."""

from __future__ import annotations

import io
import re
import zipfile
from importlib import resources
from pathlib import Path

from grader.assignment import Assignment, Course
from grader.authoring.generated import generate
from grader.authoring.leaks import leaks
from grader.authoring.wheel import WHEEL, build_wheel, write_zip
from grader.bank import PUBLIC_SEED, SHIPPED, BankSource, Progress
from grader.checks import Backward, Loss
from grader.errors import AssignmentError, UsageError

# What an author writes by hand for students; all other files of the package are generated.
HANDED = ("README.md", "assignment.py", "hints.md")
_PICTURE = re.compile(r"!\[[^\]]*\]\((?![a-z]+:)([^)\s]+)\)")


def build_package(course: Course, assignment: Assignment, cache: Path | None, progress: Progress | None) -> bytes:
    """Return the zip's bytes: one folder, named like the assignment. The same sources give the same bytes.

    cache: where banks are kept, or None. Raises UsageError without solutions, AssignmentError where a statement
    of the solutions stands in what would be given away.
    """
    solutions = course.solutions(assignment.name)
    if solutions is None:
        raise UsageError(f"there is no solutions/{assignment.name} in {course.root}: the package is made from it")
    home = f"assignments/{assignment.name}"
    files = {name: text.encode() for name, text in _templates(assignment).items()}
    files |= {f"{home}/{name}": text.encode() for name, text in generate(course, assignment).files.items()}
    for name in HANDED:
        path = course.folder(assignment.name) / name
        if path.is_file():
            files[f"{home}/{name}"] = path.read_bytes()
    files |= {f"{home}/{name}": data for name, data in pictures_of(course.folder(assignment.name)).items()}
    files[f"{home}/{SHIPPED}"] = BankSource(course, assignment, PUBLIC_SEED, cache, progress).bank.data
    files[WHEEL] = build_wheel()
    _refuse_leaks(assignment, solutions, files)
    return write_zip({f"{assignment.name}/{name}": data for name, data in files.items()})


def pictures_of(folder: Path) -> dict[str, bytes]:
    """Return the pictures that the handout in `folder` shows, by name. Raises AssignmentError where one is missing."""
    handout = folder / "README.md"
    names = _PICTURE.findall(handout.read_text(encoding="utf-8")) if handout.is_file() else []
    missing = [name for name in names if not (folder / name).is_file() or "/" in name]
    if missing:
        raise AssignmentError(f"{handout} shows {missing[0]}, which is no file beside it; draw it, or correct the name")
    return {name: (folder / name).read_bytes() for name in names}


def _templates(assignment: Assignment) -> dict[str, str]:
    """Return the files that make the folder a project for people, pytest and editors."""
    folder = resources.files("grader.authoring") / "templates" / "package"
    names = {"README.md.txt": "README.md", "pytest.ini.txt": "pytest.ini", "vscode.json.txt": ".vscode/settings.json"}
    known = {"@HW@": assignment.name, "@TITLE@": assignment.title, "@WHEEL@": WHEEL}
    known |= {"@PROBLEM@": assignment.problems[0].id, "@FILES@": ", ".join(f"`{file}`" for file in assignment.files)}
    # Without the solutions only a gradient can be explored: its own forward judges it.
    gradients = (problem.id for problem in assignment.problems if isinstance(problem.check, (Backward, Loss)))
    known["@EXPLORED@"] = next(gradients, assignment.problems[0].id)
    texts = {}
    for template, name in names.items():
        text = (folder / template).read_text(encoding="utf-8")
        for word, meaning in known.items():
            text = text.replace(word, meaning)
        texts[name] = text
    return texts


def _refuse_leaks(assignment: Assignment, solutions: Path, files: dict[str, bytes]) -> None:
    """Raise AssignmentError where a statement of the reference stands in a file, or in one of the wheel's."""
    with zipfile.ZipFile(io.BytesIO(files[WHEEL])) as wheel:
        inner = {f"{WHEEL}/{name}": wheel.read(name) for name in wheel.namelist()}
    # Of the saved cases too: as characters, one for each byte.
    texts = {name: data.decode("latin-1") for name, data in (files | inner).items()}
    graded = {problem.id for problem in assignment.problems}
    for file in assignment.files:
        found = leaks((solutions / file).read_text(encoding="utf-8"), graded, texts)
        if found:
            raise AssignmentError(f"the package would give away a solution: {found[0]}")
