"""hw4, part 2: which statistics batch normalisation uses when training is over, or put on hold.

`x` is (N, D) here. README.md beside this file has the derivations.
"""

import numpy as np


def population_statistics(batches):
    """Mean and variance for test time, from a number of training batches of equal size.

    batches: (B, m, D): B batches of m examples each, m at least 2

    Returns `(mean, var)`: both (D,). No argument is changed.

    mean: the average of the B batch means
    var: m / (m - 1) times the average of the B biased batch variances (each around its own batch's mean)
    """
    m = batches.shape[1]
    mean = batches.mean(axis=1).mean(axis=0)
    var = m / (m - 1) * batches.var(axis=1).mean(axis=0)
    return mean, var


def fold_batchnorm(w, b, gamma, beta, running_mean, running_var, eps=1e-5):
    """One affine layer that does what an affine layer and batch normalisation at test time do together.

    w: (D, M), b: (M,): the affine layer, z = x @ w + b
    gamma, beta, running_mean, running_var: (M,): out = gamma * (z - running_mean) / sqrt(running_var + eps) + beta

    Returns `(w_folded, b_folded)`: (D, M) and (M,), such that x @ w_folded + b_folded = out for every x.
    No argument is changed.
    """
    gain = gamma / np.sqrt(running_var + eps)
    return w * gain, (b - running_mean) * gain + beta


def frozen_batchnorm_forward(x, gamma, beta, bn_param):
    """Batch normalisation with frozen statistics, forward: as at test time, whatever the mode says.

    x: (N, D)
    gamma, beta: (D,)
    bn_param: a dictionary with "mode" ("train" or "test": both mean the same here), "running_mean" and
        "running_var" (D,), and perhaps "eps", 1e-5 where missing

    Returns `(out, cache)`: out (N, D) = gamma * (x - running_mean) / sqrt(running_var + eps) + beta.

    This is how a layer that is not trainable works while the layers around it learn (Keras: trainable = False).
    Nothing changes, bn_param included.
    """
    b = 1 / np.sqrt(bn_param["running_var"] + bn_param.get("eps", 1e-5))
    xhat = (x - bn_param["running_mean"]) * b
    return gamma * xhat + beta, (xhat, b, gamma)


def frozen_batchnorm_backward(dout, cache):
    """Gradients of batch normalisation with frozen statistics.

    dout: (N, D), the gradient with respect to out
    cache: from your `frozen_batchnorm_forward`

    Returns `(dx, dgamma, dbeta)`: dx (N, D), dgamma and dbeta (D,). No argument is changed.

    The mean and the variance are constants now: x does not act on them.
    """
    xhat, b, gamma = cache
    return dout * gamma * b, (dout * xhat).sum(axis=0), dout.sum(axis=0)
