"""Live Hypothesis: hunt for a counterexample to a student's function, shrink it, and write it down.

With the solutions at hand the reference judges; in a student's package, finite differences of the student's
own forward do. The smallest shape is found by Hypothesis, the plainest numbers by trying plainer ones.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from grader.assignment import Problem
from grader.checks import Backward, Forward, Loss, Property, base, differences
from grader.checks.backward_bank import is_off_the_kink
from grader.checks.base import Shown
from grader.checks.cases import Case, draw_strategy, realise
from grader.checks.compare import show_shape
from grader.checks.differences import Verdict
from grader.checks.inputs import Input, Inputs, Maybe, Record
from grader.checks.loss import is_clear_of_kinks
from grader.checks.numeric import Numeric, Probe
from grader.checks.reference import Reference
from grader.checks.show import full_code, literal
from grader.errors import UsageError
from grader.report import Outcome
from grader.sandbox.replies import Returned, Runner

EXAMPLES = 3_000
# Without the reference nobody knows how an answer is conditioned. A right one must never be accused: what is a
# hundred thousandth off may be rounding, and mistakes are a thousandth off or more.
CONDITIONING = 1e6
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
        failure = _plainer(check.inputs, case, failure, judge, state)
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
            raise _TimeIsUpError
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
        except (_FoundError, _TimeIsUpError):
            pass
        except hypothesis.errors.Flaky:
            # The function answers differently each time.
            pass
    return state.found if state.found is not None else (None, None)


class _FoundError(Exception):
    """A case failed."""


class _TimeIsUpError(BaseException):
    """No Exception: Hypothesis would take it for a failing example and go on."""


# --- judging one case ---------------------------------------------------------------------------------------


def by_reference(problem: Problem, reference: Reference, run: Runner) -> Judge:
    """Return a judge that asks the reference; cases where rounding decides on a side of a kink are left out."""
    check: Any = problem.check
    kinked = isinstance(check, Backward) and (check.kink is True or isinstance(check.kink, str))

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
    hidden = isinstance(check, Backward) and (check.edges or isinstance(check.kink, str))
    if not isinstance(check, (Backward, Loss)) or hidden:
        raise UsageError(f"{problem.id} can only be explored where the solutions are: see `grader cases`")
    own = check.numeric(problem.id)
    positions = check.positions if isinstance(check, Backward) else {check.names[1]: _position(check)}
    kink = check.kink
    assert not isinstance(kink, str)

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
                message = f"{probe.gradient} is not the derivative of your own {own.forward}."
                full = own.full_gradient(arguments, dout, probe, run)
                answers = {} if full is None else {probe.gradient: _without_noise(full[1])}
                return Failure("numeric", message, replace(shown, answers=answers))
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
    found = differences.compare_one(outputs, dout, probe.first_step, analytic, scale or 1.0, CONDITIONING)
    return found.verdict is Verdict.DIFFERS


def _without_noise(numerical: np.ndarray) -> np.ndarray:
    """Return a numerical gradient for reading: ten digits, and what is zero on paper as zero."""
    size = float(np.max(np.abs(numerical), initial=0.0))
    return numerical if not 0.0 < size < np.inf else np.asarray(np.round(numerical / size, 10) * size) + 0.0


def _shown(problem: Problem, own: Numeric, case: Case, dout: np.ndarray) -> Shown:
    names = ", ".join(case.arguments)
    if own.forward == problem.id:
        return Shown(case.arguments, [f"{', '.join(own.returns)} = {problem.id}({names})"], case.why)
    calls = [f"out, cache = {own.forward}({names})", f"{', '.join(own.returns)} = {problem.id}(dout, cache)"]
    return Shown({**case.arguments, "dout": dout}, calls, case.why)


# --- plainer numbers, and the file ----------------------------------------------------------------------------


def _plainer(inputs: Inputs, case: Case, failure: Failure, judge: Judge, state: _State) -> Failure:
    """Leave out what may be left out and replace numbers by plainer ones, as long as the same row fails."""
    for name in case.arguments:
        for plainer in _plainer_values(inputs[name], case.arguments[name]):
            if state.over:
                return failure
            candidate = replace(case, arguments={**case.arguments, name: plainer})
            found = judge(candidate)
            if found is not None and found.row == failure.row:
                case, failure = candidate, found
                break
    return failure


def _plainer_values(declared: Input, value: Any) -> Iterator[Any]:
    if isinstance(value, np.ndarray) and value.dtype == np.float64:
        counted = np.arange(1.0, value.size + 1.0).reshape(value.shape)
        # Examples that are all alike are plain but seldom telling: a batch of them has no variance.
        yield from (counted, np.ones_like(value)) if value.ndim > 1 else (np.ones_like(value), counted)
        yield np.round(value)
        yield np.round(value, 1)
    if isinstance(declared, Record):
        optional = [entry for entry in value if isinstance(declared.entries[entry], Maybe)]
        for count in range(len(optional), 0, -1):
            for left_out in combinations(optional, count):
                yield {entry: kept for entry, kept in value.items() if entry not in left_out}


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
    for name, place in _places(failure.shown).items():
        expected = failure.shown.answers.get(name)
        more = "" if expected is None else f", 'expected', {literal(np.asarray(expected))}"
        lines.append(f"print({place!r}, {place}{more})")
    return "\n".join(lines) + "\n"


def _places(shown: Shown) -> dict[str, str]:
    """Return where the last call leaves each of its answers, as code; the cache is no answer."""
    returned = [name.strip() for name in shown.calls[-1].partition(" = ")[0].split(",")]
    record = next((name for name, value in shown.arguments.items() if isinstance(value, Mapping)), "")
    inside = returned[0] if len(returned) == 1 and returned[0] not in shown.answers else record
    places = {name: name for name in returned if name not in ("cache", inside)}
    return places | {name: f"{inside}[{name!r}]" for name in shown.answers if name not in returned}
