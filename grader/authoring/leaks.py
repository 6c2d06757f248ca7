"""Proof that nothing of the solutions stands in what students see."""

from __future__ import annotations

import ast
import copy
import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from typing import Any

SHORTEST = 25


def leaks(reference_source: str, graded_names: Collection[str], texts: Mapping[str, str]) -> list[str]:
    """Return a sentence for each statement of the solution that stands in a text, white space aside.

    Statements are those of graded functions and of private helpers: whole simple statements and the heads of
    compound ones, of 25 characters or more without white space. Docstrings are not code, and what a given
    function says too is no secret.
    """
    secret: dict[str, tuple[str, str]] = {}
    given: set[str] = set()
    for node in ast.parse(reference_source).body:
        owner = _owner(node, graded_names)
        for statement in _statements(node, whole=owner != getattr(node, "name", None)):
            forms = _forms(statement, reference_source)
            if owner is None:
                given |= forms
            else:
                secret.update({form: (owner, ast.unparse(statement).split("\n")[0]) for form in forms})
    # A secret that is a part of a given statement is found wherever that is.
    secret = {form: about for form, about in secret.items() if not any(form in other for other in given)}
    found: dict[tuple[str, str, str], None] = {}
    for name, text in texts.items():
        haystack = _readings(name, text)
        for form, (owner, code) in secret.items():
            if form in haystack:
                found[name, owner, code] = None
    return [f"{name} holds a statement of the solution of {owner}: `{code}`" for name, owner, code in found]


def _owner(node: ast.stmt, graded_names: Collection[str]) -> str | None:
    """Return the name of the secret that a module-level statement is, or None for what students are given."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        secret = node.name in graded_names or _is_private(node.name)
        return node.name if secret else None
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
        return names[0] if names and all(map(_is_private, names)) else None
    return None


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def _statements(node: ast.stmt, *, whole: bool) -> Iterator[ast.stmt]:
    """Yield the statements in a module-level statement, itself among them if `whole`."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.stmt) and (whole or inner is not node):
            value = inner.value if isinstance(inner, ast.Expr) else None
            if not (isinstance(value, ast.Constant) and isinstance(value.value, str)):
                yield inner


def _forms(statement: ast.stmt, source: str) -> set[str]:
    """Return how a statement may be spelled: as it is written, and as the parser understands it."""
    written = ast.get_source_segment(source, statement) or ""
    spelled = {written, ast.unparse(statement)}
    if hasattr(statement, "body"):
        spelled = _heads(statement, written)
    return {form for form in map(_squeeze, spelled) if len(form) >= SHORTEST}


def _heads(statement: Any, written: str) -> set[str]:
    """Return the spellings of a compound statement without what is inside it."""
    head = copy.copy(statement)
    head.body = [ast.Pass()]
    for rest in ("orelse", "finalbody", "handlers"):
        if hasattr(head, rest):
            setattr(head, rest, [])
    lines = written.split("\n")[: statement.body[0].lineno - statement.lineno]
    return {ast.unparse(head).removesuffix("pass"), "".join(line.partition("#")[0] for line in lines)}


def _readings(name: str, text: str) -> str:
    """Return everything that a text says, squeezed: as it is, and as a notebook or as Python."""
    readings = [text]
    if name.endswith(".ipynb"):
        with suppress(ValueError):
            readings.append("".join(_strings(json.loads(text))))
    for reading in tuple(readings) if name.endswith((".py", ".ipynb")) else ():
        with suppress(SyntaxError, ValueError):
            readings.append(ast.unparse(ast.parse(reading)))
    return "\0".join(map(_squeeze, readings))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for entry in value:
            yield from _strings(entry)
    elif isinstance(value, dict):
        for entry in value.values():
            yield from _strings(entry)


def _squeeze(text: str) -> str:
    """Return text without white space, and with one kind of quotes."""
    return "".join(text.split()).replace('"', "'")
