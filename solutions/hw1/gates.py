"""hw1, part 1: gates, the small steps that a network is made of, and how a gradient goes back through them.

The forwards of the simple gates are given; you write what goes backwards, and softplus in both directions.

Conventions, the same everywhere:
- A gate takes arrays of any shape, also of no axis at all: a number. Two arrays are combined as NumPy does it: where
  one has an axis of length 1, or lacks axes in front, it is stretched (broadcast) to the shape of the other.
- A forward returns `(out, cache)`. The cache is whatever the backward will need. What the given forwards put
  there stands in their docstrings; you may change it, as long as `out` stays the same.
- A backward takes `(dout, cache)`. `dout` is the gradient of the loss with respect to `out` and has its shape. It
  returns one gradient per array argument of the forward, in the same order, each with the shape of that argument.
  It multiplies by `dout` in every case: a local derivative alone is not a gradient.
- No function changes its arguments, `dout` and the arrays in the cache included.

The mathematics is in README.md beside this file.
"""

import numpy as np


def unbroadcast(grad, shape):
    """Undo a broadcast: from the gradient of a stretched array to the gradient of the array as it was.

    grad: an array, the gradient with respect to the stretched array
    shape: a tuple of ints, the shape before the array was stretched. It has as many axes as grad or fewer; counted from
        the last axis backwards, each length is that of grad's axis or 1.

    Returns an array of that shape, in which every entry is the sum of all entries of grad that it was copied to.

    Examples, for a grad of shape (4, 3): to (3,) and to (1, 3) the rows are added up, to (4, 1) the columns, to () and
    (1, 1) everything; to (4, 3) nothing. An axis of length 1 in shape stays in the result, an axis that shape lacks
    does not. It is a sum, never a mean. grad is not changed.
    """
    missing = grad.ndim - len(shape)
    stretched = [axis for axis, length in enumerate(shape, start=missing) if length == 1]
    return grad.sum(axis=(*range(missing), *stretched)).reshape(shape)


def add_forward(x, y):
    """Add gate: out = x + y.

    x, y: arrays that NumPy can stretch to one shape

    Returns `(out, cache)`: out has the common shape; cache is the pair of shapes `(x.shape, y.shape)`.
    """
    return x + y, (x.shape, y.shape)


def add_backward(dout, cache):
    """Gradients of the add gate.

    dout: the gradient with respect to out, shape of out
    cache: the pair of shapes `(x.shape, y.shape)` from `add_forward`

    Returns `(dx, dy)`, with the shapes of x and y.

    Forward:  out = x + y. Both local derivatives are 1: the gate hands on what it gets.
    Where x or y was stretched, its gradient is added up again: `unbroadcast` does that, here and in the next two.
    """
    x_shape, y_shape = cache
    return unbroadcast(dout, x_shape), unbroadcast(dout, y_shape)


def multiply_forward(x, y):
    """Multiply gate: out = x * y, entry by entry.

    x, y: arrays that NumPy can stretch to one shape

    Returns `(out, cache)`: out has the common shape; cache is the pair `(x, y)`.
    """
    return x * y, (x, y)


def multiply_backward(dout, cache):
    """Gradients of the multiply gate.

    dout: the gradient with respect to out, shape of out
    cache: the pair `(x, y)` from `multiply_forward`

    Returns `(dx, dy)`, with the shapes of x and y.

    Forward:  out = x * y. Multiply while both are stretched, and undo the stretching afterwards.
    """
    x, y = cache
    return unbroadcast(dout * y, x.shape), unbroadcast(dout * x, y.shape)


def maximum_forward(x, y):
    """Max gate: out is the larger of x and y, entry by entry.

    x, y: arrays that NumPy can stretch to one shape

    Returns `(out, cache)`: out has the common shape; cache is the pair `(x, y)`.
    """
    return np.maximum(x, y), (x, y)


def maximum_backward(dout, cache):
    """Gradients of the max gate, which sends each entry of dout to one side.

    dout: the gradient with respect to out, shape of out
    cache: the pair `(x, y)` from `maximum_forward`

    Returns `(dx, dy)`, with the shapes of x and y.

    Forward:  out = x where x > y, else y.
    Convention: where x = y the whole gradient goes to y. Who wins is decided entry by entry, while both are stretched.
    """
    x, y = cache
    dx = np.where(x > y, dout, 0)
    dy = np.where(x > y, 0, dout)
    return unbroadcast(dx, x.shape), unbroadcast(dy, y.shape)


def exp_forward(x):
    """Exponential gate: out = exp(x), entry by entry.

    x: an array of any shape

    Returns `(out, cache)`: out like x; cache is out (the values of exp, not x).
    """
    out = np.exp(x)
    return out, out


def exp_backward(dout, cache):
    """Gradient of the exponential gate.

    dout: the gradient with respect to out, any shape
    cache: the output of `exp_forward`, same shape (not its input)

    Returns dx, same shape.

    Forward:  out = exp(x).
    """
    out = cache
    return dout * out


def log_forward(x):
    """Logarithm gate: out = log(x), the natural logarithm, entry by entry.

    x: an array of any shape, all entries greater than 0

    Returns `(out, cache)`: out like x; cache is x itself.
    """
    return np.log(x), x


def log_backward(dout, cache):
    """Gradient of the logarithm gate.

    dout: the gradient with respect to out, any shape
    cache: x from `log_forward`, same shape

    Returns dx, same shape.

    Forward:  out = log(x), x greater than 0.
    """
    x = cache
    return dout / x


def branch_backward(*douts):
    """Gradient of a value that is used in several places.

    douts: two arrays or more, all of one shape: for every place that uses x, the gradient with respect to x as that
        place sees it

    Returns dx, same shape, in a new array: none of the douts is changed.

    Forward:  q_1 = x, q_2 = x, ...: copies of x, each of which goes its own way to the loss.
    By the law of total derivatives x answers for all of them.
    """
    return sum(douts)


def softplus_forward(x):
    """Softplus: out = log(1 + exp(x)), entry by entry, for x of any size.

    x: an array of any shape

    Returns `(out, cache)`: out like x; the cache is your choice, the two backwards below are its only readers.

    The formula as it stands fails at both ends. For x = 1000 exp overflows, and the answer is 1000. For x = -30,
    1 + exp(x) keeps almost nothing of exp(x), and the answer is 9.357623e-14, to all its digits.
    The README rewrites the formula so that exp never gets a positive number; `np.log1p(t)` is log(1 + t) without the
    loss. No warning is needed either.
    """
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), x


def softplus_backward_steps(dout, cache):
    """Gradients on the edges of softplus's graph, gate by gate.

    The graph:  b = exp(x),  a = 1 + b,  out = log(a).

    dout: the gradient with respect to out, any shape
    cache: what your `softplus_forward` returned

    Returns a dictionary with the gradients of the loss with respect to the value on each edge, all shaped like dout:
    "da": with respect to a
    "db": with respect to b
    "dx": with respect to x
    A tuple of the three in this order counts as well.

    Each follows from the one before it by the backward of a single gate. x is between -10 and 10 here: that the gates
    taken one by one overflow for large x is what `softplus_backward` is for.
    """
    x = cache
    b = np.exp(x)
    da = dout / (1 + b)
    db = da
    dx = db * b
    return {"da": da, "db": db, "dx": dx}


def softplus_backward(dout, cache):
    """Gradient of softplus as one gate, for x of any size.

    dout: the gradient with respect to out, any shape
    cache: what your `softplus_forward` returned

    Returns dx, same shape.

    Forward:  out = log(1 + exp(x)).
    Fusing the three gates into one leaves a local derivative between 0 and 1, which can be computed without overflow:
    at x = 1000 it is 1, at x = -1000 it is 0, and at x = 0 it is 1/2.
    """
    x = cache
    decay = np.exp(-np.abs(x))
    return dout * np.where(x >= 0, 1, decay) / (1 + decay)
