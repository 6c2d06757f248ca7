"""Whether networks are what the student's own initialisers give: then these have paid for what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from grader.checks.weights import Target
from grader.sandbox.replies import Raised, Returned, Row


def follows(networks: Sequence[Row], parts: Sequence[Row], targets: Sequence[Sequence[Target]]) -> bool:
    """Whether every network is bitwise what its parts give, in whatever shape, or raises what one of them raises.

    networks: one call each. parts: the calls of the initialisers for one network, in order. Zeros follow nothing, nor
    do initialisers that raise whatever they are asked: one right layer of weights, at least, must be among them.
    """
    any_right_shape = False
    for network, own, layers in zip(networks, parts, targets, strict=True):
        mine, last = network.steps[0], own.steps[-1]
        if isinstance(mine, Raised):
            if not isinstance(last, Raised) or last.type_name != mine.type_name:
                return False
            continue
        if not isinstance(mine, Returned) or not isinstance(mine.value, (tuple, list)):
            return False
        theirs = [step.value for step in own.steps if isinstance(step, Returned)]
        if not len(mine.value) == len(theirs) == len(layers):
            return False
        if not all(_is_same(one, other) for one, other in zip(mine.value, theirs, strict=True)):
            return False
        shapes = {target.shape for target in layers} | {target.shape[::-1] for target in layers}
        any_right_shape |= any(np.shape(one) in shapes and bool(np.any(one)) for one in mine.value)
    return any_right_shape


def _is_same(mine: Any, theirs: Any) -> bool:
    """Whether a layer is what its initialiser gave, or that turned, bit by bit."""
    if mine is None or theirs is None:
        return mine is theirs
    if not all(isinstance(one, (np.ndarray, float, int)) for one in (mine, theirs)):
        return False
    first, second = np.asarray(mine), np.asarray(theirs)
    if first.shape != second.shape:
        second = second.T
    return np.array_equal(first, second, equal_nan=first.dtype.kind == second.dtype.kind == "f")
