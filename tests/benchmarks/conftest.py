"""One thread for NumPy, as the command line sets it: threads that wait for one another burn CPU and measure nothing."""

from __future__ import annotations

import os
import sys

import pytest

from grader.cli.common import use_one_thread

# A plugin may have loaded NumPy already, with as many threads as there are cores; then nothing can be changed any more.
TOO_LATE = "numpy" in sys.modules and os.environ.get("OPENBLAS_NUM_THREADS") != "1"
use_one_thread()


def pytest_configure(config):
    if TOO_LATE and config.getoption("benchmark_enable", default=False):
        raise pytest.UsageError(
            "pytest-randomly has loaded NumPy with several threads, and figures would mean nothing: "
            "add `-p no:randomly`, or set OPENBLAS_NUM_THREADS=1"
        )
