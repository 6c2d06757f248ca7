"""A case as NumPy code that a student can paste, run and check by hand."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from grader.sandbox.functions import NAMED
from grader.sandbox.marks import Named, Seed

SCREEN_LINES = 14
SCREEN_ENTRIES = 24
SCREEN_COLUMNS = 96


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
    lines += [f"{name} = {literal(value)}" for name, value in arguments.items()]
    lines += calls
    lines += [f"# {name} should be {short_literal(value)}" for name, value in expected.items()]
    return "\n".join(lines)


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
    return float(f"{value:.6g}") if isinstance(value, float) else value
