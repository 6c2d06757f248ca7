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
    """
    cache = []
    h = x
    for layer, bias in zip(w, b, strict=True):
        a, root = h @ layer, None
        if normalize:
            root = np.sqrt(a.var(axis=0) + 1e-5)
            a = (a - a.mean(axis=0)) / root
        z = a + bias
        out = np.tanh(z) if activation == "tanh" else np.maximum(z, 0)
        slope = 1 - out**2 if activation == "tanh" else z > 0
        cache.append((h, layer, a, root, slope))
        h = out
    return h, tuple(cache)


def deep_backward(dout, cache):
    """Gradients of everything that goes into the deep network.

    dout: (N, D), the gradient with respect to the output; cache: what your `deep_forward` returned

    Returns `(dx, dw, db)`, shaped like x (N, D), w (L, D, D) and b (L, D). dw[l] belongs to w[l]: layers come
    in the order of the forward, though you meet them from the end. Nothing is divided by N here: where a
    loss is a mean, its 1/N has come in with dout. dout is not changed.
    """
    dw, db = [], []
    dh = dout
    for h, layer, a, root, slope in reversed(cache):
        dz = dh * slope
        db.append(dz.sum(axis=0))
        da = dz
        if root is not None:
            da = (dz - dz.mean(axis=0) - a * (dz * a).mean(axis=0)) / root
        dw.append(h.T @ da)
        dh = da @ layer.T
    return dh, np.stack(dw[::-1]), np.stack(db[::-1])


def sgd_step(value, gradient, learning_rate):
    """One step of gradient descent for one array.

    value, gradient: arrays of one shape; learning_rate: a float

    Returns a new array: value - learning_rate * gradient. value itself is not changed.
    """
    return value - learning_rate * gradient


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
    """
    scaled = []
    h = x
    for layer in w:
        z = h @ layer
        # Equal entries, whatever rounding leaves of their variance.
        std = np.sqrt(z.var()) if z.min() < z.max() else 1
        scaled.append(layer / std)
        h = np.tanh(z / std) if activation == "tanh" else np.maximum(z / std, 0)
    return np.stack(scaled)
