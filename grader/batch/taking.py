"""From what was handed in to a clean submission, called as its student called it, and a hash of all that it holds."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from grader.assignment import Assignment
from grader.batch.handins import HandIn
from grader.errors import IntakeError
from grader.intake import ARCHIVES, Submission, take
from grader.intake.naming import is_leftover, show_name
from grader.intake.reading import read_file
from grader.intake.submission import MIB

_LARGEST = 32 * MIB


def take_hand_in(hand_in: HandIn, assignment: Assignment) -> Submission:
    """Return what was handed in. Raises IntakeError with a sentence that the student may read."""
    if hand_in.files is not None:
        with tempfile.TemporaryDirectory() as folder:
            _lay_out(hand_in.files, Path(folder))
            return _take_folder(hand_in, Path(folder), assignment)
    if hand_in.path.is_dir():
        return _take_folder(hand_in, hand_in.path, assignment)
    with _working_in(hand_in.path.parent):
        return _take(hand_in, Path(hand_in.path.name), assignment)


def digest(submission: Submission) -> str:
    """Return a hash of everything in a submission that grading reads or a report shows."""
    contents = [(file, hashlib.sha256(data).hexdigest()) for file, data in submission.files.items()]
    shown = [submission.name, contents, list(submission.shown.items()), submission.missing, submission.notes]
    return hashlib.sha256(json.dumps(shown).encode()).hexdigest()


def _lay_out(files: Mapping[str, Path], folder: Path) -> None:
    """Copy loose files under the names that they had before the download."""
    for name, path in files.items():
        if os.sep in name or name in (os.curdir, os.pardir):
            raise IntakeError(f"'{show_name(name)}' is no file name; hand in the files again.")
        (folder / name).write_bytes(read_file(path, _LARGEST, follow=False))


def _take_folder(hand_in: HandIn, folder: Path, assignment: Assignment) -> Submission:
    with _working_in(_root(folder, assignment.name)):
        return _take(hand_in, _find_upload(Path()), assignment)


def _root(folder: Path, assignment: str) -> Path:
    """Return where a repository keeps the assignment's files: at the top, or where the course's package has them."""
    inside = folder / "assignments"
    # A link could lead to the submission of somebody else.
    if inside.is_dir() and not inside.is_symlink():
        inside /= assignment
        if inside.is_dir() and not inside.is_symlink():
            return inside
    return folder


def _find_upload(folder: Path) -> Path:
    """Return the folder, or the one archive that lies in it alone."""
    found = [path for path in folder.iterdir() if not is_leftover(path.name)]
    if len(found) == 1 and found[0].name.lower().endswith(ARCHIVES) and not found[0].is_symlink():
        return found[0]
    return folder


def _take(hand_in: HandIn, path: Path, assignment: Assignment) -> Submission:
    return replace(take(path, assignment.files, notebook=assignment.notebook), name=hand_in.id)


@contextlib.contextmanager
def _working_in(folder: Path) -> Iterator[None]:
    """Be inside a folder for a while, so that files are called as the student called them."""
    before = os.open(os.curdir, os.O_RDONLY)
    try:
        os.chdir(folder)
        yield
    except OSError as error:
        raise IntakeError(f"'{show_name(folder.name)}' cannot be read: {error.strerror}.") from error
    finally:
        os.fchdir(before)
        os.close(before)
