"""Live Hypothesis: hunt for a counterexample to a student's function, shrink it, and write it down.

With the solutions at hand the reference judges; in a student's package, finite differences of the student's
own forward do. The smallest shape is found by Hypothesis, the plainest numbers by trying plainer ones.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from grader.assignment import Problem
from grader.checks import Backward, Forward, Loss, Property, base, differences
from grader.checks.backward_bank import is_off_the_kink
from grader.checks.base import Shown
from grader.checks.cases import Case, draw_strategy, realise
from grader.checks.compare import show_shape
from grader.checks.differences import Verdict
from grader.checks.loss import is_clear_of_kinks
from grader.checks.numeric import Numeric, Probe
from grader.checks.reference import Reference
from grader.checks.show import full_code, literal
from grader.errors import UsageError
from grader.report import Outcome
from grader.sandbox.replies import Returned, Runner

EXAMPLES = 3_000
TRIED = Callable[[int], None]
FAILURES = (Outcome.FAILED, Outcome.ERROR, Outcome.TIMEOUT, Outcome.NOT_IMPLEMENTED)


@dataclass(frozen=True)
class Failure:
    """What is wrong in one case: the row, what to say, the case as code."""

    row: str
    message: str
    shown: Shown


@dataclass(frozen=True)
class Hunt:
    """The outcome: the smallest failure found, or what was covered."""

    failure: Failure | None
    examples: int
    regimes: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    seconds: float


Judge = Callable[[Case], "Failure | None"]


def hunt(problem: Problem, reference: Reference | None, run: Runner, *, seconds: float, seed: int) -> Hunt:
    """Draw cases until one fails or the time is up; shrink what fails.

    Raises UsageError for checks without one right answer (random weights).
    """
    check = problem.check
    if not isinstance(check, (Backward, Forward, Loss, Property)):
        raise UsageError(f"{problem.id} draws random numbers, so no single case is wrong: see `grader run`")
    judge = by_reference(problem, reference, run) if reference is not None else by_differences(problem, run)
    state = _State(time.perf_counter(), seconds)
    case, failure = _search(check, judge, state, seed)
    if case is not None and failure is not None:
        failure = _plainer(case, failure, judge)
    shapes = tuple(sorted(state.shapes, key=lambda shape: (int(np.prod(shape)), shape)))
    return Hunt(failure, state.examples, tuple(sorted(state.regimes)), shapes, time.perf_counter() - state.started)


class _State:
    """What a hunt has seen so far."""

    def __init__(self, started: float, seconds: float) -> None:
        self.started, self.seconds = started, seconds
        self.examples = 0
        self.regimes: set[str] = set()
        self.shapes: set[tuple[int, ...]] = set()
        self.row: str | None = None
        self.found: tuple[Case, Failure] | None = None

    @property
    def over(self) -> bool:
        return time.perf_counter() - self.started > self.seconds


def _search(check: Any, judge: Judge, state: _State, seed: int) -> tuple[Case | None, Failure | None]:
    # Imported here for start-up time: only exploring needs Hypothesis.
    import hypothesis
    from hypothesis import HealthCheck, Phase, settings

    extreme = getattr(check, "extreme", ())

    @hypothesis.seed(seed)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        verbosity=hypothesis.Verbosity.quiet,
    )
    @hypothesis.given(draw_strategy(check.inputs, check.sizes))
    def attempt(draw: Any) -> None:
        if state.over:
            return
        case = realise(check.inputs, draw, extreme=extreme)
        state.examples += 1
        state.regimes.add(case.regime)
        state.shapes.update(v.shape for v in list(case.arguments.values())[:1] if isinstance(v, np.ndarray))
        failure = judge(case)
        if failure is None or (state.row is not None and failure.row != state.row):
            return
        # Shrink what was found first: another row's failure is another story.
        state.row = failure.row
        state.found = (case, failure)
        raise _FoundError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            attempt()
        except _FoundError:
            pass
        except hypothesis.errors.Flaky:
            # The time ran out while shrinking, or the function answers differently each time.
            pass
    return state.found if state.found is not None else (None, None)


class _FoundError(Exception):
    """A case failed."""


# --- judging one case ---------------------------------------------------------------------------------------


def by_reference(problem: Problem, reference: Reference, run: Runner) -> Judge:
    """Return a judge that asks the reference; cases where rounding decides on a side of a kink are left out."""
    check: Any = problem.check
    kinked = isinstance(check, Backward) and check.kink is True

    def judge(case: Case) -> Failure | None:
        if kinked and not is_off_the_kink(check, reference, case):
            return None
        if isinstance(check, Loss) and not is_clear_of_kinks(check, case):
            return None
        section = check.live(problem.id, reference, case)
        graded = check.grade(problem.id, problem.hundredths, section, run)
        for found in graded.checks:
            if found.status in FAILURES:
                return Failure(found.id, found.message, check.show(problem.id, section)[0])
        if graded.status is Outcome.BLOCKED:
            raise UsageError(f"{problem.id}: {graded.message}")
        return None

    return judge


def by_differences(problem: Problem, run: Runner) -> Judge:
    """Judge by finite differences of the student's own forward: for packages without the solutions."""
    check = problem.check
    if not isinstance(check, (Backward, Loss)) or (isinstance(check, Backward) and check.edges):
        raise UsageError(f"{problem.id} can only be explored where the solutions are: see `grader cases`")
    own = check.numeric(problem.id)
    positions = check.positions if isinstance(check, Backward) else {check.names[1]: _position(check)}
    kink = check.kink

    def judge(case: Case) -> Failure | None:
        rng = np.random.default_rng((case.seed, 5))
        arguments = list(case.arguments.values())
        probes = [
            Probe(name, place, differences.direction(rng, arguments[place]), 1e-2 if kink else 0.5, 1.0, 1.0)
            for name, place in positions.items()
        ]
        dout = _upstream(own, arguments, case, run) if isinstance(check, Backward) else np.ones(())
        requests = base.Requests()
        own.add(requests, "case", arguments, dout, probes)
        row = base.replay(requests.to_tree(), run)["case"]
        step = base.step_of(row, own.gradient_step)
        shown = _shown(problem, own, case, dout)
        if not isinstance(step, Returned):
            return Failure("numeric", base.describe_step(step, problem.id), shown)
        gradients = base.unpack(step, own.returns, problem.id)
        for number, probe in enumerate(probes):
            values = base.step_of(row, own.gradient_step + 1 + number)
            gradient = gradients[probe.gradient]
            if not isinstance(gradient, np.ndarray) or gradient.shape != probe.direction.shape:
                wanted = show_shape(probe.direction.shape)
                return Failure("numeric", f"{probe.gradient} has not the shape {wanted}.", shown)
            if not isinstance(values, Returned):
                continue
            outputs = np.asarray(values.value)
            crossed = bool(kink) and _crosses(_sides(kink, arguments, probe) if callable(kink) else outputs)
            if not crossed and _differs(outputs, dout, gradient, probe):
                return Failure("numeric", f"{probe.gradient} is not the derivative of your own {own.forward}.", shown)
        return None

    return judge


def _position(check: Loss) -> int:
    return list(check.inputs).index(check.argument)


def _upstream(own: Numeric, arguments: list[Any], case: Case, run: Runner) -> np.ndarray:
    """Return a Gaussian upstream gradient of the shape of the student's own output."""
    requests = base.Requests()
    requests.add("out", 0, [base.call(own.forward, base.inputs(len(arguments)), keep=[1])], arguments)
    step = base.step_of(base.replay(requests.to_tree(), run)["out"], 0)
    out = base.unpack(step, ("out", "cache"), own.forward)["out"]
    if not isinstance(out, np.ndarray):
        raise UsageError(f"{own.forward} gives no output to differentiate: {base.describe_step(step, own.forward)}")
    return np.asarray(np.round(np.random.default_rng((case.seed, 1_000)).standard_normal(out.shape), 2))


def _sides(kink: Callable[..., Any], arguments: list[Any], probe: Probe) -> np.ndarray:
    before, after = arguments[: probe.position], arguments[probe.position + 1 :]
    x, sizes = arguments[probe.position], differences.steps(probe.first_step)
    return np.stack([kink(*before, x + h * probe.direction, *after) for h in sizes])


def _crosses(sides: np.ndarray) -> bool:
    return not all(np.array_equal(one > 0, sides[0] > 0) for one in sides)


def _differs(outputs: np.ndarray, dout: np.ndarray, gradient: np.ndarray, probe: Probe) -> bool:
    if outputs.shape[1:] != np.shape(dout):
        return False
    analytic = float(np.sum(gradient * probe.direction))
    # A gradient that is zero on paper is a rounding error of the output's size, which no difference resolves.
    floor = 1e-4 * float(np.sum(np.abs(dout * outputs[0])))
    scale = max(float(np.sum(np.abs(gradient * probe.direction))), floor)
    found = differences.compare_one(outputs, dout, probe.first_step, analytic, scale or 1.0, 100.0)
    return found.verdict is Verdict.DIFFERS


def _shown(problem: Problem, own: Numeric, case: Case, dout: np.ndarray) -> Shown:
    names = ", ".join(case.arguments)
    if own.forward == problem.id:
        return Shown(case.arguments, [f"{', '.join(own.returns)} = {problem.id}({names})"], case.why)
    calls = [f"out, cache = {own.forward}({names})", f"{', '.join(own.returns)} = {problem.id}(dout, cache)"]
    return Shown({**case.arguments, "dout": dout}, calls, case.why)


# --- plainer numbers, and the file ----------------------------------------------------------------------------


def _plainer(case: Case, failure: Failure, judge: Judge) -> Failure:
    """Replace numbers by plainer ones as long as the same row fails."""
    for name in case.arguments:
        for plainer in _plainer_values(case.arguments[name]):
            candidate = replace(case, arguments={**case.arguments, name: plainer})
            found = judge(candidate)
            if found is not None and found.row == failure.row:
                case, failure = candidate, found
                break
    return failure


def _plainer_values(value: Any) -> Iterator[Any]:
    if isinstance(value, np.ndarray) and value.dtype == np.float64:
        yield np.ones_like(value)
        yield np.arange(1.0, value.size + 1.0).reshape(value.shape)
        yield np.round(value)
        yield np.round(value, 1)


def repro(problem: Problem, failure: Failure, folder: str, imports: Mapping[str, str]) -> str:
    """Return a program that replays a failure with nothing but NumPy and the student's files.

    folder: where those files are. imports: the file of each function that the case calls.
    """
    used = [name for name in imports if any(f"{name}(" in call for call in failure.shown.calls)]
    lines = [
        f'"""A case on which {problem.id} is wrong. Run it, or step through it in a debugger."""',
        "",
        "import sys",
        "",
        "import numpy as np",
        "",
        f"sys.path.insert(0, {folder!r})",
        "",
    ]
    lines += [f"from {imports[name].removesuffix('.py')} import {name}  # noqa: E402" for name in used]
    lines += ["", full_code(failure.shown.arguments, failure.shown.calls, {}), ""]
    answers = dict(failure.shown.answers)
    if len(failure.shown.calls) > 1 and "gradients = " in failure.shown.calls[-1]:
        answers = {f"gradients[{name!r}]": value for name, value in answers.items()}
    for name, value in answers.items():
        where = f"bn_param[{name!r}]" if name.startswith("running_") else name
        lines.append(f"print({where!r}, {where}, 'expected', {literal(np.asarray(value))})")
    return "\n".join(lines) + "\n"
