"""Pictures of drawn weights: their histogram, and what ten layers of them do to a signal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from grader.checks.statistics import LEFT
from grader.checks.weights import Target

if TYPE_CHECKING:
    from grader.pictures import Depth, Histogram

BINS = 40
EXAMPLES = 32
NETWORKS = 20
LEAK = 0.01


@dataclass(frozen=True)
class Activation:
    """An activation and its derivative, both as functions of z."""

    value: Any
    slope: Any


ACTIVATIONS: Mapping[str, Activation] = MappingProxyType(
    {
        "relu": Activation(lambda z: np.maximum(z, 0.0), lambda z: np.where(z > 0, 1.0, 0.0)),
        "leaky_relu": Activation(lambda z: np.where(z > 0, z, LEAK * z), lambda z: np.where(z > 0, 1.0, LEAK)),
        "tanh": Activation(np.tanh, lambda z: 1.0 - np.tanh(z) ** 2),
        "sigmoid": Activation(lambda z: _logistic(z), lambda z: _logistic(z) * (1.0 - _logistic(z))),
        "linear": Activation(lambda z: z, np.ones_like),
    }
)


def _logistic(z: np.ndarray) -> np.ndarray:
    result: np.ndarray = 1.0 / (1.0 + np.exp(-z))
    return result


def draw_histogram(weights: np.ndarray, target: Target) -> Histogram:
    """Return the weights in bins that reach far enough for the target, and for the weights within twice that."""
    from grader.pictures import Histogram  # For start-up time.

    deviation = math.sqrt(target.variance)
    spread = deviation * {"uniform": math.sqrt(3.0), "truncated": 1.0 / LEFT}.get(target.family, 1.0)
    reach = {"uniform": 1.5, "truncated": 2.5}.get(target.family, 4.0) * spread
    flat = weights.ravel()
    with np.errstate(all="ignore"):
        farthest = float(max(flat.max(initial=0.0), -flat.min(initial=0.0)))
        if not math.isfinite(farthest):
            flat = flat[np.isfinite(flat)]
            farthest = float(max(flat.max(initial=0.0), -flat.min(initial=0.0)))
        limit = min(max(reach, 1.02 * farthest), 2.0 * reach)
        inside = flat if farthest <= limit else flat[np.abs(flat) <= limit]
        # A picture needs no exact edges, which are what takes `np.histogram` its time.
        bins = (inside * (BINS / (2.0 * limit)) + BINS / 2).astype(np.intp)
    counts = np.bincount(np.minimum(bins, BINS - 1, out=bins), minlength=BINS)
    shape = tuple(int(length) for length in weights.shape)
    return Histogram(shape, limit, tuple(counts.tolist()), int(weights.size - inside.size), target.family, spread)


def draw_depths(layers: Sequence[np.ndarray], targets: Sequence[Target], activation: str) -> tuple[Depth, Depth]:
    """Return the standard deviations of z and of its gradient through a student's network, beside right ones."""
    from grader.pictures import Depth  # For start-up time.

    widths = (targets[0].shape[0], *(target.shape[1] for target in targets))
    ideal = _right_networks(widths, tuple(target.variance for target in targets), activation)
    mine = _deviations(layers, widths, activation)
    forward, backward = (
        Depth(activation, direction, tuple(mine[side].tolist()), *(tuple(row.tolist()) for row in ideal[side]))
        for side, direction in enumerate(("forward", "backward"))
    )
    return forward, backward


@lru_cache(maxsize=16)
def _right_networks(widths: tuple[int, ...], variances: tuple[float, ...], activation: str) -> np.ndarray:
    """Return (2 directions; middle, low, high; layer) of right networks: drawn once for a whole class."""
    rng = np.random.default_rng(5)
    runs = []
    for _ in range(NETWORKS):
        shapes = zip(widths[:-1], widths[1:], variances, strict=True)
        layers = [rng.standard_normal((rows, columns)) * math.sqrt(variance) for rows, columns, variance in shapes]
        runs.append(_deviations(layers, widths, activation))
    # (direction, network, layer). A product of many random factors is about normal in its logarithm.
    logarithms = np.log(np.stack(runs, axis=1))
    middle, width = logarithms.mean(axis=1), 3.0 * logarithms.std(axis=1, ddof=1)
    band: np.ndarray = np.exp(np.stack([middle, middle - width, middle + width], axis=1))
    return band


def _deviations(layers: Sequence[np.ndarray], widths: Sequence[int], activation: str) -> np.ndarray:
    """Return (2, layers): the standard deviation of every z = h W, and of the gradient with respect to it."""
    rng = np.random.default_rng(11)
    signal = rng.standard_normal((EXAMPLES, widths[0]))
    gradient = rng.standard_normal((EXAMPLES, widths[-1]))
    function, before = ACTIVATIONS[activation], []
    with np.errstate(all="ignore"):
        for weights in layers:
            before.append(signal @ weights)
            signal = function.value(before[-1])
        backward = []
        for weights, z in zip(reversed(layers), reversed(before), strict=True):
            gradient = gradient * function.slope(z)
            backward.append(float(np.std(gradient)))
            gradient = gradient @ weights.T
        return np.array([[float(np.std(z)) for z in before], backward[::-1]])
