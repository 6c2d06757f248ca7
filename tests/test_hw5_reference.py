"""The reference of hw5 against what shares nothing with it: differences, exact integrals, the handout's numbers."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from grader.assignment import Course, load
from grader.checks import reference
from grader.excuses import settle
from grader.hints import read_hints

ROOT = Path(__file__).resolve().parents[1]
FILES = ("initializers.py", "gains.py", "deep.py", "pretraining.py")
STEP = 1e-5


@pytest.fixture(scope="module")
def known():
    """The solutions with their mistakes."""
    return reference.load(ROOT / "solutions" / "hw5", FILES)


@pytest.fixture(scope="module")
def hw5(known):
    """All functions of the reference."""
    return SimpleNamespace(**known.functions)


def agree(got, wanted, tolerance=1e-9):
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


# --- initializers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "fans"), [((64, 3, 5, 5), (75, 1600)), ((8, 4, 3), (12, 24)), ((2, 3, 1, 2, 4), (24, 16))]
)
def test_a_convolution_has_the_fans_of_the_handout(hw5, shape, fans):
    assert hw5.conv_fans(shape) == fans


def test_a_convolution_as_a_sum_has_as_many_terms_as_its_fan_in(hw5):
    """Count the input entries that one output entry depends on, and the outputs that one input entry reaches."""
    w = np.ones((3, 2, 2, 3))
    x = np.zeros((2, 7, 8))
    x[1, 3, 4] = 1
    places = [(i, j) for i in range(6) for j in range(6)]
    reached = sum(bool(np.sum(w[o] * x[:, i : i + 2, j : j + 3])) for o in range(3) for i, j in places)
    assert hw5.conv_fans(w.shape) == (w[0].size, reached)


def test_weights_have_the_bounds_of_the_handout(hw5):
    rng = np.random.default_rng(0)
    cut = hw5.truncated_normal(100, 300, rng)
    assert 0.2273 < np.abs(cut).max() <= 0.22737
    assert 0.199 < np.abs(hw5.pytorch_default(25, 300, rng)).max() <= 0.2


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4)])
def test_an_orthogonal_layer_multiplies_lengths_by_its_gain(hw5, shape):
    w = hw5.orthogonal(*shape, np.random.default_rng(1), 2.0)
    vectors = np.random.default_rng(2).standard_normal((6, min(shape)))
    out = vectors @ (w if shape[0] <= shape[1] else w.T)
    agree(np.linalg.norm(out, axis=1), 2 * np.linalg.norm(vectors, axis=1))


# --- gains ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("activation", "gain"),
    [
        (lambda z: np.maximum(z, 0), np.sqrt(2)),
        (lambda z: np.where(z > 0, z, 0.2 * z), np.sqrt(2 / 1.04)),
        (np.abs, 1.0),
        (lambda z: z, 1.0),
        (lambda z: z**2, np.sqrt(1 / 3)),
        (np.tanh, 1.59253743),
    ],
)
def test_a_gain_is_that_of_the_exact_integral(hw5, activation, gain):
    agree(hw5.activation_gain(activation), gain, 1e-7)


def test_gains_of_width_and_depth_have_the_numbers_of_the_handout(hw5):
    agree(hw5.random_walk_gain(100, "linear"), 1.00501, 1e-5)
    agree(hw5.random_walk_gain(100, "relu"), 1.43171, 1e-5)
    agree(hw5.random_walk_gain(3, "linear"), 1.18136, 1e-5)
    agree(hw5.random_walk_gain(3, "relu"), 1.97369, 1e-5)
    assert [hw5.fixup_scale(16, 2), hw5.fixup_scale(16, 3), hw5.fixup_scale(1, 4)] == [0.25, 0.5, 1.0]


# --- the deep network -------------------------------------------------------------------------------------


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_every_gradient_of_the_deep_network_is_its_numerical_gradient(hw5, activation, normalize):
    rng = np.random.default_rng(3)
    x, w, b = rng.normal(size=(5, 3)), rng.normal(size=(3, 3, 3)), 0.1 * rng.normal(size=(3, 3))
    dout = rng.normal(size=(5, 3))
    gradients = hw5.deep_backward(dout, hw5.deep_forward(x, w, b, activation, normalize)[1])
    for position, gradient in enumerate(gradients):

        def loss(value, position=position):
            arguments = [value if i == position else one for i, one in enumerate((x, w, b))]
            return np.sum(dout * hw5.deep_forward(*arguments, activation, normalize)[0])

        agree(gradient, numerical(loss, (x, w, b)[position]), 1e-6)


def test_one_layer_by_hand(hw5):
    x, w, b = np.array([[1.0], [3]]), np.array([[[2.0]]]), np.array([[0.5]])
    out, cache = hw5.deep_forward(x, w, b, "relu")
    agree(out, [[2.5], [6.5]])
    dx, dw, db = hw5.deep_backward(np.array([[1.0], [-1]]), cache)
    agree(dx, [[2], [-2]])
    agree(dw, [[[-2]]])
    agree(db, [[0]])
    agree(hw5.deep_forward(x, w, b, "relu", True)[0], [[0], [1.5]], 1e-5)
    agree(hw5.sgd_step(np.array([1.0]), np.array([4.0]), 0.1), [0.6])


def test_lsuv_by_hand_and_a_dead_layer_stays_as_it_is(hw5):
    x, w = np.array([[1.0], [3]]), np.array([[[2.0]], [[1.0]]])
    agree(hw5.lsuv(x, w, "relu"), [[[1]], [[1]]])
    agree(hw5.lsuv(-x, w, "relu"), [[[1]], [[1]]])
    agree(hw5.lsuv(0 * x, w, "tanh"), w)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_lsuv_brings_every_layer_to_unit_variance(hw5, activation):
    rng = np.random.default_rng(4)
    x, h = rng.normal(size=(20, 6)), None
    for layer in hw5.lsuv(x, rng.normal(size=(8, 6, 6)), activation):
        z = (x if h is None else h) @ layer
        agree(z.var(), 1.0)
        h = np.tanh(z) if activation == "tanh" else z * (z > 0)


# --- pre-training -----------------------------------------------------------------------------------------


def test_one_number_through_the_autoencoder_by_hand(hw5):
    x, w = np.array([[1.0]]), np.array([[np.arctanh(0.5)]])
    loss, dw = hw5.autoencoder_loss(x, w)
    agree([loss, dw[0, 0]], [0.5261, -1.3230], 5e-5)
    agree(hw5.pretrain_layer(x, w, 0.1, 1), [[0.6816]], 5e-5)
    agree(hw5.pretrain_layer(x, w, 0.1, 0), w)


def test_the_gradient_of_the_autoencoder_is_its_numerical_gradient(hw5):
    rng = np.random.default_rng(5)
    x, w = rng.normal(size=(6, 4)), rng.normal(size=(4, 2))
    agree(hw5.autoencoder_loss(x, w)[1], numerical(lambda v: hw5.autoencoder_loss(x, v)[0], w), 1e-7)


def test_pre_training_makes_small_weights_orthogonal_on_small_signals(hw5):
    rng = np.random.default_rng(6)
    x = 0.05 * np.linalg.qr(rng.normal(size=(40, 4)))[0] * np.sqrt(40)
    w = hw5.pretrain_layer(x, 0.3 * rng.normal(size=(4, 4)), 20.0, 400)
    agree(w @ w.T, np.eye(4), 0.02)


def test_layers_are_trained_on_the_codes_of_those_before(hw5):
    rng = np.random.default_rng(7)
    x, w = rng.normal(size=(6, 3)), 0.5 * rng.normal(size=(2, 3, 3))
    first = hw5.pretrain_layer(x, w[0], 0.05, 4)
    second = hw5.pretrain_layer(np.tanh(x @ first), w[1], 0.05, 4)
    agree(hw5.layerwise_pretrain(x, w, 0.05, 4), np.stack([first, second]))


@pytest.fixture(scope="module")
def training(known):
    """Pre-training as declared, and the saved cases of what it consists of."""
    declared = load(Course(ROOT), "hw5")
    problems = declared.select(["sgd_step", "autoencoder_loss", "pretrain_layer", "layerwise_pretrain"])
    return declared, problems, {one.id: one.whole.build(one.id, known, 0) for one in problems}


@pytest.mark.parametrize("wrong", ["tied-decoder-only", "autoencoder-half", "sgd-uphill"])
def test_a_wrong_part_of_the_training_costs_there_alone(known, training, wrong):
    declared, problems, sections = training
    (mistake,) = (one for one in known.mistakes if one.id == wrong)
    run = known.runner({mistake.replaces: mistake.function})
    graded = {one.id: one.whole.grade(one.id, one.hundredths, sections[one.id], run) for one in problems}
    settled = settle(declared, problems, graded)
    lost = {one.id for one in problems if sum(row.score for row in settled[one.id].checks) < one.hundredths}
    assert lost == {mistake.replaces}


# --- what students read -----------------------------------------------------------------------------------


def test_every_problem_has_three_hints(known):
    hints = read_hints(ROOT / "assignments" / "hw5")
    assert {len(three) for three in hints.values()} == {3}


def test_explanations_name_a_section_of_the_handout(known):
    handout = (ROOT / "assignments" / "hw5" / "README.md").read_text(encoding="utf-8")
    for mistake in known.mistakes:
        section = mistake.text.split("See '")[1].split("'")[0]
        assert section.lower() in handout.lower(), mistake.id
