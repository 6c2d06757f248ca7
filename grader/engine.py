"""The engine: an assignment, its bank and a student's process give a report. It never prints."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Protocol

import numpy as np

from grader import __version__
from grader.ahead import Ahead
from grader.assignment import Assignment, Problem
from grader.bank import Bank
from grader.checks.base import Graded, Section, describe_step, outcome_of
from grader.errors import GraderError
from grader.excuses import settle
from grader.intake import Submission
from grader.report import Evidence, Isolation, Outcome, ProblemResult, Report, total
from grader.sandbox.levels import find_shortfall
from grader.sandbox.marks import Buffer
from grader.sandbox.recall import Recall
from grader.sandbox.replies import Manifest, Row, Runner, Student

if TYPE_CHECKING:
    from grader.pictures import Picture


def grade(
    assignment: Assignment,
    problems: Sequence[Problem],
    submission: Submission,
    student: Student,
    bank: Callable[[], Bank],
    *,
    seed: int,
    isolation: Isolation,
    required: int = 0,
    until: float | None = None,
    pictures: bool = False,
    recall: Recall[Judged] | None = None,
) -> Report:
    """Grade one submission. The bank is asked for only when a problem is there to be judged.

    required: the isolation level below which there is no score, but a fault.
    until: the moment on `time.monotonic` after which no further problem is tried.
    pictures: whether the report carries pictures of wrong answers and drawn weights.
    recall: what the student's process remembers of others, where the same answers need not be judged again.
    A fault of ours gives a report with `fault` and no score, never a wrong zero.
    """
    started = time.perf_counter()
    report = Report(assignment.name, submission.name, (), seed, isolation, 0.0, __version__, notes=submission.notes)
    report = replace(report, read_next=assignment.read_next)
    shortfall = find_shortfall(isolation, required)
    if shortfall is not None:
        return replace(report, fault=f"{shortfall}; --require-isolation sets what is required")
    try:
        manifest = student.load()
        stopped = {problem.id: _not_ready(problem, submission, manifest) for problem in problems}
        ready = [problem for problem in problems if stopped[problem.id] is None]
        answers: Answers = _InTurn(student, bank, ready) if isolation.level == 0 else _ahead(student, bank, ready)
        graded, printed, drawn = {}, {}, {}
        for problem in problems:
            reason = stopped[problem.id]
            if reason is None and until is not None and time.monotonic() > until:
                reason = Outcome.TIMEOUT, "not tried: the time for the whole run is used up"
            judged = _judge(problem, reason, answers, recall)
            graded[problem.id], printed[problem.id] = judged.graded, answers.printed() if reason is None else ()
            if pictures:
                drawn[problem.id] = judged.pictures
        settled = settle(assignment, problems, graded)
        results = [_result(one, settled[one.id], submission, manifest, printed[one.id]) for one in problems]
        report = replace(
            report,
            problems=tuple([replace(one, pictures=drawn.get(one.id, ())) for one in results]),
            notes=report.notes + manifest.notes + _stand_in_notes(manifest),
            bank_hash=bank().hash if ready else None,
            evidence=summarise(result.evidence for result in results),
        )
    except GraderError:
        raise
    except Exception as error:
        report = replace(report, fault=f"{type(error).__name__}: {error}")
    return replace(report, duration_s=time.perf_counter() - started)


class Answers(Protocol):
    """Where sections and answers come from, problem by problem."""

    def next(self) -> Section:
        """Return the next problem's section."""

    def run(self, payload: Buffer, groups: Sequence[Sequence[int]]) -> list[list[Row]]:
        """Return the answers to a request."""

    def printed(self) -> tuple[str, ...]:
        """Return what the current problem's functions printed."""


def _ahead(student: Student, bank: Callable[[], Bank], ready: Sequence[Problem]) -> Ahead:
    def load(problem: Problem) -> Section:
        if problem is not ready[0]:
            _ = bank().hash  # Once, while the worker answers the first problem.
        return bank().section(problem.id)

    return Ahead(student, [partial(load, problem) for problem in ready])


class _InTurn:
    """One problem after the other in this thread, as a debugger needs it."""

    def __init__(self, student: Student, bank: Callable[[], Bank], ready: Sequence[Problem]) -> None:
        self._student = student
        self._sections = (bank().section(problem.id) for problem in ready)
        self.run, self.printed = student.run, student.printed

    def next(self) -> Section:
        return next(self._sections)


@dataclass(frozen=True)
class Judged:
    """What a check found, and its pictures, drawn once and only where somebody looks at them."""

    graded: Graded

    @cached_property
    def pictures(self) -> tuple[Picture, ...]:
        """Pictures of wrong answers and drawn weights."""
        return self.graded.draw()


def _judge(
    problem: Problem, stopped: tuple[Outcome, str] | None, answers: Answers, recall: Recall[Judged] | None
) -> Judged:
    if stopped is not None:
        outcome, message = stopped
        return Judged(Graded(outcome, problem.whole.rows(problem.id, problem.hundredths, outcome, message), message))
    section = answers.next()
    if recall is None:
        return Judged(_grade(problem, section, answers.run))
    request, groups = section["request"]["bytes"], section["request"]["groups"]
    rows = answers.run(request, groups)
    judged = recall.find_verdict(request, rows)
    if judged is None:
        asked = []

        def run(payload: Buffer, groups: Sequence[Sequence[int]]) -> list[list[Row]]:
            asked.append(payload)
            return answers.run(payload, groups)

        judged = Judged(_grade(problem, section, run))
        # Where more was asked, the verdict hangs on more than these rows.
        if all(payload is request for payload in asked):
            recall.note(request, rows, judged)
    return judged


def _grade(problem: Problem, section: Section, run: Runner) -> Graded:
    # What came back may hold infinities and overflow anywhere; that is a wrong answer, not a warning.
    with np.errstate(all="ignore"):
        return problem.whole.grade(problem.id, problem.hundredths, section, run)


def _result(
    problem: Problem, graded: Graded, submission: Submission, manifest: Manifest, printed: tuple[str, ...]
) -> ProblemResult:
    assert total(check.max_score for check in graded.checks) == problem.hundredths
    state = manifest.functions.get(problem.id)
    return ProblemResult(
        problem.id,
        problem.title or problem.id.replace("_", " "),
        graded.status,
        graded.checks,
        problem.hundredths,
        graded.message,
        submission.shown.get(problem.file, problem.file),
        state.line if state else None,
        printed,
        graded.evidence,
    )


def _not_ready(problem: Problem, submission: Submission, manifest: Manifest) -> tuple[Outcome, str] | None:
    """Return why a problem cannot be tried at all, in the student's words."""
    if problem.file not in submission.files:
        return Outcome.ERROR, f"{problem.file} is missing from the submission"
    broken = manifest.modules.get(problem.file)
    if broken is not None:
        return outcome_of(broken), describe_step(broken, f"importing {problem.file}")
    state = manifest.functions[problem.id]
    shown = submission.shown.get(problem.file, problem.file)
    if state.state == "unfinished":
        return Outcome.NOT_IMPLEMENTED, "not implemented yet"
    if state.state == "missing":
        return Outcome.ERROR, f"{shown} has no function {problem.id}; was it renamed or deleted?"
    if state.state == "not_a_function":
        return Outcome.ERROR, f"{problem.id} in {shown} is not a function"
    return None


def _stand_in_notes(manifest: Manifest) -> tuple[str, ...]:
    if not manifest.stand_ins:
        return ()
    names = ", ".join(manifest.stand_ins)
    return (f"{names}: replaced by an inert stand-in while grading; functions under test cannot use it",)


def summarise(evidences: Iterable[Sequence[Evidence]]) -> tuple[Evidence, ...]:
    """Return the lines at the foot of a report: cases, differences, and variance by layer."""
    flat = [item for evidence in evidences for item in evidence]
    lines: list[Evidence] = []
    cases = [item for item in flat if item.kind == "cases"]
    if cases:
        count = sum(item.count for item in cases)
        spans = [shape for item in cases for shape in item.span]
        text = f"{count} cases drawn by Hypothesis for {len(cases)} problem{'s' if len(cases) > 1 else ''}"
        if spans:
            smallest, largest = min(spans, key=_entries), max(spans, key=_entries)
            text += f", shapes from {smallest} to {largest}"
        lines.append(Evidence("cases", text, count))
    differences = [item for item in flat if item.kind == "differences"]
    if differences:
        count, off = sum(item.count for item in differences), max(item.off for item in differences)
        text = f"finite differences of your own forwards: {count} directions agree, off by at most {off:.0e}"
        lines.append(Evidence("differences", text, count, off))
    lines += [item for item in flat if item.kind == "variance" and "by layer" in item.text] or [
        item for item in flat if item.kind == "variance"
    ]
    return tuple(lines)


def _entries(shape: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    size = 1
    for length in shape:
        size *= length
    return size, shape
