"""What every check shares: requests to the worker, reading its replies, turning remarks into findings.

A check has two halves. `build` runs where the solutions are: it draws cases, asks the reference and
freezes a *section* (a tree of plain values with a ready-made request). `grade` runs anywhere: it sends the
request, compares the replies with the section, and returns findings with points. It never prints.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from grader.checks.compare import Answers, Remark, Trouble
from grader.checks.reference import Reference
from grader.report import CheckResult, Evidence, Outcome
from grader.sandbox import codec, marks
from grader.sandbox.replies import Frame, Lost, Raised, Returned, Row, Runner

if TYPE_CHECKING:
    from grader.pictures import Picture

Section = dict[str, Any]
Step = list[Any]

# Lines of a traceback in a message: the innermost, and what called it.
MOST_FRAMES = 3


@dataclass(frozen=True)
class Graded:
    """What a check found for one problem.

    `unexcused` is what it would have found, had no other function of the student's been taken to have paid for a
    fault already; None where nothing was excused. See `grader.excuses`.
    """

    status: Outcome
    checks: tuple[CheckResult, ...]
    message: str = ""
    evidence: tuple[Evidence, ...] = ()
    # Called only where somebody will look at pictures.
    draw: Callable[[], tuple[Picture, ...]] = tuple
    unexcused: Graded | None = None


@dataclass(frozen=True)
class Shown:
    """How a case is shown to a student: the calls as NumPy code, and the arguments by name.

    `answers` are the expected values by name; a hidden bank shows none of this.
    """

    arguments: Mapping[str, Any]
    calls: Sequence[str]
    why: str
    answers: Mapping[str, Any] = field(default_factory=dict)


class Check(Protocol):
    """A declaration of how a problem is judged. Implementations are frozen dataclasses."""

    @property
    def calls(self) -> tuple[str, ...]:
        """The student's functions that are called besides the problem's own."""

    def build(self, problem: str, reference: Reference, seed: int) -> Section:
        """Draw the cases, answer them with the reference, confirm the answers, and freeze it all."""

    def grade(self, problem: str, points: int, section: Section, run: Runner) -> Graded:
        """Replay the section on a student's functions. `points` are hundredths."""

    def rows(self, problem: str, points: int, outcome: Outcome, message: str) -> tuple[CheckResult, ...]:
        """Return every finding with 0 points and one outcome: for what could not be judged at all."""

    def show(self, problem: str, section: Section) -> list[Shown]:
        """Return the saved cases as a student may see them, smallest first."""


# --- requests ---------------------------------------------------------------------------------------------


def call(function: str, slots: Sequence[list[Any]], **options: Any) -> Step:
    """Return the step that calls a student's function."""
    return ["call", function, list(slots), options]


def sweep(function: str, slots: Sequence[list[Any]], **options: Any) -> Step:
    """Return the step that evaluates a function along a direction."""
    return ["sweep", function, list(slots), options]


def inputs(count: int, first: int = 0) -> list[list[Any]]:
    """Return slots for the row's inputs `first .. first + count - 1`, each copied afresh."""
    return [["in", first + i] for i in range(count)]


def result(step: int, position: int | None = None) -> list[Any]:
    """Return the slot of an earlier result: a cache, an output."""
    return ["result", step, position]


class Requests:
    """Collects the rows of one request under keys. Rows of equal programs share a batch.

    `group` says which rows stand or fall together when time runs out: one slow extreme case must not take
    the ordinary ones with it. `seed_global`: NumPy's global generator begins every row in the same state, so
    that functions which wrongly draw from it can still be compared with one another.
    """

    def __init__(self, *, seed_global: bool = False) -> None:
        self._seed_global = seed_global
        self._programs: list[list[Step]] = []
        self._rows: list[list[list[Any]]] = []
        self._keys: list[list[str]] = []
        self._groups: list[list[int]] = []

    def add(self, key: str, group: int, program: list[Step], row: Sequence[Any]) -> None:
        """Add one row; `key` finds its reply again."""
        if program not in self._programs:
            self._programs.append(program)
            for column in (self._rows, self._keys, self._groups):
                column.append([])
        batch = self._programs.index(program)
        self._rows[batch].append(list(row))
        self._keys[batch].append(key)
        self._groups[batch].append(group)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked."""
        return not self._programs

    def to_tree(self) -> Section:
        """Return the request's bytes, ready to send, with the keys and groups of its rows."""
        batches = [[program, rows] for program, rows in zip(self._programs, self._rows, strict=True)]
        return {
            "bytes": codec.encode({"op": "run", "batches": batches, "seed_global": self._seed_global}),
            "keys": self._keys,
            "groups": self._groups,
        }


@lru_cache(maxsize=4)
def saved_cases(data: bytes | memoryview) -> Any:
    """Decode a section's cases; kept, for every failed row of a problem shows one."""
    return codec.decode(data)


def saved_arguments(data: bytes | memoryview) -> list[dict[str, Any]]:
    """Return the arguments of a section's cases, by name."""
    return [case["arguments"] for case in saved_cases(data)]


def without_numeric(section: Section) -> Section:
    """Return the section without its numerical gradients: no mistake is told from another by them."""
    if "numeric" not in section:
        return section
    request = section["request"]
    tree = codec.decode(request["bytes"], keep_lists=True)
    kept = [i for i, keys in enumerate(request["keys"]) if not keys[0].startswith("numeric")]
    tree["batches"] = [tree["batches"][i] for i in kept]
    light = {name: [request[name][i] for i in kept] for name in ("keys", "groups")}
    return {
        **section,
        "request": {"bytes": codec.encode(tree), **light},
        "numeric": {**section["numeric"], "shown": 0},
    }


def replay(request: Section, run: Runner) -> dict[str, Row]:
    """Send a request and return its rows by key."""
    replies = run(request["bytes"], request["groups"])
    return {
        key: row
        for keys, rows in zip(request["keys"], replies, strict=True)
        for key, row in zip(keys, rows, strict=True)
    }


# --- replies ----------------------------------------------------------------------------------------------


def trouble_of(step: Any, function: str) -> Remark | None:
    """Return the remark for a step that gave no result, or None for one that did."""
    if isinstance(step, Returned):
        return None
    code = f"raised {step.type_name}" if isinstance(step, Raised) else getattr(step, "reason", "not reached")
    return Remark(Trouble.CALL, describe_step(step, function), code=code)


def describe_step(step: Any, function: str) -> str:
    """Say what a call did instead of returning."""
    if isinstance(step, Raised):
        return describe_raised(step, function)
    if isinstance(step, Lost):
        return f"{function} {step.message}" if step.message else f"{function} gave no answer."
    return f"{function} was not reached."


def describe_raised(step: Raised, function: str) -> str:
    """Return `f raised ValueError: ... (layers.py, line 34: ...; called from ...)`, the innermost line first."""
    text = f"{function} raised {step.type_name}"
    text += f": {step.message}" if step.message else ""
    if step.frames:
        text += f" ({'; called from '.join(map(_describe_frame, reversed(step.frames[-MOST_FRAMES:])))})"
    return text


def _describe_frame(frame: Frame) -> str:
    text = f"{frame.file}, line {frame.line}"
    return text + (f": `{frame.text.strip()}`" if frame.text else "")


def is_unfinished(step: Any) -> bool:
    """Whether the call ended in NotImplementedError."""
    return isinstance(step, Raised) and step.type_name == "NotImplementedError"


def unfinished_function(step: Raised, default: str) -> str:
    """Return the student's function that said it is not implemented: the innermost one."""
    return step.frames[-1].function if step.frames else default


def step_of(row: Row, position: int) -> Any:
    """Return a row's step, or what ended the row before it."""
    if position < len(row.steps):
        return row.steps[position]
    return row.steps[-1] if row.steps else None


def unpack(step: Any, names: Sequence[str], function: str) -> dict[str, Any]:
    """Return each named value of a step's result, or a remark where there is none.

    A lone value may come bare; several come in a tuple or list, in order; a dictionary by name.
    """
    remark = trouble_of(step, function)
    if remark is None:
        value = step.value
        if isinstance(value, dict):
            return _unpack_dict(value, names, function)
        if len(names) == 1 and not isinstance(value, (tuple, list)):
            return {names[0]: value}
        if isinstance(value, (tuple, list)) and len(value) == len(names):
            return dict(zip(names, value, strict=True))
        remark = Remark(Trouble.SHAPE, _count_message(value, names, function))
    return dict.fromkeys(names, remark)


def _unpack_dict(value: dict[str, Any], names: Sequence[str], function: str) -> dict[str, Any]:
    unpacked: dict[str, Any] = {}
    for name in names:
        missing = Remark(Trouble.SHAPE, f"{function} returned a dictionary without the key '{name}'.")
        unpacked[name] = value.get(name, missing)
    return unpacked


def _count_message(value: Any, names: Sequence[str], function: str) -> str:
    wanted = f"({', '.join(names)})" if len(names) > 1 else names[0]
    if value is None:
        return f"{function} returned None, expected {wanted}. Is a return statement missing?"
    if isinstance(value, (tuple, list)):
        return f"{function} returned {len(value)} values, expected {len(names)}: {wanted}."
    kind = value.type_name if isinstance(value, marks.Other) else type(value).__name__
    return f"{function} returned one value of type {kind}, expected {len(names)}: {wanted}."


def outcome_of(step: Any) -> Outcome:
    """Return the outcome that a step without a result gives to the rows that it touched."""
    if isinstance(step, Lost):
        return Outcome.TIMEOUT if step.reason in ("timeout", "late") else Outcome.ERROR
    if isinstance(step, Raised):
        return Outcome.ERROR
    return Outcome.FAILED


def unfinished_rows(rows: Sequence[Row], problem: str) -> tuple[Outcome, str] | None:
    """Return 'not implemented', or 'waits for another', where a case ended in NotImplementedError."""
    for row in rows:
        step = step_of(row, len(row.steps) - 1)
        if is_unfinished(step):
            culprit = unfinished_function(step, problem)
            if culprit == problem:
                return Outcome.NOT_IMPLEMENTED, "not implemented yet"
            return Outcome.BLOCKED, f"waits for {culprit}, which is not implemented yet"
    return None


def answers_tree(answers: Mapping[str, Answers]) -> list[dict[str, Any]]:
    """Return plain values for a section."""
    return [one.to_tree() for one in answers.values()]


def answers_from(trees: Sequence[dict[str, Any]]) -> dict[str, Answers]:
    """Rebuild what `answers_tree` wrote."""
    return {tree["name"]: Answers.from_tree(tree) for tree in trees}
