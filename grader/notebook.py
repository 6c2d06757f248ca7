"""For a cell of a notebook: grade the .py files beside it and show the report in the page.

from grader.notebook import report
report("hw3")
"""

from __future__ import annotations

import html
import subprocess
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Shown:
    """What `grader run` said, as a notebook shows it: in colourless text, or as HTML in a frame of its own."""

    text: str

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f"<pre style='white-space: pre-wrap'>{html.escape(self.text)}</pre>"


def report(hw: str, *problems: str) -> Shown:
    """Grade the .py files in the notebook's folder, all problems or those that are named.

    Save the files first. Never raises over a wrong answer: what is wrong stands in the report.
    """
    chosen = [option for problem in problems for option in ("--problem", problem)]
    command = [sys.executable, "-m", "grader", "run", hw, "--submission", ".", *chosen]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", check=False)
    return Shown(done.stdout or done.stderr)
