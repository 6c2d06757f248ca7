"""`NetworkInitializer`: every layer of a network judged by itself."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scratch import POINTS, earned, failed, finding_ids, grade, mistake, row

from grader.checks import NetworkInitializer
from grader.checks.network import DEEP
from grader.checks.reference import Reference
from grader.errors import AssignmentError
from grader.report import Outcome

CHECK = NetworkInitializer(("relu", "tanh"), deep=("relu", "tanh"), parts=("he", "xavier"))


def he(fan_in, fan_out, rng):
    return rng.standard_normal((fan_in, fan_out)) * np.sqrt(2 / fan_in)


def xavier(fan_in, fan_out, rng):
    return rng.standard_normal((fan_in, fan_out)) * np.sqrt(2 / (fan_in + fan_out))


def init(layer_sizes, activation, rng):
    chosen = he if activation == "relu" else xavier
    return [chosen(fan_in, fan_out, rng) for fan_in, fan_out in pairwise(layer_sizes)]


def scales(layer_sizes, activation):
    pairs = list(pairwise(layer_sizes))
    if activation == "relu":
        return {"variances": [2 / i for i, _ in pairs], "initializers": [["he"] for _ in pairs]}
    return {"variances": [2 / (i + o) for i, o in pairs], "initializers": [["xavier"] for _ in pairs]}


def reference(*mistakes, **replaced):
    functions = {"he": he, "xavier": xavier, "init": init, **replaced}
    return Reference(functions, {"init": scales}, {}, mistakes)


@pytest.fixture(scope="module")
def network():
    """Return a function that grades a network initialiser (and what it calls) on one frozen section."""
    section = CHECK.build("init", reference(), 0)
    return lambda **replaced: grade(CHECK, "init", section, reference(), **replaced)


def layer_by_layer(change):
    """Return an initialiser whose weights are changed: `change(number, count, weights, activation)`."""

    def function(layer_sizes, activation, rng):
        made = []
        pairs = list(pairwise(layer_sizes))
        for number, (fan_in, fan_out) in enumerate(pairs):
            variance = 2 / fan_in if activation == "relu" else 2 / (fan_in + fan_out)
            weights = rng.standard_normal((fan_in, fan_out)) * np.sqrt(variance)
            made.append(change(number, len(pairs), weights, activation))
        return made

    return function


def test_the_reference_has_full_marks_in_every_row(network):
    graded = network()
    assert finding_ids(graded) == [
        "variance",
        "preservation_forward",
        "preservation_backward",
        "distribution",
        "generator",
        "manners",
    ]
    assert (graded.status, earned(graded)) == (Outcome.PASSED, POINTS)


def test_right_draws_in_any_order_pass_for_twenty_seeds(network):
    """Last layer first, in a tuple, after numbers that were drawn before."""
    for skipped in range(20):

        def function(layer_sizes, activation, rng, skipped=skipped):
            rng.random(skipped)
            pairs = list(pairwise(layer_sizes))
            drawn = [rng.standard_normal(pair) for pair in reversed(pairs)]
            scale = [2 / i if activation == "relu" else 2 / (i + o) for i, o in pairs]
            return tuple(z * np.sqrt(s) for z, s in zip(reversed(drawn), scale, strict=True))

        graded = network(init=function)
        assert earned(graded) == POINTS, {check.id: check.message for check in graded.checks}


def test_the_ratios_of_every_layer_stand_in_the_evidence(network):
    head, *lines = [item.text for item in network().evidence if item.kind == "variance"]
    assert head == "variance preservation, layer by layer: 1 is as asked, chance allows 0.29 to 2.38"
    assert len(lines) == 4
    for activation in ("relu", "tanh"):
        for way in ("forward", "backward"):
            (line,) = [text for text in lines if f"layer, {activation}, {way}: " in text]
            assert len(line.split(": ")[1].split()) == len(DEEP) - 1


@pytest.mark.parametrize("layer", [0, 4, 9])
def test_one_layer_of_twice_the_variance_is_seen_and_numbered(layer, network):
    """Summed over ten layers it would pass."""
    function = layer_by_layer(lambda n, count, w, a: w * np.sqrt(2) if (n, count) == (layer, len(DEEP) - 1) else w)
    graded = network(init=function)
    assert "variance" in failed(graded)
    assert failed(graded).isdisjoint({"distribution", "generator"})
    assert f"layer {layer + 1} of 10: variance" in row(graded, "variance").message
    assert "twice too large" in row(graded, "variance").message


@pytest.mark.parametrize("layer", [0, 4, 9])
def test_a_layer_that_doubles_the_signal_is_seen_and_numbered(layer, network):
    """Forwards and backwards, whatever the layers around it do."""
    graded = network(init=layer_by_layer(lambda n, count, w, a: w * 2 if (n, count) == (layer, len(DEEP) - 1) else w))
    for name in ("preservation_forward", "preservation_backward"):
        assert name in failed(graded)
        assert f"at layer {layer + 1} by" in row(graded, name).message


def test_the_scale_of_the_first_layer_everywhere_is_no_question_of_fans(network):
    def function(layer_sizes, activation, rng):
        scale = 2 / layer_sizes[0] if activation == "relu" else 2 / sum(layer_sizes[:2])
        return [rng.normal(0, np.sqrt(scale), fans) for fans in pairwise(layer_sizes)]

    message = row(network(init=function), "variance").message
    assert message.endswith("do all layers have the scale of the first one?")


def test_a_last_layer_drawn_otherwise_is_wrong(network):
    graded = network(init=layer_by_layer(lambda n, count, w, a: w * 0.1 if n == count - 1 else w))
    assert "variance" in failed(graded)


def test_the_wrong_scheme_for_an_activation_is_wrong_and_named(network):
    graded = network(init=lambda sizes, activation, rng: [he(i, o, rng) for i, o in pairwise(sizes)])
    assert "variance" in failed(graded)
    assert "the one for 'tanh'" in row(graded, "variance").message


def test_another_distribution_fails_distribution_only(network):
    def function(layer_sizes, activation, rng):
        made = []
        for i, o in pairwise(layer_sizes):
            bound = np.sqrt(6 / i if activation == "relu" else 6 / (i + o))
            made.append(rng.uniform(-bound, bound, (i, o)))
        return made

    assert failed(network(init=function)) == {"distribution"}


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda sizes, activation, rng: init_itself(sizes, activation, np.random.default_rng(1)), "is a seed fixed"),
        (
            lambda sizes, activation, rng: init_itself(sizes, activation, np.random.RandomState(int(rng.integers(9)))),
            "",
        ),
    ],
)
def test_numbers_from_elsewhere_fail_generator(function, words, network):
    graded = network(init=function)
    if words:
        assert failed(graded) == {"generator"}
        assert words in row(graded, "generator").message
    else:
        assert earned(graded) == POINTS  # Seeded from rng: as good as rng itself.


init_itself = init


def as_objects(arrays):
    made = np.empty(len(arrays), dtype=object)
    made[:] = arrays
    return made


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (
            lambda sizes, activation, rng: init_itself(sizes[1:], activation, rng),
            "returned a list of length 0, expected length 1",
        ),
        (lambda sizes, activation, rng: init_itself(sizes, activation, rng)[0], "returned one array, expected a list"),
        (lambda sizes, activation, rng: None, "returned None, expected a list of arrays, one for each layer. Is a ret"),
        (lambda sizes, activation, rng: {"W1": np.ones(2)}, "returned a dictionary, expected"),
        (lambda sizes, activation, rng: {1: np.ones(2)}, "returned a dictionary, expected"),
        (lambda sizes, activation, rng: as_objects(init_itself(sizes, activation, rng)), "one array of dtype object"),
        (lambda sizes, activation, rng: (w for w in sizes), "returned a value of type generator, expected"),
        (lambda sizes, activation, rng: 3.0, "returned a value of type float, expected"),
        (lambda sizes, activation, rng: [w.T for w in init_itself(sizes, activation, rng)], "Is it transposed?"),
    ],
)
def test_the_wrong_number_or_shape_of_layers_is_said(function, words, network):
    graded = network(init=function)
    assert "variance" in failed(graded)
    assert words in row(graded, "variance").message


def test_a_network_of_wrong_initialisers_has_paid_there(network):
    """Bitwise what the student's own parts give."""

    def wrong(fan_in, fan_out, rng):
        return rng.standard_normal((fan_in, fan_out)) * np.sqrt(2 / fan_out)

    graded = network(he=wrong)
    assert (earned(graded), graded.message) == (POINTS, "follows your own initialisers, where the points are lost")


def raising(fan_in, fan_out, rng):
    raise TypeError("size")


@pytest.mark.parametrize(
    "part",
    [
        lambda i, o, rng: xavier(i, o, rng).ravel(),
        lambda i, o, rng: rng.standard_normal() * 0.1,
        lambda i, o, rng: float(rng.standard_normal()),
        lambda i, o, rng: xavier(i, o, rng)[None],
        lambda i, o, rng: xavier(i, o, rng) * np.nan,
        lambda i, o, rng: None,
        raising,
    ],
)
def test_a_network_of_initialisers_without_a_matrix_has_paid_there(part, network):
    """A wrong shape, nothing at all, an exception: whatever the part gives, the network gives too."""
    graded = network(xavier=part)
    assert (earned(graded), graded.message) == (POINTS, "follows your own initialisers, where the points are lost")
    assert earned(graded.unexcused) < POINTS


def test_a_network_that_raises_by_itself_follows_nothing(network):
    def function(layer_sizes, activation, rng):
        if activation == "tanh":
            raise ValueError
        return init_itself(layer_sizes, activation, rng)

    assert earned(network(init=function, xavier=raising)) < POINTS
    assert earned(network(init=function)) < POINTS


def test_initialisers_that_always_raise_leave_nothing_to_follow(network):
    assert earned(network(he=raising, xavier=raising)) == 0


def test_a_network_of_initialisers_that_draw_from_elsewhere_has_paid_there(network):
    def wrong(fan_in, fan_out, rng):
        return np.random.randn(fan_in, fan_out) * np.sqrt(2 / fan_in)

    assert earned(network(he=wrong)) == POINTS


def test_a_network_that_does_not_use_its_wrong_parts_pays_for_itself(network):
    """Wrong in another way than its parts."""

    def wrong(fan_in, fan_out, rng):
        return rng.standard_normal((fan_in, fan_out)) * np.sqrt(2 / fan_out)

    function = layer_by_layer(lambda n, count, w, a: 1.5 * w)
    assert "variance" in failed(network(he=wrong, init=function))


@pytest.mark.parametrize(("slope", "factor"), [(0.0, "1.0001"), (0.1, "0.990198"), (0.2, "0.961635")])
def test_a_slope_that_is_a_little_wrong_is_named(slope, factor):
    """The variance is wrong by too little for any sample, and wrong all the same."""

    def leaky(fan_in, fan_out, rng, slope=0.0):
        return he(fan_in, fan_out, rng) / np.sqrt(1 + slope**2)

    def leaky_init(slope):
        return lambda sizes, activation, rng: [
            leaky(i, o, rng, slope) if activation == "leaky_relu" else xavier(i, o, rng) for i, o in pairwise(sizes)
        ]

    def asked(sizes, activation):
        of, initializer = (he_scale, ["leaky", 0.01]) if activation == "leaky_relu" else (xavier_scale, ["xavier"])
        pairs = list(pairwise(sizes))
        return {
            "variances": [of(i, o, *initializer[1:])["variance"] for i, o in pairs],
            "initializers": [initializer] * len(pairs),
        }

    check = NetworkInitializer(("leaky_relu", "tanh"), deep=("tanh",), parts=("leaky", "xavier"))
    known = Reference(
        {"leaky": leaky, "xavier": xavier, "init": leaky_init(0.01)},
        {"init": asked, "leaky": he_scale, "xavier": xavier_scale},
    )
    section = check.build("init", known, 0)
    assert earned(grade(check, "init", section, known)) == POINTS
    graded = grade(check, "init", section, known, init=leaky_init(slope))
    assert failed(graded) == {"variance"}
    message = row(graded, "variance").message
    assert f"the variance is {factor} times the one that was asked" in message
    assert message.endswith(f"was leaky called with a slope of {slope:g}, where 0.01 is asked?")
    instead = grade(check, "init", section, known, init=lambda s, a, rng: [xavier(*fans, rng) for fans in pairwise(s)])
    assert row(instead, "variance").message.endswith("was xavier called instead of leaky?")


def he_scale(fan_in, fan_out, slope=0.0):
    return {"variance": 2 / ((1 + slope**2) * fan_in)}


def xavier_scale(fan_in, fan_out):
    return {"variance": 2 / (fan_in + fan_out)}


def test_zeros_follow_nothing(network):
    def wrong(fan_in, fan_out, rng):
        return np.zeros((fan_in, fan_out))

    assert {"variance", "distribution"} <= failed(network(he=wrong, xavier=wrong))


def test_an_unwritten_part_is_waited_for_or_the_network_is_unwritten(network):
    def unwritten(*_):
        raise NotImplementedError

    assert network(init=unwritten).status is Outcome.NOT_IMPLEMENTED
    assert earned(network(he=unwritten)) == 0


def test_a_reference_that_fails_its_own_test_stops_the_build():
    def doubled(layer_sizes, activation, rng):
        return [2 * w for w in init_itself(layer_sizes, activation, rng)]

    with pytest.raises(AssignmentError, match="the reference's init fails its own variance test"):
        CHECK.build("init", reference(init=doubled), 0)


def test_known_mistakes_are_named_whatever_the_order_of_drawing():
    def he_for_all(layer_sizes, activation, rng):
        return [rng.normal(0, np.sqrt(2 / i), (i, o)) for i, o in pairwise(layer_sizes)]

    def small_last(layer_sizes, activation, rng):
        made = init_itself(layer_sizes, activation, rng)
        return [*made[:-1], made[-1] * 0.1]

    known = reference(mistake("he-for-all", he_for_all, "init"), mistake("small-last", small_last, "init"))
    section = CHECK.build("init", known, 0)

    def other_order(layer_sizes, activation, rng):
        rng.random(3)
        return he_for_all(layer_sizes, activation, rng)

    for function, name in ((other_order, "he-for-all"), (small_last, "small-last")):
        graded = grade(CHECK, "init", section, known, init=function)
        assert {check.mistake for check in graded.checks} - {None} == {name}


# --- layers that are not their own --------------------------------------------------------------------------


def shared(known_as):
    """Return an initialiser of which layers share a weight: `known_as(number, fans)` says which."""

    def function(layer_sizes, activation, rng):
        known = {}
        made = init_itself(layer_sizes, activation, rng)
        return [known.setdefault(known_as(n, w.shape), w) for n, w in enumerate(made)]

    return function


@pytest.mark.parametrize(
    ("known_as", "words"),
    [
        (lambda n, fans: fans if fans[0] == fans[1] else n, "has the weights of layer 2, its neighbour: every layer"),
        (lambda n, fans: fans, "Layers 1 and 9 have the same weights: every layer draws its own."),
    ],
)
def test_layers_that_share_a_weight_fail_distribution(known_as, words, network):
    graded = network(init=shared(known_as))
    assert failed(graded) == {"distribution"}
    assert words in row(graded, "distribution").message


def test_layers_that_all_begin_in_one_state_are_told_from_shared_ones(network):
    def function(layer_sizes, activation, rng):
        state, made = rng.bit_generator.state, []
        for fans in pairwise(layer_sizes):
            rng.bit_generator.state = state
            made += init_itself(fans, activation, rng)
        return made

    message = row(network(init=function), "distribution").message
    assert message == "Layer 2 repeats the draws of layer 1: all layers must draw from the one rng."


def test_a_layer_that_begins_like_another_of_another_shape_is_said(network):
    def function(layer_sizes, activation, rng):
        made = init_itself(layer_sizes, activation, rng)
        if len(made) > 5:
            made[4].ravel()[:60] = made[2].ravel()[:60]
        return made

    assert "Layer 5 begins like layer 3" in row(network(init=function), "distribution").message


# --- manners ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spoil", [lambda sizes: sizes.pop(0), lambda sizes: sizes.reverse()])
def test_sizes_that_are_written_to_cost_a_twentieth(spoil, network):
    """The weights are right, and the list is the caller's."""

    def function(layer_sizes, activation, rng):
        made = init_itself(layer_sizes, activation, rng)
        spoil(layer_sizes)
        return made

    graded = network(init=function)
    assert failed(graded) == {"manners"}
    assert earned(graded) == POINTS * 0.95
    assert graded.message == ""
    assert row(graded, "manners").message == (
        "init writes into layer_sizes, which belongs to the caller. Work on a copy."
    )


def test_wrong_parts_do_not_excuse_what_a_network_does_to_its_sizes(network):
    def wrong(fan_in, fan_out, rng):
        return rng.standard_normal((fan_in, fan_out)) * np.sqrt(2 / fan_out)

    def function(layer_sizes, activation, rng):
        made = [(wrong if activation == "relu" else xavier)(i, o, rng) for i, o in pairwise(layer_sizes)]
        layer_sizes.pop()
        return made

    graded = network(he=wrong, init=function)
    assert failed(graded) == {"manners"}
    assert failed(graded.unexcused) >= {"variance", "manners"}


# --- pictures -----------------------------------------------------------------------------------------------


def test_right_networks_stay_in_the_band_and_wrong_ones_leave_it(network):
    """The standard deviation by layer, forward and backward, for every deep activation."""

    def inside(picture):
        return [low <= value <= high for low, value, high in zip(picture.low, picture.got, picture.high, strict=True)]

    def too_large(layer_sizes, activation, rng):
        return [1.5 * weights for weights in init(layer_sizes, activation, rng)]

    pictures = network().draw()
    sides = [(activation, side) for activation in ("relu", "tanh") for side in ("forward", "backward")]
    assert [(picture.activation, picture.direction) for picture in pictures] == sides
    assert all(len(picture.got) == len(DEEP) - 1 for picture in pictures)
    assert all(all(inside(picture)) for picture in pictures)
    assert not any(all(inside(picture)) for picture in network(init=too_large).draw())


def test_relu_with_he_keeps_the_standard_deviation_that_theory_gives(network):
    """Var(z) = 2 E[h^2] = 2 for standard normal inputs: the middle of the band begins at sqrt(2)."""
    assert network().draw()[0].ideal[0] == pytest.approx(np.sqrt(2), rel=0.03)
