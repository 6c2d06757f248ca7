"""Files of ours, written so that nobody ever sees half of one."""

from __future__ import annotations

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
