"""What `grader release` writes for one assignment: stubs, given files and notebook, all from the solutions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.assignment import Assignment, Course
from grader.authoring.notebook import clean_notebook, release_notebook
from grader.authoring.release import StubInfo, drift, release_files, write_files
from grader.errors import AssignmentError, UsageError
from grader.report import points_text

# Code that students are given whole: it draws with their functions.
EXPERIMENTS = "experiments.py"


@dataclass(frozen=True)
class Generated:
    """Texts by file name: what goes to the students' folder, and what stays with the solutions, in its clean form."""

    folder: Path
    files: Mapping[str, str]
    solutions: Path
    kept: Mapping[str, str]

    def write(self) -> None:
        """Write all of it. Raises AssignmentError where that is not possible."""
        write_files(self.files, self.folder)
        write_files(self.kept, self.solutions)

    def drift(self) -> list[str]:
        """Return one entry for each file that is not as it would be written."""
        return drift(self.files, self.folder) + drift(self.kept, self.solutions)


def generate(course: Course, assignment: Assignment) -> Generated:
    """Return what the solutions of an assignment give; experiments and a notebook where there are some.

    Raises UsageError without solutions, AssignmentError where one of them is not as it should be.
    """
    solutions = course.solutions(assignment.name)
    if solutions is None:
        raise UsageError(f"there is no solutions/{assignment.name} in {course.root}: stubs are generated from it")
    infos = {problem.id: StubInfo(points_text(problem.hundredths)) for problem in assignment.problems}
    files = release_files(solutions, infos, assignment=assignment.name, files=assignment.files)
    if (solutions / EXPERIMENTS).is_file():
        files[EXPERIMENTS] = _read(solutions / EXPERIMENTS)
    kept = {}
    notebook = f"{assignment.name}.ipynb"
    if (solutions / notebook).is_file():
        text = _read(solutions / notebook)
        files[notebook] = release_notebook(text, notebook)
        kept[notebook] = clean_notebook(text, notebook)
    return Generated(course.folder(assignment.name), files, solutions, kept)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AssignmentError(f"{path} cannot be read ({error}); write it anew.") from error
