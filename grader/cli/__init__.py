"""The command line: the only package that prints and exits.

Exit status: 0 full marks, or the command did what it says; 1 graded and points are missing; 2 could not be
done, with one line that says what to do; 130 after Ctrl-C.

Most imports stand inside functions for start-up time: the process for student code is started first, and
imports NumPy while this one does.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import typer

from grader import __version__
from grader.cli import author, grading, pictures, student, teaching
from grader.cli.common import show
from grader.errors import GraderError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Autograded deep-learning homework: write the stubs, run `grader run hw3`, read what is wrong and why.",
)
app.command()(student.run)
app.command(name="list")(student.list_)
app.command()(student.hint)
app.command()(student.cases)
app.command()(student.explore)
app.command()(student.submit)
app.command()(pictures.plot)
app.command()(author.new)
app.command()(author.check)
app.command()(author.release)
app.command()(teaching.gradescope)
app.command()(grading.batch)


@app.command()
def version() -> int:
    """Print the version."""
    show(__version__)
    return 0


def main() -> NoReturn:
    """Run the command line; every expected failure is one line on standard error."""
    try:
        status = app(standalone_mode=False)
    except GraderError as error:
        status = _fail(str(error))
    except KeyboardInterrupt:
        status = 130
    except BrokenPipeError:
        # The reader of a pipe has left; there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except Exception as error:
        status = _usage_status(error)
    sys.exit(status if isinstance(status, int) else 0)


def _usage_status(error: Exception) -> int:
    """Report a usage error of the option parser in one line; anything else is a bug and is raised."""
    if type(error).__name__ == "Abort":
        return 130
    message = getattr(error, "format_message", None)
    if message is None:
        raise error
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError" and context is not None:
        show(context.get_help())
        return 2
    command = context.command_path if context is not None else "grader"
    return _fail(f"{message().rstrip('.?')}; see `{command} --help`")


def _fail(message: str) -> int:
    from grader.render.text import clean  # For start-up time.

    sys.stderr.write(f"grader: {clean(' '.join(message.split()), 600)}\n")
    return 2
