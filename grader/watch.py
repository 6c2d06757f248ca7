"""`grader run --watch`, without a terminal: what to run again after a save, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from grader import engine
from grader.assignment import Assignment, Problem
from grader.errors import IntakeError
from grader.intake import Submission
from grader.render import advice
from grader.report import ProblemResult, Report

Take = Callable[[], Submission]
Grade = Callable[[Submission, Sequence[Problem]], Report]


@dataclass(frozen=True)
class Change:
    """A problem whose points or status are not what they were: its result now, and its points before."""

    now: ProblemResult
    before: int


class Watched:
    """A submission that is looked at again and again.

    report: all problems as they stand; None before the first look, or until there is something to grade.
    files: what was graded, by name. trouble: why the latest look brought no report, or "".
    focus: the problem that is worked on.
    """

    def __init__(self, assignment: Assignment, selected: Sequence[Problem], take: Take, grade: Grade) -> None:
        self._assignment, self._selected = assignment, tuple(selected)
        self._take, self._grade = take, grade
        self.files: Mapping[str, bytes] = {}
        self.report: Report | None = None
        self.changes: tuple[Change, ...] = ()
        self.trouble = ""
        self.focus: str | None = None

    def look(self, *, everything: bool = False) -> bool:
        """Grade what a save can have changed, or all of it; return whether there is something new to show."""
        try:
            submission = self._take()
        except IntakeError as error:
            # Deleted, or being replaced: the next save will tell.
            found = (self.files, self.trouble)
            self.files, self.trouble, self.changes = {}, str(error), ()
            return found != ({}, self.trouble)
        again = self._selected if everything else affected(self._assignment, self._selected, self.files, submission)
        self.files = submission.files
        if not again:
            cleared, self.trouble = bool(self.trouble), ""
            return cleared
        report = self._grade(submission, again)
        if report.fault is not None:
            # Whatever was in question is to be graded again at the next save.
            self.files, self.changes = {}, ()
            self.trouble = f"This is a fault of the grader, not of your code: {report.fault}"
            return True
        self.trouble = ""
        self._settle(report)
        return True

    def _settle(self, new: Report) -> None:
        before = {problem.id: problem for problem in self.report.problems} if self.report is not None else {}
        self.report = new if self.report is None else merge(self.report, new)
        self.changes = tuple(
            Change(problem, before[problem.id].score)
            for problem in new.problems
            if problem.id in before
            and (problem.score, problem.status) != (before[problem.id].score, before[problem.id].status)
        )
        moved = [change.now for change in self.changes]
        if self.focus is None:
            leading = advice.next_problem(self.report) or self.report.problems[0]
            self.focus = leading.id
        elif moved and self.focus not in [problem.id for problem in moved]:
            self.focus = next((problem for problem in moved if problem.score < problem.max_score), moved[0]).id

    @property
    def focused(self) -> ProblemResult | None:
        """The result of the problem that is worked on."""
        problems = self.report.problems if self.report is not None else ()
        return next((problem for problem in problems if problem.id == self.focus), None)

    def go_on(self) -> None:
        """Turn to the next problem that has lost points, beginning anew after the last one."""
        if self.report is None:
            return
        problems = list(self.report.problems)
        here = next((number for number, problem in enumerate(problems) if problem.id == self.focus), -1)
        behind = problems[here + 1 :] + problems[: here + 1]
        self.focus = next((problem for problem in behind if problem.score < problem.max_score), behind[0]).id
        self.changes = ()


def affected(
    assignment: Assignment, selected: Sequence[Problem], before: Mapping[str, bytes], submission: Submission
) -> list[Problem]:
    """Return the problems that other file contents can have changed.

    A file counts as changed with every file whose name it mentions: files of a submission may import one another,
    and nobody here parses them.
    """
    after = submission.files
    changed = {file for file in {*before, *after} if before.get(file) != after.get(file)}
    spread = True
    while spread:
        stems = [file.removesuffix(".py").encode() for file in changed]
        more = {file for file, text in after.items() if any(stem in text for stem in stems)} - changed
        changed |= more
        spread = bool(more)
    places = {name: file for file, names in assignment.functions.items() for name in names}
    again = {
        problem.id
        for problem in selected
        if problem.file in changed or any(places[name] in changed for name in problem.whole.calls)
    }
    spread = True
    while spread:
        # With what they stand on: only a report on both knows what has been paid for already.
        called = {name for problem in selected if problem.id in again for name in problem.whole.calls}
        more = {problem.id for problem in selected if problem.id in called} - again
        again |= more
        spread = bool(more)
    return [problem for problem in selected if problem.id in again]


def merge(old: Report, new: Report) -> Report:
    """Return the old report with the problems of the new one in the place of their former results."""
    fresh = {problem.id: problem for problem in new.problems}
    problems = tuple(fresh.get(problem.id, problem) for problem in old.problems)
    return replace(
        new,
        problems=problems,
        bank_hash=new.bank_hash or old.bank_hash,
        evidence=engine.summarise(problem.evidence for problem in problems),
    )
