"""`Initializer`: a function that draws a weight matrix, judged by exact statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from grader.checks import base, drawn_mistakes, shares, statistics, verdicts, weights
from grader.checks.base import Graded, Requests, Section
from grader.checks.cases import Case, Draw, draw_cases, realise
from grader.checks.drawn_mistakes import Drawn
from grader.checks.inputs import Generator, Inputs, Size, choices_of
from grader.checks.reference import Reference, as_called
from grader.checks.shares import Finding
from grader.checks.signals import draw_histogram
from grader.checks.weights import MANY, Target
from grader.errors import AssignmentError
from grader.report import Case as ReportCase
from grader.report import CheckResult, Evidence, Outcome
from grader.sandbox import codec
from grader.sandbox.marks import Seed
from grader.sandbox.replies import Returned, Row, Runner

if TYPE_CHECKING:
    from grader.pictures import Picture

TITLES = {
    "variance": "variance",
    "preservation_forward": "a layer keeps the size of its input",
    "preservation_backward": "a layer keeps the size of the gradient",
    "distribution": "distribution",
    "generator": "draws from the generator that was passed in",
}
# A large wide and a large tall matrix for the strict tests, one pair for the tests of the generator.
LARGE = ((100, 400), (400, 100))
PAIR = (24, 30)
VECTORS = 8
TELLING = 500


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
        targets = [_target(self, problem, reference, case) for case in cases]
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
            "pair": pair,
            "large": large,
            "inputs": [orthonormal(vectors, VECTORS, targets[i].shape[0]) for i in large],
            "upstream": [orthonormal(vectors, VECTORS, targets[i].shape[1]) for i in large],
            "limits": [[list(statistics.chi_square(VECTORS * n)) for n in targets[i].shape] for i in large],
            "cumulative": statistics.cumulative(self.family),
            "cases": codec.encode([{"arguments": case.arguments, "why": case.why} for case in cases]),
        }

        def sign(run: Runner) -> Drawn:
            attempt = _Attempt(self, problem, section, base.replay(section["request"], run))
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
        attempt = _Attempt(self, problem, section, rows)
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


def _target(check: Initializer, problem: str, reference: Reference, case: Case) -> Target:
    if problem not in reference.scales:
        raise AssignmentError(f"scales.py has no function '{problem}', which gives the variance that is asked for")
    known = [value for value in case.arguments.values() if not isinstance(value, Seed)]
    variance = reference.scales[problem](*known)["variance"]
    target = Target.make((case.arguments["fan_in"], case.arguments["fan_out"]), check.family, variance)
    arguments = [as_called(value) for value in case.arguments.values()]
    drawn = np.asarray(reference.call(problem, *arguments))
    if drawn.shape != target.shape or not weights.standardise([drawn], [target]).right[0]:
        raise AssignmentError(f"the reference's {problem} has not the variance of scales.py for fans {target.shape}")
    return target


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


class _Attempt:
    """One student's draws for one section, and what they mean."""

    def __init__(self, check: Initializer, problem: str, section: Section, rows: Mapping[str, Row]) -> None:
        self.check, self.problem, self.section = check, problem, section
        self.targets = weights.from_tree(section["targets"])
        self.case_rows = [rows[f"case{i}"] for i in range(len(self.targets))]
        self.pair_row = rows["pair"]
        self.cumulative = section["cumulative"]
        self.read = [self._read(i) for i in range(len(self.targets))]
        found = weights.standardise([array for array, _ in self.read], self.targets)
        self.z = found.z
        self.variance_right = [
            right and not trouble for right, (_, trouble) in zip(found.right, self.read, strict=True)
        ]

    def _read(self, index: int) -> tuple[np.ndarray | None, str]:
        step = base.step_of(self.case_rows[index], 0)
        if not isinstance(step, Returned):
            return None, base.describe_step(step, self.problem)
        return weights.read_weights(step.value, self.targets[index].shape, "the result")

    def findings(self) -> list[Finding]:
        """Return all five rows."""
        return [self._variance(), *self._preservation(), self._distribution(), self._generator()]

    def signature(self, findings: Sequence[Finding]) -> Drawn:
        """Return the pattern of variances over the matrices that are large enough to tell."""
        telling = [i for i, target in enumerate(self.targets) if target.size >= TELLING]
        arrays = [self.read[i][0] for i in telling]
        ratios = [
            np.nan if array is None else weights.mean_square(array) / self.targets[i].variance
            for i, array in zip(telling, arrays, strict=True)
        ]
        counts = [self.targets[i].size for i in telling]
        return drawn_mistakes.signature(findings, ratios, counts)

    def _failed(self, name: str, message: str, index: int) -> Finding:
        outcome = base.outcome_of(base.step_of(self.case_rows[index], 0))
        case = ReportCase({"weights": self.targets[index].shape}, None, "", "")
        return Finding(name, TITLES[name], outcome, message, case)

    def _variance(self) -> Finding:
        wrong = [i for i, right in enumerate(self.variance_right) if not right]
        if not wrong:
            return Finding("variance", TITLES["variance"])
        for i in wrong:
            if self.read[i][1]:
                return self._failed("variance", self.read[i][1], i)
        # The large matrices say it most clearly, the one with default options first.
        index = next((i for i in self.section["large"] if i in wrong), wrong[-1])
        array, target = self.read[index][0], self.targets[index]
        assert array is not None
        return self._failed("variance", weights.variance_sentence("weights", array, target, self.check.asked), index)

    def _preservation(self) -> list[Finding]:
        found = []
        for name, side in (("preservation_forward", 1), ("preservation_backward", 0)):
            trouble = ""
            for number, index in enumerate(self.section["large"]):
                low, high = self.section["limits"][number][side]
                ratio, degrees = self.ratio(number, side), VECTORS * self.targets[index].shape[side]
                if ratio is None or self.read[index][1]:
                    trouble = trouble or self.read[index][1]
                elif not low <= ratio * degrees <= high:
                    trouble = trouble or (
                        f"{'forward' if side else 'backward'} through a layer of fans {self.targets[index].shape} the "
                        f"signal's variance is {ratio:.3g} times what the weights asked for would give "
                        f"(acceptable {low / degrees:.2f} to {high / degrees:.2f})."
                    )
            index = self.section["large"][0]
            found.append(self._failed(name, trouble, index) if trouble else Finding(name, TITLES[name]))
        return found

    def ratio(self, number: int, side: int) -> float | None:
        """Return the variance of a signal after the layer over what is asked: side 1 forward, 0 backward."""
        index = self.section["large"][number]
        array = self.read[index][0]
        if array is None:
            return None
        signal = self.section["inputs"][number] @ array if side else self.section["upstream"][number] @ array.T
        expected = self.targets[index].variance * VECTORS * self.targets[index].shape[side]
        return float(np.sum(signal * signal) / expected)

    def _distribution(self) -> Finding:
        small = []
        for index, (array, trouble) in enumerate(self.read):
            z, target = self.z[index], self.targets[index]
            if array is None or z is None:
                return self._failed("distribution", trouble, index)
            if array.size < MANY:
                small.append(z)
                continue
            rescale = not self.variance_right[index]
            trouble = weights.distribution_trouble(z, target, self.cumulative, rescale=rescale)
            if trouble:
                return self._failed("distribution", f"For fans {target.shape}: {trouble}.", index)
        # Draws that repeat from case to case cannot be taken together; 'generator' says so.
        if all(self.variance_right) and not self._repeats():
            trouble = weights.pooled_trouble(small, self.check.family, self.cumulative)
            if trouble:
                return self._failed("distribution", f"Over all small matrices: {trouble}.", 0)
        return Finding("distribution", TITLES["distribution"])

    def _repeats(self) -> bool:
        """Whether two cases of different seeds begin with the same numbers."""
        return weights.repeat([z for z in self.z if z is not None])

    def _generator(self) -> Finding:
        steps = self.pair_row.steps
        arrays = [step.value for step in steps if isinstance(step, Returned)]
        target = self.targets[self.section["pair"]]
        message = generator_trouble(self.problem, steps, arrays, target)
        return (
            self._failed("generator", message, self.section["pair"])
            if message
            else Finding("generator", TITLES["generator"])
        )

    def draw(self) -> tuple[Picture, ...]:
        """Return the histograms of the large matrices."""
        drawn = [(self.read[index][0], self.targets[index]) for index in self.section["large"]]
        return tuple(draw_histogram(array, target) for array, target in drawn if array is not None)

    def evidence(self) -> tuple[Evidence, ...]:
        """Return the lines on drawn fans and on the ratios of the large layers."""
        shapes = [target.shape for target in self.targets]
        lines = [verdicts.bank_cases_text(["weights"], shapes, len(shapes))]
        ratios = [[self.ratio(number, side) for number in range(len(self.section["large"]))] for side in (1, 0)]
        if all(ratio is not None for side in ratios for ratio in side):
            texts = [" ".join(f"{ratio:.2f}" for ratio in side) for side in ratios]
            lines.append(
                Evidence(
                    "variance",
                    f"variance kept by {self.problem}, wide and tall: forward {texts[0]}, backward {texts[1]}",
                )
            )
        return tuple(lines)


def generator_trouble(problem: str, steps: Sequence[Any], arrays: Sequence[Any], target: Target) -> str:
    """Return what is wrong with three draws (a generator, its twin, another), or ""."""
    if len(arrays) < 3:
        return base.describe_step(steps[-1] if steps else None, problem)
    if any(isinstance(step, Returned) and step.global_changed for step in steps):
        return f"{problem} draws from NumPy's global generator: use the rng that is passed in, and nothing else."
    if not all(isinstance(array, np.ndarray) and array.size for array in arrays):
        return f"{problem} returned no weights."
    first, twin, other = arrays[:3]
    if not np.array_equal(first, twin):
        return f"{problem} gives other weights for the same state of rng: draw from rng and from nothing else."
    if np.array_equal(first, other):
        return f"{problem} gives the same weights whatever rng is: is a seed fixed, or nothing drawn at all?"
    z, y = (array.astype(np.float64) / np.sqrt(target.variance) for array in (first, other))
    # What two draws have in common is not their mean: weights that are not centred have paid for that.
    y = y - y.mean()
    scale = float(np.std(z)) or 1.0
    if z.shape == y.shape and abs(statistics.correlation(z / scale, y)) > statistics.MEAN_LIMIT["normal"] * 1.5:
        return f"{problem} gives much the same weights whatever rng is."
    return ""
