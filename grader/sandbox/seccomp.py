"""A filter that lets student code make the system calls that NumPy needs, and no others.

The filter is a program for the kernel's packet filter, `struct sock_filter` after `struct sock_filter`. An unknown
call gets EPERM, so that code which merely tries something goes on; a call in another architecture's numbering
ends the process. Sources: `linux/seccomp.h`, `linux/filter.h`, `linux/audit.h`, seccomp(2).
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from collections.abc import Mapping, Sequence

from grader.sandbox import kernel
from grader.sandbox.system_calls import NUMBERS

_SECCOMP = {"x86_64": 317, "aarch64": 277}
_SET_FILTER, _ALL_THREADS = 1, 1
_ASK_FOR_ACTION = 2
_AUDIT_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# On x86-64 the numbers from here on are x32's: the same calls under other names.
_X32 = 0x40000000

# Where `struct seccomp_data` has them; of an argument the lower half, as the kernel reads an int.
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16

_LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_EQUAL, _AT_LEAST, _ANY_BIT = 0x15, 0x35, 0x45  # BPF_JMP | BPF_JEQ, BPF_JGE, BPF_JSET, all with BPF_K
_AND = 0x54  # BPF_ALU | BPF_AND | BPF_K
_RETURN = 0x06  # BPF_RET | BPF_K
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000

# What a thread of this process has in common with it, as the C libraries ask for it; no namespace of its own.
_THREAD = 0x00010000
_THREAD_FLAGS = 0x007D0F00
_WRITE_MODES = os.O_WRONLY | os.O_RDWR
# F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC, F_GETPIPE_SZ: not F_SETOWN, which names a process.
_FCNTL_COMMANDS = (0, 1, 2, 3, 4, 1030, 1032)
# TCGETS and TCGETS2 (is it a terminal?), TIOCGWINSZ, FIONREAD, FIOCLEX, FIONCLEX.
_IOCTL_COMMANDS = (0x5401, 0x802C542A, 0x5413, 0x541B, 0x5451, 0x5450)

Instructions = list[bytes]


class UnknownMachineError(Exception):
    """There is no table of system calls for this machine."""


def assemble(machine: str, pid: int, *, refuse_writing: bool) -> bytes:
    """Return the filter for a process.

    With `refuse_writing` no file is opened for writing at all; without it that is left to Landlock, which knows
    paths and lets `/dev/null` through.

    Raises:
        UnknownMachineError: no table for `machine`, a name as from `os.uname()`.
    """
    numbers = NUMBERS.get(machine)
    if numbers is None:
        raise UnknownMachineError(f"there is no table of system calls for {machine}")
    blocks = _judged(pid, refuse_writing)
    program = [
        _load(_ARCHITECTURE),
        _jump(_EQUAL, _AUDIT_ARCHITECTURES[machine], 1, 0),
        _return(_KILL),
        _load(_NUMBER),
    ]
    if machine == "x86_64":
        program += [_jump(_AT_LEAST, _X32, 0, 1), _return(_KILL)]
    for name, number in numbers.items():
        block = blocks.get(name, [_return(_ALLOW)])
        program += [_jump(_EQUAL, number, 0, len(block)), *block]
    program.append(_refuse(errno.EPERM))
    return b"".join(program)


def install(program: bytes) -> None:
    """Bind every thread of this process to a filter, for good. It must have given up new privileges.

    Raises:
        OSError: the kernel refuses.
    """
    instructions = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: how many instructions of eight bytes, and where.
    head = struct.pack("@HP", len(program) // 8, ctypes.addressof(instructions))
    if kernel.call(_SECCOMP[machine()], _SET_FILTER, _ALL_THREADS, head) != 0:
        raise OSError("a thread of this process has another filter")


def check() -> None:
    """Find out whether filters can be had here.

    Raises:
        UnknownMachineError: there is no table for this machine.
        OSError: the kernel has no filters.
    """
    name = machine()
    if name not in NUMBERS:
        raise UnknownMachineError(f"there is no table of system calls for {name}")
    try:
        kernel.call(_SECCOMP[name], _ASK_FOR_ACTION, 0, struct.pack("=I", _KILL))
    except OSError as error:
        raise OSError(error.errno, "this kernel has no seccomp filters, or a container refuses them") from None


def machine() -> str:
    """Return the architecture whose numbers this process uses.

    Raises:
        UnknownMachineError: a 32-bit interpreter; its numbers are others.
    """
    if sys.platform != "linux":
        raise UnknownMachineError(f"{sys.platform} has no seccomp")
    if sys.maxsize < 2**32:
        raise UnknownMachineError("there is no table of system calls for a 32-bit Python")
    return os.uname().machine


def _judged(pid: int, refuse_writing: bool) -> Mapping[str, Instructions]:
    """Return what is asked before these calls are allowed; each block ends with a verdict on every way."""
    own = _allow_if_among(0, (pid,))
    blocks = {
        "kill": own,
        "tgkill": own,
        "fcntl": _allow_if_among(1, _FCNTL_COMMANDS),
        "ioctl": _allow_if_among(1, _IOCTL_COMMANDS),
        # Reading limits, its own: a process or a new limit makes it something else.
        "prlimit64": [*_continue_if_among(0, (0, pid)), *_continue_if_null(2), _return(_ALLOW)],
        # Threads only: NPROC, or else memory, bounds their number. The C library tries clone3 first.
        "clone": [
            *_continue_without(0, 0xFFFFFFFF & ~_THREAD_FLAGS),
            _jump(_ANY_BIT, _THREAD, 1, 0),
            _refuse(errno.EPERM),
            _return(_ALLOW),
        ],
        "clone3": [_refuse(errno.ENOSYS)],
    }
    for name, flags in (("open", 1), ("openat", 2)):
        blocks[name] = [*_judge_opening(flags, refuse_writing), _return(_ALLOW)]
    return blocks


def _judge_opening(flags: int, refuse_writing: bool) -> Instructions:
    if refuse_writing:
        return _continue_without(flags, _WRITE_MODES | os.O_CREAT | os.O_TRUNC)
    # Opening to read can empty a file, which the first versions of Landlock do not see.
    return [_load_argument(flags), _jump(_ANY_BIT, _WRITE_MODES, 2, 0), *_continue_without(flags, os.O_TRUNC)[1:]]


def _continue_without(argument: int, bits: int) -> Instructions:
    return [_load_argument(argument), _jump(_ANY_BIT, bits, 0, 1), _refuse(errno.EPERM)]


def _continue_if_among(argument: int, values: Sequence[int]) -> Instructions:
    last = len(values)
    compare = [_jump(_EQUAL, value, last - at, 0) for at, value in enumerate(values)]
    return [_load_argument(argument), *compare, _refuse(errno.EPERM)]


def _allow_if_among(argument: int, values: Sequence[int]) -> Instructions:
    return [*_continue_if_among(argument, values), _return(_ALLOW)]


def _continue_if_null(argument: int) -> Instructions:
    """Go on where both halves of a pointer are zero."""
    halves = []
    for offset in (0, 4):
        halves += [
            _instruction(_LOAD, 0, 0, _ARGUMENTS + 8 * argument + offset),
            _jump(_EQUAL, 0, 1, 0),
            _refuse(errno.EPERM),
        ]
    return halves


def _instruction(code: int, if_true: int, if_false: int, value: int) -> bytes:
    return struct.pack("<HBBI", code, if_true, if_false, value)


def _load(offset: int) -> bytes:
    return _instruction(_LOAD, 0, 0, offset)


def _load_argument(argument: int) -> bytes:
    return _load(_ARGUMENTS + 8 * argument)


def _jump(code: int, value: int, if_true: int, if_false: int) -> bytes:
    """Skip so many instructions where the comparison holds, and so many where it does not."""
    return _instruction(code, if_true, if_false, value)


def _return(verdict: int) -> bytes:
    return _instruction(_RETURN, 0, 0, verdict)


def _refuse(number: int) -> bytes:
    return _return(_ERRNO | number)
