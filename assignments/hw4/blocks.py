"""hw4, part 3: blocks of layers, with batch normalisation before the activation or after it.

`x` is (N, D), one example a row. An affine layer is z = x @ w + b with w (D, M) and b (M,), batch normalisation
is that of hw3, relu(z) = max(z, 0) with derivative 0 at 0. Bring your own functions of hw3: copy what you need
into this file.
"""

import numpy as np


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

    Problem `affine_bn_relu_forward`, 3 points.
    Try: `grader run hw4 --problem affine_bn_relu_forward`.
    Stuck: `grader hint hw4 affine_bn_relu_forward`.
    """
    # Your code here.
    raise NotImplementedError("hw4: affine_bn_relu_forward is not implemented yet")


def affine_bn_relu_backward(dout, cache):
    """Gradients of affine layer, batch normalisation, relu (train mode).

    dout: (N, M), the gradient with respect to out
    cache: from your `affine_bn_relu_forward`

    Returns `(dx, dw, db, dgamma, dbeta)`, each of the shape of what it belongs to. No argument is changed.

    Problem `affine_bn_relu_backward`, 6 points.
    Try: `grader run hw4 --problem affine_bn_relu_backward`.
    Stuck: `grader hint hw4 affine_bn_relu_backward`.
    """
    # Your code here.
    raise NotImplementedError("hw4: affine_bn_relu_backward is not implemented yet")


def affine_relu_bn_forward(x, w, b, gamma, beta, bn_param):
    """Affine layer, relu, batch normalisation: normalised after the activation.

    x: (N, D)
    w: (D, M), b: (M,)
    gamma, beta: (M,)
    bn_param: as in `affine_bn_relu_forward`

    Returns `(out, cache)`: out (N, M) = batchnorm(relu(x @ w + b)); the cache is your own business.

    The modes are those of `affine_bn_relu_forward`. bn_param is the only argument that changes.

    Problem `affine_relu_bn_forward`, 3 points.
    Try: `grader run hw4 --problem affine_relu_bn_forward`.
    Stuck: `grader hint hw4 affine_relu_bn_forward`.
    """
    # Your code here.
    raise NotImplementedError("hw4: affine_relu_bn_forward is not implemented yet")


def affine_relu_bn_backward(dout, cache):
    """Gradients of affine layer, relu, batch normalisation (train mode).

    dout: (N, M), the gradient with respect to out
    cache: from your `affine_relu_bn_forward`

    Returns `(dx, dw, db, dgamma, dbeta)`, each of the shape of what it belongs to. No argument is changed.

    Problem `affine_relu_bn_backward`, 5 points.
    Try: `grader run hw4 --problem affine_relu_bn_backward`.
    Stuck: `grader hint hw4 affine_relu_bn_backward`.
    """
    # Your code here.
    raise NotImplementedError("hw4: affine_relu_bn_backward is not implemented yet")
