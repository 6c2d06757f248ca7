"""What a wrong answer is called: by the known mistake's name, or by what is remarkable about it."""

from __future__ import annotations

import pytest
from submissions import write_submission

WRONG = {
    # No path through the mean: the variance's path and the direct one are there.
    "batchnorm_backward": """
        def batchnorm_backward(dout, cache):
            a, b, gamma = cache
            n = len(a)
            dxhat = dout * gamma
            dvar = -0.5 * (dxhat * a).sum(axis=0) * b**3
            return dxhat * b + 2 / n * a * dvar, (dout * a * b).sum(axis=0), dout.sum(axis=0)
        """,
    # A factor that is on no list.
    "sigmoid_backward": """
        def sigmoid_backward(dout, cache):
            return 1.37 * dout * cache * (1 - cache)
        """,
    # Wrong in the last column only.
    "tanh_backward": """
        def tanh_backward(dout, cache):
            dx = dout * (1 - cache**2)
            dx[:, -1] *= 1 + cache[:, -1] ** 2
            return dx
        """,
    # Two mistakes at once, each in its own return.
    "batchnorm_backward_alt": """
        def batchnorm_backward_alt(dout, cache):
            a, b, gamma = cache
            dx = gamma * b * (dout - dout.mean(axis=0))
            return dx, (dout * a).sum(axis=0), dout.sum(axis=0)
        """,
}


@pytest.fixture(scope="module")
def named(grade, tmp_path_factory):
    return grade(write_submission(tmp_path_factory.mktemp("work"), WRONG))


def mistakes(outcome, problem):
    """Return the name of the mistake of every row that has one."""
    return {check["id"]: check["mistake"] for check in outcome.problems[problem]["checks"] if check["mistake"]}


def test_a_missing_mean_path_is_called_by_its_name(named):
    assert mistakes(named, "batchnorm_backward")["dx"] == "bn-backward-drops-mean-path"
    assert "mean" in named.messages("batchnorm_backward")


def test_a_factor_that_is_on_no_list_is_told(named):
    assert mistakes(named, "sigmoid_backward") == {}
    assert "dx is 1.37 times the expected value" in named.messages("sigmoid_backward")


def test_a_wrong_column_is_told_by_its_place(named):
    assert mistakes(named, "tanh_backward") == {}
    assert "last column" in named.messages("tanh_backward")


def test_two_mistakes_at_once_are_named_each_for_its_return(named):
    found = mistakes(named, "batchnorm_backward_alt")
    assert found["dx"] == "bn-alt-drops-variance-path"
    assert found["dgamma"] == "bn-alt-dgamma-from-deviations"


def test_nothing_else_loses_points(named):
    assert named.incomplete == set(WRONG)


def test_no_message_holds_the_right_formula(named):
    for problem in WRONG:
        assert "cache" not in named.messages(problem).replace("the cache", "")
