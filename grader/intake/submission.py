"""What intake hands on, and the caps that it keeps."""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True)
class IntakeLimits:
    """Caps on a submission. The total counts what comes out of an archive, while it comes out."""

    files: int = 2000
    source_bytes: int = 256 * KIB
    total_bytes: int = 64 * MIB
    archive_bytes: int = 32 * MIB
    listed: int = 20


@dataclass(frozen=True)
class Submission:
    """The wanted files of one submission, as bytes: nobody has decoded or parsed them yet.

    name: the path as it was given.
    files: contents by wanted name, in the order in which they were wanted.
    shown: where a person finds each file, such as `assignments/hw3/layers.py` or `hw3.zip/hw3/layers.py`.
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
