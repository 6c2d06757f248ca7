"""How large the terms of each answer are, and how strongly rounding acts on them; the variances that are asked.

`size` is a formula with the absolute value of every term, `kappa` how many times the machine precision a
careful computation may be off relative to it. Each function is named like the function that it is about and
takes its arguments (for a backward: those of the forward, then dout), then `expected`, the reference's answer
by name. Where there is no function here, the grader takes the largest entry of the answer.
"""

import numpy as np

from grader.catalogue import Scale

# --- variances --------------------------------------------------------------------------------------------


def lecun_normal(fan_in, fan_out):
    return {"variance": 1 / fan_in}


def truncated_normal(fan_in, fan_out):
    return {"variance": 1 / fan_in}


def pytorch_default(fan_in, fan_out):
    return {"variance": 1 / (3 * fan_in)}


# --- the deep network -------------------------------------------------------------------------------------


def _signals(x, w, b, activation, normalize):
    """Return for every layer what a backward needs, and a bound of the rounding errors of z, in units of eps."""
    found, h, error = [], x, np.abs(x)
    for layer, bias in zip(w, b, strict=True):
        terms = np.abs(h) @ np.abs(layer)
        a, root = h @ layer, None
        error = error @ np.abs(layer) + (1 + len(layer)) * terms
        if normalize:
            root = np.sqrt(a.var(axis=0) + 1e-5)
            a = (a - a.mean(axis=0)) / root
            error = error + np.abs(h @ layer).max(axis=0) * 2
            spread = error.mean(axis=0) + len(x)
            error = (error + spread + np.abs(a) * (np.abs(a) * error).mean(axis=0)) / root + (4 + len(x)) * np.abs(a)
            terms = terms / root + np.abs(a)
        z = a + bias
        error = error + 2 * np.abs(z) + 4
        found.append((h, layer, a, root, z, terms + np.abs(bias), error))
        h = np.tanh(z) if activation == "tanh" else np.maximum(z, 0)
    return found


def deep_forward(x, w, b, activation, *rest):
    """`rest` is normalize, where the case has it, then expected."""
    *_, size, error = _signals(x, w, b, activation, any(rest[:-1]))[-1]
    size = size + 1 if activation == "tanh" else size
    return {"out": Scale(size, 4 + error / size)}


def deep_backward(x, w, b, activation, *rest):
    """The same formulas with every term's absolute value. `rest` is normalize, if there, then dout and expected."""
    *normalize, dout, _ = rest
    found = _signals(x, w, b, activation, any(normalize))
    kappa = 8.0
    for _, layer, a, root, _, _, error in found:
        kappa += 4 * (len(layer) + len(x) + np.max(error) + (0 if root is None else np.max(np.abs(a) + 1 / root)))
    size, dw, db = np.abs(dout), [], []
    for h, layer, a, root, z, _, _ in reversed(found):
        size = size * (1 + np.tanh(z) ** 2 if activation == "tanh" else z > 0)
        db.append(size.sum(axis=0))
        if root is not None:
            size = (size + size.mean(axis=0) + np.abs(a) * (size * np.abs(a)).mean(axis=0)) / root
        dw.append(np.abs(h).T @ size)
        size = size @ np.abs(layer).T
    return {
        "dx": Scale(size, kappa),
        "dw": Scale(np.stack(dw[::-1]), kappa),
        "db": Scale(np.stack(db[::-1]), kappa),
    }


def sgd_step(value, gradient, learning_rate, expected):
    return {"new": Scale(np.abs(value) + learning_rate * np.abs(gradient), 2)}


def lsuv(x, w, activation, expected):
    """A standard deviation is off by the precision of what is subtracted; a scale by that of all before it."""
    h, kappa, kappas = x, 8.0, []
    for layer in expected["w"]:
        z = h @ layer
        std = max(float(z.std()), float(np.finfo(np.float64).tiny))
        terms = np.max(np.abs(h) @ np.abs(layer), initial=0.0)
        kappa = kappa * (1 + terms / std) + z.size + terms / std * (4 + len(layer))
        kappas.append(np.full(layer.shape, kappa if z.max() > z.min() else 8.0))
        h = np.tanh(z) if activation == "tanh" else np.maximum(z, 0)
    return {"w": Scale(np.abs(expected["w"]), np.stack(kappas))}


# --- pre-training -----------------------------------------------------------------------------------------


def _gradient_size(x, w):
    """Return the terms of the autoencoder's gradient, all positive."""
    h = np.tanh(x @ w)
    difference = np.abs(h) @ np.abs(w).T + np.abs(x)
    dr = 2 * difference / len(x)
    return dr.T @ np.abs(h) + np.abs(x).T @ ((dr @ np.abs(w)) * (1 + h**2))


def autoencoder_loss(x, w, expected):
    inside = np.max(np.abs(x) @ np.abs(w), initial=0.0)
    difference = np.abs(np.tanh(x @ w)) @ np.abs(w).T + np.abs(x)
    kappa = 8 + 4 * (x.size + w.size) + 4 * inside
    return {"loss": Scale(np.sum(difference**2) / len(x), kappa), "dw": Scale(_gradient_size(x, w), kappa)}


def _trained_size(x, w, learning_rate, steps):
    """Return the terms of trained weights, the weights, and how rounding may have grown."""
    size, kappa = np.abs(w), 8.0 + 4 * (x.size + w.size)
    for _ in range(steps):
        h = np.tanh(x @ w)
        dr = 2 * (h @ w.T - x) / len(x)
        change = _gradient_size(x, w)
        size = size + learning_rate * change
        kappa = (kappa + 4 * (x.size + w.size)) * (1 + 4 * learning_rate * np.max(x**2, initial=1.0) * w.size)
        w = w - learning_rate * (dr.T @ h + x.T @ ((dr @ w) * (1 - h**2)))
    return size, w, kappa


def pretrain_layer(x, w, learning_rate, steps, expected):
    size, _, kappa = _trained_size(x, w, learning_rate, steps)
    return {"w": Scale(np.max(size), kappa)}


def layerwise_pretrain(x, w, learning_rate, steps, expected):
    sizes, kappas, h, grown = [], [], x, 1.0
    for layer in w:
        size, trained, kappa = _trained_size(h, layer, learning_rate, steps)
        grown = grown * (1 + np.max(np.abs(trained))) + kappa
        sizes.append(np.full(layer.shape, np.max(size)))
        kappas.append(np.full(layer.shape, grown))
        h = np.tanh(h @ trained)
    return {"w": Scale(np.stack(sizes), np.stack(kappas))}
