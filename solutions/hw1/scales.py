"""How large the terms of each answer are, and how strongly rounding acts on them: for the grader.

See `solutions/hw3/scales.py` for what `size` and `kappa` mean. What approximates by design (numerical.py) has its
tolerance in the declaration; of its scale only the size counts.
"""

import numpy as np
from gates import unbroadcast as fit

from grader.catalogue import Scale

# --- gates ------------------------------------------------------------------------------------------------


def unbroadcast(grad, shape, expected):
    return {"reduced": Scale(fit(np.abs(grad), shape), 1 + grad.size)}


def add_backward(x, y, dout, expected):
    size = np.abs(dout)
    return {"dx": Scale(fit(size, x.shape), 1 + dout.size), "dy": Scale(fit(size, y.shape), 1 + dout.size)}


def multiply_backward(x, y, dout, expected):
    return {
        "dx": Scale(fit(np.abs(dout * y), x.shape), 2 + dout.size),
        "dy": Scale(fit(np.abs(dout * x), y.shape), 2 + dout.size),
    }


def maximum_backward(x, y, dout, expected):
    # The terms that go to the other side count as if they did not: the same for every mask.
    return add_backward(x, y, dout, expected)


def exp_forward(x, expected):
    return {"out": Scale(expected["out"], 4 + np.abs(x))}


def exp_backward(x, dout, expected):
    return {"dx": Scale(np.abs(dout) * np.exp(x), 4 + np.abs(x))}


def log_backward(x, dout, expected):
    return {"dx": Scale(np.abs(dout) / x, 2)}


def branch_backward(*douts_and_expected):
    *douts, _ = douts_and_expected
    return {"dx": Scale(sum(np.abs(dout) for dout in douts), 1 + len(douts))}


def softplus_forward(x, expected):
    # Relative to each answer by itself: that of -30 is as good as that of 30.
    return {"out": Scale(expected["out"], 4 + np.abs(x))}


def softplus_backward_steps(x, dout, expected):
    size = np.abs(dout) / (1 + np.exp(x))
    kappa = 4 + np.abs(x)
    return {"da": Scale(size, kappa), "db": Scale(size, kappa), "dx": Scale(size * np.exp(x), kappa)}


def softplus_backward(x, dout, expected):
    # The local derivative is at most 1; 1 - 1 / (1 + exp(x)) is right too.
    return {"dx": Scale(np.abs(dout), 4 + np.abs(x))}


# --- numerical derivatives --------------------------------------------------------------------------------


def _about(expected):
    return {name: Scale(1 + np.abs(value).max(), 1) for name, value in expected.items()}


def numerical_gradient(f, x, expected):
    return _about(expected)


def jacobian(f, x, expected):
    return _about(expected)


def hessian(f, x, expected):
    return _about(expected)


# --- matrices ---------------------------------------------------------------------------------------------


def chain_jacobians(*jacobians_and_expected):
    *jacobians, _ = jacobians_and_expected
    size = np.abs(jacobians[0])
    for jacobian in jacobians[1:]:
        size = size @ np.abs(jacobian)
    return {"product": Scale(size, 1 + sum(len(jacobian) for jacobian in jacobians))}


def tensor_derivative(x, m, expected):
    return {"tensor": Scale(np.abs(x).max(), 1)}


def outer_product_gradient(dz, x, expected):
    return {"dW": Scale(np.outer(np.abs(dz), np.abs(x)), 2)}


def least_squares_gradient(W, X, Y, expected):
    n, N = X.shape
    return {"dW": Scale((np.abs(Y) + np.abs(W) @ np.abs(X)) @ np.abs(X).T, 2 + n + N)}


def least_squares_solution(X, Y, expected):
    # The normal equations square the condition of X, and are a right way.
    values = np.linalg.svd(X.astype(np.float64), compute_uv=False)
    condition = values[0] / values[values > 1e-12 * values[0]][-1]
    size = np.abs(Y) @ np.abs(np.linalg.pinv(X.astype(np.float64), rcond=1e-12))
    return {"W": Scale(size.max(), (4 + X.size) * condition**2)}
