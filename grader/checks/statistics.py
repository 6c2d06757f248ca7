"""Exact tests of random weights. Under the declared distribution each fails with probability below 1e-10.

Weights are divided by the standard deviation that was asked for: z then has variance 1, and is normal, uniform, or
normal and cut at two of its standard deviations before cutting. Every limit that needs more than NumPy is frozen
in the bank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

ALPHA = 1e-10
# Where a normal distribution is cut, and the standard deviation that is left of 1 then.
CUT, LEFT = 2.0, 0.8796256610342398
# Two-sided quantile at ALPHA of a standard normal; the other sums have tails no heavier than exp(-t^2 / 2).
MEAN_LIMIT = {"normal": 6.4670, "uniform": 6.8880, "truncated": 6.8880}
# Bins for the distance between distributions.
BINS = 1024
# The largest |z| that a bounded family can have.
BOUND = {"uniform": float(np.sqrt(3.0)), "truncated": CUT / LEFT}
# What rounding may add to a bound, in single precision too.
ROUNDED = 1.0 + 1e-6
REACH = {"normal": 8.0, **BOUND}
SAMPLE = 1024
# Draws whose distance is below this many 1 / sqrt(n) are too even; of fewer draws nothing is said.
EVENEST, FEWEST_FOR_EVENNESS = 0.15, 2_000
# How much wider the chi-square limits are for sums of bounded variables, which are normal only nearly.
NEARLY = 1.1
# The steepest tilt at which the quadrature below is still exact.
STEEPEST = 500.0


@dataclass(frozen=True)
class Limits:
    """Acceptance limits for n weights in `rows` x `columns`, each two-sided at ALPHA.

    total: of sum z^2; largest: of max |z|; rows_total, columns_total: of the sums of squares of the scaled sums
    over rows and columns.
    """

    total: tuple[float, float]
    largest: tuple[float, float]
    rows_total: tuple[float, float]
    columns_total: tuple[float, float]

    def to_tree(self) -> dict[str, Any]:
        """Return plain values for the bank."""
        return {name: list(value) for name, value in vars(self).items()}

    @staticmethod
    def from_tree(tree: dict[str, Any]) -> Limits:
        """Rebuild from what `to_tree` wrote."""
        pairs: dict[str, Any] = {name: tuple(value) for name, value in tree.items()}
        return Limits(**pairs)


def make_limits(rows: int, columns: int, family: str) -> Limits:
    """Compute the limits; runs when a bank is built (it needs scipy's quantiles), never when grading."""
    n = rows * columns
    widen = NEARLY if family in BOUND else 1.0
    sides = [(low / widen, high * widen) for low, high in (chi_square(rows), chi_square(columns))]
    return Limits(total_limits(n, family), largest_limits(n, family), sides[0], sides[1])


# Cached, all three: they depend on nothing but their arguments, and a proof asks for the same again and again.


@lru_cache(maxsize=4096)
def total_limits(n: int, family: str) -> tuple[float, float]:
    """Return the limits of sum z^2 over n draws."""
    return chi_square(n) if family == "normal" else _bounded_square_limits(n, family)


@lru_cache(maxsize=4096)
def chi_square(degrees: int) -> tuple[float, float]:
    """Return the two-sided limits of a chi-square variable at ALPHA."""
    # Imported here for start-up time: scipy stays out of grading altogether.
    from scipy.special import chdtri, gammaincinv

    half = ALPHA / 2.0
    return float(2.0 * gammaincinv(degrees / 2.0, half)), float(chdtri(degrees, half))


def _bounded_square_limits(n: int, family: str) -> tuple[float, float]:
    """Return limits of sum z^2 for bounded z of variance 1, by Chernoff's bound with the exact generating function.

    P(sum u^2 >= n x) <= exp(-n sup_t (t x - log M(t))), M(t) = E exp(t u^2) for u = |z| / bound in (0, 1).
    """
    nodes, weights = np.polynomial.legendre.leggauss(80)
    squares = ((nodes + 1.0) / 2.0) ** 2
    weights = weights * (np.exp(-(CUT**2) * squares / 2.0) if family == "truncated" else 1.0)
    weights = weights / weights.sum()
    rate = np.log(2.0 / ALPHA) / n

    def exceeds(t: float) -> tuple[float, float]:
        """Return the mean of u^2 tilted by t, and the exponent of the bound there."""
        tilted = weights * np.exp(t * squares - max(t, 0.0))
        mean = float(np.sum(tilted * squares)) / float(np.sum(tilted))
        return mean, t * mean - (float(np.log(np.sum(tilted))) + max(t, 0.0))

    limits = []
    for sign in (-1.0, 1.0):
        low, high = 0.0, 1.0
        while exceeds(sign * high)[1] < rate and high < STEEPEST:
            high *= 2.0
        for _ in range(40):
            middle = (low + high) / 2.0
            low, high = (middle, high) if exceeds(sign * middle)[1] < rate else (low, middle)
        # For a few draws no value is out of reach: the bound never bites, up to any tilt that can be computed.
        bites = exceeds(sign * high)[1] >= rate
        limits.append(BOUND[family] ** 2 * n * (exceeds(sign * high)[0] if bites else float(sign > 0)))
    return limits[0], limits[1]


@lru_cache(maxsize=4096)
def largest_limits(n: int, family: str) -> tuple[float, float]:
    """Return the limits of max |z| over n draws; a bounded distribution has its bound above."""
    # Imported here for start-up time: scipy stays out of grading altogether.
    from scipy.special import erf, erfinv, ndtri_exp

    half = ALPHA / 2.0
    if family in BOUND:
        # The quantile of |z| that n draws stay below with probability `half`.
        share = half ** (1.0 / n)
        inside = share if family == "uniform" else erfinv(share * erf(CUT / np.sqrt(2.0))) * np.sqrt(2.0) / CUT
        return float(BOUND[family] * inside), float(BOUND[family] * ROUNDED)
    # P(max |z| < m) = (1 - 2 Phi(-m))^n: its quantiles, through the tail probability of one draw.
    low_tail, high_tail = -np.expm1(np.log(half) / n), -np.expm1(np.log1p(-half) / n)
    smallest = max(0.0, -float(ndtri_exp(np.log(low_tail / 2.0))))
    return smallest, -float(ndtri_exp(np.log(high_tail / 2.0)))


@lru_cache(maxsize=4096)
def binomial_limits(n: int, share: float) -> tuple[int, int]:
    """Return the two-sided limits at ALPHA of how many of n entries are kept, each with probability `share`."""
    # Imported here for start-up time: scipy stays out of grading altogether.
    from scipy.special import bdtr, bdtrc

    counts = np.arange(n + 1)
    inside = (bdtr(counts, n, share) >= ALPHA / 2.0) & (bdtrc(counts - 1.0, n, share) >= ALPHA / 2.0)
    kept = counts[inside]
    return int(kept[0]), int(kept[-1])


TILTS = np.geomspace(1e-4, 256.0, 160)


@lru_cache(maxsize=4096)
def _log_generating(n: int, share: float) -> np.ndarray:
    """Return log E exp(t (k - n p)^2 / (n p (1 - p))) for binomial k, at t = -TILTS, then at t = TILTS."""
    # Imported here for start-up time: scipy stays out of grading altogether.
    from scipy.special import gammaln, logsumexp

    k = np.arange(n + 1.0)
    log_mass = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1) + k * np.log(share) + (n - k) * np.log1p(-share)
    squares = (k - n * share) ** 2 / (n * share * (1.0 - share))
    tilts = np.concatenate([-TILTS, TILTS])
    return np.asarray(logsumexp(log_mass[:, None] + np.outer(squares, tilts), axis=0), dtype=np.float64)


def binomial_square_limits(trials: Sequence[tuple[int, float]]) -> tuple[float, float]:
    """Return limits of the sum of (k - n p)^2 / (n p (1 - p)) over independent binomial k, by Chernoff's bound.

    trials: (n, p) of each, n below some hundreds. The generating functions are exact, so the limits hold however
    few trials there are.
    """
    total = sum((_log_generating(n, share) for n, share in trials), np.zeros(2 * TILTS.size))
    rate, (below, above) = np.log(2.0 / ALPHA), np.split(total, 2)
    return max(0.0, float(np.max((-rate - below) / TILTS))), float(np.min((rate + above) / TILTS))


def distance_limit(n: int) -> float:
    """Return the limit of the Kolmogorov-Smirnov distance of n draws.

    Source: P. Massart, "The tight constant in the Dvoretzky-Kiefer-Wolfowitz inequality", Annals of
    Probability 18 (1990) 1269-1283. It holds for every n, and is a little wide for small ones.
    """
    return float(np.sqrt(np.log(2.0 / ALPHA) / (2.0 * n)))


def is_too_even(distance: float, n: int) -> bool:
    """Whether n draws follow their distribution more closely than independent ones do, but by a chance below ALPHA.

    Source: A. Kolmogorov, "Sulla determinazione empirica di una legge di distribuzione", Giornale dell'Istituto
    Italiano degli Attuari 4 (1933) 83-91; in its second form (W. Feller, Annals of Mathematical Statistics 19
    (1948) 177-189) the limit of P(sqrt(n) D < x) is sqrt(2 pi) / x sum_k exp(-(2k - 1)^2 pi^2 / (8 x^2)): 2e-23 at
    EVENEST. `distance` looks at the bins' edges only and may miss what lies between them, less than
    0.6 sqrt(largest share of a bin) < 0.05 of sqrt(n) D (D. Siegmund, Sequential Analysis, 1985, chapter X), as n
    draws rise in steps of 1 / n and miss 0.6 / sqrt(n) < 0.02: even at x = EVENEST + 0.07 the limit is 9e-11.
    """
    return n >= FEWEST_FOR_EVENNESS and float(np.sqrt(n)) * distance < EVENEST


def cumulative(family: str) -> np.ndarray:
    """Return the distribution at the inner edges of the bins of `distance`, shape (BINS - 1,), for the bank."""
    shares = np.arange(1, BINS) / BINS
    if family == "uniform":
        return shares
    # Imported here for start-up time: scipy stays out of grading altogether.
    from scipy.special import ndtr

    if family == "truncated":
        below = ndtr((2.0 * shares - 1.0) * CUT)
        return np.asarray((below - ndtr(-CUT)) / (1.0 - 2.0 * ndtr(-CUT)), dtype=np.float64)
    return np.asarray(ndtr((2.0 * shares - 1.0) * REACH["normal"]), dtype=np.float64)


def distance(z: np.ndarray, family: str, expected: np.ndarray) -> float:
    """Return the greatest distance between the empirical and the declared distribution over the bins' edges.

    expected: from `cumulative`. A lower bound of the Kolmogorov-Smirnov statistic, so its limit holds; it
    needs no sorting.
    """
    reach = REACH[family]
    bins = np.clip((z.ravel() + reach) * (BINS / (2.0 * reach)), 0, BINS - 1).astype(np.int32)
    observed = np.cumsum(np.bincount(bins, minlength=BINS))[:-1] / z.size
    return float(np.max(np.abs(observed - expected)))


def sums_total(z: np.ndarray, axis: int) -> float:
    """Return the sum of squares of the sums along `axis`, each scaled to variance 1."""
    sums = z.sum(axis=axis)
    return float(np.sum(sums * sums)) / float(z.shape[axis])


def distinct_share(z: np.ndarray) -> float:
    """Return the share of different values among the first thousand: 1 for a continuous distribution."""
    ordered = np.sort(z.ravel()[:SAMPLE])
    return (1 + int(np.count_nonzero(np.diff(ordered)))) / ordered.size


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Return <first, second> / |second| for `first` of variance 1: standard normal if they are independent."""
    return float(np.sum(first * second) / np.sqrt(np.sum(second * second)))


def within(value: float, limits: tuple[float, float]) -> bool:
    """Whether a statistic lies inside its limits; NaN does not."""
    return limits[0] <= value <= limits[1]
