"""Wrong numerical derivatives."""

import numpy as np
from numerical import hessian, jacobian, numerical_gradient

from grader.catalogue import Mistakes

MISTAKES = Mistakes()
mistake = MISTAKES.add


def _steps(x, h):
    """Yield each index of x with the step along it."""
    for index in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[index] = h
        yield index, step


def _difference(f, x, ahead, behind, h):
    """Return, for every entry of x, the change of f from `behind` to `ahead` steps of size h, over h."""
    return np.array([(f(x + ahead * step) - f(x + behind * step)) / h for _, step in _steps(x, h)])


# --- numerical_gradient -----------------------------------------------------------------------------------

ONE_SIDED = (
    "The difference is taken to one side: f a step ahead minus f at x. Its error shrinks in proportion to the "
    "step, that of a central difference with the step squared, because the second derivative cancels. It can pass "
    "for right with a very small step, until a function bends more than it climbs. See 'The central difference' "
    "in the handout."
)


@mistake("numerical-one-sided", "numerical_gradient", ONE_SIDED)
def numerical_one_sided(f, x):
    return _difference(f, x, 1, 0, 1e-5).reshape(x.shape)


@mistake("numerical-one-sided-small-step", "numerical_gradient", ONE_SIDED)
def numerical_one_sided_small_step(f, x):
    return _difference(f, x, 1, 0, 1e-8).reshape(x.shape)


@mistake("numerical-one-sided-1e-7", "numerical_gradient", ONE_SIDED)
def numerical_one_sided_1e_7(f, x):
    return _difference(f, x, 1, 0, 1e-7).reshape(x.shape)


@mistake("numerical-one-sided-1e-6", "numerical_gradient", ONE_SIDED)
def numerical_one_sided_1e_6(f, x):
    return _difference(f, x, 1, 0, 1e-6).reshape(x.shape)


@mistake("numerical-one-sided-1e-4", "numerical_gradient", ONE_SIDED)
def numerical_one_sided_1e_4(f, x):
    return _difference(f, x, 1, 0, 1e-4).reshape(x.shape)


@mistake(
    "numerical-backward",
    "numerical_gradient",
    "The difference is taken to one side: f at x minus f a step behind. Its error shrinks only in proportion to "
    "the step, that of a central difference with the step squared. See 'The central difference' in the handout.",
)
def numerical_backward(f, x):
    return _difference(f, x, 0, -1, 1e-5).reshape(x.shape)


@mistake(
    "numerical-divided-by-h",
    "numerical_gradient",
    "The gradient is twice too large. From one step behind to one step ahead is a way of two steps, and the "
    "change of f is to be divided by the way. See 'The central difference' in the handout.",
)
def numerical_divided_by_h(f, x):
    return 2 * numerical_gradient(f, x)


@mistake(
    "numerical-coarse-step",
    "numerical_gradient",
    "The step is so large that f bends on the way: the error of a central difference grows with the step squared. "
    "See 'Which step' in the handout, and the picture there.",
)
def numerical_coarse_step(f, x):
    return (_difference(f, x, 1, -1, 0.01) / 2).reshape(x.shape)


@mistake(
    "numerical-step-too-small",
    "numerical_gradient",
    "The step is so small that the two values of f hardly differ, and what is left of them is rounding error, "
    "divided by a tiny number. Smaller is not better. See 'Which step' in the handout, and the picture there.",
)
def numerical_step_too_small(f, x):
    return (_difference(f, x, 1, -1, 1e-12) / 2).reshape(x.shape)


@mistake(
    "numerical-moves-everything",
    "numerical_gradient",
    "All entries of x are moved at once, which gives one number: the derivative along the diagonal. A partial "
    "derivative moves one entry and holds the others. See 'The central difference' in the handout.",
)
def numerical_moves_everything(f, x):
    return np.full_like(x, numerical_gradient(f, x).sum())


@mistake(
    "numerical-not-put-back",
    "numerical_gradient",
    "An entry that has been moved stays moved while the next ones are tried, so the later entries are "
    "differentiated at another point, and x itself has changed in the end. See 'The central difference' in the "
    "handout.",
)
def numerical_not_put_back(f, x):
    h, gradient = 1e-5, np.zeros_like(x)
    for index in np.ndindex(x.shape):
        x[index] += h
        ahead = f(x)
        x[index] -= 2 * h
        gradient[index] = (ahead - f(x)) / (2 * h)
    return gradient


@mistake(
    "numerical-put-back-inexactly",
    "numerical_gradient",
    "The values are right, but x is not what it was: a step is added to an entry and taken away again, and what "
    "was rounded on the way is not undone by that. Keep the number, or move a copy. See 'The central difference' "
    "in the handout.",
)
def numerical_put_back_inexactly(f, x):
    h, gradient = 1e-5, np.zeros_like(x)
    for index in np.ndindex(x.shape):
        x[index] += h
        ahead = f(x)
        x[index] -= 2 * h
        behind = f(x)
        x[index] += h
        gradient[index] = (ahead - behind) / (2 * h)
    return gradient


@mistake(
    "numerical-left-flat",
    "numerical_gradient",
    "The numbers are right, but they stand in one row, whatever shape x has. A gradient has the shape of its "
    "value. See 'The central difference' in the handout.",
)
def numerical_left_flat(f, x):
    return numerical_gradient(f, x).ravel()


@mistake(
    "numerical-rows-at-once",
    "numerical_gradient",
    "The loop runs over the first axis alone, so that whole rows are moved at once where x has more axes, and a "
    "number has no axis to loop over. Every entry needs a step of its own. See 'The central difference' in the "
    "handout.",
)
def numerical_rows_at_once(f, x):
    h, gradient = 1e-5, np.zeros_like(x)
    for i in range(len(x)):
        step = np.zeros_like(x)
        step[i] = h
        gradient[i] = (f(x + step) - f(x - step)) / (2 * h)
    return gradient


# --- jacobian ---------------------------------------------------------------------------------------------


@mistake(
    "jacobian-transposed",
    "jacobian",
    "The layout is the other one, with outputs along the first axis. In denominator layout, which the notes and "
    "this course use, the input comes first. See 'Vectors by vectors' in the handout.",
)
def jacobian_transposed(f, x):
    return jacobian(f, x).T


@mistake("jacobian-one-sided", "jacobian", ONE_SIDED)
def jacobian_one_sided(f, x):
    return _difference(f, x, 1, 0, 1e-5)


@mistake("jacobian-one-sided-small-step", "jacobian", ONE_SIDED)
def jacobian_one_sided_small_step(f, x):
    return _difference(f, x, 1, 0, 1e-8)


@mistake("jacobian-one-sided-1e-7", "jacobian", ONE_SIDED)
def jacobian_one_sided_1e_7(f, x):
    return _difference(f, x, 1, 0, 1e-7)


@mistake("jacobian-one-sided-1e-6", "jacobian", ONE_SIDED)
def jacobian_one_sided_1e_6(f, x):
    return _difference(f, x, 1, 0, 1e-6)


@mistake(
    "jacobian-divided-by-h",
    "jacobian",
    "All entries are twice too large. From one step behind to one step ahead is a way of two steps. See 'The "
    "central difference' in the handout.",
)
def jacobian_divided_by_h(f, x):
    return 2 * jacobian(f, x)


@mistake(
    "jacobian-square",
    "jacobian",
    "The array has as many columns as rows, where it should have one for each output. f may return more numbers "
    "than it takes, or fewer; calling it once tells how many. See 'Vectors by vectors' in the handout.",
)
def jacobian_square(f, x):
    result = np.zeros((len(x), len(x)))
    for i, row in enumerate(jacobian(f, x)):
        result[i] = row
    return result


@mistake(
    "jacobian-of-the-sum",
    "jacobian",
    "The outputs are added up before the derivative is taken, which leaves one number for each input. Every "
    "output has a derivative of its own. See 'Vectors by vectors' in the handout.",
)
def jacobian_of_the_sum(f, x):
    return jacobian(f, x).sum(axis=1)


@mistake(
    "jacobian-diagonal",
    "jacobian",
    "Only the entries on the diagonal are there: output i by input i. Any output may depend on any input. See "
    "'Vectors by vectors' in the handout.",
)
def jacobian_diagonal(f, x):
    whole = jacobian(f, x)
    return whole * np.eye(*whole.shape)


# --- hessian ----------------------------------------------------------------------------------------------


def _second(f, x, h, corners):
    """Return the second differences of f at the four corners (i steps, j steps, weight), over h squared."""
    rows = [
        [sum(weight * f(x + a * first + b * second) for a, b, weight in corners) for _, second in _steps(x, h)]
        for _, first in _steps(x, h)
    ]
    return np.array(rows) / h**2


@mistake(
    "hessian-one-sided",
    "hessian",
    "The second differences are taken to one side, from x and points ahead of it. Their error shrinks only in "
    "proportion to the step, that of central ones with the step squared, because the third derivative cancels. "
    "See 'Second derivatives' in the handout.",
)
def hessian_one_sided(f, x):
    return _second(f, x, 1e-4, ((1, 1, 1), (1, 0, -1), (0, 1, -1), (0, 0, 1)))


@mistake(
    "hessian-gradient-to-one-side",
    "hessian",
    "The gradient is central, but its own change is taken to one side, and the worse of the two orders remains. "
    "See 'Second derivatives' in the handout.",
)
def hessian_gradient_to_one_side(f, x):
    h, corner = 1e-4, numerical_gradient(f, x)
    return np.array([(numerical_gradient(f, x + step) - corner) / h for _, step in _steps(x, h)])


@mistake(
    "hessian-step-too-small",
    "hessian",
    "The step is one that would do for a first derivative, or smaller. Here the rounding errors of f are divided "
    "by the step squared, and nothing else is left of the answer. See 'Second derivatives' in the handout.",
)
def hessian_step_too_small(f, x):
    return _second(f, x, 1e-7, ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1))) / 4


@mistake(
    "hessian-step-1e-8",
    "hessian",
    "With a step of 1e-8 the step squared is as small as the rounding errors of f, which are divided by it: nothing "
    "is left of the answer. See 'Second derivatives' in the handout.",
)
def hessian_step_1e_8(f, x):
    return _second(f, x, 1e-8, ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1))) / 4


@mistake(
    "hessian-diagonal",
    "hessian",
    "Only the second derivatives by one and the same entry are there. How the derivative by one entry changes "
    "with another is a part of the Hessian too. See 'Second derivatives' in the handout.",
)
def hessian_diagonal(f, x):
    return np.diag(np.diag(hessian(f, x)))


@mistake(
    "hessian-product-of-first-derivatives",
    "hessian",
    "Each entry is the product of two first derivatives. One slide lacks the small 2 of the second-derivative "
    "sign and reads like that; what is meant is the derivative of a derivative. See 'Second derivatives' in the "
    "handout.",
)
def hessian_product_of_first_derivatives(f, x):
    gradient = numerical_gradient(f, x)
    return np.outer(gradient, gradient)


@mistake(
    "hessian-divided-by-h-squared",
    "hessian",
    "All entries are four times too large: along each of the two directions the way from behind to ahead is two "
    "steps. See 'Second derivatives' in the handout.",
)
def hessian_divided_by_h_squared(f, x):
    return 4 * hessian(f, x)


@mistake(
    "hessian-half",
    "hessian",
    "Only one triangle is filled. A Hessian is symmetric, so the other triangle is the mirror image, not zero. "
    "See 'Second derivatives' in the handout.",
)
def hessian_half(f, x):
    return np.triu(hessian(f, x))
