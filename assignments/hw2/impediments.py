"""hw2, part 3: what impedes learning, made visible.

Conventions, the same everywhere:
- An array of examples has the batch on axis 0, N is how many there are; the units of a layer are on the last
  axis, M is how many there are.
- A weight is `(fan_in, fan_out)`, so a layer computes `x @ w + b`: the weights of unit j are the column
  `w[:, j]`.
- Every answer is a NumPy array. Answers that are yes or no are arrays of booleans; zeros and ones are accepted.
- No function changes its arguments.

The mathematics is in README.md beside this file.
"""

import numpy as np


def standardize(train, test, eps=1e-8):
    """Standardise every feature of two sets of examples by the statistics of the training set.

    train: (N, D), the training examples
    test: (K, D), other examples, K need not be N
    eps: a float

    Returns `(train_out, test_out)`, shaped like train and test:
    train_out = (train - mean) / sqrt(var + eps)
    test_out = (test - mean) / sqrt(var + eps), with the same mean and var

    mean and var are (D,): mean and variance of every feature over the training examples. The variance is the
    biased one (1/N). eps is added to the variance, inside the root; with it a constant feature becomes zero
    in train_out. Neither array is changed.

    Problem `standardize`, 7 points. Try: `grader run hw2 --problem standardize`.
    Stuck: `grader hint hw2 standardize`.
    """
    # Your code here.
    raise NotImplementedError("hw2: standardize is not implemented yet")


def saturated_fraction(slope, threshold=0.01):
    """For every unit the fraction of examples for which it is saturated: its activation is flat there.

    slope: (N, M), the local derivative of the activation for every example and unit: what the backward of an
           activation returns where dout is 1 everywhere
    threshold: a float, at least 0

    Returns fraction: (M,), between 0 and 1: for each unit, for how many of the N examples (divided by N) the
    slope is at most threshold in size.

    Convention: a slope may be negative, its absolute value counts; a slope of exactly the threshold is
    saturated (so that a threshold of 0 counts the slopes that are exactly 0).

    Problem `saturated_fraction`, 5 points. Try: `grader run hw2 --problem saturated_fraction`.
    Stuck: `grader hint hw2 saturated_fraction`.
    """
    # Your code here.
    raise NotImplementedError("hw2: saturated_fraction is not implemented yet")


def dead_units(h):
    """Which units of a layer give the same output for every example.

    h: (N, M), the outputs of a layer's M units for N examples

    Returns dead: (M,) booleans, True where the N outputs of a unit are all equal, whatever their value: 0 as
    for a rectifier that is never on, or any other number.

    Convention: of one example alone (N = 1) nothing can be told apart, so every unit counts as dead.
    In floating point, numbers that are all equal may have a mean that is not quite equal to them, and so a
    standard deviation that is not quite 0: compare the outputs themselves.

    Problem `dead_units`, 6 points. Try: `grader run hw2 --problem dead_units`.
    Stuck: `grader hint hw2 dead_units`.
    """
    # Your code here.
    raise NotImplementedError("hw2: dead_units is not implemented yet")


def per_example_gradients(x, dz):
    """The gradient of a layer's weights for every example by itself, before anything is summed.

    x: (N, D), the layer's inputs
    dz: (N, M), the gradient of the loss with respect to the pre-activations z = x @ w + b

    Returns gradients: (N, D, M): gradients[i] is what example i alone contributes to the gradient with
    respect to w (D, M). Summed over i they are the gradient with respect to w.

    Convention: nothing is divided by N. Where the loss is a mean, its 1/N is in dz already.

    Problem `per_example_gradients`, 6 points.
    Try: `grader run hw2 --problem per_example_gradients`.
    Stuck: `grader hint hw2 per_example_gradients`.
    """
    # Your code here.
    raise NotImplementedError("hw2: per_example_gradients is not implemented yet")


def sign_agreement(gradients):
    """Whether all weight gradients of a unit have one sign: for every example, and for the whole batch.

    gradients: (N, D, M), for every example the gradient with respect to the weights (D, M), as from
               `per_example_gradients`

    Returns `(each, batch)`:
    each: (N, M) booleans, for example i and unit j whether the D numbers gradients[i, :, j] have one sign
    batch: (M,) booleans, for unit j whether the D gradients of the batch have one sign; the gradient of the
           batch is the sum of those of its examples

    Convention: a zero has no sign and agrees with everything. So the answer is False where there is a
    positive number and a negative one, and True everywhere else.

    Problem `sign_agreement`, 5 points. Try: `grader run hw2 --problem sign_agreement`.
    Stuck: `grader hint hw2 sign_agreement`.
    """
    # Your code here.
    raise NotImplementedError("hw2: sign_agreement is not implemented yet")


def gradient_norms(x, w, dout):
    """How large the gradient is at every layer of a deep sigmoid network.

    x: (N, D), the inputs
    w: (L, D, D), the weights of L layers; w[0] belongs to the first layer, the one that sees x
    dout: (N, D), the gradient of the loss with respect to the output of the last layer

    The network has no biases: h[0] = x, and h[l + 1] = sigmoid(h[l] @ w[l]) for l = 0 .. L-1.

    Returns norms: (L + 1,): norms[l] is the size of the gradient of the loss with respect to h[l], the square
    root of the sum of the squares of its N D entries. norms[L] is the size of dout, norms[0] that of the
    gradient with respect to x.

    L may be any number from 1 on. Neither x, w nor dout is changed.

    Problem `gradient_norms`, 8 points. Try: `grader run hw2 --problem gradient_norms`.
    Stuck: `grader hint hw2 gradient_norms`.
    """
    # Your code here.
    raise NotImplementedError("hw2: gradient_norms is not implemented yet")


def identical_units(w_in, b, w_out):
    """Which hidden units are copies of one another, and will stay so under gradient descent.

    w_in: (D, M), weights into the M hidden units; unit j has the column w_in[:, j]
    b: (M,), their biases
    w_out: (M, C), weights out of them; unit j has the row w_out[j]

    The network is h = f(x @ w_in + b), out = h @ w_out + c, with an activation f that is the same for all
    hidden units.

    Returns first: (M,) integers: first[j] is the smallest k such that unit k is a copy of unit j. A unit
    without copies, or the first of its copies, has its own number: first[j] = j.

    Units are copies where everything that belongs to them is equal: all weights in, the bias, and all weights
    out. Compare exactly. README.md says why the weights out matter.

    Problem `identical_units`, 6 points. Try: `grader run hw2 --problem identical_units`.
    Stuck: `grader hint hw2 identical_units`.
    """
    # Your code here.
    raise NotImplementedError("hw2: identical_units is not implemented yet")
