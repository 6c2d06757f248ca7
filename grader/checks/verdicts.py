"""From remarks to findings: the rows that several checks share, and what a report shows of a case."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

import numpy as np

from grader import report
from grader.checks.base import Section, Shown, saved_cases, step_of
from grader.checks.compare import Compared, Remark, Trouble
from grader.checks.shares import Finding
from grader.checks.show import case_code
from grader.report import Evidence, Outcome
from grader.sandbox.replies import Returned, Row

# So many failing cases are looked at for one that fits on a screen: each takes time to put into code.
_TRIED = 8


def argument_cases(problem: str, section: Section, result: str) -> list[Shown]:
    """Return saved cases that have arguments but no one right answer."""
    cases: list[dict[str, Any]] = saved_cases(section["cases"])
    return [
        Shown(case["arguments"], [f"{result} = {problem}({', '.join(case['arguments'])})"], case["why"])
        for case in cases
    ]


def shown_case(shown: Shown, remark: Remark, name: str) -> report.Case:
    """Return what a report says about one failing case."""
    shapes = {key: value.shape for key, value in shown.arguments.items() if isinstance(value, np.ndarray)}
    expected = {name: shown.answers[name]} if name in shown.answers else {}
    return report.Case(shapes, remark.worst, shown.why, case_code(shown.arguments, shown.calls, expected))


def first_trouble(
    compared: Compared, indices: Sequence[int], least: Trouble, most: Trouble = Trouble.CALL
) -> tuple[int, Remark] | None:
    """Return the smallest case (cases are sorted by size) whose trouble lies between two kinds."""
    for index in indices:
        remark = compared.remarks.get(index)
        if remark is not None and least <= remark.trouble <= most:
            return index, remark
    return None


def value_finding(
    name: str,
    title: str,
    compared: Compared,
    indices: Sequence[int],
    show: Callable[[int], Shown],
    status: Callable[[int], Outcome],
    hint: str = "",
) -> Finding:
    """Return the row of one returned value over its ordinary cases."""
    # A shape or an exception says more than a number, also where a smaller case hides it.
    found = first_trouble(compared, indices, Trouble.SHAPE) or first_trouble(compared, indices, Trouble.VALUE)
    if found is None:
        return Finding(name, title)
    index, remark = found
    case = shown_case(show(index), remark, name)
    if not case.code:
        index, remark, case = _find_readable(compared, indices, remark.trouble, show, name) or (index, remark, case)
    failing = sum(1 for i in indices if i in compared.remarks and compared.remarks[i].trouble >= Trouble.VALUE)
    message = remark.message or f"{name} differs from the expected value"
    if not remark.message:
        message += f" in {failing} of {len(indices)} cases." + (f" {hint}" if hint else "")
    return Finding(name, title, status(index), message, case)


def _find_readable(
    compared: Compared, indices: Sequence[int], trouble: Trouble, show: Callable[[int], Shown], name: str
) -> tuple[int, Remark, report.Case] | None:
    """Return the smallest case of the same trouble that fits on a screen, if there is one among the first."""
    failing = ((i, compared.remarks[i]) for i in indices if i in compared.remarks)
    # Cases are sorted by size: where none of these fits, none does.
    for index, remark in islice(((i, one) for i, one in failing if one.trouble is trouble), _TRIED):
        case = shown_case(show(index), remark, name)
        if case.code:
            return index, remark, case
    return None


def form_finding(compared: Iterable[tuple[str, Compared]]) -> Finding:
    """Return the row on the form of returned values: right numbers in the wrong wrapping."""
    for _, one in compared:
        for remark in one.remarks.values():
            if remark.form:
                return Finding("form", "form", Outcome.FAILED, f"{remark.form}.", side=True)
    return Finding("form", "form", side=True)


def rounding_finding(
    compared: Iterable[tuple[str, Compared]], indices: Sequence[int], show: Callable[[int], Shown]
) -> Finding:
    """Return the row on accuracy: right answers that lost more digits than the arithmetic must."""
    title = "accuracy"
    for name, one in compared:
        found = first_trouble(one, indices, Trouble.ROUNDING, Trouble.ROUNDING)
        if found is not None and first_trouble(one, indices, Trouble.VALUE) is None:
            index, remark = found
            message = (
                f"{name} is right, but loses digits that float64 has. "
                "Is a difference of large numbers taken, or a derivative approximated?"
            )
            return Finding("rounding", title, Outcome.FAILED, message, shown_case(show(index), remark, name), side=True)
    return Finding("rounding", title, side=True)


def manners_finding(
    problem: str, names: Callable[[int], Sequence[str]], rows: Sequence[Row], repeats: Sequence[Row]
) -> Finding:
    """Return the row on manners for a single function: arguments untouched, the same call the same answer.

    names: the names of a case's arguments; one that may be left out is not among those of every case.
    """
    title = "leaves its arguments alone"
    for index, row in enumerate(rows):
        if row.modified:
            name = names(index)[min(row.modified[0], len(names(index)) - 1)]
            message = f"{problem} writes into {name}, which belongs to the caller. Work on a copy."
            return Finding("manners", title, Outcome.FAILED, message, side=True)
    for row in repeats:
        if isinstance(step_of(row, 0), Returned) and not alike(arrays_in(step_of(row, 0)), arrays_in(step_of(row, 1))):
            return Finding("manners", title, Outcome.FAILED, not_the_same(problem), side=True)
    return Finding("manners", title, side=True)


def not_the_same(problem: str) -> str:
    """Say that a function is not deterministic."""
    return f"{problem} gives another answer when it is called again with the same arguments."


def arrays_in(step: Any) -> list[np.ndarray]:
    """Return the arrays of a result, in order."""
    if not isinstance(step, Returned):
        return []
    value = step.value
    values = value.values() if isinstance(value, dict) else value if isinstance(value, (tuple, list)) else [value]
    return [np.asarray(item) for item in values if isinstance(item, (np.ndarray, float, int))]


def alike(first: Sequence[np.ndarray], second: Sequence[np.ndarray]) -> bool:
    """Whether two results are the same up to rounding."""
    if len(first) != len(second):
        return False
    return all(
        a.shape == b.shape and (np.array_equal(a, b) or bool(np.allclose(a, b, rtol=1e-8, atol=1e-300, equal_nan=True)))
        for a, b in zip(first, second, strict=True)
    )


def bank_cases_text(names: Sequence[str], shapes: Sequence[tuple[int, ...]], count: int) -> Evidence:
    """Return the evidence line on drawn cases: how many, from which shape to which."""
    smallest, largest = min(shapes, key=_entries), max(shapes, key=_entries)
    name = names[0]
    text = f"{count} cases drawn by Hypothesis, {name} from {smallest} to {largest}"
    return Evidence("cases", text, count, span=(smallest, largest))


def _entries(shape: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    return math.prod(shape), shape
