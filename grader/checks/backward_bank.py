"""Freezing a `Backward`: draw, answer in extended precision, confirm by finite differences, save."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from grader.checks import base, made_of, numeric
from grader.checks.base import Requests, Section
from grader.checks.cases import Case, draw_cases, draw_usual
from grader.checks.compare import Answers
from grader.checks.differences import Kink, Verdict, steps
from grader.checks.inputs import Inputs, axes_of
from grader.checks.numeric import Numeric, Probe, freeze_numeric
from grader.checks.reference import Reference, as_called, extended, scales_for
from grader.errors import AssignmentError
from grader.sandbox import codec

if TYPE_CHECKING:
    from grader.checks.backward import Backward

REPEATS = 3
SHOWN_NUMERIC = 3
FOLLOW_NUMERIC = 8


@dataclass(frozen=True)
class Answered:
    """A case with the reference's answers, all in extended precision."""

    case: Case
    dout: np.ndarray
    out: np.ndarray
    gradients: dict[str, np.ndarray]
    scales: dict[str, tuple[Any, Any, bool]]
    out_scale: tuple[Any, Any, bool]

    @property
    def row(self) -> list[Any]:
        """The inputs of a worker's row: the forward's arguments, then dout."""
        return [*self.case.arguments.values(), self.dout]


def freeze(check: Backward, problem: str, reference: Reference, seed: int) -> Section:
    """Return the section of a `Backward`. Raises AssignmentError where the reference is not confirmed."""
    cases = draw_cases(check.inputs, seed=seed, limits=check.sizes, extreme=check.extreme)
    if check.kink is True or isinstance(check.kink, str):
        cases = [case for case in cases if is_off_the_kink(check, reference, case)]
    answered = [answer(check, problem, reference, case) for case in cases]
    _confirm(check, problem, reference, answered, np.random.default_rng((seed, 1)))
    probed = [] if check.edges else _numeric_cases(check, problem, reference, seed)
    return _assemble(check, problem, reference, answered, probed)


def freeze_one(check: Backward, problem: str, reference: Reference, case: Case) -> Section:
    """Return a section of one case, drawn live, with its numerical gradient where that is conclusive."""
    one = answer(check, problem, reference, case)
    probed = []
    if not check.edges and not case.extreme:
        forward = output_of(reference, check.forward)
        rng = np.random.default_rng((case.seed, 2))
        plain = list(case.arguments.values())
        probes = numeric.make_probes(forward, plain, check.positions, one.scales, rng, kink=kink_of(check, reference))
        probed = [(one, probes)] if _conclusive(check, forward, one, probes) else []
    return _assemble(check, problem, reference, [one], probed)


def _assemble(
    check: Backward,
    problem: str,
    reference: Reference,
    answered: Sequence[Answered],
    probed: Sequence[tuple[Answered, list[Probe]]],
) -> Section:
    """Return the section of answered cases and probed ones: what is sent, what is expected."""
    section: Section = {
        "extreme": [one.case.extreme for one in answered],
        "big": [one.dout.ndim > 0 and one.dout.shape[0] >= 4 for one in answered],
        "shapes": [
            list(next(v for v in one.case.arguments.values() if isinstance(v, np.ndarray)).shape) for one in answered
        ],
        "repeats": min(REPEATS, len(answered)),
        "request": _request(check, problem, answered, probed).to_tree(),
        "probe": _probe_request(problem, answered[0]).to_tree(),
        "out": Answers.gather("out", [(one.out, *one.out_scale) for one in answered]).to_tree(),
        "gradients": base.answers_tree(_gather(check.names, answered)),
        "numeric": freeze_numeric([(one.row[:-1], one.dout, probes) for one, probes in probed], SHOWN_NUMERIC),
        "follow": _follow_request(check.numeric(problem), probed).to_tree(),
        "cases": codec.encode(
            [{"arguments": one.case.arguments, "dout": one.dout, "why": one.case.why} for one in answered]
        ),
    }
    if check.parts:
        section["parts"] = _parts_request(check, answered).to_tree()
    if check.ends_in:
        section["parts"] = _ends_request(check, problem, reference, answered).to_tree()
    if check.made_of:
        section["made_of"] = made_of.freeze(check, problem, reference, answered)
    return section


def kink_of(check: Backward, reference: Reference) -> Kink:
    """Return where the forward has its kinks; a name stands for a function of `edges.py`."""
    if not isinstance(check.kink, str):
        return check.kink
    if check.kink not in reference.edges:
        raise AssignmentError(f"edges.py has no function '{check.kink}', which says where {check.forward} has kinks")
    return reference.edges[check.kink]


def is_off_the_kink(check: Backward, reference: Reference, case: Case) -> bool:
    """Whether rounding cannot decide on which side of the kink an output lies.

    A sum that is exactly zero on paper comes out as 1e-17 of either sign, depending on the order of its terms:
    a right answer could be called wrong there. An input that is zero itself stays zero.
    """
    named = kink_of(check, reference)
    forward = named if callable(named) else output_of(reference, check.forward)
    arguments = list(case.arguments.values())
    mask = forward(*arguments) > 0
    rng = np.random.default_rng((case.seed, 4))
    for _ in range(3):
        nearby = [
            value * (1.0 + 1e-10 * rng.standard_normal(value.shape)) if isinstance(value, np.ndarray) else value
            for value in arguments
        ]
        if not np.array_equal(forward(*nearby) > 0, mask):
            return False
    return True


def answer(check: Backward, problem: str, reference: Reference, case: Case) -> Answered:
    """Ask the reference, in extended precision, with a Gaussian upstream gradient."""
    arguments = extended(list(case.arguments.values()))
    out, cache = reference.values(check.forward, ("out", "cache"), *extended(arguments)).values()
    dout = np.asarray(np.random.default_rng((case.seed, 1_000)).standard_normal(np.shape(out)).round(2))
    if check.edges:
        returned = reference.call(problem, extended(dout), cache)
        missing = [name for name in check.names if name not in returned]
        if missing:
            raise AssignmentError(f"the reference's {problem} returned no entry '{missing[0]}'")
    else:
        returned = reference.values(problem, check.names, extended(dout), cache)
    gradients = {name: np.asarray(returned[name]) for name in check.names}
    scales = scales_for(reference, problem, [*arguments, extended(dout)], gradients)
    out_scale = scales_for(reference, check.forward, arguments, {"out": out})["out"]
    return Answered(case, dout, out, gradients, scales, out_scale)


def _gather(names: Sequence[str], answered: Sequence[Answered]) -> dict[str, Answers]:
    return {
        name: Answers.gather(name, [(one.gradients[name], *one.scales[name]) for one in answered]) for name in names
    }


# --- confirmation by finite differences -------------------------------------------------------------------


def _confirm(
    check: Backward,
    problem: str,
    reference: Reference,
    answered: Sequence[Answered],
    rng: np.random.Generator,
) -> None:
    decided = dict.fromkeys(check.names, False)
    for number, one in enumerate(answered):
        name = f"{problem}, case {number} ({one.case.why}, seed {one.case.seed})"
        for gradient, verdict in _confirm_case(check, problem, reference, one, name, rng):
            decided[gradient] |= verdict is Verdict.AGREES
    for gradient, agreed in decided.items():
        if not agreed:
            raise AssignmentError(f"{problem}: no case could confirm {gradient} by finite differences")


def _confirm_case(
    check: Backward, problem: str, reference: Reference, one: Answered, name: str, rng: np.random.Generator
) -> list[tuple[str, Verdict]]:
    arguments = extended(list(one.case.arguments.values()))
    dout = extended(one.dout)
    found: list[tuple[str, Verdict]] = []
    if check.edges:
        if problem not in reference.edges:
            raise AssignmentError(f"edges.py has no function '{problem}', which gives the continuation from each edge")
        for gradient, (value, onwards) in reference.edges[problem](*arguments).items():
            probes = numeric.make_probes(onwards, [value], {gradient: 0}, one.scales, rng, kink=False)
            verdicts = numeric.confirm(name, onwards, [value], dout, one.gradients, probes)
            found += [(gradient, verdict) for verdict in verdicts]
        return found
    forward = output_of(reference, check.forward)
    probes = numeric.make_probes(forward, arguments, check.positions, one.scales, rng, kink=kink_of(check, reference))
    verdicts = numeric.confirm(name, forward, arguments, dout, one.gradients, probes)
    return [(probe.gradient, verdict) for probe, verdict in zip(probes, verdicts, strict=True)]


def output_of(reference: Reference, function: str) -> Callable[..., np.ndarray]:
    """Return the forward without its cache, on fresh copies of dictionaries."""

    def forward(*arguments: Any) -> np.ndarray:
        copies = [dict(item) if isinstance(item, dict) else item for item in arguments]
        return np.asarray(reference.functions[function](*copies)[0])

    return forward


# --- the cases for the numerical gradient of the student's own forward --------------------------------------


def _numeric_cases(
    check: Backward, problem: str, reference: Reference, seed: int
) -> list[tuple[Answered, list[Probe]]]:
    """Find small cases on which float64 differences of the reference itself are conclusive."""
    forward = output_of(reference, check.forward)
    found: list[tuple[Answered, list[Probe]]] = []
    limits = numeric_limits(check.inputs, check.sizes)
    for attempt in range(4):
        drawn = draw_usual(check.inputs, seed=seed + 7_000 + attempt, limits=limits, count=2 * FOLLOW_NUMERIC)
        for case in drawn:
            if len(found) == FOLLOW_NUMERIC:
                return found
            one = answer(check, problem, reference, case)
            rng = np.random.default_rng((case.seed, 2))
            plain = list(case.arguments.values())
            probes = numeric.make_probes(
                forward, plain, check.positions, one.scales, rng, kink=kink_of(check, reference)
            )
            if _conclusive(check, forward, one, probes):
                found.append((one, probes))
    raise AssignmentError(f"{problem}: too few cases allow a numerical gradient; are its inputs too rough?")


def _conclusive(check: Backward, forward: Callable[..., np.ndarray], one: Answered, probes: list[Probe]) -> bool:
    if len(probes) < numeric.DIRECTIONS * len(check.positions):
        return False
    for probe in probes:
        arguments = list(one.case.arguments.values())
        x = arguments[probe.position]
        points = [x + h * probe.direction for h in steps(probe.first_step)]
        arguments_at = [[*arguments[: probe.position], p, *arguments[probe.position + 1 :]] for p in points]
        with np.errstate(all="ignore"):
            outputs = np.stack([forward(*each) for each in arguments_at])
        found = numeric.judge(probe, outputs, one.dout, one.gradients[probe.gradient].astype(np.float64))
        if found.verdict is not Verdict.AGREES or found.off > 1e-9:
            return False
    return True


def numeric_limits(inputs: Inputs, sizes: Mapping[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    """Return small sizes: a batch of 3 to 5, other axes of 2 to 4, within the author's own limits."""
    limits: dict[str, tuple[int, int]] = {}
    for number, axis in enumerate(axes_of(inputs)):
        low, high = (3, 5) if number == 0 else (1, 2) if axis.endswith("...") else (2, 4)
        least, greatest = sizes.get(axis, (low, high))
        low = max(least, min(low, greatest))
        limits[axis] = (low, max(low, min(high, greatest)))
    return limits


# --- requests ---------------------------------------------------------------------------------------------


def _request(
    check: Backward,
    problem: str,
    answered: Sequence[Answered],
    probed: Sequence[tuple[Answered, list[Probe]]],
) -> Requests:
    requests = Requests()
    for index, one in enumerate(answered):
        count = len(one.row) - 1
        program = forward_backward(check.forward, problem, count)
        if index < REPEATS:
            program += [base.call(problem, [["in", count], base.result(0, 1)])]
            again = forward_backward(check.forward, problem, count)
            program += [again[0], base.call(problem, [["in", count], base.result(3, 1)])]
        requests.add(f"case{index}", int(one.case.extreme), program, one.row)
    for index, (one, probes) in enumerate(probed[:SHOWN_NUMERIC]):
        check.numeric(problem).add(requests, f"numeric{index}", one.row[:-1], one.dout, probes)
    return requests


def _probe_request(problem: str, smallest: Answered) -> Requests:
    """Return the call without a cache: a stub says that it is one, whatever the forward does."""
    requests = Requests()
    requests.add("probe", 0, [base.call(problem, [["in", 0], ["in", 1]])], [smallest.dout, None])
    return requests


def forward_backward(forward: str, backward: str, count: int) -> list[base.Step]:
    """Return the program: forward of `count` arguments, then backward of dout (the next input) and its cache."""
    return [
        base.call(forward, base.inputs(count), keep=[1]),
        base.call(backward, [["in", count], base.result(0, 1)]),
    ]


def _follow_request(numeric: Numeric, probed: Sequence[tuple[Answered, list[Probe]]]) -> Requests:
    requests = Requests()
    for index, (one, probes) in enumerate(probed):
        numeric.add(requests, f"numeric{index}", one.row[:-1], one.dout, probes)
    return requests


def _parts_request(check: Backward, answered: Sequence[Answered]) -> Requests:
    """Return the composition of the student's own parts on every case: forwards in order, backwards reversed."""
    requests = Requests()
    for index, one in enumerate(answered):
        count = len(one.row) - 1
        program: list[base.Step] = []
        for number, part in enumerate(check.parts):
            slots = base.inputs(count) if number == 0 else [base.result(number - 1, 0)]
            program.append(base.call(f"{part}_forward", slots, keep=[1]))
        upstream: list[Any] = ["in", count]
        for number, part in reversed(list(enumerate(check.parts))):
            program.append(base.call(f"{part}_backward", [upstream, base.result(number, 1)]))
            upstream = base.result(len(program) - 1)
        requests.add(f"parts{index}", int(one.case.extreme), program, one.row)
    return requests


def _ends_request(check: Backward, problem: str, reference: Reference, answered: Sequence[Answered]) -> Requests:
    """Return the calls of the function that an answer ends in, with what the reference hands to it, on every case."""
    requests = Requests()
    for index, one in enumerate(answered):
        plain = [as_called(value) for value in one.case.arguments.values()]
        _, cache = reference.values(check.forward, ("out", "cache"), *plain).values()
        handed = reference.handed_to(check.ends_in, problem, one.dout, cache)
        if len(handed) != len(check.names):
            calls = f"calls {check.ends_in} {len(handed)} times"
            raise AssignmentError(f"the reference's {problem} {calls}, expected once for each of {check.names}")
        program: list[base.Step] = []
        row: list[Any] = []
        for given in handed:
            program.append(base.call(check.ends_in, base.inputs(len(given), first=len(row))))
            row += given
        requests.add(f"parts{index}", int(one.case.extreme), program, row)
    return requests
