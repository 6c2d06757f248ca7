"""A report as a student reads it in a terminal.

The layout is made by hand: with NumPy loaded, importing rich and printing a page takes 41 ms, this module 3 ms.
The symbols are ASCII, so that any terminal and any log file shows them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from grader.render import advice
from grader.render.blocks import SYMBOLS, Block, Findings, ShownCase, make_block, make_blocks, practice_line, score_text
from grader.render.page import Page
from grader.render.text import chunks, clean, columns, fit, pad, plural, wrap
from grader.render.words import paragraphs, status_words
from grader.report import Evidence, Outcome, ProblemResult, Report, points_text

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
NARROWEST, WIDEST = 40, 100


def render(report: Report, *, width: int, color: bool) -> str:
    """Return the report as text for a terminal of `width` columns, with ANSI colours if asked for.

    No line is longer than `width`, except lines of code. Nothing from a student reaches the terminal
    unescaped. Beyond 100 columns the text does not grow wider.
    """
    page = Page(page_width(width), color)
    add_header(page, report)
    if report.fault is not None:
        _add_fault(page, report)
        return page.text()
    _add_table(page, report.problems)
    for block in make_blocks(report):
        _add_block(page, block)
    _add_end(page, report)
    return page.text()


def render_problem(problem: ProblemResult, *, width: int, color: bool) -> str:
    """Return the block of one problem, as it stands in the whole report."""
    page = Page(page_width(width), color)
    _add_block(page, make_block(problem))
    return page.text()


# --- above ------------------------------------------------------------------------------------------------


def page_width(columns: int) -> int:
    """Return how wide a page is on a terminal of so many columns."""
    return max(NARROWEST, min(columns, WIDEST))


def add_header(page: Page, report: Report) -> None:
    """Add the line with the assignment, where it is and the score."""
    score = "no score" if report.fault is not None else score_text(report.score, report.max_score)
    room = page.width - columns(score) - 2
    name = fit(clean(report.assignment, 40), room)
    submission = fit("  " + clean(report.submission, 200), room - columns(name))
    gap = " " * (page.width - columns(name + submission) - columns(score))
    page.add_spans([(name, "bold"), (submission + gap, ""), (score, "bold")])
    page.blank()


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


def _add_block(page: Page, block: Block) -> None:
    page.blank()
    name = fit(block.name, page.width - len(block.score) - 2)
    gap = page.width - columns(name) - len(block.score)
    middle = f"  {block.place}" if block.place and columns(block.place) <= gap - 4 else ""
    page.add_spans([(name, "bold"), (pad(middle, gap), "dim"), (block.score, STYLES[block.problem.status])])
    if block.place and not middle:
        page.add(block.place, style="dim")
    for line in block.paragraphs:
        page.add(line, indent=2)
    for findings in block.findings:
        _add_findings(page, findings)
    if block.right:
        page.add(f"+ also right: {', '.join(block.right)}", indent=2, hang=2)
    _add_printed(page, block)
    if block.same:
        page.add(f"the same for {', '.join(block.same)}", indent=4, hang=2)


def _add_findings(page: Page, findings: Findings) -> None:
    room = page.width - 4 - len(findings.score) - 2
    title, *more = wrap(findings.title, room) or [""]
    symbol = (f"  {SYMBOLS[findings.status]} ", STYLES[findings.status])
    page.add_spans([symbol, (pad(title, room + 2), ""), (findings.score, "dim")])
    for line in more:
        page.add_code(line, indent=4)
    for line in findings.paragraphs:
        page.add(line, indent=4)
    if findings.case is not None:
        _add_case(page, findings.case)


def _add_case(page: Page, case: ShownCase) -> None:
    for line in case.worst:
        page.add(line, indent=4, hang=2)
    for label, text in case.about:
        page.add(f"{label}: {text}", indent=4, hang=2, style="dim")
    if case.code:
        page.add("smallest failing case:", indent=4, style="dim")
        for line in case.code:
            page.add_code(line, indent=8)


def _add_printed(page: Page, block: Block) -> None:
    if not block.printed:
        return
    page.add("your code printed:", indent=4, style="dim")
    for text in block.printed:
        for line in chunks(text, page.width - 6):
            page.add_code(f"| {line}", indent=4)
    if block.more:
        page.add(f"... ({block.more} more line{plural(block.more)})", indent=4)


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
    page.add(practice_line(report), style="dim", hang=2)
    total_line = f"Total {score_text(report.score, report.max_score)}"
    page.add_spans([(total_line, "bold"), (f" in {report.duration_s:.2f} s", "dim")])
    page.blank()
    _add_advice(page, advice.next_step(report))


def _add_evidence(page: Page, evidence: Sequence[Evidence]) -> None:
    if evidence:
        page.add("how this was checked:", style="dim")
    for item in evidence:
        page.add(clean(item.text), indent=2, hang=2, style="dim")


def _add_advice(page: Page, step: advice.Step) -> None:
    page.add(step.sentence, style="green" if step.glad else "bold", hang=2)
    longest = max((columns(command) for command, _ in step.commands), default=0)
    widest = max((columns(meaning) for _, meaning in step.commands), default=0)
    explained = 2 + longest + 3 + widest <= page.width
    for command, meaning in step.commands:
        page.add_code(f"{pad(command, longest)}   {meaning}" if explained else command, indent=2)
    if step.further:
        page.add(step.further, hang=2)
