"""The group of commands: which module holds each, and what becomes of wrong usage."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from grader import __version__
from grader.cli.common import show
from grader.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from grader.sandbox.zygote import Zygote

# In the order of the help: first a student's, then an author's, then an instructor's.
_MODULES = {
    "run": "student",
    "list": "student",
    "hint": "student",
    "cases": "student",
    "explore": "student",
    "submit": "student",
    "plot": "pictures",
    "new": "author",
    "check": "author",
    "release": "author",
    "gradescope": "teaching",
    "batch": "grading",
    "version": "app",
}


class _Commands(click.Group):
    """Commands that are imported when they are asked for."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Return the names of all commands."""
        return list(_MODULES)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Return a command, or None."""
        if name not in _MODULES:
            return None
        module = importlib.import_module(f"grader.cli.{_MODULES[name]}")
        command: click.Command = getattr(module, "list_" if name == "list" else name)
        return command

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is meant."""
        name = arguments[0]
        if not name.startswith("-") and name not in _MODULES:
            raise click.UsageError(f"No such command '{name}'{did_you_mean(name, _MODULES)}", context)
        return super().resolve_command(context, arguments)


@click.group(cls=_Commands, context_settings={"show_default": True})
def grader() -> None:
    """Autograded deep-learning homework: write the stubs, run `grader run hw3`, read what is wrong and why."""


@click.command()
def version() -> int:
    """Print the version."""
    show(__version__)
    return 0


def run(arguments: Sequence[str], zygote: Zygote | None) -> int:
    """Run the command that the arguments name; return its exit status.

    zygote: the process that makes workers, where it is started already.

    Raises:
        UsageError: the arguments are wrong; the message says where help is.
    """
    try:
        status = grader.main(list(arguments), prog_name="grader", standalone_mode=False, obj=zygote)
    except click.exceptions.NoArgsIsHelpError as error:
        show(error.ctx.get_help() if error.ctx is not None else error.message)
        return 2
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx is not None else "grader"
        raise UsageError(f"{error.format_message().rstrip('.?')}; see `{command} --help`") from error
    except click.Abort:
        return 130
    return status if isinstance(status, int) else 0
