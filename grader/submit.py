"""`grader submit`: what is in a submission, what is missing from it, and the zip to upload."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.assignment import Assignment
from grader.errors import UsageError
from grader.intake import DEFAULT_LIMITS, Submission
from grader.intake.submission import is_notebook
from grader.report import Outcome, Report

_MOMENT = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Preflight:
    """What a student should know before uploading. `warnings` do not stop the upload."""

    warnings: tuple[str, ...]


def preflight(assignment: Assignment, submission: Submission, report: Report) -> Preflight:
    """Look for what would cost points without need: files left out, files that do not import, unfinished stubs."""
    warnings = [f"{file} is missing" for file in assignment.files if file not in submission.files]
    broken = {p.file: p.message for p in report.problems if p.message.startswith("importing ")}
    warnings += list(dict.fromkeys(broken.values()))
    unfinished = [p.id for p in report.problems if p.status is Outcome.NOT_IMPLEMENTED]
    if unfinished:
        warnings.append(f"not implemented yet: {', '.join(unfinished)}")
    wrong = [p.id for p in report.problems if p.score < p.max_score and p.id not in unfinished and p.file not in broken]
    if wrong:
        warnings.append(f"points are missing on the public cases: {', '.join(wrong)}")
    return Preflight(tuple(warnings))


def originals(submission: Submission, wanted: Sequence[str]) -> dict[str, bytes]:
    """Return the student's own files by name: the .py files, and the notebook where that serves one of them."""
    found = {}
    for file in wanted:
        path = Path(submission.shown.get(file, file))
        if file not in submission.files:
            continue
        own = path.is_file()
        found[path.name if own else file] = path.read_bytes() if own else submission.files[file]
    return found


def find_notebook(assignment: Assignment, where: Path, uploads: Mapping[str, bytes]) -> tuple[str, bytes | None]:
    """Return the name and bytes of the notebook that belongs to a submission; None where there is none.

    It is the one that is handed in, or else the assignment's own beside the .py files.
    """
    for name, data in uploads.items():
        if is_notebook(name):
            return name, data
    name = f"{assignment.name}.ipynb"
    path = where / name
    if not path.is_file() or path.is_symlink():
        return name, None
    with path.open("rb") as file:
        # One byte more than is allowed is enough to be refused.
        return name, file.read(DEFAULT_LIMITS.most_bytes(name) + 1)


def pack(files: Sequence[tuple[str, bytes]]) -> bytes:
    """Return a zip of exactly these files. Raises UsageError when there are none."""
    if not files:
        raise UsageError("there is nothing to upload: none of the files that are asked for is there")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            entry = zipfile.ZipInfo(name, _MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, data)
    return buffer.getvalue()
