"""hw5: experiments with your own functions. Given; nothing here is graded.

In the notebook a cell is `experiments.spread_by_depth()`; in a terminal `grader plot hw5` draws them all to files.
Every experiment draws the same numbers every time.
"""

import deep
import gains
import initializers
import numpy as np
import pretraining

from grader.figures import LINES, experiment, panels

UNITS = 40
EXAMPLES = 200


def _gaussian(std):
    """Return how one layer of normal weights of a given standard deviation is drawn."""
    return lambda rng: std * rng.standard_normal((UNITS, UNITS))


def _orthogonal(gain):
    return lambda rng: initializers.orthogonal(UNITS, UNITS, rng, gain)


def _stack(draw, layers, rng):
    return np.stack([draw(rng) for _ in range(layers)])


HE = np.sqrt(2 / UNITS)


# --- size by depth ----------------------------------------------------------------------------------------


@experiment
def spread_by_depth():
    """Fifty relu layers: a gain that is a little off is off by its fiftieth power, forwards and backwards."""
    figure, axes = panels(1, 2, "Fifty relu layers of 40 units, before any training")
    layers = 50
    x = np.random.default_rng(0).standard_normal((EXAMPLES, UNITS))
    draws = {
        "PyTorch's default": lambda rng: initializers.pytorch_default(UNITS, UNITS, rng),
        "LeCun": lambda rng: initializers.lecun_normal(UNITS, UNITS, rng),
        "He": _gaussian(HE),
        "random walk": _gaussian(gains.random_walk_gain(UNITS, "relu") / np.sqrt(UNITS)),
        "orthogonal, gain of relu": _orthogonal(gains.activation_gain(lambda z: np.maximum(z, 0))),
    }
    for number, ((name, draw), line) in enumerate(zip(draws.items(), LINES, strict=False)):
        rng = np.random.default_rng(number + 1)
        w, h, sizes, caches = _stack(draw, layers, rng), x, [], []
        for layer in w:
            h, cache = deep.deep_forward(h, layer[np.newaxis], np.zeros((1, UNITS)), "relu")
            sizes.append(_size(h))
            caches.append(cache)
        gradient, back = rng.standard_normal(x.shape), []
        for cache in reversed(caches):
            gradient, _, _ = deep.deep_backward(gradient, cache)
            back.append(_size(gradient))
        axes[0, 0].plot(np.arange(1, layers + 1), sizes, label=name, markevery=10, **line)
        axes[0, 1].plot(np.arange(layers), back[::-1], label=name, markevery=10, **line)
    axes[0, 0].set(title="size of the signal", xlabel="after layer", ylabel="root of the mean square", yscale="log")
    axes[0, 1].set(title="size of the gradient", xlabel="in front of layer", yscale="log")
    axes[0, 0].legend(loc="lower left")
    return figure


def _size(values):
    # Below 1e-30 nothing is left that could be seen.
    return max(float(np.sqrt(np.mean(np.square(values)))), 1e-30)


# --- what trains ------------------------------------------------------------------------------------------


def _task(rng):
    """Return examples and targets: what a small network of the same kind answers, with values within (-1, 1)."""
    x = rng.standard_normal((EXAMPLES, UNITS))
    return x, np.tanh(x @ rng.standard_normal((UNITS, UNITS)) / np.sqrt(UNITS))


def _train(x, target, w, *, activation, rate, steps, normalize=False):
    """Train the deep network on a squared error; return the loss before every step, in units of the start's best."""
    b, losses = np.zeros((len(w), UNITS)), []
    scale = np.mean(np.square(target - target.mean(axis=0)))
    for _ in range(steps):
        out, cache = deep.deep_forward(x, w, b, activation, normalize)
        losses.append(min(float(np.mean(np.square(out - target)) / scale), 10.0))
        dout = 2 * (out - target) / len(x)
        _, dw, db = deep.deep_backward(dout, cache)
        # The step is no longer than 1, as is usual in deep networks: a first steep step should not end all.
        shorter = min(1.0, 1.0 / max(np.sqrt(np.sum(dw**2) + np.sum(db**2)), 1e-30))
        w = deep.sgd_step(w, shorter * dw, rate)
        b = deep.sgd_step(b, shorter * db, rate)
    return losses


@experiment
def deep_networks_that_train():
    """Ten layers forgive a bad start, fifty do not: only what keeps sizes and angles trains."""
    figure, axes = panels(1, 3, "Training tanh networks from four starts")
    x, target = _task(np.random.default_rng(0))
    draws = {
        "std 0.01": _gaussian(0.01),
        "PyTorch's default": lambda rng: initializers.pytorch_default(UNITS, UNITS, rng),
        "LeCun": lambda rng: initializers.lecun_normal(UNITS, UNITS, rng),
        "orthogonal": _orthogonal(1.0),
    }
    for one, layers in zip(axes[0], (10, 30, 50), strict=True):
        for number, ((name, draw), line) in enumerate(zip(draws.items(), LINES, strict=False)):
            w = _stack(draw, layers, np.random.default_rng(number + 1))
            losses = _train(x[:100], target[:100], w, activation="tanh", rate=0.08, steps=90)
            one.plot(losses, label=name, markevery=15, **line)
        one.set(title=f"{layers} layers", xlabel="step", ylim=(0, 1.6))
    axes[0, 0].set(ylabel="squared error, 1 = answering the mean")
    axes[0, 0].legend(loc="lower left")
    return figure


@experiment
def scaled_to_the_data():
    """LSUV makes up for whatever a layer or an activation does to the size, with one batch and no formula."""
    figure, axes = panels(1, 2, "Twenty relu layers of 40 units: three starts")
    rng = np.random.default_rng(0)
    x, layers = rng.standard_normal((EXAMPLES, UNITS)), 20
    target = np.maximum(x @ (HE * rng.standard_normal((UNITS, UNITS))), 0)
    orthonormal = _stack(_orthogonal(1.0), layers, np.random.default_rng(1))
    starts = {
        "He": _stack(_gaussian(HE), layers, np.random.default_rng(2)),
        "orthonormal": orthonormal,
        "LSUV": np.asarray(deep.lsuv(x, orthonormal, "relu")),
    }
    for (name, w), line in zip(starts.items(), LINES, strict=False):
        h, variances = x, []
        for layer in w:
            variances.append(max(float(np.var(h @ layer)), 1e-30))
            h, _ = deep.deep_forward(h, layer[np.newaxis], np.zeros((1, UNITS)), "relu")
        axes[0, 0].plot(np.arange(layers), variances, label=name, markevery=4, **line)
        losses = _train(x, target, w, activation="relu", rate=0.3, steps=120)
        axes[0, 1].plot(losses, label=name, markevery=30, **line)
    axes[0, 0].set(title="variance of the pre-activations", xlabel="layer", yscale="log", xticks=range(0, layers, 5))
    axes[0, 1].set(title="training", xlabel="step", ylabel="squared error, 1 = answering the mean", ylim=(0.7, 1.7))
    axes[0, 0].legend(loc="lower left")
    return figure


# --- residual networks ------------------------------------------------------------------------------------


@experiment
def residual_stacks():
    """With shortcuts He's argument breaks: every block doubles the variance, unless its branch is made smaller."""
    figure, axes = panels(1, 2, "Residual blocks x + branch(x), two relu layers in a branch, 40 units")
    x = np.random.default_rng(0).standard_normal((EXAMPLES, UNITS))
    blocks = 50
    zero = np.zeros((2, UNITS))
    branches = {
        "He": (HE, HE, False),
        "He, normalised branch": (HE, HE, True),
        "Fixup's factor, last layer He": (HE * gains.fixup_scale(blocks, 2), HE, False),
        "Fixup": (HE * gains.fixup_scale(blocks, 2), 0.0, False),
    }
    for number, ((name, (first, last, normalize)), line) in enumerate(zip(branches.items(), LINES, strict=False)):
        rng = np.random.default_rng(number + 1)
        h, sizes, caches = x, [], []
        for _ in range(blocks):
            w = np.stack([first * rng.standard_normal((UNITS, UNITS)), last * rng.standard_normal((UNITS, UNITS))])
            branch, cache = deep.deep_forward(h, w, zero, "relu", normalize)
            h = h + branch
            sizes.append(float(np.mean(np.square(h))))
            caches.append(cache)
        gradient = rng.standard_normal(x.shape)
        back = []
        for cache in reversed(caches):
            gradient = gradient + deep.deep_backward(gradient, cache)[0]
            back.append(_size(gradient))
        axes[0, 0].plot(np.arange(1, blocks + 1), sizes, label=name, markevery=10, **line)
        axes[0, 1].plot(np.arange(blocks), back[::-1], label=name, markevery=10, **line)
    axes[0, 0].set(title="mean square of the signal", xlabel="after block", yscale="log")
    axes[0, 1].set(title="size of the gradient", xlabel="in front of block", yscale="log")
    axes[0, 0].legend(loc="upper left")
    axes[0, 0].set(ylim=(0.3, 1e33))
    return figure


# --- pre-training -----------------------------------------------------------------------------------------


@experiment
def pretrained_against_random():
    """Pre-training finds weights that keep what is in the data, without a formula; an orthogonal start has that too."""
    figure, axes = panels(1, 2, "Ten tanh layers of 40 units: what a start is worth")
    rng = np.random.default_rng(0)
    # Data of ten directions out of forty.
    x = rng.standard_normal((EXAMPLES, 10)) @ np.linalg.qr(rng.standard_normal((UNITS, 10)))[0].T
    target = np.tanh(2 * x @ rng.standard_normal((UNITS, UNITS)) / np.sqrt(UNITS))
    layers = 10
    small = _stack(_gaussian(0.5 / np.sqrt(UNITS)), layers, np.random.default_rng(1))
    starts = {
        "random, half of LeCun's": small,
        "the same, pre-trained": np.asarray(pretraining.layerwise_pretrain(x, small, 0.05, 200)),
        "LeCun": _stack(lambda one: initializers.lecun_normal(UNITS, UNITS, one), layers, np.random.default_rng(2)),
        "orthogonal": _stack(_orthogonal(1.0), layers, np.random.default_rng(3)),
    }
    for (name, w), line in zip(starts.items(), LINES, strict=False):
        h, sizes = x, []
        for layer in w:
            h = pretraining.encode(h, layer)
            sizes.append(_size(h))
        axes[0, 0].plot(np.arange(1, layers + 1), sizes, label=name, markevery=2, **line)
        losses = _train(x, target, w, activation="tanh", rate=0.05, steps=150)
        axes[0, 1].plot(losses, label=name, markevery=30, **line)
    axes[0, 0].set(title="size of the signal", xlabel="after layer", ylabel="root of the mean square", yscale="log")
    axes[0, 1].set(title="training", xlabel="step", ylabel="squared error, 1 = answering the mean", ylim=(0, 1.6))
    axes[0, 0].legend(loc="lower left")
    return figure
