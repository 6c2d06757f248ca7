"""Draw the pictures of the handout into the folder in which this is run, which should be `assignments/hw5`."""

import initializers
import numpy as np

from grader.figures import COLORS, LINES, panels

UNITS = 60


def draw_signs():
    """Draw where the first column of a 2 by 2 orthogonal matrix points, with and without the signs undone."""
    rng = np.random.default_rng(0)
    figure, axes = panels(1, 2, "The first column of 300 orthogonal matrices, 2 by 2")
    raw = np.stack([np.linalg.qr(rng.standard_normal((2, 2)))[0] for _ in range(300)])
    fair = np.stack([initializers.orthogonal(2, 2, rng) for _ in range(300)])
    for one, q, title in zip(axes[0], (raw, fair), ("as np.linalg.qr gives it", "signs undone"), strict=True):
        # A little off the circle, so that points do not hide one another.
        radius = 1 + 0.05 * rng.standard_normal(300)
        one.plot(radius * q[:, 0, 0], radius * q[:, 1, 0], color=COLORS[0], marker=".", markersize=4, linestyle="")
        one.axvline(0, color="0.7", linewidth=0.8)
        one.set(title=title, xlabel="entry [0, 0]", ylabel="entry [1, 0]", aspect="equal", xlim=(-1.3, 1.3))
        one.set(ylim=(-1.3, 1.3))
    return figure


def draw_stretches():
    """Draw by how much products of random layers stretch a vector: all directions, sorted."""
    rng = np.random.default_rng(1)
    figure, axes = panels(1, 2, f"By how much linear layers of {UNITS} units stretch each direction")
    draws = {"LeCun": initializers.lecun_normal, "orthogonal": initializers.orthogonal}
    for one, depth in zip(axes[0], (1, 20), strict=True):
        for (name, draw), line in zip(draws.items(), LINES, strict=False):
            product = np.eye(UNITS)
            for _ in range(depth):
                product = product @ draw(UNITS, UNITS, rng)
            stretches = np.maximum(np.linalg.svd(product, compute_uv=False), 1e-9)
            one.plot(np.arange(UNITS), stretches, label=name, markevery=10, **line)
        one.set(title=f"{depth} layer{'s' if depth > 1 else ''}", xlabel="direction, most stretched first")
        one.set(yscale="log", ylim=(1e-9, 30))
    axes[0, 0].set(ylabel="factor of its length")
    axes[0, 0].legend(loc="lower left")
    return figure


if __name__ == "__main__":
    draw_signs().savefig("signs.png", dpi=80)
    draw_stretches().savefig("stretches.png", dpi=80)
