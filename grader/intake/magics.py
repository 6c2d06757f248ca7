"""Magics and shell lines in a notebook's cells: what Jupyter understands and Python does not.

This is handling of text, not parsing: a scan tells where a statement begins, so that a line within a string or
brackets stays as it is. A line that is dropped becomes `pass`, so that lines keep their numbers and blocks a body.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# Cell magics whose cell is Python that runs in the notebook's own namespace.
TRANSPARENT = frozenset({"time", "capture", "prun"})

_CELL_MAGIC = re.compile(r"%%\s*(\w{0,20})")
_ASSIGNED = re.compile(r"\s*[A-Za-z_][\w., ]*=\s*[%!]")
# A string that does not end on its line is taken to the end of the line: the scan stays linear.
_TOKEN = re.compile(r"""\"{3}|'{3}|"[^"\\]*(?:\\.[^"\\]*)*"?|'[^'\\]*(?:\\.[^'\\]*)*'?|\#.*|[\[\](){}]|\\$""")
_ENDS = {quotes: re.compile(rf"\\.|{quotes}") for quotes in ('"""', "'''")}


@dataclass(frozen=True)
class Cleaned:
    """A cell without magics. `magic` is the cell magic that takes the whole cell with it, such as `%%bash`."""

    text: str
    dropped: int = 0
    magic: str = ""


def clean_cell(text: str) -> Cleaned:
    """Return the Python of a cell, and how many lines were dropped."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    dropped = 0
    for number, line in enumerate(lines):
        found = _CELL_MAGIC.match(line)
        if line.strip() and found is None:
            break
        if found is not None:
            if found[1] not in TRANSPARENT:
                return Cleaned("", magic=f"%%{found[1]}")
            lines[number] = ""
            dropped += 1
    scan = _Scan()
    is_continued = False
    for number, line in enumerate(lines):
        is_magic = is_continued or (scan.is_at_start and _is_magic(line))
        if is_magic:
            indent = line[: len(line) - len(line.lstrip())]
            lines[number] = "" if is_continued else f"{indent}pass"
            is_continued = line.endswith("\\")
            dropped += 1
        else:
            scan.feed(line)
    return Cleaned("\n".join(lines), dropped)


def _is_magic(line: str) -> bool:
    """Whether a line at the start of a statement is a magic, a shell line or a question."""
    stripped = line.strip()
    if stripped.startswith(("%", "!", "?")) or _ASSIGNED.match(line):
        return True
    return stripped.endswith("?") and not any(character in stripped for character in "'\"#")


class _Scan:
    """Knows, line after line, whether a statement begins."""

    def __init__(self) -> None:
        self._quotes = ""
        self._depth = 0
        self._is_continued = False

    @property
    def is_at_start(self) -> bool:
        """Whether the next line begins a statement: it is in no string, no brackets and no continued line."""
        return not self._quotes and self._depth == 0 and not self._is_continued

    def feed(self, line: str) -> None:
        """Take the next line."""
        at, self._is_continued = 0, False
        while True:
            found = (_ENDS[self._quotes] if self._quotes else _TOKEN).search(line, at)
            if found is None:
                return
            at = found.end()
            token = found[0]
            if self._quotes:
                self._quotes = "" if token == self._quotes else self._quotes
            elif token in _ENDS:
                self._quotes = token
            elif token in "([{":
                self._depth += 1
            elif token in ")]}":
                self._depth = max(0, self._depth - 1)
            elif token == "\\":
                self._is_continued = True
