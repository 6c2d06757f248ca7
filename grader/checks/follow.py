"""Dependence: what a wrong or missing forward means for the backward that stands on it.

Forward right: the reference judges. Forward near: finite differences of the student's own forward may speak
for a backward that the reference calls wrong, for one bug costs once. Forward far or unusable: nothing can
be said, and an identity with an identity backward earns nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from grader.checks import base, verdicts
from grader.checks.base import Section
from grader.checks.compare import Answers, Compared, Remark, Trouble, compare, show_shape
from grader.checks.differences import Verdict
from grader.checks.numeric import Numeric
from grader.checks.reference import Reference
from grader.sandbox.replies import Returned, Row, Runner

if TYPE_CHECKING:
    from grader.checks.backward import Backward

NEAR = 0.25
KNOWN = 1e-7
FEWEST_DECIDED = 4


@dataclass(frozen=True)
class ForwardState:
    """`kind` is right, near, far or unusable; `wrong` are the cases whose output is not the reference's.

    `inaccurate`: whether the forward loses digits, in one case at least; its cache then has lost them too.
    """

    kind: str
    message: str
    wrong: frozenset[int]
    inaccurate: bool = False


def forward_state(section: Section, rows: Sequence[Row], ordinary: Sequence[int], function: str) -> ForwardState:
    """Judge the forward's outputs as far as the backward depends on them."""
    answers = Answers.from_tree(section["out"])
    # A row that was skipped, because the backward hung or died before, says nothing of the forward.
    skipped = {i for i, row in enumerate(rows) if getattr(row.steps[0], "reason", "") in ("skipped", "late")}
    ordinary = [i for i in ordinary if i not in skipped] or list(ordinary)
    returned = [base.unpack(base.step_of(row, 0), ("out", "cache"), function)["out"] for row in rows]
    compared = compare(answers, returned)
    troubles = {i: remark.trouble for i, remark in compared.remarks.items() if i not in skipped}
    wrong = frozenset(i for i, trouble in troubles.items() if trouble >= Trouble.VALUE)
    first = verdicts.first_trouble(compared, ordinary, Trouble.VALUE)
    if first is None:
        inaccurate = any(trouble >= Trouble.ROUNDING for trouble in troubles.values())
        return ForwardState("right", "", wrong, inaccurate)
    index, remark = first
    message = (
        remark.message or f"{function}'s output is wrong, first for x of shape {show_shape(section['shapes'][index])}"
    )
    if all(compared.arrays[i] is None for i in ordinary):
        return ForwardState("unusable", message, wrong)
    if _is_known(section, compared, answers, ordinary):
        return ForwardState("near", message, wrong)
    starts = answers.starts
    big = [i for i in ordinary if section["big"][i]]
    near = 0
    for i in big:
        expected, array = answers.expected[starts[i] : starts[i + 1]], compared.arrays[i]
        if array is not None:
            off = np.max(np.abs(array.ravel() - expected), initial=0.0)
            near += bool(off <= NEAR * np.max(np.abs(expected), initial=0.0))
    return ForwardState("near" if big and 2 * near >= len(big) else "far", message, wrong)


def known_forwards(function: str, reference: Reference, section: Section) -> list[np.ndarray]:
    """Return the outputs, flat over all cases, of known wrong forwards that a backward may follow."""
    found = []
    for mistake in reference.mistakes_of(function):
        if mistake.follow:
            rows = base.replay(section["request"], reference.runner(mistake.functions))
            case_rows = [rows[f"case{i}"] for i in range(len(section["extreme"]))]
            outs = [base.unpack(base.step_of(row, 0), ("out", "cache"), function)["out"] for row in case_rows]
            if all(isinstance(out, np.ndarray) for out in outs):
                found.append(np.concatenate([out.ravel() for out in outs]))
    return found


def _is_known(section: Section, compared: Compared, answers: Answers, ordinary: Sequence[int]) -> bool:
    """Whether the student's outputs are those of a known wrong forward on every ordinary case."""
    starts = answers.starts
    for outputs in section.get("known_forwards", ()):
        windows = [(compared.arrays[i], slice(starts[i], starts[i + 1])) for i in ordinary]
        if all(
            mine is not None and bool(np.all(np.abs(mine.ravel() - outputs[w]) <= KNOWN * (1.0 + np.abs(outputs[w]))))
            for mine, w in windows
        ):
            return True
    return False


# --- parts of a composite ---------------------------------------------------------------------------------


def part_gradients(row: Row, check: Backward, problem: str) -> dict[str, Any]:
    """Return the gradients that the student's own parts give: those of the last backward, or one a call."""
    if check.ends_in:
        raised = next((step for step in row.steps if not isinstance(step, Returned)), None)
        steps = [raised or base.step_of(row, place) for place in range(len(check.names))]
        return {name: base.unpack(step, (name,), problem)[name] for name, step in zip(check.names, steps, strict=True)}
    return base.unpack(base.step_of(row, 2 * len(check.parts) - 1), check.names, problem)


def same_everywhere(mine: Sequence[Any], theirs: Sequence[Any], indices: Sequence[int]) -> bool:
    """Whether the composite is bitwise what its parts give, or raises as they do; all zeros follow nothing."""
    different_from_zero = False
    for index in indices:
        first, second = mine[index], theirs[index]
        if isinstance(first, Remark) and isinstance(second, Remark):
            if not first.code or first.code != second.code:
                return False
            continue
        if not (isinstance(first, np.ndarray) and isinstance(second, np.ndarray)):
            return False
        if first.shape != second.shape or not np.array_equal(first, second, equal_nan=first.dtype.kind == "f"):
            return False
        different_from_zero |= bool(np.any(first))
    return different_from_zero


# --- finite differences of the student's own forward --------------------------------------------------------


def agreeing_gradients(numeric: Numeric, section: Section, run: Runner) -> set[str]:
    """Return the gradients that finite differences of the student's own forward confirm throughout."""
    rows = base.replay(section["follow"], run)
    decided: dict[str, list[bool]] = {name: [] for name in numeric.names}
    for index in range(len(section["numeric"]["probes"])):
        found, _ = numeric.comparisons(section["numeric"], index, rows[f"numeric{index}"])
        if not found:
            return set()
        for probe, comparison in found:
            if comparison.verdict is not Verdict.INCONCLUSIVE:
                decided[probe.gradient].append(comparison.verdict is Verdict.AGREES)
    return {name for name, agreed in decided.items() if len(agreed) >= FEWEST_DECIDED and all(agreed)}
