"""Reports for GitHub: commands that a student's text cannot break out of, and a table that stays a table."""

from __future__ import annotations

import pytest
from report_samples import problem, report

from grader.render.annotations import annotate, summarise
from grader.report import CheckResult, Outcome


def sample_report():
    """Return one problem of every status."""
    return report(*(problem(f"f_{status.value}", status, line=7) for status in Outcome))


def with_message(text):
    """Return a report of one failed problem that says `text`."""
    check = CheckResult("dx", "dx", 0, 400, Outcome.FAILED, text)
    return report(problem("f", Outcome.FAILED, check, line=7))


def test_one_command_for_each_problem_that_lost_points():
    found = sample_report()
    lines = annotate(found).splitlines()
    assert len(lines) == sum(one.score < one.max_score for one in found.problems) == len(Outcome) - 1
    assert all(line.startswith(("::error ", "::notice ")) for line in lines)


def test_full_marks_say_nothing():
    assert annotate(report(problem("f", Outcome.PASSED))) == ""


@pytest.mark.parametrize(
    "text", ["\n::set-output name=score::100", "\r\n::stop-commands::x", "::add-mask::a", "%0A::error::x"]
)
def test_a_students_text_makes_no_command_of_its_own(text):
    lines = annotate(with_message(f"f raised E: {text}")).splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("::error file=")


def test_properties_are_escaped():
    (line,) = annotate(report(problem("f", Outcome.FAILED, file="a,b:c.py", line=7))).splitlines()
    assert "file=a%2Cb%3Ac.py,line=7,title=" in line


def test_the_summary_is_a_table_that_text_cannot_leave():
    text = summarise(with_message("a | b <script>alert(1)</script> `code` [x](javascript:y)\n| c"))
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert len(rows) == 1
    assert "<script>" not in text
    assert "](javascript" not in text
    unescaped = rows[0].replace("\\|", "")
    assert unescaped.count("|") == 4


def test_a_fault_is_told_as_one():
    found = report(fault="the bank is gone")
    assert annotate(found) == "::error title=grader::not judged, a fault of the grader: the bank is gone\n"
    assert "not judged" in summarise(found)
