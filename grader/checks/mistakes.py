"""Naming the mistake: outcomes of known wrong versions, frozen in the bank, matched against a student's.

A *signature* says what a function answered: for each value row the outcome of every case (an array, a shape,
an exception type), for each side row the sentence of its finding. A known mistake fits a row when all its
outcomes agree with the student's and three or more differ from the reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from grader.checks.compare import EPSILON, ROUNDING_FACTOR, Answers, Compared, Remark, Trouble
from grader.checks.shares import Finding
from grader.errors import AssignmentError
from grader.sandbox import codec

AGREES = 1e-7
FEWEST = 3


@dataclass(frozen=True)
class RowOutcome:
    """What happened in every case of one row. `codes[i]` is "" where case i gave an array of the right shape.

    values: all arrays, flat and in order, NaN where there is none. size: how large a difference counts there.
    wrong: the cases whose outcome is not the reference's.
    """

    codes: tuple[str, ...]
    values: np.ndarray
    size: np.ndarray
    wrong: tuple[int, ...]

    @property
    def differs(self) -> int:
        """In how many cases the outcome is not the reference's."""
        return len(self.wrong)

    def agrees(self, other: RowOutcome) -> bool:
        """Whether two outcomes are the same in every case, to the tolerance of values."""
        if self.codes != other.codes or self.values.shape != other.values.shape:
            return False
        with np.errstate(all="ignore"):
            allowed = AGREES * np.maximum(self.size, np.abs(self.values))
            difference = np.abs(self.values - other.values)
            # An infinity is near nothing, though infinitely much would be allowed beside it.
            close = (difference <= allowed) & np.isfinite(difference)
        same = close | (self.values == other.values) | (np.isnan(self.values) & np.isnan(other.values))
        return bool(same.all())


@dataclass(frozen=True)
class Signature:
    """What a function answered in every row: value rows by outcome, side rows by the sentence they got."""

    rows: Mapping[str, RowOutcome]
    sides: Mapping[str, str]

    @property
    def failing(self) -> frozenset[str]:
        """The value rows in which anything differs from the reference."""
        return frozenset(name for name, row in self.rows.items() if row.differs)

    def same(self, other: Signature) -> bool:
        """Whether two signatures cannot be told apart."""
        rows = self.rows.keys() == other.rows.keys() and all(row.agrees(other.rows[n]) for n, row in self.rows.items())
        return rows and dict(self.sides) == dict(other.sides)

    def to_tree(self) -> dict[str, Any]:
        """Return plain values for the bank."""
        rows = {
            name: {
                "codes": list(row.codes) if any(row.codes) else len(row.codes),
                "values": row.values,
                "size": row.size,
                "wrong": np.array(row.wrong, dtype=np.int32),
            }
            for name, row in self.rows.items()
        }
        return {"rows": rows, "sides": dict(self.sides)}

    @staticmethod
    def from_tree(tree: Mapping[str, Any]) -> Signature:
        """Rebuild from what `to_tree` wrote."""
        rows = {}
        for name, row in tree["rows"].items():
            codes = ("",) * row["codes"] if isinstance(row["codes"], int) else tuple(row["codes"])
            rows[name] = RowOutcome(codes, row["values"], row["size"], tuple(row["wrong"].tolist()))
        return Signature(rows, tree["sides"])


def row_outcome(parts: Sequence[tuple[Compared, Answers, Sequence[tuple[int, int]]]]) -> RowOutcome:
    """Return the outcome of a row from each value in it: what was compared, the answers, and the cases that count.

    A case is a pair: its key in the remarks, its place among the answers.
    """
    codes: list[str] = []
    values: list[np.ndarray] = []
    sizes: list[np.ndarray] = []
    wrong: list[int] = []
    for compared, answers, cases in parts:
        for key, place in cases:
            remark = compared.remarks.get(key)
            array = compared.arrays[place]
            if remark is not None and remark.trouble >= Trouble.VALUE:
                wrong.append(key)
            codes.append("" if array is not None or remark is None else code_of(remark))
            size = answers.window(_size(answers), place).ravel()
            values.append(np.full(size.shape, np.nan) if array is None else array.ravel())
            sizes.append(size)
    empty = [np.zeros(0)]
    return RowOutcome(tuple(codes), np.concatenate(values or empty), np.concatenate(sizes or empty), tuple(wrong))


def _size(answers: Answers) -> np.ndarray:
    """Return how large a difference counts: what is near enough to be right is near enough to be the same."""
    size: np.ndarray = answers.scale * np.maximum(1.0, ROUNDING_FACTOR * EPSILON * answers.kappa / AGREES)
    return size


def code_of(remark: Remark) -> str:
    """Return the kind of an outcome that is no array: exceptions by type, the rest by what was said of them."""
    if remark.trouble is Trouble.CALL:
        return remark.code or "no answer"
    return remark.message


@dataclass(frozen=True)
class Known:
    """A known mistake as the bank keeps it."""

    id: str
    text: str
    signature: Signature


def caught_by(signature: Signature) -> frozenset[int]:
    """Return the cases that give a mistake away, over all its value rows."""
    return frozenset(case for row in signature.rows.values() for case in row.wrong)


def freeze(found: Sequence[tuple[Any, Signature]], problem: str, right: Signature) -> bytes:
    """Return known mistakes for the bank, from (mistake of the solutions, what it answered).

    Raises AssignmentError for a mistake that is not wrong, and for two that cannot be told apart.
    """
    for number, (mistake, signature) in enumerate(found):
        if signature.same(right):
            raise AssignmentError(
                f"the mistake '{mistake.id}' of {problem} answers as the reference does on every case"
            )
        for other, theirs in found[:number]:
            if signature.same(theirs):
                raise AssignmentError(
                    f"the mistakes '{other.id}' and '{mistake.id}' of {problem} answer alike on every case: "
                    "merge them, or widen the inputs until they differ"
                )
    trees = [{"id": mistake.id, "text": mistake.text, **signature.to_tree()} for mistake, signature in found]
    return codec.encode(trees)


@lru_cache(maxsize=4)  # A proof asks for the same again and again.
def known(data: bytes | memoryview) -> list[Known]:
    """Read what `freeze` wrote."""
    return [Known(tree["id"], tree["text"], Signature.from_tree(tree)) for tree in codec.decode(data)]


def name_mistakes(findings: Sequence[Finding], student: Signature, data: bytes | memoryview) -> list[Finding]:
    """Return the findings with the mistake named where a known one fits."""
    failing = [finding for finding in findings if not finding.passed]
    if not failing or not data:
        return list(findings)
    candidates = known(data)
    named = {finding.id: _fitting(finding, student, candidates) for finding in failing}
    told: set[str] = set()
    return [_explain(finding, named.get(finding.id), told) for finding in findings]


def fits_wholly(student: Signature, data: bytes | memoryview) -> bool:
    """Whether a known mistake explains everything that is wrong."""
    return bool(data) and any(_fits_wholly(one.signature, student) for one in known(data))


def _fitting(finding: Finding, student: Signature, candidates: Sequence[Known]) -> Known | None:
    """Return the one known mistake that explains a failed row, preferring one that explains all of them."""
    whole = [one for one in candidates if _fits_wholly(one.signature, student)]
    if len(whole) == 1:
        return whole[0] if _touches(whole[0].signature, finding.id) else None
    if finding.id not in student.rows:
        fits = [one for one in candidates if one.signature.sides.get(finding.id) == student.sides.get(finding.id)]
        fits = [one for one in fits if not one.signature.failing] if not student.failing else []
        return fits[0] if len(fits) == 1 else None
    # Who gets a row right that a mistake gets wrong has not made that mistake, however alike another row may look.
    possible = [one for one in candidates if one.signature.failing <= student.failing | {"extremes"}]
    fits = [one for one in possible if _fits_row(one.signature, student, finding.id)]
    alone = [one for one in fits if one.signature.failing <= {finding.id, "extremes"}]
    chosen = alone if len(alone) == 1 else fits
    return chosen[0] if len(chosen) == 1 else None


def _fits_row(mistake: Signature, student: Signature, row: str) -> bool:
    if row not in mistake.rows or row not in student.rows or not mistake.rows[row].differs:
        return False
    enough = mistake.rows[row].differs >= min(FEWEST, len(mistake.rows[row].codes))
    return enough and mistake.rows[row].agrees(student.rows[row])


def _fits_wholly(mistake: Signature, student: Signature) -> bool:
    if mistake.failing != student.failing:
        return False
    if not mistake.failing:
        return bool(mistake.sides) and dict(mistake.sides) == dict(student.sides)
    rows = [mistake.rows[row] for row in student.failing]
    enough = sum(row.differs for row in rows) >= min(FEWEST, sum(len(row.codes) for row in rows))
    return enough and all(mistake.rows[row].agrees(student.rows[row]) for row in student.failing)


def _touches(signature: Signature, row: str) -> bool:
    return row in signature.failing or row in signature.sides


def _explain(finding: Finding, mistake: Known | None, told: set[str]) -> Finding:
    """Add the mistake's explanation, once: further rows that it fails only carry its id."""
    if mistake is None:
        return finding
    message = finding.message if mistake.id in told else f"{finding.message} {mistake.text}".strip()
    told.add(mistake.id)
    return replace(finding, mistake=mistake.id, message=message)
