"""The grader's end of the pipes to one worker. The worker is not trusted: every wait has a deadline."""

from __future__ import annotations

import contextlib
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Protocol

from grader.errors import ProtocolError
from grader.sandbox.output import Output

_TICK_S = 0.05
_CHUNK = 2**18
_DRAIN_CHUNKS = 64
_PRINT_S = 5.0
_END_S = 0.5


@dataclass(frozen=True)
class Exit:
    """How a process ended: `status` as from waitpid, None where nobody knows; CPU seconds that it used."""

    status: int | None
    cpu_s: float


class Channel(Protocol):
    """Bytes to and from one worker."""

    def write(self, call: bytes, data: bytes) -> None:
        """Hand over the bytes of a request with its id; they are sent while `read` waits."""

    def read(self) -> bytes | None:
        """Return what came, b"" when the worker has ended, None when nothing came for a short while."""

    def used_cpu_s(self) -> float:
        """Return the CPU seconds of the worker so far; 0 where the system does not tell."""

    def drain(self) -> None:
        """Take all that was printed before the last reply."""

    def end(self) -> Exit:
        """End the worker and whatever it started, and close the pipes. May be called again."""


class PipeChannel:
    """A worker that a zygote forked: non-blocking pipes, one poll."""

    def __init__(
        self,
        pid: int,
        requests: int,
        replies: int,
        printed: int | None,
        output: Output | None,
        end: Callable[[], Exit],
    ) -> None:
        self._clock = ~pid << 3 | 2  # The kernel's name for the CPU clock of a process.
        self._requests = requests
        self._replies = replies
        self._printed = printed
        self._output = output
        self._end = end
        self._exit: Exit | None = None
        self._waiting = memoryview(b"")
        self._poll = select.poll()
        self._poll.register(replies, select.POLLIN)
        if printed is not None:
            self._poll.register(printed, select.POLLIN)
        # A process that it forked may hold the pipe open after its death.
        self._death = _open_death(pid)
        if self._death is not None:
            self._poll.register(self._death, select.POLLIN)

    def write(self, call: bytes, data: bytes) -> None:
        """Hand over bytes; what does not fit the pipe is sent while `read` waits."""
        self._waiting = memoryview(bytes(self._waiting) + data if self._waiting else data)
        self._push()
        if self._waiting:
            self._poll.register(self._requests, select.POLLOUT)

    def _push(self) -> None:
        try:
            while self._waiting:
                self._waiting = self._waiting[os.write(self._requests, self._waiting) :]
        except BlockingIOError:
            return
        except OSError:  # The worker reads no more; `read` will say that it has ended.
            self._waiting = memoryview(b"")

    def read(self) -> bytes | None:
        """Return what came, b"" when the worker has ended, None when nothing came for a short while."""
        ready = dict(self._poll.poll(_TICK_S * 1000))
        if self._printed in ready:
            self._take_printed(1)
        if self._requests in ready:
            self._push()
            if not self._waiting:
                self._poll.unregister(self._requests)
        if self._replies in ready or self._death in ready:
            try:
                data = os.read(self._replies, _CHUNK)
            except BlockingIOError:
                return b"" if self._death in ready else None
            if not data and not self._has_ended():
                raise ProtocolError("the worker closed its pipe")
            return data
        return None

    def _has_ended(self) -> bool:
        """Whether the process has ended, or does so in a moment: its pipes close first."""
        return self._death is None or bool(select.select([self._death], [], [], _END_S)[0])

    def used_cpu_s(self) -> float:
        """Return the CPU seconds of the worker so far."""
        try:
            return time.clock_gettime(self._clock)
        except OSError:
            return 0.0

    def drain(self) -> None:
        """Take all that was printed before the last reply."""
        if self._exit is None:
            self._take_printed(_DRAIN_CHUNKS)

    def _take_printed(self, chunks: int) -> None:
        if self._printed is None or self._output is None:
            return
        for _ in range(chunks):
            try:
                data = os.read(self._printed, _CHUNK)
            except BlockingIOError:
                return
            if not data:
                with contextlib.suppress(KeyError):
                    self._poll.unregister(self._printed)
                return
            self._output.feed(data)

    def end(self) -> Exit:
        """End the worker and whatever it started, and close the pipes. May be called again."""
        if self._exit is None:
            ended = self._end()
            self.drain()
            for descriptor in (self._requests, self._replies, self._printed, self._death):
                if descriptor is not None:
                    os.close(descriptor)
            self._exit = ended
        return self._exit


def _open_death(pid: int) -> int | None:
    """Return a descriptor that can be read when the process has ended, or None on kernels without one."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


class ThreadChannel:
    """A worker of its own interpreter: threads read and write its pipes, which works on every system."""

    def __init__(self, process: subprocess.Popen[bytes], output: Output | None) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._output = output
        self._exit: Exit | None = None
        self._outgoing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        # Bounded: a flood of replies waits in the pipe, not in memory.
        self._incoming: queue.Queue[bytes] = queue.Queue(maxsize=16)
        self._is_closed = False
        # The ids of requests whose end has not been seen among what is printed, the oldest first.
        self._fences: list[bytes] = []
        self._is_drained = threading.Event()
        jobs: list[tuple[Callable[[IO[bytes]], None], IO[bytes]]] = [
            (self._send, process.stdin),
            (self._receive, process.stdout),
        ]
        if process.stderr is not None:
            jobs.append((self._listen, process.stderr))
        self._threads = [threading.Thread(target=job, args=(pipe,), daemon=True) for job, pipe in jobs]
        for thread in self._threads:
            thread.start()

    def _send(self, pipe: IO[bytes]) -> None:
        with contextlib.suppress(OSError), pipe:
            while (data := self._outgoing.get()) is not None:
                pipe.write(data)
                pipe.flush()

    def _receive(self, pipe: IO[bytes]) -> None:
        with pipe:
            while data := os.read(pipe.fileno(), _CHUNK):
                self._offer(data)
        self._offer(b"")

    def _offer(self, data: bytes) -> None:
        while not self._is_closed:
            with contextlib.suppress(queue.Full):
                self._incoming.put(data, timeout=_TICK_S)
                return

    def _listen(self, pipe: IO[bytes]) -> None:
        """Take what is printed. After each request the worker prints its id, the fence: all before it is there."""
        assert self._output is not None
        held = b""
        with pipe:
            while data := os.read(pipe.fileno(), _CHUNK):
                held = self._feed(held + data)
        self._output.feed(held)

    def _feed(self, data: bytes) -> bytes:
        """Show what was printed but for the fences; return the end, where one may have come in part."""
        assert self._output is not None
        while self._fences:
            printed, fence, rest = data.partition(self._fences[0])
            if not fence:
                kept = len(self._fences[0]) - 1
                self._output.feed(data[:-kept])
                return data[-kept:]
            self._output.feed(printed)
            data = rest
            del self._fences[0]
            if not self._fences:
                self._is_drained.set()
        self._output.feed(data)
        return b""

    def write(self, call: bytes, data: bytes) -> None:
        """Hand over bytes; a thread sends them."""
        self._fences.append(call)  # Before the event: the end of an older request must not set it again.
        self._is_drained.clear()
        self._outgoing.put(data)

    def read(self) -> bytes | None:
        """Return what came, b"" when the worker has ended, None when nothing came for a short while."""
        try:
            data = self._incoming.get(timeout=_TICK_S)
            if not data and not self._has_ended():
                raise ProtocolError("the worker closed its pipe")
            return data
        except queue.Empty:
            # What it forked may hold the pipe open after its death.
            return None if self._process.poll() is None else b""

    def _has_ended(self) -> bool:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_S)
        return self._process.returncode is not None

    def used_cpu_s(self) -> float:
        """Return the CPU seconds of the worker so far; 0 where the system does not tell."""
        if sys.platform != "linux" or self._process.poll() is not None:
            return 0.0
        try:
            return time.clock_gettime(~self._process.pid << 3 | 2)
        except OSError:
            return 0.0

    def drain(self) -> None:
        """Wait until a thread has taken all that was printed before the last reply."""
        if self._exit is None and self._process.stderr is not None:
            self._is_drained.wait(_PRINT_S)

    def end(self) -> Exit:
        """End the worker and whatever it started, and close the pipes. May be called again."""
        if self._exit is not None:
            return self._exit
        self._is_closed = True
        self._outgoing.put(None)
        if sys.platform == "win32":
            self._process.kill()
        else:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.kill()
        code = self._process.wait()
        for thread in self._threads:
            thread.join(_PRINT_S)  # A process that it forked may hold a pipe open.
        # As from waitpid: a signal in the low bits, else an exit status above them.
        self._exit = Exit(-code if code < 0 else (code & 0xFF) << 8, 0.0)
        return self._exit
