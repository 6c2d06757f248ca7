"""Experiments with a student's functions, drawn by a process of its own: what comes back is a picture or a sentence.

The process has no locks: it is for the student's own code on the student's own machine. Nothing of it decides a score.
"""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from grader.errors import AssignmentError

EXPERIMENTS = "experiments.py"
LONGEST_TEXT = 400
LARGEST_PICTURE = 20 * 1024 * 1024
TIMEOUT_S = 120.0

_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Drawn:
    """One experiment: its picture as a PNG, or the reason why there is none; in a window both are empty."""

    name: str
    picture: bytes = b""
    reason: str = ""


def read_experiments(folder: Path) -> dict[str, str]:
    """Return what each experiment of an assignment shows, by name, without running anything.

    Raises AssignmentError where there are none.
    """
    path = folder / EXPERIMENTS
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError) as error:
        raise AssignmentError(f"{path} cannot be read ({error}), so there is nothing to draw.") from error
    return {
        node.name: (ast.get_docstring(node) or "").split("\n")[0]
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and any(ast.unparse(one) == "experiment" for one in node.decorator_list)
    }


def draw(
    experiments: Path, files: Mapping[str, bytes], names: Sequence[str], *, window: bool = False
) -> Iterator[Drawn]:
    """Draw experiments with these files of a student's, in order; in a window there is no picture to return."""
    with tempfile.TemporaryDirectory(prefix="grader-plot-") as name:
        # Resolved: what a traceback calls the folder is what it is compared with.
        folder = Path(name).resolve()
        for file, data in {**files, EXPERIMENTS: experiments.read_bytes()}.items():
            (folder / file).write_bytes(data)
        ended = _run([str(folder), "window" if window else "file", *names], None if window else TIMEOUT_S)
        for one in names:
            yield _collect(folder, one, ended)


def _run(arguments: Sequence[str], timeout_s: float | None) -> str:
    """Run the program to its end, and return how it ended where that was no good end."""
    command = [sys.executable, "-I", "-m", "grader.figures.program", *arguments]
    # What students print is for no one here; a terminal must not see it raw.
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, start_new_session=True, **quiet)  # type: ignore[call-overload]
    try:
        status = process.wait(timeout_s)
        return "" if status == 0 else f"drawing ended with status {status}"
    except subprocess.TimeoutExpired:
        return f"drawing took longer than {timeout_s:.0f} s"
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and what it started."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


def _collect(folder: Path, name: str, ended: str) -> Drawn:
    """Return what a process that is not trusted has left of one experiment."""
    picture, reason = _read(folder / f"{name}.png"), _read(folder / f"{name}.txt")
    if reason is not None:
        return Drawn(name, reason=reason[: 4 * LONGEST_TEXT].decode("utf-8", "replace")[:LONGEST_TEXT])
    if picture is not None and (picture.startswith(_PNG) or not picture):
        return Drawn(name, picture)
    return Drawn(name, reason=ended or "no picture was drawn")


def _read(path: Path) -> bytes | None:
    # A link or a pipe is none of ours, and may never end.
    if path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST_PICTURE:
        return None
    return path.read_bytes()
