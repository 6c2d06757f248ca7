"""The level is what a throwaway worker was refused, not what was switched on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from grader.sandbox import accounts, attempts, codec, levels, places
from grader.sandbox.levels import Trial, find_shortfall, judge, read_trial
from grader.sandbox.lockdown import LAYERS
from grader.sandbox.student import Student
from grader.sandbox.zygote import Zygote

linux = pytest.mark.skipif(sys.platform != "linux", reason="locks are Linux's")
root = pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs root")

ALL = tuple(name for name, _ in LAYERS)
NOTHING_ALLOWED = Trial(frozenset(levels.ATTEMPTS))


def but(*attempts):
    return Trial(frozenset(levels.ATTEMPTS) - set(attempts), frozenset(attempts))


def without(*layers):
    return tuple(name for name in ALL if name not in layers)


def observe(**options):
    with Zygote(**options) as zygote, Student(zygote, {}, names={}, wanted={}) as student:
        return student.isolation


# --- judging ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layers", "level"),
    [
        (ALL, 4),
        (without("landlock"), 3),
        (without("user"), 2),
        (without("user", "landlock"), 1),
        (without("seccomp"), 1),
        (without("no new privileges"), 1),
        (without("limits"), 0),
        (without("environment"), 4),
    ],
)
def test_each_level_needs_its_layers(layers, level):
    """A level is reached when every layer that it needs holds."""
    assert judge(layers, (), NOTHING_ALLOWED).level == level


@pytest.mark.parametrize(
    ("attempt", "level"),
    [
        ("read the grader's files", 3),
        ("read what is kept from students", 1),
        ("write a file", 1),
        ("become the grader's user", 1),
        ("fork", 1),
        ("use more memory than allowed", 0),
    ],
)
def test_a_layer_that_lets_something_through_does_not_count(attempt, level):
    """What was switched on but did not refuse is no lock, and the report says what was possible."""
    isolation = judge(ALL, (), but(attempt))
    assert isolation.level == level
    assert any(f"student code could {attempt}" in text for text in isolation.missing)
    assert not set(isolation.layers) & set(levels.ATTEMPTS[attempt])


def test_what_was_not_tried_was_not_refused():
    """A trial with a gap proves nothing about the layers that answer for it."""
    trial = Trial(frozenset(levels.ATTEMPTS) - {"fork"})
    assert judge(ALL, (), trial).level == 1


@pytest.mark.parametrize("data", [b"", b"-fork", b"-fork\n+no such attempt", b"\xff\n" * 9])
def test_a_trial_that_did_not_end_gives_level_1_at_most(data):
    """Where nothing could be tried nothing is believed but the limits."""
    isolation = judge(ALL, (), read_trial(data))
    assert isolation.level == 1
    assert isolation.missing == ("trial: the locks could not be tried",)


def test_every_attempt_has_a_layer_that_answers_for_it():
    """The two tables name the same attempts, and layers that exist."""
    assert set(levels.ATTEMPTS) == set(attempts.ATTEMPTS)
    assert {layer for answering in levels.ATTEMPTS.values() for layer in answering} <= set(ALL)


def test_a_shortfall_names_both_levels_and_the_reasons():
    """Who asks for more than there is reads what is missing."""
    isolation = judge(without("user"), [("user", "needs root")], NOTHING_ALLOWED)
    assert find_shortfall(isolation, 2) is None
    text = find_shortfall(isolation, 3)
    assert "level 2, but 3 is required" in text
    assert "user: needs root" in text


# --- trying -----------------------------------------------------------------------------------------------


@root
@pytest.mark.root
def test_root_reaches_level_4(tmp_path):
    """With a user of its own, Landlock, seccomp and limits nothing that is tried succeeds."""
    kept = tmp_path / "bank"
    kept.write_text("secret")
    isolation = observe(private=[str(kept), str(tmp_path)])
    assert isolation.level == 4, isolation.missing
    assert isolation.missing == ()


@linux
def test_without_a_user_of_its_own_the_level_is_2():
    """What an ordinary user gets."""
    isolation = observe(without=["user"])
    assert isolation.level == 2, isolation.missing


@root
@pytest.mark.root
def test_an_ordinary_user_reaches_level_2():
    """Without root the same locks hold, but for the user."""
    if places.closed_folders(os.path.dirname(np.__file__)):
        pytest.skip("another user cannot come to this Python")
    code = (
        "from grader.sandbox.student import Student, Zygote\n"
        "with Zygote() as zygote, Student(zygote, {}, names={}, wanted={}) as student: print(student.isolation)"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path += {sys.path!r}; {code}"],
        user=65534,
        group=65534,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "level=2" in done.stdout
    assert "user: needs root" in done.stdout


@root
@pytest.mark.root
def test_without_landlock_what_only_the_user_may_read_is_still_closed(tmp_path):
    """Level 3 where the file is private, level 1 where anybody may read it."""
    if places.closed_folders(os.path.dirname(np.__file__)):
        pytest.skip("another user cannot come to this Python")
    kept = tmp_path / "bank"
    kept.write_text("secret")
    for folder in [tmp_path, *tmp_path.parents[:-2]]:
        folder.chmod(0o755)
    kept.chmod(0o600)
    assert observe(private=[str(kept)], without=["landlock"]).level == 3
    kept.chmod(0o644)
    isolation = observe(private=[str(kept)], without=["landlock"])
    assert isolation.level == 1
    assert "user: student code could read what is kept from students" in isolation.missing


@linux
@pytest.mark.parametrize("layer", ["landlock", "seccomp"])
def test_without_one_lock_what_it_refuses_succeeds(layer):
    """The attempts are real: each layer's own ones get through once it is left out."""
    own = {"landlock": "read the grader's files", "seccomp": "fork"}[layer]
    with Zygote(without=[layer, "user"]) as zygote:
        assert own in zygote.find_trial().allowed


@linux
def test_with_no_lock_but_the_limits_nearly_everything_succeeds():
    """Only what the system itself refuses is left: memory, and root's or another process's memory."""
    with Zygote(without=["user", "landlock", "seccomp"]) as zygote:
        allowed = zygote.find_trial().allowed
    assert {"write a file", "send over UDP", "fork", "run another program", "signal the grader"} <= allowed
    assert "use more memory than allowed" not in allowed


def test_a_spawned_worker_is_level_1():
    """Without a zygote nothing is tried, so nothing more is claimed."""
    assert observe(spawn=True).level == 1


@linux
def test_a_trial_leaves_nothing_behind():
    """No file, no process, no descriptor: the zygote has no children once a worker has come and gone."""
    before = set(Path("/tmp").glob(".grader-trial-*"))
    with Zygote(without=["user", "landlock", "seccomp"]) as zygote:
        zygote.find_trial()
        open_ones = len(os.listdir("/proc/self/fd"))
        with Student(zygote, {}, names={}, wanted={}) as student:
            student.load()
        pid = zygote._process.pid
        assert Path(f"/proc/{pid}/task/{pid}/children").read_text() == ""
        assert len(os.listdir("/proc/self/fd")) == open_ones
    assert set(Path("/tmp").glob(".grader-trial-*")) == before


# --- users ------------------------------------------------------------------------------------------------


def test_workers_that_run_at_once_have_different_users():
    """A user is made of the process number, so that neighbours are nobody's business."""
    base = (0x70000000, 2**22)
    assert len({accounts.user_of(pid, base) for pid in range(1, 2**22, 997)}) == len(range(1, 2**22, 997))


@root
@pytest.mark.root
def test_a_worker_runs_as_a_user_without_groups_and_its_neighbour_as_another():
    """Neither root's identity nor root's groups are left."""
    source = b"import os\ndef f(x): return os.getresuid() + os.getresgid() + tuple(os.getgroups())"
    found = []
    with Zygote() as zygote:
        students = [Student(zygote, {"a.py": source}, names={}, wanted={"a.py": ["f"]}) for _ in range(2)]
        for student in students:
            [[row]] = student.run(_request())
            found.append(row.steps[0].value)
        for student in students:
            student.close()
    assert all(len(ids) == 6 and len(set(ids)) == 1 and ids[0] >= 20_000 for ids in found)
    assert found[0] != found[1]


def _request():
    return codec.encode({"op": "run", "batches": [[[["call", "f", [["in", 0]], {}]], [[1]]]]})
