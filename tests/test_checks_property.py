"""`Property`: what the author's own function says of each returned value."""

from __future__ import annotations

import numpy as np
import pytest
from scratch import POINTS, earned, finding_ids, grade, layers, row

from grader.assignment import Problem
from grader.checks import Array, Backward, Call, Generator, Property
from grader.checks.reference import Reference
from grader.errors import AssignmentError
from grader.report import Outcome


def sums_to_one(arguments, returned):
    """Say what is wrong with a softmax. It expects an array: a student may return anything."""
    if returned.shape != arguments["x"].shape:
        return f"p has shape {returned.shape}"
    return "" if np.allclose(returned.sum(axis=1), 1) else "the rows of p do not sum to 1"


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


CHECK = Property({"x": Array("N C")}, sums_to_one, "rows sum to 1")


@pytest.fixture(scope="module")
def judge():
    """Return a function that grades a softmax on one frozen section."""
    known = Reference({"softmax": softmax})
    section = CHECK.build("softmax", known, 0)
    return lambda function=softmax: grade(CHECK, "softmax", section, known, softmax=function)


def test_what_holds_has_full_marks(judge):
    graded = judge()
    assert (graded.status, earned(graded)) == (Outcome.PASSED, POINTS)
    assert [(one.id, one.title) for one in graded.checks] == [("property", "rows sum to 1")]


def test_what_does_not_hold_is_told_in_the_authors_words(judge):
    graded = judge(lambda x: np.exp(x) / np.exp(x).sum())
    assert (graded.status, earned(graded)) == (Outcome.FAILED, 0)
    assert row(graded, "property").message == "the rows of p do not sum to 1"


def test_it_must_hold_in_every_case(judge):
    """Wrong for a batch of one only."""
    assert earned(judge(lambda x: softmax_itself(x) * (1 if len(x) > 1 else 2))) == 0


softmax_itself = softmax


def test_the_case_shown_is_the_smallest(judge):
    shapes = row(judge(lambda x: 2 * softmax_itself(x)), "property").case.shapes
    assert shapes == {"x": (1, 1)}


@pytest.mark.parametrize("value", [None, "text", 3, (1, 2), {"p": 1}])
def test_an_exception_of_the_property_counts_as_does_not_hold(value, judge):
    """The student returned something that the author did not think of."""
    graded = judge(lambda x: value)
    assert (graded.status, earned(graded)) == (Outcome.FAILED, 0)
    assert "the answer could not be judged (AttributeError)" in row(graded, "property").message


def test_an_exception_of_the_student_is_quoted(judge):
    def raising(x):
        raise ValueError("axis")

    graded = judge(raising)
    assert (graded.status, earned(graded)) == (Outcome.ERROR, 0)
    assert row(graded, "property").message.startswith("softmax raised ValueError: axis")


def test_an_unwritten_function_is_not_implemented(judge):
    def unwritten(x):
        raise NotImplementedError

    assert judge(unwritten).status is Outcome.NOT_IMPLEMENTED


def test_a_property_that_the_reference_lacks_stops_the_build():
    with pytest.raises(
        AssignmentError, match="'rows sum to 1' does not hold of the reference's softmax: the rows of p"
    ):
        CHECK.build("softmax", Reference({"softmax": np.exp}), 0)


def test_a_property_that_cannot_judge_the_reference_stops_the_build():
    with pytest.raises(AssignmentError, match="could not be judged"):
        CHECK.build("softmax", Reference({"softmax": lambda x: x.tolist()}), 0)


def test_a_generator_reaches_the_function_and_not_the_property():
    """The property sees plain values."""
    seen = []

    def is_shuffled(arguments, returned):
        seen.append(arguments)
        return "" if sorted(returned.tolist()) == sorted(arguments["x"].tolist()) else "entries are missing"

    check = Property({"x": Array("N"), "rng": Generator()}, is_shuffled, "a permutation")
    known = Reference({"shuffled": lambda x, rng: rng.permutation(x)})
    section = check.build("shuffled", known, 0)
    assert earned(grade(check, "shuffled", section, known)) == POINTS
    assert not any(isinstance(value, np.random.Generator) for arguments in seen for value in arguments.values())


def test_saved_cases_are_shown_smallest_first():
    section = CHECK.build("softmax", Reference({"softmax": softmax}), 0)
    sizes = [case.arguments["x"].size for case in CHECK.show("softmax", section)]
    assert sizes == sorted(sizes)
    assert CHECK.show("softmax", section)[0].calls == ["result = softmax(x)"]


# --- programs of several calls, and properties beside a check -------------------------------------------------


def is_linear(arguments, returned):
    return "" if np.allclose(2 * returned["once"], returned["doubled"]) else "twice dout does not give twice dx"


LINEAR = Property(
    {"x": Array("N D"), "dout": Array("N D")},
    is_linear,
    "linear in dout",
    more=lambda arguments: {"two_dout": 2 * arguments["dout"]},
    program={
        "forward": Call("squash_forward", "x", keep=(1,)),
        "once": Call("squash_backward", "dout", "forward[1]"),
        "doubled": Call("squash_backward", "two_dout", "forward[1]"),
    },
    id="linear",
)
BESIDE = Problem(
    "squash_backward", "l.py", 10, Backward("squash_forward", {"x": Array("N D")}), properties=(LINEAR,)
).whole


@pytest.fixture(scope="module")
def judge_squash():
    """Return a function that grades a backward of tanh by its values and by its linearity."""
    known = layers()
    section = BESIDE.build("squash_backward", known, 0)
    return lambda **replaced: grade(BESIDE, "squash_backward", section, known, **replaced)


def test_a_program_hands_results_on_and_makes_arguments_of_its_own():
    known = layers()
    section = LINEAR.build("squash_backward", known, 0)
    assert earned(grade(LINEAR, "squash_backward", section, known)) == POINTS
    shown = LINEAR.show("squash_backward", section)[0]
    assert list(shown.arguments) == ["x", "dout", "two_dout"]
    assert shown.calls[1] == "once = squash_backward(dout, forward[1])"
    assert LINEAR.calls == ("squash_forward", "squash_backward")


def test_an_argument_that_nothing_gives_is_named():
    wrong = Property({"x": Array("N D")}, is_linear, "linear", program={"a": Call("squash_forward", "y")})
    with pytest.raises(AssignmentError, match="a property has no 'y', input or earlier result"):
        wrong.build("squash_forward", layers(), 0)


def test_a_property_beside_a_check_is_a_finding_with_a_tenth_of_the_points(judge_squash):
    graded = judge_squash()
    assert (graded.status, earned(graded)) == (Outcome.PASSED, POINTS)
    assert finding_ids(graded)[0] == "dx"
    assert row(graded, "linear").max_score == POINTS // 10


def test_a_property_that_fails_costs_its_own_points(judge_squash):
    graded = judge_squash(squash_backward=lambda dout, cache: np.sign(dout) * (1 - cache**2))
    assert row(graded, "linear").message == "twice dout does not give twice dx"


def test_what_has_the_property_and_no_value_is_not_paid_for_it(judge_squash):
    """Zeros are linear."""
    graded = judge_squash(squash_backward=lambda dout, cache: np.zeros_like(dout))
    assert (row(graded, "linear").score, row(graded, "linear").status) == (0, Outcome.PARTIAL)
    assert earned(graded) == 0


def test_an_unwritten_function_leaves_its_properties_not_implemented(judge_squash):
    def unwritten(*arguments):
        raise NotImplementedError

    graded = judge_squash(squash_backward=unwritten)
    assert graded.status is Outcome.NOT_IMPLEMENTED
    assert row(graded, "linear").status is Outcome.NOT_IMPLEMENTED
    assert sum(one.max_score for one in graded.checks) == POINTS


def test_an_answer_of_a_million_numbers_never_reaches_the_property():
    """Broadcast against an argument it would fill the grader's memory, not the student's."""
    seen = []

    def holds(arguments, returned):
        seen.append(returned.size)
        return ""

    known = Reference({"f": lambda x: x})
    check = Property({"x": Array("N")}, holds, "small")
    section = check.build("f", known, 0)
    graded = grade(check, "f", section, known, f=lambda x: np.zeros((1_000_000, 1)))
    assert row(graded, "property").message == "the answer is far larger than anything that was asked for."
    assert max(seen) < 100
