"""The reference of hw3 against derivations that share nothing with it: differences, loops, hand-sized numbers."""

import ast
import importlib.util
import inspect
import re
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from grader import assignment
from grader.hints import read_hints

ROOT = Path(__file__).resolve().parents[1]
SOLUTIONS = ROOT / "solutions" / "hw3"
HANDOUT = ROOT / "assignments" / "hw3"
FILES = ("layers", "initializers", "batchnorm")
LONG = np.longdouble
STEP = np.finfo(LONG).eps ** (1 / 3)
ACTIVATIONS = ("relu", "leaky_relu", "sigmoid", "tanh")
MODES = ("train", "test")
EPS64 = np.finfo(np.float64).eps


@pytest.fixture(scope="module")
def hw3():
    """All functions of the reference, and `scales` and `edges` as modules, loaded under names of their own."""
    names = [f"hw3_reference_{stem}" for stem in (*FILES, "scales", "edges")]
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    sys.path.insert(0, str(SOLUTIONS))
    try:
        modules = [_load(name, SOLUTIONS / f"{name.removeprefix('hw3_reference_')}.py") for name in names]
    finally:
        sys.path.remove(str(SOLUTIONS))
        sys.dont_write_bytecode = writes
    functions = {name: item for module in modules[:3] for name, item in inspect.getmembers(module, callable)}
    yield SimpleNamespace(**functions, scales=modules[3], edges=modules[4])
    for name in names:
        sys.modules.pop(name, None)


def _load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def drawn(seed, *shapes):
    """Gaussian arrays in extended precision, none of them within 0.05 of zero (away from every kink)."""
    rng = np.random.default_rng(seed)
    arrays = [rng.standard_normal(shape).astype(LONG) for shape in shapes]
    arrays = [np.where(np.abs(array) < 0.05, array + 0.1, array) for array in arrays]
    return arrays if len(arrays) > 1 else arrays[0]


def numerical(function, x, dout=1):
    """The gradient of <dout, function(x)> by x, from the full Jacobian by central differences."""
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        plus, minus = x.copy(), x.copy()
        plus[index] += STEP
        minus[index] -= STEP
        column = (function(plus) - function(minus)) / (2 * STEP)
        gradient[index] = np.sum(dout * column)
    return gradient


def agree(got, wanted, tolerance=1e-8):
    assert np.shape(got) == np.shape(wanted)
    np.testing.assert_allclose(np.asarray(got, dtype=float), np.asarray(wanted, dtype=float), rtol=0, atol=tolerance)


# --- layers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(4, 3), (1, 1), (3, 2, 2), (2, 2, 1, 3)])
def test_affine_backward_is_the_transposed_jacobian(hw3, shape):
    x, w, b, dout = drawn(0, shape, (int(np.prod(shape[1:])), 5), (5,), (shape[0], 5))
    dx, dw, db = hw3.affine_backward(dout, hw3.affine_forward(x, w, b)[1])
    agree(dx, numerical(lambda v: hw3.affine_forward(v, w, b)[0], x, dout))
    agree(dw, numerical(lambda v: hw3.affine_forward(x, v, b)[0], w, dout))
    agree(db, numerical(lambda v: hw3.affine_forward(x, w, v)[0], b, dout))


def test_affine_backward_sums_the_outer_products_of_the_notes_over_the_examples(hw3):
    x, w, b, dout = drawn(1, (6, 3), (3, 4), (4,), (6, 4))
    dx, dw, db = hw3.affine_backward(dout, hw3.affine_forward(x, w, b)[1])
    agree(dw.T, sum(np.outer(dc, example) for dc, example in zip(dout, x, strict=True)))
    agree(dx.T, np.stack([w.astype(float) @ dc.astype(float) for dc in dout], axis=1), 1e-14)
    agree(db, [sum(dout[:, k]) for k in range(4)])


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_backward_of_an_activation_is_its_numerical_gradient(hw3, name):
    x, dout = drawn(2, (5, 4), (5, 4))
    forward, backward = getattr(hw3, f"{name}_forward"), getattr(hw3, f"{name}_backward")
    agree(backward(dout, forward(x)[1]), numerical(lambda v: forward(v)[0], x, dout))


def test_leaky_relu_uses_the_slope_that_it_was_given(hw3):
    x, dout = drawn(3, (4, 3), (4, 3))
    got = hw3.leaky_relu_backward(dout, hw3.leaky_relu_forward(x, 1.5)[1])
    agree(got, numerical(lambda v: hw3.leaky_relu_forward(v, 1.5)[0], x, dout))


def test_at_zero_the_derivative_of_a_relu_is_that_of_its_negative_side(hw3):
    x = np.array([[-1.0, 0.0, -0.0, 2.0]])
    dout = np.full_like(x, 5.0)
    agree(hw3.relu_backward(dout, x), [[0, 0, 0, 5]], 0)
    agree(hw3.leaky_relu_backward(dout, (x, 0.1)), [[0.5, 0.5, 0.5, 5]], 0)


def test_squared_loss_has_neither_a_half_nor_a_mean(hw3):
    loss, dh = hw3.squared_loss(np.array([[0.0, 3.0], [1.0, 1.0]]), np.array([[1.0, 1.0], [1.0, 3.0]]))
    assert loss == 9
    agree(dh, [[-2, 4], [0, -4]], 0)
    h, z = drawn(4, (3, 4), (3, 4))
    agree(hw3.squared_loss(h, z)[1], numerical(lambda v: hw3.squared_loss(v, z)[0], h))


def test_softmax_loss_is_the_mean_of_minus_log_probability(hw3):
    x, y = drawn(5, (6, 4)), np.array([0, 3, 1, 1, 2, 0])
    loss, dx = hw3.softmax_loss(x, y)
    probabilities = [[np.exp(s) / sum(np.exp(row)) for s in row] for row in x]
    agree(loss, -sum(np.log(probabilities[i][y[i]]) for i in range(6)) / 6)
    agree(dx, numerical(lambda v: hw3.softmax_loss(v, y)[0], x))
    agree(dx.sum(axis=1), np.zeros(6), 1e-18)


def test_scores_of_a_thousand_overflow_nothing(hw3):
    scores = np.array([[1000.0, -1000.0, 0.0], [-1000.0, -1000.0, -1000.0]])
    with np.errstate(all="raise", under="ignore"):
        loss, dx = hw3.softmax_loss(scores, np.array([1, 0]))
        out, cache = hw3.sigmoid_forward(scores)
        agree(hw3.sigmoid_backward(np.ones_like(out), cache), [[0, 0, 0.25], [0, 0, 0]], 0)
    agree(loss, (2000 + np.log(3)) / 2, 1e-12)
    agree(dx, [[0.5, -0.5, 0], [-1 / 3, 1 / 6, 1 / 6]], 1e-15)
    agree(out, [[1, 0, 0.5], [0, 0, 0]], 0)


def test_affine_relu_backward_is_the_transposed_jacobian(hw3):
    x, w, b, dout = drawn(6, (4, 3), (3, 5), (5,), (4, 5))
    h, cache = hw3.affine_relu_forward(x, w, b)
    assert 0 < np.count_nonzero(h) < h.size
    dx, dw, db = hw3.affine_relu_backward(dout, cache)
    agree(dx, numerical(lambda v: hw3.affine_relu_forward(v, w, b)[0], x, dout))
    agree(dw, numerical(lambda v: hw3.affine_relu_forward(x, v, b)[0], w, dout))
    agree(db, numerical(lambda v: hw3.affine_relu_forward(x, w, v)[0], b, dout))


# --- initialisers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["xavier_normal", "xavier_uniform", "he_normal", "he_uniform"])
@pytest.mark.parametrize("fans", [(100, 400), (400, 100)])
def test_an_initialiser_has_the_declared_variance_for_wide_and_for_tall_layers(hw3, name, fans):
    w = getattr(hw3, name)(*fans, np.random.default_rng(7))
    wanted = 2 / sum(fans) if name.startswith("xavier") else 2 / fans[0]
    assert w.shape == fans
    assert w.dtype == np.float64
    # Six standard errors of a mean square of 40,000 draws.
    assert abs(np.mean(w**2) / wanted - 1) < 6 * np.sqrt(2 / w.size)
    assert abs(np.mean(w)) < 6 * np.sqrt(wanted / w.size)
    assert getattr(hw3.scales, name)(*fans)["variance"] == wanted


@pytest.mark.parametrize(("name", "fans"), [("xavier_uniform", (100, 200)), ("he_uniform", (150, 200))])
def test_a_uniform_initialiser_fills_its_interval_and_no_more(hw3, name, fans):
    w = getattr(hw3, name)(*fans, np.random.default_rng(8))
    variance = getattr(hw3.scales, name)(*fans)["variance"]
    assert 0.999 < np.abs(w).max() / np.sqrt(3 * variance) <= 1


def test_a_slope_of_one_takes_the_factor_two_away(hw3):
    for name in ("he_normal", "he_uniform"):
        plain, linear = (getattr(hw3, name)(5, 4, np.random.default_rng(9), slope) for slope in (0.0, 1.0))
        agree(linear * np.sqrt(2), plain, 1e-15)


def test_init_network_draws_layer_after_layer_from_one_generator(hw3):
    by_hand = {
        "relu": lambda n, m, rng: hw3.he_normal(n, m, rng),
        "leaky_relu": lambda n, m, rng: hw3.he_normal(n, m, rng, 0.01),
        **dict.fromkeys(("tanh", "sigmoid", "linear"), hw3.xavier_normal),
    }
    for activation, draw in by_hand.items():
        rng, twin = np.random.default_rng(10), np.random.default_rng(10)
        weights = hw3.init_network([7, 5, 3, 1], activation, rng)
        wanted = [draw(n, m, twin) for n, m in ((7, 5), (5, 3), (3, 1))]
        assert [w.shape for w in weights] == [(7, 5), (5, 3), (3, 1)]
        for got, layer in zip(weights, wanted, strict=True):
            agree(got, layer, 0)
        assert rng.random() == twin.random()


def test_init_network_refuses_an_unknown_activation(hw3):
    with pytest.raises(ValueError, match="swish"):
        hw3.init_network([3, 2], "swish", np.random.default_rng(0))


def test_scales_name_the_initialiser_and_variance_of_every_layer(hw3):
    assert hw3.scales.init_network([4, 8, 2], "linear") == {
        "variances": [2 / 12, 2 / 10],
        "initializers": [["xavier_normal", None]] * 2,
    }
    leaky = hw3.scales.init_network((4, 8), "leaky_relu")
    assert leaky["initializers"] == [["he_normal", 0.01]]
    assert leaky["variances"][0] == pytest.approx(0.5 / 1.0001, rel=1e-15)


# --- batch normalisation ----------------------------------------------------------------------------------


def norm_case(seed=11, n=5, d=3, **param):
    x, gamma, beta, dout = drawn(seed, (n, d), (d,), (d,), (n, d))
    return x, 2 * gamma, beta + 3, {"mode": "train", **param}, dout


def test_batchnorm_forward_normalises_every_column_by_itself(hw3):
    x, gamma, beta, param, _ = norm_case(eps=0.2)
    out, _ = hw3.batchnorm_forward(x, gamma, beta, param)
    for j in range(x.shape[1]):
        column = [float(v) for v in x[:, j]]
        mean = sum(column) / 5
        variance = sum((v - mean) ** 2 for v in column) / 5
        wanted = [float(gamma[j]) * (v - mean) / (variance + 0.2) ** 0.5 + float(beta[j]) for v in column]
        agree(out[:, j], wanted, 1e-13)


def test_training_moves_the_running_statistics_and_test_time_uses_them(hw3):
    x = np.array([[1.0, 0.0], [3.0, 8.0]])
    gamma, beta = np.array([2.0, 3.0]), np.array([1.0, -1.0])
    param = {
        "mode": "train",
        "momentum": 0.75,
        "running_mean": np.array([4.0, 0.0]),
        "running_var": np.ones(2),
    }
    hw3.batchnorm_forward(x, gamma, beta, param)
    agree(param["running_mean"], [3.5, 1.0], 1e-15)
    agree(param["running_var"], [1.0, 4.75], 1e-15)
    param |= {"mode": "test", "eps": 4.25}
    before = {key: np.copy(value) for key, value in param.items()}
    out, _ = hw3.batchnorm_forward(x, gamma, beta, param)
    agree(out, [[2 * -2.5 / np.sqrt(5.25) + 1, -2], [2 * -0.5 / np.sqrt(5.25) + 1, 6]], 1e-14)
    assert all(np.array_equal(before[key], param[key]) for key in before)
    assert before.keys() == param.keys()


def test_missing_entries_of_bn_param_have_their_defaults(hw3):
    x = np.array([[0.0], [0.0], [2.0], [2.0]])
    one, param = np.ones(1), {"mode": "train"}
    out, _ = hw3.batchnorm_forward(x, one, 0 * one, param)
    agree(out, (x - 1) / np.sqrt(1 + 1e-5), 1e-15)
    agree([param["running_mean"], param["running_var"]], [[0.1], [0.1]], 1e-16)
    hw3.batchnorm_forward(x, one, 0 * one, param)
    agree([param["running_mean"], param["running_var"]], [[0.19], [0.19]], 1e-16)
    out, _ = hw3.batchnorm_forward(x, one, 0 * one, {"mode": "test"})
    agree(out, x / np.sqrt(1e-5), 1e-12)


def test_batchnorm_forward_refuses_an_unknown_mode(hw3):
    with pytest.raises(ValueError, match="eval"):
        hw3.batchnorm_forward(np.zeros((2, 2)), np.ones(2), np.ones(2), {"mode": "eval"})


@pytest.mark.parametrize("name", ["batchnorm_backward", "batchnorm_backward_alt"])
@pytest.mark.parametrize(("n", "d", "eps"), [(5, 3, 1e-5), (2, 1, 0.2), (2, 4, 1e-3), (1, 2, 1e-5)])
def test_batchnorm_backwards_are_the_transposed_jacobian(hw3, name, n, d, eps):
    x, gamma, beta, param, dout = norm_case(12, n, d, eps=eps)
    dx, dgamma, dbeta = getattr(hw3, name)(dout, hw3.batchnorm_forward(x, gamma, beta, dict(param))[1])

    def forward(x, gamma, beta):
        return hw3.batchnorm_forward(x, gamma, beta, dict(param))[0]

    agree(dx, numerical(lambda v: forward(v, gamma, beta), x, dout))
    agree(dgamma, numerical(lambda v: forward(x, v, beta), gamma, dout))
    agree(dbeta, numerical(lambda v: forward(x, gamma, v), beta, dout))


@pytest.mark.parametrize("seed", range(5))
def test_the_closed_form_and_the_staged_backward_agree(hw3, seed):
    x, gamma, beta, param, dout = norm_case(seed, 3 + seed, 4)
    cache = hw3.batchnorm_forward(100 + x, gamma, beta, param)[1]
    for staged, closed in zip(
        hw3.batchnorm_backward(dout, cache), hw3.batchnorm_backward_alt(dout, cache), strict=True
    ):
        agree(staged, closed, 1e-14)


def test_every_step_is_the_numerical_gradient_on_its_edge(hw3):
    x, gamma, beta, param, dout = norm_case(13, 5, 3, eps=0.2)
    out, cache = hw3.batchnorm_forward(x, gamma, beta, dict(param))
    steps = hw3.batchnorm_backward_steps(dout, cache)
    edges = hw3.edges.batchnorm_backward_steps(x, gamma, beta, param)
    assert list(steps) == list(edges) == ["dxhat", "da", "db", "dc", "de", "dvar", "dmu"]
    for name, (value, onwards) in edges.items():
        agree(onwards(value), out, 1e-15)
        agree(steps[name], numerical(onwards, value, dout))


def test_a_continuation_is_undefined_where_its_root_is(hw3):
    x, gamma, beta, param, _ = norm_case()
    edges = hw3.edges.batchnorm_backward_steps(x, gamma, beta, param)
    for name in ("dc", "de", "dvar"):
        value, onwards = edges[name]
        assert np.isnan(onwards(value - 100)).all()


@pytest.mark.parametrize("name", ["batchnorm_backward", "batchnorm_backward_alt"])
def test_nothing_flows_back_from_a_batch_of_one(hw3, name):
    x, gamma, beta, param, dout = norm_case(14, 1, 4)
    out, cache = hw3.batchnorm_forward(x, gamma, beta, param)
    dx, dgamma, dbeta = getattr(hw3, name)(dout, cache)
    agree(out[0], beta, 0)
    agree(dx, np.zeros((1, 4)), 0)
    agree(dgamma, np.zeros(4), 0)
    agree(dbeta, dout[0], 0)


# --- the examples of the handout --------------------------------------------------------------------------


def test_the_affine_example_of_the_handout_is_right(hw3):
    x, w, b = np.array([[1.0, 2], [3, -1]]), np.array([[1.0, 0, 2], [-1, 1, 0]]), np.array([0.0, 1, -1])
    out, cache = hw3.affine_forward(x, w, b)
    dx, dw, db = hw3.affine_backward(np.array([[1.0, 0, -1], [2, 1, 0]]), cache)
    agree(out, [[-1, 3, 1], [4, 0, 5]], 0)
    agree(dx, [[-1, -1], [2, -1]], 0)
    agree(dw, [[7, 3, -1], [0, -1, -2]], 0)
    agree(db, [3, 1, -1], 0)


def test_the_central_example_of_the_handout_is_right(hw3):
    w, b = np.array([[1.0, -1], [2, 1]]).T, np.array([0.5, -1])
    h, cache = hw3.affine_relu_forward(np.array([[1.0, 2]]), w, b)
    loss, dh = hw3.squared_loss(h, np.array([[1.0, 1]]))
    dx, dw, db = hw3.affine_relu_backward(dh, cache)
    assert loss == 5
    for got, wanted in (
        (h, [[0, 3]]),
        (dh, [[-2, 4]]),
        (dx, [[8, 4]]),
        (dw.T, [[0, 0], [4, 8]]),
        (db, [0, 4]),
    ):
        agree(got, wanted, 0)


def test_the_examples_of_activations_and_softmax_in_the_handout_are_right(hw3):
    one = np.ones(1)
    out, cache = hw3.sigmoid_forward(np.log([3.0]))
    agree([out[0], hw3.sigmoid_backward(one, cache)[0]], [3 / 4, 3 / 16], 1e-15)
    out, cache = hw3.tanh_forward(np.log([2.0]))
    agree([out[0], hw3.tanh_backward(one, cache)[0]], [3 / 5, 16 / 25], 1e-15)
    loss, dx = hw3.softmax_loss(np.log([[1.0, 3.0]]), np.array([0]))
    agree([loss, *dx[0]], [np.log(4), -3 / 4, 3 / 4], 1e-15)


def test_the_batchnorm_example_of_the_handout_is_right(hw3):
    x, dout = np.array([[0.0], [0], [2], [2]]), np.array([[1.0], [0], [0], [0]])
    param = {"mode": "train", "eps": 3.0}
    out, cache = hw3.batchnorm_forward(x, np.array([4.0]), np.array([1.0]), param)
    steps = hw3.batchnorm_backward_steps(dout, cache)
    agree(out.ravel(), [-1, -1, 3, 3], 0)
    agree(steps["dxhat"].ravel(), [4, 0, 0, 0], 0)
    agree(steps["da"].ravel(), [2, 0, 0, 0], 0)
    agree([steps[name][0] for name in ("db", "dc", "de", "dvar", "dmu")], [-4, 1, 0.25, 0.25, -2], 0)
    for backward in (hw3.batchnorm_backward, hw3.batchnorm_backward_alt):
        dx, dgamma, dbeta = backward(dout, cache)
        agree(dx.ravel(), [1.375, -0.625, -0.375, -0.375], 0)
        agree([dgamma[0], dbeta[0]], [-0.5, 1], 0)


# --- what holds for every function ------------------------------------------------------------------------


def every_call(hw3, dtype):
    """Run every deterministic function of hw3; yield its name, its arguments and its results."""
    x, w, b, d, s = (a.astype(dtype) for a in drawn(15, (4, 2, 3), (6, 5), (5,), (4, 5), (4, 5)))
    y = np.array([0, 4, 2, 2])
    for name, arguments in [
        ("affine", (x, w, b)),
        ("affine_relu", (x, w, b)),
        *((n, (s,)) for n in ACTIVATIONS),
    ]:
        out, cache = yield from _call(hw3, f"{name}_forward", arguments)
        yield from _call(hw3, f"{name}_backward", (d, cache))
    yield from _call(hw3, "squared_loss", (s, d))
    yield from _call(hw3, "softmax_loss", (s, y))
    for mode in MODES:
        for extra in ({}, {"running_mean": b, "running_var": b**2}):
            param = {"mode": mode, **extra}
            out, cache = hw3.batchnorm_forward(s, b, b, param)
            statistics = [param[key] for key in ("running_mean", "running_var") if key in param]
            yield f"batchnorm_forward {mode}", [], [out, *statistics]
            for name in ("batchnorm_backward_steps", "batchnorm_backward", "batchnorm_backward_alt"):
                yield from _call(hw3, name, (d, cache))


def _call(hw3, name, arguments):
    results = getattr(hw3, name)(*arguments)
    values = results.values() if isinstance(results, dict) else results
    yield name, arguments, list(values) if isinstance(values, tuple) or values is not results else [values]
    return results


def _arrays(value):
    """Every array in nested tuples and lists, numbers included."""
    if isinstance(value, (tuple, list)):
        return [array for entry in value for array in _arrays(entry)]
    return [value] if isinstance(value, (np.ndarray, np.generic)) else []


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
def test_every_result_has_the_type_of_the_input(hw3, dtype):
    seen = set()
    for name, _, results in every_call(hw3, dtype):
        arrays = _arrays(results)
        assert arrays, name
        assert {array.dtype for array in arrays} == {np.dtype(dtype)}, name
        seen.add(name)
    assert len(seen) == 19


@pytest.mark.skipif(np.finfo(LONG).eps == EPS64, reason="long double is double here")
def test_extended_precision_is_kept_to_the_end(hw3):
    runs = zip(every_call(hw3, np.float64), every_call(hw3, LONG), strict=True)
    for (name, _, coarse), (_, _, fine) in runs:
        for one, other in zip(_arrays(coarse), _arrays(fine), strict=True):
            agree(one, other, 1e-12 * (1 + np.abs(other).max()))
        # A forward's cache may hold its inputs, which are float64 numbers here; so is all that a relu passes on.
        answers = _arrays(fine)[:1] if "forward" in name else _arrays(fine)
        if not name.startswith("relu"):
            assert all(np.any(array.astype(float) != array) for array in answers), name


def test_no_function_changes_its_arguments_or_warns(hw3):
    with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        frozen = SimpleNamespace(**{name: _guarded(function) for name, function in vars(hw3).items()})
        names = [name for name, _, _ in every_call(frozen, np.float64)]
    assert "batchnorm_backward_alt" in names


def _guarded(function):
    """Wrap a function: every array that goes in is read-only during the call."""
    if not inspect.isfunction(function):
        return function

    def wrapped(*arguments):
        entries = [list(a.values()) if isinstance(a, dict) else a for a in arguments]
        arrays = [a for a in _arrays(entries) if isinstance(a, np.ndarray)]
        for array in arrays:
            array.flags.writeable = False
        return function(*arguments)

    return wrapped


# --- scales -----------------------------------------------------------------------------------------------


def off(got, expected, scale):
    """The largest error in units of eps * kappa * size."""
    error = np.abs(np.asarray(got, dtype=LONG) - expected)
    allowed = EPS64 * np.asarray(scale.kappa, dtype=LONG) * np.asarray(scale.size, dtype=LONG)
    return float(np.max(np.where(error == 0, 0, error / np.where(allowed > 0, allowed, 1e-300))))


@pytest.mark.parametrize("shift", [0, 100])
@pytest.mark.parametrize("factor", [1e-3, 1, 1e4])
def test_float64_stays_within_a_few_roundings_of_the_scale(hw3, shift, factor):
    x, gamma, beta, param, dout = norm_case(16, 7, 3, eps=1e-8)
    x = np.round(x * factor, 6) + shift
    x[:, 0] = x[0, 0]
    long = [a.astype(np.float64).astype(LONG) for a in (x, gamma, beta, dout)]
    short = [a.astype(np.float64) for a in long]
    worst = 0.0
    for name in ("batchnorm_backward_steps", "batchnorm_backward", "batchnorm_backward_alt"):
        answers = []
        for x_, gamma_, beta_, dout_ in (long, short):
            cache = hw3.batchnorm_forward(x_, gamma_, beta_, dict(param))[1]
            answer = getattr(hw3, name)(dout_, cache)
            answers.append(
                answer if isinstance(answer, dict) else dict(zip(("dx", "dgamma", "dbeta"), answer, strict=True))
            )
        scales = getattr(hw3.scales, name)(*long[:3], param, long[3], answers[0])
        assert scales.keys() == answers[0].keys()
        worst = max([worst, *(off(answers[1][key], answers[0][key], scales[key]) for key in scales)])
    assert worst < 8


def test_a_variance_from_the_mean_square_is_beyond_rounding(hw3):
    x, gamma, beta, param, _ = norm_case(17, 6, 2)
    x = np.round(x.astype(np.float64), 2) + 100
    after = dict(param)
    hw3.batchnorm_forward(x.astype(LONG), gamma, beta, after)
    scale = hw3.scales.batchnorm_forward(x.astype(LONG), gamma, beta, param, after)["running_var"]
    unstable = 0.1 * ((x**2).mean(axis=0) - x.mean(axis=0) ** 2)
    assert off(0.1 * x.var(axis=0), after["running_var"], scale) < 4
    assert off(unstable, after["running_var"], scale) > 64
    agree(unstable, after["running_var"], 1e-9)


def test_an_infinite_loss_is_accepted_only_where_a_probability_underflows(hw3):
    y = np.array([0, 0])
    for low, accepted in ((-600.0, False), (-800.0, True)):
        x = np.array([[low, 0.0], [0.0, 0.0]], dtype=LONG)
        loss, dx = hw3.softmax_loss(x, y)
        assert hw3.scales.softmax_loss(x, y, {"loss": loss, "dx": dx})["loss"].infinite_ok is accepted


def test_the_scale_of_a_leaky_relu_takes_the_slope_or_its_default(hw3):
    x, dout = np.array([[-1.0, 2.0]]), np.array([[2.0, -2.0]])
    agree(hw3.scales.leaky_relu_backward(x, dout, {})["dx"].size, [[2, 2]], 0)
    agree(hw3.scales.leaky_relu_backward(x, 1.5, dout, {})["dx"].size, [[3, 3]], 0)


# --- handout and hints ------------------------------------------------------------------------------------


def statements():
    """Every statement of a graded body, and every right-hand side, without white space, if of 25 characters."""
    graded = {problem.id for problem in assignment.load(assignment.Course(ROOT), "hw3").problems}
    for stem in FILES:
        for function in ast.parse((SOLUTIONS / f"{stem}.py").read_text(encoding="utf-8")).body:
            if isinstance(function, ast.FunctionDef) and function.name in graded:
                for node in ast.walk(ast.Module(function.body[1:], [])):
                    parts = [node, getattr(node, "value", None)] if isinstance(node, ast.stmt) else []
                    texts = ["".join(ast.unparse(part).split()) for part in parts if part is not None]
                    yield from (text for text in texts if len(text) >= 25)


def test_handout_hints_and_docstrings_give_no_statement_away():
    texts = [(HANDOUT / name).read_text(encoding="utf-8") for name in ("README.md", "hints.md")]
    for stem in FILES:
        tree = ast.parse((SOLUTIONS / f"{stem}.py").read_text(encoding="utf-8"))
        texts += [
            ast.get_docstring(node) for node in (tree, *tree.body) if isinstance(node, (ast.Module, ast.FunctionDef))
        ]
    shown = "".join("".join(text.split()) for text in texts)
    hidden = set(statements())
    assert len(hidden) > 40
    assert [text for text in hidden if text in shown] == []


def test_every_problem_has_three_hints():
    hints = read_hints(HANDOUT)
    problems = [problem.id for problem in assignment.load(assignment.Course(ROOT), "hw3").problems]
    assert list(hints) == problems
    assert {len(texts) for texts in hints.values()} == {3}


def test_the_points_in_the_handout_are_the_declared_ones():
    text = (HANDOUT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\|[^|]*\| `(\w+)`[^|]*\| (\d+) \|", text, flags=re.MULTILINE)
    declared = assignment.load(assignment.Course(ROOT), "hw3").problems
    assert [(name, int(points)) for name, points in rows] == [(p.id, p.points) for p in declared]
    assert sum(int(points) for _, points in rows) == 100
