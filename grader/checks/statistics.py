"""Exact tests of random weights. Under the declared distribution each fails with probability below 1e-10.

Weights are brought to standard normal z (normal family: w / sigma; uniform family: the normal quantile of
where w lies between -a and a). Every quantile that needs more than NumPy is frozen in the bank.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

ALPHA = 1e-10
# Bins for the distance between distributions: from -8 to 8, a sixty-fourth wide.
BINS = 1024
REACH = 8.0
SAMPLE = 4096
# Two-sided standard normal quantile at ALPHA.
NORMAL_LIMIT = 6.4670


@dataclass(frozen=True)
class Limits:
    """Acceptance limits for n standard normal draws in `rows` x `columns`, each two-sided at ALPHA.

    total: of sum z^2; largest: of max |z|; distance: the greatest Kolmogorov-Smirnov distance;
    rows_total, columns_total: of the sums of squares of scaled row and column sums.
    """

    total: tuple[float, float]
    largest: tuple[float, float]
    distance: float
    rows_total: tuple[float, float]
    columns_total: tuple[float, float]

    def to_tree(self) -> dict[str, Any]:
        """Return plain values for the bank."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()}

    @staticmethod
    def from_tree(tree: dict[str, Any]) -> Limits:
        """Rebuild from what `to_tree` wrote."""
        pairs: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in tree.items()}
        return Limits(**pairs)


def make_limits(rows: int, columns: int) -> Limits:
    """Compute the limits with scipy's quantiles; runs when a bank is built, never when grading."""
    # Imported here for start-up time: scipy stays out of grading altogether.
    from scipy.special import log_ndtr, ndtri_exp

    n = rows * columns
    half = ALPHA / 2.0
    # P(max |z| < m) = (1 - 2 Phi(-m))^n: its quantiles, through the tail probability of one draw.
    low_tail = -np.expm1(np.log(half) / n)
    high_tail = -np.expm1(np.log1p(-half) / n)
    smallest = max(0.0, -float(ndtri_exp(np.log(low_tail / 2.0))))
    greatest = -float(ndtri_exp(np.log(high_tail / 2.0)))
    assert float(log_ndtr(-greatest)) < 0.0
    return Limits(chi_square(n), (smallest, greatest), distance_limit(n), chi_square(rows), chi_square(columns))


def distance_limit(n: int) -> float:
    """Return the limit of the Kolmogorov-Smirnov distance of n draws.

    Source: P. Massart, "The tight constant in the Dvoretzky-Kiefer-Wolfowitz inequality", Annals of
    Probability 18 (1990) 1269-1283. It holds for every n, and is a little wide for small ones.
    """
    return float(np.sqrt(np.log(2.0 / ALPHA) / (2.0 * n)))


def chi_square(degrees: int) -> tuple[float, float]:
    """Return the two-sided limits of a chi-square variable at ALPHA."""
    # Imported here for start-up time: scipy stays out of grading altogether.
    from scipy.special import chdtri, gammaincinv

    half = ALPHA / 2.0
    return float(2.0 * gammaincinv(degrees / 2.0, half)), float(chdtri(degrees, half))


def normal_cumulative() -> np.ndarray:
    """Return the normal distribution at the inner edges of the bins of `distance`, shape (BINS - 1,), for the bank."""
    # Imported here for start-up time: scipy stays out of grading altogether.
    from scipy.special import ndtr

    return np.asarray(ndtr(-REACH + np.arange(1, BINS) / BINS * 2.0 * REACH), dtype=np.float64)


def to_normal(weights: np.ndarray, family: str, scale: np.ndarray | float) -> np.ndarray:
    """Return weights as z, standard normal if they are what was asked; NaN where outside the uniform bound.

    scale: the standard deviation that was asked for, for each weight or for all.
    """
    if family == "normal":
        return np.asarray(weights / scale)
    # One part in 1e12 of slack: a bound computed in another order may differ in its last digit.
    position = weights / (scale * (np.sqrt(3.0) * (1.0 + 1e-12)))
    z: np.ndarray = np.where(np.abs(position) < 1.0, normal_quantile((position + 1.0) / 2.0), np.nan)
    return z


def distance(z: np.ndarray, cumulative: np.ndarray) -> float:
    """Return the greatest distance between the empirical and the normal distribution over the bins' edges.

    A lower bound of the Kolmogorov-Smirnov statistic, so its limit holds; it needs no sorting.
    """
    bins = np.clip((z.ravel() + REACH) * (BINS / (2.0 * REACH)), 0, BINS - 1).astype(np.int32)
    observed = np.cumsum(np.bincount(bins, minlength=BINS))[:-1] / z.size
    return float(np.max(np.abs(observed - cumulative)))


def sums_total(z: np.ndarray, axis: int) -> float:
    """Return the sum of squares of the sums along `axis`, scaled to be standard normal each."""
    sums = z.sum(axis=axis) / np.sqrt(z.shape[axis])
    return float(sums @ sums)


def distinct_share(z: np.ndarray) -> float:
    """Return the share of different values among the first few thousand: 1 for a continuous distribution."""
    ordered = np.sort(z.ravel()[:SAMPLE])
    return (1 + int(np.count_nonzero(np.diff(ordered)))) / ordered.size


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Return <first, second> / |second| for standard normal `first`: standard normal if they are independent."""
    return float(np.sum(first * second) / np.sqrt(np.sum(second * second)))


def within(value: float, limits: tuple[float, float]) -> bool:
    """Whether a statistic lies inside its limits; NaN does not."""
    return limits[0] <= value <= limits[1]


_CENTRE_TOP = (
    2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
    13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608,
)  # fmt: skip
_CENTRE_BOTTOM = (
    5226.495278852545925, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
    5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0,
)  # fmt: skip
_TAIL_TOP = (
    7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258,
    3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734,
)  # fmt: skip
_TAIL_BOTTOM = (
    1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459,
    0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1.0,
)  # fmt: skip
_FAR_TOP = (
    2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386, 0.026532189526576123093,
    0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699, 6.6579046435011037772,
)  # fmt: skip
_FAR_BOTTOM = (
    2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.868691311456132591e-4,
    0.0148753612908506148525, 0.13692988092273580531, 0.59983220655588793769, 1.0,
)  # fmt: skip


def normal_quantile(p: np.ndarray) -> np.ndarray:
    """Return the standard normal quantile of p in (0, 1), to 1e-15 relative.

    Source: M. J. Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Applied
    Statistics 37 (1988) 477-484. NumPy has no such function, and scipy stays out of grading.
    """
    p = np.asarray(p, dtype=np.float64)
    q = p - 0.5
    near = np.abs(q) <= 0.425
    result = np.empty_like(p)
    r = 0.180625 - q[near] ** 2
    result[near] = q[near] * np.polyval(_CENTRE_TOP, r) / np.polyval(_CENTRE_BOTTOM, r)
    far = ~near
    tail = np.minimum(p[far], 1.0 - p[far])
    with np.errstate(divide="ignore", invalid="ignore"):
        r = np.sqrt(-np.log(tail))
        middle = np.polyval(_TAIL_TOP, r - 1.6) / np.polyval(_TAIL_BOTTOM, r - 1.6)
        extreme = np.polyval(_FAR_TOP, r - 5.0) / np.polyval(_FAR_BOTTOM, r - 5.0)
    result[far] = np.copysign(np.where(r <= 5.0, middle, extreme), q[far])
    return result
