"""Small layers with references, and short ways to build and grade a check on them, for the tests of checks."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from grader.catalogue import Mistake
from grader.checks.reference import Reference

POINTS = 1000


def scale(size, kappa, infinite_ok=False):
    """Return what a function of a `scales.py` gives for one return."""
    return SimpleNamespace(size=size, kappa=kappa, infinite_ok=infinite_ok)


def mistake(name, function, replaces, follow=False):
    """Return a known mistake as `mistakes.py` holds it."""
    return Mistake(name, replaces, f"This is {name}.", function, follow)


def grade(check, problem, section, reference, **replaced):
    """Grade the reference's functions, some of them replaced."""
    return check.grade(problem, POINTS, section, reference.runner(replaced))


def lost(graded):
    """Return the findings that lost points."""
    return {check.id for check in graded.checks if check.score < check.max_score}


def failed(graded):
    """Return the findings that did not pass by themselves: not those that are only paid in proportion."""
    return {check.id for check in graded.checks if check.status.value not in ("passed", "partial")}


def earned(graded):
    """Return the points of all findings, in hundredths."""
    return sum(check.score for check in graded.checks)


def row(graded, name):
    """Return one finding."""
    (found,) = [check for check in graded.checks if check.id == name]
    return found


def finding_ids(graded):
    """Return the ids of all findings in order."""
    return [check.id for check in graded.checks]


# --- a dense layer, relu, and the two together --------------------------------------------------------------


def dense_forward(x, w, b):
    return x @ w + b, (x, w)


def dense_backward(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, dout.sum(axis=0)


def relu_forward(x):
    return np.maximum(x, 0), x


def relu_backward(dout, cache):
    return np.where(cache > 0, dout, 0)


def dense_relu_forward(x, w, b):
    a, first = dense_forward(x, w, b)
    out, second = relu_forward(a)
    return out, (first, second)


def dense_relu_backward(dout, cache):
    first, second = cache
    return dense_backward(relu_backward(dout, second), first)


def squash_forward(x):
    out = np.tanh(x)
    return out, out


def squash_backward(dout, cache):
    return dout * (1 - cache**2)


def _dense_scales(x, w, b, *rest):
    size = np.abs(rest[0]) if len(rest) > 1 else None
    if size is None:
        return {"out": scale(np.abs(x) @ np.abs(w) + np.abs(b), 2 + len(w))}
    return {
        "dx": scale(size @ np.abs(w).T, 1 + size.shape[1]),
        "dw": scale(np.abs(x).T @ size, 1 + len(x)),
        "db": scale(size.sum(axis=0), 1 + len(x)),
    }


def _elementwise_scales(x, *rest):
    return {"dx": scale(np.abs(rest[0]), 4 + np.abs(x))} if len(rest) > 1 else {}


FUNCTIONS = {
    function.__name__: function
    for function in (
        dense_forward,
        dense_backward,
        relu_forward,
        relu_backward,
        dense_relu_forward,
        dense_relu_backward,
        squash_forward,
        squash_backward,
    )
}
SCALES = {name: _dense_scales for name in FUNCTIONS if name.startswith("dense")}
SCALES |= {"relu_backward": _elementwise_scales, "squash_backward": _elementwise_scales}


def layers(*mistakes, **replaced):
    """Return the reference of these layers, with known mistakes, and with some functions replaced for good."""
    return Reference({**FUNCTIONS, **replaced}, SCALES, {}, tuple(mistakes))
