"""Whose score is another than in an earlier gradebook, and why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grader.batch.gradebook import FILE, Gradebook
from grader.render.text import clean
from grader.report import points_text

_PEOPLE = """
SELECT a.id, a.submission, b.submission, x.content <> y.content, x.bank <> y.bank, x.grader <> y.grader, x.kit <> y.kit
FROM main.students a JOIN main.submissions x ON x.id = a.submission
JOIN old.students b ON b.id = a.id JOIN old.submissions y ON y.id = b.submission
WHERE EXISTS (
    SELECT 1 FROM main.grades n LEFT JOIN old.grades o ON o.student = n.student AND o.problem = n.problem
    WHERE n.student = a.id AND n.score IS NOT o.score)
ORDER BY a.id
"""
_TOTALS = "SELECT SUM(score), COUNT(score) = COUNT(*) FROM {}.grades WHERE student = ?"
_PROBLEMS = """
SELECT n.problem, o.score, n.score, o.overridden, n.overridden
FROM main.grades n LEFT JOIN old.grades o ON o.student = n.student AND o.problem = n.problem
WHERE n.student = ? AND n.score IS NOT o.score ORDER BY n.position
"""
_FINDINGS = """
SELECT n.finding, o.status, n.status, o.mistake, n.mistake
FROM main.findings n LEFT JOIN old.findings o ON o.submission = ? AND o.problem = n.problem AND o.finding = n.finding
WHERE n.submission = ? AND n.problem = ? AND n.score IS NOT o.score ORDER BY n.position
"""
_ONLY = """
SELECT id, 'is new' FROM main.students WHERE id NOT IN (SELECT id FROM old.students)
UNION ALL SELECT id, 'is not there any more' FROM old.students WHERE id NOT IN (SELECT id FROM main.students)
ORDER BY 1
"""


def find_changes(book: Gradebook, old: Path) -> Iterator[str]:
    """Yield a line for each student whose score changed, and for each who is in one of the two only."""
    with book.beside(old / FILE):
        people: list[Any] = list(book.rows(_PEOPLE))
        for student, new, before, *differences in people:
            reasons = _reasons(differences)
            problems = [_problem(book, row, before, new) for row in book.rows(_PROBLEMS, (student,))]
            totals = f"{_total(book, 'old', student)} -> {_total(book, 'main', student)}"
            yield f"{clean(student, 80)}: {totals} ({', '.join(reasons)}): {'; '.join(problems)}"
        for name, what in book.rows(_ONLY):
            yield f"{clean(str(name), 80)} {what}"


def _reasons(differences: list[int]) -> list[str]:
    content, bank, grader, kit = differences
    found = []
    if content:
        found.append("another submission")
    if bank:
        found.append("other test cases")
    if grader:
        found.append("another version of the grader")
    if kit and not (bank or grader):
        found.append("another declaration")
    return found or ["decided by hand"]


def _problem(book: Gradebook, row: Any, before: str, new: str) -> str:
    problem, old_score, new_score, was_overridden, is_overridden = row
    text = f"{problem} {_points(old_score)} -> {_points(new_score)}"
    if is_overridden or was_overridden:
        return f"{text} (decided by hand{'' if is_overridden else ' before'})"
    found = [_finding(finding) for finding in book.rows(_FINDINGS, (before, new, problem))]
    return f"{text} ({', '.join(found)})" if found else text


def _finding(row: Any) -> str:
    finding, old_status, new_status, old_mistake, new_mistake = row
    before, after = old_mistake or old_status or "not there", new_mistake or new_status
    return f"{finding}: {before} -> {after}".replace("_", " ")


def _total(book: Gradebook, which: str, student: str) -> str:
    score, is_whole = book.one(_TOTALS.format(which), (student,)) or (None, 0)
    return _points(score) if is_whole else "no score"  # type: ignore[arg-type]


def _points(hundredths: int | None) -> str:
    return "none" if hundredths is None else points_text(hundredths)
