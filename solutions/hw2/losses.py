"""hw2, part 2: three losses and a penalty.

Conventions, the same everywhere:
- Every function returns two things: a number, and the gradient of that number with respect to the first
  argument, with the shape of that argument.
- A loss has the batch on axis 0: row i of the scores belongs to example i, N is how many examples there are.
- Where a loss is a mean over the N examples, so is its gradient: the 1/N is in both.
- No function changes its arguments.

The mathematics is in README.md beside this file.
"""

import numpy as np


def squared_loss(h, z):
    """Squared loss between outputs h and targets z, and its gradient.

    h: an array of any shape, the network's outputs
    z: same shape, the targets

    Returns `(loss, dh)`:
    loss: a number, the sum over all entries of (h - z) squared
    dh: like h, the gradient of the loss with respect to h

    Convention: the sum has neither a factor 1/2 nor a mean over the batch. Neither h nor z is changed.
    """
    difference = h - z
    return np.sum(difference**2), 2 * difference


def softmax_loss(x, y):
    """Cross-entropy loss of a softmax over class scores, and its gradient.

    x: (N, C) scores, row i for example i
    y: (N,) integer labels, y[i] in 0 .. C-1

    Returns `(loss, dx)`:
    loss: a number, the mean over the N examples of -log p[i, y[i]]
    dx: (N, C), the gradient of that mean with respect to the scores

    p[i, j] = exp(x[i, j]) / (sum over k of exp(x[i, k])), the probability of class j for example i.
    Scores may be as large as 1000 in size: exp must not overflow. Subtracting one number from a whole row
    does not change its probabilities. Neither x nor y is changed.
    """
    examples = np.arange(x.shape[0])
    shifted = x - x.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -log_p[examples, y].mean()
    dx = np.exp(log_p)
    dx[examples, y] -= 1
    return loss, dx / x.shape[0]


def svm_loss(x, y):
    """Multiclass hinge loss (Weston and Watkins) with margin 1, and its gradient.

    x: (N, C) scores, row i for example i
    y: (N,) integer labels, y[i] in 0 .. C-1

    Returns `(loss, dx)`:
    loss: a number, the mean over the N examples of the sum over all classes j other than y[i] of
          max(0, m[i, j]), where m[i, j] = x[i, j] - x[i, y[i]] + 1
    dx: (N, C), the gradient of that mean with respect to the scores

    Convention: where m[i, j] is exactly 0 the class j counts as satisfied, and adds nothing to the gradient.
    Neither x nor y is changed.
    """
    examples = np.arange(x.shape[0])
    margins = np.maximum(x - x[examples, y][:, np.newaxis] + 1, 0)
    margins[examples, y] = 0
    dx = (margins > 0).astype(x.dtype)
    dx[examples, y] = -dx.sum(axis=1)
    return margins.sum() / x.shape[0], dx / x.shape[0]


def l2_penalty(w, strength):
    """Penalty on the size of weights, to be added to a loss (weight decay), and its gradient.

    w: an array of any shape, one layer's weights
    strength: a float, how much the penalty counts

    Returns `(loss, dw)`:
    loss: a number, half of strength times the sum over all entries of w squared
    dw: like w, the gradient of that number with respect to w

    Convention: there is a factor 1/2, and no mean, neither over the entries of w nor over a batch. w is not
    changed.
    """
    return strength * np.sum(w**2) / 2, strength * w
