"""The gradebook as CSV: ours, and with the columns that Canvas and Gradescope read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from types import MappingProxyType
from typing import Any

from grader.batch.cells import cell
from grader.batch.gradebook import Gradebook
from grader.report import points_text

Rows = Callable[[Gradebook], Iterator[list[str]]]
_STUDENTS = """
SELECT students.id, students.name, students.email, submissions.id, submissions.layout, submissions.status,
    grades.problem, grades.score, grades.overridden
FROM students JOIN submissions ON submissions.id = students.submission JOIN grades ON grades.student = students.id
ORDER BY students.id, grades.position
"""


def write_grades(book: Gradebook) -> Iterator[list[str]]:
    """Yield a row a student, a column a problem. Where a fault of ours left a problem without points it is empty."""
    tasks = [str(name) for (name,) in book.rows("SELECT problem FROM tasks ORDER BY position")]
    most = _maximum(book)
    yield ["student", "name", "email", "submission", *tasks, "total", "max", "status", "overridden"]
    for student in _students(book):
        cells = [cell(student[key]) for key in ("id", "name", "email", "submission")]
        scores = [_points(score) for score in student["scores"]]
        yield [*cells, *scores, _points(_total(student)), most, student["status"], " ".join(student["overridden"])]


def write_canvas(book: Gradebook) -> Iterator[list[str]]:
    """Yield the rows of Canvas's gradebook import: total points, students by Canvas's id where it is known."""
    yield ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", _title(book)]
    yield ["    Points Possible", "", "", "", "", _maximum(book)]
    for student in _students(book):
        is_canvas = student["layout"] == "canvas"
        number, login = (student["id"], "") if is_canvas else ("", student["email"] or student["id"])
        name = student["name"] or student["id"]
        yield [cell(name), cell(number), "", cell(login), "", _points(_total(student))]


def write_gradescope(book: Gradebook) -> Iterator[list[str]]:
    """Yield the columns of Gradescope's own grades, by which it knows a student: names, SID and email."""
    yield ["First Name", "Last Name", "SID", "Email", "Total Score", "Max Points"]
    most = _maximum(book)
    for student in _students(book):
        first, _, last = student["name"].rpartition(" ")
        email = student["email"] or (student["id"] if "@" in student["id"] else "")
        number = "" if student["id"] == email else student["id"]
        yield [*map(cell, (first, last, number, email)), _points(_total(student)), most]


FORMATS: Mapping[str, Rows] = MappingProxyType({"canvas": write_canvas, "gradescope": write_gradescope})


def _students(book: Gradebook) -> Iterator[dict[str, Any]]:
    """Yield one student after the other with the points of all problems, those decided by hand among them."""
    rows: Iterator[Any] = book.rows(_STUDENTS)
    for about, group in groupby(rows, key=lambda row: row[:6]):
        graded = list(group)
        yield {
            **dict(zip(("id", "name", "email", "submission", "layout", "status"), about, strict=True)),
            "scores": [row[7] for row in graded],
            "overridden": [row[6] for row in graded if row[8]],
        }


def _total(student: Mapping[str, Any]) -> int | None:
    scores = student["scores"]
    return None if None in scores else sum(scores)


def _points(hundredths: int | None) -> str:
    return "" if hundredths is None else points_text(hundredths)


def _maximum(book: Gradebook) -> str:
    found: Any = book.one("SELECT SUM(max_score) FROM tasks")
    return points_text(found[0])


def _title(book: Gradebook) -> str:
    found: Any = book.one("SELECT name FROM assignment")
    return cell(found[0])
