"""How points are shared among findings."""

from __future__ import annotations

import numpy as np
import pytest

from grader.checks.shares import (
    BACKWARD,
    FORWARD,
    IN_PROPORTION,
    INITIALIZER,
    NETWORK,
    NOTHING_RIGHT,
    Finding,
    allocate,
    overall,
    score,
)
from grader.report import Outcome

SIDES = ("numeric", "extremes", "rounding", "form", "manners")


def findings(failed=(), sides=SIDES):
    value = [Finding(name, name, Outcome.FAILED if name in failed else Outcome.PASSED) for name in ("dx", "dw", "db")]
    return value + [Finding(n, n, Outcome.FAILED if n in failed else Outcome.PASSED, side=True) for n in sides]


@pytest.mark.parametrize("points", [100, 300, 333, 800, 1200, 1, 7])
def test_shares_add_up_exactly(points):
    """Whatever the points, the findings' maxima sum to them, and so does a full score."""
    checks = score(points, BACKWARD, findings())
    assert sum(check.max_score for check in checks) == points
    assert sum(check.score for check in checks) == points
    assert overall(checks) is Outcome.PASSED


def test_allocate_is_proportional_and_exact():
    """No share is off its exact value by a whole hundredth."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        weights = [int(w) for w in rng.integers(1, 50, rng.integers(1, 9))]
        points = int(rng.integers(1, 2000))
        shares = allocate(points, weights)
        assert sum(shares) == points
        assert all(abs(s - points * w / sum(weights)) < 1 for s, w in zip(shares, weights, strict=True))


def test_declared_shares_are_complete():
    """Backward and forward weights are the declared ones and make a thousand."""
    assert sum(BACKWARD.values()) == sum(FORWARD.values()) == sum(INITIALIZER.values()) == sum(NETWORK.values()) == 1000
    assert BACKWARD["value"] == 600
    assert FORWARD["value"] == 750
    assert INITIALIZER["preservation_forward"] + INITIALIZER["preservation_backward"] == 50


def test_sides_pay_in_proportion_to_the_values_won():
    """One of three values wrong: every side row pays two thirds."""
    checks = {check.id: check for check in score(1000, BACKWARD, findings(failed={"dx"}))}
    assert checks["dx"].score == 0
    assert checks["dw"].score == 200
    assert checks["numeric"].score == 66
    assert checks["numeric"].status is Outcome.PARTIAL


def test_all_values_wrong_earns_nothing():
    """Zeros that leave their arguments alone earn nothing."""
    checks = score(1000, BACKWARD, findings(failed={"dx", "dw", "db"}))
    assert sum(check.score for check in checks) == 0
    assert overall(checks) is Outcome.FAILED


def test_what_a_problem_lacks_goes_to_value():
    """Without numeric and extremes the values are worth 80 of 100."""
    checks = score(1000, BACKWARD, findings(sides=("rounding", "form", "manners")))
    assert sum(check.max_score for check in checks if check.id in ("dx", "dw", "db")) == 800


def test_parts_weigh_the_values():
    """batchnorm_forward's parts count 6 : 3 : 3."""
    rows = [Finding(name, name) for name in ("train", "test", "running")]
    checks = score(1200, {"value": 1000}, rows, {"train": 6, "test": 3, "running": 3})
    assert [check.max_score for check in checks] == [600, 300, 300]


def test_a_side_row_says_whether_it_pays_a_part_or_nothing():
    part = next(check for check in score(800, BACKWARD, findings({"dx"})) if check.id == "form")
    none = next(check for check in score(800, BACKWARD, findings({"dx", "dw", "db"})) if check.id == "form")
    assert (part.status, part.message) == (Outcome.PARTIAL, IN_PROPORTION)
    assert (none.status, none.score, none.message) == (Outcome.PARTIAL, 0, NOTHING_RIGHT)
