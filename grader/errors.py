"""The exception tree: everything that grader raises on purpose.

A `GraderError` is a sentence for a person: what, got, wanted, what to do next.
The command line prints it in one line and exits with its status; it never shows a traceback for one.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class GraderError(Exception):
    """Something could not be done. Its text is complete and is shown as it stands; exit status 2."""


class UsageError(GraderError):
    """The person asked for something that does not exist or cannot be: a name, a path, an option."""


class IntakeError(GraderError):
    """A submission was refused before any of it ran."""


class AssignmentError(GraderError):
    """An `assignment.py` or a file of `solutions/` is wrong or missing."""


class BankError(GraderError):
    """Saved test cases could not be built, read or found."""


class SandboxError(GraderError):
    """The process for student code could not be started: a fault of the machine or of ours."""


class ProtocolError(SandboxError):
    """Bytes from a worker are not a frame of ours. The worker that sent them is not trusted again."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `"; did you mean 'hw3'?"` for the nearest known name, or the list of what there is."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if near:
        return f"; did you mean '{near[0]}'?"
    return f"; there is {', '.join(names)}" if names else ""
