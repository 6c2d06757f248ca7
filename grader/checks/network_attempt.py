"""What a student's networks show: variance of every layer, ratios by layer, distribution, generator."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from grader.checks import base, drawn_mistakes, proportion, suspects, verdicts, weights
from grader.checks.base import Section
from grader.checks.drawn_mistakes import Drawn
from grader.checks.initializer_attempt import TITLES as LAYER_TITLES
from grader.checks.initializer_attempt import generator_trouble
from grader.checks.network_parts import follows
from grader.checks.repeats import find_repeated
from grader.checks.shares import Finding
from grader.checks.signals import ACTIVATIONS, draw_depths
from grader.checks.suspects import Seen
from grader.checks.weights import MANY
from grader.report import Case as ReportCase
from grader.report import Evidence
from grader.sandbox.marks import Other
from grader.sandbox.replies import Returned, Row, Runner

if TYPE_CHECKING:
    from grader.pictures import Picture

TITLES = {
    **LAYER_TITLES,
    "variance": "variance of every layer",
    "preservation_forward": "activations keep their size, layer by layer",
    "preservation_backward": "gradients keep their size, layer by layer",
    "manners": "leaves its arguments alone",
}
ARGUMENTS = ("layer_sizes", "activation", "rng")
# Ten layers of about 100 units, as in the experiments: for the strict tests and the ratios by layer.
DEEP = (100, 120, 80, 100, 140, 100, 90, 110, 100, 120, 100)


class Attempt:
    """One student's networks for one section, and what they mean.

    activations: all that the declaration names; each has small networks among the section's cases.
    """

    def __init__(self, activations: Sequence[str], problem: str, section: Section, run: Runner) -> None:
        self.activations, self.problem, self.section, self.run = activations, problem, section, run
        rows = base.replay(section["request"], run)
        targets = iter(weights.from_tree(section["targets"]))
        self.targets = [[next(targets) for _ in range(depth)] for depth in section["depths"]]
        self.case_rows: list[Row] = [rows[f"case{i}"] for i in range(len(self.targets))]
        self.pair = rows["pair"]
        self.layers = [self._layers(i) for i in range(len(self.targets))]
        flat = [target for layers in self.targets for target in layers]
        arrays = [array for layers in self.layers for array, _ in layers]
        found = weights.standardise(arrays, flat)
        factors, off = proportion.judge(arrays, flat, section["draws"])
        self.z, self.right, self.factors, self.off = (
            self._by_layer(values) for values in (found.z, found.right, factors, off)
        )
        self._known_ratios: dict[tuple[int, bool], list[float] | None] = {}
        self.deep = range(len(self.targets) - section["deep"], len(self.targets))

    def _by_layer(self, values: Sequence[Any]) -> list[list[Any]]:
        """Return a flat list over all layers as one list for each network."""
        each = iter(values)
        return [[next(each) for _ in layers] for layers in self.targets]

    def _layers(self, index: int) -> list[tuple[np.ndarray | None, str]]:
        """Return every layer's weights of one case, and what is wrong with their shape."""
        step, targets = base.step_of(self.case_rows[index], 0), self.targets[index]
        if not isinstance(step, Returned):
            return [(None, base.describe_step(step, self.problem))] * len(targets)
        if not isinstance(step.value, (tuple, list)) or len(step.value) != len(targets):
            text = count_sentence(self.problem, step.value, len(targets))
            return [(None, text)] * len(targets)
        return [
            weights.read_weights(value, target.shape, f"layer {number + 1}")
            for number, (value, target) in enumerate(zip(step.value, targets, strict=True))
        ]

    def findings(self) -> list[Finding]:
        """Return all six rows."""
        manners = verdicts.manners_finding(self.problem, lambda index: ARGUMENTS, [*self.case_rows, self.pair], ())
        return [self._variance(), *self._preservation(), self._distribution(), self._generator(), manners]

    def signature(self, findings: Sequence[Finding]) -> Drawn:
        """Return the pattern of variances: every layer of the deep networks, then each activation's small ones."""
        ratios, counts = [], []
        for index in self.deep:
            for (array, _), target in zip(self.layers[index], self.targets[index], strict=True):
                ratios.append(np.nan if array is None else weights.mean_square(array) / target.variance)
                counts.append(target.size)
        for activation in self.activations:
            total, count = 0.0, 0
            for index in range(self.deep[0]):
                if self.section["activations"][index] == activation:
                    for (array, _), target in zip(self.layers[index], self.targets[index], strict=True):
                        total += np.nan if array is None else float(np.sum(array * array)) / target.variance
                        count += target.size
            ratios.append(total / max(count, 1))
            counts.append(max(count, 1))
        return drawn_mistakes.signature(findings, ratios, counts)

    def _failed(self, name: str, message: str, index: int) -> Finding:
        outcome = base.outcome_of(base.step_of(self.case_rows[index], 0))
        shapes: dict[str, tuple[int, ...]] = {
            f"layer {n + 1}": target.shape for n, target in enumerate(self.targets[index][:4])
        }
        activation = self.section["activations"][index]
        return Finding(name, TITLES[name], outcome, message, ReportCase(shapes, None, f"activation {activation!r}", ""))

    @cached_property
    def wrong_layers(self) -> list[tuple[int, int]]:
        """Return (network, layer) of every layer whose shape or variance is wrong."""
        return [
            (index, number)
            for index, layers in enumerate(self.layers)
            for number, (array, trouble) in enumerate(layers)
            if array is None or trouble or not self.right[index][number] or self.off[index][number]
        ]

    def _variance(self) -> Finding:
        wrong = self.wrong_layers
        if not wrong:
            return Finding("variance", TITLES["variance"])
        for index, number in wrong:
            if self.layers[index][number][1]:
                return self._failed("variance", self.layers[index][number][1], index)
        # What a sample shows needs no further word; the largest layer says it most clearly.
        plain = [place for place in wrong if not self.right[place[0]][place[1]]] or wrong
        place = max(plain, key=lambda place: self.targets[place[0]][place[1]].size)
        return self._failed("variance", self._variance_sentence(place, plain), place[0])

    def _variance_sentence(self, place: tuple[int, int], wrong: Sequence[tuple[int, int]]) -> str:
        index, number = place
        seen = {one: self._seen(*one) for one in wrong}
        slip = suspects.guess(list(seen.values()), seen[place])
        name = f"layer {number + 1} of {len(self.layers[index])}"
        asked = f"the one for {self.section['activations'][index]!r}"
        array = self.layers[index][number][0]
        assert array is not None
        if self.right[index][number]:
            return suspects.factor_sentence(name, seen[place], asked, slip)
        return suspects.variance_sentence(name, array, self.targets[index][number], asked, slip)

    def _seen(self, index: int, number: int) -> Seen:
        array = self.layers[index][number][0]
        assert array is not None
        flat = sum(self.section["depths"][:index]) + number
        others = suspects.others_of(self.section["others"], flat)
        return Seen.look(array, self.targets[index][number], self.factors[index][number], others)

    def _preservation(self) -> list[Finding]:
        found = []
        for name, forward in (("preservation_forward", True), ("preservation_backward", False)):
            message, at = "", self.deep[0]
            for number, index in enumerate(self.deep):
                ratios = self.ratios(number, forward=forward)
                if ratios is None:
                    message, at = (
                        message or next(trouble for _, trouble in self.layers[index] if trouble),
                        index,
                    )
                    continue
                outside = [layer for layer, ratio in enumerate(ratios) if not self._accepts(ratio, layer, forward)]
                if outside and not message:
                    at = index
                    message = _ratio_sentence(ratios, outside[0], forward, self.section["activations"][index])
            found.append(self._failed(name, message, at) if message else Finding(name, TITLES[name]))
        return found

    def _accepts(self, ratio: float, layer: int, forward: bool) -> bool:
        width = layer + 1 if forward else layer
        low, high = self.section["limits"][width]
        return bool(low <= ratio * DEEP[width] <= high)

    def ratios(self, number: int, *, forward: bool) -> list[float] | None:
        """Return the ratios of `_ratios`, computed once."""
        if (number, forward) not in self._known_ratios:
            self._known_ratios[number, forward] = self._ratios(number, forward=forward)
        return self._known_ratios[number, forward]

    def _ratios(self, number: int, *, forward: bool) -> list[float] | None:
        """Return for each layer |z|^2 over what the asked variance gives for its input, input layer first.

        Exact for any activation: given its input, a normal layer's squared output is chi-square. Backward the
        signal runs through the transposed weights from the last layer to the first.
        """
        index = self.deep[number]
        layers = self.layers[index]
        if any(array is None or trouble for array, trouble in layers):
            return None
        activation = ACTIVATIONS[self.section["activations"][index]].value
        signal = self.section["inputs"][number] if forward else self.section["upstream"][number]
        order = range(len(layers)) if forward else reversed(range(len(layers)))
        ratios = {}
        with np.errstate(all="ignore"):
            for layer in order:
                array = layers[layer][0]
                assert array is not None
                variance = self.targets[index][layer].variance
                size = float(np.sum(signal * signal)) * variance
                z = signal @ (array if forward else array.T)
                ratios[layer] = float(np.sum(z * z)) / (size * z.size) if size > 0 else 0.0
                signal = activation(z)
        return [ratios[layer] for layer in range(len(layers))]

    def _distribution(self) -> Finding:
        wrong, small = set(self.wrong_layers), []
        for index, layers in enumerate(self.layers):
            for number, (array, trouble) in enumerate(layers):
                if array is None:
                    return self._failed("distribution", trouble, index)
                z = self.z[index][number]
                if z is None or array.size < MANY:
                    small += [] if z is None else [z]
                    continue
                target = self.targets[index][number]
                found = weights.distribution_trouble(z, target, self.section["cumulative"], rescale=bool(wrong))
                if found:
                    return self._failed("distribution", weights.ended(f"Layer {number + 1}: {found}"), index)
        # Draws that repeat from case to case cannot be taken together; 'generator' says so.
        firsts = [layers[0] for layers in self.z if layers[0] is not None]
        pooled = not wrong and not weights.repeat(firsts)
        trouble = "" if not pooled else weights.pooled_trouble(small, "normal", self.section["cumulative"])
        if trouble:
            return self._failed("distribution", weights.ended(f"Over all small networks: {trouble}"), 0)
        # The deep networks first: they tell a state that is set back from a weight that is used twice.
        repeated = find_repeated(self.z, [*self.deep, *range(self.deep[0])])
        if repeated:
            return self._failed("distribution", repeated[1], repeated[0])
        return Finding("distribution", TITLES["distribution"])

    def _generator(self) -> Finding:
        arrays = [
            np.concatenate([np.ravel(item) for item in step.value])
            for step in self.pair.steps
            if isinstance(step, Returned)
            and isinstance(step.value, (tuple, list))
            and step.value
            and all(isinstance(item, np.ndarray) and item.dtype.kind == "f" for item in step.value)
        ]
        target = self.targets[-1][0]
        message = generator_trouble(self.problem, self.pair.steps, arrays, target)
        index = len(self.targets) - 1
        return self._failed("generator", message, index) if message else Finding("generator", TITLES["generator"])

    def follows_parts(self) -> bool:
        """Whether every network is what the student's own initialisers give."""
        own = base.replay(self.section["parts"], self.run)
        return follows(self.case_rows, [own[f"parts{index}"] for index in range(len(self.case_rows))], self.targets)

    def draw(self) -> tuple[Picture, ...]:
        """Return what the deep networks do to a signal, forward and backward."""
        drawn: list[Picture] = []
        for index in self.deep:
            arrays = [array for array, trouble in self.layers[index] if array is not None and not trouble]
            if len(arrays) == len(self.targets[index]):
                drawn += draw_depths(arrays, self.targets[index], self.section["activations"][index])
        return tuple(drawn)

    def evidence(self) -> tuple[Evidence, ...]:
        """Return the lines on drawn sizes and on the ratio of every layer of the deep networks."""
        sizes = [len(layers) + 1 for layers in self.targets[: self.deep[0]]]
        lines = [
            Evidence(
                "cases",
                f"{len(sizes)} networks drawn by Hypothesis, from {min(sizes)} to {max(sizes)} sizes",
                len(sizes),
            )
        ]
        drawn = []
        for number, index in enumerate(self.deep):
            sides = [self.ratios(number, forward=forward) for forward in (True, False)]
            if all(side is not None for side in sides):
                texts = [" ".join(f"{ratio:.2f}" for ratio in side or ()) for side in sides]
                name = self.section["activations"][index]
                drawn.append(Evidence("variance", f"variance ratio by layer, {name}, forward: {texts[0]}"))
                drawn.append(Evidence("variance", f"variance ratio by layer, {name}, backward: {texts[1]}"))
        if drawn:
            limits = np.array(self.section["limits"]) / np.array(DEEP)[:, None]
            chance = f"chance allows {limits.min():.2f} to {limits.max():.2f}"
            lines.append(Evidence("variance", f"variance preservation, layer by layer: 1 is as asked, {chance}"))
        lines += drawn
        return tuple(lines)


def count_sentence(problem: str, value: Any, layers: int) -> str:
    """Say that a result is no list with a weight for every layer."""
    if isinstance(value, (tuple, list)):
        return (
            f"{problem} returned a list of length {len(value)}, expected length {layers}: layer_sizes has {layers + 1} "
            "entries, the input's size first, and a weight lies between every two neighbours."
        )
    kind = value.type_name if isinstance(value, Other) else ""
    got = f"a value of type {kind}"
    if value is None:
        got = "None"
    elif isinstance(value, dict) or kind == "dict":
        got = "a dictionary"
    elif isinstance(value, np.ndarray):
        got = "one array"
    elif kind.startswith("ndarray of dtype"):
        got = f"one array of {kind.removeprefix('ndarray of ')}"
    elif not kind:
        got = f"a value of type {type(value).__name__}"
    hint = " Is a return statement missing?" if value is None else ""
    return f"{problem} returned {got}, expected a list of arrays, one for each layer.{hint}"


def _ratio_sentence(ratios: Sequence[float], layer: int, forward: bool, activation: str) -> str:
    way = "activations" if forward else "gradients"
    listed = " ".join(f"{ratio:.2f}" for ratio in ratios)
    return (
        f"With {activation!r} the {way} change their variance at layer {layer + 1} by {ratios[layer]:.3g} times what "
        f"was asked (1 is right). By layer: {listed}."
    )
