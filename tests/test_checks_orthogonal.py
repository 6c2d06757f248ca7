"""`OrthogonalInitializer` and truncated normal weights: exact where that is possible, and fair as draws."""

from __future__ import annotations

import numpy as np
import pytest
from scratch import POINTS, earned, grade, mistake, row

from grader.checks import Initializer, OrthogonalInitializer, statistics
from grader.checks.reference import Reference
from grader.errors import AssignmentError

CHECK = OrthogonalInitializer()


def polar(fan_in, fan_out, rng, gain=1.0):
    u, _, v = np.linalg.svd(rng.standard_normal((fan_in, fan_out)), full_matrices=False)
    return gain * (u @ v)


def by_qr(fan_in, fan_out, rng, gain=1.0):
    q = np.linalg.qr(rng.standard_normal((max(fan_in, fan_out), min(fan_in, fan_out))))[0]
    return gain * (q if fan_in >= fan_out else q.T)


def rotation(fan_in, fan_out, rng, gain=1.0):
    w = polar(fan_in, fan_out, rng, gain)
    if fan_in == fan_out and np.linalg.det(w) < 0:
        w[:, 0] *= -1
    return w


def permutation(fan_in, fan_out, rng, gain=1.0):
    order, n = rng.permutation(max(fan_in, fan_out)), max(fan_in, fan_out)
    return gain * (np.eye(n)[order] * rng.choice((-1.0, 1.0), n))[:fan_in, :fan_out]


def gaussian(fan_in, fan_out, rng, gain=1.0):
    return gain * rng.standard_normal((fan_in, fan_out)) / np.sqrt(max(fan_in, fan_out))


def stretched(fan_in, fan_out, rng, gain=1.0):
    return (1 + 1e-6) * polar(fan_in, fan_out, rng, gain)


def from_nowhere(fan_in, fan_out, rng, gain=1.0):
    return polar(fan_in, fan_out, np.random.default_rng(), gain)


KNOWN = Reference({"orthogonal": polar}, {}, {}, (mistake("no-signs", by_qr, "orthogonal"),))


@pytest.fixture(scope="session")
def section():
    """Return the frozen section."""
    return CHECK.build("orthogonal", KNOWN, 0)


def judged(section, function):
    return grade(CHECK, "orthogonal", section, KNOWN, orthogonal=function)


def test_a_fair_orthogonal_matrix_has_full_marks(section):
    assert earned(judged(section, polar)) == POINTS


@pytest.mark.parametrize(
    ("function", "failing", "words"),
    [
        (by_qr, "distribution", "is negative in 128 of 128 draws"),
        (rotation, "distribution", "the determinant is positive"),
        (permutation, "distribution", "do not point into all directions alike"),
        (gaussian, "orthonormal", "the squared length of column 0 is"),
        (stretched, "orthonormal", "expected"),
        (from_nowhere, "generator", "gives other weights for the same state of rng"),
    ],
)
def test_what_is_not_fair_or_not_orthogonal_is_told_by_what_was_seen(section, function, failing, words):
    found = row(judged(section, function), failing)
    assert found.score == 0
    assert words in found.message


def test_signs_that_were_not_undone_are_named_and_cost_the_distribution_alone(section):
    graded = judged(section, by_qr)
    assert row(graded, "distribution").mistake == "no-signs"
    assert earned(graded) == POINTS - row(graded, "distribution").max_score


def test_a_transposed_matrix_is_no_answer(section):
    graded = judged(section, lambda fan_in, fan_out, rng, gain=1.0: polar(fan_out, fan_in, rng, gain))
    assert earned(graded) == 0
    assert "Is it transposed?" in graded.checks[0].message


@pytest.mark.parametrize(
    "function",
    [
        lambda fan_in, fan_out, rng, gain=1.0: rng.choice((-1e308, 1e308), (fan_in, fan_out)),
        lambda fan_in, fan_out, rng, gain=1.0: np.full((fan_in, fan_out), np.nan),
        lambda fan_in, fan_out, rng, gain=1.0: np.zeros((fan_in, fan_out)),
        lambda fan_in, fan_out, rng, gain=1.0: rng.standard_normal((fan_in, fan_out)) + 1j,
        lambda fan_in, fan_out, rng, gain=1.0: "orthogonal",
    ],
)
def test_odd_numbers_are_wrong_and_disturb_nobody(section, function):
    assert row(judged(section, function), "orthonormal").score == 0


def test_a_reference_that_is_not_fair_builds_nothing():
    with pytest.raises(AssignmentError, match="fails 'no orthogonal matrix is likelier than another'"):
        CHECK.build("orthogonal", Reference({"orthogonal": by_qr}), 0)


# --- a normal distribution without its tails ------------------------------------------------------------------


def truncated(fan_in, fan_out, rng, variance=0.7737413035760587, change=lambda z: z):
    z = rng.standard_normal(2 * fan_in * fan_out + 200)
    z = change(z[np.abs(z) <= 2])
    return z[: fan_in * fan_out].reshape(fan_in, fan_out) / np.sqrt(variance * fan_in)


WEIGHTS = Initializer("truncated", "1 / fan_in")
CUT = Reference({"weights": truncated}, {"weights": lambda fan_in, fan_out: {"variance": 1 / fan_in}})


@pytest.fixture(scope="session")
def cut():
    """Return the frozen section of truncated weights."""
    return WEIGHTS.build("weights", CUT, 0)


def test_the_standard_deviation_that_is_left_is_that_of_numerical_integration():
    z = np.linspace(-2, 2, 400_001)
    density = np.exp(-z * z / 2)
    assert np.isclose(np.sqrt(np.sum(z * z * density) / np.sum(density)), statistics.LEFT, atol=1e-5)


def test_truncated_weights_have_full_marks(cut):
    assert earned(grade(WEIGHTS, "weights", cut, CUT, weights=truncated)) == POINTS


@pytest.mark.parametrize(
    ("function", "failing", "words"),
    [
        (lambda n, m, rng: truncated(n, m, rng, variance=1.0), "variance", "acceptable"),
        (lambda n, m, rng: rng.standard_normal((n, m)) / np.sqrt(n), "distribution", "from a normal distribution"),
        (lambda n, m, rng: rng.uniform(-1, 1, (n, m)) * np.sqrt(3 / n), "distribution", "uniform distribution"),
        (lambda n, m, rng: truncated(n, m, rng, change=np.abs), "distribution", "not centred"),
    ],
)
def test_what_is_not_a_truncated_normal_distribution_is_told(cut, function, failing, words):
    found = row(grade(WEIGHTS, "weights", cut, CUT, weights=function), failing)
    assert found.score == 0
    assert words in found.message


@pytest.mark.parametrize("family", ["uniform", "truncated"])
def test_limits_of_sums_of_squares_hold_what_many_draws_give(family):
    rng = np.random.default_rng(0)
    z = rng.uniform(-(3**0.5), 3**0.5, (2000, 50))
    if family == "truncated":
        flat = rng.standard_normal(120_000)
        z = flat[np.abs(flat) <= 2][:100_000].reshape(2000, 50) / statistics.LEFT
    low, high = statistics.total_limits(50, family)
    sums = np.sum(z * z, axis=1)
    assert low < sums.min()
    assert sums.max() < high
    # Narrow enough to matter: nine standard deviations of the sum to either side.
    assert high - low < 18 * np.sqrt(50 * np.var(z * z))
