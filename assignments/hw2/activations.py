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

    Problem `sigmoid_forward`, 3 points. Try: `grader run hw2 --problem sigmoid_forward`.
    Stuck: `grader hint hw2 sigmoid_forward`.
    """
    # Your code here.
    raise NotImplementedError("hw2: sigmoid_forward is not implemented yet")


def sigmoid_backward(dout, cache):
    """Gradient of the sigmoid.

    dout: the gradient with respect to the output, any shape
    cache: from your `sigmoid_forward`

    Returns dx, same shape as dout.

    Forward:  out = 1 / (1 + exp(-x)). Its derivative can be written with out alone.

    Problem `sigmoid_backward`, 3 points. Try: `grader run hw2 --problem sigmoid_backward`.
    Stuck: `grader hint hw2 sigmoid_backward`.
    """
    # Your code here.
    raise NotImplementedError("hw2: sigmoid_backward is not implemented yet")


def tanh_forward(x):
    """Hyperbolic tangent: out = (exp(x) - exp(-x)) / (exp(x) + exp(-x)), elementwise.

    x: an array of any shape

    Returns `(out, cache)`: out like x, between -1 and 1; cache is what you like.

    For x = 1000 and x = -1000 the answers are 1 and -1. NumPy has a function for this one; use it.

    Problem `tanh_forward`, 2 points. Try: `grader run hw2 --problem tanh_forward`.
    Stuck: `grader hint hw2 tanh_forward`.
    """
    # Your code here.
    raise NotImplementedError("hw2: tanh_forward is not implemented yet")


def tanh_backward(dout, cache):
    """Gradient of the hyperbolic tangent.

    dout: the gradient with respect to the output, any shape
    cache: from your `tanh_forward`

    Returns dx, same shape as dout.

    Forward:  out = tanh(x). Its derivative can be written with out alone.

    Problem `tanh_backward`, 3 points. Try: `grader run hw2 --problem tanh_backward`.
    Stuck: `grader hint hw2 tanh_backward`.
    """
    # Your code here.
    raise NotImplementedError("hw2: tanh_backward is not implemented yet")


def relu_forward(x):
    """Rectifier: out = x where x > 0, else 0, elementwise.

    x: an array of any shape

    Returns `(out, cache)`: out like x, a new array; cache is what you like.

    Problem `relu_forward`, 2 points. Try: `grader run hw2 --problem relu_forward`.
    Stuck: `grader hint hw2 relu_forward`.
    """
    # Your code here.
    raise NotImplementedError("hw2: relu_forward is not implemented yet")


def relu_backward(dout, cache):
    """Gradient of the rectifier.

    dout: the gradient with respect to the output, any shape
    cache: from your `relu_forward`

    Returns dx, same shape as dout, in a new array: dout must not be changed.

    Forward:  out = x where x > 0, else 0.
    Convention: at x = 0 the derivative is 0.

    Problem `relu_backward`, 3 points. Try: `grader run hw2 --problem relu_backward`.
    Stuck: `grader hint hw2 relu_backward`.
    """
    # Your code here.
    raise NotImplementedError("hw2: relu_backward is not implemented yet")


def leaky_relu_forward(x, negative_slope=0.01):
    """Leaky rectifier: out = x where x > 0, else negative_slope * x, elementwise.

    x: an array of any shape
    negative_slope: a float, at least 0; it may be 0, and it may be larger than 1

    Returns `(out, cache)`: out like x; cache is what you like.

    Problem `leaky_relu_forward`, 2 points. Try: `grader run hw2 --problem leaky_relu_forward`.
    Stuck: `grader hint hw2 leaky_relu_forward`.
    """
    # Your code here.
    raise NotImplementedError("hw2: leaky_relu_forward is not implemented yet")


def leaky_relu_backward(dout, cache):
    """Gradient of the leaky rectifier.

    dout: the gradient with respect to the output, any shape
    cache: from your `leaky_relu_forward`

    Returns dx, same shape as dout, in a new array. There is no gradient for negative_slope.

    Forward:  out = x where x > 0, else negative_slope * x.
    Convention: at x = 0 the derivative is negative_slope. The slope is the one that the forward was given,
    not always 0.01.

    Problem `leaky_relu_backward`, 3 points. Try: `grader run hw2 --problem leaky_relu_backward`.
    Stuck: `grader hint hw2 leaky_relu_backward`.
    """
    # Your code here.
    raise NotImplementedError("hw2: leaky_relu_backward is not implemented yet")


def softplus_forward(x):
    """Softplus: out = log(1 + exp(x)), elementwise.

    x: an array of any shape

    Returns `(out, cache)`: out like x, never negative; cache is what you like.

    For x = 1000 and x = -1000 the answers are 1000 and 0. As written, the formula is infinite for the first.

    Problem `softplus_forward`, 3 points. Try: `grader run hw2 --problem softplus_forward`.
    Stuck: `grader hint hw2 softplus_forward`.
    """
    # Your code here.
    raise NotImplementedError("hw2: softplus_forward is not implemented yet")


def softplus_backward(dout, cache):
    """Gradient of softplus.

    dout: the gradient with respect to the output, any shape
    cache: from your `softplus_forward`

    Returns dx, same shape as dout.

    Forward:  out = log(1 + exp(x)). Its derivative is a function that you know.

    Problem `softplus_backward`, 3 points. Try: `grader run hw2 --problem softplus_backward`.
    Stuck: `grader hint hw2 softplus_backward`.
    """
    # Your code here.
    raise NotImplementedError("hw2: softplus_backward is not implemented yet")


def elu_forward(x, alpha=1.0):
    """Exponential linear unit: out = x where x > 0, else alpha * (exp(x) - 1), elementwise.

    x: an array of any shape
    alpha: a float, larger than 0

    Returns `(out, cache)`: out like x, never below -alpha; cache is what you like.

    For x = 1000 the answer is 1000: exp(1000) is infinite, and must not get into it. (Zero times infinity is
    not a number.)

    Problem `elu_forward`, 3 points. Try: `grader run hw2 --problem elu_forward`.
    Stuck: `grader hint hw2 elu_forward`.
    """
    # Your code here.
    raise NotImplementedError("hw2: elu_forward is not implemented yet")


def elu_backward(dout, cache):
    """Gradient of the exponential linear unit.

    dout: the gradient with respect to the output, any shape
    cache: from your `elu_forward`

    Returns dx, same shape as dout, in a new array. There is no gradient for alpha.

    Forward:  out = x where x > 0, else alpha * (exp(x) - 1).
    Convention: at x = 0 the derivative is alpha, that of the negative side. alpha is the one that the forward
    was given, not always 1.

    Problem `elu_backward`, 4 points. Try: `grader run hw2 --problem elu_backward`.
    Stuck: `grader hint hw2 elu_backward`.
    """
    # Your code here.
    raise NotImplementedError("hw2: elu_backward is not implemented yet")
