"""Wrong initialisers: variance, distribution, generator, and whole networks."""

from itertools import pairwise

import numpy as np
from initializers import he_normal, he_uniform, xavier_normal, xavier_uniform

from grader.catalogue import Mistakes

MISTAKES = Mistakes()
mistake = MISTAKES.add


# --- initialisers: the variance ---------------------------------------------------------------------------


def _normal(fan_in, fan_out, rng, variance):
    return np.sqrt(variance) * rng.standard_normal((fan_in, fan_out))


def _uniform(fan_in, fan_out, rng, variance):
    bound = np.sqrt(3 * variance)
    return rng.uniform(-bound, bound, (fan_in, fan_out))


def wrong_variance(name, replaces, text, variance):
    """Register an initialiser that draws from the right family with the given variance."""
    draw = _normal if replaces.endswith("normal") else _uniform

    def initializer(fan_in, fan_out, rng, negative_slope=0.0):
        return draw(fan_in, fan_out, rng, variance(fan_in, fan_out, negative_slope))

    mistake(name, replaces, text)(initializer)


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
    "100 + 100 seems to be written into the code, as in an example of the notes. It is right for that example's "
    "layers only: the fans are arguments. See 'Xavier: forwards and backwards' in the handout.",
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


def _right_network_layer(activation, fans, rng):
    slope = {"negative_slope": 0.01} if activation == "leaky_relu" else {}
    return _right_initializer(activation)(*fans, rng, **slope)


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


def _leaky_slope(name, slope, text):
    """Register a network whose leaky rectifiers are taken to have another slope."""

    @mistake(name, "init_network", text)
    def network_leaky_slope(layer_sizes, activation, rng):
        slopes = {"relu": 0.0, "leaky_relu": slope}
        if activation in slopes:
            return [he_normal(*fans, rng, slopes[activation]) for fans in _layers(layer_sizes)]
        return [xavier_normal(*fans, rng) for fans in _layers(layer_sizes)]


_leaky_slope(
    "network-leaky-slope-ignored",
    0.0,
    "leaky_relu gets the weights of a plain relu. Its slope of 0.01 makes a small difference, but it is the "
    "slope of the function that the network will use, and whoever passes a larger one next time wants it to "
    "arrive. See 'He: the factor 2, and leaky slopes' in the handout.",
)
_leaky_slope(
    "network-leaky-slope-ten-times",
    0.1,
    "leaky_relu is taken to have the slope 0.1. The docstring says 0.01, one hundredth, as in the paper that "
    "introduced it. See 'He: the factor 2, and leaky slopes' in the handout.",
)
_leaky_slope(
    "network-leaky-slope-of-another-library",
    0.2,
    "leaky_relu is taken to have the slope 0.2, as in some libraries and in many generative networks. The "
    "docstring says 0.01. See 'He: the factor 2, and leaky slopes' in the handout.",
)


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
    "network-equal-neighbours-share",
    "init_network",
    "A layer that has the shape of the one before it gets that one's weights, the very same array. The two start "
    "alike, and where one is changed in place the other changes too: every layer draws its own. See 'A whole "
    "network' in the handout.",
)
def network_equal_neighbours_share(layer_sizes, activation, rng):
    weights = []
    for fans in _layers(layer_sizes):
        w = _right_network_layer(activation, fans, rng)
        weights.append(weights[-1] if weights and weights[-1].shape == w.shape else w)
    return weights


@mistake(
    "network-one-weight-for-each-shape",
    "init_network",
    "All layers of one shape share one weight, as if a shape were drawn once and looked up afterwards. They start "
    "alike, and where one is changed in place the others change too: every layer draws its own. See 'A whole "
    "network' in the handout.",
)
def network_one_weight_for_each_shape(layer_sizes, activation, rng):
    known = {}
    for fans in _layers(layer_sizes):
        if fans not in known:
            known[fans] = _right_network_layer(activation, fans, rng)
    return [known[fans] for fans in _layers(layer_sizes)]


@mistake(
    "network-changes-its-sizes",
    "init_network",
    "The list of sizes is not the same afterwards: sizes were taken out of it, put in, or put in another order. It "
    "belongs to whoever calls, and a second network of the same sizes comes out different. Count through it, or "
    "work on a copy. See 'A whole network' in the handout.",
)
def network_changes_its_sizes(layer_sizes, activation, rng):
    weights = []
    while len(layer_sizes) > 1:
        weights.append(_right_network_layer(activation, layer_sizes[:2], rng))
        layer_sizes.pop(0)
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
    return [_right_initializer(activation)(fan_out, fan_in, rng).T for fan_in, fan_out in _layers(layer_sizes)]


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
    return {f"W{i + 1}": _right_initializer(activation)(*fans, rng) for i, fans in enumerate(_layers(layer_sizes))}
