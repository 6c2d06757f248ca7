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
    """
    if dropout_param["mode"] == "test":
        return x.copy(), None
    p, rng = dropout_param["p"], dropout_param["rng"]
    mask = (rng.random(x.shape) < p) / p
    return x * mask, mask


def dropout_backward(dout, cache):
    """Gradient of dropout, in the mode of the forward that made the cache.

    dout: (N, D), the gradient with respect to out
    cache: from your `dropout_forward`

    Returns dx: (N, D). No argument is changed.
    """
    return dout.copy() if cache is None else dout * cache


def variance_under_dropout(mean, var, p):
    """Variance of dropout's output while training, of features with a given mean and variance.

    mean, var: (D,), of each feature before dropout (which are also its mean and variance after it at test time)
    p: float, the probability to keep

    Returns (D,): the variance of out in train mode, over the data and over the draws of dropout together.
    This is what batch normalisation behind dropout learns, and is not what it meets at test time.
    """
    return (var + mean**2) / p - mean**2
