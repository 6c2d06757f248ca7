"""What intake hands on, and the caps that it keeps."""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True)
class IntakeLimits:
    """Caps on a submission. The total counts what comes out of an archive, while it comes out.

    `source_bytes` holds for a source, and for all code of a notebook together; `notebook_bytes` for a notebook
    with its outputs, `cells` for the number of its cells and `depth` for how deeply its JSON is nested.
    """

    files: int = 2000
    source_bytes: int = 256 * KIB
    notebook_bytes: int = 10 * MIB
    cells: int = 2000
    depth: int = 100
    total_bytes: int = 64 * MIB
    archive_bytes: int = 32 * MIB
    listed: int = 20

    def most_bytes(self, name: str) -> int:
        """Return how large a file of this name may be."""
        return self.notebook_bytes if is_notebook(name) else self.source_bytes


@dataclass(frozen=True)
class Notebook:
    """What a notebook counts for.

    wins: whether its functions count where a .py file with them is there too; else .py files come first, and the
    notebook stands for those that are missing.
    runs_all: whether every statement of its code cells is run; else definitions, imports and constants only.
    """

    wins: bool = False
    runs_all: bool = False


def is_notebook(name: str) -> bool:
    """Whether a file's name is a notebook's."""
    return name.lower().endswith(".ipynb")


@dataclass(frozen=True)
class Submission:
    """The wanted files of one submission, as bytes: nobody has decoded or parsed them yet.

    name: the path as it was given.
    files: contents by wanted name, in the order in which they were wanted. Those that a notebook stands for are
    empty, and its cells follow, in the form that `grader.sandbox.notebook_files` reads.
    shown: where a person finds each file, such as `assignments/hw3/layers.py`, `hw3.zip/hw3/layers.py` or
    `hw3.ipynb, cell 5`.
    ignored: what else was there, printable, folders as one entry; the last entry says what a cap left out.
    missing: wanted files that were not there.
    notes: sentences for the report.
    """

    name: str
    files: dict[str, bytes]
    shown: dict[str, str]
    ignored: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
