"""The pytest plugin: `pytest assignments/hw3` runs the checks of an assignment as items, one a check.

It is loaded wherever pytest runs, so that nothing of ours, NumPy or Hypothesis is imported before an
`assignments/HW/assignment.py` is collected; `live.py` holds what happens then. Other projects never hear of it.

With `--pdb` a failing item ends inside the student's own function: at the line that raised, or at the `return`
that gave a wrong answer. The function is called once more on the failing case, in this process, and what pytest
shows to the debugger is that frame. With `--trace` the debugger starts just before the first call. Without
either, student code runs in a locked process as under `grader run`.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from grader.assignment import Assignment, Course, Problem
    from grader.opened import Submissions

_IS_OURS = re.compile(rb"^\s*(?:from|import)\s+grader\b", re.MULTILINE)
_SUBMISSIONS = pytest.StashKey["Submissions"]()


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(
    file_path: Path, parent: pytest.Collector
) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Collect a declaration as its checks, and as nothing else: named on the command line it is no test module."""
    others = yield
    if not _is_assignment(file_path):
        return others
    return [AssignmentFile.from_parent(parent, path=file_path)]


def _is_assignment(path: Path) -> bool:
    """Whether this is `assignments/HW/assignment.py` of a course, not a namesake of another project."""
    if path.name != "assignment.py" or path.parent.parent.name != "assignments":
        return False
    try:
        return _IS_OURS.search(path.read_bytes()) is not None
    except OSError:
        return False


class AssignmentFile(pytest.File):
    """One assignment; its items are its problems, in order."""

    def collect(self) -> Iterator[CheckItem]:
        """Yield an item for every problem. Raises CollectError where the declaration is wrong."""
        # Imported here for start-up time: this is the first moment at which pytest concerns us.
        from grader.errors import GraderError

        try:
            course, assignment = self._load()
        except GraderError as error:
            raise self.CollectError(str(error)) from error
        self.extra_keyword_matches.add(assignment.name)
        for problem in assignment.problems:
            yield CheckItem.from_parent(self, name=problem.id, course=course, assignment=assignment, problem=problem)

    def _load(self) -> tuple[Course, Assignment]:
        from grader import assignment as assignments  # For start-up time.

        course = assignments.Course(self.path.parents[2])
        with _without_warnings():
            return course, assignments.load(course, self.path.parent.name)


class CheckItem(pytest.Item):
    """The check of one problem: passes where `grader run` gives full points and live cases find nothing either."""

    def __init__(self, *, course: Course, assignment: Assignment, problem: Problem, **options: Any) -> None:
        super().__init__(**options)
        self.course, self.assignment, self.problem = course, assignment, problem
        self.report = ""

    def runtest(self) -> None:
        """Replay the saved cases, hunt for more, and skip, return or raise."""
        from grader.debugged import DebuggerLeftError  # For start-up time.

        # A user's "warnings are errors" is meant for their tests, not for ours or for a student's NumPy warning.
        with _without_warnings():
            try:
                self._check()
            except DebuggerLeftError:
                pytest.exit("Quitting debugger")

    def _check(self) -> None:
        # For start-up time.
        from grader import live
        from grader.debugged import WrongAnswerError
        from grader.render.pytest_report import render

        submissions = self._submissions()
        opened = submissions.open(self.course, self.assignment)
        if self.config.getoption("trace", False):
            opened.stop_before(self.problem)
        verdict = live.check(opened, self.problem)
        if verdict.result.printed:
            self.add_report_section("call", "stdout", "\n".join(verdict.result.printed))
        if verdict.waiting:
            # pytest's own marks report the place of the item in this way; otherwise it would be this line.
            raise pytest.skip.Exception(verdict.waiting, _use_item_location=True)
        if verdict.is_right:
            return
        failure, examples = (verdict.found.failure, verdict.found.examples) if verdict.found else (None, 0)
        self.report = render(verdict.result, failure, examples, width=self.config.get_terminal_writer().fullwidth)
        live.reenact(opened, self.problem, verdict)
        raise WrongAnswerError(f"{self.problem.id} is wrong")

    def _submissions(self) -> Submissions:
        """Return what is open in this session; made at the first item, closed when pytest ends."""
        from grader.opened import Submissions  # For start-up time.

        if _SUBMISSIONS not in self.config.stash:
            debugs = bool(self.config.getoption("usepdb", False) or self.config.getoption("trace", False))
            self.config.stash[_SUBMISSIONS] = Submissions(in_process=debugs)
            self.config.add_cleanup(self.config.stash[_SUBMISSIONS].close)
        return self.config.stash[_SUBMISSIONS]

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return the report that a student reads; a traceback only for faults of ours."""
        from grader.errors import GraderError  # For start-up time.

        if self.report:
            return self.report
        if isinstance(excinfo.value, GraderError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return where the student's function stands, so that an editor jumps there."""
        file = self.course.folder(self.assignment.name) / self.problem.file
        return file, _find_line(file, self.problem.id), self.name


def _find_line(file: Path, function: str) -> int | None:
    """Return the line of a function's `def`, from 0: by its text, so that a broken file has lines too."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    begin = re.compile(rf"\s*def\s+{re.escape(function)}\b")
    return next((number for number, line in enumerate(lines) if begin.match(line)), 0)


class _without_warnings(warnings.catch_warnings):  # noqa: N801 - used like the context manager that it is.
    """Ignores warnings inside."""

    def __enter__(self) -> None:
        super().__enter__()
        warnings.simplefilter("ignore")
