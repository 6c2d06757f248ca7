"""The numeric finding: a student's gradient against finite differences of the student's own forward.

The directions and steps are frozen in the bank; the worker evaluates the forward along them; the
extrapolation and the verdict happen here. The same machinery judges values where the student's own forward
is wrong but near (one bug costs once), and confirms the reference when a bank is built.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.checks import base, differences
from grader.checks.base import Requests, Section, Step
from grader.checks.compare import worst_entry
from grader.checks.differences import Comparison, Verdict
from grader.checks.shares import Finding
from grader.errors import AssignmentError
from grader.report import Case, Evidence, Outcome
from grader.sandbox.replies import Returned, Row, Runner

DIRECTIONS = 2
ENTRIES_SHOWN = 60
SHRINKS = (2.0**-3, 2.0**-6, 2.0**-9, 2.0**-15, 2.0**-20, 2.0**-25)


@dataclass(frozen=True)
class Probe:
    """One directional derivative of one case: along `direction` of argument `position`.

    `scale` is the size of the terms of <gradient, direction>; `kappa` their conditioning.
    """

    gradient: str
    position: int
    direction: np.ndarray
    first_step: float
    scale: float
    kappa: float

    def to_tree(self) -> dict[str, Any]:
        """Return plain values for the bank."""
        return dict(vars(self))


def make_probes(
    forward: Callable[..., np.ndarray],
    arguments: Sequence[Any],
    positions: Mapping[str, int],
    scales: Mapping[str, tuple[Any, Any, bool]],
    rng: np.random.Generator,
    *,
    kink: differences.Kink,
    count: int = DIRECTIONS,
) -> list[Probe]:
    """Draw Gaussian directions for every differentiable argument of one case.

    forward: the reference, returning the output alone. kink: whether it has one where an output is zero, or the
    function of its arguments whose zeros are the kinks. Directions that cross a kink are left out.
    """
    probes = []
    for gradient, position in positions.items():
        x = np.asarray(arguments[position], dtype=np.float64)
        for _ in range(count):
            v = differences.direction(rng, x)

            def along(value: np.ndarray, position: int = position) -> np.ndarray:
                side = kink if callable(kink) else forward
                return np.asarray(side(*arguments[:position], value, *arguments[position + 1 :]))

            first = differences.first_step(along, x, v) if kink else differences.FIRST_STEP
            if first is None:
                continue
            size, kappa, _ = scales[gradient]
            scale = float(np.sum(np.abs(v) * np.broadcast_to(np.asarray(size, dtype=np.float64), v.shape)))
            worst = float(np.max(np.asarray(kappa, dtype=np.float64), initial=1.0))
            probes.append(Probe(gradient, position, v, first, scale, worst))
    return probes


def judge(probe: Probe, outputs: np.ndarray, dout: np.ndarray, gradient: np.ndarray) -> Comparison:
    """Compare a gradient with the derivative of the outputs along the probe's direction."""
    analytic = float(np.sum(gradient * probe.direction))
    return differences.compare_one(outputs, dout, probe.first_step, analytic, probe.scale, probe.kappa)


def confirm(
    name: str,
    forward: Callable[..., np.ndarray],
    arguments: Sequence[Any],
    dout: np.ndarray,
    gradients: Mapping[str, np.ndarray],
    probes: Sequence[Probe],
) -> list[Verdict]:
    """Confirm the reference's gradients of one case by finite differences in extended precision.

    Raises AssignmentError naming the gradient and the case when they disagree.
    """
    if not probes:
        return []
    found = [_compare_at(forward, arguments, dout, gradients, probe, probe.first_step) for probe in probes]
    projected, analytic = np.stack([values for values, _ in found]), np.array([number for _, number in found])
    steps, scales, kappas = (
        np.array([getattr(probe, n) for probe in probes]) for n in ("first_step", "scale", "kappa")
    )
    compared = differences.compare(projected, steps, analytic, scales, kappas)
    verdicts = []
    for probe, comparison in zip(probes, compared, strict=True):
        if comparison.verdict is Verdict.AGREES:
            verdicts.append(Verdict.AGREES)
        else:
            verdicts.append(_confirm_finer(name, forward, arguments, dout, gradients, probe, comparison))
    return verdicts


def _compare_at(
    forward: Callable[..., np.ndarray],
    arguments: Sequence[Any],
    dout: np.ndarray,
    gradients: Mapping[str, np.ndarray],
    probe: Probe,
    first: float,
) -> tuple[np.ndarray, Any]:
    """Return `<dout, forward>` at the steps along a probe, and `<gradient, v>`."""
    x = np.asarray(arguments[probe.position])
    v = probe.direction.astype(x.dtype)
    before, after = arguments[: probe.position], arguments[probe.position + 1 :]
    # Steps may leave the domain, of a logarithm for instance; what is found there counts as nothing.
    with np.errstate(all="ignore"):
        values = [np.sum(dout * forward(*before, x + h * v, *after)) for h in differences.steps(first).astype(x.dtype)]
    return np.array(values), np.sum(gradients[probe.gradient] * v)


def _confirm_finer(
    name: str,
    forward: Callable[..., np.ndarray],
    arguments: Sequence[Any],
    dout: np.ndarray,
    gradients: Mapping[str, np.ndarray],
    probe: Probe,
    found: Comparison,
) -> Verdict:
    """Decide by smaller first steps where the function bends within half a unit.

    A reference is called wrong when two first steps in a row say so: this stops an instructor's build.
    """
    before = found.verdict
    for shrink in SHRINKS:
        first = probe.first_step * shrink
        values, analytic = _compare_at(forward, arguments, dout, gradients, probe, first)
        numbers = (np.array([number]) for number in (first, analytic, probe.scale, probe.kappa))
        found = differences.compare(values[None], *numbers)[0]
        if found.verdict is Verdict.AGREES:
            return Verdict.AGREES
        if before is found.verdict is Verdict.DIFFERS:
            raise AssignmentError(
                f"the reference's {probe.gradient} of {name} disagrees with its numerical gradient: "
                f"{found.analytic:.10g} where finite differences give {found.numerical:.10g}"
            )
        before = found.verdict
    return Verdict.INCONCLUSIVE


# --- grading ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Numeric:
    """The numerical gradient of one problem: which function is varied, which step holds the gradients.

    forward: the student's function that is evaluated along directions.
    problem: the function under test, whose gradients are `names`; they are the result of `gradient_step`.
    arguments: names of the forward's arguments. `program` computes the gradients, before any sweep.
    """

    problem: str
    forward: str
    names: tuple[str, ...]
    arguments: tuple[str, ...]
    program: Callable[[int], list[Step]]
    returns: tuple[str, ...]
    gradient_step: int

    def title(self) -> str:
        """What the finding is called."""
        return f"numerical gradient of your own {self.forward}"

    def add(self, requests: Requests, key: str, arguments: Sequence[Any], dout: Any, probes: Sequence[Probe]) -> None:
        """Add one case whose forward is also evaluated along every probe's direction."""
        count = len(arguments)
        program = self.program(count)
        row = [*arguments, dout]
        for probe in probes:
            program.append(self._sweep(count, probe.position, len(row)))
            row += [probe.direction, differences.steps(probe.first_step)]
        # With the ordinary cases: what hangs there hangs here.
        requests.add(key, 0, program, row)

    def _sweep(self, count: int, position: int, direction: int) -> Step:
        return base.sweep(
            self.forward,
            base.inputs(count),
            position=position,
            direction=direction,
            steps=direction + 1,
            output=0,
        )

    def comparisons(self, frozen: Section, index: int, row: Row) -> tuple[list[tuple[Probe, Comparison]], str]:
        """Compare one probed row; the text says why nothing could be compared, if so."""
        return _compare_all([self._lines(frozen, index, row)])[0]

    def all_comparisons(
        self, frozen: Section, rows: Mapping[str, Row]
    ) -> list[tuple[list[tuple[Probe, Comparison]], str]]:
        """Compare every row that is shown."""
        return _compare_all([self._lines(frozen, index, rows[f"numeric{index}"]) for index in range(frozen["shown"])])

    def _lines(self, frozen: Section, index: int, row: Row) -> _Lines:
        """Return what a probed row gave along each of its directions."""
        step = base.step_of(row, self.gradient_step)
        gradients = base.unpack(step, self.returns, self.problem)
        dout = frozen["douts"][index]
        probes = [Probe(**tree) for tree in frozen["probes"][index]]
        projected, analytic = [], []
        for number, probe in enumerate(probes):
            gradient = _same_size(gradients[probe.gradient], probe.direction)
            if gradient is None:
                ended = self.problem if len(row.steps) > self.gradient_step else self.forward
                return _Lines(trouble="" if isinstance(step, Returned) else base.describe_step(step, ended))
            values = base.step_of(row, self.gradient_step + 1 + number)
            if not isinstance(values, Returned) or not _are_outputs(values.value, np.shape(dout)):
                return _Lines(trouble=f"{self.forward} could not be evaluated near the case's input.")
            outputs = np.asarray(values.value, dtype=np.float64)
            projected.append(outputs.reshape(len(outputs), -1) @ dout.ravel())
            analytic.append(float(np.sum(gradient * probe.direction)))
        return _Lines(probes, projected, analytic)

    def finding(self, frozen: Section, rows: Mapping[str, Row], run: Runner) -> tuple[Finding, tuple[Evidence, ...]]:
        """Return the row on the numerical gradient of the student's own forward, and how well it agreed."""
        compared = self.all_comparisons(frozen, rows)
        evidence = self._evidence(frozen, compared)
        for index, (found, trouble) in enumerate(compared):
            if not found:
                message = trouble or "can be compared once the returns have the right number and shapes"
                outcome = base.outcome_of(base.step_of(rows[f"numeric{index}"], self.gradient_step))
                return Finding("numeric", self.title(), outcome, message, side=True), evidence
            for probe, comparison in found:
                if comparison.verdict is Verdict.DIFFERS:
                    return self._difference(frozen, index, probe, comparison, run), evidence
        return Finding("numeric", self.title(), side=True), evidence

    def _difference(self, frozen: Section, index: int, probe: Probe, comparison: Comparison, run: Runner) -> Finding:
        """Say by how much the derivative along a line is off, then which entry is."""
        of = self.arguments[probe.position]
        message = (
            f"{probe.gradient} is not the derivative of your own {self.forward} with respect to {of}: along a random "
            f"direction the numerical gradient gives {comparison.numerical:.5g}, yours {comparison.analytic:.5g}."
        )
        worst = self._worst_entry(frozen, index, probe, run)
        shapes = {
            name: value.shape
            for name, value in zip(self.arguments, frozen["rows"][index], strict=False)
            if isinstance(value, np.ndarray)
        }
        case = Case(shapes, worst, "numerical gradient")
        return Finding("numeric", self.title(), Outcome.FAILED, message, case, side=True)

    def _worst_entry(self, frozen: Section, index: int, probe: Probe, run: Runner) -> Any:
        """Return the entry of the full numerical gradient that is furthest off."""
        found = self.full_gradient(frozen["rows"][index], frozen["douts"][index], probe, run)
        if found is None:
            return None
        got, numerical = (one.ravel() for one in found)
        scale = np.full(got.size, max(float(np.max(np.abs(numerical))), float(np.max(np.abs(got)))))
        return worst_entry(got, numerical, scale, np.full(got.size, differences.AGREE), probe.direction.shape)

    def full_gradient(
        self, arguments: Sequence[Any], dout: np.ndarray, probe: Probe, run: Runner
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the student's gradient and the numerical one, entry by entry; None where there are too many."""
        size, shape = probe.direction.size, probe.direction.shape
        if size > ENTRIES_SHOWN:
            return None
        count = len(arguments)
        program, row = self.program(count), [*arguments, dout]
        first = probe.first_step * float(np.max(np.abs(probe.direction)))
        for entry in range(size):
            unit = np.zeros(size)
            unit[entry] = 1.0
            program.append(self._sweep(count, probe.position, len(row)))
            row += [unit.reshape(shape), differences.steps(first)]
        requests = Requests()
        requests.add("full", 2, program, row)
        reply = base.replay(requests.to_tree(), run)["full"]
        steps = reply.steps[self.gradient_step + 1 :]
        got = base.unpack(base.step_of(reply, self.gradient_step), self.returns, self.problem)[probe.gradient]
        if len(steps) < size or not all(isinstance(step, Returned) for step in steps):
            return None
        outputs = [np.asarray(step.value).reshape(2 * differences.LEVELS, -1) @ np.ravel(dout) for step in steps]  # type: ignore[union-attr]
        numerical = differences.extrapolate(np.stack(outputs), first)[0]
        return np.reshape(got, shape), numerical.reshape(shape)

    def _evidence(
        self, frozen: Section, compared: Sequence[tuple[list[tuple[Probe, Comparison]], str]]
    ) -> tuple[Evidence, ...]:
        """Return the line on what the numerical gradient was tried on, if it agreed anywhere."""
        agreed = [c.off for found, _ in compared for _, c in found if c.verdict is Verdict.AGREES]
        if not agreed:
            return ()
        text = (
            f"finite differences of your own {self.forward}: {len(agreed)} directions in {frozen['shown']} cases "
            f"agree, off by at most {max(agreed):.0e}"
        )
        return (Evidence("differences", text, len(agreed), max(agreed)),)


@dataclass(frozen=True)
class _Lines:
    """One probed row: per direction `<dout, f(x + h v)>` over the steps and `<gradient, v>`, or why there is none."""

    probes: Sequence[Probe] = ()
    projected: Sequence[np.ndarray] = ()
    analytic: Sequence[float] = ()
    trouble: str = ""


def _compare_all(rows: Sequence[_Lines]) -> list[tuple[list[tuple[Probe, Comparison]], str]]:
    """Compare the directions of all rows at once; per row its comparisons, or why there are none."""
    probes = [probe for row in rows for probe in row.probes]
    if not probes:
        return [([], row.trouble) for row in rows]
    projected = np.stack([values for row in rows for values in row.projected])
    analytic = np.array([value for row in rows for value in row.analytic])
    first, scale, kappa = (np.array([getattr(p, name) for p in probes]) for name in ("first_step", "scale", "kappa"))
    found = iter(differences.compare(projected, first, analytic, scale, kappa))
    return [([(probe, next(found)) for probe in row.probes], row.trouble) for row in rows]


def _are_outputs(values: Any, shape: tuple[int, ...]) -> bool:
    """Whether a sweep gave outputs of a shape, but for axes of length 1 in front: those are a matter of form."""
    own = np.shape(values)[1:]
    extra = len(own) - len(shape)
    return extra >= 0 and own == (1,) * extra + shape


def _same_size(value: Any, direction: np.ndarray) -> np.ndarray | None:
    """Return a gradient in its direction's shape; axes of length 1 that keepdims left are a matter of form."""
    value = np.asarray(value) if type(value) is float else value
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiu" or value.size != direction.size:
        return None
    extra = value.ndim - direction.ndim
    if extra < 0 or value.shape != (1,) * extra + direction.shape:
        return None
    return value.reshape(direction.shape)


def freeze_numeric(found: Sequence[tuple[Sequence[Any], Any, Sequence[Probe]]], shown: int) -> Section:
    """Return the section's part on numerical gradients: (arguments, dout, probes) of every probed case."""
    return {
        "probes": [[probe.to_tree() for probe in probes] for _, _, probes in found],
        "douts": [np.asarray(dout, dtype=np.float64) for _, dout, _ in found],
        "rows": [list(arguments) for arguments, _, _ in found],
        "shown": min(shown, len(found)),
    }
