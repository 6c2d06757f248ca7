"""What the numbers of a case look like: each regime is a known way in which homework goes wrong.

A regime is a function `(rng, shape) -> float64 array`. Cases name their regime, so that a report can say
why a case is there. The plain regimes have two decimals, so that a person can check them by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

# A name only: NumPy imports its generators when they are first asked for, and grading does not ask.
Rng: TypeAlias = "np.random.Generator"
Values = np.ndarray[Any, np.dtype[np.float64]]
Regime = Callable[["np.random.Generator", tuple[int, ...]], Values]


def normal(rng: Rng, shape: tuple[int, ...]) -> Values:
    """Standard normal, two decimals."""
    return np.round(rng.standard_normal(shape), 2)


def large(rng: Rng, shape: tuple[int, ...]) -> Values:
    """Normal, of size 1e4."""
    return rng.standard_normal(shape) * 1e4


def offset(rng: Rng, shape: tuple[int, ...]) -> Values:
    """Normal around 100: a variance as E[x^2] - mean^2 starts to lose digits here."""
    return 100.0 + np.round(rng.standard_normal(shape), 2)


def far_offset(rng: Rng, shape: tuple[int, ...]) -> Values:
    """Normal around 1e4."""
    return 1e4 + rng.standard_normal(shape)


def tiny(rng: Rng, shape: tuple[int, ...]) -> Values:
    """Normal, of size 1e-3: whatever has a fixed size, such as an eps or a step, is large beside it."""
    return rng.standard_normal(shape) * 1e-3


def constant_columns(rng: Rng, shape: tuple[int, ...]) -> Values:
    """Every example alike: the variance over the batch is zero."""
    column: Values = np.round(rng.standard_normal(shape[1:]), 2)
    values: Values = np.broadcast_to(column, shape).copy()
    return values


def constant_rows(rng: Rng, shape: tuple[int, ...]) -> Values:
    """Every feature of an example alike: the variance over the features is zero."""
    row: Values = np.round(rng.standard_normal((*shape[:1], *(1 for _ in shape[1:]))), 2)
    values: Values = np.broadcast_to(row, shape).copy()
    return values


def rank_one(rng: Rng, shape: tuple[int, ...]) -> Values:
    """Every row alike: a matrix that has no inverse."""
    return constant_columns(rng, shape)


def ties(rng: Rng, shape: tuple[int, ...]) -> Values:
    """Multiples of a half, a third of them exactly zero: what happens at the kink?"""
    values = rng.integers(-3, 4, shape) / 2.0
    values[rng.random(shape) < 0.3] = 0.0
    values.flat[int(rng.integers(values.size))] = 0.0
    return values


def integers(rng: Rng, shape: tuple[int, ...]) -> Values:
    """Small whole numbers, as float64."""
    return rng.integers(-4, 5, shape).astype(np.float64)


def zeros(rng: Rng, shape: tuple[int, ...]) -> Values:
    """Zeros everywhere."""
    return np.zeros(shape)


def equal(rng: Rng, shape: tuple[int, ...]) -> Values:
    """One number everywhere."""
    return np.full(shape, float(rng.integers(1, 5)))


def bits(rng: Rng, shape: tuple[int, ...]) -> Values:
    """Zeros and ones at random: rows and columns are often equal by chance."""
    return rng.integers(0, 2, shape).astype(np.float64)


def nearly_bits(rng: Rng, shape: tuple[int, ...]) -> Values:
    """Zeros and ones at random, some of them larger by 1e-9: what is nearly equal is not equal."""
    values: Values = bits(rng, shape) + 1e-9 * (rng.random(shape) < 0.4)
    return values


def repeated(rng: Rng, shape: tuple[int, ...]) -> Values:
    """The same numbers again two places further on, along every axis: rows and columns have copies."""
    values: Values = integers(rng, shape)[np.ix_(*(np.arange(length) % 2 for length in shape))]
    return values


def one_sign(rng: Rng, shape: tuple[int, ...]) -> Values:
    """Small whole numbers, of one sign along the second axis, another sign elsewhere."""
    values: Values = np.abs(integers(rng, shape)) * rng.choice((-1.0, 1.0), (shape[0], 1, *shape[2:]))
    return values


def partly_constant(rng: Rng, shape: tuple[int, ...]) -> Values:
    """Some columns the same for every example, some zero, some one of these but for an example in the middle."""
    values = normal(rng, shape)
    table = values.reshape(-1, shape[-1])
    kinds = rng.permutation(max(5, shape[-1]))[: shape[-1]] % 5
    # With all their digits: even the mean of equal numbers may be rounded.
    constant = (kinds == 1) | (kinds == 4)
    table[:, constant] = rng.standard_normal(shape[-1])[constant]
    table[:, (kinds == 2) | (kinds == 3)] = 0.0
    middle = table[len(table) // 2]
    middle[kinds == 3] = 0.5
    middle[kinds == 4] += 1e-9
    return values


def far_from_one(rng: Rng, shape: tuple[int, ...]) -> Values:
    """Between 0.5 and 3 in size, either sign, never 0 or 1: for gamma and beta."""
    return np.round(rng.choice((-1.0, 1.0), shape) * rng.uniform(1.2, 3.0, shape), 2)


def positive(rng: Rng, shape: tuple[int, ...]) -> Values:
    """Between 0.3 and 4: for a running variance."""
    return np.round(rng.uniform(0.3, 4.0, shape), 2)


def huge(rng: Rng, shape: tuple[int, ...]) -> Values:
    """Of size 1000, either sign: exp overflows without care."""
    return rng.choice((-1000.0, 1000.0), shape) + rng.standard_normal(shape)


def apart(rng: Rng, shape: tuple[int, ...]) -> Values:
    """Normal around -1000 or 1000, by example in turn: no one shift of all scores keeps exp in range."""
    level = 1000.0 * rng.choice((-1.0, 1.0)) * (-1.0) ** np.arange(shape[0])
    values: Values = level.reshape(-1, *(1 for _ in shape[1:])) + np.round(rng.standard_normal(shape), 2)
    return values


def far_below(rng: Rng, shape: tuple[int, ...]) -> Values:
    """Normal around -30: exp is lost beside 1."""
    return np.round(rng.standard_normal(shape), 2) - 30.0


def wide(rng: Rng, shape: tuple[int, ...]) -> Values:
    """Of size 8: where sigmoid and tanh are nearly flat."""
    return np.round(rng.standard_normal(shape) * 8.0, 2)


REGIMES: Mapping[str, Regime] = MappingProxyType(
    {
        function.__name__: function
        for function in (
            normal,
            large,
            offset,
            far_offset,
            tiny,
            constant_columns,
            rank_one,
            constant_rows,
            ties,
            integers,
            zeros,
            equal,
            bits,
            nearly_bits,
            repeated,
            one_sign,
            partly_constant,
            far_from_one,
            positive,
            huge,
            apart,
            far_below,
            wide,
        )
    }
)


def describe(name: str) -> str:
    """Return the first sentence of a regime's docstring, for 'why this case is there'."""
    text = (REGIMES[name].__doc__ or name).strip().splitlines()[0]
    return text[0].lower() + text[1:].rstrip(".")
