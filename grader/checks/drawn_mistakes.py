"""Naming mistakes of random weights: by the pattern of their variances, whatever order they are drawn in.

A signature holds the ratios of observed to asked variance of every matrix that is large enough to tell, and
for each row a code: the sentence of its finding without the numbers. A known mistake fits when its codes are
the student's and all ratios agree within what chance allows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from grader.checks.reference import Reference
from grader.checks.shares import Finding
from grader.errors import AssignmentError
from grader.sandbox import codec
from grader.sandbox.replies import Runner

# Two independent estimates of one variance from n draws differ by less than this many sqrt(2 / n).
CHANCE = 8.0
ROWS = ("variance", "orthonormal", "distribution", "generator", "scale", "keep", "independence", "identity", "manners")
# The rows that ratios speak of: the variance of weights, the lengths of orthogonal ones; the factor and the rate of
# what a random layer keeps.
MEASURED = ("variance", "orthonormal", "scale", "keep")


@dataclass(frozen=True)
class Drawn:
    """`ratios[i]` from `counts[i]` numbers (NaN where there are none); `codes` by row, "" where it passed."""

    ratios: np.ndarray
    counts: np.ndarray
    codes: Mapping[str, str]

    def same_ratios(self, other: Drawn) -> bool:
        """Whether all ratios agree within chance."""
        if self.ratios.shape != other.ratios.shape or any(
            self.codes.get(row) != other.codes.get(row) for row in MEASURED
        ):
            return False
        with np.errstate(all="ignore"):
            apart = np.abs(np.log(self.ratios / other.ratios))
        missing = np.isnan(self.ratios) & np.isnan(other.ratios)
        equal = self.ratios == other.ratios
        return bool(np.all(missing | equal | (apart <= CHANCE * np.sqrt(2.0 / self.counts))))

    def same(self, other: Drawn) -> bool:
        """Whether two signatures cannot be told apart."""
        return dict(self.codes) == dict(other.codes) and self.same_ratios(other)

    def fits_row(self, student: Drawn, row: str) -> bool:
        """Whether this mistake explains one failed row of the student's."""
        if not self.codes[row] or self.codes[row] != student.codes[row]:
            return False
        return row not in MEASURED or self.same_ratios(student)


def signature(findings: Sequence[Finding], ratios: Sequence[float], counts: Sequence[int]) -> Drawn:
    """Return the signature of judged draws. Messages about values are reduced to 'wrong'; ratios say the rest."""
    codes = {finding.id: "" if finding.passed else _code(finding) for finding in findings if finding.id in ROWS}
    return Drawn(np.array(ratios, dtype=np.float64), np.array(counts, dtype=np.float64), codes)


def _code(finding: Finding) -> str:
    if finding.id in MEASURED and "acceptable" in finding.message:
        return "wrong"
    if finding.id in MEASURED and "exactly" in finding.message:
        return finding.message  # A known factor: its digits tell more than any ratio of samples.
    return re.sub(r"[-+]?\d[\d.e%+-]*|'\w+'|For fans \([^)]*\): ", "#", finding.message)


def freeze(problem: str, reference: Reference, sign: Callable[[Runner], Drawn]) -> bytes:
    """Return the known mistakes of a problem for the bank; `sign(runner)` replays the section.

    Raises AssignmentError for a mistake that passes, and for two that cannot be told apart.
    """
    found: list[tuple[Any, Drawn]] = []
    for mistake in reference.mistakes_of(problem):
        drawn = sign(reference.runner(mistake.functions))
        if not any(drawn.codes.values()):
            raise AssignmentError(f"the mistake '{mistake.id}' of {problem} passes every test")
        for other, theirs in found:
            if drawn.same(theirs):
                raise AssignmentError(
                    f"the mistakes '{other.id}' and '{mistake.id}' of {problem} draw alike: merge them"
                )
        found.append((mistake, drawn))
    trees = [
        {"id": m.id, "text": m.text, "ratios": d.ratios, "counts": d.counts, "codes": dict(d.codes)} for m, d in found
    ]
    return codec.encode(trees)


def name_mistakes(findings: Sequence[Finding], student: Drawn, data: bytes | memoryview) -> list[Finding]:
    """Return the findings with the mistake named where a known one fits; preservation goes with variance."""
    failing = [row for row in ROWS if student.codes.get(row)]
    if not failing or not data:
        return list(findings)
    known = [
        (tree["id"], tree["text"], Drawn(tree["ratios"], tree["counts"], tree["codes"])) for tree in codec.decode(data)
    ]
    whole = [(name, text) for name, text, drawn in known if drawn.same(student)]
    named: dict[str, tuple[str, str]] = {}
    for row in failing:
        alone = [
            (name, text)
            for name, text, drawn in known
            if drawn.fits_row(student, row) and [r for r in ROWS if drawn.codes.get(r)] == [row]
        ]
        fits = whole if len(whole) == 1 else alone
        if len(fits) == 1:
            named[row] = fits[0]
    explained = []
    for finding in findings:
        row = "variance" if finding.id.startswith("preservation") else finding.id
        if finding.passed or row not in named:
            explained.append(finding)
            continue
        name, text = named[row]
        told = any(name == other.mistake for other in explained)
        message = finding.message if told else f"{finding.message} {text}".strip()
        explained.append(replace(finding, mistake=name, message=message))
    return explained
