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

import numpy.random  # noqa: F401

from grader.sandbox import worker
from grader.sandbox.limits import Limits
from grader.sandbox.lockdown import MissingLayerError, adopt_orphans
from grader.sandbox.orders import ANSWER, END, ORDER, UNKNOWN


def main(arguments: list[str]) -> None:
    """Serve the control socket until it closes. Arguments: its descriptor, then folders to take off sys.path."""
    for folder in arguments[1:]:
        sys.path.remove(folder)
    sys.dont_write_bytecode = True
    with contextlib.suppress(MissingLayerError, OSError):
        adopt_orphans()
    gc.collect()
    gc.freeze()
    control = socket.socket(fileno=int(arguments[0]))
    workers: set[int] = set()
    try:
        while _serve(control, workers):
            pass
    finally:
        for pid in list(workers):
            _end(pid, workers)
        # Taking NumPy apart in good order takes longer than everything else here.
        os._exit(0)


def _serve(control: socket.socket, workers: set[int]) -> bool:
    message, descriptors, _, _ = socket.recv_fds(control, ORDER.size, 3)
    if not message:
        return False
    operation, pid, call_cpu_s, problem_cpu_s, wall_factor, memory_mb, is_shown = ORDER.unpack(message)
    if operation == END:
        control.send(ANSWER.pack(pid, *_end(pid, workers)))
        return True
    limits = Limits(call_cpu_s, problem_cpu_s, wall_factor, memory_mb)
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            control.close()
            output = descriptors[2] if is_shown else None
            worker.start(descriptors[0], descriptors[1], output, limits, parent)
            status = 0
        finally:
            os._exit(status)
    workers.add(pid)
    for descriptor in descriptors:
        os.close(descriptor)
    control.send(ANSWER.pack(pid, 0, 0.0))
    return True


def _end(pid: int, workers: set[int]) -> tuple[int, float]:
    """End a worker, its group and what escaped from it; return its status and CPU seconds."""
    if pid not in workers:
        return UNKNOWN, 0.0
    workers.discard(pid)
    for kill in (os.kill, os.killpg):  # It may not lead a group of its own yet.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)
    _, status, usage = os.wait4(pid, 0)
    _end_orphans(workers)
    return status, usage.ru_utime + usage.ru_stime


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
