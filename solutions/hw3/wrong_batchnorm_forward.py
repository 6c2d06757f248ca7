"""Wrong forward passes of batch normalisation: training, test time, running statistics."""

from typing import NamedTuple

import numpy as np
from batchnorm import batchnorm_forward

from grader.catalogue import Mistakes

MISTAKES = Mistakes()
mistake = MISTAKES.add


# --- batchnorm_forward, training --------------------------------------------------------------------------


class _Options(NamedTuple):
    """What bn_param says, defaults filled in."""

    train: bool
    eps: float
    momentum: float
    running_mean: np.ndarray
    running_var: np.ndarray


def _options(x, bn_param):
    zeros = np.zeros(x.shape[1])
    return _Options(
        bn_param["mode"] == "train",
        bn_param.get("eps", 1e-5),
        bn_param.get("momentum", 0.9),
        bn_param.get("running_mean", zeros),
        bn_param.get("running_var", zeros),
    )


def _statistics(x, bn_param):
    """Return the mean and variance that the mode calls for."""
    options = _options(x, bn_param)
    return (x.mean(axis=0), x.var(axis=0)) if options.train else (options.running_mean, options.running_var)


def _scaled(x, gamma, beta, bn_param, scale):
    """Normalise with `scale(var, eps)` in place of the right factor, in both modes; the rest is right."""
    mu, var = _statistics(x, bn_param)
    batchnorm_forward(x, gamma, beta, bn_param)
    a, b = x - mu, scale(var, bn_param.get("eps", 1e-5))
    return gamma * (a * b) + beta, (a, b, gamma)


def _combined(x, gamma, beta, bn_param, combine):
    """Return `combine(xhat)` for the output, in both modes; the rest is right."""
    _, (a, b, _) = batchnorm_forward(x, gamma, beta, bn_param)
    return combine(a * b), (a, b, gamma)


def _remember(bn_param, options, mean, var):
    """Store running statistics, right but for what comes in."""
    bn_param["running_mean"] = options.momentum * options.running_mean + (1 - options.momentum) * mean
    bn_param["running_var"] = options.momentum * options.running_var + (1 - options.momentum) * var


@mistake(
    "bn-forward-eps-missing",
    "batchnorm_forward",
    "eps is left out. It is there for features that hardly vary: where the variance is zero, for a constant "
    "column or a batch of one, this divides zero by zero. See 'Forward, while training' in the handout.",
    follow=True,
)
def bn_forward_eps_missing(x, gamma, beta, bn_param):
    return _scaled(x, gamma, beta, bn_param, lambda var, eps: 1 / np.sqrt(var))


@mistake(
    "bn-forward-eps-hard-coded",
    "batchnorm_forward",
    "eps is 1e-5 whatever bn_param says. That number is only the default; cases with another eps tell the "
    "difference at once. See 'Forward, while training' in the handout.",
    follow=True,
)
def bn_forward_eps_hard_coded(x, gamma, beta, bn_param):
    return _scaled(x, gamma, beta, bn_param, lambda var, eps: 1 / np.sqrt(var + 1e-5))


@mistake(
    "bn-forward-eps-outside-the-root",
    "batchnorm_forward",
    "eps is added to the standard deviation, outside the root. A slide writes it so, a later one does not, "
    "and the second is meant everywhere. With a tiny eps the two look alike, but not for a feature that "
    "hardly varies. See the traps in 'Forward, while training' in the handout.",
    follow=True,
)
def bn_forward_eps_outside_the_root(x, gamma, beta, bn_param):
    return _scaled(x, gamma, beta, bn_param, lambda var, eps: 1 / (np.sqrt(var) + eps))


@mistake(
    "bn-forward-root-missing",
    "batchnorm_forward",
    "The deviations are divided by the variance, not by its root. The output of a feature measured in metres "
    "and the same one in millimetres should agree, and here they do not. See 'Forward, while training' in "
    "the handout.",
    follow=True,
)
def bn_forward_root_missing(x, gamma, beta, bn_param):
    return _scaled(x, gamma, beta, bn_param, lambda var, eps: 1 / (var + eps))


@mistake(
    "bn-forward-unbiased-variance",
    "batchnorm_forward",
    "The batch's variance is the unbiased one, with N - 1 below the line. Batch normalisation uses the mean "
    "of the squared deviations; with a batch of one the other divides by zero. See 'Forward, while training' "
    "in the handout.",
    follow=True,
)
def bn_forward_unbiased_variance(x, gamma, beta, bn_param):
    options = _options(x, bn_param)
    if not options.train:
        return batchnorm_forward(x, gamma, beta, bn_param)
    mu, var = x.mean(axis=0), x.var(axis=0, ddof=1)
    _remember(bn_param, options, mu, var)
    a, b = x - mu, 1 / np.sqrt(var + options.eps)
    return gamma * (a * b) + beta, (a, b, gamma)


@mistake(
    "bn-forward-gamma-forgotten",
    "batchnorm_forward",
    "gamma has no effect on the output. It lets the network choose the scale of a feature after it has been "
    "normalised. See 'Forward, while training' in the handout.",
    follow=True,
)
def bn_forward_gamma_forgotten(x, gamma, beta, bn_param):
    return _combined(x, gamma, beta, bn_param, lambda xhat: xhat + beta)


@mistake(
    "bn-forward-beta-forgotten",
    "batchnorm_forward",
    "beta has no effect on the output. It does the work of the bias, which the mean has taken away. See "
    "'Forward, while training' in the handout.",
    follow=True,
)
def bn_forward_beta_forgotten(x, gamma, beta, bn_param):
    return _combined(x, gamma, beta, bn_param, lambda xhat: gamma * xhat)


@mistake(
    "bn-forward-gamma-and-beta-forgotten",
    "batchnorm_forward",
    "The output is the normalised x itself: the learned scale and shift are left out. With gamma = 1 and "
    "beta = 0, where training starts, nobody notices. See 'Forward, while training' in the handout.",
    follow=True,
)
def bn_forward_gamma_and_beta_forgotten(x, gamma, beta, bn_param):
    return _combined(x, gamma, beta, bn_param, lambda xhat: xhat)


@mistake(
    "bn-forward-gamma-and-beta-exchanged",
    "batchnorm_forward",
    "gamma and beta have changed places: the shift multiplies and the scale is added. Both have one number "
    "for each feature, so every shape fits. See 'Forward, while training' in the handout.",
    follow=True,
)
def bn_forward_gamma_and_beta_exchanged(x, gamma, beta, bn_param):
    return _combined(x, gamma, beta, bn_param, lambda xhat: beta * xhat + gamma)


@mistake(
    "bn-forward-gamma-scales-beta",
    "batchnorm_forward",
    "beta is added before gamma multiplies, so the shift is scaled as well. Scale first, shift afterwards: "
    "beta alone is then the mean of the output. See 'Forward, while training' in the handout.",
    follow=True,
)
def bn_forward_gamma_scales_beta(x, gamma, beta, bn_param):
    return _combined(x, gamma, beta, bn_param, lambda xhat: gamma * (xhat + beta))


@mistake(
    "bn-forward-mean-added",
    "batchnorm_forward",
    "The batch's mean is added where it should be taken away, a misprint of the notes. The output then has "
    "twice the mean instead of none. See the traps in 'Forward, while training' in the handout.",
)
def bn_forward_mean_added(x, gamma, beta, bn_param):
    mu, _ = _statistics(x, bn_param)
    _, (_, b, _) = batchnorm_forward(x, gamma, beta, bn_param)
    return gamma * ((x + mu) * b) + beta, (x + mu, b, gamma)


@mistake(
    "bn-forward-over-features",
    "batchnorm_forward",
    "Mean and variance are taken along each example, over its features. That is layer normalisation. Here "
    "each feature is normalised over the batch, by statistics that all examples share. See 'Forward, while "
    "training' in the handout.",
)
def bn_forward_over_features(x, gamma, beta, bn_param):
    options = _options(x, bn_param)
    if not options.train:
        return batchnorm_forward(x, gamma, beta, bn_param)
    mu, var = x.mean(axis=1, keepdims=True), x.var(axis=1, keepdims=True)
    _remember(bn_param, options, mu, var)
    a, b = x - mu, 1 / np.sqrt(var + options.eps)
    return gamma * (a * b) + beta, (a, b, gamma)


@mistake(
    "bn-forward-over-everything",
    "batchnorm_forward",
    "There is one mean and one variance for the whole array. Features have different sizes and units; each "
    "column is normalised by its own statistics. See 'Forward, while training' in the handout.",
)
def bn_forward_over_everything(x, gamma, beta, bn_param):
    options = _options(x, bn_param)
    if not options.train:
        return batchnorm_forward(x, gamma, beta, bn_param)
    mu, var = x.mean(), x.var()
    _remember(bn_param, options, mu, var)
    a, b = x - mu, 1 / np.sqrt(var + options.eps)
    return gamma * (a * b) + beta, (a, b, gamma)


@mistake(
    "bn-forward-running-statistics-in-training",
    "batchnorm_forward",
    "Training normalises with the running statistics. They are kept for test time only; while training, the "
    "batch is normalised by its own mean and variance, and gradients flow through both. See 'Running "
    "statistics, and test time' in the handout.",
)
def bn_forward_running_statistics_in_training(x, gamma, beta, bn_param):
    batchnorm_forward(x, gamma, beta, bn_param)
    return batchnorm_forward(x, gamma, beta, {**bn_param, "mode": "test"})


@mistake(
    "bn-forward-options-required",
    "batchnorm_forward",
    "Entries of bn_param are read as if they were always there. Only the mode is; eps, momentum and the "
    "running statistics may be missing and have defaults. See 'Running statistics, and test time' in the "
    "handout.",
)
def bn_forward_options_required(x, gamma, beta, bn_param):
    for name in ("eps", "momentum", "running_mean", "running_var"):
        bn_param[name]
    return batchnorm_forward(x, gamma, beta, bn_param)


# --- batchnorm_forward, test time -------------------------------------------------------------------------


def _tested(x, gamma, beta, bn_param, scale):
    """Normalise with `scale(var, eps)` at test time only."""
    if bn_param["mode"] == "train":
        return batchnorm_forward(x, gamma, beta, bn_param)
    return _scaled(x, gamma, beta, bn_param, scale)


@mistake(
    "bn-test-eps-missing",
    "batchnorm_forward",
    "eps is left out at test time. The formula is the same in both modes, and a running variance may be "
    "small or still zero. See 'Running statistics, and test time' in the handout.",
)
def bn_test_eps_missing(x, gamma, beta, bn_param):
    return _tested(x, gamma, beta, bn_param, lambda var, eps: 1 / np.sqrt(var))


@mistake(
    "bn-test-eps-hard-coded",
    "batchnorm_forward",
    "At test time eps is 1e-5 whatever bn_param says. The network was trained with another one, and its "
    "outputs shift between training and test. See 'Running statistics, and test time' in the handout.",
)
def bn_test_eps_hard_coded(x, gamma, beta, bn_param):
    return _tested(x, gamma, beta, bn_param, lambda var, eps: 1 / np.sqrt(var + 1e-5))


@mistake(
    "bn-test-eps-outside-the-root",
    "batchnorm_forward",
    "At test time eps is added to the standard deviation, outside the root. The formula is the same in both "
    "modes. See 'Running statistics, and test time' in the handout.",
)
def bn_test_eps_outside_the_root(x, gamma, beta, bn_param):
    return _tested(x, gamma, beta, bn_param, lambda var, eps: 1 / (np.sqrt(var) + eps))


@mistake(
    "bn-test-root-missing",
    "batchnorm_forward",
    "At test time the deviations are divided by the running variance, not by its root. What is kept between "
    "the batches is a variance. See 'Running statistics, and test time' in the handout.",
)
def bn_test_root_missing(x, gamma, beta, bn_param):
    return _tested(x, gamma, beta, bn_param, lambda var, eps: 1 / (var + eps))


@mistake(
    "bn-test-without-gamma-and-beta",
    "batchnorm_forward",
    "At test time the learned scale and shift are left out. They are part of the network, and the layers "
    "behind have been trained on outputs that have them. See 'Running statistics, and test time' in the "
    "handout.",
)
def bn_test_without_gamma_and_beta(x, gamma, beta, bn_param):
    if bn_param["mode"] == "train":
        return batchnorm_forward(x, gamma, beta, bn_param)
    return batchnorm_forward(x, np.ones_like(gamma), np.zeros_like(beta), bn_param)


@mistake(
    "bn-test-batch-statistics",
    "batchnorm_forward",
    "Test time uses the mean and variance of the batch. Then the output for one example depends on what else "
    "is in the batch, and a single example gives beta whatever it is. See 'Running statistics, and test "
    "time' in the handout.",
)
def bn_test_batch_statistics(x, gamma, beta, bn_param):
    if bn_param["mode"] == "train":
        return batchnorm_forward(x, gamma, beta, bn_param)
    return batchnorm_forward(x, gamma, beta, {**bn_param, "mode": "train"})


@mistake(
    "bn-mode-ignored",
    "batchnorm_forward",
    "Both modes do the same: test time normalises with the batch's own statistics and updates the running "
    "ones. Test time must only read what training has stored. See 'Running statistics, and test time' in the "
    "handout.",
)
def bn_mode_ignored(x, gamma, beta, bn_param):
    mode, bn_param["mode"] = bn_param["mode"], "train"
    out = batchnorm_forward(x, gamma, beta, bn_param)
    bn_param["mode"] = mode
    return out


# --- batchnorm_forward, running statistics ------------------------------------------------------------------


@mistake(
    "bn-running-updated-at-test-time",
    "batchnorm_forward",
    "The running statistics change at test time too. A network would go on learning from the examples that "
    "it is tested on, and the order of the tests would matter. See 'Running statistics, and test time' in "
    "the handout.",
)
def bn_running_updated_at_test_time(x, gamma, beta, bn_param):
    options = _options(x, bn_param)
    result = batchnorm_forward(x, gamma, beta, bn_param)
    _remember(bn_param, options, x.mean(axis=0), x.var(axis=0))
    return result


@mistake(
    "bn-running-never-stored",
    "batchnorm_forward",
    "The new running statistics are computed but not written to bn_param. A name inside a function is gone "
    "when it returns, and at test time there is nothing to read. See 'Running statistics, and test time' in "
    "the handout.",
)
def bn_running_never_stored(x, gamma, beta, bn_param):
    return batchnorm_forward(x, gamma, beta, dict(bn_param))


@mistake(
    "bn-running-overwritten",
    "batchnorm_forward",
    "The running statistics are simply those of the last batch. They should average over many batches, so "
    "that the last one, which may be an odd one, has a small say. See 'Running statistics, and test time' in "
    "the handout.",
)
def bn_running_overwritten(x, gamma, beta, bn_param):
    result = batchnorm_forward(x, gamma, beta, bn_param)
    if bn_param["mode"] == "train":
        bn_param["running_mean"], bn_param["running_var"] = x.mean(axis=0), x.var(axis=0)
    return result


@mistake(
    "bn-running-momentum-swapped",
    "batchnorm_forward",
    "Old and new have changed places in the average: momentum multiplies the batch. It is the weight of the "
    "old value here; another library has it the other way round, with 0.1 for 0.9. See the table in 'Running "
    "statistics, and test time' in the handout.",
)
def bn_running_momentum_swapped(x, gamma, beta, bn_param):
    options = _options(x, bn_param)
    result = batchnorm_forward(x, gamma, beta, bn_param)
    if options.train:
        _remember(bn_param, options._replace(momentum=1 - options.momentum), x.mean(axis=0), x.var(axis=0))
    return result


@mistake(
    "bn-running-momentum-hard-coded",
    "batchnorm_forward",
    "The momentum is 0.9 whatever bn_param says. That number is only the default. See 'Running statistics, "
    "and test time' in the handout.",
)
def bn_running_momentum_hard_coded(x, gamma, beta, bn_param):
    options = _options(x, bn_param)
    result = batchnorm_forward(x, gamma, beta, bn_param)
    if options.train:
        _remember(bn_param, options._replace(momentum=0.9), x.mean(axis=0), x.var(axis=0))
    return result


@mistake(
    "bn-running-momentum-of-another-library",
    "batchnorm_forward",
    "Where momentum is not given, 0.1 is used. The notes recommend about 0.1 beside a formula in which it "
    "multiplies the old value; the number belongs to a library where it multiplies the new one. As it stands "
    "nearly everything is forgotten at every step. See 'Running statistics, and test time' in the handout.",
)
def bn_running_momentum_of_another_library(x, gamma, beta, bn_param):
    given = "momentum" in bn_param
    bn_param.setdefault("momentum", 0.1)
    result = batchnorm_forward(x, gamma, beta, bn_param)
    if not given:
        del bn_param["momentum"]
    return result


@mistake(
    "bn-running-std-for-variance",
    "batchnorm_forward",
    "The running variance averages standard deviations. The name says what is stored, and test time takes "
    "its root once more. See 'Running statistics, and test time' in the handout.",
)
def bn_running_std_for_variance(x, gamma, beta, bn_param):
    options = _options(x, bn_param)
    result = batchnorm_forward(x, gamma, beta, bn_param)
    if options.train:
        _remember(bn_param, options, x.mean(axis=0), x.std(axis=0))
    return result


@mistake(
    "bn-running-unbiased-variance",
    "batchnorm_forward",
    "The running variance averages the unbiased variances of the batches, with N - 1 below the line. The "
    "paper and one large library do so; our convention is the biased one in both places. See the table in "
    "'Running statistics, and test time' in the handout.",
)
def bn_running_unbiased_variance(x, gamma, beta, bn_param):
    options = _options(x, bn_param)
    result = batchnorm_forward(x, gamma, beta, bn_param)
    if options.train:
        _remember(bn_param, options, x.mean(axis=0), x.var(axis=0, ddof=1))
    return result


@mistake(
    "bn-running-eps-in-the-variance",
    "batchnorm_forward",
    "The running variance has eps in it. eps is added when the variance is used, at test time once more, so "
    "here it would count twice. See 'Running statistics, and test time' in the handout.",
)
def bn_running_eps_in_the_variance(x, gamma, beta, bn_param):
    options = _options(x, bn_param)
    result = batchnorm_forward(x, gamma, beta, bn_param)
    if options.train:
        _remember(bn_param, options, x.mean(axis=0), x.var(axis=0) + options.eps)
    return result


@mistake(
    "bn-running-variance-forgotten",
    "batchnorm_forward",
    "Only the running mean is updated; the running variance stays what it was. Test time needs both. See "
    "'Running statistics, and test time' in the handout.",
)
def bn_running_variance_forgotten(x, gamma, beta, bn_param):
    before = _options(x, bn_param).running_var
    result = batchnorm_forward(x, gamma, beta, bn_param)
    if bn_param["mode"] == "train":
        bn_param["running_var"] = before
    return result


@mistake(
    "bn-running-variance-starts-at-one",
    "batchnorm_forward",
    "A running variance that is missing is taken for 1. Several libraries start there; here both running "
    "statistics start at zero. See the table in 'Running statistics, and test time' in the handout.",
)
def bn_running_variance_starts_at_one(x, gamma, beta, bn_param):
    given = {"running_var": np.ones(x.shape[1]), **bn_param}
    result = batchnorm_forward(x, gamma, beta, given)
    if bn_param["mode"] == "train":
        bn_param.update(given)
    return result
