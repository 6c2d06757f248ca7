"""Landlock: the folders that student code may read, and nothing else of the file system.

Sources: `linux/landlock.h`, landlock(7). The numbers of its system calls are the same on every architecture. What
a kernel does not know yet is left out: `truncate` before version 3, TCP before 4, devices before 5, signals and
abstract sockets before 6.
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterable

from grader.sandbox import kernel

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_QUESTION = 1  # LANDLOCK_CREATE_RULESET_VERSION
_PATH_BENEATH = 1  # LANDLOCK_RULE_PATH_BENEATH
_QUIET = 1  # LANDLOCK_RESTRICT_SELF_LOG_SAME_EXEC_OFF: a submission cannot flood the machine's log.

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_FOLDER = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_FIRST_RIGHTS = (1 << 13) - 1
_REFER, _TRUNCATE, _IOCTL_DEVICE = 1 << 13, 1 << 14, 1 << 15
_TCP = 0b11  # LANDLOCK_ACCESS_NET_BIND_TCP and _CONNECT_TCP.
_SCOPES = 0b11  # LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET and _SIGNAL.

# What may be asked of a file rather than of a folder.
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_TO_READ = _EXECUTE | _READ_FILE | _READ_FOLDER


def version() -> int:
    """Return the version of Landlock that the kernel offers.

    Raises:
        OSError: it offers none.
    """
    try:
        return kernel.call(_CREATE_RULESET, None, 0, _VERSION_QUESTION)
    except OSError as error:
        raise OSError(error.errno, "this kernel has no Landlock, or it is switched off") from None


def build(readable: Iterable[str], listable: Iterable[str], writable: Iterable[str]) -> int:
    """Return the descriptor of a ruleset.

    Files and folders to read, with all that is in them; folders whose names may be listed; files to write. Paths
    that are not there are passed over. A process may be forked with the descriptor and bind itself later.

    Raises:
        OSError: the kernel has no Landlock, or it is switched off.
    """
    known = version()
    handled = _FIRST_RIGHTS
    handled |= _REFER if known >= 2 else 0
    handled |= _TRUNCATE if known >= 3 else 0
    handled |= _IOCTL_DEVICE if known >= 5 else 0
    attributes = struct.pack("=QQQ", handled, _TCP if known >= 4 else 0, _SCOPES if known >= 6 else 0)
    # An older kernel knows a shorter struct.
    size = 24 if known >= 6 else 16 if known >= 4 else 8
    ruleset = kernel.call(_CREATE_RULESET, attributes, size, 0)
    try:
        for path in readable:
            _add(ruleset, path, _TO_READ & handled)
        for path in listable:
            _add(ruleset, path, _READ_FOLDER)
        for path in writable:
            _add(ruleset, path, (_READ_FILE | _WRITE_FILE | _TRUNCATE) & handled)
    except OSError:
        os.close(ruleset)
        raise
    return ruleset


def restrict(ruleset: int) -> None:
    """Bind this thread to a ruleset, for good. The process must have given up new privileges.

    Raises:
        OSError: the kernel refuses.
    """
    kernel.call(_RESTRICT_SELF, ruleset, _QUIET if version() >= 7 else 0)


def _add(ruleset: int, path: str, rights: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        _add_rule(ruleset, opened, rights)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        # A file has no rights of a folder.
        _add_rule(ruleset, opened, rights & _OF_FILES)
    finally:
        os.close(opened)


def _add_rule(ruleset: int, opened: int, rights: int) -> None:
    # struct landlock_path_beneath_attr is packed.
    kernel.call(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, opened), 0)
