"""System calls, and one of the C library's, that Python has no function for."""

from __future__ import annotations

import ctypes
import os
import sys

_LIBRARY = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

_SET_DEATH_SIGNAL, _SET_DUMPABLE, _SET_CHILD_SUBREAPER, _SET_NO_NEW_PRIVILEGES = 1, 4, 36, 38
_TRACE_SEIZE = 0x4206
# M_MMAP_THRESHOLD, M_TRIM_THRESHOLD and M_ARENA_MAX of glibc's malloc.h, and the most that it takes for the first.
_LEAST_MAPPED, _MOST_SPARE, _MOST_ARENAS = -3, -1, -8
_MAPPED_BYTES = 32 * 2**20


def call(number: int, *arguments: int | bytes | None) -> int:
    """Make a system call by number; bytes are passed by address.

    Raises:
        OSError: the kernel refuses, or this is not Linux.
    """
    if _LIBRARY is None:
        raise OSError(f"{sys.platform} has no such system call")
    wide = [ctypes.c_long(value) if isinstance(value, int) else ctypes.c_char_p(value) for value in arguments]
    result: int = _LIBRARY.syscall(ctypes.c_long(number), *wide)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def set_death_signal(number: int) -> None:
    """Have this signal sent to this process when the one that forked it ends."""
    _set(_SET_DEATH_SIGNAL, number)


def hide_memory(is_hidden: bool = True) -> None:
    """Keep other processes of the same user out of this one's memory and of its files below `/proc`."""
    _set(_SET_DUMPABLE, int(not is_hidden))


def adopt_orphans() -> None:
    """Make this process the parent of its descendants' orphans, so that they can be found and ended."""
    _set(_SET_CHILD_SUBREAPER, 1)


def keep_memory() -> None:
    """Have this process keep memory that it has freed, for its next use; does nothing where the C library cannot.

    Handing it back and asking again costs a page fault for every 4 kB.
    """
    mallopt = getattr(_LIBRARY, "mallopt", None)
    if mallopt is not None:
        for option, value in ((_LEAST_MAPPED, _MAPPED_BYTES), (_MOST_SPARE, _MAPPED_BYTES), (_MOST_ARENAS, 1)):
            mallopt(option, value)


def refuse_new_privileges() -> None:
    """Keep this process from gaining rights by running another program, for good."""
    _set(_SET_NO_NEW_PRIVILEGES, 1)


def _set(option: int, value: int) -> None:
    if _LIBRARY is None:
        raise OSError(f"{sys.platform} has no prctl")
    if _LIBRARY.prctl(option, *map(ctypes.c_ulong, (value, 0, 0, 0))) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def trace(pid: int) -> None:
    """Become the tracer of a process without stopping it.

    Raises:
        OSError: the kernel refuses.
    """
    if _LIBRARY is None:
        raise OSError(f"{sys.platform} has no ptrace")
    if _LIBRARY.ptrace(ctypes.c_long(_TRACE_SEIZE), ctypes.c_long(pid), None, None) < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
