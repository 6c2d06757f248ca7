"""One thread for NumPy, as the command line sets it: threads that wait for one another burn CPU and measure nothing."""

from __future__ import annotations

from grader.cli.common import use_one_thread

# Before a benchmark imports NumPy.
use_one_thread()
