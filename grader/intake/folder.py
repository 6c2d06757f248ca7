"""A submission in a folder: one level is listed, and one more where the top holds no wanted file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from grader.errors import IntakeError
from grader.intake.naming import is_leftover, show_path
from grader.intake.reading import cannot_read, read_file
from grader.intake.selection import Entry, select
from grader.intake.submission import IntakeLimits, Notebook, Submission


def take_folder(path: Path, wanted: Sequence[str], limits: IntakeLimits, notebook: Notebook) -> Submission:
    """Return the submission in a folder. Links are neither followed nor taken."""
    # A dot says nothing to somebody who uploaded files.
    name = "The submission" if path == Path() else show_path(path)
    try:
        entries = list(_list(path, "", limits, 0, name))
        if not any(entry.name in wanted and entry.kind != "folder" for entry in entries):
            for folder in [entry.path for entry in entries if entry.kind == "folder"]:
                if not is_leftover(folder):
                    entries += _list(path / folder, f"{folder}/", limits, len(entries), name)
    except OSError as error:
        raise cannot_read(path, error) from error
    return select(entries, wanted, limits, name, path.as_posix(), notebook)


def _list(folder: Path, prefix: str, limits: IntakeLimits, before: int, name: str) -> Iterator[Entry]:
    """Yield what is directly in a folder, in a fixed order."""
    found = []
    with os.scandir(folder) as items:
        for item in items:
            found.append(item)
            if before + len(found) > limits.files:
                raise IntakeError(f"{name} holds more than {limits.files:,} files; hand in the folder of the homework.")
    for item in sorted(found, key=lambda item: item.name):
        read = partial(read_file, folder / item.name, limits.most_bytes(item.name), follow=False)
        yield Entry(prefix + item.name, _kind(item), read)


def _kind(item: os.DirEntry[str]) -> str:
    if item.is_symlink():
        return "link"
    if item.is_dir(follow_symlinks=False):
        return "folder"
    return "file" if item.is_file(follow_symlinks=False) else "special"
