"""The zygote's own process: it holds NumPy and the worker, never a reference, and forks a worker on request."""

from __future__ import annotations

import ast  # noqa: F401 - loaded here once, so that no worker has to.
import contextlib
import gc
import linecache  # noqa: F401
import os
import signal
import socket
import sys
from collections.abc import Callable

import numpy.random

from grader.sandbox import accounts, kernel, worker
from grader.sandbox.attempts import Scene, attempt_all
from grader.sandbox.limits import Limits
from grader.sandbox.lockdown import Kit, Setting, lock, prepare
from grader.sandbox.orders import ANSWER, END, NO_FORK, ORDER, PATHS_BYTES, TRY, UNKNOWN

_OBJECTS = 50_000


def main(arguments: list[str]) -> None:
    """Serve the control socket until it closes.

    Arguments: its descriptor, layers to leave out with commas between, then folders to take off sys.path.
    """
    descriptor, without, *folders = arguments
    for folder in folders:
        sys.path.remove(folder)
    sys.dont_write_bytecode = True
    for protect in (kernel.adopt_orphans, kernel.hide_memory):
        with contextlib.suppress(OSError):
            protect()
    kit = prepare(os.path.dirname(numpy.__file__), [name for name in without.split(",") if name])
    # Workers inherit all of this. A request is a large tree without cycles, which the collector need not walk through.
    gc.set_threshold(_OBJECTS)
    gc.collect()
    gc.freeze()
    forker = _Forker(socket.socket(fileno=int(descriptor)), kit)
    try:
        while forker.serve():
            pass
    finally:
        forker.end_all()
        # Taking NumPy apart in good order takes longer than everything else here.
        os._exit(0)


class _Forker:
    """The workers that run, and what new ones are made with."""

    def __init__(self, control: socket.socket, kit: Kit) -> None:
        self._control = control
        self._kit = kit
        self._grader = os.getppid()
        self._workers: set[int] = set()
        self._trials: set[int] = set()

    def serve(self) -> bool:
        """Answer one order; return False when there are no more."""
        message, descriptors, _, _ = socket.recv_fds(self._control, ORDER.size + PATHS_BYTES, 3)
        if not message:
            return False
        operation, pid, call_cpu_s, problem_cpu_s, wall_factor, memory_mb, is_shown = ORDER.unpack_from(message)
        if operation == END:
            self._control.send(ANSWER.pack(pid, *self._end(pid)))
            return True
        limits = Limits(call_cpu_s, problem_cpu_s, wall_factor, memory_mb)
        if operation == TRY:
            private = [os.fsdecode(path) for path in message[ORDER.size :].split(b"\0") if path]
            parent = os.getpid()
            scene = Scene((parent, self._grader), private, memory_mb)
            setting = Setting(limits, descriptors, parent, self._kit)
            self._trials.add(self._fork(lambda: _try(setting, scene)))
        else:
            output = descriptors[2] if is_shown else None
            parent = os.getpid()
            try:
                pid = self._fork(
                    lambda: worker.start(descriptors[0], descriptors[1], output, limits, self._kit, parent=parent)
                )
            except OSError as error:  # Too many processes, or too little memory: not the end of the others.
                self._control.send(ANSWER.pack(NO_FORK, error.errno or 0, 0.0))
            else:
                self._workers.add(pid)
                self._control.send(ANSWER.pack(pid, 0, 0.0))
        for descriptor in descriptors:
            os.close(descriptor)
        return True

    def _fork(self, act: Callable[[], None]) -> int:
        pid = os.fork()
        if pid:
            return pid
        status = 1
        try:
            self._control.close()
            act()
            status = 0
        finally:
            os._exit(status)

    def end_all(self) -> None:
        """End every worker."""
        for pid in self._trials:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        for pid in list(self._workers):
            self._end(pid)

    def _end(self, pid: int) -> tuple[int, float]:
        """End a worker, its group and what escaped from it; return its status and CPU seconds."""
        if pid not in self._workers:
            return UNKNOWN, 0.0
        self._workers.discard(pid)
        for kill in (os.kill, os.killpg):  # It may not lead a group of its own yet.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                kill(pid, signal.SIGKILL)
        _, status, usage = os.wait4(pid, 0)
        self._trials = {trial for trial in self._trials if not _has_ended(trial)}
        # With a filter of system calls it could not make a process; without one it may have made many.
        if self._kit.users is not None and "seccomp" in self._kit.reasons:
            with contextlib.suppress(OSError):
                accounts.end_all(accounts.user_of(pid, self._kit.users))
        _end_orphans(self._workers | self._trials)
        return status, usage.ru_utime + usage.ru_stime


def _try(setting: Setting, scene: Scene) -> None:
    """Be the throwaway worker: locked like the others, it attempts what they must not do."""
    lock(setting)
    os.write(setting.keep[0], attempt_all(scene))


def _has_ended(pid: int) -> bool:
    return os.waitpid(pid, os.WNOHANG)[0] == pid


def _end_orphans(workers: set[int]) -> None:
    """End processes that a student forked and hid from the group: they are our children by now."""
    for _ in range(1000):  # Each round may uncover the children of those that it ended.
        orphans = [pid for pid in _children() if pid not in workers]
        if not orphans:
            return
        for pid in orphans:
            with contextlib.suppress(ProcessLookupError, PermissionError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def _children() -> list[int]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as file:
            return [int(pid) for pid in file.read().split()]
    except OSError:
        return []
