"""hw1: experiments with your own functions. Given; nothing here is graded.

In the notebook a cell is `experiments.softplus_graph()`; in a terminal `grader plot hw1` draws them all to files. Every
experiment draws the same numbers every time.
"""

import gates
import numerical
import numpy as np

from grader.figures import COLORS, LINES, experiment, panels

STEPS = 10.0 ** np.arange(-13, 0.01, 0.25)
# Where the graph's parts stand: values on the edges, operations in the circles between them.
EDGES = {"x": 0, "b": 2, "a": 4, "y": 6}
GATES = {"exp": 1, "+ 1": 3, "log": 5}


@experiment
def softplus_graph():
    """Values go to the right, above the edges; gradients come back to the left, below them."""
    figure, axes = panels(1, 1, "softplus at x = ln 3, with 2 from above")
    figure.set_size_inches(8, 2.6)
    axis = axes[0, 0]
    axis.set(xlim=(-0.9, 6.9), ylim=(-1.1, 1.1))
    axis.axis("off")
    x, dout = np.array([np.log(3)]), np.array([2.0])
    out, cache = gates.softplus_forward(x)
    steps = gates.softplus_backward_steps(dout, cache)
    values = {"x": x, "b": np.exp(x), "a": 1 + np.exp(x), "y": out}
    gradients = {"x": steps["dx"], "b": steps["db"], "a": steps["da"], "y": dout}
    for name, place in GATES.items():
        circle = {"boxstyle": "circle", "fc": "white"}
        axis.annotate(name, (place, 0), ha="center", va="center", bbox=circle, fontsize=11)
    for name, place in EDGES.items():
        low, high = place - (0.6 if name != "x" else 0.8), place + (0.6 if name != "y" else 0.8)
        axis.annotate("", (high, 0.08), (low, 0.08), arrowprops={"arrowstyle": "->", "color": COLORS[1]})
        axis.annotate("", (low, -0.08), (high, -0.08), arrowprops={"arrowstyle": "->", "color": COLORS[2]})
        axis.text(place, 0.25, f"{name} = {values[name][0]:.4g}", ha="center", color=COLORS[1], fontsize=11)
        axis.text(place, -0.45, f"d{name} = {gradients[name][0]:.4g}", ha="center", color=COLORS[2], fontsize=11)
    axis.text(1, 0.75, "b = exp(x)", ha="center")
    axis.text(3, 0.75, "a = 1 + b", ha="center")
    axis.text(5, 0.75, "y = log(a)", ha="center")
    axis.text(1, -0.95, "dx = db b", ha="center")
    axis.text(3, -0.95, "db = da", ha="center")
    axis.text(5, -0.95, "da = dy / a", ha="center")
    return figure


@experiment
def softplus_digits():
    """The formula as it stands loses all digits on the left; its gates overflow on the right, at x = 709.8."""
    figure, axes = panels(1, 2, "softplus: the function, and what float64 leaves of it")
    x = np.linspace(-6, 6, 121)
    out, cache = gates.softplus_forward(x)
    left, right = axes[0]
    left.plot(x, out, label="your softplus", markevery=20, **LINES[0])
    left.plot(x, gates.softplus_backward(np.ones_like(x), cache), label="your slope", markevery=20, **LINES[1])
    left.plot(x, np.maximum(x, 0), label="relu", markevery=20, **LINES[2])
    left.set(title="a smooth rectifier", xlabel="x", ylabel="softplus(x)")
    left.legend()
    x = np.linspace(-45, 0, 181)
    # Far to the left the answer is exp(x) - exp(x)^2 / 2 + exp(x)^3 / 3 - ..., which converges for every x below 0.
    terms = np.arange(1, 4000)[:, None]
    series = np.sum(-((-1.0) ** terms) * np.exp(terms * np.minimum(x, -0.02)) / terms, axis=0)
    exact = np.where(x < -0.02, series, np.nan)
    for name, value, line in (
        ("log(1 + exp(x))", np.log(1 + np.exp(x)), LINES[2]),
        ("your softplus", gates.softplus_forward(x)[0], LINES[0]),
    ):
        right.semilogy(x, np.maximum(np.abs(value / exact - 1), 1e-17), label=name, markevery=30, **line)
    right.set(title="relative error, where x is negative", xlabel="x", ylabel="relative error", ylim=(3e-18, 10))
    right.legend(loc="lower left")
    return figure


@experiment
def step_sizes():
    """A smaller step is better until rounding takes over: a V. Your own functions lie near its lowest point."""
    figure, axes = panels(1, 2, "Error of numerical derivatives of exp(sin x) at x = 1, by step")

    def f(x):
        return np.sum(np.exp(np.sin(x)))

    x, h = 1.0, STEPS
    first = np.exp(np.sin(x)) * np.cos(x)
    second = np.exp(np.sin(x)) * (np.cos(x) ** 2 - np.sin(x))
    values = {shift: np.array([f(x + shift * step) for step in h]) for shift in (-2, -1, 0, 1, 2)}
    left, right = axes[0]
    _errors(left, h, (values[1] - values[-1]) / (2 * h) - first, "central", LINES[0])
    _errors(left, h, (values[1] - values[0]) / h - first, "to one side", LINES[1])
    _errors(right, h, (values[2] - 2 * values[0] + values[-2]) / (4 * h**2) - second, "central", LINES[0])
    _errors(right, h, (values[2] - 2 * values[1] + values[0]) / h**2 - second, "to one side", LINES[1])
    point = np.array([x])
    _own(left, numerical.numerical_gradient(f, point)[0] - first, "your numerical_gradient")
    _own(right, numerical.hessian(f, point)[0, 0] - second, "your hessian")
    left.set(title="first derivative")
    right.set(title="second derivative")
    return figure


def _errors(axis, h, error, name, line):
    axis.loglog(h, np.maximum(np.abs(error), 1e-16), label=name, markevery=8, **line)
    axis.set(xlabel="step h", ylabel="error", ylim=(1e-17, 1e2))


def _own(axis, error, name):
    axis.axhline(max(abs(error), 1e-16), label=name, color=COLORS[2], linestyle=":")
    axis.legend(loc="lower left")


@experiment
def order_of_accuracy():
    """On smooth ground both differences can be made good; at a dent of the egg carton one of them never is."""
    figure, axes = panels(1, 2, "Two places, two differences: error by step")

    def bowl(x):
        return x**2

    def egg_carton(x):
        return x**2 + 1 - np.cos(200 * np.pi * x)

    for axis, f, name in zip(axes[0], (bowl, egg_carton), ("x squared", "egg_carton"), strict=True):
        x, h = 0.37, STEPS
        _errors(axis, h, (f(x + h) - f(x - h)) / (2 * h) - 2 * x, "central", LINES[0])
        _errors(axis, h, (f(x + h) - f(x)) / h - 2 * x, "to one side", LINES[1])
        axis.axhline(1e-6 * (1 + 2 * x), color=COLORS[2], linestyle=":", label="what the grader accepts")
        axis.set(title=f"{name} at x = 0.37", ylim=(1e-17, 1e5))
        axis.legend(loc="upper left")
    return figure
