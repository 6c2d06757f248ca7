"""Cases: drawn by Hypothesis, edges always among them, the same for the same seed."""

from __future__ import annotations

import importlib
import sys

import numpy as np
import pytest

from grader.checks import regimes
from grader.checks.cases import draw_cases
from grader.checks.inputs import Array, Choice, Divisor, Generator, Labels, Maybe, Record, Size, axes_of, regimes_of
from grader.errors import AssignmentError
from grader.sandbox.marks import Seed

AFFINE = {"x": Array("N D...", ("normal", "large")), "w": Array("D M"), "b": Array("M")}
NORM = {
    "x": Array("N D", ("normal", "offset", "constant_columns")),
    "gamma": Array("D", ("far_from_one",)),
    "param": Record({"mode": Choice(("train", "test")), "eps": Maybe(Choice((1e-5, 0.2)))}),
}


def draw(inputs, seed=0, **limits):
    return draw_cases(inputs, seed=seed, limits=limits)


@pytest.mark.parametrize("inputs", [AFFINE, NORM, {"x": Array("N C"), "y": Labels("N", "C")}])
@pytest.mark.parametrize("seed", [0, 1, 12345])
def test_at_least_forty_different_cases(inputs, seed):
    cases = draw(inputs, seed)
    assert len(cases) >= 40
    assert len({(case.seed, str(case.sizes), case.regime) for case in cases}) == len(cases)


@pytest.mark.parametrize("seed", range(5))
def test_edges_are_always_among_them(seed):
    """A batch of one, a batch of two, one feature, unequal sides, 2-d to 4-d inputs, every regime."""
    shapes = {case.arguments["x"].shape for case in draw(AFFINE, seed)}
    assert {2, 3, 4} <= {len(shape) for shape in shapes}
    assert {1, 2} <= {shape[0] for shape in shapes}
    assert any(int(np.prod(shape[1:])) == 1 for shape in shapes)
    cases = draw(NORM, seed)
    assert {case.regime for case in cases} == {"normal", "offset", "constant_columns"}
    assert {case.arguments["param"]["mode"] for case in cases} == {"train", "test"}
    assert {case.arguments["param"].get("eps") for case in cases} == {None, 1e-5, 0.2}
    assert any(n > 1 and d > 1 and n != d for n, d in (case.arguments["x"].shape for case in cases))


def test_axes_of_one_name_have_one_length():
    for case in draw(AFFINE):
        x, w, b = case.arguments.values()
        assert int(np.prod(x.shape[1:])) == w.shape[0]
        assert w.shape[1:] == b.shape


def test_cases_are_sorted_by_size():
    """The first failure is then the smallest."""
    entries = [case.entries for case in draw(AFFINE)]
    assert entries == sorted(entries)


def test_the_same_seed_gives_the_same_cases_and_another_seed_others():
    first, again, other = draw(AFFINE, 3), draw(AFFINE, 3), draw(AFFINE, 4)
    for one, two in zip(first, again, strict=True):
        assert one.why == two.why
        for a, b in zip(one.arguments.values(), two.arguments.values(), strict=True):
            np.testing.assert_array_equal(a, b)
    assert [case.seed for case in first] != [case.seed for case in other]


def test_arguments_are_independent_of_one_another():
    """w does not repeat the numbers of x."""
    case = draw({"x": Array("N D"), "y": Array("N D")})[-1]
    assert not np.array_equal(case.arguments["x"], case.arguments["y"])


def test_optional_inputs_are_left_out_in_some_cases():
    cases = draw({"x": Array("N"), "slope": Maybe(Choice((0.1,)))})
    assert {tuple(case.arguments) for case in cases} == {("x",), ("x", "slope")}


def test_labels_are_below_the_number_of_classes():
    for case in draw({"x": Array("N C"), "y": Labels("N", "C")}):
        x, y = case.arguments.values()
        assert y.dtype == np.int64
        assert y.shape == (len(x),)
        assert y.min() >= 0
        assert y.max() < x.shape[1]


def test_sizes_and_generators_cross_as_plain_values():
    case = draw({"fan_in": Size("I"), "rng": Generator()}, I=(1, 9))[0]
    assert isinstance(case.arguments["fan_in"], int)
    assert isinstance(case.arguments["rng"], Seed)


def test_extreme_regimes_are_tagged():
    cases = draw_cases({"x": Array("N D", ("normal", "huge"))}, seed=0, limits={}, extreme=("huge",))
    assert all(case.extreme == (case.regime == "huge") for case in cases)
    assert sum(case.extreme for case in cases) >= 2


def test_unknown_regime_is_refused_with_the_nearest_name():
    with pytest.raises(AssignmentError, match="did you mean 'normal'"):
        Array("N", ("norml",))


@pytest.mark.parametrize("name", regimes.REGIMES)
def test_regimes_are_float64_of_the_shape_and_finite(name):
    values = regimes.REGIMES[name](np.random.default_rng(0), (5, 3))
    assert values.shape == (5, 3)
    assert values.dtype == np.float64
    assert np.isfinite(values).all()


def test_plain_values_can_be_checked_by_hand():
    """Two decimals."""
    values = regimes.normal(np.random.default_rng(0), (20, 20))
    np.testing.assert_array_equal(values, np.round(values, 2))


def test_axes_and_regimes_are_read_off_the_declaration():
    assert axes_of(AFFINE) == ("N", "D...", "M")
    assert regimes_of(NORM) == ("normal", "offset", "constant_columns")


def test_a_divisor_divides_the_length_of_its_axis_and_takes_every_kind():
    inputs = {"x": Array("N C"), "groups": Divisor("C")}
    cases = draw(inputs, C=(1, 12))
    pairs = {(case.arguments["x"].shape[1], case.arguments["groups"]) for case in cases}
    assert all(length % groups == 0 for length, groups in pairs)
    assert {"one", "inside", "all"} == {
        "one" if groups == 1 else "all" if groups == length else "inside" for length, groups in pairs if length > 3
    }


def test_what_else_is_loaded_changes_no_case(tmp_path, monkeypatch):
    """Hypothesis looks for numbers in the source of loaded modules; the same seed must draw the same everywhere."""
    inputs = {"x": Array("N D"), "rate": Choice(tuple(range(40)))}
    before = draw_cases(inputs, seed=3, limits={"N": (1, 900), "D": (1, 900)})
    (tmp_path / "full_of_numbers.py").write_text(f"NUMBERS = {list(range(0, 900, 7))}\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "full_of_numbers", None)  # Taken away again afterwards.
    del sys.modules["full_of_numbers"]
    importlib.import_module("full_of_numbers")
    after = draw_cases(inputs, seed=3, limits={"N": (1, 900), "D": (1, 900)})
    assert [(case.sizes, case.seed) for case in before] == [(case.sizes, case.seed) for case in after]
