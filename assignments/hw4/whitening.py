"""hw4, part 5: what batch normalisation is the cheap form of, and what goes wrong without its gradient."""

import numpy as np


def whiten(x, eps=1e-5):
    """ZCA whitening: decorrelate the features of a batch and scale them to variance 1.

    x: (N, D)
    eps: float, added to every diagonal entry of the covariance

    Returns `(out, matrix)`: out (N, D) = (x - mu) @ matrix, where mu is the mean over the batch, and the
    symmetric (D, D) matrix is the inverse square root of the biased covariance plus eps times the identity:
        matrix @ matrix @ (covariance + eps I) = I
    No argument is changed. `np.linalg.eigh` takes a symmetric matrix apart.

    Problem `whiten`, 5 points. Try: `grader run hw4 --problem whiten`.
    Stuck: `grader hint hw4 whiten`.
    """
    # Your code here.
    raise NotImplementedError("hw4: whiten is not implemented yet")


def bias_drift(u, b, target, learning_rate, steps):
    """Gradient descent on a bias in front of a normalisation that is left out of the gradient.

    u: (N, D), what comes in; b: (D,), the bias; target: (N, D)
    learning_rate: float; steps: int

    Returns `(biases, out)`: biases (steps + 1, D), the bias before the first step and after each one; out (N, D),
    the output with the last bias. No argument is changed.

    The layer only centres, out = (u + b) - mean over the batch of (u + b), and the loss is the sum of all
    (out - target)^2. In every step the gradient by b is taken as if that mean were a constant, and b moves
    against it: b = b - learning_rate * gradient.

    Problem `bias_drift`, 3 points. Try: `grader run hw4 --problem bias_drift`.
    Stuck: `grader hint hw4 bias_drift`.
    """
    # Your code here.
    raise NotImplementedError("hw4: bias_drift is not implemented yet")
