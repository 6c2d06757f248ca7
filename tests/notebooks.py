"""Notebooks made in memory, as Jupyter, Colab and VS Code write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def code_cell(source: str | list[str], **extra: Any) -> dict[str, Any]:
    """Return a code cell as Jupyter writes it."""
    cell = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": source}
    return {**cell, **extra}


def text_cell(source: str) -> dict[str, Any]:
    """Return a cell of text."""
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def document(*cells: Any, **extra: Any) -> dict[str, Any]:
    """Return a notebook of format 4; a string is the source of a code cell."""
    made = [code_cell(cell) if isinstance(cell, str) else cell for cell in cells]
    return {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": made, **extra}


def as_bytes(*cells: Any, **extra: Any) -> bytes:
    """Return the file of a notebook."""
    return json.dumps(document(*cells, **extra)).encode()


def write_notebook(path: Path, *cells: Any, **extra: Any) -> Path:
    """Write a notebook."""
    path.write_bytes(as_bytes(*cells, **extra))
    return path
