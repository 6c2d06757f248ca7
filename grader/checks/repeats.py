"""Layers of one network that have the same numbers: a state that is set back, or a weight that is used twice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from grader.checks.proportion import first_entries

# So many first entries say that two layers begin alike, at their own scale; smaller layers say nothing.
START = 8
DIGITS = 6


def find_repeated(networks: Sequence[Sequence[np.ndarray | None]], order: Sequence[int]) -> tuple[int, str] | None:
    """Return (network, sentence) for the first network, in `order`, of which two layers begin alike, or None."""
    starts = iter(_starts([layer for layers in networks for layer in layers]))
    by_network = [[next(starts) for _ in layers] for layers in networks]
    for index in order:
        seen: dict[bytes, int] = {}
        for number, start in enumerate(by_network[index]):
            if start is not None and start in seen:
                return index, _sentence(networks[index], by_network[index], seen[start], number)
            if start is not None:
                seen[start] = number
    return None


def _starts(layers: Sequence[np.ndarray | None]) -> list[bytes | None]:
    """Return how each layer begins, rounded at its own scale: a wrong variance has been paid for."""
    entries = first_entries(layers, START)
    with np.errstate(all="ignore"):
        rounded = np.round(entries / np.sqrt(np.sum(entries * entries, axis=1))[:, None], DIGITS) + 0.0
    usable = np.isfinite(rounded).all(axis=1).tolist()
    return [
        row.tobytes() if good and layer is not None and layer.size >= START else None
        for row, good, layer in zip(rounded, usable, layers, strict=True)
    ]


def _sentence(layers: Sequence[np.ndarray | None], starts: Sequence[bytes | None], first: int, second: int) -> str:
    told = [start for start in starts if start is not None]
    if len(told) > 2 and len(set(told)) == 1:
        return f"Layer {second + 1} repeats the draws of layer {first + 1}: all layers must draw from the one rng."
    one, other = layers[first], layers[second]
    if one is None or other is None or not np.array_equal(one, other):
        return f"Layer {second + 1} begins like layer {first + 1}: every layer goes on where the one before stopped."
    if second == first + 1:
        return f"Layer {second + 1} has the weights of layer {first + 1}, its neighbour: every layer draws its own."
    return f"Layers {first + 1} and {second + 1} have the same weights: every layer draws its own."
