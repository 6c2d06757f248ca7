"""What is printed of a submission, as plain blocks: safe to draw, within limits, and every limit says so.

Of a notebook's outputs text and pixels are taken. HTML, SVG, LaTeX and scripts are never rendered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from grader.authoring.notebook import YOUR_ANSWER
from grader.intake import DEFAULT_LIMITS
from grader.intake.notebook import read_document
from grader.printing.pictures import read_picture
from grader.render.text import clean, clean_lines, plural

MOST_CODE_LINES = 2_000
MOST_OUTPUT_LINES = 60
MOST_OUTPUTS = 12
MOST_PICTURES = 60
LONGEST_LINE = 1_000
LONGEST_PROSE = 20_000

_TERMINAL_CODES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_PICTURES = ("image/png", "image/jpeg")


@dataclass(frozen=True)
class Prose:
    """Text of a notebook, in Markdown."""

    source: str


@dataclass(frozen=True)
class Code:
    """Lines of Python. `first` is the number of the first one, or 0 for lines without numbers."""

    lines: tuple[str, ...]
    first: int = 0


@dataclass(frozen=True)
class Output:
    """Lines that a cell put out, or what an error said."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Picture:
    """Pixels, encoded as PNG by us. The size is in pixels."""

    png: bytes
    width: int
    height: int


@dataclass(frozen=True)
class Note:
    """What we have to say, such as what was left out."""

    text: str


Block = Prose | Code | Output | Picture | Note


@dataclass(frozen=True)
class Section:
    """A file with its blocks; `warnings` are what a student should know before handing it in."""

    name: str
    blocks: tuple[Block, ...]
    warnings: tuple[str, ...] = ()


def from_source(name: str, data: bytes) -> Section:
    """Return a .py file with numbered lines."""
    return Section(name, tuple(_code(data.decode("utf-8", "replace"), first=1)))


def from_notebook(name: str, data: bytes) -> Section:
    """Return a notebook cell by cell. Raises IntakeError where it is none."""
    document = read_document(data, name, DEFAULT_LIMITS)
    cells = [cell for cell in document["cells"] if isinstance(cell, dict)][: DEFAULT_LIMITS.cells]
    # A small file may hold many pictures that are slow to unpack.
    budget = iter(range(MOST_PICTURES))
    blocks = [block for cell in cells for block in _cell(cell, budget)]
    return Section(name, tuple(blocks), tuple(_warnings(name, cells)))


def _warnings(name: str, cells: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    code = [cell for cell in cells if cell.get("cell_type") == "code" and _text(cell.get("source")).strip()]
    waiting = sum(1 for cell in code if not isinstance(cell.get("execution_count"), int))
    if waiting:
        yield f"{name}: {waiting} of {len(code)} cells were not run; choose Run All, save it and submit again"
    unanswered = sum(1 for cell in cells if _text(cell.get("source")).strip() == YOUR_ANSWER)
    if unanswered:
        yield f"{name}: {unanswered} question{plural(unanswered)} without an answer"


def _cell(cell: Mapping[str, Any], budget: Iterator[int]) -> Iterator[Block]:
    source = _text(cell.get("source"))
    kind = cell.get("cell_type")
    if kind == "markdown":
        yield Prose(source[:LONGEST_PROSE])
        if len(source) > LONGEST_PROSE:
            yield Note(f"... ({len(source) - LONGEST_PROSE:,} more characters)")
    elif kind == "code":
        yield from _code(source)
        outputs = cell.get("outputs")
        outputs = outputs if isinstance(outputs, list) else []
        for output in outputs[:MOST_OUTPUTS]:
            yield from _output(output if isinstance(output, dict) else {}, budget)
        if len(outputs) > MOST_OUTPUTS:
            yield Note(f"... ({len(outputs) - MOST_OUTPUTS} more outputs)")


def _code(source: str, first: int = 0) -> Iterator[Block]:
    lines = source.rstrip("\n").replace("\r\n", "\n").split("\n")
    shown = tuple(clean(line.expandtabs(4), LONGEST_LINE) for line in lines[:MOST_CODE_LINES])
    if any(shown):
        yield Code(shown, first)
    if len(lines) > MOST_CODE_LINES:
        yield Note(f"... ({len(lines) - MOST_CODE_LINES:,} more lines)")


def _output(output: Mapping[str, Any], budget: Iterator[int]) -> Iterator[Block]:
    kind = output.get("output_type")
    if kind == "stream":
        yield from _lines(_text(output.get("text")))
    elif kind == "error":
        traceback = output.get("traceback")
        parts = traceback if isinstance(traceback, list) else [output.get("ename"), output.get("evalue")]
        yield from _lines("\n".join(part for part in parts if isinstance(part, str)))
    elif kind in ("display_data", "execute_result"):
        data = output.get("data")
        yield from _shown(data if isinstance(data, dict) else {}, budget)


def _shown(data: Mapping[str, Any], budget: Iterator[int]) -> Iterator[Block]:
    """Yield the first picture of an output, or else its text."""
    for kind in _PICTURES:
        if kind in data:
            left = next(budget, None) is not None
            found = read_picture(_text(data[kind])) if left else f"(a picture was left out: more than {MOST_PICTURES})"
            yield Note(found) if isinstance(found, str) else Picture(found.png, found.width, found.height)
            return
    if "text/plain" in data:
        yield from _lines(_text(data["text/plain"]))
    elif data:
        yield Note("(an output of a kind that is not printed)")


def _lines(text: str) -> Iterator[Block]:
    if text.strip():
        yield Output(tuple(clean_lines(_TERMINAL_CODES.sub("", text), MOST_OUTPUT_LINES, LONGEST_LINE)))


def _text(value: Any) -> str:
    """Return the text that a notebook keeps as one string or as a list of lines."""
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    # A lone surrogate is JSON but no text.
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""
