from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest
import report_samples as samples

from grader.render.junit import render
from grader.report import Outcome


def parse(report):
    return ElementTree.fromstring(render(report).encode("utf-8"))


def properties(element):
    return {entry.get("name"): entry.get("value") for entry in element.find("properties")}


@pytest.mark.parametrize("name", ["untouched", "perfect", "every_outcome", "hostile", "faulty"])
def test_every_report_is_valid_xml_with_true_counts(name):
    root = parse(getattr(samples, name)())
    assert root.tag == "testsuites"
    for suite in root:
        cases = suite.findall("testcase")
        assert suite.get("tests") == str(len(cases))
        for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert suite.get(key) == str(len([case for case in cases if case.find(tag) is not None]))
    for key in ("tests", "failures", "errors", "skipped"):
        assert root.get(key) == str(sum(int(suite.get(key)) for suite in root))


def test_a_problem_is_a_suite_and_a_finding_a_case():
    suite = parse(samples.every_outcome()).find("testsuite[@name='affine_backward']")
    assert [case.get("name") for case in suite.findall("testcase")] == [
        "dx",
        "dw",
        "numeric",
        "rounding",
        "form",
        "manners",
    ]
    assert {case.get("classname") for case in suite.findall("testcase")} == {"hw3.affine_backward"}
    assert properties(suite)["score"] == "3.25"
    assert properties(suite)["max_score"] == "7"
    assert properties(suite.find("testcase[@name='rounding']"))["score"] == "0.5"


@pytest.mark.parametrize(
    ("status", "element"),
    [
        (Outcome.PASSED, None),
        (Outcome.PARTIAL, None),
        (Outcome.FAILED, "failure"),
        (Outcome.ERROR, "error"),
        (Outcome.TIMEOUT, "error"),
        (Outcome.NOT_IMPLEMENTED, "skipped"),
        (Outcome.BLOCKED, "skipped"),
    ],
)
def test_each_outcome_has_its_element(status, element):
    (case,) = parse(samples.report(samples.problem("relu_backward", status))).iter("testcase")
    found = [tag for tag in ("failure", "error", "skipped") if case.find(tag) is not None]
    assert found == ([element] if element else [])


def test_a_failure_tells_what_the_terminal_tells():
    suite = parse(samples.every_outcome()).find("testsuite[@name='affine_backward']")
    failure = suite.find("testcase[@name='dw']/failure")
    assert failure.get("message") == "dw differs."
    assert failure.get("type") == "failed"
    assert failure.text.splitlines() == [
        "dw differs.",
        "worst entry [1, 0]: got 0.3333, expected 0.25",
        "relative error 0.083, allowed 1e-08",
        "why this case: a single example",
        "shapes: x (1, 2), w (2, 1)",
        *samples.CODE.splitlines(),
    ]
    assert suite.find("system-out").text == "dw (2, 1)\n[[1.  2.]"


def test_strings_that_xml_cannot_hold_appear_as_escapes():
    suite = parse(samples.hostile())[0]
    assert suite.get("name").startswith("\\x1b[31mred\\x1b]0;title\\x07 ]]> <b>&amp;\\x00\\r\\ud800\\uffff\\u202e")


def test_a_problem_without_findings_is_still_a_case():
    """Nothing that lost points is missing from the file."""
    bare = replace(samples.problem("relu_backward", Outcome.ERROR, message="died."), checks=())
    (case,) = parse(samples.report(bare)).iter("testcase")
    assert (case.get("name"), case.find("error").get("message")) == ("relu_backward", "died.")


def test_a_fault_of_ours_is_one_error():
    root = parse(samples.faulty())
    (error,) = root.iter("error")
    assert error.get("message") == "a fault of the grader, not of the submission; no score"
    assert root.get("errors") == "1"
