"""One weight matrix against the distribution that was asked for: its variance, its shape, what to say."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.checks import statistics
from grader.checks.compare import show_shape
from grader.checks.statistics import Limits
from grader.sandbox.marks import Other

# Above this many weights a matrix can speak on its distribution even when its variance is wrong.
MANY = 2_000


@dataclass(frozen=True)
class Target:
    """What a matrix of `shape` (fan_in, fan_out) was asked to be. Only large ones have all limits."""

    shape: tuple[int, int]
    family: str
    variance: float
    total: tuple[float, float]
    limits: Limits | None

    @staticmethod
    def make(shape: tuple[int, int], family: str, variance: float) -> Target:
        """Compute the limits; needs scipy, so only where banks are built."""
        size = shape[0] * shape[1]
        limits = statistics.make_limits(*shape, family) if size >= MANY else None
        return Target(shape, family, float(variance), statistics.total_limits(size, family), limits)

    @property
    def size(self) -> int:
        """Number of weights."""
        return self.shape[0] * self.shape[1]


def to_tree(targets: Sequence[Target]) -> dict[str, Any]:
    """Return plain values for the bank: columns, so that reading them costs nothing a matrix."""
    return {
        "family": targets[0].family,
        "shapes": np.array([target.shape for target in targets], dtype=np.int64),
        "numbers": np.array([(target.variance, *target.total) for target in targets]),
        "limits": [None if target.limits is None else target.limits.to_tree() for target in targets],
    }


def from_tree(tree: Mapping[str, Any]) -> list[Target]:
    """Rebuild from what `to_tree` wrote."""
    columns = zip(tree["shapes"].tolist(), tree["numbers"].tolist(), tree["limits"], strict=True)
    return [
        Target((rows, width), tree["family"], variance, (low, high), None if one is None else Limits.from_tree(one))
        for (rows, width), (variance, low, high), one in columns
    ]


def read_weights(value: Any, shape: tuple[int, int], name: str) -> tuple[np.ndarray | None, str]:
    """Return the weights as (fan_in, fan_out) float64, and what is wrong with their shape or kind.

    A transposed matrix comes back turned, with the remark: its numbers can still be judged.
    """
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiu":
        kind = value.type_name if isinstance(value, Other) else type(value).__name__
        return None, f"{name} is a value of type {kind}, expected an array of shape {show_shape(shape)}."
    array = value.astype(np.float64, copy=False)
    if array.shape == shape:
        return array, ""
    remark = f"{name} has shape {show_shape(array.shape)}, expected (fan_in, fan_out) = {show_shape(shape)}."
    if array.shape == shape[::-1]:
        return array.T, f"{remark} Is it transposed?"
    return None, remark


def ended(text: str) -> str:
    """Return a sentence with its full stop, where it does not end in a question."""
    return text if text.endswith((".", "?")) else f"{text}."


def mean_square(weights: np.ndarray) -> float:
    """Return the observed variance around the declared mean of zero."""
    return float(np.mean(np.square(weights)))


@dataclass(frozen=True)
class Standardised:
    """Many matrices, each divided by the standard deviation that was asked for: z, and whose variance is right."""

    z: list[np.ndarray | None]
    right: list[bool]


def standardise(arrays: Sequence[np.ndarray | None], targets: Sequence[Target]) -> Standardised:
    """Divide every matrix by what was asked and test its sum of squares; all small matrices in one sweep."""
    pieces: list[np.ndarray | None] = [None] * len(arrays)
    totals = [float("nan")] * len(arrays)
    small: list[tuple[int, np.ndarray]] = []
    with np.errstate(all="ignore"):
        for index, (array, target) in enumerate(zip(arrays, targets, strict=True)):
            if array is not None and array.size < MANY:
                small.append((index, array))
            elif array is not None:
                z = array * (1.0 / math.sqrt(target.variance))
                pieces[index], totals[index] = z, float(np.vdot(z, z))
        if small:
            _standardise_small(small, targets, pieces, totals)
    right = [target.total[0] <= total <= target.total[1] for total, target in zip(totals, targets, strict=True)]
    return Standardised(pieces, right)


def _standardise_small(
    small: Sequence[tuple[int, np.ndarray]],
    targets: Sequence[Target],
    pieces: list[np.ndarray | None],
    totals: list[float],
) -> None:
    sizes = [array.size for _, array in small]
    ends: np.ndarray = np.cumsum(sizes)
    scale = np.repeat([1.0 / math.sqrt(targets[index].variance) for index, _ in small], sizes)
    z = np.concatenate([array.ravel() for _, array in small]) * scale
    sums = np.add.reduceat(z * z, (ends - sizes).tolist()).tolist()
    for (index, array), end, total in zip(small, ends.tolist(), sums, strict=True):
        pieces[index] = z[end - array.size : end].reshape(array.shape)
        totals[index] = total


def variance_range(target: Target) -> tuple[float, float]:
    """Return the acceptable range of the observed variance."""
    low, high = target.total
    return low * target.variance / target.size, high * target.variance / target.size


def distribution_trouble(z: np.ndarray, target: Target, expected: np.ndarray, *, rescale: bool) -> str:
    """Return what is wrong with the distribution of a large matrix, or "".

    z: standardised weights. With `rescale` they are judged at their own scale: a wrong variance has been paid
    for already. expected: from `statistics.cumulative`, frozen in the bank.
    """
    if not np.isfinite(z).all():
        return "some weights are not finite numbers"
    if not z.any():
        return "all weights are zero"
    if z.min() == z.max():
        return (
            f"all weights are equal: each is {z.flat[0] * math.sqrt(target.variance):.3g}, so units would start alike"
        )
    own = z / _own_scale(z, target.family) if rescale else z
    trouble = _shape_trouble(own, target, expected)
    clipped = _count_clipped(z) if trouble else 0
    if clipped:
        return f"the weights were clipped: {clipped} of {z.size} are equal to the largest or the smallest of them"
    # Only ever an explanation: below some 15,000 weights the families look alike.
    for other in ("uniform", "normal"):
        if trouble and other != target.family and _looks_like(z, other):
            return f"the weights are drawn from a {other} distribution, where a {target.family} one was asked"
    return trouble


def _count_clipped(z: np.ndarray) -> int:
    """Return how many weights are heaped at the two ends, 0 where they are not, or where most others repeat too."""
    heaped = int(np.count_nonzero((z == z.min()) | (z == z.max())))
    return heaped if heaped >= 4 and np.unique(z).size >= z.size / 2 else 0


def _own_scale(z: np.ndarray, family: str) -> float:
    """Return the standard deviation that the weights seem to have: for bounded ones, by their bound."""
    if family == "normal":
        return float(np.sqrt(np.mean(z * z)))
    return float(np.max(np.abs(z)) * (1.0 + 1.0 / z.size) / statistics.BOUND[family])


def _looks_like(z: np.ndarray, family: str) -> bool:
    """Whether the weights, at their own scale, have the distribution of the other family: by quartiles of |z|."""
    share = float(np.mean(np.abs(z) < 0.5 * np.sqrt(np.mean(z * z))))
    expected = 0.5 / np.sqrt(3.0) if family == "uniform" else 0.38292492254802624
    tails = float(np.max(np.abs(z)) / np.sqrt(np.mean(z * z)))
    near = abs(share - expected) < statistics.distance_limit(z.size) * 2.0
    return near and (tails < 1.8 if family == "uniform" else tails > 3.0)


def _shape_trouble(z: np.ndarray, target: Target, expected: np.ndarray) -> str:
    limits, n = target.limits, z.size
    assert limits is not None
    largest = float(max(-z.min(), z.max()))
    if target.family in statistics.BOUND and largest > limits.largest[1]:
        reach, bound = (np.sqrt(target.variance) * value for value in (largest, statistics.BOUND[target.family]))
        return f"some weights lie beyond the bound: |w| up to {reach:.4g}, where {bound:.4g} is the limit"
    share = statistics.distinct_share(z)
    if n > 1 and share < 0.99:
        return f"many weights are equal: {share:.0%} of them are distinct, so units would start alike"
    if abs(float(z.sum())) / np.sqrt(n) > statistics.MEAN_LIMIT[target.family]:
        return f"the weights are not centred: their mean is {float(z.mean()):+.2g} standard deviations from 0"
    rows_right = statistics.within(statistics.sums_total(z, axis=1), limits.rows_total)
    columns_right = statistics.within(statistics.sums_total(z, axis=0), limits.columns_total)
    if not (rows_right and columns_right):
        side = "columns" if not columns_right else "rows"
        return f"the weights of a unit depend on one another: the sums over {side} are not what independent draws give"
    if largest < limits.largest[0]:
        return (
            f"the tails are missing: no weight is beyond {largest:.2f} standard deviations, where {n} draws reach "
            f"at least {limits.largest[0]:.2f}; are the draws truncated?"
        )
    if largest > limits.largest[1]:
        return f"the histogram is not that of a {target.family} distribution"
    return _histogram_trouble(z, target.family, expected)


def _histogram_trouble(z: np.ndarray, family: str, expected: np.ndarray) -> str:
    distance = statistics.distance(z, family, expected)
    if distance > statistics.distance_limit(z.size):
        return f"the histogram is not that of a {family} distribution"
    if statistics.is_too_even(distance, z.size):
        return "the weights are spread more evenly than independent draws are: is every weight drawn by itself?"
    return ""


def pooled_trouble(pieces: Sequence[np.ndarray], family: str, expected: np.ndarray) -> str:
    """Return what is wrong with the distribution of many small matrices together, or "". pieces: z of each."""
    if not pieces:
        return ""
    z = np.concatenate([piece.ravel() for piece in pieces])
    if not np.isfinite(z).all():
        return "some weights are not finite numbers"
    if family in statistics.BOUND and float(np.max(np.abs(z))) > statistics.BOUND[family] * statistics.ROUNDED:
        return "some weights lie beyond the bound"
    if abs(float(z.sum())) / np.sqrt(z.size) > statistics.MEAN_LIMIT[family]:
        return f"the weights are not centred: their mean is {float(z.mean()):+.2g} standard deviations from 0"
    return _histogram_trouble(z, family, expected)


def repeat(pieces: Sequence[np.ndarray]) -> bool:
    """Whether two matrices begin with the same number: of continuous draws no two are alike."""
    firsts = [round(float(piece.ravel()[0]), 9) for piece in pieces]
    return len(set(firsts)) < len(firsts)
