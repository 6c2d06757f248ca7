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

    Problem `population_statistics`, 4 points.
    Try: `grader run hw4 --problem population_statistics`.
    Stuck: `grader hint hw4 population_statistics`.
    """
    # Your code here.
    raise NotImplementedError("hw4: population_statistics is not implemented yet")


def fold_batchnorm(w, b, gamma, beta, running_mean, running_var, eps=1e-5):
    """One affine layer that does what an affine layer and batch normalisation at test time do together.

    w: (D, M), b: (M,): the affine layer, z = x @ w + b
    gamma, beta, running_mean, running_var: (M,): out = gamma * (z - running_mean) / sqrt(running_var + eps) + beta

    Returns `(w_folded, b_folded)`: (D, M) and (M,), such that x @ w_folded + b_folded = out for every x.
    No argument is changed.

    Problem `fold_batchnorm`, 5 points. Try: `grader run hw4 --problem fold_batchnorm`.
    Stuck: `grader hint hw4 fold_batchnorm`.
    """
    # Your code here.
    raise NotImplementedError("hw4: fold_batchnorm is not implemented yet")


def frozen_batchnorm_forward(x, gamma, beta, bn_param):
    """Batch normalisation with frozen statistics, forward: as at test time, whatever the mode says.

    x: (N, D)
    gamma, beta: (D,)
    bn_param: a dictionary with "mode" ("train" or "test": both mean the same here), "running_mean" and
        "running_var" (D,), and perhaps "eps", 1e-5 where missing

    Returns `(out, cache)`: out (N, D) = gamma * (x - running_mean) / sqrt(running_var + eps) + beta.

    This is how a layer that is not trainable works while the layers around it learn (Keras: trainable = False).
    Nothing changes, bn_param included.

    Problem `frozen_batchnorm_forward`, 3 points.
    Try: `grader run hw4 --problem frozen_batchnorm_forward`.
    Stuck: `grader hint hw4 frozen_batchnorm_forward`.
    """
    # Your code here.
    raise NotImplementedError("hw4: frozen_batchnorm_forward is not implemented yet")


def frozen_batchnorm_backward(dout, cache):
    """Gradients of batch normalisation with frozen statistics.

    dout: (N, D), the gradient with respect to out
    cache: from your `frozen_batchnorm_forward`

    Returns `(dx, dgamma, dbeta)`: dx (N, D), dgamma and dbeta (D,). No argument is changed.

    The mean and the variance are constants now: x does not act on them.

    Problem `frozen_batchnorm_backward`, 4 points.
    Try: `grader run hw4 --problem frozen_batchnorm_backward`.
    Stuck: `grader hint hw4 frozen_batchnorm_backward`.
    """
    # Your code here.
    raise NotImplementedError("hw4: frozen_batchnorm_backward is not implemented yet")
