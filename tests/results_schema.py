"""The schema of Gradescope's results.json, written from its documentation."""

from __future__ import annotations

import json
import math

TOP = {
    "score",
    "execution_time",
    "output",
    "output_format",
    "test_output_format",
    "test_name_format",
    "visibility",
    "stdout_visibility",
    "extra_data",
    "tests",
    "leaderboard",
}
TEST = {
    "score",
    "max_score",
    "status",
    "name",
    "name_format",
    "number",
    "output",
    "output_format",
    "tags",
    "visibility",
    "extra_data",
}
FORMATS = {"text", "html", "simple_format", "md", "ansi"}
VISIBILITIES = {"visible", "hidden", "after_due_date", "after_published"}


def check_results(document):
    """Assert that a document is one that the platform takes."""
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert isinstance(document, dict)
    assert set(document) <= TOP
    assert "score" in document or "tests" in document
    for key in ("score", "execution_time"):
        assert _is_number(document.get(key, 0))
        assert document.get(key, 0) >= 0
    assert isinstance(document.get("output", ""), str)
    for key in ("output_format", "test_output_format", "test_name_format"):
        assert document.get(key, "text") in FORMATS
    for key in ("visibility", "stdout_visibility"):
        assert document.get(key, "visible") in VISIBILITIES
    for test in document.get("tests", []):
        _check_test(test)


def _check_test(test):
    assert set(test) <= TEST
    assert _is_number(test["score"])
    assert _is_number(test["max_score"])
    assert 0 <= test["score"] <= test["max_score"]
    assert test.get("status", "passed") in {"passed", "failed"}
    assert isinstance(test.get("number", ""), str)
    assert isinstance(test.get("name", ""), str)
    assert isinstance(test.get("output", ""), str)
    assert test.get("output_format", "text") in FORMATS
    assert test.get("visibility", "visible") in VISIBILITIES


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
