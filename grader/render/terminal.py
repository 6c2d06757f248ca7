"""A report as a student reads it in a terminal.

The layout is made by hand: with NumPy loaded, importing rich and printing a page takes 41 ms, this module 3 ms.
The symbols are ASCII, so that any terminal and any log file shows them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType

from grader.render import advice
from grader.render.page import Page
from grader.render.text import chunks, clean, clean_lines, columns, fit, pad, plural, wrap
from grader.render.words import (
    describe_shapes,
    describe_worst,
    name_findings,
    paragraphs,
    status_words,
)
from grader.report import Case, CheckResult, Evidence, Outcome, ProblemResult, Report, points_text, total

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
STYLES: Mapping[Outcome, str] = MappingProxyType(
    {
        Outcome.PASSED: "green",
        Outcome.PARTIAL: "yellow",
        Outcome.FAILED: "red",
        Outcome.NOT_IMPLEMENTED: "dim",
        Outcome.ERROR: "red",
        Outcome.TIMEOUT: "red",
        Outcome.BLOCKED: "dim",
    }
)
CODE_LINES = 40
CODE_COLUMNS = 400
MOST_PRINTED = 40
NARROWEST, WIDEST = 40, 100


def render(report: Report, *, width: int, color: bool) -> str:
    """Return the report as text for a terminal of `width` columns, with ANSI colours if asked for.

    No line is longer than `width`, except lines of code. Nothing from a student reaches the terminal
    unescaped. Beyond 100 columns the text does not grow wider.
    """
    page = Page(max(NARROWEST, min(width, WIDEST)), color)
    _add_header(page, report)
    if report.fault is not None:
        _add_fault(page, report)
        return page.text()
    _add_table(page, report.problems)
    for alike in _group_blocks(report):
        _add_problem(page, alike[0])
        if len(alike) > 1:
            names = ", ".join(clean(problem.id, 60) for problem in alike[1:])
            page.add(f"the same for {names}", indent=4, hang=2)
    _add_end(page, report)
    return page.text()


def render_problem(problem: ProblemResult, *, width: int, color: bool) -> str:
    """Return the block of one problem, as it stands in the whole report."""
    page = Page(max(NARROWEST, min(width, WIDEST)), color)
    _add_problem(page, problem)
    return page.text()


# --- above ------------------------------------------------------------------------------------------------


def _add_header(page: Page, report: Report) -> None:
    score = "no score" if report.fault is not None else _score(report.score, report.max_score)
    room = page.width - columns(score) - 2
    name = fit(clean(report.assignment, 40), room)
    submission = fit("  " + clean(report.submission, 200), room - columns(name))
    gap = " " * (page.width - columns(name + submission) - columns(score))
    page.add_spans([(name, "bold"), (submission + gap, ""), (score, "bold")])
    page.blank()


def _score(score: int, most: int) -> str:
    return f"{points_text(score)} / {points_text(most)}"


def _add_fault(page: Page, report: Report) -> None:
    page.add("This is a fault of the grader, not of your code. There is no score.", style="red")
    page.blank()
    for line in paragraphs(report.fault or ""):
        page.add(line, indent=2)
    page.blank()
    page.add("Your files were not changed. Run it once more; if this stays, show it to your instructor.")
    page.add(f"grader {clean(report.grader_version, 40)}", style="dim")


def _add_table(page: Page, problems: Sequence[ProblemResult]) -> None:
    files = list(dict.fromkeys(problem.file for problem in problems))
    names = [clean(problem.id, 60) for problem in problems]
    score_width = max((len(points_text(problem.score)) for problem in problems), default=0)
    most_width = max((len(points_text(problem.max_score)) for problem in problems), default=0)
    # At least 19 columns stay for the status: 'not implemented yet'.
    name_width = min(max(map(columns, names), default=0), page.width - score_width - most_width - 30)
    for file in files:
        if len(files) > 1 and file:
            page.add(clean(file, 200), indent=2, style="dim")
        for problem, name in zip(problems, names, strict=True):
            if problem.file == file:
                score = points_text(problem.score).rjust(score_width)
                most = points_text(problem.max_score).ljust(most_width)
                left = f"{pad(fit(name, name_width), name_width)}  {score} / {most}"
                _add_row(page, problem, left)


def _add_row(page: Page, problem: ProblemResult, left: str) -> None:
    style = STYLES[problem.status]
    begin = 4 + columns(left) + 2
    first, *more = wrap(status_words(problem), page.width - begin) or [""]
    plain = "dim" if style == "dim" else ""
    page.add_spans([(f"  {SYMBOLS[problem.status]} ", style), (f"{left}  ", plain), (first, style)])
    for line in more:
        page.add_spans([(" " * begin, ""), (line, style)])


# --- one problem ------------------------------------------------------------------------------------------


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


def _group_blocks(report: Report) -> list[list[ProblemResult]]:
    """Return the problems that deserve a block; those that one broken file stopped stand together."""
    groups: dict[tuple[str, str], list[ProblemResult]] = {}
    for number, problem in enumerate(report.problems):
        if _deserves_block(problem, report):
            stopped = problem.message and all(check.message == problem.message for check in problem.checks)
            key = (problem.file, problem.message) if stopped else ("", str(number))
            groups.setdefault(key, []).append(problem)
    return list(groups.values())


def _add_problem(page: Page, problem: ProblemResult) -> None:
    page.blank()
    score = _score(problem.score, problem.max_score)
    name = fit(clean(problem.id, 60), page.width - len(score) - 2)
    place = advice.place(problem)
    gap = page.width - columns(name) - len(score)
    room = gap - 4
    middle = f"  {place}" if place and columns(place) <= room else ""
    page.add_spans([(name, "bold"), (pad(middle, gap), "dim"), (score, STYLES[problem.status])])
    if place and not middle:
        page.add(place, style="dim")
    judged = problem.status not in (Outcome.BLOCKED, Outcome.NOT_IMPLEMENTED, Outcome.PASSED)
    groups = _group_lost(problem.checks) if judged else []
    if not any(problem.message in (check.message for check in group) for group in groups):
        for line in paragraphs(problem.message):
            page.add(line, indent=2)
    shown = _Shown()
    for group in groups:
        _add_findings(page, group, shown)
    if judged:
        _add_right(page, problem.checks)
    _add_printed(page, problem.printed)


class _Shown:
    """What of a case the reader has seen in this block already: findings often share one."""

    def __init__(self) -> None:
        self.about: set[str] = set()
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


def _add_findings(page: Page, findings: list[CheckResult], shown: _Shown) -> None:
    status = findings[0].status
    score = _score(total(check.score for check in findings), total(check.max_score for check in findings))
    room = page.width - 4 - len(score) - 2
    title, *more = wrap(name_findings(findings), room) or [""]
    page.add_spans([(f"  {SYMBOLS[status]} ", STYLES[status]), (pad(title, room + 2), ""), (score, "dim")])
    for line in more:
        page.add_code(line, indent=4)
    for line in paragraphs(findings[0].message):
        page.add(line, indent=4)
    for check in findings:
        if check.case is not None:
            _add_case(page, check.case, shown)
            return


def _add_case(page: Page, case: Case, shown: _Shown) -> None:
    if case.worst is not None:
        for line in describe_worst(case.worst):
            page.add(line, indent=4, hang=2)
    about = {"why this case": clean(case.why), "shapes": describe_shapes(case.shapes)}
    for label, text in about.items():
        if text and f"{label}: {text}" not in shown.about:
            shown.about.add(f"{label}: {text}")
            page.add(f"{label}: {text}", indent=4, hang=2, style="dim")
    if case.code and not shown.code:
        shown.code = True
        page.add("smallest failing case:", indent=4, style="dim")
        for line in clean_lines(case.code, CODE_LINES, CODE_COLUMNS):
            page.add_code(line, indent=8)


def _add_right(page: Page, checks: Iterable[CheckResult]) -> None:
    right = [clean(check.id, 60) for check in checks if check.status is Outcome.PASSED]
    if right:
        page.add(f"+ also right: {', '.join(right)}", indent=2, hang=2)


def _add_printed(page: Page, printed: Sequence[str]) -> None:
    if not printed:
        return
    page.add("your code printed:", indent=4, style="dim")
    # A function is called once for each case: most prints repeat.
    for text, run in groupby(printed[:MOST_PRINTED]):
        times = len(list(run))
        shown = clean(text.expandtabs(4)) + (f"  ({times} times)" if times > 1 else "")
        for line in chunks(shown, page.width - 6):
            page.add_code(f"| {line}", indent=4)
    more = len(printed) - MOST_PRINTED
    if more > 0:
        page.add(f"... ({more} more line{plural(more)})", indent=4)


# --- below ------------------------------------------------------------------------------------------------


def _add_end(page: Page, report: Report) -> None:
    evidence = report.evidence
    # One problem alone: its own evidence says it better.
    if len(report.problems) == 1:
        evidence = report.problems[0].evidence
    if evidence or report.notes:
        page.blank()
    _add_evidence(page, evidence)
    for note in report.notes:
        page.add(f"note: {clean(note)}", hang=2)
    page.blank()
    page.add(_practice_line(report), style="dim", hang=2)
    total_line = f"Total {_score(report.score, report.max_score)}"
    page.add_spans([(total_line, "bold"), (f" in {report.duration_s:.2f} s", "dim")])
    page.blank()
    _add_advice(page, advice.next_step(report))


def _add_evidence(page: Page, evidence: Sequence[Evidence]) -> None:
    if evidence:
        page.add("how this was checked:", style="dim")
    for item in evidence:
        page.add(clean(item.text), indent=2, hang=2, style="dim")


def _practice_line(report: Report) -> str:
    line = f"Practice run, isolation level {report.isolation.level}"
    if report.isolation.missing:
        line += f" (missing: {clean(', '.join(report.isolation.missing))})"
    if report.seed is not None:
        line += f", seed {report.seed}"
    return line + (f", cases {clean(report.bank_hash[:8])}" if report.bank_hash else "")


def _add_advice(page: Page, step: advice.Step) -> None:
    page.add(step.sentence, style="green" if step.glad else "bold", hang=2)
    longest = max((columns(command) for command, _ in step.commands), default=0)
    widest = max((columns(meaning) for _, meaning in step.commands), default=0)
    explained = 2 + longest + 3 + widest <= page.width
    for command, meaning in step.commands:
        page.add_code(f"{pad(command, longest)}   {meaning}" if explained else command, indent=2)
