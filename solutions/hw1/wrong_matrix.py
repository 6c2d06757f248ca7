"""Wrong versions of the chain rule with matrices, and of least squares."""

import numpy as np
from matrix import (
    chain_jacobians,
    least_squares_gradient,
    least_squares_solution,
    outer_product_gradient,
    tensor_derivative,
)

from grader.catalogue import Mistakes

MISTAKES = Mistakes()
mistake = MISTAKES.add


# --- chain_jacobians --------------------------------------------------------------------------------------


@mistake(
    "chain-other-order",
    "chain_jacobians",
    "The factors stand in the order of the other layout, the last derivative first. In denominator layout the "
    "first one stands on the left, and only then do the inner sizes fit. See 'The chain rule' in the handout.",
)
def chain_other_order(*jacobians):
    product = jacobians[0]
    for later in jacobians[1:]:
        product = later @ product
    return product


@mistake(
    "chain-transposed",
    "chain_jacobians",
    "The result has outputs along the first axis. In denominator layout the inputs come first, in the result as "
    "in what was handed over. See 'Vectors by vectors' in the handout.",
)
def chain_transposed(*jacobians):
    return chain_jacobians(*jacobians).T


@mistake(
    "chain-two-only",
    "chain_jacobians",
    "Only the first two links are multiplied. A chain may be longer: the argument is everything that was handed "
    "over. See 'The chain rule' in the handout.",
)
def chain_two_only(*jacobians):
    return jacobians[0] @ jacobians[1]


@mistake(
    "chain-entry-by-entry",
    "chain_jacobians",
    "The arrays are multiplied entry by entry. Every middle value is one way from the input to the output, and "
    "the sum over the ways makes it a matrix product. See 'The chain rule' in the handout.",
)
def chain_entry_by_entry(*jacobians):
    product = jacobians[0]
    for later in jacobians[1:]:
        product = product * later
    return product


# --- tensor_derivative ------------------------------------------------------------------------------------


@mistake(
    "tensor-negative",
    "tensor_derivative",
    "Every entry has the wrong sign. The notes' example differentiates z = y - W x, where a minus is right; here "
    "z is W x itself. See 'The derivative of Wx by W' in the handout.",
)
def tensor_negative(x, m):
    return -tensor_derivative(x, m)


@mistake(
    "tensor-output-first",
    "tensor_derivative",
    "The axis of z comes first, and the axes of W after it. In denominator layout what one differentiates by "
    "comes first. See 'The derivative of Wx by W' in the handout.",
)
def tensor_output_first(x, m):
    return np.moveaxis(tensor_derivative(x, m), 2, 0)


@mistake(
    "tensor-without-zeros",
    "tensor_derivative",
    "Every row holds x. But z[k] is made with row k of W alone, so its derivative by all the other rows is zero. "
    "See 'The derivative of Wx by W' in the handout.",
)
def tensor_without_zeros(x, m):
    return np.broadcast_to(x[None, :, None], (m, len(x), m)).copy()


@mistake(
    "tensor-ones",
    "tensor_derivative",
    "The right places are filled, but with ones: that is where z depends on W at all. How much it depends on an "
    "entry is the number that the entry is multiplied by. See 'The derivative of Wx by W' in the handout.",
)
def tensor_ones(x, m):
    return tensor_derivative(np.ones_like(x), m)


@mistake(
    "tensor-squeezed",
    "tensor_derivative",
    "Only the part that is not zero is returned, one row for each output. The full derivative has three axes; "
    "leaving out the zeros is what the next problem is about. See 'The derivative of Wx by W' in the handout.",
)
def tensor_squeezed(x, m):
    return np.tile(x, (m, 1))


# --- outer_product_gradient -------------------------------------------------------------------------------


@mistake(
    "outer-transposed",
    "outer_product_gradient",
    "The result has the shape (n, m), that of the transposed W. A gradient has the shape of what it belongs to. "
    "See 'The shortcut' in the handout.",
)
def outer_transposed(dz, x):
    return outer_product_gradient(dz, x).T


@mistake(
    "outer-is-inner",
    "outer_product_gradient",
    "An inner product is taken, which is what a slide of the notes calls the result. It is an outer one: every "
    "entry of dz meets every entry of x, and nothing is added up. See 'The shortcut' in the handout.",
)
def outer_is_inner(dz, x):
    return dz @ x


@mistake(
    "outer-negative",
    "outer_product_gradient",
    "Every entry has the wrong sign. The minus in the notes comes from their z = y - W x, not from the chain "
    "rule. See 'The shortcut' in the handout.",
)
def outer_negative(dz, x):
    return -outer_product_gradient(dz, x)


@mistake(
    "outer-without-x",
    "outer_product_gradient",
    "Every column is dz, so the input is not in it. Moving an entry of W moves z by the input that it is "
    "multiplied with. See 'The shortcut' in the handout.",
)
def outer_without_x(dz, x):
    return outer_product_gradient(dz, np.ones_like(x))


# --- least squares ----------------------------------------------------------------------------------------


@mistake(
    "least-squares-uphill",
    "least_squares_gradient",
    "Every entry has the wrong sign: this points to where the loss falls, where a gradient points to where it "
    "rises. The residual contains W with a minus. See 'Least squares' in the handout.",
)
def least_squares_uphill(W, X, Y):
    return -least_squares_gradient(W, X, Y)


@mistake(
    "least-squares-factor-two",
    "least_squares_gradient",
    "Everything is twice too large. The loss has a half in front, which the square's 2 takes away; one slide has "
    "lost the half on the way. See 'Least squares' in the handout.",
)
def least_squares_factor_two(W, X, Y):
    return 2 * least_squares_gradient(W, X, Y)


@mistake(
    "least-squares-mean",
    "least_squares_gradient",
    "Everything is divided by the number of examples. This loss is a sum over them, not a mean. See 'Least "
    "squares' in the handout.",
)
def least_squares_mean(W, X, Y):
    return least_squares_gradient(W, X, Y) / X.shape[1]


@mistake(
    "least-squares-transposed",
    "least_squares_gradient",
    "The result has the shape (n, m). A gradient has the shape of what it belongs to, and W is (m, n). See 'Least "
    "squares' in the handout.",
)
def least_squares_transposed(W, X, Y):
    return least_squares_gradient(W, X, Y).T


@mistake(
    "least-squares-targets-only",
    "least_squares_gradient",
    "The product is taken with the targets alone, where the residual belongs: how far W X is from them. See "
    "'Least squares' in the handout.",
)
def least_squares_targets_only(W, X, Y):
    return least_squares_gradient(np.zeros_like(W), X, Y)


@mistake(
    "least-squares-first-example",
    "least_squares_gradient",
    "Only the first example counts. The notes derive the gradient for one example; the loss adds up over all, and "
    "so do the gradients. See 'Least squares' in the handout.",
)
def least_squares_first_example(W, X, Y):
    return least_squares_gradient(W, X[:, :1], Y[:, :1])


@mistake(
    "least-squares-needs-an-inverse",
    "least_squares_solution",
    "Where inputs repeat one another, or examples are too few, X X^T has no inverse, and this stops or returns "
    "rounding errors. The notes write the inverse even for one example, where x x^T has rank one. See 'Least "
    "squares' in the handout.",
)
def least_squares_needs_an_inverse(X, Y):
    return Y @ X.T @ np.linalg.inv(X @ X.T)


@mistake(
    "least-squares-solution-transposed",
    "least_squares_solution",
    "The result has the shape (n, m), as for examples in rows. Here examples are columns, W stands on the left of "
    "X and is (m, n). See 'Least squares' in the handout.",
)
def least_squares_solution_transposed(X, Y):
    return least_squares_solution(X, Y).T


@mistake(
    "least-squares-solution-unknown-on-the-wrong-side",
    "least_squares_solution",
    "The solver got X and Y as they are. It looks for an unknown that stands to the right of its first matrix, and "
    "here W stands to the left of X; transposing an equation changes its sides. See 'Least squares' in the handout.",
)
def least_squares_solution_unknown_on_the_wrong_side(X, Y):
    return np.linalg.lstsq(X, Y, rcond=None)[0]


@mistake(
    "least-squares-solution-inverse-on-the-wrong-side",
    "least_squares_solution",
    "The pseudo-inverse of X stands to the left of Y. W stands to the left of X, so what undoes X stands to the right "
    "of the targets; the shapes say so too, as W must be (m, n). See 'Least squares' in the handout.",
)
def least_squares_solution_inverse_on_the_wrong_side(X, Y):
    return np.linalg.pinv(X) @ Y


@mistake(
    "least-squares-solution-one-example",
    "least_squares_solution",
    "This fits the first example and no other. The best W is a compromise between all of them. See 'Least "
    "squares' in the handout.",
)
def least_squares_solution_one_example(X, Y):
    return least_squares_solution(X[:, :1], Y[:, :1])


@mistake(
    "least-squares-solution-regularised",
    "least_squares_solution",
    "Something was added to X X^T so that it has an inverse. That is another problem's answer, ridge regression: "
    "close to this one where the data are plenty, and different in every digit that counts. See 'Least squares' "
    "in the handout.",
)
def least_squares_solution_regularised(X, Y):
    return Y @ X.T @ np.linalg.inv(X @ X.T + 1e-3 * np.eye(len(X)))


@mistake(
    "least-squares-solution-not-divided",
    "least_squares_solution",
    "The products of targets and inputs are summed, but not divided by those of the inputs with themselves: this "
    "is W only if X X^T is the identity. See 'Least squares' in the handout.",
)
def least_squares_solution_not_divided(X, Y):
    return Y @ X.T
