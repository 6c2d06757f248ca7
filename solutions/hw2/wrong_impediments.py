"""Wrong measurements of what impedes learning."""

import numpy as np
from impediments import (
    dead_units,
    gradient_norms,
    identical_units,
    per_example_gradients,
    sign_agreement,
    standardize,
)

from grader.catalogue import Mistakes

MISTAKES = Mistakes()
mistake = MISTAKES.add


# --- standardize ------------------------------------------------------------------------------------------


def _with(statistics, train, test, eps, scale=lambda var, eps: np.sqrt(var + eps)):
    """Standardise each set by its own pair of statistics, `(mean, var)` for train and for test."""
    (mean, var), (test_mean, test_var) = statistics
    return (train - mean) / scale(var, eps), (test - test_mean) / scale(test_var, eps)


def _of(values, **options):
    return np.mean(values, axis=0), np.var(values, axis=0, **options)


@mistake(
    "standardize-test-by-itself",
    "standardize",
    "The test set is standardised by its own mean and variance. Then equal examples of the two sets come out "
    "different, and a network sees at test time what it was not trained on; and of one example alone nothing "
    "is left. The training set's statistics are used for both. See 'Inputs of one size' in the handout.",
)
def standardize_test_by_itself(train, test, eps=1e-8):
    return _with((_of(train), _of(test)), train, test, eps)


@mistake(
    "standardize-both-sets-together",
    "standardize",
    "Mean and variance are taken over both sets together. So the test set has a part in what the network is "
    "trained on, and a test on it is no longer a test. See 'Inputs of one size' in the handout.",
)
def standardize_both_sets_together(train, test, eps=1e-8):
    together = _of(np.concatenate([train, test]))
    return _with((together, together), train, test, eps)


@mistake(
    "standardize-unbiased-variance",
    "standardize",
    "The variance is the unbiased one, divided by N - 1. The biased one is asked for; for one training example "
    "the other does not even exist. See 'Inputs of one size' in the handout.",
)
def standardize_unbiased_variance(train, test, eps=1e-8):
    mean, var = np.mean(train, axis=0), np.sum((train - np.mean(train, axis=0)) ** 2, axis=0)
    with np.errstate(all="ignore"):
        var = var / (np.asarray(len(train)) - 1)
    return _with(((mean, var), (mean, var)), train, test, eps)


@mistake(
    "standardize-eps-outside-the-root",
    "standardize",
    "eps is added to the standard deviation, behind the root. It belongs to the variance, inside the root; the "
    "notes have it in both places on two slides in a row. See 'Inputs of one size' in the handout.",
)
def standardize_eps_outside_the_root(train, test, eps=1e-8):
    return _with((_of(train), _of(train)), train, test, eps, lambda var, eps: np.sqrt(var) + eps)


@mistake(
    "standardize-eps-missing",
    "standardize",
    "eps is left out. Where a feature is constant over the training set its variance is zero, and this divides "
    "zero by zero. See 'Inputs of one size' in the handout.",
)
def standardize_eps_missing(train, test, eps=1e-8):
    with np.errstate(all="ignore"):
        return _with((_of(train), _of(train)), train, test, eps, lambda var, eps: np.sqrt(var))


@mistake(
    "standardize-eps-hard-coded",
    "standardize",
    "eps is 1e-8 whatever was asked for. That number is only the default of the argument. See 'Inputs of one "
    "size' in the handout.",
)
def standardize_eps_hard_coded(train, test, eps=1e-8):
    return _with((_of(train), _of(train)), train, test, 1e-8)


@mistake(
    "standardize-divided-by-the-variance",
    "standardize",
    "The deviations are divided by the variance, without the root. A variance has the unit of the feature "
    "squared; to be left with a pure number, divide by the standard deviation. See 'Inputs of one size' in the "
    "handout.",
)
def standardize_divided_by_the_variance(train, test, eps=1e-8):
    return _with((_of(train), _of(train)), train, test, eps, lambda var, eps: var + eps)


@mistake(
    "standardize-one-mean-for-all-features",
    "standardize",
    "One mean and one variance are taken over all features together. Features of different size then keep their "
    "different sizes, which is what standardising is to remove. See 'Inputs of one size' in the handout.",
)
def standardize_one_mean_for_all_features(train, test, eps=1e-8):
    together = np.mean(train), np.var(train)
    return _with((together, together), train, test, eps)


@mistake(
    "standardize-every-example",
    "standardize",
    "Mean and variance are taken along each row, over the features of one example. Rows are examples and "
    "columns are features: the statistics of a feature are taken down its column. (What you have is close to "
    "layer normalisation.) See 'Inputs of one size' in the handout.",
)
def standardize_every_example(train, test, eps=1e-8):
    train_out, _ = _with((_of(train.T), _of(train.T)), train.T, train.T, eps)
    test_out, _ = _with((_of(test.T), _of(test.T)), test.T, test.T, eps)
    return train_out.T, test_out.T


@mistake(
    "standardize-not-centred",
    "standardize",
    "The features are scaled, but their mean is not taken away. Inputs that all have one sign are one of the "
    "two things that this is meant to prevent. See 'Inputs of one size' in the handout.",
)
def standardize_not_centred(train, test, eps=1e-8):
    statistics = 0, np.var(train, axis=0)
    return _with((statistics, statistics), train, test, eps)


@mistake(
    "standardize-not-scaled",
    "standardize",
    "The features are centred, but not scaled. A feature measured in millimetres then still counts a thousand "
    "times as much as the same one in metres. See 'Inputs of one size' in the handout.",
)
def standardize_not_scaled(train, test, eps=1e-8):
    return train - np.mean(train, axis=0), test - np.mean(train, axis=0)


@mistake(
    "standardize-mean-added",
    "standardize",
    "The mean is added instead of subtracted, as one set of the notes has it. The result is twice as far from "
    "being centred as the input was. See 'Inputs of one size' in the handout.",
)
def standardize_mean_added(train, test, eps=1e-8):
    mean, var = _of(train)
    return _with(((-mean, var), (-mean, var)), train, test, eps)


@mistake(
    "standardize-test-not-centred",
    "standardize",
    "The test set is divided by the right number, but the training mean is not subtracted from it. Both sets go "
    "through one and the same formula. See 'Inputs of one size' in the handout.",
)
def standardize_test_not_centred(train, test, eps=1e-8):
    mean, var = _of(train)
    return _with(((mean, var), (0, var)), train, test, eps)


@mistake(
    "standardize-test-as-it-is",
    "standardize",
    "The test set is returned as it is. The network has seen standardised examples only, so every later one "
    "must go through the same formula, with the numbers of the training set. See 'Inputs of one size' in the "
    "handout.",
)
def standardize_test_as_it_is(train, test, eps=1e-8):
    return standardize(train, test, eps)[0], test.copy()


@mistake(
    "standardize-writes-into-the-sets",
    "standardize",
    "The values are right, but they were made by subtracting in place: the caller's own data are no longer what "
    "they were. See 'One gate' in the handout.",
)
def standardize_writes_into_the_sets(train, test, eps=1e-8):
    mean, var = _of(train)
    train -= mean
    test -= mean
    return _with(((0, var), (0, var)), train, test, eps)


# --- saturated_fraction -----------------------------------------------------------------------------------


@mistake(
    "saturated-threshold-itself-left-out",
    "saturated_fraction",
    "A slope of exactly the threshold is not counted. With a threshold of 0 nothing would be, and the units "
    "that are quite flat are those that the question is about. See 'Saturated and dead units' in the handout.",
)
def saturated_threshold_itself_left_out(slope, threshold=0.01):
    return np.mean(np.abs(slope) < threshold, axis=0)


@mistake(
    "saturated-sign-not-removed",
    "saturated_fraction",
    "Every negative slope counts as saturated, steep ones too. It is the size of a slope that says how much of "
    "a gradient gets through; its sign does not matter. See 'Saturated and dead units' in the handout.",
)
def saturated_sign_not_removed(slope, threshold=0.01):
    return np.mean(slope <= threshold, axis=0)


@mistake(
    "saturated-by-example",
    "saturated_fraction",
    "There is one fraction for each example, over the units. What is asked for is one for each unit, over the "
    "examples: the batch is axis 0, and it is what disappears. See 'Saturated and dead units' in the handout.",
)
def saturated_by_example(slope, threshold=0.01):
    return np.mean(np.abs(slope) <= threshold, axis=1)


@mistake(
    "saturated-one-number",
    "saturated_fraction",
    "What comes back is one fraction over all units. A layer in which half of the units are dead, and one in "
    "which every unit is flat half of the time, would look the same. See 'Saturated and dead units' in the "
    "handout.",
)
def saturated_one_number(slope, threshold=0.01):
    return np.mean(np.abs(slope) <= threshold)


@mistake(
    "saturated-count",
    "saturated_fraction",
    "The examples are counted, but not divided by their number. A fraction can be compared between batches of "
    "different size. See 'Saturated and dead units' in the handout.",
)
def saturated_count(slope, threshold=0.01):
    return np.sum(np.abs(slope) <= threshold, axis=0)


@mistake(
    "saturated-complement",
    "saturated_fraction",
    "This is the fraction of examples for which the unit is *not* saturated. A flat activation has a small "
    "slope. See 'Saturated and dead units' in the handout.",
)
def saturated_complement(slope, threshold=0.01):
    return np.mean(np.abs(slope) > threshold, axis=0)


@mistake(
    "saturated-threshold-hard-coded",
    "saturated_fraction",
    "The threshold is 0.01 whatever was asked for. That number is only the default of the argument. See "
    "'Saturated and dead units' in the handout.",
)
def saturated_threshold_hard_coded(slope, threshold=0.01):
    return np.mean(np.abs(slope) <= 0.01, axis=0)


@mistake(
    "saturated-for-every-example",
    "saturated_fraction",
    "A unit counts as 1 if it is saturated for every example, and as 0 otherwise. That tells those apart that "
    "never learn; the fraction says more, namely how often. See 'Saturated and dead units' in the handout.",
)
def saturated_for_every_example(slope, threshold=0.01):
    return 1.0 * np.all(np.abs(slope) <= threshold, axis=0)


# --- dead_units -------------------------------------------------------------------------------------------


@mistake(
    "dead-zero-only",
    "dead_units",
    "Only units whose output is always zero are found. A sigmoid that is stuck at 1 for every example, or at "
    "any other number, tells the examples apart just as little. See 'Saturated and dead units' in the handout.",
)
def dead_zero_only(h):
    return np.all(h == 0, axis=0)


@mistake(
    "dead-nearly-equal",
    "dead_units",
    "Outputs that are nearly equal count as equal. A unit that differs a little still learns, if slowly; only"
    " one that does not differ at all never will. Compare the outputs exactly. See 'Saturated and dead units'"
    " in the handout.",
)
def dead_nearly_equal(h):
    return np.isclose(h.std(axis=0), 0)


@mistake(
    "dead-never-positive",
    "dead_units",
    "Units are called dead whose outputs are never positive. Behind a rectifier that means always zero, but "
    "other activations have negative outputs and live. Compare the outputs with one another. See 'Saturated "
    "and dead units' in the handout.",
)
def dead_never_positive(h):
    return np.all(h <= 0, axis=0)


@mistake(
    "dead-sometimes-zero",
    "dead_units",
    "A unit counts as dead if it is zero for at least one example. A rectifier that is off for some examples "
    "and on for others does its work. See 'Saturated and dead units' in the handout.",
)
def dead_sometimes_zero(h):
    return np.any(h == 0, axis=0)


@mistake(
    "dead-and-alive-exchanged",
    "dead_units",
    "The units that are marked are those that live. True means dead: the same output for every example. See "
    "'Saturated and dead units' in the handout.",
)
def dead_and_alive_exchanged(h):
    return ~dead_units(h)


@mistake(
    "dead-counted",
    "dead_units",
    "What comes back is how many units are dead. Which ones they are is asked for, one boolean for each unit; "
    "whoever wants the number can add them up. See 'Saturated and dead units' in the handout.",
)
def dead_counted(h):
    return np.sum(dead_units(h))


@mistake(
    "dead-by-number",
    "dead_units",
    "What comes back are the numbers of the dead units. A mask is asked for, one boolean for each unit of the "
    "layer. See 'Saturated and dead units' in the handout.",
)
def dead_by_number(h):
    return np.concatenate([np.flatnonzero(dead_units(h)), np.zeros((0,), dtype=int)])


@mistake(
    "dead-examples",
    "dead_units",
    "There is one answer for each example: whether all units agree on it. The question is about units, over the "
    "examples of the batch, which are on axis 0. See 'Saturated and dead units' in the handout.",
)
def dead_examples(h):
    return dead_units(h.T)


@mistake(
    "dead-first-and-last-compared",
    "dead_units",
    "Only the first and the last example are compared. A unit may agree on these two and differ in between, and "
    "one example is enough to be alive. See 'Saturated and dead units' in the handout.",
)
def dead_first_and_last_compared(h):
    return h[0] == h[-1]


# --- per_example_gradients --------------------------------------------------------------------------------


@mistake(
    "per-example-summed",
    "per_example_gradients",
    "The gradients are summed over the batch already: this is the gradient that a layer's backward returns. "
    "Here each example keeps its own, so that they can be compared. See 'Zig-zag' in the handout.",
)
def per_example_summed(x, dz):
    return np.sum(per_example_gradients(x, dz), axis=0)


@mistake(
    "per-example-averaged",
    "per_example_gradients",
    "Each example's gradient is divided by N. Where the loss is a mean its 1/N is in dz already, and where it "
    "is a sum there is none. See 'Zig-zag' in the handout.",
)
def per_example_averaged(x, dz):
    return per_example_gradients(x, dz) / len(x)


@mistake(
    "per-example-transposed",
    "per_example_gradients",
    "Inputs and units have changed places: the notes write a weight as (out, in), the code as (fan_in, "
    "fan_out), and a gradient has the shape of its weight. See 'Translation table' in the handout.",
)
def per_example_transposed(x, dz):
    return np.swapaxes(per_example_gradients(x, dz), 1, 2)


@mistake(
    "per-example-batch-axis-last",
    "per_example_gradients",
    "The examples are on the last axis. An array of examples has the batch on axis 0, whatever each example is: "
    "here a matrix. See 'Translation table' in the handout.",
)
def per_example_batch_axis_last(x, dz):
    return np.moveaxis(per_example_gradients(x, dz), 0, -1)


@mistake(
    "per-example-dz-of-all-examples",
    "per_example_gradients",
    "Each example's input is multiplied by the dz of all examples together. An example acts on the loss through "
    "its own pre-activations only. See 'Zig-zag' in the handout.",
)
def per_example_dz_of_all_examples(x, dz):
    return per_example_gradients(x, np.broadcast_to(np.sum(dz, axis=0), dz.shape))


@mistake(
    "per-example-dz-missing",
    "per_example_gradients",
    "These are the inputs, once for every unit: dz counts as 1 everywhere. A gradient is the local derivative "
    "times what arrives from above. See 'Zig-zag' in the handout.",
)
def per_example_dz_missing(x, dz):
    return per_example_gradients(x, np.ones_like(dz))


@mistake(
    "per-example-every-pair",
    "per_example_gradients",
    "Every input is multiplied by every entry of dz, also by those of other examples, in one large matrix. Only "
    "inputs and gradients of one example belong together. See 'Zig-zag' in the handout.",
)
def per_example_every_pair(x, dz):
    return np.outer(x, dz)


@mistake(
    "per-example-sign",
    "per_example_gradients",
    "The signs are reversed, as for a step against the gradient. The gradient itself is asked for. See "
    "'Zig-zag' in the handout.",
)
def per_example_sign(x, dz):
    return -per_example_gradients(x, dz)


# --- sign_agreement ---------------------------------------------------------------------------------------


@mistake(
    "agreement-zero-is-a-sign",
    "sign_agreement",
    "A zero beside positive numbers counts as a disagreement. A weight whose gradient is zero does not move, "
    "so it goes with any direction: only a positive and a negative number disagree. See 'Zig-zag' in the "
    "handout.",
)
def agreement_zero_is_a_sign(gradients):
    each, batch = np.sign(gradients), np.sign(np.sum(gradients, axis=0))
    return np.all(each == each[:, :1], axis=1), np.all(batch == batch[:1], axis=0)


@mistake(
    "agreement-zero-agrees-with-nothing",
    "sign_agreement",
    "All gradients are asked to be positive, or all negative, and a zero is neither. A weight whose gradient "
    "is zero does not move, so it goes with any direction: only a positive and a negative number disagree. "
    "See 'Zig-zag' in the handout.",
)
def agreement_zero_agrees_with_nothing(gradients):
    total = gradients.sum(axis=0)
    each = (gradients > 0).all(axis=1) | (gradients < 0).all(axis=1)
    return each, (total > 0).all(axis=0) | (total < 0).all(axis=0)


@mistake(
    "agreement-of-all-examples-taken-for-the-batch",
    "sign_agreement",
    "The batch is said to agree if each of its examples does. That is the step that the notes take, and it does "
    "not hold: one example may have all gradients positive and the next all negative, and their sum can have "
    "any signs. Add up first, then look. See 'Zig-zag' in the handout.",
)
def agreement_of_all_examples_taken_for_the_batch(gradients):
    each, _ = sign_agreement(gradients)
    return each, np.all(each, axis=0)


@mistake(
    "agreement-of-counted-signs",
    "sign_agreement",
    "For the batch the signs are added up, not the gradients, so that a large gradient counts no more than a "
    "small one. The batch moves along the sum of the gradients themselves. See 'Zig-zag' in the handout.",
)
def agreement_of_counted_signs(gradients):
    each, _ = sign_agreement(gradients)
    return each, sign_agreement(np.sign(gradients))[1]


@mistake(
    "agreement-on-plus-only",
    "sign_agreement",
    "Only units whose gradients are all positive count as agreeing. All negative is an agreement too. See "
    "'Zig-zag' in the handout.",
)
def agreement_on_plus_only(gradients):
    return np.all(gradients >= 0, axis=1), np.all(np.sum(gradients, axis=0) >= 0, axis=0)


@mistake(
    "agreement-exchanged-with-disagreement",
    "sign_agreement",
    "True stands where the signs differ. The function answers whether they agree. See 'Zig-zag' in the handout.",
)
def agreement_exchanged_with_disagreement(gradients):
    each, batch = sign_agreement(gradients)
    return ~each, ~batch


@mistake(
    "agreement-among-units",
    "sign_agreement",
    "The gradients of one input are compared over the units. It is the weights of one unit that move together "
    "or apart: compare along D, for each of the M units. See 'Zig-zag' in the handout.",
)
def agreement_among_units(gradients):
    return sign_agreement(np.swapaxes(gradients, 1, 2))


@mistake(
    "agreement-returned-in-the-other-order",
    "sign_agreement",
    "The two answers come in each other's place: first the one for every example, then the one for the batch. "
    "The docstring says which is which.",
)
def agreement_returned_in_the_other_order(gradients):
    each, batch = sign_agreement(gradients)
    return batch, each


# --- gradient_norms ---------------------------------------------------------------------------------------


def _norms(x, w, dout, step, norm=np.linalg.norm):
    """Return `norm` of the gradient at every layer; `step(dh, before, after, layer)` goes back through one."""
    signals = [x]
    for layer in w:
        signals.append(1 / (1 + np.exp(-(signals[-1] @ layer))))
    dh, norms = dout, [norm(dout)]
    for i in reversed(range(len(w))):
        dh = step(dh, signals[i], signals[i + 1], w[i])
        norms.append(norm(dh))
    return np.array(norms[::-1])


def _right(dh, before, after, layer):
    return (dh * (after - after**2)) @ layer.T


@mistake(
    "norms-derivative-missing",
    "gradient_norms",
    "The derivative of the sigmoid is left out: gradients go through the weights alone. It is at most a "
    "quarter, which is what makes them vanish. See 'The vanishing product' in the handout.",
)
def norms_derivative_missing(x, w, dout):
    return _norms(x, w, dout, lambda dh, before, after, layer: dh @ layer.T)


@mistake(
    "norms-derivative-always-a-quarter",
    "gradient_norms",
    "The derivative counts as 1/4 for every unit. That is its largest value, reached only where the "
    "pre-activation is zero; it is a bound, not the gradient. See 'The vanishing product' in the handout.",
)
def norms_derivative_always_a_quarter(x, w, dout):
    return _norms(x, w, dout, lambda dh, before, after, layer: dh @ layer.T / 4)


@mistake(
    "norms-derivative-of-the-layer-before",
    "gradient_norms",
    "The derivative of each layer is made from the signal that goes into it. The sigmoid's derivative is "
    "written with its own output, the signal one further on. See 'The vanishing product' in the handout.",
)
def norms_derivative_of_the_layer_before(x, w, dout):
    return _norms(x, w, dout, lambda dh, before, after, layer: (dh * (before - before**2)) @ layer.T)


@mistake(
    "norms-derivative-after-the-weights",
    "gradient_norms",
    "The weights come first and the derivative after them, in the order of the forward pass. On the way back "
    "the sigmoid is met first, and then the weights before it. See 'The vanishing product' in the handout.",
)
def norms_derivative_after_the_weights(x, w, dout):
    return _norms(x, w, dout, lambda dh, before, after, layer: (dh @ layer.T) * (after - after**2))


@mistake(
    "norms-weights-not-transposed",
    "gradient_norms",
    "The weights are used as they are on the way back. A gradient goes from the outputs to the inputs, so the "
    "sides of a weight trade places; with square weights the shapes fit all the same and nothing warns you. "
    "See 'The vanishing product' in the handout.",
)
def norms_weights_not_transposed(x, w, dout):
    return _norms(x, w, dout, lambda dh, before, after, layer: (dh * (after - after**2)) @ layer)


@mistake(
    "norms-weights-in-the-order-of-the-forward",
    "gradient_norms",
    "On the way back the weights are used in the order of the forward pass. The last layer is the first that a "
    "gradient meets. See 'The vanishing product' in the handout.",
)
def norms_weights_in_the_order_of_the_forward(x, w, dout):
    order = iter(w)
    return _norms(x, w, dout, lambda dh, before, after, layer: _right(dh, before, after, next(order)))


@mistake(
    "norms-first-weights-everywhere",
    "gradient_norms",
    "Every layer uses the weights of the first one. Each of the L layers has weights of its own. See 'The "
    "vanishing product' in the handout.",
)
def norms_first_weights_everywhere(x, w, dout):
    return gradient_norms(x, np.broadcast_to(w[:1], w.shape), dout)


@mistake(
    "norms-from-the-last-to-the-first",
    "gradient_norms",
    "The norms come in the order in which they are found, from the last layer to the first. norms[0] belongs to "
    "the input x, norms[L] to the output. See 'The vanishing product' in the handout.",
)
def norms_from_the_last_to_the_first(x, w, dout):
    return gradient_norms(x, w, dout)[::-1]


@mistake(
    "norms-not-rooted",
    "gradient_norms",
    "These are sums of squares, without the root. The size of a gradient is the square root of that sum. See "
    "'The vanishing product' in the handout.",
)
def norms_not_rooted(x, w, dout):
    return gradient_norms(x, w, dout) ** 2


@mistake(
    "norms-root-of-the-mean",
    "gradient_norms",
    "The squares are averaged before the root is taken. The size asked for grows with the number of entries: "
    "the root of the sum. See 'The vanishing product' in the handout.",
)
def norms_root_of_the_mean(x, w, dout):
    return gradient_norms(x, w, dout) / np.sqrt(dout.size)


@mistake(
    "norms-sum-of-sizes",
    "gradient_norms",
    "The sizes of the entries are added up. The size of a gradient is its length: the root of the sum of "
    "squares. See 'The vanishing product' in the handout.",
)
def norms_sum_of_sizes(x, w, dout):
    return _norms(x, w, dout, _right, norm=lambda gradient: np.sum(np.abs(gradient)))


@mistake(
    "norms-mean-of-sizes",
    "gradient_norms",
    "The mean size of an entry is returned. The size of a gradient is its length: the root of the sum of "
    "squares. See 'The vanishing product' in the handout.",
)
def norms_mean_of_sizes(x, w, dout):
    return _norms(x, w, dout, _right, norm=lambda gradient: np.mean(np.abs(gradient)))


@mistake(
    "norms-largest-singular-value",
    "gradient_norms",
    "These are the largest singular values, which is what a matrix norm of order 2 means in NumPy. The root of "
    "the sum of all squares is asked for, the norm of the entries in a row. See 'The vanishing product' in the "
    "handout.",
)
def norms_largest_singular_value(x, w, dout):
    return _norms(x, w, dout, _right, lambda dh: np.linalg.norm(dh, 2))


@mistake(
    "norms-input-left-out",
    "gradient_norms",
    "The gradient with respect to x is missing. A network of L layers has L + 1 signals, from the input to the "
    "output. See 'The vanishing product' in the handout.",
)
def norms_input_left_out(x, w, dout):
    return gradient_norms(x, w, dout)[1:]


# --- identical_units --------------------------------------------------------------------------------------


@mistake(
    "identical-by-the-weights-in-alone",
    "identical_units",
    "Only the weights in are compared. Units with other biases give other outputs, and units with other weights "
    "out get other gradients: either way they part at the first step. The notes' argument leaves both unsaid. "
    "See 'Units that stay alike' in the handout.",
)
def identical_by_the_weights_in_alone(w_in, b, w_out):
    return identical_units(w_in, np.zeros_like(b), np.zeros_like(w_out))


@mistake(
    "identical-without-the-weights-out",
    "identical_units",
    "The weights out are not compared. Two units that see the world alike but act on the output differently "
    "have equal outputs and different gradients, and so they part at the first step. See 'Units that stay "
    "alike' in the handout.",
)
def identical_without_the_weights_out(w_in, b, w_out):
    return identical_units(w_in, b, np.zeros_like(w_out))


@mistake(
    "identical-without-the-bias",
    "identical_units",
    "The biases are not compared. Different biases break the symmetry as well as different weights do: the "
    "outputs differ. See 'Units that stay alike' in the handout.",
)
def identical_without_the_bias(w_in, b, w_out):
    return identical_units(w_in, np.zeros_like(b), w_out)


@mistake(
    "identical-the-last-copy",
    "identical_units",
    "Each unit is given the last of its copies. The smallest number is asked for. See 'Units that stay alike' in "
    "the handout.",
)
def identical_the_last_copy(w_in, b, w_out):
    turned = identical_units(w_in[:, ::-1], b[::-1], w_out[::-1])
    return (len(b) - 1 - turned)[::-1]


@mistake(
    "identical-groups-numbered",
    "identical_units",
    "The groups of copies are numbered one after the other. Each unit is to be given the number of a unit, that "
    "of the first copy. See 'Units that stay alike' in the handout.",
)
def identical_groups_numbered(w_in, b, w_out):
    return np.unique(identical_units(w_in, b, w_out), return_inverse=True)[1].reshape(len(b))


@mistake(
    "identical-groups-in-sorted-order",
    "identical_units",
    "The groups of copies are numbered in the order of their weights, as a function that sorts them does. "
    "Each unit is to be given the number of a unit, that of the first copy. See 'Units that stay alike' in "
    "the handout.",
)
def identical_groups_in_sorted_order(w_in, b, w_out):
    units = np.concatenate([w_in, b[np.newaxis], w_out.T])
    return np.unique(units, axis=1, return_inverse=True)[1].reshape(len(b))


@mistake(
    "identical-nearly-equal",
    "identical_units",
    "Units that differ in their last digits are taken for copies. However small a difference is, gradient "
    "descent can make it grow; only what is equal in every digit stays equal. Compare exactly. See 'Units "
    "that stay alike' in the handout.",
)
def identical_nearly_equal(w_in, b, w_out):
    units = np.concatenate([w_in, b[np.newaxis], w_out.T])
    return np.isclose(units[:, :, np.newaxis], units[:, np.newaxis, :]).all(axis=0).argmax(axis=1)


@mistake(
    "identical-yes-or-no",
    "identical_units",
    "The answer is whether a unit has a copy. Which unit it is a copy of is asked for. See 'Units that stay "
    "alike' in the handout.",
)
def identical_yes_or_no(w_in, b, w_out):
    first = identical_units(w_in, b, w_out)
    return (first[:, np.newaxis] == first).sum(axis=0) > 1


@mistake(
    "identical-minus-one-without-copies",
    "identical_units",
    "A unit without an earlier copy is given -1. It is to be given its own number, so that the answer is always "
    "the number of a unit. See 'Units that stay alike' in the handout.",
)
def identical_minus_one_without_copies(w_in, b, w_out):
    first = identical_units(w_in, b, w_out)
    return np.where(first == np.arange(len(b)), -1, first)


@mistake(
    "identical-neighbours-only",
    "identical_units",
    "Each unit is compared with the one before it only. Copies need not stand side by side. See 'Units that stay "
    "alike' in the handout.",
)
def identical_neighbours_only(w_in, b, w_out):
    first = list(range(len(b)))
    for j in range(1, len(b)):
        pair = [j - 1, j]
        if identical_units(w_in[:, pair], b[pair], w_out[pair])[1] == 0:
            first[j] = first[j - 1]
    return np.array(first)


@mistake(
    "identical-counted",
    "identical_units",
    "What comes back is one number, how many different units there are. One number for each unit is asked for. "
    "See 'Units that stay alike' in the handout.",
)
def identical_counted(w_in, b, w_out):
    return len(set(identical_units(w_in, b, w_out).tolist()))
