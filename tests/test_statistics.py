"""Exact tests of random weights: limits against scipy's distributions, quantiles against scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from grader.checks import statistics
from grader.checks.statistics import ALPHA, MEAN_LIMIT, largest_limits, total_limits
from grader.checks.weights import Target, distribution_trouble, standardise

CUMULATIVE = {family: statistics.cumulative(family) for family in ("normal", "uniform")}


def variance_right(w, target):
    return standardise([w], [target]).right[0]


def distribution(w, target, *, rescale):
    if target.limits is None:
        return ""
    return distribution_trouble(standardise([w], [target]).z[0], target, CUMULATIVE[target.family], rescale=rescale)


def test_limit_of_the_mean_has_the_declared_tail():
    """Two-sided, at most 1e-10: exact for normal draws, Hoeffding's bound for uniform ones."""
    assert 2 * special.ndtr(-MEAN_LIMIT["normal"]) <= ALPHA
    assert 2 * special.ndtr(-MEAN_LIMIT["normal"] + 0.001) > ALPHA
    assert 2 * np.exp(-(MEAN_LIMIT["uniform"] ** 2) / 2) <= ALPHA


@pytest.mark.parametrize("n", [1, 2, 12, 600, 40_000])
def test_chi_square_limits_have_the_declared_tails(n):
    """Half of alpha on each side."""
    low, high = statistics.chi_square(n)
    np.testing.assert_allclose(special.gammainc(n / 2, low / 2), ALPHA / 2, rtol=1e-6)
    np.testing.assert_allclose(special.gammaincc(n / 2, high / 2), ALPHA / 2, rtol=1e-6)


@pytest.mark.parametrize("n", [1, 30, 40_000])
def test_limits_of_the_largest_weight_have_the_declared_tails(n):
    """P(max |z| < low) and P(max |z| > high) are half of alpha each."""
    low, high = largest_limits(n, "normal")
    inside = n * np.log1p(-2 * special.ndtr(-low))
    np.testing.assert_allclose(np.exp(inside), ALPHA / 2, rtol=1e-5)
    np.testing.assert_allclose(-np.expm1(n * np.log1p(-2 * special.ndtr(-high))), ALPHA / 2, rtol=1e-5)


@pytest.mark.parametrize("n", [200, 5_000, 40_000])
def test_limits_of_uniform_squares_are_near_the_normal_approximation(n):
    """For many draws sum z^2 is nearly normal with mean n and variance 4 n / 5; Chernoff's bound is a little wider."""
    low, high = total_limits(n, "uniform")
    reach = MEAN_LIMIT["normal"] * np.sqrt(0.8 * n)
    assert 0.9 * reach < n - low < 1.25 * reach
    assert 0.9 * reach < high - n < 1.25 * reach


def test_uniform_squares_stay_inside_their_limits_for_few_draws():
    """For one draw every possible value is inside: nothing can be said of a single weight."""
    low, high = total_limits(1, "uniform")
    assert low < 1e-9
    assert high > 3.0 - 1e-6


def he(shape):
    return Target.make(shape, "normal", 2 / shape[0])


@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (30, 40), (400, 100), (100, 400)])
@pytest.mark.parametrize("family", ["normal", "uniform"])
def test_right_draws_pass(shape, family):
    """Thirty draws of each shape, none refused."""
    target = Target.make(shape, family, 0.02)
    rng = np.random.default_rng(3)
    for _ in range(30):
        w = rng.standard_normal(shape) * 0.02**0.5 if family == "normal" else rng.uniform(-1, 1, shape) * 0.06**0.5
        assert variance_right(w, target)
        assert distribution(w, target, rescale=False) == ""


SHAPE = (400, 100)
SIGMA = np.sqrt(2 / 400)


def truncated(rng):
    z = rng.standard_normal(SHAPE)
    while np.any(np.abs(z) > 2):
        z = np.where(np.abs(z) > 2, rng.standard_normal(SHAPE), z)
    return z / z.std() * SIGMA


WRONG = {
    "uniform for normal": lambda rng: rng.uniform(-1, 1, SHAPE) * SIGMA * np.sqrt(3),
    "truncated at two sigma": truncated,
    "Laplace": lambda rng: rng.laplace(size=SHAPE) * SIGMA / np.sqrt(2),
    "all units alike": lambda rng: np.repeat(rng.standard_normal((400, 1)), 100, axis=1) * SIGMA,
    "all inputs alike": lambda rng: np.repeat(rng.standard_normal((1, 100)), 400, axis=0) * SIGMA,
    "half of the units copies": lambda rng: np.tile(rng.standard_normal((400, 50)), 2) * SIGMA,
    "mean of a tenth": lambda rng: (rng.standard_normal(SHAPE) + 0.1) * SIGMA,
    "signs": lambda rng: rng.choice((-1.0, 1.0), SHAPE) * SIGMA,
    "absolute values": lambda rng: np.abs(rng.standard_normal(SHAPE)) * SIGMA,
    "zeros": lambda rng: np.zeros(SHAPE),
    "not finite": lambda rng: np.full(SHAPE, np.nan),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_distributions_are_refused(name):
    """Whatever the variance, the distribution gives them away, judged at the asked and at their own scale."""
    for seed in range(5):
        w = WRONG[name](np.random.default_rng(seed))
        assert distribution(w, he(SHAPE), rescale=False) != ""
        assert distribution(w, he(SHAPE), rescale=True) != ""


@pytest.mark.parametrize("factor", [0.5, 0.8, 0.9, 1.1, 1.25, 2.0, 4.0])
def test_wrong_variances_are_refused(factor):
    """Ten per cent off is seen on 40,000 weights."""
    w = np.random.default_rng(4).standard_normal(SHAPE) * SIGMA * np.sqrt(factor)
    assert not variance_right(w, he(SHAPE))
    assert distribution(w, he(SHAPE), rescale=True) == ""


def test_uniform_bound_is_exact_but_for_its_last_digits():
    """A bound computed in another order passes, one that is one part in a thousand wider does not."""
    target = Target.make(SHAPE, "uniform", 2 / 400)
    u = np.random.default_rng(5).uniform(-1, 1, SHAPE)
    u.flat[0] = 1.0
    assert distribution(u * np.sqrt(3 * target.variance) * (1 - 1e-15), target, rescale=False) == ""
    assert "bound" in distribution(u * np.sqrt(3 * target.variance) * 1.001, target, rescale=False)


@pytest.mark.parametrize("family", ["normal", "uniform"])
def test_right_draws_of_any_size_are_never_taken_for_the_other_family(family):
    """Two thousand weights cannot tell normal from uniform by their histogram; nobody may lose points for that."""
    rng = np.random.default_rng(6)
    for n in (30, 45, 60, 80, 110):
        target = Target.make((n, n), family, 0.02)
        for _ in range(10):
            shape = (n, n)
            w = rng.standard_normal(shape) * 0.02**0.5 if family == "normal" else rng.uniform(-1, 1, shape) * 0.06**0.5
            assert distribution(w, target, rescale=False) == ""
            assert distribution(w, target, rescale=True) == ""


def test_the_other_family_is_named():
    """On 40,000 weights a uniform distribution is seen and said."""
    w = np.random.default_rng(7).uniform(-1, 1, SHAPE) * SIGMA * np.sqrt(3)
    assert "uniform distribution" in distribution(w, he(SHAPE), rescale=False)


def test_limits_of_kept_counts_hold_for_binomial_draws_and_not_for_counts_that_never_vary():
    trials = [(30, 0.5), (30, 0.3)] * 20
    low, high = statistics.binomial_square_limits(trials)
    rng = np.random.default_rng(5)
    n, p = np.array(trials).T
    for _ in range(500):
        kept = rng.binomial(n.astype(int), p)
        assert low <= np.sum((kept - n * p) ** 2 / (n * p * (1 - p))) <= high
    assert low > 0
    assert high < np.sum((rng.choice([0, 1], n.size) * n - n * p) ** 2 / (n * p * (1 - p)))


def test_binomial_limits_hold_nearly_everything_and_are_tight():
    low, high = statistics.binomial_limits(10_000, 0.5)
    assert 4650 < low < 4700 < 5300 < high < 5350
    assert statistics.binomial_limits(3, 0.5) == (0, 3)


def kolmogorov(x):
    """The limit of P(sqrt(n) D < x)."""
    k = np.arange(1, 30)
    return np.sqrt(2 * np.pi) / x * np.sum(np.exp(-((2 * k - 1) ** 2) * np.pi**2 / (8 * x**2)))


def test_even_draws_are_as_improbable_as_everything_else_that_fails():
    """Also when what the bins and the steps of n draws hide is added."""
    widest = max(np.max(np.diff(statistics.cumulative(family))) for family in ("normal", "uniform", "truncated"))
    n = statistics.FEWEST_FOR_EVENNESS
    hidden = 0.6 * np.sqrt(widest) + 0.6 / np.sqrt(n)
    assert hidden < 0.07
    assert kolmogorov(statistics.EVENEST + hidden) < ALPHA
    assert kolmogorov(0.2) == pytest.approx(5e-13, rel=0.02)


@pytest.mark.parametrize("family", ["normal", "uniform"])
def test_right_draws_of_three_thousand_seeds_are_not_too_even(family):
    """At the asked and at their own scale; none comes near."""
    rng = np.random.default_rng(8)
    least = np.inf
    for _ in range(3_000):
        z = rng.standard_normal(2_000) if family == "normal" else rng.uniform(-(3**0.5), 3**0.5, 2_000)
        for one in (z, z / np.sqrt(np.mean(z * z))):
            least = min(least, np.sqrt(z.size) * statistics.distance(one, family, CUMULATIVE[family]))
    assert least > 1.3 * statistics.EVENEST


@pytest.mark.parametrize("family", ["normal", "uniform"])
def test_evenly_spread_numbers_in_random_order_are_no_draws(family):
    shares = (np.arange(SHAPE[0] * SHAPE[1]) + 0.5) / (SHAPE[0] * SHAPE[1])
    z = special.ndtri(shares) if family == "normal" else (2 * shares - 1) * np.sqrt(3)
    w = np.random.default_rng(9).permutation(z).reshape(SHAPE) * SIGMA
    target = Target.make(SHAPE, family, SIGMA**2)
    for rescale in (False, True):
        assert "spread more evenly than independent draws are" in distribution(w, target, rescale=rescale)
