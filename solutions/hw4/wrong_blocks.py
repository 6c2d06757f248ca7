"""Wrong versions of the two blocks: what gets lost or exchanged when layers are put together."""

import numpy as np
from blocks import (
    affine_bn_relu_backward,
    affine_bn_relu_forward,
    affine_relu_bn_backward,
    affine_relu_bn_forward,
)

from grader.catalogue import Mistakes

MISTAKES = Mistakes()
mistake = MISTAKES.add
ORDER = "See 'Before or after the activation' in the handout."
BACK = "See 'The way back through a block' in the handout."


def _normalise_back(dout, kept):
    """Return batch normalisation's gradient by its input, from the cache of the reference."""
    xhat, b, gamma = kept
    dxhat = dout * gamma
    return b * (dxhat - dxhat.mean(axis=0) - xhat * (dxhat * xhat).mean(axis=0))


# --- affine, batch normalisation, relu -----------------------------------------------------------------------


@mistake(
    "bn-relu-forward-other-order",
    "affine_bn_relu_forward",
    f"Relu comes before the normalisation. Here it comes last: the name of the block says the order. {ORDER}",
)
def bn_relu_forward_other_order(x, w, b, gamma, beta, bn_param):
    out, _ = affine_relu_bn_forward(x, w, b, gamma, beta, dict(bn_param))
    return out, affine_bn_relu_forward(x, w, b, gamma, beta, bn_param)[1]


@mistake(
    "bn-relu-forward-relu-forgotten",
    "affine_bn_relu_forward",
    f"The output is not rectified: it may be negative. The last step of the block is relu. {ORDER}",
)
def bn_relu_forward_relu_forgotten(x, w, b, gamma, beta, bn_param):
    out, cache = affine_bn_relu_forward(x, w, b, gamma, beta, dict(bn_param))
    below, _ = affine_bn_relu_forward(x, w, b, -gamma, -beta, bn_param)
    return out - below, cache


@mistake(
    "bn-relu-forward-batch-at-test-time",
    "affine_bn_relu_forward",
    "In test mode the batch's own statistics normalise. A block passes the mode on: at test time the "
    f"running statistics are used. {ORDER}",
)
def bn_relu_forward_batch_at_test_time(x, w, b, gamma, beta, bn_param):
    if bn_param["mode"] == "train":
        return affine_bn_relu_forward(x, w, b, gamma, beta, bn_param)
    return affine_bn_relu_forward(x, w, b, gamma, beta, {**bn_param, "mode": "train"})


def _without_storing(forward):
    def block(x, w, b, gamma, beta, bn_param):
        return forward(x, w, b, gamma, beta, dict(bn_param))

    return block


mistake(
    "bn-relu-forward-running-lost",
    "affine_bn_relu_forward",
    "The running statistics are not stored in the dictionary that was passed in: a copy was written to. "
    f"Test mode will not find them. {ORDER}",
)(_without_storing(affine_bn_relu_forward))


@mistake(
    "bn-relu-backward-normalisation-skipped",
    "affine_bn_relu_backward",
    "The gradient goes from relu to the affine layer as if nothing stood between. Normalisation has a "
    f"backward of its own, and three paths in it. {BACK}",
)
def bn_relu_backward_normalisation_skipped(dout, cache):
    x, w, _, active = cache
    dz = dout * active
    return (dz @ w.T, x.T @ dz, dz.sum(axis=0), *affine_bn_relu_backward(dout, cache)[3:])


@mistake(
    "bn-relu-backward-statistics-constant",
    "affine_bn_relu_backward",
    "Mean and variance are constants in this gradient: dx, dw and db have the direct path only. With it "
    f"the bias has a gradient, though it does nothing, and drifts. {BACK}",
)
def bn_relu_backward_statistics_constant(dout, cache):
    x, w, (_, b, gamma), active = cache
    dz = dout * active * gamma * b
    return (dz @ w.T, x.T @ dz, dz.sum(axis=0), *affine_bn_relu_backward(dout, cache)[3:])


@mistake(
    "bn-relu-backward-mask-forgotten",
    "affine_bn_relu_backward",
    f"Relu's mask is missing: entries that it stopped on the way forward pass their gradient on the way back. {BACK}",
)
def bn_relu_backward_mask_forgotten(dout, cache):
    everywhere = np.ones_like(cache[3])
    return affine_bn_relu_backward(dout, (*cache[:3], everywhere))


@mistake(
    "bn-relu-backward-mask-before-normalising",
    "affine_bn_relu_backward",
    "The mask is taken from xhat, before gamma and beta. Relu sees gamma * xhat + beta, and its mask is "
    f"where that is positive. {BACK}",
)
def bn_relu_backward_mask_of_xhat(dout, cache):
    return affine_bn_relu_backward(dout, (*cache[:3], cache[2][0] > 0))


@mistake(
    "bn-relu-backward-mask-after-normalising",
    "affine_bn_relu_backward",
    "The mask is applied at the end, to the gradient of the affine layer's output. Relu was last on the "
    f"way forward, so it is first on the way back. {BACK}",
)
def bn_relu_backward_mask_last(dout, cache):
    x, w, kept, active = cache
    dz = _normalise_back(dout, kept) * active
    return dz @ w.T, x.T @ dz, dz.sum(axis=0), (dout * kept[0]).sum(axis=0), dout.sum(axis=0)


def _keeps_the_sign_of_z(x, w, b, gamma, beta, bn_param):
    """Do the forward, and keep the sign of the affine layer's output where the mask belongs."""
    out, cache = affine_bn_relu_forward(x, w, b, gamma, beta, bn_param)
    return out, (*cache[:3], x @ w + b > 0)


@mistake(
    "bn-relu-backward-mask-of-the-affine-layer",
    "affine_bn_relu_backward",
    "The mask is where the affine layer's output is positive. Relu never saw that: it stands behind the "
    "normalisation, and its mask is where the normalised and rescaled values are positive. See 'The way back "
    "through a block' in the handout.",
    affine_bn_relu_forward=_keeps_the_sign_of_z,
)
def bn_relu_backward_mask_of_the_affine_layer(dout, cache):
    return affine_bn_relu_backward(dout, cache)


@mistake(
    "bn-relu-backward-weights-averaged",
    "affine_bn_relu_backward",
    "dw is divided by the number of examples. If the loss is a mean, its 1/N is in dout already; the way back"
    " through a layer only sums. See 'The way back through a block' in the handout.",
)
def bn_relu_backward_weights_averaged(dout, cache):
    dx, dw, db, dgamma, dbeta = affine_bn_relu_backward(dout, cache)
    return dx, dw / len(dout), db, dgamma, dbeta


@mistake(
    "bn-relu-backward-gamma-without-the-mask",
    "affine_bn_relu_backward",
    "dgamma and dbeta are taken from dout as it came. Between it and gamma stands relu, so what relu stopped "
    "does not count for them either. See 'The way back through a block' in the handout.",
)
def bn_relu_backward_gamma_without_the_mask(dout, cache):
    dx, dw, db, _, _ = affine_bn_relu_backward(dout, cache)
    return dx, dw, db, (dout * cache[2][0]).sum(axis=0), dout.sum(axis=0)


# --- affine, relu, batch normalisation -----------------------------------------------------------------------


@mistake(
    "relu-bn-forward-other-order",
    "affine_relu_bn_forward",
    f"Relu comes after the normalisation. Here the normalisation comes last, so outputs are centred at beta. {ORDER}",
)
def relu_bn_forward_other_order(x, w, b, gamma, beta, bn_param):
    out, _ = affine_bn_relu_forward(x, w, b, gamma, beta, dict(bn_param))
    return out, affine_relu_bn_forward(x, w, b, gamma, beta, bn_param)[1]


mistake(
    "relu-bn-forward-running-lost",
    "affine_relu_bn_forward",
    "The running statistics are not stored in the dictionary that was passed in: a copy was written to. "
    f"Test mode will not find them. {ORDER}",
)(_without_storing(affine_relu_bn_forward))


@mistake(
    "relu-bn-forward-batch-at-test-time",
    "affine_relu_bn_forward",
    "In test mode the batch's own statistics normalise. A block passes the mode on: at test time the "
    f"running statistics are used. {ORDER}",
)
def relu_bn_forward_batch_at_test_time(x, w, b, gamma, beta, bn_param):
    if bn_param["mode"] == "train":
        return affine_relu_bn_forward(x, w, b, gamma, beta, bn_param)
    return affine_relu_bn_forward(x, w, b, gamma, beta, {**bn_param, "mode": "train"})


@mistake(
    "relu-bn-backward-normalisation-skipped",
    "affine_relu_bn_backward",
    "The gradient meets the mask of relu without going back through the normalisation first. It was last "
    f"on the way forward. {BACK}",
)
def relu_bn_backward_normalisation_skipped(dout, cache):
    x, w, _, active = cache
    dz = dout * active
    return (dz @ w.T, x.T @ dz, dz.sum(axis=0), *affine_relu_bn_backward(dout, cache)[3:])


@mistake(
    "relu-bn-backward-statistics-constant",
    "affine_relu_bn_backward",
    "Mean and variance are constants in this gradient: only the direct path is left. They are made of the "
    f"whole batch, and every example acts on them. {BACK}",
)
def relu_bn_backward_statistics_constant(dout, cache):
    x, w, (_, b, gamma), active = cache
    dz = dout * gamma * b * active
    return (dz @ w.T, x.T @ dz, dz.sum(axis=0), *affine_relu_bn_backward(dout, cache)[3:])


@mistake(
    "relu-bn-backward-mask-forgotten",
    "affine_relu_bn_backward",
    "Relu's mask is missing: units that were off pass a gradient on. Behind the normalisation their value "
    f"is not zero any more, but in front of it it was. {BACK}",
)
def relu_bn_backward_mask_forgotten(dout, cache):
    return affine_relu_bn_backward(dout, (*cache[:3], np.ones_like(cache[3])))


@mistake(
    "relu-bn-backward-mask-first",
    "affine_relu_bn_backward",
    "The mask is applied to dout, before the normalisation's backward. Relu comes first on the way "
    f"forward here, so its mask comes last on the way back. {BACK}",
)
def relu_bn_backward_mask_first(dout, cache):
    x, w, kept, active = cache
    dz = _normalise_back(dout * active, kept)
    masked = dout * active
    return dz @ w.T, x.T @ dz, dz.sum(axis=0), (masked * kept[0]).sum(axis=0), masked.sum(axis=0)


def _keeps_the_sign_of_out(x, w, b, gamma, beta, bn_param):
    """Do the forward, and keep the sign of its output where the mask belongs."""
    out, cache = affine_relu_bn_forward(x, w, b, gamma, beta, bn_param)
    return out, (*cache[:3], out > 0)


@mistake(
    "relu-bn-backward-mask-of-the-output",
    "affine_relu_bn_backward",
    "The mask is where the block's output is positive. Relu stands in front of the normalisation here, which "
    "moves values across zero; the mask is where relu's own input was positive. See 'The way back through a "
    "block' in the handout.",
    affine_relu_bn_forward=_keeps_the_sign_of_out,
)
def relu_bn_backward_mask_of_the_output(dout, cache):
    return affine_relu_bn_backward(dout, cache)


@mistake(
    "relu-bn-backward-bias-averaged",
    "affine_relu_bn_backward",
    "db is a mean over the batch. Every example's output has the bias in it, and their gradients add up; if "
    "the loss is a mean, its 1/N is in dout already. See 'The way back through a block' in the handout.",
)
def relu_bn_backward_bias_averaged(dout, cache):
    dx, dw, db, dgamma, dbeta = affine_relu_bn_backward(dout, cache)
    return dx, dw, db / len(dout), dgamma, dbeta


@mistake(
    "relu-bn-backward-bias-redundant",
    "affine_relu_bn_backward",
    "db is zero, as it is where the normalisation directly follows the bias. Here relu stands between: a "
    f"bias decides which units are on, and has a gradient. {BACK}",
)
def relu_bn_backward_bias_redundant(dout, cache):
    dx, dw, db, dgamma, dbeta = affine_relu_bn_backward(dout, cache)
    return dx, dw, 0 * db, dgamma, dbeta
