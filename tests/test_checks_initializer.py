"""`Initializer`: random weights judged by exact statistics: what is wrong fails the row that is named for it."""

from __future__ import annotations

import numpy as np
import pytest
from scratch import POINTS, earned, failed, finding_ids, grade, mistake, row

from grader.checks import Choice, Generator, Initializer, Maybe, Size
from grader.checks.initializer import LARGE
from grader.checks.reference import Reference
from grader.errors import AssignmentError
from grader.report import Outcome

ROWS = ["variance", "preservation_forward", "preservation_backward", "distribution", "generator"]
NORMAL = Initializer("normal", "2 / fan_in")
UNIFORM = Initializer("uniform", "2 / fan_in")
FAR_TAIL = 3.0


def he(fan_in, fan_out, rng):
    return rng.standard_normal((fan_in, fan_out)) * np.sqrt(2 / fan_in)


def box(fan_in, fan_out, rng):
    bound = np.sqrt(6 / fan_in)
    return rng.uniform(-bound, bound, (fan_in, fan_out))


def variance(fan_in, fan_out):
    return {"variance": 2 / fan_in}


def reference(function=he, *mistakes):
    return Reference({"draw": function}, {"draw": variance}, {}, mistakes)


@pytest.fixture(scope="module")
def normal():
    """Return a function that grades an initialiser on one frozen section of the normal family."""
    section = NORMAL.build("draw", reference(), 0)
    return lambda function: grade(NORMAL, "draw", section, reference(), draw=function)


@pytest.fixture(scope="module")
def uniform():
    section = UNIFORM.build("draw", reference(box), 0)
    return lambda function: grade(UNIFORM, "draw", section, reference(box), draw=function)


# --- right ones ---------------------------------------------------------------------------------------------


def rows_at_a_time(fan_in, fan_out, rng):
    return np.array([rng.normal(0.0, np.sqrt(2 / fan_in), fan_out) for _ in range(fan_in)])


def transposed_draw(fan_in, fan_out, rng):
    return rng.normal(scale=(2 / fan_in) ** 0.5, size=(fan_out, fan_in)).T


def mirrored(fan_in, fan_out, rng):
    return -rng.standard_normal(fan_in * fan_out).reshape(fan_in, fan_out, order="F") * np.sqrt(2 / fan_in)


def single_precision(fan_in, fan_out, rng):
    return rng.standard_normal((fan_in, fan_out), dtype=np.float32) * np.float32(np.sqrt(2 / fan_in))


@pytest.mark.parametrize("function", [he, rows_at_a_time, transposed_draw, mirrored, single_precision])
def test_right_draws_in_any_order_pass_for_twenty_seeds(function, normal):
    """Numbers drawn before make every pass another sample; none may fail by chance."""
    for skipped in range(20):

        def draw(fan_in, fan_out, rng, skipped=skipped):
            rng.random(skipped)
            return function(fan_in, fan_out, rng)

        graded = normal(draw)
        assert earned(graded) == POINTS, {check.id: check.message for check in graded.checks}


@pytest.mark.parametrize("of", [box, lambda i, o, rng: (2 * rng.random((o, i)).T - 1) * np.sqrt(6 / i)])
def test_right_uniform_draws_pass_for_twenty_seeds(of, uniform):
    for skipped in range(20):

        def draw(fan_in, fan_out, rng, skipped=skipped):
            rng.random(skipped)
            return of(fan_in, fan_out, rng)

        assert earned(uniform(draw)) == POINTS


@pytest.mark.parametrize("seed", range(1, 4))
def test_the_reference_passes_its_own_bank_of_any_seed(seed):
    section = NORMAL.build("draw", reference(), seed)
    graded = grade(NORMAL, "draw", section, reference())
    assert finding_ids(graded) == ROWS
    assert (graded.status, earned(graded)) == (Outcome.PASSED, POINTS)


# --- wrong ones ---------------------------------------------------------------------------------------------


def std_for_variance(fan_in, fan_out, rng):
    return rng.normal(0.0, 2 / fan_in, (fan_in, fan_out))


def fan_out_for_fan_in(fan_in, fan_out, rng):
    return rng.standard_normal((fan_in, fan_out)) * np.sqrt(2 / fan_out)


def average_of_fans(fan_in, fan_out, rng):
    return rng.standard_normal((fan_in, fan_out)) * np.sqrt(4 / (fan_in + fan_out))


def without_the_2(fan_in, fan_out, rng):
    return rng.standard_normal((fan_in, fan_out)) * np.sqrt(1 / fan_in)


def not_scaled(fan_in, fan_out, rng):
    return rng.standard_normal((fan_in, fan_out))


def ten_percent_off(fan_in, fan_out, rng):
    return 1.05 * he(fan_in, fan_out, rng)


def for_one_sum_of_fans(fan_in, fan_out, rng):
    """Right for the fans of one hidden test only."""
    return rng.standard_normal((fan_in, fan_out)) * np.sqrt(2 / 100)


def zeros(fan_in, fan_out, rng):
    return np.zeros((fan_in, fan_out))


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (std_for_variance, "is the variance used where its square root is needed?"),
        (fan_out_for_fan_in, "did you use fan_out for fan_in?"),
        (without_the_2, "half of what was asked: is the 2 missing?"),
        (not_scaled, "is the variance not scaled by the fans at all?"),
        (average_of_fans, "times what was asked"),
        (ten_percent_off, "1.1"),
        (for_one_sum_of_fans, "the same variance comes out whatever the fans are."),
        (lambda i, o, rng: rng.normal(0, np.sqrt(6 / i), (i, o)), "is the bound of a uniform distribution used as the"),
        (lambda i, o, rng: he(i, o, rng) / 2, "a quarter of what was asked."),
        (zeros, "all weights are zero"),
    ],
)
def test_a_wrong_variance_fails_variance_and_says_how_far_it_is_off(function, words, normal):
    graded = normal(function)
    assert "variance" in failed(graded)
    assert words in row(graded, "variance").message
    assert "where 2 / fan_in = " in row(graded, "variance").message
    assert "acceptable" in row(graded, "variance").message


@pytest.mark.parametrize(
    "function", [std_for_variance, fan_out_for_fan_in, without_the_2, not_scaled, ten_percent_off, average_of_fans]
)
def test_a_wrong_variance_costs_no_distribution_and_no_generator(function, normal):
    """The weights are normal and come from rng; only their size is wrong."""
    assert failed(normal(function)) <= set(ROWS[:3])


def test_a_wrong_variance_fails_the_signals_that_it_changes(normal):
    """Twice the variance in a wide layer is seen forwards and backwards."""
    assert failed(normal(lambda i, o, rng: he(i, o, rng) * np.sqrt(2))) == set(ROWS[:3])


def uniform_for_normal(fan_in, fan_out, rng):
    return rng.uniform(-1, 1, (fan_in, fan_out)) * np.sqrt(6 / fan_in)


def truncated(fan_in, fan_out, rng):
    """Draws beyond two standard deviations are drawn again; rescaled to the variance that was asked for."""
    z = rng.standard_normal((fan_in, fan_out))
    while (far := np.abs(z) > 2).any():
        z[far] = rng.standard_normal(int(far.sum()))
    return z * np.sqrt(2 / fan_in) / 0.8796256610342398


def clipped_far_out(fan_in, fan_out, rng):
    """Beyond three standard deviations there is nothing: the variance hardly changes."""
    return np.clip(rng.standard_normal((fan_in, fan_out)), -FAR_TAIL, FAR_TAIL) * np.sqrt(2 / fan_in)


def clipped(fan_in, fan_out, rng):
    return np.clip(rng.standard_normal((fan_in, fan_out)), -2, 2) * np.sqrt(2 / fan_in)


def cut_far_out(fan_in, fan_out, rng):
    z = rng.standard_normal((fan_in, fan_out))
    return np.where(np.abs(z) > FAR_TAIL, z / 3, z) * np.sqrt(2 / fan_in)


def tied_units(fan_in, fan_out, rng):
    return np.repeat(rng.standard_normal((fan_in, 1)), fan_out, axis=1) * np.sqrt(2 / fan_in)


def signs(fan_in, fan_out, rng):
    return rng.choice((-1.0, 1.0), (fan_in, fan_out)) * np.sqrt(2 / fan_in)


def not_centred(fan_in, fan_out, rng):
    return np.abs(rng.standard_normal((fan_in, fan_out))) * np.sqrt(2 / fan_in)


def heavy_tails(fan_in, fan_out, rng):
    return rng.standard_t(5, (fan_in, fan_out)) * np.sqrt(2 / fan_in * 3 / 5)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (uniform_for_normal, "drawn from a uniform distribution, where a normal one was asked"),
        (truncated, ""),
        (clipped_far_out, "the weights were clipped: "),
        (clipped, "the weights were clipped: "),
        (cut_far_out, "are the draws truncated?"),
        (tied_units, "many weights are equal"),
        (signs, "many weights are equal"),
        (not_centred, "the weights are not centred"),
        (heavy_tails, "the histogram is not that of a normal distribution"),
    ],
)
def test_a_wrong_distribution_fails_distribution_and_is_described(function, words, normal):
    graded = normal(function)
    assert "distribution" in failed(graded)
    assert "generator" not in failed(graded)
    assert words in row(graded, "distribution").message


def test_a_right_variance_keeps_its_points_whatever_the_distribution(normal):
    for function in (uniform_for_normal, truncated, signs, not_centred):
        assert "variance" not in failed(normal(function))


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda i, o, rng: np.clip(box(i, o, rng) * 1.2, -np.sqrt(6 / i), np.sqrt(6 / i)), ""),
        (he, "drawn from a normal distribution, where a uniform one was asked"),
    ],
)
def test_another_family_than_uniform_is_seen(function, words, uniform):
    graded = uniform(function)
    assert {"distribution", "variance"} & failed(graded)
    assert words in row(graded, "distribution").message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda w: np.sqrt(3) * w, "is a root missing where the standard deviation becomes the bound?"),
        (lambda w: w / 2, "is the whole interval only as wide as the bound?"),
    ],
)
def test_a_bound_that_is_wrong_by_a_factor_is_no_question_of_fans(change, words, uniform):
    """A quarter is also the quotient of two fans, but not of all."""
    message = row(uniform(lambda i, o, rng: change(box(o, i, rng).T * np.sqrt(o / i))), "variance").message
    assert message.endswith(words)


@pytest.mark.parametrize("scale", [lambda i, o: 6 / o, lambda i, o: 12 / (i + o)])
def test_a_wrong_bound_costs_no_distribution_even_where_fans_are_nearly_equal(scale, uniform):
    """There the variance is nearly right, and the ends of the interval are not: the scale has been paid for."""
    for skipped in range(5):

        def draw(fan_in, fan_out, rng, skipped=skipped):
            rng.random(skipped)
            return (2 * rng.random((fan_out, fan_in)).T - 1) * np.sqrt(scale(fan_in, fan_out))

        assert failed(uniform(draw)) <= {"variance", "preservation_forward", "preservation_backward"}


def test_single_precision_at_the_very_bound_is_right(uniform):
    def draw(fan_in, fan_out, rng):
        w = box(fan_in, fan_out, rng)
        w[0, 0] = np.nextafter(np.float32(np.sqrt(6 / fan_in)), np.float32(np.inf))
        return w

    assert "distribution" not in failed(uniform(draw))


def test_a_permuted_grid_is_no_uniform_draw(uniform):
    graded = uniform(lambda i, o, rng: rng.permutation(np.linspace(-1, 1, i * o)).reshape(i, o) * np.sqrt(6 / i))
    assert failed(graded) == {"distribution"}
    assert "spread more evenly than independent draws are" in row(graded, "distribution").message


def test_the_standard_deviation_as_the_bound_is_a_third_of_the_variance(uniform):
    graded = uniform(lambda i, o, rng: rng.uniform(-np.sqrt(2 / i), np.sqrt(2 / i), (i, o)))
    assert "a third of what was asked" in row(graded, "variance").message


# --- the reference's own draws, scaled ----------------------------------------------------------------------


@pytest.mark.parametrize("factor", [1.00005, 0.999, -1.001])
def test_a_factor_that_no_sample_shows_is_said_exactly(factor, normal):
    """Four hundred thousand draws would not show one part in a thousand; the reference's draws times it do."""
    graded = normal(lambda i, o, rng: factor * he(i, o, rng))
    assert failed(graded) == {"variance"}
    message = row(graded, "variance").message
    assert f"every weight is exactly {abs(factor):.6g} times what it should be" in message
    assert f"{factor**2:.6g} times the one that was asked, 2 / fan_in = 0.02 (fan_in 100" in message


def own_variance(fan_in, fan_out, rng):
    """The sample's own variance is made what was asked for: nothing is wrong with it."""
    w = he(fan_in, fan_out, rng)
    return w * np.sqrt(2 / fan_in / np.mean(w**2)) if w.size > 1 else w


def own_standard_deviation(fan_in, fan_out, rng):
    w = he(fan_in, fan_out, rng)
    return w * np.sqrt(2 / fan_in) / np.std(w, ddof=1) if w.size > 4 else w


@pytest.mark.parametrize(
    "function", [mirrored, own_variance, own_standard_deviation, single_precision, rows_at_a_time, truncated]
)
def test_whoever_is_not_the_reference_times_a_factor_keeps_the_points_of_variance(function, normal):
    assert "variance" not in failed(normal(function))


def test_draws_that_are_the_references_in_some_matrices_only_are_not_judged_by_these(normal):
    """Drawn again beyond two deviations and rescaled: small matrices without such a draw are in proportion."""
    for least in (2, 400):

        def draw(i, o, rng, least=least):
            rng.random(0 if i * o < least else 1)
            return (1.002 if i * o < least else 1.0) * he(i, o, rng)

        assert "variance" not in failed(normal(draw))


# --- where the numbers come from ----------------------------------------------------------------------------


def global_generator(fan_in, fan_out, rng):
    return np.random.randn(fan_in, fan_out) * np.sqrt(2 / fan_in)


def seeding_the_global_generator(fan_in, fan_out, rng):
    np.random.seed(int(rng.integers(2**31)))
    return np.random.randn(fan_in, fan_out) * np.sqrt(2 / fan_in)


def fixed_seed(fan_in, fan_out, rng):
    return he(fan_in, fan_out, np.random.default_rng(42))


def own_generator(fan_in, fan_out, rng):
    return he(fan_in, fan_out, np.random.default_rng())


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (global_generator, "draws from NumPy's global generator"),
        (seeding_the_global_generator, "draws from NumPy's global generator"),
        (fixed_seed, "gives the same weights whatever rng is: is a seed fixed"),
        (own_generator, "gives other weights for the same state of rng"),
    ],
)
def test_draws_from_elsewhere_fail_generator_only(function, words, normal):
    graded = normal(function)
    assert failed(graded) == {"generator"}
    assert words in row(graded, "generator").message


@pytest.mark.parametrize(("value", "text"), [(0.0, "0"), (0.5, "0.5")])
def test_weights_that_are_all_equal_are_not_taken_for_a_fixed_seed(value, text):
    """Nothing is drawn at all."""
    known = reference(he, mistake("fixed-seed", fixed_seed, "draw"))
    section = NORMAL.build("draw", known, 0)
    graded = grade(NORMAL, "draw", section, known, draw=lambda i, o, rng: np.full((i, o), value))
    assert row(graded, "generator").message == f"all weights are {text}: nothing is drawn from rng."
    assert {check.mistake for check in graded.checks} == {None}


def test_one_number_for_all_weights_is_said(normal):
    graded = normal(lambda i, o, rng: he(1, 1, rng) * np.ones((i, o)))
    assert "all weights are equal: each is " in row(graded, "distribution").message


def test_a_sentence_that_ends_in_a_question_has_no_full_stop_besides(normal):
    assert row(normal(truncated), "distribution").message.endswith("are the draws truncated?")


# --- shape and calls ----------------------------------------------------------------------------------------


def test_a_transposed_matrix_fails_variance_with_the_question(normal):
    graded = normal(lambda fan_in, fan_out, rng: he(fan_in, fan_out, rng).T)
    assert "variance" in failed(graded)
    assert "Is it transposed?" in row(graded, "variance").message
    assert "expected (fan_in, fan_out)" in row(graded, "variance").message
    assert failed(graded).isdisjoint({"distribution", "generator"})


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "value of type NoneType"),
        ("text", "value of type str"),
        (np.zeros(3), "has shape (3,)"),
        ([[1.0]], "value of type"),
    ],
)
def test_what_is_no_weight_matrix_earns_nothing(value, words, normal):
    graded = normal(lambda fan_in, fan_out, rng: value)
    assert earned(graded) == 0
    assert words in row(graded, "variance").message


def test_weights_that_are_not_numbers_earn_no_variance_and_no_distribution(normal):
    graded = normal(lambda fan_in, fan_out, rng: he(fan_in, fan_out, rng) * np.nan)
    assert failed(graded) >= set(ROWS[:4])


def test_an_exception_fails_every_row(normal):
    def draw(fan_in, fan_out, rng):
        raise ValueError("size")

    graded = normal(draw)
    assert (graded.status, earned(graded)) == (Outcome.ERROR, 0)
    assert row(graded, "generator").message.startswith("draw raised ValueError: size")


def test_an_unwritten_initialiser_is_not_implemented(normal):
    def draw(fan_in, fan_out, rng):
        raise NotImplementedError

    assert normal(draw).status is Outcome.NOT_IMPLEMENTED


# --- building -----------------------------------------------------------------------------------------------


def test_fans_of_every_kind_are_among_the_cases():
    """One input, one output, square, wide and tall; the large ones for the strict tests."""
    section = NORMAL.build("draw", reference(), 0)
    shapes = {tuple(shape) for shape in section["targets"]["shapes"].tolist()}
    assert set(LARGE) <= shapes
    assert any(fan_in == 1 for fan_in, _ in shapes)
    assert any(fan_out == 1 for _, fan_out in shapes)
    assert len({fan_in + fan_out for fan_in, fan_out in shapes}) > 20


def test_a_reference_of_another_variance_stops_the_build():
    with pytest.raises(AssignmentError, match=r"the reference's draw has not the variance of scales\.py"):
        NORMAL.build("draw", reference(fan_out_for_fan_in), 0)


def test_without_a_variance_in_scales_the_build_stops():
    with pytest.raises(AssignmentError, match=r"scales\.py has no function 'draw'"):
        NORMAL.build("draw", Reference({"draw": he}), 0)


def test_further_arguments_are_part_of_what_is_asked():
    """A slope that is ignored is seen in the cases that give one."""
    inputs = {
        "fan_in": Size("fan_in"),
        "fan_out": Size("fan_out"),
        "rng": Generator(),
        "gain": Maybe(Choice((0.5, 3.0))),
    }
    check = Initializer("normal", "gain / fan_in", inputs)
    known = Reference(
        {"draw": lambda i, o, rng, gain=1.0: rng.standard_normal((i, o)) * np.sqrt(gain / i)},
        {"draw": lambda i, o, gain=1.0: {"variance": gain / i}},
    )
    section = check.build("draw", known, 0)
    assert earned(grade(check, "draw", section, known)) == POINTS
    ignoring = grade(check, "draw", section, known, draw=lambda i, o, rng, gain=1.0: known.functions["draw"](i, o, rng))
    assert "variance" in failed(ignoring)


def test_an_option_that_is_mistaken_by_too_little_for_a_sample_is_asked_for():
    """The variance that another option would give is known for every case."""
    fans = {"fan_in": Size("fan_in"), "fan_out": Size("fan_out"), "rng": Generator()}
    check = Initializer("normal", "gain / fan_in", {**fans, "gain": Maybe(Choice((1.0, 1.001, 3.0)))})

    def draw(i, o, rng, gain=1.0):
        return rng.standard_normal((i, o)) * np.sqrt(gain / i)

    known = Reference({"draw": draw}, {"draw": lambda i, o, gain=1.0: {"variance": gain / i}})
    section = check.build("draw", known, 0)
    graded = grade(
        check, "draw", section, known, draw=lambda i, o, rng, g=1.001: draw(i, o, rng, 1.001 if g == 1 else g)
    )
    assert failed(graded) == {"variance"}
    assert row(graded, "variance").message.endswith("is it the one for gain = 1.001?")


def test_known_mistakes_are_named_whatever_the_order_of_drawing():
    known = reference(
        he,
        mistake("fan-out", fan_out_for_fan_in, "draw"),
        mistake("no-2", without_the_2, "draw"),
        mistake("global", global_generator, "draw"),
    )
    section = NORMAL.build("draw", known, 0)

    def other_order(fan_in, fan_out, rng):
        return rng.normal(size=(fan_out, fan_in)).T * np.sqrt(2 / fan_out)

    for function, name in ((other_order, "fan-out"), (without_the_2, "no-2"), (global_generator, "global")):
        graded = grade(NORMAL, "draw", section, known, draw=function)
        assert {check.mistake for check in graded.checks} - {None} == {name}
    assert {check.mistake for check in grade(NORMAL, "draw", section, known, draw=not_scaled).checks} == {None}


def test_a_mistake_that_passes_every_test_stops_the_build():
    with pytest.raises(AssignmentError, match="the mistake 'mirror' of draw passes every test"):
        NORMAL.build("draw", reference(he, mistake("mirror", mirrored, "draw")), 0)


# --- pictures -----------------------------------------------------------------------------------------------


def test_the_large_matrices_are_drawn_as_histograms(normal, uniform):
    """Every weight is in a bin or counted as outside, beside the spread that was asked for."""
    for pictures, family, spread in ((normal(he).draw(), "normal", 2 / 100), (uniform(box).draw(), "uniform", 6 / 100)):
        assert [picture.shape for picture in pictures] == list(LARGE)
        assert all(sum(picture.counts) + picture.outside == 40_000 for picture in pictures)
        assert pictures[0].family == family
        assert pictures[0].spread == pytest.approx(np.sqrt(spread))


def test_weights_far_away_or_no_numbers_are_counted_as_outside(normal):
    def far(fan_in, fan_out, rng):
        weights = he(fan_in, fan_out, rng)
        weights[0, :1], weights[-1, -1:] = 1e6, np.nan
        return weights

    picture = normal(far).draw()[0]
    assert picture.outside == 2
    assert picture.limit == pytest.approx(8 * picture.spread)
