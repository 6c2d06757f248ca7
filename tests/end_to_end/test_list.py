"""`grader list`: the bar of the last run, and whether it is still true."""

from __future__ import annotations

import pytest


@pytest.fixture
def home(command, tmp_path):
    """Return where a new course with one new assignment is, for `command`."""
    (tmp_path / "assignments").mkdir()
    place = {"cwd": tmp_path, "XDG_STATE_HOME": str(tmp_path / "state")}
    assert command("new", "hw9", **place).returncode == 0
    return place


def test_the_last_run_is_remembered_and_called_old_when_it_is(command, home, tmp_path):
    assert "not run yet: grader run hw9" in command("list", **home).stdout
    command("run", "hw9", **home)
    done = command("list", **home)
    assert (done.returncode, done.stderr) == (0, "")
    assert "hw9  [....................]      0 / 10" in done.stdout
    assert "0 of 1 problems begun\n" in done.stdout
    solution = tmp_path / "solutions" / "hw9" / "layers.py"
    (tmp_path / "assignments" / "hw9" / "layers.py").write_bytes(solution.read_bytes())
    assert "changed since then: grader run hw9" in command("list", **home).stdout
    command("run", "hw9", **home)
    done = command("list", **home)
    assert "hw9  [####################]     10 / 10" in done.stdout
    assert "changed" not in done.stdout


def test_another_folder_is_not_remembered(command, home, tmp_path):
    assert command("run", "hw9", "--submission", tmp_path / "solutions" / "hw9", **home).returncode == 0
    assert "not run yet" in command("list", **home).stdout
