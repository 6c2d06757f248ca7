"""hw5, part 2: by how much a layer should enlarge its weights.

A gain g multiplies weights whose variance is 1 / fan_in, so that they have the variance g^2 / fan_in. It is a
factor of the standard deviation: for relu it is sqrt(2), and its square is the 2 of He's formula.

Every function here returns one float. The mathematics is in README.md beside this file.
"""

import numpy as np


def activation_gain(activation):
    """The gain for a layer that is followed by an activation: it keeps the mean square of the signal at 1.

    activation: a function f that takes a float64 array of any shape and answers entry by entry; it may have a
        kink at 0 and is smooth elsewhere. It accepts numbers between -40 and 40 without complaint.

    Returns gain: 1 / sqrt(E[f(z)^2]) for z standard normal.

    Convention: six digits must be right (relative error at most 1e-6). An integral over a fine grid reaches
    them easily if 0 is one of its points; a mean over random draws does not: a million of them are good for
    three digits. The mean of f is not subtracted: it is E[f(z)^2] that the next layer sees, not a variance.

    Problem `activation_gain`, 8 points. Try: `grader run hw5 --problem activation_gain`.
    Stuck: `grader hint hw5 activation_gain`.
    """
    # Your code here.
    raise NotImplementedError("hw5: activation_gain is not implemented yet")


def random_walk_gain(width, activation):
    """The gain with which the logarithm of a signal's size has no drift, in a network of a finite width.

    width: positive int, how many units every layer has
    activation: "linear" or "relu"

    Returns gain, by the formulas of Sussillo and Abbott (2014):
    linear: exp(1 / (2 width))
    relu: sqrt(2) exp(1.2 / (max(width, 6) - 2.4))

    Both are for weights that are normal with variance gain^2 / width. For wide layers they go to 1 and to
    sqrt(2), the gains that keep the mean square.

    Problem `random_walk_gain`, 4 points. Try: `grader run hw5 --problem random_walk_gain`.
    Stuck: `grader hint hw5 random_walk_gain`.
    """
    # Your code here.
    raise NotImplementedError("hw5: random_walk_gain is not implemented yet")


def fixup_scale(blocks, layers):
    """The factor by which Fixup shrinks weights inside a residual branch.

    blocks: positive int L, how many residual blocks (branches that are added) the network has
    layers: int m, how many weight layers each branch has, at least 2

    Returns scale: L ** (-1 / (2 m - 2)), which multiplies He's weights in every layer of a branch but its
    last one. The last layer of each branch starts at zero, so it has no factor.

    Problem `fixup_scale`, 4 points. Try: `grader run hw5 --problem fixup_scale`.
    Stuck: `grader hint hw5 fixup_scale`.
    """
    # Your code here.
    raise NotImplementedError("hw5: fixup_scale is not implemented yet")
