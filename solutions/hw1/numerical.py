"""hw1, part 2: derivatives of any function from its values alone, to check the others with.

Conventions:
- `f` is a function that takes one array shaped like `x`. You do not know how it is written; you can only call it. It
  does not change what it is given, and returns the same for the same input.
- All three use central differences: f a step ahead minus f a step behind. To one side they would be of first order.
- They approximate, so the answers are judged generously: compared with 1 plus the largest entry of the true answer, an
  error up to 1e-6 is right (1e-4 for second derivatives). README.md, section 2, says which steps are good.
- `x` is an array of float64 and stays as it was, to the last bit: adding h to an entry and taking it away again may not
  give the number that was there. No function changes its arguments.
"""

import numpy as np


def numerical_gradient(f, x):
    """Gradient of a number by an array, by central differences.

    f: a function from an array shaped like x to a number
    x: an array of any shape, also of none: a number

    Returns an array like x. Its entry at an index is the central difference of f when that entry of x alone is moved:
    (f(x, entry + h) - f(x, entry - h)) / (2 h).

    It must be second-order accurate. x is not changed.
    """
    h = 1e-5
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[index] = h
        gradient[index] = (f(x + step) - f(x - step)) / (2 * h)
    return gradient


def jacobian(f, x):
    """Derivative of a vector by a vector in denominator layout, by central differences.

    f: a function from a vector (n_x,) to a vector (n_y,); n_y may differ from n_x, and is known once f is called
    x: (n_x,)

    Returns an array (n_x, n_y): entry [i, j] is the derivative of output j by input i. The input comes first, so row i
    says what moving x[i] does to all outputs. (The notes write this as the gradient of y by x; its transpose is what
    most books call the Jacobian.)

    It must be second-order accurate. x is not changed.
    """
    h = 1e-5
    rows = []
    for i in range(len(x)):
        step = np.zeros_like(x)
        step[i] = h
        rows.append((f(x + step) - f(x - step)) / (2 * h))
    return np.stack(rows)


def hessian(f, x):
    """Second derivatives of a number by a vector, by central differences.

    f: a function from a vector (n,) to a number
    x: (n,)

    Returns an array (n, n): entry [i, j] is the derivative by x[i] of the derivative of f by x[j].

    It must be second-order accurate. A step that is good for first derivatives is too small here: the rounding errors
    of f are divided by h squared. x is not changed.
    """
    h = 1e-4
    result = np.zeros((len(x), len(x)), dtype=x.dtype)
    for i, j in np.ndindex(result.shape):
        first, second = np.zeros_like(x), np.zeros_like(x)
        first[i] = second[j] = h
        ahead = f(x + first + second) - f(x + first - second)
        behind = f(x - first + second) - f(x - first - second)
        result[i, j] = (ahead - behind) / (4 * h**2)
    return result
