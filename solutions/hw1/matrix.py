"""hw1, part 3: the chain rule with vectors and matrices, and least squares.

This part is in the notation of the notes: an example is a column, W is (m, n), and z = W x.

Conventions:
- Denominator layout: the derivative of a vector y (n_y,) by a vector x (n_x,) is an array (n_x, n_y), entry [i, j] the
  derivative of y[j] by x[i]. The derivative of a number by a matrix has the shape of the matrix.
- No function changes its arguments.
"""

import numpy as np


def chain_jacobians(*jacobians):
    """Derivative of the last vector of a chain by the first one.

    jacobians: two arrays or more, in the order of the forward pass: dy/dx (n_x, n_y), dz/dy (n_y, n_z), ..., each in
        denominator layout

    Returns the derivative of the last vector by the first, in denominator layout: (n_x, n_last).

    For two: the derivative of z by x. Its entry [i, j] is the sum over k of dy[k]/dx[i] * dz[j]/dy[k].
    Where the last vector is a single number, as a loss is, start at the right end: then every product is a matrix times
    a column.
    """
    product = jacobians[-1]
    for earlier in reversed(jacobians[:-1]):
        product = earlier @ product
    return product


def tensor_derivative(x, m):
    """Derivative of the vector z = W x by the matrix W, all of it.

    x: (n,)
    m: an int, the number of entries of z: W is (m, n)

    Returns an array (m, n, m): entry [i, j, k] is the derivative of z[k] by W[i, j].

    Forward:  z[k] = sum over j of W[k, j] * x[j]. Most of the entries are zero. W itself is not needed.
    """
    tensor = np.zeros((m, len(x), m), dtype=x.dtype)
    for k in range(m):
        tensor[k, :, k] = x
    return tensor


def outer_product_gradient(dz, x):
    """Gradient of the loss by W for z = W x, without building the derivative of z by W.

    dz: (m,), the gradient of the loss with respect to z
    x: (n,)

    Returns dW (m, n), the shape of W: what the chain rule gives, the array (m, n, m) of `tensor_derivative` times dz.
    Work it out once on paper and see what is left when all the zeros are gone.
    """
    return np.outer(dz, x)


def least_squares_gradient(W, X, Y):
    """Gradient of half the squared error of a linear map, summed over all examples.

    W: (m, n)
    X: (n, N), one example a column
    Y: (m, N), one target a column

    Returns dW (m, n), the gradient by W of the loss.

    Loss:  1/2 times the sum over the N examples of the squared length of (target - W times example).
    A sum, not a mean: there is no 1/N.
    """
    return (W @ X - Y) @ X.T


def least_squares_solution(X, Y):
    """The matrix W that makes the squared error of W X as an approximation of Y smallest.

    X: (n, N), one example a column
    Y: (m, N), one target a column

    Returns W (m, n).

    Where the best W is not unique (X X^T has no inverse: fewer examples than inputs, or inputs that repeat one
    another), the one whose own entries have the least sum of squares. `np.linalg` has what is needed for both cases.
    """
    # NumPy's linear algebra knows nothing wider than float64.
    X, Y = X.astype(np.float64), Y.astype(np.float64)
    return np.linalg.lstsq(X.T, Y.T, rcond=None)[0].T
