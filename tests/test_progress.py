"""How far a student is, remembered from the last run."""

from __future__ import annotations

import json

import pytest
import report_samples as samples

from grader.progress import BAR, Progress, draw_bar, keep, look_up

FILES = {"layers.py": b"one", "batchnorm.py": b"two"}


@pytest.fixture
def memory(tmp_path):
    return tmp_path / "state" / "scores.json"


def test_the_last_run_is_remembered_by_folder(memory, tmp_path):
    keep(memory, tmp_path / "hw3", FILES, samples.every_outcome())
    keep(memory, tmp_path / "hw4", FILES, samples.untouched())
    assert look_up(memory, tmp_path / "hw3", FILES) == Progress(725, 3300, 7, True)
    assert look_up(memory, tmp_path / "hw4", FILES).written == 0
    assert look_up(memory, tmp_path / "hw5", FILES) is None


@pytest.mark.parametrize("files", [{}, {**FILES, "layers.py": b"other"}, {"layers.py": b"onetwo"}])
def test_other_files_make_it_a_former_run(memory, tmp_path, files):
    """A score is never shown as that of files that nobody has run."""
    keep(memory, tmp_path, FILES, samples.perfect())
    assert not look_up(memory, tmp_path, files).is_current


def test_a_fault_says_nothing_about_the_student(memory, tmp_path):
    keep(memory, tmp_path, FILES, samples.perfect())
    keep(memory, tmp_path, FILES, samples.faulty())
    assert look_up(memory, tmp_path, FILES).score == 1200


@pytest.mark.parametrize("entry", [None, 7, [], ["a", 1, 2], ["a", "1", 2, 3], ["a", 5, 2, 3], ["a", -1, 2, 3]])
def test_a_damaged_memory_is_no_memory(memory, tmp_path, entry):
    memory.parent.mkdir()
    memory.write_text(json.dumps({str(tmp_path.resolve()): entry}))
    assert look_up(memory, tmp_path, FILES) is None
    memory.write_text("{")
    assert look_up(memory, tmp_path, FILES) is None
    keep(memory, tmp_path, FILES, samples.perfect())
    assert look_up(memory, tmp_path, FILES) is not None


@pytest.mark.parametrize(("score", "filled"), [(0, 0), (1, 1), (500, 1), (5000, 10), (9999, 19), (10_000, 20)])
def test_a_bar_is_full_at_full_marks_only_and_empty_at_none(score, filled):
    assert draw_bar(score, 10_000) == f"[{'#' * filled}{'.' * (BAR - filled)}]"
