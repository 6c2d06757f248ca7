"""`NetworkInitializer`: a function that draws all weights of a network, judged layer by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np

from grader.checks import base, drawn_mistakes, proportion, shares, statistics, suspects, verdicts, weights
from grader.checks.base import Graded, Requests, Section
from grader.checks.cases import Case, Draw, draw_cases, realise
from grader.checks.drawn_mistakes import Drawn
from grader.checks.initializer import orthonormal
from grader.checks.inputs import Choice, Generator, Inputs, Sizes
from grader.checks.network_attempt import DEEP, TITLES, Attempt
from grader.checks.reference import Reference
from grader.checks.shares import Finding
from grader.checks.weights import Target
from grader.errors import AssignmentError
from grader.report import CheckResult, Outcome
from grader.sandbox import codec
from grader.sandbox.marks import Seed
from grader.sandbox.replies import Runner

# Slopes of leaky rectifiers that people are used to: those of papers, of libraries, and none at all.
SLOPES = (0.0, 0.01, 0.1, 0.2, 0.3, 0.5, 1.0)
# A small network for the tests of the generator.
PAIR = (24, 30, 20)
# Equal square layers in a row: an edge of its own, for whoever takes one for the other.
SQUARES = (9, 12, 12, 12)


@dataclass(frozen=True)
class NetworkInitializer:
    """`init(layer_sizes, activation, rng)` returns one weight matrix for each layer, normally distributed.

    deep: the activations for which a network of ten layers is tried.
    parts: the student's own initialisers; a network that is exactly what they give, called in order with the
        one generator, has paid for their faults already. The solutions' `scales.py` holds a function of the
        problem's name that returns {"variances": [...], "initializers": [[name] or [name, slope], ...]}.
    """

    activations: tuple[str, ...]
    deep: tuple[str, ...]
    parts: tuple[str, ...] = ()
    most_layers: int = 5
    inputs: Inputs = field(init=False)

    def __post_init__(self) -> None:
        inputs = {
            "layer_sizes": Sizes(2, self.most_layers),
            "activation": Choice(self.activations),
            "rng": Generator(),
        }
        object.__setattr__(self, "inputs", inputs)

    @property
    def calls(self) -> tuple[str, ...]:
        """The initialisers that it may be made of."""
        return self.parts

    def build(self, problem: str, reference: Reference, seed: int) -> Section:
        """Draw the sizes, compute what is asked of every layer, and try the reference on them."""
        drawn = draw_cases(self.inputs, seed=seed, limits={"layer_sizes": (1, 40)})
        deep = [self._case(DEEP, activation, seed + number) for number, activation in enumerate(self.deep)]
        edges = [self._case(SQUARES, name, seed + 100 + i) for i, name in enumerate(self.activations)]
        small = sorted(
            [*drawn, *edges], key=lambda case: (sum(case.arguments["layer_sizes"]), len(case.arguments["layer_sizes"]))
        )
        cases = small + deep
        asked = [_asked(problem, reference, case) for case in cases]
        targets = [_targets(case, one["variances"]) for case, one in zip(cases, asked, strict=True)]
        draws = _try_reference(problem, reference, cases, targets)
        others = [
            one for case, asks in zip(cases, asked, strict=True) for one in _questions(self, reference, case, asks)
        ]
        requests, parts = Requests(seed_global=True), Requests(seed_global=True)
        for index, case in enumerate(cases):
            row = list(case.arguments.values())
            requests.add(f"case{index}", 0, [base.call(problem, base.inputs(3))], row)
            if self.parts:
                parts.add(f"parts{index}", 0, *_parts_program(case, asked[index]["initializers"]))
        pair = self._case(PAIR, self.deep[0], seed)
        requests.add("pair", 1, *_pair_program(problem, list(pair.arguments.values())))
        rng = np.random.default_rng((seed, 3))
        section: Section = {
            "request": requests.to_tree(),
            "parts": parts.to_tree(),
            "targets": weights.to_tree([target for layers in targets for target in layers]),
            "draws": proportion.first_entries(draws),
            "others": suspects.to_tree(others),
            "depths": [len(layers) for layers in targets],
            "deep": len(deep),
            "inputs": [orthonormal(rng, 1, DEEP[0]) * np.sqrt(DEEP[0]) for _ in deep],
            "upstream": [orthonormal(rng, 1, DEEP[-1]) * np.sqrt(DEEP[-1]) for _ in deep],
            "limits": [list(statistics.chi_square(n)) for n in DEEP],
            "cumulative": statistics.cumulative("normal"),
            "activations": [case.arguments["activation"] for case in cases],
            "cases": codec.encode([{"arguments": case.arguments, "why": case.why} for case in cases]),
        }

        def sign(run: Runner) -> Drawn:
            attempt = Attempt(self.activations, problem, section, run)
            return attempt.signature(attempt.findings())

        section["mistakes"] = drawn_mistakes.freeze(problem, reference, sign)
        return section

    def _case(self, sizes: tuple[int, ...], activation: str, seed: int) -> Case:
        """Return a network of given sizes."""
        why = f"{len(sizes) - 1} layers of about {sizes[1]} units"
        draw = Draw({"layer_sizes": list(sizes)}, {"activation": activation}, "normal", seed, why)
        return realise(self.inputs, draw)

    def rows(self, problem: str, points: int, outcome: Outcome, message: str) -> tuple[CheckResult, ...]:
        """Return every finding with 0 points and one outcome."""
        found = [Finding(name, title, outcome, message, side=name == "manners") for name, title in TITLES.items()]
        return _score(points, found)

    def show(self, problem: str, section: Section) -> list[base.Shown]:
        """Return the saved cases as a student may see them, smallest first."""
        return verdicts.argument_cases(problem, section, "weights")

    def grade(self, problem: str, points: int, section: Section, run: Runner) -> Graded:
        """Replay the section on a student's function."""
        attempt = Attempt(self.activations, problem, section, run)
        stopped = base.unfinished_rows(attempt.case_rows, problem)
        if stopped is not None:
            outcome, message = stopped
            return Graded(outcome, self.rows(problem, points, outcome, message), message)
        findings = attempt.findings()
        if all(finding.passed for finding in findings):
            return _graded(points, findings, attempt)
        named = drawn_mistakes.name_mistakes(findings, attempt.signature(findings), section["mistakes"])
        graded = _graded(points, named, attempt)
        only_manners = all(finding.passed or finding.side for finding in findings)
        if not self.parts or only_manners or not attempt.follows_parts():
            return graded
        # What it does to its own arguments is no fault of its parts.
        excused = [
            finding if finding.side else replace(finding, status=Outcome.PASSED, message="", case=None, mistake=None)
            for finding in named
        ]
        remark = "follows your own initialisers, where the points are lost"
        return replace(_graded(points, excused, attempt), message=remark, unexcused=graded)


def _graded(points: int, findings: Sequence[Finding], attempt: Attempt) -> Graded:
    checks = _score(points, findings)
    return Graded(shares.overall(checks), checks, "", attempt.evidence(), attempt.draw)


def _score(points: int, findings: Sequence[Finding]) -> tuple[CheckResult, ...]:
    return shares.score(points, shares.NETWORK, findings, shares.INITIALIZER)


def _asked(problem: str, reference: Reference, case: Case) -> Mapping[str, Any]:
    if problem not in reference.scales:
        raise AssignmentError(f"scales.py has no function '{problem}', which gives the variance of every layer")
    asked: Mapping[str, Any] = reference.scales[problem](case.arguments["layer_sizes"], case.arguments["activation"])
    return asked


def _targets(case: Case, variances: Sequence[float]) -> list[Target]:
    sizes = case.arguments["layer_sizes"]
    return [Target.make(shape, "normal", variance) for shape, variance in zip(pairwise(sizes), variances, strict=True)]


def _try_reference(
    problem: str, reference: Reference, cases: Sequence[Case], targets: Sequence[Sequence[Target]]
) -> list[np.ndarray]:
    """Return what the reference draws, layer by layer over all cases."""
    draws = []
    for case, layers in zip(cases, targets, strict=True):
        sizes, activation, rng = case.arguments.values()
        drawn = reference.call(problem, sizes, activation, np.random.default_rng(rng.value))
        for target, array in zip(layers, drawn, strict=True):
            draws.append(np.asarray(array))
            if not weights.standardise(draws[-1:], [target]).right[0]:
                raise AssignmentError(
                    f"the reference's {problem} fails its own variance test for {sizes}, {activation}"
                )
    return draws


def _questions(
    check: NetworkInitializer, reference: Reference, case: Case, asked: Mapping[str, Any]
) -> list[dict[str, float]]:
    """Return for each layer the variances of other slopes and initialisers and of the first layer, by a question."""
    found: list[dict[str, float]] = []
    first = float(asked["variances"][0])
    for (name, *slope), fans in zip(asked["initializers"], pairwise(case.arguments["layer_sizes"]), strict=True):
        variances: dict[str, float] = {"do all layers have the scale of the first one?": first} if found else {}
        if slope and slope[0] is not None and name in reference.scales:
            for other in SLOPES:
                question = f"was {name} called with a slope of {other:g}, where {slope[0]:g} is asked?"
                variances[question] = float(reference.scales[name](*fans, other)["variance"])
        for part in check.parts:
            if part != name and part in reference.scales:
                question = f"was {part} called instead of {name}?"
                variances[question] = float(reference.scales[part](*fans)["variance"])
        found.append(variances)
    return found


def _parts_program(case: Case, initializers: Sequence[Sequence[Any]]) -> tuple[list[base.Step], list[Any]]:
    """Return the student's own initialisers called in order, all with the one generator (input 0)."""
    sizes = case.arguments["layer_sizes"]
    program, row = [], [case.arguments["rng"]]
    for (name, *slope), fan_in, fan_out in zip(initializers, sizes[:-1], sizes[1:], strict=True):
        slots = [["in", len(row)], ["in", len(row) + 1], ["in", 0]]
        row += [fan_in, fan_out]
        if slope and slope[0] is not None:
            slots.append(["in", len(row)])
            row += slope
        program.append(base.call(name, slots))
    return program, row


def _pair_program(problem: str, row: list[Any]) -> tuple[list[base.Step], list[Any]]:
    program = [base.call(problem, [["in", 0], ["in", 1], ["in", source]], global_state=True) for source in (2, 3, 4)]
    return program, [*row, row[2], Seed((row[2].value + 1) % 2**63)]
