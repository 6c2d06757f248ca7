"""Where hostile submissions are graded, and what must hold after each of them.

An attack is the body of a function `attack()`, written with our sources at hand. It runs while the submission is
imported and again in every call, and returns something true where it got what it was after; the submission then
says so in an error, which a test looks for. Its functions answer as an attacker's would who cannot do the homework:
`relu_backward` is wrong, `squared_loss` is right.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import textwrap
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from grader import engine
from grader.assignment import Assignment
from grader.bank import Bank
from grader.intake import Submission, take
from grader.render import json_report, junit, terminal
from grader.report import Report, to_json
from grader.sandbox.limits import Limits
from grader.sandbox.student import Student
from grader.sandbox.zygote import Zygote

ROOT = Path(__file__).resolve().parents[2]
# Short CPU limits, longer clocks: other work on the machine must not change what a test sees.
LIMITS = Limits(call_cpu_s=0.3, problem_cpu_s=0.6, wall_factor=5.0)
PROBLEMS = ("relu_backward", "squared_loss")
# What no output may hold: a successful attack says the first, the others stand in the files and places to steal from.
SUCCESS = "HOSTILE SUCCESS"
SECRET = "MARK-OF-A-SECRET"
# The name of whatever an attack tries to leave behind, and where it may try.
LEFT_BEHIND = "grader-hostile-was-here"
FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/run", "/", os.sep.join(("", "home")))

HEAD = """
import ctypes, gc, os, signal, socket, struct, sys, threading, time
import numpy as np

WON = []


def attack():
{body}


def strike():
    try:
        found = attack()
    except Exception:
        found = None
    if found:
        WON.append(repr(found)[:400])
"""

FUNCTIONS = """
def relu_forward(x):
    return np.maximum(x, 0), x


def relu_backward(dout, cache):
    strike()
    if WON:
        raise RuntimeError("HOSTILE SUCCESS: " + WON[0])
    return -dout


def squared_loss(h, z):
    strike()
    return np.sum((h - z) ** 2), 2 * (h - z)
"""


def source(body: str, *, when: str = "both", functions: str = FUNCTIONS) -> dict[str, bytes]:
    """Return a submission whose `attack()` has this body, and runs at `import`, in each `call`, or `both`."""
    head = HEAD.format(body=textwrap.indent(textwrap.dedent(body).strip(), "    "))
    text = head + ("strike()\n" if when != "call" else "") + functions
    if when == "import":
        text += "\nstrike = lambda: None\n"
    return {"layers.py": text.encode()}


@dataclass(frozen=True)
class Verdict:
    """A report, and all that anybody is shown of it."""

    report: Report
    texts: tuple[str, ...]
    seconds: float

    def score(self, problem: str) -> int:
        """Hundredths earned in one problem."""
        return {one.id: one.score for one in self.report.problems}[problem]

    def messages(self, problem: str) -> str:
        """All that is said of one problem."""
        [found] = [one for one in self.report.problems if one.id == problem]
        return " ".join([found.message, *(check.message for check in found.checks), *found.printed])


@dataclass(frozen=True)
class Arena:
    """The grader's side: one bank and one process that makes workers, for all tests."""

    assignment: Assignment
    bank: Bank
    zygote: Zygote

    def judge(self, files: Mapping[str, bytes], problems: Sequence[str] = PROBLEMS, **options: object) -> Verdict:
        """Grade sources by file name."""
        submission = Submission("work", dict(files), {file: f"work/{file}" for file in files})
        return self.judge_submission(submission, problems, **options)

    def judge_path(self, path: Path, problems: Sequence[str] = PROBLEMS) -> Verdict:
        """Grade a file, folder or archive. Raises IntakeError where it is refused."""
        taken = take(path, self.assignment.files, notebook=self.assignment.notebook)
        return self.judge_submission(taken, problems)

    def judge_submission(
        self, submission: Submission, problems: Sequence[str], *, show_prints: bool = True, limits: Limits = LIMITS
    ) -> Verdict:
        """Grade what was taken in."""
        started = time.monotonic()
        wanted = {file: names for file, names in self.assignment.functions.items() if file in submission.files}
        with Student(
            self.zygote, submission.files, names=submission.shown, wanted=wanted, limits=limits, show_prints=show_prints
        ) as student:
            report = engine.grade(
                self.assignment,
                self.assignment.select(problems),
                submission,
                student,
                lambda: self.bank,
                seed=0,
                isolation=student.isolation,
            )
        seconds = time.monotonic() - started
        texts = (json_report.render(report), junit.render(report), terminal.render(report, width=100, color=True))
        return Verdict(report, texts, seconds)


def plain(report: Report) -> dict[str, object]:
    """Return a report as JSON without what differs from run to run."""
    return json.loads(json.dumps(to_json(replace(report, duration_s=0.0))))


# --- what must hold afterwards ----------------------------------------------------------------------------


def left_files() -> list[str]:
    """Return files that an attack left behind."""
    return [f"{folder}/{name}" for folder in FOLDERS for name in _names(folder) if LEFT_BEHIND in name]


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def left_sockets() -> list[str]:
    """Return sockets with an attack's name."""
    with contextlib.suppress(OSError):
        return [line for line in Path("/proc/net/unix").read_text().splitlines() if LEFT_BEHIND in line]
    return []


def children(pid: int) -> list[int]:
    """Return the children of a process. Orphans of workers come to the one that forks."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def peak_mb() -> float:
    """Return the most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
