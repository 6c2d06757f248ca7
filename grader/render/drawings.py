"""Pictures as geometry: where cells, bars and lines go in an SVG drawing. `templates/figures.html` draws them.

Everything stays readable without colour: size of an error is lightness, right entries are dots, lines differ in
dash and marker.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from grader.pictures import Depth, Heatmap, Histogram, Picture
from grader.render.text import clean, plural, show_number, show_numbers, show_shape

WIDTH, HEIGHT = 340.0, 190.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 22.0, 8.0, 36.0
MOST_LABELLED = 12
# The share of half an axis below which two ticks' texts would touch.
ROOM_FOR_A_TICK = 0.2
# Errors from the tolerance to the size of the answer, in powers of ten, are shades from faint to full.
FAINTEST = -8.0


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: its position in the drawing, and what stands beside it."""

    at: str
    text: str


@dataclass(frozen=True)
class Cell:
    """One entry of a heat map. shade: 0 to 1; dense: whether text on it must be in the background's colour."""

    x: str
    y: str
    shade: str
    dense: bool
    text: str
    title: str


@dataclass(frozen=True)
class Figure:
    """A drawing of `width` by `height` units. `kind` says which macro draws it and which fields it uses.

    bars, band, curve, line: path data; dots: (x, y) of markers; marks: the same, where there is no number to draw.
    """

    kind: str
    title: str
    caption: str
    width: float
    height: float
    cell: tuple[str, str] = ("0", "0")
    cells: tuple[Cell, ...] = ()
    bars: str = ""
    band: str = ""
    curve: str = ""
    line: str = ""
    dots: tuple[tuple[str, str], ...] = ()
    marks: tuple[tuple[str, str], ...] = ()
    x_ticks: tuple[Tick, ...] = ()
    y_ticks: tuple[Tick, ...] = ()
    x_label: str = ""
    y_label: str = ""


def make_figure(picture: Picture) -> Figure:
    """Return the drawing of a picture."""
    if isinstance(picture, Heatmap):
        return _heatmap(picture)
    return _histogram(picture) if isinstance(picture, Histogram) else _depth(picture)


# --- heat maps --------------------------------------------------------------------------------------------


def _heatmap(picture: Heatmap) -> Figure:
    rows, columns = _grid(picture.shape)
    labelled = columns <= MOST_LABELLED
    width, height = (46.0, 26.0) if labelled else (max(9.0, 560.0 / columns), 20.0)
    left, top = 26.0, 18.0
    cells = []
    for flat in range(min(rows * columns, len(picture.error))):
        row, column = divmod(flat, columns)
        cells.append(_cell(picture, flat, left + column * width, top + row * height, labelled))
    step = 1 if labelled else 5
    wrong = sum(picture.wrong)
    rest = " The columns are the later axes, in order." if len(picture.shape) > 2 else ""
    return Figure(
        "heatmap",
        f"{clean(picture.name, 60)}, entry by entry",
        f"{wrong} of {len(picture.wrong)} entries are wrong in this case: {clean(picture.why, 200)}, "
        f"shape {show_shape(picture.shape)}.{rest} A dot is right. The stronger the shade, the further off; "
        "the number is the error over the size of the answer.",
        left + columns * width + 2,
        top + rows * height + 2,
        cell=(_n(width - 1.5), _n(height - 1.5)),
        cells=tuple(cells),
        x_ticks=tuple(Tick(_n(left + (i + 0.5) * width), str(i)) for i in range(0, columns, step)),
        y_ticks=tuple(Tick(_n(top + (i + 0.5) * height), str(i)) for i in range(rows))
        if len(picture.shape) > 1
        else (),
    )


def _grid(shape: Sequence[int]) -> tuple[int, int]:
    """Return rows and columns: the first axis down, all others across; a vector lies."""
    if len(shape) < 2:
        return 1, math.prod(shape)
    return shape[0], math.prod(shape[1:])


def _cell(picture: Heatmap, flat: int, x: float, y: float, labelled: bool) -> Cell:
    error, wrong = picture.error[flat], picture.wrong[flat]
    known = math.isfinite(error)
    shade = 0.0
    if wrong:
        power = math.log10(error) if known and error > 0 else 0.0
        shade = min(max(1.0 - power / FAINTEST, 0.12), 1.0)
    got, expected = show_numbers((picture.got[flat], picture.expected[flat]))
    text = "·" if not wrong else f"{error:.0e}".replace("e-0", "e-") if known and error < 0.01 else _short(error)
    title = f"[{', '.join(map(str, _unravel(flat, picture.shape)))}] got {got}, expected {expected}"
    return Cell(_n(x), _n(y), f"{shade:.2f}", shade > 0.55, text if labelled or not wrong else "", title)


def _short(error: float) -> str:
    if math.isnan(error):
        return "nan"
    return "huge" if error >= 1e4 else f"{error:.2g}"


def _unravel(flat: int, shape: Sequence[int]) -> list[int]:
    index = []
    for length in reversed(shape):
        flat, place = divmod(flat, length)
        index.append(place)
    return index[::-1]


# --- histograms -------------------------------------------------------------------------------------------


def _histogram(picture: Histogram) -> Figure:
    count = sum(picture.counts) + picture.outside
    step = 2 * picture.limit / len(picture.counts)
    densities = [number / (count * step) if count else 0.0 for number in picture.counts]
    density, peak = _density(picture)
    # A spike of equal weights must not flatten all the rest.
    highest = min(max(*densities, peak), 3 * peak) * 1.05
    x = _scale(-picture.limit, picture.limit, LEFT, WIDTH - RIGHT)
    y = _scale(0.0, highest, HEIGHT - BOTTOM, TOP)
    floor, bar = _n(y(0.0)), _n(x(step) - x(0.0) - 0.6)
    bars = "".join(
        f"M{_n(x(-picture.limit + i * step))} {floor}V{_n(y(min(value, highest)))}h{bar}V{floor}z"
        for i, value in enumerate(densities)
        if value
    )
    grid = [-picture.limit + picture.limit * i / 60 for i in range(121)]
    curve = _path([(x(value), y(density(value))) for value in grid])
    ticks = [-picture.limit, 0.0, picture.limit]
    if picture.spread > ROOM_FOR_A_TICK * picture.limit:
        ticks += [-picture.spread, picture.spread]
    lost = picture.outside
    words = {"uniform": "bound", "truncated": "standard deviation before it was cut"}
    asked = words.get(picture.family, "standard deviation")
    caption = (
        f"Bars: your {count} weights. Line: the density that was asked for ({picture.family}, {asked} "
        f"{show_number(picture.spread, 3)}); bars should follow it."
    )
    caption += f" {lost} weight{plural(lost)} {'lies' if lost == 1 else 'lie'} outside the picture." if lost else ""
    caption += " Bars that leave the picture are cut." if max(densities) > highest else ""
    return Figure(
        "histogram",
        f"weights of shape {show_shape(picture.shape)}",
        caption,
        WIDTH,
        HEIGHT,
        bars=bars,
        curve=curve,
        x_ticks=tuple(Tick(_n(x(value)), show_number(value, 2)) for value in ticks),
        y_ticks=tuple(Tick(_n(y(value)), show_number(value, 2)) for value in (0.0, peak)),
        x_label="weight",
        y_label="density",
    )


def _density(picture: Histogram) -> tuple[Callable[[float], float], float]:
    """Return the density that was asked for, and its greatest value."""
    spread = picture.spread
    if picture.family == "normal":
        peak = 1.0 / (spread * math.sqrt(2.0 * math.pi))
        return lambda value: peak * math.exp(-0.5 * (value / spread) ** 2), peak
    if picture.family == "truncated":
        top = 1.0 / (spread * math.sqrt(2.0 * math.pi) * math.erf(math.sqrt(2.0)))
        return lambda value: top * math.exp(-0.5 * (value / spread) ** 2) if abs(value) <= 2.0 * spread else 0.0, top
    height = 0.5 / spread
    return lambda value: height if abs(value) <= spread else 0.0, height


# --- standard deviation by depth --------------------------------------------------------------------------


def _depth(picture: Depth) -> Figure:
    shown = [value for value in (*picture.got, *picture.low, *picture.high) if math.isfinite(value) and value > 0]
    low, high = math.log10(min(shown, default=0.1)), math.log10(max(shown, default=1.0))
    # A flat line must look flat: at least a factor of ten is shown.
    middle, half = (low + high) / 2, max((high - low) * 0.54, 0.5)
    x = _scale(1, max(len(picture.got), 2), LEFT + 8, WIDTH - RIGHT - 8)
    level = _scale(middle - half, middle + half, HEIGHT - BOTTOM, TOP)

    def points(values: Sequence[float]) -> list[tuple[float, float]]:
        drawable = [(i, value) for i, value in enumerate(values, 1) if math.isfinite(value) and value > 0]
        return [(x(i), level(math.log10(value))) for i, value in drawable]

    missing = [i for i, value in enumerate(picture.got, 1) if not (math.isfinite(value) and value > 0)]
    noun = "z = h W" if picture.direction == "forward" else "the gradient by z"
    caption = (
        f"Solid line with dots: your network. Dashed line and band: right networks, nearly all of which stay in it. "
        f"{'Activations' if picture.direction == 'forward' else 'Gradients'} that fade fall below the band, "
        "those that explode rise above it."
    )
    caption += (
        f" Crosses: zero, infinite or no number in {len(missing)} layer{plural(len(missing))}." if missing else ""
    )
    return Figure(
        "depth",
        f"{clean(picture.activation, 20)}, {picture.direction}",
        caption,
        WIDTH,
        HEIGHT,
        band=_path(points(picture.high) + points(picture.low)[::-1]) + "z",
        curve=_path(points(picture.ideal)),
        line=_path(points(picture.got)),
        dots=tuple((_n(a), _n(b)) for a, b in points(picture.got)),
        marks=tuple((_n(x(i)), _n(HEIGHT - BOTTOM - 6)) for i in missing),
        x_ticks=tuple(Tick(_n(x(i)), str(i)) for i in range(1, len(picture.got) + 1)),
        y_ticks=tuple(Tick(_n(level(math.log10(value))), show_number(value, 3)) for value in _powers(middle, half)),
        x_label="layer",
        y_label=f"std of {noun}",
    )


def _powers(middle: float, half: float) -> list[float]:
    """Return four to eight round numbers between two powers of ten."""
    first, last = math.ceil(middle - half), math.floor(middle + half)
    if last - first < 3:
        fine = [factor * 10.0**power for power in range(first - 1, last + 1) for factor in (1, 2, 5)]
        return [value for value in fine if middle - half <= math.log10(value) <= middle + half]
    return [10.0**power for power in range(first, last + 1, 1 + (last - first) // 6)]


def _scale(low: float, high: float, begin: float, end: float) -> Callable[[float], float]:
    """Return the linear map from [low, high] to [begin, end]."""
    factor = (end - begin) / (high - low)
    return lambda value: begin + (value - low) * factor


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in points) if points else ""


def _n(value: float) -> str:
    return f"{value:.1f}"
