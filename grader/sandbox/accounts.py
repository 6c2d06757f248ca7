"""A user of its own for each worker, where the grader is root: nobody else's files, signals or processes."""

from __future__ import annotations

import os
import signal
import sys

# The first of a range that neither systemd, nor containers, nor accounts use; one more for each process number.
_FIRST = 0x70000000
_PROCESSES = 2**22
# Where user ids are mapped, only these can be had; two workers meet there once in so many.
_FIRST_MAPPED, _MAPPED = 20_000, 40_000
# CAP_KILL, CAP_SETGID, CAP_SETUID.
_RIGHTS = {5: "to end other users' processes", 6: "to change its group", 7: "to change its user"}


class NoAccountError(Exception):
    """Student code cannot run as a user of its own; the text is the reason."""


def base() -> tuple[int, int]:
    """Return the first user id for workers, and how many there are.

    Raises:
        NoAccountError: this process may not change its user, or could not end the other user's processes.
    """
    if sys.platform != "linux":
        raise NoAccountError(f"{sys.platform} is not supported")
    if os.geteuid() != 0:
        raise NoAccountError("needs root; student code runs as the same user as the grader")
    held = _rights()
    for bit, text in _RIGHTS.items():
        if not held >> bit & 1:
            raise NoAccountError(f"root has no right {text} here")
    mapped = _mapped()
    if mapped >= _FIRST + _PROCESSES:
        return _FIRST, _PROCESSES
    if mapped >= _FIRST_MAPPED + _MAPPED:
        return _FIRST_MAPPED, _MAPPED
    raise NoAccountError("this container has too few user ids")


def user_of(pid: int, base: tuple[int, int]) -> int:
    """Return the user id of a worker. No two workers that run at the same time share one."""
    first, count = base
    return first + pid % count


def become(user: int) -> None:
    """Turn this process into another user without groups, for good.

    Raises:
        OSError: the system refuses.
    """
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def end_all(user: int) -> None:
    """End every process of a user. Needs root."""
    pid = os.fork()
    if pid == 0:
        try:
            become(user)
            # One call for all of them: they cannot multiply in between.
            os.kill(-1, signal.SIGKILL)
        finally:
            os._exit(0)
    os.waitpid(pid, 0)


def _rights() -> int:
    """Return the effective capabilities of this process as bits."""
    try:
        with open("/proc/self/status") as file:
            for line in file:
                if line.startswith("CapEff:"):
                    return int(line.split()[1], 16)
    except OSError:
        pass
    return 0


def _mapped() -> int:
    """Return how many user ids from 0 on exist here."""
    try:
        with open("/proc/self/uid_map") as file:
            ranges = [tuple(map(int, line.split())) for line in file]
    except OSError:
        return 2**32
    return max((count for inside, _, count in ranges if inside == 0), default=0)
