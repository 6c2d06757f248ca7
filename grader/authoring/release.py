"""Stubs from solutions: what a student sees of a source file, by line numbers so that formatting survives.

A graded function keeps its signature and docstring and loses its body. Names that start with an underscore
belong to the solution and are dropped. Everything else stays as it is, byte for byte.
"""

from __future__ import annotations

import ast
import difflib
import io
import os
import re
import tokenize
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from grader.authoring.leaks import leaks
from grader.errors import AssignmentError

__all__ = ["StubInfo", "drift", "leaks", "release_files", "release_source", "write_files"]

WIDTH = 100
INDENT = "    "
DIFF_LINES = 40


@dataclass(frozen=True)
class StubInfo:
    """What a stub's docstring says about its problem. `points` is text: `8` or `2.5`."""

    points: str


def release_files(
    solutions: Path, graded: Mapping[str, StubInfo], *, assignment: str, files: Sequence[str]
) -> dict[str, str]:
    """Return the text of each released file by name.

    Raises AssignmentError where a file cannot be read or a graded function is in none of them, or in two.
    """
    released: dict[str, str] = {}
    places: dict[str, list[str]] = {name: [] for name in graded}
    for file in files:
        try:
            source = (solutions / file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise AssignmentError(f"{solutions / file} cannot be read ({error}); write the solution first.") from error
        released[file] = release_source(source, graded, assignment=assignment, file=file)
        for name in _functions(_parse(source, file)):
            if name in places:
                places[name].append(file)
    for name, found in places.items():
        if len(found) != 1:
            where = f"is in {' and in '.join(found)}" if found else f"is in none of {', '.join(files)}"
            raise AssignmentError(f"{solutions}: the graded function {name} {where}; wanted exactly one.")
    return released


def release_source(source: str, graded: Mapping[str, StubInfo], *, assignment: str, file: str = "the solution") -> str:
    """Return the stub of one solution file: graded functions emptied, private names dropped, the rest kept.

    Raises AssignmentError where that cannot be done by whole lines, or where what is kept needs what is dropped.
    """
    tree = _parse(source, file)
    lines: list[str | None] = [*_split(source)]
    dropped = [node for node in tree.body if _is_private(node)]
    emptied = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name in graded]
    _refuse_shared_lines(tree, [*dropped, *emptied], file)
    _refuse_missing_names(tree, dropped, emptied, file)
    for function in emptied:
        stub = _Stub(source, function, assignment, graded[function.name], file)
        first, last = function.lineno - 1, _last_line(lines, function)
        # One entry for the whole stub: the entries of the others keep their line numbers.
        lines[first:last] = ["\n".join(stub.lines()), *[None] * (last - first - 1)]
    for node in dropped:
        first, last = _first_line(lines, node), _last_line(lines, node)
        lines[first:last] = [None] * (last - first)
    return "\n".join(_close_gaps(lines)).rstrip("\n") + "\n"


def drift(expected: Mapping[str, str], folder: Path) -> list[str]:
    """Return one entry for each released file that is missing or differs: a sentence and a short diff."""
    differences = []
    for name, text in expected.items():
        path = folder / name
        try:
            found = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            differences.append(f"{path} is missing")
            continue
        if found != text:
            diff = difflib.unified_diff(
                found.splitlines(), text.splitlines(), f"{name} as it is", f"{name} as generated", lineterm="", n=1
            )
            differences.append(f"{path} differs from what is generated:\n{_cap(list(diff))}")
    return differences


def write_files(files: Mapping[str, str], folder: Path) -> None:
    """Write each file aside, then rename them all: a reader never sees half a file.

    Raises AssignmentError where that is not possible; files that are there stay as they are then.
    """
    aside: dict[Path, Path] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            path = folder / name
            aside[path] = path.with_name(f".{path.name}.{os.getpid()}")
            aside[path].write_text(text, encoding="utf-8", newline="\n")
        for path, written in aside.items():
            os.replace(written, path)
    except OSError as error:
        raise AssignmentError(f"cannot write to {folder} ({error}); is it there and writable?") from error
    finally:
        for written in aside.values():
            written.unlink(missing_ok=True)


# --- one graded function ----------------------------------------------------------------------------------


class _Stub:
    """The text of one emptied function."""

    def __init__(self, source: str, node: ast.FunctionDef, assignment: str, info: StubInfo, file: str) -> None:
        self.source, self.node, self.assignment, self.info, self.file = source, node, assignment, info, file
        self.colon_line, self.colon_end = _find_colon(_split(source), node)

    def lines(self) -> list[str]:
        """Return signature, docstring and the exception; decorators stay where they are, above."""
        lines = _split(self.source)
        header = lines[self.node.lineno - 1 : self.colon_line]
        header[-1] = header[-1][: self.colon_end]
        body = self.node.body[0]
        first = lines[body.lineno - 1]
        own_line = body.lineno > self.colon_line
        indent = first[: len(first) - len(first.lstrip())] if own_line else INDENT
        name = self.node.name
        return [
            *header,
            indent + self._docstring(indent),
            f"{indent}# Your code here.",
            f'{indent}raise NotImplementedError("{self.assignment}: {name} is not implemented yet")',
        ]

    def _docstring(self, indent: str) -> str:
        """Return the docstring with the lines on the problem before its closing quotes."""
        prefix, quotes, content = self._parts()
        help_lines = _pack(self._help(), WIDTH - len(indent))
        content = content.rstrip()
        begin = f"{content}\n\n{indent}" if content else ""
        return f"{prefix}{quotes}{begin}{f'{chr(10)}{indent}'.join(help_lines)}\n{indent}{quotes}"

    def _parts(self) -> tuple[str, str, str]:
        if ast.get_docstring(self.node, clean=False) is None:
            return "", '"""', ""
        value = self.node.body[0].value  # type: ignore[attr-defined]
        literal = ast.get_source_segment(self.source, value) or ""
        match = re.fullmatch(r"([rRuU]?)(\"\"\"|''')(.*)\2", literal, re.DOTALL)
        if match is None or match[2] in match[3]:
            raise AssignmentError(f"{self.file}: the docstring of {self.node.name} must be one triple-quoted string.")
        return match[1], match[2], match[3]

    def _help(self) -> list[str]:
        name, hw, points = self.node.name, self.assignment, self.info.points
        return [
            f"Problem `{name}`, {points} point{'' if points == '1' else 's'}.",
            f"Try: `grader run {hw} --problem {name}`.",
            f"Stuck: `grader hint {hw} {name}`.",
        ]


def _find_colon(lines: Sequence[str], node: ast.FunctionDef) -> tuple[int, int]:
    """Return where a signature ends: the number of its last line and the column after its colon."""
    text = "\n".join(lines[node.lineno - 1 : node.end_lineno]) + "\n"
    depth = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.OP:
            depth += (token.string in "([{") - (token.string in ")]}")
            if token.string == ":" and depth == 0:
                return node.lineno - 1 + token.end[0], token.end[1]
    raise AssertionError("a function has a colon")


def _pack(sentences: Iterable[str], width: int) -> list[str]:
    """Return sentences on as few lines as hold them whole: a command is never broken."""
    lines: list[str] = []
    for sentence in sentences:
        if lines and len(lines[-1]) + 1 + len(sentence) <= width:
            lines[-1] += f" {sentence}"
        else:
            lines.append(sentence)
    return lines


# --- lines ------------------------------------------------------------------------------------------------


def _parse(source: str, file: str) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError) as error:
        raise AssignmentError(f"{file} is not valid Python ({error}); correct it first.") from error


def _split(source: str) -> list[str]:
    """Return the lines as the parser counts them: form feeds and the like do not end one."""
    return source.removesuffix("\n").split("\n")


def _functions(tree: ast.Module) -> Iterator[str]:
    return (node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def _is_private(node: ast.stmt) -> bool:
    names = _defined_names(node)
    return bool(names) and all(name.startswith("_") and not name.endswith("__") for name in names)


def _defined_names(node: ast.stmt) -> set[str]:
    """Return the names that a definition or an assignment is about; nothing for other statements."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {node.name}
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, (ast.AnnAssign, ast.AugAssign)):
        targets = [node.target]
    return {name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)}


def _first_line(lines: Sequence[str | None], node: ast.stmt) -> int:
    """Return the index of a definition's first line: its decorators and the comments right above belong to it."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)]) - 1
    while first > 0 and (lines[first - 1] or "").startswith("#"):
        first -= 1
    return first


def _last_line(lines: Sequence[str | None], node: ast.stmt) -> int:
    """Return the index after a statement's last line: indented comments below belong to a function."""
    last = node.end_lineno or node.lineno
    for index in range(last, len(lines)):
        line = lines[index] or ""
        if line.strip() and not (line[0].isspace() and line.lstrip().startswith("#")):
            break
        if line.strip():
            last = index + 1
    return last


def _close_gaps(lines: Sequence[str | None]) -> Iterator[str]:
    """Yield what is left. Around what was dropped the longer of the two blank stretches stays."""
    inside = False
    for is_gap, group in groupby(lines, lambda line: line is None or not line.strip()):
        run = list(group)
        if not is_gap:
            inside = True
            yield from (line for line in run if line is not None)
            continue
        if None not in run:
            yield from (line or "" for line in run)
            continue
        before, after = run.index(None), run[::-1].index(None)
        if inside:
            yield from [""] * max(before, after)


def _cap(diff: Sequence[str]) -> str:
    more = len(diff) - DIFF_LINES
    return "\n".join([*diff[:DIFF_LINES], *([f"... ({more} more lines)"] if more > 0 else [])])


# --- refusals ---------------------------------------------------------------------------------------------


def _refuse_shared_lines(tree: ast.Module, changed: Sequence[ast.stmt], file: str) -> None:
    """A statement that is cut out must not share a line with another."""
    for before, after in zip(tree.body, tree.body[1:], strict=False):
        if before.end_lineno == after.lineno and (before in changed or after in changed):
            raise AssignmentError(f"{file}, line {after.lineno}: two statements share a line; give each its own.")


def _refuse_missing_names(
    tree: ast.Module, dropped: Sequence[ast.stmt], emptied: Sequence[ast.FunctionDef], file: str
) -> None:
    """What students are given must run: it must not use a private name."""
    missing = {name for node in dropped for name in _defined_names(node)}
    for node in tree.body:
        if node in dropped:
            continue
        kept: list[ast.AST] = [node]
        if isinstance(node, ast.FunctionDef) and node in emptied:
            kept = [node.args, *node.decorator_list, *([node.returns] if node.returns else [])]
        used = {name.id for part in kept for name in ast.walk(part) if isinstance(name, ast.Name)} & missing
        if used:
            raise AssignmentError(
                f"{file}, line {node.lineno}: what students are given uses {sorted(used)[0]}, which is dropped "
                "because it starts with an underscore; give it a public name."
            )
