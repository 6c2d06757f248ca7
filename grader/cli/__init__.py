"""The command line: the only package that prints and exits.

Exit status: 0 full marks, or the command did what it says; 1 graded and points are missing; 2 could not be
done, with one line that says what to do; 130 after Ctrl-C.

Most imports stand inside functions for start-up time: the process for student code is started first of all, and
imports NumPy while this one reads its options and does the same.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, NoReturn

from grader.errors import GraderError

if TYPE_CHECKING:
    from grader.sandbox.zygote import Zygote

# So many new objects are awaited before the garbage collector looks for cycles; Python's own number is 700.
_OBJECTS = 50_000


def main() -> NoReturn:
    """Run the command line; every expected failure is one line on standard error."""
    arguments = sys.argv[1:]
    collect_seldom()
    with ExitStack() as started:
        try:
            zygote = _start(arguments, started)
            from grader.cli.app import run  # For start-up time.

            status = run(arguments, zygote)
            sys.stdout.flush()
        except GraderError as error:
            status = _fail(str(error))
        except KeyboardInterrupt:
            status = 130
        except BrokenPipeError:
            # The reader of a pipe has left; there is nobody to tell.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            status = 0
        except OSError as error:
            # A full disk, too many processes: not 1, which says that points are missing.
            status = _fail(f"the system refused: {error}")
    if arguments[:1] == ["run"]:
        # Everything is closed. Taking NumPy apart in good order would take as long as loading this package did.
        with suppress(OSError):  # Said already. What was printed before something else failed is not lost.
            sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


def collect_seldom() -> None:
    """Have the garbage collector look for cycles seldom, in this process and those that it forks."""
    # What is imported, and what is read of saved test cases, stays: looking through it again and again takes long.
    gc.set_threshold(_OBJECTS)


def _start(arguments: Sequence[str], started: ExitStack) -> Zygote | None:
    """Start the process that makes workers where one will be needed, before anything else is imported."""
    if arguments[:1] != ["run"] or {"--no-isolation", "--help"} & {*arguments}:
        return None
    from grader.cli.common import open_zygote  # For start-up time.

    return started.enter_context(open_zygote(False))


def _fail(message: str) -> int:
    from grader.render.text import clean  # For start-up time.

    sys.stderr.write(f"grader: {clean(' '.join(message.split()), 600)}\n")
    return 2
