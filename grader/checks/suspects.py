"""What may have gone wrong where variances are wrong: a question, asked only if it fits every matrix that is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from grader.checks.weights import Target, ended, mean_square, variance_range

# How far an exactly known ratio of variances may be off a candidate's: less where the ratio itself is close to one,
# for there the hundredth part of a slope is looked for, and a second slip besides a large one is no matter.
EXACT, NEARLY_EXACT, CLOSE = 1e-5, 1e-3, 0.01

SUSPECTS = (
    (2.0, "twice too large"),
    (0.5, "half of what was asked: is the 2 missing?"),
    (4.0, "four times too large"),
)
THREE = {
    "uniform": (
        (3.0, "three times too large: is a root missing where the standard deviation becomes the bound?"),
        (
            1.0 / 3.0,
            "a third of what was asked: is the standard deviation used as the bound of the uniform distribution?",
        ),
        (0.25, "a quarter of what was asked: is the whole interval only as wide as the bound?"),
    ),
    "normal": (
        (3.0, "three times too large: is the bound of a uniform distribution used as the standard deviation?"),
        (1.0 / 3.0, "a third of what was asked"),
        (0.25, "a quarter of what was asked"),
    ),
}


@dataclass(frozen=True)
class Seen:
    """A matrix of wrong variance: `ratio` of observed to asked, and what chance makes of a ratio of 1.

    factor: to the reference's draws where that is known, else NaN. others: by question, the variance that the
    matrix would have, if the answer were yes.
    """

    target: Target
    ratio: float
    low: float
    high: float
    factor: float = math.nan
    others: Mapping[str, float] = field(default_factory=dict)

    @staticmethod
    def look(array: np.ndarray, target: Target, factor: float, others: Mapping[str, float]) -> Seen:
        """Return what one matrix shows; a known factor says more than a sample."""
        if not math.isnan(factor):
            room = EXACT if abs(factor**2 - 1.0) < CLOSE else NEARLY_EXACT
            return Seen(target, factor**2, 1.0 - room, 1.0 + room, factor, others)
        low, high = variance_range(target)
        variance = target.variance
        return Seen(target, mean_square(array) / variance, low / variance, high / variance, factor, others)


def to_tree(others: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """Return the variances by question of every matrix as plain values for the bank, NaN where none arises."""
    questions = list(dict.fromkeys(question for one in others for question in one))
    table = np.array([[one.get(question, math.nan) for question in questions] for one in others])
    return {"questions": questions, "variances": table}


def others_of(tree: Mapping[str, Any], index: int) -> dict[str, float]:
    """Return the variances by question of one matrix, of what `to_tree` wrote."""
    return dict(zip(tree["questions"], tree["variances"][index].tolist(), strict=True))


def guess(wrong: Sequence[Seen], shown: Seen) -> str:
    """Return the likeliest slip in words: one that fits all wrong matrices, else how far off the shown one is."""
    if not all(seen.ratio > 0 for seen in wrong):
        return "all weights are zero" if shown.ratio == 0 else f"{shown.ratio:.3g} times what was asked"
    ratios = np.array([seen.ratio for seen in wrong])
    low, high = (np.array([getattr(seen, side) for seen in wrong]) for side in ("low", "high"))
    sizes = np.array([float(seen.target.size) for seen in wrong])
    fitting = []
    for factors, text in _candidates(wrong):
        with np.errstate(all="ignore"):
            left = ratios / factors
            # Written so that NaN, a question that does not arise there, does not fit.
            if bool(np.all((low <= left) & (left <= high))):
                fitting.append((float(np.sum(sizes * np.log(left) ** 2)), text))
    if fitting:
        # Of two that fit alike the first is taken: what has to do with the fans explains more.
        return min(fitting, key=lambda pair: pair[0])[1]
    if _is_constant(wrong, ratios, low, high, sizes):
        return "the same variance comes out whatever the fans are"
    return f"{shown.ratio:.3g} times what was asked"


def _candidates(wrong: Sequence[Seen]) -> list[tuple[np.ndarray, str]]:
    fan_in, fan_out = (np.array([float(seen.target.shape[side]) for seen in wrong]) for side in (0, 1))
    variance = np.array([seen.target.variance for seen in wrong])
    found: list[tuple[np.ndarray, str]] = []
    for question in dict.fromkeys(name for seen in wrong for name in seen.others):
        others = np.array([seen.others.get(question, math.nan) for seen in wrong])
        found.append((others / variance, question))
    if bool(np.any(fan_in != fan_out)):
        found.append((fan_in / fan_out, "did you use fan_out for fan_in?"))
        both = fan_in + fan_out
        found.append((both / (2.0 * fan_in), "did you use fan_in alone, not the average of the fans?"))
        found.append((both / (2.0 * fan_out), "did you use fan_out alone, not the average of the fans?"))
    family = "uniform" if wrong[0].target.family == "uniform" else "normal"
    found += [(np.full(len(wrong), factor), text) for factor, text in (*SUSPECTS, *THREE[family])]
    found.append((variance, "is the variance used where its square root is needed?"))
    found.append((1.0 / variance, "is the variance not scaled by the fans at all?"))
    return found


def _is_constant(wrong: Sequence[Seen], ratios: np.ndarray, low: np.ndarray, high: np.ndarray, n: np.ndarray) -> bool:
    """Whether one variance, that of the largest matrix, would explain all, though different ones were asked for."""
    asked = np.array([seen.target.variance for seen in wrong])
    if len(set(asked.tolist())) < 2:
        return False
    found = ratios * asked
    left = found / found[np.argmax(n)]
    return bool(np.all((low <= left) & (left <= high)))


def variance_sentence(name: str, array: np.ndarray, target: Target, asked: str, slip: str) -> str:
    """Return what a sample shows in the student's terms, with the acceptable range, and the likeliest slip."""
    low, high = variance_range(target)
    return ended(
        f"{name}: variance {mean_square(array):.4g} where {asked} = {target.variance:.4g} was asked "
        f"({_fans(target)}; acceptable {low:.4g} to {high:.4g}): {slip}"
    )


def factor_sentence(name: str, seen: Seen, asked: str, slip: str) -> str:
    """Return what only the factor to the reference's draws shows: too little for a sample, and wrong all the same."""
    if not slip.endswith("?"):
        slip = "too little for a sample to show, but the draws themselves do"
    return ended(
        f"{name}: every weight is exactly {seen.factor:.6g} times what it should be, so the variance is "
        f"{seen.ratio:.6g} times the one that was asked, {asked} = {seen.target.variance:.4g} ({_fans(seen.target)}): "
        f"{slip}"
    )


def _fans(target: Target) -> str:
    return f"fan_in {target.shape[0]}, fan_out {target.shape[1]}"
