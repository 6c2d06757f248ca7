from __future__ import annotations

import json
import re

import pytest
import report_samples as samples

from grader.render.json_report import render
from grader.report import Case, CheckResult, Outcome, Worst

SAMPLES = ["untouched", "perfect", "every_outcome", "hostile", "faulty"]


def refuse(name):
    raise AssertionError(f"{name} is not JSON")


@pytest.mark.parametrize("name", SAMPLES)
def test_every_report_is_strict_ascii_json_with_one_line_end_at_the_end(name):
    text = render(getattr(samples, name)())
    assert text.isascii()
    assert text.endswith("}\n")
    assert not text.endswith("\n\n")
    assert json.loads(text, parse_constant=refuse)["schema"] == 1


def test_the_document_is_schema_1():
    document = json.loads(render(samples.every_outcome()))
    assert (document["score"], document["max_score"]) == (7.25, 33.0)
    problem = document["problems"][1]
    assert problem["id"] == "affine_backward"
    assert problem["status"] == "partial"
    assert problem["checks"][1]["case"]["worst"] == {
        "index": [1, 0],
        "got": 0.333333333,
        "expected": 0.25,
        "relative_error": 0.0833,
        "allowed": 1e-8,
    }


def test_numbers_that_json_lacks_are_their_names():
    case = Case({}, Worst((0,), float("nan"), float("-inf"), float("inf")))
    finding = CheckResult("dx", "dx", 0, 400, Outcome.FAILED, "", None, case)
    report = samples.report(samples.problem("relu_backward", Outcome.FAILED, finding))
    worst = json.loads(render(report))["problems"][0]["checks"][0]["case"]["worst"]
    assert (worst["got"], worst["expected"], worst["relative_error"]) == ("nan", "-inf", "inf")


def test_a_fault_has_no_score():
    document = json.loads(render(samples.faulty()))
    assert document["score"] is None
    assert document["fault"].startswith("hw3: the saved test cases")


def test_lone_surrogates_are_replaced_because_other_parsers_refuse_them():
    text = render(samples.report(notes=("a\ud800b", "pair \U0001d6fc stays")))
    assert re.findall(r"\\ud8\w\w(?!\\ud[c-f])", text) == []
    assert json.loads(text)["notes"] == ["a\ufffdb", "pair \U0001d6fc stays"]
