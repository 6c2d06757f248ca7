"""Wrong losses: squared, softmax, hinge, and the penalty on weights."""

import numpy as np

from grader.catalogue import Mistakes

MISTAKES = Mistakes()
mistake = MISTAKES.add


# --- squared_loss -----------------------------------------------------------------------------------------


@mistake(
    "squared-loss-half",
    "squared_loss",
    "A factor 1/2 stands before the sum, and loss and gradient both follow it. It is a common convention, "
    "but not ours: look at the definition, always. See 'Squared loss' in the handout.",
)
def squared_loss_half(h, z):
    return 0.5 * np.sum((h - z) ** 2), h - z


@mistake(
    "squared-loss-half-without-the-gradient",
    "squared_loss",
    "The loss has a factor 1/2 that its gradient does not know of, so the two do not belong to one another. "
    "The notes write one form in one place and the other elsewhere, and are off by this 2. See 'Squared loss'"
    " in the handout.",
)
def squared_loss_half_without_the_gradient(h, z):
    return np.sum((h - z) ** 2) / 2, 2 * h - 2 * z


@mistake(
    "squared-loss-gradient-without-the-two",
    "squared_loss",
    "The gradient lacks the factor that a square leaves behind. It would be right for half of the loss, and "
    "a training curve would not show the difference. See 'Squared loss' in the handout.",
)
def squared_loss_gradient_without_the_two(h, z):
    return np.sum((h - z) ** 2), h - z


@mistake(
    "squared-loss-mean-over-entries",
    "squared_loss",
    "Loss and gradient are averaged over all entries. Our loss is the plain sum, and grows with the size of "
    "the batch. See 'Squared loss' in the handout.",
)
def squared_loss_mean_over_entries(h, z):
    return np.mean((h - z) ** 2), 2 * (h - z) / h.size


@mistake(
    "squared-loss-mean-over-the-batch",
    "squared_loss",
    "Loss and gradient are divided by the number of examples. That is the convention of the softmax loss "
    "here; the squared loss is a plain sum over all entries. See 'Squared loss' in the "
    "handout.",
)
def squared_loss_mean_over_the_batch(h, z):
    return np.sum((h - z) ** 2) / len(h), 2 * (h - z) / len(h)


@mistake(
    "squared-loss-sign",
    "squared_loss",
    "The gradient points the wrong way. The square does not care about the order of the difference, but its "
    "derivative does: where an output is above its target, a larger output must cost more. See 'Squared loss'"
    " in the handout.",
)
def squared_loss_sign(h, z):
    return np.sum((h - z) ** 2), 2 * (z - h)


@mistake(
    "squared-loss-is-the-norm",
    "squared_loss",
    "The loss is the length of the difference, with a root. The squared length is asked for; its gradient "
    "grows with the distance, that of the length does not, and at the target it is 0 by 0. See 'Squared loss'"
    " in the handout.",
)
def squared_loss_is_the_norm(h, z):
    norm = np.sqrt(np.sum((h - z) ** 2))
    return norm, (h - z) / norm


@mistake(
    "squared-loss-square-of-the-sum",
    "squared_loss",
    "The differences are added first and squared afterwards, so that those of opposite sign cancel and a bad "
    "prediction can have no loss at all. Each one must be squared by itself. See 'Squared loss'"
    " in the handout.",
)
def squared_loss_square_of_the_sum(h, z):
    return np.sum(h - z) ** 2, 2 * (h - z)


@mistake(
    "squared-loss-not-summed",
    "squared_loss",
    "The squares are there, but not their sum: the loss is an array like h. A gradient is that of a single "
    "number, so every square goes into one sum. See 'Squared loss' in the handout.",
)
def squared_loss_not_summed(h, z):
    return (h - z) ** 2, 2 * (h - z)


@mistake(
    "squared-loss-one-number-for-each-example",
    "squared_loss",
    "The loss is an array with one number for each example. A gradient is that of a single number, so the "
    "sum goes over the batch as well. See 'Squared loss' in the handout.",
)
def squared_loss_one_number_for_each_example(h, z):
    return np.sum((h - z) ** 2, axis=1), 2 * (h - z)


@mistake(
    "squared-loss-gradient-summed",
    "squared_loss",
    "The gradient is summed over the batch. Every output of every example is a value of its own with its own "
    "gradient; sums over the batch come later, for the weights that all examples share. See 'Squared loss' in "
    "the handout.",
)
def squared_loss_gradient_summed(h, z):
    return np.sum((h - z) ** 2), (2 * (h - z)).sum(axis=0)


@mistake(
    "squared-loss-writes-into-h",
    "squared_loss",
    "The values are right, but the difference was written over h. The outputs belong to the caller, who will "
    "want to look at them after the loss is known; an in-place operator changes the array for both of you. "
    "See 'One gate' in the handout.",
)
def squared_loss_writes_into_h(h, z):
    h -= z
    return np.sum(h**2), 2 * h


# --- softmax_loss -----------------------------------------------------------------------------------------


def _softmax(x):
    """Return the log probabilities and the probabilities, right and stable."""
    shifted = x - x.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    return log_p, np.exp(log_p)


def _one_hot(x, y):
    return np.eye(x.shape[1])[y]


def _entropy(log_p, y):
    return -np.mean([row[label] for row, label in zip(log_p, y, strict=True)])


@mistake(
    "softmax-not-shifted",
    "softmax_loss",
    "The formula is right, but the exponential of a score of 1000 is infinite in float64 and the quotient "
    "then not a number. Adding the same number to all scores of an example changes no probability: use that. "
    "See 'Softmax and cross-entropy' in the handout.",
)
def softmax_not_shifted(x, y):
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    return _entropy(np.log(p), y), (p - _one_hot(x, y)) / len(x)


@mistake(
    "softmax-sum-not-shifted",
    "softmax_loss",
    "The formula is right, but the sum of exponentials is infinite for scores of 1000 and zero for those of -1000, and "
    "its logarithm is infinite either way. Adding the same number to all scores of an example changes no probability: "
    "use that before the first exponential. See 'Softmax and cross-entropy' in the handout.",
)
def softmax_sum_not_shifted(x, y):
    log_sum = np.log(np.exp(x).sum(axis=1))
    p = np.exp(x - log_sum[:, None])
    return np.mean(log_sum - np.sum(x * _one_hot(x, y), axis=1)), (p - _one_hot(x, y)) / len(x)


@mistake(
    "softmax-one-shift-for-the-whole-batch",
    "softmax_loss",
    "All examples are shifted by the one largest score of the batch. An example whose scores lie far below "
    "it is left with zeros only, and zero by zero is not a number. Each row needs a shift of its own. See "
    "'Softmax and cross-entropy' in the handout.",
)
def softmax_one_shift_for_the_whole_batch(x, y):
    e = np.exp(x - np.max(x))
    p = e / e.sum(axis=1, keepdims=True)
    return _entropy(np.log(p), y), (p - _one_hot(x, y)) / len(x)


@mistake(
    "softmax-shifted-by-class",
    "softmax_loss",
    "The shift is the largest score of each class over the batch. Only what is subtracted from all scores of "
    "one example alike leaves its probabilities as they are; here each class gets a shift of its own. See "
    "'Softmax and cross-entropy' in the handout.",
)
def softmax_shifted_by_class(x, y):
    log_p, p = _softmax(x - x.max(axis=0))
    return _entropy(log_p, y), (p - _one_hot(x, y)) / len(x)


@mistake(
    "softmax-zero-times-infinity",
    "softmax_loss",
    "The logarithms of all probabilities are taken and then multiplied by zeros and ones. A probability may "
    "underflow to zero, and zero times minus infinity is not a number, also for a class that does not count. "
    "See 'Softmax and cross-entropy' in the handout.",
)
def softmax_zero_times_infinity(x, y):
    _, p = _softmax(x)
    one_hot = _one_hot(x, y)
    return -np.sum(one_hot * np.log(p)) / len(x), (p - one_hot) / len(x)


@mistake(
    "softmax-eps-inside-the-logarithm",
    "softmax_loss",
    "A small number is added inside the logarithm. It keeps the loss finite but makes it wrong, the more so "
    "the surer the network is of a wrong class; a loss that never takes the logarithm of a probability needs "
    "no such help. See 'Softmax and cross-entropy' in the handout.",
)
def softmax_eps_inside_the_logarithm(x, y):
    _, p = _softmax(x)
    return _entropy(np.log(p + 1e-8), y), (p - _one_hot(x, y)) / len(x)


@mistake(
    "softmax-eps-of-1e-12-inside-the-logarithm",
    "softmax_loss",
    "A small number is added inside the logarithm. It keeps the loss finite but makes it wrong where the "
    "network is sure of a wrong class: no loss can then exceed 28. A loss that never takes the logarithm of a"
    " probability needs no such help. See 'Softmax and cross-entropy' in the handout.",
)
def softmax_eps_of_1e_12_inside_the_logarithm(x, y):
    _, p = _softmax(x)
    return _entropy(np.log(p + 1e-12), y), (p - _one_hot(x, y)) / len(x)


@mistake(
    "softmax-normalised-over-everything",
    "softmax_loss",
    "The exponentials are divided by the sum over all examples. Each example has a distribution of its own "
    "over the classes, so each row is divided by its own sum. See 'Softmax and cross-entropy' in the handout.",
)
def softmax_normalised_over_everything(x, y):
    with np.errstate(all="ignore"):
        exps = np.exp(x - x.max())
        p = exps / exps.sum()
        return _entropy(np.log(p), y), (p - _one_hot(x, y)) / len(x)


@mistake(
    "softmax-gradient-not-averaged",
    "softmax_loss",
    "The loss is a mean over the batch, but its gradient is that of the sum: N times too large. The factor "
    "before a loss stands before its gradient too. See 'Softmax and cross-entropy' in the handout.",
)
def softmax_gradient_not_averaged(x, y):
    log_p, p = _softmax(x)
    return _entropy(log_p, y), p - _one_hot(x, y)


@mistake(
    "softmax-loss-not-averaged",
    "softmax_loss",
    "The loss is a sum over the batch, but its gradient is that of the mean. The two do not belong to one "
    "another, and the loss of a larger batch looks worse. See 'Softmax and cross-entropy' in the handout.",
)
def softmax_loss_not_averaged(x, y):
    log_p, p = _softmax(x)
    return _entropy(log_p, y) * len(x), (p - _one_hot(x, y)) / len(x)


@mistake(
    "softmax-sum-for-mean",
    "softmax_loss",
    "Loss and gradient are sums over the batch. They agree with one another, but a mean is asked for here, "
    "so that the size of a step does not depend on the size of the batch. See 'Softmax and cross-entropy' in "
    "the handout.",
)
def softmax_sum_for_mean(x, y):
    log_p, p = _softmax(x)
    return _entropy(log_p, y) * len(x), p - _one_hot(x, y)


@mistake(
    "softmax-mean-over-all-entries",
    "softmax_loss",
    "The mean goes over examples and classes. Only one class of each example has a part in the loss, so it "
    "is divided by the number of examples and not by the number of scores. See 'Softmax and cross-entropy' "
    "in the handout.",
)
def softmax_mean_over_all_entries(x, y):
    log_p, p = _softmax(x)
    return _entropy(log_p, y) / x.shape[1], (p - _one_hot(x, y)) / x.size


@mistake(
    "softmax-gradient-divided-by-classes",
    "softmax_loss",
    "The gradient is divided by the number of classes instead of the number of examples: the two axes are "
    "confused. The loss is a mean over examples. See 'Softmax and cross-entropy' in the handout.",
)
def softmax_gradient_divided_by_classes(x, y):
    log_p, p = _softmax(x)
    return _entropy(log_p, y), (p - _one_hot(x, y)) / x.shape[1]


@mistake(
    "softmax-right-class-forgotten",
    "softmax_loss",
    "The gradient holds the probabilities alone. The score of the right class also stands by itself in the "
    "loss, with a minus, and that term has a derivative too; without it every score would be pushed down. "
    "See 'Softmax and cross-entropy' in the handout.",
)
def softmax_right_class_forgotten(x, y):
    log_p, p = _softmax(x)
    return _entropy(log_p, y), p / len(x)


@mistake(
    "softmax-right-class-only",
    "softmax_loss",
    "Only the right class has a gradient. The other scores stand in the sum below the fraction, so raising "
    "one of them raises the loss. Each row of the gradient sums to zero. See 'Softmax and cross-entropy' in "
    "the handout.",
)
def softmax_right_class_only(x, y):
    log_p, p = _softmax(x)
    return _entropy(log_p, y), (p - 1) * _one_hot(x, y) / len(x)


@mistake(
    "softmax-gradient-sign",
    "softmax_loss",
    "The gradient points the wrong way: it would lower the score of the right class. The loss is minus a "
    "logarithm, and that minus is missing in the derivative. See 'Softmax and cross-entropy' in the handout.",
)
def softmax_gradient_sign(x, y):
    log_p, p = _softmax(x)
    return _entropy(log_p, y), (_one_hot(x, y) - p) / len(x)


@mistake(
    "softmax-loss-sign",
    "softmax_loss",
    "The loss is negative. Probabilities are at most 1, so their logarithms are at most 0; the loss is minus "
    "their mean and falls to zero as the right class becomes certain. See 'Softmax and cross-entropy' in the "
    "handout.",
)
def softmax_loss_sign(x, y):
    log_p, p = _softmax(x)
    return -_entropy(log_p, y), (p - _one_hot(x, y)) / len(x)


@mistake(
    "softmax-logarithm-missing",
    "softmax_loss",
    "The loss is minus the mean probability of the right class, without a logarithm. It would hardly change "
    "where the network is quite wrong, and the gradient that is returned belongs to another loss. See "
    "'Softmax and cross-entropy' in the handout.",
)
def softmax_logarithm_missing(x, y):
    _, p = _softmax(x)
    return _entropy(p, y), (p - _one_hot(x, y)) / len(x)


@mistake(
    "softmax-normalised-over-the-batch",
    "softmax_loss",
    "The exponentials are divided by their sum over the examples. It is the classes of one example that "
    "share a probability of 1, so the sum runs along a row. See 'Softmax and cross-entropy' in the handout.",
)
def softmax_normalised_over_the_batch(x, y):
    log_p, p = (part.T for part in _softmax(x.T))
    return _entropy(log_p, y), (p - _one_hot(x, y)) / len(x)


@mistake(
    "softmax-one-taken-from-whole-columns",
    "softmax_loss",
    "The 1 of the right class is subtracted in whole columns. Indexing with all rows and the list of labels "
    "selects every named column in every row; each row should be changed in one place, given by a pair of "
    "row and label. See 'Softmax and cross-entropy' in the handout.",
)
def softmax_one_taken_from_whole_columns(x, y):
    log_p, p = _softmax(x)
    dx = p.copy()
    dx[:, y] -= 1
    return _entropy(log_p, y), dx / len(x)


@mistake(
    "softmax-loss-of-whole-columns",
    "softmax_loss",
    "The loss averages whole columns of log probabilities. Indexing with all rows and the list of labels "
    "gives N by N numbers, the label of every example looked up in every row; one number of each row is "
    "meant. See 'Softmax and cross-entropy' in the handout.",
)
def softmax_loss_of_whole_columns(x, y):
    log_p, p = _softmax(x)
    return -np.mean(log_p[:, y]), (p - _one_hot(x, y)) / len(x)


@mistake(
    "softmax-derivative-taken-twice",
    "softmax_loss",
    "The difference is multiplied by p (1 - p), as behind a sigmoid. The derivative of the softmax is in it "
    "already: together with that of the logarithm it has simplified to the difference alone. See 'Softmax "
    "and cross-entropy' in the handout.",
)
def softmax_derivative_taken_twice(x, y):
    log_p, p = _softmax(x)
    return _entropy(log_p, y), (p - _one_hot(x, y)) * p * (1 - p) / len(x)


@mistake(
    "softmax-writes-into-x",
    "softmax_loss",
    "The values are right, but the shift was subtracted from x itself. The scores belong to the caller; an "
    "in-place operator changes the array for both of you. See 'One gate' in the handout.",
)
def softmax_writes_into_x(x, y):
    x -= x.max(axis=1, keepdims=True)
    log_p, p = _softmax(x)
    return _entropy(log_p, y), (p - _one_hot(x, y)) / len(x)


# --- svm_loss ---------------------------------------------------------------------------------------------


def _margins(x, y):
    """Return the margins (N, C), and which entries belong to wrong classes."""
    wrong = ~np.eye(x.shape[1], dtype=bool)[y]
    return x - np.sum(x * ~wrong, axis=1, keepdims=True) + 1, wrong


def _hinge(active, y):
    """Return the gradient of the sum of the margins that are active."""
    return active - _one_hot(active, y) * np.sum(active, axis=1, keepdims=True)


def _svm(x, y):
    """Return the margins above zero, right, and their mask as numbers."""
    margins, wrong = _margins(x, y)
    active = 1.0 * (wrong & (margins > 0))
    return margins * active, active


@mistake(
    "svm-right-class-counted",
    "svm_loss",
    "The right class has a margin of its own in the sum: its score less itself, plus 1. That adds exactly 1 to "
    "the loss of every example, whatever the scores are; the sum goes over the other classes. See 'The hinge "
    "loss' in the handout.",
)
def svm_right_class_counted(x, y):
    held, active = _svm(x, y)
    return np.sum(held) / len(x) + 1, _hinge(active, y) / len(x)


@mistake(
    "svm-right-class-has-no-gradient",
    "svm_loss",
    "The score of the right class has the gradient 0. It stands in every margin, with a minus; without it the "
    "wrong classes are pushed down but the right one is never pulled up. See 'The hinge loss' in the handout.",
)
def svm_right_class_has_no_gradient(x, y):
    held, active = _svm(x, y)
    return np.sum(held) / len(x), active / len(x)


@mistake(
    "svm-right-class-counts-once",
    "svm_loss",
    "The score of the right class has the gradient -1, however many margins are violated. It stands in each of "
    "them, and the gradients of all its uses add up. See 'The hinge loss' in the handout.",
)
def svm_right_class_counts_once(x, y):
    held, active = _svm(x, y)
    return np.sum(held) / len(x), (active - _one_hot(x, y) * np.max(active, axis=1, keepdims=True)) / len(x)


@mistake(
    "svm-right-class-in-the-mask",
    "svm_loss",
    "The gradient at the right class is too large by one. Its own margin, which is always 1, has stayed in the "
    "mask when the violated ones were counted. See 'The hinge loss' in the handout.",
)
def svm_right_class_in_the_mask(x, y):
    held, active = _svm(x, y)
    return np.sum(held) / len(x), (_hinge(active, y) + _one_hot(x, y)) / len(x)


@mistake(
    "svm-violated-at-zero",
    "svm_loss",
    "A margin of exactly zero counts as violated in the gradient. There is no derivative at the kink, so a "
    "value is agreed upon: what adds nothing to the loss adds nothing to the gradient. See 'The hinge loss' in "
    "the handout.",
)
def svm_violated_at_zero(x, y):
    margins, wrong = _margins(x, y)
    held, _ = _svm(x, y)
    return np.sum(held) / len(x), _hinge(1.0 * (wrong & (margins >= 0)), y) / len(x)


@mistake(
    "svm-sum-for-mean",
    "svm_loss",
    "Loss and gradient are sums over the batch. They agree with one another, but a mean over the examples is "
    "asked for. See 'The hinge loss' in the handout.",
)
def svm_sum_for_mean(x, y):
    held, active = _svm(x, y)
    return np.sum(held), _hinge(active, y)


@mistake(
    "svm-gradient-not-averaged",
    "svm_loss",
    "The loss is a mean over the batch, but its gradient is that of the sum: N times too large. The factor "
    "before a loss stands before its gradient too. See 'The hinge loss' in the handout.",
)
def svm_gradient_not_averaged(x, y):
    held, active = _svm(x, y)
    return np.sum(held) / len(x), _hinge(active, y)


@mistake(
    "svm-mean-over-all-entries",
    "svm_loss",
    "The mean goes over examples and classes. For each example the margins are added up; the mean is over the "
    "examples alone. See 'The hinge loss' in the handout.",
)
def svm_mean_over_all_entries(x, y):
    held, active = _svm(x, y)
    return np.mean(held), _hinge(active, y) / x.size


@mistake(
    "svm-margin-turned-round",
    "svm_loss",
    "The margins have the wrong sign: a class is punished for lying below the right one. Write down for two "
    "classes what should happen when the right one wins clearly. See 'The hinge loss' in the handout.",
)
def svm_margin_turned_round(x, y):
    held, active = _svm(-x, y)
    return np.sum(held) / len(x), -_hinge(active, y) / len(x)


@mistake(
    "svm-no-margin",
    "svm_loss",
    "The 1 is missing: a class that lies just below the right one costs nothing. The loss asks for a distance, "
    "so that the right class wins clearly. See 'The hinge loss' in the handout.",
)
def svm_no_margin(x, y):
    margins, wrong = _margins(x, y)
    active = 1.0 * (wrong & (margins > 1))
    return np.sum((margins - 1) * active) / len(x), _hinge(active, y) / len(x)


@mistake(
    "svm-margin-subtracted",
    "svm_loss",
    "The 1 is subtracted where it is to be added: a wrong class costs nothing until it is ahead by more than "
    "1. The loss asks that the right class be ahead, by 1. See 'The hinge loss' in the handout.",
)
def svm_margin_subtracted(x, y):
    margins, wrong = _margins(x, y)
    active = 1.0 * (wrong & (margins > 2))
    return np.sum((margins - 2) * active) / len(x), _hinge(active, y) / len(x)


@mistake(
    "svm-largest-margin-only",
    "svm_loss",
    "Only the worst of the wrong classes counts for each example. That is a loss too, with another name; here "
    "all violated margins are added up. See 'The hinge loss' in the handout.",
)
def svm_largest_margin_only(x, y):
    held, active = _svm(x, y)
    active = active * (np.arange(x.shape[1]) == np.argmax(held, axis=1)[:, None])
    return np.sum(held * active) / len(x), _hinge(active, y) / len(x)


@mistake(
    "svm-squared",
    "svm_loss",
    "The margins are squared, in loss and gradient. The squared hinge exists, but here a margin counts as it is "
    "and its slope is 1. See 'The hinge loss' in the handout.",
)
def svm_squared(x, y):
    held, _ = _svm(x, y)
    return np.sum(held**2) / len(x), _hinge(2 * held, y) / len(x)


@mistake(
    "svm-margin-for-slope",
    "svm_loss",
    "The gradient holds the margins themselves. What is needed is their derivative by the scores: a violated "
    "margin has the slope 1, however large it is. See 'The hinge loss' in the handout.",
)
def svm_margin_for_slope(x, y):
    held, _ = _svm(x, y)
    return np.sum(held) / len(x), _hinge(held, y) / len(x)


@mistake(
    "svm-gradient-sign",
    "svm_loss",
    "The gradient points the wrong way: a step against it would raise the wrong classes. See 'The hinge loss' "
    "in the handout.",
)
def svm_gradient_sign(x, y):
    held, active = _svm(x, y)
    return np.sum(held) / len(x), -_hinge(active, y) / len(x)


@mistake(
    "svm-writes-into-x",
    "svm_loss",
    "The values are right, but the scores of the right classes were subtracted from x itself, which belongs to "
    "the caller. See 'One gate' in the handout.",
)
def svm_writes_into_x(x, y):
    held, active = _svm(x, y)
    x -= np.sum(x * _one_hot(x, y), axis=1, keepdims=True)
    return np.sum(held) / len(x), _hinge(active, y) / len(x)


# --- l2_penalty -------------------------------------------------------------------------------------------


@mistake(
    "l2-half-missing",
    "l2_penalty",
    "The factor 1/2 is missing, in the penalty and in its gradient. Both conventions are in use, and this one "
    "penalises twice as much as is asked for. See 'Weight decay' in the handout.",
)
def l2_half_missing(w, strength):
    return np.sum(w**2) * strength, 2 * (strength * w)


@mistake(
    "l2-gradient-keeps-the-half",
    "l2_penalty",
    "The gradient still has the factor 1/2. A square leaves a factor 2 behind when it is differentiated, and "
    "that is what the 1/2 is there for. See 'Weight decay' in the handout.",
)
def l2_gradient_keeps_the_half(w, strength):
    return np.sum(w**2) * (strength / 2), w * (strength / 2)


@mistake(
    "l2-gradient-twice-too-large",
    "l2_penalty",
    "The penalty has its factor 1/2, the gradient does not know of it: twice too large. See 'Weight decay' in "
    "the handout.",
)
def l2_gradient_twice_too_large(w, strength):
    return np.sum(w**2) * (strength / 2), 2 * (strength * w)


@mistake(
    "l2-norm-not-squared",
    "l2_penalty",
    "The penalty is made from the length of w, with a root. Its square is asked for, which is what has a simple "
    "gradient. See 'Weight decay' in the handout.",
)
def l2_norm_not_squared(w, strength):
    return np.linalg.norm(w) * (strength / 2), np.multiply(w, strength)


@mistake(
    "l2-mean-over-the-weights",
    "l2_penalty",
    "Penalty and gradient are averaged over the entries of w. Then a large layer would be punished less for "
    "each of its weights than a small one; a plain sum is asked for. See 'Weight decay' in the handout.",
)
def l2_mean_over_the_weights(w, strength):
    return np.mean(w**2) * (strength / 2), np.multiply(w, strength) / w.size


@mistake(
    "l2-mean-over-rows",
    "l2_penalty",
    "Penalty and gradient are divided by the length of the first axis. In a batch that would be the number of "
    "examples, but w has none: its axes are inputs and units. See 'Weight decay' in the handout.",
)
def l2_mean_over_rows(w, strength):
    return np.sum(w**2) * (strength / 2) / len(w), np.multiply(w, strength) / len(w)


@mistake(
    "l2-strength-not-in-the-gradient",
    "l2_penalty",
    "The gradient does not depend on the strength. The factor before a function stands before its gradient "
    "too. See 'Weight decay' in the handout.",
)
def l2_strength_not_in_the_gradient(w, strength):
    return np.sum(w**2) * (strength / 2), w.copy()


@mistake(
    "l2-absolute-values",
    "l2_penalty",
    "The penalty adds up absolute values. That is L1, which pulls at every weight equally hard and makes many "
    "of them zero; L2 adds up squares, and pulls at each in proportion. See 'Weight decay' in the handout.",
)
def l2_absolute_values(w, strength):
    return np.sum(np.abs(w)) * strength, np.sign(w) * strength


@mistake(
    "l2-sign",
    "l2_penalty",
    "The gradient points the wrong way: weights would grow without end. Larger weights cost more, so the "
    "gradient has the sign of the weight. See 'Weight decay' in the handout.",
)
def l2_sign(w, strength):
    return np.sum(w**2) * (strength / 2), np.multiply(w, -strength)
