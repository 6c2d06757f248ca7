"""Right versions in other clothes, which must get full marks.

A student may write any formula that is algebraically the same, return lists for tuples, keep anything in a
cache, and answer yes or no in numbers. Each variant replaces one or several functions of the reference.
"""

import numpy as np

from grader.catalogue import Variants

VARIANTS = Variants()
variant = VARIANTS.add


# --- activations ------------------------------------------------------------------------------------------


def quiet_sigmoid(x):
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-x))


def two_branches(x):
    s = np.empty(x.shape)
    right = x >= 0
    s[right] = 1 / (1 + np.exp(-x[right]))
    e = np.exp(x[~right])
    s[~right] = e / (1 + e)
    return s


variant(
    "sigmoid-as-written",
    "the formula as it stands: one over infinity is zero, with a warning; the cache is a dictionary with x",
    sigmoid_forward=lambda x: (quiet_sigmoid(x), {"x": x}),
    sigmoid_backward=lambda dout, cache: dout * quiet_sigmoid(cache["x"]) * quiet_sigmoid(-cache["x"]),
)

variant(
    "sigmoid-by-tanh",
    "the sigmoid through tanh, its derivative multiplied out",
    sigmoid_forward=lambda x: (0.5 * (1 + np.tanh(0.5 * x)), [0.5 * (1 + np.tanh(0.5 * x))]),
    sigmoid_backward=lambda dout, cache: dout * cache[0] - dout * cache[0] ** 2,
)

variant(
    "sigmoid-two-branches",
    "each side with the exponential that cannot overflow",
    sigmoid_forward=lambda x: (two_branches(x), x),
    sigmoid_backward=lambda dout, x: dout * two_branches(x) * two_branches(-x),
)


def tanh_by_exponential(x):
    e = np.exp(-2 * np.abs(x))
    out = np.sign(x) * (1 - e) / (1 + e)
    return out, out


variant(
    "tanh-by-exponential",
    "one exponential that cannot overflow; the derivative factored",
    tanh_forward=tanh_by_exponential,
    tanh_backward=lambda dout, t: dout * (1 - t) * (1 + t),
)

variant(
    "tanh-by-sigmoid",
    "tanh as a sigmoid stretched; the derivative from the input",
    tanh_forward=lambda x: (2 * two_branches(2 * x) - 1, x),
    tanh_backward=lambda dout, x: 4 * dout * two_branches(2 * x) * two_branches(-2 * x),
)


def relu_by_product(x):
    mask = x > 0
    return x * mask, mask


def leaky_by_factor(x, negative_slope=0.01):
    factor = np.full(x.shape, negative_slope)
    factor[x > 0] = 1
    return factor * x, factor


variant(
    "masks-cached",
    "the forward keeps the mask or the factors, not its input",
    relu_forward=relu_by_product,
    relu_backward=lambda dout, mask: np.where(mask, dout, 0.0),
    leaky_relu_forward=leaky_by_factor,
    leaky_relu_backward=lambda dout, factor: factor * dout,
)


def leaky_by_parts(x, negative_slope=0.01):
    return np.maximum(0, x) + negative_slope * np.minimum(0, x), (x, negative_slope)


def relu_backward_by_copy(dout, x):
    dx = np.array(dout)
    dx[x <= 0] = 0
    return dx


def leaky_backward_by_copy(dout, cache):
    x, slope = cache
    dx = dout.copy()
    dx[x <= 0] *= slope
    return dx


variant(
    "masks-by-copy",
    "a copy of dout, changed in place; the leak as a sum of two parts; relu as the mean of x and its size",
    relu_forward=lambda x: ((x + np.abs(x)) / 2, x),
    relu_backward=relu_backward_by_copy,
    leaky_relu_forward=leaky_by_parts,
    leaky_relu_backward=leaky_backward_by_copy,
)


def elu_by_masks(x, alpha=1.0):
    out = np.array(x, dtype=float)
    left = x <= 0
    out[left] = alpha * (np.exp(x[left]) - 1)
    return out, (out, alpha)


variant(
    "softplus-logaddexp",
    "NumPy's own logaddexp, and the sigmoid through tanh",
    softplus_forward=lambda x: (np.logaddexp(0, x), x),
    softplus_backward=lambda dout, x: dout * (1 + np.tanh(x / 2)) / 2,
)


def softplus_by_maximum(x):
    top = np.maximum(x, 0)
    return top + np.log(np.exp(-top) + np.exp(x - top)), {"x": x}


def softplus_backward_as_written(dout, cache):
    return dout * quiet_sigmoid(cache["x"])


variant(
    "softplus-log-sum-exp",
    "the largest term taken out of the logarithm, log for log1p",
    softplus_forward=softplus_by_maximum,
    softplus_backward=softplus_backward_as_written,
)


def elu_backward_from_output(dout, cache):
    out, alpha = cache
    return dout * np.where(out > 0, 1, out + alpha)


variant(
    "elu-from-the-output",
    "exp of the negative entries alone; the derivative from the output",
    elu_forward=elu_by_masks,
    elu_backward=elu_backward_from_output,
)


def elu_with_overflow(x, alpha=1.0):
    with np.errstate(over="ignore"):
        return np.where(x > 0, x, alpha * (np.exp(x) - 1)), (x, alpha)


def elu_backward_with_overflow(dout, cache):
    x, alpha = cache
    with np.errstate(over="ignore"):
        return dout * np.where(x > 0, 1, alpha * np.exp(x))


variant(
    "elu-where",
    "an infinity in the branch that np.where does not take",
    elu_forward=elu_with_overflow,
    elu_backward=elu_backward_with_overflow,
)


# --- losses -----------------------------------------------------------------------------------------------


def softmax_by_loops(x, y):
    loss, dx = 0.0, np.zeros(x.shape)
    for i in range(len(x)):
        p = np.exp(x[i] - max(x[i]))
        total = sum(p)
        loss += np.log(total) - (x[i, y[i]] - max(x[i]))
        dx[i] = p / total
        dx[i, y[i]] -= 1
    return [loss / len(x), dx / len(x)]


def svm_by_loops(x, y):
    n, classes = x.shape
    loss, dx = 0.0, np.zeros((n, classes))
    for i in range(n):
        for j in range(classes):
            if j == y[i]:
                continue
            margin = 1 + x[i, j] - x[i, y[i]]
            if margin > 0:
                loss += margin
                dx[i, j] += 1 / n
                dx[i, y[i]] -= 1 / n
    return loss / n, dx


variant(
    "losses-by-loops",
    "explicit loops over examples and classes; a list for a tuple",
    squared_loss=lambda h, z: [float(sum(((h - z) ** 2).ravel())), (h - z) * 2],
    softmax_loss=softmax_by_loops,
    svm_loss=svm_by_loops,
    l2_penalty=lambda w, strength: [sum(float(v) ** 2 for v in w.ravel()) * strength / 2, w * strength],
)


def svm_by_one_hot(x, y):
    hot = np.eye(x.shape[1])[y]
    right = (x * hot).sum(axis=1, keepdims=True)
    margins = np.maximum(0, (x + 1 - right) * (1 - hot))
    active = np.sign(margins)
    return margins.sum(axis=1).mean(), (active - hot * active.sum(axis=1, keepdims=True)) / len(x)


def softmax_by_one_hot(x, y):
    hot = np.eye(x.shape[1])[y]
    shifted = x - np.max(x, axis=1)[:, None]
    log_sum = np.log(np.sum(np.exp(shifted), axis=1))
    p = np.exp(shifted - log_sum[:, None])
    return np.mean(log_sum - np.sum(shifted * hot, axis=1)), (p - hot) / len(x)


variant(
    "losses-one-hot",
    "labels as rows of the identity matrix; np.vdot for sums of squares",
    squared_loss=lambda h, z: (np.vdot(h - z, h - z), 2 * h - 2 * z),
    softmax_loss=softmax_by_one_hot,
    svm_loss=svm_by_one_hot,
    l2_penalty=lambda w, strength: (0.5 * strength * np.linalg.norm(w) ** 2, strength * w),
)


# --- what impedes learning --------------------------------------------------------------------------------


def standardize_by_loops(train, test, eps=1e-8):
    train_out, test_out = np.empty(train.shape), np.empty(test.shape)
    for j in range(train.shape[1]):
        mean = np.sum(train[:, j]) / len(train)
        spread = (np.sum((train[:, j] - mean) ** 2) / len(train) + eps) ** 0.5
        train_out[:, j] = (train[:, j] - mean) / spread
        test_out[:, j] = (test[:, j] - mean) / spread
    return [train_out, test_out]


def dead_by_range(h):
    return (np.max(h, axis=0) == np.min(h, axis=0)).astype(int)


def dead_by_tolerance(h):
    return np.isclose(h, h[-1:], rtol=0, atol=1e-12).all(axis=0)


def norms_by_recursion(x, w, dout):
    def back(h, layers):
        if not len(layers):
            return dout, [np.linalg.norm(dout)]
        out = two_branches(h @ layers[0])
        above, norms = back(out, layers[1:])
        dh = (above * (out - out * out)).dot(layers[0].T)
        return dh, [np.linalg.norm(dh), *norms]

    return back(x, w)[1]


def agreement_by_sizes(gradients):
    """Numbers of one sign, and only they, have a sum as large as that of their absolute values."""
    total = np.add.reduce(gradients)
    each = np.abs(gradients.sum(axis=1)) == np.abs(gradients).sum(axis=1)
    return [each * 1.0, (np.abs(total.sum(axis=0)) == np.abs(total).sum(axis=0)) * 1]


def identical_by_dictionary(w_in, b, w_out):
    seen, first = {}, []
    for j in range(len(b)):
        unit = (*w_in[:, j], b[j], *w_out[j])
        first.append(seen.setdefault(unit, j))
    return np.array(first, dtype=float)


variant(
    "impediments-by-loops",
    "loops, recursion and dictionaries; numbers for booleans, floats for integers",
    standardize=standardize_by_loops,
    saturated_fraction=lambda slope, threshold=0.01: np.sum(~(np.abs(slope) > threshold), axis=0) / len(slope),
    dead_units=dead_by_range,
    per_example_gradients=lambda x, dz: np.stack([np.outer(a, d) for a, d in zip(x, dz, strict=True)]),
    sign_agreement=agreement_by_sizes,
    gradient_norms=lambda x, w, dout: np.array(norms_by_recursion(x, w, dout)),
    identical_units=identical_by_dictionary,
)


def agreement_by_extremes(gradients):
    total = gradients.sum(axis=0, keepdims=True)

    def agree(values):
        return values.min(axis=1) * values.max(axis=1) >= 0

    return agree(gradients), agree(total)[0]


def norms_with_lists(x, w, dout):
    h = [x]
    for i in range(w.shape[0]):
        z = np.dot(h[i], w[i])
        h.append(0.5 + 0.5 * np.tanh(z / 2))
    norms = np.zeros(w.shape[0] + 1)
    d = dout.copy()
    norms[-1] = np.sqrt(np.vdot(d, d))
    for i in range(w.shape[0] - 1, -1, -1):
        d = np.einsum("nm,dm->nd", d * h[i + 1] * (1 - h[i + 1]), w[i])
        norms[i] = np.sqrt(np.vdot(d, d))
    return norms


def identical_by_pairs(w_in, b, w_out):
    first = np.arange(len(b))
    for j in range(len(b)):
        for k in range(j):
            if np.all(w_in[:, j] == w_in[:, k]) and b[j] == b[k] and np.array_equal(w_out[j], w_out[k]):
                first[j] = k
                break
    return first


def standardize_by_function(train, test, eps=1e-8):
    mean = np.mean(train, axis=0, keepdims=True)
    variance = np.mean(np.square(train - mean), axis=0, keepdims=True)
    return tuple((values - mean) * (variance + eps) ** -0.5 for values in (train, test))


variant(
    "impediments-in-numpy",
    "einsum, broadcasting, a tolerance for equality",
    standardize=standardize_by_function,
    dead_units=dead_by_tolerance,
    per_example_gradients=lambda x, dz: np.einsum("nd,nm->ndm", x, dz),
    sign_agreement=agreement_by_extremes,
    gradient_norms=norms_with_lists,
    identical_units=identical_by_pairs,
)
