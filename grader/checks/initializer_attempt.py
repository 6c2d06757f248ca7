"""What a student's weights show: variance, what a layer keeps, distribution, generator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from grader.checks import base, drawn_mistakes, proportion, statistics, suspects, verdicts, weights
from grader.checks.base import Section
from grader.checks.drawn_mistakes import Drawn
from grader.checks.shares import Finding
from grader.checks.signals import draw_histogram
from grader.checks.suspects import Seen
from grader.checks.weights import MANY, Target
from grader.report import Case as ReportCase
from grader.report import Evidence
from grader.sandbox.replies import Returned, Row

if TYPE_CHECKING:
    from grader.pictures import Picture

TITLES = {
    "variance": "variance",
    "preservation_forward": "a layer keeps the size of its input",
    "preservation_backward": "a layer keeps the size of the gradient",
    "distribution": "distribution",
    "generator": "draws from the generator that was passed in",
}
# Signals that are sent through a layer; weights that are enough to tell one mistake from another.
VECTORS = 8
TELLING = 500


class Attempt:
    """One student's draws for one section, and what they mean. asked: the variance in words."""

    def __init__(self, family: str, asked: str, problem: str, section: Section, rows: Mapping[str, Row]) -> None:
        self.family, self.asked, self.problem, self.section = family, asked, problem, section
        self.targets = weights.from_tree(section["targets"])
        self.case_rows = [rows[f"case{i}"] for i in range(len(self.targets))]
        self.pair_row = rows["pair"]
        self.cumulative = section["cumulative"]
        self.read = [self._read(i) for i in range(len(self.targets))]
        found = weights.standardise([array for array, _ in self.read], self.targets)
        self.z = found.z
        self.sample_right = found.right
        self.factors, off = proportion.judge([array for array, _ in self.read], self.targets, section["draws"])
        self.variance_right = [
            right and not trouble and not wrong
            for right, wrong, (_, trouble) in zip(found.right, off, self.read, strict=True)
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
        # What a sample shows needs no further word; the large matrices say it most clearly, default options first.
        plain = [i for i in wrong if not self.sample_right[i]] or wrong
        index = next((i for i in self.section["large"] if i in plain), plain[-1])
        found = {i: self._seen(i) for i in plain}
        slip = suspects.guess(list(found.values()), found[index])
        array, _ = self.read[index]
        assert array is not None
        if self.sample_right[index]:
            text = suspects.factor_sentence("weights", found[index], self.asked, slip)
        else:
            text = suspects.variance_sentence("weights", array, self.targets[index], self.asked, slip)
        return self._failed("variance", text, index)

    def _seen(self, index: int) -> Seen:
        array, _ = self.read[index]
        assert array is not None
        others = suspects.others_of(self.section["others"], index)
        return Seen.look(array, self.targets[index], self.factors[index], others)

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
        # A wrong scale has been paid for, also in matrices that are too small to show it.
        small, rescale = [], not all(self.variance_right)
        for index, (array, trouble) in enumerate(self.read):
            z, target = self.z[index], self.targets[index]
            if array is None or z is None:
                return self._failed("distribution", trouble, index)
            if array.size < MANY:
                small.append(z)
                continue
            trouble = weights.distribution_trouble(z, target, self.cumulative, rescale=rescale)
            if trouble:
                return self._failed("distribution", weights.ended(f"For fans {target.shape}: {trouble}"), index)
        # Draws that repeat from case to case cannot be taken together; 'generator' says so.
        if not rescale and not self._repeats():
            trouble = weights.pooled_trouble(small, self.family, self.cumulative)
            if trouble:
                return self._failed("distribution", weights.ended(f"Over all small matrices: {trouble}"), 0)
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
    if len(arrays) < 3 and steps and isinstance(steps[-1], Returned):
        return f"{problem} returned no weights that could be compared."
    if len(arrays) < 3:
        return base.describe_step(steps[-1] if steps else None, problem)
    if any(isinstance(step, Returned) and step.global_changed for step in steps):
        return f"{problem} draws from NumPy's global generator: use the rng that is passed in, and nothing else."
    if not all(isinstance(array, np.ndarray) and array.size for array in arrays):
        return f"{problem} returned no weights."
    first, twin, other = arrays[:3]
    if all(bool(np.all(array == first.flat[0])) for array in (first, twin, other)):
        return f"all weights are {float(first.flat[0]):.3g}: nothing is drawn from rng."
    if not np.array_equal(first, twin):
        return f"{problem} gives other weights for the same state of rng: draw from rng and from nothing else."
    if np.array_equal(first, other):
        return f"{problem} gives the same weights whatever rng is: is a seed fixed?"
    z, y = (array.astype(np.float64) / np.sqrt(target.variance) for array in (first, other))
    # What two draws have in common is not their mean: weights that are not centred have paid for that.
    y = y - y.mean()
    scale = float(np.std(z)) or 1.0
    if z.shape == y.shape and abs(statistics.correlation(z / scale, y)) > statistics.MEAN_LIMIT["normal"] * 1.5:
        return f"{problem} gives much the same weights whatever rng is."
    return ""
