"""Numerical gradients: the derivative of `<dout, f(x + h v)>` at h = 0, by extrapolated central differences.

Source: C. Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", Advances in Engineering Software 4
(1982) 75-76. Fixed steps are off by far more than a right answer may be; extrapolation over six steps,
each half the one before, and its own estimate of the error tell 'wrong' from 'cannot tell'.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

LEVELS = 6
FIRST_STEP = 0.5
AGREE = 1e-8
INCONCLUSIVE = 1e-8
UNRESOLVED = 100.0


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


def extrapolate(values: np.ndarray, first: float) -> tuple[float, float]:
    """Return the derivative at 0 and its estimated error from `values[i] = f(steps[i])`."""
    sizes = first / 2.0 ** np.arange(LEVELS)
    row = list((values[0::2] - values[1::2]) / (2.0 * sizes))
    best, error = row[-1], np.inf
    previous = [row[0]]
    for level in range(1, LEVELS):
        current = [row[level]]
        for order in range(1, level + 1):
            factor = 4.0**order
            current.append((factor * current[order - 1] - previous[order - 1]) / (factor - 1.0))
            change = max(abs(current[order] - current[order - 1]), abs(current[order] - previous[order - 1]))
            if change <= error:
                best, error = current[order], change
        previous = current
    return best, error


def compare(
    outputs: np.ndarray, dout: np.ndarray, first: float, analytic: float, scale: float, kappa: float
) -> Comparison:
    """Compare `<gradient, v>` with the numerical derivative along v.

    outputs: (2 * LEVELS, *shape of dout), the function at x + h v for the signed `steps`.
    scale: the size of the terms of `<gradient, v>`; kappa: their conditioning.
    """
    with np.errstate(all="ignore"):
        projected = outputs.reshape(len(outputs), -1) @ np.ravel(dout)
        value, error = extrapolate(projected, first)
        off = float(abs(value - analytic) / scale) if scale > 0 else float(abs(value - analytic))
        spread = float(error / scale) if scale > 0 else float(error)
        # A change that the gradient's size foretells but the values never show: the steps are too coarse.
        resolved = bool(scale * first <= UNRESOLVED * np.max(np.abs(projected)))
    if off <= max(AGREE, 1e-11 * kappa):
        verdict = Verdict.AGREES
    elif resolved and spread <= min(INCONCLUSIVE, off / 10.0) and np.isfinite(off):
        verdict = Verdict.DIFFERS
    else:
        verdict = Verdict.INCONCLUSIVE
    return Comparison(verdict, float(value), float(analytic), off)


def direction(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    """Return a Gaussian direction, scaled to the spread of x (never all ones, never signs: those hide sums)."""
    spread = float(np.std(x)) or float(np.max(np.abs(x), initial=0.0)) or 1.0
    return rng.standard_normal(x.shape) * spread


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
