"""The command line: the only module that prints and exits.

Exit status: 0 full marks, or the command did what it says; 1 graded and points are missing; 2 could not be
done, with one line that says what to do; 130 after Ctrl-C.

Most imports stand inside functions for start-up time: the process for student code is started first, and
imports NumPy while this one does.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from grader import __version__
from grader.errors import GraderError, UsageError

if TYPE_CHECKING:
    from grader.assignment import Assignment, Course
    from grader.authoring.check import SeedProof
    from grader.intake import Submission
    from grader.report import Report
    from grader.sandbox.replies import Manifest
    from grader.sandbox.student import InProcessStudent, Student
    from grader.sandbox.zygote import Zygote

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Autograded deep-learning homework: write the stubs, run `grader run hw3`, read what is wrong and why.",
)

Homework = Annotated[str, typer.Argument(metavar="HW", help="The assignment, e.g. hw3.")]
ProblemName = Annotated[str, typer.Argument(metavar="PROBLEM", help="A function's name, e.g. affine_backward.")]
Seed = Annotated[int, typer.Option(help="Which saved test cases; 0 are the public ones.", min=0)]


def main() -> NoReturn:
    """Run the command line; every expected failure is one line on standard error."""
    try:
        status = app(standalone_mode=False)
    except GraderError as error:
        status = _fail(str(error))
    except KeyboardInterrupt:
        status = 130
    except BrokenPipeError:
        # The reader of a pipe has left; there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except Exception as error:
        status = _usage_status(error)
    sys.exit(status if isinstance(status, int) else 0)


def _usage_status(error: Exception) -> int:
    """Report a usage error of the option parser in one line; anything else is a bug and is raised."""
    if type(error).__name__ == "Abort":
        return 130
    message = getattr(error, "format_message", None)
    if message is None:
        raise error
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError" and context is not None:
        _print(context.get_help())
        return 2
    command = context.command_path if context is not None else "grader"
    return _fail(f"{message().rstrip('.?')}; see `{command} --help`")


def _fail(message: str) -> int:
    from grader.render.text import clean  # For start-up time.

    sys.stderr.write(f"grader: {clean(' '.join(message.split()), 600)}\n")
    return 2


@app.command()
def run(
    hw: Homework,
    submission: Annotated[
        Path | None, typer.Option(help="A folder, .zip, .tar.gz or .py; by default assignments/HW.")
    ] = None,
    problem: Annotated[list[str] | None, typer.Option(help="Only this problem; may be given several times.")] = None,
    json: Annotated[str | None, typer.Option(metavar="FILE", help="Write the report as JSON; - is stdout.")] = None,
    junit: Annotated[str | None, typer.Option(metavar="FILE", help="Write JUnit XML; - is stdout.")] = None,
    seed: Seed = 0,
    no_isolation: Annotated[
        bool, typer.Option("--no-isolation", help="Run in this process, for a debugger: no limits, no locks.")
    ] = False,
) -> int:
    """Grade a submission: a score, a reason for every lost point, and a way forward."""
    outputs = [target for target in (json, junit) if target is not None]
    if outputs.count("-") > 1:
        raise UsageError("only one report can go to standard output; give the other a file name")
    with _zygote(no_isolation) as zygote:
        report = _grade(hw, submission, tuple(problem or ()), seed, zygote)
    _write_reports(report, json, junit)
    if "-" not in outputs:
        from grader.render import terminal  # For start-up time: the child process imports meanwhile.

        _print(terminal.render(report, width=_width(), color=_color()))
    if report.fault is not None:
        return 2
    return 0 if report.score == report.max_score else 1


@contextmanager
def _zygote(no_isolation: bool) -> Iterator[Zygote | None]:
    """Start the process that makes workers, before anything heavy is imported here."""
    # More threads than one cost start-up time and memory, and help nobody on arrays of this size.
    for library in ("OPENBLAS", "OMP", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    if no_isolation:
        yield None
        return
    from grader.sandbox.zygote import Zygote  # For start-up time.

    with Zygote() as zygote:
        yield zygote


def _open_student(
    zygote: Zygote | None, submission: Submission, assignment: Assignment, prints: bool
) -> Student | InProcessStudent:
    from grader.sandbox.student import open_student  # For start-up time.

    wanted = {file: names for file, names in assignment.functions.items() if file in submission.files}
    return open_student(zygote, submission.files, names=submission.shown, wanted=wanted, show_prints=prints)


def _grade(hw: str, path: Path | None, problems: tuple[str, ...], seed: int, zygote: Zygote | None) -> Report:
    # For start-up time: NumPy is imported here and in the child at the same time.
    from grader import assignment as assignments
    from grader import engine
    from grader.bank import BankSource
    from grader.intake import take

    course = assignments.find_course(Path.cwd())
    assignment = assignments.load(course, hw)
    selected = assignment.select(problems)
    # Relative, so that a person sees assignments/hw3/layers.py, and an editor can open it.
    where = path if path is not None else Path(os.path.relpath(course.folder(hw)))
    submission = take(where, assignment.files)
    source = BankSource(course, assignment, seed, _cache(), _bank_progress(hw))
    with _open_student(zygote, submission, assignment, True) as student:
        return engine.grade(
            assignment,
            selected,
            submission,
            student,
            lambda: source.bank,
            seed=seed,
            isolation=student.isolation,
        )


def _write_reports(report: Report, json: str | None, junit: str | None) -> None:
    if json is not None:
        from grader.render import json_report  # For start-up time.

        _write(json, json_report.render(report))
    if junit is not None:
        from grader.render import junit as junit_report  # For start-up time.

        _write(junit, junit_report.render(report))


@app.command(name="list")
def list_() -> int:
    """List the assignments: points, and how much of each is written."""
    from grader import assignment as assignments  # For start-up time.

    course = assignments.find_course(Path.cwd())
    with _zygote(False) as zygote:
        for name in course.names():
            assignment = assignments.load(course, name)
            written = _written(course, assignment, zygote)
            total = len(assignment.problems)
            _print(
                f"{name}  {assignment.hundredths // 100:3d} points  {written:2d} of {total} written  {assignment.title}"
            )
    return 0


def _written(course: Course, assignment: Assignment, zygote: Zygote | None) -> int:
    from grader.errors import IntakeError  # For start-up time.
    from grader.intake import take

    try:
        submission = take(course.folder(assignment.name), assignment.files)
    except IntakeError:
        return 0
    with _open_student(zygote, submission, assignment, False) as student:
        states = student.load().functions
        return sum(1 for p in assignment.problems if p.id in states and states[p.id].state == "ready")


@app.command()
def hint(hw: Homework, problem: ProblemName) -> int:
    """Show the next hint of a problem."""
    from grader import assignment as assignments  # For start-up time.
    from grader.hints import next_hint

    course = assignments.find_course(Path.cwd())
    name = assignments.load(course, hw).problem(problem).id
    number, count, text = next_hint(course.folder(hw), hw, name, _state() / "hints.json")
    more = f"`grader hint {hw} {name}` again for the next" if number < count else "that was the last one"
    _print(f"Hint {number} of {count} for {name} ({more}):\n")
    _print(_wrap(text))
    return 0


@app.command()
def cases(
    hw: Homework,
    problem: ProblemName,
    limit: Annotated[int, typer.Option(help="How many, smallest first; 0 for all.", min=0)] = 8,
    seed: Seed = 0,
) -> int:
    """Print saved test cases as NumPy code, each with why it is there."""
    from grader import assignment as assignments  # For start-up time.
    from grader.bank import BankSource
    from grader.checks.show import full_code

    course = assignments.find_course(Path.cwd())
    assignment = assignments.load(course, hw)
    chosen = assignment.problem(problem)
    source = BankSource(course, assignment, seed, _cache(), _bank_progress(hw))
    shown = chosen.check.show(chosen.id, source.bank.section(chosen.id))
    some = shown[:limit] if limit else shown
    _print(f"import numpy as np\nfrom {chosen.file.removesuffix('.py')} import *")
    for number, case in enumerate(some, 1):
        _print(f"\n# Case {number} of {len(shown)}: {case.why}\n{full_code(case.arguments, case.calls, case.answers)}")
    if len(some) < len(shown):
        _print(f"\n# {len(shown) - len(some)} more: grader cases {hw} {problem} --limit 0")
    return 0


@app.command()
def explore(
    hw: Homework,
    problem: ProblemName,
    submission: Annotated[Path | None, typer.Option(help="As for run; by default assignments/HW.")] = None,
    seconds: Annotated[float, typer.Option(help="Stop after this long.", min=0.1)] = 10.0,
    seed: Seed = 0,
) -> int:
    """Hunt for a counterexample with live Hypothesis, shrink it, and write a program that replays it."""
    with _zygote(False) as zygote:
        # For start-up time.
        from grader import assignment as assignments
        from grader.checks import reference as references
        from grader.explore import hunt, repro
        from grader.intake import take

        course = assignments.find_course(Path.cwd())
        assignment = assignments.load(course, hw)
        chosen = assignment.problem(problem)
        where = submission if submission is not None else Path(os.path.relpath(course.folder(hw)))
        taken = take(where, assignment.files)
        solutions = course.solutions(hw)
        known = references.load(solutions, assignment.files) if solutions is not None else None
        # Without prints: a hunt calls the function a thousand times.
        with _open_student(zygote, taken, assignment, False) as student:
            _require_ready(student.load(), chosen.id)
            found = hunt(chosen, known, student.run, seconds=seconds, seed=seed)
    from grader.render.exploration import render  # For start-up time.

    _print(render(found, chosen.id, width=_width()))
    if found.failure is None:
        return 0
    places = {name: file for file, names in assignment.functions.items() for name in names}
    folder = where if where.is_dir() else where.parent
    path = Path(f"repro_{chosen.id}.py")
    _write(str(path), repro(chosen, found.failure, str(folder.resolve()), places))
    _print(f"\nThe case as a program for your debugger: {path}")
    return 1


def _require_ready(manifest: Manifest, problem: str) -> None:
    state = manifest.functions[problem].state if problem in manifest.functions else "missing"
    if state != "ready":
        raise UsageError(f"{problem} cannot be explored yet: it is {state.replace('_', ' ')}")


@app.command()
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
            _print(proofs.render(proof, width=_width(), matrix=matrix))
    if json is not None:
        _write(json, proofs.dumps(documents))
    return 1 if failed else 0


def _stub_failures(course: Course, assignment: Assignment) -> list[str]:
    """Grade the untouched stubs as a student's first run does, and compare them with what release generates."""
    from grader.authoring import check as checking  # For start-up time.
    from grader.authoring.release import drift

    folder = course.folder(assignment.name)
    failures = [
        f"stubs are not up to date: {text.splitlines()[0]}" for text in drift(_stubs(course, assignment), folder)
    ]
    with _zygote(False) as zygote:
        report = _grade(assignment.name, Path(os.path.relpath(folder)), (), 0, zygote)
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


@app.command()
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
        _print(f"wrote {', '.join(files)} to {folder}")
        return 0
    differences = drift(files, folder)
    for difference in differences:
        _print(difference)
    if differences:
        _print(f"{len(differences)} of {len(files)} files differ; run `grader release {hw}`")
    else:
        _print(f"{hw}: stubs are up to date")
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


@app.command()
def version() -> int:
    """Print the version."""
    _print(__version__)
    return 0


# --- the terminal and the file system -----------------------------------------------------------------------


def _print(text: str) -> None:
    """Print to standard output; characters that it cannot encode are replaced, never a reason to fail."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding) + ("" if text.endswith("\n") else "\n"))


def _wrap(text: str) -> str:
    import textwrap  # For start-up time.

    return textwrap.fill(text, min(_width(), 80))


def _width() -> int:
    return shutil.get_terminal_size((80, 24)).columns


def _color() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def _write(target: str, text: str) -> None:
    """Write a report to a file (aside, then renamed) or, for "-", to standard output."""
    if target == "-":
        _print(text)
        return
    path = Path(target)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_text(text, encoding="utf-8")
        os.replace(aside, path)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}; is the folder there and writable?") from error


def _cache() -> Path:
    import platformdirs  # For start-up time.

    return Path(platformdirs.user_cache_dir("grader"))


def _state() -> Path:
    import platformdirs  # For start-up time.

    return Path(platformdirs.user_state_dir("grader"))


def _bank_progress(hw: str) -> Callable[[int, int, str], None]:
    """Return a callback that tells a person why the first run takes longer."""

    def progress(done: int, count: int, problem: str) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\033[Kbuilding the test cases of {hw}, once: {done + 1} of {count}, {problem}")
            if done + 1 == count:
                sys.stderr.write("\r\033[K")
            sys.stderr.flush()

    return progress
