"""A case as code: what a student pastes is the case, and it fits on a screen where it can."""

from __future__ import annotations

import numpy as np
import pytest

from grader.checks.show import SCREEN_COLUMNS, case_code, full_code

RECORD = {"mode": "train", "eps": 0.2, "momentum": 0.9, "running_mean": np.full(4, 99.5), "running_var": np.arange(4.0)}
MATRIX = np.round(np.random.default_rng(0).standard_normal((3, 5)), 2)


def run(code: str) -> dict:
    space = {"np": np}
    exec(code, space)
    return space


def test_the_code_of_a_case_makes_exactly_its_arguments():
    """Long values are broken over lines, and mean the same."""
    given = {"x": MATRIX, "bn_param": RECORD, "y": np.array([1, 0]), "single": MATRIX.astype(np.float32), "slope": 0.1}
    made = run(full_code(given, [], {"dx": MATRIX}))
    for name in ("x", "y", "single"):
        assert np.array_equal(made[name], given[name])
        assert made[name].dtype == given[name].dtype
    assert made["slope"] == 0.1
    assert list(made["bn_param"]) == list(RECORD)
    assert np.array_equal(made["bn_param"]["running_var"], RECORD["running_var"])


def test_a_dictionary_too_long_for_a_line_is_broken_between_entries():
    """A case is shown for its size, not hidden for one long line."""
    code = case_code({"x": np.array([[0.5]]), "bn_param": RECORD}, ["out, cache = f(x, bn_param)"], {})
    assert code
    assert max(map(len, code.splitlines())) <= SCREEN_COLUMNS
    assert "\n            'running_mean': " in code


def test_a_matrix_too_long_for_a_line_has_one_row_a_line():
    """Also where it stands in a comment as the expected value."""
    lines = full_code({"x": MATRIX}, [], {"dx": MATRIX}).splitlines()
    assert len(lines) == 6
    assert [line.index("[", 4) for line in lines[:3]][1:] == [lines[0].index("[[") + 1] * 2
    assert all(line.startswith("#") for line in lines[3:])


@pytest.mark.parametrize("shape", [(6,), (1, 6), (2, 6), (2, 1, 6), (2, 2, 5), (1, 1, 1, 6)])
def test_rows_too_long_for_a_line_are_broken_between_numbers(shape):
    """Also numbers with all their digits fit on a screen, and are the same numbers."""
    x = np.random.default_rng(1).standard_normal(shape) * 1e-3
    code = case_code({"x": x}, [], {})
    assert code
    assert max(map(len, code.splitlines())) <= SCREEN_COLUMNS
    made = run(code)["x"]
    assert made.shape == shape
    assert np.array_equal(made, x)


def test_a_case_of_many_numbers_has_no_code():
    """More than a person would check by hand is left to `grader cases`."""
    assert case_code({"x": np.zeros((5, 5))}, [], {}) == ""


def test_an_expected_zero_has_no_sign():
    assert "-0.0" not in full_code({"x": MATRIX}, [], {"dx": np.array([-0.0, 1.0])})
