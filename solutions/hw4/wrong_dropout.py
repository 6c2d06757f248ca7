"""Wrong versions of dropout, and of the variance that it leaves."""

import numpy as np
from dropout import dropout_backward, dropout_forward, variance_under_dropout

from grader.catalogue import Mistakes

MISTAKES = Mistakes()
mistake = MISTAKES.add
FORWARD = "See 'Inverted dropout' in the handout."
BACK = "See 'The way back through dropout' in the handout."
SHIFT = "See 'Dropout and batch normalisation' in the handout."


def _masked(draw):
    """Return a dropout whose mask in training is `draw(shape, p, rng)`; test mode is right."""

    def forward(x, dropout_param):
        if dropout_param["mode"] == "test":
            return dropout_forward(x, dropout_param)
        mask = draw(x.shape, dropout_param["p"], dropout_param["rng"])
        return x * mask, mask

    return forward


mistake(
    "dropout-keep-and-drop-confused",
    "dropout_forward",
    "p is taken for the probability to drop: an entry is kept with 1 - p. In this homework p is the "
    f"probability to *keep* (as in the first papers); libraries often mean the other. {FORWARD}",
)(_masked(lambda shape, p, rng: (rng.random(shape) < 1 - p) / p))

mistake(
    "dropout-keep-and-drop-confused-throughout",
    "dropout_forward",
    "p is the probability to drop here, in the mask and in the scale alike: a right layer for the other "
    f"convention. In this homework p is the probability to *keep*. {FORWARD}",
)(_masked(lambda shape, p, rng: (rng.random(shape) >= p) / (1 - p)))

mistake(
    "dropout-scale-missing",
    "dropout_forward",
    "What is kept is not divided by p, so the expected output is p x in training and x at test time. "
    f"Inverted dropout puts the scale into training. {FORWARD}",
)(_masked(lambda shape, p, rng: 1.0 * (rng.random(shape) < p)))

mistake(
    "dropout-scale-of-the-dropped",
    "dropout_forward",
    "What is kept is divided by 1 - p. The expected value of a mask is p, so p is what to divide by to "
    f"get x back on average. {FORWARD}",
)(_masked(lambda shape, p, rng: (rng.random(shape) < p) / (1 - p)))

mistake(
    "dropout-multiplied-by-p",
    "dropout_forward",
    "What is kept is multiplied by p, not divided: twice in the wrong direction. The kept entries have to "
    f"make up for the dropped ones. {FORWARD}",
)(_masked(lambda shape, p, rng: (rng.random(shape) < p) * p))

mistake(
    "dropout-one-mask-for-all",
    "dropout_forward",
    "One mask, with an entry for each feature, serves all examples. Every entry of the array is kept or "
    f"dropped by itself. {FORWARD}",
)(_masked(lambda shape, p, rng: np.broadcast_to((rng.random(shape[1]) < p) / p, shape)))

mistake(
    "dropout-whole-examples",
    "dropout_forward",
    "One number is drawn for each example, so all of its features stay or go together. Every entry of the "
    f"array is drawn by itself. {FORWARD}",
)(_masked(lambda shape, p, rng: np.broadcast_to((rng.random((shape[0], 1)) < p) / p, shape)))

mistake(
    "dropout-global-generator",
    "dropout_forward",
    "The mask comes from NumPy's global generator. Only what is drawn from the rng that was passed in can "
    f"be repeated, and tested. {FORWARD}",
)(_masked(lambda shape, p, rng: (np.random.rand(*shape) < p) / p))

mistake(
    "dropout-normal-draws",
    "dropout_forward",
    "The draws that are compared with p are normal, not uniform: half of them are below 0. A uniform "
    f"number of [0, 1) is below p with probability p. {FORWARD}",
)(_masked(lambda shape, p, rng: (rng.standard_normal(shape) < p) / p))


@mistake(
    "dropout-scaled-at-test-time",
    "dropout_forward",
    "Test mode multiplies by p. That belongs to the other form of dropout, which does not scale in "
    f"training; scaled in training already, nothing is left to do. {FORWARD}",
)
def dropout_scaled_at_test_time(x, dropout_param):
    out, cache = dropout_forward(x, dropout_param)
    return (out * dropout_param["p"], cache) if dropout_param["mode"] == "test" else (out, cache)


@mistake(
    "dropout-at-test-time",
    "dropout_forward",
    "Entries are dropped in test mode too. At test time the layer does nothing: a prediction should not "
    f"depend on a draw. {FORWARD}",
)
def dropout_at_test_time(x, dropout_param):
    return dropout_forward(x, {**dropout_param, "mode": "train"})


@mistake(
    "dropout-plain-not-inverted",
    "dropout_forward",
    "This is the first, plain form of dropout: unscaled in training, multiplied by p at test time. Asked "
    f"is the inverted one, which scales in training and leaves test time alone. {FORWARD}",
)
def dropout_plain(x, dropout_param):
    p = dropout_param["p"]
    if dropout_param["mode"] == "test":
        return x * p, None
    mask = 1.0 * (dropout_param["rng"].random(x.shape) < p)
    return x * mask, mask


# --- backward -----------------------------------------------------------------------------------------------


@mistake(
    "dropout-backward-mask-forgotten",
    "dropout_backward",
    "dout is passed on as it is. What was dropped had no effect on the output, so its gradient is zero; "
    f"what was kept was scaled, so its gradient is too. {BACK}",
)
def dropout_backward_mask_forgotten(dout, cache):
    return dout.copy()


@mistake(
    "dropout-backward-scale-forgotten",
    "dropout_backward",
    "The gradient goes through the mask but is not divided by p. The forward multiplied the kept entries "
    f"by 1 / p, and a factor stays in the derivative. {BACK}",
)
def dropout_backward_scale_forgotten(dout, cache):
    return dout.copy() if cache is None else dout * (cache > 0)


@mistake(
    "dropout-backward-scaled-twice",
    "dropout_backward",
    f"The gradient is divided by p twice: the mask in the cache has the scale in it already. {BACK}",
)
def dropout_backward_scaled_twice(dout, cache):
    return dropout_backward(dropout_backward(dout, cache), cache)


@mistake(
    "dropout-backward-mask-inverted",
    "dropout_backward",
    "The gradient goes to the entries that were dropped, and not to those that were kept: the mask is the "
    f"wrong way round. {BACK}",
)
def dropout_backward_mask_inverted(dout, cache):
    return dout.copy() if cache is None else dout * (cache == 0)


# --- the variance -------------------------------------------------------------------------------------------


@mistake(
    "dropout-variance-without-mean",
    "variance_under_dropout",
    "The result is var / p, which is right for features of mean zero only. A feature that is always 3 has "
    f"no variance before dropout and much after it. {SHIFT}",
)
def dropout_variance_without_mean(mean, var, p):
    return var / p + 0 * mean


@mistake(
    "dropout-variance-unscaled",
    "variance_under_dropout",
    "This is the variance without the division by p: that of the plain mask times x. Inverted dropout "
    f"makes everything larger by 1 / p. {SHIFT}",
)
def dropout_variance_unscaled(mean, var, p):
    return variance_under_dropout(mean, var, p) * p**2


@mistake(
    "dropout-variance-square-not-subtracted",
    "variance_under_dropout",
    f"This is the expected square of the output, not its variance: the square of its mean is still in it. {SHIFT}",
)
def dropout_variance_square_not_subtracted(mean, var, p):
    return variance_under_dropout(mean, var, p) + mean**2


@mistake(
    "dropout-variance-of-the-dropped",
    "variance_under_dropout",
    "p is taken for the probability to drop. Here it is the probability to keep, so a small p means much noise. "
    f"{SHIFT}",
)
def dropout_variance_of_the_dropped(mean, var, p):
    return variance_under_dropout(mean, var, max(1 - p, 1e-3))
