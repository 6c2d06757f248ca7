"""Right versions in other clothes, which must get full marks: loops, einsum, transposes, other caches, lists."""

import numpy as np

from grader.catalogue import Variants

VARIANTS = Variants()
variant = VARIANTS.add


# --- layer normalisation ------------------------------------------------------------------------------------


def ln_transposed(x, gamma, beta, ln_param):
    """Batch normalisation of the transpose."""
    t = x.T
    mu = t.mean(axis=0)
    std = np.sqrt(t.var(axis=0) + ln_param.get("eps", 1e-5))
    xhat = ((t - mu) / std).T
    return [xhat * gamma + beta, {"xhat": xhat, "std": std, "gamma": gamma, "param": ln_param}]


def ln_transposed_backward(dout, cache):
    t, d = (dout * cache["gamma"]).T, dout.shape[1]
    xhat = cache["xhat"].T
    dx = (d * t - t.sum(axis=0) - xhat * (t * xhat).sum(axis=0)) / (d * cache["std"])
    return [dx.T, (dout * cache["xhat"]).sum(0), dout.sum(0)]


variant(
    "ln-transposed",
    "batch normalisation of the transpose; a dictionary, lists",
    layernorm_forward=ln_transposed,
    layernorm_backward=ln_transposed_backward,
)


def ln_by_loops(x, gamma, beta, ln_param):
    out, kept = np.zeros_like(x), []
    for i, row in enumerate(x):
        mu = sum(row) / len(row)
        var = sum((value - mu) ** 2 for value in row) / len(row)
        kept.append((row - mu, (var + ln_param.get("eps", 1e-5)) ** -0.5))
        out[i] = gamma * kept[-1][0] * kept[-1][1] + beta
    return out, (kept, gamma)


def ln_by_loops_backward(dout, cache):
    """Step by step through the graph, one example at a time, the zero term of dmu included."""
    kept, gamma = cache
    dx, dgamma, dbeta = np.zeros_like(dout), np.zeros_like(gamma), np.zeros_like(gamma)
    for i, (a, b) in enumerate(kept):
        d = len(a)
        dxhat = dout[i] * gamma
        dvar = -0.5 * b**3 * np.sum(dxhat * a)
        dmu = -np.sum(dxhat * b) - 2 * dvar * np.sum(a) / d
        dx[i] = dxhat * b + 2 * dvar * a / d + dmu / d
        dgamma += dout[i] * a * b
        dbeta += dout[i]
    return dx, dgamma, dbeta


variant(
    "ln-loops",
    "example by example, the backward edge by edge",
    layernorm_forward=ln_by_loops,
    layernorm_backward=ln_by_loops_backward,
)


# --- images -------------------------------------------------------------------------------------------------


def planes_forward(x, gamma, beta, in_param):
    """One row for each plane, as layer normalisation without its parameters."""
    n, c, h, w = x.shape
    rows = x.reshape(n * c, h * w)
    centred = rows - rows.mean(1)[:, None]
    std = np.sqrt(np.einsum("ij,ij->i", centred, centred) / (h * w) + in_param.get("eps", 1e-5))
    xhat = (centred / std[:, None]).reshape(x.shape)
    return np.einsum("c,nchw->nchw", gamma, xhat) + beta.reshape(1, c, 1, 1), (xhat, std.reshape(n, c), gamma)


def planes_backward(dout, cache):
    xhat, std, gamma = cache
    h, w = dout.shape[2:]
    scaled = dout * gamma.reshape(1, -1, 1, 1)
    first = np.einsum("nchw->nc", scaled) / (h * w)
    second = np.einsum("nchw,nchw->nc", scaled, xhat) / (h * w)
    dx = (scaled - first[..., None, None] - xhat * second[..., None, None]) / std[..., None, None]
    return dx, np.einsum("nchw,nchw->c", dout, xhat), np.einsum("nchw->c", dout)


variant(
    "in-planes",
    "a row for each plane, sums in einsum",
    instancenorm_forward=planes_forward,
    instancenorm_backward=planes_backward,
)


def groups_in_five_axes(x, gamma, beta, groups, gn_param):
    n, c, h, w = x.shape
    x5 = x.reshape(n, groups, c // groups, h, w)
    mu, var = x5.mean((2, 3, 4), keepdims=True), x5.var((2, 3, 4), keepdims=True)
    std = np.sqrt(var + gn_param.get("eps", 1e-5))
    xhat = (x5 - mu) / std
    out = (xhat * gamma.reshape(1, groups, -1, 1, 1) + beta.reshape(1, groups, -1, 1, 1)).reshape(x.shape)
    return out, (xhat, std, gamma)


def groups_in_five_axes_backward(dout, cache):
    xhat, std, gamma = cache
    d5 = dout.reshape(xhat.shape)
    dxhat = d5 * gamma.reshape(1, xhat.shape[1], -1, 1, 1)
    m = xhat[0, 0].size
    total, slope = dxhat.sum((2, 3, 4), keepdims=True), (dxhat * xhat).sum((2, 3, 4), keepdims=True)
    dx = (dxhat - (total + xhat * slope) / m) / std
    return dx.reshape(dout.shape), (d5 * xhat).sum((0, 3, 4)).ravel(), dout.sum((0, 2, 3))


variant(
    "gn-five-axes",
    "(N, G, C / G, H, W) throughout",
    groupnorm_forward=groups_in_five_axes,
    groupnorm_backward=groups_in_five_axes_backward,
)


def group_by_group(x, gamma, beta, groups, gn_param):
    size = x.shape[1] // groups
    out, kept = np.empty_like(x), []
    for g in range(groups):
        part = slice(g * size, (g + 1) * size)
        a = x[:, part] - x[:, part].mean(axis=(1, 2, 3), keepdims=True)
        b = 1 / np.sqrt(np.mean(a * a, axis=(1, 2, 3), keepdims=True) + gn_param.get("eps", 1e-5))
        out[:, part] = gamma[part, None, None] * a * b + beta[part, None, None]
        kept.append((part, a, b))
    return out, [kept, gamma]


def group_by_group_backward(dout, cache):
    kept, gamma = cache
    dx, dgamma = np.empty_like(dout), np.empty_like(gamma)
    axes = (1, 2, 3)
    for part, a, b in kept:
        dxhat = dout[:, part] * gamma[part, None, None]
        dvar = (dxhat * a).sum(axes, keepdims=True) * -0.5 * b**3
        m = a[0].size
        dx[:, part] = dxhat * b + dvar * 2 * a / m - (dxhat * b).sum(axes, keepdims=True) / m
        dgamma[part] = (dout[:, part] * a * b).sum((0, 2, 3))
    return dx, dgamma, np.sum(dout, (0, 2, 3))


variant(
    "gn-loops",
    "group by group, edge by edge",
    groupnorm_forward=group_by_group,
    groupnorm_backward=group_by_group_backward,
)


def spatial_as_rows(x, gamma, beta, bn_param):
    """Move the channels to the end, and treat every pixel as an example."""
    rows = np.ascontiguousarray(np.moveaxis(x, 1, -1)).reshape(-1, x.shape[1])
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    zeros = np.zeros(x.shape[1])
    mean, var = bn_param.get("running_mean", zeros), bn_param.get("running_var", zeros)
    if bn_param["mode"] == "train":
        mu, spread = rows.mean(0), rows.var(0)
        bn_param["running_mean"] = mean + (1 - momentum) * (mu - mean)
        bn_param["running_var"] = var + (1 - momentum) * (spread - var)
        mean, var = mu, spread
    std = np.sqrt(var + eps)
    xhat = (rows - mean) / std
    n, _, h, w = x.shape
    return np.moveaxis((gamma * xhat + beta).reshape(n, h, w, -1), -1, 1), (xhat, std, gamma)


def spatial_as_rows_backward(dout, cache):
    xhat, std, gamma = cache
    n, c, h, w = dout.shape
    rows = dout.transpose(0, 2, 3, 1).reshape(-1, c)
    dgamma, dbeta = (rows * xhat).sum(0), rows.sum(0)
    dx = gamma / std / len(rows) * (len(rows) * rows - dbeta - xhat * dgamma)
    return dx.reshape(n, h, w, c).transpose(0, 3, 1, 2), dgamma, dbeta


variant(
    "sbn-rows",
    "channels last, a pixel is an example; running statistics by their difference; closed form with dgamma",
    spatial_batchnorm_forward=spatial_as_rows,
    spatial_batchnorm_backward=spatial_as_rows_backward,
)


def spatial_channel_by_channel(x, gamma, beta, bn_param):
    """Write running statistics in place, channel by channel."""
    c, train = x.shape[1], bn_param["mode"] == "train"
    mean = bn_param["running_mean"] if "running_mean" in bn_param else np.zeros(c)
    var = bn_param["running_var"] if "running_var" in bn_param else np.zeros(c)
    if train:
        bn_param["running_mean"], bn_param["running_var"] = mean, var
    keep, out, cache = bn_param.get("momentum", 0.9), np.zeros(x.shape), []
    for j in range(c):
        mu, spread = (x[:, j].mean(), x[:, j].var()) if train else (mean[j], var[j])
        if train:
            mean[j] = keep * mean[j] + (1 - keep) * mu
            var[j] = keep * var[j] + (1 - keep) * spread
        a, b = x[:, j] - mu, 1 / np.sqrt(spread + bn_param.get("eps", 1e-5))
        out[:, j] = gamma[j] * a * b + beta[j]
        cache.append((a, b, gamma[j]))
    return out, cache


def spatial_channel_by_channel_backward(dout, cache):
    dx, dgamma, dbeta = np.zeros(dout.shape), [], []
    for j, (a, b, gamma) in enumerate(cache):
        d = dout[:, j] * gamma
        dx[:, j] = b * (d - d.mean()) - a * b**3 * (d * a).mean()
        dgamma.append(np.sum(dout[:, j] * a) * b)
        dbeta.append(np.sum(dout[:, j]))
    return dx, np.array(dgamma), np.array(dbeta)


variant(
    "sbn-channel-by-channel",
    "channel by channel, running statistics in place",
    spatial_batchnorm_forward=spatial_channel_by_channel,
    spatial_batchnorm_backward=spatial_channel_by_channel_backward,
)


# --- statistics for test time -------------------------------------------------------------------------------


def population_by_loop(batches):
    means, variances = [], []
    for batch in batches:
        means.append(batch.mean(0))
        variances.append(batch.var(0, ddof=1))
    return [sum(means) / len(means), sum(variances) / len(variances)]


variant("population-loop", "batch by batch, with ddof", population_statistics=population_by_loop)


def fold_through_the_origin(w, b, gamma, beta, running_mean, running_var, eps=1e-5):
    """Read weights and bias off from what the two layers do to zero and to unit vectors."""

    def both(x):
        return gamma * ((x @ w + b) - running_mean) / np.sqrt(running_var + eps) + beta

    return w @ np.diag(gamma * (running_var + eps) ** -0.5), both(np.zeros((1, len(w))))[0]


variant("fold-probed", "the bias from the answer to zero, a diagonal matrix", fold_batchnorm=fold_through_the_origin)


def frozen_as_affine(x, gamma, beta, bn_param):
    scale = gamma / np.sqrt(bn_param["running_var"] + bn_param.get("eps", 1e-5))
    return scale * x + (beta - scale * bn_param["running_mean"]), (x, gamma, scale, dict(bn_param))


def frozen_as_affine_backward(dout, cache):
    x, _, scale, param = cache
    std = np.sqrt(param["running_var"] + param.get("eps", 1e-5))
    return dout * scale, np.einsum("nd,nd->d", dout, (x - param["running_mean"]) / std), np.ones(len(x)) @ dout


variant(
    "frozen-affine",
    "scale and shift worked out first",
    frozen_batchnorm_forward=frozen_as_affine,
    frozen_batchnorm_backward=frozen_as_affine_backward,
)


# --- blocks -------------------------------------------------------------------------------------------------


def statistics_of(z, bn_param):
    """Return mean and standard deviation for the mode, and store running statistics while training."""
    zeros = np.zeros(z.shape[1])
    mean, var = bn_param.get("running_mean", zeros), bn_param.get("running_var", zeros)
    if bn_param["mode"] == "train":
        keep, own = bn_param.get("momentum", 0.9), (z.mean(0), z.var(0))
        bn_param.update(running_mean=keep * mean + (1 - keep) * own[0], running_var=keep * var + (1 - keep) * own[1])
        mean, var = own
    return mean, np.sqrt(var + bn_param.get("eps", 1e-5))


def without_bias_forward(x, w, b, gamma, beta, bn_param):
    """Leave the bias out where the mean would take it away again."""
    z = x @ w + (0 if bn_param["mode"] == "train" else b)
    param = dict(bn_param)
    mean, std = statistics_of(z, param)
    if bn_param["mode"] == "train":
        keep, old = bn_param.get("momentum", 0.9), bn_param.get("running_mean", np.zeros(len(b)))
        bn_param["running_mean"] = keep * old + (1 - keep) * (mean + b)
        bn_param["running_var"] = param["running_var"]
    xhat = (z - mean) / std
    y = gamma * xhat + beta
    return y * (y > 0), {"x": x, "w": w, "xhat": xhat, "std": std, "gamma": gamma, "y": y}


def without_bias_backward(dout, kept):
    dy = np.where(kept["y"] > 0, dout, 0.0)
    xhat, n = kept["xhat"], len(dout)
    dgamma, dbeta = (dy * xhat).sum(0), dy.sum(0)
    dz = kept["gamma"] / kept["std"] * (dy - dbeta / n - xhat * dgamma / n)
    return dz @ kept["w"].T, kept["x"].T @ dz, np.zeros(dz.shape[1]), dgamma, dbeta


variant(
    "bn-relu-without-bias",
    "no bias while training, and zeros for its gradient",
    affine_bn_relu_forward=without_bias_forward,
    affine_bn_relu_backward=without_bias_backward,
)


def relu_bn_by_units(x, w, b, gamma, beta, bn_param):
    z = np.column_stack([x @ w[:, k] + b[k] for k in range(len(b))])
    h = np.where(z > 0, z, 0.0)
    mean, std = statistics_of(h, bn_param)
    return gamma * (h - mean) / std + beta, [x, w, z, h - mean, std, gamma]


def relu_bn_by_units_backward(dout, cache):
    x, w, z, a, std, gamma = cache
    n, dx, dw, db = len(x), np.zeros_like(x), np.zeros_like(w), np.zeros(w.shape[1])
    for k in range(w.shape[1]):
        g = dout[:, k] * gamma[k]
        dvar = -0.5 * np.sum(g * a[:, k]) / std[k] ** 3
        dh = g / std[k] + 2 * dvar * a[:, k] / n - np.sum(g) / std[k] / n
        dz = dh * (z[:, k] > 0)
        dx += np.outer(dz, w[:, k])
        dw[:, k], db[k] = dz @ x, dz.sum()
    return [dx, dw, db, (dout * a / std).sum(0), dout.sum(0)]


variant(
    "relu-bn-units",
    "unit by unit, edge by edge; lists",
    affine_relu_bn_forward=relu_bn_by_units,
    affine_relu_bn_backward=relu_bn_by_units_backward,
)


# --- dropout ------------------------------------------------------------------------------------------------


def dropout_by_choice(x, dropout_param):
    p = dropout_param["p"]
    keep = np.ones(x.shape, dtype=bool)
    if dropout_param["mode"] == "train":
        keep = dropout_param["rng"].choice([True, False], size=x.shape, p=[p, 1 - p])
        return np.where(keep, x / p, 0.0), (keep, p)
    return x, (keep, 1.0)


def dropout_by_choice_backward(dout, cache):
    keep, p = cache
    dx = dout / p
    dx[~keep] = 0
    return dx


variant(
    "dropout-choice",
    "drawn by choice, written with where; a boolean mask and p in the cache",
    dropout_forward=dropout_by_choice,
    dropout_backward=dropout_by_choice_backward,
)


def dropout_row_by_row(x, dropout_param):
    out = x.copy()
    factor = np.ones(x.shape)
    if dropout_param["mode"] == "train":
        for i in range(len(x)):
            dropped = dropout_param["rng"].uniform(size=x.shape[1]) >= dropout_param["p"]
            factor[i] = np.where(dropped, 0, 1 / dropout_param["p"])
        out *= factor
    return out, {"factor": factor, "param": dropout_param}


variant(
    "dropout-rows",
    "one call of the generator for each example; the caller's dictionary in the cache",
    dropout_forward=dropout_row_by_row,
    dropout_backward=lambda dout, cache: dout * cache["factor"],
)

variant(
    "dropout-variance-by-parts",
    "the law of total variance, term by term",
    variance_under_dropout=lambda mean, var, p: var + (1 - p) / p * (var + mean * mean),
)


# --- whitening and drift ------------------------------------------------------------------------------------


def whiten_by_svd(x, eps=1e-5):
    """Never form the covariance: the singular values of the deviations hold its eigenvalues."""
    a = x - np.mean(x, axis=0)
    _, singular, turned = np.linalg.svd(a / np.sqrt(len(x)), full_matrices=True)
    values = np.zeros(x.shape[1])
    values[: len(singular)] = singular**2
    matrix = (turned.T * (values + eps) ** -0.5) @ turned
    return a @ matrix, matrix


variant("whiten-svd", "singular values of the deviations", whiten=whiten_by_svd)


def whiten_by_root(x, eps=1e-5):
    """Take the root first, then invert it."""
    a = x - x.mean(0)
    values, vectors = np.linalg.eigh(np.cov(x.T, bias=True).reshape(x.shape[1], -1) + eps * np.identity(x.shape[1]))
    matrix = np.linalg.inv(vectors @ np.diag(values**0.5) @ vectors.T)
    return [a @ matrix, matrix]


variant("whiten-root", "np.cov, the root, then its inverse", whiten=whiten_by_root)


def drift_in_closed_form(u, b, target, learning_rate, steps):
    """The output never changes, so neither does the gradient."""
    out = u - u.mean(axis=0)
    step = 2 * learning_rate * (out - target).sum(axis=0)
    return b - np.arange(steps + 1)[:, None] * step, out


variant("drift-closed-form", "every step is the same", bias_drift=drift_in_closed_form)
