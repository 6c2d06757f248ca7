"""Comparing values: right within the terms' size, form apart from value, NaN always wrong."""

from __future__ import annotations

import numpy as np
import pytest

from grader.checks.base import Shown
from grader.checks.compare import Answers, Remark, Trouble, compare
from grader.checks.verdicts import value_finding
from grader.report import Outcome
from grader.sandbox.marks import Other

EXPECTED = np.array([[1.0, -2.0, 0.0], [4.0, 0.5, 3.0]])


def answers(expected=EXPECTED, scale=4.0, kappa=8.0, infinite=False):
    return Answers.gather("dx", [(expected, scale, kappa, infinite), (expected[:1], scale, kappa, infinite)])


def trouble(first, second=EXPECTED[:1], **options):
    remarks = compare(answers(**options), [first, second]).remarks
    return remarks[0].trouble if 0 in remarks else Trouble.NONE


def test_exact_answers_have_no_remark():
    assert compare(answers(), [EXPECTED.copy(), EXPECTED[:1].copy()]).remarks == {}


@pytest.mark.parametrize(
    ("off", "expected"),
    [
        (1e-15, Trouble.NONE),
        (1e-11, Trouble.ROUNDING),
        (3e-8, Trouble.ROUNDING),
        (5e-8, Trouble.VALUE),
        (1.0, Trouble.VALUE),
    ],
)
def test_tolerance_is_relative_to_the_size_of_the_terms(off, expected):
    """With terms of size 4: right to 64 eps kappa S, unstable to 1e-8 S, wrong beyond; also where the sum is 0."""
    got = EXPECTED.copy()
    got[0, 2] += off
    assert trouble(got) is expected


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_not_finite_is_wrong(bad):
    got = EXPECTED.copy()
    got[1, 1] = bad
    assert trouble(got) is Trouble.VALUE


def test_infinite_loss_is_right_where_the_author_says_so():
    """A probability that underflows may give an infinite loss; minus infinity and NaN never do."""
    expected = np.array(1200.0)
    one = Answers.gather("loss", [(expected, 1201.0, 10.0, True)])
    assert compare(one, [np.array(np.inf)]).remarks == {}
    assert compare(one, [np.array(-np.inf)]).remarks[0].trouble is Trouble.VALUE
    assert compare(one, [np.array(np.nan)]).remarks[0].trouble is Trouble.VALUE


def test_worst_entry_is_named():
    """The entry furthest off, with what was got and expected."""
    got = EXPECTED.copy()
    got[1, 2] = 7.0
    got[0, 0] = 1.001
    worst = compare(answers(), [got, EXPECTED[:1]]).remarks[0].worst
    assert worst.index == (1, 2)
    assert (worst.got, worst.expected) == (7.0, 3.0)
    assert worst.relative_error == pytest.approx(1.0)


def test_keepdims_is_a_matter_of_form():
    """(1, D) for (D,) has the right values; (D, 1) has not."""
    expected = np.array([1.0, 2.0, 3.0])
    one = Answers.gather("dgamma", [(expected, 3.0, 8.0, False)])
    remark = compare(one, [expected[None]]).remarks[0]
    assert remark.trouble is Trouble.FORM
    assert "axis of length 1" in remark.form
    assert compare(one, [expected[:, None]]).remarks[0].trouble is Trouble.SHAPE


def test_keepdims_with_wrong_values_is_wrong():
    expected = np.array([1.0, 2.0, 3.0])
    one = Answers.gather("dgamma", [(expected, 3.0, 8.0, False)])
    assert compare(one, [expected[None] * 2]).remarks[0].trouble is Trouble.VALUE


def test_transposed_shape_is_asked_about():
    remark = compare(answers(), [EXPECTED.T.copy(), EXPECTED[:1]]).remarks[0]
    assert remark.trouble is Trouble.SHAPE
    assert remark.message == "dx has shape (3, 2), expected (2, 3). Is it transposed?"


def test_axes_in_another_order_are_not_called_a_missing_reshape():
    """Who follows that reshapes where a transpose belongs."""
    one = Answers.gather("out", [(np.ones((4, 3, 2, 1)), 1.0, 1.0, False)])
    (remark,) = compare(one, [np.ones((4, 3, 1, 2))]).remarks.values()
    assert remark.message == "out has shape (4, 3, 1, 2), expected (4, 3, 2, 1). Are its axes in another order?"


def test_a_loss_of_several_numbers_lacks_a_sum():
    """Over whatever axis: the batch may well be summed already."""
    number = Answers.gather("loss", [(np.asarray(2.0), 1.0, 1.0, False)])
    (remark,) = compare(number, [np.ones(3)]).remarks.values()
    assert remark.message == "loss has shape (3,), expected (). It is one number for the whole batch: is a sum missing?"


def test_a_reshape_is_asked_about_only_where_sizes_tell():
    """That (1,) has as many entries as (1, 1) is a coincidence."""
    both = Answers.gather("dx", [(np.ones((1, 1)), 1.0, 1.0, False), (np.ones((2, 3)), 1.0, 1.0, False)])
    remarks = compare(both, [np.ones(1), np.ones(6)]).remarks
    assert "reshape" not in remarks[0].message
    assert remarks[1].message.endswith("is a reshape missing?")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "dx is None, expected an array of shape (2, 3)"),
        (Other("dict"), "dx is a value of type dict"),
        ("text", "dx is a value of type str"),
        (3.0, "dx has shape (), expected (2, 3)"),
    ],
)
def test_other_kinds_are_named(value, words):
    remark = compare(answers(), [value, EXPECTED[:1]]).remarks[0]
    assert remark.trouble is Trouble.SHAPE
    assert words in remark.message


def test_a_list_of_numbers_is_right_but_for_its_form():
    remark = compare(answers(), [tuple(map(tuple, EXPECTED.tolist())), EXPECTED[:1]]).remarks[0]
    assert remark.trouble is Trouble.FORM


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.complex128])
def test_other_number_types_are_judged_by_value(dtype):
    """Integers and complex numbers with the right values are right; float32 is not precise enough for float64 input."""
    expected = np.array([1.0, 2.0, 3.0]) if dtype != np.float32 else np.array([0.1, 0.2, 0.3])
    one = Answers.gather("dx", [(expected, 1.0, 8.0, False)])
    remarks = compare(one, [expected.astype(dtype)]).remarks
    kinds = {np.float32: Trouble.ROUNDING, np.int64: Trouble.NONE, np.complex128: Trouble.FORM}
    found = remarks[0].trouble if remarks else Trouble.NONE
    assert found is kinds[dtype] or (dtype == np.float32 and found is Trouble.VALUE)


def test_a_remark_in_place_of_a_value_stands():
    """A case that raised is remarked as such; the others are compared all the same."""
    raised = Remark(Trouble.CALL, "f raised ValueError")
    found = compare(answers(), [raised, EXPECTED[:1] + 1.0]).remarks
    assert found[0] is raised
    assert found[1].trouble is Trouble.VALUE


def test_answers_survive_the_bank():
    tree = answers().to_tree()
    again = Answers.from_tree(tree)
    assert again.shapes == ((2, 3), (1, 3))
    np.testing.assert_array_equal(again.expected, answers().expected)
    assert again.starts == [0, 6, 9]


def test_the_case_that_is_shown_is_the_smallest_that_fits_on_a_screen():
    """Where none fits, the first is named without its code."""
    wrong = compare(answers(), [EXPECTED + 1.0, EXPECTED[:1] + 1.0])
    long = [Shown({"x": np.zeros((9, 9))}, [], "long"), Shown({"x": np.zeros((9, 9))}, [], "longer")]
    short = [long[0], Shown({"x": np.zeros(2)}, [], "short")]
    found = [value_finding("dx", "dx", wrong, (0, 1), of.__getitem__, lambda i: Outcome.FAILED) for of in (short, long)]
    cases = [finding.case for finding in found]
    assert [case and case.why for case in cases] == ["short", "long"]
    assert [bool(case and case.code) for case in cases] == [True, False]
