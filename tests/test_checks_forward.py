"""`Forward`: a function judged by its values, in named parts, with a dictionary that it may write to."""

from __future__ import annotations

import numpy as np
import pytest
from scratch import POINTS, earned, failed, finding_ids, grade, lost, mistake, row, scale

from grader.checks import Array, Choice, Forward, Maybe, Part, Record
from grader.checks.reference import Reference
from grader.checks.show import case_code, full_code
from grader.errors import AssignmentError
from grader.report import Outcome

# A layer that subtracts the mean: of the batch in training, a remembered one at test time.


def centre_forward(x, beta, param):
    momentum = param.get("momentum", 0.5)
    remembered = param.get("mean", np.zeros(x.shape[1], dtype=x.dtype))
    mean = remembered
    if param["mode"] == "train":
        mean = x.mean(axis=0)
        param["mean"] = momentum * remembered + (1 - momentum) * mean
    return x - mean + beta, x


INPUTS = {
    "x": Array("N D", ("normal", "far_offset")),
    "beta": Array("D", ("far_from_one",)),
    "param": Record(
        {
            "mode": Choice(("train", "test")),
            "momentum": Maybe(Choice((0.9, 0.1))),
            "mean": Maybe(Array("D", ("offset",))),
        }
    ),
}
MODE = "param.mode"
PARTS = (
    Part("train", ("out",), 2, "output in training", {MODE: "train"}),
    Part("test", ("out",), 1, "output at test time", {MODE: "test"}),
    Part("running", ("mean",), 1, "remembered mean"),
)
CENTRE = Forward(INPUTS, parts=PARTS, extreme=("far_offset",))


def centre_scales(x, beta, param, expected):
    size = np.abs(x).max() + np.abs(param.get("mean", 0)).max() + np.abs(beta).max()
    return {name: scale(size, 8 + len(x)) for name in expected}


def of(mode, train, test):
    """Return a forward made of one for training and one for test time."""
    return lambda x, beta, param: (train if param["mode"] == "train" else test)(x, beta, param), None


def reference(*mistakes):
    return Reference({"centre_forward": centre_forward}, {"centre_forward": centre_scales}, {}, mistakes)


def grader_of(known):
    section = CENTRE.build("centre_forward", known, 0)
    return lambda function=None: grade(
        CENTRE, "centre_forward", section, known, **({"centre_forward": function} if function else {})
    )


@pytest.fixture(scope="module")
def centre():
    """Return a function that grades a centre_forward on one frozen section."""
    return grader_of(reference())


def variant(*, train_mean=None, test_mean=None, stored=None, out=lambda value, mode: value):
    """Return a centre_forward that goes wrong in the named places only."""

    def forward(x, beta, param):
        momentum, mode = param.get("momentum", 0.5), param["mode"]
        old = param.get("mean", np.zeros(x.shape[1]))
        if mode == "test":
            mean = old if test_mean is None else test_mean(x, old)
        else:
            mean = x.mean(axis=0) if train_mean is None else train_mean(x)
            new = momentum * old + (1 - momentum) * x.mean(axis=0)
            new = new if stored is None else stored(old, new)
            if new is not None:
                param["mean"] = new
        return out(x - mean + beta, mode), None

    return forward


def test_the_reference_has_full_marks_in_every_row(centre):
    graded = centre()
    assert finding_ids(graded) == ["train", "test", "running", "extremes", "rounding", "form", "manners"]
    assert (graded.status, earned(graded)) == (Outcome.PASSED, POINTS)


def test_right_in_other_words_is_right(centre):
    """The helper of these tests goes wrong nowhere by itself."""
    assert earned(centre(variant())) == POINTS


def test_value_points_are_shared_by_weight(centre):
    """Train weighs twice as much as test and running."""
    train, test, running = (row(centre(), name).max_score for name in ("train", "test", "running"))
    assert abs(train - 2 * test) <= 1
    assert abs(test - running) <= 1


def test_a_mistake_at_test_time_costs_that_part_only(centre):
    """The batch's mean where the remembered one was asked."""
    graded = centre(variant(test_mean=lambda x, old: x.mean(axis=0)))
    assert failed(graded) == {"test", "extremes"}


def test_a_mistake_in_training_costs_that_part_only(centre):
    assert failed(centre(variant(train_mean=lambda x: x.mean(axis=0) * 1.001))) == {"train", "extremes"}


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        (lambda old, new: None, "it is not stored"),
        (lambda old, new: old + new, "differs from the expected value"),
        (lambda old, new: float(new[0]), "has shape ()"),
    ],
)
def test_what_is_stored_in_the_dictionary_is_a_part_of_its_own(stored, words, centre):
    graded = centre(variant(stored=stored))
    assert failed(graded) - {"extremes"} == {"running"}
    assert words in row(graded, "running").message


def test_what_is_not_stored_at_all_is_said():
    check = Forward({"x": Array("N D"), "param": Record({})}, parts=(Part("kept", ("mean",)),))

    def keeping(x, param):
        param["mean"] = x.mean(axis=0)
        return x, None

    known = Reference({"keep": keeping})
    section = check.build("keep", known, 0)
    graded = grade(check, "keep", section, known, keep=lambda x, param: (x, None))
    assert row(graded, "kept").message == "param['mean'] is not there after keep: it is not stored."


def test_the_dictionary_may_be_written_to_and_nothing_else(centre):
    def forward(x, beta, param):
        result = centre_like(x.copy(), beta, param)
        param["note"] = "kept"
        x -= 1.0
        return result

    centre_like = variant()
    graded = centre(forward)
    assert lost(graded) == {"manners"}
    assert "centre_forward writes into x" in row(graded, "manners").message


def test_the_dictionary_alone_costs_nothing(centre):
    def forward(x, beta, param):
        param.setdefault("momentum", 0.5)
        param["note"] = "kept"
        return right(x, beta, param)

    right = variant()
    assert earned(centre(forward)) == POINTS


@pytest.mark.parametrize("mode", ["train", "test"])
def test_an_axis_too_many_costs_form_only_in_whichever_part(mode, centre):
    """Two parts read the same return in different cases: each is looked at."""
    graded = centre(variant(out=lambda value, now: value[None] if now == mode else value))
    assert lost(graded) == {"form"}


@pytest.mark.parametrize("mode", ["train", "test"])
def test_lost_digits_cost_rounding_only_in_whichever_part(mode, centre):
    graded = centre(variant(out=lambda value, now: value * (1 + 1e-11) if now == mode else value))
    assert lost(graded) == {"rounding"}


def test_an_answer_that_changes_from_call_to_call_costs_manners(centre):
    count = []

    def forward(x, beta, param):
        count.append(1)
        out, cache = right(x, beta, param)
        return out * (1 + len(count) % 2), cache

    right = variant()
    assert "manners" in failed(centre(forward))


def test_an_exception_in_extreme_cases_costs_extremes_only(centre):
    def forward(x, beta, param):
        if np.abs(x).max() > 1000:
            raise OverflowError("too large")
        return right(x, beta, param)

    right = variant()
    graded = centre(forward)
    assert lost(graded) == {"extremes"}
    assert "centre_forward raised OverflowError: too large" in row(graded, "extremes").message


def test_an_exception_in_one_mode_costs_the_parts_of_that_mode(centre):
    def forward(x, beta, param):
        if param["mode"] == "test":
            raise KeyError("mean")
        return right(x, beta, param)

    right = variant()
    graded = centre(forward)
    assert failed(graded) == {"test", "running", "extremes"}
    assert row(graded, "test").status is Outcome.ERROR
    assert row(graded, "train").score == row(graded, "train").max_score


def test_an_output_without_a_cache_is_counted(centre):
    graded = centre(lambda x, beta, param: x)
    assert earned(graded) == 0
    assert "expected 2: (out, cache)" in row(graded, "train").message


def test_identity_and_zeros_earn_nothing(centre):
    assert row(centre(lambda x, beta, param: (x, None)), "train").score == 0
    assert row(centre(lambda x, beta, param: (0 * x, None)), "test").score == 0
    assert earned(centre(lambda x, beta, param: (0 * x, None))) == 0


def test_an_unwritten_function_is_not_implemented(centre):
    def forward(x, beta, param):
        raise NotImplementedError

    graded = centre(forward)
    assert (graded.status, earned(graded), graded.message) == (Outcome.NOT_IMPLEMENTED, 0, "not implemented yet")


def test_saved_cases_are_code_that_gives_the_saved_answers():
    section = CENTRE.build("centre_forward", reference(), 0)
    for case in CENTRE.show("centre_forward", section)[::9]:
        space = {"np": np, "centre_forward": centre_forward}
        exec(full_code(case.arguments, case.calls, {}), space)
        if "out" in case.answers:
            np.testing.assert_allclose(space["out"], case.answers["out"], rtol=1e-9, atol=1e-9)


# --- building -----------------------------------------------------------------------------------------------


def test_a_part_that_no_case_has_stops_the_build():
    check = Forward(INPUTS, parts=(Part("late", ("out",), where={MODE: "later"}),))
    with pytest.raises(AssignmentError, match="part 'late' reads 'out', which no case has"):
        check.build("centre_forward", reference(), 0)


def test_a_reference_with_another_number_of_returns_stops_the_build():
    check = Forward(INPUTS, returns=("out", "mean", "cache"))
    with pytest.raises(AssignmentError, match="returned 2 values"):
        check.build("centre_forward", reference(), 0)


def test_a_lone_return_needs_no_tuple():
    check = Forward({"x": Array("N D")}, returns=("total",))
    known = Reference({"sums": lambda x: x.sum(axis=0)})
    section = check.build("sums", known, 0)
    assert earned(grade(check, "sums", section, known)) == POINTS
    assert earned(grade(check, "sums", section, known, sums=lambda x: (np.ones(len(x)) @ x,))) == POINTS
    assert failed(grade(check, "sums", section, known, sums=lambda x: x.sum())) == {"total"}


# --- known mistakes -----------------------------------------------------------------------------------------


def test_known_mistakes_are_named_part_by_part():
    """One that fails two parts is explained once and named in both."""
    without_beta = mistake("no-beta", lambda x, beta, param: right(x, 0 * beta, param), "centre_forward")
    batch_mean = mistake("batch-mean", variant(test_mean=lambda x, old: x.mean(axis=0)), "centre_forward")
    right = variant()
    centre = grader_of(reference(without_beta, batch_mean))
    both = centre(without_beta.function)
    assert {name: row(both, name).mistake for name in ("train", "test", "running")} == {
        "train": "no-beta",
        "test": "no-beta",
        "running": None,
    }
    assert row(both, "train").message.endswith("This is no-beta.")
    assert "This is no-beta." not in row(both, "test").message
    assert row(centre(batch_mean.function), "test").mistake == "batch-mean"


# --- a lone return ----------------------------------------------------------------------------------------


def outer(x, y):
    return x[:, :, None] * y[:, None, :]


OUTER = Forward({"x": Array("N D"), "y": Array("N M")}, returns=("products",))


@pytest.fixture(scope="module")
def products():
    """Return a function that grades an `outer` on one frozen section."""
    known = Reference({"outer": outer})
    section = OUTER.build("outer", known, 0)
    return lambda function: grade(OUTER, "outer", section, known, outer=function)


def test_a_list_of_rows_for_a_lone_array_is_a_matter_of_form(products):
    """Also where the list has one entry, for a batch of one."""
    graded = products(lambda x, y: [np.outer(a, b) for a, b in zip(x, y, strict=True)])
    assert lost(graded) == {"form"}
    assert row(graded, "form").message == "products is a list or tuple, expected a NumPy array."


def test_a_lone_array_may_come_in_a_tuple_of_one(products):
    right = outer
    assert earned(products(lambda x, y: (right(x, y),))) == POINTS


def test_a_second_value_is_one_too_many(products):
    right = outer
    message = row(products(lambda x, y: (right(x, y), x)), "products").message
    assert message.startswith("outer returned 2 values, expected 1")


@pytest.mark.parametrize(("kind", "shown"), [(bool, "[True, False]"), (int, "[1, 0]"), (float, "[1.0, 0.0]")])
def test_expected_answers_are_shown_as_what_they_are(kind, shown):
    """Yes or no as a boolean, a count as a whole number."""
    check = Forward({"x": Array("N")}, returns=("first",), sizes={"N": (2, 2)})
    known = Reference({"marked": lambda x: (np.arange(len(x)) == 0).astype(kind)})
    case = check.show("marked", check.build("marked", known, 0))[0]
    assert case_code(case.arguments, case.calls, case.answers).endswith(f"# first should be {shown}")


# --- a dictionary that nothing is read from -----------------------------------------------------------------


def test_options_that_nothing_is_read_from_must_stay_in_their_dictionary():
    check = Forward({"x": Array("N D"), "options": Record({"eps": Maybe(Choice((0.1, 0.2)))})}, returns=("out",))
    known = Reference({"scaled": lambda x, options: x * options.get("eps", 1.0)})
    section = check.build("scaled", known, 0)
    assert earned(grade(check, "scaled", section, known)) == POINTS
    graded = grade(check, "scaled", section, known, scaled=lambda x, options: x * options.pop("eps", 1.0))
    assert lost(graded) == {"manners"}
    assert "scaled writes into options" in row(graded, "manners").message


# --- several returns ----------------------------------------------------------------------------------------


def moments(x):
    return x.mean(axis=0), x.var(axis=0)


def test_returns_in_another_order_are_said_to_be_that():
    check = Forward({"x": Array("N D")}, returns=("mean", "var"))
    known = Reference({"moments": moments})
    section = check.build("moments", known, 0)
    graded = grade(check, "moments", section, known, moments=lambda x: (x.var(axis=0), x.mean(axis=0)))
    assert any("in another order: var, mean;" in one.message for one in graded.checks)
    graded = grade(check, "moments", section, known, moments=lambda x: (x.var(axis=0), 2 * x.mean(axis=0)))
    assert not any("another order" in one.message for one in graded.checks)
