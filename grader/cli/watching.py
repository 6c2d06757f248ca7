"""`grader run --watch`: a loop over saves and keys. The worker's parent and the saved cases stay warm in between."""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli.common import (
    HINTS,
    open_zygote,
    set_up,
    show,
    state_folder,
    use_color,
    width,
)
from grader.errors import UsageError

if TYPE_CHECKING:
    from grader.report import Report
    from grader.sandbox.zygote import Zygote
    from grader.watch import Watched

SAVED = "saved"
# How long after the last of several writes a save counts as done, in milliseconds.
QUIET_MS = 40
OnReport = Callable[["Report", Mapping[str, bytes]], None]
CLEAR = "\x1b[H\x1b[2J"


def watch(
    hw: str,
    path: Path | None,
    names: Sequence[str],
    seed: int,
    started: Zygote | None,
    *,
    required: int,
    pictures: bool,
    write_reports: Callable[[Report], None],
) -> int:
    """Grade, then grade again whenever a file is saved, until q or Ctrl-C; return the status of the last report."""
    with started or open_zygote(False) as zygote:
        bench = set_up(hw, path, seed, zygote, required=required, pictures=pictures)
        from grader.watch import Watched  # For start-up time: after the first imports of NumPy.

        folder = _folder_of(bench.where)
        # Read, or built, before there is anything to judge: the first save is not to wait for it.
        _ = bench.source.bank
        watched = Watched(bench.assignment, bench.assignment.select(names), bench.take, bench.grade)

        def on_report(report: Report, files: Mapping[str, bytes]) -> None:
            write_reports(report)
            bench.keep(files, report)

        with _events(folder) as (events, keys):
            return _Screen(watched, bench.course.folder(hw), keys, on_report).run(events)


def _folder_of(where: Path) -> Path:
    """Return the folder in which saves happen. Raises UsageError for what nobody edits in place."""
    if where.is_dir():
        return where
    if where.is_file() and where.suffix.lower() in (".py", ".ipynb"):
        return where.parent
    raise UsageError(f"--watch needs a folder, a .py or an .ipynb file to look at, got {where}")


class _Screen:
    """What is shown, and what a key does."""

    def __init__(self, watched: Watched, folder: Path, keys: bool, on_report: OnReport) -> None:
        self._watched, self._folder, self._keys, self._on_report = watched, folder, keys, on_report

    def run(self, events: queue.Queue[str]) -> int:
        self._look()
        while True:
            try:
                # Not for ever: on Windows a thread that waits without end does not hear Ctrl-C.
                event = events.get(timeout=0.5)
            except queue.Empty:
                continue
            if event == SAVED:
                self._look()
            elif event in ("q", ""):
                return self._status()
            elif event == "a":
                self._show_all()
            elif event == "n":
                self._watched.go_on()
                self._draw()
            elif event == "h":
                self._draw(self._hint())

    def _look(self) -> None:
        if self._watched.look():
            if self._watched.report is not None and not self._watched.trouble:
                self._on_report(self._watched.report, self._watched.files)
            self._draw()

    def _status(self) -> int:
        report = self._watched.report
        if report is None or self._watched.trouble:
            return 2
        return 0 if report.score == report.max_score else 1

    def _draw(self, hint: str = "") -> None:
        from grader.render.watching import render  # For start-up time.

        changes = [(change.now, change.before) for change in self._watched.changes]
        text = render(
            self._watched.report,
            changes,
            self._watched.focused,
            trouble=self._watched.trouble,
            hint=hint,
            keys=self._keys,
            size=shutil.get_terminal_size((80, 24)) if sys.stdout.isatty() else (80, 1000),
            color=use_color(),
        )
        self._put(text)

    def _put(self, text: str) -> None:
        if sys.stdout.isatty():
            sys.stdout.write(CLEAR)
        show(text)
        sys.stdout.flush()

    def _show_all(self) -> None:
        """Grade everything again, and show the whole report."""
        from grader.render import terminal, watching  # For start-up time.

        self._watched.look(everything=True)
        if self._watched.report is None or self._watched.trouble:
            self._draw()
        else:
            whole = terminal.render(self._watched.report, width=width(), color=use_color())
            ending = watching.foot(self._watched.report, keys=self._keys, width=width(), color=use_color())
            self._put(f"{whole}\n{ending}")

    def _hint(self) -> str:
        from grader.hints import next_hint  # For start-up time.

        problem = self._watched.focused
        if problem is None:
            return ""
        try:
            number, count, text = next_hint(self._folder, self._folder.name, problem.id, state_folder() / HINTS)
        except UsageError as error:
            return str(error)
        return f"Hint {number} of {count}: {text}"


@contextlib.contextmanager
def _events(folder: Path) -> Iterator[tuple[queue.Queue[str], bool]]:
    """Give a queue of saves and keys, and whether there is a keyboard; two threads fill it until the end."""
    import watchfiles  # For start-up time.

    events: queue.Queue[str] = queue.Queue()
    stop = threading.Event()

    def saves() -> None:
        changes = watchfiles.watch(
            folder, watch_filter=None, step=QUIET_MS, stop_event=stop, raise_interrupt=False, recursive=False
        )
        for _ in changes:
            events.put(SAVED)

    thread = threading.Thread(target=saves, daemon=True, name="saves")
    thread.start()
    try:
        with _keyboard(events) as keys:
            yield events, keys
    finally:
        stop.set()
        thread.join(timeout=2.0)


@contextlib.contextmanager
def _keyboard(events: queue.Queue[str]) -> Iterator[bool]:
    """Put every key into the queue as it is pressed; say whether there is a keyboard. The terminal is set back."""
    if not sys.stdin.isatty():
        yield False
        return
    if sys.platform == "win32":
        import msvcrt

        _start_reading(events, msvcrt.getwch)
        yield True
        return
    import termios
    import tty

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    ended, end = os.pipe()
    reader = _start_reading(events, lambda: _read_key(descriptor, ended))
    try:
        # Keys come one by one and are not shown; Ctrl-C stays what it is.
        tty.setcbreak(descriptor)
        yield True
    finally:
        os.close(end)
        reader.join(timeout=2.0)
        os.close(ended)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _read_key(descriptor: int, ended: int) -> str:
    """Return the next key, or "" when there will be none: what is typed after the end is for the shell."""
    import select

    ready, _, _ = select.select([descriptor, ended], [], [])
    return "" if ended in ready else os.read(descriptor, 1).decode("ascii", "replace")


def _start_reading(events: queue.Queue[str], read: Callable[[], str]) -> threading.Thread:
    def keys() -> None:
        key = "?"
        while key:
            try:
                key = read().lower()
            except OSError:
                # The terminal is gone.
                key = ""
            events.put(key)

    # On Windows it waits in a read that nothing ends; as a daemon it ends with the program.
    thread = threading.Thread(target=keys, daemon=True, name="keys")
    thread.start()
    return thread
