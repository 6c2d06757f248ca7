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

    Problem `batchnorm_forward`, 12 points. Try: `grader run hw3 --problem batchnorm_forward`.
    Stuck: `grader hint hw3 batchnorm_forward`.
    """
    # Your code here.
    raise NotImplementedError("hw3: batchnorm_forward is not implemented yet")


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

    Problem `batchnorm_backward_steps`, 7 points.
    Try: `grader run hw3 --problem batchnorm_backward_steps`.
    Stuck: `grader hint hw3 batchnorm_backward_steps`.
    """
    # Your code here.
    raise NotImplementedError("hw3: batchnorm_backward_steps is not implemented yet")


def batchnorm_backward(dout, cache):
    """Gradients of batch normalisation (train mode), step by step through the graph.

    dout: (N, D), the gradient with respect to out
    cache: from your `batchnorm_forward`

    Returns `(dx, dgamma, dbeta)`:
    dx: (N, D)
    dgamma, dbeta: (D,)

    x acts on out along three paths: through a, through var and through mu. dx is the sum of all three.
    You may call `batchnorm_backward_steps`. dout and the arrays in the cache are not changed.

    Problem `batchnorm_backward`, 12 points. Try: `grader run hw3 --problem batchnorm_backward`.
    Stuck: `grader hint hw3 batchnorm_backward`.
    """
    # Your code here.
    raise NotImplementedError("hw3: batchnorm_backward is not implemented yet")


def batchnorm_backward_alt(dout, cache):
    """The same gradients in closed form: dx in one expression, simplified on paper first.

    dout: (N, D), the gradient with respect to out
    cache: from your `batchnorm_forward`

    Returns `(dx, dgamma, dbeta)` as `batchnorm_backward` does: (N, D), (D,) and (D,).

    Put the three paths of dx together, write everything with xhat, and only averages over the batch
    remain. dout and the arrays in the cache are not changed.

    Problem `batchnorm_backward_alt`, 6 points.
    Try: `grader run hw3 --problem batchnorm_backward_alt`.
    Stuck: `grader hint hw3 batchnorm_backward_alt`.
    """
    # Your code here.
    raise NotImplementedError("hw3: batchnorm_backward_alt is not implemented yet")
