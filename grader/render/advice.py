"""What to do next: the one problem to look at, and what to type."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from grader.render.text import clean
from grader.render.words import is_stopped
from grader.report import Outcome, ProblemResult, Report, points_text

WAITING = (Outcome.NOT_IMPLEMENTED, Outcome.BLOCKED)


@dataclass(frozen=True)
class Step:
    """A sentence and the commands that go with it, each with what it does."""

    sentence: str
    commands: tuple[tuple[str, str], ...] = ()
    glad: bool = False
    further: str = ""


def next_step(report: Report) -> Step:
    """Return what the student does next: repair what was begun, else begin the next, else hand in."""
    problems = report.problems
    home = clean(report.assignment, 40)
    lost = [problem for problem in problems if problem.score < problem.max_score]
    if not lost:
        return _finished(home, report)
    new = next_problem(report) or lost[0]
    if is_stopped(new):
        # No hint helps where nothing could be loaded.
        sentence = f"First: {clean(new.file, 200)}, where {clean(new.id, 60)} could not be loaded"
        return Step(sentence, ((f"grader run {home}", "look again"),))
    if new.status not in WAITING:
        return Step(f"Next: {clean(new.id, 60)}", _commands(home, new))
    word = "Start with" if all(problem.status is Outcome.NOT_IMPLEMENTED for problem in problems) else "Next:"
    where = place(new)
    return Step(f"{word} {clean(new.id, 60)}" + (f" in {where}" if where else ""), _commands(home, new))


def next_problem(report: Report) -> ProblemResult | None:
    """Return the problem to look at next: one that was begun, else one to begin, else any that lost points."""
    lost = [problem for problem in report.problems if problem.score < problem.max_score]
    return (
        _first(lost, lambda problem: problem.status not in WAITING)
        or _first(lost, lambda problem: problem.status is Outcome.NOT_IMPLEMENTED)
        or next(iter(lost), None)
    )


def place(problem: ProblemResult) -> str:
    """Return where a problem's function stands: `assignments/hw3/layers.py:12`, or "" where nobody knows."""
    file = clean(problem.file, 200)
    return f"{file}:{problem.line}" if file and problem.line is not None else file


def _finished(home: str, report: Report) -> Step:
    most = points_text(report.max_score)
    if len(report.problems) == 1:
        name = clean(report.problems[0].id, 60)
        sentence = f"{name} is right: {most} of {most} points."
        return Step(sentence, ((f"grader run {home}", "the whole assignment"),), glad=True)
    everything = "Both" if len(report.problems) == 2 else f"All {len(report.problems)}"
    sentence = f"{everything} problems are right: {most} of {most} points. Well done!"
    return Step(
        sentence, ((f"grader submit {home}", "make the zip to hand in"),), glad=True, further=clean(report.read_next)
    )


def _commands(home: str, problem: ProblemResult) -> tuple[tuple[str, str], ...]:
    name = clean(problem.id, 60)
    return (
        (f"grader hint {home} {name}", "a hint"),
        (f"grader cases {home} {name}", "the saved test cases"),
        (f"grader run {home} --problem {name}", "try only this one"),
    )


def _first(problems: Iterable[ProblemResult], wanted: Callable[[ProblemResult], bool]) -> ProblemResult | None:
    return next((problem for problem in problems if wanted(problem)), None)
