"""A submission in an archive. It is read in memory: nothing is ever unpacked to disk.

A zip has a table of contents, so only the files that are taken are unpacked; a tar must be unpacked to be listed, and
the bytes that come out are counted while they do. Either way a bomb stops at a cap.
"""

from __future__ import annotations

import gzip
import io
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from grader.errors import IntakeError
from grader.intake.naming import normalize, show_name, show_path, show_size
from grader.intake.reading import read_file
from grader.intake.selection import Entry, select
from grader.intake.submission import IntakeLimits, Notebook, Submission, is_notebook

ENCRYPTED = 0x1 | 0x40
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
TABLE_SIGNATURE = b"PK\x01\x02"
KNOWN_STARTS = (
    (b"PK", "a zip archive"),
    (b"\x1f\x8b", "a gzip file"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\xfd7zXZ", "an xz file"),
    (b"BZh", "a bzip2 file"),
    (b"<", "a web page"),
)


def take_archive(path: Path, wanted: Sequence[str], limits: IntakeLimits, notebook: Notebook) -> Submission:
    """Return the submission in a .zip, .tar, .tar.gz or .tgz file. Raises IntakeError, and nothing else."""
    name = show_path(path)
    data = read_file(path, limits.archive_bytes, follow=True)
    if len(data) > limits.archive_bytes:
        most = show_size(limits.archive_bytes)
        raise IntakeError(f"{name} is larger than {most}; zip only the files that are asked for.")
    kind, list_entries = ("zip", _list_zip) if path.name.lower().endswith(".zip") else ("tar", _list_tar)
    try:
        submission = select(list_entries(data, wanted, limits, name), wanted, limits, name, path.name, notebook)
    except IntakeError:
        raise
    # Bytes from a stranger can make the archive modules raise nearly anything; the next submission must go on.
    except Exception as error:
        raise IntakeError(_describe_damage(data, kind, name, error)) from error
    # Said of an archive, which was packed to be handed in; a folder holds much that nobody hands in.
    listed = ", ".join(submission.ignored)
    notes = (f"Not asked for, and ignored: {listed}.",) if listed else ()
    return replace(submission, notes=submission.notes + notes)


def _describe_damage(data: bytes, kind: str, name: str, error: Exception) -> str:
    reason = show_name(str(error)) or type(error).__name__
    expected = "a zip archive" if kind == "zip" else "a gzip file"
    for start, what in KNOWN_STARTS:
        if data.startswith(start) and what != expected:
            reason = f"it looks like {what}"
    return f"{name} cannot be read as a {kind} archive ({reason}); pack the files again and try again."


# --- zip --------------------------------------------------------------------------------------------------


def _list_zip(data: bytes, wanted: Sequence[str], limits: IntakeLimits, name: str) -> Iterator[Entry]:
    # Counted before the table is read: a table of a million lines is itself a bomb.
    if data.count(TABLE_SIGNATURE) > limits.files:
        raise _too_many(name, limits)
    archive = zipfile.ZipFile(io.BytesIO(data))
    for info in archive.infolist():
        path = normalize(info.filename, name)
        if not info.is_dir():
            yield Entry(path, _zip_kind(info), partial(_read_zip, archive, info, limits, name))


def _zip_kind(info: zipfile.ZipInfo) -> str:
    mode = info.external_attr >> 16
    if stat.S_ISLNK(mode):
        return "link"
    # Windows writes no mode at all.
    return "file" if stat.S_IFMT(mode) == 0 or stat.S_ISREG(mode) else "special"


def _read_zip(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limits: IntakeLimits, name: str) -> bytes:
    if info.flag_bits & ENCRYPTED:
        raise IntakeError(f"{name} is encrypted; zip the files again without a password.")
    if info.compress_type not in PACKINGS:
        raise IntakeError(f"{name} is packed in an unusual way; zip the files again with the usual settings.")
    with archive.open(info) as stream:
        return stream.read(limits.most_bytes(info.filename) + 1)


# --- tar --------------------------------------------------------------------------------------------------


class _Counted(io.RawIOBase):
    """A stream that ends in an IntakeError once too much has come out of it."""

    def __init__(self, stream: io.BufferedIOBase, limits: IntakeLimits, name: str) -> None:
        super().__init__()
        self._stream, self._left, self._name = stream, limits.total_bytes, name
        self._most = limits.total_bytes

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(min(size, self._left + 1) if size >= 0 else self._left + 1)
        self._left -= len(data)
        if self._left < 0:
            raise IntakeError(
                f"{self._name} unpacks to more than {show_size(self._most)}; pack only the files that are asked for."
            )
        return data


def _list_tar(data: bytes, wanted: Sequence[str], limits: IntakeLimits, name: str) -> Iterator[Entry]:
    packed = io.BytesIO(data)
    unpacked = gzip.GzipFile(fileobj=packed) if data.startswith(b"\x1f\x8b") else packed
    counted = _Counted(unpacked, limits, name)
    # "r|" never seeks backwards, so that a header with a negative size cannot send it round in circles.
    with tarfile.open(fileobj=counted, mode="r|") as archive:
        for number, member in enumerate(archive):
            if number >= limits.files:
                raise _too_many(name, limits)
            if member.size < 0:
                raise tarfile.HeaderError("negative size")
            path = normalize(member.name, name)
            if not member.isdir():
                yield Entry(path, _tar_kind(member), _read_tar(archive, member, path, wanted, limits))


def _read_tar(
    archive: tarfile.TarFile, member: tarfile.TarInfo, path: str, wanted: Sequence[str], limits: IntakeLimits
) -> Callable[[], bytes]:
    """Return a reader of what is read now, since a stream passes once; what cannot be taken is not read."""
    stream = archive.extractfile(member) if member.isreg() and _may_be_taken(path, wanted) else None
    data = stream.read(limits.most_bytes(path) + 1) if stream else b""
    return lambda: data


def _may_be_taken(path: str, wanted: Sequence[str]) -> bool:
    *folders, last = path.split("/")
    return (last in wanted or is_notebook(last)) and len(folders) <= 1


def _tar_kind(member: tarfile.TarInfo) -> str:
    if member.issym() or member.islnk():
        return "link"
    return "file" if member.isreg() else "special"


def _too_many(name: str, limits: IntakeLimits) -> IntakeError:
    return IntakeError(f"{name} holds more than {limits.files:,} files; zip only the files that are asked for.")
