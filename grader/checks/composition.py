"""A function that is made of others: what the student's own parts give, called one after another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.checks import base
from grader.checks.base import Requests, Section
from grader.checks.compare import Remark
from grader.checks.property import Call, More, steps_of
from grader.sandbox.replies import Returned, Row, Runner

Arguments = Mapping[str, Any]


@dataclass(frozen=True)
class Composed:
    """The same answer from the student's own functions: who gets exactly that has paid for their faults there.

    parts: the functions that are called, and those that these stand on in turn.
    program: what to call for a case's arguments, by a name for each result, in order.
    answer: makes the function's returns, by name, of the case's arguments and the results.
    more: makes further arguments from those drawn.
    """

    parts: tuple[str, ...]
    program: Callable[[Arguments], Mapping[str, Call]]
    answer: Callable[[Arguments, Mapping[str, Any]], Mapping[str, Any]]
    more: More | None = None

    def request(self, cases: Sequence[Arguments]) -> Section:
        """Return the request that calls the parts for every case."""
        requests = Requests()
        for index, arguments in enumerate(cases):
            row = {**arguments, **(self.more(arguments) if self.more else {})}
            requests.add(f"case{index}", 0, steps_of(self.program(arguments), list(row)), list(row.values()))
        return requests.to_tree()

    def rows(self, request: Section, run: Runner) -> list[Row]:
        """Return what the student's own parts do in every case."""
        replies = base.replay(request, run)
        return [replies[f"case{i}"] for i in range(len(replies))]

    def answers(self, cases: Sequence[Arguments], names: Sequence[str], rows: Sequence[Row]) -> list[dict[str, Any]]:
        """Return for every case what the parts give by the names of the returns, a remark where they give nothing."""
        return [self._answer(arguments, names, row) for arguments, row in zip(cases, rows, strict=True)]

    def _answer(self, arguments: Arguments, names: Sequence[str], row: Row) -> dict[str, Any]:
        program = self.program(arguments)
        results: dict[str, Any] = {}
        for number, (name, call) in enumerate(program.items()):
            step = base.step_of(row, number)
            if not isinstance(step, Returned):
                return dict.fromkeys(names, base.trouble_of(step, call.function))
            results[name] = step.value
        try:
            with np.errstate(all="ignore"):
                return dict(self.answer(arguments, results))
        except Exception:  # Whatever a student's parts may return, it is no answer then.
            return dict.fromkeys(names, None)


def follows(mine: Sequence[Any], parts: Sequence[Any]) -> bool:
    """Whether answers are bitwise what the parts give, or end as they do; all zeros follow nothing."""
    telling = False
    for first, second in zip(mine, parts, strict=True):
        if isinstance(first, Remark) and isinstance(second, Remark):
            if not first.code or first.code != second.code:
                return False
            continue
        one, other = np.asarray(first), np.asarray(second)
        if one.dtype.kind not in "fiu" or one.shape != other.shape or one.dtype != other.dtype:
            return False
        if not np.array_equal(one, other, equal_nan=one.dtype.kind == "f"):
            return False
        telling |= bool(np.any(one))
    return telling
