"""How large the terms of each answer are, and how strongly rounding acts on them: for the grader.

An answer is right when it is near the reference compared with the *terms that were added up*, not with the
sum, which may cancel to nothing. `size` is the function's formula with the absolute value of every term;
`kappa` is how many times the machine precision a careful computation may be off, relative to that size.
Both may be arrays that broadcast to the shape of the answer.

Each function is named like the function that it is about. It takes that function's arguments (for a
backward: those of the forward, then dout), then `expected`, the reference's answer by name. Where there is
no function here, the grader takes the largest entry of the answer. For the initialisers: what is asked for.
"""

import numpy as np

from grader.catalogue import Scale

# --- layers -----------------------------------------------------------------------------------------------


def affine_forward(x, w, b, expected):
    rows = np.abs(x).reshape(len(x), len(w))
    return {"out": Scale(rows @ np.abs(w) + np.abs(b), 2 + len(w))}


def affine_backward(x, w, b, dout, expected):
    n, width = dout.shape
    size = np.abs(dout)
    rows = np.abs(x).reshape(n, len(w))
    return {
        "dx": Scale((size @ np.abs(w).T).reshape(x.shape), 1 + width),
        "dw": Scale(rows.T @ size, 1 + n),
        "db": Scale(size.sum(axis=0), 1 + n),
    }


def relu_backward(x, dout, expected):
    return {"dx": Scale(np.abs(dout), 2)}


def leaky_relu_backward(x, *rest):
    """`rest` is negative_slope, where the case has one, then dout and expected."""
    *slope, dout, _ = rest
    return {"dx": Scale(np.abs(dout) * max(1, *np.abs(slope or [0.01])), 2)}


def sigmoid_backward(x, dout, expected):
    # The derivative is at most a quarter.
    return {"dx": Scale(np.abs(dout) / 4, 4 + np.abs(x))}


def tanh_backward(x, dout, expected):
    return {"dx": Scale(np.abs(dout), 4 + np.abs(x))}


def squared_loss(h, z, expected):
    return {
        "loss": Scale(np.abs(expected["loss"]) + 1, 2 + h.size),
        "dh": Scale(2 * (np.abs(h) + np.abs(z)), 2),
    }


def softmax_loss(x, y, expected):
    n = len(x)
    shifted = x - x.max(axis=1, keepdims=True)
    losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(n), y]
    return {
        # One example is enough: exp(-745) is zero in float64, and the mean of anything and infinity is that.
        "loss": Scale(np.abs(expected["loss"]) + 1, 4 + np.abs(x).max(), bool(losses.max() > 700)),
        "dx": Scale(1 / n, 4 + np.abs(x).max(axis=1, keepdims=True)),
    }


def affine_relu_forward(x, w, b, expected):
    return affine_forward(x, w, b, expected)


def affine_relu_backward(x, w, b, dout, expected):
    # The terms that relu stops count as if it did not: an upper bound, and the same for every mask.
    return affine_backward(x, w, b, dout, expected)


# --- batch normalisation ----------------------------------------------------------------------------------


def _normalised(x, bn_param):
    """Return the standard deviation (D,), the size of xhat with its own uncertainty (N, D), and kappa (D,).

    A deviation x - mu is off by the precision of x, not by its own: that is the 1 in `1 + |xhat|`, and the
    `max|x| / std` in kappa. In test mode the mean is given, and may be larger than every x.
    """
    if bn_param["mode"] == "train":
        mean, var, n = x.mean(axis=0), x.var(axis=0), len(x)
    else:
        zeros = np.zeros(x.shape[1])
        mean, var, n = bn_param.get("running_mean", zeros), bn_param.get("running_var", zeros), 0
    std = np.sqrt(var + bn_param.get("eps", 1e-5))
    largest = np.maximum(np.abs(x).max(axis=0), np.abs(mean))
    return std, 1 + np.abs(x - mean) / std, 2 + largest / std + n


def batchnorm_forward(x, gamma, beta, bn_param, expected):
    """`bn_param` is the dictionary before the call."""
    std, xhat, kappa = _normalised(x, bn_param)
    scales = {"out": Scale(np.abs(gamma) * xhat + np.abs(beta), kappa)}
    if bn_param["mode"] == "train":
        # Old and new in full: old + (1 - momentum) * (new - old) is right too, and adds up larger terms.
        old_mean, old_var = (np.abs(bn_param.get(name, 0)) for name in ("running_mean", "running_var"))
        scales["running_mean"] = Scale(old_mean + np.abs(x).mean(axis=0), 2 + len(x))
        # eps with the variance: of a constant column, a variance of 1e-30 is as good as zero.
        scales["running_var"] = Scale(old_var + std**2, 2 + len(x))
    return scales


def batchnorm_backward_steps(x, gamma, beta, bn_param, dout, expected):
    std, xhat, kappa = _normalised(x, bn_param)
    dxhat = np.abs(dout * gamma)
    products = (dxhat * xhat).sum(axis=0)
    return {
        "dxhat": Scale(dxhat, 2),
        "da": Scale(dxhat / std, 4 + len(x)),
        "db": Scale(products * std, kappa),
        "dc": Scale(products / std, kappa),
        "de": Scale(products / (2 * std**2), kappa),
        "dvar": Scale(products / (2 * std**2), kappa),
        # With xhat: whoever adds the path through var, which is zero, adds its rounding.
        "dmu": Scale(products / std, kappa),
    }


def batchnorm_backward(x, gamma, beta, bn_param, dout, expected):
    std, xhat, kappa = _normalised(x, bn_param)
    return {
        "dx": Scale(np.abs(dout * gamma).max(axis=0) / std, kappa),
        "dgamma": Scale((np.abs(dout) * xhat).sum(axis=0), kappa),
        "dbeta": Scale(np.abs(dout).sum(axis=0), 2 + len(x)),
    }


def batchnorm_backward_alt(x, gamma, beta, bn_param, dout, expected):
    return batchnorm_backward(x, gamma, beta, bn_param, dout, expected)


# --- initialisers: the variance that is asked for ----------------------------------------------------------


def xavier_normal(fan_in, fan_out):
    return {"variance": 2 / (fan_in + fan_out)}


def xavier_uniform(fan_in, fan_out):
    return {"variance": 2 / (fan_in + fan_out)}


def he_normal(fan_in, fan_out, negative_slope=0.0):
    return {"variance": 2 / ((1 + negative_slope**2) * fan_in)}


def he_uniform(fan_in, fan_out, negative_slope=0.0):
    return {"variance": 2 / ((1 + negative_slope**2) * fan_in)}


def init_network(layer_sizes, activation):
    """Return the variance of every layer, and the initialiser and slope that the reference calls for it."""
    slopes = {"relu": 0.0, "leaky_relu": 0.01}
    fans = [(layer_sizes[i], layer_sizes[i + 1]) for i in range(len(layer_sizes) - 1)]
    if activation in slopes:
        slope = slopes[activation]
        return {
            "variances": [he_normal(*pair, slope)["variance"] for pair in fans],
            "initializers": [["he_normal", slope] for _ in fans],
        }
    return {
        "variances": [xavier_normal(*pair)["variance"] for pair in fans],
        "initializers": [["xavier_normal", None] for _ in fans],
    }
