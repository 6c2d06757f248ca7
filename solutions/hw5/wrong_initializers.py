"""Wrong fans, wrong variances, wrong tails, and orthogonal matrices that are not drawn fairly."""

import numpy as np

from grader.catalogue import Mistakes

MISTAKES = Mistakes()
mistake = MISTAKES.add


# --- conv_fans --------------------------------------------------------------------------------------------


@mistake(
    "fans-without-the-kernel",
    "conv_fans",
    "The fans count channels only. Every output entry is a sum over all input channels and over all places of the "
    "kernel: with a 3 by 3 kernel that is nine times as many terms. See 'The fans of a convolution' in the handout.",
)
def fans_without_the_kernel(shape):
    return shape[1], shape[0]


@mistake(
    "fans-swapped",
    "conv_fans",
    "fan_in and fan_out are exchanged. The first axis of a convolution's weights counts output channels, though in a "
    "dense weight of this homework inputs come first. See 'The fans of a convolution' in the handout.",
)
def fans_swapped(shape):
    return shape[0] * int(np.prod(shape[2:])), shape[1] * int(np.prod(shape[2:]))


@mistake(
    "fans-one-kernel-axis",
    "conv_fans",
    "Only one axis of the kernel is counted. A kernel of 3 by 5 has fifteen places, and one in three dimensions has "
    "three axes: all of them multiply. See 'The fans of a convolution' in the handout.",
)
def fans_one_kernel_axis(shape):
    return shape[1] * shape[2], shape[0] * shape[2]


@mistake(
    "fans-channels-last",
    "conv_fans",
    "The channels are looked for at the end of the shape. That is the order of other libraries; here the output "
    "channels come first, the input channels second, then the kernel. See 'The fans of a convolution'.",
)
def fans_channels_last(shape):
    *kernel, inputs, outputs = shape
    return inputs * int(np.prod(kernel)), outputs * int(np.prod(kernel))


@mistake(
    "fans-kernel-on-one-side",
    "conv_fans",
    "fan_out does not count the places of the kernel. One input entry is used by every output whose window covers it, "
    "and there are as many of these as the kernel has places. See 'The fans of a convolution' in the handout.",
)
def fans_kernel_on_one_side(shape):
    return shape[1] * int(np.prod(shape[2:])), shape[0]


@mistake(
    "fans-product-of-all",
    "conv_fans",
    "fan_in is the number of all weights. All output channels together have that many; one entry of the output is "
    "made by the weights of its own channel alone. See 'The fans of a convolution' in the handout.",
)
def fans_product_of_all(shape):
    return int(np.prod(shape)), shape[0] * int(np.prod(shape[2:]))


# --- lecun_normal -----------------------------------------------------------------------------------------


@mistake(
    "lecun-fan-out",
    "lecun_normal",
    "The variance is made from fan_out. A unit adds up fan_in products, so it is their number that must be made up "
    "for when the signal runs forward. See 'LeCun' in the handout.",
)
def lecun_fan_out(fan_in, fan_out, rng):
    return rng.normal(0, np.sqrt(1 / fan_out), (fan_in, fan_out))


@mistake(
    "lecun-is-he",
    "lecun_normal",
    "The variance has He's factor 2. It makes up for what a relu cuts off; LeCun's weights assume an activation that "
    "leaves the size alone. See 'LeCun' in the handout.",
)
def lecun_is_he(fan_in, fan_out, rng):
    return rng.normal(0, np.sqrt(2 / fan_in), (fan_in, fan_out))


@mistake(
    "lecun-is-xavier",
    "lecun_normal",
    "The variance has the mean of both fans in it: Xavier's compromise between forwards and backwards. LeCun's is for "
    "the way forwards alone. See 'LeCun' in the handout.",
)
def lecun_is_xavier(fan_in, fan_out, rng):
    return rng.normal(0, np.sqrt(2 / (fan_in + fan_out)), (fan_in, fan_out))


@mistake(
    "lecun-variance-for-std",
    "lecun_normal",
    "The variance was given to the generator where it wants a standard deviation. The square root is missing. See "
    "'LeCun' in the handout.",
)
def lecun_variance_for_std(fan_in, fan_out, rng):
    return rng.normal(0, 1 / fan_in, (fan_in, fan_out))


@mistake(
    "lecun-hundredth",
    "lecun_normal",
    "The weights are normal with variance 0.01, and scaled by 1 / sqrt(fan_in) on top: their variance is then 0.01 / "
    "fan_in, a hundredth of what was asked, as on one slide. Scale draws of variance 1. See 'LeCun'.",
)
def lecun_hundredth(fan_in, fan_out, rng):
    return rng.normal(0, 0.1, (fan_in, fan_out)) / np.sqrt(fan_in)


# --- truncated_normal -------------------------------------------------------------------------------------

LEFT = 0.7737413035760587


def _redraw(fan_in, fan_out, rng, std, cut=2.0):
    z = rng.standard_normal((fan_in, fan_out))
    while np.any(np.abs(z) > cut):
        far = np.abs(z) > cut
        z[far] = rng.standard_normal(int(far.sum()))
    return std * z


@mistake(
    "truncated-without-correction",
    "truncated_normal",
    "The tails are cut off, and nothing makes up for them: without its tails a normal variable has only 0.774 of its "
    "variance. s must be larger than 1 / sqrt(fan_in). See 'Without tails' in the handout.",
)
def truncated_without_correction(fan_in, fan_out, rng):
    return _redraw(fan_in, fan_out, rng, np.sqrt(1 / fan_in))


@mistake(
    "truncated-corrected-twice",
    "truncated_normal",
    "The correction is made without a root: s is divided by the variance that is left, where it should be divided by "
    "the standard deviation that is left. See 'Without tails' in the handout.",
)
def truncated_corrected_twice(fan_in, fan_out, rng):
    return _redraw(fan_in, fan_out, rng, np.sqrt(1 / fan_in) / LEFT)


@mistake(
    "truncated-corrected-the-wrong-way",
    "truncated_normal",
    "The correction goes the wrong way: s is made smaller by what the cut leaves, and the cut then makes the weights "
    "smaller once more. See 'Without tails' in the handout.",
)
def truncated_corrected_the_wrong_way(fan_in, fan_out, rng):
    return _redraw(fan_in, fan_out, rng, np.sqrt(LEFT / fan_in))


@mistake(
    "truncated-clipped",
    "truncated_normal",
    "Draws beyond the border are moved onto it. So one weight in twenty lies exactly there, which no truncated normal "
    "distribution gives: draw those again. See 'Without tails' in the handout.",
)
def truncated_clipped(fan_in, fan_out, rng):
    return np.sqrt(1 / (LEFT * fan_in)) * np.clip(rng.standard_normal((fan_in, fan_out)), -2, 2)


@mistake(
    "truncated-tails-left",
    "truncated_normal",
    "The tails are still there, or some of them: nothing was cut, or draws beyond two standard deviations were drawn "
    "again only once, and the new ones may lie outside again. See 'Without tails' in the handout.",
)
def truncated_tails_left(fan_in, fan_out, rng):
    return rng.standard_normal((fan_in, fan_out)) / np.sqrt(fan_in)


@mistake(
    "truncated-cut-early",
    "truncated_normal",
    "The cut is at two of the final standard deviations 2 / sqrt(fan_in), not at two of s, which is larger. A "
    "variable that is cut earlier keeps less of its variance. See 'Without tails' in the handout.",
)
def truncated_cut_early(fan_in, fan_out, rng):
    return _redraw(fan_in, fan_out, rng, np.sqrt(1 / (LEFT * fan_in)), 2 * np.sqrt(LEFT))


# --- pytorch_default --------------------------------------------------------------------------------------


@mistake(
    "pytorch-he-for-relu",
    "pytorch_default",
    "These are He's uniform weights for a relu, slope 0. PyTorch's default asks for the slope sqrt(5), which makes "
    "the variance six times smaller. See 'What PyTorch does' in the handout.",
)
def pytorch_he_for_relu(fan_in, fan_out, rng):
    a = np.sqrt(6 / fan_in)
    return rng.uniform(-a, a, (fan_in, fan_out))


@mistake(
    "pytorch-slope-squared-twice",
    "pytorch_default",
    "The slope that PyTorch asks for is the root of 5, so its square is 5. Here 5 is squared once more, and "
    "the variance is too small by 26/6. See 'What PyTorch does' in the handout.",
)
def pytorch_slope_squared_twice(fan_in, fan_out, rng):
    a = np.sqrt(3 * 2 / ((1 + 5**2) * fan_in))
    return rng.uniform(-a, a, (fan_in, fan_out))


@mistake(
    "pytorch-xavier",
    "pytorch_default",
    "These are Xavier's uniform weights. The default of a linear layer looks at fan_in alone. See 'What PyTorch does' "
    "in the handout.",
)
def pytorch_xavier(fan_in, fan_out, rng):
    a = np.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-a, a, (fan_in, fan_out))


@mistake(
    "pytorch-std-for-bound",
    "pytorch_default",
    "The standard deviation is used as the bound. A uniform variable on [-a, a] has the standard deviation a / "
    "sqrt(3), so the bound is larger than it. See 'What PyTorch does' in the handout.",
)
def pytorch_std_for_bound(fan_in, fan_out, rng):
    a = np.sqrt(1 / (3 * fan_in))
    return rng.uniform(-a, a, (fan_in, fan_out))


@mistake(
    "pytorch-bound-not-rooted",
    "pytorch_default",
    "The bound is 1 / fan_in, without the root. Sums of fan_in such terms shrink from layer to layer. See 'What "
    "PyTorch does' in the handout.",
)
def pytorch_bound_not_rooted(fan_in, fan_out, rng):
    return rng.uniform(-1 / fan_in, 1 / fan_in, (fan_in, fan_out))


@mistake(
    "pytorch-slope-not-squared",
    "pytorch_default",
    "The slope sqrt(5) was taken as it is, where its square stands in He's formula: 1 + 5, not 1 + sqrt(5). See 'What "
    "PyTorch does' in the handout.",
)
def pytorch_slope_not_squared(fan_in, fan_out, rng):
    a = np.sqrt(6 / ((1 + np.sqrt(5)) * fan_in))
    return rng.uniform(-a, a, (fan_in, fan_out))


@mistake(
    "pytorch-normal",
    "pytorch_default",
    "The variance is right, the distribution is not: a uniform one was asked for, bounded on both sides. See 'What "
    "PyTorch does' in the handout.",
)
def pytorch_normal(fan_in, fan_out, rng):
    return rng.normal(0, np.sqrt(1 / (3 * fan_in)), (fan_in, fan_out))


# --- orthogonal -------------------------------------------------------------------------------------------


def _fair(rows, columns, rng):
    """Orthonormal columns that are drawn fairly, by the polar decomposition."""
    u, _, v = np.linalg.svd(rng.standard_normal((rows, columns)), full_matrices=False)
    return u @ v


def _either(fan_in, fan_out, draw):
    q = draw(max(fan_in, fan_out), min(fan_in, fan_out))
    return q if fan_in >= fan_out else np.swapaxes(q, 0, 1)


@mistake(
    "orthogonal-without-the-signs",
    "orthogonal",
    "The columns are orthonormal, but some matrices can never come out: `np.linalg.qr` chooses signs in its own way, "
    "and R then has numbers of either sign on its diagonal. Make up for these. See 'Orthogonal weights'.",
)
def orthogonal_without_the_signs(fan_in, fan_out, rng, gain=1.0):
    return gain * _either(fan_in, fan_out, lambda n, m: np.linalg.qr(rng.standard_normal((n, m)))[0])


@mistake(
    "orthogonal-gain-missing",
    "orthogonal",
    "The gain is left out: the columns (or rows) have length 1 whatever was asked for. See 'Orthogonal weights' in "
    "the handout.",
)
def orthogonal_gain_missing(fan_in, fan_out, rng, gain=1.0):
    return _fair(fan_in, fan_out, rng)


@mistake(
    "orthogonal-gain-rooted",
    "orthogonal",
    "The weights are multiplied by the root of the gain. A gain is a factor of lengths already, not of variances. See "
    "'Orthogonal weights' in the handout.",
)
def orthogonal_gain_rooted(fan_in, fan_out, rng, gain=1.0):
    return np.sqrt(gain) * _fair(fan_in, fan_out, rng)


@mistake(
    "orthogonal-only-scaled",
    "orthogonal",
    "The columns have the right length, and are not orthogonal to one another: Gaussian columns were divided by their "
    "lengths, nothing more. See 'Orthogonal weights' in the handout.",
)
def orthogonal_only_scaled(fan_in, fan_out, rng, gain=1.0):
    def draw(rows, columns):
        z = rng.standard_normal((rows, columns))
        return z / np.linalg.norm(z, axis=0)

    return gain * _either(fan_in, fan_out, draw)


@mistake(
    "orthogonal-only-gaussian",
    "orthogonal",
    "These are plain Gaussian weights. They keep lengths on average, a little more and a little less in each "
    "direction; an orthogonal matrix keeps them exactly. See 'Orthogonal weights' in the handout.",
)
def orthogonal_only_gaussian(fan_in, fan_out, rng, gain=1.0):
    return gain * rng.standard_normal((fan_in, fan_out)) / np.sqrt(max(fan_in, fan_out))


@mistake(
    "orthogonal-wide-forgotten",
    "orthogonal",
    "Where fan_in is smaller than fan_out the shape is not what was asked for: a QR decomposition of a wide matrix "
    "gives a square Q. Decompose the tall one. See 'Orthogonal weights' in the handout.",
)
def orthogonal_wide_forgotten(fan_in, fan_out, rng, gain=1.0):
    return gain * _fair(fan_in, min(fan_in, fan_out), rng)


@mistake(
    "orthogonal-identity",
    "orthogonal",
    "This is always a piece of the identity. It keeps lengths, but nothing in it is random, and units differ in one "
    "input only. See 'Orthogonal weights' in the handout.",
)
def orthogonal_identity(fan_in, fan_out, rng, gain=1.0):
    return gain * np.eye(fan_in, fan_out)


@mistake(
    "orthogonal-rotations-only",
    "orthogonal",
    "Square matrices always have the determinant 1: rotations come out and reflections never, though both keep "
    "lengths. See 'Orthogonal weights' in the handout.",
)
def orthogonal_rotations_only(fan_in, fan_out, rng, gain=1.0):
    w = _fair(fan_in, fan_out, rng)
    if fan_in == fan_out and np.linalg.det(w) < 0:
        w[:, 0] = -w[:, 0]
    return gain * w
