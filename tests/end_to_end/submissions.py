"""Submissions made from the reference's source with some functions replaced, and what grading them gave."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SOLUTIONS = ROOT / "solutions" / "hw3"
STUBS = ROOT / "assignments" / "hw3"
FILES = ("layers.py", "initializers.py", "batchnorm.py")


def replace_function(source: str, name: str, code: str) -> str:
    """Return `source` with the top-level function `name` replaced by `code`; an empty `code` deletes it."""
    found = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and node.name == name]
    assert len(found) == 1, f"{name} is defined {len(found)} times"
    lines = source.splitlines()
    lines[found[0].lineno - 1 : found[0].end_lineno] = textwrap.dedent(code).strip().splitlines()
    return "\n".join(lines) + "\n"


def functions_of(source: str) -> set[str]:
    """Return the names of the top-level functions of a source text."""
    return {node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}


def write_submission(
    folder: Path, functions: Mapping[str, str] | None = None, heads: Mapping[str, str] | None = None
) -> Path:
    """Write the reference's files with some functions replaced, and lines of code put above `import numpy`."""
    folder.mkdir(parents=True, exist_ok=True)
    left = dict(functions or {})
    for file in FILES:
        source = (SOLUTIONS / file).read_text(encoding="utf-8")
        for name in functions_of(source) & left.keys():
            source = replace_function(source, name, left.pop(name))
        head = (heads or {}).get(file, "")
        (folder / file).write_text(source.replace("import numpy as np\n", f"{head}import numpy as np\n", 1), "utf-8")
    assert not left, f"no file of the reference defines {sorted(left)}"
    return folder


@dataclass(frozen=True)
class Outcome:
    """What one run gave: exit status, both streams, the JSON report."""

    status: int
    text: str
    errors: str
    report: dict[str, Any]

    @property
    def problems(self) -> dict[str, dict[str, Any]]:
        """Problems of the report by id."""
        return {problem["id"]: problem for problem in self.report["problems"]}

    @property
    def incomplete(self) -> set[str]:
        """Problems that lost points."""
        return {name for name, problem in self.problems.items() if problem["score"] < problem["max_score"]}

    def score(self, problem: str) -> float:
        """Points earned in one problem."""
        return float(self.problems[problem]["score"])

    def lost(self, problem: str) -> set[str]:
        """Findings of one problem that lost points."""
        return {check["id"] for check in self.problems[problem]["checks"] if check["score"] < check["max_score"]}

    def status_of(self, problem: str) -> str:
        """Status of one problem."""
        return str(self.problems[problem]["status"])

    def messages(self, problem: str) -> str:
        """All that is said of one problem."""
        one = self.problems[problem]
        return "\n".join([one["message"], *(check["message"] for check in one["checks"])])
