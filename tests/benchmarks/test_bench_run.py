"""A whole `grader run HW` on the reference, with a warm bank, against starting Python with NumPy."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
GRADER = Path(sys.executable).parent / "grader"
ROUNDS = 9


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Each benchmark warms the bank of its own assignment."""
    cache = tmp_path_factory.mktemp("cache")
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


def command(assignment):
    return [str(GRADER), "run", assignment, "--submission", f"solutions/{assignment}"]


def run(environment, assignment):
    done = subprocess.run(command(assignment), cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=False)
    assert done.returncode == 0


def seconds(work):
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


@pytest.mark.parametrize("assignment", ["hw1", "hw2", "hw3"])
def test_wall_time_against_importing_numpy(benchmark, environment, assignment):
    """The two alternate, so that a slow moment of the machine hits both."""
    run(environment, assignment)
    ratios = []

    def pair():
        numpy = seconds(lambda: subprocess.run([sys.executable, "-c", "import numpy"], check=True))
        ratios.append(seconds(lambda: run(environment, assignment)) / numpy)

    benchmark.pedantic(pair, rounds=ROUNDS, warmup_rounds=1)
    benchmark.extra_info["median ratio to `import numpy`"] = round(statistics.median(ratios), 2)


def family(pid):
    """Return a process and all its descendants."""
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            try:
                found += [int(child) for child in task.read_text().split()]
            except OSError:
                continue
    return found


def memory_mb(pid, name):
    total = 0
    for each in family(pid):
        try:
            lines = Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))
    return total / 1024


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_memory_over_all_processes(benchmark, environment):
    """The greatest sum seen while it runs: resident (pages shared by a fork counted twice) and proportional."""
    run(environment, "hw3")
    peaks = {"Rss": 0.0, "Pss": 0.0}

    def watched():
        process = subprocess.Popen(command("hw3"), cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        watcher = threading.Thread(target=process.wait)
        watcher.start()
        while watcher.is_alive():
            for name in peaks:
                peaks[name] = max(peaks[name], memory_mb(process.pid, name))
            watcher.join(0.002)

    benchmark.pedantic(watched, rounds=3)
    for name, peak in peaks.items():
        benchmark.extra_info[f"{name} over all processes, MB"] = round(peak, 1)
