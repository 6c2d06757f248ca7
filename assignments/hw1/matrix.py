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

    Problem `chain_jacobians`, 4 points. Try: `grader run hw1 --problem chain_jacobians`.
    Stuck: `grader hint hw1 chain_jacobians`.
    """
    # Your code here.
    raise NotImplementedError("hw1: chain_jacobians is not implemented yet")


def tensor_derivative(x, m):
    """Derivative of the vector z = W x by the matrix W, all of it.

    x: (n,)
    m: an int, the number of entries of z: W is (m, n)

    Returns an array (m, n, m): entry [i, j, k] is the derivative of z[k] by W[i, j].

    Forward:  z[k] = sum over j of W[k, j] * x[j]. Most of the entries are zero. W itself is not needed.

    Problem `tensor_derivative`, 6 points. Try: `grader run hw1 --problem tensor_derivative`.
    Stuck: `grader hint hw1 tensor_derivative`.
    """
    # Your code here.
    raise NotImplementedError("hw1: tensor_derivative is not implemented yet")


def outer_product_gradient(dz, x):
    """Gradient of the loss by W for z = W x, without building the derivative of z by W.

    dz: (m,), the gradient of the loss with respect to z
    x: (n,)

    Returns dW (m, n), the shape of W: what the chain rule gives, the array (m, n, m) of `tensor_derivative` times dz.
    Work it out once on paper and see what is left when all the zeros are gone.

    Problem `outer_product_gradient`, 4 points.
    Try: `grader run hw1 --problem outer_product_gradient`.
    Stuck: `grader hint hw1 outer_product_gradient`.
    """
    # Your code here.
    raise NotImplementedError("hw1: outer_product_gradient is not implemented yet")


def least_squares_gradient(W, X, Y):
    """Gradient of half the squared error of a linear map, summed over all examples.

    W: (m, n)
    X: (n, N), one example a column
    Y: (m, N), one target a column

    Returns dW (m, n), the gradient by W of the loss.

    Loss:  1/2 times the sum over the N examples of the squared length of (target - W times example).
    A sum, not a mean: there is no 1/N.

    Problem `least_squares_gradient`, 5 points.
    Try: `grader run hw1 --problem least_squares_gradient`.
    Stuck: `grader hint hw1 least_squares_gradient`.
    """
    # Your code here.
    raise NotImplementedError("hw1: least_squares_gradient is not implemented yet")


def least_squares_solution(X, Y):
    """The matrix W that makes the squared error of W X as an approximation of Y smallest.

    X: (n, N), one example a column
    Y: (m, N), one target a column

    Returns W (m, n).

    Where the best W is not unique (X X^T has no inverse: fewer examples than inputs, or inputs that repeat one
    another), the one whose own entries have the least sum of squares. `np.linalg` has what is needed for both cases.

    Problem `least_squares_solution`, 5 points.
    Try: `grader run hw1 --problem least_squares_solution`.
    Stuck: `grader hint hw1 least_squares_solution`.
    """
    # Your code here.
    raise NotImplementedError("hw1: least_squares_solution is not implemented yet")
