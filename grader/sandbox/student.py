"""A submission that answers, in a worker of its own.

One request and one reply a check. A worker that dies, hangs or breaks the protocol is replaced, and the request
is replayed row by row, so that only the guilty rows are lost.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any

from grader.errors import ProtocolError, SandboxError
from grader.report import Isolation
from grader.sandbox import answers, codec, marks
from grader.sandbox.levels import judge
from grader.sandbox.limits import Limits
from grader.sandbox.output import Output
from grader.sandbox.patience import Patience
from grader.sandbox.recall import Recall
from grader.sandbox.replies import Lost, Manifest, Row, Step
from grader.sandbox.session import Allowance, Session
from grader.sandbox.zygote import Zygote

__all__ = ["Limits", "Student", "Zygote", "open_student"]

if TYPE_CHECKING:
    from grader.sandbox.in_process import InProcessStudent

# No program is nearly as long.
_STEPS = 1000
# The clocks that the kernel keeps for the worker should strike before the grader's do.
_SLACK = 1.25
_PROTOCOL = Lost("protocol", "gave an answer that cannot be read")
_RUN_OVER = Lost("late", "was not waited for: the time for the whole run is used up")


def open_student(
    zygote: Zygote | None,
    files: Mapping[str, bytes],
    *,
    names: Mapping[str, str],
    wanted: Mapping[str, Sequence[str]],
    show_prints: bool = False,
    until: float | None = None,
    recall: Recall[Any] | None = None,
) -> Student | InProcessStudent:
    """Return a submission in a process of its own, or in this one where there is no zygote.

    until, recall: see `Student`; without a zygote nothing can be stopped, and everything is read anew.
    """
    if zygote is None:
        from grader.sandbox.in_process import InProcessStudent  # For start-up time.

        return InProcessStudent(files, names=names, wanted=wanted, show_prints=show_prints)
    return Student(zygote, files, names=names, wanted=wanted, show_prints=show_prints, until=until, recall=recall)


class Student:
    """A submission in a locked process.

    `files` are sources by file name, `names` the paths that people see, `wanted` the functions of interest by
    file. With `show_prints` what the submission prints is kept for `printed`. `until` is the moment on
    `time.monotonic` after which nothing of it is run any more, and what runs is ended. Replies that `recall` knows
    are not read again.
    """

    def __init__(
        self,
        zygote: Zygote,
        files: Mapping[str, bytes],
        *,
        names: Mapping[str, str],
        wanted: Mapping[str, Sequence[str]],
        limits: Limits | None = None,
        show_prints: bool = False,
        until: float | None = None,
        recall: Recall[Any] | None = None,
    ) -> None:
        self._zygote = zygote
        self._limits = limits or zygote.limits
        self._files = dict(files)
        self._names = {file: names.get(file, file) for file in files}
        self._wanted = {file: list(functions) for file, functions in wanted.items()}
        self._shown = frozenset(self._names.values())
        self._blocked: dict[str, list[str]] = {}
        self._ended: dict[str, Lost] = {}
        self._output = Output(self._limits) if show_prints else None
        self._until = math.inf if until is None else until
        self._recall: Recall[Any] = Recall(()) if recall is None else recall
        self._session: Session | None = None
        self._is_loaded = False
        self._manifest: Manifest | None = None
        self._isolation: Isolation | None = None

    def __enter__(self) -> Student:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the worker and everything that it started."""
        if self._session is not None:
            self._session.close()

    @property
    def isolation(self) -> Isolation:
        """The locks around the submission: see `levels`."""
        if self._isolation is None:
            locked = self._connect().locked
            self._isolation = judge(locked.layers, locked.missing, self._zygote.find_trial())
        return self._isolation

    def used_cpu_s(self) -> float:
        """Return the CPU seconds of the worker so far; 0 where the system does not tell."""
        return self._session.used_cpu_s() if self._session is not None else 0.0

    def printed(self) -> tuple[str, ...]:
        """Return what was printed since the last call: bounded, escaped, and empty without `show_prints`."""
        if self._output is None:
            return ()
        if self._session is not None:
            self._session.drain()
        return self._output.take()

    # --- loading ------------------------------------------------------------------------------------------

    def load(self) -> Manifest:
        """Import the submission and say what is there.

        A file whose import ends the process, or twice does not come back, is broken, and only that file.
        """
        if self._manifest is None:
            self._manifest = self._find_manifest()
        return self._manifest

    def _find_manifest(self) -> Manifest:
        hung: Counter[str] = Counter()
        for _ in range(2 * len(self._files) + 1):
            outcome, guilty = self._load_once()
            if outcome is _RUN_OVER:
                return Manifest(dict.fromkeys(self._files, _RUN_OVER), {})
            if isinstance(outcome, Manifest):
                return replace(outcome, modules={**outcome.modules, **self._ended})
            hung[guilty] += 1
            if outcome.reason != "timeout" or hung[guilty] > 1:
                self._ended[guilty] = outcome
                self._blocked[guilty] = ["ImportError", outcome.message]
        raise SandboxError("the process for student code ended again and again while files were imported")

    def _load_once(self) -> tuple[Manifest | Lost, str]:
        """Return the manifest, or what went wrong and in which file."""
        request = {
            "op": "load",
            "files": self._files,
            "names": self._names,
            "wanted": self._wanted,
            "blocked": self._blocked,
        }
        running: list[str] = []
        left = 2 * len(self._files)

        def hear(event: marks.Buffer) -> None:
            nonlocal left
            kind, file = answers.read_import_event(event, self._files)
            left -= 1
            if left < 0:
                raise ProtocolError("a file was imported twice")
            if kind == "importing":
                running.append(file)
            elif file in running:
                running.remove(file)

        reply = self._ask(self._connect(), codec.encode(request), self._allowance, hear)
        guilty = running[-1] if running else next((f for f in self._files if f not in self._blocked), "")
        if isinstance(reply, Lost):
            return reply, guilty
        try:
            manifest = answers.read_manifest(answers.decode(reply), self._files, self._wanted, self._shown)
        except ProtocolError:
            self.close()
            return _PROTOCOL, guilty
        self._is_loaded = True
        return manifest, ""

    @property
    def _allowance(self) -> Allowance:
        return Allowance(self._limits.problem_cpu_s, self._limits.problem_wall_s)

    @property
    def _is_over(self) -> bool:
        return time.monotonic() >= self._until

    def _ask(
        self,
        session: Session,
        payload: marks.Buffer,
        allowance: Allowance,
        hear: Callable[[marks.Buffer], None] | None = None,
        meanwhile: Callable[[], None] | None = None,
    ) -> bytes | Lost:
        """Send a request to a worker, within what is left of the whole run."""
        left_s = max(0.0, self._until - time.monotonic())
        reply = session.ask(payload, replace(allowance, most_s=left_s), hear, meanwhile)
        # Whatever the worker did then: it was the grader that ran out of time.
        return _RUN_OVER if isinstance(reply, Lost) and self._is_over else reply

    def _connect(self) -> Session:
        if self._session is None or self._session.is_over:
            self._is_loaded = False
            self._session = Session(self._zygote, self._limits, self._output)
        return self._session

    def _loaded_session(self) -> Session | Lost:
        """Return a worker that has imported the submission, a new one where the last is gone."""
        if self._is_over:
            return _RUN_OVER
        session = self._connect()
        if self._is_loaded:
            return session
        if self._output is not None:
            self._output.is_muted = True  # Importing printed before.
        try:
            outcome, _ = self._load_once()
            session.drain()
        finally:
            if self._output is not None:
                self._output.is_muted = False
        return outcome if isinstance(outcome, Lost) else session

    # --- running ------------------------------------------------------------------------------------------

    def run(
        self,
        payload: marks.Buffer,
        groups: Sequence[Sequence[int]] | None = None,
        meanwhile: Callable[[], None] | None = None,
    ) -> list[list[Row]]:
        """Send an encoded run request; return its rows by batch. `meanwhile` is called when it is sent.

        `groups` gives each row of each batch a number: after a timeout the rest of that row's group is skipped,
        and other groups go on. Without groups the rest is skipped after the second timeout.
        """
        self.load()
        timeouts = 1
        if groups is None:
            groups = [[0] * len(rows) for _, rows in codec.decode(payload)["batches"]]
            timeouts = 2
        session = self._loaded_session()
        if self._output is not None and isinstance(session, Session):
            session.drain()  # What was printed before this request is not printed again.
        kept = self._output.snapshot() if self._output is not None else None
        if isinstance(session, Session):
            reply = self._ask(session, payload, self._allowance, meanwhile=meanwhile)
            if not isinstance(reply, Lost):
                try:
                    return self._read(payload, reply, [len(batch) for batch in groups])
                except ProtocolError:
                    session.close()
        if self._output is not None and kept is not None:
            self._output.restore(kept)  # The replay prints it again.
        return self._replay(payload, groups, timeouts)

    def _read(self, payload: marks.Buffer, reply: bytes, counts: Sequence[int]) -> list[list[Row]]:
        """Return the rows of a reply: the same list as before where it is the same reply as before."""
        rows = self._recall.find(payload, reply, self._shown)
        if rows is None:
            rows = answers.read_rows(answers.decode(reply), counts, self._shown)
            self._recall.add(payload, reply, self._shown, rows)
        return rows

    def _replay(self, payload: marks.Buffer, groups: Sequence[Sequence[int]], timeouts: int) -> list[list[Row]]:
        """Run the rows of a request one by one, each in a worker that is known to be alive."""
        request = codec.decode(payload, keep_lists=True)
        patience = Patience(self._limits, timeouts)
        replies = []
        for (program, rows), numbers in zip(request["batches"], groups, strict=True):
            batch = []
            for inputs, group in zip(rows, numbers, strict=True):
                skipped = _RUN_OVER if self._is_over else patience.find_reason(group)
                if skipped is None:
                    single = {**request, "batches": [[program, [inputs]]], "stream": True}
                    row, cpu_s, size = self._run_alone(codec.encode(single))
                    patience.count(group, row, cpu_s, size)
                else:
                    row = Row((skipped,))
                batch.append(row)
            replies.append(batch)
        return replies

    def _run_alone(self, payload: bytes) -> tuple[Row, float, int]:
        """Return the answer to a request of one row, the CPU seconds it took and how many bytes came."""
        session = self._loaded_session()
        if isinstance(session, Lost):
            return Row((session,)), self._limits.call_cpu_s, 0
        steps: list[Step] = []

        def hear(event: marks.Buffer) -> None:
            if len(steps) >= _STEPS:
                raise ProtocolError("a row has too many steps")
            steps.append(answers.read_event_step(event, self._shown))

        limits = self._limits
        reply = self._ask(session, payload, Allowance(limits.call_cpu_s, limits.call_wall_s, _SLACK), hear)
        if isinstance(reply, Lost):
            return Row((*steps, reply)), session.spent_cpu_s, session.taken_bytes
        try:
            [[row]] = answers.read_rows(answers.decode(reply), [1], self._shown)
        except ProtocolError:
            session.close()
            row = Row((_PROTOCOL,))
        return row, session.spent_cpu_s, session.taken_bytes
