"""The hunt for a counterexample: small, checkable by hand, runnable, and over in time."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scratch import dense_backward, dense_forward

from grader.assignment import Problem
from grader.checks import Array, Backward, Choice, Forward, Initializer, Maybe, Record
from grader.checks.reference import Reference
from grader.errors import UsageError
from grader.explore import hunt, repro
from grader.render.exploration import render

DENSE = Problem(
    "dense_backward", "layers.py", 8, Backward("dense_forward", {"x": Array("N D"), "w": Array("D M"), "b": Array("M")})
)
REFERENCE = Reference({"dense_forward": dense_forward, "dense_backward": dense_backward})


def averaged(dout, cache):
    dx, dw, db = dense_backward(dout, cache)
    return dx, dw, db / len(dout)


def explore(problem, reference, seconds=20.0, **replaced):
    return hunt(problem, reference, REFERENCE.runner(replaced), seconds=seconds, seed=0)


@pytest.mark.parametrize("reference", [REFERENCE, None], ids=["reference", "own forward"])
def test_a_counterexample_is_the_smallest_shape_with_plain_numbers(reference):
    """An average over the batch shows from two examples on; one feature and one unit are enough."""
    found = explore(DENSE, reference, dense_backward=averaged)
    arguments = found.failure.shown.arguments
    assert arguments["x"].tolist() == [[1.0], [2.0]]
    assert arguments["w"].tolist() == [[1.0]]
    assert arguments["b"].tolist() == [1.0]
    assert np.array_equal(arguments["dout"], np.round(arguments["dout"], 2))


def test_without_the_reference_the_numerical_gradient_says_what_was_expected():
    """db is the sum of dout, here by differences of the student's own forward."""
    shown = explore(DENSE, None, dense_backward=averaged).failure.shown
    assert list(shown.answers) == ["db"]
    assert np.allclose(shown.answers["db"], shown.arguments["dout"].sum(axis=0), rtol=1e-8)


def test_a_right_function_ends_in_what_was_covered_when_the_time_is_up():
    """Hypothesis does not go on drawing after the limit."""
    found = explore(DENSE, REFERENCE, seconds=0.3)
    assert found.failure is None
    assert found.seconds < 2
    text = render(found, "dense_backward", width=80)
    assert "No counterexample to dense_backward found." in text
    assert f"Tried {found.examples} example" in text
    assert "kinds of numbers:" in text


def test_options_that_do_not_matter_are_left_out():
    """A case keeps of a dictionary only what the failure needs."""

    def scale_forward(x, options):
        return x * options.get("rate", 2.0), x

    def wrong_forward(x, options):
        return x * options.get("rate", 3.0), x

    inputs = {"x": Array("N D"), "options": Record({"rate": Maybe(Choice((0.5,))), "other": Maybe(Choice((1,)))})}
    problem = Problem("scale_forward", "layers.py", 4, Forward(inputs))
    reference = Reference({"scale_forward": scale_forward})
    found = hunt(problem, reference, reference.runner({"scale_forward": wrong_forward}), seconds=20, seed=0)
    assert found.failure.shown.arguments["options"] == {}


def test_random_weights_cannot_be_explored():
    """No single case of theirs is wrong; the message says where to look."""
    problem = Problem("he_normal", "initializers.py", 6, Initializer("normal", "2 / fan_in"))
    with pytest.raises(UsageError, match="grader run"):
        hunt(problem, REFERENCE, REFERENCE.runner({}), seconds=1, seed=0)


@pytest.mark.parametrize("reference", [REFERENCE, None], ids=["reference", "own forward"])
def test_the_program_runs_with_numpy_and_the_students_files_alone(reference, tmp_path):
    """It imports nothing of ours, and prints what came beside what was expected."""
    layers = (
        "def dense_forward(x, w, b):\n    return x @ w + b, (x, w)\n\n\n"
        "def dense_backward(dout, cache):\n    x, w = cache\n"
        "    return dout @ w.T, x.T @ dout, dout.mean(axis=0)\n"
    )
    (tmp_path / "layers.py").write_text(layers)
    failure = explore(DENSE, reference, dense_backward=averaged).failure
    program = repro(DENSE, failure, str(tmp_path), {"dense_forward": "layers.py", "dense_backward": "layers.py"})
    assert "grader" not in program
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("db ")]
    got, expected = (float(text.strip(" []")) for text in line.removeprefix("db ").split("expected"))
    assert got == pytest.approx(expected / 2, rel=1e-6)


def norm_forward(x, gamma, beta):
    a = x - x.mean(axis=1, keepdims=True)
    std = np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)
    return gamma * (a / std) + beta, (a / std, std, gamma)


def norm_backward(dout, cache):
    xhat, std, gamma = cache
    d, n = dout * gamma, dout.shape[1]
    dx = (n * d - d.sum(axis=1, keepdims=True) - xhat * np.sum(d * xhat, axis=1, keepdims=True)) / (n * std)
    return dx, np.sum(dout * xhat, axis=0), dout.sum(axis=0)


def test_a_right_gradient_of_terms_that_cancel_is_not_accused():
    """Far from zero, or with two features, what is left of a norm's gradient is little more than rounding."""
    inputs = {
        "x": Array("N D", ("normal", "offset", "tiny", "constant_rows", "integers", "far_offset")),
        "gamma": Array("D"),
        "beta": Array("D"),
    }
    problem = Problem("norm_backward", "layers.py", 4, Backward("norm_forward", inputs))
    run = Reference({"norm_forward": norm_forward, "norm_backward": norm_backward}).runner({})
    assert hunt(problem, None, run, seconds=2, seed=0).failure is None
