"""Right versions in other clothes, which must get full marks.

A student may draw in another order, decompose otherwise, return lists for arrays, keep anything in a cache, and use
any formula that is algebraically the same. Each variant replaces one or several functions of the reference.
"""

import math

import numpy as np
from pretraining import autoencoder_loss, pretrain_layer

from grader.catalogue import Variants

VARIANTS = Variants()
variant = VARIANTS.add


# --- initializers -----------------------------------------------------------------------------------------


def fans_by_loop(shape):
    places = 1
    for length in shape[2:]:
        places *= length
    return [shape[1] * places, shape[0] * places]


variant("fans-by-loop", "the kernel's places counted in a loop, a list for a tuple", conv_fans=fans_by_loop)
variant(
    "fans-from-the-size",
    "all weights divided by the channels of the other side, as float64",
    conv_fans=lambda shape: (np.prod(shape) / shape[0], np.prod(shape) / shape[1]),
)


def truncated_one_by_one(fan_in, fan_out, rng):
    std = 1 / (0.87962566103423978 * math.sqrt(fan_in))
    weights = []
    while len(weights) < fan_in * fan_out:
        weights += [std * z for z in rng.normal(size=4 * fan_in * fan_out) if abs(z) <= 2]
    return np.array(weights[: fan_in * fan_out]).reshape(fan_in, fan_out)


def truncated_by_quantiles(fan_in, fan_out, rng):
    """Uniform numbers through the inverse of the distribution function, which is tabled and interpolated."""
    grid = np.linspace(-2, 2, 40001)
    density = np.exp(-(grid**2) / 2)
    mass = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2)])
    z = np.interp(rng.random((fan_in, fan_out)), mass / mass[-1], grid)
    return z / np.sqrt(0.7737413035760587 * fan_in)


variant(
    "initializers-drawn-otherwise",
    "the generator scales; candidates beyond need are thrown away; column by column",
    lecun_normal=lambda fan_in, fan_out, rng: rng.normal(0, fan_in**-0.5, (fan_out, fan_in)).T,
    truncated_normal=truncated_one_by_one,
    pytorch_default=lambda fan_in, fan_out, rng: (2 * rng.random((fan_in, fan_out)) - 1) / math.sqrt(fan_in),
)
variant("truncated-by-quantiles", "uniform numbers through the quantiles", truncated_normal=truncated_by_quantiles)


def polar(fan_in, fan_out, rng, gain=1.0):
    u, _, v = np.linalg.svd(rng.normal(size=(fan_in, fan_out)), full_matrices=False)
    return gain * u @ v


def gram_schmidt(fan_in, fan_out, rng, gain=1.0):
    rows, columns = max(fan_in, fan_out), min(fan_in, fan_out)
    q = np.zeros((rows, columns))
    for j in range(columns):
        v = rng.standard_normal(rows)
        for _ in range(2):  # Once more, for the digits that the first time loses.
            v = v - q[:, :j] @ (q[:, :j].T @ v)
        q[:, j] = v / np.linalg.norm(v)
    return gain * (q if fan_in >= fan_out else q.T)


def random_signs(fan_in, fan_out, rng, gain=1.0):
    q, r = np.linalg.qr(rng.standard_normal((max(fan_in, fan_out),) * 2))
    q = q @ np.diag(np.sign(np.diag(r)))
    return gain * q[:fan_in, :fan_out]


variant("orthogonal-polar", "both factors of a singular value decomposition", orthogonal=polar)
variant("orthogonal-gram-schmidt", "Gram-Schmidt, twice", orthogonal=gram_schmidt)
variant("orthogonal-piece-of-a-square", "a piece of a larger orthogonal matrix", orthogonal=random_signs)


# --- gains ------------------------------------------------------------------------------------------------


def gain_by_sum(activation):
    z = np.arange(-10, 10, 1e-3)
    return float(np.sum(activation(z) ** 2 * np.exp(-z * z / 2)) * 1e-3 / math.sqrt(2 * math.pi)) ** -0.5


def gain_by_hermite(activation):
    """Gauss's rule on both sides of zero."""
    nodes, weights = np.polynomial.legendre.leggauss(200)
    z = 6 * (nodes + 1)
    both = np.asarray(activation(z)) ** 2 + np.asarray(activation(-z)) ** 2
    return np.array(1 / np.sqrt(6 * np.sum(weights * both * np.exp(-z * z / 2)) / np.sqrt(2 * np.pi)))


variant(
    "gains-otherwise",
    "a plain sum over a grid; the mathematics of the standard library; the root of a root",
    activation_gain=gain_by_sum,
    random_walk_gain=lambda width, activation: (
        math.exp(0.5 / width) if activation == "linear" else 2**0.5 * math.exp(1.2 / (max(width, 6) - 2.4))
    ),
    fixup_scale=lambda blocks, layers: math.exp(-math.log(blocks) / (2 * (layers - 1))),
)
variant("gain-by-gauss", "Gauss's rule, an array of no axes", activation_gain=gain_by_hermite)


# --- the deep network -------------------------------------------------------------------------------------


def forward_with_records(x, w, b, activation, normalize=False):
    records, h = [], x
    for number in range(w.shape[0]):
        record = {"h": h, "w": w[number], "n": x.shape[0]}
        z = np.einsum("nd,de->ne", h, w[number])
        if normalize:
            mu = z.sum(axis=0) / len(z)
            record["inverse"] = 1 / np.sqrt(((z - mu) ** 2).sum(axis=0) / len(z) + 1e-5)
            z = record["xhat"] = (z - mu) * record["inverse"]
        z = z + b[number]
        h = np.where(z > 0, z, 0.0) if activation == "relu" else np.tanh(z)
        record["slope"] = (z > 0).astype(float) if activation == "relu" else 1 / np.cosh(z) ** 2
        records.append(record)
    return [h, {"records": records}]


def backward_with_records(dout, cache):
    records = cache["records"]
    shape = (len(records), dout.shape[1])
    dw, db = np.zeros((*shape, dout.shape[1])), np.zeros(shape)
    for number in reversed(range(len(records))):
        record = records[number]
        dz = dout * record["slope"]
        db[number] = dz.sum(axis=0)
        if "xhat" in record:
            n, xhat = record["n"], record["xhat"]
            dz = record["inverse"] / n * (n * dz - dz.sum(axis=0) - xhat * (dz * xhat).sum(axis=0))
        dw[number] = record["h"].T @ dz
        dout = dz @ record["w"].T
    return [dout, dw, db]


variant(
    "deep-with-records",
    "einsum, a dictionary for each layer, the closed form of batch normalisation, lists for tuples",
    deep_forward=forward_with_records,
    deep_backward=backward_with_records,
)


def step_on_a_copy(value, gradient, learning_rate):
    new = value.copy()
    new -= gradient * learning_rate
    return new


def lsuv_by_measuring_again(x, w, activation):
    """As the paper has it: measure, divide, and measure again until it is near enough."""
    w = np.array(w)
    for number in range(len(w)):
        for _ in range(3):
            h = x
            for layer in w[:number]:
                h = np.tanh(h @ layer) if activation == "tanh" else np.maximum(h @ layer, 0)
            variance = np.var(h @ w[number])
            if variance > 0:
                w[number] /= np.sqrt(variance)
    return w


variant("step-on-a-copy", "a copy that is changed in place", sgd_step=step_on_a_copy)
variant(
    "lsuv-by-measuring-again", "every layer measured afresh through the whole network", lsuv=lsuv_by_measuring_again
)


# --- pre-training -----------------------------------------------------------------------------------------


def loss_by_example(x, w):
    """Example by example, entry by entry."""
    loss, dw = 0.0, np.zeros_like(w)
    for row in x:
        h = np.tanh(row @ w)
        error = w @ h - row
        loss += error @ error / len(x)
        dr = 2 * error / len(x)
        dw += np.outer(dr, h) + np.outer(row, (w.T @ dr) * (1 - h) * (1 + h))
    return loss, dw


def pretrain_with_a_copy(x, w, learning_rate, steps):
    w = w.copy()
    step = 0
    while step < steps:
        w -= learning_rate * autoencoder_loss(x, w)[1]
        step += 1
    return w


def layerwise_in_place(x, w, learning_rate, steps):
    trained = np.empty_like(w)
    for number in range(len(w)):
        trained[number] = pretrain_layer(x, w[number], learning_rate, steps)
        x = np.tanh(np.dot(x, trained[number]))
    return trained


variant(
    "pretraining-in-loops",
    "the loss by example, a copy that is changed in place, no encode",
    autoencoder_loss=loss_by_example,
    pretrain_layer=pretrain_with_a_copy,
    layerwise_pretrain=layerwise_in_place,
)
