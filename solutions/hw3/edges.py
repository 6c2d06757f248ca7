"""From each edge of BatchNorm's graph onwards to the output, and from x to the edges: for the grader.

`batchnorm_backward_steps` returns gradients on inner edges. To confirm them by finite differences one needs
the output as a function of the value on that edge alone, with everything that does not come after it held
fixed. These functions are that. They are the forward, written once more; nothing here is differentiated.
"""

import numpy as np


def batchnorm_backward_steps(x, gamma, beta, bn_param):
    """Return, by the gradient's name, the value on the edge and the continuation from it to the output.

    x: (N, D); gamma, beta: (D,); bn_param in train mode, not changed. Everything has the dtype of x.
    A continuation takes an array shaped like the value and returns out (N, D).

    a: the direct path a -> xhat only; b, and with it var, is held fixed.
    b, c, e, var: (D,), shared by the batch, so a derivative by one of them is a sum over all examples.
    mu: both its paths, through a and through var. The second has derivative zero at the mean, since the
        deviations sum to zero; that the gradients agree is the proof that it may be left out.
    """
    eps = bn_param.get("eps", 1e-5)
    mu = x.mean(axis=0)
    a = x - mu
    var = (a * a).mean(axis=0)
    e = var + eps
    c = np.sqrt(e)
    b = 1 / c

    def from_xhat(xhat):
        return gamma * xhat + beta

    def from_a(a):
        return from_xhat(a * b)

    def from_b(b, a=a):
        return from_xhat(a * b)

    def from_c(c, a=a):
        # c is a square root: below zero there is no function to differentiate.
        return from_b(1 / np.where(c > 0, c, np.nan), a)

    def from_e(e, a=a):
        return from_c(np.sqrt(np.where(e > 0, e, np.nan)), a)

    def from_var(var, a=a):
        return from_e(var + eps, a)

    def from_mu(mu):
        a = x - mu
        return from_var((a * a).mean(axis=0), a)

    return {
        "dxhat": (a * b, from_xhat),
        "da": (a, from_a),
        "db": (b, from_b),
        "dc": (c, from_c),
        "de": (e, from_e),
        "dvar": (var, from_var),
        "dmu": (mu, from_mu),
    }


def batchnorm_backward(x, gamma, beta, bn_param):
    """Return, by gradient, what the gradient on each edge is multiplied by where dx is added up from them.

    x acts through a, which is x less its mean, through var, a mean of squares, and through mu, a mean.
    """
    a = x - x.mean(axis=0)
    return {"dx": {"da": 1, "dvar": 2 * a / len(x), "dmu": 1 / len(x)}}
