"""Jobs through an executor: a bounded number at a time, each answered exactly once, also when processes die."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from contextlib import AbstractContextManager, ExitStack

from grader.batch.work import Done, Job, grade

Open = Callable[[], AbstractContextManager[Executor]]

# How often a job that runs alone may take its process along.
_DEATHS = 2


class Crew:
    """An executor, and another one where a process of it has died. `window`: how many jobs it holds at a time."""

    def __init__(self, opening: Open, window: int) -> None:
        self._opening = opening
        self._window = window
        self._stack = ExitStack()
        self.executor = self._stack.enter_context(opening())

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *reason: object) -> None:
        self._stack.__exit__(*reason)  # type: ignore[arg-type]

    def answer(self, jobs: Iterator[Job]) -> Iterator[Done]:
        """Yield what became of each job, in the order in which they end."""
        running: dict[Future[Done], Job] = {}
        while True:
            while len(running) < self._window and (job := next(jobs, None)) is not None:
                running[self._submit(job)] = job
            if not running:
                return
            suspects = []
            for future in self._wait(running):
                job = running.pop(future)
                done = _outcome(future, job)
                if done is None:
                    suspects.append(job)
                else:
                    yield done
            # Whoever was there when a process died is tried alone: so nobody is blamed for a neighbour.
            for job in suspects:
                yield self._answer_alone(job)

    def _wait(self, running: dict[Future[Done], Job]) -> set[Future[Done]]:
        """Return futures that have ended; all of them when a process died, since its pool ends with it."""
        ended = wait(running, return_when=FIRST_COMPLETED).done
        if any(_is_lost(future) for future in ended):
            ended = wait(running).done
            self._reopen()
        return ended

    def _answer_alone(self, job: Job) -> Done:
        for _ in range(_DEATHS):
            future = self._submit(job)
            done = _outcome(future, job)
            if done is not None:
                return done
            self._reopen()
        return Done(job.id, None, fault="it ended the process that graded it, again and again")

    def _submit(self, job: Job) -> Future[Done]:
        try:
            return self.executor.submit(grade, job)
        except BrokenExecutor:
            self._reopen()
            return self.executor.submit(grade, job)

    def _reopen(self) -> None:
        self._stack.close()
        self.executor = self._stack.enter_context(self._opening())


def _is_lost(future: Future[Done]) -> bool:
    return not future.cancelled() and isinstance(future.exception(), BrokenExecutor)


def _outcome(future: Future[Done], job: Job) -> Done | None:
    """Wait for what became of a job; None where its process died."""
    try:
        return future.result()
    except BrokenExecutor:
        return None
    except (Exception, CancelledError) as error:
        return Done(job.id, None, fault=f"the process that graded it was lost ({type(error).__name__}: {error})")
