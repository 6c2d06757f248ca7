"""Wrong versions of whitening, and of the drift of a bias."""

import numpy as np
from whitening import bias_drift, whiten

from grader.catalogue import Mistakes

MISTAKES = Mistakes()
mistake = MISTAKES.add
ZCA = "See 'Whitening' in the handout."
DRIFT = "See 'What a gradient must not leave out' in the handout."


def _parts(x, eps):
    """Return the deviations, the eigenvalues of covariance plus eps, and the eigenvectors."""
    a = x - x.mean(axis=0)
    values, vectors = np.linalg.eigh(a.T @ a / len(x) + eps * np.eye(x.shape[1]))
    return a, values, vectors


def _with(matrix):
    """Return a whitening whose matrix is `matrix(values, vectors)`."""

    def wrong(x, eps=1e-5):
        a, values, vectors = _parts(x, eps)
        found = matrix(values, vectors)
        return a @ found, found

    return wrong


mistake(
    "whiten-inverse-for-root",
    "whiten",
    "The matrix is the inverse of the covariance, not its inverse square root. Then the variance comes "
    "out as one over what it was; some notes write it so. With one feature: divide by the standard "
    f"deviation, not by the variance. {ZCA}",
)(_with(lambda values, vectors: vectors / values @ vectors.T))

mistake(
    "whiten-root-not-inverted",
    "whiten",
    "The matrix is the square root of the covariance, not the inverse of that root: what varies much varies more. "
    f"{ZCA}",
)(_with(lambda values, vectors: vectors * np.sqrt(values) @ vectors.T))

mistake(
    "whiten-not-turned-back",
    "whiten",
    "The deviations are turned to the axes of the covariance, scaled there, and left there. That is white "
    "too (PCA whitening), but the features are mixed; ZCA turns them back, and its matrix is symmetric. "
    f"{ZCA}",
)(_with(lambda values, vectors: vectors / np.sqrt(values)))

mistake(
    "whiten-features-one-by-one",
    "whiten",
    "Only the variances are used, feature by feature: the matrix is diagonal. That is batch "
    f"normalisation; correlations between features stay. {ZCA}",
)(_with(lambda values, vectors: np.diag(1 / np.sqrt(((vectors * values) @ vectors.T).diagonal()))))


@mistake(
    "whiten-mean-not-subtracted",
    "whiten",
    "x itself is multiplied by the matrix, not x - mu, so the output is not centred. One set of notes has "
    f"a plus there. {ZCA}",
)
def whiten_mean_not_subtracted(x, eps=1e-5):
    _, matrix = whiten(x, eps)
    return x @ matrix, matrix


@mistake(
    "whiten-unbiased-covariance",
    "whiten",
    f"The covariance has N - 1 below the line. Asked is the biased one, with N, as in every normalisation here. {ZCA}",
)
def whiten_unbiased_covariance(x, eps=1e-5):
    n = len(x)
    factor = n / max(n - 1, 1)
    _, matrix = whiten(x * np.sqrt(factor), eps)
    return (x - x.mean(axis=0)) @ matrix, matrix


@mistake(
    "whiten-eps-forgotten",
    "whiten",
    "eps is not added to the covariance. With fewer examples than features, or a constant one, some "
    f"direction has no variance at all, and its root cannot be inverted. {ZCA}",
)
def whiten_eps_forgotten(x, eps=1e-5):
    a, values, vectors = _parts(x, 0.0)
    matrix = vectors / np.sqrt(np.maximum(values, 1e-300)) @ vectors.T
    return a @ matrix, matrix


@mistake(
    "whiten-sum-for-mean",
    "whiten",
    "The output is multiplied with the covariance of a sum over N, not of a mean: the covariance is not "
    f"divided by the number of examples. {ZCA}",
)
def whiten_sum_for_mean(x, eps=1e-5):
    _, matrix = whiten(x * np.sqrt(len(x)), eps)
    return (x - x.mean(axis=0)) @ matrix, matrix


# --- bias_drift ---------------------------------------------------------------------------------------------


@mistake(
    "drift-full-gradient",
    "bias_drift",
    "The bias stays where it is: the whole gradient was taken, mean included, and it is zero. That is the "
    f"right way to train, but here the wrong way is asked, to see what it does. {DRIFT}",
)
def drift_full_gradient(u, b, target, learning_rate, steps):
    return np.tile(b, (steps + 1, 1)), bias_drift(u, b, target, learning_rate, steps)[1]


@mistake(
    "drift-uphill",
    "bias_drift",
    f"The bias moves along the gradient, not against it: descent subtracts. {DRIFT}",
)
def drift_uphill(u, b, target, learning_rate, steps):
    return bias_drift(u, b, target, -learning_rate, steps)


@mistake(
    "drift-mean-kept",
    "bias_drift",
    "The mean that is subtracted is the one of the beginning, and never computed again. Then the output "
    f"moves with the bias; in a real layer every forward pass subtracts its own mean. {DRIFT}",
)
def drift_mean_kept(u, b, target, learning_rate, steps):
    biases, shift = [b], (u + b).mean(axis=0)
    for _ in range(steps):
        gradient = 2 * (u + biases[-1] - shift - target).sum(axis=0)
        biases.append(biases[-1] - learning_rate * gradient)
    return np.array(biases), u + biases[-1] - shift


@mistake(
    "drift-averaged",
    "bias_drift",
    "The gradient is a mean over the batch. The loss here is a plain sum, and the bias is used by every "
    f"example, so its gradient is a sum. {DRIFT}",
)
def drift_averaged(u, b, target, learning_rate, steps):
    return bias_drift(u, b, target, learning_rate / len(u), steps)


@mistake(
    "drift-factor-two",
    "bias_drift",
    f"The factor 2 of the square's derivative is missing: this loss has no 1/2 in front of it. {DRIFT}",
)
def drift_factor_two(u, b, target, learning_rate, steps):
    return bias_drift(u, b, target, learning_rate / 2, steps)
