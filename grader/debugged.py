"""A submission under a debugger: in this process, and called once more without a net where it failed.

While cases are judged, exceptions of student code are caught as everywhere. For the debugger the failing case is
called again and nothing is caught: the student's exception flies out as it is. A wrong answer raises nothing, so
the frame of the student's function is kept when it returns, and the traceback of our own exception ends there:
a post-mortem debugger shows the `return` line, with every local variable that led to the answer.
"""

from __future__ import annotations

import bdb
import functools
import inspect
import pdb
import sys
from collections.abc import Callable, Mapping, Sequence
from types import CodeType, FrameType, TracebackType
from typing import Any

import pytest

from grader.sandbox import codec, program
from grader.sandbox.describe import Sources
from grader.sandbox.in_process import InProcessStudent
from grader.sandbox.marks import Buffer
from grader.sandbox.replies import Manifest


class WrongAnswerError(Exception):
    """A student's function is wrong; the pytest item has the report."""


class DebuggerLeftError(BaseException):
    """Somebody quit the debugger: the end of the session, and not an exception of the student's."""


class DebuggedStudent(InProcessStudent):
    """An `InProcessStudent` whose functions a debugger can stop in, and be quit from."""

    def __init__(
        self, files: Mapping[str, bytes], *, names: Mapping[str, str], wanted: Mapping[str, Sequence[str]]
    ) -> None:
        super().__init__(files, names=names, wanted=wanted)
        self._stops: set[str] = set()

    def load(self) -> Manifest:
        """Import the submission and say what is there."""
        if self._manifest is None:
            manifest = super().load()
            self._functions = {name: self._watched(name, item) for name, item in self._functions.items()}
            return manifest
        return self._manifest

    def stop_before(self, function: str) -> None:
        """Start the debugger just before the next call of a function; a step leads into it."""
        self._stops.add(function)

    def _watched(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*arguments: Any) -> Any:
            try:
                if name in self._stops:
                    self._stops.discard(name)
                    pdb.set_trace()
                return function(*arguments)
            except (bdb.BdbQuit, pytest.exit.Exception) as error:
                raise DebuggerLeftError from error

        return call

    def reenact(self, function: str, payload: Buffer, place: tuple[int, int] | None) -> None:
        """Run a request again and raise from inside the function: its own exception, or WrongAnswerError.

        place: batch and row of the one case to run; None for all of them. Returns only if the function is never
        called.
        """
        self.load()
        assert self._importer is not None
        request = codec.decode(payload, keep_lists=True)
        if place is not None:
            steps, rows = request["batches"][place[0]]
            request["batches"] = [[steps, [rows[place[1]]]]]
        surroundings = program.Surroundings(self._functions, self._importer.sources, caught=())
        first = _FirstReturn(inspect.unwrap(self._functions[function]))
        before = sys.getprofile()
        sys.setprofile(first)
        try:
            program.run(request, surroundings)
        except Exception as error:
            _end_in(error.__traceback__, self._importer.sources)
            raise
        finally:
            sys.setprofile(before)
        if first.traceback is not None:
            raise WrongAnswerError(f"{function} is wrong").with_traceback(first.traceback)


class _FirstReturn:
    """A profiler that keeps the frame of a function's first return."""

    def __init__(self, function: Any) -> None:
        self._code: CodeType | None = getattr(function, "__code__", None)
        self.traceback: TracebackType | None = None

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "return" and frame.f_code is self._code and self.traceback is None:
            self.traceback = TracebackType(None, frame, frame.f_lasti, frame.f_lineno)


def _end_in(traceback: TracebackType | None, sources: Sources) -> None:
    """Cut a traceback after its innermost line in a file of the student's: NumPy's own frames are no help."""
    last = None
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename in sources:
            last = traceback
        traceback = traceback.tb_next
    if last is not None:
        last.tb_next = None
