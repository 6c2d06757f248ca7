"""Plain functions, shapes, broadcast axes, declared tolerances, exact integers: what graph homework declares."""

from __future__ import annotations

import ast
import inspect

import numpy as np
import pytest
from scratch import earned, failed, finding_ids, grade, row, scale

from grader import explore
from grader.assignment import Problem
from grader.checks import Array, Backward, Forward, Function, Part, Shape
from grader.checks.cases import draw_cases
from grader.checks.inputs import shortened
from grader.checks.reference import Reference, extended
from grader.checks.show import full_code
from grader.errors import AssignmentError
from grader.report import Outcome
from grader.sandbox.functions import NAMED
from grader.sandbox.marks import Named

LONG = np.longdouble

# --- the plain functions --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMED)
def test_a_plain_function_answers_in_the_type_of_its_input_and_leaves_it_alone(name):
    x = np.array([0.25, -1.5, 2.0], dtype=LONG)
    before = x.copy()
    assert np.asarray(NAMED[name](x)).dtype == LONG
    assert np.array_equal(x, before)


@pytest.mark.parametrize("name", NAMED)
def test_a_plain_function_says_in_its_first_sentence_what_it_is_for(name):
    assert len(inspect.getdoc(NAMED[name])) > 20


def test_an_egg_carton_tells_central_from_one_sided_differences_however_small_the_step():
    """At two decimals the central difference is exact; to one side it is off by half the curvature times the step."""
    f, x = NAMED["egg_carton"], np.array(0.37)
    for h in (1e-3, 1e-5, 1e-7):
        assert (f(x + h) - f(x - h)) / (2 * h) == pytest.approx(2 * x, abs=1e-5 * h**-0.25)
    for h in (1e-5, 1e-7, 1e-8):
        assert (f(x + h) - f(x)) / h - 2 * x > 1e5 * h


def test_a_corkscrew_does_the_same_for_second_differences():
    f, x, h = NAMED["corkscrew"], np.array(0.37), 1e-4
    assert (f(x + h) - 2 * f(x) + f(x - h)) / h**2 == pytest.approx(2 * x, abs=1e-5)
    assert abs((f(x + 2 * h) - 2 * f(x + h) + f(x)) / h**2 - 2 * x) > 1


def test_an_unknown_function_is_refused_with_the_nearest_name():
    with pytest.raises(AssignmentError, match="'egg_carton'"):
        Function(("egg_cartn",))


def test_a_case_shows_a_function_as_code_that_runs():
    code = full_code({"f": Named("egg_carton"), "x": np.array([0.5])}, ["y = f(x)"], {})
    space = {"np": np}
    exec(compile(code, "case", "exec"), space)
    assert space["y"] == NAMED["egg_carton"](np.array([0.5]))
    (definition,) = [node for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)]
    assert len(definition.body) == 1


def test_the_reference_is_called_with_the_function_itself():
    assert extended({"f": Named("softmax")})["f"] is NAMED["softmax"]


# --- shapes and broadcast axes --------------------------------------------------------------------------------


def test_broadcasting_makes_good_axes_of_length_one_and_axes_that_are_missing_in_front():
    assert shortened("N D") == ("N D", "N 1", "1 D", "1 1", "D", "1", "")


@pytest.mark.parametrize("kind", [Array, Shape])
def test_a_group_of_axes_cannot_be_broadcast(kind):
    with pytest.raises(AssignmentError, match="cannot be broadcast"):
        kind("N D...", broadcast=True)


PAIR = {"x": Array("N D", ("normal", "ties"), broadcast=True), "y": Array("N D", ("normal", "ties"), broadcast=True)}


@pytest.mark.parametrize("seed", range(3))
def test_every_form_of_one_array_meets_every_form_of_the_other(seed):
    """Also a number with a number; and NumPy can stretch each pair."""
    cases = draw_cases(PAIR, seed=seed, limits={"N": (2, 5), "D": (6, 9)})
    pairs = set()
    for case in cases:
        x, y = case.arguments.values()
        np.broadcast_shapes(x.shape, y.shape)
        pairs.add(tuple(tuple(min(length, 6) if length > 5 else min(length, 2) for length in a.shape) for a in (x, y)))
    assert len(pairs) == 49
    assert ((), ()) in pairs


def test_a_shape_is_a_tuple_of_the_lengths_that_its_axes_have_elsewhere():
    inputs = {"grad": Array("N D"), "shape": Shape("N D", broadcast=True), "whole": Shape("N D")}
    for case in draw_cases(inputs, seed=0, limits={}):
        grad, shape, whole = case.arguments.values()
        assert whole == grad.shape
        assert type(shape) is tuple
        assert np.broadcast_shapes(shape, grad.shape) == grad.shape


def test_a_case_says_which_shape_it_is_there_for():
    assert "x of shape (N, 1), y of shape (D,)" in {case.why for case in draw_cases(PAIR, seed=0, limits={})}


# --- a kink that is not at output zero ------------------------------------------------------------------------


def smaller_forward(x, y):
    return np.minimum(x, y), (x, y)


def smaller_backward(dout, cache):
    x, y = cache
    dx, dy = np.where(x < y, dout, 0), np.where(x < y, 0, dout)
    return tuple(fit(gradient, value) for gradient, value in ((dx, x), (dy, y)))


def fit(gradient, value):
    lead = gradient.ndim - value.ndim
    gradient = gradient.sum(axis=tuple(range(lead)))
    return gradient.sum(axis=tuple(i for i, n in enumerate(value.shape) if n == 1), keepdims=True)


SMALLER = Reference({"smaller_forward": smaller_forward, "smaller_backward": smaller_backward, "fit": fit})


@pytest.fixture(scope="module")
def smaller():
    """Return a check of a minimum, and its section."""
    check = Backward("smaller_forward", PAIR, kink=lambda x, y: x - y, ends_in="fit")
    return check, check.build("smaller_backward", SMALLER, 0)


def test_a_kink_where_two_arguments_are_equal_is_declared_as_their_difference(smaller):
    """Finite differences confirm the reference; cases with ties stay, for the direct comparison."""
    check, section = smaller
    graded = grade(check, "smaller_backward", section, SMALLER)
    assert graded.status is Outcome.PASSED
    shown = [case.arguments for case in check.show("smaller_backward", section)]
    assert sum(bool(np.any(one["x"] == one["y"])) for one in shown) > 5


def test_who_gives_a_tie_to_the_other_side_is_wrong_there_alone(smaller):
    check, section = smaller

    def other_side(dout, cache):
        x, y = cache
        dx, dy = np.where(x <= y, dout, 0), np.where(x <= y, 0, dout)
        return fit(dx, x), fit(dy, y)

    assert {"dx", "dy"} <= failed(grade(check, "smaller_backward", section, SMALLER, smaller_backward=other_side))


def test_numbers_in_place_of_arrays_of_no_axis_are_right(smaller):
    """Python's own float for a 0-d array; the numerical gradient takes it too."""
    check, section = smaller
    right = smaller_backward

    def plain(dout, cache):
        return tuple(float(gradient) if np.ndim(gradient) == 0 else gradient for gradient in right(dout, cache))

    assert earned(grade(check, "smaller_backward", section, SMALLER, smaller_backward=plain)) == 1000


def keeps_every_axis(gradient, value):
    """A wrong end: axes that were missing are added up, those of length 1 are not."""
    return gradient.sum(axis=tuple(range(gradient.ndim - value.ndim)))


def refuses_numbers(gradient, value):
    if value.ndim == 0:
        raise ValueError("a number has no axes")
    return gradient.sum(axis=tuple(range(gradient.ndim - value.ndim)))


@pytest.mark.parametrize("own", [keeps_every_axis, refuses_numbers])
def test_what_an_answer_ends_in_has_paid_there(smaller, own):
    """One bug costs once: the gradients are what the student's own function makes of the right numbers."""
    check, section = smaller
    graded = grade(check, "smaller_backward", section, SMALLER, fit=own)
    assert earned(graded) == 1000
    assert "your own fit" in graded.message


def test_who_is_wrong_before_the_end_loses_points_all_the_same(smaller):
    check, section = smaller

    def other_way(dout, cache):
        x, y = cache
        return keeps_every_axis(np.where(x < y, 0, dout), x), keeps_every_axis(np.where(x < y, dout, 0), y)

    graded = grade(check, "smaller_backward", section, SMALLER, smaller_backward=other_way, fit=keeps_every_axis)
    assert {"dx", "dy"} <= failed(graded)


def test_a_reference_that_ends_in_something_else_is_refused():
    check = Backward("smaller_forward", {name: Array("N D") for name in "xy"}, kink=lambda x, y: x - y, ends_in="cut")
    with pytest.raises(AssignmentError, match="calls cut 0 times, expected once for each"):
        check.build("smaller_backward", Reference({**SMALLER.functions, "cut": fit}), 0)


@pytest.mark.parametrize("known", [SMALLER, None], ids=["with the solutions", "in a student's package"])
def test_exploring_keeps_off_such_a_kink(smaller, known):
    check, _ = smaller
    problem = Problem("smaller_backward", "layers.py", 10, check)
    run = SMALLER.runner()
    judge = explore.by_differences(problem, run) if known is None else explore.by_reference(problem, known, run)
    for case in draw_cases(PAIR, seed=1, limits={})[::3]:
        assert judge(case) is None


# --- answers that approximate by design -----------------------------------------------------------------------


def central(f, x, h=1e-5):
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[index] = h
        gradient[index] = (f(x + step) - f(x - step)) / (2 * h)
    return gradient


def to_one_side(f, x, h=1e-8):
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[index] = h
        gradient[index] = (f(x + step) - f(x)) / h
    return gradient


SLOPE = Forward(
    {"f": Function(("sum_of_cubes", "log_sum_exp", "egg_carton")), "x": Array("N D", broadcast=True)},
    returns=("gradient",),
    parts=(
        Part("gradient", ("gradient",), 3, where={"f": ("sum_of_cubes", "log_sum_exp")}),
        Part("order", ("gradient",), 1, "second-order accuracy", {"f": "egg_carton"}, "Is it central?"),
    ),
    tolerance=1e-6,
    sizes={"N": (1, 3), "D": (1, 3)},
)


def slope_scales(f, x, expected):
    return {"gradient": scale(1 + np.abs(expected["gradient"]).max(), 1)}


SLOPES = Reference({"slope": central}, {"slope": slope_scales})


@pytest.fixture(scope="module")
def slope():
    """Return a function that grades a numerical gradient on one frozen section."""
    section = SLOPE.build("slope", SLOPES, 0)
    return lambda function=central: grade(SLOPE, "slope", section, SLOPES, slope=function)


@pytest.mark.parametrize("h", [1e-3, 1e-4, 1e-5, 1e-6, 1e-7])
def test_an_approximation_within_the_declared_tolerance_is_right(slope, h):
    """No digit is asked for beyond: there is no row on accuracy."""
    graded = slope(lambda f, x: central(f, x, h))
    assert graded.status is Outcome.PASSED
    assert finding_ids(graded) == ["gradient", "order", "form", "manners"]


@pytest.mark.parametrize("h", [1e-1, 1e-12])
def test_an_approximation_beyond_it_is_wrong(slope, h):
    assert "gradient" in failed(slope(lambda f, x: central(f, x, h)))


@pytest.mark.parametrize("h", [1e-5, 1e-8, 1e-10])
def test_a_part_may_count_the_cases_of_one_function(slope, h):
    """Differences to one side are off there, also with the step that is best for them."""
    graded = slope(lambda f, x: to_one_side(f, x, h))
    assert "order" in failed(graded)
    assert h != 1e-8 or failed(graded) == {"order"}


def test_a_part_says_its_hint_where_it_fails_and_no_known_mistake_fits(slope):
    graded = slope(lambda f, x: to_one_side(f, x, 1e-8))
    assert row(graded, "order").message.endswith("Is it central?")
    assert "central" not in row(slope(), "order").message


def test_what_a_bank_keeps_of_a_function_is_its_name(slope):
    section = SLOPE.build("slope", SLOPES, 1)
    assert b"egg_carton" in section["cases"]
    assert b"np.cos" not in section["cases"] + section["request"]["bytes"]


# --- integers and booleans ------------------------------------------------------------------------------------

COUNT = Forward({"x": Array("N D", ("normal", "ties"))}, returns=("count", "mask"))
COUNTED = Reference({"tally": lambda x: (np.sum(x > 0, axis=0), x > 0)})


@pytest.fixture(scope="module")
def tally():
    """Return a function that grades counts and masks on one frozen section."""
    section = COUNT.build("tally", COUNTED, 0)
    return lambda function: grade(COUNT, "tally", section, COUNTED, tally=function)


@pytest.mark.parametrize("kind", [int, float, np.uint8])
def test_counts_and_masks_may_have_any_type_that_holds_them(tally, kind):
    graded = tally(lambda x: (np.sum(x > 0, axis=0).astype(kind), (x > 0).astype(kind)))
    assert graded.status is Outcome.PASSED


def test_counts_are_equal_or_wrong(tally):
    assert "count" in failed(tally(lambda x: (np.sum(x > 0, axis=0) + 1e-12, x > 0)))
    assert "mask" in failed(tally(lambda x: (np.sum(x > 0, axis=0), x >= 0)))
