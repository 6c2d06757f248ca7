"""Replies that came before, and what they were read and judged as.

In a class many submissions give the same answers to the last bit. What a reply says, and what it is worth, depends on
nothing but the request and its bytes, so that the same bytes need not be read and judged twice.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import count
from typing import Generic, TypeVar

from grader.sandbox import codec
from grader.sandbox.marks import Buffer
from grader.sandbox.replies import Raised, Row

# What was of no use for the longest time goes first: of a request's replies, and of all of them.
_REPLIES = 8
_BYTES = 64 * 2**20
# A reply that is larger by far than an honest one would only drive the others out.
_MOST_BYTES = _BYTES // 8

Verdict = TypeVar("Verdict")


@dataclass(eq=False)
class _Known(Generic[Verdict]):
    reply: bytes
    rows: list[list[Row]]
    # The file names that its tracebacks were read with; None where it has none.
    shown: Collection[str] | None
    used: int
    verdict: Verdict | None = None


class Recall(Generic[Verdict]):
    """What one process remembers of the replies to some requests; what else is asked, it forgets.

    Only whole equality counts: a reply that differs in one bit is another one.
    """

    def __init__(self, requests: Iterable[Buffer]) -> None:
        self._requests = tuple(requests)  # Kept alive: they are known by their identity.
        # By request, the one that was used last at the end.
        self._known: dict[int, list[_Known[Verdict]]] = {id(request): [] for request in self._requests}
        self._bytes = 0
        self._clock = count()
        self._lock = threading.Lock()  # A cluster may grade several submissions in one process.

    def find(self, request: Buffer, reply: bytes, shown: Collection[str]) -> list[list[Row]] | None:
        """Return the rows that these bytes were read as: the very list that `add` was given.

        shown: the file names that the submission's tracebacks may name, which decide how errors are read.
        """
        with self._lock:
            known = self._known.get(id(request), [])
            for number, one in enumerate(known):
                if one.reply == reply and one.shown in (None, shown):
                    one.used = next(self._clock)
                    known.append(known.pop(number))
                    return one.rows
        return None

    def add(self, request: Buffer, reply: bytes, shown: Collection[str], rows: list[list[Row]]) -> None:
        """Remember what a reply was read as."""
        size = codec.weigh(reply)
        if id(request) not in self._known or size > _MOST_BYTES:
            return
        has_errors = any(isinstance(step, Raised) for batch in rows for row in batch for step in row.steps)
        with self._lock:
            known = self._known[id(request)]
            known.append(_Known(reply, rows, shown if has_errors else None, next(self._clock)))
            self._bytes += size
            if len(known) > _REPLIES:
                self._forget_first(known)
            while self._bytes > _BYTES:
                self._forget_first(min(filter(None, self._known.values()), key=lambda each: each[0].used))

    def _forget_first(self, known: list[_Known[Verdict]]) -> None:
        self._bytes -= codec.weigh(known.pop(0).reply)

    def find_verdict(self, request: Buffer, rows: list[list[Row]]) -> Verdict | None:
        """Return what was noted for these very rows, or None."""
        return next((one.verdict for one in self._find(request, rows)), None)

    def note(self, request: Buffer, rows: list[list[Row]], verdict: Verdict) -> None:
        """Remember what these very rows are worth, for as long as they are remembered."""
        for one in self._find(request, rows):
            one.verdict = verdict

    def _find(self, request: Buffer, rows: list[list[Row]]) -> list[_Known[Verdict]]:
        with self._lock:
            return [one for one in self._known.get(id(request), []) if one.rows is rows]
