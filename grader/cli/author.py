"""The commands of an instructor: new, check, release."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli import options
from grader.cli.common import (
    bank_progress,
    cache_folder,
    grade,
    open_zygote,
    show,
    width,
    write,
)
from grader.errors import UsageError
from grader.files import write_bytes

if TYPE_CHECKING:
    from grader.assignment import Assignment, Course
    from grader.authoring.check import SeedProof


@click.command()
@options.homework
def new(hw: str) -> int:
    """Begin an assignment: one small problem that `grader check` passes, to be replaced by your own."""
    from grader.authoring import scaffold  # For start-up time.

    course = scaffold.find_place(Path.cwd())
    for path in scaffold.create(course, hw):
        show(f"wrote {path.relative_to(course.root).as_posix()}")
    show(f"grader check {hw}   proves it; assignments/README.md of the grader's project leads on from there")
    return 0


@click.command()
@click.argument("hw", metavar="[HW]...", nargs=-1)
@click.option(
    "--seeds", metavar="N", type=click.IntRange(1), default=3, help="How many sets of test cases to build and prove."
)
@click.option("--jobs", metavar="N", type=click.IntRange(0), default=0, help="Processes; 0 is one a core.")
@click.option("--json", metavar="FILE", help="Write the proof as JSON; - is stdout.")
@click.option("--matrix/--no-matrix", default=True, help="Show which findings each mistake loses.")
def check(hw: tuple[str, ...], seeds: int, jobs: int, json: str | None, matrix: bool) -> int:
    """Prove the grader on itself: stubs 0, reference 100, every mistake caught and named, every variant 100.

    Of every assignment, or of those that are named.
    """
    from grader import assignment as assignments  # For start-up time.
    from grader.authoring import check as checking
    from grader.authoring import proof as proofs

    course = assignments.find_course(Path.cwd())
    failed = False
    documents = []
    for name in hw or course.names():
        assignment = assignments.load(course, name)
        once = [*checking.once(course, assignment), *_stub_failures(course, assignment)]
        found = _prove_seeds(course, name, seeds, jobs or os.cpu_count() or 1)
        proof = checking.Proof(name, tuple(found), tuple(once))
        failed |= bool(proof.all_failures)
        documents.append(proofs.to_json(proof))
        if json != "-":
            show(proofs.render(proof, width=width(), matrix=matrix))
    if json is not None:
        write(json, proofs.dumps(documents))
    return 1 if failed else 0


def _stub_failures(course: Course, assignment: Assignment) -> list[str]:
    """Grade the untouched stubs as a student's first run does, and compare them with what release generates."""
    from grader.authoring import check as checking  # For start-up time.
    from grader.authoring.generated import generate

    folder = course.folder(assignment.name)
    failures = [
        f"stubs are not up to date, run `grader release {assignment.name}`: {text.splitlines()[0]}"
        for text in generate(course, assignment).drift()
    ]
    with open_zygote(False) as zygote:
        report = grade(assignment.name, Path(os.path.relpath(folder)), (), 0, zygote)
    return failures + checking.stub_failures(assignment, report.problems)


def _prove_seeds(course: Course, name: str, seeds: int, jobs: int) -> list[SeedProof]:
    """Prove every seed, several at a time, with a progress bar on a terminal; Ctrl-C leaves nothing running."""
    import multiprocessing  # For start-up time.
    from concurrent.futures import ProcessPoolExecutor, as_completed

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from grader.authoring.check import prove_seeds

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    # Several seeds a job where there are many: solutions are loaded once a job.
    size = max(1, min(5, seeds // (4 * jobs)))
    pool = ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"))
    try:
        with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
            task = progress.add_task(f"{name}: proving seeds", total=seeds)
            chunks = [range(seeds)[at : at + size] for at in range(0, seeds, size)]
            futures = [pool.submit(prove_seeds, course.root, name, chunk) for chunk in chunks]
            found = []
            for future in as_completed(futures):
                found += future.result()
                progress.update(task, completed=len(found))
    except BaseException:
        for process in list(getattr(pool, "_processes", {}).values()):
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
    return sorted(found, key=lambda one: one.seed)


@click.command()
@options.homework
@click.option("--check", is_flag=True, help="Change nothing; fail if a file is not up to date.")
@click.option("--zip", metavar="FILE", help="Make the students' package instead; - is stdout.")
def release(hw: str, check: bool, zip: str | None) -> int:  # noqa: A002 - the option's name.
    """Generate the students' stubs and notebook from the solutions, or their whole package."""
    from grader import assignment as assignments  # For start-up time.
    from grader.authoring.generated import generate

    course = assignments.find_course(Path.cwd())
    if zip is not None:
        if check:
            raise UsageError("--check changes nothing, --zip writes a file; give one of them")
        return _release_zip(course, hw, zip)
    generated = generate(course, assignments.load(course, hw))
    if not check:
        generated.write()
        show(f"wrote {', '.join(generated.files)} to {generated.folder}")
        return 0
    differences = generated.drift()
    for difference in differences:
        show(difference)
    if differences:
        count = len(generated.files) + len(generated.kept)
        show(f"{len(differences)} of {count} files differ; run `grader release {hw}`")
    else:
        show(f"{hw}: stubs are up to date")
    return 1 if differences else 0


def _release_zip(course: Course, hw: str, target: str) -> int:
    """Write the students' package."""
    from grader import assignment as assignments  # For start-up time.
    from grader.authoring.package import build_package

    data = build_package(course, assignments.load(course, hw), cache_folder(), bank_progress(hw))
    if target == "-":
        sys.stdout.buffer.write(data)
        return 0
    write_bytes(Path(target), data)
    show(f"wrote {target}, {len(data) / 1e6:.1f} MB: one folder, {hw}/, whose README.md says how to begin")
    return 0
