"""Wrong ways back through the gates of two arrays, exp, log and a branch."""

import numpy as np
from gates import add_backward, exp_backward, log_backward, maximum_backward, multiply_backward
from gates import unbroadcast as fit

from grader.catalogue import Mistakes

MISTAKES = Mistakes()
mistake = MISTAKES.add


# --- unbroadcast ------------------------------------------------------------------------------------------


def _missing(grad, shape):
    return tuple(range(grad.ndim - len(shape)))


@mistake(
    "unbroadcast-missing-axes-only",
    "unbroadcast",
    "Axes that the shape lacks are added up, but axes of length 1 are left as long as they became. NumPy copies "
    "along both kinds, and what was copied adds up again. See 'Broadcasting, and back' in the handout.",
)
def unbroadcast_missing_axes_only(grad, shape):
    return grad.sum(axis=_missing(grad, shape))


@mistake(
    "unbroadcast-length-one-axes-only",
    "unbroadcast",
    "Axes of length 1 are added up, but axes that the shape lacks altogether are still there. Shapes are compared "
    "from the last axis backwards; whatever is left over in front was added by NumPy. See 'Broadcasting, and "
    "back' in the handout.",
)
def unbroadcast_length_one_axes_only(grad, shape):
    lead = len(_missing(grad, shape))
    ones = tuple(lead + axis for axis, length in enumerate(shape) if length == 1)
    return grad.sum(axis=ones, keepdims=True)


@mistake(
    "unbroadcast-averages",
    "unbroadcast",
    "The copies' gradients are averaged. An entry that was copied acts on the loss through every copy, so by the "
    "law of total derivatives its gradient is the sum over them, however many there are. See 'Broadcasting, and "
    "back' in the handout.",
)
def unbroadcast_averages(grad, shape):
    return fit(grad, shape) * (np.prod(shape, dtype=int) / grad.size)


@mistake(
    "unbroadcast-averages-axes-of-length-one",
    "unbroadcast",
    "Axes that the shape lacks are added up, but along axes of length 1 the mean is taken. Both kinds are copies, and "
    "by the law of total derivatives their gradients add up. See 'Broadcasting, and back' in the handout.",
)
def unbroadcast_averages_axes_of_length_one(grad, shape):
    summed = grad.sum(axis=_missing(grad, shape))
    return summed.mean(axis=tuple(axis for axis, length in enumerate(shape) if length == 1), keepdims=True)


@mistake(
    "unbroadcast-drops-axes-of-length-one",
    "unbroadcast",
    "The sums are right, but axes of length 1 have gone from the result. The gradient of a value has the value's "
    "shape, and those axes are a part of it; (4,) in the place of (4, 1) would be stretched the other way by the "
    "next operation. See 'Broadcasting, and back' in the handout.",
)
def unbroadcast_drops_axes_of_length_one(grad, shape):
    return fit(grad, shape).squeeze()


@mistake(
    "unbroadcast-first-copy",
    "unbroadcast",
    "The gradient of the first copy alone is returned. The array was copied along an axis, every copy acts on the "
    "loss, and their gradients add up. See 'Broadcasting, and back' in the handout.",
)
def unbroadcast_first_copy(grad, shape):
    for _ in _missing(grad, shape):
        grad = grad[0]
    return grad[tuple(slice(0, length) for length in shape)].copy()


@mistake(
    "unbroadcast-counts-axes-from-the-left",
    "unbroadcast",
    "The shape is laid against the first axes of grad, where NumPy lays it against the last ones: a row of shape "
    "(3,) beside a matrix of shape (4, 3) is copied along axis 0, which it lacks. See 'Broadcasting, and back' in "
    "the handout.",
)
def unbroadcast_counts_axes_from_the_left(grad, shape):
    ones = tuple(axis for axis, length in enumerate(shape) if length == 1)
    return grad.sum(axis=ones, keepdims=True).sum(axis=tuple(range(len(shape), grad.ndim)))


@mistake(
    "unbroadcast-adds-up-everything",
    "unbroadcast",
    "Everything is added into one number, which then stands in every entry. Only the axes along which the array "
    "was copied are summed; along the others every entry keeps a gradient of its own. See 'Broadcasting, and "
    "back' in the handout.",
)
def unbroadcast_adds_up_everything(grad, shape):
    return np.full(shape, grad.sum())


# --- add --------------------------------------------------------------------------------------------------


@mistake(
    "add-not-unbroadcast",
    "add_backward",
    "Both gradients have the shape of the output, also where x or y was stretched to it. A gradient has the shape "
    "of its value, and what was copied adds up again on the way back. See 'Broadcasting, and back' in the "
    "handout.",
)
def add_not_unbroadcast(dout, cache):
    return dout.copy(), dout.copy()


@mistake(
    "add-splits-the-gradient",
    "add_backward",
    "Each input gets half of the gradient. An add gate distributes it, which means that it hands a full copy to "
    "each: moving x alone by a small amount moves the output by that amount, not by half of it. See 'Three gates "
    "of two inputs' in the handout.",
)
def add_splits_the_gradient(dout, cache):
    dx, dy = add_backward(dout, cache)
    return dx / 2, dy / 2


@mistake(
    "add-without-dout",
    "add_backward",
    "The local derivative is returned by itself: ones, where what came from above should have been handed on. The "
    "chain rule multiplies the local derivative with the upstream gradient, always. See 'One gate' in the "
    "handout.",
)
def add_without_dout(dout, cache):
    return add_backward(np.ones_like(dout), cache)


@mistake(
    "add-dy-negative",
    "add_backward",
    "dy has the wrong sign, which would be right for a gate that subtracts. Here both inputs enter with a plus. "
    "See 'Three gates of two inputs' in the handout.",
)
def add_dy_negative(dout, cache):
    dx, dy = add_backward(dout, cache)
    return dx, -dy


# --- multiply ---------------------------------------------------------------------------------------------


@mistake(
    "multiply-not-switched",
    "multiply_backward",
    "Each input's gradient is multiplied by that input itself. How much the product moves with x depends on the "
    "other factor: the multiply gate switches its inputs on the way back. See 'Three gates of two inputs' in the "
    "handout.",
)
def multiply_not_switched(dout, cache):
    x, y = cache
    return fit(dout * x, x.shape), fit(dout * y, y.shape)


@mistake(
    "multiply-not-unbroadcast",
    "multiply_backward",
    "The products are right, but they keep the shape of the output where x or y was stretched to it. What was "
    "copied adds up again on the way back. See 'Broadcasting, and back' in the handout.",
)
def multiply_not_unbroadcast(dout, cache):
    x, y = cache
    return dout * y, dout * x


@mistake(
    "multiply-without-dout",
    "multiply_backward",
    "The local derivatives are returned by themselves; what came from above is not in them. The chain rule "
    "multiplies the two, always. See 'One gate' in the handout.",
)
def multiply_without_dout(dout, cache):
    return multiply_backward(np.ones_like(dout), cache)


@mistake(
    "multiply-adds-up-too-early",
    "multiply_backward",
    "dout is added up before it is multiplied by the other factor. Every copy of x met another entry of y, so "
    "each product has to be taken while both are stretched, and the sum comes last. See 'Broadcasting, and back' "
    "in the handout.",
)
def multiply_adds_up_too_early(dout, cache):
    x, y = cache
    return fit(fit(dout, x.shape) * y, x.shape), fit(fit(dout, y.shape) * x, y.shape)


@mistake(
    "multiply-divides-the-output",
    "multiply_backward",
    "The other factor is recovered by dividing the product by this one, which is not a number where this one is "
    "0. The other factor itself is in the cache. See 'Three gates of two inputs' in the handout.",
)
def multiply_divides_the_output(dout, cache):
    x, y = cache
    with np.errstate(all="ignore"):
        return fit(dout * (x * y / x), x.shape), fit(dout * (x * y / y), y.shape)


# --- maximum ----------------------------------------------------------------------------------------------


def _send(dout, x, y, to_x, to_y):
    return fit(dout * to_x, x.shape), fit(dout * to_y, y.shape)


@mistake(
    "maximum-tie-to-x",
    "maximum_backward",
    "Where x and y are equal the gradient goes to x. There is no derivative at a tie, so it is agreed upon that "
    "the gradient goes to y. See 'Three gates of two inputs' in the handout.",
)
def maximum_tie_to_x(dout, cache):
    x, y = cache
    return _send(dout, x, y, x >= y, x < y)


@mistake(
    "maximum-tie-to-both",
    "maximum_backward",
    "Where x and y are equal both get the whole gradient, so that twice as much goes back as came in. It is "
    "agreed upon that it goes to y alone. See 'Three gates of two inputs' in the handout.",
)
def maximum_tie_to_both(dout, cache):
    x, y = cache
    return _send(dout, x, y, x >= y, x <= y)


@mistake(
    "maximum-tie-halved",
    "maximum_backward",
    "Where x and y are equal each gets half of the gradient. That is a possible convention, and other libraries "
    "have it, but not the one of this homework: all of it goes to y. See 'Three gates of two inputs' in the "
    "handout.",
)
def maximum_tie_halved(dout, cache):
    x, y = cache
    half = (x == y) / 2
    return _send(dout, x, y, (x > y) + half, (x < y) + half)


@mistake(
    "maximum-tie-to-neither",
    "maximum_backward",
    "Where x and y are equal nobody gets the gradient, and what came in is lost. It is agreed upon that it goes "
    "to y. See 'Three gates of two inputs' in the handout.",
)
def maximum_tie_to_neither(dout, cache):
    x, y = cache
    return _send(dout, x, y, x > y, x < y)


@mistake(
    "maximum-to-the-smaller",
    "maximum_backward",
    "The gradient goes to the smaller of the two, which the output does not depend on at all: moving it a little "
    "changes nothing. See 'Three gates of two inputs' in the handout.",
)
def maximum_to_the_smaller(dout, cache):
    x, y = cache
    return _send(dout, x, y, x <= y, x > y)


@mistake(
    "maximum-not-unbroadcast",
    "maximum_backward",
    "The right entries are chosen, but the gradients keep the shape of the output where x or y was stretched to "
    "it. What was copied adds up again on the way back. See 'Broadcasting, and back' in the handout.",
)
def maximum_not_unbroadcast(dout, cache):
    x, y = cache
    return dout * (x > y), dout * (x <= y)


@mistake(
    "maximum-without-dout",
    "maximum_backward",
    "The masks are returned by themselves. They are the local derivatives; the gradient that came from above has "
    "to be multiplied in. See 'One gate' in the handout.",
)
def maximum_without_dout(dout, cache):
    return maximum_backward(np.ones_like(dout), cache)


@mistake(
    "maximum-times-the-value",
    "maximum_backward",
    "The gradient goes the right way, but multiplied by the value that won. Moving the winner by a little moves the "
    "output by as much: the local derivative is 1 there and 0 for the loser, whatever the values are. See 'Three "
    "gates of two inputs' in the handout.",
)
def maximum_times_the_value(dout, cache):
    x, y = cache
    return _send(dout, x, y, (x > y) * x, (x <= y) * y)


@mistake(
    "maximum-times-the-other-value",
    "maximum_backward",
    "The gradient goes the right way, but multiplied by the value that lost, as if this were a multiply gate. The "
    "local derivative of the winner is 1, whatever the values are. See 'Three gates of two inputs' in the handout.",
)
def maximum_times_the_other_value(dout, cache):
    x, y = cache
    return _send(dout, x, y, (x > y) * y, (x <= y) * x)


@mistake(
    "maximum-to-both",
    "maximum_backward",
    "Both inputs get the whole gradient, as from an add gate. A max gate lets one of its inputs through and "
    "forgets the other, so the gradient goes one way, entry by entry. See 'Three gates of two inputs' in the "
    "handout.",
)
def maximum_to_both(dout, cache):
    x, y = cache
    return fit(dout, x.shape), fit(dout, y.shape)


# --- exp and log ------------------------------------------------------------------------------------------


@mistake(
    "exp-of-the-cache",
    "exp_backward",
    "The exponential is taken once more of what is in the cache. That is the output of the forward already, not "
    "its input. See 'Exp and log' in the handout, and the docstring of exp_forward.",
)
def exp_of_the_cache(dout, cache):
    with np.errstate(all="ignore"):
        return dout * np.exp(cache)


@mistake(
    "exp-without-dout",
    "exp_backward",
    "The local derivative is returned by itself. The chain rule multiplies it with the gradient that came from "
    "above. See 'One gate' in the handout.",
)
def exp_without_dout(dout, cache):
    return exp_backward(np.ones_like(dout), cache)


@mistake(
    "exp-power-rule",
    "exp_backward",
    "This is the rule for a power of x, with x brought down and the exponent lowered by one. In exp(x) the "
    "variable is the exponent, and the function is its own derivative. See 'Exp and log' in the handout.",
)
def exp_power_rule(dout, cache):
    x = np.log(cache)
    return dout * x * np.exp(x - 1)


@mistake(
    "log-without-dout",
    "log_backward",
    "The local derivative is returned by itself. The chain rule multiplies it with the gradient that came from "
    "above. See 'One gate' in the handout.",
)
def log_without_dout(dout, cache):
    return log_backward(np.ones_like(dout), cache)


@mistake(
    "log-times-x",
    "log_backward",
    "dout is multiplied by x. The logarithm flattens as x grows, so its derivative becomes smaller with x, not "
    "larger. See 'Exp and log' in the handout.",
)
def log_times_x(dout, cache):
    return dout * cache


@mistake(
    "log-divides-by-the-output",
    "log_backward",
    "dout is divided by the logarithm of x. The local derivative is written with the input, which is what the "
    "cache holds. See 'Exp and log' in the handout.",
)
def log_divides_by_the_output(dout, cache):
    with np.errstate(all="ignore"):
        return dout / np.log(cache)


@mistake(
    "log-multiplies-by-the-output",
    "log_backward",
    "dout is multiplied by the logarithm of x. That exp is its own derivative does not hold for its inverse: the local "
    "derivative of the logarithm is not the logarithm. See 'Exp and log' in the handout.",
)
def log_multiplies_by_the_output(dout, cache):
    return dout * np.log(cache)


# --- branch -----------------------------------------------------------------------------------------------


@mistake(
    "branch-averages",
    "branch_backward",
    "The gradients of the uses are averaged. If x moves a little, all its uses move, and the loss changes by the "
    "sum of what each of them does. See 'Branches' in the handout.",
)
def branch_averages(*douts):
    return sum(douts) / len(douts)


@mistake(
    "branch-largest",
    "branch_backward",
    "Entry by entry the largest gradient is taken, as if only one use counted. If x moves a little, all its uses move, "
    "and the loss changes by the sum of what each of them does. See 'Branches' in the handout.",
)
def branch_largest(*douts):
    return np.maximum.reduce(douts)


@mistake(
    "branch-subtracts",
    "branch_backward",
    "All gradients after the first are subtracted. One set of the notes writes the law of total derivatives with "
    "a minus; it has a plus. A minus may come out of a local derivative, never out of the law. See 'Branches' in "
    "the handout.",
)
def branch_subtracts(*douts):
    return 2 * douts[0] - sum(douts)


@mistake(
    "branch-first-only",
    "branch_backward",
    "Only the first use counts. The value acts on the loss through all its uses, and each has sent a gradient "
    "back. See 'Branches' in the handout.",
)
def branch_first_only(*douts):
    return douts[0].copy()


@mistake(
    "branch-last-only",
    "branch_backward",
    "Only the last use counts, as if each gradient had replaced the one before it. They add up. See 'Branches' in "
    "the handout.",
)
def branch_last_only(*douts):
    return douts[-1].copy()


@mistake(
    "branch-two-only",
    "branch_backward",
    "Only two uses are added. There may be more of them: the argument is everything that was handed over. See "
    "'Branches' in the handout.",
)
def branch_two_only(*douts):
    return douts[0] + douts[1]


@mistake(
    "branch-multiplies",
    "branch_backward",
    "The gradients are multiplied. Along one way to the loss derivatives multiply; the contributions of different "
    "ways add up. See 'Branches' in the handout.",
)
def branch_multiplies(*douts):
    product = douts[0]
    for dout in douts[1:]:
        product = product * dout
    return product


@mistake(
    "branch-writes-into-the-first",
    "branch_backward",
    "The sum is right, but it is built up in the first of the arrays that came in, as `+=` does. That array "
    "belongs to the caller, who may need it once more. See 'Branches' in the handout.",
)
def branch_writes_into_the_first(*douts):
    total = douts[0]
    for dout in douts[1:]:
        total += dout
    return total
