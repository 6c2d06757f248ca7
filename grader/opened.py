"""The submissions of one pytest session: each opened once, in a locked process or under a debugger."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import platformdirs

from grader import engine
from grader.assignment import Assignment, Course, Problem
from grader.bank import PUBLIC_SEED, BankSource
from grader.checks import reference as references
from grader.checks.reference import Reference
from grader.debugged import DebuggedStudent
from grader.errors import GraderError
from grader.intake import Submission, take
from grader.report import ProblemResult
from grader.sandbox.student import Student, Zygote


class Submissions:
    """The submissions of one pytest session, each opened once."""

    def __init__(self, *, in_process: bool) -> None:
        self._in_process = in_process
        self._zygote: Zygote | None = None
        self._opened: dict[Path, Opened] = {}

    def open(self, course: Course, assignment: Assignment) -> Opened:
        """Return the student's files of an assignment, ready to be called. Raises GraderError."""
        folder = course.folder(assignment.name)
        if folder not in self._opened:
            submission = take(_near(folder), assignment.files, notebook=assignment.notebook)
            student = self._student(assignment, submission)
            self._opened[folder] = Opened(course, assignment, submission, student)
        return self._opened[folder]

    def _student(self, assignment: Assignment, submission: Submission) -> Student | DebuggedStudent:
        wanted = {file: names for file, names in assignment.functions.items() if file in submission.files}
        if self._in_process:
            return DebuggedStudent(submission.files, names=submission.shown, wanted=wanted)
        self._zygote = self._zygote or Zygote()
        return Student(self._zygote, submission.files, names=submission.shown, wanted=wanted, show_prints=True)

    def close(self) -> None:
        """End every worker, and the process that makes them."""
        for opened in self._opened.values():
            opened.student.close()
        if self._zygote is not None:
            self._zygote.close()


def _near(folder: Path) -> Path:
    """Return a folder as a person here would type it."""
    try:
        return Path(os.path.relpath(folder))
    except ValueError:  # Another drive.
        return folder


@dataclass(frozen=True)
class Opened:
    """One assignment with a student's files."""

    course: Course
    assignment: Assignment
    submission: Submission
    student: Student | DebuggedStudent

    @cached_property
    def source(self) -> BankSource:
        """Where the saved cases come from."""
        return BankSource(self.course, self.assignment, PUBLIC_SEED, Path(platformdirs.user_cache_dir("grader")))

    @cached_property
    def known(self) -> Reference | None:
        """The solutions, or None in a student's package."""
        solutions = self.course.solutions(self.assignment.name)
        return references.load(solutions, self.assignment.files) if solutions is not None else None

    def grade(self, problem: Problem) -> ProblemResult:
        """Replay the saved cases of a problem. Raises GraderError for a fault of ours."""
        report = engine.grade(
            self.assignment,
            [problem],
            self.submission,
            self.student,
            lambda: self.source.bank,
            seed=PUBLIC_SEED,
            isolation=self.student.isolation,
        )
        if report.fault is not None:
            raise GraderError(f"This is a fault of the grader, not of your code: {report.fault}")
        return report.problems[0]

    def stop_before(self, problem: Problem) -> None:
        """Start the debugger just before the first call of a function, where it runs in this process."""
        if isinstance(self.student, DebuggedStudent):
            self.student.stop_before(problem.id)
