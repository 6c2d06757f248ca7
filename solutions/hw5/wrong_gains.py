"""Wrong gains: a root too few, an exponent too large."""

import numpy as np

from grader.catalogue import Mistakes

MISTAKES = Mistakes()
mistake = MISTAKES.add


# --- activation_gain --------------------------------------------------------------------------------------


def _mean(function, low=-12.0):
    """E[function(z)] over z > low, by the rule of Simpson, each side of zero by itself."""
    total = 0.0
    for start, stop in ((low, 0.0), (0.0, 12.0)):
        if start < stop:
            z = np.linspace(start, stop, 4001)
            weights = np.where(np.arange(4001) % 2 == 1, 4.0, 2.0)
            weights[[0, -1]] = 1.0
            total += (stop - start) / 4000 / 3 * np.sum(weights * function(z) * np.exp(-z * z / 2)) / np.sqrt(2 * np.pi)
    return total


@mistake(
    "gain-not-rooted",
    "activation_gain",
    "This is the gain squared: for relu it gives 2, not the root of 2. A gain multiplies weights, so its square "
    "multiplies their variance. See 'A gain for every activation' in the handout.",
)
def gain_not_rooted(activation):
    return 1 / _mean(lambda z: activation(z) ** 2)


@mistake(
    "gain-upside-down",
    "activation_gain",
    "This is what the activation leaves of the size, not what makes up for it: for relu it is smaller than 1. See 'A "
    "gain for every activation' in the handout.",
)
def gain_upside_down(activation):
    return np.sqrt(_mean(lambda z: activation(z) ** 2))


@mistake(
    "gain-from-the-variance",
    "activation_gain",
    "The mean of the activation is subtracted before squaring. The next layer multiplies by what comes out, mean and "
    "all, so its pre-activations have the mean square. See 'A gain for every activation' in the handout.",
)
def gain_from_the_variance(activation):
    return 1 / np.sqrt(_mean(lambda z: activation(z) ** 2) - _mean(activation) ** 2)


@mistake(
    "gain-from-the-size",
    "activation_gain",
    "The mean of the absolute value is taken in place of the root of the mean square. They are not proportional for "
    "all activations. See 'A gain for every activation' in the handout.",
)
def gain_from_the_size(activation):
    return 1 / _mean(lambda z: np.abs(activation(z)))


@mistake(
    "gain-from-the-slope",
    "activation_gain",
    "The gain is made from the activation's slope at the right of zero, as if it were linear there and the signal "
    "small. The average goes over the whole normal distribution. See 'A gain for every activation' in the handout.",
)
def gain_from_the_slope(activation):
    h = np.array(1e-3)
    return 1 / np.sqrt(
        (((activation(h) - activation(0 * h)) / h) ** 2 + ((activation(-h) - activation(0 * h)) / h) ** 2) / 2
    )


@mistake(
    "gain-without-the-density",
    "activation_gain",
    "Squares of the activation are averaged over an interval, all places alike. z is standard normal: a place"
    " counts by its density, and those far from zero hardly at all. See 'A gain for every activation' in the "
    "handout.",
)
def gain_without_the_density(activation):
    return 1 / np.sqrt(np.mean(activation(np.arange(-10_000, 10_001) / 1000) ** 2))


@mistake(
    "gain-root-of-the-mean-size",
    "activation_gain",
    "The root is taken of the mean size; the square is missing. What the next layer sums up are squares. See "
    "'A gain for every activation' in the handout.",
)
def gain_root_of_the_mean_size(activation):
    return 1 / np.sqrt(_mean(lambda z: np.abs(activation(z))))


@mistake(
    "gain-half-the-axis",
    "activation_gain",
    "The integral covers positive z only. What the activation gives for negative ones counts as well; for relu alone "
    "it makes no difference. See 'A gain for every activation' in the handout.",
)
def gain_half_the_axis(activation):
    return 1 / np.sqrt(_mean(lambda z: activation(z) ** 2, 0.0))


@mistake(
    "gain-over-a-short-axis",
    "activation_gain",
    "The integral ends too early: beyond two standard deviations lie five per cent of the numbers, and their squares "
    "weigh a quarter. Go out to where the density is negligible. See 'A gain for every activation' in the handout.",
)
def gain_over_a_short_axis(activation):
    z = np.linspace(-2, 2, 40001)
    values = activation(z) ** 2 * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    return 1 / np.sqrt(np.sum(values) * (z[1] - z[0]))


@mistake(
    "gain-by-drawing",
    "activation_gain",
    "The mean is taken over random numbers, or over a coarse grid: it is near, and no more. A million draws give "
    "three digits; an integral over a fine grid gives ten. See 'A gain for every activation' in the handout.",
)
def gain_by_drawing(activation):
    z = np.random.default_rng(0).standard_normal(10_000)
    return 1 / np.sqrt(np.mean(activation(z) ** 2))


# --- random_walk_gain -------------------------------------------------------------------------------------


@mistake(
    "walk-linear-without-the-two",
    "random_walk_gain",
    "For linear layers the exponent is twice too large. The logarithm drifts by -1 / width for the *squared* length, "
    "and the gain is a factor of the length. See 'A random walk' in the handout.",
)
def walk_linear_without_the_two(width, activation):
    return np.exp(1 / width) if activation == "linear" else np.sqrt(2) * np.exp(1.2 / (max(width, 6) - 2.4))


@mistake(
    "walk-root-of-two-missing",
    "random_walk_gain",
    "For relu the factor sqrt(2) is missing: the correction for the width comes on top of what relu cuts off. See 'A "
    "random walk' in the handout.",
)
def walk_root_of_two_missing(width, activation):
    return np.exp(1 / (2 * width)) if activation == "linear" else np.exp(1.2 / (max(width, 6) - 2.4))


@mistake(
    "walk-two-not-rooted",
    "random_walk_gain",
    "For relu the factor is 2, as it stands in He's variance. A gain multiplies the standard deviation, so it is the "
    "root of that. See 'A random walk' in the handout.",
)
def walk_two_not_rooted(width, activation):
    return np.exp(1 / (2 * width)) if activation == "linear" else 2 * np.exp(1.2 / (max(width, 6) - 2.4))


@mistake(
    "walk-narrow-layers",
    "random_walk_gain",
    "Layers with fewer than six units are not treated as such of six: the formula for relu was fitted to wider ones, "
    "and below three its exponent even changes sign. See 'A random walk' in the handout.",
)
def walk_narrow_layers(width, activation):
    return np.exp(1 / (2 * width)) if activation == "linear" else np.sqrt(2) * np.exp(1.2 / (width - 2.4))


@mistake(
    "walk-sign",
    "random_walk_gain",
    "The exponents are negative. A typical signal shrinks, because the logarithm of a mean is larger than the mean of "
    "a logarithm; the gain must be larger than in a wide layer. See 'A random walk' in the handout.",
)
def walk_sign(width, activation):
    return np.exp(-1 / (2 * width)) if activation == "linear" else np.sqrt(2) * np.exp(-1.2 / (max(width, 6) - 2.4))


# --- fixup_scale ------------------------------------------------------------------------------------------


@mistake(
    "fixup-always-the-root",
    "fixup_scale",
    "The factor is 1 / sqrt(L) whatever m is. That is right for two layers in a branch only: the m - 1 layers that "
    "are scaled share the work. See 'Residual networks' in the handout.",
)
def fixup_always_the_root(blocks, layers):
    return 1 / np.sqrt(blocks)


@mistake(
    "fixup-exponent-without-the-two",
    "fixup_scale",
    "The exponent is twice too large, -1 / (m - 1). The update of a branch goes with the *square* of the product of "
    "its scales. See 'Residual networks' in the handout.",
)
def fixup_exponent_without_the_two(blocks, layers):
    return blocks ** (-1.0 / (layers - 1))


@mistake(
    "fixup-exponent-without-parentheses",
    "fixup_scale",
    "1 / 2 * m - 2 is read from left to right, as half of m, less 2. The whole of 2 m - 2 stands below the "
    "line. See 'Residual networks' in the handout.",
)
def fixup_exponent_without_parentheses(blocks, layers):
    return 1 / blocks ** (1 / 2 * layers - 2)


@mistake(
    "fixup-exponent-counts-all-layers",
    "fixup_scale",
    "The exponent is -1 / (2 m): all m layers are counted. The last one starts at zero and has no factor, so m - 1 "
    "share the work. See 'Residual networks' in the handout.",
)
def fixup_exponent_counts_all_layers(blocks, layers):
    return blocks ** (-1.0 / (2 * layers))


@mistake(
    "fixup-counts-layers-for-blocks",
    "fixup_scale",
    "L is taken to be the number of all layers, L m. It is the number of branches that are added up. See 'Residual "
    "networks' in the handout.",
)
def fixup_counts_layers_for_blocks(blocks, layers):
    return (blocks * layers) ** (-1.0 / (2 * layers - 2))


@mistake(
    "fixup-sign",
    "fixup_scale",
    "The exponent is positive: the weights grow with the depth. Branches add up, so each must be the smaller the more "
    "there are. See 'Residual networks' in the handout.",
)
def fixup_sign(blocks, layers):
    return blocks ** (1.0 / (2 * layers - 2))


@mistake(
    "fixup-divides-the-exponent",
    "fixup_scale",
    "The exponent is -m / 2 or the like: it grows with m. It is a root that is taken, of an order that grows with m. "
    "See 'Residual networks' in the handout.",
)
def fixup_divides_the_exponent(blocks, layers):
    return float(blocks) ** (-(2.0 * layers - 2) / 4)
