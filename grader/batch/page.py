"""The instructor's page: the whole class at a glance. No script, no request to anywhere, light and dark."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from grader.batch.overview import BINS, MOST_LINKS, Common, Link, Overview, Task
from grader.render.templating import load_template
from grader.render.text import clean
from grader.render.words import OUTCOMES
from grader.report import Outcome, points_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Colours that stand for the page's own, which are others in the dark.
_INK, _RULE, _BARS = "#010101", "#020202", "#030303"
_COLORS: Mapping[str, str] = MappingProxyType({_INK: "var(--ink)", _RULE: "var(--rule)", _BARS: "var(--bars)"})
_STYLE: Mapping[Any, Any] = MappingProxyType(
    {"svg.fonttype": "none", "svg.hashsalt": "grader", "font.family": "sans-serif", "font.size": 11}
)
_SHOWN = (
    Outcome.PARTIAL,
    Outcome.FAILED,
    Outcome.NOT_IMPLEMENTED,
    Outcome.ERROR,
    Outcome.TIMEOUT,
    Outcome.BLOCKED,
)


def render(overview: Overview, version: str) -> str:
    """Return the page. Nothing of a student's gets in unescaped; the same gradebook gives the same page."""
    students = sum(count for _, count in overview.totals)
    return load_template("grader.batch", "class.html").render(
        name=clean(overview.name, 60),
        title=clean(overview.title, 120),
        counts=overview.counts,
        summary=_summarise(overview),
        students=students,
        histogram=_draw_totals(overview) if students else "",
        losses=_draw_losses(overview) if overview.counts["graded"] else "",
        outcomes=[OUTCOMES[outcome] for outcome in _SHOWN],
        tasks=[_task(one) for one in overview.tasks],
        mistakes=[_common(one) for one in overview.mistakes],
        unnamed=[_common(one) for one in overview.unnamed],
        slowest=[(_clean(link), f"{seconds:.1f}") for link, seconds in overview.slowest],
        faults=[(_clean(link), clean(text)) for link, text in overview.faults],
        refused=[(_clean(link), clean(text)) for link, text in overview.refused],
        overrides=[_override(*row) for row in overview.overrides],
        version=clean(version, 60),
    )


def _clean(link: Link) -> Link:
    return Link(clean(link.text, 60), link.address)


def _task(one: Task) -> list[Any]:
    worth = [clean(one.problem, 60), points_text(one.max_score), _points(one.lost), one.full]
    return [*worth, *(one.outcomes[outcome.value] for outcome in _SHOWN)]


def _override(link: Link, problem: str, score: int | None, points: int, reason: str) -> list[Any]:
    before = "none" if score is None else points_text(score)
    return [_clean(link), clean(problem, 60), before, points_text(points), clean(reason)]


def _common(one: Common) -> dict[str, Any]:
    return {
        "problem": clean(one.problem, 60),
        "name": clean(one.name, 100),
        "count": one.count,
        "text": clean(one.text, 1200),
        "links": [_clean(link) for link in one.links],
        "more": one.count - min(one.count, MOST_LINKS),
    }


def _points(hundredths: float) -> str:
    return f"{hundredths / 100:.2f}"


def _summarise(overview: Overview) -> str:
    """Return mean and median of the totals, and how many are full."""
    students = sum(count for _, count in overview.totals)
    if not students:
        return "nobody has a score yet"
    mean = sum(total * count for total, count in overview.totals) / students
    full = sum(count for total, count in overview.totals if total == overview.max_score)
    values = [_ranked(overview.totals, (students - 1) // 2), _ranked(overview.totals, students // 2)]
    most = points_text(overview.max_score)
    return f"mean {_points(mean)}, median {_points(sum(values) / 2)} of {most}; {full} with full marks"


def _ranked(totals: Sequence[tuple[int, int]], rank: int) -> int:
    """Return the total of the student at a rank, counted from 0 and from below."""
    for total, count in totals:
        if rank < count:
            return total
        rank -= count
    raise IndexError(rank)


def _draw_totals(overview: Overview) -> str:
    counts = [0] * BINS
    for total, count in overview.totals:
        counts[min(BINS - 1, total * BINS // overview.max_score)] += count
    width = overview.max_score / 100 / BINS

    def draw(axes: Axes) -> None:
        axes.bar([number * width for number in range(BINS)], counts, width * 0.94, align="edge", color=_BARS)
        axes.set_xlim(0, overview.max_score / 100)
        axes.set_xlabel("points")
        axes.set_ylabel("students")
        axes.locator_params(axis="y", integer=True)

    return _draw(draw, 3.0)


def _draw_losses(overview: Overview) -> str:
    names = [clean(one.problem, 40) for one in overview.tasks]

    def draw(axes: Axes) -> None:
        axes.barh(names, [one.lost / 100 for one in overview.tasks], color=_BARS)
        axes.invert_yaxis()
        axes.set_xlabel("points lost by a submission, on average")

    return _draw(draw, 0.8 + 0.26 * len(names))


def _draw(draw: Any, height: float) -> str:
    """Return an inline SVG in the page's own colours and fonts."""
    import matplotlib  # For start-up time.
    from matplotlib.figure import Figure

    with matplotlib.rc_context(dict(_STYLE)):
        figure = Figure(figsize=(7.2, height), layout="constrained")
        axes = figure.add_subplot()
        draw(axes)
        _paint(axes)
        return _to_svg(figure)


def _paint(axes: Axes) -> None:
    axes.set_facecolor("none")
    axes.tick_params(colors=_INK, length=0)
    axes.grid(visible=True, axis="both", color=_RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set_color(_INK)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _to_svg(figure: Figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    _, start, rest = buffer.getvalue().partition("<svg")
    svg = start + rest
    for stand_in, color in _COLORS.items():
        svg = svg.replace(stand_in, color)
    return svg
