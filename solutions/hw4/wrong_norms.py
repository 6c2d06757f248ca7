"""Wrong versions of layer, instance and group normalisation and of batch normalisation of images.

The slips in eps, gamma and the like are the same in all of them, so they are made once, by `in_every_norm`.
"""

import numpy as np
from norms import (
    groupnorm_backward,
    groupnorm_forward,
    instancenorm_backward,
    instancenorm_forward,
    layernorm_backward,
    layernorm_forward,
    spatial_batchnorm_backward,
    spatial_batchnorm_forward,
)

from grader.catalogue import Mistakes

MISTAKES = Mistakes()
mistake = MISTAKES.add


# --- the same in every norm ---------------------------------------------------------------------------------


class Norm:
    """One norm: its name, its forward and backward, and its entries laid out as (sets, entries of a set)."""

    def __init__(self, short, title, forward, backward, section):
        self.short, self.title, self.forward, self.backward = short, title, forward, backward
        self.section = f"See '{section}' in the handout."

    def spread(self, x, rest):
        """Return x as (sets, entries), and a function that lays such an array out like x again."""
        if self.short == "ln":
            return x, lambda rows: rows
        if self.short == "in":
            return x.reshape(x.shape[0] * x.shape[1], -1), lambda rows: rows.reshape(x.shape)
        if self.short == "gn":
            return x.reshape(x.shape[0] * rest[0], -1), lambda rows: rows.reshape(x.shape)
        turned = x.transpose(1, 0, 2, 3)
        return turned.reshape(x.shape[1], -1), lambda rows: rows.reshape(turned.shape).transpose(1, 0, 2, 3)

    def is_test(self, rest):
        """Whether the norm has modes and is not training."""
        return rest[-1].get("mode") == "test"


NORMS = (
    Norm("ln", "Layer normalisation", layernorm_forward, layernorm_backward, "Layer normalisation"),
    Norm("in", "Instance normalisation", instancenorm_forward, instancenorm_backward, "Instance normalisation"),
    Norm("gn", "Group normalisation", groupnorm_forward, groupnorm_backward, "Group normalisation"),
    Norm(
        "sbn",
        "Batch normalisation of images",
        spatial_batchnorm_forward,
        spatial_batchnorm_backward,
        "Batch normalisation of images",
    ),
)


def channels(values, x):
    """Return (C,) values so that they meet the channels of x."""
    return values.reshape(-1, *(1 for _ in x.shape[2:]))


def rescaled(norm, factor):
    """Return the forward with `factor(var, eps, count)` in place of 1 / sqrt(var + eps); the rest is right."""

    def forward(x, gamma, beta, *rest):
        _, cache = norm.forward(x, gamma, beta, *rest)
        eps = rest[-1].get("eps", 1e-5)
        if norm.is_test(rest):
            zeros = np.zeros(x.shape[1])
            mu = channels(rest[-1].get("running_mean", zeros), x)
            b = factor(channels(rest[-1].get("running_var", zeros), x), eps, 0)
            return channels(gamma, x) * ((x - mu) * b) + channels(beta, x), cache
        rows, back = norm.spread(x, rest)
        a = rows - rows.mean(axis=1, keepdims=True)
        xhat = back(a * factor((a**2).mean(axis=1, keepdims=True), eps, a.shape[1]))
        return channels(gamma, x) * xhat + channels(beta, x), (xhat, *cache[1:])

    return forward


def recombined(norm, combine):
    """Return the forward with `combine(xhat, gamma, beta)` for its output."""

    def forward(x, gamma, beta, *rest):
        ones, zeros = np.ones_like(gamma), np.zeros_like(beta)
        plain, _ = norm.forward(x, ones, zeros, *(dict(r) if isinstance(r, dict) else r for r in rest))
        _, cache = norm.forward(x, gamma, beta, *rest)
        return combine(plain, channels(gamma, x), channels(beta, x)), cache

    return forward


def in_every_forward(norm):
    """Register the slips in eps, root, gamma and beta."""
    f, name = norm.forward.__name__, norm.title
    mistake(
        f"{norm.short}-forward-eps-outside-the-root",
        f,
        f"{name}: eps is added to the standard deviation, outside the root. It belongs to the variance, under the "
        f"root; the two differ where the entries hardly vary. {norm.section}",
        follow=True,
    )(rescaled(norm, lambda var, eps, count: 1 / (np.sqrt(var) + eps)))
    mistake(
        f"{norm.short}-forward-eps-missing",
        f,
        f"{name}: eps is left out. It is there for entries that hardly vary: where the variance is zero, "
        f"this divides zero by zero. {norm.section}",
    )(rescaled(norm, lambda var, eps, count: 1 / np.sqrt(var)))
    mistake(
        f"{norm.short}-forward-eps-hard-coded",
        f,
        f"{name}: eps is 1e-5 whatever the dictionary says. That number is only the default, for where there is no "
        f"other. {norm.section}",
        follow=True,
    )(rescaled(norm, lambda var, eps, count: 1 / np.sqrt(var + 1e-5)))
    mistake(
        f"{norm.short}-forward-root-missing",
        f,
        f"{name}: the deviations are divided by the variance, not by its root. Metres and millimetres "
        f"should give the same output, and here they do not. {norm.section}",
        follow=True,
    )(rescaled(norm, lambda var, eps, count: 1 / (var + eps)))
    mistake(
        f"{norm.short}-forward-gamma-forgotten",
        f,
        f"{name}: gamma has no effect on the output. It gives the layer back the freedom of scale that normalising "
        f"took away. {norm.section}",
        follow=True,
    )(recombined(norm, lambda xhat, gamma, beta: xhat + beta))
    mistake(
        f"{norm.short}-forward-beta-forgotten",
        f,
        f"{name}: beta has no effect on the output. Without it every output is centred at zero, and half of what "
        f"comes to a relu is cut off. {norm.section}",
        follow=True,
    )(recombined(norm, lambda xhat, gamma, beta: gamma * xhat))
    mistake(
        f"{norm.short}-forward-shift-before-scale",
        f,
        f"{name}: beta is added before gamma multiplies, so the shift is scaled as well. gamma belongs to the "
        f"normalised value alone. {norm.section}",
        follow=True,
    )(recombined(norm, lambda xhat, gamma, beta: gamma * (xhat + beta)))


def unbiased(norm):
    """Return the forward with count - 1 below the line; running statistics and test mode are right."""
    wrong = rescaled(norm, lambda var, eps, count: 1 / np.sqrt(var * count / (count - 1) + eps))
    return lambda x, gamma, beta, *rest: (norm.forward if norm.is_test(rest) else wrong)(x, gamma, beta, *rest)


def regraded(norm, change):
    """Return the backward with `change(dxhat, xhat, b)` for dx, all as (sets, entries); dgamma, dbeta are right."""

    def backward(dout, cache):
        xhat, b, gamma = cache[:3]
        _, dgamma, dbeta = norm.backward(dout, cache)
        rest = (cache[3],) if norm.short == "gn" else ()
        dxhat, back = norm.spread(dout * channels(gamma, dout), rest)
        return back(change(dxhat, norm.spread(xhat, rest)[0], b.reshape(-1, 1))), dgamma, dbeta

    return backward


def centred(dxhat):
    return dxhat - dxhat.mean(axis=1, keepdims=True)


def along(dxhat, xhat):
    return xhat * (dxhat * xhat).mean(axis=1, keepdims=True)


def in_every_backward(norm):
    """Register the paths that get lost, and what happens to gamma."""
    f, name = norm.backward.__name__, norm.title
    mistake(
        f"{norm.short}-backward-statistics-constant",
        f,
        f"{name}: mu and var are treated as constants, so only the direct path is left in dx. They are "
        f"made of x, and what x does to them acts on every entry that they normalise. {norm.section}",
    )(regraded(norm, lambda dxhat, xhat, b: b * dxhat))
    mistake(
        f"{norm.short}-backward-mean-path-missing",
        f,
        f"{name}: the path through mu is missing in dx. Adding a number to everything that shares a mean changes "
        f"nothing, so dx must sum to zero there. {norm.section}",
    )(regraded(norm, lambda dxhat, xhat, b: b * (dxhat - along(dxhat, xhat))))
    mistake(
        f"{norm.short}-backward-variance-path-missing",
        f,
        f"{name}: the path through var is missing in dx. Stretching the entries changes nothing (but for "
        f"eps), so dx can have no part along xhat. {norm.section}",
    )(regraded(norm, lambda dxhat, xhat, b: b * centred(dxhat)))
    mistake(
        f"{norm.short}-backward-sums-for-means",
        f,
        f"{name}: the two correcting terms of dx are sums where means are asked. Each entry has only its "
        f"share in mu and var: one over the number of entries. {norm.section}",
    )(
        regraded(
            norm,
            lambda dxhat, xhat, b: b * (dxhat - dxhat.shape[1] * (dxhat - centred(dxhat) + along(dxhat, xhat))),
        )
    )

    def without_gamma(dout, cache):
        dx = norm.backward(dout, (cache[0], cache[1], np.ones_like(cache[2]), *cache[3:]))[0]
        return (dx, *norm.backward(dout, cache)[1:])

    mistake(
        f"{norm.short}-backward-gamma-forgotten",
        f,
        f"{name}: gamma is missing in dx. xhat reaches the output multiplied by gamma, so its gradient is too, and "
        f"everything behind it. {norm.section}",
    )(without_gamma)

    def averaged(dout, cache):
        dx, dgamma, dbeta = norm.backward(dout, cache)
        count = dout.size // dout.shape[1]
        return dx, dgamma / count, dbeta / count

    mistake(
        f"{norm.short}-backward-parameters-averaged",
        f,
        f"{name}: dgamma and dbeta are means, not sums. Every use of a shared number adds its gradient; if "
        f"the loss is a mean, its 1/N has come in with dout already. {norm.section}",
    )(averaged)


for one in NORMS:
    in_every_forward(one)
    in_every_backward(one)
    mistake(
        f"{one.short}-forward-unbiased-variance",
        one.forward.__name__,
        f"{one.title}: the variance has one less than the number of entries below the line. Normalisation "
        "takes the mean of the squared deviations; with one entry the other divides by zero. "
        f"{one.section}",
        follow=True,
    )(unbiased(one))


def over(axes, x, gamma, beta, eps):
    """Normalise over other axes."""
    a = x - x.mean(axis=axes, keepdims=True)
    b = 1 / np.sqrt((a**2).mean(axis=axes, keepdims=True) + eps)
    return channels(gamma, x) * (a * b) + channels(beta, x), (a * b, b, gamma)


# --- layer normalisation ------------------------------------------------------------------------------------


@mistake(
    "ln-forward-over-the-batch",
    "layernorm_forward",
    "Mean and variance are over the batch, feature by feature: that is batch normalisation. Here each example is "
    "normalised by itself, over its features. See 'Layer normalisation' in the handout.",
)
def ln_forward_over_the_batch(x, gamma, beta, ln_param):
    return over(0, x, gamma, beta, ln_param.get("eps", 1e-5))


@mistake(
    "ln-forward-over-everything",
    "layernorm_forward",
    "One mean and one variance serve the whole array: the sum forgot that examples are separate. Every example has "
    "its own two numbers. See 'Layer normalisation' in the handout.",
)
def ln_forward_over_everything(x, gamma, beta, ln_param):
    return over((0, 1), x, gamma, beta, ln_param.get("eps", 1e-5))


@mistake(
    "ln-backward-over-the-batch",
    "layernorm_backward",
    "The correcting terms of dx are means over the batch, as in batch normalisation. An example's mu and "
    "var are made of its own features, so these means are over the features. See 'Layer normalisation' in "
    "the handout.",
)
def ln_backward_over_the_batch(dout, cache):
    xhat, b, gamma = cache
    _, dgamma, dbeta = layernorm_backward(dout, cache)
    dxhat = dout * gamma
    return b * (dxhat - dxhat.mean(axis=0) - xhat * (dxhat * xhat).mean(axis=0)), dgamma, dbeta


@mistake(
    "ln-backward-gamma-outside",
    "layernorm_backward",
    "dx is computed from dout and multiplied by gamma at the end. gamma differs from feature to feature, "
    "and here the means go over features, so it has to be inside of them; in batch normalisation it could "
    "wait. See 'Layer normalisation' in the handout.",
)
def ln_backward_gamma_outside(dout, cache):
    xhat, b, gamma = cache
    dx = layernorm_backward(dout, (xhat, b, np.ones_like(gamma)))[0]
    return (gamma * dx, *layernorm_backward(dout, cache)[1:])


# --- instance normalisation ---------------------------------------------------------------------------------


@mistake(
    "in-forward-over-the-batch",
    "instancenorm_forward",
    "Mean and variance of a channel are over all images as well: that is batch normalisation of images. "
    "An instance is one image, and keeps its statistics to itself. See 'Instance normalisation' in the "
    "handout.",
)
def in_forward_over_the_batch(x, gamma, beta, in_param):
    return over((0, 2, 3), x, gamma, beta, in_param.get("eps", 1e-5))


@mistake(
    "in-forward-over-channels",
    "instancenorm_forward",
    "Mean and variance are over all channels of an image: one set of numbers for the image, not one for "
    "each of its channels. See 'Instance normalisation' in the handout.",
)
def in_forward_over_channels(x, gamma, beta, in_param):
    return over((1, 2, 3), x, gamma, beta, in_param.get("eps", 1e-5))


@mistake(
    "in-forward-row-by-row",
    "instancenorm_forward",
    "Mean and variance are over the width alone, so every row of pixels is normalised by itself. A plane "
    "has two axes, and both belong to it. See 'Instance normalisation' in the handout.",
)
def in_forward_row_by_row(x, gamma, beta, in_param):
    return over(3, x, gamma, beta, in_param.get("eps", 1e-5))


# --- group normalisation ------------------------------------------------------------------------------------


def _regrouped(x, gamma, beta, groups, gn_param, order):
    """Normalise with channels in another order: `order` lists the channels of group 0, then of group 1, ..."""
    back = np.argsort(order)
    ones, zeros = np.ones_like(gamma), np.zeros_like(beta)
    xhat = groupnorm_forward(x[:, order], ones, zeros, groups, gn_param)[0][:, back]
    _, cache = groupnorm_forward(x, gamma, beta, groups, gn_param)
    return channels(gamma, x) * xhat + channels(beta, x), (xhat, *cache[1:])


@mistake(
    "gn-forward-interleaved",
    "groupnorm_forward",
    "Groups are interleaved: channels 0, G, 2G, ... fall into one group. A group is made of neighbouring "
    "channels, so in a reshape the axis of groups comes before that of the channels within a group. See "
    "'Group normalisation' in the handout.",
)
def gn_forward_interleaved(x, gamma, beta, groups, gn_param):
    order = np.arange(x.shape[1]).reshape(-1, groups).T.ravel()
    return _regrouped(x, gamma, beta, groups, gn_param, order)


@mistake(
    "gn-forward-not-moved-back",
    "groupnorm_forward",
    "The axes of groups and channels are exchanged before normalising and not exchanged back, so channels "
    "come out in another order than they went in. Neighbouring channels need no transpose at all. See "
    "'Group normalisation' in the handout.",
)
def gn_forward_not_moved_back(x, gamma, beta, groups, gn_param):
    order = np.arange(x.shape[1]).reshape(-1, groups).T.ravel()
    xhat = groupnorm_forward(x[:, order], np.ones_like(gamma), np.zeros_like(beta), groups, gn_param)[0]
    _, cache = groupnorm_forward(x, gamma, beta, groups, gn_param)
    return channels(gamma, x) * xhat + channels(beta, x), cache


@mistake(
    "gn-forward-groups-as-size",
    "groupnorm_forward",
    "`groups` is taken for the number of channels in a group; it is the number of groups. With 6 channels "
    "and 2 groups, a group has 3 channels. See 'Group normalisation' in the handout.",
)
def gn_forward_groups_as_size(x, gamma, beta, groups, gn_param):
    out, cache = groupnorm_forward(x, gamma, beta, x.shape[1] // groups, gn_param)
    return out, (cache[0], groupnorm_forward(x, gamma, beta, groups, gn_param)[1][1], *cache[2:3], groups)


@mistake(
    "gn-forward-over-the-batch",
    "groupnorm_forward",
    "The statistics of a group are over all images of the batch. Group normalisation was made so as not "
    "to depend on the batch: every image has its own. See 'Group normalisation' in the handout.",
)
def gn_forward_over_the_batch(x, gamma, beta, groups, gn_param):
    n, c, h, w = x.shape
    rows = x.transpose(1, 0, 2, 3).reshape(groups, -1)
    a = rows - rows.mean(axis=1, keepdims=True)
    xhat = a / np.sqrt((a**2).mean(axis=1, keepdims=True) + gn_param.get("eps", 1e-5))
    xhat = xhat.reshape(c, n, h, w).transpose(1, 0, 2, 3)
    _, cache = groupnorm_forward(x, gamma, beta, groups, gn_param)
    return channels(gamma, x) * xhat + channels(beta, x), (xhat, *cache[1:])


@mistake(
    "gn-forward-channel-by-channel",
    "groupnorm_forward",
    "Mean and variance are over the pixels of single channels, whatever the groups say: that is instance "
    "normalisation. All channels of a group share the two. See 'Group normalisation' in the handout.",
)
def gn_forward_channel_by_channel(x, gamma, beta, groups, gn_param):
    out, _ = over((2, 3), x, gamma, beta, gn_param.get("eps", 1e-5))
    return out, groupnorm_forward(x, gamma, beta, groups, gn_param)[1]


@mistake(
    "gn-backward-channel-by-channel",
    "groupnorm_backward",
    "The correcting terms of dx are means over single channels. mu and var belong to a group, so every "
    "entry of the group acts on them, and the means go over all of it. See 'Group normalisation' in the "
    "handout.",
)
def gn_backward_channel_by_channel(dout, cache):
    xhat, b, gamma, groups = cache
    _, dgamma, dbeta = groupnorm_backward(dout, cache)
    dxhat = dout * channels(gamma, dout)
    mean = dxhat.mean(axis=(2, 3), keepdims=True)
    slope = (dxhat * xhat).mean(axis=(2, 3), keepdims=True)
    each = np.repeat(b, dout.shape[1] // groups, axis=1)[..., None]
    return each * (dxhat - mean - xhat * slope), dgamma, dbeta


@mistake(
    "gn-backward-gamma-outside",
    "groupnorm_backward",
    "dx is computed from dout and multiplied by gamma at the end. The channels of a group have different "
    "gammas, and the means go over all of them, so gamma has to be inside. See 'Group normalisation' in "
    "the handout.",
)
def gn_backward_gamma_outside(dout, cache):
    xhat, b, gamma, groups = cache
    dx = groupnorm_backward(dout, (xhat, b, np.ones_like(gamma), groups))[0]
    return (channels(gamma, dout) * dx, *groupnorm_backward(dout, cache)[1:])


# --- batch normalisation of images --------------------------------------------------------------------------


def _in_training(forward):
    """Return a forward that is wrong in training only; running statistics are right."""

    def spatial(x, gamma, beta, bn_param):
        out, cache = spatial_batchnorm_forward(x, gamma, beta, bn_param)
        return (out, cache) if bn_param["mode"] == "test" else forward(x, gamma, beta, bn_param.get("eps", 1e-5))

    return spatial


mistake(
    "sbn-forward-per-pixel",
    "spatial_batchnorm_forward",
    "Every pixel has its own mean and variance, over the images alone. A channel is one feature wherever "
    "in the image it is looked at, so its pixels share the two numbers. See 'Batch normalisation of "
    "images' in the handout.",
)(_in_training(lambda x, gamma, beta, eps: over(0, x, gamma, beta, eps)))

mistake(
    "sbn-forward-image-by-image",
    "spatial_batchnorm_forward",
    "Every image has its own mean and variance: that is instance normalisation. A batch normalisation is "
    "over the batch, and over the pixels too. See 'Batch normalisation of images' in the handout.",
)(_in_training(lambda x, gamma, beta, eps: over((2, 3), x, gamma, beta, eps)))


def _reshaped(x, gamma, beta, eps):
    rows = x.reshape(-1, x.shape[1])
    a = rows - rows.mean(axis=0)
    xhat = a / np.sqrt((a**2).mean(axis=0) + eps)
    out = (gamma * xhat + beta).reshape(x.shape)
    return out, over((0, 2, 3), x, gamma, beta, eps)[1]


mistake(
    "sbn-forward-reshape-for-transpose",
    "spatial_batchnorm_forward",
    "The array is reshaped to (N H W, C) without moving the channel axis to the end first. A reshape "
    "keeps the order in memory, so the columns hold a mixture of channels. See 'Batch normalisation of "
    "images' in the handout.",
)(_in_training(_reshaped))


def _not_moved_back(x, gamma, beta, eps):
    out, cache = over((0, 2, 3), x, gamma, beta, eps)
    return out.transpose(0, 2, 3, 1).reshape(x.shape), cache


mistake(
    "sbn-forward-not-moved-back",
    "spatial_batchnorm_forward",
    "The channels were moved to the end, as they should be, but a reshape alone brought them back. It "
    "keeps the order in memory, so the pixels of all channels are mixed: what a transpose did only a "
    "transpose undoes. See 'Batch normalisation of images' in the handout.",
)(_in_training(_not_moved_back))


def _remembering(update):
    """Return a forward whose running statistics in training are `update(running, new, momentum, count)`."""

    def forward(x, gamma, beta, bn_param):
        before = dict(bn_param)
        result = spatial_batchnorm_forward(x, gamma, beta, bn_param)
        if bn_param["mode"] == "train":
            momentum, count = before.get("momentum", 0.9), x.size // x.shape[1]
            new = {"running_mean": x.mean(axis=(0, 2, 3)), "running_var": x.var(axis=(0, 2, 3))}
            for key, value in new.items():
                old = before.get(key, np.zeros(x.shape[1]))
                bn_param[key] = update(key, old, value, momentum, count)
        return result

    return forward


mistake(
    "sbn-forward-momentum-swapped",
    "spatial_batchnorm_forward",
    "momentum multiplies the new statistics. By our convention it is the weight of the old ones, so 0.9 "
    "keeps most of what is known; PyTorch's momentum of 0.1 is the other weight. See 'Batch normalisation "
    "of images' in the handout.",
)(_remembering(lambda key, old, new, momentum, count: momentum * new + (1 - momentum) * old))

mistake(
    "sbn-forward-running-unbiased",
    "spatial_batchnorm_forward",
    "The running variance is fed with the unbiased variance, as PyTorch does. Ours is the biased one, the "
    "same that normalises the batch. See 'Batch normalisation of images' in the handout.",
)(
    _remembering(
        lambda key, old, new, momentum, count: (
            momentum * old + (1 - momentum) * new * (count / (count - 1) if key == "running_var" and count > 1 else 1)
        )
    )
)

mistake(
    "sbn-forward-running-overwritten",
    "spatial_batchnorm_forward",
    "The running statistics are replaced by those of the last batch. They should be a slow average over "
    "batches, which is what momentum is for. See 'Batch normalisation of images' in the handout.",
)(_remembering(lambda key, old, new, momentum, count: new))


@mistake(
    "sbn-forward-batch-statistics-at-test-time",
    "spatial_batchnorm_forward",
    "Test mode normalises with the batch's own statistics. At test time an output must not depend on what "
    "else is in the batch: that is what the running ones are for. See 'Batch normalisation of images' in "
    "the handout.",
)
def sbn_forward_batch_statistics_at_test_time(x, gamma, beta, bn_param):
    if bn_param["mode"] == "train":
        return spatial_batchnorm_forward(x, gamma, beta, bn_param)
    return over((0, 2, 3), x, gamma, beta, bn_param.get("eps", 1e-5))


@mistake(
    "sbn-backward-per-pixel",
    "spatial_batchnorm_backward",
    "The correcting terms of dx are means over the images alone, pixel by pixel. A channel's mu and var "
    "are made of all its pixels in all images, so the means go over N, H and W. See 'Batch normalisation "
    "of images' in the handout.",
)
def sbn_backward_per_pixel(dout, cache):
    xhat, b, gamma = cache
    _, dgamma, dbeta = spatial_batchnorm_backward(dout, cache)
    dxhat = dout * channels(gamma, dout)
    return b * (dxhat - dxhat.mean(axis=0) - xhat * (dxhat * xhat).mean(axis=0)), dgamma, dbeta


@mistake(
    "sbn-backward-not-moved-back",
    "spatial_batchnorm_backward",
    "dx is right but for the order of its entries: the channels were moved to the end, and a reshape "
    "alone brought them back. What a transpose did only a transpose undoes. See 'Batch normalisation of "
    "images' in the handout.",
)
def sbn_backward_not_moved_back(dout, cache):
    dx, dgamma, dbeta = spatial_batchnorm_backward(dout, cache)
    return dx.transpose(0, 2, 3, 1).reshape(dx.shape), dgamma, dbeta


@mistake(
    "in-backward-means-over-the-batch",
    "instancenorm_backward",
    "The correcting terms of dx are means over images and pixels, as in batch normalisation. Here every plane"
    " has a mean and a variance of its own, so its gradient is corrected by its own pixels only. See "
    "'Instance normalisation' in the handout.",
)
def in_backward_means_over_the_batch(dout, cache):
    xhat, b, gamma = cache
    dxhat = dout * gamma[:, None, None]
    mean = dxhat.mean(axis=(0, 2, 3), keepdims=True)
    along = (dxhat * xhat).mean(axis=(0, 2, 3), keepdims=True)
    return (b * (dxhat - mean - xhat * along), *instancenorm_backward(dout, cache)[1:])


@mistake(
    "in-backward-sums-over-the-batch",
    "instancenorm_backward",
    "The sums in the correcting terms go over all images, though divided by the pixels of one. Here every "
    "plane has a mean and a variance of its own, so its gradient is corrected by its own pixels only. See "
    "'Instance normalisation' in the handout.",
)
def in_backward_sums_over_the_batch(dout, cache):
    xhat, b, gamma = cache
    dxhat, pixels = dout * gamma[:, None, None], dout.shape[2] * dout.shape[3]
    mean = dxhat.sum(axis=(0, 2, 3), keepdims=True) / pixels
    along = (dxhat * xhat).sum(axis=(0, 2, 3), keepdims=True) / pixels
    return (b * (dxhat - mean - xhat * along), *instancenorm_backward(dout, cache)[1:])


@mistake(
    "in-backward-gamma-of-every-image",
    "instancenorm_backward",
    "dgamma and dbeta have one number for each image and channel. The images share the gamma and beta of a "
    "channel, so their gradients are summed over the images too. See 'Instance normalisation' in the handout.",
)
def in_backward_gamma_of_every_image(dout, cache):
    dx = instancenorm_backward(dout, cache)[0]
    return dx, (dout * cache[0]).sum(axis=(2, 3)), dout.sum(axis=(2, 3))


@mistake(
    "gn-backward-means-over-all-channels",
    "groupnorm_backward",
    "The correcting terms of dx are means over all channels of an image, as in layer normalisation. Every "
    "group has a mean and a variance of its own, so the means go over its own channels and pixels. See 'Group"
    " normalisation' in the handout.",
)
def gn_backward_means_over_all_channels(dout, cache):
    xhat, b, gamma, groups = cache
    dxhat = (dout * gamma[:, None, None]).reshape(len(dout), groups, -1)
    grouped = xhat.reshape(dxhat.shape)
    mean = dxhat.mean(axis=(1, 2), keepdims=True)
    along = (dxhat * grouped).mean(axis=(1, 2), keepdims=True)
    dx = (b * (dxhat - mean - grouped * along)).reshape(dout.shape)
    return (dx, *groupnorm_backward(dout, cache)[1:])


@mistake(
    "sbn-backward-one-over-n",
    "spatial_batchnorm_backward",
    "The correcting terms of dx are divided by N alone, the number of images. The means go over N H W "
    "entries. See 'Batch normalisation of images' in the handout.",
)
def sbn_backward_one_over_n(dout, cache):
    xhat, b, gamma = cache
    _, dgamma, dbeta = spatial_batchnorm_backward(dout, cache)
    dxhat, n = dout * channels(gamma, dout), len(dout)
    mean = dxhat.sum(axis=(0, 2, 3), keepdims=True) / n
    slope = (dxhat * xhat).sum(axis=(0, 2, 3), keepdims=True) / n
    return b * (dxhat - mean - xhat * slope), dgamma, dbeta
