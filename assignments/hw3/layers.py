"""hw3, part 1: backward passes of affine layers, activations and losses.

The forwards are given; you write the backwards and the two losses.

Conventions, the same everywhere:
- An array of examples has the batch on axis 0: `x[0]` is the first example, N is how many there are.
- A weight is `(fan_in, fan_out)`, so a layer computes `x @ w + b`.
- A forward returns `(out, cache)`. The cache is whatever the backward will need. What the given forwards
  put there stands in their docstrings; you may change it, as long as `out` stays the same.
- A backward takes `(dout, cache)`. `dout` is the gradient of the loss with respect to `out` and has its
  shape. It returns one gradient per array argument of the forward, in the same order, each with the shape
  of that argument. It multiplies by `dout` in every case: a local derivative alone is not a gradient.
- No function changes its arguments, `dout` and the arrays in the cache included.

The mathematics is in README.md beside this file.
"""

import numpy as np


def affine_forward(x, w, b):
    """Affine layer: every example, laid out as one row of length D, times `w`, plus `b`.

    x: (N, d1, ..., dk), with D = d1 * ... * dk; k is 1 for ordinary rows, 3 for images
    w: (D, M)
    b: (M,)

    Returns `(out, cache)`: out (N, M); cache is the tuple `(x, w, b)`, with x in its original shape.
    """
    out = x.reshape(len(x), -1) @ w + b
    return out, (x, w, b)


def affine_backward(dout, cache):
    """Gradients of an affine layer.

    dout: (N, M), the gradient with respect to the layer's output
    cache: the tuple `(x, w, b)` from `affine_forward`

    Returns `(dx, dw, db)`:
    dx: (N, d1, ..., dk), the shape of x as it came in, not that of the rows
    dw: (D, M), like w
    db: (M,), like b

    Forward, for one example i:  out[i, j] = sum over k of x[i, k] * w[k, j], plus b[j].
    w and b are used by every example, so their gradients are sums over the batch. They are not divided by
    N: where a loss is a mean, its 1/N is in dout already.

    Problem `affine_backward`, 8 points. Try: `grader run hw3 --problem affine_backward`.
    Stuck: `grader hint hw3 affine_backward`.
    """
    # Your code here.
    raise NotImplementedError("hw3: affine_backward is not implemented yet")


def relu_forward(x):
    """Rectifier: out = max(x, 0), elementwise.

    x: an array of any shape

    Returns `(out, cache)`: out like x; cache is x itself.
    """
    return np.maximum(x, 0), x


def relu_backward(dout, cache):
    """Gradient of the rectifier.

    dout: the gradient with respect to the output, any shape
    cache: x from `relu_forward`, same shape

    Returns dx, same shape, in a new array: dout must not be changed.

    Forward:  out = x where x > 0, else 0.
    Convention: at x = 0 the derivative is 0.

    Problem `relu_backward`, 4 points. Try: `grader run hw3 --problem relu_backward`.
    Stuck: `grader hint hw3 relu_backward`.
    """
    # Your code here.
    raise NotImplementedError("hw3: relu_backward is not implemented yet")


def leaky_relu_forward(x, negative_slope=0.01):
    """Leaky rectifier: out = x where x > 0, else negative_slope * x, elementwise.

    x: an array of any shape
    negative_slope: a float

    Returns `(out, cache)`: out like x; cache is the tuple `(x, negative_slope)`.
    """
    return np.where(x > 0, x, negative_slope * x), (x, negative_slope)


def leaky_relu_backward(dout, cache):
    """Gradient of the leaky rectifier.

    dout: the gradient with respect to the output, any shape
    cache: the tuple `(x, negative_slope)` from `leaky_relu_forward`

    Returns dx, same shape as x, in a new array. There is no gradient for negative_slope.

    Forward:  out = x where x > 0, else negative_slope * x.
    Convention: at x = 0 the derivative is negative_slope. The slope is the one in the cache, not 0.01.

    Problem `leaky_relu_backward`, 3 points. Try: `grader run hw3 --problem leaky_relu_backward`.
    Stuck: `grader hint hw3 leaky_relu_backward`.
    """
    # Your code here.
    raise NotImplementedError("hw3: leaky_relu_backward is not implemented yet")


def sigmoid_forward(x):
    """Logistic sigmoid: out = 1 / (1 + exp(-x)), elementwise, computed so that exp cannot overflow.

    x: an array of any shape

    Returns `(out, cache)`: out like x; cache is out (the sigmoid's values, not x).
    """
    decay = np.exp(-np.abs(x))
    out = np.where(x >= 0, 1, decay) / (1 + decay)
    return out, out


def sigmoid_backward(dout, cache):
    """Gradient of the sigmoid.

    dout: the gradient with respect to the output, any shape
    cache: the output of `sigmoid_forward`, same shape (not its input)

    Returns dx, same shape.

    Forward:  out = 1 / (1 + exp(-x)). Its derivative can be written with out alone: no exp is needed.

    Problem `sigmoid_backward`, 3 points. Try: `grader run hw3 --problem sigmoid_backward`.
    Stuck: `grader hint hw3 sigmoid_backward`.
    """
    # Your code here.
    raise NotImplementedError("hw3: sigmoid_backward is not implemented yet")


def tanh_forward(x):
    """Hyperbolic tangent, elementwise.

    x: an array of any shape

    Returns `(out, cache)`: out like x; cache is out (the values of tanh, not x).
    """
    out = np.tanh(x)
    return out, out


def tanh_backward(dout, cache):
    """Gradient of the hyperbolic tangent.

    dout: the gradient with respect to the output, any shape
    cache: the output of `tanh_forward`, same shape (not its input)

    Returns dx, same shape.

    Forward:  out = (exp(x) - exp(-x)) / (exp(x) + exp(-x)). Its derivative can be written with out alone.

    Problem `tanh_backward`, 3 points. Try: `grader run hw3 --problem tanh_backward`.
    Stuck: `grader hint hw3 tanh_backward`.
    """
    # Your code here.
    raise NotImplementedError("hw3: tanh_backward is not implemented yet")


def squared_loss(h, z):
    """Squared loss between outputs h and targets z, and its gradient.

    h: an array of any shape, the network's outputs
    z: same shape, the targets

    Returns `(loss, dh)`:
    loss: a number, the sum over all entries of (h - z) squared
    dh: like h, the gradient of the loss with respect to h

    Convention: the sum has neither a factor 1/2 nor a mean over the batch. Neither h nor z is changed.

    Problem `squared_loss`, 3 points. Try: `grader run hw3 --problem squared_loss`.
    Stuck: `grader hint hw3 squared_loss`.
    """
    # Your code here.
    raise NotImplementedError("hw3: squared_loss is not implemented yet")


def softmax_loss(x, y):
    """Cross-entropy loss of a softmax over class scores, and its gradient.

    x: (N, C) scores, row i for example i
    y: (N,) integer labels, y[i] in 0 .. C-1

    Returns `(loss, dx)`:
    loss: a number, the mean over the N examples of -log p[i, y[i]]
    dx: (N, C), the gradient of that mean with respect to the scores

    p[i, j] = exp(x[i, j]) / (sum over k of exp(x[i, k])), the probability of class j for example i.
    Scores may be as large as 1000 in size: exp must not overflow. Subtracting one number from a whole row
    does not change its probabilities. Neither x nor y is changed.

    Problem `softmax_loss`, 5 points. Try: `grader run hw3 --problem softmax_loss`.
    Stuck: `grader hint hw3 softmax_loss`.
    """
    # Your code here.
    raise NotImplementedError("hw3: softmax_loss is not implemented yet")


def affine_relu_forward(x, w, b):
    """One layer of a network, h = relu(x w + b): `affine_forward`, then `relu_forward`.

    x: (N, d1, ..., dk), w: (D, M), b: (M,), as in `affine_forward`

    Returns `(h, cache)`: h (N, M); cache is the pair (cache of `affine_forward`, cache of `relu_forward`).
    """
    a, affine_cache = affine_forward(x, w, b)
    h, relu_cache = relu_forward(a)
    return h, (affine_cache, relu_cache)


def affine_relu_backward(dout, cache):
    """Gradients of one layer h = relu(x w + b), from the backwards that you have written.

    dout: (N, M), the gradient with respect to h
    cache: the pair (cache of `affine_forward`, cache of `relu_forward`) from `affine_relu_forward`

    Returns `(dx, dw, db)`, shaped like x, w and b.

    Forward:  a = x w + b, then h = relu(a). A backward pass goes through the graph in the other order.

    Problem `affine_relu_backward`, 4 points. Try: `grader run hw3 --problem affine_relu_backward`.
    Stuck: `grader hint hw3 affine_relu_backward`.
    """
    # Your code here.
    raise NotImplementedError("hw3: affine_relu_backward is not implemented yet")
