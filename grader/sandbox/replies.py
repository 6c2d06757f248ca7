"""What comes back from student code, as the grader sees it: frozen, plain, and never trusted.

Nothing here imports NumPy or starts anything, so that checks and the engine can name these types cheaply.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from grader.sandbox.marks import Buffer


@dataclass(frozen=True)
class Frame:
    """One line of a traceback, in a file of the student's. `text` is the source line."""

    file: str
    line: int
    function: str
    text: str


@dataclass(frozen=True)
class Returned:
    """A call returned. `value` is a decoded tree, `observed` the shared inputs that were asked for, afterwards."""

    value: Any
    observed: Any = None
    global_changed: bool | None = None


@dataclass(frozen=True)
class Raised:
    """A call raised an exception of the student's. Frames are innermost last."""

    type_name: str
    message: str
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True)
class Lost:
    """A row has no answer: the worker hung, died or broke the protocol. `message` continues "affine_backward ...".

    reason: "timeout" or "died"; "late" and "skipped" where earlier rows of the group left no time, or died too often.
    """

    reason: str
    message: str


Step: TypeAlias = Returned | Raised | Lost


@dataclass(frozen=True)
class Row:
    """The steps of one row, ended after the first that did not return, and which inputs were written to."""

    steps: tuple[Step, ...]
    modified: tuple[int, ...] = ()


def read_row(steps: Sequence[Any]) -> Row:
    """Read one row as `program.run` gives it, in the process where it ran.

    Raises ValueError, TypeError or IndexError for anything else: the sender broke the protocol.
    """
    *answers, modified = steps
    if not all(type(index) is int for index in modified):
        raise ValueError("a row must end with its modified inputs")
    return Row(
        tuple(Returned(*answer) if len(answer) == 1 else _read_step(*answer) for answer in answers), tuple(modified)
    )


def _read_step(kind: str, first: Any, second: Any, third: Any) -> Step:
    if kind == "returned":
        return Returned(first, second, third)
    if kind != "raised" or not isinstance(first, str) or not isinstance(second, str):
        raise ValueError("a step must have returned or raised")
    return Raised(first, second, tuple(read_frame(*frame) for frame in third))


def read_frame(file: Any, line: Any, function: Any, text: Any) -> Frame:
    """Read one line of a traceback. Raises ValueError for anything but str, int, str, str."""
    if not (isinstance(file, str) and type(line) is int and isinstance(function, str) and isinstance(text, str)):
        raise ValueError("a frame must be a file, a line, a function and its text")
    return Frame(file, line, function, text)


# An encoded request and the groups of its rows, to rows by batch.
Runner = Callable[["Buffer", Sequence[Sequence[int]]], list[list[Row]]]


@dataclass(frozen=True)
class FunctionState:
    """`state` is ready, unfinished, missing, not_a_function or broken_module; `line` where it is defined."""

    state: str
    line: int | None = None


@dataclass(frozen=True)
class Manifest:
    """What a submission's files hold: per file how its import failed, or None; per wanted function its state."""

    modules: Mapping[str, Raised | Lost | None]
    functions: dict[str, FunctionState]
    stand_ins: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Student(Protocol):
    """A submission that answers, in a process of its own or (for debuggers) in this one."""

    def load(self) -> Manifest:
        """Import the submission and say what is there."""

    def run(
        self, payload: Buffer, groups: Sequence[Sequence[int]], meanwhile: Callable[[], None] | None = None
    ) -> list[list[Row]]:
        """Send one encoded request; return its rows by batch. `meanwhile` may be called when it is sent."""

    def printed(self) -> tuple[str, ...]:
        """Return what was printed since the last call, bounded and escaped."""
