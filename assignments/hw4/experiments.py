"""hw4: experiments with your own functions. Given; nothing here is graded.

In the notebook a cell is `experiments.training_curves()`; in a terminal `grader plot hw4` draws them all to files.
Every experiment draws the same numbers every time. Layers without normalisation are at the end; they are hw3's.
"""

from itertools import pairwise

import blocks
import dropout
import norms
import numpy as np
import whitening

from grader.figures import COLORS, LINES, experiment, panels

CLASSES = 3
UNITS = 30
HIDDEN = 5
STEPS = 400
BATCH = 60
RATES = (0.02, 0.2, 2.0)
NOISE = 0.2
WATCHED = 3


# --- training ---------------------------------------------------------------------------------------------


@experiment
def training_curves():
    """With batch normalisation a deep sigmoid network trains at all, and rates a hundred times apart do."""
    figure, axes = panels(2, 2, f"Training loss of {HIDDEN} hidden layers, at three learning rates")
    kinds = (("sigmoid", "bn_sigmoid"), ("relu", "bn_relu"))
    for row, pair in enumerate(kinds):
        for column, kind in enumerate(pair):
            for rate, line in zip(RATES, LINES, strict=False):
                losses, _ = _train(kind, rate)
                axes[row, column].plot(_smooth(losses), label=f"rate {rate}", markevery=50, **line)
            name = kind.removeprefix("bn_")
            axes[row, column].set_title(f"{name}, {'with' if column else 'without'} batch normalisation")
            _loss_axes(axes[row, column])
    axes[0, 0].legend(loc="lower left")
    return figure


@experiment
def before_and_after():
    """Normalised before relu or after it: both train; the next layer gets something else."""
    figure, axes = panels(1, 3, "Batch normalisation before and after the activation")
    names = {"bn_relu": "before relu", "relu_bn": "after relu", "relu": "none"}
    for (kind, name), line in zip(names.items(), LINES, strict=False):
        losses, network = _train(kind, 0.2)
        axes[0, 0].plot(_smooth(losses), label=name, markevery=50, **line)
        if kind != "relu":
            hidden = _hidden(network, kind, _spirals()[0])[2]
            style = {"color": line["color"], "linestyle": line["linestyle"], "linewidth": 1.8}
            axes[0, 1].hist(hidden.ravel(), np.linspace(-3, 5, 65), histtype="step", density=True, label=name, **style)
            means, spreads = hidden.mean(axis=0), hidden.std(axis=0)
            axes[0, 2].plot(means, spreads, **{**line, "linestyle": ""}, label=name)
    _loss_axes(axes[0, 0])
    axes[0, 1].set(title="what hidden layer 4 gets", xlabel="value", ylabel="density", yscale="log")
    axes[0, 2].set(title="the same, unit by unit", xlabel="mean of a unit", ylabel="std of a unit")
    for one in axes.flat:
        one.legend(fontsize="small")
    return figure


@experiment
def noise_after_normalisation():
    """Distributions that are made to jump at every step: it still starts faster than without normalisation."""
    figure, axes = panels(1, 2, "Noise behind batch normalisation: every unit jumps at every step")
    names = {"relu": "no normalisation", "bn_relu": "batch normalisation", "noisy": "batch normalisation, then noise"}
    for (kind, name), line in zip(names.items(), LINES, strict=False):
        seen = []
        noisy = kind == "noisy"
        losses, _ = _train("bn_relu" if noisy else kind, 0.2, noise=NOISE if noisy else 0.0, seen=seen)
        axes[0, 0].plot(_smooth(losses), label=name, markevery=50, **line)
        axes[0, 1].plot(seen, label=name, markevery=50, linewidth=0.8, **line)
    _loss_axes(axes[0, 0])
    axes[0, 1].set(title="mean of a unit of hidden layer 3", xlabel="step", ylabel="mean")
    axes[0, 0].legend(fontsize="small")
    return figure


def _loss_axes(axes):
    axes.set(xlabel="step", ylabel="training loss", yscale="log", ylim=(5e-3, 5))
    axes.axhline(np.log(CLASSES), color="grey", linewidth=0.8)


def _smooth(losses):
    """Return the running mean over 20 steps; a loss that is not finite stays so."""
    with np.errstate(all="ignore"):
        return [np.mean(losses[max(0, i - 19) : i + 1]) for i in range(len(losses))]


def _spirals():
    """Return 600 points of three spirals, (600, 2), and their classes."""
    rng = np.random.default_rng(0)
    y = np.arange(600) % CLASSES
    t = rng.uniform(0.15, 1, 600)
    angle = 2 * np.pi * y / CLASSES + 4.5 * t + rng.normal(0, 0.12, 600)
    return 2 * np.stack([t * np.cos(angle), t * np.sin(angle)], axis=1), y


def _network(kind, sizes, rng):
    """Return the layers of a network: weights by He for relu, by Xavier for sigmoid; gamma 1, beta 0."""
    layers = []
    for fan_in, fan_out in pairwise(sizes):
        variance = 2 / (fan_in + fan_out) if "sigmoid" in kind else 2 / fan_in
        w = np.sqrt(variance) * rng.standard_normal((fan_in, fan_out))
        layers.append({"w": w, "b": np.zeros(fan_out), "gamma": np.ones(fan_out), "beta": np.zeros(fan_out), "bn": {}})
    return layers


def _train(kind, rate, *, noise=0.0, seen=None):
    """Gradient descent on the spirals; return the losses of all steps and the network."""
    x, y = _spirals()
    rng = np.random.default_rng(1)
    network = _network(kind, [2, *[UNITS] * HIDDEN, CLASSES], rng)
    losses = []
    with np.errstate(all="ignore"):
        for _ in range(STEPS):
            some = rng.integers(0, len(x), BATCH)
            h, caches = x[some], []
            for layer in network[:-1]:
                h, cache = _forward(kind, h, layer)
                shake = 1 + noise * rng.standard_normal(UNITS), noise * rng.standard_normal(UNITS)
                h = h * shake[0] + shake[1]
                caches.append((cache, shake[0]))
                if seen is not None and len(caches) == 3:
                    seen.append(h[:, WATCHED].mean())
            loss, dh = _cross_entropy(h @ network[-1]["w"] + network[-1]["b"], y[some])
            losses.append(loss)
            dh, gradients = _dense_gradients(dh, h, network[-1])
            _move(network[-1], gradients, rate)
            for layer, (cache, scale) in zip(reversed(network[:-1]), reversed(caches), strict=True):
                dh, gradients = _backward(kind, dh * scale, cache, layer)
                _move(layer, gradients, rate)
    return losses, network


def _move(layer, gradients, rate):
    for name, gradient in gradients.items():
        layer[name] = layer[name] - rate * gradient


def _hidden(network, kind, x):
    """Return the outputs of all hidden layers."""
    found = []
    for layer in network[:-1]:
        x, _ = _forward(kind, x, layer)
        found.append(x)
    return found


# --- statistics of small batches ----------------------------------------------------------------------------


@experiment
def noisy_statistics():
    """The smaller a batch, the more its mean and variance, and so every output, depend on who else is in it."""
    figure, axes = panels(1, 2, "One example, normalised in many batches")
    rng = np.random.default_rng(0)
    sizes = np.array([2, 4, 8, 16, 32, 64, 128])
    outputs = []
    for size in sizes:
        found = []
        for _ in range(400):
            x = rng.normal(3, 2, (size, 1, 1, 1))
            x[0] = 5.0
            out, _ = norms.spatial_batchnorm_forward(x, np.ones(1), np.zeros(1), {"mode": "train"})
            found.append(out[0, 0, 0, 0])
        outputs.append(found)
    axes[0, 0].boxplot(outputs, whis=(2.5, 97.5), showfliers=False, medianprops={"color": COLORS[2]})
    axes[0, 0].set_xticks(range(1, len(sizes) + 1), [str(size) for size in sizes])
    axes[0, 0].axhline(1, color="grey", linewidth=0.8)
    axes[0, 0].set(title="output of x = 5 from features of mean 3, std 2", xlabel="batch size", ylabel="output")
    spread = [np.std(found) for found in outputs]
    axes[0, 1].plot(sizes, spread, label="batch normalisation", **LINES[1])
    axes[0, 1].plot(
        sizes, spread[3] * np.sqrt(sizes[3] / sizes), label="1 / sqrt(batch size)", **{**LINES[0], "marker": ""}
    )
    axes[0, 1].set(
        title="its spread over batches", xlabel="batch size", ylabel="std of the output", xscale="log", yscale="log"
    )
    axes[0, 1].legend()
    return figure


# --- depth --------------------------------------------------------------------------------------------------


@experiment
def gradients_by_depth():
    """At initialisation gradients explode with batch normalisation, layer by layer, and stay alike with He alone."""
    figure, axes = panels(1, 2, "Fifty layers at initialisation: read from right to left")
    depth, width = 50, 100
    names = {"relu": "He, no normalisation", "bn_relu": "batch normalisation before relu", "relu_bn": "after relu"}
    for (kind, name), line in zip(names.items(), LINES, strict=False):
        rng = np.random.default_rng(0)
        network = _network(kind, [width] * (depth + 1), rng)
        h, caches, spreads = rng.standard_normal((200, width)), [], []
        for layer in network:
            h, cache = _forward(kind, h, layer)
            caches.append(cache)
            spreads.append(np.sqrt(np.mean(h**2)))
        dh, sizes = rng.standard_normal(h.shape), []
        for layer, cache in zip(reversed(network), reversed(caches), strict=True):
            dh, _ = _backward(kind, dh, cache, layer)
            sizes.append(np.sqrt(np.mean(dh**2)))
        axes[0, 0].plot(range(1, depth + 1), spreads, label=name, markevery=7, **line)
        axes[0, 1].plot(range(1, depth + 1), sizes[::-1], label=name, markevery=7, **line)
    growth = np.sqrt(np.pi / (np.pi - 1)) ** np.arange(depth, 0, -1)
    axes[0, 1].plot(range(1, depth + 1), growth, label="theory: 1.21 a layer", **{**LINES[3], "marker": ""})
    axes[0, 0].set(title="activations", xlabel="layer", ylabel="root of the mean square", yscale="log", ylim=(0.05, 20))
    axes[0, 1].set(title="gradients by a layer's input", xlabel="layer", ylabel="root of the mean square", yscale="log")
    axes[0, 1].legend(fontsize="small")
    return figure


# --- the family -----------------------------------------------------------------------------------------------


@experiment
def the_family():
    """Four images of four channels, normalised four ways: what is black and white in a panel shares one scale."""
    figure, axes = panels(1, 5, "Rows are four images, columns four channels")
    x = _stripes()
    ones, zeros = np.ones(4), np.zeros(4)
    pictures = {
        "as they come": x,
        "batch": norms.spatial_batchnorm_forward(x, ones, zeros, {"mode": "train"})[0],
        "layer (1 group)": norms.groupnorm_forward(x, ones, zeros, 1, {})[0],
        "2 groups": norms.groupnorm_forward(x, ones, zeros, 2, {})[0],
        "instance (4 groups)": norms.instancenorm_forward(x, ones, zeros, {})[0],
    }
    for one, (name, values) in zip(axes.flat, pictures.items(), strict=True):
        sheet = np.full((4 * 18, 4 * 18), np.nan)
        for image, channel in np.ndindex(4, 4):
            sheet[image * 18 : image * 18 + 16, channel * 18 : channel * 18 + 16] = values[image, channel]
        one.grid(visible=False)
        shown = one.imshow(sheet, cmap="gray")
        one.set(title=name, xticks=(8, 26, 44, 62), yticks=(8, 26, 44, 62), xlabel="channel", ylabel="image")
        one.set_xticklabels(range(4))
        one.set_yticklabels(range(4))
        figure.colorbar(shown, ax=one, shrink=0.7)
    return figure


def _stripes():
    """Return (4, 4, 16, 16): images of four brightnesses and contrasts, channels of several strengths."""
    grid = np.linspace(-1, 1, 16)
    stripes = np.sin(8 * grid)[None, :] * np.ones((16, 1))
    disc = 1.0 * (grid[:, None] ** 2 + grid[None, :] ** 2 < 0.5)
    image = np.stack([stripes, stripes.T, disc, stripes * stripes.T]) * np.array([1, 2, 1, 4])[:, None, None]
    contrast, brightness = np.array([1.0, 0.3, 1.0, 3.0]), np.array([0.0, 0.0, 5.0, -3.0])
    return contrast[:, None, None, None] * image + brightness[:, None, None, None]


# --- dropout, whitening, drift ------------------------------------------------------------------------------


@experiment
def variance_shift():
    """Dropout in front of batch normalisation: the variance that is learned is not the one at test time."""
    figure, axes = panels(1, 2, "Dropout in front of batch normalisation")
    rates = np.array([0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    rng = np.random.default_rng(0)
    for mean, line in zip((0.0, 1.0, 3.0), LINES, strict=False):
        x = rng.normal(mean, 1, (4000, 1))
        param = {"mode": "train", "rng": rng}
        seen = [dropout.dropout_forward(x, {**param, "p": p})[0].var() for p in rates]
        theory = [dropout.variance_under_dropout(np.array([mean]), np.ones(1), p)[0] for p in rates]
        axes[0, 0].plot(rates, seen, label=f"features of mean {mean:g}, variance 1", **{**line, "linestyle": ""})
        axes[0, 0].plot(rates, theory, **{**line, "marker": ""})
        axes[0, 1].plot(rates, 1 / np.sqrt(theory), label=f"mean {mean:g}", **line)
    axes[0, 0].set(
        title="variance in training: draws (markers), formula (lines)",
        xlabel="p, kept",
        ylabel="variance",
        yscale="log",
    )
    axes[0, 1].set(
        title="so at test time the output has this spread", xlabel="p, kept", ylabel="std; 1 is right", ylim=(0, 1.1)
    )
    axes[0, 0].legend(fontsize="small")
    return figure


@experiment
def whitening_and_its_cheap_form():
    """Batch normalisation makes the spreads alike; whitening takes the correlation out as well."""
    figure, axes = panels(1, 3, "Two correlated features")
    rng = np.random.default_rng(0)
    x = rng.standard_normal((400, 2)) @ np.array([[2.0, 1.2], [0.0, 0.6]]) + np.array([3.0, 1.0])
    normalised, _ = norms.spatial_batchnorm_forward(x[:, :, None, None], np.ones(2), np.zeros(2), {"mode": "train"})
    white, _ = whitening.whiten(x)
    titles = ("as they come", "batch normalisation", "whitened")
    for one, values, title in zip(axes.flat, (x, normalised[:, :, 0, 0], white), titles, strict=True):
        one.plot(*values.T, ".", color=COLORS[1], markersize=3)
        one.set(title=f"{title}: correlation {np.corrcoef(values.T)[0, 1]:.2f}", xlabel="feature 1", ylabel="feature 2")
        one.set_aspect("equal")
    return figure


@experiment
def drifting_bias():
    """A gradient without the normalisation in it: the bias runs away, and neither output nor loss moves."""
    figure, axes = panels(1, 2, "A bias in front of a normalisation that the gradient leaves out")
    rng = np.random.default_rng(0)
    u, target = rng.normal(size=(20, 3)), rng.normal(0.5, 1, (20, 3))
    counts = range(0, 51, 5)
    runs = [whitening.bias_drift(u, np.zeros(3), target, 0.02, count) for count in counts]
    for unit, line in zip(range(3), LINES, strict=False):
        axes[0, 0].plot(runs[-1][0][:, unit], label=f"bias {unit + 1}", markevery=10, **line)
    axes[0, 1].plot(counts, [np.sum((out - target) ** 2) for _, out in runs], **LINES[0])
    axes[0, 0].set(title="the bias", xlabel="step", ylabel="value")
    axes[0, 1].set(title="the loss", xlabel="step", ylabel="sum of squares", ylim=(0, 200))
    axes[0, 0].legend()
    return figure


# --- layers ---------------------------------------------------------------------------------------------------


def _forward(kind, h, layer):
    """Send h through one layer of a kind; return the output and what the way back needs."""
    w, b, gamma, beta = (layer[name] for name in ("w", "b", "gamma", "beta"))
    param = {**layer["bn"], "mode": "train"}
    if kind in ("bn_relu", "relu_bn"):
        block = blocks.affine_bn_relu_forward if kind == "bn_relu" else blocks.affine_relu_bn_forward
        return block(h, w, b, gamma, beta, param)
    z, kept = h @ w + b, None
    if kind == "bn_sigmoid":
        z, kept = norms.spatial_batchnorm_forward(z[:, :, None, None], gamma, beta, param)
        z = z[:, :, 0, 0]
    out = np.maximum(z, 0) if kind == "relu" else 0.5 * (1 + np.tanh(z / 2))
    return out, (h, z, kept)


def _backward(kind, dout, cache, layer):
    """Return the gradient by the input, and those by the parameters by name."""
    if kind in ("bn_relu", "relu_bn"):
        block = blocks.affine_bn_relu_backward if kind == "bn_relu" else blocks.affine_relu_bn_backward
        dh, *gradients = block(dout, cache)
        return dh, dict(zip(("w", "b", "gamma", "beta"), gradients, strict=True))
    h, z, kept = cache
    dz, more = dout * (z > 0 if kind == "relu" else 0.25 / np.cosh(z / 2) ** 2), {}
    if kept is not None:
        dz, dgamma, dbeta = norms.spatial_batchnorm_backward(dz[:, :, None, None], kept)
        dz, more = dz[:, :, 0, 0], {"gamma": dgamma, "beta": dbeta}
    dh, gradients = _dense_gradients(dz, h, layer)
    return dh, {**gradients, **more}


def _dense_gradients(dz, h, layer):
    return np.einsum("nm,dm->nd", dz, layer["w"]), {"w": np.einsum("nd,nm->dm", h, dz), "b": np.einsum("nm->m", dz)}


def _cross_entropy(scores, y):
    """Return the mean loss of softmax and cross-entropy, and its gradient by the scores."""
    each = np.exp(scores - scores.max(axis=1, keepdims=True))
    probabilities, hot = each / each.sum(axis=1, keepdims=True), np.eye(CLASSES)[y]
    return -np.mean(np.log((probabilities * hot).sum(axis=1) + 1e-300)), (probabilities - hot) / len(y)
