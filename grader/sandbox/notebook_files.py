"""A notebook on the wire.

It is several files: `NOTEBOOK` says how to run it and which files it stands for, each cell is a file of its own
called `cell 5`, and the files that it stands for are empty.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

NOTEBOOK = "notebook.ipynb"


@dataclass(frozen=True)
class Head:
    """How a notebook is run: the files that it stands for, and whether all of its statements are run."""

    served: tuple[str, ...]
    runs_all: bool = False

    def encode(self) -> bytes:
        """Return the contents of `NOTEBOOK`."""
        return "\n".join(["all" if self.runs_all else "definitions", *self.served]).encode()


def read_head(files: Mapping[str, bytes]) -> Head | None:
    """Return how the notebook among `files` is run, or None where there is none."""
    if NOTEBOOK not in files:
        return None
    kind, *served = files[NOTEBOOK].decode().split("\n")
    return Head(tuple(served), kind == "all")


def cell_file(number: int) -> str:
    """Return the name of a cell's file; cells count from 1."""
    return f"cell {number}"


def is_cell(file: str) -> bool:
    """Whether a file is a cell's."""
    return re.fullmatch(r"cell \d+", file) is not None
