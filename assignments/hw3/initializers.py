"""hw3, part 2: initial weights that keep the variance of signals and gradients.

A weight matrix is `(fan_in, fan_out)`, so that a layer computes `x @ w`: fan_in is how many inputs a unit
has, fan_out how many units there are. Every weight is drawn by itself, with mean 0.

Conventions, the same everywhere:
- Random numbers come from `rng`, a numpy Generator (what `np.random.default_rng(seed)` returns), and from
  nothing else. Do not make a generator of your own, and leave the functions of `np.random` alone: two
  runs with the same rng then give the same weights.
- "normal" is a Gaussian, not truncated; "uniform" is uniform on an interval symmetric about 0. Both are
  asked for by their variance. A uniform distribution on [-a, a] has variance a squared / 3.
- "Xavier" here averages the two fans; some courses and libraries use the name for 1/fan_in.

The derivations are in README.md beside this file.
"""

import numpy as np


def xavier_normal(fan_in, fan_out, rng):
    """Gaussian weights with Xavier's variance.

    fan_in, fan_out: positive integers
    rng: numpy Generator, the only source of random numbers

    Returns w: (fan_in, fan_out) float64, independent draws with mean 0 and variance 2 / (fan_in + fan_out).
    A Generator asks for a standard deviation, which is the variance's square root.

    Problem `xavier_normal`, 6 points. Try: `grader run hw3 --problem xavier_normal`.
    Stuck: `grader hint hw3 xavier_normal`.
    """
    # Your code here.
    raise NotImplementedError("hw3: xavier_normal is not implemented yet")


def xavier_uniform(fan_in, fan_out, rng):
    """Uniform weights with Xavier's variance.

    fan_in, fan_out: positive integers
    rng: numpy Generator, the only source of random numbers

    Returns w: (fan_in, fan_out) float64, independent draws, uniform on an interval [-a, a] that you choose
    so that the variance is the same as that of `xavier_normal`, 2 / (fan_in + fan_out).

    Problem `xavier_uniform`, 5 points. Try: `grader run hw3 --problem xavier_uniform`.
    Stuck: `grader hint hw3 xavier_uniform`.
    """
    # Your code here.
    raise NotImplementedError("hw3: xavier_uniform is not implemented yet")


def he_normal(fan_in, fan_out, rng, negative_slope=0.0):
    """Gaussian weights with He's variance, for a layer that is followed by a (leaky) relu.

    fan_in, fan_out: positive integers
    rng: numpy Generator, the only source of random numbers
    negative_slope: float, the slope s of the activation for negative inputs; 0 is the plain relu

    Returns w: (fan_in, fan_out) float64, independent draws with mean 0 and variance
    2 / ((1 + s^2) fan_in). fan_out matters for the shape only.

    Problem `he_normal`, 6 points. Try: `grader run hw3 --problem he_normal`.
    Stuck: `grader hint hw3 he_normal`.
    """
    # Your code here.
    raise NotImplementedError("hw3: he_normal is not implemented yet")


def he_uniform(fan_in, fan_out, rng, negative_slope=0.0):
    """Uniform weights with He's variance, for a layer that is followed by a (leaky) relu.

    fan_in, fan_out: positive integers
    rng: numpy Generator, the only source of random numbers
    negative_slope: float, the slope s of the activation for negative inputs; 0 is the plain relu

    Returns w: (fan_in, fan_out) float64, independent draws, uniform on an interval [-a, a] that you choose
    so that the variance is the same as that of `he_normal`, 2 / ((1 + s^2) fan_in).

    Problem `he_uniform`, 5 points. Try: `grader run hw3 --problem he_uniform`.
    Stuck: `grader hint hw3 he_uniform`.
    """
    # Your code here.
    raise NotImplementedError("hw3: he_uniform is not implemented yet")


def init_network(layer_sizes, activation, rng):
    """Weights of a whole fully connected network, each layer drawn by one of the functions above.

    layer_sizes: list of positive integers, the size of the input first; [3, 5, 2] is 3 inputs, a layer of
        5 units and a layer of 2
    activation: the name of the activation, one of
        "relu", "leaky_relu"           -> `he_normal`; negative_slope is 0.01 for "leaky_relu"
        "tanh", "sigmoid", "linear"    -> `xavier_normal`
        anything else                  -> ValueError
    rng: numpy Generator, the only source of random numbers, shared by all layers

    Returns a list of len(layer_sizes) - 1 weights, in the order of the layers; weight l has the shape
    (layer_sizes[l], layer_sizes[l + 1]). Every layer is drawn in the same way, the last one included.
    There are no biases here: they start at zero.

    Problem `init_network`, 8 points. Try: `grader run hw3 --problem init_network`.
    Stuck: `grader hint hw3 init_network`.
    """
    # Your code here.
    raise NotImplementedError("hw3: init_network is not implemented yet")
