"""Cells of CSV files that a spreadsheet will open: text stays text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

# What a spreadsheet takes for a formula; OWASP, CSV injection.
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "'")


def cell(text: str) -> str:
    """Return text that no spreadsheet runs: an apostrophe before what would begin a formula."""
    # A lone surrogate, of a file name that is no UTF-8, cannot be written.
    safe = text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "")
    return f"'{safe}" if safe.lstrip(" ").startswith(_STARTS) else safe


def bare(text: str) -> str:
    """Return the text of a cell, without the apostrophe that `cell` put before it."""
    return text[1:] if text.startswith("'") else text


def write_rows(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a CSV file."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    for row in rows:
        writer.writerow(row)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
