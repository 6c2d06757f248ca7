"""One weight matrix against the distribution that was asked for: its variance, its shape, what to say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.checks import statistics
from grader.checks.compare import show_shape
from grader.checks.statistics import NORMAL_LIMIT, Limits
from grader.sandbox.codec import Other

# Above this many weights a matrix can speak on its distribution even when its variance is wrong.
MANY = 2_000


@dataclass(frozen=True)
class Target:
    """What a matrix of `shape` (fan_in, fan_out) was asked to be."""

    shape: tuple[int, int]
    family: str
    variance: float
    limits: Limits

    @property
    def bound(self) -> float:
        """Half the width of the uniform distribution of this variance."""
        return float(np.sqrt(3.0 * self.variance))

    def to_tree(self) -> dict[str, Any]:
        """Return plain values for the bank."""
        return {
            "shape": list(self.shape),
            "family": self.family,
            "variance": self.variance,
            "limits": self.limits.to_tree(),
        }

    @staticmethod
    def from_tree(tree: Mapping[str, Any]) -> Target:
        """Rebuild from what `to_tree` wrote."""
        fan_in, fan_out = tree["shape"]
        return Target((fan_in, fan_out), tree["family"], tree["variance"], Limits.from_tree(tree["limits"]))

    @staticmethod
    def make(shape: tuple[int, int], family: str, variance: float) -> Target:
        """Compute the limits; needs scipy, so only where banks are built."""
        return Target(shape, family, float(variance), statistics.make_limits(*shape))


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


def mean_square(weights: np.ndarray) -> float:
    """Return the observed variance around the declared mean of zero."""
    return float(np.mean(np.square(weights)))


def standardise(arrays: Sequence[np.ndarray | None], targets: Sequence[Target]) -> list[np.ndarray | None]:
    """Return every matrix as z, standard normal if it is what was asked; all matrices in one sweep."""
    present = [(array, target) for array, target in zip(arrays, targets, strict=True) if array is not None]
    if not present:
        return [None] * len(arrays)
    flat = np.concatenate([array.ravel() for array, _ in present])
    sizes = [array.size for array, _ in present]
    scale = np.repeat([np.sqrt(target.variance) for _, target in present], sizes)
    z = statistics.to_normal(flat, present[0][1].family, scale)
    pieces = iter(np.split(z, np.cumsum(sizes)[:-1]))
    return [None if array is None else next(pieces).reshape(array.shape) for array in arrays]


def variance_is_right(weights: np.ndarray, z: np.ndarray, target: Target) -> bool:
    """Whether the sum of squares lies within its limits. z: the weights, standardised."""
    total = float(np.sum(z * z))
    if np.isnan(total):
        # Weights beyond the uniform bound have no z; their plain sum of squares speaks for them.
        total = float(np.sum(weights * weights)) / target.variance
    return statistics.within(total, target.limits.total)


def variance_range(target: Target) -> tuple[float, float]:
    """Return the acceptable range of the observed variance."""
    n = target.shape[0] * target.shape[1]
    low, high = target.limits.total
    return low * target.variance / n, high * target.variance / n


def distribution_trouble(
    weights: np.ndarray, z: np.ndarray, target: Target, cumulative: np.ndarray, *, rescale: bool
) -> str:
    """Return what is wrong with the distribution, or "".

    z: the weights, standardised. With `rescale` they are judged at their own scale: a wrong variance has been
    paid for already. cumulative: from `statistics.normal_cumulative`, frozen in the bank.
    """
    if not np.isfinite(weights).all():
        return "some weights are not finite numbers"
    if not weights.any():
        return "all weights are zero"
    scale = _own_scale(weights, target.family) if rescale else float(np.sqrt(target.variance))
    if rescale:
        z = statistics.to_normal(weights, target.family, scale)
    trouble = _bound_trouble(weights, scale) if np.isnan(z).any() else _shape_trouble(z, target, cumulative)
    # Only ever an explanation: below some 15,000 weights the two families look alike.
    other = "uniform" if target.family == "normal" else "normal"
    if trouble and weights.size >= MANY and _looks_like(weights, other, target, cumulative):
        return f"the weights are drawn from a {other} distribution, where a {target.family} one was asked"
    return trouble


def _bound_trouble(weights: np.ndarray, scale: float) -> str:
    largest, bound = float(np.max(np.abs(weights))), float(np.sqrt(3.0) * scale)
    return f"some weights lie beyond the bound: |w| up to {largest:.4g} where {bound:.4g} is the limit"


def pooled_trouble(pieces: Sequence[np.ndarray], family: str, cumulative: np.ndarray) -> str:
    """Return what is wrong with the distribution of many small matrices together, or "". pieces: z of each."""
    if not pieces:
        return ""
    z = np.concatenate([piece.ravel() for piece in pieces])
    if np.isnan(z).any():
        return "some weights of small matrices are not finite, or lie beyond the bound"
    if abs(float(z.sum())) / np.sqrt(z.size) > NORMAL_LIMIT:
        return f"the weights are not centred: their mean is {float(z.mean()):+.2g} standard deviations from 0"
    if statistics.distance(z, cumulative) > statistics.distance_limit(z.size):
        return f"the histogram is not that of a {family} distribution"
    return ""


def _looks_like(weights: np.ndarray, family: str, target: Target, cumulative: np.ndarray) -> bool:
    z = statistics.to_normal(weights, family, _own_scale(weights, family))
    return not np.isnan(z).any() and statistics.distance(z, cumulative) <= target.limits.distance


def _own_scale(weights: np.ndarray, family: str) -> float:
    """Return the standard deviation that the weights seem to have: for uniform ones, by their bound."""
    if family == "normal":
        return float(np.sqrt(mean_square(weights)))
    return float(np.max(np.abs(weights)) * (1.0 + 1.0 / weights.size) / np.sqrt(3.0))


def _shape_trouble(z: np.ndarray, target: Target, cumulative: np.ndarray) -> str:
    limits, n = target.limits, z.size
    share = statistics.distinct_share(z)
    if n > 1 and share < 0.99:
        return f"many weights are equal: {share:.0%} of them are distinct, so units would start alike"
    if abs(float(z.sum())) / np.sqrt(n) > NORMAL_LIMIT:
        return f"the weights are not centred: their mean is {float(z.mean()):+.2g} standard deviations from 0"
    rows_right = statistics.within(statistics.sums_total(z, axis=1), limits.rows_total)
    columns_right = statistics.within(statistics.sums_total(z, axis=0), limits.columns_total)
    if not (rows_right and columns_right):
        side = "columns" if not columns_right else "rows"
        return f"the weights of a unit depend on one another: the sums over {side} are not what independent draws give"
    largest = float(max(-z.min(), z.max()))
    if largest < limits.largest[0]:
        return (
            f"the tails are missing: no weight is beyond {largest:.2f} standard deviations, where {n} draws reach "
            f"at least {limits.largest[0]:.2f}; are the draws truncated?"
        )
    if largest > limits.largest[1] or statistics.distance(z, cumulative) > limits.distance:
        return f"the histogram is not that of a {target.family} distribution"
    return ""


SUSPECTS = (
    (2.0, "twice too large"),
    (0.5, "half of what was asked: is the 2 missing?"),
    (4.0, "four times too large"),
    (0.25, "a quarter of what was asked"),
    (3.0, "three times too large: is the standard deviation used as the bound of the uniform distribution?"),
    (
        1.0 / 3.0,
        "a third of what was asked: is the standard deviation used as the bound of the uniform distribution?",
    ),
)


def variance_sentence(name: str, weights: np.ndarray, target: Target, asked: str) -> str:
    """Return what was seen in the student's terms, with the acceptable range, and the likeliest slip."""
    seen, wanted = mean_square(weights), target.variance
    low, high = variance_range(target)
    text = (
        f"{name}: variance {seen:.4g} where {asked} = {wanted:.4g} was asked "
        f"(fan_in {target.shape[0]}, fan_out {target.shape[1]}; acceptable {low:.4g} to {high:.4g})"
    )
    return f"{text}: {_suspect(seen, target, low / wanted, high / wanted)}."


def _suspect(seen: float, target: Target, low: float, high: float) -> str:
    ratio = seen / target.variance
    fan_in, fan_out = target.shape
    candidates = [*SUSPECTS]
    if fan_in != fan_out:
        candidates.append((fan_in / fan_out, "did you use fan_out for fan_in?"))
        candidates.append(
            ((fan_in + fan_out) / (2.0 * fan_in), "did you use fan_in alone, not the average of the fans?")
        )
        candidates.append(
            ((fan_in + fan_out) / (2.0 * fan_out), "did you use fan_out alone, not the average of the fans?")
        )
    candidates.append((target.variance, "is the variance used where its square root is needed?"))
    candidates.append((1.0 / target.variance, "is the variance not scaled by the fans at all?"))
    fitting = (
        [(abs(np.log(ratio / factor)), text) for factor, text in candidates if low <= ratio / factor <= high]
        if ratio > 0
        else []
    )
    if fitting:
        return min(fitting)[1]
    return "all weights are zero" if ratio == 0 else f"{ratio:.3g} times what was asked"
