"""What grading found: frozen dataclasses, exact points, and JSON schema 1.

Points are integers of hundredths everywhere inside; only JSON and people see decimals.
A renderer reads a `Report`; nothing here prints, and nothing here computes a score but `total`.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grader.pictures import Picture


SCHEMA = 1


class Outcome(str, enum.Enum):
    """How a problem, or one finding of it, ended."""

    PASSED = "passed"
    PARTIAL = "partial"
    FAILED = "failed"
    NOT_IMPLEMENTED = "not_implemented"
    ERROR = "error"
    TIMEOUT = "timeout"
    BLOCKED = "blocked"


@dataclass(frozen=True)
class Worst:
    """The entry that is furthest off. `relative_error` is |got - expected| over the answer's scale."""

    index: tuple[int, ...]
    got: float | str
    expected: float | str | None
    relative_error: float
    allowed: float | None = None


@dataclass(frozen=True)
class Case:
    """The smallest case that failed, as far as a student may see it."""

    shapes: dict[str, tuple[int, ...]]
    worst: Worst | None = None
    why: str = ""
    code: str = ""


@dataclass(frozen=True)
class CheckResult:
    """One finding: all or nothing over its cases. Points are hundredths."""

    id: str
    title: str
    score: int
    max_score: int
    status: Outcome
    message: str = ""
    mistake: str | None = None
    case: Case | None = None


@dataclass(frozen=True)
class ProblemResult:
    """All findings of one problem.

    `printed` is what the student's code wrote while it was checked; `pictures` are there where they were asked for.
    """

    id: str
    title: str
    status: Outcome
    checks: tuple[CheckResult, ...]
    max_score: int
    message: str = ""
    file: str = ""
    line: int | None = None
    printed: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    pictures: tuple[Picture, ...] = ()

    @property
    def score(self) -> int:
        """Hundredths earned: the sum of the findings."""
        return total(check.score for check in self.checks)


@dataclass(frozen=True)
class Evidence:
    """One line on how something was checked, for the reader who asks 'why should I believe it?'.

    `kind` is one of `cases` (shapes drawn by Hypothesis), `differences` (finite differences) and
    `variance` (preservation, layer by layer). `count` cases or directions; `off` is the greatest
    disagreement; `span` the smallest and the largest shape.
    """

    kind: str
    text: str
    count: int = 0
    off: float = 0.0
    span: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True)
class Isolation:
    """How far student code was locked in: the level that was observed, and what made it."""

    level: int
    layers: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """The outcome of grading one submission. With a `fault` nothing was judged and there is no score."""

    assignment: str
    submission: str
    problems: tuple[ProblemResult, ...]
    seed: int | None
    isolation: Isolation
    duration_s: float
    grader_version: str
    bank_hash: str | None = None
    notes: tuple[str, ...] = ()
    fault: str | None = None
    evidence: tuple[Evidence, ...] = field(default=())
    read_next: str = ""

    @property
    def score(self) -> int:
        """Hundredths earned over the selected problems."""
        return total(problem.score for problem in self.problems)

    @property
    def max_score(self) -> int:
        """Hundredths that could be earned over the selected problems."""
        return total(problem.max_score for problem in self.problems)


def total(hundredths: Iterable[int]) -> int:
    """Sum exact points."""
    return sum(hundredths)


def points(hundredths: int) -> float:
    """Return hundredths as the decimal that people and JSON see: the nearest float to n / 100."""
    return hundredths / 100


def points_text(hundredths: int) -> str:
    """Return `8`, `7.5` or `6.25`: points without trailing zeros."""
    whole, rest = divmod(abs(hundredths), 100)
    sign = "-" if hundredths < 0 else ""
    return f"{sign}{whole}" + (f".{rest:02d}".rstrip("0") if rest else "")


def to_json(report: Report) -> dict[str, Any]:
    """Return the report as schema 1: plain, strict-JSON values (numbers that are not finite are strings)."""
    faulty = report.fault is not None
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "assignment": report.assignment,
        "submission": report.submission,
        "score": None if faulty else points(report.score),
        "max_score": points(report.max_score),
        "seed": report.seed,
        "problems": [_problem_json(problem) for problem in report.problems],
        "isolation": {
            "level": report.isolation.level,
            "layers": list(report.isolation.layers),
            "missing": list(report.isolation.missing),
        },
        "duration_s": _number(round(report.duration_s, 4)),
        "grader_version": report.grader_version,
        "bank": report.bank_hash,
        "notes": list(report.notes),
        "evidence": [{"kind": item.kind, "text": item.text} for item in report.evidence],
    }
    if faulty:
        document["fault"] = report.fault
    return document


def _problem_json(problem: ProblemResult) -> dict[str, Any]:
    document: dict[str, Any] = {
        "id": problem.id,
        "title": problem.title,
        "score": points(problem.score),
        "max_score": points(problem.max_score),
        "status": problem.status.value,
        "checks": [_check_json(check) for check in problem.checks],
        "message": problem.message,
        "file": problem.file,
        "line": problem.line,
        "evidence": [{"kind": item.kind, "text": item.text} for item in problem.evidence],
    }
    if problem.printed:
        document["printed"] = list(problem.printed)
    return document


def _check_json(check: CheckResult) -> dict[str, Any]:
    return {
        "id": check.id,
        "title": check.title,
        "score": points(check.score),
        "max_score": points(check.max_score),
        "status": check.status.value,
        "message": check.message,
        "mistake": check.mistake,
        "case": None if check.case is None else _case_json(check.case),
    }


def _case_json(case: Case) -> dict[str, Any]:
    worst = case.worst
    return {
        "shapes": {name: list(shape) for name, shape in case.shapes.items()},
        "worst": None
        if worst is None
        else {
            "index": list(worst.index),
            "got": _number(worst.got),
            "expected": _number(worst.expected),
            "relative_error": _number(worst.relative_error),
            "allowed": _number(worst.allowed),
        },
        "why": case.why,
        "code": case.code,
    }


def _number(value: float | str | None) -> float | str | None:
    """Return a JSON number, or its name where JSON has none."""
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")
    return value
