"""From findings to explanations: a known mistake where one fits, else what is structurally remarkable."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from grader.checks.compare import Answers, Compared, Trouble
from grader.checks.mistakes import Signature, freeze, name_mistakes, row_outcome
from grader.checks.reference import Reference
from grader.checks.remarks import Seen, structural_remark
from grader.checks.shares import Finding
from grader.sandbox.replies import Runner

Sign = Callable[[Runner], Signature]


def freeze_mistakes(problem: str, reference: Reference, sign: Sign) -> bytes:
    """Return what every known mistake of a problem answers, for the bank. `sign` replays the section."""
    found = [(mistake, sign(reference.runner(mistake.functions))) for mistake in reference.mistakes_of(problem)]
    return freeze(found, problem, sign(reference.runner())) if found else b""


def explain(
    findings: Sequence[Finding], signature: Signature, frozen: bytes, remark: Callable[[str], str]
) -> list[Finding]:
    """Return the findings with each failed row explained; `remark(row)` is tried where no known mistake fits."""
    explained = []
    for finding in name_mistakes(findings, signature, frozen):
        if not finding.passed and finding.mistake is None and not finding.side:
            sentence = remark(finding.id)
            finding = replace(finding, message=f"{finding.message} {sentence}".strip())
        explained.append(finding)
    return explained


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

    has_batch: whether the first array has examples along its first axis.
    """
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


def _is_wrong(compared: Compared, cases: Sequence[int]) -> bool:
    among = set(cases)
    return any(remark.trouble >= Trouble.VALUE for i, remark in compared.remarks.items() if i in among)
