"""What an instructor wants to know of a class, counted from the gradebook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from grader.batch.gradebook import Gradebook
from grader.batch.run import FEEDBACK
from grader.report import Outcome

BINS = 20
MOST_LINKS = 30
_SLOWEST = 10
_LISTED = 200
_COMMON = 15

_TOTALS = """
SELECT total, COUNT(*) FROM (
    SELECT SUM(score) AS total FROM grades GROUP BY student HAVING COUNT(score) = COUNT(*))
GROUP BY total ORDER BY total
"""
_TASKS = """
SELECT tasks.position, tasks.problem, tasks.max_score, COUNT(problems.problem), AVG(tasks.max_score - problems.score),
    SUM(problems.score = tasks.max_score), {}
FROM tasks LEFT JOIN problems ON problems.problem = tasks.problem
    AND problems.submission IN (SELECT id FROM submissions WHERE status = 'graded')
GROUP BY tasks.position ORDER BY tasks.position
"""
# Of the bare columns SQLite takes the row with the maximum: the message that says most.
_MISTAKES = """
SELECT tasks.position, findings.problem, mistake, COUNT(DISTINCT submission) AS count, MAX(LENGTH(message)), message
FROM findings JOIN tasks ON tasks.problem = findings.problem WHERE mistake IS NOT NULL
GROUP BY findings.problem, mistake ORDER BY count DESC, tasks.position, mistake
"""
_WITH_MISTAKE = """
SELECT DISTINCT submission FROM findings WHERE mistake = ? AND problem = ? ORDER BY submission LIMIT ?
"""
_UNNAMED = """
SELECT tasks.position, findings.problem, finding, COUNT(*) AS count, title
FROM findings JOIN tasks ON tasks.problem = findings.problem
JOIN submissions ON submissions.id = findings.submission AND submissions.status = 'graded'
WHERE mistake IS NULL AND findings.status = 'failed' AND NOT EXISTS (
    SELECT 1 FROM findings other
    WHERE other.submission = findings.submission AND other.problem = findings.problem AND other.mistake IS NOT NULL)
GROUP BY findings.problem, finding ORDER BY count DESC, tasks.position, findings.position LIMIT ?
"""
_WITH_FINDING = """
SELECT submission FROM findings WHERE finding = ? AND problem = ? AND status = 'failed' AND mistake IS NULL
AND NOT EXISTS (
    SELECT 1 FROM findings other
    WHERE other.submission = findings.submission AND other.problem = findings.problem AND other.mistake IS NOT NULL)
ORDER BY submission LIMIT ?
"""
_OVERRIDES = """
SELECT overrides.student, overrides.problem, problems.score, overrides.points, reason, students.page
FROM overrides JOIN students ON students.id = overrides.student
LEFT JOIN problems ON problems.submission = students.submission AND problems.problem = overrides.problem
ORDER BY overrides.student, overrides.problem LIMIT ?
"""


@dataclass(frozen=True)
class Link:
    """A submission and where its page is; without an address there is none."""

    text: str
    address: str


@dataclass(frozen=True)
class Task:
    """One problem. lost: hundredths, on average; full: how many have all points; outcomes: how many by status."""

    problem: str
    max_score: int
    graded: int
    lost: float
    full: int
    outcomes: dict[str, int]


@dataclass(frozen=True)
class Common:
    """What many have in common: a known mistake, or a finding that has no name yet; some of their pages."""

    problem: str
    name: str
    count: int
    text: str
    links: tuple[Link, ...]


@dataclass(frozen=True)
class Overview:
    """All of it. totals: how many students have how many hundredths; the lists of submissions are capped."""

    name: str
    title: str
    counts: dict[str, int]
    max_score: int
    totals: tuple[tuple[int, int], ...]
    tasks: tuple[Task, ...]
    mistakes: tuple[Common, ...]
    unnamed: tuple[Common, ...]
    slowest: tuple[tuple[Link, float], ...]
    faults: tuple[tuple[Link, str], ...]
    refused: tuple[tuple[Link, str], ...]
    overrides: tuple[tuple[Link, str, int | None, int, str], ...]


def look(book: Gradebook) -> Overview:
    """Count what is in a gradebook."""
    name, title = _row(book, "SELECT name, title FROM assignment")
    counts: dict[str, int] = dict.fromkeys(("graded", "refused", "fault"), 0)
    counts |= dict(_rows(book, "SELECT status, COUNT(*) FROM submissions GROUP BY status"))
    return Overview(
        name,
        title,
        counts,
        _row(book, "SELECT SUM(max_score) FROM tasks")[0],
        tuple(_rows(book, _TOTALS)),
        _tasks(book),
        _mistakes(book),
        _unnamed(book),
        _slowest(book),
        _without_report(book, "fault"),
        _without_report(book, "refused"),
        tuple(
            (Link(student, f"{FEEDBACK}/{page}"), problem, score, points, reason)
            for student, problem, score, points, reason, page in _rows(book, _OVERRIDES, _LISTED)
        ),
    )


def _rows(book: Gradebook, query: str, *values: object) -> list[Any]:
    return list(book.rows(query, values))


def _row(book: Gradebook, query: str) -> Any:
    return book.one(query)


def _tasks(book: Gradebook) -> tuple[Task, ...]:
    statuses = [status.value for status in Outcome]
    columns = ", ".join(f"SUM(problems.status = '{status}')" for status in statuses)
    return tuple(
        Task(
            problem, most, graded, lost or 0.0, full or 0, {s: n or 0 for s, n in zip(statuses, outcomes, strict=True)}
        )
        for _, problem, most, graded, lost, full, *outcomes in _rows(book, _TASKS.format(columns))
    )


def _mistakes(book: Gradebook) -> tuple[Common, ...]:
    return tuple(
        Common(problem, mistake, count, text, _links(book, position, _WITH_MISTAKE, mistake, problem))
        for position, problem, mistake, count, _, text in _rows(book, _MISTAKES)
    )


def _unnamed(book: Gradebook) -> tuple[Common, ...]:
    return tuple(
        Common(problem, title or finding, count, "", _links(book, position, _WITH_FINDING, finding, problem))
        for position, problem, finding, count, title in _rows(book, _UNNAMED, _COMMON)
    )


def _links(book: Gradebook, position: int, query: str, *values: str) -> tuple[Link, ...]:
    found = _rows(book, query, *values, MOST_LINKS)
    return tuple(_link(book, submission, f"#p{position}") for (submission,) in found)


def _link(book: Gradebook, submission: str, anchor: str = "") -> Link:
    pages = _rows(book, "SELECT page FROM students WHERE submission = ? ORDER BY id LIMIT 1", submission)
    return Link(submission, f"{FEEDBACK}/{pages[0][0]}{anchor}" if pages else "")


def _slowest(book: Gradebook) -> tuple[tuple[Link, float], ...]:
    query = "SELECT id, duration_s FROM submissions WHERE status = 'graded' ORDER BY duration_s DESC, id LIMIT ?"
    return tuple((_link(book, name), seconds) for name, seconds in _rows(book, query, _SLOWEST))


def _without_report(book: Gradebook, status: str) -> tuple[tuple[Link, str], ...]:
    query = "SELECT id, message FROM submissions WHERE status = ? ORDER BY id LIMIT ?"
    found = _rows(book, query, status, _LISTED)
    return tuple((Link(name, "") if status == "fault" else _link(book, name), text) for name, text in found)
