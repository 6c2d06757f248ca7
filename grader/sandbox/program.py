"""Runs the calls of a request on a student's functions. It shares its process with student code.

A program is a list of steps; each of its rows gives the inputs of one run of it. Every call gets fresh copies,
and a row ends at the first step that raises.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.sandbox.describe import MAX_ARRAY_BYTES, Sources, describe_error, describe_value, type_name
from grader.sandbox.functions import NAMED
from grader.sandbox.marks import Named, Seed, plain_array

_IN, _SHARED, _RESULT, _WHOLE = range(4)
# What need not be copied.
_PLAIN = frozenset((int, float, bool, str, type(None)))
_SLOTS = {"in": _IN, "shared": _SHARED, "result": _RESULT, "whole": _WHOLE}


class UnusableError(Exception):
    """A result is not what the next step or a sweep needs. `kind` is the type name that the grader sees."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def _nothing() -> None:
    """Do nothing: no limits, nobody listens."""


def _ignore(step: list[Any]) -> None:
    """Drop a step that nobody wants to hear of."""


@dataclass(frozen=True)
class Surroundings:
    """What a program runs in.

    `functions` by name; `sources` for tracebacks; `arm` starts the limits of one row; `emit` is given each step
    as soon as it is there; `caught` is what counts as the student's error.
    """

    functions: Mapping[str, Any]
    sources: Sources
    arm: Callable[[], None] = _nothing
    emit: Callable[[list[Any]], None] = _ignore
    caught: type[BaseException] | tuple[type[BaseException], ...] = BaseException


def run(request: Mapping[str, Any], surroundings: Surroundings) -> list[list[list[Any]]]:
    """Run a `{"op": "run"}` request; return the step results of its rows by batch.

    A step is `[value]`; where more was asked `["returned", value, observed inputs, global generator moved]`; or
    `["raised", type, message, frames]`. Each row ends with the indexes of the inputs that were written to.
    """
    max_array_bytes = request.get("max_array_bytes", MAX_ARRAY_BYTES)
    seed_global = bool(request.get("seed_global"))
    # Warnings of NumPy never cost points, and printing them would drown what the student printed.
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        replies = []
        for program, rows in request["batches"]:
            names = [step[1] for step in program]
            steps = [_Step(step, names, surroundings, max_array_bytes) for step in program]
            replies.append([_run_row(steps, row, surroundings, seed_global) for row in rows])
        return replies


def _run_row(steps: Sequence[_Step], inputs: Sequence[Any], surroundings: Surroundings, seed_global: bool) -> list[Any]:
    surroundings.arm()
    if seed_global:
        np.random.seed(0)
    row = _Row(inputs)
    reply: list[Any] = []
    for step in steps:
        is_over = True
        try:
            reply.append(step.run(row))
            is_over = False
        except UnusableError as error:
            reply.append(["raised", error.kind, str(error), []])
        except surroundings.caught as error:
            reply.append(["raised", *describe_error(error, surroundings.sources)])
        surroundings.emit(reply[-1])
        if is_over:
            break
    reply.append(row.find_modified())
    return reply


class _Row:
    """The inputs of one row, what was handed out of them, and the results so far."""

    __slots__ = ("copies", "inputs", "lasting", "lists", "records", "results")

    def __init__(self, inputs: Sequence[Any]) -> None:
        self.inputs = inputs
        self.results: list[Any] = []
        self.lasting: dict[int, Any] = {}
        self.copies: list[tuple[int, Any, Any]] = []
        self.lists: list[tuple[int, tuple[Any, ...], list[Any]]] = []
        self.records: list[tuple[int, tuple[tuple[str, Any], ...], dict[str, Any]]] = []

    def copy(self, index: int) -> Any:
        """Return a fresh copy of an input; a generator goes on where it was."""
        return self._copy(index, self.inputs[index])

    def _copy(self, index: int, value: Any) -> Any:
        kind = type(value)
        if kind in _PLAIN:
            return value
        if kind is np.ndarray:
            fresh = value.copy()
            self.copies.append((index, value, fresh))
            return fresh
        if kind is list:
            made = [self._copy(index, item) for item in value]
            self.lists.append((index, tuple(made), made))
            return made
        if kind is tuple:
            return tuple([self._copy(index, item) for item in value])
        if kind is dict:
            # What is in it is looked at, not the dictionary itself: see `copy_whole`.
            return {key: item if type(item) in _PLAIN else self._copy(index, item) for key, item in value.items()}
        if kind is Seed:
            if index not in self.lasting:
                self.lasting[index] = np.random.default_rng(value.value)
            return self.lasting[index]
        return NAMED[value.name] if kind is Named else value

    def copy_whole(self, index: int) -> Any:
        """Return a fresh copy of an input; where it is a dictionary, what it holds must stay in it."""
        fresh = self.copy(index)
        if isinstance(fresh, dict):
            self.records.append((index, tuple(fresh.items()), fresh))
        return fresh

    def share(self, index: int) -> Any:
        """Return the row's one copy of an input, which may be written to."""
        if index not in self.lasting:
            copies, lists = len(self.copies), len(self.lists)
            copy = self.copy(index)
            del self.copies[copies:], self.lists[lists:]
            self.lasting[index] = copy
        return self.lasting[index]

    def find_result(self, step: int, position: int | None, function: str) -> Any:
        """Return an earlier result, or its item at `position`."""
        value = self.results[step]
        if position is None:
            return value
        if isinstance(value, (tuple, list)) and position < len(value):
            return value[position]
        raise UnusableError(
            "MissingResult", f"{function} returned {type_name(value)}, not a tuple with an item [{position}]"
        )

    def find_modified(self) -> list[int]:
        """Return the inputs of which some copy was written to."""
        found: list[int] = []
        for index, pristine, copy in self.copies:
            if copy.tobytes() != pristine.tobytes() and index not in found:
                found.append(index)
        for index, items, handed in self.lists:
            if index not in found and not _is_untouched(handed, items):
                found.append(index)
        for index, entries, record in self.records:
            if index not in found and not _holds(record, entries):
                found.append(index)
        return found


# Both compare without a call of anything that a student may have put there.


def _is_untouched(handed: list[Any], items: tuple[Any, ...]) -> bool:
    """Whether a list still holds its items."""
    return len(handed) == len(items) and all(map(_is_same, handed, items))


def _holds(record: dict[str, Any], entries: tuple[tuple[str, Any], ...]) -> bool:
    """Whether a dictionary still holds its entries; others may have come."""
    mine = {key: item for key, item in record.items() if type(key) is str}
    return all(key in mine and _is_same(mine[key], item) for key, item in entries)


def _is_same(mine: Any, item: Any) -> bool:
    return mine is item or (type(mine) is type(item) and type(item) in _PLAIN and bool(mine == item))


class _Step:
    """One step of a program, looked up once for all its rows."""

    def __init__(
        self, step: Sequence[Any], names: Sequence[str], surroundings: Surroundings, max_array_bytes: int
    ) -> None:
        kind, self.name, slots, self.options = step
        self.names = names
        self.max_array_bytes = max_array_bytes
        self.function = surroundings.functions.get(self.name)
        self.slots = [(_SLOTS[slot[0]], slot[1], slot[2] if len(slot) > 2 else None) for slot in slots]
        self.keep = tuple(self.options.get("keep") or ())
        self.run = self._sweep if kind == "sweep" else self._watch if self._watched() else self._call

    def _watched(self) -> bool:
        return bool(self.options.get("observe") or self.options.get("global_state"))

    def _arguments(self, row: _Row) -> list[Any]:
        arguments = []
        inputs, copies = row.inputs, row.copies
        for kind, index, position in self.slots:
            if kind == _IN:
                value = inputs[index]
                if type(value) is np.ndarray:  # Nearly always; a call of `copy` takes as long as the copy.
                    fresh = value.copy()
                    copies.append((index, value, fresh))
                    arguments.append(fresh)
                else:
                    arguments.append(row.copy(index))
            elif kind == _SHARED:
                arguments.append(row.share(index))
            elif kind == _WHOLE:
                arguments.append(row.copy_whole(index))
            else:
                arguments.append(row.find_result(index, position, self.names[index]))
        return arguments

    def _invoke(self, row: _Row) -> Any:
        if self.function is None:
            raise UnusableError("NameError", f"there is no function {self.name}")
        result = self.function(*self._arguments(row))
        row.results.append(result)
        return result

    def _call(self, row: _Row) -> list[Any]:
        result = self._invoke(row)
        return [describe_value(result, self.keep, self.max_array_bytes)]

    def _watch(self, row: _Row) -> list[Any]:
        options = self.options
        before = np.random.get_state() if options.get("global_state") else None
        result = self._invoke(row)
        changed = None if before is None else not _equal_states(before, np.random.get_state())
        value = describe_value(result, self.keep, self.max_array_bytes)
        observed = None
        if options.get("observe"):
            observed = [self._observe(row, index) for index in options["observe"]]
        return ["returned", value, observed, changed]

    def _observe(self, row: _Row, index: int) -> Any:
        value = row.share(index)
        original = row.inputs[index]
        if isinstance(value, dict) and isinstance(original, dict):
            names = {*original, *(self.options.get("observe_keys") or ())}
            value = {key: item for key, item in value.items() if type(key) is str and key in names}
        return describe_value(value, (), self.max_array_bytes)

    def _sweep(self, row: _Row) -> list[Any]:
        if self.function is None:
            raise UnusableError("NameError", f"there is no function {self.name}")
        options = self.options
        position, output = options["position"], options.get("output")
        direction = row.inputs[options["direction"]]
        resolved = self._arguments(row)
        stacked: np.ndarray[Any, np.dtype[Any]] | None = None
        steps = row.inputs[options["steps"]]
        moved, resolved[position] = resolved[position], None
        for number, h in enumerate(steps):
            # Fresh copies for every call; what is done to them is not looked at here, so they are not kept.
            arguments = [value.copy() if type(value) is np.ndarray else _copy_plain(value) for value in resolved]
            arguments[position] = moved + h * direction
            result = self._output(self.function(*arguments), output)
            if stacked is None:
                # Not the first output's own dtype: a loss may be the integer 0 there and a fraction later.
                stacked = np.empty((len(steps), *result.shape), np.result_type(result.dtype, np.float64))
            if result.shape != stacked.shape[1:]:
                raise UnusableError("SweepError", f"{self.name} returned arrays of different shapes for one input")
            # Copies: a buffer that the student's function writes to again must not change what it gave before.
            stacked[number] = result
        if stacked is None:
            stacked = np.zeros(0)
        row.results.append(stacked)
        return [describe_value(stacked, (), self.max_array_bytes)]

    def _output(self, result: Any, output: int | None) -> np.ndarray[Any, np.dtype[Any]]:
        if output is not None:
            if not isinstance(result, (tuple, list)) or output >= len(result):
                text = f"{self.name} returned {type_name(result)}, not a tuple with an item [{output}]"
                raise UnusableError("SweepError", text)
            result = result[output]
        if type(result) is np.ndarray and result.dtype == np.float64:
            return result
        array = plain_array(np.asarray(result) if type(result) in (bool, int, float) else result)
        if array is None:
            raise UnusableError("SweepError", f"{self.name} returned {type_name(result)}, not a numeric array")
        return array


def _copy_plain(value: Any) -> Any:
    """Return a copy of an array, or of containers of arrays; everything else as it is."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is np.ndarray:
        return value.copy()
    if kind is dict:
        return {key: item if type(item) in _PLAIN else _copy_plain(item) for key, item in value.items()}
    if kind is list or kind is tuple:
        return kind([_copy_plain(item) for item in value])
    return value


def _equal_states(first: Any, second: Any) -> bool:
    return bool(np.array_equal(first[1], second[1])) and first[2:] == second[2:]
