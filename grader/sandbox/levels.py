"""How far student code is locked in: not what was switched on, but what was tried and refused.

A throwaway worker is locked like any other and then attempts each forbidden thing. A layer that lets through what
it should refuse does not count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grader.report import Isolation

# What each level needs; 0 is everything else.
NEEDS: Mapping[int, frozenset[str]] = {
    4: frozenset({"limits", "user", "no new privileges", "landlock", "seccomp"}),
    3: frozenset({"limits", "user", "no new privileges", "seccomp"}),
    2: frozenset({"limits", "no new privileges", "landlock", "seccomp"}),
    1: frozenset({"limits"}),
}

# What a throwaway worker attempts, and the layers that answer for it.
ATTEMPTS: Mapping[str, tuple[str, ...]] = {
    "read the grader's files": ("landlock",),
    "read what is kept from students": ("landlock", "user"),
    "write a file": ("landlock", "seccomp"),
    "change a file's mode": ("seccomp",),
    "become the grader's user": ("seccomp", "user"),
    "read the grader's memory": ("landlock", "user"),
    "trace the grader": ("seccomp",),
    "signal the grader": ("seccomp", "user"),
    "connect over TCP": ("seccomp",),
    "send over UDP": ("seccomp",),
    "listen on a socket": ("seccomp",),
    "fork": ("seccomp",),
    "run another program": ("seccomp",),
    "use more memory than allowed": ("limits",),
}


@dataclass(frozen=True)
class Trial:
    """What a throwaway worker was refused and what it was not; `reason` says why there was no trial."""

    refused: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()
    reason: str = ""


def judge(layers: Sequence[str], missing: Sequence[tuple[str, str]], trial: Trial | None) -> Isolation:
    """Return the level of a worker with these layers, given what was tried. Without a trial it is at most 1."""
    holding, faults = set(layers), list(missing)
    if trial is None or trial.reason:
        if trial is not None:
            faults.append(("trial", trial.reason))
        return Isolation(int("limits" in holding), tuple(layers), _texts(faults))
    for attempt, answering in ATTEMPTS.items():
        if attempt in trial.refused and attempt not in trial.allowed:
            continue
        for layer in holding.intersection(answering):
            faults.append((layer, f"student code could {attempt}"))
        holding -= set(answering)
    level = max((level for level, needed in NEEDS.items() if needed <= holding), default=0)
    return Isolation(level, tuple(layer for layer in layers if layer in holding), _texts(faults))


def read_trial(data: bytes) -> Trial:
    """Return what the throwaway worker wrote: see `attempts.attempt_all`."""
    lines = data.decode(errors="replace").splitlines()
    found = {mark: frozenset(line[1:] for line in lines if line.startswith(mark)) for mark in "-+"}
    whole = found["-"] | found["+"] == set(ATTEMPTS)
    return Trial(found["-"], found["+"], "" if whole else "the locks could not be tried")


def find_shortfall(isolation: Isolation, wanted: int) -> str | None:
    """Return why student code is not locked in as far as it must be for a score, or None."""
    if isolation.level >= wanted:
        return None
    reasons = "; ".join(isolation.missing) or "nothing more was tried"
    return f"isolation level {isolation.level}, but {wanted} is required, so nothing was graded ({reasons})"


def _texts(faults: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(f"{layer}: {reason}" for layer, reason in faults)
