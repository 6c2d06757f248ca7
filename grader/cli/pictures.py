"""The command that draws experiments: plot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli import options
from grader.cli.common import show, wrap
from grader.errors import UsageError, did_you_mean
from grader.files import write_bytes

if TYPE_CHECKING:
    from grader.intake import Submission


@click.command()
@options.homework
@click.argument("experiment", metavar="[EXPERIMENT]", required=False)
@options.submission
@click.option("--out", metavar="FOLDER", type=options.PATH, help="Where to write; by default HW-plots.")
@click.option("--window", is_flag=True, help="Open windows instead of writing files.")
def plot(hw: str, experiment: str | None, submission: Path | None, out: Path | None, window: bool) -> int:
    """Draw an assignment's experiments with your own functions, all of them or one.

    Your code runs without locks: draw nobody else's.
    """
    from grader import assignment as assignments  # For start-up time.
    from grader.figures.drawing import EXPERIMENTS, draw, read_experiments
    from grader.intake import take
    from grader.render.text import clean

    course = assignments.find_course(Path.cwd())
    assignment = assignments.load(course, hw)
    folder = course.folder(hw)
    known = read_experiments(folder)
    if experiment is not None and experiment not in known:
        raise UsageError(f"{hw} has no experiment '{experiment}'{did_you_mean(experiment, known)}")
    names = [experiment] if experiment is not None else [*known]
    taken = take(submission if submission is not None else folder, assignment.files, notebook=assignment.notebook)
    target = out if out is not None else Path(f"{hw}-plots")
    missing = 0
    for drawn in draw(folder / EXPERIMENTS, _sources(taken), names, window=window):
        if drawn.reason:
            missing += 1
            show(f"{drawn.name}: {clean(drawn.reason)}")
        elif not window:
            show(f"{_write(target, drawn.name, drawn.picture)}\n{wrap(known[drawn.name])}")
    return 1 if missing else 0


def _sources(taken: Submission) -> dict[str, bytes]:
    """Return the .py files of a submission; those that a notebook stands for cannot be imported."""
    from grader.sandbox.notebook_files import NOTEBOOK  # For start-up time.

    if NOTEBOOK in taken.files:
        raise UsageError("experiments are drawn with .py files, and some of them are only in the notebook")
    return dict(taken.files)


def _write(folder: Path, name: str, picture: bytes) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot make the folder {folder}: {error.strerror}; name another with --out") from error
    path = folder / f"{name}.png"
    write_bytes(path, picture)
    return path
