"""What the commands share: processes for student code, one graded submission, the terminal, files."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from grader.files import write_bytes

if TYPE_CHECKING:
    from grader.assignment import Assignment, Course, Problem
    from grader.bank import BankSource
    from grader.intake import Submission
    from grader.report import Report
    from grader.sandbox.in_process import InProcessStudent
    from grader.sandbox.student import Student
    from grader.sandbox.zygote import Zygote

# Files in the state folder.
HINTS = "hints.json"
SCORES = "scores.json"


@contextmanager
def open_zygote(no_isolation: bool) -> Iterator[Zygote | None]:
    """Start the process that makes workers, before anything heavy is imported here."""
    use_one_thread()
    if no_isolation:
        yield None
        return
    from grader.sandbox.zygote import Zygote  # For start-up time.

    with Zygote(private=kept_from_students(Path.cwd())) as zygote:
        yield zygote


def use_one_thread() -> None:
    """Have NumPy use one thread; for before it is imported."""
    # More of them cost start-up time and memory, and help nobody on arrays of this size.
    for library in ("OPENBLAS", "OMP", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")


def kept_from_students(folder: Path) -> list[str]:
    """Return files that student code must not be able to read: the solutions of the course around `folder`."""
    for place in (folder, *folder.parents):
        if (place / "assignments").is_dir():
            return [str(path) for path in sorted(place.glob("solutions/*/*.py"))[:1]]
    return []


def open_submission(
    zygote: Zygote | None, submission: Submission, assignment: Assignment, prints: bool
) -> Student | InProcessStudent:
    """Return the submission as something that answers: in a worker, or in this process without a zygote."""
    from grader.sandbox.student import open_student  # For start-up time.

    wanted = {file: names for file, names in assignment.functions.items() if file in submission.files}
    return open_student(zygote, submission.files, names=submission.shown, wanted=wanted, show_prints=prints)


@dataclass(frozen=True)
class Bench:
    """An assignment and a submission's place, ready to be graded, also again and again with what is warm."""

    course: Course
    assignment: Assignment
    where: Path
    source: BankSource
    zygote: Zygote | None
    required: int
    pictures: bool

    def take(self) -> Submission:
        """Return the files as they are now."""
        from grader.intake import take  # For start-up time.

        return take(self.where, self.assignment.files, notebook=self.assignment.notebook)

    def grade(self, submission: Submission, problems: Sequence[Problem]) -> Report:
        """Grade some problems of these files."""
        from grader import engine  # For start-up time.

        with open_submission(self.zygote, submission, self.assignment, True) as student:
            return engine.grade(
                self.assignment,
                problems,
                submission,
                student,
                lambda: self.source.bank,
                seed=self.source.seed,
                isolation=student.isolation,
                required=self.required,
                pictures=self.pictures,
            )

    def keep(self, files: Mapping[str, bytes], report: Report) -> None:
        """Remember a run of the whole assignment in the student's own folder, on the public cases."""
        from grader.bank import PUBLIC_SEED  # For start-up time.
        from grader.progress import keep

        own = self.course.folder(self.assignment.name)
        whole = len(report.problems) == len(self.assignment.problems)
        if whole and self.where == _near(own) and self.source.seed == PUBLIC_SEED:
            keep(state_folder() / SCORES, own, files, report)


def set_up(
    hw: str, path: Path | None, seed: int, zygote: Zygote | None, *, required: int = 0, pictures: bool = False
) -> Bench:
    """Return what grading a submission needs, by default of the student's own folder."""
    # For start-up time: NumPy is imported here and in the child at the same time.
    from grader import assignment as assignments
    from grader.bank import BankSource

    course = assignments.find_course(Path.cwd())
    assignment = assignments.load(course, hw)
    where = path if path is not None else _near(course.folder(hw))
    source = BankSource(course, assignment, seed, cache_folder(), bank_progress(hw))
    return Bench(course, assignment, where, source, zygote, required, pictures)


def _near(folder: Path) -> Path:
    """Return a folder relative to here, so that a person sees assignments/hw3/layers.py, and an editor can open it."""
    return Path(os.path.relpath(folder))


def grade(
    hw: str,
    path: Path | None,
    problems: tuple[str, ...],
    seed: int,
    zygote: Zygote | None,
    *,
    required: int = 0,
    pictures: bool = False,
) -> Report:
    """Grade one submission, by default the student's own folder, for the report."""
    bench = set_up(hw, path, seed, zygote, required=required, pictures=pictures)
    selected = bench.assignment.select(problems)
    submission = bench.take()
    report = bench.grade(submission, selected)
    bench.keep(submission.files, report)
    return report


def show(text: str) -> None:
    """Print to standard output; characters that it cannot encode are replaced, never a reason to fail."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding) + ("" if text.endswith("\n") else "\n"))


def wrap(text: str) -> str:
    """Fill a paragraph to the width of the terminal, 80 columns at most."""
    return textwrap.fill(text, min(width(), 80))


def width() -> int:
    """Return the columns of the terminal."""
    return shutil.get_terminal_size((80, 24)).columns


def use_color() -> bool:
    """Whether standard output takes colour: a terminal, without NO_COLOR."""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def write(target: str, text: str) -> None:
    """Write a report to a file (aside, then renamed) or, for "-", to standard output."""
    if target == "-":
        show(text)
    else:
        write_bytes(Path(target), text.encode("utf-8"))


def cache_folder() -> Path:
    """Return where banks are kept."""
    import platformdirs  # For start-up time.

    return Path(platformdirs.user_cache_dir("grader"))


def state_folder() -> Path:
    """Return where it is remembered which hints were shown, and how the last runs ended."""
    import platformdirs  # For start-up time.

    return Path(platformdirs.user_state_dir("grader"))


def bank_progress(hw: str) -> Callable[[int, int, str], None]:
    """Return a callback that tells a person why the first run takes longer."""

    def progress(done: int, count: int, problem: str) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\033[Kbuilding the test cases of {hw}, once: {done + 1} of {count}, {problem}")
            if done + 1 == count:
                sys.stderr.write("\r\033[K")
            sys.stderr.flush()

    return progress
