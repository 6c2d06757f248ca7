"""Wrong backward passes of the simple layers, and of affine with relu."""

import numpy as np
from layers import affine_backward, relu_backward

from grader.catalogue import Mistakes

MISTAKES = Mistakes()
mistake = MISTAKES.add


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
    "affine-dw-reshaped-for-transposed",
    "affine_backward",
    "dw is made from x reshaped to (D, N), which is not its transpose: a reshape keeps the numbers in their "
    "order and only cuts the rows anew, so examples and inputs are mixed up. See 'The affine layer' in the "
    "handout.",
)
def affine_dw_reshaped_for_transposed(dout, cache):
    dx, _, db = affine_backward(dout, cache)
    x = cache[0].reshape(len(cache[0]), -1)
    return dx, x.reshape(x.shape[::-1]) @ dout, db


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
    "relu-two-axes-only",
    "relu_backward",
    "The code goes through rows and columns, so it works for two axes and stops at a batch of images, which has "
    "four. What is done entry by entry needs no axes at all: NumPy compares and multiplies arrays of any shape. "
    "See 'Activations' in the handout.",
)
def relu_two_axes_only(dout, cache):
    rows, columns = cache.shape
    dx = np.zeros_like(dout)
    for row in range(rows):
        for column in range(columns):
            if cache[row, column] > 0:
                dx[row, column] = dout[row, column]
    return dx


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
    "sigmoid-parentheses-missing",
    "sigmoid_backward",
    "Parentheses are missing: a product binds closer than a difference, so 1 - out is taken apart and out "
    "itself is taken off in the end. See 'Activations' in the handout.",
)
def sigmoid_parentheses_missing(dout, cache):
    return dout * cache * 1 - cache


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
