"""hw4, part 1: layer, instance and group normalisation, and batch normalisation of images.

All of them subtract a mean, divide by a standard deviation, then scale by gamma and shift by beta:

    xhat = (x - mu) / sqrt(var + eps)        out = gamma * xhat + beta

What differs is over which entries mu and var are taken. var is always the biased one: the mean of the squared
deviations. Images are (N, C, H, W): N examples, C channels, H rows, W columns; gamma and beta are (C,) for
them, one number per channel. README.md beside this file has the pictures and the derivations.

Every forward returns `(out, cache)`; the cache is your own business, and its backward gets it.
"""

import numpy as np


def layernorm_forward(x, gamma, beta, ln_param):
    """Layer normalisation, forward: every example is normalised by itself, over its features.

    x: (N, D)
    gamma, beta: (D,), one number per feature, as in batch normalisation
    ln_param: a dictionary that may hold "eps", a float; 1e-5 where missing

    Returns `(out, cache)`: out (N, D). There are no modes and no running statistics. No argument is changed.

    out[i, j] = gamma[j] * xhat[i, j] + beta[j], where mu and var of example i are over its own D features.

    Problem `layernorm_forward`, 6 points. Try: `grader run hw4 --problem layernorm_forward`.
    Stuck: `grader hint hw4 layernorm_forward`.
    """
    # Your code here.
    raise NotImplementedError("hw4: layernorm_forward is not implemented yet")


def layernorm_backward(dout, cache):
    """Gradients of layer normalisation.

    dout: (N, D), the gradient with respect to out
    cache: from your `layernorm_forward`

    Returns `(dx, dgamma, dbeta)`: dx (N, D), dgamma and dbeta (D,). No argument is changed.

    All examples share gamma and beta; all features of an example share its mu and var.

    Problem `layernorm_backward`, 8 points. Try: `grader run hw4 --problem layernorm_backward`.
    Stuck: `grader hint hw4 layernorm_backward`.
    """
    # Your code here.
    raise NotImplementedError("hw4: layernorm_backward is not implemented yet")


def instancenorm_forward(x, gamma, beta, in_param):
    """Instance normalisation, forward: every channel of every image is normalised by itself.

    x: (N, C, H, W)
    gamma, beta: (C,), one number per channel
    in_param: a dictionary that may hold "eps", a float; 1e-5 where missing

    Returns `(out, cache)`: out (N, C, H, W). There are no modes. No argument is changed.

    mu and var belong to one image and one channel: they are over its H * W pixels.

    Problem `instancenorm_forward`, 4 points. Try: `grader run hw4 --problem instancenorm_forward`.
    Stuck: `grader hint hw4 instancenorm_forward`.
    """
    # Your code here.
    raise NotImplementedError("hw4: instancenorm_forward is not implemented yet")


def instancenorm_backward(dout, cache):
    """Gradients of instance normalisation.

    dout: (N, C, H, W), the gradient with respect to out
    cache: from your `instancenorm_forward`

    Returns `(dx, dgamma, dbeta)`: dx (N, C, H, W), dgamma and dbeta (C,). No argument is changed.

    Pixels and images share the gamma of their channel; the pixels of one plane share its mu and var.

    Problem `instancenorm_backward`, 5 points.
    Try: `grader run hw4 --problem instancenorm_backward`.
    Stuck: `grader hint hw4 instancenorm_backward`.
    """
    # Your code here.
    raise NotImplementedError("hw4: instancenorm_backward is not implemented yet")


def groupnorm_forward(x, gamma, beta, groups, gn_param):
    """Group normalisation, forward: neighbouring channels of an image are normalised together.

    x: (N, C, H, W)
    gamma, beta: (C,), one number per channel (not per group)
    groups: int, how many groups; it divides C. Group 0 holds channels 0 .. C / groups - 1, and so on
    gn_param: a dictionary that may hold "eps", a float; 1e-5 where missing

    Returns `(out, cache)`: out (N, C, H, W). There are no modes. No argument is changed.

    mu and var belong to one image and one group: they are over the group's (C / groups) * H * W entries.

    Problem `groupnorm_forward`, 6 points. Try: `grader run hw4 --problem groupnorm_forward`.
    Stuck: `grader hint hw4 groupnorm_forward`.
    """
    # Your code here.
    raise NotImplementedError("hw4: groupnorm_forward is not implemented yet")


def groupnorm_backward(dout, cache):
    """Gradients of group normalisation.

    dout: (N, C, H, W), the gradient with respect to out
    cache: from your `groupnorm_forward`

    Returns `(dx, dgamma, dbeta)`: dx (N, C, H, W), dgamma and dbeta (C,). No argument is changed.

    gamma and beta work channel by channel, mu and var group by group.

    Problem `groupnorm_backward`, 7 points. Try: `grader run hw4 --problem groupnorm_backward`.
    Stuck: `grader hint hw4 groupnorm_backward`.
    """
    # Your code here.
    raise NotImplementedError("hw4: groupnorm_backward is not implemented yet")


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    """Batch normalisation of images, forward: every channel is normalised over all images and pixels.

    x: (N, C, H, W)
    gamma, beta: (C,), one number per channel
    bn_param: a dictionary; everything but the mode may be missing
        "mode": "train" or "test" (anything else: ValueError)
        "eps": float, 1e-5 where missing
        "momentum": float, the weight of the old running statistics; 0.9 where missing
        "running_mean", "running_var": (C,); zeros where missing

    Returns `(out, cache)`: out (N, C, H, W); the cache is your own business (test mode needs none).

    train: mu and var of a channel are over its N * H * W entries. Then bn_param gets new running statistics,
        for the mean and the biased variance, also where they were missing:
            running = momentum * running + (1 - momentum) * batch
    test: the running statistics take the place of the batch's; bn_param stays as it is.

    bn_param is the only argument that changes.

    Problem `spatial_batchnorm_forward`, 7 points.
    Try: `grader run hw4 --problem spatial_batchnorm_forward`.
    Stuck: `grader hint hw4 spatial_batchnorm_forward`.
    """
    # Your code here.
    raise NotImplementedError("hw4: spatial_batchnorm_forward is not implemented yet")


def spatial_batchnorm_backward(dout, cache):
    """Gradients of batch normalisation of images (train mode).

    dout: (N, C, H, W), the gradient with respect to out
    cache: from your `spatial_batchnorm_forward`

    Returns `(dx, dgamma, dbeta)`: dx (N, C, H, W), dgamma and dbeta (C,). No argument is changed.

    N * H * W entries share the mu and var of their channel, and its gamma and beta.

    Problem `spatial_batchnorm_backward`, 6 points.
    Try: `grader run hw4 --problem spatial_batchnorm_backward`.
    Stuck: `grader hint hw4 spatial_batchnorm_backward`.
    """
    # Your code here.
    raise NotImplementedError("hw4: spatial_batchnorm_backward is not implemented yet")
