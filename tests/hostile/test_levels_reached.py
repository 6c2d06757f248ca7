"""What the machine gives, and that the attacks would succeed without the locks."""

from __future__ import annotations

import os

import pytest
from arena import LIMITS, SUCCESS, Arena, source

from grader.sandbox import accounts
from grader.sandbox.zygote import Zygote


def test_hostile_tests_run_at_the_level_that_is_promised(arena):
    """Level 4 as root, level 2 as anybody else."""
    level = arena.judge(source("return None")).report.isolation.level
    try:
        accounts.base()
    except accounts.NoAccountError as error:
        if os.geteuid() == 0:
            pytest.skip(f"root here is not the root of other machines: {error}")
        assert level == 2
    else:
        assert level == 4


def test_a_successful_attack_would_be_seen(arena):
    """The word that every other test looks for arrives when an attack returns something."""
    assert SUCCESS in arena.judge(source("return 'loot'")).texts[0]


def test_without_locks_the_same_attacks_succeed(arena, secrets):
    """They are real: what is refused elsewhere goes through where the locks are left out."""
    read = f"return open({str(secrets / 'key')!r}).read()"
    acts = (read, "return os.listdir('/')", "return os.fork() and 1 or os._exit(0)")
    with Zygote(limits=LIMITS, without=["user", "landlock", "seccomp"]) as zygote:
        weak = Arena(arena.assignment, arena.bank, zygote)
        for body in acts:
            assert SUCCESS in weak.judge(source(body, when="call"), ["relu_backward"]).texts[0]
