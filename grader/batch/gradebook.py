"""The gradebook: an SQLite file with one row for each submission, student, problem and finding.

Every submission is one transaction that replaces all of its rows, so that a crash loses no more than what was being
graded, nothing is there twice, and several runs can write at the same time. Points are hundredths.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from grader.assignment import Assignment
from grader.batch.handins import Student
from grader.batch.overrides import Override
from grader.errors import UsageError
from grader.report import CheckResult, Report

FILE = "gradebook.sqlite"
_WAIT_S = 120.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS assignment (
    only INTEGER PRIMARY KEY CHECK (only = 1), name TEXT NOT NULL, title TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tasks (
    position INTEGER PRIMARY KEY, problem TEXT NOT NULL UNIQUE, max_score INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS submissions (
    id TEXT PRIMARY KEY, content TEXT NOT NULL, kit TEXT NOT NULL, bank TEXT NOT NULL, grader TEXT NOT NULL,
    layout TEXT NOT NULL, status TEXT NOT NULL CHECK (status IN ('graded', 'refused', 'fault')), message TEXT NOT NULL,
    score INTEGER, max_score INTEGER, isolation INTEGER, duration_s REAL NOT NULL);
CREATE TABLE IF NOT EXISTS students (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL, page TEXT NOT NULL, overrides TEXT NOT NULL,
    submission TEXT NOT NULL REFERENCES submissions ON DELETE CASCADE);
CREATE INDEX IF NOT EXISTS students_submission ON students (submission);
CREATE TABLE IF NOT EXISTS problems (
    submission TEXT NOT NULL REFERENCES submissions ON DELETE CASCADE, position INTEGER NOT NULL, problem TEXT NOT NULL,
    score INTEGER NOT NULL, max_score INTEGER NOT NULL, status TEXT NOT NULL, message TEXT NOT NULL,
    PRIMARY KEY (submission, problem)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS findings (
    submission TEXT NOT NULL REFERENCES submissions ON DELETE CASCADE, problem TEXT NOT NULL, position INTEGER NOT NULL,
    finding TEXT NOT NULL, title TEXT NOT NULL, score INTEGER NOT NULL, max_score INTEGER NOT NULL,
    status TEXT NOT NULL, mistake TEXT, message TEXT NOT NULL,
    PRIMARY KEY (submission, problem, position)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS findings_mistake ON findings (mistake) WHERE mistake IS NOT NULL;
CREATE TABLE IF NOT EXISTS overrides (
    student TEXT NOT NULL, problem TEXT NOT NULL, points INTEGER NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (student, problem)) WITHOUT ROWID;
CREATE VIEW IF NOT EXISTS grades AS
    SELECT students.id AS student, tasks.position, tasks.problem, tasks.max_score,
        COALESCE(overrides.points, problems.score) AS score, overrides.points IS NOT NULL AS overridden
    FROM students CROSS JOIN tasks
    LEFT JOIN problems ON problems.submission = students.submission AND problems.problem = tasks.problem
    LEFT JOIN overrides ON overrides.student = students.id AND overrides.problem = tasks.problem;
"""


@dataclass(frozen=True)
class Entry:
    """What is kept of one submission beside its report. content: its hash. message: why there is no report."""

    id: str
    content: str
    kit: str
    bank: str
    grader: str
    layout: str
    status: str
    message: str = ""


@dataclass(frozen=True)
class Pupil:
    """One student of a submission: the name of their page, and a hash of what was decided by hand."""

    student: Student
    page: str
    overrides: str


class Gradebook:
    """An open gradebook. Several may be open on one file."""

    def __init__(self, path: Path) -> None:
        # Autocommit: transactions begin where `_transaction` says so.
        self._database = sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None, uri=True)
        try:
            # Of two runs that change the mode at once the second is refused, not made to wait: the first changes it.
            with suppress(sqlite3.OperationalError):
                self._database.execute("PRAGMA journal_mode = WAL")
            # In this mode a crash of the machine may cost the last submissions, which are then graded again.
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._database.execute("PRAGMA foreign_keys = ON")
            with self._transaction():
                for statement in _SCHEMA.split(";\n"):
                    self._database.execute(statement)
        except sqlite3.DatabaseError as error:
            self._database.close()
            raise UsageError(f"{path} is no gradebook ({error}); move it away, or choose another folder") from error

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        # At once: two that read first and write later would only find out then that one must give way.
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def begin(self, assignment: Assignment, overrides: Iterable[Override]) -> None:
        """Note which assignment this is and what was decided by hand. Raises UsageError for another's gradebook."""
        with self._transaction():
            found = self.one("SELECT name FROM assignment")
            if found is not None and found[0] != assignment.name:
                raise UsageError(f"this folder holds the grades of {found[0]}; choose another for {assignment.name}")
            self._database.execute(
                "INSERT OR REPLACE INTO assignment VALUES (1, ?, ?)", (assignment.name, assignment.title)
            )
            self._database.execute("DELETE FROM tasks")
            self._database.executemany(
                "INSERT INTO tasks VALUES (?, ?, ?)",
                [(number, one.id, one.hundredths) for number, one in enumerate(assignment.problems)],
            )
            self._database.execute("DELETE FROM overrides")
            self._database.executemany(
                "INSERT INTO overrides VALUES (?, ?, ?, ?)",
                [(one.student, one.problem, one.points, one.reason) for one in overrides],
            )

    def has(self, entry: Entry, pupils: Sequence[Pupil]) -> bool:
        """Whether a submission is there as it is now, for all of its students; a fault of ours never is."""
        found = self.one(
            "SELECT 1 FROM submissions WHERE id = ? AND content = ? AND kit = ? AND layout = ? AND status <> 'fault'",
            (entry.id, entry.content, entry.kit, entry.layout),
        )
        if found is None:
            return False
        rows = self.rows("SELECT id, name, email, page, overrides FROM students WHERE submission = ?", (entry.id,))
        return set(rows) == {_pupil_row(pupil) for pupil in pupils}

    def put(self, entry: Entry, pupils: Sequence[Pupil], report: Report | None) -> None:
        """Replace all rows of a submission, and take its students away from any other."""
        scores = (None, None, None, 0.0)
        if report is not None:
            scores = (report.score, report.max_score, report.isolation.level, report.duration_s)  # type: ignore[assignment]
        database = self._database
        with self._transaction():
            database.execute("DELETE FROM submissions WHERE id = ?", (entry.id,))
            database.executemany("DELETE FROM students WHERE id = ?", [(pupil.student.id,) for pupil in pupils])
            database.execute(
                "INSERT INTO submissions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*_entry_row(entry), *scores),
            )
            database.executemany(
                "INSERT INTO students VALUES (?, ?, ?, ?, ?, ?)", [(*_pupil_row(one), entry.id) for one in pupils]
            )
            if report is not None:
                self._put_report(entry.id, report)

    def _put_report(self, submission: str, report: Report) -> None:
        self._database.executemany(
            "INSERT INTO problems VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (submission, number, one.id, one.score, one.max_score, one.status.value, _text(one.message))
                for number, one in enumerate(report.problems)
            ],
        )
        self._database.executemany(
            "INSERT INTO findings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (submission, problem.id, number, *_finding_row(one))
                for problem in report.problems
                for number, one in enumerate(problem.checks)
            ],
        )

    def prune(self) -> None:
        """Take away submissions that no student has any more: the student handed in another one."""
        with self._transaction():
            self._database.execute("DELETE FROM submissions WHERE id NOT IN (SELECT submission FROM students)")

    @contextmanager
    def beside(self, old: Path) -> Iterator[None]:
        """Have another gradebook at hand as `old`, only to be read. Raises UsageError where there is none."""
        try:
            self._database.execute("ATTACH DATABASE ? AS old", (f"{old.resolve().as_uri()}?mode=ro",))
            try:
                self._database.execute("SELECT name FROM old.assignment")
                yield
            finally:
                self._database.execute("DETACH DATABASE old")
        except sqlite3.DatabaseError as error:
            raise UsageError(f"{old} is no gradebook ({error}); name the folder of an earlier run") from error

    def rows(self, query: str, values: Sequence[object] = ()) -> Iterator[tuple[object, ...]]:
        """Yield the rows of a query, one by one: a class may be large."""
        with closing(self._database.execute(query, values)) as cursor:
            yield from cursor

    def column(self, query: str) -> list[object]:
        """Return the only column of a query."""
        return [value for (value,) in self.rows(query)]

    def one(self, query: str, values: Sequence[object] = ()) -> tuple[object, ...] | None:
        """Return the first row of a query, or None."""
        return next(iter(self.rows(query, values)), None)


@contextmanager
def open_gradebook(path: Path) -> Iterator[Gradebook]:
    """Open a gradebook, made where there is none; only its owner may read it."""
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    book = Gradebook(path)
    try:
        yield book
    finally:
        book.close()


def _entry_row(entry: Entry) -> tuple[str, ...]:
    who = (entry.id, entry.content, entry.kit, entry.bank, entry.grader, entry.layout)
    return (*who, entry.status, _text(entry.message))


def _finding_row(check: CheckResult) -> tuple[object, ...]:
    judged = (check.score, check.max_score, check.status.value, check.mistake, _text(check.message))
    return (check.id, check.title, *judged)


def _pupil_row(pupil: Pupil) -> tuple[str, str, str, str, str]:
    student = pupil.student
    return (student.id, student.name, student.email, pupil.page, pupil.overrides)


def _text(text: str) -> str:
    """Return a message as text that the database takes: student code may put lone surrogates into it."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
