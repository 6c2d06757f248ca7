"""Notebooks from solutions: the students' copy, and the clean form in which both are kept.

The tags of a cell say what becomes of it. `question`: a question in words with its points; `solution`: what students
write themselves; `rubric`: how an answer is graded. A cell without a tag is given as it stands.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from grader.errors import AssignmentError, did_you_mean

TAGS = ("question", "solution", "rubric")
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
YOUR_CODE = "# Your code here."
YOUR_ANSWER = "*Your answer here.*"

_POINTS = re.compile(r"\((?:1 point|(?:[2-9]|[1-9]\d+) points)\)")
_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")


@dataclass(frozen=True)
class Cell:
    """A cell without outputs. `kind` is code or markdown, `tag` one of TAGS or empty."""

    kind: str
    source: str
    tag: str
    id: str


def clean_notebook(text: str, file: str) -> str:
    """Return the same notebook as it is kept: no outputs, no metadata but tags, ids that stay.

    Raises AssignmentError where the notebook, or a tag or question in it, is not as it should be.
    """
    return _write([*_read(text, file)])


def release_notebook(text: str, file: str) -> str:
    """Return the students' copy: solutions emptied, rubrics left out, everything else kept.

    The same text gives the same bytes. Raises AssignmentError as `clean_notebook` does.
    """
    return _write([_release(cell) for cell in _read(text, file) if cell.tag != "rubric"])


def _release(cell: Cell) -> Cell:
    if cell.tag != "solution":
        return replace(cell, tag="")
    if cell.kind == "markdown":
        return replace(cell, source=YOUR_ANSWER, tag="")
    task = []
    for line in cell.source.split("\n"):
        if not line.startswith("#"):
            break
        task.append(line)
    return replace(cell, source="\n".join([*task, YOUR_CODE]), tag="")


# --- reading ----------------------------------------------------------------------------------------------


def _read(text: str, file: str) -> Sequence[Cell]:
    try:
        document = json.loads(text)
        version, cells = document["nbformat"], [*document["cells"]]
    except (ValueError, TypeError, KeyError) as error:
        raise AssignmentError(f"{file} is no notebook ({error!r}); write it anew with Jupyter.") from error
    if version != 4:
        raise AssignmentError(f"{file} is in notebook format {version}, wanted 4; open it in Jupyter and save it.")
    seen: set[str] = set()
    found = [_read_cell(cell, f"{file}, cell {number}", seen) for number, cell in enumerate(cells, 1)]
    for number, cell in enumerate(found, 1):
        if cell.tag == "question":
            _check_question(cell, found[number : number + 2], f"{file}, cell {number}")
    return found


def _read_cell(cell: Mapping[str, Any], where: str, seen: set[str]) -> Cell:
    kind, source = cell.get("cell_type"), cell.get("source", "")
    if kind not in ("code", "markdown"):
        raise AssignmentError(f"{where} is of the type {kind!r}, wanted code or markdown.")
    if cell.get("attachments"):
        raise AssignmentError(f"{where} has a picture pasted in; put it in a file of the assignment and link to it.")
    source = ("".join(source) if isinstance(source, list) else str(source)).rstrip("\n")
    tags = cell.get("metadata", {}).get("tags", [])
    for tag in tags:
        if tag not in TAGS:
            # A misspelt 'solution' would hand the answer out.
            raise AssignmentError(f"{where} has the unknown tag '{tag}'{did_you_mean(tag, TAGS)}.")
    if len(tags) > 1:
        raise AssignmentError(f"{where} has {len(tags)} tags, wanted one at most.")
    id_ = cell.get("id")
    if not isinstance(id_, str) or not _ID.fullmatch(id_) or id_ in seen:
        id_ = hashlib.sha256(f"{len(seen)}:{source}".encode()).hexdigest()[:8]
    seen.add(id_)
    return Cell(kind, source, "".join(tags), id_)


def _check_question(question: Cell, following: Sequence[Cell], where: str) -> None:
    """A person grades it: it says its points, and an answer and a rubric come with it."""
    if len(_POINTS.findall(question.source)) != 1:
        raise AssignmentError(f"{where}: a question says once what it is worth, such as '(3 points)'.")
    if [cell.tag for cell in following] != ["solution", "rubric"]:
        raise AssignmentError(f"{where}: after a question come its answer, tagged 'solution', and its 'rubric'.")


# --- writing ----------------------------------------------------------------------------------------------


def _write(cells: Sequence[Cell]) -> str:
    from nbformat import from_dict, validate, writes  # For start-up time.

    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": METADATA, "cells": [*_documents(cells)]}
    notebook = from_dict(document)  # type: ignore[no-untyped-call]
    validate(notebook)
    return f"{writes(notebook)}\n"  # type: ignore[no-untyped-call]


def _documents(cells: Sequence[Cell]) -> Iterator[dict[str, Any]]:
    for cell in cells:
        metadata = {"tags": [cell.tag]} if cell.tag else {}
        code: dict[str, Any] = {"execution_count": None, "outputs": []} if cell.kind == "code" else {}
        yield {"cell_type": cell.kind, "id": cell.id, "metadata": metadata, "source": cell.source, **code}
