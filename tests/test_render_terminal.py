from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

import pytest
import report_samples as samples

from grader.render.terminal import render
from grader.render.text import columns
from grader.report import Case, CheckResult, Evidence, Outcome, Worst

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def show(report, width=80, color=False):
    return render(report, width=width, color=color).splitlines()


def line_with(lines, text):
    """Return the only line that holds the text."""
    (found,) = [line for line in lines if text in line]
    return found


def block(lines, heading):
    """Return the lines of one problem's block: from its heading, after the table, to the next empty line."""
    table_end = lines.index("", 2)
    start = next(i for i in range(table_end, len(lines)) if lines[i].startswith(heading))
    return lines[start : lines.index("", start)]


def test_full_marks_come_with_a_word_on_what_to_read_next():
    """Only then, and only for the whole assignment."""
    word = "Read next: a book."
    assert word in render(replace(samples.perfect(), read_next=word), width=80, color=False)
    assert word not in render(replace(samples.every_outcome(), read_next=word), width=80, color=False)


def test_a_fresh_clone_fits_on_one_screen_and_says_where_to_start():
    lines = show(samples.untouched())
    assert len(lines) <= 30
    assert lines[0].endswith(" 0 / 68")
    assert "Start with layer_0_backward in assignments/hw3/layers.py" in lines
    assert lines[-3:] == [
        "  grader hint hw3 layer_0_backward            a hint",
        "  grader cases hw3 layer_0_backward           the saved test cases",
        "  grader run hw3 --problem layer_0_backward   try only this one",
    ]


def test_a_fresh_clone_lists_its_problems_under_their_files():
    lines = show(samples.untouched())
    assert lines[2:4] == ["  assignments/hw3/layers.py", "  . layer_0_backward  0 / 4  not implemented yet"]
    assert lines[13:15] == ["  assignments/hw3/batchnorm.py", "  . norm_0_backward   0 / 4  not implemented yet"]


def test_the_header_has_assignment_submission_and_score_over_the_whole_width():
    first = show(samples.perfect())[0]
    assert first.startswith("hw3  assignments/hw3 ")
    assert first.endswith(" 12 / 12")
    assert len(first) == 80


def test_full_marks_end_with_a_glad_line_and_how_to_hand_in():
    assert show(samples.perfect()) == [
        "hw3  assignments/hw3" + " " * 53 + "12 / 12",
        "",
        "  + relu_backward    4 / 4  passed",
        "  + affine_backward  8 / 8  passed",
        "",
        "how this was checked:",
        "  62 cases drawn by Hypothesis",
        "  agree to 3e-12",
        "",
        "Practice run, isolation level 2 (missing: own user), seed 0, cases 1f3a9c2b",
        "Total 12 / 12 in 0.41 s",
        "",
        "Both problems are right: 12 of 12 points. Well done!",
        "  grader submit hw3   make the zip to hand in",
    ]


def test_one_right_problem_leads_to_the_whole_assignment():
    lines = show(samples.report(samples.problem("relu_backward", Outcome.PASSED)))
    assert lines[-2:] == ["relu_backward is right: 4 of 4 points.", "  grader run hw3   the whole assignment"]


def test_the_table_names_every_outcome_in_words():
    lines = show(samples.every_outcome())
    table = lines[2 : lines.index("", 2)]
    assert table == [
        "  assignments/hw3/layers.py",
        "  + relu_backward         4 / 4  passed, judged against your own relu_forward",
        "  ~ affine_backward    3.25 / 7  partly right",
        "  x softmax_loss          0 / 5  wrong",
        "  . squared_loss          0 / 3  not implemented yet",
        "  ! tanh_backward         0 / 3  raised an error",
        "  ! sigmoid_backward      0 / 3  too slow",
        "  assignments/hw3/batchnorm.py",
        "  - norm_backward         0 / 4  waits for norm_forward",
        "  - norm_backward_alt     0 / 4  cannot be judged until norm_forward works",
    ]


def test_a_block_tells_what_failed_where_and_how_to_reproduce_it():
    found = block(show(samples.every_outcome()), "affine_backward ")
    assert found == [
        "affine_backward  assignments/hw3/layers.py:57                           3.25 / 7",
        "  x dw, the gradient of w                                                  0 / 2",
        "    dw differs.",
        "    worst entry [1, 0]: got 0.3333, expected 0.25",
        "    relative error 0.083, allowed 1e-08",
        "    why this case: a single example",
        "    shapes: x (1, 2), w (2, 1)",
        "    smallest failing case:",
        "        x = np.array([[0.5, -1.25]])",
        "        out, cache = affine_forward(x, w, b)",
        "        # dw should be [[1.0], [2.0]]",
        "  x numerical gradient                                                     0 / 1",
        "    dw differs numerically.",
        "    got 1.0000001, expected 1",
        "    relative error 1e-07, allowed 1e-08",
        "  ~ rounding, manners                                                 0.75 / 1.5",
        "    Right in itself; it counts in proportion to the values that are right.",
        "  + also right: dx, form",
        "    your code printed:",
        "    | dw (2, 1)",
        "    | [[1.  2.]",
    ]


def test_findings_that_say_the_same_stand_together():
    found = block(show(samples.every_outcome()), "tanh_backward ")
    assert found[1:] == [
        "  ! dx, form                                                               0 / 3",
        "    tanh_backward raised ValueError: shapes (3,4) and (4,3) (layers.py, line 34:",
        "    `dx = dout @ cache`)",
    ]


def test_what_the_table_has_said_is_not_said_again():
    """Right, untouched and merely waiting problems have no block; one that waits with a reason has."""
    lines = show(samples.every_outcome())
    headings = [line.split()[0] for line in lines if re.search(r"^\w+  assignments/.* / \d", line)][1:]
    assert headings == [
        "affine_backward",
        "softmax_loss",
        "tanh_backward",
        "sigmoid_backward",
        "norm_backward_alt",
    ]
    assert block(lines, "norm_backward_alt")[1:] == ["  cannot be judged until norm_forward works: out is None."]


def test_a_broken_file_is_explained_once_for_all_its_functions():
    text = "importing layers.py raised SyntaxError: invalid syntax (layers.py, line 3: `def f(:`)"
    finding = CheckResult("dx", "dx", 0, 400, Outcome.ERROR, text)
    broken = [
        samples.problem(f"{name}_backward", Outcome.ERROR, finding, message=text) for name in ("relu", "tanh", "elu")
    ]
    lines = show(samples.report(*broken))
    assert len([line for line in lines if "SyntaxError" in line]) == 1
    assert block(lines, "relu_backward")[-1] == "    the same for tanh_backward, elu_backward"


def test_what_could_not_be_loaded_is_the_first_thing_to_mend():
    """Nothing was raised where a file or a function is missing, and no hint helps."""
    text = "layers.py is missing from the submission"
    finding = CheckResult("dx", "dx", 0, 400, Outcome.ERROR, text)
    lines = show(
        samples.report(samples.problem("relu_backward", Outcome.ERROR, finding, message=text, file="layers.py"))
    )
    assert line_with(lines, "! relu_backward").endswith("could not be loaded")
    assert "First: layers.py, where relu_backward could not be loaded" in lines
    assert not any("grader hint" in line for line in lines)


def test_notes_and_total_stand_at_the_end():
    lines = show(samples.every_outcome())
    assert "note: matplotlib was replaced by a stand-in." in lines
    assert line_with(lines, "Total") == "Total 7.25 / 33 in 0.41 s"


def test_repairing_what_was_begun_comes_before_beginning_something_new():
    assert "Next: affine_backward" in show(samples.every_outcome())
    begun = samples.report(
        samples.problem("a", Outcome.BLOCKED, message="waits for c"),
        samples.problem("b", Outcome.PASSED),
        samples.problem("c", Outcome.NOT_IMPLEMENTED, line=9),
    )
    assert "Next: c in assignments/hw3/layers.py:9" in show(begun)


def test_prints_of_an_unfinished_function_are_shown():
    """Students debug with print before they are done."""
    unfinished = samples.problem("relu_backward", Outcome.NOT_IMPLEMENTED, printed=("here",))
    assert "    | here" in show(samples.report(unfinished))


@pytest.mark.parametrize("right", [True, False])
def test_evidence_of_a_lone_problem_is_given_once(right):
    one = samples.partly()
    if right:
        one = samples.problem("relu_backward", Outcome.PASSED, evidence=one.evidence)
    lines = show(samples.report(one, evidence=(Evidence("cases", "40 cases in all"),)))
    assert len([line for line in lines if "how this was checked" in line]) == 1
    assert len([line for line in lines if "40 cases drawn by Hypothesis" in line]) == 1


def test_a_print_that_repeats_is_shown_once():
    """A function is called once for each case."""
    printed = samples.problem("relu_backward", Outcome.NOT_IMPLEMENTED, printed=("a", "b", "b", "b", "a"))
    lines = show(samples.report(printed))
    assert [line for line in lines if line.startswith("    | ")] == ["    | a", "    | b  (3 times)", "    | a"]


def test_what_only_counts_in_proportion_comes_after_what_is_wrong():
    partial = CheckResult("rounding", "accuracy", 50, 100, Outcome.PARTIAL, samples.IN_PROPORTION)
    wrong = CheckResult("dx", "dx, the gradient of x", 0, 300, Outcome.FAILED, "dx differs.")
    lines = show(samples.report(samples.problem("relu_backward", Outcome.PARTIAL, partial, wrong)))
    marks = [line[:4] for line in block(lines, "relu_backward") if line[2:4] in ("x ", "~ ")]
    assert marks == ["  x ", "  ~ "]


def test_prints_of_a_right_function_are_shown_only_when_it_is_alone():
    right = samples.problem("relu_backward", Outcome.PASSED, printed=("here",))
    other = samples.problem("tanh_backward", Outcome.PASSED)
    assert "    | here" in show(samples.report(right))
    assert "    | here" not in show(samples.report(right, other))


def test_a_hidden_expected_value_is_left_out():
    case = Case({}, Worst((2,), 1.5, None, 0.2), "offset", "")
    finding = CheckResult("dx", "dx", 0, 400, Outcome.FAILED, "dx differs.", None, case)
    lines = show(samples.report(samples.problem("relu_backward", Outcome.FAILED, finding)))
    assert "    worst entry [2]: got 1.5" in lines
    assert "    relative error 0.2" in lines
    assert not any("shapes" in line or "failing case" in line for line in lines)


def test_what_is_not_a_number_has_no_error():
    """That nothing came is said by the entry; "relative error nan" says nothing more."""
    case = Case({}, Worst((2,), "nan", 1.5, float("nan"), 1e-8), "offset", "")
    finding = CheckResult("dx", "dx", 0, 400, Outcome.FAILED, "dx differs.", None, case)
    lines = show(samples.report(samples.problem("relu_backward", Outcome.FAILED, finding)))
    assert "    worst entry [2]: got nan, expected 1.5" in lines
    assert not any("relative error" in line for line in lines)


def test_a_fault_of_ours_is_called_that_and_has_no_score():
    lines = show(samples.faulty())
    assert lines[0].endswith("  no score")
    assert lines[2] == "This is a fault of the grader, not of your code. There is no score."
    assert "  hw3: the saved test cases have schema 2, wanted 1. Build them again." in lines
    assert not any("Total" in line or "Next" in line for line in lines)


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("name", ["untouched", "perfect", "every_outcome", "hostile", "faulty"])
def test_no_line_is_longer_than_the_terminal(name, width):
    """Except lines of code, which are for copying: eight spaces deep, and commands."""
    for line in show(getattr(samples, name)(), width):
        if not line.startswith((" " * 8, "  grader ")):
            assert columns(line) <= width, line


@pytest.mark.parametrize("name", ["untouched", "perfect", "every_outcome", "hostile", "faulty"])
def test_colours_change_nothing_but_colours(name):
    plain = render(getattr(samples, name)(), width=80, color=False)
    colored = render(getattr(samples, name)(), width=80, color=True)
    without = "\n".join(line.rstrip() for line in ANSI.sub("", colored).split("\n"))
    assert without == plain
    assert "\x1b" not in plain
    assert colored != plain


def test_nothing_from_a_student_reaches_the_terminal_unescaped():
    for color in (False, True):
        text = ANSI.sub("", render(samples.hostile(), width=80, color=color)).replace("\n", "")
        bad = {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
        assert bad == set()
        assert "\\x1b[31mred\\x1b]0;title\\x07 ]]>" in text


def test_colours_of_a_student_are_not_taken_for_ours():
    """The escape is shown, so that a forged green `passed` stays text."""
    forged = replace(samples.problem("relu_backward", Outcome.FAILED), message="\x1b[32mpassed\x1b[0m")
    text = render(samples.report(forged), width=80, color=True)
    assert "\x1b[32mpassed" not in text
    assert "\\x1b[32mpassed\\x1b[0m" in text


def test_a_flood_is_capped_and_the_cap_is_announced():
    text = render(samples.hostile(), width=80, color=False)
    assert len(text) < 15_000
    assert re.search(r"\(\d{5} more\s+characters\)", text)
