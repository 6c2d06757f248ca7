"""Turns what student code returned or raised into plain trees. Runs beside student code and trusts none of it."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np

from grader.sandbox.marks import HANDLE, MAX_BYTES, NAME_CHARS, Other, clean

MAX_ARRAY_BYTES = 8 * 2**20
MAX_ITEMS = 4096
MAX_KEYS = 64
MAX_DEPTH = 3
MESSAGE_CHARS = 500
LINE_CHARS = 200
FRAMES = 6


@dataclass(frozen=True)
class Source:
    """A file of the student's: the name that people see, and its lines."""

    shown: str
    lines: Sequence[str]


Sources = Mapping[str, Source]


def type_name(value: Any) -> str:
    """Return the name of a value's type, whatever its metaclass does."""
    try:
        return clean(str(type(value).__name__), NAME_CHARS)
    except Exception:
        return "object"


# --- errors -----------------------------------------------------------------------------------------------


def describe_error(error: BaseException, sources: Sources) -> list[Any]:
    """Return `[type name, message, frames]`; frames lie in the student's files, innermost last."""
    if isinstance(error, SyntaxError) and error.filename in sources:
        return _describe_syntax_error(error, sources)
    try:
        message = clean(str(error), MESSAGE_CHARS)
    except BaseException as other:
        message = f"({type_name(other)} while the message was made)"
    return [type_name(error), message, _frames(error.__traceback__, sources)]


def _describe_syntax_error(error: SyntaxError, sources: Sources) -> list[Any]:
    source, line = sources[str(error.filename)], error.lineno or 1
    column = f", column {error.offset}" if (error.offset or 0) > 0 else ""
    message = clean(f"{error.msg} (line {line}{column})", MESSAGE_CHARS)
    # An IndentationError or TabError is a SyntaxError to the reader; its message says which.
    return ["SyntaxError", message, [[source.shown, line, "<module>", _line(source, line)]]]


def _frames(traceback: TracebackType | None, sources: Sources) -> list[list[Any]]:
    found: deque[list[Any]] = deque(maxlen=FRAMES)
    while traceback is not None:
        code, line = traceback.tb_frame.f_code, traceback.tb_lineno
        source = sources.get(code.co_filename)
        if source is not None:
            found.append([source.shown, line or 0, clean(code.co_name, NAME_CHARS), _line(source, line)])
        traceback = traceback.tb_next
    return list(found)


def _line(source: Source, line: int | None) -> str:
    if line is None or not 0 < line <= len(source.lines):
        return ""
    return clean(source.lines[line - 1].strip(), LINE_CHARS)


# --- values -----------------------------------------------------------------------------------------------


def describe_value(value: Any, keep: Sequence[int] = (), max_array_bytes: int = MAX_ARRAY_BYTES) -> Any:
    """Return a copy of a returned value as a tree; the items at `keep` of a tuple or list become handles.

    Arrays, numbers, None, tuples, lists and dicts with str keys cross; anything else becomes `Other`.
    """
    return _Describer(max_array_bytes).describe(value, 0, keep)


class _Describer:
    """Describes one value within one allowance of items."""

    def __init__(self, max_array_bytes: int) -> None:
        self.max_array_bytes = max_array_bytes
        self.left = MAX_ITEMS

    def describe(self, value: Any, depth: int, keep: Sequence[int] = ()) -> Any:
        """Return a tree that shares no memory with `value`."""
        kind = type(value)
        if kind is np.ndarray:
            return self._describe_array(value)
        if kind is tuple or kind is list:
            return self._describe_items(value, depth, keep)
        if value is None or kind is float or kind is bool:
            return value
        if kind is int:
            return value if -(2**63) <= value < 2**63 else Other("int")
        try:
            if isinstance(value, (np.ndarray, np.generic)):
                return self._describe_array(np.asarray(value) if isinstance(value, np.generic) else value)
            if isinstance(value, (tuple, list)):
                return self._describe_items(tuple(value), depth, keep)
            if isinstance(value, dict):
                return self._describe_dict(value, depth)
        except Exception:
            return Other(type_name(value))
        return Other(type_name(value))

    def _describe_items(self, value: Sequence[Any], depth: int, keep: Sequence[int]) -> Any:
        self.left -= len(value)
        if depth >= MAX_DEPTH or self.left < 0:
            return Other(type_name(value))
        if keep:
            return tuple(HANDLE if i in keep else self.describe(item, depth + 1) for i, item in enumerate(value))
        describe, depth = self.describe, depth + 1
        return tuple([describe(item, depth) for item in value])

    def _describe_dict(self, value: Mapping[Any, Any], depth: int) -> Any:
        self.left -= len(value)
        if depth >= MAX_DEPTH or self.left < 0 or len(value) > MAX_KEYS:
            return Other(type_name(value))
        if any(type(key) is not str for key in value):
            return Other(type_name(value))
        return {clean(key, NAME_CHARS): self.describe(item, depth + 1) for key, item in value.items()}

    def _describe_array(self, value: Any) -> Any:
        if type(value) is not np.ndarray:
            value = np.ndarray.view(value, np.ndarray)
        if value.nbytes > self.max_array_bytes:
            return Other(f"ndarray of shape {value.shape}")
        # An empty array with a huge axis crosses as bytes but not as something to compute with.
        if not value.size and math.prod(n or 1 for n in value.shape) > MAX_BYTES:
            return Other(f"ndarray of shape {value.shape}")
        if value.dtype.kind not in "biufc":
            return Other(f"ndarray of dtype {value.dtype.name}")
        return value.copy()
