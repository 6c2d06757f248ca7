"""hw2: activations, losses, and what impedes learning."""

from grader.assignment import Assignment, Problem
from grader.checks import Array, Backward, Choice, Forward, Labels, Loss, Maybe, Part


def margins_of_all_pairs(x, y):
    """Return x[i, j] - x[i, k] + 1 for every pair of classes: where the hinge loss has a kink, one of them is zero."""
    return x[:, :, None] - x[:, None, :] + 1


KINKED = ("normal", "ties", "integers", "large", "tiny")
CURVED = ("normal", "wide", "ties", "tiny", "huge")
BATCH = ("normal", "offset", "tiny", "large", "constant_columns", "integers", "far_offset")

squashed = {"x": Array("N D...", CURVED)}
layer = {"x": Array("N D...", KINKED)}
leaky = {"x": Array("N D...", KINKED), "negative_slope": Maybe(Choice((0.01, 0.2, 1.5, 0.0)))}
elu = {"x": Array("N D...", (*CURVED, "integers")), "alpha": Maybe(Choice((0.3, 2.0, 1.5)))}

targets = {"h": Array("N D...", ("normal", "large", "tiny", "ties", "integers")), "z": Array("N D...")}
scores = {
    "x": Array("N C", ("normal", "wide", "ties", "constant_columns", "tiny", "huge", "apart")),
    "y": Labels("N", "C"),
}
margins = {"x": Array("N C", ("normal", "ties", "bits", "integers", "tiny", "wide", "large")), "y": Labels("N", "C")}
classes = {"C": (2, 7)}
weights = {"w": Array("D M...", ("normal", "large", "tiny", "ties")), "strength": Choice((0.1, 1e-3, 2.0, 0.5))}

sets = {
    "train": Array("N D", BATCH),
    "test": Array("K D", ("normal", "offset", "large", "integers", "far_offset")),
    "eps": Maybe(Choice((1e-8, 1e-3, 0.2))),
}
slopes = {
    "slope": Array("N M", ("normal", "ties", "tiny", "integers")),
    "threshold": Maybe(Choice((0.5, 0.0, 1.0))),
}
outputs = {"h": Array("N M", ("partly_constant", "normal", "ties", "constant_columns", "tiny", "offset"))}
# Whole numbers and halves only: their sums are exact, so no sign is a matter of rounding.
gradients = {"gradients": Array("N D M", ("integers", "one_sign", "ties", "zeros"))}
few = {"N": (1, 4), "D": (1, 3), "M": (1, 2)}
signals = {"x": Array("N D", ("normal", "large", "tiny", "integers")), "dz": Array("N M")}
SMALL = ("normal", "ties", "tiny")
deep = {"x": Array("N D", SMALL), "w": Array("L D D", SMALL), "dout": Array("N D", ("normal", "large"))}
hidden = {
    # Copies in all three, in the weights only, in all but the weights out, and but for 1e-9 in the bias.
    "w_in": Array("D M", ("bits", "repeated", "zeros", "equal")),
    "b": Array("M", ("nearly_bits", "bits", "repeated", "equal")),
    "w_out": Array("M C", ("bits", "repeated", "zeros")),
}

assignment = Assignment(
    name="hw2",
    title="Activations, losses, and what impedes learning",
    read_next="Read next: Glorot and Bengio 2010, Understanding the difficulty of training deep feedforward "
    "neural networks; hw3 builds on it.",
    problems=(
        Problem("sigmoid_forward", "activations.py", 3, Forward(squashed, extreme=("huge",))),
        Problem("sigmoid_backward", "activations.py", 3, Backward("sigmoid_forward", squashed, extreme=("huge",))),
        Problem("tanh_forward", "activations.py", 2, Forward(squashed, extreme=("huge",))),
        Problem("tanh_backward", "activations.py", 3, Backward("tanh_forward", squashed, extreme=("huge",))),
        Problem("relu_forward", "activations.py", 2, Forward(layer)),
        Problem("relu_backward", "activations.py", 3, Backward("relu_forward", layer, kink=True)),
        Problem("leaky_relu_forward", "activations.py", 2, Forward(leaky)),
        Problem("leaky_relu_backward", "activations.py", 3, Backward("leaky_relu_forward", leaky, kink=True)),
        Problem("softplus_forward", "activations.py", 3, Forward(squashed, extreme=("huge",))),
        Problem("softplus_backward", "activations.py", 3, Backward("softplus_forward", squashed, extreme=("huge",))),
        Problem("elu_forward", "activations.py", 3, Forward(elu, extreme=("huge",))),
        Problem("elu_backward", "activations.py", 4, Backward("elu_forward", elu, kink=True, extreme=("huge",))),
        Problem("squared_loss", "losses.py", 4, Loss(targets, gradient="dh")),
        Problem("softmax_loss", "losses.py", 8, Loss(scores, extreme=("huge", "apart"), sizes=classes)),
        Problem("svm_loss", "losses.py", 8, Loss(margins, kink=margins_of_all_pairs, sizes=classes)),
        Problem("l2_penalty", "losses.py", 3, Loss(weights)),
        Problem(
            "standardize",
            "impediments.py",
            7,
            Forward(
                sets,
                returns=("train_out", "test_out"),
                parts=(
                    Part("train", ("train_out",), 1, "the training set"),
                    Part("test", ("test_out",), 1, "the test set"),
                ),
                extreme=("far_offset",),
            ),
        ),
        Problem("saturated_fraction", "impediments.py", 5, Forward(slopes, returns=("fraction",))),
        Problem("dead_units", "impediments.py", 6, Forward(outputs, returns=("dead",))),
        Problem("per_example_gradients", "impediments.py", 6, Forward(signals, returns=("gradients",))),
        Problem("sign_agreement", "impediments.py", 5, Forward(gradients, returns=("each", "batch"), sizes=few)),
        Problem("gradient_norms", "impediments.py", 8, Forward(deep, returns=("norms",), sizes={"L": (1, 10)})),
        Problem(
            "identical_units",
            "impediments.py",
            6,
            Forward(hidden, returns=("first",), sizes={"D": (1, 2), "M": (3, 8), "C": (1, 2)}),
        ),
    ),
)
