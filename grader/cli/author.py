"""The commands of an instructor: new, check, release."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.cli.common import Homework, grade, open_zygote, show, width, write
from grader.errors import UsageError

if TYPE_CHECKING:
    from grader.assignment import Assignment, Course
    from grader.authoring.check import SeedProof


def new(hw: Homework) -> int:
    """Begin an assignment: one small problem that `grader check` passes, to be replaced by your own."""
    from grader.authoring import scaffold  # For start-up time.

    course = scaffold.find_place(Path.cwd())
    for path in scaffold.create(course, hw):
        show(f"wrote {path.relative_to(course.root).as_posix()}")
    show(f"grader check {hw}   proves it; assignments/README.md of the grader's project leads on from there")
    return 0


def check(
    hw: Annotated[list[str] | None, typer.Argument(metavar="[HW ...]", help="By default every assignment.")] = None,
    seeds: Annotated[int, typer.Option(help="How many banks to build and prove.", min=1)] = 3,
    jobs: Annotated[int, typer.Option(help="Processes; 0 is one a core.", min=0)] = 0,
    json: Annotated[str | None, typer.Option(metavar="FILE", help="Write the proof as JSON; - is stdout.")] = None,
    matrix: Annotated[bool, typer.Option(help="Show which findings each mistake loses.")] = True,
) -> int:
    """Prove the grader on itself: stubs 0, reference 100, every mistake caught and named, every variant 100."""
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
    from grader.authoring.release import drift

    folder = course.folder(assignment.name)
    failures = [
        f"stubs are not up to date, run `grader release {assignment.name}`: {text.splitlines()[0]}"
        for text in drift(_stubs(course, assignment), folder)
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


def release(
    hw: Homework,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; fail if the stubs are not up to date.")
    ] = False,
) -> int:
    """Generate the students' stubs from the solutions."""
    from grader import assignment as assignments  # For start-up time.
    from grader.authoring.release import drift, write_files

    course = assignments.find_course(Path.cwd())
    assignment = assignments.load(course, hw)
    files = _stubs(course, assignment)
    folder = course.folder(hw)
    if not check:
        write_files(files, folder)
        show(f"wrote {', '.join(files)} to {folder}")
        return 0
    differences = drift(files, folder)
    for difference in differences:
        show(difference)
    if differences:
        show(f"{len(differences)} of {len(files)} files differ; run `grader release {hw}`")
    else:
        show(f"{hw}: stubs are up to date")
    return 1 if differences else 0


def _stubs(course: Course, assignment: Assignment) -> dict[str, str]:
    """Return the stubs that the solutions give."""
    from grader.authoring.release import StubInfo, release_files  # For start-up time.
    from grader.report import points_text

    solutions = course.solutions(assignment.name)
    if solutions is None:
        raise UsageError(f"there is no solutions/{assignment.name} in {course.root}: stubs are generated from it")
    infos = {problem.id: StubInfo(points_text(problem.hundredths)) for problem in assignment.problems}
    return release_files(solutions, infos, assignment=assignment.name, files=assignment.files)
