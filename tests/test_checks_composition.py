"""A function that stands on others of the student's: one bug costs once, and does cost; kinks that have a name."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scratch import POINTS, earned, grade, lost

from grader.assignment import Assignment, Problem
from grader.checks import Array, Backward, Call, Choice, Composed, Forward, Property
from grader.checks.reference import Reference
from grader.errors import AssignmentError
from grader.excuses import settle


def right_step(w, rate):
    return w - rate * w**3


def climb(w, rate):
    return w + rate * w**3


def right_walk(w, rate, steps):
    for _ in range(steps):
        w = step_of_the_submission(w, rate)
    return w


def step_of_the_submission(w, rate):
    return SUBMISSION["step"](w, rate)


SUBMISSION = {"step": right_step}


def calls(arguments):
    names = ["w", *(f"w{number}" for number in range(arguments["steps"]))]
    return {new: Call("step", old, "rate") for old, new in pairwise(names)}


def last(arguments, returned):
    return {"w": [arguments["w"], *returned.values()][-1]}


INPUTS = {"w": Array("N D"), "rate": Choice((0.01, 0.02)), "steps": Choice((2, 1, 3, 0))}
CHECK = Forward(INPUTS, returns=("w",), composed=Composed(("step",), calls, last))
SMALLER = Property(
    {"w": Array("N D", ("normal",)), "rate": Choice((0.01,)), "steps": Choice((2,))},
    lambda arguments, returned: "" if np.sum(returned**2) <= np.sum(arguments["w"] ** 2) else "it grows",
    "walks downhill",
    id="downhill",
)
STEP = Problem("step", "walk.py", 10, Forward({"w": Array("N D"), "rate": Choice((0.01, 0.02))}, returns=("w",)))
WALK = Problem("walk", "walk.py", 10, CHECK, properties=(SMALLER,))
KNOWN = Reference({"step": right_step, "walk": right_walk})


@pytest.fixture(scope="session")
def sections():
    """Return the frozen sections of both problems."""
    return {problem.id: problem.whole.build(problem.id, KNOWN, 0) for problem in (STEP, WALK)}


@pytest.fixture
def submit(monkeypatch, sections):
    """Return a function that grades a step and a walk that uses it, excuses settled."""

    def run(step, walk=right_walk):
        monkeypatch.setitem(SUBMISSION, "step", step)
        runner = KNOWN.runner({"step": step, "walk": walk})
        graded = {p.id: p.whole.grade(p.id, POINTS, sections[p.id], runner) for p in (STEP, WALK)}
        return settle(Assignment("hw", "Walk", (STEP, WALK)), (STEP, WALK), graded)

    return run


def test_all_right_has_full_marks_and_no_remark(submit):
    graded = submit(right_step)
    assert earned(graded["step"]) == earned(graded["walk"]) == POINTS
    assert graded["walk"].message == ""


def test_a_wrong_part_costs_there_and_not_where_it_is_used_properties_included(submit):
    graded = submit(climb)
    assert earned(graded["step"]) == 0
    assert earned(graded["walk"]) == POINTS
    assert graded["walk"].message == "follows your own step, where the points are lost"


def test_a_wrong_use_of_a_wrong_part_costs(submit):
    graded = submit(climb, lambda w, rate, steps: right_walk(w, rate, min(steps, 1)))
    assert earned(graded["walk"]) < POINTS // 4


def test_a_wrong_use_of_a_right_part_costs(submit):
    graded = submit(right_step, lambda w, rate, steps: right_walk(w, -rate, steps))
    assert {"w", "downhill"} <= lost(graded["walk"])


def test_a_part_that_is_wrong_only_when_it_would_excuse_somebody_excuses_nobody(monkeypatch, sections):
    """Asked alone the step is right; called by the walk it climbs."""
    monkeypatch.setitem(SUBMISSION, "step", climb)
    honest = KNOWN.runner({"step": right_step, "walk": right_walk})
    forged = KNOWN.runner({"step": climb, "walk": right_walk})
    graded = {
        "step": STEP.whole.grade("step", POINTS, sections["step"], honest),
        "walk": WALK.whole.grade("walk", POINTS, sections["walk"], forged),
    }
    found = settle(Assignment("hw", "Walk", (STEP, WALK)), (STEP, WALK), graded)["walk"]
    assert earned(found) < POINTS // 4
    assert "gives other answers here than when it is asked alone" in found.message


def test_a_part_that_writes_into_its_arguments_has_paid_for_that(submit):
    def writes(w, rate):
        w -= rate * w**3
        return w

    graded = submit(writes)
    assert lost(graded["step"]) == {"manners"}
    assert earned(graded["walk"]) == POINTS


# --- kinks by name --------------------------------------------------------------------------------------------


def two_relus(x, w):
    inner = np.maximum(x, 0)
    out = np.maximum(inner * w - 1, 0)
    return out, (x, w, inner, out)


def back_through_two(dout, cache):
    x, w, inner, out = cache
    middle = dout * (out > 0)
    return middle * w * (x > 0), middle * inner


NAMED = Backward("outer", {"x": Array("N D", ("tiny", "normal")), "w": Array("N D", ("tiny",))}, kink="kinks")


def test_kinks_inside_a_forward_are_found_by_a_function_of_the_solutions():
    edges = {"kinks": lambda x, w: np.stack([x, np.maximum(x, 0) * w - 1])}
    known = Reference({"outer": two_relus, "back": back_through_two}, {}, edges)
    section = NAMED.build("back", known, 0)
    assert earned(grade(NAMED, "back", section, known)) == POINTS


def test_a_name_without_a_function_is_told():
    known = Reference({"outer": two_relus, "back": back_through_two})
    with pytest.raises(AssignmentError, match=r"edges\.py has no function 'kinks'"):
        NAMED.build("back", known, 0)
