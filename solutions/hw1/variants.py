"""Right versions in other clothes, which must get full marks."""

import numpy as np
from gates import unbroadcast

from grader.catalogue import Variants

VARIANTS = Variants()
variant = VARIANTS.add


# --- gates ------------------------------------------------------------------------------------------------


def unbroadcast_in_two_loops(grad, shape):
    while grad.ndim > len(shape):
        grad = grad.sum(axis=0)
    for axis, length in enumerate(shape):
        if length == 1:
            grad = grad.sum(axis=axis, keepdims=True)
    return grad


variant("unbroadcast-loops", "one axis at a time", unbroadcast=unbroadcast_in_two_loops)


def unbroadcast_by_index(grad, shape):
    reduced = np.zeros(shape)
    padded = (1,) * (grad.ndim - len(shape)) + tuple(shape)
    lead = grad.ndim - len(shape)
    for index in np.ndindex(grad.shape):
        place = tuple(min(i, length - 1) for i, length in zip(index, padded, strict=True))[lead:]
        reduced[place] += grad[index]
    return reduced


variant("unbroadcast-index", "entry by entry, with no sum over an axis", unbroadcast=unbroadcast_by_index)


def add_by_dictionary(x, y):
    return np.add(x, y), {"x": np.shape(x), "y": np.shape(y)}


def add_back(dout, cache):
    return [unbroadcast(dout, cache["x"]), unbroadcast(dout, cache["y"])]


def multiply_own(x, y):
    return np.multiply(x, y), {"factors": [x, y], "note": "mine"}


def multiply_back(dout, cache):
    x, y = cache["factors"]
    wide_x, wide_y = np.broadcast_arrays(x, y)
    return [unbroadcast(np.multiply(dout, wide_y), x.shape), unbroadcast(np.multiply(wide_x, dout), y.shape)]


def maximum_back(dout, cache):
    x, y = cache
    mask = (x > y).astype(float)
    return unbroadcast(mask * dout, np.shape(x)), unbroadcast((1 - mask) * dout, np.shape(y))


variant(
    "gates-own-caches",
    "dictionaries as caches, lists for tuples, masks that multiply",
    add_forward=add_by_dictionary,
    add_backward=add_back,
    multiply_forward=multiply_own,
    multiply_backward=multiply_back,
    maximum_backward=maximum_back,
)


def exp_keeps_x(x):
    return np.exp(x), x


def exp_of_x(dout, cache):
    return np.exp(cache) * dout


def log_keeps_out(x):
    out = np.log(x)
    return out, out


def log_by_exp(dout, cache):
    return dout * np.exp(-cache)


variant(
    "exp-log-other-caches",
    "exp keeps its input, log its output",
    exp_forward=exp_keeps_x,
    exp_backward=exp_of_x,
    log_forward=log_keeps_out,
    log_backward=log_by_exp,
)


def branch_stacked(*douts):
    return np.stack(douts).sum(axis=0)


def branch_by_loop(*douts):
    total = np.zeros_like(douts[0])
    for dout in reversed(douts):
        total += dout
    return total


variant("branch-stacked", "a sum over a new axis", branch_backward=branch_stacked)
variant("branch-loop", "added up in an array of its own, the last one first", branch_backward=branch_by_loop)


def softplus_by_logaddexp(x):
    return np.logaddexp(0, x), {"x": x}


def softplus_steps_from_a(dout, cache):
    a = 1 + np.exp(cache["x"])
    da = dout / a
    return {"dx": da * (a - 1), "db": da.copy(), "da": da, "a": a}


def softplus_back_by_logs(dout, cache):
    return dout * np.exp(-np.logaddexp(0, -cache["x"]))


variant(
    "softplus-logaddexp",
    "NumPy's own log of a sum of exponentials; the value a in place of b; more entries than asked for",
    softplus_forward=softplus_by_logaddexp,
    softplus_backward_steps=softplus_steps_from_a,
    softplus_backward=softplus_back_by_logs,
)


def softplus_in_pieces(x):
    out = np.array(x, dtype=float)
    small = x < 30
    out[small] = np.log1p(np.exp(x[small]))
    return out, (x, out)


def softplus_steps_in_pieces(dout, cache):
    b = np.exp(cache[0])
    return {"da": dout / (1 + b), "db": dout / (1 + b), "dx": dout * b / (1 + b)}


def softplus_back_in_pieces(dout, cache):
    return dout * (1 - np.exp(-cache[1]))


variant(
    "softplus-pieces",
    "x itself from 30 on; the slope from the output: 1 - exp(-out)",
    softplus_forward=softplus_in_pieces,
    softplus_backward_steps=softplus_steps_in_pieces,
    softplus_backward=softplus_back_in_pieces,
)


# --- numerical derivatives --------------------------------------------------------------------------------


def gradient_in_place(f, x):
    gradient = np.zeros(x.shape)
    it = np.nditer(x, flags=["multi_index"])
    while not it.finished:
        index = it.multi_index
        kept = x[index].copy()
        x[index] = kept + 1e-6
        ahead = f(x)
        x[index] = kept - 1e-6
        behind = f(x)
        x[index] = kept
        gradient[index] = (ahead - behind) / 2e-6
        it.iternext()
    return gradient


def jacobian_by_columns(f, x):
    x = x.copy()
    result = np.zeros((x.size, f(x).size))
    for i in range(x.size):
        kept = x[i]
        x[i] = kept + 1e-4
        ahead = f(x)
        x[i] = kept - 1e-4
        result[i, :] = (ahead - f(x)) / 2e-4
        x[i] = kept
    return result


def hessian_by_gradients(f, x):
    h, rows = 1e-4, []
    for i in range(len(x)):
        step = h * np.eye(len(x))[i]
        rows.append((gradient_in_place(f, x + step) - gradient_in_place(f, x - step)) / (2 * h))
    return np.array(rows)


variant(
    "numerical-in-place",
    "x itself is moved and put back exactly; the Hessian as the change of a gradient",
    numerical_gradient=gradient_in_place,
    jacobian=jacobian_by_columns,
    hessian=hessian_by_gradients,
)


def gradient_of_fourth_order(f, x):
    flat, slopes = x.ravel(), []
    for i in range(flat.size):
        values = []
        for step in (2e-4, 1e-4, -1e-4, -2e-4):
            moved = flat.copy()
            moved[i] += step
            values.append(f(moved.reshape(x.shape)))
        slopes.append((-values[0] + 8 * values[1] - 8 * values[2] + values[3]) / (12 * 1e-4))
    return np.array(slopes).reshape(x.shape)


def jacobian_with_relative_steps(f, x):
    steps = np.diag(6e-6 * np.maximum(1, np.abs(x)))
    return np.stack([(f(x + step) - f(x - step)) / (2 * step.sum()) for step in steps])


def hessian_with_three_points(f, x):
    n, h = len(x), 2e-4
    unit, result, here = h * np.eye(n), np.zeros((n, n)), f(x)
    for i in range(n):
        result[i, i] = (f(x + unit[i]) - 2 * here + f(x - unit[i])) / h**2
        for j in range(i):
            both, apart = unit[i] + unit[j], unit[i] - unit[j]
            value = (f(x + both) + f(x - both) - f(x + apart) - f(x - apart)) / (4 * h**2)
            result[i, j] = result[j, i] = value
    return result


variant(
    "numerical-other-formulas",
    "fourth order, steps relative to x, three points on the diagonal",
    numerical_gradient=gradient_of_fourth_order,
    jacobian=jacobian_with_relative_steps,
    hessian=hessian_with_three_points,
)


# --- matrices ---------------------------------------------------------------------------------------------


def chain_from_the_left(*jacobians):
    product = np.eye(len(jacobians[0]))
    for jacobian in jacobians:
        product = product.dot(jacobian)
    return product


def tensor_by_einsum(x, m):
    return np.einsum("ik,j->ijk", np.eye(m), x)


def outer_by_broadcasting(dz, x):
    return dz[:, None] * x


def outer_by_the_tensor(dz, x):
    return np.tensordot(tensor_by_einsum(x, len(dz)), dz, axes=1)


def gradient_by_loop(W, X, Y):
    dW = np.zeros(W.shape)
    for x, y in zip(X.T, Y.T, strict=True):
        dW -= np.outer(y - W.dot(x), x)
    return dW


def gradient_multiplied_out(W, X, Y):
    return W @ (X @ X.T) - Y @ X.T


def solution_by_pinv(X, Y):
    return Y @ np.linalg.pinv(X)


def solution_by_eigenvalues(X, Y):
    values, vectors = np.linalg.eigh(X @ X.T)
    kept = values > 1e-12 * values.max()
    return Y @ X.T @ (vectors[:, kept] / values[kept]) @ vectors[:, kept].T


variant(
    "matrix-loops",
    "from the left, einsum, broadcasting, one example at a time, the pseudo-inverse",
    chain_jacobians=chain_from_the_left,
    tensor_derivative=tensor_by_einsum,
    outer_product_gradient=outer_by_broadcasting,
    least_squares_gradient=gradient_by_loop,
    least_squares_solution=solution_by_pinv,
)
variant(
    "matrix-the-long-way",
    "through the whole tensor, the gradient multiplied out, the eigenvalues of X X^T",
    outer_product_gradient=outer_by_the_tensor,
    least_squares_gradient=gradient_multiplied_out,
    least_squares_solution=solution_by_eigenvalues,
)
