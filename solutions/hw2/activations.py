"""hw2, part 1: six activations, forwards and backwards.

Conventions, the same everywhere:
- An activation is elementwise: entry i of the output depends on entry i of the input alone. Arrays may have
  any shape; the output has the shape of the input, and so has the gradient.
- A forward returns `(out, cache)`. The cache is whatever your backward will need: choose yourself, nobody
  else looks into it.
- A backward takes `(dout, cache)`. `dout` is the gradient of the loss with respect to `out` and has its
  shape. The backward returns dx, the gradient with respect to x. It multiplies by `dout` in every case: a
  local derivative alone is not a gradient.
- No function changes its arguments, `dout` and what the caller passed as x included. `dx` and `out` are new
  arrays.
- Inputs may be as large as 1000 in size. The result must then be right too, not nan; a warning of NumPy's
  costs nothing.

The mathematics is in README.md beside this file.
"""

import numpy as np


def sigmoid_forward(x):
    """Logistic sigmoid: out = 1 / (1 + exp(-x)), elementwise.

    x: an array of any shape

    Returns `(out, cache)`: out like x, between 0 and 1; cache is what you like.

    For x = 1000 and x = -1000 the answers are 1 and 0. Where two ways of writing the formula are equal on
    paper, one of them may divide infinity by infinity.
    """
    decay = np.exp(-np.abs(x))
    out = np.where(x >= 0, 1, decay) / (1 + decay)
    return out, out


def sigmoid_backward(dout, cache):
    """Gradient of the sigmoid.

    dout: the gradient with respect to the output, any shape
    cache: from your `sigmoid_forward`

    Returns dx, same shape as dout.

    Forward:  out = 1 / (1 + exp(-x)). Its derivative can be written with out alone.
    """
    out = cache
    return dout * out * (1 - out)


def tanh_forward(x):
    """Hyperbolic tangent: out = (exp(x) - exp(-x)) / (exp(x) + exp(-x)), elementwise.

    x: an array of any shape

    Returns `(out, cache)`: out like x, between -1 and 1; cache is what you like.

    For x = 1000 and x = -1000 the answers are 1 and -1. NumPy has a function for this one; use it.
    """
    out = np.tanh(x)
    return out, out


def tanh_backward(dout, cache):
    """Gradient of the hyperbolic tangent.

    dout: the gradient with respect to the output, any shape
    cache: from your `tanh_forward`

    Returns dx, same shape as dout.

    Forward:  out = tanh(x). Its derivative can be written with out alone.
    """
    out = cache
    return dout * (1 - out**2)


def relu_forward(x):
    """Rectifier: out = x where x > 0, else 0, elementwise.

    x: an array of any shape

    Returns `(out, cache)`: out like x, a new array; cache is what you like.
    """
    return np.maximum(x, 0), x


def relu_backward(dout, cache):
    """Gradient of the rectifier.

    dout: the gradient with respect to the output, any shape
    cache: from your `relu_forward`

    Returns dx, same shape as dout, in a new array: dout must not be changed.

    Forward:  out = x where x > 0, else 0.
    Convention: at x = 0 the derivative is 0.
    """
    x = cache
    return np.where(x > 0, dout, 0)


def leaky_relu_forward(x, negative_slope=0.01):
    """Leaky rectifier: out = x where x > 0, else negative_slope * x, elementwise.

    x: an array of any shape
    negative_slope: a float, at least 0; it may be 0, and it may be larger than 1

    Returns `(out, cache)`: out like x; cache is what you like.
    """
    return np.where(x > 0, x, negative_slope * x), (x, negative_slope)


def leaky_relu_backward(dout, cache):
    """Gradient of the leaky rectifier.

    dout: the gradient with respect to the output, any shape
    cache: from your `leaky_relu_forward`

    Returns dx, same shape as dout, in a new array. There is no gradient for negative_slope.

    Forward:  out = x where x > 0, else negative_slope * x.
    Convention: at x = 0 the derivative is negative_slope. The slope is the one that the forward was given,
    not always 0.01.
    """
    x, negative_slope = cache
    return np.where(x > 0, dout, negative_slope * dout)


def softplus_forward(x):
    """Softplus: out = log(1 + exp(x)), elementwise.

    x: an array of any shape

    Returns `(out, cache)`: out like x, never negative; cache is what you like.

    For x = 1000 and x = -1000 the answers are 1000 and 0. As written, the formula is infinite for the first.
    """
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), x


def softplus_backward(dout, cache):
    """Gradient of softplus.

    dout: the gradient with respect to the output, any shape
    cache: from your `softplus_forward`

    Returns dx, same shape as dout.

    Forward:  out = log(1 + exp(x)). Its derivative is a function that you know.
    """
    x = cache
    decay = np.exp(-np.abs(x))
    return dout * np.where(x >= 0, 1, decay) / (1 + decay)


def elu_forward(x, alpha=1.0):
    """Exponential linear unit: out = x where x > 0, else alpha * (exp(x) - 1), elementwise.

    x: an array of any shape
    alpha: a float, larger than 0

    Returns `(out, cache)`: out like x, never below -alpha; cache is what you like.

    For x = 1000 the answer is 1000: exp(1000) is infinite, and must not get into it. (Zero times infinity is
    not a number.)
    """
    out = np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))
    return out, (x, alpha)


def elu_backward(dout, cache):
    """Gradient of the exponential linear unit.

    dout: the gradient with respect to the output, any shape
    cache: from your `elu_forward`

    Returns dx, same shape as dout, in a new array. There is no gradient for alpha.

    Forward:  out = x where x > 0, else alpha * (exp(x) - 1).
    Convention: at x = 0 the derivative is alpha, that of the negative side. alpha is the one that the forward
    was given, not always 1.
    """
    x, alpha = cache
    return np.where(x > 0, dout, alpha * dout * np.exp(np.minimum(x, 0)))
