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
    """
    a = x - x.mean(axis=0)
    covariance = a.T @ a / len(x) + eps * np.eye(x.shape[1])
    # LAPACK knows float64 at most.
    values, vectors = np.linalg.eigh(covariance.astype(np.float64))
    matrix = vectors / np.sqrt(values) @ vectors.T
    return a @ matrix, matrix


def bias_drift(u, b, target, learning_rate, steps):
    """Gradient descent on a bias in front of a normalisation that is left out of the gradient.

    u: (N, D), what comes in; b: (D,), the bias; target: (N, D)
    learning_rate: float; steps: int

    Returns `(biases, out)`: biases (steps + 1, D), the bias before the first step and after each one; out (N, D),
    the output with the last bias. No argument is changed.

    The layer only centres, out = (u + b) - mean over the batch of (u + b), and the loss is the sum of all
    (out - target)^2. In every step the gradient by b is taken as if that mean were a constant, and b moves
    against it: b = b - learning_rate * gradient.
    """
    biases = [b]
    for _ in range(steps):
        shifted = u + biases[-1]
        out = shifted - shifted.mean(axis=0)
        biases.append(biases[-1] - learning_rate * 2 * (out - target).sum(axis=0))
    shifted = u + biases[-1]
    return np.array(biases), shifted - shifted.mean(axis=0)
