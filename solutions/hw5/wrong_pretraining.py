"""Wrong autoencoders, and layers that are trained on the wrong thing."""

import numpy as np
from pretraining import autoencoder_loss, encode, pretrain_layer

from grader.catalogue import Mistakes

MISTAKES = Mistakes()
mistake = MISTAKES.add


# --- autoencoder_loss -------------------------------------------------------------------------------------


def _parts(x, w):
    """The loss, and the gradient by either use of the weights."""
    h = encode(x, w)
    error = np.matmul(h, np.swapaxes(w, 0, 1)) - x
    upstream = error / (0.5 * x.shape[0])
    decoder = np.einsum("nd,nm->dm", upstream, h)
    encoder = np.einsum("nd,nm->dm", x, np.matmul(upstream, w) * (1 - np.square(h)))
    return np.square(error).sum() / x.shape[0], encoder, decoder


@mistake(
    "tied-decoder-only",
    "autoencoder_loss",
    "The gradient is that of the decoder alone. w is used a second time, in the encoder, and where a value is used "
    "twice its gradients add up. See 'One weight, used twice' in the handout.",
)
def tied_decoder_only(x, w):
    loss, _, decoder = _parts(x, w)
    return loss, decoder


@mistake(
    "tied-encoder-only",
    "autoencoder_loss",
    "The gradient is that of the encoder alone. w is used a second time, in the decoder, and where a value is used "
    "twice its gradients add up. See 'One weight, used twice' in the handout.",
)
def tied_encoder_only(x, w):
    loss, encoder, _ = _parts(x, w)
    return loss, encoder


@mistake(
    "tied-averaged",
    "autoencoder_loss",
    "The gradients of the two uses are averaged. They add up: a change of w acts through both. See 'One weight, used "
    "twice' in the handout.",
)
def tied_averaged(x, w):
    loss, encoder, decoder = _parts(x, w)
    return loss, 0.5 * (encoder + decoder)


@mistake(
    "autoencoder-mean-over-features",
    "autoencoder_loss",
    "Loss and gradient are divided by the number of features as well. The squared distance of one example is a sum "
    "over its features; only the examples are averaged. See 'An autoencoder' in the handout.",
)
def autoencoder_mean_over_features(x, w):
    loss, encoder, decoder = _parts(x, w)
    return loss / x.shape[1], (encoder + decoder) / x.shape[1]


@mistake(
    "autoencoder-sum-over-examples",
    "autoencoder_loss",
    "Loss and gradient are summed over the examples, not averaged: they grow with the batch. See 'An autoencoder' in "
    "the handout.",
)
def autoencoder_sum_over_examples(x, w):
    loss, encoder, decoder = _parts(x, w)
    return loss * x.shape[0], (encoder + decoder) * x.shape[0]


@mistake(
    "autoencoder-half",
    "autoencoder_loss",
    "Loss and gradient have a factor 1/2 that was not asked for. See 'An autoencoder' in the handout.",
)
def autoencoder_half(x, w):
    loss, encoder, decoder = _parts(x, w)
    return loss / 2, (encoder + decoder) / 2


@mistake(
    "autoencoder-slope-missing",
    "autoencoder_loss",
    "The slope of tanh is left out on the way back through the encoder. Where a code is near 1 or -1 hardly any "
    "gradient passes. See 'One weight, used twice' in the handout.",
)
def autoencoder_slope_missing(x, w):
    loss, _, decoder = _parts(x, w)
    h = encode(x, w)
    upstream = (np.matmul(h, np.swapaxes(w, 0, 1)) - x) / (0.5 * x.shape[0])
    return loss, decoder + np.einsum("nd,nm->dm", x, np.matmul(upstream, w))


@mistake(
    "autoencoder-linear",
    "autoencoder_loss",
    "The code is linear, without tanh. Then the best there is are the principal components, and the layer is trained "
    "for something else than what it does in the network. See 'An autoencoder' in the handout.",
)
def autoencoder_linear(x, w):
    h = np.matmul(x, w)
    error = np.matmul(h, np.swapaxes(w, 0, 1)) - x
    upstream = error / (0.5 * x.shape[0])
    gradient = np.einsum("nd,nm->dm", upstream, h) + np.einsum("nd,nm->dm", x, np.matmul(upstream, w))
    return np.square(error).sum() / x.shape[0], gradient


# --- pretrain_layer ---------------------------------------------------------------------------------------


@mistake(
    "pretrain-one-step",
    "pretrain_layer",
    "One step is taken, however many were asked for. The gradient belongs inside the loop: it is another one at every "
    "new w. See 'Layer by layer' in the handout.",
)
def pretrain_one_step(x, w, learning_rate, steps):
    return pretrain_layer(x, w, learning_rate, min(steps, 1))


@mistake(
    "pretrain-one-gradient",
    "pretrain_layer",
    "All steps use the gradient at the start. After a step w is another one, and so is its gradient. See 'Layer by "
    "layer' in the handout.",
)
def pretrain_one_gradient(x, w, learning_rate, steps):
    return w - steps * learning_rate * autoencoder_loss(x, w)[1]


@mistake(
    "pretrain-uphill",
    "pretrain_layer",
    "The steps go up: the gradient is added. It points to where the loss grows. See 'Layer by layer' in the handout.",
)
def pretrain_uphill(x, w, learning_rate, steps):
    return pretrain_layer(x, w, -learning_rate, steps)


@mistake(
    "pretrain-one-step-too-many",
    "pretrain_layer",
    "One step too many is taken. With 0 steps the weights come back as they were. See 'Layer by layer' in the handout.",
)
def pretrain_one_step_too_many(x, w, learning_rate, steps):
    return pretrain_layer(x, w, learning_rate, steps + 1)


@mistake(
    "pretrain-example-by-example",
    "pretrain_layer",
    "A step is taken for every example by itself. Here a step is one for the whole batch. See 'Layer by layer' in the "
    "handout.",
)
def pretrain_example_by_example(x, w, learning_rate, steps):
    for _ in range(steps):
        for example in x:
            w = w - learning_rate * autoencoder_loss(example[np.newaxis], w)[1]
    return w


# --- layerwise_pretrain -----------------------------------------------------------------------------------


def _train(x, w, learning_rate, steps, onwards):
    """Train layer after layer; `onwards(h, layer, trained)` is what the next one sees."""
    found, h = [], x
    for layer in w:
        found.append(pretrain_layer(h, layer, learning_rate, steps))
        h = onwards(h, layer, found[-1])
    return np.array(found)


@mistake(
    "layerwise-all-on-the-input",
    "layerwise_pretrain",
    "Every layer is trained on the examples themselves. In the network a layer sees the codes of the one before. See "
    "'Layer by layer' in the handout.",
)
def layerwise_all_on_the_input(x, w, learning_rate, steps):
    return _train(x, w, learning_rate, steps, lambda h, layer, trained: h)


@mistake(
    "layerwise-codes-of-untrained-layers",
    "layerwise_pretrain",
    "The codes are made with the weights from before the training. A layer must see what the trained one in front of "
    "it gives. See 'Layer by layer' in the handout.",
)
def layerwise_codes_of_untrained_layers(x, w, learning_rate, steps):
    return _train(x, w, learning_rate, steps, lambda h, layer, trained: encode(h, layer))


@mistake(
    "layerwise-linear-codes",
    "layerwise_pretrain",
    "The codes are handed on without tanh. The next layer then learns to repeat what it will never see. See 'Layer by "
    "layer' in the handout.",
)
def layerwise_linear_codes(x, w, learning_rate, steps):
    return _train(x, w, learning_rate, steps, lambda h, layer, trained: np.matmul(h, trained))


@mistake(
    "layerwise-reconstructions",
    "layerwise_pretrain",
    "What is handed on is the reconstruction. The decoder is thrown away: the next layer sees the code. See 'Layer by "
    "layer' in the handout.",
)
def layerwise_reconstructions(x, w, learning_rate, steps):
    return _train(x, w, learning_rate, steps, lambda h, layer, trained: encode(h, trained) @ trained.swapaxes(0, 1))


@mistake(
    "layerwise-first-only",
    "layerwise_pretrain",
    "Only the first layer is trained, the others come back as they were. See 'Layer by layer' in the handout.",
)
def layerwise_first_only(x, w, learning_rate, steps):
    return np.concatenate([pretrain_layer(x, w[0], learning_rate, steps)[np.newaxis], w[1:]])
