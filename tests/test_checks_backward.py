"""`Backward`: gradients judged by the reference and by finite differences of the student's own forward."""

from __future__ import annotations

import numpy as np
import pytest
from scratch import (
    POINTS,
    dense_backward,
    dense_forward,
    earned,
    failed,
    finding_ids,
    grade,
    layers,
    lost,
    mistake,
    row,
    scale,
)

from grader.checks import Array, Backward, Choice, Maybe
from grader.checks.reference import Reference
from grader.checks.show import full_code
from grader.errors import AssignmentError
from grader.report import Outcome
from grader.sandbox.replies import Lost, Row

DENSE = Backward("dense_forward", {"x": Array("N D"), "w": Array("D M"), "b": Array("M")})
RELU = Backward("relu_forward", {"x": Array("N D", ("normal", "ties"))}, kink=True)
SQUASH = Backward("squash_forward", {"x": Array("N D", ("normal", "huge"))}, extreme=("huge",))
BOTH = Backward("dense_relu_forward", dict(DENSE.inputs), kink=True, parts=("dense", "relu"))
DENSE_ROWS = ["dx", "dw", "db", "numeric", "rounding", "form", "manners"]


@pytest.fixture(scope="module")
def dense():
    """Return a function that grades a dense_backward (and what else is replaced) on one frozen section."""
    return grader_of(DENSE, "dense_backward")


@pytest.fixture(scope="module")
def relu():
    return grader_of(RELU, "relu_backward")


@pytest.fixture(scope="module")
def squash():
    return grader_of(SQUASH, "squash_backward")


@pytest.fixture(scope="module")
def both():
    return grader_of(BOTH, "dense_relu_backward")


def grader_of(check, problem, reference=None):
    known = reference or layers()
    section = check.build(problem, known, 0)
    return lambda **replaced: grade(check, problem, section, known, **replaced)


# --- right answers ------------------------------------------------------------------------------------------


def test_the_reference_has_full_marks_in_every_row(dense, squash):
    """Values, numerical gradient, accuracy, form, manners; extreme inputs where there are some."""
    graded = dense()
    assert finding_ids(graded) == DENSE_ROWS
    assert (graded.status, earned(graded)) == (Outcome.PASSED, POINTS)
    assert finding_ids(squash()) == ["dx", "numeric", "extremes", "rounding", "form", "manners"]
    assert earned(squash()) == POINTS


def test_a_list_or_a_dictionary_by_name_is_as_good_as_a_tuple(dense):
    def in_a_list(dout, cache):
        x, w = cache
        return [dout @ w.T, x.T @ dout, dout.sum(axis=0)]

    def by_name(dout, cache):
        x, w = cache
        return {"db": dout.sum(axis=0), "dw": x.T @ dout, "dx": dout @ w.T}

    assert earned(dense(dense_backward=in_a_list)) == POINTS
    assert earned(dense(dense_backward=by_name)) == POINTS


def test_the_cache_is_the_students_own_business(dense):
    """Any object, with anything in it: it never leaves the worker."""

    class Cache:
        def __init__(self, x, w):
            self.x, self.w, self.more = x, w, {"open": print}

    def forward(x, w, b):
        return x @ w + b, Cache(x, w)

    def backward(dout, cache):
        return dout @ cache.w.T, cache.x.T @ dout, np.ones(len(dout)) @ dout

    assert earned(dense(dense_forward=forward, dense_backward=backward)) == POINTS


def test_evidence_counts_cases_and_directions(dense):
    """How many cases, from which shape to which, and how well finite differences agreed."""
    kinds = {item.kind: item for item in dense().evidence}
    assert kinds["cases"].count >= 40
    assert kinds["cases"].span[0] == (1, 1)
    assert kinds["differences"].count == 18  # Two directions for each of x, w and b in three cases.
    assert kinds["differences"].off < 1e-9


# --- building -----------------------------------------------------------------------------------------------


def wrong_dw(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout / len(x), dout.sum(axis=0)


def test_a_reference_with_a_wrong_gradient_stops_the_build():
    """Finite differences of its own forward know better; the gradient and the case are named."""
    with pytest.raises(AssignmentError, match=r"the reference's dw of dense_backward, case \d+ .* disagrees"):
        DENSE.build("dense_backward", layers(dense_backward=wrong_dw), 0)


def test_a_reference_that_is_wrong_at_one_entry_stops_the_build():
    def backward(dout, cache):
        x, w = cache
        db = dout.sum(axis=0)
        db[-1] *= 1 + 1e-6
        return dout @ w.T, x.T @ dout, db

    with pytest.raises(AssignmentError, match="the reference's db of dense_backward"):
        DENSE.build("dense_backward", layers(dense_backward=backward), 0)


def test_a_reference_that_raises_stops_the_build():
    def backward(dout, cache):
        raise ZeroDivisionError("oh")

    with pytest.raises(AssignmentError, match="the reference's dense_backward raised ZeroDivisionError: oh"):
        DENSE.build("dense_backward", layers(dense_backward=backward), 0)


def test_a_function_that_the_solutions_lack_is_named():
    with pytest.raises(AssignmentError, match="the solutions have no function 'dense_forwad'"):
        Backward("dense_forwad", DENSE.inputs).build("dense_backward", layers(), 0)


def test_the_same_seed_freezes_the_same_section():
    first, again = (DENSE.build("dense_backward", layers(), 3) for _ in range(2))
    assert first["request"]["bytes"] == again["request"]["bytes"]
    assert first["cases"] == again["cases"]
    assert DENSE.build("dense_backward", layers(), 4)["cases"] != first["cases"]


def test_saved_cases_are_code_that_gives_the_saved_answers():
    """What `grader cases` prints can be pasted and run."""
    reference = layers()
    section = DENSE.build("dense_backward", reference, 0)
    shown = DENSE.show("dense_backward", section)
    assert len(shown) >= 40
    for case in (shown[0], shown[20], shown[-1]):
        space = {**reference.functions, "np": np}
        exec(full_code(case.arguments, case.calls, case.answers), space)
        for name, expected in case.answers.items():
            np.testing.assert_allclose(space[name], expected, rtol=1e-12, atol=1e-12)


# --- wrong values -------------------------------------------------------------------------------------------


def test_a_wrong_gradient_costs_its_own_value_and_the_numerical_one(dense):
    """The other gradients are right and paid; side rows are paid in proportion."""
    graded = dense(dense_backward=wrong_dw)
    assert failed(graded) == {"dw", "numeric"}
    assert graded.status is Outcome.PARTIAL
    for name in ("dx", "db"):
        assert row(graded, name).score == row(graded, name).max_score
    for name in ("rounding", "form", "manners"):
        assert row(graded, name).score == row(graded, name).max_score * 2 // 3
        assert row(graded, name).status is Outcome.PARTIAL


def test_the_numerical_row_names_the_gradient_and_shows_the_entry(dense):
    graded = row(dense(dense_backward=wrong_dw), "numeric")
    assert "dw is not the derivative of your own dense_forward with respect to w" in graded.message
    assert graded.case.worst.got != graded.case.worst.expected
    assert graded.case.shapes.keys() == {"x", "w", "b"}


def test_the_first_failure_shown_is_the_smallest_case(dense):
    """dw of one example is right without 1/N: the case shown is the smallest with more than one."""
    saved = DENSE.show("dense_backward", DENSE.build("dense_backward", layers(), 0))
    first = next(case for case in saved if len(case.arguments["x"]) > 1)
    shapes = row(dense(dense_backward=wrong_dw), "dw").case.shapes
    assert shapes == {name: value.shape for name, value in first.arguments.items()}
    assert shapes.keys() == {"x", "w", "b", "dout"}


def test_zeros_earn_nothing(dense):
    """However well they mind their manners."""

    def zeros(dout, cache):
        x, w = cache
        return np.zeros_like(x), np.zeros_like(w), np.zeros(w.shape[1])

    graded = dense(dense_backward=zeros)
    assert earned(graded) == 0
    assert "dx is zero everywhere" in row(graded, "dx").message


def test_one_wrong_entry_is_wrong(dense):
    """All or nothing over all cases of a row, to one part in ten million."""

    def backward(dout, cache):
        x, w = cache
        dx = dout @ w.T
        dx[0, 0] += 1e-6 * np.abs(dx).max()
        return dx, x.T @ dout, dout.sum(axis=0)

    assert "dx" in failed(dense(dense_backward=backward))


def test_not_a_number_is_wrong_in_values_and_in_numeric(dense):
    def backward(dout, cache):
        x, w = cache
        return dout @ w.T * np.nan, x.T @ dout, dout.sum(axis=0)

    graded = dense(dense_backward=backward)
    assert {"dx", "numeric"} <= failed(graded)


def test_the_derivative_at_the_kink_is_judged(relu):
    """At x = 0 the reference says 0; nothing but a direct comparison sees it."""

    def backward(dout, cache):
        return np.where(cache >= 0, dout, 0)

    graded = relu(relu_backward=backward)
    assert failed(graded) == {"dx"}
    assert "wrong only where x is exactly 0" in row(graded, "dx").message


def test_swapped_returns_are_told_by_their_shapes(dense):
    """Also where the smallest case, in which every shape is alike, is wrong by value."""

    def backward(dout, cache):
        x, w = cache
        return x.T @ dout, dout @ w.T, dout.sum(axis=0)

    graded = dense(dense_backward=backward)
    assert failed(graded) >= {"dx", "dw"}
    assert "shape" in row(graded, "dx").message


@pytest.mark.parametrize("order", [("dw", "dx", "db"), ("dx", "db", "dw"), ("db", "dx", "dw")])
def test_right_returns_in_another_order_are_said_to_be_that(dense, order):
    def backward(dout, cache):
        found = dict(zip(("dx", "dw", "db"), dense_backward(dout, cache), strict=True))
        return tuple(found[name] for name in order)

    graded = dense(dense_backward=backward)
    (told,) = [check for check in graded.checks if "in another order" in check.message]
    assert f"in another order: {', '.join(order)};" in told.message
    assert told.id == next(name for name in DENSE_ROWS if name in failed(graded))


def test_returns_in_another_order_that_are_wrong_are_not_called_right(dense):
    def backward(dout, cache):
        dx, dw, db = dense_backward(dout, cache)
        return dw, 2 * dx, db

    assert not any("another order" in check.message for check in dense(dense_backward=backward).checks)


def test_an_answer_that_is_not_finite_at_an_extreme_is_said_to_be_that(squash):
    def backward(dout, cache):
        with np.errstate(all="ignore"):
            return np.where(np.abs(cache) == 1, np.inf, dout * (1 - cache**2))

    graded = squash(squash_backward=backward)
    assert failed(graded) == {"extremes"}
    assert "dx is not finite there" in row(graded, "extremes").message
    assert "not finite" not in row(squash(squash_backward=lambda dout, cache: 2 * dout), "extremes").message


# --- accuracy, form, manners --------------------------------------------------------------------------------


def test_a_numerical_derivative_instead_of_a_backward_pass_costs_accuracy_only(dense):
    """Near enough to be right, but it is an approximation."""

    def backward(dout, cache):
        x, w = cache
        h, dx = 1e-5, np.zeros_like(x)
        for i in np.ndindex(x.shape):
            up, down = x.copy(), x.copy()
            up[i], down[i] = x[i] + h, x[i] - h
            dx[i] = np.sum(dout * ((up @ w) - (down @ w))) / (2 * h)
        return dx, x.T @ dout, dout.sum(axis=0)

    assert lost(dense(dense_backward=backward)) == {"rounding"}


def test_an_axis_of_length_one_too_many_costs_form_only(dense):
    def backward(dout, cache):
        x, w = cache
        return dout @ w.T, x.T @ dout, dout.sum(axis=0, keepdims=True)

    graded = dense(dense_backward=backward)
    assert lost(graded) == {"form"}
    assert "db has shape (1, 1), expected (1,)" in row(graded, "form").message


def test_a_column_for_a_vector_is_wrong(dense):
    """(M, 1) for (M,) would broadcast to something else."""

    def backward(dout, cache):
        x, w = cache
        return dout @ w.T, x.T @ dout, dout.sum(axis=0)[:, None]

    assert "db" in failed(dense(dense_backward=backward))


def test_writing_into_dout_costs_manners_only(relu):
    def backward(dout, cache):
        dout[cache <= 0] = 0
        return dout

    graded = relu(relu_backward=backward)
    assert lost(graded) == {"manners"}
    assert row(graded, "manners").message.startswith("relu_backward writes into dout, which belongs to the caller.")


def test_an_argument_that_was_left_out_is_not_blamed():
    """The second argument of a call is not the second of the function where one between is missing."""
    inputs = {"x": Array("N D"), "slope": Maybe(Choice((0.5,)))}

    def forward(x, slope=0.1):
        return np.where(x > 0, x, slope * x), (x, slope)

    def backward(dout, cache):
        x, slope = cache
        return np.where(x > 0, dout, slope * dout)

    def writing(dout, cache):
        x, slope = cache
        dout[x <= 0] *= slope
        return dout

    known = Reference({"leaky_forward": forward, "leaky_backward": backward})
    grade_leaky = grader_of(Backward("leaky_forward", inputs, kink=True), "leaky_backward", known)
    message = row(grade_leaky(leaky_backward=writing), "manners").message
    assert message.startswith("leaky_backward writes into dout,")


def test_what_the_forward_writes_into_is_not_the_backwards_fault(relu):
    def forward(x):
        cache = x.copy()
        x[x < 0] = 0
        return x, cache

    assert "manners" not in lost(relu(relu_forward=forward))


def test_a_cache_that_serves_only_once_costs_manners(dense):
    """Backward twice with one cache gives the same."""

    def backward(dout, cache):
        x, w = cache
        result = dout @ w.T, x.T @ dout, dout.sum(axis=0)
        w *= 2
        return result

    def forward(x, w, b):
        return x @ w + b, (x, w.copy())

    graded = dense(dense_forward=forward, dense_backward=backward)
    assert lost(graded) == {"manners"}


# --- calls that give nothing --------------------------------------------------------------------------------


def test_an_exception_fails_all_values_and_is_quoted(dense):
    def backward(dout, cache):
        raise ValueError("shapes do not match")

    graded = dense(dense_backward=backward)
    assert (graded.status, earned(graded)) == (Outcome.ERROR, 0)
    assert row(graded, "dw").message.startswith("dense_backward raised ValueError: shapes do not match")


def test_an_exception_in_extreme_cases_costs_extremes_only(squash):
    def backward(dout, cache):
        if np.any(np.abs(cache) == 1.0) and len(dout):
            raise FloatingPointError("overflow")
        return dout * (1 - cache**2)

    graded = squash(squash_backward=backward)
    assert lost(graded) == {"extremes"}
    assert row(graded, "extremes").status is Outcome.ERROR


def test_a_forward_that_raises_is_said_to_have_raised(dense):
    """On some of the cases; the backward is not even called there."""

    def forward(x, w, b):
        if len(x) <= 3:
            raise KeyError("eps")
        return x @ w + b, (x, w)

    graded = dense(dense_forward=forward)
    assert "dense_forward raised KeyError" in row(graded, "dx").message
    assert not any("dense_backward raised" in check.message for check in graded.checks)


def test_a_backward_that_hangs_is_not_excused_by_its_forward():
    """The rows that were not tried any more say nothing of the forward, which is right."""
    section = DENSE.build("dense_backward", layers(), 0)

    def run(payload, groups):
        late = Row((Lost("late", "was not called again after it ran out of time"),))
        batches = layers().runner()(payload, groups)
        first = Row((batches[0][0].steps[0], Lost("timeout", "did not return within 8 s")))
        return [[first if row is batches[0][0] else late for row in batch] for batch in batches]

    graded = DENSE.grade("dense_backward", POINTS, section, run)
    assert (earned(graded), graded.unexcused) == (0, None)
    assert "did not return within 8 s" in row(graded, "dx").message


def test_a_wrong_number_of_returns_is_counted(dense):
    def backward(dout, cache):
        x, w = cache
        return dout @ w.T, x.T @ dout

    graded = dense(dense_backward=backward)
    assert earned(graded) == 0
    assert row(graded, "db").message == "dense_backward returned 2 values, expected 3: (dx, dw, db)."


def test_none_asks_for_the_return_statement(dense):
    graded = dense(dense_backward=lambda dout, cache: None)
    assert "Is a return statement missing?" in row(graded, "dx").message


def test_a_missing_key_costs_that_gradient_only(dense):
    def backward(dout, cache):
        x, w = cache
        return {"dx": dout @ w.T, "dw": x.T @ dout}

    graded = dense(dense_backward=backward)
    assert failed(graded) == {"db", "numeric"}
    assert "without the key 'db'" in row(graded, "db").message


# --- dependence on the forward ------------------------------------------------------------------------------


def unwritten(*_):
    raise NotImplementedError


def test_an_unwritten_backward_is_not_implemented_whatever_the_forward_does(dense):
    """Right, raising, or unwritten itself: the call without a cache tells."""

    def raising(x, w, b):
        raise RuntimeError("no")

    for forward in (dense_forward, raising, unwritten):
        graded = dense(dense_forward=forward, dense_backward=unwritten)
        assert (graded.status, graded.message) == (Outcome.NOT_IMPLEMENTED, "not implemented yet")
        assert earned(graded) == 0


def test_a_backward_behind_an_unusable_forward_is_blocked(dense):
    def raising(x, w, b):
        raise RuntimeError("no")

    graded = dense(dense_forward=raising)
    assert (graded.status, earned(graded)) == (Outcome.BLOCKED, 0)
    assert "cannot be judged until dense_forward works: dense_forward raised RuntimeError: no" in graded.message


@pytest.mark.parametrize("constant", [0.0, 7.0])
def test_a_consistent_backward_behind_a_far_forward_earns_nothing(constant, dense):
    """A forward of constants has a derivative, which a gradient check would accept: zero."""

    def forward(x, w, b):
        return np.full((len(x), len(b)), constant), (x, w)

    def backward(dout, cache):
        x, w = cache
        return np.zeros_like(x), np.zeros_like(w), np.zeros(w.shape[1])

    graded = dense(dense_forward=forward, dense_backward=backward)
    assert (graded.status, earned(graded)) == (Outcome.BLOCKED, 0)


def bent_forward(x, w, b):
    return x @ w + 1.05 * b, (x, w)


def bent_backward(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, 1.05 * dout.sum(axis=0)


def test_behind_a_near_forward_its_own_derivative_is_right(dense):
    """One bug costs once: the forward has paid."""
    graded = dense(dense_forward=bent_forward, dense_backward=bent_backward)
    assert (earned(graded), graded.message) == (POINTS, "judged against your own dense_forward")


def test_behind_a_near_forward_the_derivative_of_the_right_formula_is_right_too(dense):
    assert earned(dense(dense_forward=bent_forward)) == POINTS


def test_behind_a_near_forward_what_is_neither_is_wrong(dense):
    def backward(dout, cache):
        x, w = cache
        return dout @ w.T, x.T @ dout, 2 * dout.sum(axis=0)

    graded = dense(dense_forward=bent_forward, dense_backward=backward)
    assert failed(graded) == {"db", "numeric"}
    assert "not the gradient of your own dense_forward either, which is wrong" in row(graded, "db").message


def without_bias(x, w, b):
    return x @ w, (x, w)


def no_bias_backward(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, np.zeros(w.shape[1])


@pytest.mark.parametrize("follow", [True, False])
def test_a_known_wrong_forward_may_be_followed_however_far_it_is(follow):
    """Marked `follow` its own derivative counts; without the mark the backward is blocked."""
    inputs = {**DENSE.inputs, "b": Array("M", ("offset",))}
    check = Backward("dense_forward", inputs)
    reference = layers(mistake("no-bias", without_bias, "dense_forward", follow=follow))
    graded = grader_of(check, "dense_backward", reference)(dense_forward=without_bias, dense_backward=no_bias_backward)
    assert earned(graded) == (POINTS if follow else 0)
    assert graded.status is (Outcome.PASSED if follow else Outcome.BLOCKED)


# --- composites ---------------------------------------------------------------------------------------------


def test_a_composite_of_wrong_parts_has_paid_there(both):
    """Bitwise what the student's own parts give: nothing is lost here, the numerical gradient included."""
    graded = both(dense_backward=wrong_dw)
    assert graded.message == "follows your own dense and relu, where the points are lost"
    assert lost(graded) == set()


def test_a_composite_that_is_wrong_by_itself_pays(both):
    def backward(dout, cache):
        first, _ = cache
        x, w = first
        return dout @ w.T, x.T @ dout, dout.sum(axis=0)

    graded = both(dense_relu_backward=backward)
    assert {"dx", "dw", "db"} <= failed(graded)


def test_a_composite_of_zeros_follows_nothing(both):
    def zeros(dout, cache):
        x, w = cache
        return np.zeros_like(x), np.zeros_like(w), np.zeros(w.shape[1])

    assert earned(both(dense_backward=zeros)) == 0


def test_a_composite_waits_for_an_unwritten_part(both):
    graded = both(dense_backward=unwritten)
    assert earned(graded) == 0
    assert graded.status in (Outcome.BLOCKED, Outcome.NOT_IMPLEMENTED)


# --- known mistakes -----------------------------------------------------------------------------------------


def negative_dx(dout, cache):
    x, w = cache
    return -dout @ w.T, x.T @ dout, dout.sum(axis=0)


def mean_db(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, dout.mean(axis=0)


KNOWN = (
    mistake("mean-dw", wrong_dw, "dense_backward"),
    mistake("mean-db", mean_db, "dense_backward"),
    mistake("negative-dx", negative_dx, "dense_backward"),
)


@pytest.fixture(scope="module")
def knowing():
    return grader_of(DENSE, "dense_backward", layers(*KNOWN))


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.id)
def test_a_known_mistake_is_named_by_its_own_name(known, knowing):
    graded = knowing(dense_backward=known.function)
    assert {check.mistake for check in graded.checks} - {None} == {known.id}
    (value,) = failed(graded) - {"numeric"}
    assert row(graded, value).mistake == known.id
    assert row(graded, value).message.endswith(f"This is {known.id}.")


def test_the_same_mistake_in_other_words_is_named(knowing):
    """What counts is what the function answers."""

    def backward(dout, cache):
        x, w = cache
        return np.einsum("nm,dm->nd", dout, w), np.einsum("nd,nm->dm", x, dout) * (1.0 / x.shape[0]), np.sum(dout, 0)

    assert row(knowing(dense_backward=backward), "dw").mistake == "mean-dw"


def test_two_mistakes_at_once_are_both_named(knowing):
    def backward(dout, cache):
        x, w = cache
        return -dout @ w.T, x.T @ dout, dout.mean(axis=0)

    graded = knowing(dense_backward=backward)
    assert (row(graded, "dx").mistake, row(graded, "db").mistake) == ("negative-dx", "mean-db")


def test_another_mistake_is_not_given_a_name(knowing):
    def backward(dout, cache):
        x, w = cache
        return dout @ w.T, 2 * x.T @ dout, dout.sum(axis=0)

    graded = knowing(dense_backward=backward)
    assert {check.mistake for check in graded.checks} == {None}
    assert "dw is 2 times the expected value, in every case." in row(graded, "dw").message


def wrong_first_step(dout, cache):
    """Everything is wrong, since all of it is made of the first step."""
    dx, dw, db = dense_backward(dout, cache)
    return 2 * dx, 2 * dw, 2 * db


def test_who_gets_right_what_a_mistake_gets_wrong_has_not_made_it():
    """Twice dw is what the mistake gives, but it gives twice dx as well."""
    grade_dense = grader_of(DENSE, "dense_backward", layers(mistake("doubled", wrong_first_step, "dense_backward")))

    def backward(dout, cache):
        dx, dw, db = dense_backward(dout, cache)
        return dx, 2 * dw, db

    assert row(grade_dense(dense_backward=wrong_first_step), "dw").mistake == "doubled"
    assert row(grade_dense(dense_backward=backward), "dw").mistake is None


def test_a_right_answer_is_given_no_name(knowing):
    assert {check.mistake for check in knowing().checks} == {None}


def test_a_mistake_that_is_none_stops_the_build():
    def harmless(dout, cache):
        x, w = cache
        return dout @ w.T, x.T @ dout, np.sum(dout, axis=0)

    with pytest.raises(AssignmentError, match="the mistake 'harmless' of dense_backward answers as the reference does"):
        DENSE.build("dense_backward", layers(mistake("harmless", harmless, "dense_backward")), 0)


def test_two_mistakes_that_cannot_be_told_apart_stop_the_build():
    """A name would be a guess."""

    def same(dout, cache):
        return wrong_dw(dout, cache)

    twins = (mistake("one", wrong_dw, "dense_backward"), mistake("two", same, "dense_backward"))
    with pytest.raises(AssignmentError, match="the mistakes 'one' and 'two' of dense_backward answer alike"):
        DENSE.build("dense_backward", layers(*twins), 0)


# --- gradients on inner edges -------------------------------------------------------------------------------


def centre_forward(x, gamma):
    a = x - x.mean(axis=0)
    return gamma * a, (a, gamma)


def centre_steps(dout, cache):
    _, gamma = cache
    da = dout * gamma
    return {"da": da, "dmu": -da.sum(axis=0)}


def centre_edges(x, gamma):
    mu = x.mean(axis=0)
    return {"da": (x - mu, lambda a: gamma * a), "dmu": (mu, lambda mu: gamma * (x - mu))}


EDGES = Backward(
    "centre_forward",
    {"x": Array("N D"), "gamma": Array("D", ("far_from_one",))},
    gradients=("da", "dmu"),
    edges=True,
)
CENTRE = {"centre_forward": centre_forward, "centre_steps": centre_steps}


def test_gradients_on_edges_come_by_name():
    section = EDGES.build("centre_steps", Reference(CENTRE, edges={"centre_steps": centre_edges}), 0)

    def steps(dout, cache):
        return {"da": dout * cache[1], "dmu": np.zeros(dout.shape[1])}

    reference = Reference(CENTRE)
    assert finding_ids(grade(EDGES, "centre_steps", section, reference)) == ["da", "dmu", "rounding", "form", "manners"]
    assert earned(grade(EDGES, "centre_steps", section, reference)) == POINTS
    assert failed(grade(EDGES, "centre_steps", section, reference, centre_steps=steps)) == {"dmu"}


def test_edges_confirm_the_reference():
    """With the continuation from each edge the gradient there is a derivative like any other."""

    def wrong(dout, cache):
        return {"da": dout * cache[1], "dmu": dout.sum(axis=0)}

    reference = Reference({**CENTRE, "centre_steps": wrong}, edges={"centre_steps": centre_edges})
    with pytest.raises(AssignmentError, match="the reference's dmu of centre_steps"):
        EDGES.build("centre_steps", reference, 0)


def test_edges_without_continuations_stop_the_build():
    with pytest.raises(AssignmentError, match=r"edges\.py has no function 'centre_steps'"):
        EDGES.build("centre_steps", Reference(CENTRE), 0)


# --- what could not be judged -------------------------------------------------------------------------------


@pytest.mark.parametrize("check", [DENSE, SQUASH, EDGES])
def test_what_could_not_be_judged_has_the_same_rows_without_points(check):
    rows = check.rows("some_backward", 700, Outcome.ERROR, "broken")
    assert sum(one.max_score for one in rows) == 700
    assert {(one.score, one.status, one.message) for one in rows} == {(0, Outcome.ERROR, "broken")}
    assert ("numeric" in {one.id for one in rows}) is not check.edges
    assert ("extremes" in {one.id for one in rows}) is bool(check.extreme)


def test_scales_are_the_authors_where_given():
    """With terms of size 1e9 an error of 1 is rounding; with the default scale it would be wrong."""
    roomy = Reference(layers().functions, {"relu_backward": lambda x, dout, expected: {"dx": scale(1e9, 8.0)}})
    section = RELU.build("relu_backward", roomy, 0)

    def backward(dout, cache):
        return np.where(cache > 0, dout, 0) + 1.0

    assert lost(grade(RELU, "relu_backward", section, roomy, relu_backward=backward)) <= {"rounding", "numeric"}


# --- pictures -----------------------------------------------------------------------------------------------


def test_a_picture_shows_which_entries_are_wrong(dense):
    """Of a wrong gradient the largest readable case is drawn; right gradients are not."""

    def first_row_of_dw_doubled(dout, cache):
        x, w = cache
        dw = x.T @ dout
        dw[0] *= 2
        return dout @ w.T, dw, dout.sum(axis=0)

    (picture,) = dense(dense_backward=first_row_of_dw_doubled).draw()
    assert picture.name == "dw"
    assert picture.shape[0] > 1
    wrong = np.reshape(picture.wrong, picture.shape)
    assert wrong[0].all()
    assert not wrong[1:].any()
    assert np.allclose(np.reshape(picture.got, picture.shape)[0], 2 * np.reshape(picture.expected, picture.shape)[0])


def test_there_is_no_picture_of_what_is_right_or_gave_no_numbers(dense):
    def raises(dout, cache):
        raise ValueError

    assert dense().draw() == ()
    assert dense(dense_backward=raises).draw() == ()
