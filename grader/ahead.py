"""One step ahead: the worker answers the next problem while the last one's answers are judged."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from grader.checks.base import Section
from grader.sandbox.marks import Buffer
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
        self._loads = iter(loads)
        self._loaded: Section | BaseException | None = None
        self._ready: queue.Queue[_Answered] = queue.Queue(maxsize=2)
        self._turn = threading.Lock()
        self._current: _Answered | None = None
        self._printed: tuple[str, ...] = ()
        threading.Thread(target=self._work, daemon=True, name="ahead").start()

    def _work(self) -> None:
        self._advance()
        while self._loaded is not None:
            loaded = self._loaded
            answered = self._answer(loaded)
            self._ready.put(answered)
            if answered.error is not None:
                return
            if self._loaded is loaded:  # The request was never sent.
                self._advance()

    def _advance(self) -> None:
        """Load the next section, None after the last. Raises nothing: the worker's answers may be under way."""
        try:
            load = next(self._loads, None)
            self._loaded = None if load is None else load()
        except BaseException as error:
            self._loaded = error

    def _answer(self, loaded: Section | BaseException) -> _Answered:
        """Return a section with its answers; the next one is loaded while the worker computes them."""
        if isinstance(loaded, BaseException):
            return _Answered(None, [], (), loaded)
        try:
            with self._turn:
                rows = self._student.run(loaded["request"]["bytes"], loaded["request"]["groups"], self._advance)
                return _Answered(loaded, rows, self._student.printed())
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

    def run(self, payload: Buffer, groups: Sequence[Sequence[int]]) -> list[list[Row]]:
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
