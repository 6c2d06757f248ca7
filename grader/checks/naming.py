"""From findings to explanations: a known mistake where one fits, else what is structurally remarkable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np

from grader.checks.compare import Answers, Compared, Trouble
from grader.checks.mistakes import FEWEST, Signature, fits_wholly, freeze, name_mistakes, row_outcome
from grader.checks.reference import Reference
from grader.checks.remarks import Seen, structural_remark
from grader.checks.shares import Finding
from grader.sandbox.replies import Runner

# More have as many orders that nobody mixes them up.
MOST_RETURNS = 5

Sign = Callable[[Runner], Signature]


def freeze_mistakes(problem: str, reference: Reference, sign: Sign) -> bytes:
    """Return what every known mistake of a problem answers, for the bank. `sign` replays the section."""
    found = [(mistake, sign(reference.runner(mistake.functions))) for mistake in reference.mistakes_of(problem)]
    return freeze(found, problem, sign(reference.runner())) if found else b""


def explain(
    findings: Sequence[Finding],
    signature: Signature,
    frozen: bytes,
    remark: Callable[[str], str],
    order: Callable[[], str] = str,
) -> list[Finding]:
    """Return the findings with each failed row explained; `remark(row)` is tried where no known mistake fits.

    order: says that all returns are right and in another order, or nothing.
    """
    sentence = order()
    if sentence and not fits_wholly(signature, frozen):
        return _tell_once(findings, sentence)
    explained = []
    for finding in name_mistakes(findings, signature, frozen):
        if not finding.passed and finding.mistake is None and (not finding.side or finding.id == "extremes"):
            sentence = remark(finding.id)
            finding = replace(finding, message=f"{finding.message} {sentence}".strip())
        explained.append(finding)
    return explained


def _tell_once(findings: Sequence[Finding], sentence: str) -> list[Finding]:
    """Say it where the first value is wrong; what else is wrong is wrong for the same reason."""
    first = next((number for number, one in enumerate(findings) if not one.passed and not one.side), None)
    told = list(findings)
    if first is not None:
        told[first] = replace(told[first], message=f"{told[first].message} {sentence}".strip())
    return told


def find_order(returned: Sequence[Mapping[str, Any]], answers: Mapping[str, Answers], cases: Sequence[int]) -> str:
    """Return a sentence where all returns are right in every case, but in another order; else nothing.

    returned: by case, what came back, under the names in the order that was asked for.
    """
    names = list(answers)
    if len(cases) < FEWEST or not 2 <= len(names) <= MOST_RETURNS:
        return ""
    fits = {
        (name, place)
        for name in names
        for place in names
        if all(_is_right(answers[name], index, returned[index][place]) for index in cases)
    }
    for order in [order for order in permutations(names) if list(order) != names]:
        if all((name, place) in fits for name, place in zip(order, names, strict=True)):
            return f"All that comes back is right, but in another order: {', '.join(order)}; see the docstring."
    return ""


def _is_right(answers: Answers, index: int, value: Any) -> bool:
    if not isinstance(value, (np.ndarray, float, int)):
        return False
    array = np.asarray(value)
    if array.dtype.kind not in "fiu" or array.shape != answers.shapes[index]:
        return False
    return not answers.wrong(index, array).any()


def sign_values(
    compared: Mapping[str, Compared],
    answers: Mapping[str, Answers],
    extreme: Sequence[bool],
    sides: Mapping[str, str],
) -> Signature:
    """Return what a function answered: a row for each return, and one for all of them on extreme inputs."""
    ordinary, extremes = ([(i, i) for i, one in enumerate(extreme) if bool(one) is kind] for kind in (False, True))
    rows = {name: row_outcome([(one, answers[name], ordinary)]) for name, one in compared.items()}
    if extremes:
        rows["extremes"] = row_outcome([(one, answers[name], extremes) for name, one in compared.items()])
    return Signature(rows, sides)


def side_sentences(findings: Sequence[Finding]) -> dict[str, str]:
    """Return the sentences of failed side rows that speak of the function alone."""
    telling = ("rounding", "form", "manners")
    return {finding.id: finding.message for finding in findings if finding.id in telling and not finding.passed}


def remark_on(
    name: str,
    compared: Mapping[str, Compared],
    answers: Mapping[str, Answers],
    cases: Sequence[int],
    arguments: Callable[[], Sequence[Mapping[str, Any]]],
    has_batch: bool,
) -> str:
    """Return the structural remark on one return, over the cases where all arrays have the right shape.

    name: of the return; or "extremes", for what is remarkable in all cases but these.
    has_batch: whether the first array has examples along its first axis.
    """
    if name not in compared:
        return overflow_remark(
            (other, [their.arrays[i] for i in their.remarks if i not in cases]) for other, their in compared.items()
        )
    one, theirs = compared[name], answers[name]
    if any(one.arrays[i] is None for i in cases) or not _is_wrong(one, cases):
        return ""
    saved = arguments()
    seen = []
    for index in cases:
        got = one.arrays[index]
        assert got is not None
        x = next((value for value in saved[index].values() if isinstance(value, np.ndarray)), None)
        size = float(np.max(theirs.window(theirs.scale, index), initial=0.0))
        seen.append(Seen(got, theirs.window(theirs.expected, index), theirs.wrong(index, got), x, size, has_batch))
    # A return that is right itself is not swapped with this one.
    others = {
        other: [their.window(their.expected, i) for i in cases]
        for other, their in answers.items()
        if other != name and _is_wrong(compared[other], cases)
    }
    return structural_remark(name, seen, others)


def overflow_remark(wrong: Iterable[tuple[str, Sequence[np.ndarray | None]]]) -> str:
    """Return a sentence where wrong answers to extreme inputs are not finite. wrong: the arrays by their name."""
    for name, arrays in wrong:
        if any(array is not None and not np.isfinite(array).all() for array in arrays):
            return (
                f"{name} is not finite there: on the way to it a number becomes too large for float64, or zero where "
                "it is divided by. Is there a way to write the same that never does?"
            )
    return ""


def _is_wrong(compared: Compared, cases: Sequence[int]) -> bool:
    among = set(cases)
    return any(remark.trouble >= Trouble.VALUE for i, remark in compared.remarks.items() if i in among)
