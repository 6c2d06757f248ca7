"""What a process does that grades for a class: it keeps everything warm, and answers one job after the other.

A pool's initializer and a cluster's plugin have no other place than the process to leave something for the jobs that
follow, so `shelf` is the one thing here that outlives a call.
"""

from __future__ import annotations

import gc
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

from grader import __version__, engine
from grader.assignment import Assignment, Course, load
from grader.bank import Bank, parse
from grader.batch.kit import Kit, fingerprint
from grader.batch.overrides import Override, apply
from grader.checks.base import Section
from grader.errors import GraderError
from grader.intake import Submission
from grader.render import html
from grader.report import Isolation, Outcome, ProblemResult, Report
from grader.sandbox import kernel
from grader.sandbox.recall import Recall
from grader.sandbox.student import open_student
from grader.sandbox.zygote import Zygote


@dataclass(frozen=True)
class Job:
    """One submission to grade. pages: for each student that gets a page what was decided by hand.

    A refused submission has no files, and `refused` says why.
    """

    id: str
    kit: str
    submission: Submission
    pages: tuple[tuple[str, tuple[Override, ...]], ...]
    refused: str = ""


@dataclass(frozen=True)
class Done:
    """What became of a job: a report and the compressed pages by student, or a fault of ours."""

    id: str
    report: Report | None
    pages: tuple[tuple[str, bytes], ...] = ()
    fault: str | None = None


@dataclass(frozen=True)
class DecodedBank(Bank):
    """A bank of which every section is decoded once for the whole class."""

    decoded: dict[str, Section]

    def section(self, problem: str) -> Section:
        """Return the section of a problem."""
        return self.decoded[problem]


@dataclass(frozen=True)
class Bench:
    """What one process keeps between jobs."""

    kit: Kit
    assignment: Assignment
    bank: DecodedBank
    recall: Recall[engine.Judged]

    @cached_property
    def zygote(self) -> Zygote:
        """The process that forks workers; started by the first job, so that a fork of this process has its own."""
        return Zygote(private=self.kit.private)


@lru_cache(maxsize=1)
def shelf() -> dict[str, Bench]:
    """Return what this process keeps, by the hash of its kit."""
    return {}


def keep(kit: Kit) -> None:
    """Make a kit ready for the jobs to come; what is there already stays, also across a fork.

    Raises GraderError where this is another grader than the one that made the kit: scores would not be the same.
    """
    if kit.hash in shelf():
        return
    if kit.grader != fingerprint():
        raise GraderError(
            f"this process has grader {fingerprint()}, expected {kit.grader}; install the same everywhere"
        )
    with tempfile.TemporaryDirectory() as folder:
        course = Course(Path(folder))
        course.folder(kit.assignment).mkdir(parents=True)
        (course.folder(kit.assignment) / "assignment.py").write_bytes(kit.declaration)
        assignment = load(course, kit.assignment)
    bank = parse(kit.bank, f"the saved test cases of {kit.assignment}")
    decoded = {problem.id: bank.section(problem.id) for problem in assignment.problems}
    recall: Recall[engine.Judged] = Recall(section["request"]["bytes"] for section in decoded.values())
    shelf()[kit.hash] = Bench(
        kit, assignment, DecodedBank(bank.assignment, bank.seed, bank.data, bank.sections, decoded), recall
    )
    # What is decoded stays: the collector need not walk through it, nor a forked process copy the pages that it marks.
    gc.collect()
    gc.freeze()
    kernel.keep_memory()


def measure(kit: str) -> Isolation:
    """Return how far this process would lock student code in."""
    with open_student(shelf()[kit].zygote, {}, names={}, wanted={}) as student:
        return student.isolation


def grade(job: Job) -> Done:
    """Grade one submission and draw its pages. Never raises for what is in it; a fault of ours is said as one."""
    try:
        bench = shelf()[job.kit]
        report = _refuse(job, bench) if job.refused else _grade(job, bench)
        if report.fault is not None:
            return Done(job.id, None, fault=report.fault)
        pages = tuple((student, _draw(report, overrides)) for student, overrides in job.pages)
    except GraderError as error:
        return Done(job.id, None, fault=str(error))
    except Exception as error:
        return Done(job.id, None, fault=f"{type(error).__name__}: {error}")
    bare = tuple(replace(problem, pictures=(), printed=()) for problem in report.problems)
    return Done(job.id, replace(report, problems=bare), pages)


def _grade(job: Job, bench: Bench) -> Report:
    assignment, submission = bench.assignment, job.submission
    wanted = {file: names for file, names in assignment.functions.items() if file in submission.files}
    with open_student(
        bench.zygote,
        submission.files,
        names=submission.shown,
        wanted=wanted,
        show_prints=True,
        recall=bench.recall,
    ) as student:
        return engine.grade(
            assignment,
            assignment.problems,
            submission,
            student,
            lambda: bench.bank,
            seed=bench.bank.seed,
            isolation=student.isolation,
            required=bench.kit.required,
            pictures=True,
            recall=bench.recall,
        )


def _refuse(job: Job, bench: Bench) -> Report:
    """Return the report of a submission that cannot be read at all: nothing earned, and why."""
    refused = Outcome.ERROR, job.refused
    problems = tuple(
        ProblemResult(
            problem.id,
            problem.title or problem.id.replace("_", " "),
            Outcome.ERROR,
            tuple(problem.whole.rows(problem.id, problem.hundredths, *refused)),
            problem.hundredths,
            job.refused,
            problem.file,
        )
        for problem in bench.assignment.problems
    )
    name, seed = bench.assignment.name, bench.bank.seed
    return Report(name, job.id, problems, seed, Isolation(bench.kit.required), 0.0, __version__)


def _draw(report: Report, overrides: Sequence[Override]) -> bytes:
    return zlib.compress(html.render(apply(report, overrides), run="Graded").encode("utf-8"), 1)
