"""One bank and one process that makes workers for all hostile submissions, and what is looked at after each."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from pathlib import Path

import pytest
from arena import (
    LIMITS,
    PROBLEMS,
    ROOT,
    SECRET,
    SUCCESS,
    Arena,
    children,
    left_files,
    left_sockets,
    peak_mb,
    plain,
    source,
)

from grader import assignment as assignments
from grader.bank import Bank
from grader.checks import reference
from grader.sandbox import codec
from grader.sandbox.zygote import Zygote

USED = ("relu_backward", "squared_loss", "affine_backward", "affine_relu_backward", "xavier_normal")
MOST_MB = 160


def pytest_collection_modifyitems(items):
    """Skip all of it where there is nothing to lock with."""
    if sys.platform != "linux":
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="locks are Linux's"))


@pytest.fixture(scope="session")
def secrets(tmp_path_factory):
    """Return a folder with what attackers want, open to everybody but for the locks: a bank, a result, a key."""
    folder = tmp_path_factory.mktemp("course")
    for name in ("hidden.bank", "results.json", "key"):
        (folder / name).write_text(f"{SECRET} in {name}")
        (folder / name).chmod(0o666)
    for place in [folder, *folder.parents[:-2]]:
        with contextlib.suppress(PermissionError):  # Somebody else's, and open already.
            place.chmod(place.stat().st_mode | 0o055)
    folder.chmod(0o777)
    return folder


@pytest.fixture(scope="session")
def arena(secrets):
    """Return the grader's side; its environment and memory hold a secret as well."""
    course = assignments.find_course(ROOT)
    assignment = assignments.load(course, "hw3")
    solved = reference.load(course.solutions("hw3"), assignment.files)
    sections = {}
    for problem in assignment.select(USED):
        sections[problem.id] = codec.encode(problem.check.build(problem.id, solved, 0))
    bank = Bank("hw3", 0, b"the file", sections)
    os.environ["GRADER_HOSTILE_SECRET"] = SECRET
    try:
        with Zygote(limits=LIMITS, private=[str(secrets / "key")]) as zygote:
            yield Arena(assignment, bank, zygote)
    finally:
        del os.environ["GRADER_HOSTILE_SECRET"]


# Graded after every attack: nothing of it may differ from what a fresh process gives.
WITNESS = source(
    "return None",
    functions="""
def relu_forward(x):
    return np.maximum(x, 0), x


def relu_backward(dout, cache):
    print("seen", WON, sorted(os.environ), np.sum(dout * 0))
    return dout * (cache > 0) + np.random.standard_normal() * 0


def squared_loss(h, z):
    return np.sum((h - z) ** 2), h - z
""",
)


@pytest.fixture(scope="session")
def fresh(arena):
    """Return the witness's report from a process that never saw an attack."""
    with Zygote(limits=LIMITS) as zygote:
        verdict = Arena(arena.assignment, arena.bank, zygote).judge(WITNESS)
    assert 0 < verdict.report.score < verdict.report.max_score
    return {**plain(verdict.report), "isolation": None}


@pytest.fixture(scope="session")
def honest(arena):
    """Return what the functions of an attacker earn by themselves, in hundredths by problem."""
    verdict = arena.judge(source("return None"))
    scores = {problem: verdict.score(problem) for problem in PROBLEMS}
    assert scores == {"relu_backward": 0, "squared_loss": 300}
    return scores


@pytest.fixture
def judge(arena, fresh, honest, secrets):
    """Return a function that grades an attack; afterwards it must be as if that had never been."""
    before = _look(arena)
    kept = {path: path.read_bytes() for path in secrets.iterdir()}
    peak = peak_mb()
    verdicts = []

    def run(files, problems=PROBLEMS, most=None, **options):
        verdict = (
            arena.judge_path(files, problems) if isinstance(files, Path) else arena.judge(files, problems, **options)
        )
        verdicts.append((verdict, honest if most is None else most))
        return verdict

    yield run
    for verdict, most in verdicts:
        check_verdict(verdict, most)
    assert _look(arena) == before
    assert {path: path.read_bytes() for path in secrets.iterdir()} == kept
    assert left_files() == []
    assert left_sockets() == []
    assert peak_mb() - peak < MOST_MB
    assert {**plain(arena.judge(WITNESS).report), "isolation": None} == fresh


def check_verdict(verdict, most):
    """A verdict gives no point too many (`most` may be earned, by problem), tells no secret, and came in time."""
    report = verdict.report
    assert report.fault is None
    for problem in report.problems:
        assert problem.score <= most.get(problem.id, problem.max_score), problem
    for text in verdict.texts:
        assert SUCCESS not in text, text[:4000]
        assert SECRET not in text
        assert len(text) < 500_000
        assert not set(text) & set("\a\b\r\v\f\0\u202e\u2066"), "a control character from a student"
    assert verdict.seconds < 10 + 2 * LIMITS.problem_wall_s * len(report.problems)


def _look(arena):
    """Return what must not grow: descriptors and threads here, processes there."""
    names = {thread.name for thread in threading.enumerate()} - {"ahead"}
    return len(os.listdir("/proc/self/fd")), names, children(arena.zygote._process.pid), os.getcwd()
