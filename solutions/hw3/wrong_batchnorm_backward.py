"""Wrong backward passes of batch normalisation: staged, whole, and by the short formula."""

from typing import NamedTuple

import numpy as np
from batchnorm import batchnorm_forward

from grader.catalogue import Mistakes

MISTAKES = Mistakes()
mistake = MISTAKES.add


# --- batchnorm_backward_steps -----------------------------------------------------------------------------


def _steps(dout, cache, **wrong):
    """Return the seven gradients with the rules in `wrong` in place of the right ones."""
    a, b, gamma = cache
    rules = {
        "dxhat": lambda d: dout * gamma,
        "da": lambda d: d["dxhat"] * b,
        "db": lambda d: np.sum(d["dxhat"] * a, axis=0),
        "dc": lambda d: -d["db"] * b**2,
        "de": lambda d: 0.5 * d["dc"] * b,
        "dvar": lambda d: d["de"],
        "dmu": lambda d: -np.sum(d["da"], axis=0),
    }
    found = {}
    for name, rule in {**rules, **wrong}.items():
        found[name] = rule(found)
    return found


@mistake(
    "bn-steps-dxhat-without-gamma",
    "batchnorm_backward_steps",
    "dxhat is dout as it came: gamma is left out, and everything that is made from dxhat lacks it too. Each "
    "feature was multiplied by its gamma on the way forth, and is on the way back. See 'Backward, edge by "
    "edge', step 1, in the handout.",
)
def bn_steps_dxhat_without_gamma(dout, cache):
    return _steps(dout, cache, dxhat=lambda d: dout)


@mistake(
    "bn-steps-da-without-b",
    "batchnorm_backward_steps",
    "da lacks the other factor of the product. In xhat = a b the local derivative by one factor is the "
    "other, and here it counts as 1. See 'Backward, edge by edge', step 2, in the handout.",
)
def bn_steps_da_without_b(dout, cache):
    return _steps(dout, cache, da=lambda d: d["dxhat"])


@mistake(
    "bn-steps-da-with-the-variance-path",
    "batchnorm_backward_steps",
    "da holds the path through the variance as well. Asked for is the direct edge from a to xhat; the other "
    "path is added later, where everything that acts on x is collected. See 'Backward, edge by edge', steps "
    "2 and 7, in the handout.",
)
def bn_steps_da_with_the_variance_path(dout, cache):
    right = _steps(dout, cache)
    return {**right, "da": right["da"] + 2 * cache[0] * right["dvar"] / len(dout)}


@mistake(
    "bn-steps-dx-for-da",
    "batchnorm_backward_steps",
    "What stands under da is the whole gradient by x, with all three paths. Each entry of this dictionary "
    "belongs to one edge of the graph, so that a wrong one can be found. See 'Backward, edge by edge', steps "
    "2 and 7, in the handout.",
)
def bn_steps_dx_for_da(dout, cache):
    right = _steps(dout, cache)
    dx = right["da"] + (2 * cache[0] * right["dvar"] + right["dmu"]) / len(dout)
    return {**right, "da": dx}


@mistake(
    "bn-steps-db-not-summed",
    "batchnorm_backward_steps",
    "db has one row for every example, and so has what is made from it. b is one number for each feature, "
    "shared by the batch, and gradients of all its uses add up. The notes keep single examples for longer "
    "and sum at the variance; we sum at once. See 'Backward, edge by edge' in the handout.",
)
def bn_steps_db_not_summed(dout, cache):
    return _steps(dout, cache, db=lambda d: d["dxhat"] * cache[0])


@mistake(
    "bn-steps-db-averaged",
    "batchnorm_backward_steps",
    "db is averaged over the batch, and what is made from it is too small by the same factor. The law of "
    "total derivatives adds; a 1/N would have to come out of a local derivative. See 'Backward, edge by "
    "edge', step 2, in the handout.",
)
def bn_steps_db_averaged(dout, cache):
    return _steps(dout, cache, db=lambda d: np.mean(d["dxhat"] * cache[0], axis=0))


@mistake(
    "bn-steps-db-from-xhat",
    "batchnorm_backward_steps",
    "db is made with xhat. In xhat = a b the local derivative by one factor is the other factor, which is "
    "the deviation before it was scaled. See 'Backward, edge by edge', step 2, in the handout.",
)
def bn_steps_db_from_xhat(dout, cache):
    return _steps(dout, cache, db=lambda d: np.sum(d["dxhat"] * cache[0] * cache[1], axis=0))


@mistake(
    "bn-steps-dc-sign",
    "batchnorm_backward_steps",
    "dc has the wrong sign, and de and dvar with it. The larger c is, the smaller one over c: the derivative "
    "of an inverse is negative. See 'Backward, edge by edge', step 3, in the handout.",
)
def bn_steps_dc_sign(dout, cache):
    return _steps(dout, cache, dc=lambda d: d["db"] * cache[1] ** 2)


@mistake(
    "bn-steps-dc-power",
    "batchnorm_backward_steps",
    "dc has a wrong power: the derivative of one over c falls with the square of c, here it falls with c "
    "itself. See 'Backward, edge by edge', step 3, in the handout.",
)
def bn_steps_dc_power(dout, cache):
    return _steps(dout, cache, dc=lambda d: -d["db"] * cache[1])


@mistake(
    "bn-steps-dc-multiplied-for-divided",
    "batchnorm_backward_steps",
    "dc is divided by the square of b where it should be divided by the square of c. The two are inverse to "
    "one another, so the power has the wrong sign. See 'Backward, edge by edge', step 3, in the handout.",
)
def bn_steps_dc_multiplied_for_divided(dout, cache):
    return _steps(dout, cache, dc=lambda d: -d["db"] / cache[1] ** 2)


@mistake(
    "bn-steps-de-without-the-half",
    "batchnorm_backward_steps",
    "de is twice too large, and dvar with it. The derivative of a root has a factor 1/2. See 'Backward, edge "
    "by edge', step 4, in the handout.",
)
def bn_steps_de_without_the_half(dout, cache):
    return _steps(dout, cache, de=lambda d: d["dc"] * cache[1])


@mistake(
    "bn-steps-de-root-above-the-line",
    "batchnorm_backward_steps",
    "de is multiplied by the root where it should be divided by it. A root gets flatter as its argument "
    "grows, so its derivative gets smaller. See 'Backward, edge by edge', step 4, in the handout.",
)
def bn_steps_de_root_above_the_line(dout, cache):
    return _steps(dout, cache, de=lambda d: 0.5 * d["dc"] / cache[1])


@mistake(
    "bn-steps-dvar-averaged",
    "batchnorm_backward_steps",
    "dvar is divided by N. The variance is a mean over the batch, but that 1/N belongs to the edges from the "
    "examples to the variance, one step further on; from the variance to e nothing is divided. See "
    "'Backward, edge by edge', steps 5 and 7, in the handout.",
)
def bn_steps_dvar_averaged(dout, cache):
    return _steps(dout, cache, dvar=lambda d: d["de"] / len(dout))


@mistake(
    "bn-steps-dmu-sign",
    "batchnorm_backward_steps",
    "dmu has the wrong sign. Every deviation has the mean with a minus, and that minus is its local "
    "derivative; a slide of the notes leaves it out. See 'Backward, edge by edge', step 6, in the handout.",
)
def bn_steps_dmu_sign(dout, cache):
    return _steps(dout, cache, dmu=lambda d: np.sum(d["da"], axis=0))


@mistake(
    "bn-steps-dmu-averaged",
    "batchnorm_backward_steps",
    "dmu is averaged over the batch. All examples use the one mean, and the gradients of its uses add up; "
    "the 1/N comes one step later, on the edges from the examples to their mean. See 'Backward, edge by "
    "edge', steps 6 and 7, in the handout.",
)
def bn_steps_dmu_averaged(dout, cache):
    return _steps(dout, cache, dmu=lambda d: -np.mean(d["da"], axis=0))


@mistake(
    "bn-steps-dmu-not-summed",
    "batchnorm_backward_steps",
    "dmu has one row for every example. The mean is one number for each feature, and the gradients of all "
    "its uses add up. See 'Backward, edge by edge', step 6, in the handout.",
)
def bn_steps_dmu_not_summed(dout, cache):
    return _steps(dout, cache, dmu=lambda d: -d["da"])


@mistake(
    "bn-steps-da-from-dout",
    "batchnorm_backward_steps",
    "da is made from dout: gamma is left out of this step, though dxhat has it. On the way back each edge "
    "continues from the one before it. See 'Backward, edge by edge', steps 1 and 2, in the handout.",
)
def bn_steps_da_from_dout(dout, cache):
    return _steps(dout, cache, da=lambda d: dout * cache[1])


@mistake(
    "bn-steps-da-times-the-root",
    "batchnorm_backward_steps",
    "da is multiplied by c where b belongs, which is one over c. In xhat = a b the local derivative by one "
    "factor is the other. See 'Backward, edge by edge', step 2, in the handout.",
)
def bn_steps_da_times_the_root(dout, cache):
    return _steps(dout, cache, da=lambda d: d["dxhat"] / cache[1])


@mistake(
    "bn-steps-db-from-dout",
    "batchnorm_backward_steps",
    "db is made from dout: gamma is left out of this step, though dxhat has it. On the way back each edge "
    "continues from the one before it. See 'Backward, edge by edge', steps 1 and 2, in the handout.",
)
def bn_steps_db_from_dout(dout, cache):
    return _steps(dout, cache, db=lambda d: np.sum(dout * cache[0], axis=0))


@mistake(
    "bn-steps-db-without-a",
    "batchnorm_backward_steps",
    "db is the sum of dxhat alone. In xhat = a b the local derivative by b is a, another one for every "
    "example, and it belongs under the sum. See 'Backward, edge by edge', step 2, in the handout.",
)
def bn_steps_db_without_a(dout, cache):
    return _steps(dout, cache, db=lambda d: np.sum(d["dxhat"], axis=0))


@mistake(
    "bn-steps-de-sign",
    "batchnorm_backward_steps",
    "de has the wrong sign. A root grows with its argument, so nothing changes sign here; the minus of this "
    "path came in one step earlier, with the inverse. See 'Backward, edge by edge', steps 3 and 4, in the "
    "handout.",
)
def bn_steps_de_sign(dout, cache):
    return _steps(dout, cache, de=lambda d: -0.5 * d["dc"] * cache[1])


@mistake(
    "bn-steps-de-divided-twice",
    "batchnorm_backward_steps",
    "de is divided by the square of c, where c itself stands below the line: the derivative of a root is one "
    "over twice that root. See 'Backward, edge by edge', step 4, in the handout.",
)
def bn_steps_de_divided_twice(dout, cache):
    return _steps(dout, cache, de=lambda d: 0.5 * d["dc"] * cache[1] ** 2)


@mistake(
    "bn-steps-de-without-the-root",
    "batchnorm_backward_steps",
    "de is half of dc: the root below the line is missing. The derivative of a root is one over twice that "
    "root, so it depends on where one is. See 'Backward, edge by edge', step 4, in the handout.",
)
def bn_steps_de_without_the_root(dout, cache):
    return _steps(dout, cache, de=lambda d: 0.5 * d["dc"])


@mistake(
    "bn-steps-dvar-doubled",
    "batchnorm_backward_steps",
    "dvar is twice de. The 2 of the square belongs to the edges from the examples to the variance, one step "
    "further on; e is the variance plus a constant, with derivative 1. See 'Backward, edge by edge', steps 5 "
    "and 7, in the handout.",
)
def bn_steps_dvar_doubled(dout, cache):
    return _steps(dout, cache, dvar=lambda d: 2 * d["de"])


@mistake(
    "bn-steps-dvar-for-every-example",
    "batchnorm_backward_steps",
    "dvar has one row for every example: what the variance hands on to each of them is in it already. That is "
    "the last step, where dx is added up; the variance itself is one number for each feature. See 'Backward, "
    "edge by edge', steps 5 and 7, in the handout.",
)
def bn_steps_dvar_for_every_example(dout, cache):
    return _steps(dout, cache, dvar=lambda d: 2 * cache[0] * d["de"] / len(dout))


@mistake(
    "bn-steps-dmu-from-dxhat",
    "batchnorm_backward_steps",
    "dmu is made from dxhat, past the edge a. The mean is taken off before anything is scaled, so its "
    "gradient comes from da, which has b in it. See 'Backward, edge by edge', step 6, in the handout.",
)
def bn_steps_dmu_from_dxhat(dout, cache):
    return _steps(dout, cache, dmu=lambda d: -np.sum(d["dxhat"], axis=0))


# --- batchnorm_backward and batchnorm_backward_alt ----------------------------------------------------------


class _Paths(NamedTuple):
    """The three paths of dx, which is their sum, and the other two gradients: all of them right."""

    direct: np.ndarray
    variance: np.ndarray
    mean: np.ndarray
    dgamma: np.ndarray
    dbeta: np.ndarray


def _paths(dout, cache):
    a, b, gamma = cache
    dxhat, xhat = dout * gamma, a * b
    return _Paths(
        dxhat * b,
        -xhat * np.mean(dxhat * xhat, axis=0) * b,
        -np.mean(dxhat, axis=0) * b,
        np.sum(dout * xhat, axis=0),
        np.sum(dout, axis=0),
    )


def _with_inverse(dout, cache, b):
    """Return the gradients as if b were the inverse of the standard deviation."""
    direct, variance, mean, dgamma, dbeta = _paths(dout, (cache[0], b, cache[2]))
    return direct + variance + mean, dgamma, dbeta


def _variance(cache):
    """Return the batch's variance, and the eps that is hidden in the cache."""
    a, b, _ = cache
    var = np.mean(a * a, axis=0)
    return var, np.maximum(1 / b**2 - var, 0)


@mistake(
    "bn-backward-drops-mean-path",
    "batchnorm_backward",
    "The path through the mean is missing from dx. Every example has a share in the mean, and the mean acts "
    "on every output; adding a number to a whole column must change nothing, so each column of dx sums to "
    "zero. See 'Backward, edge by edge', steps 6 and 7, in the handout.",
)
@mistake(
    "bn-alt-drops-mean-path",
    "batchnorm_backward_alt",
    "The path through the mean is missing: the bracket has two terms instead of three. Adding a number to a "
    "whole column must change nothing, so each column of dx sums to zero, and here it does not. See "
    "'Backward in one expression' in the handout.",
)
def bn_drops_mean_path(dout, cache):
    direct, variance, _, dgamma, dbeta = _paths(dout, cache)
    return direct + variance, dgamma, dbeta


@mistake(
    "bn-backward-drops-variance-path",
    "batchnorm_backward",
    "The path through the variance is missing from dx. Moving an example away from the mean also makes the "
    "variance larger and so shrinks all outputs of that feature. See 'Backward, edge by edge', steps 3 to 5 "
    "and 7, in the handout.",
)
@mistake(
    "bn-alt-drops-variance-path",
    "batchnorm_backward_alt",
    "The path through the variance is missing: the bracket has two terms instead of three. Scaling a whole "
    "column hardly changes the output, so dx must have next to no part along xhat, and here it has. See "
    "'Backward in one expression' in the handout.",
)
def bn_drops_variance_path(dout, cache):
    direct, _, mean, dgamma, dbeta = _paths(dout, cache)
    return direct + mean, dgamma, dbeta


@mistake(
    "bn-backward-constant-statistics",
    "batchnorm_backward",
    "Mean and variance are treated as constants, so only the direct path is left of dx. They are made from "
    "x, and change with it. Training with such a gradient makes a bias before the normalisation grow without "
    "end. See the traps in 'Backward, edge by edge' in the handout.",
)
@mistake(
    "bn-alt-constant-statistics",
    "batchnorm_backward_alt",
    "Mean and variance are treated as constants: of the three terms in the bracket only the first is left. "
    "That would be right at test time, where the statistics are given from outside. See 'Backward in one "
    "expression' in the handout.",
)
def bn_constant_statistics(dout, cache):
    direct, _, _, dgamma, dbeta = _paths(dout, cache)
    return direct, dgamma, dbeta


@mistake(
    "bn-backward-mean-path-sign",
    "batchnorm_backward",
    "The path through the mean has the wrong sign. The mean enters every deviation with a minus; a slide of "
    "the notes leaves that out. With it the columns of dx sum to zero, without it they do not. See "
    "'Backward, edge by edge', step 6, in the handout.",
)
@mistake(
    "bn-alt-mean-path-sign",
    "batchnorm_backward_alt",
    "The term of the mean has the wrong sign in the bracket. The mean enters every deviation with a minus, "
    "and with it the columns of dx sum to zero. See 'Backward in one expression' in the handout.",
)
def bn_mean_path_sign(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return direct + variance - mean, dgamma, dbeta


@mistake(
    "bn-backward-variance-path-sign",
    "batchnorm_backward",
    "The path through the variance has the wrong sign. A larger variance makes outputs smaller, so the "
    "inverse root brings in a minus, which is easily lost between two steps. See 'Backward, edge by edge', "
    "step 3, in the handout.",
)
@mistake(
    "bn-alt-variance-path-sign",
    "batchnorm_backward_alt",
    "The term with xhat has the wrong sign in the bracket. A larger variance makes outputs smaller, and that "
    "minus comes from the inverse root. See 'Backward in one expression' in the handout.",
)
def bn_variance_path_sign(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return direct - variance + mean, dgamma, dbeta


@mistake(
    "bn-backward-variance-path-doubled",
    "batchnorm_backward",
    "The path through the variance counts twice. The root brings in a factor 1/2 and the square a factor 2; "
    "here one of the two has been forgotten. See 'Backward, edge by edge', steps 4 and 7, in the handout.",
)
@mistake(
    "bn-alt-variance-path-doubled",
    "batchnorm_backward_alt",
    "The term with xhat counts twice. The factor 2 of the square and the 1/2 of the root should have "
    "cancelled while you simplified. See 'Backward in one expression' in the handout.",
)
def bn_variance_path_doubled(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return direct + 2 * variance + mean, dgamma, dbeta


@mistake(
    "bn-backward-variance-path-halved",
    "batchnorm_backward",
    "The path through the variance counts half. The root brings in a factor 1/2, which the derivative of the "
    "square makes good again, and that one is missing. See 'Backward, edge by edge', step 7, in the handout.",
)
def bn_backward_variance_path_halved(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return direct + variance / 2 + mean, dgamma, dbeta


@mistake(
    "bn-backward-sums-for-means",
    "batchnorm_backward",
    "The paths through mean and variance lack their 1/N. Both are means over the batch, so one example has "
    "only the N-th part of a say in either. See 'Backward, edge by edge', step 7, in the handout.",
)
@mistake(
    "bn-alt-sums-for-means",
    "batchnorm_backward_alt",
    "The two terms that run over the batch are sums where they should be means. Mean and variance both have "
    "a 1/N, and it comes along. See 'Backward in one expression' in the handout.",
)
def bn_sums_for_means(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return direct + len(dout) * (variance + mean), dgamma, dbeta


@mistake(
    "bn-backward-mean-path-not-divided",
    "batchnorm_backward",
    "The path through the mean lacks its 1/N. The mean takes the N-th part of every example, and that is the "
    "local derivative of the last edge. See 'Backward, edge by edge', step 7, in the handout.",
)
def bn_backward_mean_path_not_divided(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return direct + variance + len(dout) * mean, dgamma, dbeta


@mistake(
    "bn-backward-variance-path-not-divided",
    "batchnorm_backward",
    "The path through the variance lacks its 1/N. The variance is a mean of squares, and one example has "
    "only the N-th part of a say in it. See 'Backward, edge by edge', step 7, in the handout.",
)
def bn_backward_variance_path_not_divided(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return direct + len(dout) * variance + mean, dgamma, dbeta


@mistake(
    "bn-backward-divided-by-features",
    "batchnorm_backward",
    "The means are divided by the number of features instead of the number of examples: the two axes of x "
    "are confused. Statistics are taken over the batch. See 'Backward, edge by edge', step 7, in the "
    "handout.",
)
@mistake(
    "bn-alt-divided-by-features",
    "batchnorm_backward_alt",
    "The sums are divided by the number of features instead of the number of examples: the two axes of x are "
    "confused. With N equal to D nobody notices. See 'Backward in one expression' in the handout.",
)
def bn_divided_by_features(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    n, width = dout.shape
    return direct + (variance + mean) * n / width, dgamma, dbeta


@mistake(
    "bn-backward-unbiased-variance",
    "batchnorm_backward",
    "The path through the variance is divided by N - 1. The variance that the forward used is the biased "
    "one, and its derivative has the same N; with a batch of one this divides zero by zero. See 'Backward, "
    "edge by edge', step 7, in the handout.",
)
def bn_backward_unbiased_variance(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    n = np.float64(len(dout))
    return direct + variance * (n / (n - 1)) + mean, dgamma, dbeta


@mistake(
    "bn-backward-gamma-missing",
    "batchnorm_backward",
    "gamma is missing from dx. On the way forth each feature was multiplied by its gamma after the "
    "normalisation; on the way back that is the first thing that happens to dout. See 'Backward, edge by "
    "edge', step 1, in the handout.",
)
@mistake(
    "bn-alt-gamma-missing",
    "batchnorm_backward_alt",
    "gamma is missing from dx. The closed form begins with the gradient by xhat, not with dout. With gamma = "
    "1, where training starts, nobody notices. See 'Backward in one expression' in the handout.",
)
def bn_gamma_missing(dout, cache):
    a, b, gamma = cache
    direct, variance, mean, dgamma, dbeta = _paths(dout, (a, b, np.ones_like(gamma)))
    return direct + variance + mean, dgamma, dbeta


@mistake(
    "bn-alt-gamma-twice",
    "batchnorm_backward_alt",
    "gamma counts twice: it is in the gradient by xhat already, and stands once more before the bracket. See "
    "'Backward in one expression' in the handout.",
)
def bn_alt_gamma_twice(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return cache[2] * (direct + variance + mean), dgamma, dbeta


@mistake(
    "bn-alt-gamma-in-the-first-term-only",
    "batchnorm_backward_alt",
    "gamma is in the first term of the bracket only. All three paths start from the gradient by xhat, so all "
    "three terms have it. See 'Backward in one expression' in the handout.",
)
def bn_alt_gamma_in_the_first_term_only(dout, cache):
    direct, _, _, dgamma, dbeta = _paths(dout, cache)
    _, variance, mean, _, _ = _paths(dout, (cache[0], cache[1], 1))
    return direct + variance + mean, dgamma, dbeta


@mistake(
    "bn-backward-power-of-sigma",
    "batchnorm_backward",
    "The path through the variance has a wrong power of the standard deviation: the inverse brings in a "
    "square of it and the root one more, three in all. Test with a feature whose spread is far from 1. See "
    "'Backward, edge by edge', steps 3 and 4, in the handout.",
)
def bn_backward_power_of_sigma(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return direct + variance / cache[1] + mean, dgamma, dbeta


@mistake(
    "bn-alt-power-of-sigma",
    "batchnorm_backward_alt",
    "The factor before the bracket has a wrong power: it is one over the variance, not over the standard "
    "deviation. Measured in other units x changes by a factor and dx by one over that factor, once. See "
    "'Backward in one expression' in the handout.",
)
def bn_alt_power_of_sigma(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return cache[1] * (direct + variance + mean), dgamma, dbeta


@mistake(
    "bn-backward-sigma-missing",
    "batchnorm_backward",
    "dx lacks the division by the standard deviation. The deviations were divided by it on the way forth, "
    "and the gradient is on the way back. See 'Backward, edge by edge', step 2, in the handout.",
)
@mistake(
    "bn-alt-sigma-missing",
    "batchnorm_backward_alt",
    "The factor before the bracket is missing. Everything in the bracket belongs to xhat; the step from xhat "
    "to x divides by the standard deviation once more. See 'Backward in one expression' in the handout.",
)
def bn_sigma_missing(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return (direct + variance + mean) / cache[1], dgamma, dbeta


@mistake(
    "bn-alt-deviations-for-xhat",
    "batchnorm_backward_alt",
    "The third term is written with the deviations, where the bracket has xhat throughout. The factor "
    "between the two is the standard deviation, and it is missing twice. See 'Backward in one expression' in "
    "the handout.",
)
def bn_alt_deviations_for_xhat(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return direct + variance / cache[1] ** 2 + mean, dgamma, dbeta


@mistake(
    "bn-alt-xhat-factor-missing",
    "batchnorm_backward_alt",
    "The third term is the same for all examples: the factor xhat before its mean is missing. How much an "
    "example changes the variance depends on how far from the mean it lies. See 'Backward in one expression' "
    "in the handout.",
)
def bn_alt_xhat_factor_missing(dout, cache):
    a, b, gamma = cache
    direct, _, mean, dgamma, dbeta = _paths(dout, cache)
    return direct - b * np.mean(dout * gamma * a * b, axis=0) + mean, dgamma, dbeta


@mistake(
    "bn-alt-means-over-features",
    "batchnorm_backward_alt",
    "The means in the bracket run over the features of one example. That belongs to layer normalisation; "
    "here statistics were taken over the batch, and so are these means. See 'Backward in one expression' in "
    "the handout.",
)
def bn_alt_means_over_features(dout, cache):
    a, b, gamma = cache
    dxhat, xhat = dout * gamma, a * b
    bracket = dxhat - np.mean(dxhat, 1, keepdims=True) - xhat * np.mean(dxhat * xhat, 1, keepdims=True)
    return b * bracket, np.sum(dout * xhat, axis=0), np.sum(dout, axis=0)


@mistake(
    "bn-backward-eps-missing",
    "batchnorm_backward",
    "The backward computes the variance anew and leaves out eps. The forward divided by a root that has eps "
    "in it, and the backward belongs to that forward; for a constant column this divides by zero. See "
    "'Backward, edge by edge', step 5, in the handout.",
)
@mistake(
    "bn-alt-eps-missing",
    "batchnorm_backward_alt",
    "The factor before the bracket and xhat are made without eps. The forward divided by a root that has eps "
    "in it: keep what it used in the cache. See 'Backward in one expression' in the handout.",
)
def bn_eps_missing(dout, cache):
    var, _ = _variance(cache)
    return _with_inverse(dout, cache, 1 / np.sqrt(var))


@mistake(
    "bn-backward-eps-hard-coded",
    "batchnorm_backward",
    "The backward adds 1e-5 to the variance whatever eps was. The forward may have been called with another "
    "one; keep what it used in the cache. See 'Backward, edge by edge', step 5, in the handout.",
)
@mistake(
    "bn-alt-eps-hard-coded",
    "batchnorm_backward_alt",
    "The backward adds 1e-5 to the variance whatever eps was. The number is only the default; keep what the "
    "forward used in the cache. See 'Backward in one expression' in the handout.",
)
def bn_eps_hard_coded(dout, cache):
    var, _ = _variance(cache)
    return _with_inverse(dout, cache, 1 / np.sqrt(var + 1e-5))


@mistake(
    "bn-backward-eps-outside-the-root",
    "batchnorm_backward",
    "The backward adds eps to the standard deviation, outside the root, while the forward has it inside. A "
    "backward is the derivative of what the forward did, to the last detail. See the traps in 'Forward, "
    "while training' in the handout.",
)
@mistake(
    "bn-alt-eps-outside-the-root",
    "batchnorm_backward_alt",
    "eps is added to the standard deviation, outside the root, while the forward has it inside. With a tiny "
    "eps the two look alike, but not for a feature that hardly varies. See the traps in 'Forward, while "
    "training' in the handout.",
)
def bn_eps_outside_the_root(dout, cache):
    var, eps = _variance(cache)
    return _with_inverse(dout, cache, 1 / (np.sqrt(var) + eps))


@mistake(
    "bn-backward-dgamma-from-deviations",
    "batchnorm_backward",
    "dgamma is made with the deviations of x, before they were scaled. gamma multiplies xhat, and the local "
    "derivative by one factor is the other. See 'Backward, edge by edge', step 1, in the handout.",
)
@mistake(
    "bn-alt-dgamma-from-deviations",
    "batchnorm_backward_alt",
    "dgamma is made with the deviations of x, before they were scaled. What gamma multiplies is xhat. See "
    "'Backward, edge by edge', step 1, in the handout.",
)
def bn_dgamma_from_deviations(dout, cache):
    direct, variance, mean, _, dbeta = _paths(dout, cache)
    return direct + variance + mean, np.sum(dout * cache[0], axis=0), dbeta


def _forward_that_keeps_x(x, gamma, beta, bn_param):
    out, cache = batchnorm_forward(x, gamma, beta, bn_param)
    return out, (*cache, x)


@mistake(
    "bn-backward-dgamma-from-x",
    "batchnorm_backward",
    "dgamma is made with x as it came in. gamma multiplies what is left of x after the mean was taken off and "
    "the rest scaled, and the local derivative by one factor is the other. See 'Backward, edge by edge', step "
    "1, in the handout.",
    batchnorm_forward=_forward_that_keeps_x,
)
@mistake(
    "bn-alt-dgamma-from-x",
    "batchnorm_backward_alt",
    "dgamma is made with x as it came in. gamma never meets x: it multiplies xhat. See 'Backward, edge by "
    "edge', step 1, in the handout.",
    batchnorm_forward=_forward_that_keeps_x,
)
def bn_dgamma_from_x(dout, cache):
    *usual, x = cache
    direct, variance, mean, _, dbeta = _paths(dout, usual)
    return direct + variance + mean, np.sum(dout * x, axis=0), dbeta


@mistake(
    "bn-backward-dgamma-from-dxhat",
    "batchnorm_backward",
    "dgamma is made from the gradient by xhat, which has gamma in it already. On the way back dgamma "
    "branches off first, from dout itself. See 'Backward, edge by edge', step 1, in the handout.",
)
@mistake(
    "bn-alt-dgamma-from-dxhat",
    "batchnorm_backward_alt",
    "dgamma has gamma in it: it was made from the gradient by xhat, where dout itself is needed. The closed "
    "form concerns dx only. See 'Backward, edge by edge', step 1, in the handout.",
)
def bn_dgamma_from_dxhat(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return direct + variance + mean, cache[2] * dgamma, dbeta


@mistake(
    "bn-backward-dgamma-and-dbeta-not-summed",
    "batchnorm_backward",
    "dgamma and dbeta have one row for every example. gamma and beta are shared by the batch, and where a "
    "value is used more than once the gradients of all its uses add up. See 'Backward, edge by edge', step "
    "1, in the handout.",
)
@mistake(
    "bn-alt-dgamma-and-dbeta-not-summed",
    "batchnorm_backward_alt",
    "dgamma and dbeta have one row for every example. A gradient has the shape of the thing that it belongs "
    "to: one number for each feature. See 'Backward, edge by edge', step 1, in the handout.",
)
def bn_dgamma_and_dbeta_not_summed(dout, cache):
    a, b, _ = cache
    direct, variance, mean, _, _ = _paths(dout, cache)
    return direct + variance + mean, dout * a * b, dout


@mistake(
    "bn-backward-dgamma-and-dbeta-averaged",
    "batchnorm_backward",
    "It is averaged over the batch, where a sum belongs. All examples share gamma and beta, and the law of total "
    "derivatives adds; where a loss is a mean, its 1/N has come in with dout. See 'One gate' in the handout.",
)
@mistake(
    "bn-alt-dgamma-and-dbeta-averaged",
    "batchnorm_backward_alt",
    "It is a mean, like those in the bracket of dx. The means there come from the batch's statistics; gamma and "
    "beta are merely shared, and their gradients add up. See 'One gate' in the handout.",
)
def bn_dgamma_and_dbeta_averaged(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return direct + variance + mean, dgamma / len(dout), dbeta / len(dout)


@mistake(
    "bn-backward-summed-over-features",
    "batchnorm_backward",
    "dgamma and dbeta are summed along the features, so there is one number for every example. gamma and "
    "beta have one for every feature: the sum runs over the batch. See 'Backward, edge by edge', step 1, in "
    "the handout.",
)
def bn_backward_summed_over_features(dout, cache):
    a, b, _ = cache
    direct, variance, mean, _, _ = _paths(dout, cache)
    return direct + variance + mean, np.sum(dout * a * b, axis=1), np.sum(dout, axis=1)


@mistake(
    "bn-backward-returns-in-another-order",
    "batchnorm_backward",
    "dgamma and dbeta come back in each other's place. Gradients are returned in the order of the forward's "
    "arguments, and since both have the same shape no error tells you. The docstring says the order.",
)
def bn_backward_returns_in_another_order(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return direct + variance + mean, dbeta, dgamma


@mistake(
    "bn-backward-scales-dout-in-place",
    "batchnorm_backward",
    "dout was multiplied by gamma in place before dgamma and dbeta were made from it, so both have gamma in "
    "them. dout also belongs to the caller, who finds it changed. See 'Backward, edge by edge', step 1, in "
    "the handout.",
)
def bn_backward_scales_dout_in_place(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    dout *= cache[2]
    return direct + variance + mean, cache[2] * dgamma, cache[2] * dbeta


@mistake(
    "bn-backward-xhat-for-deviations",
    "batchnorm_backward",
    "The path through the variance is written with xhat, where the deviations from the mean belong: the "
    "variance is a mean of their squares. The factor between the two is the standard deviation. See "
    "'Backward, edge by edge', step 7, in the handout.",
)
def bn_backward_xhat_for_deviations(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return direct + variance * cache[1] + mean, dgamma, dbeta


@mistake(
    "bn-alt-sum-in-the-second-term",
    "batchnorm_backward_alt",
    "The second term is a sum over the batch, where a mean belongs: each example has only the N-th part of a "
    "say in the mean. See 'Backward in one expression' in the handout.",
)
def bn_alt_sum_in_the_second_term(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return direct + variance + len(dout) * mean, dgamma, dbeta


@mistake(
    "bn-alt-sum-in-the-third-term",
    "batchnorm_backward_alt",
    "The third term has a sum over the batch, where a mean belongs: the variance is a mean, and its 1/N comes "
    "along. See 'Backward in one expression' in the handout.",
)
def bn_alt_sum_in_the_third_term(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return direct + len(dout) * variance + mean, dgamma, dbeta


@mistake(
    "bn-alt-bracket-missing",
    "batchnorm_backward_alt",
    "Only the first term is divided by the standard deviation: the bracket around all three is missing. See "
    "'Backward in one expression' in the handout.",
)
def bn_alt_bracket_missing(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return direct + (variance + mean) / cache[1], dgamma, dbeta


@mistake(
    "bn-alt-multiplied-by-sigma",
    "batchnorm_backward_alt",
    "The bracket is multiplied by the standard deviation, where it should be divided by it: what was made "
    "smaller on the way forth is made smaller on the way back. See 'Backward in one expression' in the "
    "handout.",
)
def bn_alt_multiplied_by_sigma(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return (direct + variance + mean) / cache[1] ** 2, dgamma, dbeta


@mistake(
    "bn-backward-dgamma-without-xhat",
    "batchnorm_backward",
    "dgamma is the sum of dout alone, as dbeta is. gamma multiplies xhat, so the local derivative is xhat, "
    "another one for every example, and it belongs under the sum. See 'Backward, edge by edge', step 1, in "
    "the handout.",
)
@mistake(
    "bn-alt-dgamma-without-xhat",
    "batchnorm_backward_alt",
    "dgamma is the sum of dout alone, which is dbeta. The local derivative by gamma is xhat. See 'Backward, "
    "edge by edge', step 1, in the handout.",
)
def bn_dgamma_without_xhat(dout, cache):
    direct, variance, mean, _, dbeta = _paths(dout, cache)
    return direct + variance + mean, dbeta, dbeta


@mistake(
    "bn-backward-dbeta-from-dxhat",
    "batchnorm_backward",
    "dbeta has gamma in it: it was made from the gradient by xhat, where dout itself is needed. beta is added "
    "after gamma has been multiplied, so on the way back it comes first. See 'Backward, edge by edge', step "
    "1, in the handout.",
)
@mistake(
    "bn-alt-dbeta-from-dxhat",
    "batchnorm_backward_alt",
    "dbeta has gamma in it: it was made from the gradient by xhat, where dout itself is needed. See "
    "'Backward, edge by edge', step 1, in the handout.",
)
def bn_dbeta_from_dxhat(dout, cache):
    direct, variance, mean, dgamma, dbeta = _paths(dout, cache)
    return direct + variance + mean, dgamma, cache[2] * dbeta
