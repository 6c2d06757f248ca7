"""Numerical gradients: the derivative of `<dout, f(x + h v)>` at h = 0, by extrapolated central differences.

Source: C. Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", Advances in Engineering Software 4
(1982) 75-76. Fixed steps are off by far more than a right answer may be; extrapolation over six steps,
each half the one before, and its own estimate of the error tell 'wrong' from 'cannot tell'.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

LEVELS = 6
FIRST_STEP = 0.5
AGREE = 1e-8
INCONCLUSIVE = 1e-8
UNRESOLVED = 100.0

# Whether a function has a kink where an output is zero, or the function of its arguments whose zeros are the kinks.
Kink = bool | Callable[..., Any]


class Verdict(enum.Enum):
    """Whether a gradient and its numerical gradient agree along one direction."""

    AGREES = "agrees"
    DIFFERS = "differs"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Comparison:
    """A directional derivative against `<gradient, v>`; `off` is their distance over the scale."""

    verdict: Verdict
    numerical: float
    analytic: float
    off: float


def steps(first: float = FIRST_STEP) -> np.ndarray:
    """Return the signed steps (h, -h, h/2, -h/2, ...), shape (2 * LEVELS,)."""
    sizes = first / 2.0 ** np.arange(LEVELS)
    return np.stack([sizes, -sizes], axis=1).ravel()


def extrapolate(values: np.ndarray, first: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """Return derivatives at 0 and their estimated errors from `values[..., i] = f(steps[i])`, shapes (...).

    There may be fewer steps than `LEVELS` gives; each size is half the one before.
    """
    levels = values.shape[-1] // 2
    sizes = np.multiply.outer(np.asarray(first), 0.5 ** np.arange(levels))
    column = (values[..., 0::2] - values[..., 1::2]) / (2.0 * sizes)
    found, changes = [column[..., -1:]], [np.full((*column.shape[:-1], 1), np.inf)]
    for order in range(1, levels):
        factor = 4.0**order
        coarse, fine = column[..., :-1], column[..., 1:]
        column = (factor * fine - coarse) / (factor - 1.0)
        found.append(column)
        changes.append(np.maximum(np.abs(column - fine), np.abs(column - coarse)))
    candidates, errors = np.concatenate(found, axis=-1), np.concatenate(changes, axis=-1)
    # Of equally good ones the last, which is of the highest order and the smallest steps.
    flipped = np.where(np.isnan(errors), np.inf, errors)[..., ::-1]
    best = errors.shape[-1] - 1 - np.argmin(flipped, axis=-1, keepdims=True)
    value, error = (np.take_along_axis(one, best, axis=-1)[..., 0] for one in (candidates, errors))
    return value, np.where(np.isnan(error), np.inf, error)


def compare(
    projected: np.ndarray, first: np.ndarray, analytic: np.ndarray, scale: np.ndarray, kappa: np.ndarray
) -> list[Comparison]:
    """Compare `<gradient, v>` with the numerical derivative along v, for many directions at once.

    projected: (P, 2 * LEVELS), `<dout, f(x + h v)>` for the signed `steps` of each direction.
    first, analytic, scale, kappa: (P,): first steps, `<gradient, v>`, the size of its terms, their conditioning.
    """
    with np.errstate(all="ignore"):
        value, error = extrapolate(projected, first)
        # Two entries of a table can be close by chance: without the coarsest step the value must stay.
        again, _ = extrapolate(projected[..., 2:], first / 2.0)
        error = np.maximum(error, np.abs(again - value))
        size = np.where(scale > 0, scale, 1.0)
        off, spread = np.abs(value - analytic) / size, error / size
        # A change that the gradient's size foretells but the values never show: the steps are too coarse.
        resolved = scale * first <= UNRESOLVED * np.max(np.abs(projected), axis=1)
        agrees = off <= np.maximum(AGREE, 1e-11 * kappa)
        certain = resolved & (spread <= np.minimum(INCONCLUSIVE, off / 10.0)) & np.isfinite(off)
        # No finite derivative is infinite or not a number.
        differs = certain | (~np.isfinite(analytic) & np.isfinite(value) & (spread <= INCONCLUSIVE))
    columns = (value, analytic, off, agrees, differs)
    found = []
    for number, gradient, distance, right, wrong in zip(*(column.tolist() for column in columns), strict=True):
        verdict = Verdict.AGREES if right else Verdict.DIFFERS if wrong else Verdict.INCONCLUSIVE
        found.append(Comparison(verdict, number, gradient, distance))
    return found


def compare_one(
    outputs: np.ndarray, dout: np.ndarray, first: float, analytic: float, scale: float, kappa: float
) -> Comparison:
    """Compare along one direction. outputs: (2 * LEVELS, *shape of dout), at the signed `steps`."""
    with np.errstate(all="ignore"):
        projected = (outputs.reshape(len(outputs), -1) @ np.ravel(dout))[None]
    numbers = (np.array([number], dtype=projected.dtype) for number in (first, analytic, scale, kappa))
    return compare(projected, *numbers)[0]


def direction(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    """Return a Gaussian direction, scaled to the spread of x (never all ones, never signs: those hide sums)."""
    spread, largest = float(np.std(x)), float(np.max(np.abs(x), initial=0.0))
    # Equal numbers have a standard deviation of rounding errors, not of zero.
    if spread <= 1e-6 * largest:
        spread = largest or 1.0
    return np.asarray(rng.standard_normal(x.shape) * spread)


def first_step(forward: Callable[[np.ndarray], np.ndarray], x: np.ndarray, v: np.ndarray) -> float | None:
    """Return the largest first step for which no output of `forward` changes side of zero, or None.

    For functions with a kink at zero: a difference across the kink is not a derivative of anything.
    """
    mask = forward(x) > 0
    first = FIRST_STEP
    while first > 1e-4:
        if all(np.array_equal(forward(x + h * v) > 0, mask) for h in steps(first)):
            return first
        first /= 4.0
    return None
