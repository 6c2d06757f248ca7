"""The commands of a student: run, list, hint, cases, explore."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli import options
from grader.cli.common import (
    HINTS,
    SCORES,
    bank_progress,
    cache_folder,
    grade,
    open_submission,
    open_zygote,
    show,
    state_folder,
    use_color,
    width,
    wrap,
    write,
)
from grader.errors import UsageError
from grader.files import write_bytes

if TYPE_CHECKING:
    from grader.assignment import Assignment
    from grader.report import Report
    from grader.sandbox.replies import Manifest
    from grader.sandbox.zygote import Zygote


@click.command()
@options.homework
@options.submission
@click.option("--problem", metavar="NAME", multiple=True, help="Only this problem; may be given several times.")
@click.option("--json", metavar="FILE", help="Write the report as JSON; - is stdout.")
@click.option("--junit", metavar="FILE", help="Write JUnit XML; - is stdout.")
@click.option("--html", metavar="FILE", help="Write a page with pictures; - is stdout.")
@options.seed
@click.option("--no-isolation", is_flag=True, help="Run in this process, for a debugger: no limits, no locks.")
@options.require_isolation(0)
@click.option("--annotate", metavar="github", help="Mark what lost points in the diff, for GitHub Actions.")
@click.option("--watch", is_flag=True, help="Stay, and grade again whenever a file is saved.")
@click.pass_obj
def run(
    started: Zygote | None,
    hw: str,
    submission: Path | None,
    problem: tuple[str, ...],
    json: str | None,
    junit: str | None,
    html: str | None,
    seed: int,
    no_isolation: bool,
    require_isolation: int,
    annotate: str | None,
    watch: bool,
) -> int:
    """Grade a submission of HW, e.g. hw3: a score, a reason for every lost point, and a way forward."""
    if annotate not in (None, "github"):
        raise UsageError(f"--annotate knows github, got '{annotate}'")
    outputs = [target for target in (json, junit, html) if target is not None]
    if outputs.count("-") > 1:
        raise UsageError("only one report can go to standard output; give the others file names")
    pictures = html is not None
    if watch:
        if "-" in outputs or annotate is not None or no_isolation:
            raise UsageError("--watch needs the terminal and a process of its own: no -, --annotate or --no-isolation")
        from grader.cli.watching import watch as stay  # For start-up time.

        return stay(
            hw,
            submission,
            problem,
            seed,
            started,
            required=require_isolation,
            pictures=pictures,
            write_reports=lambda report: _write_reports(report, json, junit, html),
        )
    with started or open_zygote(no_isolation) as zygote:
        report = grade(hw, submission, problem, seed, zygote, required=require_isolation, pictures=pictures)
    _write_reports(report, json, junit, html)
    if annotate is not None:
        _annotate(report)
    if "-" not in outputs:
        from grader.render import terminal  # For start-up time: the child process imports meanwhile.

        show(terminal.render(report, width=width(), color=use_color()))
    if report.fault is not None:
        return 2
    return 0 if report.score == report.max_score else 1


def _annotate(report: Report) -> None:
    """Print workflow commands, and add the table to the job's summary where there is one."""
    from grader.render import annotations  # For start-up time.

    sys.stdout.write(annotations.annotate(report))
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        with open(summary, "a", encoding="utf-8") as file:
            file.write(annotations.summarise(report))


def _write_reports(report: Report, json: str | None, junit: str | None, html: str | None) -> None:
    if json is not None:
        from grader.render import json_report  # For start-up time.

        write(json, json_report.render(report))
    if junit is not None:
        from grader.render import junit as junit_report  # For start-up time.

        write(junit, junit_report.render(report))
    if html is not None:
        from grader.render import html as html_report  # For start-up time.

        write(html, html_report.render(report))


@click.command("list")
def list_() -> int:
    """List the assignments: points of the last run, and how much of each is written."""
    # For start-up time.
    from grader import assignment as assignments
    from grader.errors import IntakeError
    from grader.intake import take
    from grader.progress import draw_bar, look_up
    from grader.report import points_text

    course = assignments.find_course(Path.cwd())
    for name in course.names():
        assignment = assignments.load(course, name)
        folder, most = course.folder(name), points_text(assignment.hundredths)
        try:
            files = take(folder, assignment.files, notebook=assignment.notebook).files
        except IntakeError:
            files = {}
        last = look_up(state_folder() / SCORES, folder, files)
        score = last.score if last is not None else 0
        points = f"{points_text(score) if last is not None else '-':>6} / {most:<4}"
        show(f"{name}  {draw_bar(score, assignment.hundredths)} {points} {assignment.title}")
        if last is None:
            show(f"     not run yet: grader run {name}")
        else:
            old = "" if last.is_current else f"; changed since then: grader run {name}"
            show(f"     {last.written} of {len(assignment.problems)} problems begun{old}")
    return 0


@click.command()
@options.homework
@options.problem
def hint(hw: str, problem: str) -> int:
    """Show the next hint of a problem, e.g. affine_backward of hw3."""
    from grader import assignment as assignments  # For start-up time.
    from grader.hints import next_hint

    course = assignments.find_course(Path.cwd())
    name = assignments.load(course, hw).problem(problem).id
    number, count, text = next_hint(course.folder(hw), hw, name, state_folder() / HINTS)
    more = (
        f"`grader hint {hw} {name}` again for the next"
        if number < count
        else "that was the last one; once more begins again"
    )
    show(f"Hint {number} of {count} for {name} ({more}):\n")
    show(wrap(text))
    return 0


@click.command()
@options.homework
@options.problem
@click.option("--limit", metavar="N", type=click.IntRange(0), default=8, help="How many, smallest first; 0 for all.")
@options.seed
def cases(hw: str, problem: str, limit: int, seed: int) -> int:
    """Print saved test cases as NumPy code, each with why it is there."""
    from grader import assignment as assignments  # For start-up time.
    from grader.bank import BankSource
    from grader.checks.show import full_code

    course = assignments.find_course(Path.cwd())
    assignment = assignments.load(course, hw)
    chosen = assignment.problem(problem)
    source = BankSource(course, assignment, seed, cache_folder(), bank_progress(hw))
    shown = chosen.whole.show(chosen.id, source.bank.section(chosen.id))
    some = shown[:limit] if limit else shown
    show(f"import numpy as np\nfrom {chosen.file.removesuffix('.py')} import *")
    for number, case in enumerate(some, 1):
        show(f"\n# Case {number} of {len(shown)}: {case.why}\n{full_code(case.arguments, case.calls, case.answers)}")
    if len(some) < len(shown):
        show(f"\n# {len(shown) - len(some)} more: grader cases {hw} {problem} --limit 0")
    return 0


@click.command()
@options.homework
@options.problem
@options.submission
@click.option("--seconds", metavar="S", type=click.FloatRange(0.1), default=10.0, help="Stop after this long.")
@options.seed
def explore(hw: str, problem: str, submission: Path | None, seconds: float, seed: int) -> int:
    """Hunt for a counterexample with live Hypothesis, shrink it, and write a program that replays it."""
    with open_zygote(False) as zygote:
        # For start-up time.
        from grader import assignment as assignments
        from grader.checks import reference as references
        from grader.explore import hunt, repro
        from grader.intake import take

        course = assignments.find_course(Path.cwd())
        assignment = assignments.load(course, hw)
        chosen = assignment.problem(problem)
        where = submission if submission is not None else Path(os.path.relpath(course.folder(hw)))
        taken = take(where, assignment.files, notebook=assignment.notebook)
        solutions = course.solutions(hw)
        known = references.load(solutions, assignment.files) if solutions is not None else None
        # Without prints: a hunt calls the function a thousand times.
        with open_submission(zygote, taken, assignment, False) as student:
            _require_ready(student.load(), chosen.id)
            found = hunt(chosen, known, student.run, seconds=seconds, seed=seed)
    from grader.render.exploration import render  # For start-up time.

    show(render(found, chosen.id, width=width()))
    if found.failure is None:
        return 0
    places = {name: file for file, names in assignment.functions.items() for name in names}
    folder = where if where.is_dir() else where.parent
    path = Path(f"repro_{chosen.id}.py")
    write(str(path), repro(chosen, found.failure, str(folder.resolve()), places))
    show(f"\nThe case as a program for your debugger: {path}")
    return 1


def _require_ready(manifest: Manifest, problem: str) -> None:
    state = manifest.functions[problem].state if problem in manifest.functions else "missing"
    if state != "ready":
        raise UsageError(f"{problem} cannot be explored yet: it is {state.replace('_', ' ')}")


@click.command()
@options.homework
@options.submission
@click.option("--out", metavar="FILE.zip", type=options.PATH, help="By default HW-submission.zip here.")
@click.option("--pdf", is_flag=True, help="Also make a PDF of the notebook with its plots and of the .py files.")
def submit(hw: str, submission: Path | None, out: Path | None, pdf: bool) -> int:
    """Look for what would cost points without need, then make the zip to upload."""
    with open_zygote(False) as zygote:
        report = grade(hw, submission, (), 0, zygote)
    # For start-up time.
    from grader import assignment as assignments
    from grader.intake import take
    from grader.report import points_text
    from grader.submit import originals, pack, preflight

    if report.fault is not None:
        raise UsageError(f"the public cases could not be run: {report.fault}")
    course = assignments.find_course(Path.cwd())
    assignment = assignments.load(course, hw)
    where = submission if submission is not None else course.folder(hw)
    taken = take(where, assignment.files, notebook=assignment.notebook)
    found = preflight(assignment, taken, report)
    target = out if out is not None else Path(f"{hw}-submission.zip")
    uploads = originals(taken, assignment.files)
    printed, warnings = _print(assignment, where, uploads) if pdf else (b"", ())
    for warning in (*found.warnings, *warnings):
        show(wrap(f"! {warning}"))
    write_bytes(target, pack(list(uploads.items())))
    if pdf:
        write_bytes(target.with_suffix(".pdf"), printed)
    show(f"wrote {target} with {', '.join(uploads)}")
    show(f"public cases: {points_text(report.score)} / {points_text(report.max_score)}")
    show(f"Upload {target.name} on Gradescope under {assignment.name}: Submit, Upload, and choose the zip.")
    if pdf:
        name = target.with_suffix(".pdf")
        show(f"wrote {name}: the same on paper, to upload where the course asks for a PDF")
    return 0


def _print(assignment: Assignment, where: Path, uploads: Mapping[str, bytes]) -> tuple[bytes, tuple[str, ...]]:
    """Return the submission as a PDF, the notebook first, and what a student should know before handing it in."""
    from grader.printing import from_notebook, from_source, to_pdf  # For start-up time.
    from grader.submit import find_notebook

    name, notebook = find_notebook(assignment, where, uploads)
    sections = [from_source(file, data) for file, data in uploads.items() if file != name]
    if notebook is not None:
        sections.insert(0, from_notebook(name, notebook))
    warnings = [warning for section in sections for warning in section.warnings]
    if notebook is None:
        warnings.append(f"{name} is not there, so the PDF has the .py files only")
    return to_pdf(f"{assignment.name}: {assignment.title}", sections), tuple(warnings)
