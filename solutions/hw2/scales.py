"""How large the terms of each answer are, and how strongly rounding acts on them: for the grader.

`size` is a formula with the absolute value of every term, `kappa` how many times the machine precision a
careful computation may be off relative to it. Each function is named like the function that it is about and
takes its arguments (for a backward: those of the forward, then dout), then `expected`, the reference's answer
by name. Where there is no function here, the grader takes the largest entry of the answer.
"""

import numpy as np

from grader.catalogue import Scale

# --- activations ------------------------------------------------------------------------------------------


def sigmoid_forward(x, expected):
    return {"out": Scale(1, 4 + np.abs(x))}


def tanh_forward(x, expected):
    return {"out": Scale(1, 4 + np.abs(x))}


def relu_forward(x, expected):
    return {"out": Scale(np.abs(x), 2)}


def leaky_relu_forward(x, *rest):
    """`rest` is negative_slope, where the case has one, then expected."""
    *slope, _ = rest
    return {"out": Scale(np.abs(x) * max(1, *np.abs(slope or [0.01])), 2)}


def softplus_forward(x, expected):
    # The 1 inside the logarithm is a term too: log(1 + exp(-40)) may come out as 0.
    return {"out": Scale(1 + np.abs(x), 4 + np.abs(x))}


def elu_forward(x, *rest):
    *alpha, _ = rest
    # exp(x) - 1 has the term 1, however small the difference.
    return {"out": Scale(np.where(x > 0, x, alpha[0] if alpha else 1), 4 + np.abs(x))}


def _bounded(x, dout, bound):
    """Return the scale of a derivative that is at most `bound` times dout."""
    return {"dx": Scale(np.abs(dout) * bound, 4 + np.abs(x))}


def sigmoid_backward(x, dout, expected):
    return _bounded(x, dout, 0.25)


def tanh_backward(x, dout, expected):
    return _bounded(x, dout, 1)


def relu_backward(x, dout, expected):
    return {"dx": Scale(np.abs(dout), 2)}


def leaky_relu_backward(x, *rest):
    *slope, dout, _ = rest
    return {"dx": Scale(np.abs(dout) * max(1, *np.abs(slope or [0.01])), 2)}


def softplus_backward(x, dout, expected):
    return _bounded(x, dout, 1)


def elu_backward(x, *rest):
    *alpha, dout, _ = rest
    return _bounded(x, dout, max(1, *(alpha or [1])))


# --- losses -----------------------------------------------------------------------------------------------


def squared_loss(h, z, expected):
    return {
        "loss": Scale(np.abs(expected["loss"]) + 1, 2 + h.size),
        "dh": Scale(2 * (np.abs(h) + np.abs(z)), 2),
    }


def softmax_loss(x, y, expected):
    n = len(x)
    shifted = x - x.max(axis=1, keepdims=True)
    losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(n), y]
    return {
        # One example is enough: exp(-745) is zero in float64, and the mean of anything and infinity is that.
        "loss": Scale(np.abs(expected["loss"]) + 1, 4 + np.abs(x).max(), bool(losses.max() > 700)),
        "dx": Scale(1 / n, 4 + np.abs(x).max(axis=1, keepdims=True)),
    }


def svm_loss(x, y, expected):
    n, classes = x.shape
    # A margin is a sum of three terms.
    return {
        "loss": Scale(np.abs(expected["loss"]) + 1 + 2 * np.abs(x).max(), 4 + x.size),
        "dx": Scale(classes / n, 4 + classes),
    }


def l2_penalty(w, strength, expected):
    return {
        "loss": Scale(expected["loss"], 4 + w.size),
        "dw": Scale(strength * np.abs(w), 2),
    }


# --- what impedes learning --------------------------------------------------------------------------------


def standardize(train, test, *rest):
    """`rest` is eps, where the case has it, then expected."""
    *eps, _ = rest
    mean, std = train.mean(axis=0), np.sqrt(train.var(axis=0) + (eps[0] if eps else 1e-8))
    scales = {}
    for name, values in (("train_out", train), ("test_out", test)):
        largest = np.maximum(np.abs(train).max(axis=0), np.abs(values).max(axis=0))
        # A deviation from the mean is off by the precision of what is subtracted, not by its own.
        scales[name] = Scale(1 + np.abs(values - mean) / std, 2 + largest / std + len(train))
    return scales


def saturated_fraction(slope, *rest):
    return {"fraction": Scale(1, 2)}


def dead_units(h, expected):
    return {"dead": Scale(1, 1)}


def per_example_gradients(x, dz, expected):
    return {"gradients": Scale(np.abs(expected["gradients"]), 2)}


def sign_agreement(gradients, expected):
    return {"each": Scale(1, 1), "batch": Scale(1, 1)}


def gradient_norms(x, w, dout, expected):
    """Signals forwards, then the gradient with every term's absolute value backwards."""
    signals = [x]
    for layer in w:
        signals.append(1 / (1 + np.exp(-(signals[-1] @ layer))))
    size, kappa = np.abs(dout), 4 + dout.size
    sizes, kappas = [np.sqrt(np.sum(size**2))], [kappa]
    for i in reversed(range(len(w))):
        out = signals[i + 1]
        size = (size * out * (1 - out)) @ np.abs(w[i]).T
        # 1 - out is off by the precision of 1; z, inside the exponential, by that of its terms.
        kappa = kappa + 4 + len(w[i]) * (1 + np.max(np.abs(signals[i]) @ np.abs(w[i]))) + np.max(1 / (1 - out))
        sizes.append(np.sqrt(np.sum(size**2)))
        kappas.append(kappa)
    return {"norms": Scale(np.array(sizes[::-1]), np.array(kappas[::-1]))}


def identical_units(w_in, b, w_out, expected):
    return {"first": Scale(1, 1)}
