"""A case as NumPy code that a student can paste, run and check by hand."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from grader.sandbox.functions import NAMED
from grader.sandbox.marks import Named, Seed

SCREEN_LINES = 18
SCREEN_ENTRIES = 24
# A report indents code by eight columns of eighty.
SCREEN_COLUMNS = 72


def case_code(arguments: Mapping[str, Any], calls: Sequence[str], expected: Mapping[str, Any]) -> str:
    """Return the case as code, or "" when it would not fit on a screen."""
    entries = sum(value.size for value in arguments.values() if isinstance(value, np.ndarray))
    if entries > SCREEN_ENTRIES:
        return ""
    text = full_code(arguments, calls, expected)
    lines = text.splitlines()
    if len(lines) > SCREEN_LINES or max(map(len, lines), default=0) > SCREEN_COLUMNS:
        return ""
    return text


def full_code(arguments: Mapping[str, Any], calls: Sequence[str], expected: Mapping[str, Any]) -> str:
    """Return the case as code, however long: assignments, calls, and the expected values as comments."""
    lines = [_definition(value.name) for value in arguments.values() if isinstance(value, Named)]
    lines += [line for name, value in arguments.items() for line in _assignment(name, value)]
    lines += calls
    for name, value in expected.items():
        begin = f"# {name} should be "
        whole = begin + short_literal(value)
        if len(whole) > SCREEN_COLUMNS and np.ndim(value) > 1:
            rows = _fill(begin + "[", [short_literal(row) for row in value], "]")
            lines += ["#" + line[1:] for line in rows]
        else:
            lines.append(whole)
    return "\n".join(lines)


def _assignment(name: str, value: Any) -> list[str]:
    """Return code that gives a name its value; where a line would be too long, by entries or by rows."""
    line = f"{name} = {literal(value)}"
    if len(line) <= SCREEN_COLUMNS:
        return [line]
    if isinstance(value, Mapping):
        entries = [f"{key!r}: {literal(entry)}" for key, entry in value.items()]
        return _fill(f"{name} = {{", entries, "}", columns=SCREEN_COLUMNS)
    begin, end = f"{name} = np.array(", line.rpartition("]")[2]
    if isinstance(value, np.ndarray) and value.ndim and line.startswith(f"{begin}["):
        rows = [repr(row) for row in value.tolist()]
        if value.ndim > 1 and max(map(len, rows)) <= SCREEN_COLUMNS - len(begin) - 2:
            return _fill(f"{begin}[", rows, f"]{end}")
        return _wrapped(begin, value, end)
    return [line]


def _wrapped(begin: str, value: np.ndarray, end: str) -> list[str]:
    """Return an array with rows that are longer than a line; every number stays what it is."""
    if value.ndim == 1:
        return _fill(f"{begin}[", [repr(entry) for entry in value.tolist()], f"]{end}", columns=SCREEN_COLUMNS)
    lines: list[str] = []
    for number, row in enumerate(value):
        opening = " " * (len(begin) + 1) if number else f"{begin}["
        lines += _wrapped(opening, row, "," if number + 1 < len(value) else f"]{end}")
    return lines


def _fill(begin: str, items: Sequence[str], end: str, *, columns: int = 0) -> list[str]:
    """Return the items one a line, each below the first; in lines as full as `columns` allow, where given."""
    lines, indent = [begin], " " * len(begin)
    for number, item in enumerate(items):
        text = item + (end if number + 1 == len(items) else ",")
        if number == 0:
            lines[-1] += text
        elif len(lines[-1]) + 1 + len(text) <= columns:
            lines[-1] += f" {text}"
        else:
            lines.append(indent + text)
    return lines


def literal(value: Any) -> str:
    """Return Python code that makes exactly this value."""
    if isinstance(value, np.ndarray):
        if value.dtype == np.float64 and value.size and np.all(value == value.ravel()[0]) and value.size > 4:
            return f"np.full({value.shape}, {value.ravel()[0].item()!r})"
        kind = "" if value.dtype == np.float64 or value.dtype.kind in "iu" else f", dtype=np.{value.dtype}"
        return f"np.array({value.tolist()!r}{kind})"
    if isinstance(value, Seed):
        return f"np.random.default_rng({value.value})"
    if isinstance(value, Named):
        return value.name
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key!r}: {literal(entry)}" for key, entry in value.items()) + "}"
    return repr(value)


def _definition(name: str) -> str:
    """Return a plain function as code, without its docstring and types."""
    (node,) = ast.parse(inspect.getsource(NAMED[name])).body
    assert isinstance(node, ast.FunctionDef)
    node.returns, node.body = None, node.body[1:]
    for argument in node.args.args:
        argument.annotation = None
    return f"{ast.unparse(node)}\n"


def short_literal(value: Any) -> str:
    """Return a value for reading: arrays with six significant digits."""
    if isinstance(value, np.ndarray):
        return repr(_rounded(value.tolist()))
    return repr(_rounded(value))


def _rounded(value: Any) -> Any:
    if isinstance(value, list):
        return [_rounded(entry) for entry in value]
    # Nobody needs to be told of a zero's sign.
    return float(f"{value:.6g}") + 0.0 if isinstance(value, float) else value
