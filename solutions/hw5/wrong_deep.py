"""Wrong deep networks, steps and scales."""

import numpy as np
from deep import deep_backward, deep_forward, lsuv

from grader.catalogue import Mistakes

MISTAKES = Mistakes()
mistake = MISTAKES.add

EPS = 1e-5


# --- deep_forward -----------------------------------------------------------------------------------------


def _right(a):
    return (a - np.mean(a, axis=0)) / np.sqrt(np.var(a, axis=0) + EPS)


def _activate(z, activation):
    return np.tanh(z) if activation == "tanh" else z * (z > 0)


def _deep(x, w, b, activation, normalize, layer, last=None):
    """Run the network with another layer; the cache is that of the right one."""
    h = x
    for number in range(len(w)):
        h = (last if last and number == len(w) - 1 else layer)(
            np.matmul(h, w[number]), b[number], normalize, activation
        )
    return h, deep_forward(x, w, b, activation, normalize)[1]


@mistake(
    "deep-bias-before-the-norm",
    "deep_forward",
    "The bias is added before the normalisation, which subtracts it again with the mean: then it does nothing. It "
    "comes after the normalisation, where it plays the part of beta. See 'A deep network' in the handout.",
)
def deep_bias_before_the_norm(x, w, b, activation, normalize=False):
    def layer(a, bias, normalize, activation):
        return _activate(_right(a + bias) if normalize else a + bias, activation)

    return _deep(x, w, b, activation, normalize, layer)


@mistake(
    "deep-last-layer-linear",
    "deep_forward",
    "The last layer has no activation. Here all layers are alike, the last one too. See 'A deep network' in the "
    "handout.",
)
def deep_last_layer_linear(x, w, b, activation, normalize=False):
    def last(a, bias, normalize, activation):
        return (_right(a) if normalize else a) + bias

    def layer(a, bias, normalize, activation):
        return _activate(last(a, bias, normalize, activation), activation)

    return _deep(x, w, b, activation, normalize, layer, last)


def _with_norm(norm):
    def layer(a, bias, normalize, activation):
        return _activate((norm(a) if normalize else a) + bias, activation)

    return layer


@mistake(
    "deep-eps-outside-the-root",
    "deep_forward",
    "The 1e-5 is added to the standard deviation, behind the root. It belongs to the variance. See 'A deep network' "
    "in the handout.",
)
def deep_eps_outside_the_root(x, w, b, activation, normalize=False):
    norm = _with_norm(lambda a: (a - np.mean(a, axis=0)) / (np.std(a, axis=0) + EPS))
    return _deep(x, w, b, activation, normalize, norm)


@mistake(
    "deep-eps-missing",
    "deep_forward",
    "The 1e-5 under the root is left out. For a batch of one the variance is zero, and this divides zero by zero. See "
    "'A deep network' in the handout.",
)
def deep_eps_missing(x, w, b, activation, normalize=False):
    def norm(a):
        with np.errstate(all="ignore"):
            return (a - np.mean(a, axis=0)) / np.std(a, axis=0)

    return _deep(x, w, b, activation, normalize, _with_norm(norm))


@mistake(
    "deep-statistics-over-everything",
    "deep_forward",
    "Mean and variance are one number each, taken over all entries. Every unit has its own, over the batch: (D,). See "
    "'A deep network' in the handout.",
)
def deep_statistics_over_everything(x, w, b, activation, normalize=False):
    norm = _with_norm(lambda a: (a - np.mean(a)) / np.sqrt(np.var(a) + EPS))
    return _deep(x, w, b, activation, normalize, norm)


@mistake(
    "deep-statistics-over-units",
    "deep_forward",
    "Mean and variance are taken over the units of one example: that is layer normalisation. Here they are those of a "
    "unit over the batch. See 'A deep network' in the handout.",
)
def deep_statistics_over_units(x, w, b, activation, normalize=False):
    def norm(a):
        return (a - np.mean(a, axis=1, keepdims=True)) / np.sqrt(np.var(a, axis=1, keepdims=True) + EPS)

    return _deep(x, w, b, activation, normalize, _with_norm(norm))


@mistake(
    "deep-norm-after-the-activation",
    "deep_forward",
    "The normalisation comes after bias and activation. Here it stands between the weights and the bias. See 'A deep "
    "network' in the handout.",
)
def deep_norm_after_the_activation(x, w, b, activation, normalize=False):
    def layer(a, bias, normalize, activation):
        out = _activate(a + bias, activation)
        return _right(out) if normalize else out

    return _deep(x, w, b, activation, normalize, layer)


@mistake(
    "deep-relu-always",
    "deep_forward",
    "The activation is relu whatever was asked for. See 'A deep network' in the handout.",
)
def deep_relu_always(x, w, b, activation, normalize=False):
    return deep_forward(x, w, b, "relu", normalize)


@mistake(
    "deep-never-normalised",
    "deep_forward",
    "There is no normalisation, also where it was asked for. See 'A deep network' in the handout.",
)
def deep_never_normalised(x, w, b, activation, normalize=False):
    return deep_forward(x, w, b, activation)


@mistake(
    "deep-bias-missing",
    "deep_forward",
    "The biases are left out. See 'A deep network' in the handout.",
)
def deep_bias_missing(x, w, b, activation, normalize=False):
    return deep_forward(x, w, np.zeros_like(b), activation, normalize)[0], deep_forward(x, w, b, activation, normalize)[
        1
    ]


# --- deep_backward ----------------------------------------------------------------------------------------


def _walk(dout, cache, *, slope=True, through=None, last_slope=True, transposed=True):
    """Go back through the layers, with something left out or done otherwise."""
    dw, db, upstream = [], [], dout
    for number in range(len(cache) - 1, -1, -1):
        h, layer, a, root, slopes = cache[number]
        passes = slope and (last_slope or number < len(cache) - 1)
        upstream = np.multiply(upstream, slopes) if passes else upstream
        db.insert(0, np.sum(upstream, axis=0))
        if root is not None:
            upstream = (through or _through)(upstream, a, root)
        dw.insert(0, np.matmul(np.swapaxes(h, 0, 1), upstream))
        upstream = np.matmul(upstream, np.swapaxes(layer, 0, 1) if transposed else layer)
    return upstream, np.array(dw), np.array(db)


def _through(dz, a, root):
    direct = dz / root
    return direct - np.mean(direct, axis=0) - np.multiply(a, np.mean(np.multiply(direct, a), axis=0))


@mistake(
    "deep-slope-missing",
    "deep_backward",
    "The slope of the activation is left out on the way back. Where a relu is off nothing passes. See 'Backwards "
    "through all layers' in the handout.",
)
def deep_slope_missing(dout, cache):
    return _walk(dout, cache, slope=False)


@mistake(
    "deep-last-slope-missing",
    "deep_backward",
    "The way back begins behind the last activation: its slope is left out. The last layer has one like all others. "
    "See 'Backwards through all layers' in the handout.",
)
def deep_last_slope_missing(dout, cache):
    return _walk(dout, cache, last_slope=False)


@mistake(
    "deep-statistics-constant",
    "deep_backward",
    "Mean and variance are treated as constants. They are made from the batch, so every example acts on all others "
    "through them: two terms are missing. See 'Backwards through all layers' in the handout.",
)
def deep_statistics_constant(dout, cache):
    return _walk(dout, cache, through=lambda dz, a, root: dz / root)


@mistake(
    "deep-mean-constant",
    "deep_backward",
    "The gradient through the mean is left out, that through the variance is there. See 'Backwards through all "
    "layers' in the handout.",
)
def deep_mean_constant(dout, cache):
    return _walk(dout, cache, through=lambda dz, a, root: (dz - a * np.mean(dz * a, axis=0)) / root)


@mistake(
    "deep-variance-constant",
    "deep_backward",
    "The gradient through the variance is left out, that through the mean is there. See 'Backwards through all "
    "layers' in the handout.",
)
def deep_variance_constant(dout, cache):
    return _walk(dout, cache, through=lambda dz, a, root: (dz - np.mean(dz, axis=0)) / root)


@mistake(
    "deep-norm-forgotten",
    "deep_backward",
    "The way back does not go through the normalisation at all. See 'Backwards through all layers' in the handout.",
)
def deep_norm_forgotten(dout, cache):
    return _walk(dout, cache, through=lambda dz, a, root: dz)


@mistake(
    "deep-weights-not-transposed",
    "deep_backward",
    "The gradient goes back through the weights as they are. On the way back inputs and outputs change places, so "
    "they are transposed; with square weights no shape tells. See 'Backwards through all layers' in the handout.",
)
def deep_weights_not_transposed(dout, cache):
    return _walk(dout, cache, transposed=False)


@mistake(
    "deep-gradients-in-reverse",
    "deep_backward",
    "dw and db are in the order of the way back, last layer first. dw[0] belongs to the first layer. See 'Backwards "
    "through all layers' in the handout.",
)
def deep_gradients_in_reverse(dout, cache):
    dx, dw, db = deep_backward(dout, cache)
    return dx, np.flip(dw, axis=0), np.flip(db, axis=0)


@mistake(
    "deep-gradients-averaged",
    "deep_backward",
    "dw and db are divided by the number of examples. Where a loss is a mean, its 1/N has come in with dout already. "
    "See 'Backwards through all layers' in the handout.",
)
def deep_gradients_averaged(dout, cache):
    dx, dw, db = deep_backward(dout, cache)
    return dx, dw / len(dout), db / len(dout)


@mistake(
    "deep-bias-behind-the-norm",
    "deep_backward",
    "db is taken behind the normalisation, where the gradients of a batch add up to zero. The bias is added after it, "
    "so its gradient is met before. See 'Backwards through all layers' in the handout.",
)
def deep_bias_behind_the_norm(dout, cache):
    dx, dw, db = deep_backward(dout, cache)
    return dx, dw, np.array([one if entry[3] is None else 0 * one for one, entry in zip(db, cache, strict=True)])


# --- sgd_step ---------------------------------------------------------------------------------------------


@mistake(
    "sgd-uphill",
    "sgd_step",
    "The gradient is added. It points to where the loss grows, so this climbs. See 'One step' in the handout.",
)
def sgd_uphill(value, gradient, learning_rate):
    return value + learning_rate * gradient


@mistake(
    "sgd-without-the-rate",
    "sgd_step",
    "The learning rate is left out: the step is the gradient itself. See 'One step' in the handout.",
)
def sgd_without_the_rate(value, gradient, learning_rate):
    return value - gradient


@mistake(
    "sgd-only-the-change",
    "sgd_step",
    "What comes back is the change, not the array after it. See 'One step' in the handout.",
)
def sgd_only_the_change(value, gradient, learning_rate):
    return -learning_rate * gradient


# --- lsuv -------------------------------------------------------------------------------------------------


def _scaled(x, w, activation, spread, *, measured="z", before=False):
    """Scale layer after layer by `spread` of a signal; with `before`, the next layer sees the unscaled one."""
    found, h = [], x
    for layer in w:
        z = np.matmul(h, layer)
        one = z if measured == "z" else _activate(z, activation)
        by = spread(one) if np.ptp(z) > 0 and np.ptp(one) > 0 else np.ones_like(layer[0, 0])
        found.append(layer / by)
        h = _activate(z if before else z / by, activation)
    return np.array(found)


@mistake(
    "lsuv-divides-by-the-variance",
    "lsuv",
    "The weights are divided by the variance. Twice the weights make a variance four times as large, so it is the "
    "standard deviation that they are divided by. See 'LSUV' in the handout.",
)
def lsuv_divides_by_the_variance(x, w, activation):
    return _scaled(x, w, activation, np.var)


@mistake(
    "lsuv-mean-square",
    "lsuv",
    "The mean square is brought to 1, not the variance: the mean was not subtracted. See 'LSUV' in the handout.",
)
def lsuv_mean_square(x, w, activation):
    return _scaled(x, w, activation, lambda z: np.sqrt(np.mean(np.square(z))))


@mistake(
    "lsuv-eps-added",
    "lsuv",
    "A small number is added to the standard deviation, so the variance is not quite 1, the less so the "
    "smaller the signal. Where it is zero the layer stays as it is; elsewhere no help is needed. See 'LSUV' "
    "in the handout.",
)
def lsuv_eps_added(x, w, activation):
    return _scaled(x, w, activation, lambda z: np.std(z) + 1e-8 * (np.std(z) > 0))


@mistake(
    "lsuv-behind-the-activation",
    "lsuv",
    "The variance is measured behind the activation. It is that of the pre-activations which is brought to 1. See "
    "'LSUV' in the handout.",
)
def lsuv_behind_the_activation(x, w, activation):
    return _scaled(x, w, activation, np.std, measured="h")


@mistake(
    "lsuv-all-at-once",
    "lsuv",
    "The layers are measured in the network as it was, before any was scaled. After the first is scaled, the second "
    "sees another signal: hence layer by layer. See 'LSUV' in the handout.",
)
def lsuv_all_at_once(x, w, activation):
    return _scaled(x, w, activation, np.std, before=True)


@mistake(
    "lsuv-unit-by-unit",
    "lsuv",
    "Every unit has a scale of its own. There is one for a layer: a matrix that was orthogonal then stays so, but for "
    "a factor. See 'LSUV' in the handout.",
)
def lsuv_unit_by_unit(x, w, activation):
    def spread(z):
        each = np.std(z, axis=0)
        return np.where(each > 0, each, 1)

    return _scaled(x, w, activation, spread)


@mistake(
    "lsuv-unbiased",
    "lsuv",
    "The variance is the unbiased one, divided by one less than there are numbers. The biased one is asked for. See "
    "'LSUV' in the handout.",
)
def lsuv_unbiased(x, w, activation):
    return _scaled(x, w, activation, lambda z: np.sqrt(np.sum(np.square(z - np.mean(z))) / max(1, z.size - 1)))


@mistake(
    "lsuv-relu-always",
    "lsuv",
    "The signal goes on through relu, whatever activation was asked for. See 'LSUV' in the handout.",
)
def lsuv_relu_always(x, w, activation):
    return lsuv(x, w, "relu")


@mistake(
    "lsuv-degenerate-layers",
    "lsuv",
    "A layer whose pre-activations are all equal is divided by zero. For it no scale gives a variance of 1, and it "
    "stays as it is. See 'LSUV' in the handout.",
)
def lsuv_degenerate_layers(x, w, activation):
    found, h = [], x
    with np.errstate(all="ignore"):
        for layer in w:
            z = np.matmul(h, layer)
            found.append(layer / np.std(z))
            h = _activate(z / np.std(z), activation)
    return np.array(found)
