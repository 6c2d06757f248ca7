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
    """
    eps = ln_param.get("eps", 1e-5)
    a = x - x.mean(axis=1, keepdims=True)
    b = 1 / np.sqrt((a**2).mean(axis=1, keepdims=True) + eps)
    return gamma * (a * b) + beta, (a * b, b, gamma)


def layernorm_backward(dout, cache):
    """Gradients of layer normalisation.

    dout: (N, D), the gradient with respect to out
    cache: from your `layernorm_forward`

    Returns `(dx, dgamma, dbeta)`: dx (N, D), dgamma and dbeta (D,). No argument is changed.

    All examples share gamma and beta; all features of an example share its mu and var.
    """
    xhat, b, gamma = cache
    dxhat = dout * gamma
    mean = dxhat.mean(axis=1, keepdims=True)
    along = (dxhat * xhat).mean(axis=1, keepdims=True)
    return b * (dxhat - mean - xhat * along), (dout * xhat).sum(axis=0), dout.sum(axis=0)


def instancenorm_forward(x, gamma, beta, in_param):
    """Instance normalisation, forward: every channel of every image is normalised by itself.

    x: (N, C, H, W)
    gamma, beta: (C,), one number per channel
    in_param: a dictionary that may hold "eps", a float; 1e-5 where missing

    Returns `(out, cache)`: out (N, C, H, W). There are no modes. No argument is changed.

    mu and var belong to one image and one channel: they are over its H * W pixels.
    """
    eps = in_param.get("eps", 1e-5)
    a = x - x.mean(axis=(2, 3), keepdims=True)
    b = 1 / np.sqrt((a**2).mean(axis=(2, 3), keepdims=True) + eps)
    xhat = a * b
    return gamma[:, None, None] * xhat + beta[:, None, None], (xhat, b, gamma)


def instancenorm_backward(dout, cache):
    """Gradients of instance normalisation.

    dout: (N, C, H, W), the gradient with respect to out
    cache: from your `instancenorm_forward`

    Returns `(dx, dgamma, dbeta)`: dx (N, C, H, W), dgamma and dbeta (C,). No argument is changed.

    Pixels and images share the gamma of their channel; the pixels of one plane share its mu and var.
    """
    xhat, b, gamma = cache
    dxhat = dout * gamma[:, None, None]
    mean = dxhat.mean(axis=(2, 3), keepdims=True)
    along = (dxhat * xhat).mean(axis=(2, 3), keepdims=True)
    return b * (dxhat - mean - xhat * along), (dout * xhat).sum(axis=(0, 2, 3)), dout.sum(axis=(0, 2, 3))


def groupnorm_forward(x, gamma, beta, groups, gn_param):
    """Group normalisation, forward: neighbouring channels of an image are normalised together.

    x: (N, C, H, W)
    gamma, beta: (C,), one number per channel (not per group)
    groups: int, how many groups; it divides C. Group 0 holds channels 0 .. C / groups - 1, and so on
    gn_param: a dictionary that may hold "eps", a float; 1e-5 where missing

    Returns `(out, cache)`: out (N, C, H, W). There are no modes. No argument is changed.

    mu and var belong to one image and one group: they are over the group's (C / groups) * H * W entries.
    """
    n, channels, height, width = x.shape
    eps = gn_param.get("eps", 1e-5)
    grouped = x.reshape(n, groups, channels // groups * height * width)
    a = grouped - grouped.mean(axis=2, keepdims=True)
    b = 1 / np.sqrt((a**2).mean(axis=2, keepdims=True) + eps)
    xhat = (a * b).reshape(x.shape)
    return gamma[:, None, None] * xhat + beta[:, None, None], (xhat, b, gamma, groups)


def groupnorm_backward(dout, cache):
    """Gradients of group normalisation.

    dout: (N, C, H, W), the gradient with respect to out
    cache: from your `groupnorm_forward`

    Returns `(dx, dgamma, dbeta)`: dx (N, C, H, W), dgamma and dbeta (C,). No argument is changed.

    gamma and beta work channel by channel, mu and var group by group.
    """
    xhat, b, gamma, groups = cache
    n = len(dout)
    dxhat = (dout * gamma[:, None, None]).reshape(n, groups, -1)
    grouped = xhat.reshape(n, groups, -1)
    mean = dxhat.mean(axis=2, keepdims=True)
    along = (dxhat * grouped).mean(axis=2, keepdims=True)
    dx = (b * (dxhat - mean - grouped * along)).reshape(dout.shape)
    return dx, (dout * xhat).sum(axis=(0, 2, 3)), dout.sum(axis=(0, 2, 3))


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
    """
    channels = x.shape[1]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    running_mean = bn_param.get("running_mean", np.zeros(channels, dtype=x.dtype))
    running_var = bn_param.get("running_var", np.zeros(channels, dtype=x.dtype))
    if bn_param["mode"] == "train":
        mu, var = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))
        bn_param["running_mean"] = momentum * running_mean + (1 - momentum) * mu
        bn_param["running_var"] = momentum * running_var + (1 - momentum) * var
    elif bn_param["mode"] == "test":
        mu, var = running_mean, running_var
    else:
        raise ValueError(f"spatial_batchnorm_forward: mode is {bn_param['mode']!r}, expected 'train' or 'test'")
    b = (1 / np.sqrt(var + eps))[:, None, None]
    xhat = (x - mu[:, None, None]) * b
    return gamma[:, None, None] * xhat + beta[:, None, None], (xhat, b, gamma)


def spatial_batchnorm_backward(dout, cache):
    """Gradients of batch normalisation of images (train mode).

    dout: (N, C, H, W), the gradient with respect to out
    cache: from your `spatial_batchnorm_forward`

    Returns `(dx, dgamma, dbeta)`: dx (N, C, H, W), dgamma and dbeta (C,). No argument is changed.

    N * H * W entries share the mu and var of their channel, and its gamma and beta.
    """
    xhat, b, gamma = cache
    dxhat = dout * gamma[:, None, None]
    mean = dxhat.mean(axis=(0, 2, 3), keepdims=True)
    along = (dxhat * xhat).mean(axis=(0, 2, 3), keepdims=True)
    return b * (dxhat - mean - xhat * along), (dout * xhat).sum(axis=(0, 2, 3)), dout.sum(axis=(0, 2, 3))
