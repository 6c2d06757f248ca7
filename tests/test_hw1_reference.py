"""The reference of hw1 against derivations that share nothing with it: loops, hand-sized numbers, the handout's own."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from grader import assignment
from grader.checks import reference as references
from grader.hints import read_hints
from grader.sandbox.functions import NAMED

ROOT = Path(__file__).resolve().parents[1]
SOLUTIONS = ROOT / "solutions" / "hw1"
HANDOUT = ROOT / "assignments" / "hw1"
LONG = np.longdouble
EPS64 = np.finfo(np.float64).eps


@pytest.fixture(scope="module")
def declared():
    """Return the declaration."""
    return assignment.load(assignment.Course(ROOT), "hw1")


@pytest.fixture(scope="module")
def hw1(declared):
    """Return every function of the reference."""
    return SimpleNamespace(**references.load(SOLUTIONS, declared.files).functions)


def agree(got, wanted, tolerance=1e-12):
    assert np.shape(got) == np.shape(wanted)
    np.testing.assert_allclose(np.asarray(got, dtype=float), np.asarray(wanted, dtype=float), rtol=0, atol=tolerance)


def drawn(seed, *shapes):
    rng = np.random.default_rng(seed)
    arrays = [rng.standard_normal(shape) for shape in shapes]
    return arrays if len(arrays) > 1 else arrays[0]


# --- gates ------------------------------------------------------------------------------------------------


def loss_of(function, arrays, dout, index, entry):
    """Return the derivative of <dout, function> by one entry of one array, from two values."""
    h = LONG(1e-6)
    moved = [array.astype(LONG) for array in arrays]
    ends = []
    for sign in (1, -1):
        moved[index] = arrays[index].astype(LONG)
        moved[index][entry] += sign * h
        ends.append(np.sum(dout * function(*moved)[0]))
    return (ends[0] - ends[1]) / (2 * h)


@pytest.mark.parametrize("gate", ["add", "multiply", "maximum"])
@pytest.mark.parametrize("shapes", [((3, 4), (4,)), ((3, 1), (1, 4)), ((), (2, 3)), ((2, 1, 3), (4, 1)), ((), ())])
def test_a_gate_of_two_inputs_sends_back_its_derivative_in_every_broadcast(hw1, gate, shapes):
    x, y = (np.asarray(array) for array in drawn(0, *shapes))
    forward, backward = getattr(hw1, f"{gate}_forward"), getattr(hw1, f"{gate}_backward")
    out, cache = forward(x, y)
    dout = np.asarray(drawn(1, np.shape(out)))
    for index, gradient in enumerate(backward(dout, cache)):
        numerical = np.zeros(shapes[index])
        for entry in np.ndindex(shapes[index]):
            numerical[entry] = loss_of(forward, (x, y), dout, index, entry)
        agree(gradient, numerical, 1e-9)


def test_where_both_inputs_of_a_maximum_are_equal_the_second_gets_the_gradient(hw1):
    x, y = np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0])
    dx, dy = hw1.maximum_backward(np.full(3, 5.0), hw1.maximum_forward(x, y)[1])
    agree(dx, [0, 0, 5], 0)
    agree(dy, [5, 5, 0], 0)


def test_softplus_is_exact_at_both_ends(hw1):
    """Where the exponential alone is left, and where x itself is."""
    x = np.array([-1000.0, -700.0, -40.0, 40.0, 1000.0])
    expected = [0.0, np.exp(-700.0), np.exp(-40.0), 40.0, 1000.0]
    np.testing.assert_allclose(hw1.softplus_forward(x)[0], expected, rtol=4 * EPS64)


def test_softplus_as_one_gate_is_the_product_of_its_three_gates(hw1):
    x, dout = drawn(2, (3, 4), (3, 4))
    cache = hw1.softplus_forward(x)[1]
    agree(hw1.softplus_backward(dout, cache), hw1.softplus_backward_steps(dout, cache)["dx"])


# --- numerical derivatives --------------------------------------------------------------------------------


def test_the_numerical_gradient_has_the_shape_of_x_and_each_entry_in_its_place(hw1):
    weights = drawn(3, (2, 3, 2))
    agree(hw1.numerical_gradient(lambda x: np.sum(weights * x**3), np.ones((2, 3, 2))), 3 * weights, 1e-9)
    agree(hw1.numerical_gradient(np.exp, np.array(0.5)), np.exp(0.5), 1e-9)


def test_the_jacobian_of_a_linear_map_is_its_transpose(hw1):
    W, x = drawn(4, (2, 5), (5,))
    agree(hw1.jacobian(lambda v: W @ v, x), W.T, 1e-9)


def test_the_hessian_of_a_quadratic_form_is_twice_its_symmetric_part(hw1):
    A, x = drawn(5, (4, 4), (4,))
    agree(hw1.hessian(lambda v: v @ A @ v, x), A + A.T, 1e-6)


@pytest.mark.parametrize(("name", "h"), [("numerical_gradient", 1e-7), ("numerical_gradient", 1e-4)])
def test_the_steps_that_the_handout_recommends_are_within_the_tolerance(hw1, declared, name, h):
    """With the factor two of room on either side that a student's own formula may need."""
    problem = declared.problem(name)
    rng = np.random.default_rng(6)
    for function in problem.check.inputs["f"].names:
        x = np.round(rng.standard_normal((3, 2)), 2)
        right = hw1.numerical_gradient(NAMED[function], x.astype(LONG)).astype(float)
        for index in np.ndindex(x.shape):
            step = np.zeros_like(x)
            step[index] = h
            slope = (NAMED[function](x + step) - NAMED[function](x - step)) / (2 * h)
            assert abs(slope - right[index]) < problem.check.tolerance / 2 * (1 + np.abs(right).max())


@pytest.mark.parametrize("h", [1e-5, 1e-3])
def test_so_are_those_for_second_derivatives(hw1, declared, h):
    check = declared.problem("hessian").check
    for function in check.inputs["f"].names:
        x = np.round(drawn(7, (3,)), 2)
        right = hw1.hessian(NAMED[function], x.astype(LONG)).astype(float)
        for i, j in np.ndindex(3, 3):
            first, second = np.eye(3)[i] * h, np.eye(3)[j] * h
            corners = ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1))
            total = sum(w * NAMED[function](x + a * first + b * second) for a, b, w in corners)
            assert abs(total / (4 * h**2) - right[i, j]) < check.tolerance * (1 + np.abs(right).max())


# --- vectors and matrices ---------------------------------------------------------------------------------


def test_the_whole_tensor_times_dz_is_the_outer_product(hw1):
    x, dz = drawn(8, (3,), (4,))
    agree(np.tensordot(hw1.tensor_derivative(x, 4), dz, axes=1), hw1.outer_product_gradient(dz, x))


def test_the_tensor_is_the_numerical_derivative_of_every_output_by_the_matrix(hw1):
    W, x = drawn(9, (2, 3), (3,))
    for k in range(2):
        column = hw1.numerical_gradient(lambda V, k=k: (V @ x)[k], W)
        agree(hw1.tensor_derivative(x, 2)[:, :, k], column, 1e-9)


def test_the_gradient_of_least_squares_is_that_of_its_loss_and_vanishes_at_the_solution(hw1):
    W, X, Y = drawn(10, (2, 3), (3, 6), (2, 6))
    agree(hw1.least_squares_gradient(W, X, Y), hw1.numerical_gradient(lambda V: np.sum((Y - V @ X) ** 2) / 2, W), 1e-8)
    agree(hw1.least_squares_gradient(hw1.least_squares_solution(X, Y), X, Y), np.zeros((2, 3)), 1e-12)


def test_of_many_solutions_the_smallest_is_taken(hw1):
    """What is added to it in a direction that no example has makes it longer and no better."""
    X, Y = np.array([[1.0, 2.0], [1.0, 2.0]]), np.array([[3.0, 6.0]])
    agree(hw1.least_squares_solution(X, Y), [[1.5, 1.5]])


# --- the handout ------------------------------------------------------------------------------------------


def test_the_examples_of_gates_in_the_handout_are_right(hw1):
    x, y, dout = np.array([1.0, 5, 2]), np.array([4.0, 3, 2]), np.array([10.0, 20, 30])
    wanted = {
        "add": ([10, 20, 30], [10, 20, 30]),
        "multiply": ([40, 60, 60], [10, 100, 60]),
        "maximum": ([0, 20, 0], [10, 0, 30]),
    }
    for gate, gradients in wanted.items():
        cache = getattr(hw1, f"{gate}_forward")(x, y)[1]
        for got, by_hand in zip(getattr(hw1, f"{gate}_backward")(dout, cache), gradients, strict=True):
            agree(got, by_hand, 0)
    agree(hw1.exp_backward(np.array(6.0), hw1.exp_forward(np.array(np.log(2)))[1]), 12)
    agree(hw1.log_backward(np.array(6.0), hw1.log_forward(np.array(3.0))[1]), 2)
    agree(hw1.branch_backward(np.array(np.e), np.array(np.e)), 2 * np.e)


def test_the_examples_of_broadcasting_in_the_handout_are_right(hw1):
    grad = np.array([[1.0, 2, 3], [4, 5, 6]])
    for by_hand in ([5, 7, 9], [[5, 7, 9]], [[6], [15]], grad, [[21]], 21):
        agree(hw1.unbroadcast(grad, np.shape(by_hand)), by_hand, 0)
    cache = hw1.multiply_forward(np.array([[1.0], [2]]), np.array([10.0, 20, 30]))[1]
    dx, dy = hw1.multiply_backward(np.array([[1.0, 0, 2], [0, 1, 1]]), cache)
    agree(dx, [[70], [50]], 0)
    agree(dy, [1, 2, 4], 0)
    text = (HANDOUT / "README.md").read_text(encoding="utf-8")
    shapes = re.search(r"```\n(x  \(4, 1\).*?)```", text, re.DOTALL)[1].splitlines()
    columns = [re.findall(r"\([\d, ]*\)", line) for line in shapes]
    for x, y, out in zip(*columns, strict=True):
        as_shape = [tuple(int(n) for n in re.findall(r"\d+", shape)) for shape in (x, y, out)]
        assert np.broadcast_shapes(*as_shape[:2]) == as_shape[2]


def test_the_example_of_softplus_in_the_handout_is_right(hw1):
    out, cache = hw1.softplus_forward(np.array([np.log(3)]))
    agree(out, [np.log(4)])
    steps = hw1.softplus_backward_steps(np.array([2.0]), cache)
    agree([steps[name][0] for name in ("da", "db", "dx")], [0.5, 0.5, 1.5])
    out, cache = hw1.softplus_forward(np.array([0.0, 1000.0, -30.0]))
    np.testing.assert_allclose(out, [0.693, 1000, 9.358e-14], rtol=1e-3)
    agree(hw1.softplus_backward(np.ones(3), cache)[:2], [0.5, 1])


def test_the_examples_of_numerical_derivatives_in_the_handout_are_right(hw1):
    agree(((1.1**3 - 1) / 0.1, (1.1**3 - 0.9**3) / 0.2), (3.31, 3.01))
    assert (0.5 + 1e-5) - 1e-5 != 0.5
    f = lambda x: np.array([x[0] ** 2, x[0] * x[1], 5 * x[1]])  # noqa: E731
    agree(hw1.jacobian(f, np.array([2.0, 3])), [[4, 3, 0], [0, 2, 5]], 1e-8)
    agree(hw1.hessian(lambda x: x[0] ** 2 * x[1], np.array([1.0, 2])), [[4, 2], [2, 0]], 1e-6)


def test_the_examples_of_matrices_in_the_handout_are_right(hw1):
    agree(hw1.chain_jacobians(np.array([[1, 2], [0, 1]]), np.array([[3], [4]])), [[11], [4]], 0)
    tensor = hw1.tensor_derivative(np.array([5.0, 7]), 2)
    agree(tensor[:, :, 0], [[5, 7], [0, 0]], 0)
    agree(tensor[:, :, 1], [[0, 0], [5, 7]], 0)
    agree(hw1.outer_product_gradient(np.array([2, -1]), np.array([5, 7])), [[10, 14], [-5, -7]], 0)
    X, Y = np.array([[1.0, 2]]), np.array([[2.0, 5]])
    agree(hw1.least_squares_gradient(np.array([[1.0]]), X, Y), [[-7]], 0)
    agree(hw1.least_squares_solution(X, Y), [[12 / 5]])
    agree(hw1.least_squares_solution(np.array([[1.0], [2]]), np.array([[5.0]])), [[1, 2]])


def test_every_problem_has_three_hints(declared):
    hints = read_hints(HANDOUT)
    assert list(hints) == [problem.id for problem in declared.problems]
    assert {len(texts) for texts in hints.values()} == {3}


def test_the_points_in_the_handout_are_the_declared_ones(declared):
    text = (HANDOUT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\|[^|]*\| `(\w+)`[^|]*\| (\d+) \|", text, flags=re.MULTILINE)
    assert [(name, int(points)) for name, points in rows] == [(p.id, p.points) for p in declared.problems]
    assert sum(int(points) for _, points in rows) == 100


def test_a_mistake_sends_to_a_section_that_the_handout_has(declared):
    """Quoted titles only: a text that says where to read on must not lead nowhere."""
    titles = re.findall(r"^#+ (?:[\d.]+ )?(.+)$", (HANDOUT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    mistakes = references.load(SOLUTIONS, declared.files).mistakes
    assert len(mistakes) > 90
    for mistake in mistakes:
        named = re.findall(r"'([A-Z][^']+)'", mistake.text)
        assert named, mistake.id
        assert set(named) <= set(titles), mistake.id


def test_the_handout_shows_the_pictures_that_the_script_draws():
    """The notebook's test draws them; here they are small, and where the page looks for them."""
    script = (SOLUTIONS / "pictures.py").read_text(encoding="utf-8")
    text = (HANDOUT / "README.md").read_text(encoding="utf-8")
    names = re.findall(r"\]\((\w+)\.png\)", text)
    assert names == re.findall(r'experiments\.\w+, "(\w+)"', script) == ["softplus", "steps"]
    assert all(1_000 < (HANDOUT / f"{name}.png").stat().st_size < 80_000 for name in names)


# --- what holds for every function ------------------------------------------------------------------------


def every_call(hw1, dtype):
    """Run every function of hw1; yield its name and what it returned."""
    x, y, s, d = (array.astype(dtype) for array in drawn(20, (4, 1), (3,), (4, 3), (4, 3)))
    for gate, inputs in (
        ("add", (x, y)),
        ("multiply", (x, y)),
        ("maximum", (x, y)),
        ("exp", (s,)),
        ("log", (s**2 + 1,)),
        ("softplus", (s * 400,)),
    ):
        out, cache = getattr(hw1, f"{gate}_forward")(*inputs)
        yield f"{gate}_forward", out
        yield f"{gate}_backward", getattr(hw1, f"{gate}_backward")(d, cache)
    yield "softplus_backward_steps", hw1.softplus_backward_steps(d, hw1.softplus_forward(s)[1])
    yield "unbroadcast", hw1.unbroadcast(d, (4, 1))
    yield "branch_backward", hw1.branch_backward(d, s, d)
    for name, f in (("numerical_gradient", "sum_of_cubes"), ("jacobian", "softmax"), ("hessian", "log_sum_exp")):
        yield name, getattr(hw1, name)(NAMED[f], y)
    yield "chain_jacobians", hw1.chain_jacobians(s, d.T, x)
    yield "tensor_derivative", hw1.tensor_derivative(y, 2)
    yield "outer_product_gradient", hw1.outer_product_gradient(x[:, 0], y)
    yield "least_squares_gradient", hw1.least_squares_gradient(s.T, d, y[:, None] * np.ones((1, 3), dtype))


def arrays_in(value):
    values = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else [value]
    return [np.asarray(entry) for entry in values]


@pytest.mark.parametrize("dtype", [np.float64, LONG])
def test_every_result_has_the_type_of_the_input(hw1, declared, dtype):
    """But for the solution of least squares: NumPy's linear algebra knows nothing wider than float64."""
    seen = {name: {array.dtype for array in arrays_in(value)} for name, value in every_call(hw1, dtype)}
    assert set(map(frozenset, seen.values())) == {frozenset({np.dtype(dtype)})}
    assert {problem.id for problem in declared.problems} - seen.keys() == {"least_squares_solution"}


def test_no_function_warns_or_keeps_what_it_was_given(hw1):
    with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        assert all(np.isfinite(array).all() for _, value in every_call(hw1, np.float64) for array in arrays_in(value))
