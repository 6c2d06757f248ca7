"""`Loss`: a number and its gradient, judged by the reference and by its own finite differences."""

from __future__ import annotations

import numpy as np
import pytest
from scratch import POINTS, earned, failed, finding_ids, grade, lost, mistake, row, scale

from grader.checks import Array, Loss
from grader.checks.reference import Reference
from grader.errors import AssignmentError
from grader.report import Outcome

# Softplus of the scores, averaged over the batch: log(1 + exp(-t x)) with targets t.


def margin_loss(x, t):
    z = -t * x
    loss = (np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))).sum() / len(x)
    return loss, -t * np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z))) / len(x)


def scales(x, t, expected):
    kappa = 8 + np.abs(t * x).max() + x.size
    return {"loss": scale(np.abs(expected["loss"]) + 1, kappa), "dx": scale(np.abs(t) / len(x), kappa)}


INPUTS = {"x": Array("N D", ("normal", "huge")), "t": Array("N D", ("far_from_one",))}
MARGIN = Loss(INPUTS, extreme=("huge",))


def reference(*mistakes, function=margin_loss):
    return Reference({"margin_loss": function}, {"margin_loss": scales}, {}, mistakes)


@pytest.fixture(scope="module")
def margin():
    """Return a function that grades a margin_loss on one frozen section."""
    known = reference()
    section = MARGIN.build("margin_loss", known, 0)
    return lambda function=margin_loss: grade(MARGIN, "margin_loss", section, known, margin_loss=function)


def changed(of_loss=lambda loss: loss, of_gradient=lambda dx: dx):
    """Return a margin_loss whose results are changed."""

    def function(x, t):
        loss, dx = margin_loss_itself(x, t)
        return of_loss(loss), of_gradient(dx)

    margin_loss_itself = margin_loss
    return function


def test_the_reference_has_full_marks_in_every_row(margin):
    graded = margin()
    assert finding_ids(graded) == ["loss", "dx", "numeric", "extremes", "rounding", "form", "manners"]
    assert (graded.status, earned(graded)) == (Outcome.PASSED, POINTS)


@pytest.mark.parametrize("kind", [float, np.float64, np.asarray])
def test_a_loss_is_a_number_of_any_kind(kind, margin):
    """A Python float, a NumPy scalar, an array without axes."""
    assert earned(margin(changed(kind))) == POINTS


def test_a_loss_in_an_array_of_one_is_a_matter_of_form(margin):
    assert lost(margin(changed(lambda loss: np.array([loss])))) == {"form"}


def test_a_wrong_gradient_fails_its_value_and_the_numerical_one(margin):
    graded = margin(changed(of_gradient=lambda dx: dx * len(dx)))
    assert failed(graded) == {"dx", "numeric", "extremes"}
    assert "dx is N times the expected value" in row(graded, "dx").message
    assert "dx is not the derivative of your own margin_loss with respect to x" in row(graded, "numeric").message


def test_a_wrong_loss_with_the_right_gradient_keeps_the_gradient(margin):
    """The numerical gradient cannot count where the loss itself is wrong."""
    graded = margin(changed(lambda loss: loss + 1))
    assert failed(graded) == {"loss", "numeric", "extremes"}
    assert row(graded, "numeric").status is Outcome.BLOCKED
    assert row(graded, "dx").score == row(graded, "dx").max_score


def test_a_wrong_loss_with_its_own_derivative_earns_nothing(margin):
    """Consistent, and wrong: a gradient check alone would accept it."""
    assert earned(margin(changed(lambda loss: 2 * loss, lambda dx: 2 * dx))) == 0


def test_overflow_costs_extremes_only(margin):
    def function(x, t):
        e = np.exp(-t * x)
        return np.log(1 + e).sum() / len(x), -t * e / (1 + e) / len(x)

    graded = margin(function)
    assert lost(graded) == {"extremes"}


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_not_a_finite_number_is_wrong(bad, margin):
    graded = margin(changed(lambda loss: bad))
    assert "loss" in failed(graded)


def test_an_infinite_loss_counts_where_the_author_says_so():
    """Where the true probability underflows, infinity is right; minus infinity is not."""

    def allowing(x, t, expected):
        given = scales(x, t, expected)
        return {**given, "loss": scale(given["loss"].size, given["loss"].kappa, infinite_ok=True)}

    known = Reference({"margin_loss": margin_loss}, {"margin_loss": allowing})
    section = MARGIN.build("margin_loss", known, 0)
    for value, wrong in ((np.inf, False), (-np.inf, True), (np.nan, True)):
        graded = grade(MARGIN, "margin_loss", section, known, margin_loss=changed(lambda loss, v=value: v))
        assert ("loss" in failed(graded)) is wrong


def test_only_the_loss_is_too_few(margin):
    graded = margin(lambda x, t: margin_loss(x, t)[0] if False else 1.0)
    assert earned(graded) == 0
    assert "expected 2: (loss, dx)" in row(graded, "dx").message


def test_an_argument_written_into_costs_manners_only(margin):
    def function(x, t):
        result = inner(x.copy(), t)
        x[...] = 0
        return result

    inner = margin_loss
    graded = margin(function)
    assert lost(graded) == {"manners"}
    assert "writes into x" in row(graded, "manners").message


def test_an_unwritten_loss_is_not_implemented(margin):
    def function(x, t):
        raise NotImplementedError

    graded = margin(function)
    assert (graded.status, earned(graded)) == (Outcome.NOT_IMPLEMENTED, 0)


def test_a_reference_with_a_wrong_gradient_stops_the_build():
    known = reference(function=changed(of_gradient=lambda dx: dx * (1 + 1e-7)))
    with pytest.raises(AssignmentError, match="the reference's dx of margin_loss"):
        MARGIN.build("margin_loss", known, 0)


def test_the_gradient_may_belong_to_another_argument():
    """`of` names it; the return is then named after it."""
    check = Loss({"x": Array("N"), "t": Array("N")}, of="t")
    known = Reference({"product_loss": lambda x, t: ((x * t).sum(), x)})
    section = check.build("product_loss", known, 0)
    assert finding_ids(grade(check, "product_loss", section, known))[:2] == ["loss", "dt"]
    assert earned(grade(check, "product_loss", section, known)) == POINTS


def test_known_mistakes_are_named():
    sums = mistake("sum", changed(lambda loss: loss * 3, lambda dx: dx * 3), "margin_loss")
    negative = mistake("sign", changed(of_gradient=lambda dx: -dx), "margin_loss")
    known = reference(sums, negative)
    section = MARGIN.build("margin_loss", known, 0)
    for one in (sums, negative):
        graded = grade(MARGIN, "margin_loss", section, known, margin_loss=one.function)
        assert {check.mistake for check in graded.checks} - {None} == {one.id}


def hinge(x, t):
    """The mean of max(0, 1 - t x) over all entries: it has a kink where t x is 1."""
    off = 1 - t * x
    active = (off > 0) * np.ones_like(x)
    return (off * active).mean(), -t * active / x.size


def test_a_kinked_loss_is_confirmed_on_both_sides_of_its_kinks_and_never_near_one():
    """0.1 times 10 is 1 on paper, and on either side of it in floating point."""
    inputs = {"x": Array("N D", ("integers", "normal")), "t": Array("N D", ("integers", "normal"))}
    check = Loss(inputs, kink=lambda x, t: 1 - t * x)
    known = Reference({"hinge": hinge})
    section = check.build("hinge", known, 0)
    cases = [shown.arguments for shown in check.show("hinge", section)]
    gaps = np.abs(np.concatenate([(1 - case["t"].astype(np.longdouble) * case["x"]).ravel() for case in cases]))
    assert (gaps == 0).any()
    assert not ((gaps > 0) & (gaps < 1e-10)).any()
    assert earned(grade(check, "hinge", section, known, hinge=hinge)) == POINTS


def test_an_infinite_answer_is_not_taken_for_any_other(margin):
    """An infinity is as large as any tolerance that is measured by it."""

    def overflows(x, t):
        with np.errstate(over="ignore"):
            return np.log1p(np.exp(-t * x)).sum() / len(x), margin_loss(x, t)[1]

    known = reference(mistake("margin-overflows", overflows, "margin_loss"))
    section = MARGIN.build("margin_loss", known, 0)
    graded = grade(MARGIN, "margin_loss", section, known, margin_loss=overflows)
    assert row(graded, "extremes").mistake == "margin-overflows"
