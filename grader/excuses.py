"""Excuses: one bug costs once, but it does cost.

A backward whose forward is wrong, and a composite made of wrong parts, are let off what the other function has paid
for. Functions can tell one check from another, so that is believed only where the report itself shows the loss: a
part that is right when it is asked alone, and wrong when it would excuse somebody, excuses nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from grader.assignment import Assignment, Problem
from grader.checks.base import Graded
from grader.report import total


def settle(assignment: Assignment, problems: Sequence[Problem], graded: Mapping[str, Graded]) -> dict[str, Graded]:
    """Return the verdicts by problem, each excuse that nobody has paid for withdrawn."""
    asked = {problem.id: problem for problem in assignment.problems}
    settled = {}
    for problem in problems:
        found = graded[problem.id]
        others = [asked[name] for name in problem.whole.calls if name in asked and name != problem.id]
        strict = replace(found, unexcused=None) if found.unexcused is None else found.unexcused
        # Of what is not graded this time nothing is known.
        is_unknown = any(other.id not in graded for other in others)
        if is_unknown or any(_has_paid(other, graded[other.id], problem, found, strict) for other in others):
            settled[problem.id] = replace(found, unexcused=None)
        elif found.unexcused is None:
            settled[problem.id] = found
        else:
            settled[problem.id] = _withdraw(strict, problem, [other.id for other in others])
    return settled


def _has_paid(other: Problem, paid: Graded, problem: Problem, excused: Graded, unexcused: Graded) -> bool:
    """Whether another problem has lost at least two fifths of the share that it would restore to this one.

    One wrong step of seven costs a quarter of that problem, and half of what is made of it.
    """
    lost = other.hundredths - total(check.score for check in paid.checks)
    restored = total(check.score for check in excused.checks) - total(check.score for check in unexcused.checks)
    if not excused.message:
        # Only side findings were let pass, for the other's rounding or extremes, which are small there.
        return lost > 0
    return lost > 0 and 5 * lost * problem.hundredths >= 2 * restored * other.hundredths


def _withdraw(unexcused: Graded, problem: Problem, others: Sequence[str]) -> Graded:
    if total(check.score for check in unexcused.checks) == problem.hundredths:
        return unexcused
    if others:
        text = f"what {problem.id} stands on ({', '.join(others)}) gives other answers here than when it is asked alone"
    else:
        text = f"what {problem.id} stands on ({', '.join(problem.whole.calls)}) was given, and is not as it was"
    return replace(unexcused, message=text)
