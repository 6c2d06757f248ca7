"""What was handed in by whom, before any of it is opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Student:
    """One student as the download names them. `id` is what the other system knows them by."""

    id: str
    name: str = ""
    email: str = ""


@dataclass(frozen=True)
class HandIn:
    """One submission of a class: a path, or loose files by the names that they had before the download.

    id: unique in the class; what people call the submission. students: several for a group. layout: where it comes
    from, `plain`, `canvas`, `gradescope` or `classroom`.
    """

    id: str
    students: tuple[Student, ...]
    layout: str
    path: Path
    files: Mapping[str, Path] | None = None
