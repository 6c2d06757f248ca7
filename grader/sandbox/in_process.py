"""A submission that runs in the grader's own process: for debuggers and `--no-isolation`."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any

from grader.report import Isolation
from grader.sandbox import answers, codec, marks
from grader.sandbox.importer import Importer
from grader.sandbox.program import Surroundings, run
from grader.sandbox.replies import Manifest, Row

# Ctrl-C is for the grader here, and so is the end of a debugger's session.
_CAUGHT = (Exception, SystemExit, GeneratorExit)


class InProcessStudent:
    """Same interface as `Student`, without a process: no limits, no locks, and breakpoints work.

    Files are compiled under their real paths where those exist. What is printed appears at once on standard
    error, or nowhere without `show_prints`; `printed` has nothing to add.
    """

    isolation = Isolation(0, (), ("everything: student code runs in the grader's own process",))

    def __init__(
        self,
        files: Mapping[str, bytes],
        *,
        names: Mapping[str, str],
        wanted: Mapping[str, Sequence[str]],
        show_prints: bool = True,
    ) -> None:
        self._files = dict(files)
        self._names = {file: names.get(file, file) for file in files}
        self._wanted = {file: list(functions) for file, functions in wanted.items()}
        self._show_prints = show_prints
        self._importer: Importer | None = None
        self._functions: dict[str, Any] = {}
        self._manifest: Manifest | None = None

    def __enter__(self) -> InProcessStudent:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take the submission's modules out of this process."""
        if self._importer is not None:
            self._importer.close()

    def load(self) -> Manifest:
        """Import the submission and say what is there."""
        if self._manifest is None:
            paths = {file: os.path.abspath(name) for file, name in self._names.items() if os.path.isfile(name)}
            self._importer = Importer(self._files, self._names, paths=paths, caught=_CAUGHT)
            with self._redirected():
                reply, self._functions = self._importer.load(self._wanted)
            tree = answers.decode(codec.encode(reply))
            self._manifest = answers.read_manifest(tree, self._files, self._wanted, self._names.values())
        return self._manifest

    def run(
        self,
        payload: marks.Buffer,
        groups: Sequence[Sequence[int]] | None = None,
        meanwhile: Callable[[], None] | None = None,
    ) -> list[list[Row]]:
        """Run an encoded run request; return its rows by batch. Nothing happens meanwhile."""
        self.load()
        assert self._importer is not None
        request = codec.decode(payload, keep_lists=True)
        surroundings = Surroundings(self._functions, self._importer.sources, caught=_CAUGHT)
        with self._redirected():
            reply = run(request, surroundings)
        counts = [len(rows) for _, rows in request["batches"]]
        return answers.read_rows(answers.decode(codec.encode(reply)), counts, self._names.values())

    def printed(self) -> tuple[str, ...]:
        """Return nothing: what was printed has appeared already."""
        return ()

    @contextlib.contextmanager
    def _redirected(self) -> Iterator[None]:
        """Keep standard output for the report."""
        if self._show_prints:
            with contextlib.redirect_stdout(sys.stderr):
                yield
        else:
            nowhere = io.StringIO()
            with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
                yield
