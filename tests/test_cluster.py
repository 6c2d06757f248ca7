"""A Dask cluster of two processes, one of which dies half-way: everything is graded, and the same."""

from __future__ import annotations

import os
import signal
import sqlite3
from functools import partial
from pathlib import Path

import pytest
from classroom import write_class

from grader.assignment import Course, load
from grader.bank import build
from grader.batch.crew import Crew
from grader.batch.executors import cluster, local
from grader.batch.gradebook import FILE, open_gradebook
from grader.batch.kit import Kit, fingerprint
from grader.batch.layouts import find_hand_ins
from grader.batch.run import Run
from grader.errors import UsageError

ROOT = Path(__file__).parent.parent
COUNT = 12
# What the event loop of the cluster says when one of its processes is killed is not ours.
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def assignment():
    return load(Course(ROOT), "hw3")


@pytest.fixture(scope="module")
def kit(assignment):
    declaration = (ROOT / "assignments" / "hw3" / "assignment.py").read_bytes()
    return Kit("hw3", declaration, build(assignment, ROOT / "solutions" / "hw3", 0), 1, fingerprint())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class") / "hw3"
    write_class(folder, COUNT, 1, {"right": 2, "wrong": 2, "unfinished": 1})
    return folder


def grade(kit, assignment, folder, out, opening, half_way=lambda: None):
    """Grade the class, with something done after a few submissions; return all scores."""
    out.mkdir()
    with open_gradebook(out / FILE) as book, Crew(opening, 6) as crew:
        book.begin(assignment, ())
        run = Run(assignment, kit, out, book, {})
        events = []
        for event in run.grade(find_hand_ins(folder), crew):
            events.append(event)
            if len(events) == COUNT // 4:
                half_way()
    assert [event.message for event in events if event.message] == []
    assert sorted(event.id for event in events) == sorted(path.name for path in folder.iterdir())
    book = sqlite3.connect(out / FILE)
    rows = book.execute("SELECT submission, problem, finding, score, message FROM findings ORDER BY 1, 2, position")
    found = rows.fetchall()
    book.close()
    return found


def test_a_cluster_that_loses_a_process_gives_the_same_grades(kit, assignment, folder, tmp_path):
    from distributed import LocalCluster

    expected = grade(kit, assignment, folder, tmp_path / "here", partial(local, kit, 2))
    with LocalCluster(2, threads_per_worker=1, dashboard_address=None, protocol="tcp") as dask:
        victim = dask.workers[0].process.process.pid
        opening = partial(cluster, kit, dask.scheduler_address)
        found = grade(kit, assignment, folder, tmp_path / "there", opening, lambda: os.kill(victim, signal.SIGKILL))
    assert found == expected


def test_no_cluster_is_an_error_that_says_so(kit):
    with pytest.raises(UsageError, match="no Dask scheduler answers"), cluster(kit, "nonsense://x"):
        pass
