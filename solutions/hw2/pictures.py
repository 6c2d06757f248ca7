"""Draw the pictures of the handout into the folder in which this is run, which should be `assignments/hw2`."""

import activations
import numpy as np

from grader.figures import COLORS, LINES, panels

CURVES = {
    "sigmoid": (activations.sigmoid_forward, activations.sigmoid_backward),
    "tanh": (activations.tanh_forward, activations.tanh_backward),
    "relu": (activations.relu_forward, activations.relu_backward),
    "softplus": (activations.softplus_forward, activations.softplus_backward),
    "ELU, alpha 1": (activations.elu_forward, activations.elu_backward),
}


def draw_activations():
    """Draw the activations beside their slopes. (Leaky relu is left out: it lies on relu but for a slight slope.)"""
    figure, axes = panels(1, 2, "Activations and their slopes")
    x = np.linspace(-5, 5, 201)
    for (name, (forward, backward)), line in zip(CURVES.items(), LINES, strict=True):
        out, cache = forward(x)
        axes[0, 0].plot(x, out, label=name, markevery=25, **line)
        axes[0, 1].plot(x, backward(np.ones_like(x), cache), label=name, markevery=25, **line)
    axes[0, 0].set(title="f(x)", xlabel="x", ylim=(-1.4, 3.2))
    axes[0, 1].set(title="f'(x)", xlabel="x", ylim=(-0.1, 1.1))
    axes[0, 0].legend(loc="upper left")
    return figure


def draw_zigzag():
    """Draw two descents with the same targets: for two features around 2, and for the same features centred."""
    rng = np.random.default_rng(0)
    centred = rng.normal(size=(200, 2)) * [0.9, 0.7]
    centred -= centred.mean(axis=0)
    target = np.array([1.0, -1.0])
    figure, axes = panels(1, 2, "Gradient descent on two weights, at the best rate for each")
    for one, x, title in zip(axes[0], (centred + 2, centred), ("features around 2", "centred features"), strict=True):
        curvature = x.T @ x / len(x)
        # The rate at which the steepest and the flattest direction converge equally fast.
        rate = 2 / np.linalg.eigvalsh(curvature).sum()
        path = [np.array([-1.0, -0.2])]
        for _ in range(30):
            path.append(path[-1] - rate * curvature @ (path[-1] - target))
        a, b = np.meshgrid(np.linspace(-1.6, 2.2, 80), np.linspace(-2.4, 1.4, 80))
        offset = np.stack([a - target[0], b - target[1]], axis=-1)
        loss = np.einsum("ijk,kl,ijl->ij", offset, curvature, offset)
        one.contour(a, b, loss, levels=np.geomspace(0.02, loss.max(), 9), colors="0.7", linewidths=0.7)
        one.plot(*np.array(path).T, color=COLORS[1], marker="o", markersize=3, linewidth=1)
        one.plot(*target, color=COLORS[2], marker="*", markersize=12, linestyle="")
        one.set(title=title, xlabel="first weight", ylabel="second weight", aspect="equal", xlim=(-1.6, 2.2))
    return figure


if __name__ == "__main__":
    draw_activations().savefig("activations.png", dpi=80)
    draw_zigzag().savefig("zigzag.png", dpi=80)
