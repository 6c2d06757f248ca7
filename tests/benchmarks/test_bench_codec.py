"""Speed of the wire format and of a worker's answers; `--benchmark-enable` measures."""

from __future__ import annotations

import numpy as np
import pytest

from grader.sandbox.codec import decode, encode
from grader.sandbox.marks import HANDLE
from grader.sandbox.program import Surroundings, run

RNG_SEED = 0


def arrays():
    """5,000 small arrays: what one run of an assignment sends and receives."""
    rng = np.random.default_rng(RNG_SEED)
    return [rng.standard_normal((4, 5)) for _ in range(5000)]


def scalars():
    """20,000 small values."""
    return [None, 3, "returned", 2.5] * 5000


def rows():
    """The reply of 500 rows of a forward and a backward."""
    x, w, b = (np.ones(shape) for shape in ((4, 5), (5, 3), 3))
    row = [[(x, HANDLE)], [(x, w, b)], []]
    return [[row] * 500]


TREES = {"arrays": arrays, "scalars": scalars, "rows": rows}


@pytest.mark.parametrize("kind", TREES)
def test_encode(benchmark, kind):
    """Encoding costs at most 2.5 us a small array and 0.6 us another small value."""
    tree = TREES[kind]()
    assert benchmark(encode, tree) == encode(tree)


@pytest.mark.parametrize("kind", TREES)
def test_decode(benchmark, kind):
    """Decoding costs no more than encoding is allowed."""
    payload = encode(TREES[kind]())
    assert len(benchmark(decode, payload)) == len(TREES[kind]())


def test_execute(benchmark):
    """48 rows of two calls: copies, descriptions and the look for modifications, without the functions."""
    rng = np.random.default_rng(RNG_SEED)
    inputs = [[rng.standard_normal(shape) for shape in ((4, 5), (5, 3), 3, (4, 3))] for _ in range(48)]
    program = [
        ["call", "f", [["in", 0], ["in", 1], ["in", 2]], {"keep": [1]}],
        ["call", "g", [["in", 3], ["result", 0, 1]], {}],
    ]
    functions = {"f": lambda x, w, b: (x, (x, w)), "g": lambda dout, cache: (dout, dout, dout)}
    request = {"op": "run", "batches": [[program, inputs]]}
    [replies] = benchmark(run, request, Surroundings(functions, {}))
    assert [len(row) for row in replies] == [3] * 48
