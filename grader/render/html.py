"""A report as one HTML page: no script, no request to anywhere, light and dark, from a phone's width upwards.

Text is cleaned as for a terminal, then escaped by the template; a Content-Security-Policy forbids all the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

from grader.render import advice
from grader.render.blocks import SYMBOLS, Block, make_block, make_blocks, practice_line, score_text
from grader.render.drawings import Figure, make_figure
from grader.render.templating import load_template
from grader.render.text import clean
from grader.render.words import paragraphs, status_words
from grader.report import ProblemResult, Report, points_text


@dataclass(frozen=True)
class Section:
    """One problem on the page. leads: it comes before the table; open: it is open at first."""

    anchor: str
    status: str
    symbol: str
    words: str
    block: Block
    figures: tuple[Figure, ...]
    leads: bool
    open: bool


@dataclass(frozen=True)
class Row:
    """One line of the table: a link where the page has a section on the problem."""

    anchor: str
    status: str
    symbol: str
    name: str
    score: str
    words: str


def render(report: Report, *, run: str = "Practice run") -> str:
    """Return the page. Nothing of a student's gets in unescaped; the same report gives the same page.

    run: what the page calls the run that it reports.
    """
    return load_template("grader.render", "report.html").render(
        report=report,
        assignment=clean(report.assignment, 40),
        submission=clean(report.submission, 200),
        score="no score" if report.fault is not None else score_text(report.score, report.max_score),
        share=0.0 if not report.max_score else 100.0 * report.score / report.max_score,
        fault=paragraphs(report.fault) if report.fault is not None else None,
        symbols={status.value: symbol for status, symbol in SYMBOLS.items()},
        practice=practice_line(report, run),
        **_body(report),
    )


def _body(report: Report) -> dict[str, object]:
    step = advice.next_step(report)
    leading = advice.next_problem(report)
    anchors = {problem.id: f"p{number}" for number, problem in enumerate(report.problems)}
    blocks = {block.problem.id: block for block in make_blocks(report)}
    covered = {other for block in blocks.values() for other in block.same}
    glad = report.score == report.max_score
    sections = [
        _section(anchors[problem.id], problem, blocks.get(problem.id), problem is leading, glad)
        for problem in report.problems
        if problem.id in blocks or problem.pictures
    ]
    linked = {one.anchor for one in sections}
    evidence = report.problems[0].evidence if len(report.problems) == 1 else report.evidence
    return {
        "step": step,
        "sections": [one for one in sections if one.block.name not in covered],
        "files": _files(report.problems, anchors, linked),
        "evidence": [clean(item.text) for item in evidence],
        "notes": [clean(note) for note in report.notes],
        "duration": f"{report.duration_s:.2f}",
        "version": clean(report.grader_version, 40),
    }


def _section(anchor: str, problem: ProblemResult, block: Block | None, leads: bool, glad: bool) -> Section:
    shown = make_block(problem) if block is None else block
    return Section(
        anchor,
        problem.status.value,
        SYMBOLS[problem.status],
        status_words(problem),
        shown,
        tuple(make_figure(picture) for picture in problem.pictures),
        leads,
        leads or glad,
    )


def _files(
    problems: tuple[ProblemResult, ...], anchors: dict[str, str], linked: set[str]
) -> list[tuple[str, list[Row]]]:
    """Return the table's rows by file, in order."""
    files: dict[str, list[Row]] = {}
    for problem in problems:
        anchor = anchors[problem.id] if anchors[problem.id] in linked else ""
        score = f"{points_text(problem.score)} / {points_text(problem.max_score)}"
        words = status_words(problem)
        row = Row(anchor, problem.status.value, SYMBOLS[problem.status], clean(problem.id, 60), score, words)
        files.setdefault(clean(problem.file, 200), []).append(row)
    return list(files.items())
