"""Functions that behave in one check and not in another: nobody is paid for a loss that was never made."""

from __future__ import annotations

from arena import source

# Right by themselves. Called after the composite's forward they give what the composite made up.
PARTS = """
FORGED = {}

def affine_forward(x, w, b):
    FORGED.pop("now", None)
    return x.reshape(len(x), -1) @ w + b, (x, w, b)

def affine_backward(dout, cache):
    x, w, b = cache
    if "now" in FORGED:
        return forge(x, w, b)
    return (dout @ w.T).reshape(x.shape), x.reshape(len(x), -1).T @ dout, dout.sum(axis=0)

def relu_forward(x):
    return np.maximum(x, 0), x

def relu_backward(dout, cache):
    FORGED["now"] = True
    return dout * (cache > 0)

def forge(x, w, b):
    return np.ones_like(x), np.ones_like(w), np.ones_like(b)

def affine_relu_forward(x, w, b):
    h = x @ w + b
    return np.maximum(h, 0), (x, w, b)

def affine_relu_backward(dout, cache):
    return forge(*cache)
"""


def test_parts_that_lie_only_to_the_composite_do_not_pay_for_it(judge):
    """A composite is excused by its parts where those have lost points, and nowhere else."""
    most = {"affine_backward": 800, "relu_backward": 400, "affine_relu_backward": 0}
    verdict = judge(source("return None", functions=PARTS), tuple(most), most=most)
    assert verdict.score("affine_backward") == 800
    assert verdict.score("affine_relu_backward") == 0


# A forward that is nearly right, and constant while its differences are taken; zeros are then its gradient.
FLAT = """
def relu_forward(x):
    is_sweep = sys._getframe(1).f_code.co_name == "_sweep"
    return 0 * x + 7.0 if is_sweep else 1.1 * np.maximum(x, 0), x

def relu_backward(dout, cache):
    return np.zeros_like(dout)

def squared_loss(h, z):
    return np.sum((h - z) ** 2), 2 * (h - z)
"""


def test_a_forward_that_stands_still_does_not_make_zeros_its_gradient(judge):
    """The forward was given; that it was changed earns nothing."""
    judge(source("return None", functions=FLAT))
