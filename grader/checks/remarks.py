"""What is structurally wrong with a returned value, where no known mistake fits.

Each test looks at all ordinary cases of one return and says a sentence, or nothing. They are tried from the
most to the least telling.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

CLOSE = 1e-6
SINGLE = (1e-9, 2e-5)
FEWEST = 3
CANCELLED = 1e-6


@dataclass(frozen=True)
class Seen:
    """One return in one case: what came, what was expected, which entries are wrong.

    x: the first array argument. size: how large the answer's terms are; differences far below do not count.
    has_batch: whether x has examples along its first axis.
    """

    got: np.ndarray
    expected: np.ndarray
    wrong: np.ndarray
    x: np.ndarray | None
    size: float = 0.0
    has_batch: bool = True

    @property
    def batch(self) -> int:
        """Examples in the case."""
        return 1 if self.x is None or self.x.ndim == 0 or not self.has_batch else self.x.shape[0]

    @property
    def features(self) -> int:
        """Entries of one example."""
        return 1 if self.x is None or self.x.ndim < 2 or not self.has_batch else int(np.prod(self.x.shape[1:]))


def structural_remark(name: str, cases: Sequence[Seen], others: Mapping[str, Sequence[np.ndarray]]) -> str:
    """Return a sentence on what all cases have in common, or "". `others` are the other returns' expected values."""
    wrong = [case for case in cases if case.wrong.any()]
    if not wrong or any(not np.isfinite(case.got).all() for case in wrong):
        return _not_finite(wrong)
    tests: tuple[Callable[[], str], ...] = (
        lambda: _zero_everywhere(name, cases, wrong),
        lambda: _swapped(name, cases, others),
        lambda: _single_precision(wrong),
        lambda: _factor(name, cases),
        lambda: _transposed(name, wrong),
        lambda: _batch_of_one(cases, wrong),
        lambda: _at_ties(wrong),
        lambda: _rows_or_columns(wrong),
    )
    for test in tests:
        sentence = test()
        if sentence:
            return sentence
    return ""


def _not_finite(wrong: Sequence[Seen]) -> str:
    if wrong and all(not np.isfinite(case.got).any() for case in wrong):
        return "It is not a finite number wherever it is wrong."
    return ""


def _zero_everywhere(name: str, cases: Sequence[Seen], wrong: Sequence[Seen]) -> str:
    if len(wrong) >= FEWEST and all(not case.got.any() for case in cases):
        return f"{name} is zero everywhere."
    return ""


def _swapped(name: str, cases: Sequence[Seen], others: Mapping[str, Sequence[np.ndarray]]) -> str:
    for other, expected in others.items():
        pairs = [(case.got, value) for case, value in zip(cases, expected, strict=True)]
        telling = [pair for pair in pairs if pair[1].any()]
        if len(telling) >= FEWEST and all(_same(got, value) for got, value in pairs):
            return f"What is returned as {name} is {other}: are two returns swapped?"
    return ""


def _factor(name: str, cases: Sequence[Seen]) -> str:
    """Name a constant factor, or one that is the batch size, the number of features, or one over them."""
    factors = []
    for case in cases:
        size = float(np.sum(case.expected**2))
        if float(np.max(np.abs(case.expected), initial=0.0)) <= CANCELLED * case.size or size == 0.0:
            # Only what is left of a sum that cancels: its ratio says nothing.
            if float(np.max(np.abs(case.got), initial=0.0)) > 1e3 * CANCELLED * case.size:
                return ""
            continue
        factor = float(np.sum(case.got * case.expected)) / size
        if not _same(case.got, factor * case.expected):
            return ""
        factors.append((factor, case.batch, case.features))
    if len(factors) < FEWEST:
        return ""
    by: dict[str, Callable[[int, int], float]] = {
        "": lambda n, d: 1.0,
        "N": lambda n, d: n,
        "1/N": lambda n, d: 1.0 / n,
        "D": lambda n, d: d,
        "1/D": lambda n, d: 1.0 / d,
        "N D": lambda n, d: n * d,
        "1/(N D)": lambda n, d: 1.0 / (n * d),
    }
    meaning = {"N": "N is the batch size", "D": "D is the number of features", "N D": "N and D are the sides of x"}
    for text, of in by.items():
        quotients = np.array([factor / of(n, d) for factor, n, d in factors])
        if np.ptp(quotients) <= CLOSE * np.max(np.abs(quotients)):
            constant = float(np.median(quotients))
            explained = next((words for key, words in meaning.items() if key in text), "")
            return _factor_sentence(name, constant, text, explained)
    return ""


def _factor_sentence(name: str, constant: float, text: str, explained: str) -> str:
    number = f"{constant:.6g}"
    if not text:
        if abs(constant + 1.0) < CLOSE:
            return f"{name} has the wrong sign everywhere: it is -1 times the expected value."
        return f"{name} is {number} times the expected value, in every case."
    factor = text if abs(constant - 1.0) < CLOSE else f"{number} * {text}"
    return f"{name} is {factor} times the expected value, where {explained}: is a mean taken for a sum, or the reverse?"


def _transposed(name: str, wrong: Sequence[Seen]) -> str:
    square = [case for case in wrong if case.got.ndim == 2 and case.got.shape[0] == case.got.shape[1] > 1]
    if square and all(_same(case.got.T, case.expected) for case in square):
        return f"{name} is transposed where it is square; other shapes do not fit either."
    return ""


def _batch_of_one(cases: Sequence[Seen], wrong: Sequence[Seen]) -> str:
    if any(case.batch > 1 for case in cases) and all(case.batch == 1 for case in wrong):
        return "Only cases with a batch of one (N = 1) are wrong."
    return ""


def _at_ties(wrong: Sequence[Seen]) -> str:
    for case in wrong:
        if case.x is None or case.x.shape != case.wrong.shape or np.any(case.x[case.wrong] != 0.0):
            return ""
    return "It is wrong only where x is exactly 0: what is the derivative there?"


def _single_precision(wrong: Sequence[Seen]) -> str:
    off = [
        float(np.max(np.abs(case.got - case.expected)) / max(float(np.max(np.abs(case.expected))), 1e-300))
        for case in wrong
    ]
    if len(off) >= FEWEST and max(off) < SINGLE[1] and float(np.median(off)) > SINGLE[0]:
        return "It is right to single precision only: is something converted to float32?"
    return ""


def _rows_or_columns(wrong: Sequence[Seen]) -> str:
    """Say which entries are wrong where they lie on one side of every array that is large enough to tell."""
    telling = [case for case in wrong if case.wrong.ndim in (1, 2) and min(case.wrong.shape) > 1]
    if len(telling) < FEWEST:
        return ""
    for axis, word in ((-1, "column"), (0, "row")):
        if any(case.wrong.ndim == 1 for case in telling):
            word = "entry"
        for place, ordinal in ((-1, "last"), (0, "first")):
            if all(_only_at(case.wrong, axis, place) for case in telling):
                return f"Only the {ordinal} {word} is wrong; the others are right."
            if all(_none_at(case.wrong, axis, place) for case in telling) and word != "entry":
                return f"Only the {ordinal} {word} is right; the others are wrong."
    return ""


def _only_at(mask: np.ndarray, axis: int, place: int) -> bool:
    lines = np.moveaxis(mask, axis, 0)
    others = np.delete(lines, place, axis=0)
    return bool(lines[place].any() and not others.any())


def _none_at(mask: np.ndarray, axis: int, place: int) -> bool:
    lines = np.moveaxis(mask, axis, 0)
    return bool(not lines[place].any() and np.delete(lines, place, axis=0).any(axis=tuple(range(1, mask.ndim))).all())


def _same(got: np.ndarray, expected: np.ndarray) -> bool:
    if got.shape != expected.shape:
        return False
    scale = max(float(np.max(np.abs(expected), initial=0.0)), float(np.max(np.abs(got), initial=0.0)))
    return bool(np.max(np.abs(got - expected), initial=0.0) <= CLOSE * scale)
