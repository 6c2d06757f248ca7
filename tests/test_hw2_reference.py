"""The reference of hw2 against what shares nothing with it: differences, loops, the numbers that the handout gives."""

import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from grader.checks import reference
from grader.hints import read_hints

ROOT = Path(__file__).resolve().parents[1]
SOLUTIONS = ROOT / "solutions" / "hw2"
HANDOUT = ROOT / "assignments" / "hw2"
FILES = ("activations.py", "losses.py", "impediments.py")
ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky_relu", "softplus", "elu")
STEP = 1e-6
LOG2, LOG3, LOG4 = np.log([2, 3, 4])


@pytest.fixture(scope="module")
def hw2():
    """All functions of the reference."""
    return SimpleNamespace(**reference.load(SOLUTIONS, FILES).functions)


def agree(got, wanted, tolerance=1e-8):
    assert np.shape(got) == np.shape(wanted)
    np.testing.assert_allclose(np.asarray(got, dtype=float), np.asarray(wanted, dtype=float), rtol=0, atol=tolerance)


def numerical(function, x):
    """The gradient of a number by x, by central differences."""
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        e = np.zeros(x.shape)
        e[index] = STEP
        gradient[index] = (function(x + e) - function(x - e)) / (2 * STEP)
    return gradient


def slope(hw2, name, x, *options):
    x = np.asarray(x, dtype=float)
    out, cache = getattr(hw2, f"{name}_forward")(x, *options)
    return out, getattr(hw2, f"{name}_backward")(np.ones_like(x), cache)


# --- activations ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_backward_of_an_activation_is_its_numerical_gradient(hw2, name):
    rng = np.random.default_rng(0)
    x, dout = rng.normal(size=(3, 2, 4)), rng.normal(size=(3, 2, 4))
    forward, backward = getattr(hw2, f"{name}_forward"), getattr(hw2, f"{name}_backward")
    agree(backward(dout, forward(x)[1]), numerical(lambda v: np.sum(dout * forward(v)[0]), x), 1e-7)


@pytest.mark.parametrize(
    ("name", "x", "options", "values", "slopes"),
    [
        ("sigmoid", [0, LOG3], (), [1 / 2, 3 / 4], [1 / 4, 3 / 16]),
        ("tanh", [0, LOG2], (), [0, 3 / 5], [1, 16 / 25]),
        ("relu", [-1, 0, 2], (), [0, 0, 2], [0, 0, 1]),
        ("leaky_relu", [-1, 0, 2], (0.1,), [-0.1, 0, 2], [0.1, 0.1, 1]),
        ("leaky_relu", [-1, 2], (), [-0.01, 2], [0.01, 1]),
        ("leaky_relu", [-1, 2], (1.5,), [-1.5, 2], [1.5, 1]),
        ("softplus", [0, LOG3], (), [LOG2, LOG4], [1 / 2, 3 / 4]),
        ("elu", [-LOG2, 0, 3], (2.0,), [-1, 0, 3], [1, 2, 1]),
        ("elu", [-LOG2, 3], (), [-0.5, 3], [0.5, 1]),
    ],
)
def test_activations_have_the_values_and_slopes_of_the_handout(hw2, name, x, options, values, slopes):
    out, dx = slope(hw2, name, x, *options)
    agree(out, values)
    agree(dx, slopes)


@pytest.mark.parametrize(
    ("name", "values", "slopes"),
    [
        ("sigmoid", [0, 1], [0, 0]),
        ("tanh", [-1, 1], [0, 0]),
        ("softplus", [0, 1000], [0, 1]),
        ("elu", [-1, 1000], [0, 1]),
    ],
)
def test_inputs_of_a_thousand_overflow_nothing(hw2, name, values, slopes):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        out, dx = slope(hw2, name, [-1000, 1000])
    agree(out, values, 0)
    agree(dx, slopes, 0)


# --- losses -----------------------------------------------------------------------------------------------


def test_losses_have_the_numbers_of_the_handout(hw2):
    loss, dh = hw2.squared_loss(np.array([0.0, 3]), np.array([1.0, 1]))
    agree(loss, 5)
    agree(dh, [-2, 4])
    loss, dx = hw2.softmax_loss(np.array([[0, LOG3]]), np.array([0]))
    agree(loss, LOG4)
    agree(dx, [[-0.75, 0.75]])
    loss, dx = hw2.svm_loss(np.array([[3, 2.5, -1], [3, 2.5, -1]]), np.array([0, 2]))
    agree(loss, 5)
    agree(dx, [[-0.5, 0.5, 0], [0.5, 0.5, -1]])
    loss, dx = hw2.svm_loss(np.array([[2.0, 1]]), np.array([0]))
    agree(loss, 0)
    agree(dx, [[0, 0]])
    loss, dw = hw2.l2_penalty(np.array([[1.0, -2], [0, 3]]), 0.1)
    agree(loss, 0.7)
    agree(dw, [[0.1, -0.2], [0, 0.3]])


def test_the_gradients_of_losses_are_their_numerical_gradients(hw2):
    rng = np.random.default_rng(1)
    x, z, y = rng.normal(size=(4, 5)), rng.normal(size=(4, 5)), np.array([0, 4, 2, 2])
    for loss in (
        lambda v: hw2.squared_loss(v, z),
        lambda v: hw2.softmax_loss(v, y),
        lambda v: hw2.svm_loss(v, y),
        lambda v: hw2.l2_penalty(v, 0.3),
    ):
        agree(loss(x)[1], numerical(lambda v, loss=loss: loss(v)[0], x), 1e-7)


# --- what impedes learning --------------------------------------------------------------------------------


def test_standardize_uses_the_statistics_of_the_training_set_for_both(hw2):
    train_out, test_out = hw2.standardize(np.array([[1.0], [3]]), np.array([[5.0]]), 3.0)
    agree(train_out, [[-0.5], [0.5]])
    agree(test_out, [[1.5]])
    train_out, test_out = hw2.standardize(np.full((3, 1), 0.1), np.array([[0.11]]))
    agree(train_out, np.zeros((3, 1)))
    agree(test_out, [[100]], 1e-6)


def test_fractions_and_dead_units_are_those_of_the_handout(hw2):
    agree(hw2.saturated_fraction(np.array([[0.2, 0.001], [0.005, 0], [0.25, 0.01]])), [1 / 3, 1])
    agree(hw2.saturated_fraction(np.array([[0, -0.005], [0, -3.0]]), 0.0), [1, 0])
    assert hw2.dead_units(np.array([[0, 0.1, 2], [0, 0.1, 0], [0, 0.1, 0]])).tolist() == [True, True, False]
    assert hw2.dead_units(np.array([[3.0, 4]])).tolist() == [True, True]


def test_examples_may_agree_each_by_itself_and_their_batch_not(hw2):
    gradients = hw2.per_example_gradients(np.array([[1.0, 2], [3, 1]]), np.array([[1], [-0.5]]))
    agree(gradients, [[[1], [2]], [[-1.5], [-0.5]]])
    each, batch = hw2.sign_agreement(gradients)
    assert each.tolist() == [[True], [True]]
    assert batch.tolist() == [False]


def test_a_zero_agrees_with_everything(hw2):
    each, batch = hw2.sign_agreement(np.array([[[0.0], [2]], [[0], [-2]]]))
    assert each.tolist() == [[True], [True]]
    assert batch.tolist() == [True]


def test_gradient_norms_are_those_of_the_handout_and_of_differences(hw2):
    norms = hw2.gradient_norms(np.zeros((1, 1)), np.array([[[2.0]], [[2 * LOG3]]]), np.ones((1, 1)))
    agree(norms, [0.2060, 0.4120, 1], 5e-5)
    rng = np.random.default_rng(2)
    x, w, dout = rng.normal(size=(3, 2)), rng.normal(size=(4, 2, 2)), rng.normal(size=(3, 2))

    def loss(v):
        for layer in w:
            v = 1 / (1 + np.exp(-(v @ layer)))
        return np.sum(dout * v)

    agree(hw2.gradient_norms(x, w, dout)[0], np.linalg.norm(numerical(loss, x)))


def test_ten_layers_that_keep_sizes_leave_less_than_a_millionth(hw2):
    rng = np.random.default_rng(3)
    w = np.stack([np.linalg.qr(rng.normal(size=(5, 5)))[0] for _ in range(10)])
    norms = hw2.gradient_norms(rng.normal(size=(8, 5)), w, rng.normal(size=(8, 5)))
    assert 0 < norms[0] <= 0.25**10 * norms[-1]


def test_identical_units_stay_so_through_training_and_others_part(hw2):
    """The labels before training are those after it, by a tanh network that knows nothing of them."""
    rng = np.random.default_rng(4)
    w_in, b, w_out = rng.normal(size=(3, 1)) + np.zeros(5), np.zeros(5), np.array([[3.0], [4], [3], [4], [5]])
    first = hw2.identical_units(w_in, b, w_out)
    assert first.tolist() == [0, 1, 0, 1, 4]
    x, z = rng.normal(size=(6, 3)), rng.normal(size=(6, 1))
    for _ in range(50):
        h = np.tanh(x @ w_in + b)
        dout = 0.1 * (h @ w_out - z)
        dz = (dout @ w_out.T) * (1 - h**2)
        w_in, b, w_out = w_in - 0.05 * (x.T @ dz), b - 0.05 * dz.sum(axis=0), w_out - 0.05 * (h.T @ dout)
    units = np.concatenate([w_in, b[None], w_out.T]).round(9)
    copies = (units[:, :, None] == units[:, None]).all(axis=0)
    assert copies.argmax(axis=1).tolist() == first.tolist()


# --- the texts --------------------------------------------------------------------------------------------


def test_every_section_that_a_mistake_points_to_stands_in_the_handout(hw2):
    titles = {line.lstrip("#0123456789. ") for line in (HANDOUT / "README.md").read_text().splitlines() if "#" in line}
    texts = [mistake.text for mistake in reference.load(SOLUTIONS, FILES).mistakes]
    named = [text.rpartition("See '")[2].partition("' in the handout.")[0] for text in texts if "See '" in text]
    assert len(named) > 150
    assert set(named) <= titles


def test_every_problem_has_three_hints():
    assert {len(texts) for texts in read_hints(HANDOUT).values()} == {3}
