"""Right versions in other clothes, which must get full marks.

A student may write any formula that is algebraically the same, return lists for tuples, keep anything in a
cache and draw random numbers in any order. Each variant replaces one or several functions of the reference.
"""

from itertools import pairwise

import numpy as np
from initializers import he_normal, xavier_normal
from layers import affine_backward, affine_forward, relu_backward, relu_forward

from grader.catalogue import Variants

VARIANTS = Variants()
variant = VARIANTS.add


# --- layers -----------------------------------------------------------------------------------------------


def affine_by_einsum(dout, cache):
    x, w, _ = cache
    rows = x.reshape(x.shape[0], -1)
    dx = np.einsum("nm,dm->nd", dout, w).reshape(x.shape)
    return [dx, np.einsum("nd,nm->dm", rows, dout), np.einsum("nm->m", dout)]


variant("affine-einsum", "every sum spelled out in einsum; a list for a tuple", affine_backward=affine_by_einsum)


def affine_by_loops(dout, cache):
    x, w, b = cache
    dx, dw, db = np.zeros(x.shape), np.zeros(w.shape), np.zeros(b.shape)
    for i in range(dout.shape[0]):
        row, drow = x[i].ravel(), np.zeros(w.shape[0])
        for m in range(dout.shape[1]):
            for k in range(w.shape[0]):
                drow[k] += dout[i, m] * w[k, m]
                dw[k, m] += dout[i, m] * row[k]
            db[m] += dout[i, m]
        dx[i] = drow.reshape(x.shape[1:])
    return dx, dw, db


variant("affine-loops", "explicit loops over examples and weights", affine_backward=affine_by_loops)


def affine_turned(dout, cache):
    x, w, _ = cache
    dx = w.dot(dout.T).T.reshape(x.shape)
    dw = np.tensordot(dout, x.reshape(len(x), -1), axes=(0, 0)).T
    return dx, dw, np.dot(np.ones(len(dout)), dout)


variant("affine-turned", "dot and tensordot, results that are transposed views", affine_backward=affine_turned)


def affine_outer(dout, cache):
    x, w, _ = cache
    dw = sum(np.outer(example, upstream) for example, upstream in zip(x, dout, strict=True))
    dx = np.stack([np.dot(w, upstream).reshape(x.shape[1:]) for upstream in dout])
    return dx, dw, np.add.reduce(dout, axis=0)


variant("affine-outer", "the sum of one outer product for each example", affine_backward=affine_outer)


def affine_forward_dictionary(x, w, b):
    rows = x.reshape(x.shape[0], -1)
    return np.dot(rows, w) + b[np.newaxis, :], {"rows": rows, "w": w, "shape": x.shape}


def affine_backward_dictionary(dout, cache):
    dx = np.matmul(dout, cache["w"].T).reshape(cache["shape"])
    return dx, np.matmul(cache["rows"].T, dout), np.sum(dout, axis=0, keepdims=True)[0]


variant(
    "affine-dictionary-cache",
    "a cache of its own, a dictionary that holds the flattened x",
    affine_forward=affine_forward_dictionary,
    affine_backward=affine_backward_dictionary,
)


def relu_by_product(dout, cache):
    return dout * (cache > 0)


def leaky_by_product(dout, cache):
    x, slope = cache
    return dout * ((x > 0) + slope * (x <= 0))


variant(
    "masks-by-product",
    "masks that multiply in place of np.where",
    relu_backward=relu_by_product,
    leaky_relu_backward=leaky_by_product,
)


def relu_by_copy(dout, cache):
    dx = np.array(dout)
    dx[cache <= 0] = 0
    return dx


def leaky_by_copy(dout, cache):
    x, slope = cache
    dx = dout.copy()
    dx[x <= 0] *= slope
    return dx


variant(
    "masks-by-copy",
    "a copy of dout, changed in place",
    relu_backward=relu_by_copy,
    leaky_relu_backward=leaky_by_copy,
)


def relu_forward_mask(x):
    mask = x > 0
    return x * mask, mask


def leaky_forward_factor(x, negative_slope=0.01):
    factor = np.full(x.shape, negative_slope)
    factor[x > 0] = 1
    return factor * x, [factor]


variant(
    "masks-cached",
    "the forward keeps the mask or the factors, not its input",
    relu_forward=relu_forward_mask,
    relu_backward=lambda dout, mask: np.where(mask, dout, 0.0),
    leaky_relu_forward=leaky_forward_factor,
    leaky_relu_backward=lambda dout, cache: cache[0] * dout,
)

variant("relu-heaviside", "the step function", relu_backward=lambda dout, x: dout * np.heaviside(x, 0))


def leaky_by_sign(dout, cache):
    x, slope = cache
    positive = np.sign(np.maximum(x, 0))
    return dout * (slope + (1 - slope) * positive)


variant("leaky-sign", "slope plus what is missing to 1", leaky_relu_backward=leaky_by_sign)

variant(
    "activations-expanded",
    "the derivatives of sigmoid and tanh multiplied out, or factored",
    sigmoid_backward=lambda dout, s: dout * s - dout * s**2,
    tanh_backward=lambda dout, t: dout * (1 - t) * (1 + t),
)


def two_branches(x):
    """Return the sigmoid of x: each side with the exponential that cannot overflow."""
    s = np.empty_like(x)
    right = x >= 0
    s[right] = 1 / (1 + np.exp(-x[right]))
    e = np.exp(x[~right])
    s[~right] = e / (1 + e)
    return s


def sigmoid_backward_from_input(dout, x):
    s = two_branches(x)
    return dout * s * two_branches(-x)


def tanh_backward_from_input(dout, x):
    e = np.exp(-2 * np.abs(x))
    return dout * 4 * e / (1 + e) ** 2


variant(
    "activations-from-the-input",
    "the cache is x, and the output is computed again",
    sigmoid_forward=lambda x: (two_branches(x), x),
    sigmoid_backward=sigmoid_backward_from_input,
    tanh_forward=lambda x: (np.tanh(x), x),
    tanh_backward=tanh_backward_from_input,
)

variant(
    "activations-cosh",
    "tanh' as one over cosh squared, the sigmoid through tanh",
    sigmoid_forward=lambda x: (0.5 * (1 + np.tanh(0.5 * x)), x),
    sigmoid_backward=lambda dout, x: 0.25 * dout / np.cosh(0.5 * x) ** 2,
    tanh_forward=lambda x: (np.tanh(x), x),
    tanh_backward=lambda dout, x: dout / np.cosh(x) ** 2,
)


def squared_by_vdot(h, z):
    difference = z - h
    return float(np.vdot(difference, difference)), -2 * difference


variant("squared-vdot", "a dot product, and a plain float", squared_loss=squared_by_vdot)


def squared_by_norm(h, z):
    return [np.linalg.norm(h - z) ** 2, 2 * h - 2 * z]


variant("squared-norm", "the square of a norm; a list", squared_loss=squared_by_norm)


def squared_by_loops(h, z):
    loss, dh = 0.0, np.zeros_like(h)
    for place in np.ndindex(h.shape):
        loss += (h[place] - z[place]) ** 2
        dh[place] = 2 * (h[place] - z[place])
    return np.array(loss), dh


variant("squared-loops", "entry by entry; the loss as an array without axes", squared_loss=squared_by_loops)


def softmax_by_indices(x, y):
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    p = e / np.sum(e, axis=1, keepdims=True)
    right = np.take_along_axis(p, y[:, None], axis=1)
    dx = p.copy()
    np.put_along_axis(dx, y[:, None], right - 1, axis=1)
    return -np.mean(np.log(right)), dx / len(x)


variant(
    "softmax-take-along-axis",
    "the logarithm of a probability: infinite where that underflows",
    softmax_loss=softmax_by_indices,
)


def softmax_by_logaddexp(x, y):
    normaliser = np.logaddexp.reduce(x, axis=1)
    loss = np.mean(normaliser - x[np.arange(len(y)), y])
    dx = (np.exp(x - normaliser[:, np.newaxis]) - np.eye(x.shape[1])[y]) / len(y)
    return loss, dx


variant("softmax-logaddexp", "the logarithm of the sum by logaddexp.reduce", softmax_loss=softmax_by_logaddexp)


def softmax_by_one_hot(x, y):
    x = x - x.max(axis=1)[:, None]
    log_p = x - np.log(np.exp(x).sum(axis=1))[:, None]
    one_hot = np.zeros_like(x)
    one_hot[range(len(y)), y] = 1
    return -(one_hot * log_p).sum() / len(y), (np.exp(log_p) - one_hot) / len(y)


variant("softmax-log-first", "log probabilities first, times a one-hot matrix", softmax_loss=softmax_by_one_hot)


def softmax_by_loops(x, y):
    losses, rows = [], []
    for scores, label in zip(x, y, strict=True):
        e = [np.exp(score - max(scores)) for score in scores]
        losses.append(np.log(sum(e)) - (scores[label] - max(scores)))
        rows.append([value / sum(e) - (place == label) for place, value in enumerate(e)])
    return sum(losses) / len(losses), np.array(rows) / len(rows)


variant("softmax-loops", "example by example", softmax_loss=softmax_by_loops)


def affine_relu_fused(dout, cache):
    (x, w, _), a = cache
    masked = dout.copy()
    masked[a <= 0] = 0
    return (
        np.einsum("nm,dm->nd", masked, w).reshape(x.shape),
        np.einsum("nd,nm->dm", x, masked),
        masked.sum(0),
    )


variant("affine-relu-fused", "one function that calls neither part", affine_relu_backward=affine_relu_fused)


def affine_relu_forward_flat(x, w, b):
    a, affine_cache = affine_forward(x, w, b)
    h, _ = relu_forward(a)
    return h, {"affine": affine_cache, "active": h > 0}


variant(
    "affine-relu-other-cache",
    "the mask is taken from the output",
    affine_relu_forward=affine_relu_forward_flat,
    affine_relu_backward=lambda dout, cache: list(affine_backward(dout * cache["active"], cache["affine"])),
)


def affine_relu_by_parts(dout, cache):
    return affine_backward(relu_backward(dout, cache[1]), cache[0])


variant("affine-relu-by-parts", "in one line", affine_relu_backward=affine_relu_by_parts)


# --- initialisers -----------------------------------------------------------------------------------------


def xavier_std(fan_in, fan_out):
    return np.sqrt(2.0) / np.sqrt(fan_in + fan_out)


def he_std(fan_in, negative_slope):
    return np.sqrt(2.0 / (1.0 + negative_slope**2)) / np.sqrt(fan_in)


variant(
    "initializers-by-arguments",
    "mean and scale, low and high handed to the generator",
    xavier_normal=lambda i, o, rng: rng.normal(0, xavier_std(i, o), (i, o)),
    xavier_uniform=lambda i, o, rng: rng.uniform(-np.sqrt(6 / (i + o)), np.sqrt(6 / (i + o)), (i, o)),
    he_normal=lambda i, o, rng, negative_slope=0.0: rng.normal(scale=he_std(i, negative_slope), size=(i, o)),
    he_uniform=lambda i, o, rng, negative_slope=0.0: rng.uniform(
        low=-np.sqrt(3) * he_std(i, negative_slope), high=np.sqrt(3) * he_std(i, negative_slope), size=(i, o)
    ),
)

variant(
    "initializers-drawn-turned",
    "drawn as (fan_out, fan_in), as the notes lay weights out, and turned",
    xavier_normal=lambda i, o, rng: (xavier_std(i, o) * rng.standard_normal((o, i))).T,
    xavier_uniform=lambda i, o, rng: (np.sqrt(12) * xavier_std(i, o) * (rng.random((o, i)) - 0.5)).T,
    he_normal=lambda i, o, rng, negative_slope=0.0: (he_std(i, negative_slope) * rng.standard_normal((o, i))).T,
    he_uniform=lambda i, o, rng, negative_slope=0.0: (
        (np.sqrt(3) * he_std(i, negative_slope) * (1 - 2 * rng.random((o, i)))).T
    ),
)


def rows_of(draw, fan_in):
    """Return a matrix drawn row by row."""
    return np.array([draw() for _ in range(fan_in)])


variant(
    "initializers-row-by-row",
    "one call of the generator for each row",
    xavier_normal=lambda i, o, rng: rows_of(lambda: rng.normal(0.0, xavier_std(i, o), o), i),
    xavier_uniform=lambda i, o, rng: rows_of(lambda: rng.uniform(-1, 1, o) * np.sqrt(3) * xavier_std(i, o), i),
    he_normal=lambda i, o, rng, negative_slope=0.0: rows_of(
        lambda: rng.standard_normal(o) * he_std(i, negative_slope), i
    ),
    he_uniform=lambda i, o, rng, negative_slope=0.0: rows_of(
        lambda: (2 * rng.random(o) - 1) * np.sqrt(3) * he_std(i, negative_slope), i
    ),
)


def unit_by_unit(draw, fan_in, fan_out):
    """Return a matrix that is drawn unit by unit, in one call for each column."""
    w = np.zeros((fan_in, fan_out))
    for k in range(fan_out):
        w[:, k] = draw(fan_in)
    return w


variant(
    "initializers-unit-by-unit",
    "one call of the generator for each unit, column after column",
    xavier_normal=lambda i, o, rng: unit_by_unit(lambda n: rng.normal(0, xavier_std(i, o), n), i, o),
    he_uniform=lambda i, o, rng, negative_slope=0.0: unit_by_unit(
        lambda n: np.sqrt(3) * he_std(i, negative_slope) * rng.uniform(-1, 1, n), i, o
    ),
)


def flat_and_reshaped(fan_in, fan_out, rng, negative_slope=0.0):
    w = rng.standard_normal(fan_in * fan_out).reshape(fan_in, fan_out)
    w *= he_std(fan_in, negative_slope)
    return w


def xavier_by_he(fan_in, fan_out, rng):
    return he_normal(fan_in, fan_out, rng) * np.sqrt(fan_in / (fan_in + fan_out))


variant(
    "initializers-reshaped",
    "a flat draw scaled in place; Xavier's weights made from He's",
    he_normal=flat_and_reshaped,
    xavier_normal=xavier_by_he,
)

NORMALS = {
    "relu": lambda i, o, rng: rng.normal(0, he_std(i, 0), (i, o)),
    "leaky_relu": lambda i, o, rng: rng.normal(0, he_std(i, 0.01), (i, o)),
    "tanh": lambda i, o, rng: rng.normal(0, xavier_std(i, o), (i, o)),
    "sigmoid": lambda i, o, rng: rng.normal(0, xavier_std(i, o), (i, o)),
    "linear": lambda i, o, rng: rng.normal(0, xavier_std(i, o), (i, o)),
}


def network_by_table(layer_sizes, activation, rng):
    return tuple(NORMALS[activation](i, o, rng) for i, o in pairwise(layer_sizes))


variant("network-table", "a dispatch table that calls no initialiser; a tuple", init_network=network_by_table)


def network_backwards(layer_sizes, activation, rng):
    weights = []
    for number in range(len(layer_sizes) - 1, 0, -1):
        fans = layer_sizes[number - 1], layer_sizes[number]
        if activation == "relu":
            w = he_normal(*fans, rng)
        elif activation == "leaky_relu":
            w = he_normal(*fans, rng, 0.01)
        else:
            w = xavier_normal(*fans, rng)
        weights.insert(0, w)
    return weights


variant("network-backwards", "a chain of ifs; the last layer is drawn first", init_network=network_backwards)


def network_in_one_draw(layer_sizes, activation, rng):
    shapes = [(layer_sizes[i], layer_sizes[i + 1]) for i in range(len(layer_sizes) - 1)]
    draws = rng.standard_normal(sum(i * o for i, o in shapes))
    weights = []
    for i, o in shapes:
        slope = {"relu": 0.0, "leaky_relu": 0.01}.get(activation)
        std = xavier_std(i, o) if slope is None else he_std(i, slope)
        weights.append(std * draws[: i * o].reshape(i, o))
        draws = draws[i * o :]
    return weights


variant("network-one-draw", "all numbers drawn at once and dealt out", init_network=network_in_one_draw)


# --- batch normalisation: backwards behind the reference's forward ------------------------------------------


def closed_form(dout, cache):
    a, b, gamma = cache
    n, xhat = len(a), a * b
    dgamma, dbeta = np.sum(dout * xhat, axis=0), np.sum(dout, axis=0)
    return gamma * b / n * (n * dout - dbeta - xhat * dgamma), dgamma, dbeta


variant(
    "bn-closed-form",
    "both backwards in closed form, written with dgamma and dbeta",
    batchnorm_backward=closed_form,
    batchnorm_backward_alt=closed_form,
)


def staged(dout, cache):
    a, b, gamma = cache
    n = dout.shape[0]
    c = 1 / b
    dbeta = dout.sum(axis=0)
    dgamma = (a * b * dout).sum(axis=0)
    dxhat = gamma * dout
    da = dxhat / c
    dc = -(dxhat * a).sum(axis=0) / (c * c)
    dvar = 0.5 * dc / c
    dsquares = np.ones_like(a) * dvar / n
    da = da + 2 * a * dsquares
    dmu = -da.sum(axis=0)
    return [da + np.ones_like(a) * dmu / n, dgamma, dbeta]


variant(
    "bn-staged",
    "both backwards step by step, the two paths through a joined first; lists",
    batchnorm_backward=staged,
    batchnorm_backward_alt=staged,
)


def by_projection(dout, cache):
    a, b, gamma = cache
    n, xhat = len(a), a * b
    dx = np.empty_like(dout)
    for j in range(a.shape[1]):
        jacobian = b[j] * (np.eye(n) - 1 / n - np.outer(xhat[:, j], xhat[:, j]) / n)
        dx[:, j] = jacobian @ (gamma[j] * dout[:, j])
    return dx, np.diag(xhat.T @ dout).copy(), np.ones(n) @ dout


variant(
    "bn-projection",
    "the Jacobian of each feature, built and multiplied",
    batchnorm_backward_alt=by_projection,
)


def by_loops(dout, cache):
    a, b, gamma = cache
    n, width = a.shape
    dx, dgamma, dbeta = np.zeros((n, width)), np.zeros(width), np.zeros(width)
    for j in range(width):
        first = second = 0.0
        for i in range(n):
            dbeta[j] += dout[i, j]
            dgamma[j] += dout[i, j] * a[i, j] * b[j]
            first += gamma[j] * dout[i, j] / n
            second += gamma[j] * dout[i, j] * a[i, j] * b[j] / n
        for i in range(n):
            dx[i, j] = b[j] * (gamma[j] * dout[i, j] - first - a[i, j] * b[j] * second)
    return dx, dgamma, dbeta


variant(
    "bn-loops",
    "feature by feature, example by example",
    batchnorm_backward=by_loops,
    batchnorm_backward_alt=by_loops,
)


def by_einsum(dout, cache):
    a, b, gamma = cache
    n = a.shape[0]
    dgamma = np.einsum("nd,nd,d->d", dout, a, b)
    dvar = -0.5 * np.einsum("nd,d,nd,d->d", dout, gamma, a, b**3)
    direct = np.einsum("nd,d,d->nd", dout, gamma, b)
    return direct + a * dvar * (2 / n) - direct.mean(axis=0), dgamma, np.einsum("nd->d", dout)


variant("bn-einsum", "sums in einsum, the mean path as a mean", batchnorm_backward=by_einsum)


def steps_with_zero_term(dout, cache):
    a, b, gamma = cache
    n = len(a)
    c = 1 / b
    per_example = {"db": dout * gamma * a}
    per_example["dc"] = -per_example["db"] / c**2
    per_example["de"] = per_example["dc"] / (2 * np.sqrt(c**2))
    sums = {name: value.sum(axis=0) for name, value in per_example.items()}
    dvar = per_example["de"].sum(axis=0)
    da = dout * gamma / c
    dmu = np.sum(-da, axis=0) + dvar * np.sum(-2 * a, axis=0) / n
    dx = da + dvar * 2 * a / n + dmu / n
    return {"dx": dx, "dmu": dmu, "dvar": dvar, "da": da, "dxhat": dout * gamma, **sums}


variant(
    "bn-steps-zero-term",
    "single examples summed late, dmu with its second term, which is zero; one entry more than asked for",
    batchnorm_backward_steps=steps_with_zero_term,
)


def steps_from_matrix_products(dout, cache):
    a, b, gamma = cache
    ones = np.ones(len(a))
    found = {"dxhat": dout @ np.diag(gamma)}
    found["da"] = found["dxhat"] @ np.diag(b)
    found["db"] = ones @ (found["dxhat"] * a)
    found["dc"] = -np.square(b) * found["db"]
    found["de"] = found["dvar"] = b * found["dc"] / 2
    found["dmu"] = -(ones @ found["da"])
    return found


variant(
    "bn-steps-products",
    "diagonal matrices and a row of ones; one array under two names",
    batchnorm_backward_steps=steps_from_matrix_products,
)


# --- batch normalisation: forward and backwards with a cache of their own -----------------------------------


def defaults(x, bn_param):
    """Return eps, momentum and the running statistics, defaults filled in."""
    zeros = np.zeros(x.shape[1])
    return (
        bn_param.get("eps", 1e-5),
        bn_param.get("momentum", 0.9),
        bn_param.get("running_mean", zeros),
        bn_param.get("running_var", zeros),
    )


def forward_in_place(x, gamma, beta, bn_param):
    """Write the running statistics into the arrays that are there."""
    eps = bn_param.get("eps", 1e-5)
    if bn_param["mode"] == "test":
        _, _, mean, var = defaults(x, bn_param)
        return gamma * (x - mean) / np.sqrt(var + eps) + beta, None
    n, width = x.shape
    mu = x.sum(axis=0) / n
    var = ((x - mu) ** 2).sum(axis=0) / n
    for name, new in (("running_mean", mu), ("running_var", var)):
        running = bn_param.setdefault(name, np.zeros(width))
        running *= bn_param.get("momentum", 0.9)
        running += (1 - bn_param.get("momentum", 0.9)) * new
    std = np.sqrt(var + eps)
    xhat = (x - mu) / std
    return gamma * xhat + beta, {
        "xhat": xhat,
        "std": std,
        "gamma": gamma,
        "x": x,
        "mu": mu,
        "var": var,
        "eps": eps,
    }


def backward_from_dictionary(dout, cache):
    xhat, dxhat = cache["xhat"], dout * cache["gamma"]
    n = xhat.shape[0]
    dx = (dxhat - dxhat.sum(0) / n - xhat * (dxhat * xhat).sum(0) / n) / cache["std"]
    return dx, (dout * xhat).sum(0), dout.sum(0)


def steps_from_dictionary(dout, cache):
    a, c = cache["x"] - cache["mu"], np.sqrt(cache["var"] + cache["eps"])
    dxhat = dout * cache["gamma"]
    da, db = dxhat / c, np.sum(dxhat * a, axis=0)
    dc = -db / c**2
    de = dc / (2 * c)
    return {
        "dxhat": dxhat,
        "da": da,
        "db": db,
        "dc": dc,
        "de": de,
        "dvar": de.copy(),
        "dmu": -np.sum(da, axis=0),
    }


variant(
    "bn-in-place-dictionary",
    "running statistics updated in place; a dictionary that holds everything; no cache in test mode",
    batchnorm_forward=forward_in_place,
    batchnorm_backward_steps=steps_from_dictionary,
    batchnorm_backward=backward_from_dictionary,
    batchnorm_backward_alt=backward_from_dictionary,
)


class Kept:
    """What a forward leaves for its backward."""

    def __init__(self, x, gamma, eps):
        self.gamma = gamma
        self.centred = x - x.mean(axis=0, keepdims=True)
        self.var = np.einsum("nd,nd->d", self.centred, self.centred) / len(x)
        self.inverse = (self.var + eps) ** -0.5

    @property
    def xhat(self):
        """The normalised x."""
        return self.centred * self.inverse


def forward_with_object(x, gamma, beta, bn_param):
    """Update by the difference to the old value; fold the statistics into scale and shift at test time."""
    eps, momentum, mean, var = defaults(x, bn_param)
    if bn_param["mode"] == "train":
        kept = Kept(x, gamma, eps)
        bn_param["running_mean"] = mean + (1 - momentum) * (x.mean(axis=0) - mean)
        bn_param["running_var"] = var + (1 - momentum) * (kept.var - var)
        return [kept.xhat * gamma + beta, kept]
    scale = gamma / np.sqrt(var + eps)
    return [x * scale + (beta - mean * scale), "nothing"]


def backward_with_object(dout, kept):
    n, dxhat = len(dout), dout * kept.gamma
    dvar = -0.5 * (dxhat * kept.centred).sum(axis=0) * kept.inverse**3
    dmu = -(dxhat * kept.inverse).sum(axis=0) - 2 * dvar * kept.centred.mean(axis=0)
    dx = dxhat * kept.inverse + 2 * dvar * kept.centred / n + dmu / n
    return [dx, (dout * kept.xhat).sum(axis=0), dout.sum(axis=0)]


def steps_with_object(dout, kept):
    return steps_with_zero_term(dout, (kept.centred, kept.inverse, kept.gamma))


variant(
    "bn-object-cache",
    "the cache is an object; running statistics by their difference; scale and shift folded at test time",
    batchnorm_forward=forward_with_object,
    batchnorm_backward_steps=steps_with_object,
    batchnorm_backward=backward_with_object,
    batchnorm_backward_alt=backward_with_object,
)


def forward_with_bn_param(x, gamma, beta, bn_param):
    """Keep the caller's dictionary in the cache."""
    eps, momentum, mean, var = defaults(x, bn_param)
    if bn_param["mode"] == "test":
        return (x - mean) * gamma / np.sqrt(var + eps) + beta, None
    mu, std = np.mean(x, axis=0), np.std(x, axis=0)
    bn_param.update(
        running_mean=momentum * mean + (1 - momentum) * mu,
        running_var=momentum * var + (1 - momentum) * std**2,
    )
    out = (x - mu) * (gamma / np.sqrt(np.square(std) + eps)) + beta
    return out, [x, mu, std, gamma, bn_param]


def unpack_bn_param(cache):
    x, mu, std, gamma, bn_param = cache
    return x - mu, 1 / np.sqrt(std**2 + bn_param.get("eps", 1e-5)), gamma


variant(
    "bn-param-in-cache",
    "a list that holds the caller's bn_param; eps is looked up again on the way back",
    batchnorm_forward=forward_with_bn_param,
    batchnorm_backward_steps=lambda dout, cache: steps_from_matrix_products(dout, unpack_bn_param(cache)),
    batchnorm_backward=lambda dout, cache: by_einsum(dout, unpack_bn_param(cache)),
    batchnorm_backward_alt=lambda dout, cache: closed_form(dout, unpack_bn_param(cache)),
)


def forward_by_features(x, gamma, beta, bn_param):
    """Go through the features one by one."""
    eps, momentum, mean, var = defaults(x, bn_param)
    n, width = x.shape
    out, a, b = np.zeros((n, width)), np.zeros((n, width)), np.zeros(width)
    mean, var = mean.copy(), var.copy()
    for j in range(width):
        mu, spread = mean[j], var[j]
        if bn_param["mode"] == "train":
            mu = sum(x[:, j]) / n
            spread = sum((value - mu) ** 2 for value in x[:, j]) / n
            mean[j] = momentum * mean[j] + (1 - momentum) * mu
            var[j] = momentum * var[j] + (1 - momentum) * spread
        a[:, j], b[j] = x[:, j] - mu, 1 / np.sqrt(spread + eps)
        out[:, j] = gamma[j] * a[:, j] * b[j] + beta[j]
    if bn_param["mode"] == "train":
        bn_param["running_mean"], bn_param["running_var"] = mean, var
    return out, (a, b, gamma)


variant("bn-forward-loops", "the forward feature by feature", batchnorm_forward=forward_by_features)
