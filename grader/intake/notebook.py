"""A submission in a notebook. This is the place for it; until it is built, notebooks are refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from grader.errors import IntakeError
from grader.intake.naming import either, show_name
from grader.intake.submission import IntakeLimits, Submission


def take_notebook(path: Path, wanted: Sequence[str], limits: IntakeLimits) -> Submission:
    """Raise IntakeError: notebooks are not read yet."""
    raise IntakeError(
        f"{show_name(path.as_posix())}: notebooks are not read yet; "
        f"hand in {either(wanted)}, a folder or a .zip with them."
    )
