"""One step ahead: the worker answers the next problem while the last one's answers are judged."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

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
        self._loads = loads
        self._ready: queue.Queue[_Answered] = queue.Queue(maxsize=2)
        self._turn = threading.Lock()
        self._current: _Answered | None = None
        self._printed: tuple[str, ...] = ()
        threading.Thread(target=self._work, daemon=True, name="ahead").start()

    def _work(self) -> None:
        section = self._load(0)
        for number in range(1, len(self._loads) + 1):
            following: list[Section | BaseException] = []
            answered = self._answer(section, partial(self._load_into, following, number))
            self._ready.put(answered)
            if answered.error is not None or number == len(self._loads):
                return
            section = following[0] if following else self._load(number)

    def _load_into(self, following: list[Section | BaseException], number: int) -> None:
        if number < len(self._loads):
            following.append(self._load(number))

    def _load(self, number: int) -> Section | BaseException:
        """Return a section, or what went wrong. Raises nothing: the worker's answers are under way."""
        try:
            return self._loads[number]()
        except BaseException as error:
            return error

    def _answer(self, section: Section | BaseException, meanwhile: Callable[[], None]) -> _Answered:
        """Return a section with its answers; the next one is loaded while the worker computes them."""
        if isinstance(section, BaseException):
            return _Answered(None, [], (), section)
        try:
            with self._turn:
                rows = self._student.run(section["request"]["bytes"], section["request"]["groups"], meanwhile)
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
