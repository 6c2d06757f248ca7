"""Weights that are the reference's own draws times a factor: then the factor is known exactly.

A sample tells its variance to some per cent. Whoever draws from the same generator in the same order as the
reference has the reference's numbers, but for the scale, and there one part in a million is seen. Whoever draws in
another way is not judged here, and loses nothing; nor does anybody when NumPy changes its streams.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from grader.checks.weights import Target

# So many of a matrix's first entries are frozen; fewer than FEWEST say nothing.
MOST, FEWEST = 32, 16
# How far numbers in proportion may be off, relative to their norm, and how far a right factor from one.
RESIDUAL, NEAR_ONE = 1e-9, 1e-6


def judge(
    arrays: Sequence[np.ndarray | None], targets: Sequence[Target], frozen: np.ndarray
) -> tuple[list[float], list[bool]]:
    """Return the factor of every matrix to the reference's draws (NaN where unknown), and whether it is wrong.

    frozen: the first entries of the reference's draws, from `first_entries`.
    """
    factors = find_factors(arrays, frozen)
    if factors is None:
        return [math.nan] * len(arrays), [False] * len(arrays)
    off = [False] * len(arrays)
    for index in np.flatnonzero(np.abs(factors - 1.0) > NEAR_ONE).tolist():
        array = arrays[index]
        off[index] = array is not None and not _has_variance(array, targets[index].variance)
    return factors.tolist(), off


def _has_variance(array: np.ndarray, variance: float) -> bool:
    """Whether a sample's own variance is what was asked: somebody has scaled it so, and is not wrong."""
    own = (float(np.mean(np.square(array))), float(np.var(array)), float(np.var(array, ddof=1)))
    return any(abs(value / variance - 1.0) <= NEAR_ONE for value in own)


def find_factors(arrays: Sequence[np.ndarray | None], frozen: np.ndarray) -> np.ndarray | None:
    """Return the factor of every matrix to the reference's draws, NaN for those too small to say, or None.

    None where any matrix is not proportional: what is drawn again beyond two standard deviations is the reference's
    in some small matrices, by chance, and must not be judged by these.
    """
    counts = np.array([0 if array is None else min(array.size, MOST) for array in arrays])
    tells = counts >= FEWEST
    if not tells.any():
        return None
    mine, theirs = first_entries(arrays)[tells], frozen[tells]
    with np.errstate(all="ignore"):
        found = np.sum(mine * theirs, axis=1) / np.sum(theirs * theirs, axis=1)
        apart = mine - found[:, None] * theirs
        proportional = np.sum(apart * apart, axis=1) <= RESIDUAL**2 * np.sum(mine * mine, axis=1)
    if not (proportional & (found != 0.0)).all():
        return None
    factors = np.full(counts.size, np.nan)
    factors[tells] = np.abs(found)
    return factors


def first_entries(arrays: Sequence[np.ndarray | None], most: int = MOST) -> np.ndarray:
    """Return the first entries of every matrix: (matrices, most), zeros where there are none."""
    entries: Any = np.zeros((len(arrays), most))
    for row, array in zip(entries, arrays, strict=True):
        if array is not None:
            first = array.ravel()[:most]
            row[: first.size] = first
    return np.asarray(entries)
