"""`grader plot` through the real command line."""

from __future__ import annotations

import sys

import pytest
from submissions import SOLUTIONS


def test_an_experiment_is_drawn_to_a_file(command, tmp_path):
    name = "before_and_after_batchnorm"
    done = command("plot", "hw3", name, "--submission", SOLUTIONS, "--out", tmp_path / "plots")
    assert (done.returncode, done.stderr) == (0, "")
    assert [path.name for path in (tmp_path / "plots").iterdir()] == [f"{name}.png"]
    assert "its shape stays" in " ".join(done.stdout.split())


def test_what_is_not_written_is_named_and_nothing_is_drawn(command, tmp_path):
    done = command("plot", "hw3", "--out", tmp_path / "plots")
    assert (done.returncode, done.stderr) == (1, "")
    assert "before_and_after_batchnorm: Write batchnorm_forward first" in done.stdout
    assert not (tmp_path / "plots").exists()


def test_an_unknown_experiment_is_answered_with_the_nearest(command):
    done = command("plot", "hw3", "spread_by_dept")
    assert done.returncode == 2
    assert done.stderr == "grader: hw3 has no experiment 'spread_by_dept'; did you mean 'spread_by_depth'?\n"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a screen needs no variable to be found")
def test_without_a_screen_a_window_is_refused_in_a_sentence(command):
    done = command("plot", "hw3", "before_and_after_batchnorm", "--submission", SOLUTIONS, "--window")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.endswith("no window can be opened here; leave --window out and look at the file\n")
