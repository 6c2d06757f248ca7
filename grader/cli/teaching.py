"""The commands that hand grading to others: gradescope."""

from __future__ import annotations

from pathlib import Path

import click

from grader.cli import options
from grader.cli.common import bank_progress, show
from grader.errors import UsageError
from grader.files import write_bytes


@click.command()
@click.argument("hw", metavar="[HW]", required=False)
@click.option("--out", metavar="FILE.zip", type=options.PATH, required=True, help="Where to write the zip.")
@click.option(
    "--seed",
    metavar="N",
    type=click.IntRange(1),
    help="The secret seed of the hidden cases; by default that of solutions/HW.",
)
@click.option(
    "--visibility",
    metavar="WHEN",
    default="visible",
    help="Of the tests: visible, hidden, after_due_date or after_published.",
)
@click.option("--budget", metavar="S", type=float, default=420.0, help="Seconds after which what is known is reported.")
@click.option("--rate", metavar="COUNT/HOURS", help="Grade at most so many submissions in so many hours.")
@click.option(
    "--require-isolation", metavar="LEVEL", type=int, default=3, help="The isolation level that a score needs."
)
@click.option("--scale", is_flag=True, help="Scale points to the form's total.")
@click.option("--probe", is_flag=True, help="Build the small zip that reports the isolation level there.")
def gradescope(
    hw: str | None,
    out: Path,
    seed: int | None,
    visibility: str,
    budget: float,
    rate: str | None,
    require_isolation: int,
    scale: bool,
    probe: bool,
) -> int:
    """Build the autograder to upload to Gradescope."""
    from grader import assignment as assignments  # For start-up time.
    from grader.gradescope.package import build_probe, build_zip
    from grader.gradescope.settings import Settings, parse_rate

    if probe:
        write_bytes(out, build_probe())
        show(f"wrote {out}: upload it once, submit anything, and read which isolation level is reached there")
        return 0
    if hw is None:
        raise UsageError("name the assignment, e.g. grader gradescope hw3 --out hw3.zip")
    course = assignments.find_course(Path.cwd())
    assignment = assignments.load(course, hw)
    limit = None if rate is None else parse_rate(rate)
    settings = Settings(hw, require_isolation, visibility, budget, limit, scale)
    secret = seed if seed is not None else _secret_seed(course.solutions(hw), hw)
    data, hashes = build_zip(course, assignment, settings, secret, bank_progress(hw))
    write_bytes(out, data)
    show(f"wrote {out}, {len(data) / 1e6:.1f} MB")
    show(f"public cases {hashes['public'][:8]}, hidden cases {hashes['hidden'][:8]}")
    return 0


def _secret_seed(solutions: Path | None, hw: str) -> int:
    """Return the seed that is kept beside the solutions; make one the first time."""
    import secrets  # For start-up time.

    if solutions is None:
        raise UsageError(f"there is no solutions/{hw}: the hidden cases are built from it")
    path = solutions / "hidden_seed.txt"
    if not path.is_file():
        path.write_text(f"{1 + secrets.randbelow(2**31 - 1)}\n", encoding="utf-8")
        show(f"made a secret seed for the hidden cases: {path}; keep it where the solutions are")
    try:
        return int(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"{path} must hold one whole number, the secret seed of the hidden cases") from error
