"""Finite differences: exact where functions are smooth, inconclusive where they are not, never wrong."""

from __future__ import annotations

import numpy as np
import pytest

from grader.checks import differences
from grader.checks.differences import FIRST_STEP, Verdict, extrapolate, steps
from grader.checks.differences import compare_one as compare


def along(function, x, v, first=FIRST_STEP):
    return np.stack([np.asarray(function(x + h * v)) for h in steps(first)])


@pytest.mark.parametrize(
    ("function", "derivative", "x"),
    [(np.sin, np.cos, 0.7), (np.exp, np.exp, -0.3), (np.tanh, lambda x: 1 - np.tanh(x) ** 2, 0.4)],
)
def test_derivative_of_a_smooth_function_is_exact(function, derivative, x):
    """Six levels from h = 0.5 reach 1e-10 or better, and the error estimate says so."""
    value, error = extrapolate(along(function, x, 1.0), FIRST_STEP)
    assert abs(value - derivative(x)) < 1e-10
    assert error < 1e-9


def test_right_gradient_agrees_and_wrong_one_differs():
    """The gradient of sum(dout * x^3) is 3 x^2 dout; with 2 for 3 it is not."""
    rng = np.random.default_rng(0)
    x, dout = rng.standard_normal((3, 4)), rng.standard_normal((3, 4))
    v = differences.direction(rng, x)
    outputs = along(lambda t: t**3, x, v)
    scale = float(np.sum(np.abs(3 * x**2 * dout * v)))
    right, wrong = (float(np.sum(k * x**2 * dout * v)) for k in (3, 2))
    assert compare(outputs, dout, FIRST_STEP, right, scale, 10.0).verdict is Verdict.AGREES
    assert compare(outputs, dout, FIRST_STEP, wrong, scale, 10.0).verdict is Verdict.DIFFERS


def test_noise_is_inconclusive_never_a_failure():
    """A function that is not smooth gives no verdict against a gradient."""
    rng = np.random.default_rng(1)
    outputs = rng.standard_normal((2 * differences.LEVELS, 3))
    assert compare(outputs, np.ones(3), FIRST_STEP, 1.0, 1.0, 10.0).verdict is Verdict.INCONCLUSIVE


def test_steps_too_coarse_for_the_function_are_inconclusive():
    """x / sqrt(x^2 + 1e-10) looks like a sign from afar: its slope of 1e5 at 0 must not be called wrong."""
    outputs = along(lambda t: t / np.sqrt(t * t + 1e-10), 0.0, 1.0)
    assert compare(outputs, np.ones(()), FIRST_STEP, 1e5, 1e5, 10.0).verdict is Verdict.INCONCLUSIVE


def test_not_finite_is_inconclusive():
    """An overflow along the way is no verdict."""
    outputs = np.full((2 * differences.LEVELS, 2), np.inf)
    assert compare(outputs, np.ones(2), FIRST_STEP, 1.0, 1.0, 10.0).verdict is Verdict.INCONCLUSIVE


def test_first_step_stays_on_one_side_of_a_kink():
    """For relu the steps shrink until no entry changes sign; an entry on the kink has no such step."""

    def relu(x):
        return np.maximum(x, 0.0)

    first = differences.first_step(relu, np.array([0.1, -2.0]), np.array([1.0, 1.0]))
    assert first is not None
    assert first < 0.1
    assert differences.first_step(relu, np.array([0.0, -2.0]), np.array([1.0, 1.0])) is None


def test_directions_are_gaussian_and_scaled_to_the_input():
    """Never all ones, never signs; as wide as the input is."""
    v = differences.direction(np.random.default_rng(2), np.full((50, 40), 3.0) + np.arange(40) * 100.0)
    assert len(np.unique(np.abs(v))) == v.size
    assert 800 < v.std() < 1600


def test_equal_numbers_are_varied_by_their_size():
    """Their standard deviation is rounding noise; a direction of that size would say nothing."""
    v = differences.direction(np.random.default_rng(3), np.full((7, 3), 0.1))
    assert 0.02 < v.std() < 0.3


def test_a_chance_agreement_of_the_table_is_no_verdict():
    """A function that bends within the steps is not resolved, however close two entries come."""
    for seed in range(300):
        rng = np.random.default_rng(seed)
        x, v, dout = (rng.standard_normal((2, 5)) * s for s in (8.0, 8.0, 1.0))
        outputs = along(lambda t: 1 / (1 + np.exp(-t)), x, v)
        s = 1 / (1 + np.exp(-x))
        exact = float(np.sum(dout * s * (1 - s) * v))
        scale = float(np.sum(np.abs(dout * s * (1 - s) * v)))
        assert compare(outputs, dout, FIRST_STEP, exact, scale, 10.0).verdict is not Verdict.DIFFERS
