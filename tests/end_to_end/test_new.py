"""`grader new`, and the proof of what it made."""

from __future__ import annotations


def test_a_new_assignment_is_proven_as_it_stands(command, tmp_path):
    (tmp_path / "assignments").mkdir()
    done = command("new", "hw9", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "wrote assignments/hw9/assignment.py" in done.stdout
    done = command("check", "hw9", "--seeds", "1", "--jobs", "1", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "hw9: all proven." in done.stdout


def test_a_fresh_one_begins_at_zero(command, tmp_path):
    (tmp_path / "assignments").mkdir()
    command("new", "hw9", cwd=tmp_path)
    done = command("run", "hw9", cwd=tmp_path)
    assert done.returncode == 1
    assert "0 / 10" in done.stdout
    assert "not implemented yet" in done.stdout


def test_nothing_is_overwritten(command, tmp_path):
    (tmp_path / "assignments").mkdir()
    command("new", "hw9", cwd=tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.py")}
    done = command("new", "hw9", cwd=tmp_path)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.py")} == before
