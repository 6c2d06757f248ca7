"""A notebook as code cells: JSON from a stranger, read within limits. The cells are cleaned as text, not parsed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from grader.errors import IntakeError
from grader.intake.magics import clean_cell
from grader.intake.naming import show_name, show_size
from grader.intake.submission import IntakeLimits

LISTED = 8

_STRING = re.compile(rb'"[^"]*"?')
_BRACKET = re.compile(rb"[\[\]{}]")
_MOST_BRACKETS = 500_000
_MOST_QUOTES = 2_000_000
_SAVE_AGAIN = "open it in Jupyter, save it and try again"
_MAY_DEFINE = re.compile(r"\b(?:def|lambda|import)\b")


@dataclass(frozen=True)
class Cells:
    """The Python of a notebook: sources by number of the cell, counted from 1 over cells of all kinds."""

    sources: Mapping[int, str]
    notes: tuple[str, ...] = ()


def read_notebook(data: bytes, name: str, limits: IntakeLimits) -> Cells:
    """Return the code cells of a notebook without outputs, magics and shell lines.

    `name` is what errors call it. Raises IntakeError with one sentence where there is nothing to grade.
    """
    cells = read_document(data, name, limits)["cells"]
    if len(cells) > limits.cells:
        raise IntakeError(f"{name} has more than {limits.cells:,} cells; hand in the cells with your functions only.")
    texts, faulty = _take_sources(cells)
    if sum(map(len, texts.values())) > limits.source_bytes:
        most = show_size(limits.source_bytes)
        raise IntakeError(f"{name}: its code is larger than {most}; a solution is a few KiB. Take data out of it.")
    return _clean(texts, faulty, name)


def read_document(data: bytes, name: str, limits: IntakeLimits) -> dict[str, Any]:
    """Return a notebook of format 4 as JSON with a list of `cells`; nothing more about it is known to be right.

    Raises IntakeError with one sentence where it is none.
    """
    document = _read_json(data, name, limits)
    _check_format(document, name)
    if not isinstance(document.get("cells"), list):
        raise IntakeError(f"{name} is no notebook: it has no list of cells; {_SAVE_AGAIN}.")
    return document


# --- the document -----------------------------------------------------------------------------------------


def _read_json(data: bytes, name: str, limits: IntakeLimits) -> dict[str, Any]:
    """Return the JSON object that a notebook is."""
    if len(data) > limits.notebook_bytes:
        most = show_size(limits.notebook_bytes)
        raise IntakeError(f"{name} is larger than {most}; clear its outputs, save it and try again.")
    if not data.strip():
        raise IntakeError(f"{name} is empty; save the notebook and try again.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise IntakeError(f"{name} is not UTF-8 text (byte {error.start}); {_SAVE_AGAIN}.") from error
    _check_shape(data, name, limits)
    try:
        # A number of a million digits takes minutes to read, and none of them matters.
        document = json.loads(text, parse_int=lambda digits: int(digits[:18]))
    except (ValueError, RecursionError) as error:
        raise IntakeError(_describe_fault(data, name, error)) from error
    if not isinstance(document, dict):
        raise IntakeError(f"{name} is JSON but no notebook: it is a {type(document).__name__}; {_SAVE_AGAIN}.")
    return document


def _check_shape(data: bytes, name: str, limits: IntakeLimits) -> None:
    """Refuse JSON that is nested deeply or has a great many parts, before it is parsed."""
    too_many = f"{name} has too many parts; clear its outputs, save it and try again."
    if data.count(b'"') > _MOST_QUOTES:
        raise IntakeError(too_many)
    # Without escaped characters a string ends at its next quotation mark.
    bare = _STRING.sub(b"", data.replace(b"\\\\", b"").replace(b'\\"', b""))
    depth = 0
    for number, bracket in enumerate(_BRACKET.finditer(bare)):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > limits.depth:
            raise IntakeError(f"{name} is nested more than {limits.depth} deep, as no notebook is; {_SAVE_AGAIN}.")
        if number > _MOST_BRACKETS:
            raise IntakeError(too_many)


def _describe_fault(data: bytes, name: str, error: Exception) -> str:
    if data.lstrip().startswith(b"<"):
        return f"{name} is a web page, not a notebook; download the notebook's file itself and try again."
    if b"<<<<<<< " in data:
        return f"{name} holds the marks of a merge conflict; resolve it, {_SAVE_AGAIN}."
    place = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
    return f"{name} is not JSON, as a notebook must be{place}; {_SAVE_AGAIN}."


def _check_format(document: Mapping[str, Any], name: str) -> None:
    version = document.get("nbformat", 3 if "worksheets" in document else 4)
    if type(version) is not int or version > 4:
        raise IntakeError(f"{name} is in notebook format {show_name(str(version))}, wanted 4; {_SAVE_AGAIN}.")
    if version < 4:
        command = f"jupyter nbconvert --to notebook --nbformat 4 {name}"
        raise IntakeError(f"{name} is in notebook format {version}, wanted 4; convert it: {command}.")
    metadata = _mapping(document.get("metadata"))
    for place, key in (("language_info", "name"), ("kernelspec", "language")):
        language = _mapping(metadata.get(place)).get(key)
        if isinstance(language, str) and language and "python" not in language.lower():
            raise IntakeError(f"{name} is written in {show_name(language)}, wanted Python; choose a Python kernel.")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


# --- cells ------------------------------------------------------------------------------------------------


def _take_sources(cells: Sequence[Any]) -> tuple[dict[int, str], dict[int, str]]:
    """Return the sources of the code cells and what is wrong with other ones, both by number."""
    texts: dict[int, str] = {}
    faulty: dict[int, str] = {}
    plain = []
    for number, cell in enumerate(cells, 1):
        kind = _mapping(cell).get("cell_type")
        if kind not in ("code", "markdown", "raw"):
            faulty[number] = "no cell of a notebook"
        elif kind == "code":
            language = _mapping(_mapping(cell.get("metadata")).get("vscode")).get("languageId", "python")
            if language != "python":
                faulty[number] = f"in {show_name(str(language))}"
            elif "source" not in cell:
                faulty[number] = "without source"
            else:
                plain.append((number, cell["source"]))
    texts = _join(plain)
    faulty.update({number: "source is no text" for number, _ in plain if number not in texts})
    return texts, dict(sorted(faulty.items()))


def _join(plain: Sequence[tuple[int, Any]]) -> dict[int, str]:
    """Return the sources that the notebook format takes, as single strings.

    Only what it needs goes to nbformat: outputs, attachments and ids are no concern of grading.
    """
    if not plain:
        return {}
    # For start-up time: 0.1 s, and most runs grade no notebook; where nothing but grading is done it may be missing.
    try:
        from nbformat import from_dict
        from nbformat.v4.rwbase import rejoin_lines
        from nbformat.validator import isvalid
    except ImportError as error:
        raise IntakeError("A notebook needs the package nbformat; install it, or hand in .py files.") from error

    made = {number: _code_cell(source) for number, source in plain}
    checked = {"ref": "code_cell", "version": 4, "version_minor": 4}
    good = {number: cell for number, cell in made.items() if isvalid(cell, **checked)}  # type: ignore[no-untyped-call]
    joined = rejoin_lines(from_dict({"cells": list(good.values())}))  # type: ignore[no-untyped-call]
    # A lone surrogate is JSON but no text.
    texts = [cell["source"].encode("utf-8", "replace").decode() for cell in joined["cells"]]
    return dict(zip(good, texts, strict=True))


def _code_cell(source: Any) -> dict[str, Any]:
    # Some programs write lines without their ends.
    if isinstance(source, list) and all(isinstance(line, str) and not line.endswith("\n") for line in source[:-1]):
        source = "\n".join(map(str, source)) if all(isinstance(line, str) for line in source) else source
    return {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [], "source": source}


def _clean(texts: Mapping[int, str], faulty: dict[int, str], name: str) -> Cells:
    """Return the cells without magics; raise IntakeError where no function can be in them."""
    cleaned = {number: clean_cell(text) for number, text in texts.items()}
    whole = {number: cell.magic for number, cell in cleaned.items() if cell.magic}
    sources = {n: cell.text for n, cell in cleaned.items() if not cell.magic and _has_code(cell.text)}
    notes = [f"Cells are counted from the top of {name}, text cells too."]
    dropped = [number for number, cell in cleaned.items() if cell.dropped]
    if dropped:
        notes.append(f"{name}: magics and shell lines were left out of {_cells(dropped)}.")
    skipped = {**whole, **faulty}
    if skipped:
        listed = [f"{number} ({why})" for number, why in sorted(skipped.items())]
        notes.append(f"{name}: not run: {'cell' if len(listed) == 1 else 'cells'} {_and(listed)}.")
    if not any(map(_MAY_DEFINE.search, sources.values())):
        reason = _describe_nothing(texts, sources, skipped, dropped)
        raise IntakeError(f"{name} {reason}; write your functions in its code cells and try again.")
    return Cells(sources, tuple(notes))


def _has_code(text: str) -> bool:
    return any(line.strip() not in ("", "pass") and not line.strip().startswith("#") for line in text.split("\n"))


def _describe_nothing(
    texts: Mapping[int, str], sources: Mapping[int, str], skipped: Mapping[int, str], dropped: Sequence[int]
) -> str:
    if sources:
        return "defines no function"
    if skipped:
        number, why = next(iter(sorted(skipped.items())))
        return f"has no cell of Python: {'cell' if len(skipped) == 1 else 'the first,'} {number}, is {why}"
    if dropped:
        return "holds magics and shell lines only"
    return "has only empty code cells" if texts else "has no code cells"


def _cells(numbers: Sequence[int]) -> str:
    return f"{'cell' if len(numbers) == 1 else 'cells'} {_and(list(map(str, numbers)))}"


def _and(listed: Iterable[str]) -> str:
    """Return `1, 2 and 3`, capped."""
    shown = list(listed)
    if len(shown) > LISTED:
        shown = [*shown[:LISTED], f"{len(shown) - LISTED} more"]
    return f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else "".join(shown)
