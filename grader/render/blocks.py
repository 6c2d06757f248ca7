"""What a report says of each problem, in words and in order: the same for a terminal and for a page.

All text in here is clean: one printable line each, capped. It is not escaped for HTML.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from types import MappingProxyType

from grader.render import advice
from grader.render.text import clean, clean_lines
from grader.render.words import describe_shapes, describe_worst, name_findings, paragraphs
from grader.report import Case, CheckResult, Outcome, ProblemResult, Report, points_text, total

SYMBOLS: Mapping[Outcome, str] = MappingProxyType(
    {
        Outcome.PASSED: "+",
        Outcome.PARTIAL: "~",
        Outcome.FAILED: "x",
        Outcome.NOT_IMPLEMENTED: ".",
        Outcome.ERROR: "!",
        Outcome.TIMEOUT: "!",
        Outcome.BLOCKED: "-",
    }
)
CODE_LINES = 40
CODE_COLUMNS = 400
MOST_PRINTED = 40


@dataclass(frozen=True)
class ShownCase:
    """One failing case: sentences on its worst entry, (label, text) about it, and its code line by line."""

    worst: tuple[str, ...]
    about: tuple[tuple[str, str], ...]
    code: tuple[str, ...]


@dataclass(frozen=True)
class Findings:
    """Findings that say the same, with the points that they have together."""

    status: Outcome
    title: str
    score: str
    paragraphs: tuple[str, ...]
    case: ShownCase | None


@dataclass(frozen=True)
class Block:
    """All that is said of one problem. `same` are problems of which the same is to be said.

    printed: the lines that the student's code printed, with how many times each; more: how many were left out.
    """

    problem: ProblemResult
    name: str
    place: str
    score: str
    paragraphs: tuple[str, ...]
    findings: tuple[Findings, ...]
    right: tuple[str, ...]
    printed: tuple[str, ...]
    more: int
    same: tuple[str, ...] = ()


def score_text(score: int, most: int) -> str:
    """Return `7.5 / 10`."""
    return f"{points_text(score)} / {points_text(most)}"


def practice_line(report: Report, word: str = "Practice run") -> str:
    """Return how far student code was locked in, and which cases it was tried on. `word` says what this run was."""
    line = f"{word}, isolation level {report.isolation.level}"
    if report.isolation.missing:
        line += f" (missing: {clean(', '.join(report.isolation.missing))})"
    if report.seed is not None:
        line += f", seed {report.seed}"
    return line + (f", cases {clean(report.bank_hash[:8])}" if report.bank_hash else "")


def make_blocks(report: Report) -> list[Block]:
    """Return the blocks of the problems that deserve one; those that one broken file stopped stand together."""
    groups: dict[tuple[str, str], list[ProblemResult]] = {}
    for number, problem in enumerate(report.problems):
        if _deserves_block(problem, report):
            stopped = problem.message and all(check.message == problem.message for check in problem.checks)
            key = (problem.file, problem.message) if stopped else ("", str(number))
            groups.setdefault(key, []).append(problem)
    return [make_block(first, tuple(clean(other.id, 60) for other in others)) for first, *others in groups.values()]


def make_block(problem: ProblemResult, same: tuple[str, ...] = ()) -> Block:
    """Return all that is said of one problem."""
    judged = problem.status not in (Outcome.BLOCKED, Outcome.NOT_IMPLEMENTED, Outcome.PASSED)
    groups = _group_lost(problem.checks) if judged else []
    said = any(problem.message in (check.message for check in group) for group in groups)
    right = [check for check in problem.checks if check.status is Outcome.PASSED] if judged else []
    seen = _Seen()
    return Block(
        problem,
        clean(problem.id, 60),
        advice.place(problem),
        score_text(problem.score, problem.max_score),
        () if said else tuple(paragraphs(problem.message)),
        tuple(_findings(group, seen) for group in groups),
        tuple(clean(check.id, 60) for check in right),
        _printed(problem.printed),
        max(len(problem.printed) - MOST_PRINTED, 0),
        same,
    )


def _deserves_block(problem: ProblemResult, report: Report) -> bool:
    """Whether there is more to say than the table does."""
    if problem.status is Outcome.PASSED:
        return bool(problem.printed) and len(report.problems) == 1
    if problem.status is Outcome.NOT_IMPLEMENTED:
        return bool(problem.printed)
    # After a colon stands what the other function did; without one the table has said it all.
    if problem.status is Outcome.BLOCKED:
        return ": " in problem.message or bool(problem.printed)
    return True


class _Seen:
    """What of a case the reader has seen in this block already: findings often share one."""

    def __init__(self) -> None:
        self.about: set[tuple[str, str]] = set()
        self.code = False


def _group_lost(checks: Sequence[CheckResult]) -> list[list[CheckResult]]:
    """Return the findings that lost points; those that say the same stand together."""
    groups: dict[tuple[Outcome, str], list[CheckResult]] = {}
    for check in checks:
        if check.status is not Outcome.PASSED:
            # Without a message there is nothing that findings could share.
            groups.setdefault((check.status, check.message or check.id), []).append(check)
    # What is right in itself and only counts in proportion comes last.
    return sorted(groups.values(), key=lambda group: group[0].status is Outcome.PARTIAL)


def _findings(group: list[CheckResult], seen: _Seen) -> Findings:
    score = score_text(total(check.score for check in group), total(check.max_score for check in group))
    case = next((check.case for check in group if check.case is not None), None)
    shown = None if case is None else _case(case, seen)
    return Findings(group[0].status, name_findings(group), score, tuple(paragraphs(group[0].message)), shown)


def _case(case: Case, seen: _Seen) -> ShownCase:
    worst = () if case.worst is None else tuple(describe_worst(case.worst))
    both = (("why this case", clean(case.why)), ("shapes", describe_shapes(case.shapes)))
    about = tuple(one for one in both if one[1] and one not in seen.about)
    seen.about.update(about)
    code: tuple[str, ...] = ()
    if case.code and not seen.code:
        seen.code = True
        code = tuple(clean_lines(case.code, CODE_LINES, CODE_COLUMNS))
    return ShownCase(worst, about, code)


def _printed(printed: Sequence[str]) -> tuple[str, ...]:
    """Return what was printed; a function is called once for each case, so most prints repeat."""
    lines = []
    for text, run in groupby(printed[:MOST_PRINTED]):
        times = len(list(run))
        lines.append(clean(text.expandtabs(4)) + (f"  ({times} times)" if times > 1 else ""))
    return tuple(lines)
