"""hw4, part 4: dropout, and what it does to the statistics of batch normalisation."""


def dropout_forward(x, dropout_param):
    """Inverted dropout, forward.

    x: (N, D)
    dropout_param: a dictionary
        "mode": "train" or "test"
        "p": float, the probability to *keep* an entry, 0 < p <= 1
        "rng": a numpy.random.Generator; draw from it and from nothing else

    Returns `(out, cache)`: out (N, D); the cache is your own business.

    train: every entry is kept with probability p, each by itself, and is then x / p; else it is 0.
    test: out = x.
    No argument is changed (but that rng has been drawn from).

    Problem `dropout_forward`, 5 points. Try: `grader run hw4 --problem dropout_forward`.
    Stuck: `grader hint hw4 dropout_forward`.
    """
    # Your code here.
    raise NotImplementedError("hw4: dropout_forward is not implemented yet")


def dropout_backward(dout, cache):
    """Gradient of dropout, in the mode of the forward that made the cache.

    dout: (N, D), the gradient with respect to out
    cache: from your `dropout_forward`

    Returns dx: (N, D). No argument is changed.

    Problem `dropout_backward`, 3 points. Try: `grader run hw4 --problem dropout_backward`.
    Stuck: `grader hint hw4 dropout_backward`.
    """
    # Your code here.
    raise NotImplementedError("hw4: dropout_backward is not implemented yet")


def variance_under_dropout(mean, var, p):
    """Variance of dropout's output while training, of features with a given mean and variance.

    mean, var: (D,), of each feature before dropout (which are also its mean and variance after it at test time)
    p: float, the probability to keep

    Returns (D,): the variance of out in train mode, over the data and over the draws of dropout together.
    This is what batch normalisation behind dropout learns, and is not what it meets at test time.

    Problem `variance_under_dropout`, 2 points.
    Try: `grader run hw4 --problem variance_under_dropout`.
    Stuck: `grader hint hw4 variance_under_dropout`.
    """
    # Your code here.
    raise NotImplementedError("hw4: variance_under_dropout is not implemented yet")
