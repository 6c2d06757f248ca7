"""Freezing a `Forward`: answers in extended precision, which cases a part counts, and the request to the worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from grader.checks import base
from grader.checks.base import Requests, Section
from grader.checks.cases import Case
from grader.checks.compare import EPSILON, ROUNDING_FACTOR, Answers
from grader.checks.reference import Reference, extended, scales_for
from grader.errors import AssignmentError
from grader.sandbox.marks import Named

if TYPE_CHECKING:
    from grader.checks.forward import Forward, Part

REPEATS = 3


def answer(check: Forward, problem: str, reference: Reference, case: Case) -> dict[str, tuple[Any, Any, Any, bool]]:
    """Return (expected, size, kappa, infinite_ok) of every return and of every record entry after the call."""
    arguments = extended(case.arguments)
    returned = reference.call(problem, *arguments.values())
    values = returned if len(check.returns) > 1 else (returned,)
    if len(values) != len(check.returns):
        raise AssignmentError(f"the reference's {problem} returned {len(values)} values, declared {check.returns}")
    expected = {name: value for name, value in zip(check.returns, values, strict=True) if name != "cache"}
    if check.record is not None:
        after = arguments[check.record]
        expected.update({key: value for key, value in after.items() if isinstance(value, np.ndarray)})
    scales = scales_for(reference, problem, list(extended(case.arguments).values()), expected)
    if check.tolerance:
        # The rounding that brings the tolerances of exact formulas to the declared one.
        kappa = check.tolerance / (ROUNDING_FACTOR * EPSILON)
        scales = {name: (size, kappa, infinite) for name, (size, _, infinite) in scales.items()}
    return {name: (value, *scales[name]) for name, value in expected.items()}


def freeze_values(check: Forward, part: Part, cases: Sequence[Case], answered: Sequence[Mapping[str, Any]]) -> Section:
    """Return the answers of one part: for each value that it reads, in which cases, and what they are."""
    reads = []
    for name in part.reads:
        indices = [
            i
            for i, case in enumerate(cases)
            if name in answered[i] and all(_has_drawn(case, path, wanted) for path, wanted in part.where.items())
        ]
        if not indices:
            if len(cases) > 1:
                raise AssignmentError(f"part '{part.id}' reads '{name}', which no case has")
            continue
        kind = np.asarray(answered[indices[0]][name][0]).dtype.kind
        answers = Answers.gather(name, [answered[i][name] for i in indices])
        reads.append({"cases": indices, "kind": kind, **answers.to_tree()})
    return {"id": part.id, "reads": reads}


def _has_drawn(case: Case, path: str, wanted: Any) -> bool:
    value: Any = case.arguments
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    option = value.name if isinstance(value, Named) else value
    return option in wanted if isinstance(wanted, tuple) else bool(option == wanted)


def request(check: Forward, problem: str, cases: Sequence[Case]) -> Requests:
    """Return the call of every case, the smallest ones twice, with a record that is read from observed."""
    requests = Requests()
    keep = [i for i, name in enumerate(check.returns) if name == "cache"]
    keys = sorted({name for part in check.all_parts for name in part.reads} - set(check.returns))
    # A dictionary may be written to where something is read from it, and there alone.
    record = list(check.inputs).index(check.record) if check.record and keys else None
    for index, case in enumerate(cases):
        row = list(case.arguments.values())
        slots = [["whole" if isinstance(value, dict) else "in", i] for i, value in enumerate(row)]
        options: dict[str, Any] = {"keep": keep} if keep else {}
        if record is not None:
            slots[record] = ["shared", record]
            options.update(observe=[record], observe_keys=keys)
        program = [base.call(problem, slots, **options)]
        if index < REPEATS:
            again = list(slots)
            if record is not None:
                again[record] = ["shared", len(row)]
                row = [*row, row[record]]
            program.append(base.call(problem, again, **({"keep": keep} if keep else {})))
        requests.add(f"case{index}", int(case.extreme), program, row)
    return requests
