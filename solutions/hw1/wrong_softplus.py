"""Wrong versions of softplus, forwards and backwards."""

import numpy as np
from gates import softplus_backward, softplus_backward_steps, softplus_forward

from grader.catalogue import Mistakes

MISTAKES = Mistakes()
mistake = MISTAKES.add


# --- softplus_forward -------------------------------------------------------------------------------------


@mistake(
    "softplus-as-it-stands",
    "softplus_forward",
    "The formula is right on paper and fails at both ends: for x = 1000 exp overflows and the answer is infinite, "
    "and for x = -30 what exp gives is lost beside the 1, and the answer is rounded or zero. See 'Softplus as one "
    "gate' in the handout.",
)
def softplus_as_it_stands(x):
    with np.errstate(all="ignore"):
        return np.log(1 + np.exp(x)), x


@mistake(
    "softplus-overflows",
    "softplus_forward",
    "Small answers are right, but for x = 1000 exp overflows and the answer is infinite, where it should be 1000. "
    "exp must never see a positive number: 'Softplus as one gate' in the handout takes x out of the logarithm.",
)
def softplus_overflows(x):
    with np.errstate(all="ignore"):
        return np.log1p(np.exp(x)), x


@mistake(
    "softplus-loses-small-answers",
    "softplus_forward",
    "Nothing overflows, but for x = -30 the answer has few right digits or is zero: 1e-13 added to 1 leaves three "
    "digits of itself. There is a function that never adds the 1. See 'Softplus as one gate' in the handout.",
)
def softplus_loses_small_answers(x):
    return np.maximum(x, 0) + np.log(1 + np.exp(-np.abs(x))), x


@mistake(
    "softplus-is-relu",
    "softplus_forward",
    "This is the rectifier. Softplus is a smooth version of it, close to it far from zero, but log 2 at zero "
    "itself. See 'Softplus, gate by gate' in the handout.",
)
def softplus_is_relu(x):
    return np.maximum(x, 0), x


@mistake(
    "softplus-mirrored",
    "softplus_forward",
    "The sign of x is turned in the exponential: this falls where softplus rises. It grows like x to the right "
    "and goes to zero on the left. See 'Softplus, gate by gate' in the handout.",
    follow=True,
)
def softplus_mirrored(x):
    return softplus_forward(-x)[0], x


# --- softplus_backward_steps --------------------------------------------------------------------------------


@mistake(
    "steps-without-dout",
    "softplus_backward_steps",
    "The walk begins with 1 in the place of what came from above, so that all three are local derivatives of "
    "softplus. softplus may stand in the middle of a network: its first edge gets dout. See 'Softplus, gate by "
    "gate' in the handout.",
)
def steps_without_dout(dout, cache):
    return softplus_backward_steps(np.ones_like(dout), cache)


@mistake(
    "steps-da-inverted",
    "softplus_backward_steps",
    "da is multiplied by a where it should shrink with a: the logarithm is the flatter the larger its argument "
    "is. db and dx follow from it. See 'Softplus, gate by gate' in the handout.",
)
def steps_da_inverted(dout, cache):
    b = np.exp(cache)
    da = dout * (1 + b)
    return {"da": da, "db": da, "dx": da * b}


@mistake(
    "steps-da-of-b",
    "softplus_backward_steps",
    "da is taken at b, the value before the 1 was added. A local derivative is taken at the input of its own "
    "gate, and that of the logarithm is a. See 'Softplus, gate by gate' in the handout.",
)
def steps_da_of_b(dout, cache):
    b = np.exp(cache)
    da = dout / b
    return {"da": da, "db": da, "dx": da * b}


@mistake(
    "steps-dx-times-a",
    "softplus_backward_steps",
    "da and db are right; dx is multiplied by a, the value after the 1 was added. The derivative of exp is its "
    "own output, which is b. See 'Softplus, gate by gate' in the handout.",
)
def steps_dx_times_a(dout, cache):
    steps = softplus_backward_steps(dout, cache)
    return {**steps, "dx": steps["db"] * (1 + np.exp(cache))}


@mistake(
    "steps-dx-from-dout",
    "softplus_backward_steps",
    "dx is computed from dout, as if exp were the last gate of the graph. Every gate gets the gradient of the "
    "edge behind it: between exp and the output lie two more. See 'Softplus, gate by gate' in the handout.",
)
def steps_dx_from_dout(dout, cache):
    return {**softplus_backward_steps(dout, cache), "dx": dout * np.exp(cache)}


@mistake(
    "steps-db-loses-a-factor",
    "softplus_backward_steps",
    "db is multiplied by b, as if the gate between b and a were an exponential. That gate adds 1, and an add gate "
    "hands on what it gets. dx is off by the same factor. See 'Softplus, gate by gate' in the handout.",
)
def steps_db_loses_a_factor(dout, cache):
    b = np.exp(cache)
    da = dout / (1 + b)
    return {"da": da, "db": da * b, "dx": da * b * b}


# --- softplus_backward --------------------------------------------------------------------------------------


@mistake(
    "softplus-backward-overflows",
    "softplus_backward",
    "The formula is right, but for x = 1000 it divides one infinity by another and is not a number. The "
    "derivative lies between 0 and 1 and can be written so that exp never gets a positive number. See 'Softplus "
    "as one gate' in the handout.",
)
def softplus_backward_overflows(dout, cache):
    with np.errstate(all="ignore"):
        return dout * np.exp(cache) / (1 + np.exp(cache))


@mistake(
    "softplus-backward-mirrored",
    "softplus_backward",
    "The derivative falls with x where it should rise: softplus is flat on the left, and has slope 1 far to the "
    "right. One sign in the exponential is turned. See 'Softplus as one gate' in the handout.",
)
def softplus_backward_mirrored(dout, cache):
    return softplus_backward(dout, -cache)


@mistake(
    "softplus-backward-second-derivative",
    "softplus_backward",
    "This is the derivative of the sigmoid, so one derivative too many: the sigmoid is itself the derivative of "
    "softplus. See 'Softplus as one gate' in the handout.",
)
def softplus_backward_second_derivative(dout, cache):
    slope = softplus_backward(np.ones_like(dout), cache)
    return dout * slope * (1 - slope)


@mistake(
    "softplus-backward-without-dout",
    "softplus_backward",
    "The local derivative is returned by itself. The chain rule multiplies it with the gradient that came from "
    "above. See 'One gate' in the handout.",
)
def softplus_backward_without_dout(dout, cache):
    return softplus_backward(np.ones_like(dout), cache)


@mistake(
    "softplus-backward-at-the-output",
    "softplus_backward",
    "The derivative is taken at the output of softplus, where it should be taken at its input x. What a cache "
    "holds is your own decision; the two functions have to agree on it. See 'Softplus as one gate' in the "
    "handout.",
)
def softplus_backward_at_the_output(dout, cache):
    return softplus_backward(dout, softplus_forward(cache)[0])


@mistake(
    "softplus-backward-is-relu",
    "softplus_backward",
    "This is the backward of the rectifier, which has a step at zero. Softplus has no kink: its slope grows "
    "smoothly from 0 to 1 and is a half at zero. See 'Softplus as one gate' in the handout.",
)
def softplus_backward_is_relu(dout, cache):
    return dout * (cache > 0)
