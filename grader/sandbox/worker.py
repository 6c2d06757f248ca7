"""The process that runs student code: read a request, execute it, write the reply, until the pipe closes."""

from __future__ import annotations

import contextlib
import io
import math
import os
import random
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from grader.sandbox import codec, framing, marks
from grader.sandbox.importer import Importer
from grader.sandbox.limits import OUT_OF_MEMORY, Limits
from grader.sandbox.lockdown import Kit, Setting, lock, prepare
from grader.sandbox.program import Surroundings, run

_REQUESTS, _REPLIES = 3, 4
_SPARE = 1 / 16
_LARGE = 2**13


def start(requests: int, replies: int, output: int | None, limits: Limits, kit: Kit, parent: int | None = None) -> None:
    """Arrange the descriptors, lock this process, say which locks hold, and serve until the pipe closes.

    `output` takes what is printed, or None for nowhere. `parent` is the process that forked this one.
    """
    requests, replies = _arrange(requests, replies, output)
    locks = lock(Setting(limits, (0, 1, 2, requests, replies), parent, kit))
    _renew_streams(output is not None)
    _forget_grader()
    # A spawned worker's printing is read by a thread, which must know when a request's printing is complete.
    worker = _Worker(requests, replies, limits, has_fence=parent is None)
    worker.send(framing.HELLO, bytes(framing.CALL_BYTES), {"layers": locks.layers, "missing": locks.missing})
    try:
        worker.serve()
    except (OSError, marks.WireError):  # Nobody is there to hear of it.
        os._exit(1)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)


def start_spawned(arguments: list[str]) -> None:
    """Serve on standard input and output.

    Arguments: CPU s a call and a request, wall factor, memory MB; layers to leave out, with commas; folders.
    """
    call_cpu_s, problem_cpu_s, wall_factor, memory_mb, without, *folders = arguments
    limits = Limits(float(call_cpu_s), float(problem_cpu_s), float(wall_factor), int(memory_mb))
    for folder in folders:
        sys.path.remove(folder)
    kit = prepare(os.path.dirname(np.__file__), [name for name in without.split(",") if name])
    start(os.dup(0), os.dup(1), 2, limits, kit)


def _arrange(requests: int, replies: int, output: int | None) -> tuple[int, int]:
    """Move the pipes to descriptors 3 and 4, printing to `output`, and standard input to nothing."""
    nothing = os.open(os.devnull, os.O_RDWR)
    printed = nothing if output is None else output
    if sys.platform == "win32":
        import msvcrt

        for descriptor in (requests, replies):
            msvcrt.setmode(descriptor, os.O_BINARY)
    else:
        import fcntl

        # Out of the way first: a target may be the number of another source.
        requests, replies, printed = (fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 16) for fd in (requests, replies, printed))
        requests = os.dup2(requests, _REQUESTS, inheritable=False)
        replies = os.dup2(replies, _REPLIES, inheritable=False)
        nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(printed, 1)
    os.dup2(printed, 2)
    return requests, replies


class _Unbuffered(io.FileIO):
    """A descriptor that takes every write whole and at once, so that a crash loses no line."""

    def write(self, data: Any) -> int:
        """Write all of `data`; return its length."""
        view = memoryview(data).cast("B")
        at = 0
        while at < len(view):
            at += super().write(view[at:]) or 0
        return len(view)


def _renew_streams(is_shown: bool) -> None:
    """Give Python streams on the new descriptors: text that cannot be encoded is escaped, not an error."""
    sys.stdin = open(0, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
    for name, number in (("stdout", 1), ("stderr", 2)):
        raw: Any = _Unbuffered(number, "w", closefd=False)
        raw = raw if is_shown else io.BufferedWriter(raw)
        stream = io.TextIOWrapper(raw, "utf-8", "backslashreplace", write_through=is_shown)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _forget_grader() -> None:
    """Take our modules out of sight; what runs holds on to what it needs."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "grader"]:
        del sys.modules[name]


class _Worker:
    """One submission in this process."""

    def __init__(self, requests: int, replies: int, limits: Limits, *, has_fence: bool) -> None:
        self.requests = requests
        self.has_fence = has_fence
        self.replies = replies
        self.arm, self.disarm = _timers(limits)
        self.importer: Importer | None = None
        self.functions: dict[str, Any] = {}
        # Students who draw from the global generators get the same numbers every time.
        random.seed(0)
        np.random.seed(0)
        warnings.simplefilter("ignore")

    def serve(self) -> None:
        """Answer requests until the pipe closes."""
        while True:
            head = self._read(framing.FRAME_BYTES)
            if head is None:
                return
            call, _, length = framing.read_head(head)
            payload = self._read(length)
            if payload is None:
                return
            request = codec.decode(memoryview(payload).toreadonly(), max_bytes=length, keep_lists=True)
            reply = self._load(call, request) if request["op"] == "load" else self._run(call, request)
            self.disarm()
            if self.has_fence:
                with contextlib.suppress(OSError):
                    os.write(2, call)
            self.send(framing.REPLY, call, reply)

    def send(self, kind: int, call: bytes, tree: Any) -> None:
        """Write one frame whole."""
        parts = codec.encode_parts(tree)
        head = framing.frame_head(call, kind, sum(map(len, parts)))
        for piece in _gather([head, *parts]):
            view = memoryview(piece)
            while view:
                view = view[os.write(self.replies, view) :]

    def _read(self, size: int) -> bytearray | None:
        buffer = bytearray(size)
        view = memoryview(buffer)
        while view:
            chunk = os.read(self.requests, min(len(view), 2**20))
            if not chunk:
                return None
            view[: len(chunk)] = chunk
            view = view[len(chunk) :]
        return buffer

    def _load(self, call: bytes, request: dict[str, Any]) -> Any:
        self.importer = Importer(
            request["files"],
            request["names"],
            blocked=request.get("blocked"),
            arm=self.arm,
            emit=lambda event: self.send(framing.EVENT, call, event),
        )
        reply, self.functions = self.importer.load(request["wanted"])
        return reply

    def _run(self, call: bytes, request: dict[str, Any]) -> Any:
        surroundings = Surroundings(self.functions, self.importer.sources if self.importer else {}, arm=self.arm)
        if request.get("stream"):
            surroundings = Surroundings(
                self.functions,
                surroundings.sources,
                arm=self.arm,
                emit=lambda step: self.send(framing.EVENT, call, step),
            )
        return run(request, surroundings)


def _gather(parts: Sequence[marks.Buffer]) -> Iterator[marks.Buffer]:
    """Join what is small; a large part is left where it is, for joining would copy it."""
    small: list[marks.Buffer] = []
    for part in parts:
        if len(part) < _LARGE:
            small.append(part)
        else:
            yield b"".join(small)
            small = []
            yield part
    yield b"".join(small)


def _timers(limits: Limits) -> tuple[Callable[[], None], Callable[[], None]]:
    """Return what starts and what stops the clocks of one row. The kernel ends the process when one runs out.

    A row has its whole time, and up to `_SPARE` of it more: setting the clocks for every row would take longer than
    many a row.
    """
    if sys.platform == "win32":
        return _nothing, _nothing
    for number in (signal.SIGPROF, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    set_timer, cpu, wall, clock = signal.setitimer, signal.ITIMER_PROF, signal.ITIMER_REAL, time.monotonic
    spare_s = _SPARE * limits.call_cpu_s
    cpu_s, wall_s = limits.call_cpu_s + spare_s, limits.call_wall_s + spare_s
    stale_s = -math.inf

    def arm() -> None:
        nonlocal stale_s
        now_s = clock()
        if now_s > stale_s:
            stale_s = now_s + spare_s
            set_timer(cpu, cpu_s)
            set_timer(wall, wall_s)

    def disarm() -> None:
        nonlocal stale_s
        stale_s = -math.inf
        set_timer(cpu, 0)
        set_timer(wall, 0)

    return arm, disarm


def _nothing() -> None:
    """Do nothing: Windows has no such timers, and the grader's own deadline holds."""
