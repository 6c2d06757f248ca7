"""One run over a class: what changed is graded, and what is known is written as it comes."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from grader.assignment import Assignment
from grader.batch.crew import Crew
from grader.batch.gradebook import Entry, Gradebook, Pupil
from grader.batch.handins import HandIn, Student
from grader.batch.kit import Kit
from grader.batch.overrides import Override
from grader.batch.taking import digest, take_hand_in
from grader.batch.work import Done, Job
from grader.errors import IntakeError
from grader.files import sweep, write_bytes
from grader.intake import Submission

FEEDBACK = "feedback"
_PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,79}")


@dataclass(frozen=True)
class Event:
    """What happened to one submission: `unchanged`, `graded`, `refused` or `fault`; the message says why."""

    id: str
    status: str
    message: str = ""


@dataclass(frozen=True)
class _Task:
    entry: Entry
    pupils: tuple[Pupil, ...]


@dataclass(frozen=True)
class Run:
    """All that one run is made of. folder: where gradebook and pages are."""

    assignment: Assignment
    kit: Kit
    folder: Path
    book: Gradebook
    overrides: Mapping[str, tuple[Override, ...]]

    def grade(self, hand_ins: Sequence[HandIn], crew: Crew) -> Iterator[Event]:
        """Grade what is not in the gradebook yet, and yield what became of each submission."""
        (self.folder / FEEDBACK).mkdir(exist_ok=True)
        for folder in (self.folder, self.folder / FEEDBACK):
            sweep(folder)
        tasks: dict[str, _Task] = {}
        unchanged: list[str] = []
        for done in crew.answer(self._find_jobs(hand_ins, tasks, unchanged)):
            yield from self._tell_unchanged(unchanged)
            yield self._record(tasks.pop(done.id), done)
        yield from self._tell_unchanged(unchanged)
        self.book.prune()

    def _find_jobs(self, hand_ins: Sequence[HandIn], tasks: dict[str, _Task], unchanged: list[str]) -> Iterator[Job]:
        for hand_in in hand_ins:
            job, task = self._prepare(hand_in)
            if self._has(task):
                unchanged.append(hand_in.id)
            else:
                tasks[job.id] = task
                yield job

    def _tell_unchanged(self, unchanged: list[str]) -> Iterator[Event]:
        yield from [Event(name, "unchanged") for name in unchanged]
        unchanged.clear()

    def _prepare(self, hand_in: HandIn) -> tuple[Job, _Task]:
        status, refused = "graded", ""
        try:
            submission = take_hand_in(hand_in, self.assignment)
            content = digest(submission)
        except IntakeError as error:
            submission, status, refused = Submission(hand_in.id, {}, {}), "refused", str(error)
            content = hashlib.sha256(refused.encode("utf-8", "backslashreplace")).hexdigest()
        pupils = tuple(self._pupil(student) for student in hand_in.students)
        pages = tuple((student.id, self.overrides.get(student.id, ())) for student in hand_in.students)
        kit = self.kit
        entry = Entry(hand_in.id, content, kit.hash, kit.bank_hash, kit.grader, hand_in.layout, status, refused)
        return Job(hand_in.id, kit.hash, submission, pages, refused), _Task(entry, pupils)

    def _pupil(self, student: Student) -> Pupil:
        decided = self.overrides.get(student.id, ())
        return Pupil(student, page_name(student.id), hashlib.sha256(repr(decided).encode()).hexdigest()[:16])

    def _has(self, task: _Task) -> bool:
        pages = self.folder / FEEDBACK
        return self.book.has(task.entry, task.pupils) and all((pages / one.page).is_file() for one in task.pupils)

    def _record(self, task: _Task, done: Done) -> Event:
        """Write pages first: what is in the gradebook has them."""
        entry, pages = task.entry, dict(done.pages)
        if done.report is None:
            message = done.fault or "no reason is known"
            entry = replace(entry, status="fault", message=message)
        for pupil in task.pupils:
            path = self.folder / FEEDBACK / pupil.page
            if done.report is None:
                path.unlink(missing_ok=True)  # That of an earlier submission would be taken for this one's.
            else:
                write_bytes(path, zlib.decompress(pages[pupil.student.id]))
        self.book.put(entry, task.pupils, done.report)
        return Event(entry.id, entry.status, entry.message)


def page_name(student: str) -> str:
    """Return the file of a student's page: every id has its own, also where upper and lower case are the same."""
    if _PLAIN_NAME.fullmatch(student):
        return f"{student}.html"
    plain = re.sub(r"[^a-z0-9._@-]+", "-", student.lower())[:60].strip(".-") or "student"
    return f"{plain}-{hashlib.sha256(student.encode('utf-8', 'backslashreplace')).hexdigest()[:10]}.html"
