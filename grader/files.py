"""Files of ours, written so that nobody ever sees half of one."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from grader.errors import UsageError


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file aside, then put it in place in one step. Raises UsageError where that cannot be done."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_bytes(data)
        os.replace(aside, path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise UsageError(f"cannot write {path}: {error.strerror}; is the folder there and writable?") from error


def sweep(folder: Path) -> None:
    """Take away what `write_bytes` had begun in processes that were killed meanwhile."""
    for path in folder.glob(".*.*"):
        number = path.name.rpartition(".")[2]
        if number.isdecimal() and not _is_running(int(number)):
            with contextlib.suppress(OSError):
                path.unlink()


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        pass  # Somebody else's.
    return True
