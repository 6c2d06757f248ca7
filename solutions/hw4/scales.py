"""How large the terms of each answer are, and how strongly rounding acts on them: for the grader.

An answer is right when it is near the reference compared with the *terms that were added up*, not with the
sum, which may cancel to nothing. See `solutions/hw3/scales.py`, which explains the two numbers of a `Scale`.
For dropout: how often an entry is kept, and what it is multiplied with.
"""

import numpy as np

from grader.catalogue import Scale

# --- normalising over some axes -----------------------------------------------------------------------------


def _spread(x, axes, eps):
    """Return the standard deviation over the axes, the size of xhat with its own uncertainty, and kappa.

    A deviation x - mu is off by the precision of x, not by its own: that is the 1 in `1 + |xhat|`, and the
    `max|x| / std` in kappa.
    """
    mean, var = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    std = np.sqrt(var + eps)
    largest = np.abs(x).max(axis=axes, keepdims=True)
    count = x.size // mean.size
    return std, 1 + np.abs(x - mean) / std, 2 + largest / std + count


def _forward(x, gamma, beta, eps, axes, shape=None):
    """Return the scale of out; gamma and beta are laid out along the channels by `_over_channels`."""
    grouped = x if shape is None else x.reshape(shape)
    _, xhat, kappa = _spread(grouped, axes, eps)
    xhat, kappa = xhat.reshape(x.shape), np.broadcast_to(kappa, grouped.shape).reshape(x.shape)
    return {"out": Scale(_over_channels(np.abs(gamma), x) * xhat + _over_channels(np.abs(beta), x), kappa)}


def _backward(x, gamma, dout, eps, axes, shape=None):
    grouped = x if shape is None else x.reshape(shape)
    std, xhat, kappa = _spread(grouped, axes, eps)
    upstream = np.abs(dout * _over_channels(gamma, x)).reshape(grouped.shape)
    size = np.broadcast_to(upstream.max(axis=axes, keepdims=True) / std, grouped.shape).reshape(x.shape)
    kappa = np.broadcast_to(kappa, grouped.shape).reshape(x.shape)
    others = tuple(axis for axis in range(x.ndim) if axis != 1)
    worst = 1 + x.size // x.shape[1] + kappa.max(axis=others)
    return {
        "dx": Scale(size, kappa),
        "dgamma": Scale((np.abs(dout) * xhat.reshape(x.shape)).sum(axis=others), worst),
        "dbeta": Scale(np.abs(dout).sum(axis=others), worst),
    }


def _over_channels(values, x):
    return values.reshape(-1, *(1 for _ in x.shape[2:]))


def layernorm_forward(x, gamma, beta, ln_param, expected):
    return _forward(x, gamma, beta, ln_param.get("eps", 1e-5), 1)


def layernorm_backward(x, gamma, beta, ln_param, dout, expected):
    return _backward(x, gamma, dout, ln_param.get("eps", 1e-5), 1)


def instancenorm_forward(x, gamma, beta, in_param, expected):
    return _forward(x, gamma, beta, in_param.get("eps", 1e-5), (2, 3))


def instancenorm_backward(x, gamma, beta, in_param, dout, expected):
    return _backward(x, gamma, dout, in_param.get("eps", 1e-5), (2, 3))


def groupnorm_forward(x, gamma, beta, groups, gn_param, expected):
    return _forward(x, gamma, beta, gn_param.get("eps", 1e-5), 2, (len(x), groups, -1))


def groupnorm_backward(x, gamma, beta, groups, gn_param, dout, expected):
    return _backward(x, gamma, dout, gn_param.get("eps", 1e-5), 2, (len(x), groups, -1))


# --- batch normalisation ------------------------------------------------------------------------------------


def _batch_forward(x, gamma, beta, bn_param, uncertain=None):
    """uncertain: how large the terms are that x itself was added up from, where it was."""
    axes = tuple(axis for axis in range(x.ndim) if axis != 1)
    eps, old_mean, old_var = (bn_param.get(key, 0) for key in ("eps", "running_mean", "running_var"))
    eps = bn_param.get("eps", 1e-5)
    largest = (np.abs(x) if uncertain is None else uncertain).max(axis=axes)
    if bn_param["mode"] == "train":
        mean, var, count = x.mean(axis=axes), x.var(axis=axes), x.size // x.shape[1]
    else:
        mean, var, count = old_mean + 0 * largest, old_var + 0 * largest, 0
    std = np.sqrt(var + eps)
    xhat = 1 + np.abs(x - _over_channels(mean, x)) / _over_channels(std, x)
    kappa = 2 + np.maximum(largest, np.abs(mean)) / std + count
    size = _over_channels(np.abs(gamma), x) * xhat + _over_channels(np.abs(beta), x)
    scales = {"out": Scale(size, _over_channels(kappa, x))}
    if bn_param["mode"] == "train":
        # Old and new in full: old + (1 - momentum) * (new - old) is right too, and adds up larger terms.
        scales["running_mean"] = Scale(np.abs(old_mean) + largest, 2 + count)
        # eps with the variance: of a constant channel, a variance of 1e-30 is as good as zero.
        scales["running_var"] = Scale(np.abs(old_var) + std**2, kappa)
    return scales


def spatial_batchnorm_forward(x, gamma, beta, bn_param, expected):
    return _batch_forward(x, gamma, beta, bn_param)


def spatial_batchnorm_backward(x, gamma, beta, bn_param, dout, expected):
    return _backward(x, gamma, dout, bn_param.get("eps", 1e-5), (0, 2, 3))


def frozen_batchnorm_forward(x, gamma, beta, bn_param, expected):
    return _batch_forward(x, gamma, beta, {**bn_param, "mode": "test"})


def frozen_batchnorm_backward(x, gamma, beta, bn_param, dout, expected):
    mean, std = bn_param["running_mean"], np.sqrt(bn_param["running_var"] + bn_param.get("eps", 1e-5))
    xhat = (np.abs(x) + np.abs(mean)) / std
    return {
        "dx": Scale(np.abs(dout * gamma) / std, 8),
        "dgamma": Scale((np.abs(dout) * xhat).sum(axis=0), 4 + len(x)),
        "dbeta": Scale(np.abs(dout).sum(axis=0), 1 + len(x)),
    }


def population_statistics(batches, expected):
    b, m, _ = batches.shape
    largest = np.abs(batches).max(axis=(0, 1))
    # With something of the size of x: where every batch is constant, 1e-30 is as good as zero.
    size = m / (m - 1) * batches.var(axis=1).mean(axis=0) + 1e-12 * largest**2 + 1e-300
    return {"mean": Scale(largest, 2 + b + m), "var": Scale(size, 2 + b + m + largest / np.sqrt(size))}


def fold_batchnorm(w, b, gamma, beta, running_mean, running_var, *rest):
    """`rest` is eps, where the case has one, then expected."""
    gain = np.abs(gamma) / np.sqrt(running_var + (rest[0] if len(rest) > 1 else 1e-5))
    return {
        "w_folded": Scale(np.abs(w) * gain, 8),
        "b_folded": Scale((np.abs(b) + np.abs(running_mean)) * gain + np.abs(beta), 8),
    }


# --- blocks -------------------------------------------------------------------------------------------------


def _terms(x, w, b):
    """Return the size of the terms of x @ w + b."""
    return np.abs(x) @ np.abs(w) + np.abs(b)


def _block_backward(x, w, b, gamma, bn_param, dout, normalised):
    """The terms that relu stops count as if it did not: an upper bound, and the same for every mask."""
    std, xhat, kappa = _spread(normalised, 0, bn_param.get("eps", 1e-5))
    kappa = kappa + _terms(x, w, b).max(axis=0) / std + len(w)
    dz = np.broadcast_to(np.abs(dout * gamma).max(axis=0) / std, dout.shape)
    worst = kappa.max()
    return {
        "dx": Scale(dz @ np.abs(w).T, worst + w.shape[1]),
        "dw": Scale(np.abs(x).T @ dz, worst + len(x)),
        "db": Scale(dz.sum(axis=0), worst + len(x)),
        "dgamma": Scale((np.abs(dout) * xhat).sum(axis=0), worst + len(x)),
        "dbeta": Scale(np.abs(dout).sum(axis=0), 1 + len(x)),
    }


def affine_bn_relu_forward(x, w, b, gamma, beta, bn_param, expected):
    return _batch_forward(x @ w + b, gamma, beta, bn_param, _terms(x, w, b))


def affine_bn_relu_backward(x, w, b, gamma, beta, bn_param, dout, expected):
    return _block_backward(x, w, b, gamma, bn_param, dout, x @ w + b)


def affine_relu_bn_forward(x, w, b, gamma, beta, bn_param, expected):
    return _batch_forward(np.maximum(x @ w + b, 0), gamma, beta, bn_param, _terms(x, w, b))


def affine_relu_bn_backward(x, w, b, gamma, beta, bn_param, dout, expected):
    return _block_backward(x, w, b, gamma, bn_param, dout, np.maximum(x @ w + b, 0))


# --- dropout ------------------------------------------------------------------------------------------------


def dropout_forward(x, dropout_param):
    """What is asked: how often an entry is kept, and what it is multiplied with."""
    keep = dropout_param["p"] if dropout_param["mode"] == "train" else 1
    return {"keep": keep, "factor": 1 / keep}


def variance_under_dropout(mean, var, p, expected):
    return {"train_var": Scale((var + mean**2) / p + mean**2, 8)}


# --- whitening and drift ------------------------------------------------------------------------------------


def whiten(x, *rest):
    """`rest` is eps, where the case has one, then expected."""
    eps = rest[0] if len(rest) > 1 else 1e-5
    matrix, a = np.abs(rest[-1]["matrix"]), x - x.mean(axis=0)
    # The covariance is off by its own precision, and its smallest eigenvalue may be as small as eps.
    kappa = 8 + len(x) + len(matrix) + (eps + np.trace(a.T @ a) / len(x)) / eps
    kappa = kappa + np.abs(x).max() / np.sqrt(eps)
    return {
        "out": Scale(np.abs(a) @ matrix + matrix.max() * np.sqrt(eps), kappa),
        "matrix": Scale(np.broadcast_to(matrix.max(), matrix.shape), kappa),
    }


def bias_drift(u, b, target, learning_rate, steps, expected):
    moved = np.abs(expected["biases"]).max(axis=0)
    centred = 2 * (np.abs(u).max(axis=0) + moved)
    pushed = steps * learning_rate * 2 * (len(u) * centred + np.abs(target).sum(axis=0))
    return {
        "biases": Scale(np.abs(b) + pushed, 4 + len(u) + steps),
        "out": Scale(np.broadcast_to(centred, u.shape), 4 + len(u)),
    }
