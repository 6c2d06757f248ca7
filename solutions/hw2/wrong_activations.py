"""Wrong activations: forwards and backwards.

A wrong backward gets the cache of the reference's forward: out for sigmoid and tanh, x for relu and softplus,
x and the option for leaky relu and ELU.
"""

import numpy as np
from activations import elu_forward, sigmoid_forward, softplus_forward

from grader.catalogue import Mistakes

MISTAKES = Mistakes()
mistake = MISTAKES.add


# --- sigmoid_forward --------------------------------------------------------------------------------------


@mistake(
    "sigmoid-forward-sign-of-the-exponent",
    "sigmoid_forward",
    "The exponent has the wrong sign, so that the curve falls where it should rise. For a large positive x the "
    "exponential has to vanish and leave 1. See 'Sigmoid and tanh' in the handout.",
    follow=True,
)
def sigmoid_forward_sign_of_the_exponent(x):
    out, _ = sigmoid_forward(-x)
    return out, out


@mistake(
    "sigmoid-forward-infinity-over-infinity",
    "sigmoid_forward",
    "The formula is right, but it has exp(x) above and below the line. For x = 1000 both are infinite in "
    "float64, and infinity by infinity is not a number. Divide both by exp(x) on paper first. See 'Numbers "
    "that are too large' in the handout.",
)
def sigmoid_forward_infinity_over_infinity(x):
    out = np.exp(x) / (np.exp(x) + 1)
    return out, out


@mistake(
    "sigmoid-forward-of-twice-x",
    "sigmoid_forward",
    "This is the sigmoid of 2x: twice too steep. It comes out when tanh is moved and shrunk to the range from "
    "0 to 1 without stretching its argument as well. See 'Sigmoid and tanh' in the handout.",
    follow=True,
)
def sigmoid_forward_of_twice_x(x):
    out = (1 + np.tanh(x)) / 2
    return out, out


@mistake(
    "sigmoid-forward-clipped",
    "sigmoid_forward",
    "x is cut off at 10 before the sigmoid is taken. That keeps exp in range, but float64 can tell the sigmoid "
    "from 1 up to 36, and exp overflows beyond 700 only. There is a form that needs no cut. See 'Numbers that "
    "are too large' in the handout.",
    follow=True,
)
def sigmoid_forward_clipped(x):
    return sigmoid_forward(np.clip(x, -10, 10))


@mistake(
    "sigmoid-forward-gives-the-derivative",
    "sigmoid_forward",
    "What comes back is the derivative of the sigmoid, a hump that is a quarter high. The forward gives the "
    "function itself; the derivative is the backward's business. See 'Sigmoid and tanh' in the handout.",
)
def sigmoid_forward_gives_the_derivative(x):
    out, _ = sigmoid_forward(x)
    return out - out**2, out


# --- sigmoid_backward -------------------------------------------------------------------------------------


@mistake(
    "sigmoid-cache-taken-for-x",
    "sigmoid_backward",
    "The sigmoid is taken of its own output once more, so this is the derivative at another place. Look at what "
    "your forward put into the cache, the output or the input. See 'Sigmoid and tanh' in the handout.",
)
def sigmoid_cache_taken_for_x(dout, cache):
    s = 1 / (1 + np.exp(-cache))
    return dout * (s - s**2)


@mistake(
    "sigmoid-one-factor-only",
    "sigmoid_backward",
    "The upstream gradient is multiplied by the sigmoid itself. Its derivative is a product of two factors, "
    "and it must vanish at both ends; this one keeps growing towards the right. See 'Sigmoid and tanh' in the "
    "handout.",
)
def sigmoid_one_factor_only(dout, cache):
    return dout * cache


@mistake(
    "sigmoid-other-factor-only",
    "sigmoid_backward",
    "The first factor of the derivative is missing. A sigmoid is flat at both ends, so its derivative must "
    "vanish on the left as well; here it is 1 there. See 'Sigmoid and tanh' in the handout.",
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
    "'Sigmoid and tanh' in the handout.",
)
def sigmoid_derivative_of_tanh(dout, cache):
    return dout * (1 - cache**2)


@mistake(
    "sigmoid-sign",
    "sigmoid_backward",
    "The gradient has the wrong sign. The sigmoid rises everywhere, so its derivative is never negative: one "
    "of the two minus signs in the quotient rule got lost. See 'Sigmoid and tanh' in the handout.",
)
def sigmoid_sign(dout, cache):
    return dout * (cache**2 - cache)


# --- tanh_forward -----------------------------------------------------------------------------------------


@mistake(
    "tanh-forward-infinity-over-infinity",
    "tanh_forward",
    "The formula is right, but for x = 1000 the exponentials above and below the line are both infinite in "
    "float64, and the quotient is not a number. See 'Numbers that are too large' in the handout.",
)
def tanh_forward_infinity_over_infinity(x):
    out = (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))
    return out, out


@mistake(
    "tanh-forward-of-half-x",
    "tanh_forward",
    "This is tanh of x / 2: a sigmoid, stretched and moved to the range from -1 to 1. Its argument has to be "
    "doubled as well; at zero tanh has the slope 1, and this one a half. See 'Sigmoid and tanh' in the handout.",
    follow=True,
)
def tanh_forward_of_half_x(x):
    out = 2 * sigmoid_forward(x)[0] - 1
    return out, out


@mistake(
    "tanh-forward-sign",
    "tanh_forward",
    "The curve falls where it should rise: the two exponentials have changed places. See 'Sigmoid and tanh' in "
    "the handout.",
    follow=True,
)
def tanh_forward_sign(x):
    out = np.tanh(-x)
    return out, out


@mistake(
    "tanh-forward-is-the-sigmoid",
    "tanh_forward",
    "These are the values of the sigmoid, between 0 and 1. tanh has the same shape but goes from -1 to 1, and "
    "is zero at zero; that its outputs are centred is why it is preferred. See 'Sigmoid and tanh' in the "
    "handout.",
)
def tanh_forward_is_the_sigmoid(x):
    return sigmoid_forward(x)


# --- tanh_backward ----------------------------------------------------------------------------------------


@mistake(
    "tanh-cache-taken-for-x",
    "tanh_backward",
    "tanh is taken of its own output once more, so this is the derivative at another place. Look at what your "
    "forward put into the cache, the output or the input. See 'Sigmoid and tanh' in the handout.",
)
def tanh_cache_taken_for_x(dout, cache):
    return dout / np.cosh(cache) ** 2


@mistake(
    "tanh-square-missing",
    "tanh_backward",
    "The output is not squared. tanh is symmetric around zero and flat at both ends, so its derivative must "
    "be the same for an output and its negative; this one reaches 2 on the left. See 'Sigmoid and tanh' in the "
    "handout.",
)
def tanh_square_missing(dout, cache):
    return dout * (1 - cache)


@mistake(
    "tanh-square-of-the-difference",
    "tanh_backward",
    "The whole difference is squared instead of the output alone. On the left side this gives up to 4, but "
    "tanh is nowhere steeper than at zero, where its slope is 1. See 'Sigmoid and tanh' in the handout.",
)
def tanh_square_of_the_difference(dout, cache):
    return dout * (1 - cache) ** 2


@mistake(
    "tanh-plus-for-minus",
    "tanh_backward",
    "The square is added where it should be taken away. The derivative would then grow towards the ends, "
    "where tanh is flat. Go through the quotient rule once more. See 'Sigmoid and tanh' in the handout.",
)
def tanh_plus_for_minus(dout, cache):
    return dout * (1 + cache**2)


@mistake(
    "tanh-derivative-of-sigmoid",
    "tanh_backward",
    "This is the formula of the sigmoid. Both derivatives can be written with the output alone, which is why "
    "they are easily confused; at an input of zero tanh has the slope 1, and this gives 0. See 'Sigmoid and tanh' "
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


# --- relu_forward -----------------------------------------------------------------------------------------


@mistake(
    "relu-forward-writes-into-x",
    "relu_forward",
    "The values are right, but they were made by zeroing entries of x itself. That array belongs to the "
    "caller, for whom it changes too. See 'One gate' in the handout.",
)
def relu_forward_writes_into_x(x):
    x[x < 0] = 0
    return x, x


@mistake(
    "relu-forward-is-the-absolute-value",
    "relu_forward",
    "Negative inputs come out positive: this is the absolute value. A rectifier gives 0 for them. See "
    "'Rectifiers' in the handout.",
)
def relu_forward_is_the_absolute_value(x):
    return np.abs(x), x


@mistake(
    "relu-forward-gives-the-mask",
    "relu_forward",
    "What comes back is the mask of ones and zeros. A unit that is on passes its input on unchanged; the mask "
    "alone is its derivative. See 'Rectifiers' in the handout.",
)
def relu_forward_gives_the_mask(x):
    return (x > 0) * np.ones_like(x), x


@mistake(
    "relu-forward-keeps-the-negative-side",
    "relu_forward",
    "The negative inputs are kept and the positive ones become 0. Of x and 0 the larger one is asked for, and "
    "this is the smaller. See 'Rectifiers' in the handout.",
)
def relu_forward_keeps_the_negative_side(x):
    return np.minimum(x, 0), x


@mistake(
    "relu-forward-one-number",
    "relu_forward",
    "What comes back is one number, the largest of all entries and 0. The rectifier is elementwise: it looks "
    "at each entry by itself, and NumPy has another function for that than for the largest entry of an array. "
    "See 'Rectifiers' in the handout.",
)
def relu_forward_one_number(x):
    return np.max(x, initial=0), x


# --- relu_backward ----------------------------------------------------------------------------------------


@mistake(
    "relu-mask-from-dout",
    "relu_backward",
    "The mask is taken from dout. Whether a unit was on or off was decided in the forward pass, by the sign "
    "of its input; the sign of the upstream gradient says nothing about that. See 'Rectifiers' in the "
    "handout.",
)
def relu_mask_from_dout(dout, cache):
    return np.where(dout > 0, dout, 0)


@mistake(
    "relu-on-at-zero",
    "relu_backward",
    "A unit whose input is exactly zero counts as on. There is no derivative at the kink, so a value is "
    "agreed upon, and it is that of the negative side. Zeros are not rare: think of empty inputs and zero "
    "biases. See 'Rectifiers' in the handout.",
)
def relu_on_at_zero(dout, cache):
    return np.where(cache >= 0, dout, 0)


@mistake(
    "relu-half-at-zero",
    "relu_backward",
    "At an input of exactly zero half of the gradient is passed on. Any number between the two slopes could "
    "be defended there, but this course has agreed on the one of the negative side. See 'Rectifiers' in the "
    "handout.",
)
def relu_half_at_zero(dout, cache):
    return dout * np.heaviside(cache, 0.5)


@mistake(
    "relu-mask-inverted",
    "relu_backward",
    "The gradient passes where the unit was off and stops where it was on. A unit that gave a constant zero "
    "cannot be made responsible for the loss; one that passed its input on passes the gradient back. See "
    "'Rectifiers' in the handout.",
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
    "Above zero the output grows with the input, but its slope is the same everywhere. See 'Rectifiers' in "
    "the handout.",
)
def relu_value_for_derivative(dout, cache):
    return dout * np.maximum(cache, 0)


@mistake(
    "relu-mask-from-one-row",
    "relu_backward",
    "One row of the input decides for all examples. A single row broadcasts over the batch without "
    "complaint, but every example has its own pattern of units that are on. The notes' own loop has this "
    "slip. See 'Rectifiers' in the handout.",
)
def relu_mask_from_one_row(dout, cache):
    return np.where(cache[0] > 0, dout, 0)


@mistake(
    "relu-writes-into-dout",
    "relu_backward",
    "The values are right, but they were made by zeroing entries of dout itself. That array belongs to the "
    "caller, who may need it for another branch of the graph. See 'One gate' in the handout.",
)
def relu_writes_into_dout(dout, cache):
    dout[cache <= 0] = 0
    return dout


@mistake(
    "relu-writes-into-the-cache",
    "relu_backward",
    "The values are right, but the mask was written over the array in the cache. Where a forward keeps its input "
    "there, and not a copy, the caller's x is turned into zeros and ones. See 'One gate' in the handout.",
)
def relu_writes_into_the_cache(dout, cache):
    cache[cache > 0] = 1
    cache[cache <= 0] = 0
    return dout * cache


@mistake(
    "relu-two-axes-only",
    "relu_backward",
    "The code goes through rows and columns, so it works for two axes and stops at a batch of images, which has "
    "four. What is done entry by entry needs no axes at all: NumPy compares and multiplies arrays of any shape. "
    "See 'One gate' in the handout.",
)
def relu_two_axes_only(dout, cache):
    rows, columns = cache.shape
    dx = np.zeros_like(dout)
    for row in range(rows):
        for column in range(columns):
            if cache[row, column] > 0:
                dx[row, column] = dout[row, column]
    return dx


# --- leaky_relu_forward -----------------------------------------------------------------------------------


@mistake(
    "leaky-forward-slope-hard-coded",
    "leaky_relu_forward",
    "The slope is 0.01 whatever was asked for. That number is only the default of the argument. See "
    "'Rectifiers' in the handout.",
    follow=True,
)
def leaky_forward_slope_hard_coded(x, negative_slope=0.01):
    return np.where(x > 0, x, 0.01 * x), (x, 0.01)


@mistake(
    "leaky-forward-larger-of-the-two",
    "leaky_relu_forward",
    "Of x and slope times x the larger one is taken. That is the same as long as the slope is below 1; for a "
    "larger one it is the wrong one of the two, on both sides. The sign of x decides, nothing else. See "
    "'Rectifiers' in the handout.",
    follow=True,
)
def leaky_forward_larger_of_the_two(x, negative_slope=0.01):
    return np.maximum(x, negative_slope * x), (x, negative_slope)


@mistake(
    "leaky-forward-sides-swapped",
    "leaky_relu_forward",
    "The slope multiplies positive inputs, and negative ones pass unchanged. It is the other way round: the "
    "leak is what is left of the negative side. See 'Rectifiers' in the handout.",
    follow=True,
)
def leaky_forward_sides_swapped(x, negative_slope=0.01):
    return np.where(x > 0, negative_slope * x, x), (x, negative_slope)


@mistake(
    "leaky-forward-negative-side-turned-up",
    "leaky_relu_forward",
    "Negative inputs come out positive. The leak keeps their sign: the function goes on rising to the left of "
    "zero with a smaller slope, it is not folded up. See 'Rectifiers' in the handout.",
    follow=True,
)
def leaky_forward_negative_side_turned_up(x, negative_slope=0.01):
    return np.where(x > 0, x, negative_slope * np.abs(x)), (x, negative_slope)


@mistake(
    "leaky-forward-leak-on-both-sides",
    "leaky_relu_forward",
    "The leak is added on both sides, so that positive inputs come out a little too large. It belongs to the "
    "negative side alone. See 'Rectifiers' in the handout.",
    follow=True,
)
def leaky_forward_leak_on_both_sides(x, negative_slope=0.01):
    return np.maximum(x, 0) + negative_slope * x, (x, negative_slope)


@mistake(
    "leaky-forward-other-default",
    "leaky_relu_forward",
    "Where the slope is given the answers are right; where it is left out another default is used than the "
    "0.01 of the stub. Keep the signature as it is. See 'Rectifiers' in the handout.",
    follow=True,
)
def leaky_forward_other_default(x, negative_slope=0.1):
    return np.where(x > 0, x, negative_slope * x), (x, negative_slope)


# --- leaky_relu_backward ----------------------------------------------------------------------------------


@mistake(
    "leaky-slope-hard-coded",
    "leaky_relu_backward",
    "The slope is 0.01 whatever the forward was called with. The default is only a default; the slope that "
    "was used lies in the cache. See 'Rectifiers' in the handout.",
)
def leaky_slope_hard_coded(dout, cache):
    return np.where(cache[0] > 0, dout, 0.01 * dout)


@mistake(
    "leaky-slope-on-the-wrong-side",
    "leaky_relu_backward",
    "The slope multiplies the gradient of positive inputs, and negative ones pass unchanged. It is the other "
    "way round: the leak is what is left of the negative side. See 'Rectifiers' in the handout.",
)
def leaky_slope_on_the_wrong_side(dout, cache):
    x, slope = cache
    return np.where(x > 0, slope * dout, dout)


@mistake(
    "leaky-one-at-zero",
    "leaky_relu_backward",
    "At an input of exactly zero the whole gradient is passed on. The value agreed upon at the kink is that "
    "of the negative side, the slope. See 'Rectifiers' in the handout.",
)
def leaky_one_at_zero(dout, cache):
    x, slope = cache
    return np.where(x >= 0, dout, slope * dout)


@mistake(
    "leaky-nothing-at-zero",
    "leaky_relu_backward",
    "At an input of exactly zero nothing is passed on: the two masks cover the positive and the negative "
    "side and leave a gap between them. The kink belongs to the negative side. See 'Rectifiers' in the "
    "handout.",
)
def leaky_nothing_at_zero(dout, cache):
    x, slope = cache
    return dout * (x > 0) + slope * dout * (x < 0)


@mistake(
    "leaky-no-leak",
    "leaky_relu_backward",
    "Nothing passes on the negative side, as if this were the plain rectifier. The leak is there so that a "
    "unit with negative input still learns. See 'Rectifiers' in the handout.",
)
def leaky_no_leak(dout, cache):
    return np.where(cache[0] > 0, dout, 0)


@mistake(
    "leaky-input-for-the-slope",
    "leaky_relu_backward",
    "On the negative side the upstream gradient is multiplied by the input, where the slope belongs. A "
    "derivative says how much the output changes for a small step of the input, and that is the same all "
    "along a straight line. See 'Rectifiers' in the handout.",
)
def leaky_input_for_the_slope(dout, cache):
    return dout * np.where(cache[0] > 0, 1, cache[0])


@mistake(
    "leaky-slope-times-the-input",
    "leaky_relu_backward",
    "On the negative side the upstream gradient is multiplied by the output, slope times input. The "
    "derivative is the slope alone: the input is gone once it is differentiated. See 'Rectifiers' in the "
    "handout.",
)
def leaky_slope_times_the_input(dout, cache):
    x, negative_slope = cache
    return dout * np.where(x > 0, 1, negative_slope * x)


@mistake(
    "leaky-value-for-derivative",
    "leaky_relu_backward",
    "The upstream gradient is multiplied by the output on both sides. The value is taken for the derivative, "
    "which is 1 on one side and the slope on the other. See 'Rectifiers' in the handout.",
)
def leaky_value_for_derivative(dout, cache):
    x, negative_slope = cache
    return dout * np.where(x > 0, x, negative_slope * x)


@mistake(
    "leaky-mask-from-dout",
    "leaky_relu_backward",
    "The sign of dout decides which side of the kink counts. The forward pass decided that, by the sign of "
    "its input. See 'Rectifiers' in the handout.",
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


# --- softplus_forward -------------------------------------------------------------------------------------


@mistake(
    "softplus-forward-overflows",
    "softplus_forward",
    "The formula is right, but for x = 1000 its exponential is infinite in float64, and so is the result. Take "
    "exp(x) out of the logarithm for positive x, on paper. See 'Numbers that are too large' in the handout.",
)
def softplus_forward_overflows(x):
    return np.log(np.exp(x) + 1), x


@mistake(
    "softplus-forward-one-formula-for-both-sides",
    "softplus_forward",
    "The formula for positive x is used on both sides: right of zero the answers are right, left of zero they "
    "grow again. What stands in the exponential must never be positive. See 'Numbers that are too large' in "
    "the handout.",
    follow=True,
)
def softplus_forward_one_formula_for_both_sides(x):
    return np.maximum(x, 0) + np.logaddexp(0, -x), x


@mistake(
    "softplus-forward-correction-alone",
    "softplus_forward",
    "What comes back is a hump around zero: the small correction by which softplus differs from the rectifier. "
    "The rectifier itself is missing. See 'Numbers that are too large' in the handout.",
)
def softplus_forward_correction_alone(x):
    return softplus_forward(-np.abs(x))[0], x


@mistake(
    "softplus-forward-logarithm-to-base-two",
    "softplus_forward",
    "The logarithm is the one to base 2, which makes all answers 1.44 times too large. In mathematics, and in "
    "NumPy's log, the natural logarithm is meant where nothing is said. See 'Softplus and ELU' in the handout.",
    follow=True,
)
def softplus_forward_logarithm_to_base_two(x):
    return softplus_forward(x)[0] / np.log(2), x


@mistake(
    "softplus-forward-is-the-rectifier",
    "softplus_forward",
    "These are the values of the rectifier, with its kink. Softplus is its smooth relative: at zero it is "
    "log 2, and only far from zero do the two agree. See 'Softplus and ELU' in the handout.",
    follow=True,
)
def softplus_forward_is_the_rectifier(x):
    return np.maximum(x, 0), x


# --- softplus_backward ------------------------------------------------------------------------------------


@mistake(
    "softplus-other-side",
    "softplus_backward",
    "The slope is right for -x: it falls from 1 to 0 where it should rise. Softplus is flat on the left and has "
    "slope 1 on the right. See 'Softplus and ELU' in the handout.",
)
def softplus_other_side(dout, cache):
    return dout * sigmoid_forward(-cache)[0]


@mistake(
    "softplus-derivative-taken-twice",
    "softplus_backward",
    "This is the derivative of the sigmoid. The sigmoid is itself the derivative of softplus already; one step "
    "of differentiation was taken too many. See 'Softplus and ELU' in the handout.",
)
def softplus_derivative_taken_twice(dout, cache):
    s, _ = sigmoid_forward(cache)
    return dout * (s - s**2)


@mistake(
    "softplus-dout-missing",
    "softplus_backward",
    "What comes back is the local derivative, between 0 and 1, whatever dout is. A backward multiplies it with "
    "the upstream gradient. See 'One gate' in the handout.",
)
def softplus_dout_missing(dout, cache):
    return sigmoid_forward(cache)[0]


@mistake(
    "softplus-infinity-over-infinity",
    "softplus_backward",
    "The formula is right, but it has exp(x) above and below the line, and for x = 1000 infinity by infinity is "
    "not a number. It is the same quotient as in the sigmoid, with the same remedy. See 'Numbers that are too "
    "large' in the handout.",
)
def softplus_infinity_over_infinity(dout, cache):
    return dout * (np.exp(cache) / (np.exp(cache) + 1))


@mistake(
    "softplus-slope-of-the-rectifier",
    "softplus_backward",
    "The slope jumps from 0 to 1, as that of the rectifier does. Softplus has no kink: its slope rises smoothly "
    "and is a half at zero. See 'Softplus and ELU' in the handout.",
)
def softplus_slope_of_the_rectifier(dout, cache):
    return np.where(cache > 0, dout, 0)


@mistake(
    "softplus-value-for-derivative",
    "softplus_backward",
    "The upstream gradient is multiplied by the value of softplus, where its derivative is needed. The value "
    "grows without bound; the slope never exceeds 1. See 'One gate' in the handout.",
)
def softplus_value_for_derivative(dout, cache):
    return dout * softplus_forward(cache)[0]


# --- elu_forward ------------------------------------------------------------------------------------------


def _left(x):
    """Return exp(x) for x below zero, and 1 elsewhere: nothing can overflow."""
    return np.exp(np.minimum(x, 0))


@mistake(
    "elu-forward-alpha-hard-coded",
    "elu_forward",
    "alpha is 1 whatever was asked for. That number is only the default of the argument. See 'Softplus and ELU' "
    "in the handout.",
    follow=True,
)
def elu_forward_alpha_hard_coded(x, alpha=1.0):
    return elu_forward(x, 1.0)


@mistake(
    "elu-forward-one-not-subtracted",
    "elu_forward",
    "On the negative side the 1 is not subtracted from the exponential. The curve then jumps at zero, and goes "
    "to 0 on the left instead of -alpha. See 'Softplus and ELU' in the handout.",
    follow=True,
)
def elu_forward_one_not_subtracted(x, alpha=1.0):
    return np.where(x > 0, x, alpha * _left(x)), (x, alpha)


@mistake(
    "elu-forward-one-outside-the-parentheses",
    "elu_forward",
    "alpha multiplies the exponential alone and not the 1. With alpha = 1 nobody notices; with any other the "
    "curve jumps at zero. See 'Softplus and ELU' in the handout.",
    follow=True,
)
def elu_forward_one_outside_the_parentheses(x, alpha=1.0):
    return np.where(x > 0, x, alpha * _left(x) - 1), (x, alpha)


@mistake(
    "elu-forward-zero-times-infinity",
    "elu_forward",
    "The formula is right, but the exponential is taken of every x and then multiplied by a mask. For x = 1000 "
    "that is zero times infinity, which is not a number. See 'Numbers that are too large' in the handout.",
)
def elu_forward_zero_times_infinity(x, alpha=1.0):
    return x * (x > 0) + (x <= 0) * (alpha * (np.exp(x) - 1)), (x, alpha)


@mistake(
    "elu-forward-alpha-on-both-sides",
    "elu_forward",
    "alpha multiplies the positive side as well. There the slope is 1, whatever alpha is. (A function that "
    "scales both sides exists too, the SELU, with two constants of its own.) See 'Softplus and ELU' in the "
    "handout.",
    follow=True,
)
def elu_forward_alpha_on_both_sides(x, alpha=1.0):
    return alpha * np.where(x > 0, x, _left(x) - 1), (x, alpha)


@mistake(
    "elu-forward-straight-on-the-left",
    "elu_forward",
    "The negative side is a straight line, as in a leaky rectifier. An ELU bends and saturates at -alpha. See "
    "'Softplus and ELU' in the handout.",
    follow=True,
)
def elu_forward_straight_on_the_left(x, alpha=1.0):
    return np.where(x > 0, x, alpha * x), (x, alpha)


# --- elu_backward -----------------------------------------------------------------------------------------


@mistake(
    "elu-alpha-missing",
    "elu_backward",
    "The slope on the negative side lacks alpha. With the default of 1 that goes unnoticed. See 'Softplus and "
    "ELU' in the handout.",
)
def elu_alpha_missing(dout, cache):
    x, _ = cache
    return dout * _left(x)


@mistake(
    "elu-value-for-derivative",
    "elu_backward",
    "On the negative side the upstream gradient is multiplied by the output. The output is the derivative less "
    "alpha; it is negative, and no slope of this function is. See 'Softplus and ELU' in the handout.",
)
def elu_value_for_derivative(dout, cache):
    x, alpha = cache
    return dout * np.where(x > 0, 1, alpha * (_left(x) - 1))


@mistake(
    "elu-one-added-for-alpha",
    "elu_backward",
    "The derivative is made from the output by adding 1. What was subtracted is alpha, and that is to be added "
    "again; with the default of 1 the two are the same. See 'Softplus and ELU' in the handout.",
)
def elu_one_added_for_alpha(dout, cache):
    x, alpha = cache
    return dout * np.where(x > 0, 1, alpha * (_left(x) - 1) + 1)


@mistake(
    "elu-one-at-zero",
    "elu_backward",
    "At an input of exactly zero the slope is 1. The value agreed upon at the kink is that of the negative "
    "side, alpha. See 'Softplus and ELU' in the handout.",
)
def elu_one_at_zero(dout, cache):
    x, alpha = cache
    return dout * np.where(x >= 0, 1, alpha * _left(x))


@mistake(
    "elu-zero-times-infinity",
    "elu_backward",
    "The formula is right, but the exponential is taken of every x and then multiplied by a mask. For x = 1000 "
    "that is zero times infinity, which is not a number. See 'Numbers that are too large' in the handout.",
)
def elu_zero_times_infinity(dout, cache):
    x, alpha = cache
    return dout * ((x > 0) + (x <= 0) * alpha * np.exp(x))


@mistake(
    "elu-dout-missing",
    "elu_backward",
    "What comes back is the local derivative, whatever dout is. A backward multiplies it with the upstream "
    "gradient, on both sides. See 'One gate' in the handout.",
)
def elu_dout_missing(dout, cache):
    x, alpha = cache
    return np.where(x > 0, 1, alpha * _left(x))


@mistake(
    "elu-straight-on-the-left",
    "elu_backward",
    "The slope on the negative side is alpha everywhere, as in a leaky rectifier. It is alpha at zero only, and "
    "falls towards 0 from there. See 'Softplus and ELU' in the handout.",
)
def elu_straight_on_the_left(dout, cache):
    x, alpha = cache
    return np.where(x > 0, dout, alpha * dout)


@mistake(
    "elu-input-on-the-right",
    "elu_backward",
    "On the positive side the upstream gradient is multiplied by the input. The output is the input there, so"
    " its derivative is 1. See 'Softplus and ELU' in the handout.",
)
def elu_input_on_the_right(dout, cache):
    x, alpha = cache
    return dout * np.where(x > 0, x, alpha * _left(x))


@mistake(
    "elu-input-on-the-left",
    "elu_backward",
    "On the negative side the upstream gradient is multiplied by alpha and the input. The derivative of an "
    "exponential is an exponential. See 'Softplus and ELU' in the handout.",
)
def elu_input_on_the_left(dout, cache):
    x, alpha = cache
    return dout * np.where(x > 0, 1, alpha * np.minimum(x, 0))


@mistake(
    "elu-mask-from-dout",
    "elu_backward",
    "The sign of dout decides which side of the kink counts. The forward pass decided that, by the sign of its "
    "input. See 'Rectifiers' in the handout.",
)
def elu_mask_from_dout(dout, cache):
    x, alpha = cache
    return np.where(dout > 0, dout, alpha * dout * _left(x))
