"""Runs inside Gradescope's container: grades one submission and writes results.json, whatever happens.

A valid 'not judged' file is there before anything else; it is replaced, in one step, by the real one.
NumPy and the engine are all that is imported.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from grader.assignment import Assignment, Course, load
from grader.bank import parse
from grader.engine import grade
from grader.errors import GraderError, IntakeError
from grader.gradescope import rate
from grader.gradescope.results import combine, fault, refused_submission, results
from grader.gradescope.settings import Settings
from grader.intake import take
from grader.report import Report
from grader.sandbox.student import open_student
from grader.sandbox.zygote import Zygote

RESULTS = Path("results") / "results.json"
# What could not be judged on both banks earns nothing, so neither may use up the other's time.
_PUBLIC_SHARE = 0.5
_MOST_POINTS = 1e6
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")


def run(root: Path) -> dict[str, Any]:
    """Grade what lies under `root` (the platform's /autograder), write results.json and return it."""
    root, started = root.resolve(), time.monotonic()
    write(root / RESULTS, fault("The run did not come to its end."))
    metadata = read_metadata(root / "submission_metadata.json")
    try:
        document = judge(root, metadata, started)
    except IntakeError as error:
        document = refused_submission(str(error), time.monotonic() - started)
    except GraderError as error:
        document = fault(str(error), time.monotonic() - started)
    except Exception as error:
        # To results/stdout, for instructors: its text may hold a value of a hidden case.
        traceback.print_exc()
        document = fault(f"There was a {type(error).__name__}.", time.monotonic() - started)
    if rate.moments(metadata):
        # What was not judged does not count, and must not wipe out what did.
        document["extra_data"].setdefault(rate.GRADED, rate.moments(metadata))
    write(root / RESULTS, document)
    return document


def judge(root: Path, metadata: Mapping[str, Any], started: float) -> dict[str, Any]:
    """Return the results of the submission under `root`. Raises GraderError where none can be given."""
    source = root / "source"
    settings = Settings.read(source)
    if not settings.assignment:
        return _probe(started)
    refused = rate.refusal(metadata, settings.rate)
    if refused is not None:
        return refused
    assignment = load(Course(source / "course"), settings.assignment)
    reports = []
    private = [str(path) for path in (source / "banks" / "hidden.bank", root / RESULTS)]
    with Zygote(private=private) as zygote:
        # Public first, and a fresh worker for each: what has seen a hidden case never speaks again.
        for kind, share in (("public", _PUBLIC_SHARE), ("hidden", 1.0)):
            until = started + share * settings.budget_s
            report = _grade(root, assignment, source / "banks" / f"{kind}.bank", kind, zygote, settings, until)
            if report.fault is not None:
                sys.stderr.write(f"{kind} cases: {report.fault}\n")
                sentence = report.fault if kind == "public" else "The hidden cases could not be judged."
                return fault(sentence, time.monotonic() - started)
            reports.append(report)
    public, hidden = reports
    document = results(combine(public, hidden), public, hidden, settings, find_worth(metadata))
    document["execution_time"] = round(time.monotonic() - started, 3)
    if settings.rate is not None and isinstance(metadata.get("created_at"), str):
        document["extra_data"][rate.GRADED] = [*rate.recent(metadata, settings.rate[1]), metadata["created_at"]]
    return document


def _grade(
    root: Path, assignment: Assignment, path: Path, kind: str, zygote: Zygote, settings: Settings, until: float
) -> Report:
    # From inside the folder, so that files are called as the student called them.
    os.chdir(root / "submission")
    submission = replace(
        take(find_submission(Path()), assignment.files, notebook=assignment.notebook), name="submission"
    )
    wanted = {file: names for file, names in assignment.functions.items() if file in submission.files}
    bank = parse(path.read_bytes(), path.name)
    prints = kind == "public"
    with open_student(
        zygote, submission.files, names=submission.shown, wanted=wanted, show_prints=prints, until=until
    ) as student:
        return grade(
            assignment,
            assignment.problems,
            submission,
            student,
            lambda: bank,
            seed=bank.seed,
            isolation=student.isolation,
            required=settings.level,
            until=until,
        )


def find_submission(folder: Path) -> Path:
    """Return the folder of the submission, or the one archive or notebook that lies in it alone."""
    files = [path for path in folder.iterdir() if not path.name.startswith(".")] if folder.is_dir() else []
    if len(files) == 1 and files[0].is_file() and files[0].name.lower().endswith((*ARCHIVES, ".ipynb")):
        return files[0]
    return folder


def read_metadata(path: Path) -> dict[str, Any]:
    """Return the platform's metadata; without them a submission is graded all the same."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def find_worth(metadata: Mapping[str, Any]) -> str:
    """Return `total_points` as a decimal number in text; 100 where it is missing or no number."""
    assignment = metadata.get("assignment")
    text = assignment.get("total_points") if isinstance(assignment, dict) else None
    try:
        # Compared as a float first: a fraction of 1e999999999 would take for ever.
        return str(text) if 0 < float(str(text)) < _MOST_POINTS and Fraction(str(text)) else "100"
    except ValueError:
        return "100"


def _probe(started: float) -> dict[str, Any]:
    """Return the isolation level that is reached here, and what is missing."""
    with Zygote() as zygote, open_student(zygote, {}, names={}, wanted={}) as student:
        isolation = student.isolation
    lines = [
        f"Isolation level {isolation.level} of 4.",
        f"Layers: {', '.join(isolation.layers) or 'none'}.",
        *(f"Missing: {text}." for text in isolation.missing),
        f"Python {sys.version.split()[0]} on {sys.platform}.",
        "Grading needs level 3 unless `grader gradescope --require-isolation` says otherwise.",
    ]
    return {
        "score": 0.0,
        "execution_time": round(time.monotonic() - started, 3),
        "output": "\n".join(lines),
        "output_format": "text",
        "tests": [],
        "extra_data": {"isolation": {"level": isolation.level, "layers": list(isolation.layers)}},
    }


def write(path: Path, document: Mapping[str, Any]) -> None:
    """Write strict JSON aside, then put it in place in one step; what was there stays where that fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_text(json.dumps(document, indent=1, allow_nan=False) + "\n", encoding="utf-8")
        os.replace(aside, path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise


def main() -> None:
    """Grade under the folder that is named on the command line; the exit status says nothing of the score."""
    run(Path(sys.argv[1] if len(sys.argv) > 1 else "/autograder"))


if __name__ == "__main__":
    main()
