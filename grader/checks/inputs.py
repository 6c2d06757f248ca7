"""The vocabulary for a function's inputs: what Hypothesis may draw, written as plain data.

    inputs={"x": Array("N D...", ("normal", "ties")), "w": Array("D M"), "b": Array("M")}

Axes are named; equal names have equal length within a case. `D...` stands for one to three axes whose
product is `D`. Nothing here imports Hypothesis: `cases.py` turns declarations into strategies when a bank
is built.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from grader.checks import regimes
from grader.errors import AssignmentError, did_you_mean
from grader.sandbox.functions import NAMED

PLAIN = ("normal", "integers")
# Which divisor of a length is drawn: 1, the next after it, the last before the length, the length itself.
DIVISORS = ("one", "few", "many", "all")


@dataclass(frozen=True)
class Array:
    """A float64 array with named axes, e.g. `Array("N D")`.

    `values` are regime names: the array takes the case's regime where it lists it, else its own first one.
    `broadcast`: in some cases axes have length 1, or are missing in front, as NumPy stretches them.
    """

    axes: str
    values: tuple[str, ...] = PLAIN
    broadcast: bool = False

    def __post_init__(self) -> None:
        _refuse_stretched_groups(self)
        for name in self.values:
            if name not in regimes.REGIMES:
                raise AssignmentError(
                    f"Array({self.axes!r}): unknown regime {name!r}{did_you_mean(name, regimes.REGIMES)}"
                )


@dataclass(frozen=True)
class Shape:
    """The lengths of named axes, as a tuple of ints; `broadcast` as for an array."""

    axes: str
    broadcast: bool = False

    def __post_init__(self) -> None:
        _refuse_stretched_groups(self)


@dataclass(frozen=True)
class Function:
    """One of a few plain functions by name: the student's process supplies it, no code crosses the wire."""

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        for name in self.names:
            if name not in NAMED:
                raise AssignmentError(f"Function: there is no plain function {name!r}{did_you_mean(name, NAMED)}")


@dataclass(frozen=True)
class Labels:
    """Integer labels with one axis, each at least 0 and below the length of the axis `below`."""

    axis: str
    below: str


@dataclass(frozen=True)
class Choice:
    """One of a few plain values: numbers or strings."""

    options: tuple[Any, ...]


@dataclass(frozen=True)
class Size:
    """The length of a named axis, as an int: `fan_in`."""

    axis: str


@dataclass(frozen=True)
class Divisor:
    """A whole number that divides the length of a named axis: how many groups of channels."""

    axis: str


@dataclass(frozen=True)
class Sizes:
    """A list of `fewest` to `most` layer sizes."""

    fewest: int
    most: int


@dataclass(frozen=True)
class Generator:
    """A seeded `numpy.random.Generator`, made where the student's code runs."""


@dataclass(frozen=True)
class Maybe:
    """An input that is left out in some cases, so that its default is tried."""

    input: Input


@dataclass(frozen=True)
class Record:
    """A dictionary of inputs, the one kind of argument that a function may write to: `bn_param`."""

    entries: Mapping[str, Input]


Input = Array | Shape | Function | Labels | Choice | Size | Divisor | Sizes | Generator | Maybe | Record
Inputs = Mapping[str, Input]


def axes_of(inputs: Inputs) -> tuple[str, ...]:
    """Return the names of all axes in the order in which they first appear; groups keep their dots."""
    found: dict[str, None] = {}
    grouped: set[str] = set()
    for item in _leaves(inputs):
        for axis in _axes(item):
            found.setdefault(axis)
            if axis.endswith("..."):
                grouped.add(axis[:-3])
    return tuple(axis for axis in found if axis not in grouped)


def regimes_of(inputs: Inputs) -> tuple[str, ...]:
    """Return the regimes that cases go through: those of every array that lists more than one."""
    found: dict[str, None] = {}
    for item in _leaves(inputs):
        if isinstance(item, Array) and len(item.values) > 1:
            found.update(dict.fromkeys(item.values))
    return tuple(found) or ("normal",)


def arrays_of(inputs: Inputs) -> tuple[str, ...]:
    """Return the names of the arguments that are arrays: those that a backward has gradients for."""
    return tuple(name for name, item in inputs.items() if isinstance(item, Array))


def has_batch(inputs: Inputs) -> bool:
    """Whether the first array has the examples, N of them, along its first axis."""
    first = next((item for item in inputs.values() if isinstance(item, Array)), None)
    return first is not None and _axes(first)[:1] == ("N",)


def choices_of(inputs: Inputs, prefix: str = "") -> dict[str, tuple[Any, ...]]:
    """Return the options of every choice by its path (`bn_param.mode`).

    `path?` is whether an input is given at all, `path~` how its axes are shortened.
    """
    found: dict[str, tuple[Any, ...]] = {}
    for name, item in inputs.items():
        path = prefix + name
        if isinstance(item, Choice):
            found[path] = item.options
        elif isinstance(item, Function):
            found[path] = item.names
        elif isinstance(item, (Array, Shape)) and item.broadcast:
            found[path + "~"] = shortened(item.axes)
        elif isinstance(item, Divisor):
            found[path] = DIVISORS
        elif isinstance(item, Maybe):
            found[path + "?"] = (True, False)
            found.update(choices_of({name: item.input}, prefix))
        elif isinstance(item, Record):
            found.update(choices_of(item.entries, path + "."))
    return found


def shortened(axes: str) -> tuple[str, ...]:
    """Return every form of axes that broadcasting makes good: `N D`, `N 1`, `1 D`, `1 1`, `D`, `1` and none."""
    names = axes.split()
    kept = [names[missing:] for missing in range(len(names) + 1)]
    return tuple(" ".join(form) for some in kept for form in product(*((name, "1") for name in some)))


def _refuse_stretched_groups(item: Array | Shape) -> None:
    if item.broadcast and "..." in item.axes:
        raise AssignmentError(f"{type(item).__name__}({item.axes!r}): a group of axes cannot be broadcast; name each")


def _leaves(inputs: Inputs) -> list[Input]:
    leaves: list[Input] = []
    for item in inputs.values():
        if isinstance(item, Maybe):
            leaves.extend(_leaves({"": item.input}))
        elif isinstance(item, Record):
            leaves.extend(_leaves(item.entries))
        else:
            leaves.append(item)
    return leaves


def _axes(item: Input) -> tuple[str, ...]:
    if isinstance(item, (Array, Shape)):
        return tuple(item.axes.split())
    if isinstance(item, Labels):
        return (item.axis, item.below)
    return (item.axis,) if isinstance(item, (Size, Divisor)) else ()
