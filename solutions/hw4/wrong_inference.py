"""Wrong versions of what batch normalisation does when training is over, or put on hold."""

import numpy as np
from inference import (
    fold_batchnorm,
    frozen_batchnorm_backward,
    frozen_batchnorm_forward,
    population_statistics,
)

from grader.catalogue import Mistakes

MISTAKES = Mistakes()
mistake = MISTAKES.add
STATISTICS = "See 'Statistics for test time' in the handout."
FOLDING = "See 'Folding' in the handout."
FROZEN = "See 'Frozen statistics' in the handout."


# --- population_statistics ----------------------------------------------------------------------------------


@mistake(
    "population-biased",
    "population_statistics",
    "The factor m / (m - 1) is missing. A batch's biased variance is too small on average, because its "
    f"own mean lies in the middle of it; the population's is larger by that factor. {STATISTICS}",
)
def population_biased(batches):
    m = batches.shape[1]
    mean, var = population_statistics(batches)
    return mean, var * (m - 1) / m


@mistake(
    "population-factor-of-batches",
    "population_statistics",
    "The correction counts batches where it should count the examples of one batch: m is how many numbers "
    f"each variance was taken from. {STATISTICS}",
)
def population_factor_of_batches(batches):
    b, m, _ = batches.shape
    mean, var = population_statistics(batches)
    return mean, var * (m - 1) / m * (b / (b - 1) if b > 1 else 1)


@mistake(
    "population-around-the-global-mean",
    "population_statistics",
    "The variance is taken over all examples at once, around the one global mean. Asked is the average of "
    f"the variances of the batches, each around its own mean, times m / (m - 1). {STATISTICS}",
)
def population_around_the_global_mean(batches):
    return population_statistics(batches)[0], batches.reshape(-1, batches.shape[2]).var(axis=0, ddof=1)


@mistake(
    "population-factor-upside-down",
    "population_statistics",
    "The factor is (m - 1) / m, which makes a variance that is too small smaller still. The unbiased one "
    f"has m - 1 below the line. {STATISTICS}",
)
def population_factor_upside_down(batches):
    m = batches.shape[1]
    mean, var = population_statistics(batches)
    return mean, var * ((m - 1) / m) ** 2


@mistake(
    "population-averaged-deviations",
    "population_statistics",
    "Standard deviations are averaged and then squared. The root of a mean is not the mean of the roots: "
    f"average the variances. {STATISTICS}",
)
def population_averaged_deviations(batches):
    m = batches.shape[1]
    return population_statistics(batches)[0], m / (m - 1) * batches.std(axis=1).mean(axis=0) ** 2


@mistake(
    "population-variance-of-means",
    "population_statistics",
    "The variance is that of the batch means: how far batches lie apart, not how far examples do. It "
    f"would shrink with the size of the batches. {STATISTICS}",
)
def population_variance_of_means(batches):
    return population_statistics(batches)[0], batches.mean(axis=1).var(axis=0)


# --- fold_batchnorm -----------------------------------------------------------------------------------------


def _fold(change):
    """Return a fold where `change(w, b, gain, gamma, beta, mean)` makes the two results."""

    def fold(w, b, gamma, beta, running_mean, running_var, eps=1e-5):
        gain = gamma / np.sqrt(running_var + eps)
        return change(w, b, gain, gamma, beta, running_mean)

    return fold


mistake(
    "fold-bias-not-scaled",
    "fold_batchnorm",
    "The bias is shifted but not scaled. Batch normalisation multiplies all of x @ w + b by the gain, and "
    f"the bias is part of that. {FOLDING}",
)(_fold(lambda w, b, gain, gamma, beta, mean: (w * gain, b - mean + beta)))

mistake(
    "fold-mean-not-scaled",
    "fold_batchnorm",
    "The running mean is subtracted after the scaling, so it is not scaled itself. It is subtracted "
    f"first, and what is left is scaled. {FOLDING}",
)(_fold(lambda w, b, gain, gamma, beta, mean: (w * gain, b * gain - mean + beta)))

mistake(
    "fold-bias-alone-not-scaled",
    "fold_batchnorm",
    "The running mean is scaled, but the layer's own bias is not. Batch normalisation multiplies all of x @ w + b by "
    f"the gain, less the scaled mean. {FOLDING}",
)(_fold(lambda w, b, gain, gamma, beta, mean: (w * gain, b - mean * gain + beta)))

mistake(
    "fold-bias-forgotten",
    "fold_batchnorm",
    "The layer's own bias is lost. While training the mean takes it away, but the running mean has it in "
    f"it, and here both must appear. {FOLDING}",
)(_fold(lambda w, b, gain, gamma, beta, mean: (w * gain, beta - mean * gain)))

mistake(
    "fold-gamma-forgotten",
    "fold_batchnorm",
    "gamma is left out: weights and bias are only divided by the standard deviation. gamma scales the "
    f"output as well, so it belongs to the gain. {FOLDING}",
)(_fold(lambda w, b, gain, gamma, beta, mean: (w * gain / gamma, (b - mean) * gain / gamma + beta)))

mistake(
    "fold-beta-forgotten",
    "fold_batchnorm",
    f"beta is left out of the folded bias. It is added at the very end, to whatever the rest gives. {FOLDING}",
)(_fold(lambda w, b, gain, gamma, beta, mean: (w * gain, (b - mean) * gain)))


@mistake(
    "fold-root-missing",
    "fold_batchnorm",
    "The gain divides by the variance, not by its root. Batch normalisation divides by a standard "
    f"deviation, at test time as in training. {FOLDING}",
)
def fold_root_missing(w, b, gamma, beta, running_mean, running_var, eps=1e-5):
    gain = gamma / (running_var + eps)
    return w * gain, (b - running_mean) * gain + beta


@mistake(
    "fold-eps-forgotten",
    "fold_batchnorm",
    "eps is left out. The folded layer must do what the two layers did, and they had an eps under the "
    f"root; with 0.2 it shows. {FOLDING}",
)
def fold_eps_forgotten(w, b, gamma, beta, running_mean, running_var, eps=1e-5):
    return fold_batchnorm(w, b, gamma, beta, running_mean, running_var, 0.0)


# --- frozen_batchnorm ---------------------------------------------------------------------------------------


@mistake(
    "frozen-statistics-updated",
    "frozen_batchnorm_forward",
    "The running statistics are still updated in train mode. Frozen means that they are neither learned "
    f"nor tracked: otherwise fine-tuning on a few examples slowly replaces what was known. {FROZEN}",
)
def frozen_statistics_updated(x, gamma, beta, bn_param):
    result = frozen_batchnorm_forward(x, gamma, beta, bn_param)
    if bn_param["mode"] == "train":
        bn_param["running_mean"] = 0.9 * bn_param["running_mean"] + 0.1 * x.mean(axis=0)
        bn_param["running_var"] = 0.9 * bn_param["running_var"] + 0.1 * x.var(axis=0)
    return result


@mistake(
    "frozen-batch-statistics",
    "frozen_batchnorm_forward",
    "In train mode the batch's own statistics normalise. A frozen layer uses the running ones in both "
    f"modes: the mode of the network around it does not matter. {FROZEN}",
)
def frozen_batch_statistics(x, gamma, beta, bn_param):
    if bn_param["mode"] == "train":
        own = {**bn_param, "running_mean": x.mean(axis=0), "running_var": x.var(axis=0)}
        return frozen_batchnorm_forward(x, gamma, beta, own)
    return frozen_batchnorm_forward(x, gamma, beta, bn_param)


@mistake(
    "frozen-eps-outside-the-root",
    "frozen_batchnorm_forward",
    f"eps is added to the standard deviation, outside the root; it belongs to the variance, as everywhere. {FROZEN}",
    follow=True,
)
def frozen_eps_outside_the_root(x, gamma, beta, bn_param):
    b = 1 / (np.sqrt(bn_param["running_var"]) + bn_param.get("eps", 1e-5))
    xhat = (x - bn_param["running_mean"]) * b
    return gamma * xhat + beta, (xhat, b, gamma)


@mistake(
    "frozen-root-missing",
    "frozen_batchnorm_forward",
    "The deviations are divided by the running variance, not by its root. What is kept is a variance; a "
    f"standard deviation is what divides. {FROZEN}",
    follow=True,
)
def frozen_root_missing(x, gamma, beta, bn_param):
    b = 1 / (bn_param["running_var"] + bn_param.get("eps", 1e-5))
    xhat = (x - bn_param["running_mean"]) * b
    return gamma * xhat + beta, (xhat, b, gamma)


@mistake(
    "frozen-backward-through-the-batch",
    "frozen_batchnorm_backward",
    "dx has the correcting terms of batch normalisation in training. Frozen statistics are constants, x "
    f"does not act on them, and only the direct path is there. {FROZEN}",
)
def frozen_backward_through_the_batch(dout, cache):
    xhat, b, gamma = cache
    dxhat = dout * gamma
    dx = b * (dxhat - dxhat.mean(axis=0) - xhat * (dxhat * xhat).mean(axis=0))
    return (dx, *frozen_batchnorm_backward(dout, cache)[1:])


@mistake(
    "frozen-backward-gamma-forgotten",
    "frozen_batchnorm_backward",
    f"gamma is missing in dx: the slope of the layer is gamma over the standard deviation, and both count. {FROZEN}",
)
def frozen_backward_gamma_forgotten(dout, cache):
    return (dout * cache[1], *frozen_batchnorm_backward(dout, cache)[1:])


@mistake(
    "frozen-backward-not-divided",
    "frozen_batchnorm_backward",
    "dx is not divided by the standard deviation. The running variance is a constant, but a constant that "
    f"multiplies stays in the gradient. {FROZEN}",
)
def frozen_backward_not_divided(dout, cache):
    return (dout * cache[2], *frozen_batchnorm_backward(dout, cache)[1:])


@mistake(
    "frozen-backward-dgamma-of-x",
    "frozen_batchnorm_backward",
    f"dgamma has the deviation x - running_mean where the normalised value belongs: gamma multiplies xhat. {FROZEN}",
)
def frozen_backward_dgamma_of_x(dout, cache):
    dx, _, dbeta = frozen_batchnorm_backward(dout, cache)
    return dx, (dout * (cache[0] / cache[1])).sum(axis=0), dbeta


@mistake(
    "frozen-backward-parameters-frozen",
    "frozen_batchnorm_backward",
    "dgamma and dbeta are zero. Whether they are used is the optimiser's business; what is asked here are "
    f"the gradients, and both act on the output. {FROZEN}",
)
def frozen_backward_parameters_frozen(dout, cache):
    dx, dgamma, dbeta = frozen_batchnorm_backward(dout, cache)
    return dx, 0 * dgamma, 0 * dbeta
