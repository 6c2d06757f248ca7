"""Grading a class: submissions a second, CPU a submission against a plain loop, and memory against class size."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from classroom import write_class
from test_bench_engine import plain_loop, prepare

from grader.assignment import Course, load
from grader.bank import build, parse
from grader.batch.crew import Crew
from grader.batch.executors import local
from grader.batch.gradebook import FILE, open_gradebook
from grader.batch.kit import Kit, fingerprint
from grader.batch.layouts import find_hand_ins
from grader.batch.run import Run
from grader.batch.work import keep, measure, shelf
from grader.sandbox.recall import Recall

ROOT = Path(__file__).parent.parent.parent
GRADER = Path(sys.executable).parent / "grader"
WELL_BEHAVED = {"right": 75, "wrong": 135, "unfinished": 40}
# Enough before the first figure for most answers to have come once.
COUNTS = 16, 48
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are warm where they are forked")


@pytest.fixture(scope="module")
def assignment():
    return load(Course(ROOT), "hw3")


@pytest.fixture(scope="module")
def kit(assignment):
    declaration = (ROOT / "assignments" / "hw3" / "assignment.py").read_bytes()
    return Kit("hw3", declaration, build(assignment, ROOT / "solutions" / "hw3", 0), 2, fingerprint())


def grade_all(kit, assignment, folder, out, opening, window):
    """Grade a class with everything on; return the wall-clock seconds from the first job to the last row."""
    out.mkdir()
    hand_ins = find_hand_ins(folder)
    with open_gradebook(out / FILE) as book, Crew(opening, window) as crew:
        book.begin(assignment, ())
        assert crew.executor.submit(measure, kit.hash).result().level >= 2
        started = time.perf_counter()
        assert all(event.status == "graded" for event in Run(assignment, kit, out, book, {}).grade(hand_ins, crew))
        return time.perf_counter() - started


@pytest.mark.parametrize("jobs", [1, 2])
def test_submissions_a_second(benchmark, kit, assignment, tmp_path, jobs):
    """A mix of right, wrong and unfinished ones: locks, gradebook and pages are on. The bar is 20 on two cores."""
    write_class(tmp_path / "class", 80, 0, WELL_BEHAVED)
    rates = []

    def once():
        out = tmp_path / str(len(rates))
        rates.append(80 / grade_all(kit, assignment, tmp_path / "class", out, partial(local, kit, jobs), 2 * jobs))

    benchmark.pedantic(once, rounds=3)
    benchmark.extra_info["submissions a second"] = round(statistics.median(rates), 1)


class Here(Executor):
    """Does everything at once in this process, so that its clock sees it."""

    def submit(self, function, /, *arguments):
        future = Future()
        future.set_result(function(*arguments))
        return future


@contextmanager
def here(kit, is_forgetful):
    keep(kit)
    if is_forgetful:
        shelf()[kit.hash] = replace(shelf()[kit.hash], recall=Recall(()))
    try:
        yield Here()
    finally:
        shelf().pop(kit.hash).zygote.close()


def used_cpu_s():
    """The CPU seconds of this process and of all that it has waited for."""
    return time.process_time() + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


@pytest.mark.parametrize("is_forgetful", [False, True], ids=["a class", "answers that nobody gave before"])
def test_cpu_a_submission_against_a_plain_loop(benchmark, kit, assignment, tmp_path, is_forgetful):
    """Right submissions with all locks, gradebook and pages; the bar is 3 times each scheduled call made once.

    They round differently, each function in one way of two; forgetful, as if no two ever rounded alike.
    """
    functions, rows = prepare(parse(kit.bank, "here"), assignment)
    plain_loop(functions, rows)
    for count in COUNTS:
        write_class(tmp_path / f"class{count}", count, 0, {"right": 1})
    ratios, costs = [], []

    def once():
        cpu = {}
        for count in COUNTS:
            before = used_cpu_s()
            out = tmp_path / f"{count}-{len(ratios)}"
            grade_all(kit, assignment, tmp_path / f"class{count}", out, partial(here, kit, is_forgetful), 1)
            cpu[count] = used_cpu_s() - before
        before = time.process_time()
        for _ in range(10):
            plain_loop(functions, rows)
        plain = (time.process_time() - before) / 10
        few, many = COUNTS
        costs.append((cpu[many] - cpu[few]) / (many - few))  # Without what is done once for a class.
        ratios.append(costs[-1] / plain)

    benchmark.pedantic(once, rounds=3)
    benchmark.extra_info["ms of CPU a submission"] = round(1e3 * statistics.median(costs), 1)
    benchmark.extra_info["ratio to the plain loop"] = round(statistics.median(ratios), 2)


# A process of its own between: a child is told its parent's memory as its own.
MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@pytest.mark.parametrize("kind", ["unfinished", "right"])
def test_memory_against_class_size(benchmark, tmp_path, kind):
    """The greatest resident memory of any process, for few students and for many."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    peaks = {}

    def once():
        for count in (25, 200):
            write_class(tmp_path / f"class{count}", count, 0, {kind: 1})
            arguments = [str(tmp_path / f"class{count}"), "--out", str(tmp_path / f"out{count}")]
            peaks[count] = int(
                subprocess.run(
                    [sys.executable, "-c", MEASURE, str(GRADER), "batch", "hw3", *arguments],
                    cwd=ROOT,
                    env=environment,
                    capture_output=True,
                    text=True,
                    check=True,
                ).stdout
            )

    benchmark.pedantic(once, rounds=1)
    for count, peak in peaks.items():
        benchmark.extra_info[f"MB for {count} students"] = round(peak / 1024, 1)
