"""Opening what may be anything: a link, a pipe that never ends, a device, a file of a terabyte."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from grader.errors import IntakeError
from grader.intake.naming import show_path


def read_file(path: Path, limit: int, *, follow: bool) -> bytes:
    """Return the contents of an ordinary file; of one larger than `limit` bytes only `limit + 1`.

    Raises IntakeError where it cannot be read, is not an ordinary file, or is a link that is not to be followed.
    """
    # Without O_NONBLOCK opening a FIFO would wait for a writer for ever. Windows has neither flag.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    name = show_path(path)
    try:
        if not follow and path.is_symlink():
            raise IntakeError(f"{name} is a link; hand in the file itself.")
        descriptor = os.open(path, flags | (0 if follow else getattr(os, "O_NOFOLLOW", 0)))
        with os.fdopen(descriptor, "rb") as stream:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise IntakeError(f"{name} is not an ordinary file; hand in the file itself.")
            # Python allocates what a read asks for, so it asks for no more than there is.
            return stream.read(min(status.st_size, limit) + 1)
    except OSError as error:
        raise cannot_read(path, error) from error


def cannot_read(path: Path, error: OSError | ValueError) -> IntakeError:
    """Return the error for a path that the operating system refuses."""
    reason = getattr(error, "strerror", None) or str(error)
    return IntakeError(f"{show_path(path)} cannot be read ({reason}); check the path and its permissions.")
