"""For a cell of a notebook: grade the .py files beside it and show the report in the page.

from grader.notebook import report
report("hw3")
"""

from __future__ import annotations

import html
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HEIGHT_PX = 640


@dataclass(frozen=True)
class Shown:
    """What `grader run` said: the text of a terminal, and the page, "" where there is none."""

    text: str
    page: str = ""

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        if not self.page:
            return f"<pre style='white-space: pre-wrap'>{html.escape(self.text)}</pre>"
        # A frame of its own, without scripts: the styles of page and notebook leave each other alone.
        style = f"width: 100%; height: {HEIGHT_PX}px; border: 1px solid #8888; border-radius: 6px"
        return f'<iframe sandbox srcdoc="{html.escape(self.page)}" style="{style}" title="grader run"></iframe>'


def report(hw: str, *problems: str) -> Shown:
    """Grade the .py files in the notebook's folder, all problems or those that are named.

    Save the files first. Never raises over a wrong answer: what is wrong stands in the report.
    """
    chosen = [option for problem in problems for option in ("--problem", problem)]
    with tempfile.TemporaryDirectory(prefix="grader-report-") as folder:
        page = Path(folder) / "report.html"
        command = [sys.executable, "-m", "grader", "run", hw, "--submission", ".", "--html", str(page), *chosen]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", check=False)
        return Shown((done.stdout or done.stderr).rstrip(), page.read_text(encoding="utf-8") if page.is_file() else "")
