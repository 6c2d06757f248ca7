"""What may cross between grader and student: limits, dtypes, and marks for values that stay where they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

MAX_BYTES = 256 * 2**20
MAX_NODES = 1_000_000
MAX_TEXT_BYTES = 64 * 2**20
MAX_DEPTH = 24
MAX_DIMENSIONS = 8
NAME_CHARS = 80

Buffer: TypeAlias = bytes | bytearray | memoryview
DTYPES = tuple(np.dtype(code) for code in ("?", "u1", "<i4", "<i8", "<f4", "<f8", "<c8", "<c16"))


class WireError(Exception):
    """The bytes are not a tree of ours, or the tree holds what cannot cross."""


@dataclass(frozen=True)
class Seed:
    """Stands for a fresh `numpy.random.default_rng(value)`, which the executor makes."""

    value: int


@dataclass(frozen=True)
class Handle:
    """Stands for a value that stayed in the worker: a cache."""


@dataclass(frozen=True)
class Other:
    """Stands for a value that cannot cross. `type_name` has at most 80 printable characters."""

    type_name: str


@dataclass(frozen=True)
class Named:
    """Stands for a plain function that the executor supplies by name."""

    name: str


HANDLE = Handle()


def clean(text: str, limit: int) -> str:
    """Return `text` with white space as blanks, unprintable characters left out, cut to `limit` characters."""
    head = text[: 4 * limit]
    if not head.isprintable():
        head = "".join(c if c.isprintable() else " " if c.isspace() else "" for c in head)
    return head if len(head) <= limit else head[: limit - 3] + "..."


def plain_array(value: Any) -> np.ndarray[Any, np.dtype[Any]] | None:
    """Return `value` as a plain array of a dtype that crosses, or None where there is none.

    `value`: an array of any dtype and subclass, or a numpy scalar, which becomes a 0-d array.
    """
    if isinstance(value, np.ndarray):
        array = np.ndarray.view(value, np.ndarray)
    elif isinstance(value, np.generic):
        array = np.array(value)
    else:
        return None
    if array.ndim > MAX_DIMENSIONS or array.dtype.kind not in "biufc":
        return None
    dtype = array.dtype.newbyteorder("<")
    if dtype not in DTYPES:
        kind, size = dtype.kind, dtype.itemsize
        if kind in "iu":
            dtype = np.dtype("<i8")
        elif kind == "f":
            dtype = np.dtype("<f4" if size < 4 else "<f8")
        else:
            dtype = np.dtype("<c16")
    with np.errstate(all="ignore"):
        return array.astype(dtype, order="C", copy=False)
