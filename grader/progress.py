"""How far a student is: the points of the last run of every assignment, and whether the files are still those."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.memory import recall, remember
from grader.report import Outcome, Report

BAR = 20


@dataclass(frozen=True)
class Progress:
    """The last run of an assignment. Points are hundredths; `written` problems are those that were not stubs.

    is_current: whether the files are the ones that were run.
    """

    score: int
    max_score: int
    written: int
    is_current: bool


def keep(memory: Path, folder: Path, files: Mapping[str, bytes], report: Report) -> None:
    """Remember a run of a whole assignment; one that ended in a fault says nothing."""
    if report.fault is not None:
        return
    written = sum(1 for problem in report.problems if problem.status is not Outcome.NOT_IMPLEMENTED)
    known = recall(memory)
    known[str(folder.resolve())] = [_digest(files), report.score, report.max_score, written]
    remember(memory, known)


def look_up(memory: Path, folder: Path, files: Mapping[str, bytes]) -> Progress | None:
    """Return the last run of the assignment in a folder, or None where there was none."""
    match recall(memory).get(str(folder.resolve())):
        case [str(digest), int(score), int(most), int(written)] if 0 <= score <= most:
            return Progress(score, most, written, digest == _digest(files))
    return None


def draw_bar(score: int, most: int) -> str:
    """Return `[#####...............]`: full only at full marks, empty only at none."""
    filled = 0 if most <= 0 else min(score * BAR // most, BAR)
    if score > 0:
        filled = max(filled, 1)
    return f"[{'#' * filled}{'.' * (BAR - filled)}]"


def _digest(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0{len(files[name])}\0".encode() + files[name])
    return digest.hexdigest()[:16]
