"""`grader batch`, as an instructor types it."""

from __future__ import annotations

import csv
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from classroom import write_class
from conftest import PROGRAM, surroundings
from submissions import ROOT

COUNT = 14
SHARES = {"right": 3, "wrong": 4, "unfinished": 3, "broken": 4}
# What a second run of the same submission may give another value of.
TIMES = ("duration_s",)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A class without slow and hostile students, for whom `tests/hostile/` is there."""
    folder = tmp_path_factory.mktemp("class") / "hw3"
    write_class(folder, COUNT, 3, SHARES)
    return folder


@pytest.fixture(scope="module")
def graded(command, folder, tmp_path_factory):
    """The class graded once."""
    out = tmp_path_factory.mktemp("grades") / "out"
    done = command("batch", "hw3", folder, "--out", out, "--jobs", 2)
    assert done.returncode == 0, done.stderr
    return out, done


def rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def dump(out):
    """Return all that a gradebook says but for the time that it took, and the pages without it."""
    book = sqlite3.connect(out / "gradebook.sqlite")
    tables = {}
    for table in ("assignment", "tasks", "submissions", "students", "problems", "findings", "overrides"):
        cursor = book.execute(f"SELECT * FROM {table}")
        names = [column[0] for column in cursor.description]
        kept = [number for number, name in enumerate(names) if name not in TIMES]
        tables[table] = sorted(tuple(str(row[number]) for number in kept) for row in cursor)
    book.close()
    pages = {path.name: re.sub(r"[\d.]+ s; grader", "", path.read_text("utf-8")) for path in out.glob("feedback/*")}
    return tables, pages, (out / "grades.csv").read_bytes()


def summary(done):
    numbers = re.match(r"hw3: (\d+) submissions: (\d+) graded, (\d+) as before, (\d+) refused", done.stdout)
    assert numbers, done.stdout + done.stderr
    return tuple(map(int, numbers.groups()))


def test_everybody_gets_a_row_and_a_page(graded, folder):
    out, done = graded
    table = rows(out / "grades.csv")
    assert len(table) == COUNT == len(list(folder.iterdir()))
    assert {path.stem for path in out.glob("feedback/*")} == set(table)
    assert sum(row["status"] == "refused" for row in table.values()) == done.stderr.count("not a submission, 0 points")
    assert all(row["total"] == "0" for row in table.values() if row["status"] == "refused")


def test_scores_are_those_of_grader_run(graded, folder, grade):
    out, _ = graded
    table = rows(out / "grades.csv")
    checked = [path for path in sorted(folder.iterdir()) if table[path.name.split(".")[0]]["status"] == "graded"][:6]
    for path in checked:
        row, report = table[path.name.split(".")[0]], grade(path).report
        assert float(row["total"]) == report["score"]
        assert {one["id"]: one["score"] for one in report["problems"]} == {
            one["id"]: float(row[one["id"]]) for one in report["problems"]
        }


def test_only_what_changed_is_graded_again(graded, folder, command, tmp_path):
    out, submissions = tmp_path / "out", tmp_path / "hw3"
    shutil.copytree(graded[0], out)
    shutil.copytree(folder, submissions)
    assert summary(command("batch", "hw3", submissions, "--out", out))[:3] == (COUNT, 0, COUNT)
    changed = next(path for path in sorted(submissions.iterdir()) if path.is_dir())
    (changed / "layers.py").write_text("import numpy as np\n")
    (out / "overrides.csv").write_text(f"student,problem,points,reason\n{changed.name},relu_backward,1.5,seen\n")
    done = command("batch", "hw3", submissions, "--out", out, "--against", graded[0], "--format", "canvas")
    assert summary(done)[:3] == (COUNT, 1, COUNT - 1)
    assert f"{changed.name}: " in done.stdout
    assert "another submission" in done.stdout
    assert rows(out / "grades.csv")[changed.name]["relu_backward"] == "1.5"
    assert "Your instructor gave 1.5 of 4 points" in (out / "feedback" / f"{changed.name}.html").read_text("utf-8")
    assert (out / "grades-canvas.csv").is_file()


def test_a_format_that_is_not_known_is_one_line(command, folder, tmp_path):
    done = command("batch", "hw3", folder, "--out", tmp_path / "out", "--format", "moodle")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "--format knows no 'moodle'" in done.stderr


def test_grades_beside_submissions_are_refused(command, folder):
    done = command("batch", "hw3", folder, "--out", folder / "out")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "would be taken for a submission" in done.stderr


def start(cache, folder, out):
    program = [str(PROGRAM), "batch", "hw3", str(folder), "--out", str(out), "--jobs", "2"]
    return subprocess.Popen(
        program,
        cwd=ROOT,
        env=surroundings(cache, {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def wait_for_pages(process, out, count):
    """Wait until so many pages are there, or the run is over."""
    while process.poll() is None and len(list(out.glob("feedback/*.html"))) < count:
        try:
            process.wait(0.01)
        except subprocess.TimeoutExpired:
            continue


def test_a_run_that_is_killed_loses_and_doubles_nothing(graded, folder, command, cache, tmp_path):
    """The whole process group, twice, at another place each; then a run to the end."""
    out = tmp_path / "out"
    for count in (3, 9):
        process = start(cache, folder, out)
        wait_for_pages(process, out, count)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    total, new, same, _ = summary(command("batch", "hw3", folder, "--out", out))
    assert total == COUNT
    assert same >= 8
    assert new <= COUNT - 8
    assert dump(out) == dump(graded[0])


@pytest.mark.skipif(sys.platform != "linux", reason="children are found in /proc")
def test_a_grading_process_that_dies_is_replaced(graded, folder, cache, tmp_path):
    out = tmp_path / "out"
    process = start(cache, folder, out)
    wait_for_pages(process, out, 3)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGKILL)
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert dump(out) == dump(graded[0])


def test_two_runs_at_the_same_time_give_one_gradebook(graded, folder, cache, tmp_path):
    out = tmp_path / "out"
    both = [start(cache, folder, out) for _ in range(2)]
    for process in both:
        _, errors = process.communicate()
        assert process.returncode == 0, errors
    assert dump(out) == dump(graded[0])


def test_ctrl_c_leaves_nothing_running(folder, cache, tmp_path):
    out = tmp_path / "out"
    process = start(cache, folder, out)
    wait_for_pages(process, out, 2)
    os.kill(process.pid, signal.SIGINT)
    process.communicate()
    assert process.returncode == 130
    found = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(out) not in found
