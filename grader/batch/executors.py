"""Where jobs run: processes of this machine, or a cluster. Both are a `concurrent.futures.Executor`."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from typing import Any

from grader.batch.kit import Kit
from grader.batch.work import keep
from grader.errors import UsageError
from grader.sandbox import kernel

# Elsewhere a job that lost its process is tried again this often before it is called a fault.
_RETRIES = 3
_CONNECT_S = 10


@contextlib.contextmanager
def local(kit: Kit, jobs: int) -> Iterator[Executor]:
    """Open a pool of processes that have the kit: one copy in memory for all of them, where the system forks."""
    keep(kit)
    method = "fork" if sys.platform == "linux" else "spawn"
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context(method), _begin, (kit,))
    try:
        yield pool
    except BaseException:
        # Ctrl-C must not wait for a submission that takes its time.
        for process in list((getattr(pool, "_processes", None) or {}).values()):
            process.kill()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(kit: Kit) -> None:
    """Make a process of the pool ready."""
    # Ctrl-C is for the process that a person sees, which then ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        kernel.set_death_signal(signal.SIGKILL)
    keep(kit)


@contextlib.contextmanager
def cluster(kit: Kit, address: str) -> Iterator[Executor]:
    """Open a Dask cluster whose workers have the kit, those that join later too.

    The scheduler retries elsewhere what a worker did when it died. Raises UsageError where there is no cluster.
    """
    try:
        from distributed import Client, WorkerPlugin  # For start-up time.
    except ImportError as error:
        raise UsageError("--dask needs distributed; install it with `pip install 'grader[cluster]'`") from error

    class Keep(WorkerPlugin):
        """Ships a kit once to each worker: the name is its hash."""

        name = f"grader-{kit.hash}"

        def setup(self, worker: Any) -> None:
            keep(kit)

    try:
        client = Client(address, timeout=_CONNECT_S, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TimeoutError) as error:
        raise UsageError(f"no Dask scheduler answers at {address}: {error}; start one with `dask scheduler`") from error
    with client:
        client.register_plugin(Keep())
        yield client.get_executor(pure=False, retries=_RETRIES)  # type: ignore[no-untyped-call]
