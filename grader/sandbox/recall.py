"""Replies that came before, and what they were read and judged as.

In a class many submissions give the same answers to the last bit. What a reply says, and what it is worth, depends on
nothing but the request and its bytes, so that the same bytes need not be read and judged twice.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from grader.sandbox.marks import Buffer
from grader.sandbox.replies import Raised, Row

# So much is kept for each request; what was of no use for the longest time goes first.
_REPLIES, _BYTES = 8, 8 * 2**20

Verdict = TypeVar("Verdict")


@dataclass(eq=False)
class _Known(Generic[Verdict]):
    reply: bytes
    rows: list[list[Row]]
    # The file names that its tracebacks were read with; None where it has none.
    shown: Collection[str] | None
    verdict: Verdict | None = None


class Recall(Generic[Verdict]):
    """What one process remembers of the replies to some requests; what else is asked, it forgets.

    Only whole equality counts: a reply that differs in one bit is another one.
    """

    def __init__(self, requests: Iterable[Buffer]) -> None:
        self._requests = tuple(requests)  # Kept alive: they are known by their identity.
        self._known: dict[int, list[_Known[Verdict]]] = {id(request): [] for request in self._requests}
        self._lock = threading.Lock()  # A cluster may grade several submissions in one process.

    def find(self, request: Buffer, reply: bytes, shown: Collection[str]) -> list[list[Row]] | None:
        """Return the rows that these bytes were read as: the very list that `add` was given.

        shown: the file names that the submission's tracebacks may name, which decide how errors are read.
        """
        with self._lock:
            known = self._known.get(id(request), [])
            for number, one in enumerate(known):
                if one.reply == reply and one.shown in (None, shown):
                    known.append(known.pop(number))
                    return one.rows
        return None

    def add(self, request: Buffer, reply: bytes, shown: Collection[str], rows: list[list[Row]]) -> None:
        """Remember what a reply was read as."""
        if id(request) not in self._known:
            return
        has_errors = any(isinstance(step, Raised) for batch in rows for row in batch for step in row.steps)
        with self._lock:
            known = self._known[id(request)]
            known.append(_Known(reply, rows, shown if has_errors else None))
            while len(known) > 1 and (len(known) > _REPLIES or sum(len(one.reply) for one in known) > _BYTES):
                del known[0]

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
