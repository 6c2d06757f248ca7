"""hw5, part 4: weights from data alone: a layer that learns to repeat its input, and then the next one.

An autoencoder is an encoder and a decoder. Ours has tied weights and no biases:
    h = tanh(x @ w)            the code: what the layer will do in the network
    r = h @ w.T                the reconstruction
One weight matrix w (D, M) does both: w.T is not a second set of weights. The decoder is thrown away later.

Conventions, the same everywhere:
- x: (N, D), one example a row; w: (D, M).
- The loss is the squared distance between reconstruction and input, summed over the D features and averaged
  over the N examples. There is no factor 1/2.
- No function changes its arguments.

The mathematics is in README.md beside this file.
"""

import numpy as np
from deep import sgd_step


def encode(x, w):
    """The code of every example: tanh(x @ w). Given.

    x: (N, D); w: (D, M). Returns h: (N, M).
    """
    return np.tanh(x @ w)


def autoencoder_loss(x, w):
    """How well a tied autoencoder repeats its input, and the gradient with respect to its weights.

    x: (N, D); w: (D, M)

    Returns `(loss, dw)`:
    loss: a number, the mean over the examples of |r - x|^2, where r = tanh(x @ w) @ w.T
    dw: (D, M), the gradient of the loss with respect to w. w is used twice, and both uses count.

    Problem `autoencoder_loss`, 10 points. Try: `grader run hw5 --problem autoencoder_loss`.
    Stuck: `grader hint hw5 autoencoder_loss`.
    """
    # Your code here.
    raise NotImplementedError("hw5: autoencoder_loss is not implemented yet")


def pretrain_layer(x, w, learning_rate, steps):
    """Train one layer as the encoder of a tied autoencoder.

    x: (N, D), the layer's inputs; w: (D, M), the weights to start from
    learning_rate: a float; steps: how many steps to take, an int from 0 on

    Returns w after `steps` steps of gradient descent on `autoencoder_loss`, each over the whole batch:
    w becomes w minus learning_rate times its gradient. With 0 steps it is w, in a new array or the same.

    Problem `pretrain_layer`, 8 points. Try: `grader run hw5 --problem pretrain_layer`.
    Stuck: `grader hint hw5 pretrain_layer`.
    """
    # Your code here.
    raise NotImplementedError("hw5: pretrain_layer is not implemented yet")


def layerwise_pretrain(x, w, learning_rate, steps):
    """Pre-train all layers of a deep tanh network, one after another.

    x: (N, D), the examples; w: (L, D, D), the weights to start from, w[0] belongs to the first layer
    learning_rate: a float; steps: how many steps every layer is trained for

    Returns w_trained: (L, D, D). The first layer is pre-trained on x. Each further one is pre-trained on the
    codes of the layers before it, after these have been trained. No labels are needed, and no layer is
    touched again once it is done. w is not changed.

    Problem `layerwise_pretrain`, 7 points. Try: `grader run hw5 --problem layerwise_pretrain`.
    Stuck: `grader hint hw5 layerwise_pretrain`.
    """
    # Your code here.
    raise NotImplementedError("hw5: layerwise_pretrain is not implemented yet")
