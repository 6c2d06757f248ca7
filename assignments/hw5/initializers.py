"""hw5, part 1: initial weights that libraries and papers use, beside Xavier's and He's.

A weight matrix is `(fan_in, fan_out)`, so that a layer computes `x @ w`: fan_in is how many inputs a unit
has, fan_out how many units there are.

Conventions, the same everywhere:
- Random numbers come from `rng`, a numpy Generator (what `np.random.default_rng(seed)` returns), and from
  nothing else. Do not make a generator of your own, and leave the functions of `np.random` alone: two
  runs with the same rng then give the same weights.
- What is asked for is a distribution. In which order you draw, and how many numbers, is up to you.
- A distribution is asked for by its variance; a Generator wants a standard deviation or a bound.

The mathematics is in README.md beside this file.
"""

import numpy as np


def conv_fans(shape):
    """How many inputs and outputs a convolution's weights connect.

    shape: tuple of positive ints (O, I, k1, ..., kd): O output channels, I input channels, and the lengths
        of the kernel along one to three axes, e.g. (64, 3, 5, 5) for images

    Returns `(fan_in, fan_out)`, two ints:
    fan_in: how many numbers one output entry is a sum over (products with a weight)
    fan_out: in how many outputs one input entry is used, with stride 1 and away from the borders

    Convention: groups, strides and dilation are left out. The order of the axes is PyTorch's; other libraries
    put the channels last. Mind that a dense weight in this homework is (fan_in, fan_out): inputs come first
    there, and second here.

    Problem `conv_fans`, 4 points. Try: `grader run hw5 --problem conv_fans`.
    Stuck: `grader hint hw5 conv_fans`.
    """
    # Your code here.
    raise NotImplementedError("hw5: conv_fans is not implemented yet")


def lecun_normal(fan_in, fan_out, rng):
    """Gaussian weights with LeCun's variance.

    fan_in, fan_out: positive integers
    rng: numpy Generator, the only source of random numbers

    Returns w: (fan_in, fan_out) float64, independent normal draws with mean 0 and variance 1 / fan_in.
    Nothing is cut off here. fan_out matters for the shape only.

    Problem `lecun_normal`, 4 points. Try: `grader run hw5 --problem lecun_normal`.
    Stuck: `grader hint hw5 lecun_normal`.
    """
    # Your code here.
    raise NotImplementedError("hw5: lecun_normal is not implemented yet")


def truncated_normal(fan_in, fan_out, rng):
    """Weights from a normal distribution without its tails, with LeCun's variance.

    fan_in, fan_out: positive integers
    rng: numpy Generator, the only source of random numbers

    Returns w: (fan_in, fan_out) float64, independent draws. Each has the distribution of a normal variable
    with mean 0 and standard deviation s, given that it lies between -2 s and 2 s. Choose s so that the
    variance of w, after the tails are gone, is 1 / fan_in: then s is a little larger than 1 / sqrt(fan_in).

    Convention: a draw that falls outside is drawn again, as often as it takes (or drawn in another way that
    gives the same distribution). It is not moved to the border. README.md derives the variance that is left
    of 1: 0.774, or with all digits 1 - 4 phi(2) / (2 Phi(2) - 1) = 0.7737413035760587.

    Problem `truncated_normal`, 8 points. Try: `grader run hw5 --problem truncated_normal`.
    Stuck: `grader hint hw5 truncated_normal`.
    """
    # Your code here.
    raise NotImplementedError("hw5: truncated_normal is not implemented yet")


def pytorch_default(fan_in, fan_out, rng):
    """The weights that a linear layer of PyTorch starts with, if nobody says otherwise.

    fan_in, fan_out: positive integers
    rng: numpy Generator, the only source of random numbers

    Returns w: (fan_in, fan_out) float64, independent draws, uniform on [-a, a]. PyTorch asks for He's
    uniform weights, variance 2 / ((1 + slope^2) fan_in), with the slope sqrt(5), which no layer there has;
    work out which a that is. The transposed layout of PyTorch (out, in) is not asked for, nor are biases.

    Problem `pytorch_default`, 4 points. Try: `grader run hw5 --problem pytorch_default`.
    Stuck: `grader hint hw5 pytorch_default`.
    """
    # Your code here.
    raise NotImplementedError("hw5: pytorch_default is not implemented yet")


def orthogonal(fan_in, fan_out, rng, gain=1.0):
    """A random matrix with orthonormal columns, or rows, times a gain.

    fan_in, fan_out: positive integers
    rng: numpy Generator, the only source of random numbers
    gain: positive float

    Returns w: (fan_in, fan_out) float64.
    fan_in >= fan_out: the columns are orthogonal to one another, each of length gain: w.T @ w = gain^2 I.
    fan_in < fan_out: so are the rows: w @ w.T = gain^2 I.

    All such matrices are equally likely: rotating a set of them must not change its distribution. In
    particular every entry is positive as often as negative, and a square matrix has the determinant +1 as
    often as -1 (times gain). `np.linalg.qr` of Gaussian numbers alone does not give that: it fixes signs in
    its own way. README.md says how to undo it. For fan_in = fan_out = 1 the answer is +gain or -gain.

    Problem `orthogonal`, 9 points. Try: `grader run hw5 --problem orthogonal`.
    Stuck: `grader hint hw5 orthogonal`.
    """
    # Your code here.
    raise NotImplementedError("hw5: orthogonal is not implemented yet")
