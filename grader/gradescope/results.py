"""Reports as `results.json`: exact points, one test a problem, nothing of a hidden case.

A submission is graded twice: on the public cases, whose report a student may read in full, and on the hidden
ones. A finding earns what it earns in both. Of the hidden run a student learns how many findings passed and
the kind of each that did not: no shape, no value, no message, for an exception's text can carry an input away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from grader import __version__
from grader.gradescope.settings import Settings
from grader.render.terminal import render_problem
from grader.render.text import clean
from grader.report import Outcome, ProblemResult, Report, points

WIDTH = 90
# What went wrong in hidden cases, in words that are ours.
KINDS: Mapping[Outcome, str] = MappingProxyType(
    {
        Outcome.FAILED: "wrong",
        Outcome.ERROR: "an exception, or the process ended",
        Outcome.TIMEOUT: "too slow, or no time was left",
        Outcome.BLOCKED: "cannot be judged yet",
        Outcome.NOT_IMPLEMENTED: "not implemented",
    }
)


@dataclass(frozen=True)
class Judged:
    """One problem, graded on public and on hidden cases. `score` and `most` are hundredths."""

    public: ProblemResult
    hidden: ProblemResult

    @property
    def score(self) -> int:
        """Each finding earns what it earns in both."""
        return sum(min(a.score, b.score) for a, b in zip(self.public.checks, self.hidden.checks, strict=True))

    @property
    def most(self) -> int:
        """The most that can be earned."""
        return self.public.max_score


def combine(public: Report, hidden: Report) -> list[Judged]:
    """Return the problems of two reports on one submission, pair by pair."""
    return [Judged(first, second) for first, second in zip(public.problems, hidden.problems, strict=True)]


def results(judged: Sequence[Judged], public: Report, hidden: Report, settings: Settings, worth: str) -> dict[str, Any]:
    """Return the document for Gradescope. `worth` is the form's `total_points`, a decimal number as text."""
    most = sum(one.most for one in judged)
    shares = scaled([one.most for one in judged], worth) if settings.scale else [one.most for one in judged]
    pairs = list(zip(judged, shares, strict=True))
    tests = [_test(number, one, share, settings) for number, (one, share) in enumerate(pairs, 1)]
    earned = sum(_earned(one, share) for one, share in pairs)
    lines = [*public.notes, *_closing(public)]
    return {
        "score": points(earned),
        "execution_time": round(public.duration_s + hidden.duration_s, 3),
        "output": "\n".join(clean(line, 400) for line in lines),
        "output_format": "text",
        "test_output_format": "ansi",
        "stdout_visibility": "hidden",
        "tests": tests,
        "extra_data": {
            "grader_version": __version__,
            "assignment": public.assignment,
            "banks": {"public": public.bank_hash, "hidden": hidden.bank_hash},
            "isolation": {"level": hidden.isolation.level, "missing": list(hidden.isolation.missing)},
            "points": {"earned": sum(one.score for one in judged), "of": most, "unit": "hundredths"},
            "mistakes": sorted({check.mistake for one in judged for check in one.public.checks if check.mistake}),
        },
    }


def fault(sentence: str, seconds: float = 0.0) -> dict[str, Any]:
    """Return a document that says that nothing was judged: a fault of the autograder, not of the student."""
    return {
        "score": 0.0,
        "execution_time": round(seconds, 3),
        "output": f"Autograder fault: your submission was not judged. {sentence}\n"
        "This is no fault of yours. Please tell your instructor, who can rerun the autograder.",
        "output_format": "text",
        "stdout_visibility": "hidden",
        "tests": [],
        "extra_data": {"grader_version": __version__, "fault": sentence},
    }


def refused_submission(sentence: str, seconds: float) -> dict[str, Any]:
    """Return a document for a submission that cannot be read at all: 0 points, and what to do."""
    return {
        "score": 0.0,
        "execution_time": round(seconds, 3),
        "output": clean(sentence, 600),
        "output_format": "text",
        "stdout_visibility": "hidden",
        "tests": [],
        "extra_data": {"grader_version": __version__, "refused": clean(sentence, 600)},
    }


def scaled(most: Sequence[int], worth: str) -> list[int]:
    """Share out `worth` points by the problems' own, in hundredths that add up exactly."""
    whole = int(Fraction(worth) * 100)
    together = sum(most)
    shares = [whole * one // together for one in most]
    order = sorted(range(len(most)), key=lambda i: (-(whole * most[i] % together), i))
    for i in order[: whole - sum(shares)]:
        shares[i] += 1
    return shares


def _earned(one: Judged, share: int) -> int:
    return share if one.score == one.most else one.score * share // one.most


def _test(number: int, one: Judged, share: int, settings: Settings) -> dict[str, Any]:
    earned = _earned(one, share)
    return {
        "number": str(number),
        "name": one.public.id,
        "name_format": "text",
        "score": points(earned),
        "max_score": points(share),
        "status": "passed" if earned == share else "failed",
        "output": "\n".join([*_public_lines(one.public), *_hidden_lines(one.hidden)]),
        "output_format": "ansi",
        "visibility": settings.visibility,
    }


def _public_lines(problem: ProblemResult) -> list[str]:
    if problem.score == problem.max_score:
        return ["Public cases: all right."]
    if problem.status is Outcome.NOT_IMPLEMENTED:
        return ["Not implemented yet."]
    # An empty line: what follows is of other cases.
    return [*render_problem(problem, width=WIDTH, color=True).rstrip("\n").split("\n"), ""]


def _hidden_lines(problem: ProblemResult) -> list[str]:
    """Return how many findings passed on hidden cases, and the kind of every other."""
    if problem.status in (Outcome.NOT_IMPLEMENTED, Outcome.BLOCKED):
        return [f"Hidden cases: {KINDS[problem.status]}."]
    missed = [check for check in problem.checks if check.status not in (Outcome.PASSED, Outcome.PARTIAL)]
    count = len(problem.checks)
    lines = [f"Hidden cases: {count - len(missed)} of {count} checks passed."]
    return lines + [f"  not passed: {check.title} ({KINDS[check.status]})" for check in missed]


def _closing(report: Report) -> list[str]:
    return [
        "A check earns its points when it passes on the public cases and on the hidden ones.",
        f"Graded by grader {__version__}, isolation level {report.isolation.level}.",
    ]
