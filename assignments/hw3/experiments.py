"""hw3: experiments with your own functions. Given; nothing here is graded.

Ten layers of 100 units and 1,000 examples, drawn with your initialisers and sent through your backward passes, and one
batch through your batch normalisation. In the notebook a cell is `experiments.activation_curves()`; in a terminal
`grader plot hw3` draws them all to files. Every experiment draws the same numbers every time.
"""

import batchnorm
import initializers
import layers
import numpy as np

from grader.figures import COLORS, LINES, experiment, panels

LAYERS = 10
UNITS = 100
EXAMPLES = 1000

FORWARDS = {"relu": layers.relu_forward, "tanh": layers.tanh_forward}
VALUES = {"relu": lambda a: np.maximum(a, 0), "tanh": np.tanh}
SLOPES = {"relu": lambda a: (a > 0).astype(float), "tanh": lambda a: 1 - np.tanh(a) ** 2}
# How a weight matrix is drawn, and n times its variance, which the theory needs.
WEIGHTS = {
    "0.01": (lambda rng: rng.normal(0, 0.01, (UNITS, UNITS)), UNITS * 0.01**2),
    "1": (lambda rng: rng.normal(0, 1, (UNITS, UNITS)), UNITS),
    "Xavier": (lambda rng: initializers.xavier_normal(UNITS, UNITS, rng), 1),
    "He": (lambda rng: initializers.he_normal(UNITS, UNITS, rng), 2),
}
NAMES = {"0.01": "weights of std 0.01", "1": "weights of std 1", "Xavier": "Xavier's weights", "He": "He's weights"}


# --- activations ------------------------------------------------------------------------------------------


@experiment
def activation_curves():
    """Where an activation is flat its derivative is zero, and no gradient passes."""
    figure, axes = panels(1, 2, "Four activations, and the derivatives that your backward passes multiply by")
    x = np.linspace(-6, 6, 241)
    curves = {
        "relu": (layers.relu_forward(x), layers.relu_backward),
        "leaky relu, slope 0.1": (layers.leaky_relu_forward(x, 0.1), layers.leaky_relu_backward),
        "sigmoid": (layers.sigmoid_forward(x), layers.sigmoid_backward),
        "tanh": (layers.tanh_forward(x), layers.tanh_backward),
    }
    for (name, ((value, cache), backward)), line in zip(curves.items(), LINES, strict=False):
        axes[0, 0].plot(x, value, label=name, markevery=40, **line)
        axes[0, 1].plot(x, backward(np.ones_like(x), cache), label=name, markevery=40, **line)
    axes[0, 0].set(title="f(a)", xlabel="pre-activation a", ylabel="activation f(a)", ylim=(-1.3, 3))
    axes[0, 1].set(title="f'(a): at most 1, for the sigmoid at most 1/4", xlabel="pre-activation a", ylabel="f'(a)")
    axes[0, 0].legend(loc="upper left")
    return figure


# --- ten layers -------------------------------------------------------------------------------------------


@experiment
def activations_by_layer_relu():
    """With relu: too small weights silence the last layers, too large ones blow them up, He's keep them alike."""
    return _by_layer("relu", "activations", "Activations of ten relu layers, without the zeros")


@experiment
def activations_by_layer_tanh():
    """With tanh: too small weights silence the last layers, too large ones drive every unit to -1 or 1."""
    return _by_layer("tanh", "activations", "Activations of ten tanh layers")


@experiment
def gradients_by_layer_relu():
    """The same on the way back: read from layer 10 to layer 1. Gradients vanish, explode or stay alike."""
    return _by_layer("relu", "gradients", "Gradients by the pre-activations of ten relu layers, without the zeros")


@experiment
def gradients_by_layer_tanh():
    """With weights of std 1 most units are flat and pass nothing; the few that are not multiply what they pass."""
    return _by_layer("tanh", "gradients", "Gradients by the pre-activations of ten tanh layers, without the zeros")


@experiment
def spread_by_depth():
    """Standard deviation by depth, forwards and backwards: markers are your network, lines are the theory."""
    figure, axes = panels(2, 2, "Standard deviation by depth: your network (markers) and the theory (lines)")
    depth = np.arange(1, LAYERS + 1)
    for row, activation in enumerate(FORWARDS):
        for (name, (draw, gain)), line in zip(WEIGHTS.items(), LINES, strict=False):
            measured = _signals(activation, draw)
            theory = _theory(activation, gain)
            for column, key in enumerate(("pre-activations", "gradients")):
                spread = [np.std(layer) for layer in measured[key]]
                axes[row, column].plot(depth, theory[key], **{**line, "marker": ""})
                axes[row, column].plot(depth, spread, **{**line, "linestyle": ""}, label=NAMES[name])
        axes[row, 0].set(title=f"{activation}, forwards", ylabel="std of pre-activations")
        axes[row, 1].set(title=f"{activation}, backwards: from right to left", ylabel="std of gradients")
    for one in axes.flat:
        one.set(yscale="log", xlabel="layer", xticks=depth)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def _forward(activation, draw):
    """Send examples through ten layers; return pre-activations, activations and the caches of every layer."""
    rng = np.random.default_rng(0)
    h = rng.normal(size=(EXAMPLES, UNITS))
    found, caches = {"pre-activations": [], "activations": []}, []
    for _ in range(LAYERS):
        a, affine_cache = layers.affine_forward(h, draw(rng), np.zeros(UNITS))
        h, cache = FORWARDS[activation](a)
        found["pre-activations"].append(a)
        found["activations"].append(h)
        caches.append((affine_cache, cache))
    return found, caches


def _signals(activation, draw):
    """Send examples through ten layers and a random gradient back, through your backward passes."""
    found, caches = _forward(activation, draw)
    backward = {"relu": layers.relu_backward, "tanh": layers.tanh_backward}[activation]
    dh = np.random.default_rng(1).normal(size=(EXAMPLES, UNITS))
    gradients = []
    for affine_cache, cache in reversed(caches):
        da = backward(dh, cache)
        dh, _, _ = layers.affine_backward(da, affine_cache)
        gradients.append(da)
    return {**found, "gradients": gradients[::-1]}


def _theory(activation, gain):
    """Standard deviations in a very wide network: a pre-activation is normal, so means are integrals over its density.

    gain is n times the variance of a weight; the squared spread is multiplied by gain * E[f(a)^2] / var(a) forwards and
    by gain * E[f'(a)^2] backwards.
    """
    z = np.linspace(-8, 8, 40001)
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) * (z[1] - z[0])
    variances, slopes = [gain], []
    for _ in range(LAYERS):
        a = z * np.sqrt(variances[-1])
        variances.append(gain * np.sum(VALUES[activation](a) ** 2 * density))
        slopes.append(np.sum(SLOPES[activation](a) ** 2 * density))
    gradients = [slopes[-1]]
    for slope in reversed(slopes[:-1]):
        gradients.insert(0, gradients[0] * gain * slope)
    return {"pre-activations": np.sqrt(variances[:-1]), "gradients": np.sqrt(gradients)}


def _by_layer(activation, what, title):
    """Four panels, one for each kind of weights, with the histograms of ten layers side by side."""
    figure, axes = panels(2, 2, title)
    for one, (name, (draw, _)) in zip(axes.flat, WEIGHTS.items(), strict=False):
        found = (_signals(activation, draw) if what == "gradients" else _forward(activation, draw)[0])[what]
        finite = [layer[np.isfinite(layer)] for layer in found]
        histograms = _sizes if what == "gradients" else _values
        histograms(one, [values[values != 0] for values in finite], [values.std() for values in finite])
        labels = [f"{number}\n{_short(values.std())}" for number, values in enumerate(finite, 1)]
        one.set_xticks(range(1, LAYERS + 1), labels, fontsize="x-small")
        one.set(title=NAMES[name], xlabel="layer, and the standard deviation there")
        lost = sum(layer.size for layer in found) - sum(values.size for values in finite)
        if lost:
            one.text(0.5, 0.95, f"{lost:,} values are not finite", ha="center", va="top", transform=one.transAxes)
    if what == "gradients":
        axes[0, 0].legend(loc="upper left", fontsize="small")
    return figure


def _values(axes, samples, spreads):
    """Histograms of values on their sides, one for each layer."""
    seen = np.concatenate([np.zeros(1), *(np.quantile(values, (0.001, 0.999)) for values in samples if values.size)])
    edges = np.linspace(seen.min(), max(seen.max(), seen.min() + 1e-300), 61)
    for number, values in enumerate(samples, 1):
        _sideways(axes, number, *np.histogram(values, edges))
    axes.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3))
    axes.set_ylabel("activation")


def _sizes(axes, samples, spreads):
    """Histograms of sizes on a logarithmic axis, one for each layer, with the standard deviations."""
    for number, values in enumerate(samples, 1):
        if values.size:
            size = np.log10(np.abs(values))
            counts, edges = np.histogram(size, np.linspace(*np.quantile(size, (0.01, 1)), 41))
            _sideways(axes, number, counts, 10**edges)
    mark = {"linestyle": "", "marker": "_", "markersize": 14, "markeredgewidth": 2, "color": COLORS[0]}
    axes.plot(range(1, LAYERS + 1), spreads, label="standard deviation", **mark)
    axes.set_yscale("log")
    axes.set_ylabel("size of a gradient")


def _sideways(axes, number, counts, edges):
    width = 0.42 * np.r_[counts, 0] / max(counts.max(), 1)
    axes.fill_betweenx(edges, number - width, number + width, step="post", color=COLORS[3], linewidth=0)


def _short(value):
    return f"{value:.2g}" if 0.01 <= value < 99.5 else f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e")


# --- batch normalisation ----------------------------------------------------------------------------------


@experiment
def before_and_after_batchnorm():
    """Batch normalisation moves and stretches every feature to mean 0 and variance 1; its shape stays."""
    figure, axes = panels(1, 3, "Three features of one batch, before and after batch normalisation")
    rng = np.random.default_rng(0)
    x = np.stack([rng.normal(6, 0.6, 2000), rng.gamma(1.5, 1.2, 2000), rng.normal(-4, 2, 2000)], axis=1)
    gamma, beta = np.array([0.5, 1.0, 2.0]), np.array([-3.0, 0.0, 4.0])
    normalised, _ = batchnorm.batchnorm_forward(x, np.ones(3), np.zeros(3), {"mode": "train"})
    scaled, _ = batchnorm.batchnorm_forward(x, gamma, beta, {"mode": "train"})
    titles = ("before", "after, gamma = 1 and beta = 0", "after, gamma = (0.5, 1, 2) and beta = (-3, 0, 4)")
    for one, values, title in zip(axes.flat, (x, normalised, scaled), titles, strict=True):
        for feature, line in enumerate(LINES[:3]):
            label = (
                f"feature {feature + 1}: {values[:, feature].mean().round(1) + 0:.1f} ± {values[:, feature].std():.1f}"
            )
            style = {"color": line["color"], "linestyle": line["linestyle"], "linewidth": 1.8}
            one.hist(values[:, feature], bins=50, density=True, histtype="step", label=label, **style)
        one.set_title(title, fontsize="medium")
        one.set(xlabel="value", ylabel="density")
        one.legend(title="mean ± std", fontsize="small")
    return figure
