"""What a random layer gave back: reading it, and what to say about what was kept."""

from __future__ import annotations

from typing import Any

import numpy as np

from grader.checks import base

TOLERANCE = 1e-8


def read_output(step: Any, x: np.ndarray, problem: str) -> tuple[np.ndarray | None, str]:
    """Return `out` of (out, cache) as float64 of the shape of x, or what is wrong."""
    value = base.unpack(step, ("out", "cache"), problem)["out"]
    if not isinstance(value, np.ndarray):
        return None, getattr(value, "message", "") or f"out is no array, expected one of shape {x.shape}."
    if value.shape != x.shape or value.dtype.kind not in "biuf":
        return None, f"out has shape {value.shape}, expected {x.shape} like x."
    return value.astype(np.float64, copy=False), ""


def middle(values: np.ndarray) -> float:
    """Return the median, or NaN of nothing."""
    return float(np.median(values)) if values.size else float("nan")


def scale_sentence(out: np.ndarray, x: np.ndarray, keep: float, factor: float) -> str:
    """Return what is wrong with the entries that are kept, in the student's terms."""
    kept = (out != 0) & (x != 0)
    if not kept.any():
        return f"entries are dropped where p = {keep:g} keeps all of them."
    seen = out[kept] / x[kept]
    usual = middle(seen)
    if np.max(np.abs(seen - usual)) > 1e-6 * abs(usual):
        return "what is kept is no fixed multiple of x."
    return f"kept entries are {usual:.4g} times x where p = {keep:g} asks for {factor:.4g} (acceptable: exactly that)."


def keep_sentence(seen: float, keep: float, low: float, high: float) -> str:
    """Return what was seen of the keep rate, with the acceptable range and the likeliest slip."""
    text = f"{seen:.3f} of the entries are kept where p = {keep:g} was asked (acceptable {low:.3f} to {high:.3f})"
    if abs(seen - (1 - keep)) < high - low and abs(keep - 0.5) > 0.05:
        return f"{text}: p is the probability to keep an entry, not to drop it."
    return f"{text}."
