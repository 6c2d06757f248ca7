"""The bank of saved test cases: built once per assignment and seed, kept in one file without any pickle.

    magic | one encoded tree: {"header": {...}, "sections": {problem id: encoded section}}

The bank, not the seed, is the truth: its hash stands in every report. Sections are decoded one by one, so a
run of one problem reads one problem.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from grader import __version__
from grader.assignment import Assignment, Course
from grader.checks import reference
from grader.checks.base import Section
from grader.errors import BankError
from grader.sandbox import codec, marks

# Sixteen bytes, so that the arrays behind it, which are views of the file, are aligned.
MAGIC = b"grader-bank 2.0\n"
PUBLIC_SEED = 0
SHIPPED = "cases.bank"
MAX_BYTES = 1 << 30
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Bank:
    """A loaded bank: `data` are the file's bytes, `sections` parts of them."""

    assignment: str
    seed: int
    data: bytes = field(repr=False)
    sections: Mapping[str, marks.Buffer] = field(repr=False)

    @cached_property
    def hash(self) -> str:
        """Return the hash of the file's bytes."""
        return hashlib.sha256(self.data).hexdigest()

    def section(self, problem: str) -> Section:
        """Return the decoded section of a problem. Raises BankError if the bank does not have it."""
        if problem not in self.sections:
            raise BankError(f"the saved test cases of {self.assignment} have none for '{problem}'; build them anew")
        section: Section = decode(self.sections[problem])
        return section


def decode(data: marks.Buffer) -> Any:
    """Decode bytes of ours; damage becomes a BankError. What is bytes in it comes back as a view."""
    try:
        return codec.decode(memoryview(data), view_bytes=True)
    except marks.WireError as error:
        raise BankError(f"saved test cases are damaged ({error}); delete the file and run again") from error


def build(assignment: Assignment, solutions: Path, seed: int, progress: Progress | None = None) -> bytes:
    """Build a bank's bytes: draw, answer, confirm, freeze. Raises AssignmentError where the reference is wrong."""
    return build_from(assignment, reference.load(solutions, assignment.files), seed, progress)


def build_from(
    assignment: Assignment, known: reference.Reference, seed: int, progress: Progress | None = None
) -> bytes:
    """Build a bank's bytes from solutions that are loaded already."""
    sections: dict[str, bytes] = {}
    for number, problem in enumerate(assignment.problems):
        if progress is not None:
            progress(number, len(assignment.problems), problem.id)
        sections[problem.id] = codec.encode(problem.whole.build(problem.id, known, seed))
    header = {"assignment": assignment.name, "seed": seed, "versions": versions()}
    return MAGIC + codec.encode({"header": header, "sections": sections})


def parse(data: bytes, source: str) -> Bank:
    """Read a bank's bytes. Raises BankError if they are none of ours."""
    if not data.startswith(MAGIC):
        raise BankError(f"{source} is not a file of saved test cases of this version; delete it and run again")
    tree = decode(memoryview(data)[len(MAGIC) :])
    match tree:
        case {"header": {"assignment": str(assignment), "seed": int(seed)}, "sections": dict(sections)} if all(
            isinstance(section, memoryview) for section in sections.values()
        ):
            return Bank(assignment, seed, data, sections)
    raise BankError(f"{source} holds no saved test cases, though it begins like them; delete it and run again")


def versions() -> dict[str, str]:
    """Return the versions that a bank depends on."""
    return {
        "grader": __version__,
        "numpy": np.__version__,
        "hypothesis": _hypothesis_version(),
        "python": ".".join(map(str, sys.version_info[:3])),
        "platform": sys.platform,
    }


def _hypothesis_version() -> str:
    """Return Hypothesis's version without importing it, or the metadata of all packages: for start-up time."""
    spec = importlib.util.find_spec("hypothesis")
    if spec is None or spec.origin is None:
        return "none"
    found = sorted(Path(spec.origin).parent.parent.glob("hypothesis-*.dist-info"))
    return found[-1].name if found else "unknown"


@dataclass(frozen=True)
class BankSource:
    """Where an assignment's bank comes from: the solutions (through a cache), or the file shipped with it."""

    course: Course
    assignment: Assignment
    seed: int
    cache: Path | None
    progress: Progress | None = None

    @cached_property
    def bank(self) -> Bank:
        """The bank; built on first use, or read from the cache or the shipped file."""
        solutions = self.course.solutions(self.assignment.name)
        if solutions is None:
            return self._shipped()
        path = (
            None
            if self.cache is None
            else self.cache / f"{self.assignment.name}-{self.seed}-{self.key(solutions)}.bank"
        )
        if path is not None and path.is_file():
            try:
                return parse(path.read_bytes(), str(path))
            except (BankError, OSError):
                pass  # A damaged cache is built anew.
        data = build(self.assignment, solutions, self.seed, self.progress)
        if path is not None:
            _keep(path, data)
        return parse(data, str(path))

    def _shipped(self) -> Bank:
        path = self.course.folder(self.assignment.name) / SHIPPED
        if not path.is_file():
            raise BankError(
                f"{path} is missing, and there is no solutions/{self.assignment.name} to build it from; "
                "unpack the assignment's package again"
            )
        bank = parse(path.read_bytes(), str(path))
        if bank.assignment != self.assignment.name:
            raise BankError(
                f"{path} holds the saved test cases of {bank.assignment}, not of {self.assignment.name}; "
                "unpack the assignment's package again"
            )
        if self.seed not in (PUBLIC_SEED, bank.seed):
            raise BankError(f"only the saved test cases of seed {bank.seed} are at hand; leave out --seed {self.seed}")
        return bank

    def key(self, solutions: Path) -> str:
        """Hash all that a bank is made from: declaration, solutions, this package's checks, versions."""
        digest = hashlib.sha256(repr((sorted(versions().items()), self.seed)).encode())
        package = Path(__file__).parent
        sources = [
            self.course.folder(self.assignment.name) / "assignment.py",
            *sorted(solutions.glob("*.py")),
            *sorted((package / "checks").glob("*.py")),
            package / "bank.py",
            package / "sandbox" / "codec.py",
        ]
        for path in _existing(sources):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
        return digest.hexdigest()[:24]


def _existing(paths: Iterable[Path]) -> list[Path]:
    return [path for path in paths if path.is_file()]


def _keep(path: Path, data: bytes) -> None:
    """Write aside, then rename; a cache that cannot be written is no reason to fail."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(data)
        os.replace(file.name, path)
    except OSError:
        return
