"""`--watch` without a terminal: what is graded again after a save, what has the focus, what a screen says."""

from __future__ import annotations

from dataclasses import replace

import pytest
import report_samples as samples

from grader.assignment import Assignment, Problem
from grader.checks import Array, Backward, Forward
from grader.errors import IntakeError
from grader.intake import Submission
from grader.render.watching import render
from grader.report import Outcome
from grader.watch import Watched, affected, merge

X = {"x": Array("N D")}
ASSIGNMENT = Assignment(
    "hw3",
    "Three files",
    (
        Problem("relu_backward", "layers.py", 4, Backward("relu_forward", X)),
        Problem("norm_forward", "norms.py", 6, Forward(X)),
        Problem("block_backward", "blocks.py", 5, Backward("relu_backward", X)),
    ),
)
FILES = {"layers.py": b"import numpy", "norms.py": b"import numpy", "blocks.py": b"import numpy"}


def submission(**changed):
    return Submission("work", {**FILES, **{f"{name}.py": text for name, text in changed.items()}}, {})


def ids(problems):
    return [problem.id for problem in problems]


class Desk:
    """A submission in the making: set `files` or `refused`, and what each problem scores."""

    def __init__(self):
        self.files, self.refused, self.fault = submission(), "", None
        self.right, self.graded = set(), []
        self.watched = Watched(ASSIGNMENT, ASSIGNMENT.problems, self.take, self.grade)

    def take(self):
        if self.refused:
            raise IntakeError(self.refused)
        return self.files

    def grade(self, given, problems):
        self.graded.append(ids(problems))
        if self.fault:
            return samples.report(fault=self.fault)
        outcomes = {problem.id: Outcome.PASSED if problem.id in self.right else Outcome.FAILED for problem in problems}
        return samples.report(*(samples.problem(name, outcome) for name, outcome in outcomes.items()))

    def save(self, right=(), **changed):
        self.right |= set(right)
        self.files = Submission("work", {**self.files.files, **submission(**changed).files}, {})
        return self.watched.look()


@pytest.fixture
def desk():
    made = Desk()
    assert made.watched.look()
    return made


# --- what is graded again -----------------------------------------------------------------------------------


def test_a_file_by_itself_touches_its_own_problems():
    again = affected(ASSIGNMENT, ASSIGNMENT.problems, FILES, submission(norms=b"changed"))
    assert ids(again) == ["norm_forward"]


def test_a_file_that_is_called_touches_who_calls_it():
    """`block_backward` is judged with a function of layers.py."""
    assert ids(affected(ASSIGNMENT, ASSIGNMENT.problems, FILES, submission(layers=b"changed"))) == [
        "relu_backward",
        "block_backward",
    ]


def test_a_file_that_is_imported_touches_who_imports_it_through_others_too():
    before = {**FILES, "blocks.py": b"import norms", "norms.py": b"from layers import *"}
    after = Submission("work", {**before, "layers.py": b"changed"}, {})
    assert len(affected(ASSIGNMENT, ASSIGNMENT.problems, before, after)) == 3


def test_what_a_problem_stands_on_is_graded_with_it():
    """Whether a part has paid for a mistake is known only where both are graded."""
    again = affected(ASSIGNMENT, ASSIGNMENT.problems, FILES, submission(blocks=b"changed"))
    assert ids(again) == ["relu_backward", "block_backward"]


def test_a_save_that_changes_nothing_grades_nothing(desk):
    assert not desk.watched.look()
    assert len(desk.graded) == 1


def test_the_first_look_grades_everything_and_a_key_does_so_again(desk):
    desk.watched.look(everything=True)
    assert desk.graded == [["relu_backward", "norm_forward", "block_backward"]] * 2


def test_only_selected_problems_are_graded():
    desk = Desk()
    watched = Watched(ASSIGNMENT, ASSIGNMENT.problems[1:2], desk.take, desk.grade)
    watched.look()
    assert desk.graded == [["norm_forward"]]


def test_a_merged_report_has_every_problem_once_in_order(desk):
    old = desk.watched.report
    new = samples.report(samples.problem("norm_forward", Outcome.PASSED), bank_hash=None, duration_s=0.1)
    merged = merge(old, new)
    assert ids(merged.problems) == ["relu_backward", "norm_forward", "block_backward"]
    assert merged.score == 400
    assert (merged.bank_hash, merged.duration_s) == (old.bank_hash, 0.1)


# --- what went wrong ----------------------------------------------------------------------------------------


def test_a_deleted_file_is_said_and_forgotten_when_it_is_back(desk):
    """Nothing is lost but the moment: the next save grades everything."""
    desk.refused = "work does not exist; check the path."
    assert desk.watched.look()
    assert desk.watched.trouble == desk.refused
    assert not desk.watched.look()
    desk.refused = ""
    assert desk.watched.look()
    assert desk.watched.trouble == ""
    assert len(desk.graded[-1]) == 3


def test_a_fault_keeps_the_last_report_and_grades_anew(desk):
    desk.fault = "the saved test cases are damaged"
    desk.save(norms=b"changed")
    assert "fault of the grader" in desk.watched.trouble
    assert desk.watched.report.fault is None
    desk.fault = None
    desk.save(norms=b"again")
    assert desk.watched.trouble == ""
    assert len(desk.graded[-1]) == 3


# --- focus --------------------------------------------------------------------------------------------------


def test_the_focus_begins_with_what_is_next_and_stays_when_it_turns_green(desk):
    assert desk.watched.focus == "relu_backward"
    desk.save(right=["relu_backward"], layers=b"fixed")
    assert desk.watched.focus == "relu_backward"
    assert [(change.now.id, change.before) for change in desk.watched.changes] == [("relu_backward", 0)]


def test_the_focus_follows_the_problem_that_moves(desk):
    desk.save(right=["norm_forward"], norms=b"fixed")
    assert desk.watched.focus == "norm_forward"


def test_next_goes_round_the_problems_that_lost_points(desk):
    desk.save(right=["norm_forward"], norms=b"fixed")
    seen = []
    for _ in range(3):
        desk.watched.go_on()
        seen.append(desk.watched.focused.id)
    assert seen == ["block_backward", "relu_backward", "block_backward"]


def test_next_at_full_marks_stays_somewhere(desk):
    desk.save(right=["relu_backward", "norm_forward", "block_backward"], layers=b"1", norms=b"2")
    desk.watched.go_on()
    assert desk.watched.focused is not None


# --- the screen ---------------------------------------------------------------------------------------------


def screen(report, changes=(), focus=None, lines=24, **options):
    return render(report, changes, focus, size=(80, lines), color=False, **options)


def test_a_screen_says_score_change_problem_and_keys():
    report = samples.every_outcome()
    text = screen(report, [(report.problems[0], 0)], report.problems[2])
    assert text.splitlines()[0].endswith("7.25 / 33")
    assert "+ relu_backward  0 -> 4 / 4  passed" in text
    assert "softmax_loss" in text
    assert text.splitlines()[-1] == "n next   h hint   a all   q quit"


@pytest.mark.parametrize("lines", [18, 24, 40])
def test_a_screen_fits_and_says_what_it_left_out(lines):
    """The score stays in sight: what is long is the problem, and it is cut."""
    report = samples.every_outcome()
    long = replace(report.problems[1], printed=tuple(map(str, range(40))))
    text = screen(report, [(long, 0)], long, lines, hint="Look at the shapes.")
    assert text.count("\n") < lines
    assert "a shows all)" in text
    assert "Look at the shapes." in text


def test_many_changes_are_capped():
    report = samples.untouched()
    text = screen(report, [(problem, 0) for problem in report.problems], report.problems[0])
    assert "... and 12 more" in text


def test_trouble_takes_the_place_of_the_problem():
    text = screen(samples.untouched(), [], samples.untouched().problems[0], trouble="work does not exist.")
    assert "work does not exist." in text
    assert "not implemented yet" not in text
    assert "work does not exist." in screen(None, trouble="work does not exist.")


def test_without_a_keyboard_no_keys_are_promised():
    assert screen(samples.untouched(), keys=False).splitlines()[-1] == "Ctrl-C ends"


def test_nothing_of_a_students_steers_the_terminal():
    report = samples.hostile()
    text = screen(report, [(report.problems[0], 0)], report.problems[0], trouble="")
    assert "\x1b" not in text
    assert "\x1b" not in screen(report, trouble=samples.HOSTILE, hint="")
