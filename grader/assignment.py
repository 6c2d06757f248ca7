"""An assignment is a declaration: which functions are asked for, where, for how many points, how judged.

It lives in `assignments/HW/assignment.py` as a module-level `assignment = Assignment(...)`.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from grader.checks.base import Check
from grader.checks.besides import Besides
from grader.checks.property import Property
from grader.errors import AssignmentError, UsageError, did_you_mean
from grader.intake.submission import Notebook


@dataclass(frozen=True)
class Problem:
    """One function to write. `id` is the function's name, `file` the file that it belongs in.

    properties: what must hold besides, each a finding of its own.
    """

    id: str
    file: str
    points: float
    check: Check
    title: str = ""
    properties: tuple[Property, ...] = ()

    @property
    def whole(self) -> Check:
        """The check together with its properties: what is built and graded."""
        return Besides(self.check, self.properties) if self.properties else self.check

    @property
    def hundredths(self) -> int:
        """The points, exact."""
        return round(self.points * 100)


@dataclass(frozen=True)
class Assignment:
    """Problems in the order in which a student should meet them.

    `notebook` says what a submitted notebook counts for: `Notebook(wins=True)` where its functions come before those
    of .py files, `Notebook(runs_all=True)` where all statements of its cells are to be run.
    `read_next` is a sentence for whoever has full marks.
    """

    name: str
    title: str
    problems: tuple[Problem, ...]
    notebook: Notebook = field(default_factory=Notebook)
    read_next: str = ""

    def __post_init__(self) -> None:
        ids = [problem.id for problem in self.problems]
        for problem in self.problems:
            if ids.count(problem.id) > 1:
                raise AssignmentError(f"{self.name}: problem '{problem.id}' is declared twice")
            if not problem.id.isidentifier():
                raise AssignmentError(f"{self.name}: problem id '{problem.id}' is not the name of a function")
            if problem.hundredths <= 0:
                raise AssignmentError(f"{self.name}: '{problem.id}' has {problem.points} points, expected more than 0")
            if not problem.file.endswith(".py") or "/" in problem.file:
                raise AssignmentError(f"{self.name}: '{problem.id}' is in '{problem.file}', expected a plain .py name")

    @property
    def files(self) -> tuple[str, ...]:
        """The files that a submission consists of, in order."""
        return tuple(dict.fromkeys(problem.file for problem in self.problems))

    @property
    def hundredths(self) -> int:
        """All points, exact."""
        return sum(problem.hundredths for problem in self.problems)

    @property
    def functions(self) -> dict[str, list[str]]:
        """The functions that grading calls, by file: the problems, and what they stand on, given or not."""
        places = {problem.id: problem.file for problem in self.problems}
        wanted: dict[str, dict[str, None]] = {file: {} for file in self.files}
        for problem in self.problems:
            for name in (problem.id, *problem.whole.calls):
                wanted[places.get(name, problem.file)].setdefault(name)
        return {file: list(names) for file, names in wanted.items()}

    def problem(self, name: str) -> Problem:
        """Return a problem by id. Raises UsageError with the nearest name."""
        for problem in self.problems:
            if problem.id == name:
                return problem
        known = [problem.id for problem in self.problems]
        raise UsageError(f"{self.name} has no problem '{name}'{did_you_mean(name, known)}")

    def select(self, names: Iterable[str]) -> tuple[Problem, ...]:
        """Return the named problems in the assignment's order, or all of them if none is named."""
        chosen = {self.problem(name).id for name in names}
        return tuple(problem for problem in self.problems if not chosen or problem.id in chosen)


@dataclass(frozen=True)
class Course:
    """A folder that holds `assignments/` and perhaps `solutions/`."""

    root: Path

    def folder(self, name: str) -> Path:
        """Return `assignments/NAME`."""
        return self.root / "assignments" / name

    def solutions(self, name: str) -> Path | None:
        """Return `solutions/NAME`, or None in a student's package."""
        folder = self.root / "solutions" / name
        return folder if folder.is_dir() else None

    def names(self) -> tuple[str, ...]:
        """Return the names of all assignments, sorted."""
        return tuple(sorted(path.parent.name for path in (self.root / "assignments").glob("*/assignment.py")))


def find_course(start: Path) -> Course:
    """Look for the folder that holds `assignments/`, from `start` upwards. Raises UsageError if there is none."""
    for folder in (start, *start.parents):
        if any((folder / "assignments").glob("*/assignment.py")):
            return Course(folder)
    raise UsageError(f"no assignments/ folder in {start} or above it; change to the course's folder and try again")


def load(course: Course, name: str) -> Assignment:
    """Import `assignments/NAME/assignment.py`; an unknown name is a UsageError, a bad file an AssignmentError."""
    path = course.folder(name) / "assignment.py"
    if name not in course.names():
        raise UsageError(f"no assignment '{name}'{did_you_mean(name, course.names())}")
    module_name = f"_assignment_{name}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
    except AssignmentError:
        raise
    except Exception as error:
        raise AssignmentError(f"{path}: importing it raised {type(error).__name__}: {error}") from error
    finally:
        sys.dont_write_bytecode = writes
    found = getattr(module, "assignment", None)
    if not isinstance(found, Assignment):
        raise AssignmentError(f"{path} defines no `assignment = Assignment(...)`")
    if found.name != name:
        raise AssignmentError(f"{path} declares the name '{found.name}', expected '{name}' like its folder")
    return found
