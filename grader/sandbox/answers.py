"""Reads a worker's replies into frozen answers. What does not have the agreed form is a `ProtocolError`."""

from __future__ import annotations

import signal
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from grader.errors import ProtocolError
from grader.sandbox import codec, marks
from grader.sandbox.channel import Exit
from grader.sandbox.describe import FRAMES, LINE_CHARS, MESSAGE_CHARS
from grader.sandbox.limits import OUT_OF_MEMORY, Limits
from grader.sandbox.marks import NAME_CHARS, clean
from grader.sandbox.notebook_files import is_cell
from grader.sandbox.replies import Frame, FunctionState, Lost, Manifest, Raised, Returned, Row, Step
from grader.sandbox.stand_ins import STAND_INS

# Far more than a check asks for; the grader may have to live in 768 MB together with the worker.
MAX_REPLY_BYTES = 32 * 2**20
MAX_REPLY_NODES = 250_000
MAX_REPLY_TEXT = 4 * 2**20

# What reading a tree of another form than agreed may raise.
_MALFORMED = (TypeError, ValueError, LookupError, AttributeError)
_STATES = ("ready", "unfinished", "missing", "not_a_function", "broken_module")
_SIGNALS = {
    signal.SIGSEGV: "segmentation fault",
    signal.SIGABRT: "abort",
    signal.SIGFPE: "arithmetic fault",
    signal.SIGILL: "illegal instruction",
}


def decode(payload: marks.Buffer) -> Any:
    """Return the tree of a reply; raise ProtocolError for anything else."""
    try:
        return codec.decode(payload, max_bytes=MAX_REPLY_BYTES, max_nodes=MAX_REPLY_NODES, max_text=MAX_REPLY_TEXT)
    except marks.WireError as error:
        raise ProtocolError(str(error)) from None


# --- rows -------------------------------------------------------------------------------------------------


def read_rows(tree: Any, counts: Sequence[int], shown: Collection[str]) -> list[list[Row]]:
    """Return the rows of a reply, batch by batch. `counts` are the rows that were asked for; `shown` file names."""
    try:
        if [len(rows) for rows in tree] != list(counts):
            raise ProtocolError("a reply has another number of rows than the request")
        return [[read_row(row, shown) for row in rows] for rows in tree]
    except _MALFORMED as error:
        raise ProtocolError(f"a reply has another form than agreed: {error}") from None


def read_row(row: Sequence[Any], shown: Collection[str]) -> Row:
    """Return one row of a reply."""
    modified = row[-1]
    if type(modified) is not tuple or (modified and any(type(i) is not int or i < 0 for i in modified)):
        raise ProtocolError("a row of a reply does not end as agreed")
    if len(row) < 2:
        raise ProtocolError("a row of a reply has no steps")
    return Row(tuple([read_step(step, shown) for step in row[:-1]]), modified)


def read_step(step: Any, shown: Collection[str]) -> Step:
    """Return one step of a row."""
    if len(step) == 1:
        return Returned(step[0])
    kind, value, second, third = step
    if kind == "returned":
        if not (second is None or type(second) is tuple) or not (third is None or type(third) is bool):
            raise ProtocolError("a result has another form than agreed")
        return Returned(value, second, third)
    if kind == "raised":
        return read_raised(step, shown)
    raise ProtocolError("a step neither returned nor raised")


def read_event_step(payload: marks.Buffer, shown: Collection[str]) -> Step:
    """Return the step that an event of a replayed row holds."""
    try:
        return read_step(decode(payload), shown)
    except _MALFORMED as error:
        raise ProtocolError(f"an event has another form than agreed: {error}") from None


def read_raised(step: Any, shown: Collection[str]) -> Raised:
    """Return an error, its texts cut and cleaned, its frames only of files that were handed in."""
    _, type_name, message, frames = step
    if type(type_name) is not str or type(message) is not str or type(frames) is not tuple:
        raise ProtocolError("an error has another form than agreed")
    found = []
    for file, line, function, text in frames[-FRAMES:]:
        if type(line) is not int or type(function) is not str or type(text) is not str:
            raise ProtocolError("a line of a traceback has another form than agreed")
        if file in shown:
            found.append(Frame(file, line, clean(function, NAME_CHARS), clean(text, LINE_CHARS)))
    return Raised(clean(type_name, NAME_CHARS), clean(message, MESSAGE_CHARS), tuple(found))


def read_import_event(payload: marks.Buffer, files: Collection[str]) -> tuple[str, str]:
    """Return `("importing" | "imported", file)` from an event of a load."""
    tree = decode(payload)
    try:
        kind, file = tree
        if kind in ("importing", "imported") and file in files:
            return kind, file
    except _MALFORMED as error:
        raise ProtocolError(f"an event has another form than agreed: {error}") from None
    raise ProtocolError("an event names a file that was not handed in")


# --- manifests --------------------------------------------------------------------------------------------


def read_manifest(
    tree: Any, files: Collection[str], wanted: Mapping[str, Sequence[str]], shown: Collection[str]
) -> Manifest:
    """Return what a submission's files hold, for exactly the files and functions that were asked for."""
    try:
        errors, states = tree["modules"], tree["functions"]
        names = [name for names in wanted.values() for name in names]
        stand_ins = tuple(name for name in tree["stand_ins"] if name in STAND_INS)[: len(STAND_INS)]
        return Manifest(
            {file: _read_error(errors[file], shown) for file in files if file.endswith(".py")},
            {name: _read_state(states[name]) for name in names},
            stand_ins,
            tuple(clean(note, MESSAGE_CHARS) for note in tree.get("notes", ())[:16] if _is_note(note, files)),
        )
    except _MALFORMED as error:
        raise ProtocolError(f"a manifest has another form than agreed: {error}") from None


def _is_note(note: Any, files: Collection[str]) -> bool:
    """Whether a note is about a cell that was handed in: a report must not say what a student made up."""
    cell, skipped, _ = note.partition(" was skipped: ")
    return bool(skipped) and is_cell(cell) and cell in files


def _read_error(error: Any, shown: Collection[str]) -> Raised | None:
    return None if error is None else read_raised(error, shown)


def _read_state(entry: Any) -> FunctionState:
    state, line = entry
    if state not in _STATES or not (line is None or type(line) is int):
        raise ProtocolError("the state of a function has another form than agreed")
    return FunctionState(state, line)


# --- deaths -----------------------------------------------------------------------------------------------


def explain_death(ended: Exit, limits: Limits) -> Lost:
    """Say how a worker ended that nobody ended on purpose. The text continues `affine_backward ...`."""
    status = ended.status
    if status is None:
        return Lost("died", "ended the process that runs it")
    number = status & 0x7F
    if number == 0:
        code = status >> 8
        if code == OUT_OF_MEMORY:
            return Lost("memory", f"needed more than {limits.memory_mb} MB of memory")
        return Lost("died", f"ended the process (exit status {code})")
    if number in (getattr(signal, "SIGPROF", 0), getattr(signal, "SIGXCPU", 0)):
        return used_cpu(limits.call_cpu_s)
    if number == getattr(signal, "SIGALRM", 0):
        return took_long(limits.call_wall_s)
    if number == getattr(signal, "SIGKILL", 9):
        return Lost("memory", f"was killed from outside; it may have needed more than {limits.memory_mb} MB")
    kind = f" ({_SIGNALS[signal.Signals(number)]})" if number in _SIGNALS else ""
    return Lost("died", f"was killed by signal {number}{kind}")


def used_cpu(limit_s: float) -> Lost:
    """Return the loss of a row that computed for too long."""
    return Lost("timeout", f"used more than {limit_s:g} s of CPU time in one call")


def took_long(limit_s: float) -> Lost:
    """Return the loss of a row that did not come back."""
    return Lost("timeout", f"did not return within {limit_s:g} s")
