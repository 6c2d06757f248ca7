"""hw3, part 3: batch normalisation of a fully connected layer, forward and backward.

`x` is (N, D): N examples on axis 0, D features on axis 1. Every feature is normalised by itself, with its
own mean and variance over the batch. The graph of one forward pass in train mode, by name:

    mu   = mean of x over the batch                      (D,)
    a    = x - mu                                        (N, D)
    var  = mean of a squared over the batch              (D,)      biased: 1/N, not 1/(N - 1)
    e    = var + eps                                     (D,)
    c    = square root of e                              (D,)
    b    = 1 / c                                         (D,)
    xhat = a b                                           (N, D)
    out  = gamma xhat + beta                             (N, D)

The forward is yours, and so is its cache: any Python object that your backwards can use. All three
backwards get the cache of the same forward. README.md beside this file has the derivations.
"""

import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    """Batch normalisation, forward, in train or test mode.

    x: (N, D)
    gamma, beta: (D,), the learned scale and shift
    bn_param: a dictionary; everything but the mode may be missing
        "mode": "train" or "test" (anything else: ValueError)
        "eps": float, added to the variance under the square root; 1e-5 where missing
        "momentum": float, the weight of the old running statistics; 0.9 where missing
        "running_mean", "running_var": (D,); zeros where missing

    Returns `(out, cache)`: out (N, D); the cache is your own business (test mode needs none).

    train: out = gamma * xhat + beta, where xhat = (x - mu) / sqrt(var + eps) with the mean and the biased
        variance of this batch. Then bn_param gets new running statistics, for the mean and the variance:
            running = momentum * running + (1 - momentum) * batch
        Store them under "running_mean" and "running_var", also where they were missing; new arrays or the old ones.
    test: the same formula with the running statistics in place of the batch's; bn_param stays as it is.

    bn_param is the only argument that changes.
    """
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    running_mean = bn_param.get("running_mean", np.zeros(x.shape[1], dtype=x.dtype))
    running_var = bn_param.get("running_var", np.zeros(x.shape[1], dtype=x.dtype))
    if bn_param["mode"] == "train":
        mu, var = x.mean(axis=0), x.var(axis=0)
        bn_param["running_mean"] = momentum * running_mean + (1 - momentum) * mu
        bn_param["running_var"] = momentum * running_var + (1 - momentum) * var
    elif bn_param["mode"] == "test":
        mu, var = running_mean, running_var
    else:
        raise ValueError(f"batchnorm_forward: mode is {bn_param['mode']!r}, expected 'train' or 'test'")
    a = x - mu
    b = 1 / np.sqrt(var + eps)
    return gamma * (a * b) + beta, (a, b, gamma)


def batchnorm_backward_steps(dout, cache):
    """Gradients on the edges of the graph (train mode), from the output down to the mean.

    dout: (N, D), the gradient with respect to out
    cache: from your `batchnorm_forward`

    Returns a dictionary with seven arrays, the gradients of the loss with respect to the value named:
        "dxhat": (N, D)
        "da": (N, D), the direct path a -> xhat only, not the one through var
        "db", "dc", "de": (D,)
        "dvar": (D,)
        "dmu": (D,), through everything that uses mu

    b is one number per feature that all N examples share, so db is a sum over the batch; the same holds
    for everything below it. xhat = a b, b = 1 / c, c = sqrt(e), e = var + eps, a = x - mu.
    dout and the arrays in the cache are not changed.
    """
    a, b, gamma = cache
    dxhat = dout * gamma
    da = dxhat * b
    db = (dxhat * a).sum(axis=0)
    dc = -db * b**2
    de = dc * b / 2
    # The path mu -> var adds nothing: the deviations from a mean sum to zero.
    dmu = -da.sum(axis=0)
    return {"dxhat": dxhat, "da": da, "db": db, "dc": dc, "de": de, "dvar": de, "dmu": dmu}


def batchnorm_backward(dout, cache):
    """Gradients of batch normalisation (train mode), step by step through the graph.

    dout: (N, D), the gradient with respect to out
    cache: from your `batchnorm_forward`

    Returns `(dx, dgamma, dbeta)`:
    dx: (N, D)
    dgamma, dbeta: (D,)

    x acts on out along three paths: through a, through var and through mu. dx is the sum of all three.
    You may call `batchnorm_backward_steps`. dout and the arrays in the cache are not changed.
    """
    a, b, _ = cache
    n = a.shape[0]
    steps = batchnorm_backward_steps(dout, cache)
    dx = steps["da"] + steps["dvar"] * 2 * a / n + steps["dmu"] / n
    dgamma = (dout * a * b).sum(axis=0)
    dbeta = dout.sum(axis=0)
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    """The same gradients in closed form: dx in one expression, simplified on paper first.

    dout: (N, D), the gradient with respect to out
    cache: from your `batchnorm_forward`

    Returns `(dx, dgamma, dbeta)` as `batchnorm_backward` does: (N, D), (D,) and (D,).

    Put the three paths of dx together, write everything with xhat, and only averages over the batch
    remain. dout and the arrays in the cache are not changed.
    """
    a, b, gamma = cache
    xhat = a * b
    dxhat = dout * gamma
    dx = b * (dxhat - dxhat.mean(axis=0) - xhat * (dxhat * xhat).mean(axis=0))
    return dx, (dout * xhat).sum(axis=0), dout.sum(axis=0)
