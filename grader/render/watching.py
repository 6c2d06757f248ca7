"""One screen of `grader run --watch`: the score, what the last save changed, the problem at hand, the keys."""

from __future__ import annotations

from collections.abc import Sequence

from grader.render.blocks import SYMBOLS, score_text
from grader.render.page import Page
from grader.render.terminal import STYLES, add_header, page_width, render_problem
from grader.render.text import clean, fit, plural
from grader.render.words import status_words
from grader.report import ProblemResult, Report, points_text

KEYS = (("n", "next"), ("h", "hint"), ("a", "all"), ("q", "quit"))
LEAST = 6
MOST_CHANGES = 5


def render(
    report: Report | None,
    changes: Sequence[tuple[ProblemResult, int]],
    focus: ProblemResult | None,
    *,
    trouble: str = "",
    hint: str = "",
    keys: bool = True,
    size: tuple[int, int],
    color: bool,
) -> str:
    """Return the screen, `size` = (columns, lines); what does not fit of the problem is cut, with how much.

    changes: problems with their points before. keys: whether there is a keyboard to tell of.
    """
    width, height = page_width(size[0]), size[1]
    above, below = Page(width, color), Page(width, color)
    if report is not None:
        add_header(above, report)
        _add_changes(above, changes)
        if report.score == report.max_score and not trouble:
            above.add(f"All right: {score_text(report.score, report.max_score)} points.", style="green")
    if trouble:
        above.add(clean(trouble), style="red", hang=2)
    if hint:
        below.add(hint, indent=2)
        below.blank()
    ending = below.text() + foot(report, keys=keys, width=width, color=color)
    middle = "" if focus is None or trouble else render_problem(focus, width=width, color=color)
    top = above.text().rstrip("\n") + "\n\n"
    # Beside the empty line before the foot: the cursor has the last line of the screen.
    room = height - top.count("\n") - ending.count("\n") - 2
    return f"{top}{_cut(middle, max(room, LEAST))}\n{ending}"


def foot(report: Report | None, *, keys: bool, width: int, color: bool) -> str:
    """Return the last two lines: how long it took, and what a key does."""
    page = Page(page_width(width), color)
    took = f"graded in {report.duration_s:.2f} s, " if report is not None else ""
    page.add(f"{took}waiting for a save", style="dim")
    page.add_spans([("   ".join(f"{key} {meaning}" for key, meaning in KEYS) if keys else "Ctrl-C ends", "bold")])
    return page.text()


def _add_changes(page: Page, changes: Sequence[tuple[ProblemResult, int]]) -> None:
    for problem, before in changes[:MOST_CHANGES]:
        style = STYLES[problem.status]
        points = score_text(problem.score, problem.max_score)
        if problem.score != before:
            points = f"{points_text(before)} -> {points}"
        line = f"{clean(problem.id, 60)}  {points}  {status_words(problem)}"
        page.add_spans([(f"  {SYMBOLS[problem.status]} ", style), (fit(line, page.width - 4), style)])
    more = len(changes) - MOST_CHANGES
    if more > 0:
        page.add(f"... and {more} more", indent=4)


def _cut(text: str, room: int) -> str:
    lines = text.splitlines()
    if len(lines) <= room:
        return "".join(f"{line}\n" for line in lines)
    left_out = len(lines) - room + 1
    kept = [*lines[: room - 1], f"... ({left_out} more line{plural(left_out)}, a shows all)"]
    return "".join(f"{line}\n" for line in kept)
