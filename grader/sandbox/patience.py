"""How long a submission is tried, row by row, once something has gone wrong."""

from __future__ import annotations

import time
from collections import Counter

from grader.sandbox.answers import MAX_REPLY_BYTES
from grader.sandbox.limits import Limits
from grader.sandbox.replies import Lost, Row

# A group that lost so many rows has failed; the rest of it is not tried.
_LOSSES = 5


class Patience:
    """Decides which rows of a replay are not tried any more."""

    def __init__(self, limits: Limits, timeouts: int) -> None:
        self._limits = limits
        self._allowed = timeouts
        self._timeouts: Counter[int] = Counter()
        self._losses: Counter[int] = Counter()
        self._cpu_s = 0.0
        self._bytes = 0
        self._end_s = time.monotonic() + limits.problem_wall_s

    def count(self, group: int, row: Row, cpu_s: float, size: int) -> None:
        """Take note of how a row ended; `size` are the bytes that came."""
        self._cpu_s += cpu_s
        self._bytes += size
        lost = row.steps[-1] if row.steps else None
        if isinstance(lost, Lost):
            self._losses[group] += 1
            self._timeouts[group] += lost.reason == "timeout"

    def find_reason(self, group: int) -> Lost | None:
        """Return why the next row of a group is skipped, or None."""
        if self._timeouts[group] >= self._allowed:
            return Lost("late", "was not called again after it ran out of time")
        if self._losses[group] >= _LOSSES:
            return Lost("skipped", f"was not called again after it failed in this way {_LOSSES} times")
        # All rows of a problem are kept until they are judged.
        if self._bytes > MAX_REPLY_BYTES:
            return Lost("skipped", "was not called again: its answers are far larger than expected")
        if self._cpu_s > self._limits.problem_cpu_s or time.monotonic() > self._end_s:
            used = f"{self._limits.problem_cpu_s:g} s of computing time"
            return Lost("late", f"was not called again: the {used} for one problem are used up")
        return None
