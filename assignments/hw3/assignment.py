"""hw3: backward passes, initialisation, batch normalisation."""

from grader.assignment import Assignment, Problem
from grader.checks import (
    Array,
    Backward,
    Choice,
    Forward,
    Generator,
    Initializer,
    Labels,
    Loss,
    Maybe,
    NetworkInitializer,
    Part,
    Record,
    Size,
)

MATRIX = ("normal", "ties", "integers", "large", "tiny")
BATCH = ("normal", "offset", "tiny", "large", "constant_columns", "integers", "far_offset")

layer = {"x": Array("N D...", MATRIX)}
affine = {"x": Array("N D...", ("normal", "large", "tiny", "integers")), "w": Array("D M"), "b": Array("M")}
leaky = {"x": Array("N D...", MATRIX), "negative_slope": Maybe(Choice((0.01, 0.2, 1.5, 0.0)))}
squashed = {"x": Array("N D", ("normal", "wide", "ties", "tiny", "huge"))}

scores = {
    "x": Array("N C", ("normal", "wide", "ties", "constant_columns", "tiny", "huge", "apart")),
    "y": Labels("N", "C"),
}
targets = {"h": Array("N D", ("normal", "large", "tiny", "ties", "integers")), "z": Array("N D")}

hidden = {"x": Array("N D"), "w": Array("D M"), "b": Array("M")}

slope = {
    "fan_in": Size("fan_in"),
    "fan_out": Size("fan_out"),
    "rng": Generator(),
    "negative_slope": Maybe(Choice((0.0, 0.01, 0.2, 0.5))),
}

eps = Choice((1e-5, 1e-8, 1e-3, 0.2))
momentum = Choice((0.9, 0.5, 0.1, 0.99))
running = {"running_mean": Maybe(Array("D", ("offset",))), "running_var": Maybe(Array("D", ("positive",)))}


def norm(mode: Choice) -> dict:
    """Return the inputs of batchnorm_forward in the given modes."""
    param = Record({"mode": mode, "eps": Maybe(eps), "momentum": Maybe(momentum), **running})
    gain = Array("D", ("far_from_one",))
    return {"x": Array("N D", BATCH), "gamma": gain, "beta": gain, "bn_param": param}


training = norm(Choice(("train",)))
MODE = "bn_param.mode"

assignment = Assignment(
    name="hw3",
    title="Backward passes, initialisation, batch normalisation",
    read_next="Read next: Santurkar and others 2018, How does batch normalization help optimization? "
    "(arXiv:1805.11604), and 'Worth knowing' in the handout.",
    problems=(
        Problem("affine_backward", "layers.py", 8, Backward("affine_forward", affine)),
        Problem("relu_backward", "layers.py", 4, Backward("relu_forward", layer, kink=True)),
        Problem("leaky_relu_backward", "layers.py", 3, Backward("leaky_relu_forward", leaky, kink=True)),
        Problem("sigmoid_backward", "layers.py", 3, Backward("sigmoid_forward", squashed, extreme=("huge",))),
        Problem("tanh_backward", "layers.py", 3, Backward("tanh_forward", squashed, extreme=("huge",))),
        Problem("squared_loss", "layers.py", 3, Loss(targets, gradient="dh")),
        Problem("softmax_loss", "layers.py", 5, Loss(scores, extreme=("huge", "apart"), sizes={"C": (2, 7)})),
        Problem(
            "affine_relu_backward",
            "layers.py",
            4,
            Backward("affine_relu_forward", hidden, kink=True, parts=("affine", "relu")),
        ),
        Problem("xavier_normal", "initializers.py", 6, Initializer("normal", "2 / (fan_in + fan_out)")),
        Problem("xavier_uniform", "initializers.py", 5, Initializer("uniform", "2 / (fan_in + fan_out)")),
        Problem("he_normal", "initializers.py", 6, Initializer("normal", "2 / ((1 + slope^2) fan_in)", slope)),
        Problem("he_uniform", "initializers.py", 5, Initializer("uniform", "2 / ((1 + slope^2) fan_in)", slope)),
        Problem(
            "init_network",
            "initializers.py",
            8,
            NetworkInitializer(
                activations=("relu", "leaky_relu", "tanh", "sigmoid", "linear"),
                deep=("relu", "tanh"),
                parts=("he_normal", "xavier_normal"),
            ),
        ),
        Problem(
            "batchnorm_forward",
            "batchnorm.py",
            12,
            Forward(
                norm(Choice(("train", "test"))),
                parts=(
                    Part("train", ("out",), 6, "output in training", {MODE: "train"}),
                    Part("test", ("out",), 3, "output at test time", {MODE: "test"}),
                    Part("running", ("running_mean", "running_var"), 3, "running statistics"),
                ),
                extreme=("far_offset",),
            ),
        ),
        Problem(
            "batchnorm_backward_steps",
            "batchnorm.py",
            7,
            Backward(
                "batchnorm_forward",
                training,
                gradients=("dxhat", "da", "db", "dc", "de", "dvar", "dmu"),
                edges=True,
                extreme=("far_offset",),
            ),
        ),
        Problem(
            "batchnorm_backward",
            "batchnorm.py",
            12,
            Backward("batchnorm_forward", training, extreme=("far_offset",), made_of="batchnorm_backward_steps"),
        ),
        Problem(
            "batchnorm_backward_alt",
            "batchnorm.py",
            6,
            Backward("batchnorm_forward", training, extreme=("far_offset",)),
        ),
    ),
)
