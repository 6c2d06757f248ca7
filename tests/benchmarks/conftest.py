"""One thread for NumPy, as the command line sets it: threads that wait for one another burn CPU and measure nothing."""

from __future__ import annotations

import gc
import os
import sys

import pytest

from grader.cli import collect_seldom
from grader.cli.common import use_one_thread

# A plugin may have loaded NumPy already, with as many threads as there are cores; then nothing can be changed any more.
TOO_LATE = "numpy" in sys.modules and os.environ.get("OPENBLAS_NUM_THREADS") != "1"
use_one_thread()


@pytest.fixture(autouse=True)
def lean():
    """Have the garbage collector do what it does for a command: what pytest holds is not looked through."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    collect_seldom()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


def pytest_configure(config):
    if TOO_LATE and config.getoption("benchmark_enable", default=False):
        raise pytest.UsageError(
            "pytest-randomly has loaded NumPy with several threads, and figures would mean nothing: "
            "add `-p no:randomly`, or set OPENBLAS_NUM_THREADS=1"
        )
