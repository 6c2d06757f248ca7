"""What an instructor decided by hand: `overrides.csv`, with the columns student, problem, points and reason."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path

from grader.assignment import Assignment
from grader.batch.cells import bare
from grader.errors import UsageError, did_you_mean
from grader.report import CheckResult, Outcome, ProblemResult, Report, points_text

FILE = "overrides.csv"
COLUMNS = ("student", "problem", "points", "reason")


@dataclass(frozen=True)
class Override:
    """Points that replace those of one problem of one student. Points are hundredths."""

    student: str
    problem: str
    points: int
    reason: str


def read_overrides(path: Path, assignment: Assignment) -> tuple[Override, ...]:
    """Return the overrides of a file, none where it is not there. Raises UsageError with the line that is wrong."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {error}; save it as CSV in UTF-8") from error
    reader = csv.DictReader(io.StringIO(text, newline=""))
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise UsageError(f"{path} has no column {', '.join(missing)}; its first line is {','.join(COLUMNS)}")
    found: dict[tuple[str, str], Override] = {}
    for row in reader:
        place = f"{path}, line {reader.line_num}"
        override = _read_row({name: row[name] or "" for name in COLUMNS}, assignment, place)
        if (override.student, override.problem) in found:
            raise UsageError(f"{place}: {override.problem} of '{override.student}' is there twice; keep one")
        found[override.student, override.problem] = override
    return tuple(found.values())


def _read_row(row: Mapping[str, str], assignment: Assignment, place: str) -> Override:
    known = {problem.id: problem for problem in assignment.problems}
    problem = known.get(row["problem"].strip())
    if problem is None:
        raise UsageError(f"{place}: no problem '{row['problem']}'{did_you_mean(row['problem'], known)}")
    points = _hundredths(row["points"])
    if points is None or not 0 <= points <= problem.hundredths:
        most = points_text(problem.hundredths)
        raise UsageError(
            f"{place}: '{row['points']}' points for {problem.id}, expected 0 to {most} with at most two decimals"
        )
    return Override(bare(row["student"]), problem.id, points, row["reason"].strip())


def _hundredths(text: str) -> int | None:
    try:
        exact = Decimal(text.strip()) * 100
        return int(exact) if exact == int(exact) else None
    except (InvalidOperation, ValueError, OverflowError):
        return None


def refuse_unknown(overrides: Iterable[Override], students: Iterable[str], path: Path) -> None:
    """Raise UsageError for an override of somebody who is not there: a typing error would go unnoticed."""
    known = set(students)
    for override in overrides:
        if override.student not in known:
            raise UsageError(f"{path}: no student '{override.student}'{did_you_mean(override.student, known)}")


def apply(report: Report, overrides: Sequence[Override]) -> Report:
    """Return the report as its student sees it: a problem that was decided by hand says so, and by how much."""
    decided = {override.problem: override for override in overrides}
    return replace(
        report,
        problems=tuple(
            _decide(problem, decided[problem.id]) if problem.id in decided else problem for problem in report.problems
        ),
    )


def _decide(problem: ProblemResult, override: Override) -> ProblemResult:
    outcome = Outcome.PARTIAL
    if override.points in (0, problem.max_score):
        outcome = Outcome.PASSED if override.points else Outcome.FAILED
    most = points_text(problem.max_score)
    message = (
        f"Your instructor gave {points_text(override.points)} of {most} points, "
        f"the grader {points_text(problem.score)}."
    )
    reason = override.reason or "no reason was given"
    check = CheckResult("override", "decided by your instructor", override.points, problem.max_score, outcome, reason)
    return replace(problem, status=outcome, checks=(check,), message=message, pictures=())
