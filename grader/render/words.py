"""The words that reports share: what an outcome is called, and a failing case in sentences."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from types import MappingProxyType

from grader.render.text import LIMIT, clean, clean_lines, plural, show_number, show_numbers, show_shape
from grader.report import CheckResult, Outcome, ProblemResult, Worst

MESSAGE_LINES = 12
MOST_SHAPES = 12

OUTCOMES: Mapping[Outcome, str] = MappingProxyType(
    {
        Outcome.PASSED: "passed",
        Outcome.PARTIAL: "partly right",
        Outcome.FAILED: "wrong",
        Outcome.NOT_IMPLEMENTED: "not implemented yet",
        Outcome.ERROR: "raised an error",
        Outcome.TIMEOUT: "too slow",
        Outcome.BLOCKED: "waits for another function",
    }
)


def status_words(problem: ProblemResult) -> str:
    """Return how a problem ended, in words: `wrong`, `waits for batchnorm_forward`."""
    message = clean(problem.message)
    # A blocked problem's message begins with what it waits for; the reason follows a comma or a colon.
    if problem.status is Outcome.BLOCKED and message:
        return re.split(r"[,:;.](?:\s|$)", message, maxsplit=1)[0]
    if problem.status is Outcome.PASSED and message:
        return f"passed, {message.rstrip('.')}"
    if problem.status is Outcome.ERROR and is_stopped(problem):
        return "could not be loaded"
    return OUTCOMES[problem.status]


def is_stopped(problem: ProblemResult) -> bool:
    """Whether no case was tried: a file that is missing or does not load, a function that is not there."""
    stopped = problem.status in (Outcome.ERROR, Outcome.TIMEOUT) and bool(problem.message)
    return stopped and all(check.message == problem.message for check in problem.checks)


def paragraphs(message: str) -> list[str]:
    """Return a message's paragraphs, cleaned and capped."""
    return [line for line in clean_lines(message, MESSAGE_LINES, LIMIT * 2) if line]


def name_findings(findings: list[CheckResult]) -> str:
    """Return one finding's title, or several findings' ids: `dx, dw, db`."""
    if len(findings) == 1:
        return clean(findings[0].title or findings[0].id, 100)
    return ", ".join(clean(finding.id, 60) for finding in findings)


def describe_worst(worst: Worst) -> list[str]:
    """Return the sentences on the entry that is furthest off."""
    got, expected = show_numbers((worst.got, worst.expected))
    index = ", ".join(str(int(i)) for i in worst.index)
    first = f"worst entry [{index}]: got {got}" if worst.index else f"got {got}"
    if worst.expected is not None:
        first += f", expected {expected}"
    if not math.isfinite(worst.relative_error):
        return [first]
    second = f"relative error {show_number(worst.relative_error, 2)}"
    if worst.allowed is not None:
        second += f", allowed {show_number(worst.allowed, 2)}"
    return [first, second]


def describe_shapes(shapes: Mapping[str, tuple[int, ...]]) -> str:
    """Return `x (2, 3), gamma (3,)`, or "" when there are none."""
    named = [f"{clean(name, 40)} {show_shape(shape)}" for name, shape in list(shapes.items())[:MOST_SHAPES]]
    more = len(shapes) - len(named)
    return ", ".join(named) + (f" and {more} more array{plural(more)}" if more else "")
