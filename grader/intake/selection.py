"""Which of a submission's files are taken: the wanted ones, at the top or in the one folder that holds them.

A notebook beside them stands for the wanted files that are missing, or for all where the declaration says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from grader.errors import IntakeError
from grader.intake.naming import LONGEST_PLACE, either, is_leftover, show_name, show_size
from grader.intake.submission import IntakeLimits, Notebook, Submission, is_notebook
from grader.sandbox.notebook_files import NOTEBOOK, Head, cell_file

_DEFINES = re.compile(r"\b(?:def|lambda)\b")
KINDS = {"link": "a link", "special": "not an ordinary file"}


@dataclass(frozen=True)
class Entry:
    """One thing in a submission. `path` has `/` between its parts; `kind` is file, folder, link or special.

    `read` returns the contents, or one byte more than `IntakeLimits.most_bytes` of a larger file.
    """

    path: str
    kind: str
    read: Callable[[], bytes] = bytes

    @property
    def folder(self) -> str:
        """The folder it is in: "" at the top."""
        return self.path.rpartition("/")[0]

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]


def select(
    entries: Iterable[Entry],
    wanted: Sequence[str],
    limits: IntakeLimits,
    name: str,
    place: str,
    notebook: Notebook,
) -> Submission:
    """Return the submission made of the wanted entries.

    `name` is what errors call the submission, `place` what stands before a file's path when it is shown.
    Raises IntakeError where no wanted file is found, or where it is unclear or unsafe which one is meant.
    """
    present = [entry for entry in entries if entry.path and not is_leftover(entry.path)]
    base = _find_base(present, wanted, name, notebook)
    here = [entry for entry in present if entry.folder == base and entry.kind != "folder"]
    taken = {}
    for file in wanted:
        entry = _find_file(here, file, name)
        if entry is not None:
            taken[file] = entry
    files, shown = _read(taken, limits, name), {file: show_place(place, entry.path) for file, entry in taken.items()}
    served = _Served()
    if notebook.wins or len(taken) < len(wanted):
        files_served = [file for file in wanted if notebook.wins or file not in taken]
        served = _serve(here, files_served, bool(taken), limits, place, notebook)
    files, shown = {**files, **served.files}, {**shown, **served.shown}
    missing = tuple(file for file in wanted if file not in files)
    used = {entry.path for file, entry in taken.items() if file not in served.files} | served.paths
    return Submission(
        name=name,
        files={file: files[file] for file in (*wanted, *files) if file in files},
        shown=shown,
        ignored=_list_ignored(present, base, used, limits.listed),
        missing=missing,
        notes=(*_notes(present, base, missing), *served.notes),
    )


@dataclass(frozen=True)
class _Served:
    """What a notebook adds to a submission."""

    files: dict[str, bytes] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)
    paths: set[str] = field(default_factory=set)
    notes: tuple[str, ...] = ()


def _serve(
    here: Sequence[Entry], wanted: Sequence[str], has_files: bool, limits: IntakeLimits, place: str, notebook: Notebook
) -> _Served:
    """Return what the notebook in a folder adds: it stands for the files `wanted`.

    Raises IntakeError where it cannot be read; beside .py files, which can be graded, that is a note.
    """
    found = [entry for entry in here if is_notebook(entry.name)]
    if not found:
        return _Served()
    from grader.intake.notebook import read_notebook  # For start-up time.

    shown = show_place(place, found[0].path)
    name = show_name(shown)
    try:
        if len(found) > 1:
            names = " and ".join(f"'{show_name(entry.name)}'" for entry in found[:3])
            raise IntakeError(f"There are {len(found)} notebooks, {names}; hand in one.")
        if found[0].kind != "file":
            raise IntakeError(f"{name} is {KINDS[found[0].kind]}; hand in the file itself.")
        cells = read_notebook(found[0].read(), name, limits)
        # A course's own notebook draws with what the .py files define: it stands for none that is missing.
        if has_files and not any(map(_DEFINES.search, cells.sources.values())):
            raise IntakeError(f"{name} defines no function.")
    except IntakeError as error:
        if has_files:
            return _Served(notes=(f"No notebook was read: {error}",))
        raise
    sources = {cell_file(number): text.encode() for number, text in cells.sources.items()}
    places = {cell_file(number): f"{shown}, cell {number}" for number in cells.sources}
    head = Head(tuple(wanted), notebook.runs_all)
    return _Served(
        {**dict.fromkeys(wanted, b""), NOTEBOOK: head.encode(), **sources},
        {**dict.fromkeys(wanted, shown), NOTEBOOK: shown, **places},
        {found[0].path},
        cells.notes,
    )


def show_place(place: str, path: str) -> str:
    """Return where a person finds a file, printable."""
    return show_name(f"{place}/{path}" if place not in ("", ".") else path, LONGEST_PLACE)


def _find_base(present: Sequence[Entry], wanted: Sequence[str], name: str, notebook: Notebook) -> str:
    """Return the folder that holds wanted files, or else a notebook: "" for the top, which comes first."""
    files = [entry for entry in present if entry.kind != "folder"]
    sources = {entry.folder for entry in files if entry.name in wanted}
    notebooks = {entry.folder for entry in files if is_notebook(entry.name)}
    for holding in (notebooks, sources) if notebook.wins else (sources, notebooks):
        if "" in holding:
            return ""
        near = sorted(folder for folder in holding if "/" not in folder)
        if len(near) == 1:
            return near[0]
        if near:
            shown = " and in ".join(f"{show_name(folder)}/" for folder in near[:3])
            raise IntakeError(
                f"{name}: wanted files are in {shown}, and it is unclear which are meant; hand in one folder."
            )
    raise IntakeError(_nothing_found(present, wanted, name))


def _nothing_found(present: Sequence[Entry], wanted: Sequence[str], name: str) -> str:
    if not present:
        return f"{name} is empty; wanted {either(wanted)}."
    help_ = "Put them at the top or in one folder, and try again."
    for entry in (entry for entry in present if entry.kind != "folder"):
        if entry.name in wanted:
            return f"{name}: {entry.name} is too deep inside, at '{show_name(entry.path)}'. {help_}"
        for file in wanted:
            if entry.name.casefold() == file.casefold():
                return f"{name}: found '{show_name(entry.path)}', wanted {file}. Rename it and try again."
    found = _cap(_labels(present, ""), 5)
    return f"{name}: no wanted file is in it; found {', '.join(found)}, wanted {either(wanted)}. {help_}"


def _find_file(here: Sequence[Entry], file: str, name: str) -> Entry | None:
    """Return the entry of one wanted file, or None where there is none."""
    alike = [entry for entry in here if entry.name.casefold() == file.casefold()]
    exact = [entry for entry in alike if entry.name == file]
    if not exact:
        return None
    if len(exact) > 1:
        raise IntakeError(f"{name}: {file} is in it {len(exact)} times; hand in one.")
    if len(alike) > 1:
        other = next(entry.name for entry in alike if entry.name != file)
        raise IntakeError(f"{name}: {file} and '{show_name(other)}' differ only in case; hand in one.")
    if exact[0].kind != "file":
        raise IntakeError(f"{name}: {file} is {KINDS[exact[0].kind]}; hand in the file itself.")
    return exact[0]


def _read(taken: dict[str, Entry], limits: IntakeLimits, name: str) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for file, entry in taken.items():
        data = entry.read()
        if len(data) > limits.source_bytes:
            raise IntakeError(
                f"{name}: {file} is larger than {show_size(limits.source_bytes)}; "
                "a solution is a few KiB of code. Take data and outputs out of it."
            )
        files[file] = data
        if sum(map(len, files.values())) > limits.total_bytes:
            raise IntakeError(f"{name}: its files are larger than {show_size(limits.total_bytes)} together.")
    return files


def _notes(present: Sequence[Entry], base: str, missing: Sequence[str]) -> Iterable[str]:
    """Yield what a person should know who wonders where a file went."""
    if base:
        yield f"The files were taken from the folder {show_name(base)}/."
    for file in missing:
        for entry in present:
            if entry.name.casefold() == file.casefold() and entry.kind != "folder":
                yield f"{file} is missing, but there is '{show_name(entry.path)}'."
                break


def _list_ignored(present: Sequence[Entry], base: str, used: set[str], most: int) -> tuple[str, ...]:
    return _cap(_labels([entry for entry in present if entry.path not in used], base), most)


def _labels(entries: Iterable[Entry], base: str) -> list[str]:
    """Return files beside the taken ones by name, and everything deeper by its folder alone."""
    labels = set()
    for entry in entries:
        if base and entry.path == base:
            continue
        path = entry.path.removeprefix(f"{base}/") if base else entry.path
        first, deeper, _ = path.partition("/")
        labels.add(f"{show_name(first)}/" if deeper or entry.kind == "folder" else show_name(first))
    return sorted(labels)


def _cap(labels: Sequence[str], most: int) -> tuple[str, ...]:
    more = len(labels) - most
    return (*labels[:most], f"and {more} more") if more > 0 else tuple(labels)
