"""Draw the pictures of the handout into the folder in which this is run, which should be `assignments/hw4`."""

import blocks
import numpy as np

from grader.figures import COLORS, panels

IMAGES, CHANNELS = 2, 4
# Which set an image's channel is in, by norm.
SETS = {
    "batch": lambda image, channel: channel,
    "layer": lambda image, channel: image,
    "instance": lambda image, channel: CHANNELS * image + channel,
    "group, 2 groups": lambda image, channel: 2 * image + channel // 2,
}
HATCHES = ("", "//", "xx", "..", "--", "||", "++", "oo")
SHADES = ("#ffffff", COLORS[4], COLORS[3], COLORS[2], "#f0e442", "#cccccc", COLORS[1], "#8fd6c0")


def draw_family():
    """Draw for each norm which planes share a mean and a variance: equal colours and hatches."""
    figure, axes = panels(1, 4, "Planes of one colour share a mean and a variance")
    for one, (name, belongs) in zip(axes.flat, SETS.items(), strict=True):
        one.grid(visible=False)
        for image, channel in np.ndindex(IMAGES, CHANNELS):
            number = belongs(image, channel)
            style = {"facecolor": SHADES[number], "edgecolor": "black", "hatch": HATCHES[number]}
            one.add_patch(_square(channel, image, **style))
        one.set(title=name, xlim=(-0.1, CHANNELS + 0.1), ylim=(IMAGES + 0.1, -0.1), xlabel="channel", ylabel="image")
        one.set_xticks(np.arange(CHANNELS) + 0.5, range(CHANNELS))
        one.set_yticks(np.arange(IMAGES) + 0.5, range(IMAGES))
        one.set_aspect("equal")
    return figure


def _square(left, top, **style):
    from matplotlib.patches import Rectangle

    return Rectangle((left + 0.05, top + 0.05), 0.9, 0.9, **style)


def draw_descent():
    """Draw the two weights of a unit in front of batch normalisation, in 40 steps from two sizes."""
    figure, axes = panels(1, 2, "Two weights in front of batch normalisation, 40 steps at one learning rate")
    rng = np.random.default_rng(2)
    x = rng.standard_normal((50, 2))
    target = np.maximum(x @ np.array([1.0, 0.4]), 0)[:, None]
    for size, color in ((0.5, COLORS[1]), (1.5, COLORS[2])):
        w, path, losses = size * np.array([[-0.6], [0.8]]), [], []
        for _ in range(40):
            path.append(w[:, 0])
            param = {"mode": "train", "eps": 1e-8}
            out, cache = blocks.affine_bn_relu_forward(x, w, np.zeros(1), np.ones(1), np.zeros(1), param)
            losses.append(np.mean((out - target) ** 2))
            w = w - 0.3 * blocks.affine_bn_relu_backward(2 * (out - target) / len(x), cache)[1]
        path = np.array(path)
        axes[0, 0].plot(*path.T, "o-", markersize=3, color=color, label=f"from length {size:g}")
        axes[0, 1].plot(losses, color=color, linestyle="-" if size < 1 else "--", label=f"from length {size:g}")
        axes[0, 0].add_patch(_circle(size, color))
    axes[0, 0].plot(0, 0, "k+")
    axes[0, 0].set(title="the weights: each step leads outwards", xlabel="first weight", ylabel="second weight")
    axes[0, 0].set_aspect("equal")
    axes[0, 1].set(title="the loss: longer weights learn more slowly", xlabel="step", ylabel="mean squared error")
    axes[0, 1].legend()
    return figure


def _circle(radius, color):
    from matplotlib.patches import Circle

    return Circle((0, 0), radius, fill=False, linestyle=":", edgecolor=color)


if __name__ == "__main__":
    draw_family().savefig("family.png", dpi=80)
    draw_descent().savefig("descent.png", dpi=80)
