"""The command that grades a whole class: batch."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli import options
from grader.cli.common import bank_progress, cache_folder, kept_from_students, show, use_one_thread
from grader.errors import UsageError
from grader.files import write_bytes

if TYPE_CHECKING:
    from grader.assignment import Assignment
    from grader.batch.crew import Crew
    from grader.batch.gradebook import Gradebook
    from grader.batch.handins import HandIn
    from grader.batch.kit import Kit
    from grader.batch.overrides import Override
    from grader.batch.run import Event

PAGE = "class.html"
_CLUSTER_WINDOW = 256
_REFRESH_S = 0.2


@click.command()
@options.homework
@click.argument("folder", metavar="FOLDER", type=options.PATH)
@click.option(
    "--out", metavar="DIR", type=options.PATH, required=True, help="Where gradebook, grades.csv and pages are kept."
)
@click.option("--jobs", metavar="N", type=click.IntRange(0), default=0, help="Processes; 0 is one a core.")
@click.option("--dask", metavar="ADDRESS", help="A Dask scheduler, whose workers grade.")
@options.seed
@options.require_isolation(2)
@click.option("--format", metavar="canvas|gradescope", help="Write another CSV, for that platform.")
@click.option("--against", metavar="OLD", type=options.PATH, help="List whose score differs from that DIR's, and why.")
def batch(
    hw: str,
    folder: Path,
    out: Path,
    jobs: int,
    dask: str | None,
    seed: int,
    require_isolation: int,
    format: str | None,  # noqa: A002 - the option's name.
    against: Path | None,
) -> int:
    """Grade a whole class: gradebook, grades.csv, a page for each student and one for you. Run it again any time.

    Every entry of FOLDER is a submission.
    """
    use_one_thread()
    # For start-up time.
    from grader import assignment as assignments
    from grader.bank import BankSource
    from grader.batch import gradebook as gradebooks
    from grader.batch.kit import make_kit
    from grader.batch.layouts import find_hand_ins
    from grader.batch.overrides import FILE, read_overrides, refuse_unknown

    _refuse_options(folder, out, format)
    course = assignments.find_course(Path.cwd())
    assignment = assignments.load(course, hw)
    hand_ins = find_hand_ins(folder)
    _make_folder(out)
    overrides = read_overrides(out / FILE, assignment)
    with gradebooks.open_gradebook(out / gradebooks.FILE) as book:
        known = [student.id for hand_in in hand_ins for student in hand_in.students]
        refuse_unknown(overrides, [*known, *map(str, book.column("SELECT id FROM students"))], out / FILE)
        book.begin(assignment, overrides)
        source = BankSource(course, assignment, seed, cache_folder(), bank_progress(hw))
        private = (*kept_from_students(Path.cwd()), str((out / gradebooks.FILE).resolve()))
        kit = make_kit(course, assignment, source, require_isolation, private)
        counts = _grade(assignment, kit, hand_ins, overrides, book, out, jobs or os.cpu_count() or 1, dask)
        wrote = _write(book, out, format)
        show(_summary(hw, counts, wrote))
        if against is not None:
            _compare(book, against)
    return 2 if counts["fault"] else 0


def _refuse_options(folder: Path, out: Path, format: str | None) -> None:  # noqa: A002
    from grader.batch.grades import FORMATS  # For start-up time.
    from grader.errors import did_you_mean

    if format is not None and format not in FORMATS:
        raise UsageError(f"--format knows no '{format}'{did_you_mean(format, FORMATS)}")
    if folder.resolve() in (out.resolve(), *out.resolve().parents):
        raise UsageError(f"{out} is inside {folder} and would be taken for a submission; choose another --out")


def _make_folder(out: Path) -> None:
    try:
        # Grades are nobody else's business.
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot make the folder {out}: {error.strerror}; choose another --out") from error


def _grade(
    assignment: Assignment,
    kit: Kit,
    hand_ins: Sequence[HandIn],
    overrides: Sequence[Override],
    book: Gradebook,
    out: Path,
    jobs: int,
    dask: str | None,
) -> Counter[str]:
    """Grade what changed, with a progress bar on a terminal, and count what became of all."""
    from grader.batch import executors  # For start-up time.
    from grader.batch.crew import Crew
    from grader.batch.run import Run

    decided = {one.student: tuple(other for other in overrides if other.student == one.student) for one in overrides}
    run = Run(assignment, kit, out.resolve(), book, decided)
    opening = partial(executors.local, kit, jobs) if dask is None else partial(executors.cluster, kit, dask)
    with Crew(opening, 2 * jobs if dask is None else _CLUSTER_WINDOW) as crew:
        _refuse_weak_locks(crew, kit)
        return _follow(run.grade(hand_ins, crew), len(hand_ins))


def _refuse_weak_locks(crew: Crew, kit: Kit) -> None:
    from grader.batch.work import measure  # For start-up time.
    from grader.sandbox.levels import find_shortfall

    shortfall = find_shortfall(crew.executor.submit(measure, kit.hash).result(), kit.required)
    if shortfall is not None:
        raise UsageError(f"{shortfall}; --require-isolation lowers what is required")


def _follow(events: Iterable[Event], total: int) -> Counter[str]:
    """Show how far it is, and a line for each submission that has no report; return how often what happened."""
    from rich.console import Console  # For start-up time.
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from grader.render.text import clean

    counts: Counter[str] = Counter()
    console = Console(stderr=True)
    rate = TextColumn("{task.fields[rate]:.1f}/s")
    columns = (TextColumn("grading"), BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn())
    # No thread of its own: processes may have to be forked again.
    with Progress(*columns, console=console, disable=not console.is_terminal, auto_refresh=False) as progress:
        task = progress.add_task("", total=total, rate=0.0)
        started = shown = time.monotonic()
        for event in events:
            counts[event.status] += 1
            if event.message:
                text = f"{clean(event.id, 120)}: {_WHAT[event.status]}: {clean(event.message, 600)}"
                console.print(text, markup=False, highlight=False, soft_wrap=True)
            now = time.monotonic()
            if now - shown > _REFRESH_S:
                shown = now
                done = counts["graded"] / (now - started)
                progress.update(task, completed=counts.total(), rate=done, refresh=True)
        progress.update(task, completed=counts.total(), refresh=True)
    return counts


_WHAT = {"refused": "not a submission, 0 points", "fault": "not graded, a fault of the grader or the machine"}


def _write(book: Gradebook, out: Path, format: str | None) -> list[Path]:  # noqa: A002
    """Write what is made of the gradebook; return the files."""
    from grader.batch.cells import write_rows  # For start-up time.
    from grader.batch.grades import FORMATS, Rows, write_grades
    from grader.batch.kit import fingerprint
    from grader.batch.overview import look
    from grader.batch.page import render

    tables: list[tuple[str, Rows]] = [("grades.csv", write_grades)]
    if format is not None:
        tables.append((f"grades-{format}.csv", FORMATS[format]))
    for name, rows in tables:
        write_bytes(out / name, "".join(write_rows(rows(book))).encode("utf-8"))
    write_bytes(out / PAGE, render(look(book), fingerprint()).encode("utf-8"))
    return [out / name for name in (PAGE, *(name for name, _ in tables), "feedback")]


def _summary(hw: str, counts: Counter[str], wrote: Iterable[Path]) -> str:
    parts = [f"{counts['graded']} graded", f"{counts['unchanged']} as before", f"{counts['refused']} refused"]
    if counts["fault"]:
        parts.append(f"{counts['fault']} without a score: run the same command again")
    return f"{hw}: {counts.total()} submissions: {', '.join(parts)}\nwrote {', '.join(map(str, wrote))}"


def _compare(book: Gradebook, old: Path) -> None:
    from grader.batch.changes import find_changes  # For start-up time.

    changes = list(find_changes(book, old))
    show("\n".join(changes) if changes else f"no score differs from {old}")
