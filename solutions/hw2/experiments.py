"""hw2: experiments with your own functions. Given; nothing here is graded.

In the notebook a cell is `experiments.activation_curves()`; in a terminal `grader plot hw2` draws them all to files.
Every experiment draws the same numbers every time.
"""

import activations
import impediments
import losses
import numpy as np

from grader.figures import COLORS, LINES, experiment, panels

LAYERS = 10
UNITS = 20
EXAMPLES = 200
STEPS = 120


# --- activations ------------------------------------------------------------------------------------------


@experiment
def activation_curves():
    """Where an activation is flat its slope is zero, and no gradient passes."""
    figure, axes = panels(2, 2, "Six activations, and the slopes that your backward passes multiply by")
    x = np.linspace(-5, 5, 201)
    pairs = {
        "sigmoid": (activations.sigmoid_forward(x), activations.sigmoid_backward),
        "tanh": (activations.tanh_forward(x), activations.tanh_backward),
        "relu": (activations.relu_forward(x), activations.relu_backward),
        "leaky relu, slope 0.1": (activations.leaky_relu_forward(x, 0.1), activations.leaky_relu_backward),
        "softplus": (activations.softplus_forward(x), activations.softplus_backward),
        "ELU, alpha 1": (activations.elu_forward(x), activations.elu_backward),
    }
    for number, (name, ((out, cache), backward)) in enumerate(pairs.items()):
        row, line = (0, LINES[number]) if number < 2 else (1, LINES[number - 2])
        axes[row, 0].plot(x, out, label=name, markevery=25, **line)
        axes[row, 1].plot(x, backward(np.ones_like(x), cache), label=name, markevery=25, **line)
    for row, ylim in enumerate(((-1.2, 1.2), (-1.2, 3))):
        axes[row, 0].set(title="f(x)", xlabel="x", ylabel="activation", ylim=ylim)
        axes[row, 1].set(title="f'(x)", xlabel="x", ylabel="slope", ylim=(-0.1, 1.1))
        axes[row, 0].legend(loc="upper left")
    return figure


# --- the vanishing product --------------------------------------------------------------------------------


@experiment
def vanishing_product():
    """Every sigmoid layer takes its share of a gradient: read from right to left."""
    figure, axes = panels(1, 2, "Gradients on their way back through ten sigmoid layers")
    rng = np.random.default_rng(0)
    x, dout = rng.normal(size=(EXAMPLES, UNITS)), rng.normal(size=(EXAMPLES, UNITS))
    normal = rng.normal(size=(LAYERS, UNITS, UNITS)) / np.sqrt(UNITS)
    orthogonal = np.stack([np.linalg.qr(layer)[0] for layer in normal])
    weights = {
        "orthogonal, keeps sizes": orthogonal,
        "orthogonal, times 4": 4 * orthogonal,
        "orthogonal, times 16": 16 * orthogonal,
    }
    signal = np.arange(LAYERS + 1)
    for (name, w), line in zip(weights.items(), LINES, strict=False):
        norms = np.asarray(impediments.gradient_norms(x, w, dout))
        axes[0, 0].plot(signal, norms / norms[-1], label=name, **line)
        axes[0, 1].plot(signal[1:], norms[:-1] / norms[1:], label=name, **line)
    axes[0, 0].plot(signal, 0.25 ** (LAYERS - signal), color="0.5", label="(1/4) for each layer")
    axes[0, 1].axhline(0.25, color="0.5", label="1/4")
    axes[0, 0].set(title="size, compared with dout", xlabel="signal h[l], from input to output", yscale="log")
    axes[0, 1].set(title="factor of one layer", xlabel="layer", ylim=(0, 2.1), xticks=signal[1:])
    axes[0, 0].legend(loc="lower right")
    return figure


# --- zig-zag ----------------------------------------------------------------------------------------------


def _descend(x, z, rate, one_by_one):
    """Fit `x @ w` to z from a fixed start; return the path of w, and how many steps had one sign."""
    w = np.array([[-1.0], [-0.2]])
    path, agreed = [w], []
    for step in range(STEPS if one_by_one else STEPS // 4):
        rows = slice(step % len(x), step % len(x) + 1) if one_by_one else slice(None)
        _, dz = losses.squared_loss(x[rows] @ w, z[rows])
        gradients = impediments.per_example_gradients(x[rows], dz / len(x[rows]))
        _, batch = impediments.sign_agreement(gradients)
        agreed.append(bool(np.all(batch)))
        w = w - rate * np.sum(gradients, axis=0)
        path.append(w)
    return np.array(path)[:, :, 0], np.mean(agreed)


@experiment
def zigzag_paths():
    """With positive inputs one example moves both weights up or both down; a batch is free, and swings all the same."""
    figure, axes = panels(1, 3, "Two weights on their way to (1, -1)")
    rng = np.random.default_rng(1)
    positive = np.abs(rng.normal(size=(EXAMPLES, 2)) * [0.9, 0.7] + 2) + 0.1
    centred, _ = impediments.standardize(positive, positive)
    # One rate for all examples, and for a batch the best there is for its curvature.
    runs = {
        "positive, one example a step": (positive, 0.02, True),
        "positive, the batch": (positive, None, False),
        "standardised, the batch": (np.asarray(centred), None, False),
    }
    for one, (title, (x, rate, one_by_one)) in zip(axes[0], runs.items(), strict=True):
        z = x @ [[1.0], [-1.0]] + (0.5 * rng.normal(size=(EXAMPLES, 1)) if one_by_one else 0)
        curvature = 2 * x.T @ x / len(x)
        path, agreed = _descend(x, z, rate or 2 / np.linalg.eigvalsh(curvature).sum(), one_by_one)
        _contours(one, curvature)
        one.plot(path[:, 0], path[:, 1], color=COLORS[1], marker="o", markersize=3, linewidth=1, label="path")
        one.plot(1, -1, color=COLORS[2], marker="*", markersize=12, linestyle="", label="goal")
        one.set(title=f"{title}\n{agreed:.0%} of steps have one sign", xlabel="w[0]", ylabel="w[1]", aspect="equal")
    axes[0, 0].legend(loc="upper right")
    return figure


def _contours(one, curvature):
    a, b = np.meshgrid(np.linspace(-1.6, 2.2, 80), np.linspace(-2.4, 1.4, 80))
    offset = np.stack([a - 1, b + 1], axis=-1)
    loss = np.einsum("ijk,kl,ijl->ij", offset, curvature, offset)
    one.contour(a, b, loss, levels=np.geomspace(0.02, loss.max(), 9), colors="0.7", linewidths=0.7)
    one.set(xlim=(-1.6, 2.2), ylim=(-2.4, 1.4))


# --- saturation and dead units ----------------------------------------------------------------------------


@experiment
def saturation_by_scale():
    """Large weights make sigmoid and tanh flat; a very negative bias kills relu units for good."""
    figure, axes = panels(1, 2, "One layer of 20 units, 200 examples")
    rng = np.random.default_rng(2)
    x, w = rng.normal(size=(EXAMPLES, UNITS)), rng.normal(size=(UNITS, UNITS)) / np.sqrt(UNITS)
    pairs = {
        "sigmoid": (activations.sigmoid_forward, activations.sigmoid_backward),
        "tanh": (activations.tanh_forward, activations.tanh_backward),
        "relu": (activations.relu_forward, activations.relu_backward),
        "ELU": (activations.elu_forward, activations.elu_backward),
    }
    scales = np.geomspace(0.1, 100, 16)
    for (name, (forward, backward)), line in zip(pairs.items(), LINES, strict=False):
        fractions = []
        for scale in scales:
            out, cache = forward(x @ (scale * w))
            fractions.append(np.mean(impediments.saturated_fraction(backward(np.ones_like(out), cache))))
        axes[0, 0].plot(scales, fractions, label=name, **line)
    axes[0, 0].set(title="saturated: slope at most 0.01", xlabel="std of pre-activations", xscale="log")
    axes[0, 0].set(ylabel="fraction of units and examples", ylim=(-0.05, 1.05))
    biases = np.linspace(0, -5, 16)
    for (name, (forward, _)), line in zip(pairs.items(), LINES, strict=False):
        dead = [np.mean(impediments.dead_units(forward(x @ w + bias)[0])) for bias in biases]
        axes[0, 1].plot(biases, dead, label=name, **line)
    axes[0, 1].set(title="dead: the same output for every example", xlabel="bias of all units (std 1 without it)")
    axes[0, 1].set(ylabel="fraction of units", ylim=(-0.05, 1.05))
    axes[0, 0].legend(loc="upper left")
    return figure


# --- identical units --------------------------------------------------------------------------------------


@experiment
def units_that_stay_alike():
    """Copies stay copies at every step, and the network learns no more than one unit of each kind could."""
    figure, axes = panels(1, 2, "Eight tanh units, trained from four starts")
    rng = np.random.default_rng(3)
    x = rng.normal(size=(EXAMPLES, 3))
    z = np.tanh(x @ rng.normal(size=(3, 4))) @ rng.normal(size=(4, 1))
    w_in, w_out = rng.normal(size=(3, 8)), rng.normal(size=(8, 1)) / 3
    twice = np.arange(8) % 2
    starts = {
        "random": (w_in, w_out),
        "two kinds of four copies": (w_in[:, twice], w_out[twice]),
        "eight copies": (w_in[:, :1].repeat(8, axis=1), w_out[:1].repeat(8, axis=0)),
        "all weights zero": (np.zeros((3, 8)), np.zeros((8, 1))),
    }
    for (name, (start_in, start_out)), line in zip(starts.items(), LINES, strict=False):
        kinds, mean_losses = _train(x, z, start_in, start_out)
        axes[0, 0].plot(kinds, label=name, markevery=15, **line)
        axes[0, 1].plot(mean_losses, label=name, markevery=15, **line)
    axes[0, 0].set(title="different units", xlabel="step", ylabel="units that are no copies", ylim=(0, 9))
    axes[0, 1].set(title="loss", xlabel="step", ylabel="squared loss, mean over examples", ylim=(0, None))
    axes[0, 1].legend(loc="upper right")
    return figure


def _train(x, z, w_in, w_out):
    """Train a hidden layer of tanh units; return how many different units there are, and the loss, at every step."""
    b, c, rate = np.zeros(w_in.shape[1]), np.zeros(1), 0.1
    kinds, mean_losses = [], []
    for _ in range(STEPS):
        # Nine digits: a matrix product may round equal columns differently, in the sixteenth.
        first = impediments.identical_units(w_in.round(9), b.round(9), w_out.round(9))
        kinds.append(len(np.unique(first)))
        h, cache = activations.tanh_forward(x @ w_in + b)
        loss, dout = losses.squared_loss(h @ w_out + c, z)
        mean_losses.append(loss / len(x))
        dout = dout / len(x)
        dz = activations.tanh_backward(dout @ w_out.T, cache)
        w_in, b = w_in - rate * x.T @ dz, b - rate * dz.sum(axis=0)
        w_out, c = w_out - rate * h.T @ dout, c - rate * dout.sum(axis=0)
    return kinds, mean_losses
