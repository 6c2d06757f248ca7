"""What can be drawn of an answer: plain numbers, ready for a renderer. Nothing here draws.

Pictures are made only where somebody will look at them (`engine.grade(pictures=True)`): grading needs none.
Numbers may be nan or infinite, as the student's were.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Heatmap:
    """How far every entry of one answer is off, in the largest small case that failed.

    Flat, in C order of `shape`. error: |got - expected| over the answer's scale; wrong: beyond what is allowed.
    """

    name: str
    why: str
    shape: tuple[int, ...]
    got: tuple[float, ...]
    expected: tuple[float, ...]
    error: tuple[float, ...]
    wrong: tuple[bool, ...]


@dataclass(frozen=True)
class Histogram:
    """Drawn weights of one matrix in equal bins from -limit to limit, beside the density that was asked for.

    family: "normal" with standard deviation `spread`, "truncated" (that, cut at twice the spread), or "uniform" between
        -spread and spread.
    outside: how many weights lie beyond the bins, or are no numbers.
    """

    shape: tuple[int, ...]
    limit: float
    counts: tuple[int, ...]
    outside: int
    family: str
    spread: float


@dataclass(frozen=True)
class Depth:
    """The standard deviation of a signal by layer, first layer first, beside what right weights give.

    direction: "forward" (z = h W) or "backward" (the gradient with respect to z).
    low, high: where right networks lie, three standard deviations of the logarithm to either side of `ideal`.
    """

    activation: str
    direction: str
    got: tuple[float, ...]
    ideal: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


Picture = Heatmap | Histogram | Depth
