"""A backward that adds up what another function of the student's returns: that one has paid for its mistakes."""

from __future__ import annotations

import numpy as np
import pytest
from scratch import POINTS, earned, grade, lost

from grader.checks import Array, Backward
from grader.checks.reference import Reference
from grader.errors import AssignmentError


def forward(x, gamma):
    a = x - x.mean(axis=0)
    return gamma * a, (a, gamma)


def steps(dout, cache):
    _, gamma = cache
    da = dout * gamma
    return {"da": da, "dmu": -da.sum(axis=0)}


def backward_from(steps):
    def backward(dout, cache):
        found = steps(dout, cache)
        return found["da"] + found["dmu"] / len(dout), (dout * cache[0]).sum(axis=0)

    return backward


def factors(x, gamma):
    return {"dx": {"da": 1, "dmu": 1 / len(x)}}


CENTRE = Backward("centre_forward", {"x": Array("N D"), "gamma": Array("D", ("far_from_one",))}, made_of="centre_steps")
FUNCTIONS = {"centre_forward": forward, "centre_steps": steps, "centre_backward": backward_from(steps)}


def known(edges=factors):
    return Reference(FUNCTIONS, {}, {"centre_backward": edges} if edges else {})


@pytest.fixture(scope="module")
def centre():
    section = CENTRE.build("centre_backward", known(), 0)
    return lambda **replaced: grade(CENTRE, "centre_backward", section, known(), **replaced)


def doubled(dout, cache):
    found = steps(dout, cache)
    return {"da": 2 * found["da"], "dmu": found["dmu"]}


def test_the_reference_has_full_marks_without_an_excuse(centre):
    graded = centre()
    assert (earned(graded), graded.message, graded.unexcused) == (POINTS, "", None)


def test_what_the_students_own_wrong_steps_give_has_paid_there(centre):
    graded = centre(centre_steps=doubled, centre_backward=backward_from(doubled))
    assert (earned(graded), graded.message) == (POINTS, "follows your own centre_steps, where the points are lost")
    assert "dx" in lost(graded.unexcused)


def test_another_order_of_the_sum_follows_too(centre):
    def backward(dout, cache):
        found = doubled(dout, cache)
        return (len(dout) * found["da"] + found["dmu"]) / len(dout), (dout * cache[0]).sum(axis=0)

    assert earned(centre(centre_steps=doubled, centre_backward=backward)) == POINTS


def test_steps_of_another_shape_are_followed_where_they_can_be_added_up(centre):
    def steps_for_every_example(dout, cache):
        found = steps(dout, cache)
        return {"da": found["da"], "dmu": -found["da"]}

    wrong = {"centre_steps": steps_for_every_example, "centre_backward": backward_from(steps_for_every_example)}
    assert earned(centre(**wrong)) == POINTS


def test_a_backward_that_is_wrong_beside_right_steps_pays(centre):
    graded = centre(centre_backward=backward_from(doubled))
    assert "dx" in lost(graded)
    assert graded.unexcused is None


def test_a_backward_that_is_wrong_in_another_way_pays(centre):
    def tripled(dout, cache):
        return {"da": 3 * steps(dout, cache)["da"], "dmu": steps(dout, cache)["dmu"]}

    assert "dx" in lost(centre(centre_steps=doubled, centre_backward=backward_from(tripled)))


def test_what_is_not_made_of_the_steps_pays_beside_wrong_ones(centre):
    def backward(dout, cache):
        dx, dgamma = backward_from(doubled)(dout, cache)
        return dx, 2 * dgamma

    graded = centre(centre_steps=doubled, centre_backward=backward)
    assert lost(graded) >= {"dgamma", "numeric"}
    assert "dx" not in lost(graded)


def test_zeros_follow_nothing(centre):
    def nothing(dout, cache):
        return {"da": 0 * dout, "dmu": 0 * dout[0]}

    assert "dx" in lost(centre(centre_steps=nothing, centre_backward=backward_from(nothing)))


@pytest.mark.parametrize("value", [None, (1, 2), {}, {"da": "x", "dmu": np.ones(2)}, {"da": np.ones(99), "dmu": 1.0}])
def test_steps_that_cannot_be_added_up_excuse_nothing(centre, value):
    graded = centre(centre_steps=lambda dout, cache: value, centre_backward=backward_from(doubled))
    assert "dx" in lost(graded)


def test_factors_are_asked_for_and_confirmed():
    with pytest.raises(AssignmentError, match=r"edges\.py has no function 'centre_backward'"):
        CENTRE.build("centre_backward", known(None), 0)
    with pytest.raises(AssignmentError, match="the reference's centre_steps do not give centre_backward's dx"):
        CENTRE.build("centre_backward", known(lambda x, gamma: {"dx": {"da": 1, "dmu": 1}}), 0)
