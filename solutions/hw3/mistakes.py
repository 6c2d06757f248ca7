"""Wrong versions that students really write, each with a name and a paragraph that teaches.

When saved test cases are built, every version answers some of them; a student's answers are matched against
these, so that a report can say which mistake it is. A text says what was done, why it is wrong and where to
read on. It does not say how to do it: nothing here may hold a line of the solution.

A wrong backward gets the cache of the reference's forward; a wrong forward returns a cache that the
reference's backwards can use. Much is written with helpers that compute the right thing, so that what is
wrong stands alone.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from batchnorm import batchnorm_forward
from initializers import he_normal, he_uniform, xavier_normal, xavier_uniform
from layers import affine_backward, relu_backward


class Mistake(NamedTuple):
    """A known wrong version of one function.

    id: unique in the homework, begins with what it is about. replaces: the function's name.
    text: what a student reads. follow: a wrong but sensible forward, behind which a consistent backward earns
    credit. variance: of an initialiser whose fault is the variance, what it has for given fans and slope.
    """

    id: str
    replaces: str
    text: str
    follow: bool
    variance: Callable[..., float] | None
    function: Callable[..., Any]


MISTAKES = []


def mistake(id, replaces, text, *, follow=False, variance=None):  # noqa: A002
    """Register the function below as a known mistake."""

    def register(function):
        MISTAKES.append(Mistake(id, replaces, text, follow, variance, function))
        return function

    return register


# --- affine_backward --------------------------------------------------------------------------------------


def _rows(x):
    return x.reshape(len(x), -1)


@mistake(
    "affine-db-not-summed",
    "affine_backward",
    "db still has one row for every example. All examples share the one bias, and where a value is used more "
    "than once the gradients of all its uses add up. See 'The affine layer' in the handout.",
)
def affine_db_not_summed(dout, cache):
    dx, dw, _ = affine_backward(dout, cache)
    return dx, dw, dout


@mistake(
    "affine-db-averaged",
    "affine_backward",
    "db is averaged over the batch. The law of total derivatives adds the gradients of all uses of the bias; "
    "where a loss is a mean, its 1/N has come in with dout already. See 'The affine layer' in the handout.",
)
def affine_db_averaged(dout, cache):
    dx, dw, _ = affine_backward(dout, cache)
    return dx, dw, dout.mean(axis=0)


@mistake(
    "affine-db-summed-over-outputs",
    "affine_backward",
    "db is summed along the wrong axis: it has one number for every example, where the bias has one for "
    "every output. A gradient has the shape of the thing that it belongs to, which tells you the axis. See "
    "'The affine layer' in the handout.",
)
def affine_db_summed_over_outputs(dout, cache):
    dx, dw, _ = affine_backward(dout, cache)
    return dx, dw, dout.sum(axis=1)


@mistake(
    "affine-db-is-one-number",
    "affine_backward",
    "db is a single number, so all outputs have been added into one. Each entry of the bias acts on its own "
    "output only, and its gradient must stay apart from the others. See 'The affine layer' in the handout.",
)
def affine_db_is_one_number(dout, cache):
    dx, dw, _ = affine_backward(dout, cache)
    return dx, dw, dout.sum()


@mistake(
    "affine-db-keeps-the-batch-axis",
    "affine_backward",
    "The numbers in db are right, but an axis of length 1 is left where the batch was. The bias has no such "
    "axis, and an update b - rate * db would give the bias one by broadcasting. See 'Translation table' in "
    "the handout: a gradient has the shape of its value.",
)
def affine_db_keeps_the_batch_axis(dout, cache):
    dx, dw, _ = affine_backward(dout, cache)
    return dx, dw, dout.sum(axis=0, keepdims=True)


@mistake(
    "affine-dw-divided-by-n",
    "affine_backward",
    "dw is divided by the number of examples. A layer does not know whether the loss behind it is a sum or a "
    "mean: if it is a mean, dout holds its 1/N already, and dividing once more makes every step of the "
    "training N times too small. See 'The affine layer' in the handout.",
)
def affine_dw_divided_by_n(dout, cache):
    dx, dw, db = affine_backward(dout, cache)
    return dx, dw / len(dout), db


@mistake(
    "affine-dw-and-db-divided-by-n",
    "affine_backward",
    "Both dw and db are divided by the number of examples. The 1/N belongs to the loss, which has put it "
    "into dout where it was wanted; a layer only adds up over the batch. See 'The affine layer' in the "
    "handout.",
)
def affine_dw_and_db_divided_by_n(dout, cache):
    dx, dw, db = affine_backward(dout, cache)
    return dx, dw / len(dout), db / len(dout)


@mistake(
    "affine-dx-left-flat",
    "affine_backward",
    "dx has one flat row for each example, also where x came in with more axes. Images go into the layer as "
    "rows, but the layer before expects the gradient in the shape of the images that it gave. See 'The "
    "affine layer' in the handout.",
)
def affine_dx_left_flat(dout, cache):
    dx, dw, db = affine_backward(dout, cache)
    return _rows(dx), dw, db


@mistake(
    "affine-dx-reshaped-to-three-axes",
    "affine_backward",
    "dx is given a fixed number of axes. x may have any number of them behind the batch, one for plain rows "
    "and three for images; only the shape of x itself says how many. See 'The affine layer' in the handout.",
)
def affine_dx_reshaped_to_three_axes(dout, cache):
    dx, dw, db = affine_backward(dout, cache)
    return dx.reshape(dx.shape[0], dx.shape[1], -1), dw, db


@mistake(
    "affine-dx-w-not-transposed",
    "affine_backward",
    "dx is made with w as it is. On the way back a gradient goes from the outputs to the inputs, so the "
    "sides of w trade places; with a square w the shapes fit all the same and nothing warns you. Try sizes "
    "that are all different. See 'The affine layer' in the handout.",
)
def affine_dx_w_not_transposed(dout, cache):
    x, w, _ = cache
    _, dw, db = affine_backward(dout, cache)
    return (dout @ w).reshape(x.shape), dw, db


@mistake(
    "affine-dw-transposed",
    "affine_backward",
    "dw is the transpose of what it should be. The notes write a weight as (out, in) and their gradient fits "
    "that; in the code a weight is (fan_in, fan_out). A square w hides the difference. See 'Translation "
    "table' in the handout.",
)
def affine_dw_transposed(dout, cache):
    dx, dw, db = affine_backward(dout, cache)
    return dx, dw.T, db


@mistake(
    "affine-dw-x-not-transposed",
    "affine_backward",
    "dw is a product of x as it is and dout. It has to sum over the examples, so the batch axes of the two "
    "must meet in the middle of the product; as written they meet only by accident, when N and D are equal. "
    "See 'The affine layer' in the handout.",
)
def affine_dw_x_not_transposed(dout, cache):
    x, _, _ = cache
    dx, _, db = affine_backward(dout, cache)
    return dx, _rows(x) @ dout, db


@mistake(
    "affine-dw-images-not-flattened",
    "affine_backward",
    "dw is right for plain rows only. Transposing an array with more than two axes reverses all of them, so "
    "an image batch must first become rows, just as the forward does it. See 'The affine layer' in the "
    "handout.",
)
def affine_dw_images_not_flattened(dout, cache):
    x, _, _ = cache
    dx, _, db = affine_backward(dout, cache)
    return dx, x.T @ dout, db


@mistake(
    "affine-dx-and-dw-swapped",
    "affine_backward",
    "dx and dw come back in each other's place. Gradients are returned in the order of the forward's "
    "arguments; a slide of the notes makes the same exchange when it labels the gradient by the input as the "
    "one by the weight. See 'The affine layer' in the handout.",
)
def affine_dx_and_dw_swapped(dout, cache):
    dx, dw, db = affine_backward(dout, cache)
    return dw, dx, db


@mistake(
    "affine-dout-missing",
    "affine_backward",
    "These are local derivatives: every upstream gradient counts as 1. A gradient is the local derivative "
    "times what arrives from above, and with dout left out the loss has no say in it. See 'One gate' in the "
    "handout.",
)
def affine_dout_missing(dout, cache):
    return affine_backward(np.ones_like(dout), cache)


@mistake(
    "affine-dw-product-of-sums",
    "affine_backward",
    "dw is the outer product of two sums over the batch. What is asked for is the sum of the outer products, "
    "one for each example; a product of sums mixes the input of one example with the gradient of another. It "
    "agrees only for a batch of one. See 'The affine layer' in the handout.",
)
def affine_dw_product_of_sums(dout, cache):
    x, _, _ = cache
    dx, _, db = affine_backward(dout, cache)
    return dx, np.outer(_rows(x).sum(axis=0), dout.sum(axis=0)), db


@mistake(
    "affine-dw-sign",
    "affine_backward",
    "dw has the wrong sign. The layer adds products of inputs and weights, so the local derivative by a "
    "weight is the input itself; the minus in one place of the notes belongs to a residual z - Wx, which is "
    "another function. See 'The affine layer' in the handout.",
)
def affine_dw_sign(dout, cache):
    dx, dw, db = affine_backward(dout, cache)
    return dx, -dw, db


# --- relu_backward ----------------------------------------------------------------------------------------


@mistake(
    "relu-mask-from-dout",
    "relu_backward",
    "The mask is taken from dout. Whether a unit was on or off was decided in the forward pass, by the sign "
    "of its input; the sign of the upstream gradient says nothing about that. See 'Activations' in the "
    "handout.",
)
def relu_mask_from_dout(dout, cache):
    return np.where(dout > 0, dout, 0)


@mistake(
    "relu-on-at-zero",
    "relu_backward",
    "A unit whose input is exactly zero counts as on. There is no derivative at the kink, so a value is "
    "agreed upon, and it is that of the negative side. Zeros are not rare: think of empty inputs and zero "
    "biases. See 'Activations' in the handout.",
)
def relu_on_at_zero(dout, cache):
    return np.where(cache >= 0, dout, 0)


@mistake(
    "relu-half-at-zero",
    "relu_backward",
    "At an input of exactly zero half of the gradient is passed on. Any number between the two slopes could "
    "be defended there, but this course has agreed on the one of the negative side. See 'Activations' in the "
    "handout.",
)
def relu_half_at_zero(dout, cache):
    return dout * np.heaviside(cache, 0.5)


@mistake(
    "relu-mask-inverted",
    "relu_backward",
    "The gradient passes where the unit was off and stops where it was on. A unit that gave a constant zero "
    "cannot be made responsible for the loss; one that passed its input on passes the gradient back. See "
    "'Activations' in the handout.",
)
def relu_mask_inverted(dout, cache):
    return np.where(cache < 0, dout, 0)


@mistake(
    "relu-dout-missing",
    "relu_backward",
    "What comes back is the mask alone, zeros and ones. That is the local derivative; a backward multiplies "
    "it with the upstream gradient before handing it on. See 'One gate' in the handout.",
)
def relu_dout_missing(dout, cache):
    return (cache > 0).astype(dout.dtype)


@mistake(
    "relu-value-for-derivative",
    "relu_backward",
    "The upstream gradient is multiplied by the output of the rectifier, where its derivative is needed. "
    "Above zero the output grows with the input, but its slope is the same everywhere. See 'Activations' in "
    "the handout.",
)
def relu_value_for_derivative(dout, cache):
    return dout * np.maximum(cache, 0)


@mistake(
    "relu-mask-from-one-row",
    "relu_backward",
    "One row of the input decides for all examples. A single row broadcasts over the batch without "
    "complaint, but every example has its own pattern of units that are on. The notes' own loop has this "
    "slip. See 'Activations' in the handout.",
)
def relu_mask_from_one_row(dout, cache):
    return np.where(cache[0] > 0, dout, 0)


@mistake(
    "relu-writes-into-dout",
    "relu_backward",
    "The values are right, but they were made by zeroing entries of dout itself. That array belongs to the "
    "caller, who may need it for another branch of the graph. See the last lines of 'Activations' in the "
    "handout.",
)
def relu_writes_into_dout(dout, cache):
    dout[cache <= 0] = 0
    return dout


@mistake(
    "relu-writes-into-the-cache",
    "relu_backward",
    "The values are right, but the mask was written over the array in the cache. The given forward keeps its "
    "input there, not a copy, so the caller's x is turned into zeros and ones. See the last lines of "
    "'Activations' in the handout.",
)
def relu_writes_into_the_cache(dout, cache):
    cache[cache > 0] = 1
    cache[cache <= 0] = 0
    return dout * cache


# --- leaky_relu_backward ----------------------------------------------------------------------------------


@mistake(
    "leaky-slope-hard-coded",
    "leaky_relu_backward",
    "The slope is 0.01 whatever the forward was called with. The default is only a default; the slope that "
    "was used lies in the cache. See 'Activations' in the handout.",
)
def leaky_slope_hard_coded(dout, cache):
    return np.where(cache[0] > 0, dout, 0.01 * dout)


@mistake(
    "leaky-slope-on-the-wrong-side",
    "leaky_relu_backward",
    "The slope multiplies the gradient of positive inputs, and negative ones pass unchanged. It is the other "
    "way round: the leak is what is left of the negative side. See 'Activations' in the handout.",
)
def leaky_slope_on_the_wrong_side(dout, cache):
    x, slope = cache
    return np.where(x > 0, slope * dout, dout)


@mistake(
    "leaky-one-at-zero",
    "leaky_relu_backward",
    "At an input of exactly zero the whole gradient is passed on. The value agreed upon at the kink is that "
    "of the negative side, the slope. See 'Activations' in the handout.",
)
def leaky_one_at_zero(dout, cache):
    x, slope = cache
    return np.where(x >= 0, dout, slope * dout)


@mistake(
    "leaky-nothing-at-zero",
    "leaky_relu_backward",
    "At an input of exactly zero nothing is passed on: the two masks cover the positive and the negative "
    "side and leave a gap between them. The kink belongs to the negative side. See 'Activations' in the "
    "handout.",
)
def leaky_nothing_at_zero(dout, cache):
    x, slope = cache
    return dout * (x > 0) + slope * dout * (x < 0)


@mistake(
    "leaky-no-leak",
    "leaky_relu_backward",
    "Nothing passes on the negative side, as if this were the plain rectifier. The leak is there so that a "
    "unit with negative input still learns. See 'Activations' in the handout.",
)
def leaky_no_leak(dout, cache):
    return np.where(cache[0] > 0, dout, 0)


@mistake(
    "leaky-mask-from-dout",
    "leaky_relu_backward",
    "The sign of dout decides which side of the kink counts. The forward pass decided that, by the sign of "
    "its input. See 'Activations' in the handout.",
)
def leaky_mask_from_dout(dout, cache):
    return np.where(dout > 0, dout, cache[1] * dout)


@mistake(
    "leaky-input-for-dout",
    "leaky_relu_backward",
    "On the negative side the slope multiplies the input: that is the forward pass once more. A backward "
    "multiplies the derivative with the upstream gradient, on both sides. See 'One gate' in the handout.",
)
def leaky_input_for_dout(dout, cache):
    x, slope = cache
    return np.where(x > 0, dout, slope * x)


@mistake(
    "leaky-dout-missing",
    "leaky_relu_backward",
    "What comes back is the local derivative, ones and slopes. A backward multiplies it with the upstream "
    "gradient before handing it on. See 'One gate' in the handout.",
)
def leaky_dout_missing(dout, cache):
    x, slope = cache
    return np.where(x > 0, 1.0, slope)


@mistake(
    "leaky-gradient-for-the-slope",
    "leaky_relu_backward",
    "Two gradients come back, the second one for negative_slope. The slope is a fixed number that is not "
    "learned here, so dx alone is asked for. The docstring of the function says what it returns.",
)
def leaky_gradient_for_the_slope(dout, cache):
    x, slope = cache
    return np.where(x > 0, dout, slope * dout), np.sum(dout * np.minimum(x, 0))


# --- sigmoid_backward -------------------------------------------------------------------------------------


@mistake(
    "sigmoid-cache-taken-for-x",
    "sigmoid_backward",
    "The sigmoid is applied to the cache once more. The given forward keeps its output there, not its input, "
    "so this is the derivative at another place. See 'Activations' in the handout.",
)
def sigmoid_cache_taken_for_x(dout, cache):
    s = 1 / (1 + np.exp(-cache))
    return dout * (s - s**2)


@mistake(
    "sigmoid-one-factor-only",
    "sigmoid_backward",
    "The upstream gradient is multiplied by the sigmoid itself. Its derivative is a product of two factors, "
    "and it must vanish at both ends; this one keeps growing towards the right. See 'Activations' in the "
    "handout.",
)
def sigmoid_one_factor_only(dout, cache):
    return dout * cache


@mistake(
    "sigmoid-other-factor-only",
    "sigmoid_backward",
    "The first factor of the derivative is missing. A sigmoid is flat at both ends, so its derivative must "
    "vanish on the left as well; here it is 1 there. See 'Activations' in the handout.",
)
def sigmoid_other_factor_only(dout, cache):
    return dout * (1 - cache)


@mistake(
    "sigmoid-dout-missing",
    "sigmoid_backward",
    "What comes back is the local derivative, between 0 and a quarter, whatever dout is. A backward "
    "multiplies it with the upstream gradient. See 'One gate' in the handout.",
)
def sigmoid_dout_missing(dout, cache):
    return cache - cache**2


@mistake(
    "sigmoid-derivative-of-tanh",
    "sigmoid_backward",
    "This is the formula of tanh. Both derivatives can be written with the output alone, which is why they "
    "are easily confused; at an input of zero the sigmoid has the slope 1/4, and this gives 3/4. See "
    "'Activations' in the handout.",
)
def sigmoid_derivative_of_tanh(dout, cache):
    return dout * (1 - cache**2)


@mistake(
    "sigmoid-sign",
    "sigmoid_backward",
    "The gradient has the wrong sign. The sigmoid rises everywhere, so its derivative is never negative: one "
    "of the two minus signs in the quotient rule got lost. See 'Activations' in the handout.",
)
def sigmoid_sign(dout, cache):
    return dout * (cache**2 - cache)


# --- tanh_backward ----------------------------------------------------------------------------------------


@mistake(
    "tanh-cache-taken-for-x",
    "tanh_backward",
    "tanh is applied to the cache once more. The given forward keeps its output there, not its input, so "
    "this is the derivative at another place. See 'Activations' in the handout.",
)
def tanh_cache_taken_for_x(dout, cache):
    return dout / np.cosh(cache) ** 2


@mistake(
    "tanh-square-missing",
    "tanh_backward",
    "The output is not squared. tanh is symmetric around zero and flat at both ends, so its derivative must "
    "be the same for an output and its negative; this one reaches 2 on the left. See 'Activations' in the "
    "handout.",
)
def tanh_square_missing(dout, cache):
    return dout * (1 - cache)


@mistake(
    "tanh-square-of-the-difference",
    "tanh_backward",
    "The whole difference is squared instead of the output alone. On the left side this gives up to 4, but "
    "tanh is nowhere steeper than at zero, where its slope is 1. See 'Activations' in the handout.",
)
def tanh_square_of_the_difference(dout, cache):
    return dout * (1 - cache) ** 2


@mistake(
    "tanh-plus-for-minus",
    "tanh_backward",
    "The square is added where it should be taken away. The derivative would then grow towards the ends, "
    "where tanh is flat. Go through the quotient rule once more. See 'Activations' in the handout.",
)
def tanh_plus_for_minus(dout, cache):
    return dout * (1 + cache**2)


@mistake(
    "tanh-derivative-of-sigmoid",
    "tanh_backward",
    "This is the formula of the sigmoid. Both derivatives can be written with the output alone, which is why "
    "they are easily confused; at an input of zero tanh has the slope 1, and this gives 0. See 'Activations' "
    "in the handout.",
)
def tanh_derivative_of_sigmoid(dout, cache):
    return dout * (cache - cache**2)


@mistake(
    "tanh-dout-missing",
    "tanh_backward",
    "What comes back is the local derivative, between 0 and 1, whatever dout is. A backward multiplies it "
    "with the upstream gradient. See 'One gate' in the handout.",
)
def tanh_dout_missing(dout, cache):
    return 1 - cache**2


@mistake(
    "tanh-parentheses-missing",
    "tanh_backward",
    "dout multiplies the first term of the derivative only. Without parentheses the product binds more "
    "tightly than the difference, so the second term ignores the upstream gradient. See 'One gate' in the "
    "handout.",
)
def tanh_parentheses_missing(dout, cache):
    return dout - cache**2


# --- squared_loss -----------------------------------------------------------------------------------------


@mistake(
    "squared-loss-half",
    "squared_loss",
    "A factor 1/2 stands before the sum, and loss and gradient both follow it. It is a common convention, "
    "but not ours: look at the definition, always. See 'Squared loss, and the whole chain' in the handout.",
)
def squared_loss_half(h, z):
    return 0.5 * np.sum((h - z) ** 2), h - z


@mistake(
    "squared-loss-half-without-the-gradient",
    "squared_loss",
    "The loss has a factor 1/2 that its gradient does not know of, so the two do not belong to one another. "
    "The notes write one form in one place and the other elsewhere, and are off by this 2. See 'Squared "
    "loss, and the whole chain' in the handout.",
)
def squared_loss_half_without_the_gradient(h, z):
    return np.sum((h - z) ** 2) / 2, 2 * h - 2 * z


@mistake(
    "squared-loss-gradient-without-the-two",
    "squared_loss",
    "The gradient lacks the factor that a square leaves behind. It would be right for half of the loss, and "
    "a training curve would not show the difference. See 'Squared loss, and the whole chain' in the handout.",
)
def squared_loss_gradient_without_the_two(h, z):
    return np.sum((h - z) ** 2), h - z


@mistake(
    "squared-loss-mean-over-entries",
    "squared_loss",
    "Loss and gradient are averaged over all entries. Our loss is the plain sum, and grows with the size of "
    "the batch. See 'Squared loss, and the whole chain' in the handout.",
)
def squared_loss_mean_over_entries(h, z):
    return np.mean((h - z) ** 2), 2 * (h - z) / h.size


@mistake(
    "squared-loss-mean-over-the-batch",
    "squared_loss",
    "Loss and gradient are divided by the number of examples. That is the convention of the softmax loss "
    "here; the squared loss is a plain sum over all entries. See 'Squared loss, and the whole chain' in the "
    "handout.",
)
def squared_loss_mean_over_the_batch(h, z):
    return np.sum((h - z) ** 2) / len(h), 2 * (h - z) / len(h)


@mistake(
    "squared-loss-sign",
    "squared_loss",
    "The gradient points the wrong way. The square does not care about the order of the difference, but its "
    "derivative does: where an output is above its target, a larger output must cost more. See 'Squared "
    "loss, and the whole chain' in the handout.",
)
def squared_loss_sign(h, z):
    return np.sum((h - z) ** 2), 2 * (z - h)


@mistake(
    "squared-loss-is-the-norm",
    "squared_loss",
    "The loss is the length of the difference, with a root. The squared length is asked for; its gradient "
    "grows with the distance, that of the length does not, and at the target it is 0 by 0. See 'Squared "
    "loss, and the whole chain' in the handout.",
)
def squared_loss_is_the_norm(h, z):
    norm = np.sqrt(np.sum((h - z) ** 2))
    return norm, (h - z) / norm


@mistake(
    "squared-loss-square-of-the-sum",
    "squared_loss",
    "The differences are added first and squared afterwards, so that those of opposite sign cancel and a bad "
    "prediction can have no loss at all. Each one must be squared by itself. See 'Squared loss, and the "
    "whole chain' in the handout.",
)
def squared_loss_square_of_the_sum(h, z):
    return np.sum(h - z) ** 2, 2 * (h - z)


@mistake(
    "squared-loss-one-number-for-each-example",
    "squared_loss",
    "The loss is an array with one number for each example. A gradient is that of a single number, so the "
    "sum goes over the batch as well. See 'Squared loss, and the whole chain' in the handout.",
)
def squared_loss_one_number_for_each_example(h, z):
    return np.sum((h - z) ** 2, axis=1), 2 * (h - z)


@mistake(
    "squared-loss-gradient-summed",
    "squared_loss",
    "The gradient is summed over the batch. Every output of every example is a value of its own with its own "
    "gradient; sums over the batch come later, for the weights that all examples share. See 'The affine "
    "layer' in the handout.",
)
def squared_loss_gradient_summed(h, z):
    return np.sum((h - z) ** 2), (2 * (h - z)).sum(axis=0)


@mistake(
    "squared-loss-writes-into-h",
    "squared_loss",
    "The values are right, but the difference was written over h. The outputs belong to the caller, who will "
    "want to look at them after the loss is known; an in-place operator changes the array for both of you. "
    "See the last lines of 'Activations' in the handout.",
)
def squared_loss_writes_into_h(h, z):
    h -= z
    return np.sum(h**2), 2 * h


# --- softmax_loss -----------------------------------------------------------------------------------------


def _softmax(x):
    """Return the log probabilities and the probabilities, right and stable."""
    shifted = x - x.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    return log_p, np.exp(log_p)


def _one_hot(x, y):
    return np.eye(x.shape[1])[y]


def _entropy(log_p, y):
    return -np.mean([row[label] for row, label in zip(log_p, y, strict=True)])


@mistake(
    "softmax-not-shifted",
    "softmax_loss",
    "The formula is right, but the exponential of a score of 1000 is infinite in float64 and the quotient "
    "then not a number. Adding the same number to all scores of an example changes no probability: use that. "
    "See 'Softmax and cross-entropy' in the handout.",
)
def softmax_not_shifted(x, y):
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    return _entropy(np.log(p), y), (p - _one_hot(x, y)) / len(x)


@mistake(
    "softmax-one-shift-for-the-whole-batch",
    "softmax_loss",
    "All examples are shifted by the one largest score of the batch. An example whose scores lie far below "
    "it is left with zeros only, and zero by zero is not a number. Each row needs a shift of its own. See "
    "'Softmax and cross-entropy' in the handout.",
)
def softmax_one_shift_for_the_whole_batch(x, y):
    e = np.exp(x - np.max(x))
    p = e / e.sum(axis=1, keepdims=True)
    return _entropy(np.log(p), y), (p - _one_hot(x, y)) / len(x)


@mistake(
    "softmax-shifted-by-class",
    "softmax_loss",
    "The shift is the largest score of each class over the batch. Only what is subtracted from all scores of "
    "one example alike leaves its probabilities as they are; here each class gets a shift of its own. See "
    "'Softmax and cross-entropy' in the handout.",
)
def softmax_shifted_by_class(x, y):
    log_p, p = _softmax(x - x.max(axis=0))
    return _entropy(log_p, y), (p - _one_hot(x, y)) / len(x)


@mistake(
    "softmax-zero-times-infinity",
    "softmax_loss",
    "The logarithms of all probabilities are taken and then multiplied by zeros and ones. A probability may "
    "underflow to zero, and zero times minus infinity is not a number, also for a class that does not count. "
    "See 'Softmax and cross-entropy' in the handout.",
)
def softmax_zero_times_infinity(x, y):
    _, p = _softmax(x)
    one_hot = _one_hot(x, y)
    return -np.sum(one_hot * np.log(p)) / len(x), (p - one_hot) / len(x)


@mistake(
    "softmax-eps-inside-the-logarithm",
    "softmax_loss",
    "A small number is added inside the logarithm. It keeps the loss finite but makes it wrong, the more so "
    "the surer the network is of a wrong class; a loss that never takes the logarithm of a probability needs "
    "no such help. See 'Softmax and cross-entropy' in the handout.",
)
def softmax_eps_inside_the_logarithm(x, y):
    _, p = _softmax(x)
    return _entropy(np.log(p + 1e-8), y), (p - _one_hot(x, y)) / len(x)


@mistake(
    "softmax-gradient-not-averaged",
    "softmax_loss",
    "The loss is a mean over the batch, but its gradient is that of the sum: N times too large. The factor "
    "before a loss stands before its gradient too. See 'Softmax and cross-entropy' in the handout.",
)
def softmax_gradient_not_averaged(x, y):
    log_p, p = _softmax(x)
    return _entropy(log_p, y), p - _one_hot(x, y)


@mistake(
    "softmax-loss-not-averaged",
    "softmax_loss",
    "The loss is a sum over the batch, but its gradient is that of the mean. The two do not belong to one "
    "another, and the loss of a larger batch looks worse. See 'Softmax and cross-entropy' in the handout.",
)
def softmax_loss_not_averaged(x, y):
    log_p, p = _softmax(x)
    return _entropy(log_p, y) * len(x), (p - _one_hot(x, y)) / len(x)


@mistake(
    "softmax-sum-for-mean",
    "softmax_loss",
    "Loss and gradient are sums over the batch. They agree with one another, but a mean is asked for here, "
    "so that the size of a step does not depend on the size of the batch. See 'Softmax and cross-entropy' in "
    "the handout.",
)
def softmax_sum_for_mean(x, y):
    log_p, p = _softmax(x)
    return _entropy(log_p, y) * len(x), p - _one_hot(x, y)


@mistake(
    "softmax-mean-over-all-entries",
    "softmax_loss",
    "The mean goes over examples and classes. Only one class of each example has a part in the loss, so it "
    "is divided by the number of examples and not by the number of scores. See 'Softmax and cross-entropy' "
    "in the handout.",
)
def softmax_mean_over_all_entries(x, y):
    log_p, p = _softmax(x)
    return _entropy(log_p, y) / x.shape[1], (p - _one_hot(x, y)) / x.size


@mistake(
    "softmax-gradient-divided-by-classes",
    "softmax_loss",
    "The gradient is divided by the number of classes instead of the number of examples: the two axes are "
    "confused. The loss is a mean over examples. See 'Softmax and cross-entropy' in the handout.",
)
def softmax_gradient_divided_by_classes(x, y):
    log_p, p = _softmax(x)
    return _entropy(log_p, y), (p - _one_hot(x, y)) / x.shape[1]


@mistake(
    "softmax-right-class-forgotten",
    "softmax_loss",
    "The gradient holds the probabilities alone. The score of the right class also stands by itself in the "
    "loss, with a minus, and that term has a derivative too; without it every score would be pushed down. "
    "See 'Softmax and cross-entropy' in the handout.",
)
def softmax_right_class_forgotten(x, y):
    log_p, p = _softmax(x)
    return _entropy(log_p, y), p / len(x)


@mistake(
    "softmax-right-class-only",
    "softmax_loss",
    "Only the right class has a gradient. The other scores stand in the sum below the fraction, so raising "
    "one of them raises the loss. Each row of the gradient sums to zero. See 'Softmax and cross-entropy' in "
    "the handout.",
)
def softmax_right_class_only(x, y):
    log_p, p = _softmax(x)
    return _entropy(log_p, y), (p - 1) * _one_hot(x, y) / len(x)


@mistake(
    "softmax-gradient-sign",
    "softmax_loss",
    "The gradient points the wrong way: it would lower the score of the right class. The loss is minus a "
    "logarithm, and that minus is missing in the derivative. See 'Softmax and cross-entropy' in the handout.",
)
def softmax_gradient_sign(x, y):
    log_p, p = _softmax(x)
    return _entropy(log_p, y), (_one_hot(x, y) - p) / len(x)


@mistake(
    "softmax-loss-sign",
    "softmax_loss",
    "The loss is negative. Probabilities are at most 1, so their logarithms are at most 0; the loss is minus "
    "their mean and falls to zero as the right class becomes certain. See 'Softmax and cross-entropy' in the "
    "handout.",
)
def softmax_loss_sign(x, y):
    log_p, p = _softmax(x)
    return -_entropy(log_p, y), (p - _one_hot(x, y)) / len(x)


@mistake(
    "softmax-logarithm-missing",
    "softmax_loss",
    "The loss is minus the mean probability of the right class, without a logarithm. It would hardly change "
    "where the network is quite wrong, and the gradient that is returned belongs to another loss. See "
    "'Softmax and cross-entropy' in the handout.",
)
def softmax_logarithm_missing(x, y):
    _, p = _softmax(x)
    return _entropy(p, y), (p - _one_hot(x, y)) / len(x)


@mistake(
    "softmax-normalised-over-the-batch",
    "softmax_loss",
    "The exponentials are divided by their sum over the examples. It is the classes of one example that "
    "share a probability of 1, so the sum runs along a row. See 'Softmax and cross-entropy' in the handout.",
)
def softmax_normalised_over_the_batch(x, y):
    log_p, p = (part.T for part in _softmax(x.T))
    return _entropy(log_p, y), (p - _one_hot(x, y)) / len(x)


@mistake(
    "softmax-one-taken-from-whole-columns",
    "softmax_loss",
    "The 1 of the right class is subtracted in whole columns. Indexing with all rows and the list of labels "
    "selects every named column in every row; each row should be changed in one place, given by a pair of "
    "row and label. See 'Softmax and cross-entropy' in the handout.",
)
def softmax_one_taken_from_whole_columns(x, y):
    log_p, p = _softmax(x)
    dx = p.copy()
    dx[:, y] -= 1
    return _entropy(log_p, y), dx / len(x)


@mistake(
    "softmax-loss-of-whole-columns",
    "softmax_loss",
    "The loss averages whole columns of log probabilities. Indexing with all rows and the list of labels "
    "gives N by N numbers, the label of every example looked up in every row; one number of each row is "
    "meant. See 'Softmax and cross-entropy' in the handout.",
)
def softmax_loss_of_whole_columns(x, y):
    log_p, p = _softmax(x)
    return -np.mean(log_p[:, y]), (p - _one_hot(x, y)) / len(x)


@mistake(
    "softmax-derivative-taken-twice",
    "softmax_loss",
    "The difference is multiplied by p (1 - p), as behind a sigmoid. The derivative of the softmax is in it "
    "already: together with that of the logarithm it has simplified to the difference alone. See 'Softmax "
    "and cross-entropy' in the handout.",
)
def softmax_derivative_taken_twice(x, y):
    log_p, p = _softmax(x)
    return _entropy(log_p, y), (p - _one_hot(x, y)) * p * (1 - p) / len(x)


@mistake(
    "softmax-writes-into-x",
    "softmax_loss",
    "The values are right, but the shift was subtracted from x itself. The scores belong to the caller; an "
    "in-place operator changes the array for both of you. See the last lines of 'Activations' in the "
    "handout.",
)
def softmax_writes_into_x(x, y):
    x -= x.max(axis=1, keepdims=True)
    log_p, p = _softmax(x)
    return _entropy(log_p, y), (p - _one_hot(x, y)) / len(x)


# --- affine_relu_backward ---------------------------------------------------------------------------------


@mistake(
    "affine-relu-order-of-the-forward",
    "affine_relu_backward",
    "The parts are called in the order of the forward. dout is the gradient by the output of the rectifier, "
    "so that is where the way back begins; a backward pass meets the layers in the reverse order. See "
    "'Putting parts together' in the handout.",
)
def affine_relu_order_of_the_forward(dout, cache):
    affine_cache, relu_cache = cache
    dx, dw, db = affine_backward(dout, affine_cache)
    return relu_backward(dx, relu_cache), dw, db


@mistake(
    "affine-relu-mask-from-the-input",
    "affine_relu_backward",
    "The mask is made from x and laid over dx. The rectifier stands behind the affine layer and looks at its "
    "outputs; it acts on every gradient that comes through it, those of w and b included. See 'Putting parts "
    "together' in the handout.",
)
def affine_relu_mask_from_the_input(dout, cache):
    dx, dw, db = affine_backward(dout, cache[0])
    return np.where(cache[0][0] > 0, dx, 0), dw, db


@mistake(
    "affine-relu-mask-missing",
    "affine_relu_backward",
    "The rectifier is left out: dout goes straight into the affine layer. Units that were off in the forward "
    "pass gave a constant, and no gradient may pass through them. See 'Squared loss, and the whole chain' in "
    "the handout.",
)
def affine_relu_mask_missing(dout, cache):
    return affine_backward(dout, cache[0])


@mistake(
    "affine-relu-mask-for-dx-only",
    "affine_relu_backward",
    "dx knows of the rectifier, dw and db do not. All three lie behind it on the way back, so the masked "
    "gradient is what every one of them is made from. See 'Squared loss, and the whole chain' in the "
    "handout.",
)
def affine_relu_mask_for_dx_only(dout, cache):
    dx, _, _ = affine_backward(relu_backward(dout, cache[1]), cache[0])
    _, dw, db = affine_backward(dout, cache[0])
    return dx, dw, db


@mistake(
    "affine-relu-db-not-masked",
    "affine_relu_backward",
    "db is summed from dout itself, past the rectifier. The bias is added before the rectifier looks at the "
    "result, so its gradient comes through the mask like that of w. See 'Squared loss, and the whole chain' "
    "in the handout.",
)
def affine_relu_db_not_masked(dout, cache):
    dx, dw, _ = affine_backward(relu_backward(dout, cache[1]), cache[0])
    return dx, dw, dout.sum(axis=0)


@mistake(
    "affine-relu-mask-from-dout",
    "affine_relu_backward",
    "The sign of dout decides what passes. The rectifier decided in the forward pass, by the sign of the "
    "layer's own pre-activations. See 'Activations' in the handout.",
)
def affine_relu_mask_from_dout(dout, cache):
    return affine_backward(np.where(dout > 0, dout, 0), cache[0])


@mistake(
    "affine-relu-mask-without-the-bias",
    "affine_relu_backward",
    "The mask is made from the product of x and w alone. The bias is added before the rectifier, and moves "
    "the place where a unit switches on. See 'Squared loss, and the whole chain' in the handout.",
)
def affine_relu_mask_without_the_bias(dout, cache):
    x, w, _ = cache[0]
    return affine_backward(np.where(_rows(x) @ w > 0, dout, 0), cache[0])


@mistake(
    "affine-relu-mask-from-one-row",
    "affine_relu_backward",
    "One row of pre-activations decides for the whole batch. The notes index an array of one layer by the "
    "layer's number; what comes out is a single row, and it broadcasts without complaint. See 'Activations' "
    "in the handout.",
)
def affine_relu_mask_from_one_row(dout, cache):
    return affine_backward(np.where(cache[1][0] > 0, dout, 0), cache[0])


@mistake(
    "affine-relu-value-for-derivative",
    "affine_relu_backward",
    "The upstream gradient is multiplied by the output of the rectifier, where its derivative is needed. "
    "Above zero the slope is the same everywhere, however large the output. See 'Activations' in the "
    "handout.",
)
def affine_relu_value_for_derivative(dout, cache):
    return affine_backward(dout * np.maximum(cache[1], 0), cache[0])


@mistake(
    "affine-relu-caches-swapped",
    "affine_relu_backward",
    "Each part gets the cache of the other. The forward packs that of the affine layer first, because it "
    "runs first; the order of the way back does not change how the pair was packed. See 'Putting parts "
    "together' in the handout.",
)
def affine_relu_caches_swapped(dout, cache):
    relu_cache, affine_cache = cache
    return affine_backward(relu_backward(dout, relu_cache), affine_cache)


@mistake(
    "affine-relu-upstream-times-100",
    "affine_relu_backward",
    "Every gradient is a hundred times too large. The notes' loop multiplies the upstream gradients by 100 "
    "before it begins, which makes their plots look livelier; no rule of differentiation does that. See "
    "'Activations' in the handout.",
)
def affine_relu_upstream_times_100(dout, cache):
    return affine_backward(relu_backward(100 * dout, cache[1]), cache[0])


# --- initialisers: the variance ---------------------------------------------------------------------------


def _normal(fan_in, fan_out, rng, variance):
    return np.sqrt(variance) * rng.standard_normal((fan_in, fan_out))


def _uniform(fan_in, fan_out, rng, variance):
    bound = np.sqrt(3 * variance)
    return rng.uniform(-bound, bound, (fan_in, fan_out))


def wrong_variance(id, replaces, text, variance):  # noqa: A002
    """Register an initialiser that draws from the right family with the given variance."""
    draw = _normal if replaces.endswith("normal") else _uniform

    def initializer(fan_in, fan_out, rng, negative_slope=0.0):
        return draw(fan_in, fan_out, rng, variance(fan_in, fan_out, negative_slope))

    mistake(id, replaces, text, variance=variance)(initializer)


wrong_variance(
    "xavier-normal-fan-in-alone",
    "xavier_normal",
    "Only fan_in is used. That is where the derivation stops half-way, with the forward signal kept; some "
    "libraries give even this the name Xavier. Here the gradients have a say too, and the two fans are "
    "averaged. See 'Xavier: forwards and backwards' in the handout.",
    lambda fan_in, fan_out, negative_slope=0.0: 1 / fan_in,
)
wrong_variance(
    "xavier-normal-fan-out-alone",
    "xavier_normal",
    "Only fan_out is used. That keeps the gradients on their way back and forgets the signal on its way "
    "forth; Xavier's compromise averages the two fans. See 'Xavier: forwards and backwards' in the handout.",
    lambda fan_in, fan_out, negative_slope=0.0: 1 / fan_out,
)
wrong_variance(
    "xavier-normal-he",
    "xavier_normal",
    "This is He's variance, made for rectifiers that halve the mean square of a signal. Xavier's argument "
    "assumes an activation that is nearly linear, and looks at both fans. See 'Xavier: forwards and "
    "backwards' in the handout.",
    lambda fan_in, fan_out, negative_slope=0.0: 2 / fan_in,
)
wrong_variance(
    "xavier-normal-two-missing",
    "xavier_normal",
    "The sum of the fans stands where their average is meant, so the variance is half of what it should be. "
    "For equal fans it must come out as one over either of them. See 'Xavier: forwards and backwards' in the "
    "handout.",
    lambda fan_in, fan_out, negative_slope=0.0: 1 / (fan_in + fan_out),
)
wrong_variance(
    "xavier-normal-variance-as-std",
    "xavier_normal",
    "The variance was handed over as a standard deviation, so the weights are far too small. A generator's "
    "scale is the standard deviation; one of the two is the other's square. See 'Xavier: forwards and "
    "backwards' in the handout.",
    lambda fan_in, fan_out, negative_slope=0.0: (2 / (fan_in + fan_out)) ** 2,
)
wrong_variance(
    "xavier-normal-root-taken-twice",
    "xavier_normal",
    "The root was taken twice: what is a standard deviation already was taken for a variance. The weights "
    "are too large, the more so the wider the layer. See 'Xavier: forwards and backwards' in the handout.",
    lambda fan_in, fan_out, negative_slope=0.0: np.sqrt(2 / (fan_in + fan_out)),
)
wrong_variance(
    "xavier-normal-sum-of-roots",
    "xavier_normal",
    "The roots of the fans were added. The root belongs to the sum of the fans as a whole: a root of a sum "
    "is smaller than a sum of roots, so these weights are too small. See 'Xavier: forwards and backwards' in "
    "the handout.",
    lambda fan_in, fan_out, negative_slope=0.0: 2 / (np.sqrt(fan_in) + np.sqrt(fan_out)) ** 2,
)
wrong_variance(
    "xavier-normal-scale-factors-averaged",
    "xavier_normal",
    "The two scale factors, one over the root of each fan, were averaged. Two of the notes describe it that "
    "way, but what they average are the fans. A square layer cannot tell the difference. See 'Xavier: "
    "forwards and backwards' in the handout.",
    lambda fan_in, fan_out, negative_slope=0.0: (fan_in**-0.5 + fan_out**-0.5) ** 2 / 4,
)
wrong_variance(
    "xavier-normal-variances-averaged",
    "xavier_normal",
    "The two variances, one over each fan, were averaged. What is averaged are the fans: one over an average "
    "is not the average of one over each. A square layer cannot tell the difference. See 'Xavier: forwards "
    "and backwards' in the handout.",
    lambda fan_in, fan_out, negative_slope=0.0: (1 / fan_in + 1 / fan_out) / 2,
)
wrong_variance(
    "xavier-normal-fans-hard-coded",
    "xavier_normal",
    "The same scale comes out whatever the fans are: 100 + 100 seems to be written into the code, as in an "
    "example of the notes. It is right for that example's layers only. See 'Xavier: forwards and backwards' "
    "in the handout.",
    lambda fan_in, fan_out, negative_slope=0.0: 0.01,
)
wrong_variance(
    "xavier-normal-small-and-scaled",
    "xavier_normal",
    "The draws had a variance of 0.01 before they were scaled by the fan, so they are small twice over. The "
    "scale already does the whole work: start from variance 1. See the traps in 'Xavier: forwards and "
    "backwards' in the handout.",
    lambda fan_in, fan_out, negative_slope=0.0: 0.01 / fan_in,
)
wrong_variance(
    "xavier-normal-always-small",
    "xavier_normal",
    "All weights have the standard deviation 0.01, whatever the fans are. In a deep network the signal then "
    "shrinks in every layer until nothing is left: the first row of the table shows it. See 'What goes "
    "wrong' in the handout.",
    lambda fan_in, fan_out, negative_slope=0.0: 1e-4,
)
wrong_variance(
    "xavier-normal-not-scaled",
    "xavier_normal",
    "The draws have the variance 1, whatever the fans are. A unit adds up many of them, so its output grows "
    "with the number of its inputs, and the layers saturate or explode: the second row of the table shows "
    "it. See 'What goes wrong' in the handout.",
    lambda fan_in, fan_out, negative_slope=0.0: 1.0,
)

wrong_variance(
    "xavier-uniform-std-as-bound",
    "xavier_uniform",
    "The standard deviation was used as the bound of the interval. A uniform distribution keeps well inside "
    "its bound, so the variance is a third of what was asked. See 'Uniform instead of normal' in the "
    "handout.",
    lambda fan_in, fan_out, negative_slope=0.0: 2 / (fan_in + fan_out) / 3,
)
wrong_variance(
    "xavier-uniform-variance-as-bound",
    "xavier_uniform",
    "The variance was used as the bound of the interval. The bound is measured like the weights themselves, "
    "the variance like their squares. See 'Uniform instead of normal' in the handout.",
    lambda fan_in, fan_out, negative_slope=0.0: (2 / (fan_in + fan_out)) ** 2 / 3,
)
wrong_variance(
    "xavier-uniform-second-root-missing",
    "xavier_uniform",
    "The root was taken of the numerator only. The notes print the bound this way in one place; for fans 4 "
    "and 8 it makes the variance twelve times too small. See the trap in 'Uniform instead of normal' in the "
    "handout.",
    lambda fan_in, fan_out, negative_slope=0.0: 2 / (fan_in + fan_out) ** 2,
)
wrong_variance(
    "xavier-uniform-sum-of-roots",
    "xavier_uniform",
    "The roots of the fans were added. The root belongs to the sum of the fans as a whole; a sum of roots is "
    "larger, and the bound becomes too small. See 'Uniform instead of normal' in the handout.",
    lambda fan_in, fan_out, negative_slope=0.0: 2 / (np.sqrt(fan_in) + np.sqrt(fan_out)) ** 2,
)
wrong_variance(
    "xavier-uniform-fan-in-alone",
    "xavier_uniform",
    "Only fan_in is used. That keeps the forward signal and forgets the gradients; Xavier's compromise "
    "averages the two fans, for the uniform distribution as for the normal one. See 'Xavier: forwards and "
    "backwards' in the handout.",
    lambda fan_in, fan_out, negative_slope=0.0: 1 / fan_in,
)
wrong_variance(
    "xavier-uniform-older-habit",
    "xavier_uniform",
    "The bound is one over the root of fan_in. That is the older habit which the paper on Xavier's method "
    "starts from and improves on; its variance is three times too small even for a square layer. See "
    "'Xavier: forwards and backwards' in the handout.",
    lambda fan_in, fan_out, negative_slope=0.0: 1 / (3 * fan_in),
)
wrong_variance(
    "xavier-uniform-he",
    "xavier_uniform",
    "This is He's bound, made for rectifiers that halve the mean square of a signal. Xavier's argument "
    "assumes an activation that is nearly linear, and looks at both fans. See 'Uniform instead of normal' in "
    "the handout.",
    lambda fan_in, fan_out, negative_slope=0.0: 2 / fan_in,
)
wrong_variance(
    "xavier-uniform-two-missing",
    "xavier_uniform",
    "The variance is half of what was asked: the sum of the fans stands where their average is meant. Write "
    "down the variance first, and only then the bound that belongs to it. See 'Uniform instead of normal' in "
    "the handout.",
    lambda fan_in, fan_out, negative_slope=0.0: 1 / (fan_in + fan_out),
)
wrong_variance(
    "xavier-uniform-bound-as-width",
    "xavier_uniform",
    "The whole interval is only as wide as the bound, with half of it on either side of zero, so the "
    "variance is a quarter of what was asked. See 'Uniform instead of normal' in the handout.",
    lambda fan_in, fan_out, negative_slope=0.0: 2 / (fan_in + fan_out) / 4,
)

wrong_variance(
    "he-normal-fan-out",
    "he_normal",
    "fan_out is used for fan_in. A unit adds up one term for each of its inputs, and it is their number that "
    "decides how much the forward signal grows; the weight is (fan_in, fan_out) here, in the notes the other "
    "way round. See 'He: the factor 2, and leaky slopes' in the handout.",
    lambda fan_in, fan_out, negative_slope=0.0: 2 / ((1 + negative_slope**2) * fan_out),
)
wrong_variance(
    "he-normal-two-missing",
    "he_normal",
    "The factor 2 is missing: this is LeCun's variance, right for a linear layer. A rectifier throws away "
    "half of the mean square of what it gets, and the weights must make up for it. See 'He: the factor 2, "
    "and leaky slopes' in the handout.",
    lambda fan_in, fan_out, negative_slope=0.0: 1 / ((1 + negative_slope**2) * fan_in),
)
wrong_variance(
    "he-normal-xavier",
    "he_normal",
    "This is Xavier's variance. It averages the fans and assumes an activation that is nearly linear; behind "
    "rectifiers the signal then shrinks in every layer. See 'He: the factor 2, and leaky slopes' in the "
    "handout.",
    lambda fan_in, fan_out, negative_slope=0.0: 2 / (fan_in + fan_out),
)
wrong_variance(
    "he-normal-fans-averaged",
    "he_normal",
    "He's factor is there, but the fans are averaged as in Xavier's formula. He's argument looks at one "
    "direction at a time, and we have agreed on the forward one. See 'He: the factor 2, and leaky slopes' in "
    "the handout.",
    lambda fan_in, fan_out, negative_slope=0.0: 4 / ((1 + negative_slope**2) * (fan_in + fan_out)),
)
wrong_variance(
    "he-normal-variance-as-std",
    "he_normal",
    "The variance was handed over as a standard deviation, so the weights are far too small. A generator's "
    "scale is the standard deviation; one of the two is the other's square. See 'He: the factor 2, and leaky "
    "slopes' in the handout.",
    lambda fan_in, fan_out, negative_slope=0.0: (2 / ((1 + negative_slope**2) * fan_in)) ** 2,
)
wrong_variance(
    "he-normal-root-of-the-fan-only",
    "he_normal",
    "The root was taken of the fan but not of the factor before it. The whole variance goes under the root; "
    "as written it is twice too large for a plain rectifier. See 'He: the factor 2, and leaky slopes' in the "
    "handout.",
    lambda fan_in, fan_out, negative_slope=0.0: (2 / (1 + negative_slope**2)) ** 2 / fan_in,
)
wrong_variance(
    "he-normal-slope-ignored",
    "he_normal",
    "The slope has no effect. A leaky rectifier keeps a part of the negative side, so less has to be made up "
    "for, and at a slope of 1, where the activation is linear, the factor 2 must be gone. See 'He: the "
    "factor 2, and leaky slopes' in the handout.",
    lambda fan_in, fan_out, negative_slope=0.0: 2 / fan_in,
)
wrong_variance(
    "he-normal-slope-not-squared",
    "he_normal",
    "The slope enters without a square. It multiplies the signal, and what is counted is the mean square of "
    "the signal. See 'He: the factor 2, and leaky slopes' in the handout.",
    lambda fan_in, fan_out, negative_slope=0.0: 2 / ((1 + negative_slope) * fan_in),
)
wrong_variance(
    "he-normal-slope-above-the-line",
    "he_normal",
    "The factor with the slope stands above the line of the fraction instead of below. The more a leaky "
    "rectifier lets through, the smaller the weights may be. See 'He: the factor 2, and leaky slopes' in the "
    "handout.",
    lambda fan_in, fan_out, negative_slope=0.0: 2 * (1 + negative_slope**2) / fan_in,
)
wrong_variance(
    "he-normal-variance-of-the-rectified",
    "he_normal",
    "The factor is 2.93, which comes from the variance of the rectifier's output. Those outputs do not have "
    "mean zero, and what the next layer adds up is their mean square, not their variance. See the traps in "
    "'He: the factor 2, and leaky slopes' in the handout.",
    lambda fan_in, fan_out, negative_slope=0.0: 2 / ((1 - 1 / np.pi) * (1 + negative_slope**2) * fan_in),
)
wrong_variance(
    "he-normal-small-and-scaled",
    "he_normal",
    "The draws had a variance of 0.01 before they were scaled by the fan, so they are small twice over. The "
    "scale already does the whole work: start from variance 1. See the traps in 'Xavier: forwards and "
    "backwards' in the handout.",
    lambda fan_in, fan_out, negative_slope=0.0: 0.02 / ((1 + negative_slope**2) * fan_in),
)

wrong_variance(
    "he-uniform-std-as-bound",
    "he_uniform",
    "The standard deviation was used as the bound of the interval. A uniform distribution keeps well inside "
    "its bound, so the variance is a third of what was asked. See 'Uniform instead of normal' in the "
    "handout.",
    lambda fan_in, fan_out, negative_slope=0.0: 2 / (3 * (1 + negative_slope**2) * fan_in),
)
wrong_variance(
    "he-uniform-second-root-missing",
    "he_uniform",
    "The root was taken of the numerator only, and the fan divides as it is. Everything that the variance "
    "holds goes under the root; Xavier's bound has the same misprint in the notes. See 'Uniform instead of "
    "normal' in the handout.",
    lambda fan_in, fan_out, negative_slope=0.0: 2 / ((1 + negative_slope**2) * fan_in) ** 2,
)
wrong_variance(
    "he-uniform-fan-out",
    "he_uniform",
    "fan_out is used for fan_in. A unit adds up one term for each of its inputs, and it is their number that "
    "decides how much the forward signal grows. See 'He: the factor 2, and leaky slopes' in the handout.",
    lambda fan_in, fan_out, negative_slope=0.0: 2 / ((1 + negative_slope**2) * fan_out),
)
wrong_variance(
    "he-uniform-two-missing",
    "he_uniform",
    "The variance is half of what was asked: this is LeCun's, right for a linear layer. A rectifier throws "
    "away half of the mean square of what it gets, and the weights must make up for it. See 'He: the factor "
    "2, and leaky slopes' in the handout.",
    lambda fan_in, fan_out, negative_slope=0.0: 1 / ((1 + negative_slope**2) * fan_in),
)
wrong_variance(
    "he-uniform-xavier",
    "he_uniform",
    "This is Xavier's bound. It averages the fans and assumes an activation that is nearly linear; behind "
    "rectifiers the signal then shrinks in every layer. See 'He: the factor 2, and leaky slopes' in the "
    "handout.",
    lambda fan_in, fan_out, negative_slope=0.0: 2 / (fan_in + fan_out),
)
wrong_variance(
    "he-uniform-library-default",
    "he_uniform",
    "The bound is one over the root of fan_in. A well-known library has it as the default of its layers, by "
    "calling its He function with a slope of root 5; the variance is a sixth of the one for a plain "
    "rectifier. See 'He: the factor 2, and leaky slopes' in the handout.",
    lambda fan_in, fan_out, negative_slope=0.0: 1 / (3 * fan_in),
)
wrong_variance(
    "he-uniform-slope-ignored",
    "he_uniform",
    "The slope has no effect. A leaky rectifier keeps a part of the negative side, so less has to be made up "
    "for, and at a slope of 1, where the activation is linear, the factor 2 must be gone. See 'He: the "
    "factor 2, and leaky slopes' in the handout.",
    lambda fan_in, fan_out, negative_slope=0.0: 2 / fan_in,
)
wrong_variance(
    "he-uniform-slope-not-squared",
    "he_uniform",
    "The slope enters without a square. It multiplies the signal, and what is counted is the mean square of "
    "the signal. See 'He: the factor 2, and leaky slopes' in the handout.",
    lambda fan_in, fan_out, negative_slope=0.0: 2 / ((1 + negative_slope) * fan_in),
)
wrong_variance(
    "he-uniform-bound-as-width",
    "he_uniform",
    "The whole interval is only as wide as the bound, with half of it on either side of zero, so the "
    "variance is a quarter of what was asked. See 'Uniform instead of normal' in the handout.",
    lambda fan_in, fan_out, negative_slope=0.0: 2 / (4 * (1 + negative_slope**2) * fan_in),
)


# --- initialisers: the distribution -----------------------------------------------------------------------


@mistake(
    "xavier-normal-uniform",
    "xavier_normal",
    "The variance is right, but the weights are uniform. Only the variance enters Xavier's argument, so "
    "either would do in a network; this function is asked for a Gaussian. See 'Uniform instead of normal' in "
    "the handout.",
)
def xavier_normal_uniform(fan_in, fan_out, rng):
    return xavier_uniform(fan_in, fan_out, rng)


@mistake(
    "xavier-uniform-normal",
    "xavier_uniform",
    "The variance is right, but the weights are normal. Only the variance enters Xavier's argument, so "
    "either would do in a network; this function is asked for draws within a bound. See 'Uniform instead of "
    "normal' in the handout.",
)
def xavier_uniform_normal(fan_in, fan_out, rng):
    return xavier_normal(fan_in, fan_out, rng)


@mistake(
    "he-normal-uniform",
    "he_normal",
    "The variance is right, but the weights are uniform. Only the variance enters He's argument, so either "
    "would do in a network; this function is asked for a Gaussian. See 'Uniform instead of normal' in the "
    "handout.",
)
def he_normal_uniform(fan_in, fan_out, rng, negative_slope=0.0):
    return he_uniform(fan_in, fan_out, rng, negative_slope)


@mistake(
    "he-uniform-normal",
    "he_uniform",
    "The variance is right, but the weights are normal. Only the variance enters He's argument, so either "
    "would do in a network; this function is asked for draws within a bound. See 'Uniform instead of normal' "
    "in the handout.",
)
def he_uniform_normal(fan_in, fan_out, rng, negative_slope=0.0):
    return he_normal(fan_in, fan_out, rng, negative_slope)


def _truncated(rng, shape):
    """Return standard normal draws, those beyond two standard deviations drawn again."""
    z = rng.standard_normal(shape)
    while np.any(np.abs(z) > 2):
        z = np.where(np.abs(z) > 2, rng.standard_normal(shape), z)
    return z


@mistake(
    "xavier-normal-truncated",
    "xavier_normal",
    "Draws beyond two standard deviations are drawn again. Some libraries do that, and then have to enlarge "
    "the scale, because what is left has only 0.77 of the variance. A plain Gaussian is asked for. See "
    "'Uniform instead of normal' in the handout for how shape and variance hang together.",
)
def xavier_normal_truncated(fan_in, fan_out, rng):
    return np.sqrt(2 / (fan_in + fan_out)) * _truncated(rng, (fan_in, fan_out))


@mistake(
    "he-normal-truncated",
    "he_normal",
    "Draws beyond two standard deviations are drawn again. Some libraries do that, and then have to enlarge "
    "the scale, because what is left has only 0.77 of the variance. A plain Gaussian is asked for. See "
    "'Uniform instead of normal' in the handout for how shape and variance hang together.",
)
def he_normal_truncated(fan_in, fan_out, rng, negative_slope=0.0):
    return np.sqrt(2 / (fan_in + fan_in * negative_slope**2)) * _truncated(rng, (fan_in, fan_out))


@mistake(
    "xavier-normal-std-as-mean",
    "xavier_normal",
    "The first number that a generator's normal distribution takes is the mean, the second the standard "
    "deviation. Here the scale went in as the mean, and the spread stayed at 1. Name the arguments to be "
    "sure. See 'What goes wrong' in the handout for what such weights do.",
)
def xavier_normal_std_as_mean(fan_in, fan_out, rng):
    return rng.normal(np.sqrt(2 / (fan_in + fan_out)), size=(fan_in, fan_out))


@mistake(
    "xavier-uniform-positive-only",
    "xavier_uniform",
    "All weights are positive: the interval begins at zero. The argument needs weights of mean zero, else "
    "every unit adds up much the same signal and it grows from layer to layer. See 'Xavier: forwards and "
    "backwards' in the handout.",
)
def xavier_uniform_positive_only(fan_in, fan_out, rng):
    return np.abs(xavier_uniform(fan_in, fan_out, rng))


@mistake(
    "he-uniform-positive-only",
    "he_uniform",
    "All weights are positive: the interval begins at zero. The argument needs weights of mean zero, else "
    "every unit adds up much the same signal and it grows from layer to layer. See 'Xavier: forwards and "
    "backwards' in the handout.",
)
def he_uniform_positive_only(fan_in, fan_out, rng, negative_slope=0.0):
    return np.abs(he_uniform(fan_in, fan_out, rng, negative_slope))


@mistake(
    "he-normal-zeros",
    "he_normal",
    "All weights are zero. Units with equal weights compute the same, get the same gradients and stay equal "
    "for ever; behind a rectifier no gradient comes through at all. Biases may start at zero, weights may "
    "not. See 'What goes wrong' in the handout.",
)
def he_normal_zeros(fan_in, fan_out, rng, negative_slope=0.0):
    return np.zeros((fan_in, fan_out))


# --- initialisers: the generator, the shape, tied units ---------------------------------------------------


def _common_mistakes(name, right):
    """Register the mistakes that are the same for all four initialisers."""
    prefix = name.replace("_", "-")

    @mistake(
        f"{prefix}-fixed-seed",
        name,
        "A generator with a fixed seed is made inside, so every call gives the same numbers: all layers of "
        "one shape start alike, and a second run with another seed changes nothing. Whoever calls decides on "
        "the seed, through rng. See 'A whole network' in the handout.",
    )
    def fixed_seed(fan_in, fan_out, rng, *slope, **named):
        return right(fan_in, fan_out, np.random.default_rng(1234), *slope, **named)

    @mistake(
        f"{prefix}-global-generator",
        name,
        "The numbers come from NumPy's global generator. Then any other code that draws changes your "
        "weights, and the same rng does not give the same network twice. See 'A whole network' in the "
        "handout.",
    )
    def global_generator(fan_in, fan_out, rng, *slope, **named):
        # Seeded only so that saved test cases that are built twice are the same.
        np.random.seed(rng.integers(2**32))
        return right(fan_in, fan_out, np.random, *slope, **named)

    @mistake(
        f"{prefix}-transposed",
        name,
        "The matrix is (fan_out, fan_in). The notes lay weights out like that; in the code a layer computes "
        "x @ w, so the inputs come first. A square layer hides it. See 'Translation table' in the handout.",
    )
    def transposed(fan_in, fan_out, rng, *slope, **named):
        return right(fan_in, fan_out, rng, *slope, **named).T

    @mistake(
        f"{prefix}-tied-units",
        name,
        "One column is drawn and repeated for all units. Units with equal weights compute the same, get the "
        "same gradients and stay equal for ever: the layer is as good as a single unit. See 'What goes "
        "wrong' in the handout.",
    )
    def tied_units(fan_in, fan_out, rng, *slope, **named):
        return np.tile(right(fan_in, fan_out, rng, *slope, **named)[:, :1], fan_out)


for _name, _right in {
    "xavier_normal": xavier_normal,
    "xavier_uniform": xavier_uniform,
    "he_normal": he_normal,
    "he_uniform": he_uniform,
}.items():
    _common_mistakes(_name, _right)


# --- init_network -----------------------------------------------------------------------------------------


def _layers(layer_sizes):
    return list(pairwise(layer_sizes))


def _right_initializer(activation):
    return he_normal if activation in ("relu", "leaky_relu") else xavier_normal


@mistake(
    "network-he-everywhere",
    "init_network",
    "All networks get He's weights. His factor 2 makes up for what a rectifier throws away; tanh and its "
    "like throw nothing away, and are pushed towards their flat ends instead. See 'A whole network' in the "
    "handout.",
)
def network_he_everywhere(layer_sizes, activation, rng):
    return [he_normal(*fans, rng) for fans in _layers(layer_sizes)]


@mistake(
    "network-xavier-everywhere",
    "init_network",
    "All networks get Xavier's weights. Behind a rectifier half of the mean square is lost in every layer, "
    "and after ten layers little of the signal is left: the third row of the table shows it. See 'What goes "
    "wrong' in the handout.",
)
def network_xavier_everywhere(layer_sizes, activation, rng):
    return [xavier_normal(*fans, rng) for fans in _layers(layer_sizes)]


@mistake(
    "network-he-for-tanh",
    "init_network",
    "tanh gets He's weights. tanh is nearly linear around zero and loses no half of the signal, so there is "
    "nothing for the factor 2 to make up for. See 'Xavier: forwards and backwards' in the handout.",
)
def network_he_for_tanh(layer_sizes, activation, rng):
    draw = he_normal if activation == "tanh" else _right_initializer(activation)
    return [draw(*fans, rng) for fans in _layers(layer_sizes)]


@mistake(
    "network-last-layer-linear",
    "init_network",
    "The last layer is treated as linear. There is usually no rectifier behind it, so this has its reasons, "
    "but the convention here is that all layers are treated alike. See 'A whole network' in the handout.",
)
def network_last_layer_linear(layer_sizes, activation, rng):
    weights = [_right_initializer(activation)(*fans, rng) for fans in _layers(layer_sizes)[:-1]]
    return [*weights, xavier_normal(*layer_sizes[-2:], rng)]


@mistake(
    "network-first-layer-linear",
    "init_network",
    "The first layer is treated as linear. Its inputs have not been through a rectifier, so this has its "
    "reasons, but the convention here is that all layers are treated alike. See 'A whole network' in the "
    "handout.",
)
def network_first_layer_linear(layer_sizes, activation, rng):
    weights = [_right_initializer(activation)(*fans, rng) for fans in _layers(layer_sizes)[1:]]
    return [xavier_normal(*layer_sizes[:2], rng), *weights]


@mistake(
    "network-one-weight-too-few",
    "init_network",
    "There is one weight too few. layer_sizes begins with the number of inputs, and a weight lies between "
    "every two neighbours of the list: three sizes make two weights. See 'A whole network' in the handout.",
)
def network_one_weight_too_few(layer_sizes, activation, rng):
    return [_right_initializer(activation)(*fans, rng) for fans in _layers(layer_sizes)[1:]]


@mistake(
    "network-same-state-for-every-layer",
    "init_network",
    "Every layer draws from a copy of the generator in its first state, so all of them begin with the same "
    "numbers. One rng runs through the whole network, and each layer goes on where the last one stopped. See "
    "'A whole network' in the handout.",
)
def network_same_state_for_every_layer(layer_sizes, activation, rng):
    weights, state = [], rng.bit_generator.state
    for fans in _layers(layer_sizes):
        rng.bit_generator.state = state
        weights.append(_right_initializer(activation)(*fans, rng))
    return weights


@mistake(
    "network-fixed-seed",
    "init_network",
    "A generator with a fixed seed is made inside, so every network of one shape starts alike and the rng "
    "that was passed in has no effect. Whoever calls decides on the seed. See 'A whole network' in the "
    "handout.",
)
def network_fixed_seed(layer_sizes, activation, rng):
    own = np.random.default_rng(1234)
    return [_right_initializer(activation)(*fans, own) for fans in _layers(layer_sizes)]


@mistake(
    "network-global-generator",
    "init_network",
    "The numbers come from NumPy's global generator. Then any other code that draws changes your weights, "
    "and the same rng does not give the same network twice. See 'A whole network' in the handout.",
)
def network_global_generator(layer_sizes, activation, rng):
    # Seeded only so that saved test cases that are built twice are the same.
    np.random.seed(rng.integers(2**32))
    return [_right_initializer(activation)(*fans, np.random) for fans in _layers(layer_sizes)]


@mistake(
    "network-transposed",
    "init_network",
    "The matrices are (fan_out, fan_in), as the notes lay them out. In the code a layer computes x @ w, so "
    "each weight has the size of the layer before first. See 'Translation table' in the handout.",
)
def network_transposed(layer_sizes, activation, rng):
    return [_right_initializer(activation)(*fans, rng).T for fans in _layers(layer_sizes)]


@mistake(
    "network-fans-swapped",
    "init_network",
    "The shapes are right, but the initialiser was called with the two fans exchanged, so that He's variance "
    "goes by the number of outputs. Xavier's formula, which treats both alike, cannot show it. See 'He: the "
    "factor 2, and leaky slopes' in the handout.",
)
def network_fans_swapped(layer_sizes, activation, rng):
    return [
        _right_initializer(activation)(fan_out, fan_in, rng).T for fan_in, fan_out in _layers(layer_sizes)
    ]


@mistake(
    "network-one-scale-for-all-layers",
    "init_network",
    "All layers have the scale of the first one. Each layer has its own number of inputs, and its variance "
    "goes by that: a narrow layer needs larger weights than a wide one. See 'A whole network' in the "
    "handout.",
)
def network_one_scale_for_all_layers(layer_sizes, activation, rng):
    first = layer_sizes[0] if activation in ("relu", "leaky_relu") else sum(layer_sizes[:2])
    return [np.sqrt(2 / first) * rng.standard_normal(fans) for fans in _layers(layer_sizes)]


@mistake(
    "network-uniform",
    "init_network",
    "The variances are right, but the weights are uniform. Either distribution would do in practice; this "
    "function is asked for normal ones. See 'Uniform instead of normal' in the handout.",
)
def network_uniform(layer_sizes, activation, rng):
    draw = he_uniform if _right_initializer(activation) is he_normal else xavier_uniform
    return [draw(*fans, rng) for fans in _layers(layer_sizes)]


@mistake(
    "network-pairs-with-biases",
    "init_network",
    "Every entry of the list is a pair of a weight and a bias. Biases may start at zero and need no "
    "initialiser: a vector has no fans. Only the weights are asked for. See the traps in 'Xavier: forwards "
    "and backwards' in the handout.",
)
def network_pairs_with_biases(layer_sizes, activation, rng):
    return [(_right_initializer(activation)(*fans, rng), np.zeros(fans[1])) for fans in _layers(layer_sizes)]


@mistake(
    "network-dictionary",
    "init_network",
    "The weights come in a dictionary. The docstring asks for a list in the order of the layers, so that "
    "whoever calls can run through it without knowing any names. See 'A whole network' in the handout.",
)
def network_dictionary(layer_sizes, activation, rng):
    return {
        f"W{i + 1}": _right_initializer(activation)(*fans, rng) for i, fans in enumerate(_layers(layer_sizes))
    }


# --- batchnorm_forward, training --------------------------------------------------------------------------


class _Options(NamedTuple):
    """What bn_param says, defaults filled in."""

    train: bool
    eps: float
    momentum: float
    running_mean: np.ndarray
    running_var: np.ndarray


def _options(x, bn_param):
    zeros = np.zeros(x.shape[1])
    return _Options(
        bn_param["mode"] == "train",
        bn_param.get("eps", 1e-5),
        bn_param.get("momentum", 0.9),
        bn_param.get("running_mean", zeros),
        bn_param.get("running_var", zeros),
    )


def _statistics(x, bn_param):
    """Return the mean and variance that the mode calls for."""
    options = _options(x, bn_param)
    return (x.mean(axis=0), x.var(axis=0)) if options.train else (options.running_mean, options.running_var)


def _scaled(x, gamma, beta, bn_param, scale):
    """Normalise with `scale(var, eps)` in place of the right factor, in both modes; the rest is right."""
    mu, var = _statistics(x, bn_param)
    batchnorm_forward(x, gamma, beta, bn_param)
    a, b = x - mu, scale(var, bn_param.get("eps", 1e-5))
    return gamma * (a * b) + beta, (a, b, gamma)


def _combined(x, gamma, beta, bn_param, combine):
    """Return `combine(xhat)` for the output, in both modes; the rest is right."""
    _, (a, b, _) = batchnorm_forward(x, gamma, beta, bn_param)
    return combine(a * b), (a, b, gamma)


def _remember(bn_param, options, mean, var):
    """Store running statistics, right but for what comes in."""
    bn_param["running_mean"] = options.momentum * options.running_mean + (1 - options.momentum) * mean
    bn_param["running_var"] = options.momentum * options.running_var + (1 - options.momentum) * var


@mistake(
    "bn-forward-eps-missing",
    "batchnorm_forward",
    "eps is left out. It is there for features that hardly vary: where the variance is zero, for a constant "
    "column or a batch of one, this divides zero by zero. See 'Forward, while training' in the handout.",
    follow=True,
)
def bn_forward_eps_missing(x, gamma, beta, bn_param):
    return _scaled(x, gamma, beta, bn_param, lambda var, eps: 1 / np.sqrt(var))


@mistake(
    "bn-forward-eps-hard-coded",
    "batchnorm_forward",
    "eps is 1e-5 whatever bn_param says. That number is only the default; cases with another eps tell the "
    "difference at once. See 'Forward, while training' in the handout.",
    follow=True,
)
def bn_forward_eps_hard_coded(x, gamma, beta, bn_param):
    return _scaled(x, gamma, beta, bn_param, lambda var, eps: 1 / np.sqrt(var + 1e-5))


@mistake(
    "bn-forward-eps-outside-the-root",
    "batchnorm_forward",
    "eps is added to the standard deviation, outside the root. A slide writes it so, a later one does not, "
    "and the second is meant everywhere. With a tiny eps the two look alike, but not for a feature that "
    "hardly varies. See the traps in 'Forward, while training' in the handout.",
    follow=True,
)
def bn_forward_eps_outside_the_root(x, gamma, beta, bn_param):
    return _scaled(x, gamma, beta, bn_param, lambda var, eps: 1 / (np.sqrt(var) + eps))


@mistake(
    "bn-forward-root-missing",
    "batchnorm_forward",
    "The deviations are divided by the variance, not by its root. The output of a feature measured in metres "
    "and the same one in millimetres should agree, and here they do not. See 'Forward, while training' in "
    "the handout.",
    follow=True,
)
def bn_forward_root_missing(x, gamma, beta, bn_param):
    return _scaled(x, gamma, beta, bn_param, lambda var, eps: 1 / (var + eps))


@mistake(
    "bn-forward-unbiased-variance",
    "batchnorm_forward",
    "The batch's variance is the unbiased one, with N - 1 below the line. Batch normalisation uses the mean "
    "of the squared deviations; with a batch of one the other divides by zero. See 'Forward, while training' "
    "in the handout.",
    follow=True,
)
def bn_forward_unbiased_variance(x, gamma, beta, bn_param):
    options = _options(x, bn_param)
    if not options.train:
        return batchnorm_forward(x, gamma, beta, bn_param)
    mu, var = x.mean(axis=0), x.var(axis=0, ddof=1)
    _remember(bn_param, options, mu, var)
    a, b = x - mu, 1 / np.sqrt(var + options.eps)
    return gamma * (a * b) + beta, (a, b, gamma)


@mistake(
    "bn-forward-gamma-forgotten",
    "batchnorm_forward",
    "gamma has no effect on the output. It lets the network choose the scale of a feature after it has been "
    "normalised. See 'Forward, while training' in the handout.",
    follow=True,
)
def bn_forward_gamma_forgotten(x, gamma, beta, bn_param):
    return _combined(x, gamma, beta, bn_param, lambda xhat: xhat + beta)


@mistake(
    "bn-forward-beta-forgotten",
    "batchnorm_forward",
    "beta has no effect on the output. It does the work of the bias, which the mean has taken away. See "
    "'Forward, while training' in the handout.",
    follow=True,
)
def bn_forward_beta_forgotten(x, gamma, beta, bn_param):
    return _combined(x, gamma, beta, bn_param, lambda xhat: gamma * xhat)


@mistake(
    "bn-forward-gamma-and-beta-forgotten",
    "batchnorm_forward",
    "The output is the normalised x itself: the learned scale and shift are left out. With gamma = 1 and "
    "beta = 0, where training starts, nobody notices. See 'Forward, while training' in the handout.",
    follow=True,
)
def bn_forward_gamma_and_beta_forgotten(x, gamma, beta, bn_param):
    return _combined(x, gamma, beta, bn_param, lambda xhat: xhat)


@mistake(
    "bn-forward-gamma-and-beta-exchanged",
    "batchnorm_forward",
    "gamma and beta have changed places: the shift multiplies and the scale is added. Both have one number "
    "for each feature, so every shape fits. See 'Forward, while training' in the handout.",
    follow=True,
)
def bn_forward_gamma_and_beta_exchanged(x, gamma, beta, bn_param):
    return _combined(x, gamma, beta, bn_param, lambda xhat: beta * xhat + gamma)


@mistake(
    "bn-forward-gamma-scales-beta",
    "batchnorm_forward",
    "beta is added before gamma multiplies, so the shift is scaled as well. Scale first, shift afterwards: "
    "beta alone is then the mean of the output. See 'Forward, while training' in the handout.",
    follow=True,
)
def bn_forward_gamma_scales_beta(x, gamma, beta, bn_param):
    return _combined(x, gamma, beta, bn_param, lambda xhat: gamma * (xhat + beta))


@mistake(
    "bn-forward-mean-added",
    "batchnorm_forward",
    "The batch's mean is added where it should be taken away, a misprint of the notes. The output then has "
    "twice the mean instead of none. See the traps in 'Forward, while training' in the handout.",
)
def bn_forward_mean_added(x, gamma, beta, bn_param):
    mu, _ = _statistics(x, bn_param)
    _, (_, b, _) = batchnorm_forward(x, gamma, beta, bn_param)
    return gamma * ((x + mu) * b) + beta, (x + mu, b, gamma)


@mistake(
    "bn-forward-over-features",
    "batchnorm_forward",
    "Mean and variance are taken along each example, over its features. That is layer normalisation. Here "
    "each feature is normalised over the batch, by statistics that all examples share. See 'Forward, while "
    "training' in the handout.",
)
def bn_forward_over_features(x, gamma, beta, bn_param):
    options = _options(x, bn_param)
    if not options.train:
        return batchnorm_forward(x, gamma, beta, bn_param)
    mu, var = x.mean(axis=1, keepdims=True), x.var(axis=1, keepdims=True)
    _remember(bn_param, options, mu, var)
    a, b = x - mu, 1 / np.sqrt(var + options.eps)
    return gamma * (a * b) + beta, (a, b, gamma)


@mistake(
    "bn-forward-over-everything",
    "batchnorm_forward",
    "There is one mean and one variance for the whole array. Features have different sizes and units; each "
    "column is normalised by its own statistics. See 'Forward, while training' in the handout.",
)
def bn_forward_over_everything(x, gamma, beta, bn_param):
    options = _options(x, bn_param)
    if not options.train:
        return batchnorm_forward(x, gamma, beta, bn_param)
    mu, var = x.mean(), x.var()
    _remember(bn_param, options, mu, var)
    a, b = x - mu, 1 / np.sqrt(var + options.eps)
    return gamma * (a * b) + beta, (a, b, gamma)


@mistake(
    "bn-forward-running-statistics-in-training",
    "batchnorm_forward",
    "Training normalises with the running statistics. They are kept for test time only; while training, the "
    "batch is normalised by its own mean and variance, and gradients flow through both. See 'Running "
    "statistics, and test time' in the handout.",
)
def bn_forward_running_statistics_in_training(x, gamma, beta, bn_param):
    batchnorm_forward(x, gamma, beta, bn_param)
    return batchnorm_forward(x, gamma, beta, {**bn_param, "mode": "test"})


@mistake(
    "bn-forward-options-required",
    "batchnorm_forward",
    "Entries of bn_param are read as if they were always there. Only the mode is; eps, momentum and the "
    "running statistics may be missing and have defaults. See 'Running statistics, and test time' in the "
    "handout.",
)
def bn_forward_options_required(x, gamma, beta, bn_param):
    for name in ("eps", "momentum", "running_mean", "running_var"):
        bn_param[name]
    return batchnorm_forward(x, gamma, beta, bn_param)


# --- batchnorm_forward, test time -------------------------------------------------------------------------


def _tested(x, gamma, beta, bn_param, scale):
    """Normalise with `scale(var, eps)` at test time only."""
    if bn_param["mode"] == "train":
        return batchnorm_forward(x, gamma, beta, bn_param)
    return _scaled(x, gamma, beta, bn_param, scale)


@mistake(
    "bn-test-eps-missing",
    "batchnorm_forward",
    "eps is left out at test time. The formula is the same in both modes, and a running variance may be "
    "small or still zero. See 'Running statistics, and test time' in the handout.",
)
def bn_test_eps_missing(x, gamma, beta, bn_param):
    return _tested(x, gamma, beta, bn_param, lambda var, eps: 1 / np.sqrt(var))


@mistake(
    "bn-test-eps-hard-coded",
    "batchnorm_forward",
    "At test time eps is 1e-5 whatever bn_param says. The network was trained with another one, and its "
    "outputs shift between training and test. See 'Running statistics, and test time' in the handout.",
)
def bn_test_eps_hard_coded(x, gamma, beta, bn_param):
    return _tested(x, gamma, beta, bn_param, lambda var, eps: 1 / np.sqrt(var + 1e-5))


@mistake(
    "bn-test-eps-outside-the-root",
    "batchnorm_forward",
    "At test time eps is added to the standard deviation, outside the root. The formula is the same in both "
    "modes. See 'Running statistics, and test time' in the handout.",
)
def bn_test_eps_outside_the_root(x, gamma, beta, bn_param):
    return _tested(x, gamma, beta, bn_param, lambda var, eps: 1 / (np.sqrt(var) + eps))


@mistake(
    "bn-test-root-missing",
    "batchnorm_forward",
    "At test time the deviations are divided by the running variance, not by its root. What is kept between "
    "the batches is a variance. See 'Running statistics, and test time' in the handout.",
)
def bn_test_root_missing(x, gamma, beta, bn_param):
    return _tested(x, gamma, beta, bn_param, lambda var, eps: 1 / (var + eps))


@mistake(
    "bn-test-without-gamma-and-beta",
    "batchnorm_forward",
    "At test time the learned scale and shift are left out. They are part of the network, and the layers "
    "behind have been trained on outputs that have them. See 'Running statistics, and test time' in the "
    "handout.",
)
def bn_test_without_gamma_and_beta(x, gamma, beta, bn_param):
    if bn_param["mode"] == "train":
        return batchnorm_forward(x, gamma, beta, bn_param)
    return batchnorm_forward(x, np.ones_like(gamma), np.zeros_like(beta), bn_param)


@mistake(
    "bn-test-batch-statistics",
    "batchnorm_forward",
    "Test time uses the mean and variance of the batch. Then the output for one example depends on what else "
    "is in the batch, and a single example gives beta whatever it is. See 'Running statistics, and test "
    "time' in the handout.",
)
def bn_test_batch_statistics(x, gamma, beta, bn_param):
    if bn_param["mode"] == "train":
        return batchnorm_forward(x, gamma, beta, bn_param)
    return batchnorm_forward(x, gamma, beta, {**bn_param, "mode": "train"})


@mistake(
    "bn-mode-ignored",
    "batchnorm_forward",
    "Both modes do the same: test time normalises with the batch's own statistics and updates the running "
    "ones. Test time must only read what training has stored. See 'Running statistics, and test time' in the "
    "handout.",
)
def bn_mode_ignored(x, gamma, beta, bn_param):
    mode, bn_param["mode"] = bn_param["mode"], "train"
    out = batchnorm_forward(x, gamma, beta, bn_param)
    bn_param["mode"] = mode
    return out


# --- batchnorm_forward, running statistics ------------------------------------------------------------------


@mistake(
    "bn-running-updated-at-test-time",
    "batchnorm_forward",
    "The running statistics change at test time too. A network would go on learning from the examples that "
    "it is tested on, and the order of the tests would matter. See 'Running statistics, and test time' in "
    "the handout.",
)
def bn_running_updated_at_test_time(x, gamma, beta, bn_param):
    options = _options(x, bn_param)
    result = batchnorm_forward(x, gamma, beta, bn_param)
    _remember(bn_param, options, x.mean(axis=0), x.var(axis=0))
    return result


@mistake(
    "bn-running-never-stored",
    "batchnorm_forward",
    "The new running statistics are computed but not written to bn_param. A name inside a function is gone "
    "when it returns, and at test time there is nothing to read. See 'Running statistics, and test time' in "
    "the handout.",
)
def bn_running_never_stored(x, gamma, beta, bn_param):
    return batchnorm_forward(x, gamma, beta, dict(bn_param))


@mistake(
    "bn-running-overwritten",
    "batchnorm_forward",
    "The running statistics are simply those of the last batch. They should average over many batches, so "
    "that the last one, which may be an odd one, has a small say. See 'Running statistics, and test time' in "
    "the handout.",
)
def bn_running_overwritten(x, gamma, beta, bn_param):
    result = batchnorm_forward(x, gamma, beta, bn_param)
    if bn_param["mode"] == "train":
        bn_param["running_mean"], bn_param["running_var"] = x.mean(axis=0), x.var(axis=0)
    return result


@mistake(
    "bn-running-momentum-swapped",
    "batchnorm_forward",
    "Old and new have changed places in the average: momentum multiplies the batch. It is the weight of the "
    "old value here; another library has it the other way round, with 0.1 for 0.9. See the table in 'Running "
    "statistics, and test time' in the handout.",
)
def bn_running_momentum_swapped(x, gamma, beta, bn_param):
    options = _options(x, bn_param)
    result = batchnorm_forward(x, gamma, beta, bn_param)
    if options.train:
        _remember(bn_param, options._replace(momentum=1 - options.momentum), x.mean(axis=0), x.var(axis=0))
    return result


@mistake(
    "bn-running-momentum-hard-coded",
    "batchnorm_forward",
    "The momentum is 0.9 whatever bn_param says. That number is only the default. See 'Running statistics, "
    "and test time' in the handout.",
)
def bn_running_momentum_hard_coded(x, gamma, beta, bn_param):
    options = _options(x, bn_param)
    result = batchnorm_forward(x, gamma, beta, bn_param)
    if options.train:
        _remember(bn_param, options._replace(momentum=0.9), x.mean(axis=0), x.var(axis=0))
    return result


@mistake(
    "bn-running-momentum-of-another-library",
    "batchnorm_forward",
    "Where momentum is not given, 0.1 is used. The notes recommend about 0.1 beside a formula in which it "
    "multiplies the old value; the number belongs to a library where it multiplies the new one. As it stands "
    "nearly everything is forgotten at every step. See 'Running statistics, and test time' in the handout.",
)
def bn_running_momentum_of_another_library(x, gamma, beta, bn_param):
    given = "momentum" in bn_param
    bn_param.setdefault("momentum", 0.1)
    result = batchnorm_forward(x, gamma, beta, bn_param)
    if not given:
        del bn_param["momentum"]
    return result


@mistake(
    "bn-running-std-for-variance",
    "batchnorm_forward",
    "The running variance averages standard deviations. The name says what is stored, and test time takes "
    "its root once more. See 'Running statistics, and test time' in the handout.",
)
def bn_running_std_for_variance(x, gamma, beta, bn_param):
    options = _options(x, bn_param)
    result = batchnorm_forward(x, gamma, beta, bn_param)
    if options.train:
        _remember(bn_param, options, x.mean(axis=0), x.std(axis=0))
    return result


@mistake(
    "bn-running-unbiased-variance",
    "batchnorm_forward",
    "The running variance averages the unbiased variances of the batches, with N - 1 below the line. The "
    "paper and one large library do so; our convention is the biased one in both places. See the table in "
    "'Running statistics, and test time' in the handout.",
)
def bn_running_unbiased_variance(x, gamma, beta, bn_param):
    options = _options(x, bn_param)
    result = batchnorm_forward(x, gamma, beta, bn_param)
    if options.train:
        _remember(bn_param, options, x.mean(axis=0), x.var(axis=0, ddof=1))
    return result


@mistake(
    "bn-running-eps-in-the-variance",
    "batchnorm_forward",
    "The running variance has eps in it. eps is added when the variance is used, at test time once more, so "
    "here it would count twice. See 'Running statistics, and test time' in the handout.",
)
def bn_running_eps_in_the_variance(x, gamma, beta, bn_param):
    options = _options(x, bn_param)
    result = batchnorm_forward(x, gamma, beta, bn_param)
    if options.train:
        _remember(bn_param, options, x.mean(axis=0), x.var(axis=0) + options.eps)
    return result


@mistake(
    "bn-running-variance-forgotten",
    "batchnorm_forward",
    "Only the running mean is updated; the running variance stays what it was. Test time needs both. See "
    "'Running statistics, and test time' in the handout.",
)
def bn_running_variance_forgotten(x, gamma, beta, bn_param):
    before = _options(x, bn_param).running_var
    result = batchnorm_forward(x, gamma, beta, bn_param)
    if bn_param["mode"] == "train":
        bn_param["running_var"] = before
    return result


@mistake(
    "bn-running-variance-starts-at-one",
    "batchnorm_forward",
    "A running variance that is missing is taken for 1. Several libraries start there; here both running "
    "statistics start at zero. See the table in 'Running statistics, and test time' in the handout.",
)
def bn_running_variance_starts_at_one(x, gamma, beta, bn_param):
    given = {"running_var": np.ones(x.shape[1]), **bn_param}
    result = batchnorm_forward(x, gamma, beta, given)
    if bn_param["mode"] == "train":
        bn_param.update(given)
    return result


# --- batchnorm_backward_steps -----------------------------------------------------------------------------


def _steps(dout, cache, **wrong):
    """Return the seven gradients with the rules in `wrong` in place of the right ones."""
    a, b, gamma = cache
    rules = {
        "dxhat": lambda d: dout * gamma,
        "da": lambda d: d["dxhat"] * b,
        "db": lambda d: np.sum(d["dxhat"] * a, axis=0),
        "dc": lambda d: -d["db"] * b**2,
        "de": lambda d: 0.5 * d["dc"] * b,
        "dvar": lambda d: d["de"],
        "dmu": lambda d: -np.sum(d["da"], axis=0),
    }
    found = {}
    for name, rule in {**rules, **wrong}.items():
        found[name] = rule(found)
    return found


@mistake(
    "bn-steps-dxhat-without-gamma",
    "batchnorm_backward_steps",
    "dxhat is dout as it came: gamma is left out, and everything that is made from dxhat lacks it too. Each "
    "feature was multiplied by its gamma on the way forth, and is on the way back. See 'Backward, edge by "
    "edge', step 1, in the handout.",
)
def bn_steps_dxhat_without_gamma(dout, cache):
    return _steps(dout, cache, dxhat=lambda d: dout)


@mistake(
    "bn-steps-da-without-b",
    "batchnorm_backward_steps",
    "da lacks the other factor of the product. In xhat = a b the local derivative by one factor is the "
    "other, and here it counts as 1. See 'Backward, edge by edge', step 2, in the handout.",
)
def bn_steps_da_without_b(dout, cache):
    return _steps(dout, cache, da=lambda d: d["dxhat"])


@mistake(
    "bn-steps-da-with-the-variance-path",
    "batchnorm_backward_steps",
    "da holds the path through the variance as well. Asked for is the direct edge from a to xhat; the other "
    "path is added later, where everything that acts on x is collected. See 'Backward, edge by edge', steps "
    "2 and 7, in the handout.",
)
def bn_steps_da_with_the_variance_path(dout, cache):
    right = _steps(dout, cache)
    return {**right, "da": right["da"] + 2 * cache[0] * right["dvar"] / len(dout)}


@mistake(
    "bn-steps-dx-for-da",
    "batchnorm_backward_steps",
    "What stands under da is the whole gradient by x, with all three paths. Each entry of this dictionary "
    "belongs to one edge of the graph, so that a wrong one can be found. See 'Backward, edge by edge', steps "
    "2 and 7, in the handout.",
)
def bn_steps_dx_for_da(dout, cache):
    right = _steps(dout, cache)
    dx = right["da"] + (2 * cache[0] * right["dvar"] + right["dmu"]) / len(dout)
    return {**right, "da": dx}


@mistake(
    "bn-steps-db-not-summed",
    "batchnorm_backward_steps",
    "db has one row for every example, and so has what is made from it. b is one number for each feature, "
    "shared by the batch, and gradients of all its uses add up. The notes keep single examples for longer "
    "and sum at the variance; we sum at once. See 'Backward, edge by edge' in the handout.",
)
def bn_steps_db_not_summed(dout, cache):
    return _steps(dout, cache, db=lambda d: d["dxhat"] * cache[0])


@mistake(
    "bn-steps-db-averaged",
    "batchnorm_backward_steps",
    "db is averaged over the batch, and what is made from it is too small by the same factor. The law of "
    "total derivatives adds; a 1/N would have to come out of a local derivative. See 'Backward, edge by "
    "edge', step 2, in the handout.",
)
def bn_steps_db_averaged(dout, cache):
    return _steps(dout, cache, db=lambda d: np.mean(d["dxhat"] * cache[0], axis=0))


@mistake(
    "bn-steps-db-from-xhat",
    "batchnorm_backward_steps",
    "db is made with xhat. In xhat = a b the local derivative by one factor is the other factor, which is "
    "the deviation before it was scaled. See 'Backward, edge by edge', step 2, in the handout.",
)
def bn_steps_db_from_xhat(dout, cache):
    return _steps(dout, cache, db=lambda d: np.sum(d["dxhat"] * cache[0] * cache[1], axis=0))


@mistake(
    "bn-steps-dc-sign",
    "batchnorm_backward_steps",
    "dc has the wrong sign, and de and dvar with it. The larger c is, the smaller one over c: the derivative "
    "of an inverse is negative. See 'Backward, edge by edge', step 3, in the handout.",
)
def bn_steps_dc_sign(dout, cache):
    return _steps(dout, cache, dc=lambda d: d["db"] * cache[1] ** 2)


@mistake(
    "bn-steps-dc-power",
    "batchnorm_backward_steps",
    "dc has a wrong power: the derivative of one over c falls with the square of c, here it falls with c "
    "itself. See 'Backward, edge by edge', step 3, in the handout.",
)
def bn_steps_dc_power(dout, cache):
    return _steps(dout, cache, dc=lambda d: -d["db"] * cache[1])


@mistake(
    "bn-steps-dc-multiplied-for-divided",
    "batchnorm_backward_steps",
    "dc is divided by the square of b where it should be divided by the square of c. The two are inverse to "
    "one another, so the power has the wrong sign. See 'Backward, edge by edge', step 3, in the handout.",
)
def bn_steps_dc_multiplied_for_divided(dout, cache):
    return _steps(dout, cache, dc=lambda d: -d["db"] / cache[1] ** 2)


@mistake(
    "bn-steps-de-without-the-half",
    "batchnorm_backward_steps",
    "de is twice too large, and dvar with it. The derivative of a root has a factor 1/2. See 'Backward, edge "
    "by edge', step 4, in the handout.",
)
def bn_steps_de_without_the_half(dout, cache):
    return _steps(dout, cache, de=lambda d: d["dc"] * cache[1])


@mistake(
    "bn-steps-de-root-above-the-line",
    "batchnorm_backward_steps",
    "de is multiplied by the root where it should be divided by it. A root gets flatter as its argument "
    "grows, so its derivative gets smaller. See 'Backward, edge by edge', step 4, in the handout.",
)
def bn_steps_de_root_above_the_line(dout, cache):
    return _steps(dout, cache, de=lambda d: 0.5 * d["dc"] / cache[1])


@mistake(
    "bn-steps-dvar-averaged",
    "batchnorm_backward_steps",
    "dvar is divided by N. The variance is a mean over the batch, but that 1/N belongs to the edges from the "
    "examples to the variance, one step further on; from the variance to e nothing is divided. See "
    "'Backward, edge by edge', steps 5 and 7, in the handout.",
)
def bn_steps_dvar_averaged(dout, cache):
    return _steps(dout, cache, dvar=lambda d: d["de"] / len(dout))


@mistake(
    "bn-steps-dmu-sign",
    "batchnorm_backward_steps",
    "dmu has the wrong sign. Every deviation has the mean with a minus, and that minus is its local "
    "derivative; a slide of the notes leaves it out. See 'Backward, edge by edge', step 6, in the handout.",
)
def bn_steps_dmu_sign(dout, cache):
    return _steps(dout, cache, dmu=lambda d: np.sum(d["da"], axis=0))


@mistake(
    "bn-steps-dmu-averaged",
    "batchnorm_backward_steps",
    "dmu is averaged over the batch. All examples use the one mean, and the gradients of its uses add up; "
    "the 1/N comes one step later, on the edges from the examples to their mean. See 'Backward, edge by "
    "edge', steps 6 and 7, in the handout.",
)
def bn_steps_dmu_averaged(dout, cache):
    return _steps(dout, cache, dmu=lambda d: -np.mean(d["da"], axis=0))


@mistake(
    "bn-steps-dmu-not-summed",
    "batchnorm_backward_steps",
    "dmu has one row for every example. The mean is one number for each feature, and the gradients of all "
    "its uses add up. See 'Backward, edge by edge', step 6, in the handout.",
)
def bn_steps_dmu_not_summed(dout, cache):
    return _steps(dout, cache, dmu=lambda d: -d["da"])


# --- batchnorm_backward and batchnorm_backward_alt ----------------------------------------------------------


class _Paths(NamedTuple):
    """The three paths of dx, which is their sum, and the other two gradients: all of them right."""

    direct: np.ndarray
    variance: np.ndarray
    mean: np.ndarray
    dgamma: np.ndarray
    dbeta: np.ndarray


def _paths(dout, cache):
    a, b, gamma = cache
    dxhat, xhat = dout * gamma, a * b
    return _Paths(
        dxhat * b,
        -xhat * np.mean(dxhat * xhat, axis=0) * b,
        -np.mean(dxhat, axis=0) * b,
        np.sum(dout * xhat, axis=0),
        np.sum(dout, axis=0),
    )


def _with_inverse(dout, cache, b):
    """Return the gradients as if b were the inverse of the standard deviation."""
    direct, variance, mean, dgamma, dbeta = _paths(dout, (cache[0], b, cache[2]))
    return direct + variance + mean, dgamma, dbeta


def _variance(cache):
    """Return the batch's variance, and the eps that is hidden in the cache."""
    a, b, _ = cache
    var = np.mean(a * a, axis=0)
    return var, np.maximum(1 / b**2 - var, 0)


@mistake(
    "bn-backward-drops-mean-path",
    "batchnorm_backward",
    "The path through the mean is missing from dx. Every example has a share in the mean, and the mean acts "
    "on every output; adding a number to a whole column must change nothing, so each column of dx sums to "
    "zero. See 'Backward, edge by edge', steps 6 and 7, in the handout.",
)
@mistake(
    "bn-alt-drops-mean-path",
    "batchnorm_backward_alt",
    "The path through the mean is missing: the bracket has two terms instead of three. Adding a number to a "
    "whole column must change nothing, so each column of dx sums to zero, and here it does not. See "
    "'Backward in one expression' in the handout.",
)
def bn_drops_mean_path(dout, cache):
    direct, variance, _, dgamma, dbeta = _paths(dout, cache)
    return direct + variance, dgamma, dbeta


@mistake(
    "bn-backward-drops-variance-path",
    "batchnorm_backward",
    "The path through the variance is missing from dx. Moving an example away from the mean also makes the "
    "variance larger and so shrinks all outputs of that feature. See 'Backward, edge by edge', steps 3 to 5 "
    "and 7, in the handout.",
)
@mistake(
    "bn-alt-drops-variance-path",
    "batchnorm_backward_alt",
    "The path through the variance is missing: the bracket has two terms instead of three. Scaling a whole "
    "column hardly changes the output, so dx must have next to no part along xhat, and here it has. See "
    "'Backward in one expression' in the handout.",
)
def bn_drops_variance_path(dout, cache):
    direct, _, mean, dgamma, dbeta = _paths(dout, cache)
    return direct + mean, dgamma, dbeta


@mistake(
    "bn-backward-constant-statistics",
    "batchnorm_backward",
    "Mean and variance are treated as constants, so only the direct path is left of dx. They are made from "
    "x, and change with it. Training with such a gradient makes a bias before the normalisation grow without "
    "end. See the traps in 'Backward, edge by edge' in the handout.",
)
@mistake(
    "bn-alt-constant-statistics",
    "batchnorm_backward_alt",
    "Mean and variance are treated as constants: of the three terms in the bracket only the first is left. "
    "That would be right at test time, where the statistics are given from outside. See 'Backward in one "
    "expression' in the handout.",
)
def bn_constant_statistics(dout, cache):
    direct, _, _, dgamma, dbeta = _paths(dout, cache)
    return direct, dgamma, dbeta


@mistake(
    "bn-backward-mean-path-sign",
    "batchnorm_backward",
    "The path through the mean has the wrong sign. The mean enters every deviation with a minus; a slide of "
    "the notes leaves that out. With it the columns of dx sum to zero, without it they do not. See "
    "'Backward, edge by edge', step 6, in the handout.",
)
@mistake(
    "bn-alt-mean-path-sign",
    "batchnorm_backward_alt",
    "The term of the mean has the wrong sign in the bracket. The mean enters every deviation with a minus, "
    "and with it the columns of dx sum to zero. See 'Backward in one expression' in the handout.",
)
def bn_mean_path_sign(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return direct + variance - mean, dgamma, dbeta


@mistake(
    "bn-backward-variance-path-sign",
    "batchnorm_backward",
    "The path through the variance has the wrong sign. A larger variance makes outputs smaller, so the "
    "inverse root brings in a minus, which is easily lost between two steps. See 'Backward, edge by edge', "
    "step 3, in the handout.",
)
@mistake(
    "bn-alt-variance-path-sign",
    "batchnorm_backward_alt",
    "The term with xhat has the wrong sign in the bracket. A larger variance makes outputs smaller, and that "
    "minus comes from the inverse root. See 'Backward in one expression' in the handout.",
)
def bn_variance_path_sign(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return direct - variance + mean, dgamma, dbeta


@mistake(
    "bn-backward-variance-path-doubled",
    "batchnorm_backward",
    "The path through the variance counts twice. The root brings in a factor 1/2 and the square a factor 2; "
    "here one of the two has been forgotten. See 'Backward, edge by edge', steps 4 and 7, in the handout.",
)
@mistake(
    "bn-alt-variance-path-doubled",
    "batchnorm_backward_alt",
    "The term with xhat counts twice. The factor 2 of the square and the 1/2 of the root should have "
    "cancelled while you simplified. See 'Backward in one expression' in the handout.",
)
def bn_variance_path_doubled(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return direct + 2 * variance + mean, dgamma, dbeta


@mistake(
    "bn-backward-variance-path-halved",
    "batchnorm_backward",
    "The path through the variance counts half. The root brings in a factor 1/2, which the derivative of the "
    "square makes good again, and that one is missing. See 'Backward, edge by edge', step 7, in the handout.",
)
def bn_backward_variance_path_halved(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return direct + variance / 2 + mean, dgamma, dbeta


@mistake(
    "bn-backward-sums-for-means",
    "batchnorm_backward",
    "The paths through mean and variance lack their 1/N. Both are means over the batch, so one example has "
    "only the N-th part of a say in either. See 'Backward, edge by edge', step 7, in the handout.",
)
@mistake(
    "bn-alt-sums-for-means",
    "batchnorm_backward_alt",
    "The two terms that run over the batch are sums where they should be means. Mean and variance both have "
    "a 1/N, and it comes along. See 'Backward in one expression' in the handout.",
)
def bn_sums_for_means(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return direct + len(dout) * (variance + mean), dgamma, dbeta


@mistake(
    "bn-backward-mean-path-not-divided",
    "batchnorm_backward",
    "The path through the mean lacks its 1/N. The mean takes the N-th part of every example, and that is the "
    "local derivative of the last edge. See 'Backward, edge by edge', step 7, in the handout.",
)
def bn_backward_mean_path_not_divided(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return direct + variance + len(dout) * mean, dgamma, dbeta


@mistake(
    "bn-backward-variance-path-not-divided",
    "batchnorm_backward",
    "The path through the variance lacks its 1/N. The variance is a mean of squares, and one example has "
    "only the N-th part of a say in it. See 'Backward, edge by edge', step 7, in the handout.",
)
def bn_backward_variance_path_not_divided(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return direct + len(dout) * variance + mean, dgamma, dbeta


@mistake(
    "bn-backward-divided-by-features",
    "batchnorm_backward",
    "The means are divided by the number of features instead of the number of examples: the two axes of x "
    "are confused. Statistics are taken over the batch. See 'Backward, edge by edge', step 7, in the "
    "handout.",
)
@mistake(
    "bn-alt-divided-by-features",
    "batchnorm_backward_alt",
    "The sums are divided by the number of features instead of the number of examples: the two axes of x are "
    "confused. With N equal to D nobody notices. See 'Backward in one expression' in the handout.",
)
def bn_divided_by_features(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    n, width = dout.shape
    return direct + (variance + mean) * n / width, dgamma, dbeta


@mistake(
    "bn-backward-unbiased-variance",
    "batchnorm_backward",
    "The path through the variance is divided by N - 1. The variance that the forward used is the biased "
    "one, and its derivative has the same N; with a batch of one this divides zero by zero. See 'Backward, "
    "edge by edge', step 7, in the handout.",
)
def bn_backward_unbiased_variance(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    n = np.float64(len(dout))
    return direct + variance * (n / (n - 1)) + mean, dgamma, dbeta


@mistake(
    "bn-backward-gamma-missing",
    "batchnorm_backward",
    "gamma is missing from dx. On the way forth each feature was multiplied by its gamma after the "
    "normalisation; on the way back that is the first thing that happens to dout. See 'Backward, edge by "
    "edge', step 1, in the handout.",
)
@mistake(
    "bn-alt-gamma-missing",
    "batchnorm_backward_alt",
    "gamma is missing from dx. The closed form begins with the gradient by xhat, not with dout. With gamma = "
    "1, where training starts, nobody notices. See 'Backward in one expression' in the handout.",
)
def bn_gamma_missing(dout, cache):
    a, b, gamma = cache
    direct, variance, mean, dgamma, dbeta = _paths(dout, (a, b, np.ones_like(gamma)))
    return direct + variance + mean, dgamma, dbeta


@mistake(
    "bn-alt-gamma-twice",
    "batchnorm_backward_alt",
    "gamma counts twice: it is in the gradient by xhat already, and stands once more before the bracket. See "
    "'Backward in one expression' in the handout.",
)
def bn_alt_gamma_twice(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return cache[2] * (direct + variance + mean), dgamma, dbeta


@mistake(
    "bn-alt-gamma-in-the-first-term-only",
    "batchnorm_backward_alt",
    "gamma is in the first term of the bracket only. All three paths start from the gradient by xhat, so all "
    "three terms have it. See 'Backward in one expression' in the handout.",
)
def bn_alt_gamma_in_the_first_term_only(dout, cache):
    direct, _, _, dgamma, dbeta = _paths(dout, cache)
    _, variance, mean, _, _ = _paths(dout, (cache[0], cache[1], 1))
    return direct + variance + mean, dgamma, dbeta


@mistake(
    "bn-backward-power-of-sigma",
    "batchnorm_backward",
    "The path through the variance has a wrong power of the standard deviation: the inverse brings in a "
    "square of it and the root one more, three in all. Test with a feature whose spread is far from 1. See "
    "'Backward, edge by edge', steps 3 and 4, in the handout.",
)
def bn_backward_power_of_sigma(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return direct + variance / cache[1] + mean, dgamma, dbeta


@mistake(
    "bn-alt-power-of-sigma",
    "batchnorm_backward_alt",
    "The factor before the bracket has a wrong power: it is one over the variance, not over the standard "
    "deviation. Measured in other units x changes by a factor and dx by one over that factor, once. See "
    "'Backward in one expression' in the handout.",
)
def bn_alt_power_of_sigma(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return cache[1] * (direct + variance + mean), dgamma, dbeta


@mistake(
    "bn-backward-sigma-missing",
    "batchnorm_backward",
    "dx lacks the division by the standard deviation. The deviations were divided by it on the way forth, "
    "and the gradient is on the way back. See 'Backward, edge by edge', step 2, in the handout.",
)
@mistake(
    "bn-alt-sigma-missing",
    "batchnorm_backward_alt",
    "The factor before the bracket is missing. Everything in the bracket belongs to xhat; the step from xhat "
    "to x divides by the standard deviation once more. See 'Backward in one expression' in the handout.",
)
def bn_sigma_missing(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return (direct + variance + mean) / cache[1], dgamma, dbeta


@mistake(
    "bn-alt-deviations-for-xhat",
    "batchnorm_backward_alt",
    "The third term is written with the deviations, where the bracket has xhat throughout. The factor "
    "between the two is the standard deviation, and it is missing twice. See 'Backward in one expression' in "
    "the handout.",
)
def bn_alt_deviations_for_xhat(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return direct + variance / cache[1] ** 2 + mean, dgamma, dbeta


@mistake(
    "bn-alt-xhat-factor-missing",
    "batchnorm_backward_alt",
    "The third term is the same for all examples: the factor xhat before its mean is missing. How much an "
    "example changes the variance depends on how far from the mean it lies. See 'Backward in one expression' "
    "in the handout.",
)
def bn_alt_xhat_factor_missing(dout, cache):
    a, b, gamma = cache
    direct, _, mean, dgamma, dbeta = _paths(dout, cache)
    return direct - b * np.mean(dout * gamma * a * b, axis=0) + mean, dgamma, dbeta


@mistake(
    "bn-alt-means-over-features",
    "batchnorm_backward_alt",
    "The means in the bracket run over the features of one example. That belongs to layer normalisation; "
    "here statistics were taken over the batch, and so are these means. See 'Backward in one expression' in "
    "the handout.",
)
def bn_alt_means_over_features(dout, cache):
    a, b, gamma = cache
    dxhat, xhat = dout * gamma, a * b
    bracket = dxhat - np.mean(dxhat, 1, keepdims=True) - xhat * np.mean(dxhat * xhat, 1, keepdims=True)
    return b * bracket, np.sum(dout * xhat, axis=0), np.sum(dout, axis=0)


@mistake(
    "bn-backward-eps-missing",
    "batchnorm_backward",
    "The backward computes the variance anew and leaves out eps. The forward divided by a root that has eps "
    "in it, and the backward belongs to that forward; for a constant column this divides by zero. See "
    "'Backward, edge by edge', step 5, in the handout.",
)
@mistake(
    "bn-alt-eps-missing",
    "batchnorm_backward_alt",
    "The factor before the bracket and xhat are made without eps. The forward divided by a root that has eps "
    "in it: keep what it used in the cache. See 'Backward in one expression' in the handout.",
)
def bn_eps_missing(dout, cache):
    var, _ = _variance(cache)
    return _with_inverse(dout, cache, 1 / np.sqrt(var))


@mistake(
    "bn-backward-eps-hard-coded",
    "batchnorm_backward",
    "The backward adds 1e-5 to the variance whatever eps was. The forward may have been called with another "
    "one; keep what it used in the cache. See 'Backward, edge by edge', step 5, in the handout.",
)
@mistake(
    "bn-alt-eps-hard-coded",
    "batchnorm_backward_alt",
    "The backward adds 1e-5 to the variance whatever eps was. The number is only the default; keep what the "
    "forward used in the cache. See 'Backward in one expression' in the handout.",
)
def bn_eps_hard_coded(dout, cache):
    var, _ = _variance(cache)
    return _with_inverse(dout, cache, 1 / np.sqrt(var + 1e-5))


@mistake(
    "bn-backward-eps-outside-the-root",
    "batchnorm_backward",
    "The backward adds eps to the standard deviation, outside the root, while the forward has it inside. A "
    "backward is the derivative of what the forward did, to the last detail. See the traps in 'Forward, "
    "while training' in the handout.",
)
@mistake(
    "bn-alt-eps-outside-the-root",
    "batchnorm_backward_alt",
    "eps is added to the standard deviation, outside the root, while the forward has it inside. With a tiny "
    "eps the two look alike, but not for a feature that hardly varies. See the traps in 'Forward, while "
    "training' in the handout.",
)
def bn_eps_outside_the_root(dout, cache):
    var, eps = _variance(cache)
    return _with_inverse(dout, cache, 1 / (np.sqrt(var) + eps))


@mistake(
    "bn-backward-dgamma-from-deviations",
    "batchnorm_backward",
    "dgamma is made with the deviations of x, before they were scaled. gamma multiplies xhat, and the local "
    "derivative by one factor is the other. See 'Backward, edge by edge', step 1, in the handout.",
)
@mistake(
    "bn-alt-dgamma-from-deviations",
    "batchnorm_backward_alt",
    "dgamma is made with the deviations of x, before they were scaled. What gamma multiplies is xhat. See "
    "'Backward, edge by edge', step 1, in the handout.",
)
def bn_dgamma_from_deviations(dout, cache):
    direct, variance, mean, _, dbeta = _paths(dout, cache)
    return direct + variance + mean, np.sum(dout * cache[0], axis=0), dbeta


@mistake(
    "bn-backward-dgamma-from-dxhat",
    "batchnorm_backward",
    "dgamma is made from the gradient by xhat, which has gamma in it already. On the way back dgamma "
    "branches off first, from dout itself. See 'Backward, edge by edge', step 1, in the handout.",
)
@mistake(
    "bn-alt-dgamma-from-dxhat",
    "batchnorm_backward_alt",
    "dgamma has gamma in it: it was made from the gradient by xhat, where dout itself is needed. The closed "
    "form concerns dx only. See 'Backward, edge by edge', step 1, in the handout.",
)
def bn_dgamma_from_dxhat(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return direct + variance + mean, cache[2] * dgamma, dbeta


@mistake(
    "bn-backward-dgamma-and-dbeta-not-summed",
    "batchnorm_backward",
    "dgamma and dbeta have one row for every example. gamma and beta are shared by the batch, and where a "
    "value is used more than once the gradients of all its uses add up. See 'Backward, edge by edge', step "
    "1, in the handout.",
)
@mistake(
    "bn-alt-dgamma-and-dbeta-not-summed",
    "batchnorm_backward_alt",
    "dgamma and dbeta have one row for every example. A gradient has the shape of the thing that it belongs "
    "to: one number for each feature. See 'Backward, edge by edge', step 1, in the handout.",
)
def bn_dgamma_and_dbeta_not_summed(dout, cache):
    a, b, _ = cache
    direct, variance, mean, _, _ = _paths(dout, cache)
    return direct + variance + mean, dout * a * b, dout


@mistake(
    "bn-backward-dgamma-and-dbeta-averaged",
    "batchnorm_backward",
    "dgamma and dbeta are averaged over the batch. The law of total derivatives adds; where a loss is a "
    "mean, its 1/N has come in with dout. See 'One gate' in the handout.",
)
@mistake(
    "bn-alt-dgamma-and-dbeta-averaged",
    "batchnorm_backward_alt",
    "dgamma and dbeta are means, like those in the bracket of dx. The means there come from the batch's "
    "statistics; gamma and beta are merely shared, and their gradients add up. See 'One gate' in the "
    "handout.",
)
def bn_dgamma_and_dbeta_averaged(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return direct + variance + mean, dgamma / len(dout), dbeta / len(dout)


@mistake(
    "bn-backward-summed-over-features",
    "batchnorm_backward",
    "dgamma and dbeta are summed along the features, so there is one number for every example. gamma and "
    "beta have one for every feature: the sum runs over the batch. See 'Backward, edge by edge', step 1, in "
    "the handout.",
)
def bn_backward_summed_over_features(dout, cache):
    a, b, _ = cache
    direct, variance, mean, _, _ = _paths(dout, cache)
    return direct + variance + mean, np.sum(dout * a * b, axis=1), np.sum(dout, axis=1)


@mistake(
    "bn-backward-returns-in-another-order",
    "batchnorm_backward",
    "dgamma and dbeta come back in each other's place. Gradients are returned in the order of the forward's "
    "arguments, and since both have the same shape no error tells you. The docstring says the order.",
)
def bn_backward_returns_in_another_order(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return direct + variance + mean, dbeta, dgamma


@mistake(
    "bn-backward-scales-dout-in-place",
    "batchnorm_backward",
    "dout was multiplied by gamma in place before dgamma and dbeta were made from it, so both have gamma in "
    "them. dout also belongs to the caller, who finds it changed. See 'Backward, edge by edge', step 1, in "
    "the handout.",
)
def bn_backward_scales_dout_in_place(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    dout *= cache[2]
    return direct + variance + mean, cache[2] * dgamma, cache[2] * dbeta
