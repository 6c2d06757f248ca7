"""What a process needs to grade a class, as plain values that travel, and their hash."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

import grader
from grader.assignment import Assignment, Course
from grader.bank import BankSource


@dataclass(frozen=True)
class Kit:
    """An assignment's declaration and saved test cases.

    required: the isolation level below which there is no score. grader: the version that must grade, see
    `fingerprint`. private: paths that student code must not be able to read.
    """

    assignment: str
    declaration: bytes = field(repr=False)
    bank: bytes = field(repr=False)
    required: int
    grader: str
    private: tuple[str, ...] = ()

    @cached_property
    def hash(self) -> str:
        """The hash of all that scores depend on."""
        digest = hashlib.sha256(self.grader.encode())
        for part in (self.declaration, self.bank):
            digest.update(hashlib.sha256(part).digest())
        return digest.hexdigest()

    @cached_property
    def bank_hash(self) -> str:
        """The bank's hash, as it stands in reports."""
        return hashlib.sha256(self.bank).hexdigest()


def make_kit(
    course: Course, assignment: Assignment, source: BankSource, required: int, private: tuple[str, ...]
) -> Kit:
    """Return the kit of an assignment, its saved test cases from `source`."""
    declaration = (course.folder(assignment.name) / "assignment.py").read_bytes()
    return Kit(assignment.name, declaration, source.bank.data, required, fingerprint(), private)


@lru_cache(maxsize=1)
def fingerprint() -> str:
    """Return the version and a hash of this package's sources: a mended check grades anew without a release."""
    package = Path(grader.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return f"{grader.__version__}+{digest.hexdigest()[:12]}"
