"""`RandomLayer` and `RandomBackward`: dropout, judged as draws are and exactly where nothing is drawn."""

from __future__ import annotations

import numpy as np
import pytest
from scratch import POINTS, earned, failed, grade, mistake, row

from grader.checks import Array, Choice, Generator, RandomBackward, RandomLayer, Record
from grader.checks.reference import Reference
from grader.errors import AssignmentError
from grader.report import Outcome

PARAM = {"mode": Choice(("train", "test")), "p": Choice((0.5, 0.3, 0.8, 1.0)), "rng": Generator()}
INPUTS = {"x": Array("N D", ("normal", "ties")), "dropout_param": Record(PARAM)}
LAYER, BACKWARD = RandomLayer(INPUTS), RandomBackward("forward", INPUTS)


def drop(draw):
    """Return a layer that multiplies x by `draw(shape, p, rng)` while training."""

    def forward(x, dropout_param):
        if dropout_param["mode"] == "test":
            return x, None
        mask = draw(x.shape, dropout_param["p"], dropout_param["rng"])
        return x * mask, mask

    return forward


def inverted(shape, p, rng):
    return (rng.random(shape) < p) / p


# Not called `forward`: a replaced function is replaced in its module too.
dropout = drop(inverted)


def backward(dout, cache):
    return dout if cache is None else dout * cache


def asked(x, dropout_param):
    p = dropout_param["p"] if dropout_param["mode"] == "train" else 1
    return {"keep": p, "factor": 1 / p}


MISTAKES = (
    mistake("drops-with-p", drop(lambda shape, p, rng: (rng.random(shape) > p) / p), "forward"),
    mistake("no-scale", drop(lambda shape, p, rng: 1.0 * (rng.random(shape) < p)), "forward"),
    mistake("no-mask", lambda dout, cache: dout, "backward"),
    mistake("no-scale-back", lambda dout, cache: dout if cache is None else dout * (cache > 0), "backward"),
)
KNOWN = Reference({"forward": dropout, "backward": backward}, {"forward": asked}, {}, MISTAKES)


@pytest.fixture(scope="session")
def sections():
    """Return the frozen sections of both problems."""
    return {"forward": LAYER.build("forward", KNOWN, 0), "backward": BACKWARD.build("backward", KNOWN, 0)}


@pytest.fixture
def judge(sections):
    """Return a function that grades a forward."""
    return lambda function: grade(LAYER, "forward", sections["forward"], KNOWN, forward=function)


@pytest.fixture
def judge_backward(sections):
    """Return a function that grades a backward, behind the reference's forward or another."""
    return lambda function, forward=dropout: grade(
        BACKWARD, "backward", sections["backward"], KNOWN, backward=function, forward=forward
    )


@pytest.mark.parametrize(
    "draw",
    [
        inverted,
        lambda shape, p, rng: rng.binomial(1, p, shape) / p,
        lambda shape, p, rng: np.where(rng.uniform(size=shape) >= 1 - p, 1 / p, 0),
        lambda shape, p, rng: (p > rng.random(shape[::-1]).T) / p,
    ],
)
def test_right_layers_have_full_marks_however_they_draw(judge, draw):
    assert earned(judge(drop(draw))) == POINTS


@pytest.mark.parametrize(
    ("draw", "lost"),
    [
        (lambda shape, p, rng: 1.0 * (rng.random(shape) < p), {"scale"}),
        (lambda shape, p, rng: (rng.random(shape) < p) / p**2, {"scale"}),
        (lambda shape, p, rng: (rng.random(shape) > p) / p, {"scale", "keep"}),
        (lambda shape, p, rng: (rng.standard_normal(shape) < p) / p, {"keep", "scale"}),
        (lambda shape, p, rng: (rng.random(shape) < p + 0.05 * (p < 1)) / p, {"keep"}),
        (lambda shape, p, rng: np.ones(shape) * (rng.random((1, shape[1])) < p) / p, {"keep", "independence"}),
        (lambda shape, p, rng: np.ones(shape) * (rng.random((shape[0], 1)) < p) / p, {"keep", "independence"}),
        (lambda shape, p, rng: (np.random.rand(*shape) < p) / p, {"generator"}),
        (lambda shape, p, rng: (np.random.default_rng(3).random(shape) < p) / p, {"generator"}),
        (lambda shape, p, rng: np.ones(shape), {"scale", "keep", "independence", "generator"}),
        (lambda shape, p, rng: np.zeros(shape), {"scale", "keep", "independence", "generator"}),
    ],
)
def test_each_fault_loses_its_own_row(judge, draw, lost):
    assert lost >= failed(judge(drop(draw))) > set()
    assert failed(judge(drop(draw))) >= lost - {"keep", "scale"}


def test_a_fixed_count_is_not_an_independent_draw(judge):
    """As a permutation gives it: exactly p n entries are kept, every time."""

    def exactly(shape, p, rng):
        return (rng.permutation(np.prod(shape)).reshape(shape) < p * np.prod(shape)) / p

    graded = judge(drop(exactly))
    assert failed(graded) == {"independence"}
    assert "does not vary" in row(graded, "independence").message


def test_zeros_and_an_identity_earn_nothing(judge):
    assert earned(judge(lambda x, dropout_param: (x, None))) == 0
    assert earned(judge(lambda x, dropout_param: (0 * x, None))) == 0


@pytest.mark.parametrize("at_test", [lambda x, p: x * p, lambda x, p: x / p, lambda x, p: np.zeros_like(x)])
def test_test_mode_must_leave_x_alone(judge, at_test):
    def wrong(x, dropout_param):
        if dropout_param["mode"] == "train":
            return dropout(x, dropout_param)
        return at_test(x, dropout_param["p"]), None

    assert failed(judge(wrong)) == {"identity"}


def test_dropping_in_test_mode_too_is_told(judge):
    graded = judge(lambda x, dropout_param: dropout(x, {**dropout_param, "mode": "train"}))
    assert failed(graded) == {"identity"}
    assert row(graded, "identity").message == "entries are dropped in test mode, where out must be x."


def test_writing_into_x_costs_manners_only(judge):
    def in_place(x, dropout_param):
        out, cache = dropout(x, dropout_param)
        x[...] = out
        return x, cache

    assert failed(judge(in_place)) == {"manners"}


def test_known_mistakes_are_named(judge, judge_backward):
    for one in MISTAKES:
        graded = (judge if one.replaces == "forward" else judge_backward)(one.function)
        assert {check.mistake for check in graded.checks if check.mistake} == {one.id}


def test_a_wrong_shape_an_exception_and_a_stub_are_told_apart(judge):
    def raising(x, dropout_param):
        raise ValueError("no")

    def unwritten(x, dropout_param):
        raise NotImplementedError

    assert "expected" in row(judge(lambda x, dropout_param: (x.ravel()[:1], None)), "keep").message
    assert judge(raising).status is Outcome.ERROR
    assert judge(unwritten).status is Outcome.NOT_IMPLEMENTED


def test_a_reference_that_keeps_at_another_rate_stops_the_build():
    wrong = Reference(
        {"forward": drop(lambda shape, p, rng: (rng.random(shape) < p - 0.1 * (p < 1)) / p)}, KNOWN.scales
    )
    with pytest.raises(AssignmentError, match="fails 'keep rate'"):
        LAYER.build("forward", wrong, 0)


def test_rates_have_to_be_given_by_the_author():
    with pytest.raises(AssignmentError, match="no function 'forward'"):
        LAYER.build("forward", Reference({"forward": dropout}), 0)


# --- backward -----------------------------------------------------------------------------------------------


def test_a_right_backward_has_full_marks(judge_backward):
    assert earned(judge_backward(backward)) == POINTS


def test_a_backward_is_judged_by_what_its_own_forward_kept(judge_backward):
    """A forward that forgot to scale has paid for it; its backward need not."""
    unscaled = drop(lambda shape, p, rng: 1.0 * (rng.random(shape) < p))
    assert earned(judge_backward(backward, unscaled)) == POINTS
    assert earned(judge_backward(lambda dout, cache: dout, unscaled)) == 0


def test_a_backward_waits_for_a_forward_that_drops_nothing(judge_backward):
    graded = judge_backward(lambda dout, cache: dout, lambda x, dropout_param: (x, None))
    assert (graded.status, earned(graded)) == (Outcome.BLOCKED, 0)


def test_an_unwritten_backward_is_not_implemented_whatever_the_forward_does(judge_backward):
    def unwritten(*arguments):
        raise NotImplementedError

    assert judge_backward(unwritten, unwritten).status is Outcome.NOT_IMPLEMENTED


def test_what_the_forward_writes_into_is_not_the_backwards_fault(judge_backward):
    def in_place(x, dropout_param):
        out, cache = dropout(x, dropout_param)
        x[...] = out
        return x, cache

    assert "manners" not in failed(judge_backward(KNOWN.functions["backward"], in_place))


def test_writing_into_dout_costs_manners(judge_backward):
    def in_place(dout, cache):
        if cache is not None:
            dout *= cache
        return dout

    assert failed(judge_backward(in_place)) == {"manners"}


def test_dx_of_another_shape_is_told(judge_backward):
    assert "dx has shape" in row(judge_backward(lambda dout, cache: dout.ravel()), "dx").message


def test_the_other_convention_divides_by_zero_where_all_is_kept_and_is_judged_where_it_is_not(judge, judge_backward):
    """Who takes p for the probability to drop has 0 / 0 at p = 1, and must not be told of that alone."""
    other = drop(lambda shape, p, rng: (rng.random(shape) >= p) / (1 - p))
    assert failed(judge(other)) == {"scale", "keep"}
    assert "p is the probability to keep" in row(judge(other), "keep").message
    assert earned(judge_backward(backward, other)) == POINTS
