"""`Initializer`: a function that draws a weight matrix, judged by exact statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from grader.checks import base, drawn_mistakes, proportion, shares, statistics, suspects, verdicts, weights
from grader.checks.base import Graded, Requests, Section
from grader.checks.cases import Case, Draw, draw_cases, realise
from grader.checks.drawn_mistakes import Drawn
from grader.checks.initializer_attempt import TITLES, VECTORS, Attempt
from grader.checks.inputs import Generator, Inputs, Size, choices_of
from grader.checks.reference import Reference, as_called
from grader.checks.shares import Finding
from grader.checks.weights import Target
from grader.errors import AssignmentError
from grader.report import CheckResult, Outcome
from grader.sandbox import codec
from grader.sandbox.marks import Seed
from grader.sandbox.replies import Runner

# A large wide and a large tall matrix for the strict tests, one pair for the tests of the generator.
LARGE = ((100, 400), (400, 100))
PAIR = (24, 30)


@dataclass(frozen=True)
class Initializer:
    """`initializer(fan_in, fan_out, rng, ...)` returns weights of shape (fan_in, fan_out).

    family: "normal", "uniform", or "truncated" (normal, and cut at two standard deviations).
    asked: the variance in words, for messages ("2 / fan_in").
    The solutions' `scales.py` holds a function of the problem's name that returns {"variance": ...} for the
    arguments without the generator.
    """

    family: str
    asked: str
    inputs: Inputs = field(
        default_factory=lambda: {"fan_in": Size("fan_in"), "fan_out": Size("fan_out"), "rng": Generator()}
    )
    sizes: Mapping[str, tuple[int, int]] = field(default_factory=lambda: {"fan_in": (1, 64), "fan_out": (1, 64)})

    @property
    def calls(self) -> tuple[str, ...]:
        """No other function of the student's is called."""
        return ()

    def build(self, problem: str, reference: Reference, seed: int) -> Section:
        """Draw the fans, compute what is asked and its limits, and try the reference on them."""
        cases = [*draw_cases(self.inputs, seed=seed, limits=self.sizes), *_large_cases(self, seed)]
        cases.sort(key=lambda case: case.arguments["fan_in"] * case.arguments["fan_out"])
        targets, draws = zip(*(_target(self, problem, reference, case) for case in cases), strict=True)
        others = [_questions(self, problem, reference, case) for case in cases]
        vectors = np.random.default_rng((seed, 3))
        large = [i for i, target in enumerate(targets) if target.shape in LARGE]
        requests = Requests()
        generator = next(iter(name for name, item in self.inputs.items() if isinstance(item, Generator)))
        place = list(self.inputs).index(generator)
        for index, case in enumerate(cases):
            row = list(case.arguments.values())
            requests.add(f"case{index}", 0, [base.call(problem, base.inputs(len(row)))], row)
        pair = next(i for i, target in enumerate(targets) if target.shape == PAIR)
        requests.add("pair", 1, *pair_program(problem, list(cases[pair].arguments.values()), place))
        section: Section = {
            "request": requests.to_tree(),
            "targets": weights.to_tree(targets),
            "draws": proportion.first_entries(draws),
            "others": suspects.to_tree(others),
            "pair": pair,
            "large": large,
            "inputs": [orthonormal(vectors, VECTORS, targets[i].shape[0]) for i in large],
            "upstream": [orthonormal(vectors, VECTORS, targets[i].shape[1]) for i in large],
            "limits": [[list(statistics.chi_square(VECTORS * n)) for n in targets[i].shape] for i in large],
            "cumulative": statistics.cumulative(self.family),
            "cases": codec.encode([{"arguments": case.arguments, "why": case.why} for case in cases]),
        }

        def sign(run: Runner) -> Drawn:
            attempt = Attempt(self.family, self.asked, problem, section, base.replay(section["request"], run))
            return attempt.signature(attempt.findings())

        section["mistakes"] = drawn_mistakes.freeze(problem, reference, sign)
        return section

    def rows(self, problem: str, points: int, outcome: Outcome, message: str) -> tuple[CheckResult, ...]:
        """Return every finding with 0 points and one outcome."""
        return _score(points, [Finding(name, title, outcome, message) for name, title in TITLES.items()])

    def show(self, problem: str, section: Section) -> list[base.Shown]:
        """Return the saved cases as a student may see them, smallest first."""
        return verdicts.argument_cases(problem, section, "weights")

    def grade(self, problem: str, points: int, section: Section, run: Runner) -> Graded:
        """Replay the section on a student's function."""
        rows = base.replay(section["request"], run)
        attempt = Attempt(self.family, self.asked, problem, section, rows)
        stopped = base.unfinished_rows(attempt.case_rows, problem)
        if stopped is not None:
            outcome, message = stopped
            return Graded(outcome, self.rows(problem, points, outcome, message), message)
        findings = attempt.findings()
        if not all(finding.passed for finding in findings):
            findings = drawn_mistakes.name_mistakes(findings, attempt.signature(findings), section["mistakes"])
        checks = _score(points, findings)
        return Graded(shares.overall(checks), checks, "", attempt.evidence(), attempt.draw)


def _score(points: int, findings: Sequence[Finding]) -> tuple[CheckResult, ...]:
    return shares.score(points, shares.PROPERTY, findings, shares.INITIALIZER)


def _large_cases(check: Initializer, seed: int) -> list[Case]:
    """Return the large wide, the large tall and the pair's case, with every option left out, then the last one."""
    cases = []
    options = choices_of(check.inputs)
    for number, (fan_in, fan_out) in enumerate((*LARGE, PAIR)):
        picks = {path: (number % 2 == 1 if path.endswith("?") else values[-1]) for path, values in options.items()}
        draw = Draw({"fan_in": fan_in, "fan_out": fan_out}, picks, "normal", seed + number, "a large matrix")
        cases.append(realise(check.inputs, draw))
    return cases


def _target(check: Initializer, problem: str, reference: Reference, case: Case) -> tuple[Target, np.ndarray]:
    """Return what a case asks for, and what the reference draws there."""
    if problem not in reference.scales:
        raise AssignmentError(f"scales.py has no function '{problem}', which gives the variance that is asked for")
    known = [value for value in case.arguments.values() if not isinstance(value, Seed)]
    variance = reference.scales[problem](*known)["variance"]
    target = Target.make((case.arguments["fan_in"], case.arguments["fan_out"]), check.family, variance)
    arguments = [as_called(value) for value in case.arguments.values()]
    drawn = np.asarray(reference.call(problem, *arguments))
    if drawn.shape != target.shape or not weights.standardise([drawn], [target]).right[0]:
        raise AssignmentError(f"the reference's {problem} has not the variance of scales.py for fans {target.shape}")
    return target, drawn


def _questions(check: Initializer, problem: str, reference: Reference, case: Case) -> dict[str, float]:
    """Return the variance that each option of the declaration would give in a case, by a question that asks for it."""
    found = {}
    names = list(check.inputs)
    for name, options in choices_of(check.inputs).items():
        if name not in names or any(before not in case.arguments for before in names[: names.index(name)]):
            continue
        for option in options:
            arguments = {key: case.arguments.get(key) for key in names if key in case.arguments or key == name}
            known = [value for value in {**arguments, name: option}.values() if not isinstance(value, Seed)]
            found[f"is it the one for {name} = {option}?"] = float(reference.scales[problem](*known)["variance"])
    return found


def pair_program(problem: str, row: list[Any], place: int) -> tuple[list[base.Step], list[Any]]:
    """Return three draws: from one generator, from its twin of the same state, and from another."""
    count = len(row)
    program = []
    for source in (place, count, count + 1):
        slots = base.inputs(count)
        slots[place] = ["in", source]
        program.append(base.call(problem, slots, global_state=True))
    return program, [*row, row[place], Seed((row[place].value + 1) % 2**63)]


def orthonormal(rng: np.random.Generator, count: int, size: int) -> np.ndarray:
    """Return `count` orthonormal rows of length `size`: what they give through independent weights is independent."""
    return np.ascontiguousarray(np.linalg.qr(rng.standard_normal((size, count)))[0].T)
