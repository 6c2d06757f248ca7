"""Figures of experiments: what the `experiments.py` of an assignment draws with, in a notebook and for `grader plot`.

    from grader.figures import LINES, experiment, panels

    @experiment
    def spread_by_depth():
        '''What to see, in a line: `grader plot` prints it.'''
        figure, axes = panels(1, 2, "Spread by depth")
        ...
        return figure

An experiment takes no arguments that it needs, calls the student's functions and returns a matplotlib Figure.
Where one of them is not written yet it returns an `Unfinished`, which a notebook shows as a sentence.
"""

from __future__ import annotations

import functools
import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["COLORS", "LINES", "Unfinished", "experiment", "experiments_in", "panels"]

_Arguments = ParamSpec("_Arguments")

# Okabe and Ito's colours, from dark to light: told apart by colour-blind readers and in greyscale.
COLORS = ("#000000", "#0072B2", "#D55E00", "#56B4E9", "#E69F00")
# Colour, dashes and marker differ together: any one of them tells two lines apart.
LINES: tuple[Mapping[str, Any], ...] = tuple(
    {"color": color, "linestyle": dashes, "marker": marker, "markersize": 5}
    for color, dashes, marker in zip(COLORS, ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1))), "osD^v", strict=True)
)
PANEL_WIDTH = 4.6
PANEL_HEIGHT = 3.2


@dataclass(frozen=True)
class Unfinished:
    """What an experiment returns in place of a figure: the function that has to be written before."""

    function: str

    def __str__(self) -> str:
        return f"Write {self.function} first, save its file, and draw this again."

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return f"<p><strong>Not drawn yet.</strong> {html.escape(str(self))}</p>"


def experiment(draw: Callable[_Arguments, Figure]) -> Callable[_Arguments, Figure | Unfinished]:
    """Mark a function as an experiment, and let it wait for functions that are not written yet."""

    @functools.wraps(draw)
    def guarded(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> Figure | Unfinished:
        try:
            return draw(*args, **kwargs)
        except NotImplementedError as error:
            return Unfinished(_raised_in(error.__traceback__))

    guarded.__dict__["is_experiment"] = True
    return guarded


def _raised_in(traceback: TracebackType | None) -> str:
    name = "a function"
    while traceback is not None:
        name, traceback = traceback.tb_frame.f_code.co_name, traceback.tb_next
    return name


def experiments_in(module: ModuleType) -> dict[str, Callable[[], Any]]:
    """Return the experiments of a module by name, in the order in which they stand there."""
    return {name: value for name, value in vars(module).items() if getattr(value, "is_experiment", False)}


def panels(rows: int, columns: int, title: str, **options: Any) -> tuple[Figure, Any]:
    """Return a figure with a title and its (rows, columns) array of axes; options are those of `Figure.subplots`."""
    from grader.figures.shown import ShownFigure  # For start-up time.

    figure = ShownFigure(figsize=(PANEL_WIDTH * columns, PANEL_HEIGHT * rows + 0.4), layout="constrained", dpi=100)
    figure.suptitle(title)
    axes = figure.subplots(rows, columns, squeeze=False, **options)
    for one in axes.flat:
        one.grid(alpha=0.3)
        one.set_axisbelow(True)
    return figure, axes
