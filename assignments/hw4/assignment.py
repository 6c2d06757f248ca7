"""hw4: the normalisation family."""

import numpy as np

from grader.assignment import Assignment, Problem
from grader.checks import (
    Array,
    Backward,
    Call,
    Choice,
    Divisor,
    Forward,
    Generator,
    Maybe,
    Part,
    Property,
    RandomBackward,
    RandomLayer,
    Record,
)

BATCH = ("normal", "offset", "tiny", "large", "constant_columns", "constant_rows", "integers", "far_offset")
IMAGES = ("normal", "offset", "tiny", "constant_rows", "integers", "far_offset")
FAR = ("far_offset",)
SMALL = {"N": (1, 4), "C": (1, 6), "H": (1, 3), "W": (1, 3)}
FEW = {"N": (1, 6), "D": (1, 5), "M": (1, 5)}

eps = Choice((1e-5, 1e-8, 1e-3, 0.2))
momentum = Choice((0.9, 0.5, 0.1, 0.99))
only_eps = Record({"eps": Maybe(eps)})

features = Array("N D", BATCH)
images = Array("N C H W", IMAGES)
by_feature = Array("D", ("far_from_one",))
by_channel = Array("C", ("far_from_one",))
by_unit = Array("M", ("far_from_one",))

BOTH, TRAIN = Choice(("train", "test")), Choice(("train",))
MODE = "bn_param.mode"
MODES = (
    Part("train", ("out",), 6, "output in training", {MODE: "train"}),
    Part("test", ("out",), 3, "output at test time", {MODE: "test"}),
    Part("running", ("running_mean", "running_var"), 3, "running statistics"),
)


def bn_param(mode: Choice, axis: str) -> Record:
    """Return what batch normalisation keeps, in the given modes."""
    mean, var = Array(axis, ("offset",)), Array(axis, ("positive",))
    running = {"running_mean": Maybe(mean), "running_var": Maybe(var)}
    return Record({"mode": mode, "eps": Maybe(eps), "momentum": Maybe(momentum), **running})


layer = {"x": features, "gamma": by_feature, "beta": by_feature, "ln_param": only_eps}
instance = {"x": images, "gamma": by_channel, "beta": by_channel, "in_param": only_eps}
group = {"x": images, "gamma": by_channel, "beta": by_channel, "groups": Divisor("C"), "gn_param": only_eps}


def spatial(mode: Choice) -> dict:
    """Return the inputs of spatial_batchnorm_forward in the given modes."""
    return {"x": images, "gamma": by_channel, "beta": by_channel, "bn_param": bn_param(mode, "C")}


running = {"running_mean": Array("D", ("offset",)), "running_var": Array("D", ("positive",))}
frozen = {
    "x": Array("N D", ("normal", "offset", "large", "integers")),
    "gamma": by_feature,
    "beta": by_feature,
    "bn_param": Record({"mode": BOTH, "eps": Maybe(eps), **running}),
}
folded = {
    "w": Array("D M", ("normal", "integers", "tiny")),
    "b": Array("M"),
    "gamma": by_unit,
    "beta": by_unit,
    "running_mean": Array("M", ("offset",)),
    "running_var": Array("M", ("positive",)),
    "eps": Maybe(eps),
}
batches = {"batches": Array("B m D", ("normal", "offset", "tiny", "large", "integers", "far_offset"))}


def block(mode: Choice, bias: tuple[str, ...] = ("normal", "integers")) -> dict:
    """Return the inputs of a block's forward in the given modes."""
    x = Array("N D", ("normal", "integers", "offset"))
    param = bn_param(mode, "M")
    return {"x": x, "w": Array("D M"), "b": Array("M", bias), "gamma": by_unit, "beta": by_unit, "bn_param": param}


# With a bias that is not rounded, no sum in front of relu is zero on paper and something else in float64.
ROUGH = ("tiny",)
noisy = {
    "x": Array("N D", ("normal", "ties", "large")),
    "dropout_param": Record({"mode": BOTH, "p": Choice((0.5, 0.3, 0.8, 1.0)), "rng": Generator()}),
}
moments = {
    "mean": Array("D", ("normal", "offset", "integers")),
    "var": Array("D", ("positive",)),
    "p": Choice((0.5, 0.8, 0.25, 1.0)),
}
correlated = {
    "x": Array("N D", ("normal", "integers", "offset", "constant_columns")),
    "eps": Maybe(Choice((1e-3, 0.1, 1.0))),
}
drifting = {
    "u": Array("N D", ("normal", "offset", "integers")),
    "b": Array("D"),
    "target": Array("N D", ("normal",)),
    "learning_rate": Choice((0.1, 0.02, 0.5)),
    "steps": Choice((3, 1, 5, 0)),
}


# --- what must hold besides -----------------------------------------------------------------------------------


# What holds of a formula holds of every case: a dozen of each are enough to see that it does not.
ENOUGH = 12


def near(first: np.ndarray, second: np.ndarray, size: float = 1.0) -> bool:
    """Whether two arrays agree but for rounding, and for a small eps."""
    return first.shape == second.shape and bool(np.all(np.abs(first - second) <= 1e-6 * (size + np.abs(second))))


UNFIT = "the output is no array of finite numbers in the shape of x: that comes first, and nothing can be said of this."


def is_unfit(out: np.ndarray, x: np.ndarray) -> bool:
    """Whether an output says nothing of a property, since it is wrong in a plainer way."""
    return np.shape(out) != x.shape or not bool(np.isfinite(out).all())


def stands_alone(arguments, returned):
    """Layer normalisation of one example is the same, whatever else is in the batch."""
    alone, together = returned["alone"][0], returned["together"][0]
    if is_unfit(alone, arguments["first"]) or is_unfit(together, arguments["x"]):
        return UNFIT
    if near(alone, together[:1]):
        return ""
    return "the first example comes out otherwise when the rest of the batch is gone: mu and var belong to one example."


independent = Property(
    {"x": Array("N D", ("normal", "offset")), "gamma": by_feature, "beta": by_feature, "ln_param": only_eps},
    stands_alone,
    "an example's output does not depend on the batch",
    more=lambda arguments: {"first": arguments["x"][:1]},
    program={
        "together": Call("layernorm_forward", "x", "gamma", "beta", "ln_param", keep=(1,)),
        "alone": Call("layernorm_forward", "first", "gamma", "beta", "ln_param", keep=(1,)),
    },
    id="independent",
    fewest=ENOUGH,
)


def ignores_contrast(arguments, returned):
    """Brightness and contrast of an image are taken out by the means and variances of its own planes."""
    if is_unfit(returned["plain"][0], arguments["x"]) or is_unfit(returned["brighter"][0], arguments["x"]):
        return UNFIT
    if near(returned["plain"][0], returned["brighter"][0]):
        return ""
    return (
        "an image that is brighter and has more contrast comes out otherwise: its own mean and variance undo that, "
        "up to eps, which is 1e-12 here."
    )


def brighten(arguments):
    """Return the images brighter, and with more contrast, each in its own way."""
    more = (2.0 + np.arange(len(arguments["x"]))).reshape(-1, 1, 1, 1)
    return {"changed": arguments["x"] * more + 3.0}


no_eps = Record({"eps": Choice((1e-12,))})
contrast = Property(
    {"x": Array("N C H W", ("normal",)), "gamma": by_channel, "beta": by_channel, "in_param": no_eps},
    ignores_contrast,
    "brightness and contrast of an image make no difference",
    sizes={"N": (1, 3), "C": (1, 4), "H": (2, 4), "W": (2, 4)},
    more=brighten,
    program={
        "plain": Call("instancenorm_forward", "x", "gamma", "beta", "in_param", keep=(1,)),
        "brighter": Call("instancenorm_forward", "changed", "gamma", "beta", "in_param", keep=(1,)),
    },
    id="contrast",
    fewest=ENOUGH,
)

plain_block = {
    "x": Array("N D", ("normal",)),
    "w": Array("D M", ("normal",)),
    "b": Array("M", ("normal",)),
    "gamma": by_unit,
    "beta": by_unit,
    "bn_param": Record({"mode": TRAIN, "eps": Choice((1e-10,))}),
    "dout": Array("N M", ("normal",)),
}
WIDE = {"N": (4, 7), "D": (3, 5), "M": (1, 4)}
NORM = ("gamma", "beta", "bn_param")


def bias_does_nothing(arguments, returned):
    """The mean takes a bias away again: another bias gives the same output, and there is no gradient by it."""
    if not near(returned["forward"][0], returned["other"][0]):
        return "another bias changes the output, though the mean that is subtracted has it in it too."
    db, size = returned["gradients"][2], np.abs(returned["gradients"][1]).max()
    if np.all(np.abs(db) <= 1e-6 * (1.0 + size)):
        return ""
    return "db is not zero, though no bias changes the output: its paths, that through the mean too, add up to zero."


redundant = Property(
    plain_block,
    bias_does_nothing,
    "a bias in front of the normalisation does nothing",
    sizes=WIDE,
    more=lambda arguments: {"other_bias": arguments["b"] + 3.0},
    program={
        "forward": Call("affine_bn_relu_forward", "x", "w", "b", *NORM, keep=(1,)),
        "other": Call("affine_bn_relu_forward", "x", "w", "other_bias", *NORM, keep=(1,)),
        "gradients": Call("affine_bn_relu_backward", "dout", "forward[1]"),
    },
    id="bias_redundant",
    fewest=ENOUGH,
)


def weights_have_no_size(arguments, returned):
    """Twice the weights of a unit give the same output: its gradient is orthogonal to them, and half as large."""
    w, dw, halved = arguments["w"], returned["gradients"][1], returned["halved"][1]
    if not near(returned["forward"][0], returned["larger"][0]):
        return (
            "weights and bias of twice the size change the output, though they are divided by their own spread; "
            "only eps is not, and what is given as eps is next to nothing here."
        )
    if np.any(np.abs((w * dw).sum(axis=0)) > 1e-6 * (1.0 + np.abs(w).max() * np.abs(dw).sum())):
        return "<w, dw> of a unit is not zero: along its own weights the output does not change, so the slope is zero."
    if not near(2 * halved, dw, float(np.abs(dw).max())):
        return "weights of twice the size must have gradients of half the size."
    return ""


invariant = Property(
    plain_block,
    weights_have_no_size,
    "the size of a unit's weights makes no difference",
    sizes=WIDE,
    more=lambda arguments: {"twice_w": 2.0 * arguments["w"], "twice_b": 2.0 * arguments["b"]},
    program={
        "forward": Call("affine_bn_relu_forward", "x", "w", "b", *NORM, keep=(1,)),
        "larger": Call("affine_bn_relu_forward", "x", "twice_w", "twice_b", *NORM, keep=(1,)),
        "gradients": Call("affine_bn_relu_backward", "dout", "forward[1]"),
        "halved": Call("affine_bn_relu_backward", "dout", "larger[1]"),
    },
    id="scale_invariant",
    fewest=ENOUGH,
)

# Two blocks, one behind the other; the second has as many inputs as units.
STEP = 1e-3
MOVES = (-2, -1, 1, 2)
network = {
    **plain_block,
    "w2": Array("M M", ("normal",)),
    "bn_param": Record({"mode": TRAIN, "eps": Choice((0.1,))}),
}


def moved(arguments):
    """Return the first weights moved by -2, -1, 1 and 2 steps along a direction of their own."""
    w = arguments["w"]
    direction = np.cos(1.0 + np.arange(w.size)).reshape(w.shape)
    return {"direction": direction, **{f"w_{k + 2}": w + k * STEP * direction for k in MOVES}}


def slope_of_the_whole(arguments, returned):
    """The gradient through both blocks, against the numerical gradient of both forwards."""
    keys = [str(k + 2) for k in MOVES]
    sides = [arguments["x"] @ arguments[f"w_{k}"] + arguments["b"] > 0 for k in keys]
    hidden = [returned[f"one_{k}"][0] @ arguments["w2"] + arguments["b"] > 0 for k in keys]
    if any(not np.array_equal(one, some[0]) for some in (sides, hidden) for one in some):
        return ""  # A unit switches on or off on the way: there is no one slope.
    values = [np.sum(arguments["dout"] * returned[f"two_{k}"][0]) for k in keys]
    numerical = (8 * (values[2] - values[1]) - (values[3] - values[0])) / (12 * STEP)
    analytic = np.sum(returned["back"][1] * arguments["direction"])
    if abs(numerical - analytic) <= 1e-6 * (1.0 + abs(numerical) + np.abs(returned["back"][1]).sum()):
        return ""
    return (
        f"through two blocks the slope along a direction of w is {analytic:.6g} by your gradients and {numerical:.6g} "
        "by the numerical gradient of your forwards."
    )


chained = Property(
    network,
    slope_of_the_whole,
    "numerical gradient through two blocks",
    sizes={"N": (4, 7), "D": (2, 4), "M": (2, 4)},
    more=moved,
    program={
        "one": Call("affine_relu_bn_forward", "x", "w", "b", *NORM, keep=(1,)),
        "two": Call("affine_relu_bn_forward", "one[0]", "w2", "b", *NORM, keep=(1,)),
        "behind": Call("affine_relu_bn_backward", "dout", "two[1]"),
        "back": Call("affine_relu_bn_backward", "behind[0]", "one[1]"),
        **{
            f"{name}_{k + 2}": Call("affine_relu_bn_forward", *inputs, "b", *NORM, keep=(1,))
            for k in MOVES
            for name, inputs in (("one", ("x", f"w_{k + 2}")), ("two", (f"one_{k + 2}[0]", "w2")))
        },
    },
    id="whole_network",
    fewest=ENOUGH,
)


def kink_of_relu_bn(x, w, b, *rest):
    """Relu comes first there: its kink is where the affine layer's output is zero."""
    return x @ w + b


OUT_AND_RUNNING = (
    Part("out", ("out",), 3, "output"),
    Part("running", ("running_mean", "running_var"), 1, "running statistics stay as they are"),
)

assignment = Assignment(
    name="hw4",
    title="The normalisation family",
    read_next="Read next: Yang and others 2019, A mean field theory of batch normalization (arXiv:1902.08129), "
    "on why gradients explode with depth; hw5 shows what to do about it.",
    problems=(
        Problem("layernorm_forward", "norms.py", 6, Forward(layer, extreme=FAR), properties=(independent,)),
        Problem("layernorm_backward", "norms.py", 8, Backward("layernorm_forward", layer, extreme=FAR)),
        Problem(
            "instancenorm_forward",
            "norms.py",
            4,
            Forward(instance, extreme=FAR, sizes=SMALL),
            properties=(contrast,),
        ),
        Problem(
            "instancenorm_backward",
            "norms.py",
            5,
            Backward("instancenorm_forward", instance, extreme=FAR, sizes=SMALL),
        ),
        Problem("groupnorm_forward", "norms.py", 6, Forward(group, extreme=FAR, sizes=SMALL)),
        Problem("groupnorm_backward", "norms.py", 7, Backward("groupnorm_forward", group, extreme=FAR, sizes=SMALL)),
        Problem(
            "spatial_batchnorm_forward",
            "norms.py",
            7,
            Forward(spatial(BOTH), parts=MODES, extreme=FAR, sizes=SMALL),
        ),
        Problem(
            "spatial_batchnorm_backward",
            "norms.py",
            6,
            Backward("spatial_batchnorm_forward", spatial(TRAIN), extreme=FAR, sizes=SMALL),
        ),
        Problem(
            "population_statistics",
            "inference.py",
            4,
            Forward(batches, returns=("mean", "var"), extreme=FAR, sizes={"B": (1, 5), "m": (2, 6), "D": (1, 4)}),
        ),
        Problem("fold_batchnorm", "inference.py", 5, Forward(folded, returns=("w_folded", "b_folded"), sizes=FEW)),
        Problem("frozen_batchnorm_forward", "inference.py", 3, Forward(frozen, parts=OUT_AND_RUNNING)),
        Problem("frozen_batchnorm_backward", "inference.py", 4, Backward("frozen_batchnorm_forward", frozen)),
        Problem("affine_bn_relu_forward", "blocks.py", 3, Forward(block(BOTH), parts=MODES, sizes=FEW)),
        Problem(
            "affine_bn_relu_backward",
            "blocks.py",
            6,
            Backward("affine_bn_relu_forward", block(TRAIN), kink=True, sizes=FEW),
            properties=(redundant, invariant),
        ),
        Problem("affine_relu_bn_forward", "blocks.py", 3, Forward(block(BOTH, ROUGH), parts=MODES, sizes=FEW)),
        Problem(
            "affine_relu_bn_backward",
            "blocks.py",
            5,
            Backward("affine_relu_bn_forward", block(TRAIN, ROUGH), kink=kink_of_relu_bn, sizes=FEW),
            properties=(chained,),
        ),
        Problem("dropout_forward", "dropout.py", 5, RandomLayer(noisy)),
        Problem("dropout_backward", "dropout.py", 3, RandomBackward("dropout_forward", noisy)),
        Problem("variance_under_dropout", "dropout.py", 2, Forward(moments, returns=("train_var",))),
        Problem(
            "whiten",
            "whitening.py",
            5,
            Forward(correlated, returns=("out", "matrix"), sizes={"N": (1, 8), "D": (1, 5)}),
        ),
        Problem("bias_drift", "whitening.py", 3, Forward(drifting, returns=("biases", "out"), sizes=FEW)),
    ),
)
