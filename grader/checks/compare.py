"""Comparing what a function returned with the reference, over all cases at once.

Right means |got - expected| <= tolerance * S, where S is the size of the terms that the answer is summed
from: a sum that cancels is small and still right. Everything is elementwise and written so that NaN fails.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np

from grader.report import Worst
from grader.sandbox.marks import Other

VALUE_TOLERANCE = 1e-8
EPSILON = float(np.finfo(np.float64).eps)
ROUNDING_FACTOR = 64.0


class Trouble(enum.IntEnum):
    """The first thing wrong with one returned value, in the order in which a case is judged."""

    NONE = 0
    FORM = 1
    ROUNDING = 2
    VALUE = 3
    SHAPE = 4
    CALL = 5


@dataclass(frozen=True)
class Answers:
    """The reference's answers of one return, over all cases: flat arrays and where each case begins."""

    name: str
    shapes: tuple[tuple[int, ...], ...]
    expected: np.ndarray
    scale: np.ndarray
    kappa: np.ndarray
    infinite: np.ndarray

    @cached_property
    def starts(self) -> list[int]:
        """Where each case begins in the flat arrays; one entry more than there are cases."""
        ends = [0]
        for shape in self.shapes:
            ends.append(ends[-1] + _size(shape))
        return ends

    def window(self, values: np.ndarray, index: int) -> np.ndarray:
        """Return one case of a flat array, in its shape."""
        starts = self.starts
        return values[starts[index] : starts[index + 1]].reshape(self.shapes[index])

    def wrong(self, index: int, got: np.ndarray) -> np.ndarray:
        """Return which entries of one case are wrong, in its shape."""
        expected, scale, kappa = (self.window(part, index) for part in (self.expected, self.scale, self.kappa))
        with np.errstate(all="ignore"):
            allowed = np.maximum(VALUE_TOLERANCE, ROUNDING_FACTOR * EPSILON * kappa) * scale
            wrong: np.ndarray = ~(np.abs(got - expected) <= allowed)
        return wrong

    def to_tree(self) -> dict[str, Any]:
        """Return plain values for the bank."""
        return {
            "name": self.name,
            "shapes": [list(shape) for shape in self.shapes],
            "arrays": np.stack([self.expected, self.scale, self.kappa, self.infinite]),
        }

    @staticmethod
    def from_tree(tree: dict[str, Any]) -> Answers:
        """Rebuild from what `to_tree` wrote."""
        expected, scale, kappa, infinite = tree["arrays"]
        shapes = tuple(tuple(shape) for shape in tree["shapes"])
        return Answers(tree["name"], shapes, expected, scale, kappa, infinite)

    @staticmethod
    def gather(name: str, cases: Sequence[tuple[np.ndarray, Any, Any, bool]]) -> Answers:
        """Collect (expected, scale, kappa, infinite_ok) of every case into flat float64 arrays."""
        shapes, flat = [], []
        for expected, scale, kappa, infinite in cases:
            value = np.asarray(expected)
            shapes.append(value.shape)
            columns = (
                np.broadcast_to(np.asarray(part), value.shape).ravel() for part in (value, scale, kappa, infinite)
            )
            flat.append(np.stack([column.astype(np.float64) for column in columns]))
        expected, scale, kappa, infinite = np.concatenate(flat, axis=1)
        return Answers(name, tuple(shapes), expected, scale, kappa, infinite)


@dataclass(frozen=True)
class Remark:
    """What is wrong with one return in one case. `form` is a lesser finding that may come beside `trouble`.

    `code` is the kind of a call that gave nothing ("raised ValueError"), the same however it was worded.
    `locate` finds the worst entry: of fifty failing cases one is shown.
    """

    trouble: Trouble
    message: str = ""
    form: str = ""
    code: str = ""
    locate: Callable[[], Worst] | None = None

    @property
    def worst(self) -> Worst | None:
        """The entry that is furthest off, where there are entries to compare."""
        return None if self.locate is None else self.locate()


@dataclass
class Compared:
    """The remarks of one return by case (only cases with trouble have one), and the worst error seen."""

    remarks: dict[int, Remark] = field(default_factory=dict)
    arrays: list[np.ndarray | None] = field(default_factory=list)
    worst_error: float = 0.0


def compare(answers: Answers, returned: Sequence[Any]) -> Compared:
    """Compare one return in every case. `returned[i]` is a decoded value, or a `Remark` where there is none."""
    result = Compared()
    pieces: list[np.ndarray] = []
    for index, (value, shape) in enumerate(zip(returned, answers.shapes, strict=True)):
        if type(value) is np.ndarray and value.shape == shape and value.dtype == np.float64:
            read: tuple[np.ndarray | None, Remark | None] = value, None
        else:
            read = _read(value, shape, answers.name)
        array, remark = read
        if remark is not None:
            result.remarks[index] = remark
        result.arrays.append(array)
        pieces.append(np.full(_size(shape), np.nan) if array is None else array.ravel())
    _judge(answers, np.concatenate(pieces) if pieces else np.zeros(0), result)
    return result


def _judge(answers: Answers, got: np.ndarray, result: Compared) -> None:
    with np.errstate(all="ignore"):
        error = np.abs(got - answers.expected)
        fine = ROUNDING_FACTOR * EPSILON * answers.kappa
        allowed = np.maximum(VALUE_TOLERANCE, fine)
        right = error <= allowed * answers.scale
        right |= (answers.infinite > 0) & (got == np.inf)
        precise = right & ~(error > fine * answers.scale) | (np.isinf(got) & right)
        if precise.all():
            result.worst_error = float(
                np.max(np.where(np.isfinite(error), error / _positive(answers.scale), 0.0), initial=0.0)
            )
            return
    starts = answers.starts
    for index, shape in enumerate(answers.shapes):
        window = slice(starts[index], starts[index + 1])
        array = result.arrays[index]
        if array is None or precise[window].all():
            continue
        trouble = Trouble.ROUNDING if right[window].all() else Trouble.VALUE
        limits = allowed if trouble is Trouble.VALUE else fine
        expected, scale = answers.expected[window], answers.scale[window]
        locate = partial(worst_entry, got[window], expected, scale, limits[window], shape)
        form = result.remarks[index].form if index in result.remarks else ""
        result.remarks[index] = Remark(trouble, form=form, locate=locate)


def worst_entry(
    got: np.ndarray, expected: np.ndarray, scale: np.ndarray, allowed: np.ndarray, shape: tuple[int, ...]
) -> Worst:
    """Return the entry that is furthest off, relative to its scale and what was allowed there (flat arrays in)."""
    relative = relative_error(got, expected, scale)
    with np.errstate(all="ignore"):
        excess = np.where(np.isnan(relative), np.inf, relative / _positive(allowed))
    flat = int(np.argmax(excess))
    index = tuple(int(i) for i in np.unravel_index(flat, shape)) if shape else ()
    return Worst(index, float(got[flat]), float(expected[flat]), float(relative[flat]), float(allowed[flat]))


def relative_error(got: np.ndarray, expected: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Return |got - expected| over the answer's scale, entry by entry."""
    with np.errstate(all="ignore"):
        error: np.ndarray = np.abs(got - expected) / _positive(scale)
    return error


def _positive(values: np.ndarray) -> np.ndarray:
    """Return values with zeros replaced, so that a ratio is large rather than undefined."""
    return np.where(values > 0, values, np.finfo(np.float64).tiny)


def _read(value: Any, shape: tuple[int, ...], name: str) -> tuple[np.ndarray | None, Remark | None]:
    """Return the value as float64 of the expected shape, and what is remarkable about it."""
    if isinstance(value, Remark):
        return None, value
    form = ""
    if isinstance(value, (tuple, list)):
        array = _from_sequence(value)
        form = f"{name} is a list or tuple, expected a NumPy array"
        if array is None:
            return None, Remark(Trouble.SHAPE, f"{form} of shape {show_shape(shape)}.")
    elif isinstance(value, (bool, int, float)) or (isinstance(value, np.ndarray) and value.dtype.kind in "biufc"):
        array = np.asarray(value)
    else:
        return None, Remark(Trouble.SHAPE, f"{name} is {_kind_of(value)}, expected {_wanted(shape)}.")
    if array.dtype.kind == "c" and array.size and not np.any(array.imag):
        array, form = array.real, f"{name} is complex, expected float64"
    if array.dtype.kind == "c":
        return None, Remark(Trouble.VALUE, f"{name} is complex, expected {_wanted(shape)}.")
    if array.shape != shape:
        extra = len(array.shape) - len(shape)
        # Only a leading axis, as keepdims leaves it: (M, 1) for (M,) would broadcast to something else.
        if extra < 1 or array.shape != (1,) * extra + shape:
            return None, Remark(Trouble.SHAPE, _shape_message(name, array.shape, shape))
        form = f"{name} has shape {show_shape(array.shape)}, expected {show_shape(shape)}: an axis of length 1 too many"
    array = array.astype(np.float64).reshape(shape)
    return array, Remark(Trouble.FORM, form=form) if form else None


def _shape_message(name: str, got: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    message = f"{name} has shape {show_shape(got)}, expected {show_shape(wanted)}."
    if len(got) == 2 and got == wanted[::-1]:
        message += " Is it transposed?"
    elif sorted(got) == sorted(wanted):
        message += " Are its axes in another order?"
    elif wanted == ():
        message += " It is one number for the whole batch: is a sum missing?"
    elif len(got) > len(wanted):
        message += (
            " There is one for every example: is a sum or mean over the batch missing?" if got[1:] == wanted else ""
        )
    elif _size(got) == _size(wanted) > 1:
        message += " The number of entries is right: is a reshape missing?"
    elif got == ():
        message += " Was the sum taken over every axis?"
    return message


def _from_sequence(value: Sequence[Any]) -> np.ndarray | None:
    try:
        array = np.array(value)
    except ValueError:
        return None
    return array if array.dtype.kind in "biuf" else None


def _kind_of(value: Any) -> str:
    if value is None:
        return "None"
    if isinstance(value, Other):
        return f"a value of type {value.type_name}"
    return f"a value of type {type(value).__name__}"


def _wanted(shape: tuple[int, ...]) -> str:
    return "a number" if shape == () else f"an array of shape {show_shape(shape)}"


def show_shape(shape: Sequence[int]) -> str:
    """Return a shape as NumPy shows it: `(3,)`, `(3, 4)`."""
    return str(tuple(shape))


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for length in shape:
        size *= length
    return size
