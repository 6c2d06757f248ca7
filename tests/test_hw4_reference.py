"""The reference of hw4 against what shares nothing with it: differences, loops, the numbers that the handout gives."""

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from grader.checks import reference
from grader.hints import read_hints

ROOT = Path(__file__).resolve().parents[1]
SOLUTIONS = ROOT / "solutions" / "hw4"
HANDOUT = ROOT / "assignments" / "hw4"
FILES = ("norms.py", "inference.py", "blocks.py", "dropout.py", "whitening.py")
STEP = 1e-5


@pytest.fixture(scope="module")
def known():
    """The solutions with their mistakes."""
    return reference.load(SOLUTIONS, FILES)


@pytest.fixture(scope="module")
def hw4(known):
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


def one_by_one(x, sets, gamma, beta, eps):
    """Normalise every set of entries by itself; `sets` says of each entry which set it is in."""
    out = np.zeros_like(x)
    for number in np.unique(sets):
        values = x[sets == number]
        mean = sum(values) / len(values)
        var = sum((value - mean) ** 2 for value in values) / len(values)
        out[sets == number] = (values - mean) / (var + eps) ** 0.5
    shape = (-1, *(1 for _ in x.shape[2:]))
    return gamma.reshape(shape) * out + beta.reshape(shape)


N, C, H, W = 2, 6, 2, 3
IMAGES = np.arange(N)[:, None, None, None] * 100 + np.zeros((N, C, H, W))
CHANNELS = np.zeros((N, C, H, W)) + np.arange(C)[:, None, None]
SETS = {
    "instancenorm": (IMAGES + CHANNELS, ({"eps": 0.1},)),
    "groupnorm": (IMAGES + CHANNELS // 2, (3, {"eps": 0.1})),
    "spatial_batchnorm": (CHANNELS, ({"mode": "train", "eps": 0.1},)),
    "layernorm": (np.repeat(np.arange(4), 5).reshape(4, 5), ({"eps": 0.1},)),
}


def arguments(name):
    rng = np.random.default_rng(3)
    sets, rest = SETS[name]
    return [rng.normal(size=sets.shape), *rng.normal(size=(2, sets.shape[1])), *rest]


@pytest.mark.parametrize("name", SETS)
def test_a_norm_normalises_every_set_of_its_picture_by_itself(hw4, name):
    x, gamma, beta, *rest = arguments(name)
    out, _ = getattr(hw4, f"{name}_forward")(x, gamma, beta, *rest)
    agree(out, one_by_one(x, SETS[name][0], gamma, beta, 0.1))


@pytest.mark.parametrize("name", SETS)
def test_the_backward_of_a_norm_is_its_numerical_gradient(hw4, name):
    x, gamma, beta, *rest = arguments(name)
    forward, backward = getattr(hw4, f"{name}_forward"), getattr(hw4, f"{name}_backward")
    dout = np.random.default_rng(4).normal(size=x.shape)
    out = [lambda v: forward(v, gamma, beta, *rest), lambda v: forward(x, v, beta, *rest)]
    dx, dgamma, dbeta = backward(dout, forward(x, gamma, beta, *rest)[1])
    agree(dx, numerical(lambda v: np.sum(dout * out[0](v)[0]), x), 1e-7)
    agree(dgamma, numerical(lambda v: np.sum(dout * out[1](v)[0]), gamma), 1e-7)
    agree(dbeta, numerical(lambda v: np.sum(dout * forward(x, gamma, v, *rest)[0]), beta), 1e-7)


def test_one_group_and_c_groups_are_the_two_neighbours_of_group_normalisation(hw4):
    x, gamma, beta, *_ = arguments("groupnorm")
    agree(
        hw4.groupnorm_forward(x, gamma, beta, C, {})[0],
        hw4.instancenorm_forward(x, gamma, beta, {})[0],
    )
    flat = hw4.layernorm_forward(x.reshape(N, -1), np.ones(C * H * W), np.zeros(C * H * W), {})[0]
    agree(hw4.groupnorm_forward(x, np.ones(C), np.zeros(C), 1, {})[0], flat.reshape(x.shape))


# --- numbers of the handout -----------------------------------------------------------------------------------


def test_layer_normalisation_by_hand(hw4):
    x, gamma, beta = np.array([[0.0, 0, 2, 2]]), np.array([4.0, 2, 4, 2]), np.array([1.0, 0, 0, 0])
    out, cache = hw4.layernorm_forward(x, gamma, beta, {"eps": 3.0})
    agree(out, [[-1, -1, 2, 1]])
    dx, dgamma, dbeta = hw4.layernorm_backward(np.array([[2.0, 1, 0, 1]]), cache)
    agree(dx, [[2.25, -0.75, -1.25, -0.25]])
    agree(dgamma, [-1, -0.5, 0, 0.5])
    agree(dbeta, [2, 1, 0, 1])


def test_two_images_of_two_pixels_by_hand(hw4):
    x, gamma, beta = np.array([[0.0, 2], [4, 2]]).reshape(2, 1, 1, 2), np.array([2.0]), np.array([1.0])
    dout = np.array([1.0, 0, 0, 0]).reshape(x.shape)
    out, cache = hw4.instancenorm_forward(x, gamma, beta, {"eps": 3.0})
    agree(out.ravel(), [0, 2, 2, 0])
    agree(np.concatenate([g.ravel() for g in hw4.instancenorm_backward(dout, cache)]), [0.375, -0.375, 0, 0, -0.5, 1])
    param = {"mode": "train", "eps": 2.0}
    out, cache = hw4.spatial_batchnorm_forward(x, gamma, beta, param)
    agree(out.ravel(), [-1, 1, 3, 1])
    agree([param["running_mean"], param["running_var"]], [[0.2], [0.2]])
    gradients = hw4.spatial_batchnorm_backward(dout, cache)
    agree(np.concatenate([g.ravel() for g in gradients]), [0.5, -0.25, 0, -0.25, -1, 1])


def test_four_channels_in_two_groups_by_hand(hw4):
    x = np.array([1.0, 3, 10, 14]).reshape(1, 4, 1, 1)
    agree(hw4.groupnorm_forward(x, np.ones(4), np.zeros(4), 2, {"eps": 0.0})[0].ravel(), [-1, 1, -1, 1])
    _, cache = hw4.groupnorm_forward(x, np.array([2.0, 1, 1, 1]), np.zeros(4), 2, {"eps": 3.0})
    dx = hw4.groupnorm_backward(np.array([1.0, 0, 0, 0]).reshape(x.shape), cache)[0]
    agree(dx.ravel(), [0.375, -0.375, 0, 0])


def test_statistics_folding_and_freezing_by_hand(hw4):
    agree(hw4.population_statistics(np.array([[0.0, 2], [4, 8]])[..., None]), [[3.5], [5]])
    numbers = [np.array([value]) for value in (1.0, 3.0, 1.0, 5.0, 3.75)]
    w, b = hw4.fold_batchnorm(np.array([[2.0], [-1]]), *numbers, 0.25)
    agree(w, [[3], [-1.5]])
    agree(b, [-5])
    param = {"mode": "train", "eps": 0.25, "running_mean": numbers[3], "running_var": numbers[4]}
    out, cache = hw4.frozen_batchnorm_forward(np.array([[7.0]]), numbers[1], numbers[2], param)
    agree(out, [[4]])
    agree(np.concatenate([g.ravel() for g in hw4.frozen_batchnorm_backward(np.array([[2.0]]), cache)]), [3, 2, 2])


def test_blocks_by_hand(hw4):
    x, w, b = np.array([[1.0], [3]]), np.array([[1.0, -1]]), np.array([0.0, 2])
    gamma, beta, dout = np.array([2.0, 2]), np.array([2.0, 0]), np.array([[1.0, 1], [0, 0]])
    out, cache = hw4.affine_bn_relu_forward(x, w, b, gamma, beta, {"mode": "train", "eps": 3.0})
    agree(out, [[1, 1], [3, 0]])
    dx, dw, db, dgamma, dbeta = hw4.affine_bn_relu_backward(dout, cache)
    agree(dx, [[0], [0]])
    agree([dw[0], db, dgamma, dbeta], [[-0.75, -0.75], [0, 0], [-0.5, 0.5], [1, 1]])
    x, one = np.array([[0.0], [1], [2], [4]]), np.ones(1)
    out, cache = hw4.affine_relu_bn_forward(x, one[None], -2 * one, 2 * one, 0 * one, {"mode": "train", "eps": 0.25})
    agree(out, [[-1], [-1], [-1], [3]])
    gradients = hw4.affine_relu_bn_backward(np.array([[1.0], [0], [0], [1]]), cache)
    agree(np.concatenate([g.ravel() for g in gradients]), [0, 0, 0, 0.25, 1, 0.25, 1, 2])


def test_dropout_whitening_and_drift_by_hand(hw4):
    agree(hw4.variance_under_dropout(np.array([3.0]), np.array([4.0]), 0.5), [17])
    out, matrix = hw4.whiten(np.array([[2.0, 2], [-2, -2], [1, -1], [-1, 1]]), 0.0)
    agree(matrix, [[0.75, -0.25], [-0.25, 0.75]])
    agree(out, [[1, 1], [-1, -1], [1, -1], [-1, 1]])
    biases, out = hw4.bias_drift(np.array([[0.0], [2]]), np.zeros(1), np.ones((2, 1)), 0.1, 2)
    agree(biases, [[0], [0.4], [0.8]])
    agree(out, [[-1], [1]])


def test_the_variance_under_dropout_is_what_many_draws_give(hw4):
    rng = np.random.default_rng(0)
    x = rng.normal(3, 2, (200_000, 1))
    out, _ = hw4.dropout_forward(x, {"mode": "train", "p": 0.5, "rng": rng})
    agree(out.var(axis=0), hw4.variance_under_dropout(np.array([3.0]), np.array([4.0]), 0.5), 0.3)


def test_white_features_are_uncorrelated_and_have_variance_one(hw4):
    rng = np.random.default_rng(1)
    out, matrix = hw4.whiten(rng.normal(size=(50, 4)) @ rng.normal(size=(4, 4)), 1e-12)
    agree(out.T @ out / 50, np.eye(4), 1e-6)
    agree(matrix, matrix.T)


# --- what students read ---------------------------------------------------------------------------------------


def test_every_section_that_an_explanation_points_to_is_in_the_handout(known):
    headings = {
        match.split(" ", 1)[1] for match in re.findall(r"^### (.*)$", HANDOUT.joinpath("README.md").read_text(), re.M)
    }
    for one in known.mistakes:
        wanted = re.findall(r"See '([^']*)' in the handout", one.text)
        assert wanted, one.id
        assert set(wanted) <= headings, one.id


def test_every_problem_has_three_hints():
    assert {len(texts) for texts in read_hints(HANDOUT).values()} == {3}
    assert len(read_hints(HANDOUT)) == 21


def test_there_are_more_than_fifty_mistakes_and_ten_variants(known):
    assert len(known.mistakes) > 50
    assert len(reference.load_module(SOLUTIONS / "variants.py").VARIANTS) >= 10
