"""Arguments and options that several commands take."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

PATH = click.Path(path_type=Path)

homework = click.argument("hw", metavar="HW")
problem = click.argument("problem", metavar="PROBLEM")
seed = click.option(
    "--seed", metavar="N", type=click.IntRange(0), default=0, help="Which saved test cases; 0 are the public ones."
)
submission = click.option(
    "--submission", metavar="PATH", type=PATH, help="A folder, .zip, .tar.gz, .py or .ipynb; by default assignments/HW."
)


def require_isolation(default: int) -> Callable[[Command], Command]:
    """Return the option of the lowest isolation level that gives a score."""
    return click.option(
        "--require-isolation",
        metavar="LEVEL",
        type=click.IntRange(0, 4),
        default=default,
        help="No score below this isolation level.",
    )
