"""hw4, part 3: blocks of layers, with batch normalisation before the activation or after it.

`x` is (N, D), one example a row. An affine layer is z = x @ w + b with w (D, M) and b (M,), batch normalisation
is that of hw3, relu(z) = max(z, 0) with derivative 0 at 0. Bring your own functions of hw3: copy what you need
into this file.
"""

import numpy as np


def _batchnorm_forward(x, gamma, beta, bn_param):
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    running_mean = bn_param.get("running_mean", np.zeros(x.shape[1], dtype=x.dtype))
    running_var = bn_param.get("running_var", np.zeros(x.shape[1], dtype=x.dtype))
    if bn_param["mode"] == "train":
        mu, var = x.mean(axis=0), x.var(axis=0)
        bn_param["running_mean"] = momentum * running_mean + (1 - momentum) * mu
        bn_param["running_var"] = momentum * running_var + (1 - momentum) * var
    else:
        mu, var = running_mean, running_var
    b = 1 / np.sqrt(var + eps)
    xhat = (x - mu) * b
    return gamma * xhat + beta, (xhat, b, gamma)


def _batchnorm_backward(dout, cache):
    xhat, b, gamma = cache
    dxhat = dout * gamma
    dx = b * (dxhat - dxhat.mean(axis=0) - xhat * (dxhat * xhat).mean(axis=0))
    return dx, (dout * xhat).sum(axis=0), dout.sum(axis=0)


def affine_bn_relu_forward(x, w, b, gamma, beta, bn_param):
    """Affine layer, batch normalisation, relu: normalised before the activation.

    x: (N, D)
    w: (D, M), b: (M,)
    gamma, beta: (M,)
    bn_param: as in hw3: "mode" ("train" or "test"), and perhaps "eps" (1e-5), "momentum" (0.9), "running_mean"
        and "running_var" (M,), zeros where missing

    Returns `(out, cache)`: out (N, M) = relu(batchnorm(x @ w + b)); the cache is your own business.

    train: normalises with the batch's mean and biased variance, and stores new running statistics in bn_param:
        running = momentum * running + (1 - momentum) * batch
    test: normalises with the running statistics and leaves bn_param alone.

    bn_param is the only argument that changes.
    """
    normalised, kept = _batchnorm_forward(x @ w + b, gamma, beta, bn_param)
    return np.maximum(normalised, 0), (x, w, kept, normalised > 0)


def affine_bn_relu_backward(dout, cache):
    """Gradients of affine layer, batch normalisation, relu (train mode).

    dout: (N, M), the gradient with respect to out
    cache: from your `affine_bn_relu_forward`

    Returns `(dx, dw, db, dgamma, dbeta)`, each of the shape of what it belongs to. No argument is changed.
    """
    x, w, kept, active = cache
    dz, dgamma, dbeta = _batchnorm_backward(dout * active, kept)
    return dz @ w.T, x.T @ dz, dz.sum(axis=0), dgamma, dbeta


def affine_relu_bn_forward(x, w, b, gamma, beta, bn_param):
    """Affine layer, relu, batch normalisation: normalised after the activation.

    x: (N, D)
    w: (D, M), b: (M,)
    gamma, beta: (M,)
    bn_param: as in `affine_bn_relu_forward`

    Returns `(out, cache)`: out (N, M) = batchnorm(relu(x @ w + b)); the cache is your own business.

    The modes are those of `affine_bn_relu_forward`. bn_param is the only argument that changes.
    """
    z = x @ w + b
    out, kept = _batchnorm_forward(np.maximum(z, 0), gamma, beta, bn_param)
    return out, (x, w, kept, z > 0)


def affine_relu_bn_backward(dout, cache):
    """Gradients of affine layer, relu, batch normalisation (train mode).

    dout: (N, M), the gradient with respect to out
    cache: from your `affine_relu_bn_forward`

    Returns `(dx, dw, db, dgamma, dbeta)`, each of the shape of what it belongs to. No argument is changed.
    """
    x, w, kept, active = cache
    dh, dgamma, dbeta = _batchnorm_backward(dout, kept)
    dz = dh * active
    return dz @ w.T, x.T @ dz, dz.sum(axis=0), dgamma, dbeta
