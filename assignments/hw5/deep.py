"""hw5, part 3: a deep network, forwards and backwards, one step of training, and weights fitted to data.

The network has L layers of one width D, so that its weights are one array:
    h[0] = x
    a[l] = h[l] @ w[l]                                           for l = 0 .. L-1
    z[l] = a[l] + b[l]                                           without batch normalisation
    z[l] = (a[l] - mean) / sqrt(var + 1e-5) + b[l]               with it
    h[l+1] = f(z[l])
and its output is h[L]. All layers are alike, the last one included. f is relu or tanh.

Conventions, the same everywhere:
- x: (N, D), one example a row; w: (L, D, D), w[l] is (fan_in, fan_out); b: (L, D).
- mean and var are (D,): over the batch, for every unit; the variance is the biased one (1/N). There is no
  gamma, and b[l] plays the part of beta: it is added after the normalisation.
- The slope of relu at 0 is 0.
- No function changes its arguments.

The mathematics is in README.md beside this file.
"""

import numpy as np


def deep_forward(x, w, b, activation, normalize=False):
    """The output of the deep network.

    x: (N, D); w: (L, D, D); b: (L, D); L may be any number from 1 on
    activation: "relu" or "tanh"
    normalize: whether there is batch normalisation, always with the statistics of this batch

    Returns `(out, cache)`: out (N, D) is h[L]; cache is whatever `deep_backward` needs.

    For every layer: a = h @ w[l]; with normalize, the mean of the batch is subtracted from a and the result
    divided by sqrt(var + 1e-5); then b[l] is added and the activation applied.

    Problem `deep_forward`, 8 points. Try: `grader run hw5 --problem deep_forward`.
    Stuck: `grader hint hw5 deep_forward`.
    """
    # Your code here.
    raise NotImplementedError("hw5: deep_forward is not implemented yet")


def deep_backward(dout, cache):
    """Gradients of everything that goes into the deep network.

    dout: (N, D), the gradient with respect to the output; cache: what your `deep_forward` returned

    Returns `(dx, dw, db)`, shaped like x (N, D), w (L, D, D) and b (L, D). dw[l] belongs to w[l]: layers come
    in the order of the forward, though you meet them from the end. Nothing is divided by N here: where a
    loss is a mean, its 1/N has come in with dout. dout is not changed.

    Problem `deep_backward`, 12 points. Try: `grader run hw5 --problem deep_backward`.
    Stuck: `grader hint hw5 deep_backward`.
    """
    # Your code here.
    raise NotImplementedError("hw5: deep_backward is not implemented yet")


def sgd_step(value, gradient, learning_rate):
    """One step of gradient descent for one array.

    value, gradient: arrays of one shape; learning_rate: a float

    Returns a new array: value - learning_rate * gradient. value itself is not changed.

    Problem `sgd_step`, 2 points. Try: `grader run hw5 --problem sgd_step`.
    Stuck: `grader hint hw5 sgd_step`.
    """
    # Your code here.
    raise NotImplementedError("hw5: sgd_step is not implemented yet")


def lsuv(x, w, activation):
    """Layer-sequential unit variance: scale every layer so that its pre-activations have the variance 1.

    x: (N, D), a batch of examples; w: (L, D, D), weights as they were drawn (orthogonal, as a rule)
    activation: "relu" or "tanh"

    Returns w_scaled: (L, D, D), w_scaled[l] = w[l] / s[l] for positive numbers s[l], chosen one after
    another, from the first layer to the last: with the batch sent through the layers that are scaled already
    (no biases, no normalisation), the N D numbers of z = h @ w_scaled[l] have the variance 1.

    Convention: one variance over all entries of z, biased, and with their mean subtracted, as `np.var` takes
    it. Where all entries of z are equal (a single number, or a dead layer) the variance is 0 and no scale
    helps: leave such a layer as it is. w is not changed.

    Problem `lsuv`, 8 points. Try: `grader run hw5 --problem lsuv`. Stuck: `grader hint hw5 lsuv`.
    """
    # Your code here.
    raise NotImplementedError("hw5: lsuv is not implemented yet")
