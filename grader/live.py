"""A check under pytest: the saved cases first, then live Hypothesis, its shrinking and its database.

The saved cases are cheap, say what `grader run` says, and name the mistake. Hypothesis then looks for more, or
for a smaller case of what is wrong already. With the solutions at hand the reference judges live cases; in a
student's package, finite differences of the student's own forward do.
"""

from __future__ import annotations

import contextlib
import time
import unittest
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from grader import explore
from grader.assignment import Problem
from grader.checks import Backward, Forward, Loss, Property
from grader.checks.cases import Case, Draw, draw_strategy, realise
from grader.checks.inputs import Inputs, regimes_of
from grader.checks.reference import Reference
from grader.debugged import DebuggedStudent
from grader.errors import UsageError
from grader.explore import FAILURES, Failure
from grader.opened import Opened
from grader.render.text import clean
from grader.report import CheckResult, Outcome, ProblemResult
from grader.sandbox.marks import Buffer
from grader.sandbox.replies import Row, Runner

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

BUDGET_S = 2.0
# Hypothesis shrinks towards the first; most examples keep the numbers that were drawn.
PLAINNESS = ("ones", "counting", *("drawn",) * 6)


@dataclass(frozen=True)
class Sample:
    """What Hypothesis decides: a draw, and for each array whether plainer numbers take the place of drawn ones."""

    plain: dict[str, str]
    draw: Draw


@dataclass(frozen=True)
class Found:
    """The smallest failing case of a hunt, what was sent for it, and how many examples it took."""

    failure: Failure
    payloads: tuple[Buffer, ...]
    examples: int = 0


@dataclass(frozen=True)
class Verdict:
    """What saved cases and live ones say about one problem; `row` is the saved case to look at, by its key."""

    result: ProblemResult
    found: Found | None = None
    request: Buffer = b""
    row: tuple[int, int] | None = None

    @property
    def waiting(self) -> str:
        """Why nothing could be judged yet, or ""."""
        if self.result.status is Outcome.NOT_IMPLEMENTED:
            return "not implemented yet"
        return clean(self.result.message) if self.result.status is Outcome.BLOCKED else ""

    @property
    def is_right(self) -> bool:
        """Whether every finding of the saved cases passed, and no live case failed."""
        return self.result.status is Outcome.PASSED and self.found is None


# --- judging one problem ------------------------------------------------------------------------------------


def check(opened: Opened, problem: Problem) -> Verdict:
    """Judge one problem: the saved cases, then live ones. Raises GraderError where that cannot be done."""
    result = opened.grade(problem)
    verdict = Verdict(result)
    state = opened.student.load().functions.get(problem.id)
    if verdict.waiting or state is None or state.state != "ready":
        return verdict
    failing = [check for check in result.checks if check.status in FAILURES]
    if failing:
        verdict = _with_saved_case(opened, problem, verdict, failing)
    # Where the saved cases had to follow the student's own forward or parts, or hung, live ones add nothing.
    if result.message or any(check.status is Outcome.TIMEOUT for check in result.checks):
        return verdict
    key = f"{opened.assignment.name}::{problem.id}"
    found = hunt(problem, opened.known, opened.student.run, key=key, failing=[check.id for check in failing])
    return replace(verdict, found=found)


def _with_saved_case(opened: Opened, problem: Problem, verdict: Verdict, failing: Sequence[CheckResult]) -> Verdict:
    """Find the saved case that a report shows, for the debugger."""
    section = opened.source.bank.section(problem.id)
    request = section["request"]
    wanted = next((check.case for check in failing if check.case is not None), None)
    row = None
    if wanted is not None:
        for index, shown in enumerate(problem.check.show(problem.id, section)):
            shapes = {name: value.shape for name, value in shown.arguments.items() if isinstance(value, np.ndarray)}
            if (shown.why, shapes) == (wanted.why, wanted.shapes):
                row = _place(request["keys"], f"case{index}")
                break
    return replace(verdict, request=request["bytes"], row=row)


def _place(keys: Sequence[Sequence[str]], key: str) -> tuple[int, int] | None:
    return next(((batch, row.index(key)) for batch, row in enumerate(keys) if key in row), None)


def reenact(opened: Opened, problem: Problem, verdict: Verdict) -> None:
    """Call the function once more for a debugger, and raise from inside it; without a debugger do nothing."""
    if not isinstance(opened.student, DebuggedStudent):
        return
    for payload in verdict.found.payloads if verdict.found is not None else ():
        opened.student.reenact(problem.id, payload, None)
    if verdict.request:
        opened.student.reenact(problem.id, verdict.request, verdict.row)


# --- live Hypothesis ----------------------------------------------------------------------------------------

Judge = Callable[[Case], "Failure | None"]


def hunt(
    problem: Problem,
    known: Reference | None,
    run: Runner,
    *,
    key: str,
    failing: Sequence[str],
    seconds: float = BUDGET_S,
) -> Found | None:
    """Return the smallest failing case that Hypothesis finds within its settings and the time, or None.

    The settings are the user's own profile, but for deadlines; failures of the last session are tried first.
    key: tells the problem's entries in the database from others. failing: the findings that saved cases lost;
    the first of them is the one to look for.
    """
    # Imported here for start-up time: only a function that is written needs Hypothesis.
    import hypothesis
    from hypothesis import HealthCheck, Phase, settings

    recorder = _Recorder(run)
    judge = _judge(problem, known, recorder, failing)
    if judge is None:
        return None
    check: Any = problem.check
    by_reference = known is not None or isinstance(check, Property)
    row = failing[0] if by_reference and failing else None
    search = _Search(check, judge, recorder, row, time.perf_counter() + seconds)

    def attempt(sample: Sample) -> None:
        if search.find(sample) is not None:
            raise _FoundError

    # As Hypothesis's own plugin does for parametrised tests; all problems share the function above.
    attempt._hypothesis_internal_add_digest = key.encode()  # type: ignore[attr-defined]
    profile = settings(
        deadline=None,
        report_multiple_bugs=False,
        print_blob=False,
        phases=[phase for phase in settings().phases if phase is not Phase.explain],
        suppress_health_check=list(HealthCheck),
    )
    # SkipTest: a profile that only repeats what failed before, and nothing has.
    with contextlib.suppress(_FoundError, unittest.SkipTest):
        profile(hypothesis.given(sample=_strategy(check.inputs, check.sizes))(attempt))()
    return None if search.found is None else replace(search.found, examples=search.examples)


class _FoundError(Exception):
    """A case failed."""


@dataclass
class _Search:
    """What a hunt has seen. The same sample always ends in the same way, also when the time is up meanwhile."""

    check: Any
    judge: Judge
    recorder: _Recorder
    row: str | None
    end_s: float
    found: Found | None = None
    examples: int = 0
    seen: dict[str, Found | None] = field(default_factory=dict)

    def find(self, sample: Sample) -> Found | None:
        """Return how a sample fails, or None; the last one found is the smallest, as Hypothesis ends with it."""
        name = repr(sample)
        if name not in self.seen and time.perf_counter() > self.end_s:
            return None
        if name not in self.seen:
            self.examples += 1
            self.seen[name] = self._try(sample)
        found = self.seen[name]
        if found is not None:
            self.found = found
        return found

    def _try(self, sample: Sample) -> Found | None:
        self.recorder.payloads.clear()
        try:
            failure = self.judge(_realise(self.check, sample))
        except UsageError:
            return None  # This case cannot be judged, so it says nothing.
        if failure is None or (self.row is not None and failure.row != self.row):
            return None
        # Shrink what was found first: another row's failure is another story.
        self.row = failure.row
        return Found(failure, tuple(self.recorder.payloads))


class _Recorder:
    """Passes requests on and remembers them."""

    def __init__(self, run: Runner) -> None:
        self._run = run
        self.payloads: list[Buffer] = []

    def __call__(self, payload: Buffer, groups: Sequence[Sequence[int]]) -> list[list[Row]]:
        self.payloads.append(payload)
        return self._run(payload, groups)


def _strategy(inputs: Inputs, sizes: Any) -> SearchStrategy[Sample]:
    from hypothesis import strategies as st  # For start-up time.

    plain = st.fixed_dictionaries({name: st.sampled_from(PLAINNESS) for name in inputs})
    return st.builds(Sample, plain=plain, draw=draw_strategy(inputs, sizes))


def _realise(check: Any, sample: Sample) -> Case:
    """Return the case of a sample; only numbers of the usual kind are replaced by plainer ones."""
    case = realise(check.inputs, sample.draw, extreme=getattr(check, "extreme", ()))
    if case.regime != regimes_of(check.inputs)[0]:
        return case
    return replace(
        case, arguments={name: _plain(value, sample.plain.get(name, "")) for name, value in case.arguments.items()}
    )


def _plain(value: Any, plainness: str) -> Any:
    if plainness not in ("ones", "counting") or not isinstance(value, np.ndarray) or value.dtype != np.float64:
        return value
    return np.ones_like(value) if plainness == "ones" else np.arange(1.0, value.size + 1.0).reshape(value.shape)


def _judge(problem: Problem, known: Reference | None, run: Runner, failing: Sequence[str]) -> Judge | None:
    """Return how one case is judged, or None where only saved cases can be: random weights, nothing to compare with."""
    check = problem.check
    if isinstance(check, Property):
        return explore.by_reference(problem, known or Reference({}), run)
    if not isinstance(check, (Backward, Forward, Loss)):
        return None
    if known is None:
        return _by_differences(problem, run, failing)
    return explore.by_reference(problem, known, run)


def _by_differences(problem: Problem, run: Runner, failing: Sequence[str]) -> Judge | None:
    """Judge by finite differences of the student's own forward; exceptions and shapes always count.

    Without a reference nobody knows how much rounding a degenerate case allows (a column without variance), so
    a number alone counts only against a gradient that the saved cases call wrong as well.
    """
    try:
        by_differences = explore.by_differences(problem, run)
    except UsageError:
        return None

    def judge(case: Case) -> Failure | None:
        failure = None if case.extreme else by_differences(case)
        if failure is None or " is not the derivative of " not in failure.message:
            return failure
        return failure if failure.message.split()[0] in failing else None

    return judge
