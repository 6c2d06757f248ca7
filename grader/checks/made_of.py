"""A backward that may be made of what another function of the student's returns: one bug costs once.

The handout lets `batchnorm_backward` call `batchnorm_backward_steps`. Its answer is then a sum of the steps, each times
something that only the inputs decide. The factors are frozen with the cases, so that nobody needs the solutions to
see whether a wrong answer is what the student's own wrong steps give.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from grader.checks import base
from grader.checks.base import Requests, Section
from grader.checks.reference import Reference, extended
from grader.errors import AssignmentError
from grader.sandbox import codec
from grader.sandbox.replies import Returned, Row, Runner

if TYPE_CHECKING:
    from grader.checks.backward import Backward
    from grader.checks.backward_bank import Answered

NEAR = 1e-8

# By gradient and step: what the step is multiplied by.
Factors = Mapping[str, Mapping[str, np.ndarray]]


def freeze(check: Backward, problem: str, reference: Reference, answered: Sequence[Answered]) -> Section:
    """Return the request for the student's own steps in every case, and the factors.

    Raises AssignmentError where `edges.py` has no factors, or the reference's steps do not give its gradients.
    """
    if problem not in reference.edges:
        raise AssignmentError(f"edges.py has no function '{problem}': what is each of {check.made_of} multiplied by?")
    requests, factors = Requests(), []
    for index, one in enumerate(answered):
        arguments = extended(list(one.case.arguments.values()))
        found = reference.edges[problem](*arguments)
        _, cache = reference.values(check.forward, ("out", "cache"), *extended(arguments)).values()
        steps = reference.call(check.made_of, extended(one.dout), cache)
        for name, by_step in found.items():
            made = _add_up(by_step, steps, one.gradients[name].shape)
            if made is None or not _is_near(one.gradients[name], *made):
                raise AssignmentError(f"edges.py: the reference's {check.made_of} do not give {problem}'s {name}")
        requests.add(f"steps{index}", int(one.case.extreme), _program(check, len(arguments)), one.row)
        factors.append({name: {key: np.asarray(f, np.float64) for key, f in of.items()} for name, of in found.items()})
    return {**requests.to_tree(), "factors": codec.encode(factors)}


def _program(check: Backward, count: int) -> list[base.Step]:
    return [
        base.call(check.forward, base.inputs(count), keep=[1]),
        base.call(check.made_of, [["in", count], base.result(0, 1)]),
    ]


def find_following(
    section: Section, run: Runner, returned: Sequence[Mapping[str, Any]], cases: Sequence[int]
) -> set[str]:
    """Return the gradients that are what the student's own steps give, in every one of these cases."""
    factors: list[Factors] = codec.decode(section["factors"])
    rows = base.replay(section, run)
    return {
        name
        for name in factors[0]
        if all(_follows(returned[i][name], factors[i][name], rows[f"steps{i}"]) for i in cases)
        and any(np.any(returned[i][name]) for i in cases)  # Zeros follow nothing.
    }


def _follows(got: Any, factors: Mapping[str, np.ndarray], row: Row) -> bool:
    step = base.step_of(row, 1)
    if not isinstance(got, np.ndarray) or not isinstance(step, Returned) or not isinstance(step.value, dict):
        return False
    made = _add_up(factors, step.value, got.shape)
    return made is not None and _is_near(got, *made)


def _add_up(
    factors: Mapping[str, Any], steps: Mapping[str, Any], shape: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the sum of steps times factors, and the size of its terms; None where they do not fit the shape."""
    total, size = np.zeros(shape), np.zeros(shape)
    for name, factor in factors.items():
        step = steps.get(name)
        if not isinstance(step, np.ndarray) or step.dtype.kind not in "fiu":
            return None
        try:
            term = np.broadcast_to(factor * step, shape)
        except ValueError:
            return None
        total, size = total + term, size + np.abs(term)
    return total, size


def _is_near(got: np.ndarray, made: np.ndarray, size: np.ndarray) -> bool:
    with np.errstate(all="ignore"):
        return bool(np.all(np.abs(got - made) <= NEAR * size))
