"""Hints: `assignments/HW/hints.md` holds a numbered list for every problem; people get them one by one."""

from __future__ import annotations

import re
from pathlib import Path

from grader.errors import AssignmentError, UsageError
from grader.memory import recall, remember

HINTS = "hints.md"


def read_hints(folder: Path) -> dict[str, tuple[str, ...]]:
    """Return the hints of every problem: a `## problem` heading, then `1.`, `2.`, ... Raises AssignmentError."""
    path = folder / HINTS
    if not path.is_file():
        raise AssignmentError(f"{path} is missing: hints are a `## problem` heading and a numbered list each")
    hints: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in path.read_text(encoding="utf-8").splitlines():
        heading = re.fullmatch(r"##\s+`?(\w+)`?\s*", line)
        item = re.match(r"\d+\.\s+(.*)", line)
        if heading:
            current = hints.setdefault(heading[1], [])
        elif item and current is not None:
            current.append(item[1].strip())
        elif line.strip() and current:
            current[-1] += " " + line.strip()
    return {problem: tuple(texts) for problem, texts in hints.items()}


def next_hint(folder: Path, assignment: str, problem: str, memory: Path) -> tuple[int, int, str]:
    """Return (number, how many there are, text) of the next hint, and remember that it was given.

    After the last one it begins again. A memory that cannot be read or written only repeats hints.
    """
    hints = read_hints(folder).get(problem, ())
    if not hints:
        raise UsageError(f"{assignment} has no hint for '{problem}'")
    given = {name: count for name, count in recall(memory).items() if isinstance(count, int)}
    key = f"{assignment}/{problem}"
    number = given.get(key, 0) % len(hints)
    given[key] = number + 1
    remember(memory, given)
    return number + 1, len(hints), hints[number]
