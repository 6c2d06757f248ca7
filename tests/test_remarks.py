"""Structural remarks: what all wrong cases have in common, where no known mistake fits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from grader.checks.compare import Answers, compare
from grader.checks.naming import remark_on
from grader.checks.remarks import Seen, structural_remark

SHAPES = ((1, 1), (1, 3), (2, 3), (3, 3), (4, 2), (5, 4), (6, 1))


def arrays(seed=0, shapes=SHAPES):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape) for shape in shapes]


def seen(change, expected=None, inputs=None):
    """Return the cases of a return that is `change(expected, x)`."""
    expected = arrays(0) if expected is None else expected
    inputs = arrays(1) if inputs is None else inputs
    found = []
    for right, x in zip(expected, inputs, strict=True):
        got = np.asarray(change(right, x), dtype=np.float64)
        wrong = ~(np.abs(got - right) <= 1e-8 * np.abs(right).max())
        found.append(Seen(got, right, wrong, x, float(np.abs(right).max())))
    return found


def remark(change, others=None, **options):
    return structural_remark("dx", seen(change, **options), others or {})


def test_a_right_answer_has_no_remark():
    assert remark(lambda right, x: right) == ""


def test_an_answer_without_structure_has_no_remark():
    rng = np.random.default_rng(3)
    assert remark(lambda right, x: right + rng.standard_normal(right.shape)) == ""


@pytest.mark.parametrize(("factor", "words"), [(2, "2 times"), (0.5, "0.5 times"), (-3, "-3 times")])
def test_a_constant_factor_is_named(factor, words):
    assert remark(lambda right, x: factor * right) == f"dx is {words} the expected value, in every case."


def test_without_a_batch_no_axis_is_taken_for_one():
    """The first axis of a weight matrix is not the batch, and its lengths say nothing of examples."""
    cases = [replace(case, has_batch=False) for case in seen(lambda right, x: right * len(x))]
    assert structural_remark("dx", cases, {}) == ""


def test_a_wrong_sign_is_named():
    assert "wrong sign everywhere" in remark(lambda right, x: -right)


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (lambda x: len(x), "dx is N times the expected value, where N is the batch size"),
        (lambda x: 1 / len(x), "dx is 1/N times"),
        (lambda x: x.shape[1], "dx is D times"),
        (lambda x: 1 / x.shape[1], "dx is 1/D times"),
        (lambda x: x.size, "dx is N D times"),
        (lambda x: 1 / x.size, "dx is 1/(N D) times"),
        (lambda x: 2 / len(x), "dx is 2 * 1/N times"),
    ],
)
def test_a_factor_of_the_sides_is_named(factor, words):
    """A mean for a sum, or the reverse."""
    sentence = remark(lambda right, x: factor(x) * right)
    assert sentence.startswith(words)
    assert sentence.endswith("is a mean taken for a sum, or the reverse?")


def test_a_factor_that_differs_without_a_pattern_is_not_named():
    assert remark(lambda right, x: right * (1 + x.ravel()[0] ** 2)) == ""


def test_single_precision_is_named_and_not_a_factor_of_one():
    sentence = remark(lambda right, x: right.astype(np.float32))
    assert "single precision" in sentence


def test_zeros_are_named():
    assert remark(lambda right, x: 0 * right) == "dx is zero everywhere."


def test_nothing_finite_is_named():
    assert remark(lambda right, x: right * np.nan) == "It is not a finite number wherever it is wrong."


def test_swapped_returns_are_named():
    other = arrays(5)
    again = iter(other)
    sentence = remark(lambda right, x: next(again), {"dw": other})
    assert sentence == "What is returned as dx is dw: are two returns swapped?"


@pytest.mark.parametrize(("dw_is_right", "swapped"), [(True, False), (False, True)])
def test_a_return_is_swapped_only_with_one_that_is_wrong_too(dw_is_right, swapped):
    """Where dw is right, dx was not put in its place: dw was returned twice."""
    right = {"dx": arrays(0), "dw": arrays(5)}
    got = {"dx": right["dw"], "dw": right["dw"] if dw_is_right else right["dx"]}
    answers = {name: Answers.gather(name, [(value, 1.0, 1.0, False) for value in right[name]]) for name in right}
    compared = {name: compare(answers[name], got[name]) for name in right}
    inputs = [{"x": x} for x in arrays(1)]
    sentence = remark_on("dx", compared, answers, range(len(inputs)), lambda: inputs, True)
    assert ("swapped" in sentence) is swapped


def test_a_transpose_is_named_where_it_is_square():
    """Other shapes fail by their shape and never come here; a square one goes through."""
    shapes = ((2, 2), (3, 3), (4, 4), (5, 5))
    sentence = remark(lambda right, x: right.T, expected=arrays(0, shapes), inputs=arrays(1, shapes))
    assert "transposed" in sentence


def only(index, axis):
    def change(right, x):
        got = right.copy()
        if min(right.shape) > 1:
            lines = np.moveaxis(got, axis, 0)
            lines[index] += 1.0
        return got

    return change


@pytest.mark.parametrize(
    ("index", "axis", "words"),
    [
        (-1, 1, "Only the last column is wrong"),
        (0, 1, "Only the first column is wrong"),
        (-1, 0, "Only the last row is wrong"),
        (0, 0, "Only the first row is wrong"),
    ],
)
def test_one_wrong_side_is_named(index, axis, words):
    assert remark(only(index, axis)).startswith(words)


def test_the_one_right_column_is_named():
    def change(right, x):
        got = right + 1.0
        got[:, -1] = right[:, -1]
        return got

    shapes = ((2, 3), (3, 3), (4, 2), (5, 4))
    sentence = remark(change, expected=arrays(0, shapes), inputs=arrays(1, shapes))
    assert sentence.startswith("Only the last column is right")


def test_ties_are_named():
    inputs = [np.where(np.arange(x.size).reshape(x.shape) % 3 == 0, 0.0, x) for x in arrays(1)]
    sentence = remark(lambda right, x: np.where(x == 0, right + 1, right), inputs=inputs)
    assert sentence == "It is wrong only where x is exactly 0: what is the derivative there?"


def test_a_batch_of_one_is_named():
    assert remark(lambda right, x: right + (len(x) == 1)) == "Only cases with a batch of one (N = 1) are wrong."


def test_what_is_left_of_a_cancelled_sum_says_nothing():
    """Rounding errors have a ratio too; it is no factor."""
    expected = arrays(0)
    expected[0] = np.full((1, 1), 1e-17)
    found = seen(lambda right, x: 2 * right, expected=expected)
    found[0] = Seen(np.full((1, 1), -3e-17), expected[0], np.zeros((1, 1), bool), arrays(1)[0], 1.0)
    assert structural_remark("dx", found, {}) == "dx is 2 times the expected value, in every case."


def test_too_few_cases_are_no_pattern():
    few = ((2, 3), (3, 2))
    assert remark(lambda right, x: 2 * right, expected=arrays(0, few), inputs=arrays(1, few)) == ""
