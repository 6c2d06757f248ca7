"""Hints: read from a numbered list, given one by one."""

from __future__ import annotations

import json

import pytest

from grader.errors import AssignmentError, UsageError
from grader.hints import next_hint, read_hints

TEXT = """# Hints

Some words before.

## affine_backward

1. Look at the shapes.
2. A gradient has the shape
   of its argument.

3. Sum over the batch.

## `relu_backward`
1. Where is x > 0?
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "hints.md").write_text(TEXT, encoding="utf-8")
    return tmp_path


def test_hints_are_read_by_problem(folder):
    """A heading with or without backquotes; an item goes on until the next."""
    assert read_hints(folder) == {
        "affine_backward": (
            "Look at the shapes.",
            "A gradient has the shape of its argument.",
            "Sum over the batch.",
        ),
        "relu_backward": ("Where is x > 0?",),
    }


def test_without_a_file_it_says_what_one_looks_like(tmp_path):
    with pytest.raises(AssignmentError, match=r"hints\.md is missing: hints are a `## problem` heading"):
        read_hints(tmp_path)


def test_hints_come_in_order_and_begin_again(folder, tmp_path):
    memory = tmp_path / "state" / "hints.json"
    given = [next_hint(folder, "hw", "affine_backward", memory) for _ in range(4)]
    assert [(number, count) for number, count, _ in given] == [(1, 3), (2, 3), (3, 3), (1, 3)]
    assert given[0] == given[3]


def test_problems_and_assignments_are_remembered_apart(folder, tmp_path):
    memory = tmp_path / "hints.json"
    next_hint(folder, "hw", "affine_backward", memory)
    assert next_hint(folder, "hw", "relu_backward", memory)[0] == 1
    assert next_hint(folder, "other", "affine_backward", memory)[0] == 1
    assert next_hint(folder, "hw", "affine_backward", memory)[0] == 2


def test_a_problem_without_hints_is_said(folder, tmp_path):
    with pytest.raises(UsageError, match="hw has no hint for 'softmax'"):
        next_hint(folder, "hw", "softmax", tmp_path / "hints.json")


@pytest.mark.parametrize("damage", ["", "{", "[]", '"text"', '{"hw/affine_backward": "two"}', "\x00"])
def test_a_damaged_memory_only_repeats_hints(damage, folder, tmp_path):
    memory = tmp_path / "hints.json"
    memory.write_text(damage, encoding="utf-8")
    assert next_hint(folder, "hw", "affine_backward", memory)[0] == 1
    assert next_hint(folder, "hw", "affine_backward", memory)[0] == 2


def test_a_memory_that_cannot_be_written_only_repeats_hints(folder, tmp_path):
    """A file stands where its folder should be."""
    (tmp_path / "state").write_text("a file", encoding="utf-8")
    memory = tmp_path / "state" / "hints.json"
    assert [next_hint(folder, "hw", "affine_backward", memory)[0] for _ in range(2)] == [1, 1]


def test_the_memory_is_json_with_nothing_left_beside_it(folder, tmp_path):
    memory = tmp_path / "state" / "hints.json"
    next_hint(folder, "hw", "affine_backward", memory)
    assert json.loads(memory.read_text(encoding="utf-8")) == {"hw/affine_backward": 1}
    assert list(memory.parent.iterdir()) == [memory]


def test_a_negative_number_in_the_memory_is_no_reason_to_fail(folder, tmp_path):
    memory = tmp_path / "hints.json"
    memory.write_text('{"hw/affine_backward": -2}', encoding="utf-8")
    number, count, text = next_hint(folder, "hw", "affine_backward", memory)
    assert 1 <= number <= count
    assert text
