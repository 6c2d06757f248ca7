"""hw5: good initialisation, and beyond."""

import numpy as np

from grader.assignment import Assignment, Problem
from grader.checks import (
    Array,
    Backward,
    Call,
    Choice,
    Composed,
    Forward,
    Function,
    Initializer,
    Loss,
    Maybe,
    OrthogonalInitializer,
    Property,
    Shape,
    Size,
)

ACTIVATIONS = ("relu", "leaky_relu", "elu", "tanh", "sigmoid", "softplus", "absolute", "linear", "half")
SMALL = {"N": (1, 6), "D": (1, 4), "L": (1, 4)}
FEW = {"N": (1, 6), "D": (1, 5), "M": (1, 4), "L": (1, 3)}

kinds = Choice(("relu", "tanh"))
normalize = Maybe(Choice((True, False)))
# The biases are not rounded, so that no sum in front of relu is zero on paper and something else in float64.
network = {
    "x": Array("N D", ("normal", "integers", "tiny")),
    "w": Array("L D D", ("normal",)),
    "b": Array("L D", ("tiny",)),
    "activation": kinds,
    "normalize": normalize,
}
# Six numbers at least: of one or two, one may be so near the other that tanh of their scaled mean is 1 in float64.
SCALED = {"N": (3, 6), "D": (2, 4), "L": (1, 4)}
drawn = {"x": Array("N D", ("normal", "large", "tiny", "zeros")), "w": Array("L D D", ("normal",)), "activation": kinds}
step = {
    "value": Array("D M", ("normal", "large", "integers")),
    "gradient": Array("D M"),
    "learning_rate": Choice((0.1, 1.0, 1e-3)),
}
tied = {"x": Array("N D", ("normal", "integers", "tiny")), "w": Array("D M", ("normal",))}
rate, steps = Choice((0.02, 0.005, 0.05)), Choice((3, 1, 2, 0))
encoder = {"x": Array("N D", ("normal", "tiny")), "w": Array("D M"), "learning_rate": rate, "steps": steps}
stack = {"x": Array("N D", ("normal", "tiny")), "w": Array("L D D"), "learning_rate": rate, "steps": steps}


# --- what must hold besides -----------------------------------------------------------------------------------


def has_unit_variance(arguments, returned):
    """Send the batch through the returned weights, and look at every layer."""
    signal = arguments["x"]
    for number, weights in enumerate(returned):
        before = signal @ weights
        spread = before.max() - before.min()
        if spread > 1e-9 * np.abs(before).max() and abs(before.var() - 1) > 1e-6:
            return f"the pre-activations of layer {number} have the variance {before.var():.4g}, expected 1."
        signal = np.tanh(before) if arguments["activation"] == "tanh" else np.maximum(0, before)
    return ""


unit_variance = Property(
    {"x": Array("N D", ("normal", "large")), "w": Array("L D D", ("normal",)), "activation": kinds},
    has_unit_variance,
    "every layer has the variance 1",
    sizes={"N": (4, 8), "D": (3, 5), "L": (1, 6)},
)

STEPS = 40


def few_directions(arguments):
    """Return examples in as many equally strong directions as there are units, and a start off them."""
    x, w = arguments["x"], arguments["w"]
    count = w.shape[1]
    sides = [np.linalg.qr(one + 3 * np.eye(len(one), count))[0] for one in (x[:, :count], w)]
    data = 0.3 * np.sqrt(len(x)) * sides[0] @ sides[1].T
    start = 0.5 * np.eye(*w.shape) + 0.2 * sides[1]
    return {"data": data, "start": start, "rate": 1.5, "count": STEPS}


def beats_fewer_directions(arguments, returned):
    """The best linear map through one unit less leaves the part of one direction; a trained encoder leaves less."""
    data, weights = arguments["data"], returned["trained"]
    left = np.sum((np.tanh(data @ weights) @ weights.T - data) ** 2)
    singular = np.linalg.svd(data, compute_uv=False)
    bound = np.sum(singular[weights.shape[1] - 1 :] ** 2)
    if left < bound:
        return ""
    units = weights.shape[1]
    return (
        f"after {STEPS} steps the squared error is {left:.4g}; the best linear map through {units - 1} units leaves "
        f"{bound:.4g}, and {units} trained units should leave less."
    )


learned = Property(
    {"x": Array("N D", ("normal",)), "w": Array("D M", ("normal",))},
    beats_fewer_directions,
    "a trained encoder beats every linear map through one unit less",
    sizes={"N": (8, 12), "D": (4, 6), "M": (2, 3)},
    more=few_directions,
    program={"trained": Call("pretrain_layer", "data", "start", "rate", "count")},
    id="learned",
)


# --- what stands on other functions ---------------------------------------------------------------------------


TRAINED_BY = ("autoencoder_loss", "sgd_step")


def descent(arguments):
    """One call of the loss and one of the step, as often as asked."""
    calls, w = {}, "w"
    for number in range(arguments["steps"]):
        calls[f"loss{number}"] = Call("autoencoder_loss", "x", w)
        calls[f"w{number}"] = Call("sgd_step", w, f"loss{number}[1]", "learning_rate")
        w = f"w{number}"
    return calls


def last_weights(arguments, returned):
    """The weights after the last step."""
    return {"w": returned[f"w{arguments['steps'] - 1}"] if arguments["steps"] else arguments["w"]}


def by_layer(arguments):
    """Return the weights of every layer as an argument of their own."""
    return {f"w{number}": weights for number, weights in enumerate(arguments["w"])}


def layers(arguments):
    """One call of the layer's training and one of the encoder for every layer."""
    calls, h = {}, "x"
    for number in range(len(arguments["w"])):
        calls[f"trained{number}"] = Call("pretrain_layer", h, f"w{number}", "learning_rate", "steps")
        calls[f"h{number}"] = Call("encode", h, f"trained{number}")
        h = f"h{number}"
    return calls


def all_trained(arguments, returned):
    """The trained weights of all layers."""
    return {"w": np.stack([returned[f"trained{number}"] for number in range(len(arguments["w"]))])}


assignment = Assignment(
    name="hw5",
    title="Good initialisation, and beyond",
    read_next="Read next: Pennington, Schoenholz and Ganguli 2017, Resurrecting the sigmoid in deep learning through "
    "dynamical isometry (arXiv:1711.04735), on why orthogonal weights train so fast.",
    problems=(
        Problem(
            "conv_fans",
            "initializers.py",
            4,
            Forward({"shape": Shape("O I K...")}, returns=("fan_in", "fan_out"), sizes={"O": (1, 9), "I": (1, 9)}),
        ),
        Problem("lecun_normal", "initializers.py", 4, Initializer("normal", "1 / fan_in")),
        Problem("truncated_normal", "initializers.py", 8, Initializer("truncated", "1 / fan_in")),
        Problem("pytorch_default", "initializers.py", 4, Initializer("uniform", "2 / ((1 + 5) fan_in)")),
        Problem("orthogonal", "initializers.py", 9, OrthogonalInitializer()),
        Problem(
            "activation_gain",
            "gains.py",
            8,
            Forward({"activation": Function(ACTIVATIONS)}, returns=("gain",), tolerance=1e-6),
        ),
        Problem(
            "random_walk_gain",
            "gains.py",
            4,
            Forward(
                {"width": Size("width"), "activation": Choice(("linear", "relu"))},
                returns=("gain",),
                sizes={"width": (1, 40)},
            ),
        ),
        Problem(
            "fixup_scale",
            "gains.py",
            4,
            Forward(
                {"blocks": Size("L"), "layers": Size("m")},
                returns=("scale",),
                sizes={"L": (1, 60), "m": (2, 6)},
            ),
        ),
        Problem("deep_forward", "deep.py", 8, Forward(network, sizes=SMALL)),
        Problem("deep_backward", "deep.py", 12, Backward("deep_forward", network, kink="deep_kinks", sizes=SMALL)),
        Problem("sgd_step", "deep.py", 2, Forward(step, returns=("new",))),
        Problem(
            "lsuv",
            "deep.py",
            8,
            Forward(drawn, returns=("w",), sizes=SCALED),
            properties=(unit_variance,),
        ),
        Problem("autoencoder_loss", "pretraining.py", 10, Loss(tied, of="w", sizes=FEW)),
        Problem(
            "pretrain_layer",
            "pretraining.py",
            8,
            Forward(
                encoder,
                returns=("w",),
                sizes=FEW,
                composed=Composed(TRAINED_BY, descent, last_weights),
            ),
            properties=(learned,),
        ),
        Problem(
            "layerwise_pretrain",
            "pretraining.py",
            7,
            Forward(
                stack,
                returns=("w",),
                sizes=FEW,
                composed=Composed(("pretrain_layer", "encode", *TRAINED_BY), layers, all_trained, by_layer),
            ),
        ),
    ),
)
