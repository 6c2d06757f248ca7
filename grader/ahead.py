"""One step ahead: the worker answers the next problem while the last one's answers are judged."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from grader.checks.base import Section
from grader.sandbox.replies import Row, Student

Load = Callable[[], Section]


@dataclass(frozen=True)
class _Answered:
    """One problem's section and its main request's answers, or the exception that came instead."""

    section: Section | None
    rows: list[list[Row]]
    printed: tuple[str, ...]
    error: BaseException | None = None


class Ahead:
    """Runs the main requests of problems in order, at most two ahead, in a thread of its own.

    The student is used by one thread at a time. Everything else that a check asks for runs when it asks.
    """

    def __init__(self, student: Student, loads: Sequence[Load]) -> None:
        self._student = student
        self._loads = loads
        self._ready: queue.Queue[_Answered] = queue.Queue(maxsize=2)
        self._turn = threading.Lock()
        self._current: _Answered | None = None
        self._printed: tuple[str, ...] = ()
        threading.Thread(target=self._work, daemon=True, name="ahead").start()

    def _work(self) -> None:
        for load in self._loads:
            answered = self._answer(load)
            self._ready.put(answered)
            if answered.error is not None:
                return

    def _answer(self, load: Load) -> _Answered:
        try:
            section = load()
            with self._turn:
                rows = self._student.run(section["request"]["bytes"], section["request"]["groups"])
                return _Answered(section, rows, self._student.printed())
        except BaseException as error:
            return _Answered(None, [], (), error)

    def next(self) -> Section:
        """Return the next problem's section; its main request has been answered. Raises what went wrong."""
        self._current = self._ready.get()
        if self._current.error is not None:
            raise self._current.error
        self._printed = self._current.printed
        assert self._current.section is not None
        return self._current.section

    def run(self, payload: bytes, groups: Sequence[Sequence[int]]) -> list[list[Row]]:
        """Return the answers that are there already, or send a further request."""
        current = self._current
        if current is not None and current.section is not None and payload is current.section["request"]["bytes"]:
            return current.rows
        with self._turn:
            rows = self._student.run(payload, groups)
            self._printed += self._student.printed()
            return rows

    def printed(self) -> tuple[str, ...]:
        """Return what the current problem's functions printed."""
        return self._printed
