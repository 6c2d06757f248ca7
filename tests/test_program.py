"""The executor of run requests: copies, slots, keeping, observing, sweeping, describing. No process is started."""

from __future__ import annotations

import sys
import warnings

import numpy as np
import pytest

from grader.sandbox import program
from grader.sandbox.describe import Source, describe_value
from grader.sandbox.marks import HANDLE, Named, Other, Seed
from grader.sandbox.program import Surroundings, run

X = np.arange(6.0).reshape(2, 3)


def run_rows(functions, steps, *rows, **options):
    [replies] = run({"op": "run", "batches": [[steps, list(rows)]], **options}, Surroundings(functions, {}))
    return replies


def run_row(functions, steps, *inputs, **options):
    [reply] = run_rows(functions, steps, list(inputs), **options)
    return reply


def call(name, *slots, **options):
    return ["call", name, list(slots), options]


def value_of(step):
    """The value of a step that returned."""
    assert len(step) == 1 or step[0] == "returned", step
    return step[-3] if len(step) == 4 else step[0]


# --- inputs -----------------------------------------------------------------------------------------------


def test_a_call_gets_fresh_writable_copies():
    """Two calls with one input each see the input as it was, and the input itself never changes."""

    def double(x):
        x *= 2
        return x

    reply = run_row({"double": double}, [call("double", ["in", 0])] * 2, X)
    assert value_of(reply[0]).tolist() == value_of(reply[1]).tolist() == (2 * X).tolist()
    assert X[0, 1] == 1.0


def test_copies_are_contiguous_and_keep_their_dtype():
    """A function gets a C-ordered array of the input's dtype, whatever the input's strides."""
    seen = []

    def look(x, y):
        seen.append((x.flags.c_contiguous, x.flags.writeable, x.dtype, y.dtype))

    run_row({"look": look}, [call("look", ["in", 0], ["in", 1])], X.T, np.arange(3))
    assert seen == [(True, True, np.float64, np.int64)]


def test_lists_and_dicts_are_copied_deeply():
    """A function that appends to a list or writes into an array within a dict harms no later call."""

    def spoil(sizes, record):
        sizes.append(1)
        record["mean"] += 1
        return len(sizes), record["mean"]

    inputs = [3, 4], {"mean": np.zeros(2)}
    reply = run_row({"spoil": spoil}, [call("spoil", ["in", 0], ["in", 1])] * 2, *inputs)
    assert [value_of(step)[0] for step in reply[:2]] == [3, 3]
    assert value_of(reply[1])[1].tolist() == [1.0, 1.0]


def test_modified_inputs_are_reported_by_index():
    """The last element of a row names the inputs of which any copy was written to, once each."""

    def spoil(x, y):
        y[0] = 7.0

    y = np.ones(3)
    reply = run_row({"spoil": spoil}, [call("spoil", ["in", 0], ["in", 1])] * 2, X, y)
    assert reply[-1] == [1]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda sizes: sizes.pop(0),
        lambda sizes: sizes.reverse(),
        lambda sizes: sizes.append(3),
        lambda sizes: sizes.__setitem__(0, 3.0),
        lambda sizes: sizes.__setitem__(0, True),
        lambda sizes: sizes[2].append(1),
    ],
)
def test_a_list_that_was_written_to_is_reported(spoil):
    assert run_row({"spoil": spoil}, [call("spoil", ["in", 1])], X, [3, 4, [5]])[-1] == [1]


@pytest.mark.parametrize(
    "leave",
    [
        lambda sizes: sizes,
        lambda sizes: sizes.copy().pop(),
        lambda sizes: (sizes.reverse(), sizes.reverse()),
        lambda sizes: sizes.__setitem__(1, int("4000")),
    ],
)
def test_a_list_that_holds_what_it_held_was_not_written_to(leave):
    assert run_row({"leave": leave}, [call("leave", ["in", 0])], [3, 4000, [5], float("nan")])[-1] == []


def test_a_hostile_item_of_a_list_is_never_asked_anything():
    """Neither equality nor a changed class of what was put there is called."""

    class Trap(int):
        def __eq__(self, other):
            raise SystemExit

        __hash__ = None

    def spoil(sizes):
        sizes[0] = Trap(3)

    assert run_row({"spoil": spoil}, [call("spoil", ["in", 0])], [3, 4])[-1] == [0]


def test_lists_and_records_that_may_be_written_to_stay_free():
    """A shared list, and the entries of a dictionary: only arrays and lists in one are looked at."""

    def write(sizes, record):
        sizes.pop()
        record["new"] = 1
        record.pop("old")

    inputs = [3, 4], {"old": 1}
    assert run_row({"write": write}, [call("write", ["shared", 0], ["in", 1])], *inputs)[-1] == []


def test_writing_the_same_bits_is_no_modification():
    """NaN compared as bits: an untouched NaN is no modification, a zero that changed its sign is one."""

    def keep(x):
        x[0] = x[0]

    def negate(x):
        x[1] = -0.0

    nan = np.array([np.nan, 0.0])
    assert run_row({"keep": keep}, [call("keep", ["in", 0])], nan)[-1] == []
    assert run_row({"negate": negate}, [call("negate", ["in", 0])], nan)[-1] == [0]


def test_a_modification_before_an_error_is_reported():
    """A row that ends in an error still says what was written to."""

    def spoil(x):
        x[0] = 9.0
        raise ValueError("too late")

    reply = run_row({"spoil": spoil}, [call("spoil", ["in", 0])], X)
    assert reply[-1] == [0]


def test_a_generator_goes_on_within_a_row_and_starts_afresh_in_the_next():
    """One Generator per row and input index: draws continue between calls, rows are alike."""

    def draw(rng):
        return rng.standard_normal(2)

    first, second = run_rows({"draw": draw}, [call("draw", ["in", 0])] * 2, [Seed(5)], [Seed(5)])
    wanted = np.random.default_rng(5).standard_normal((2, 2))
    assert np.array_equal([value_of(step) for step in first[:2]], wanted)
    assert np.array_equal([value_of(step) for step in second[:2]], wanted)


def test_two_inputs_of_one_seed_are_two_generators():
    """Generators of different inputs do not share their state, even with the same seed."""

    def draw(a, b):
        return a.random() == b.random()

    assert value_of(run_row({"draw": draw}, [call("draw", ["in", 0], ["in", 1])], Seed(1), Seed(1))[0]) is True


def test_a_shared_input_is_one_object_for_the_whole_row():
    """What one call writes into a shared input the next one sees; the next row starts from the original."""

    def step(record):
        record["count"] = record.get("count", 0) + 1
        return record["count"]

    steps = [call("step", ["shared", 0])] * 2
    for reply in run_rows({"step": step}, steps, [{}], [{}]):
        assert [value_of(s) for s in reply[:2]] == [1, 2]
        assert reply[-1] == []


def test_writing_into_a_shared_input_is_no_modification():
    """A shared input may be written to, arrays within it included."""

    def step(record):
        record["mean"] += 1

    reply = run_row({"step": step}, [call("step", ["shared", 0])], {"mean": np.zeros(2)})
    assert reply[-1] == []


def test_a_named_function_is_supplied_by_the_executor(monkeypatch):
    """Code never crosses the wire: an input that is a function is looked up by name."""
    monkeypatch.setattr(program, "NAMED", {"square": np.square})
    reply = run_row({"apply": lambda f, x: f(x)}, [call("apply", ["in", 0], ["in", 1])], Named("square"), X)
    assert np.array_equal(value_of(reply[0]), X**2)


# --- results ----------------------------------------------------------------------------------------------


def test_a_kept_item_stays_behind_and_reaches_the_next_call_as_it_is():
    """A cache of any type is described as a handle and handed on as the very same object."""

    class Cache:
        pass

    made = Cache()

    def forward(x):
        return x, made

    def backward(dout, cache):
        return cache is made

    steps = [call("forward", ["in", 0], keep=[1]), call("backward", ["in", 0], ["result", 0, 1])]
    reply = run_row({"forward": forward, "backward": backward}, steps, X)
    assert value_of(reply[0])[1] == HANDLE
    assert value_of(reply[1]) is True


def test_a_whole_result_can_be_handed_on():
    """Position None means the returned value itself."""
    steps = [call("f", ["in", 0]), call("g", ["result", 0, None])]
    reply = run_row({"f": lambda x: (x, 2), "g": lambda pair: pair[1]}, steps, X)
    assert value_of(reply[1]) == 2


def test_a_missing_item_of_a_result_ends_the_row_with_a_sentence():
    """A forward that returns one array instead of a pair is named as what went wrong, not indexed by rows."""
    steps = [call("f", ["in", 0]), call("g", ["result", 0, 1])]
    reply = run_row({"f": lambda x: x, "g": lambda cache: 0}, steps, X)
    assert reply[1] == ["raised", "MissingResult", "f returned ndarray, not a tuple with an item [1]", []]


def test_results_are_described_at_once():
    """An array that a later step writes into was sent as it was when it was returned."""

    def spoil(x):
        x[:] = 0

    steps = [call("f", ["in", 0]), call("spoil", ["result", 0, None])]
    reply = run_row({"f": lambda x: x, "spoil": spoil}, steps, X)
    assert np.array_equal(value_of(reply[0]), X)


def test_a_row_ends_at_the_first_error_and_the_next_row_runs():
    """Later steps of the row are not tried; other rows are."""

    def fail_for_zero(x):
        return 1 // x

    rows = run_rows({"f": fail_for_zero}, [call("f", ["in", 0])] * 2, [0], [1])
    assert len(rows[0]) == 2
    assert rows[0][0][0] == "raised"
    assert rows[0][0][1:3] == ["ZeroDivisionError", "integer division or modulo by zero"]
    assert rows[1] == [[1], [1], []]


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), NotImplementedError("later"), MemoryError()])
def test_every_exception_is_a_result(error):
    """What a function raises is reported by type, also what would end a program."""

    def fail():
        raise error

    assert run_row({"f": fail}, [call("f")])[0][:2] == ["raised", type(error).__name__]


def test_a_function_that_is_not_there_is_an_error_of_the_row():
    """A request for an unknown function is answered, not refused."""
    assert run_row({}, [call("f")])[0] == ["raised", "NameError", "there is no function f", []]


def test_messages_are_cut_and_cleaned():
    """An exception's text reaches the grader without control characters, in at most 500 characters."""

    def fail():
        raise ValueError("a\x1b[31m\n" + "b" * 5000)

    message = run_row({"f": fail}, [call("f")])[0][2]
    assert message.startswith("a[31m b")
    assert len(message) == 500


def test_an_exception_whose_text_fails_is_still_reported():
    """A hostile __str__ cannot stop the executor."""

    class BadError(Exception):
        def __str__(self):
            raise RuntimeError

    def fail():
        raise BadError

    assert run_row({"f": fail}, [call("f")])[0][1:3] == ["BadError", "(RuntimeError while the message was made)"]


def test_tracebacks_hold_the_students_lines_only_innermost_last_at_most_six():
    """Frames of NumPy or of the grader are left out; deep recursion is cut to its innermost lines."""
    text = "def f(n):\n    return f(n - 1) if n else 1 / n\n"
    namespace = {}
    exec(compile(text, "hw/a.py", "exec"), namespace)
    surroundings = Surroundings(namespace, {"hw/a.py": Source("shown/a.py", text.splitlines())})
    [[reply]] = run({"batches": [[[call("f", ["in", 0])], [[9]]]]}, surroundings)
    frames = reply[0][3]
    assert len(frames) == 6
    assert frames[-1] == ["shown/a.py", 2, "f", "return f(n - 1) if n else 1 / n"]


def test_steps_are_heard_as_they_happen():
    """With a listener each step is told before the next one starts."""
    heard = []
    functions = {"f": lambda: len(heard)}
    run({"batches": [[[call("f")] * 3, [[]]]]}, Surroundings(functions, {}, emit=heard.append))
    assert heard == [[0], [1], [2]]


def test_limits_are_armed_for_each_row():
    """The clock starts anew with every row."""
    armed = []
    surroundings = Surroundings({"f": lambda: None}, {}, arm=lambda: armed.append(1))
    run({"batches": [[[call("f")] * 2, [[], []]], [[call("f")], [[]]]]}, surroundings)
    assert len(armed) == 3


def test_warnings_of_numpy_are_silent_and_the_callers_settings_stay():
    """An overflow in student code neither prints nor fails, and error handling outside is as before."""
    before = np.geterr()
    with warnings.catch_warnings(), np.errstate(over="raise"):
        warnings.simplefilter("error")
        reply = run_row({"f": lambda x: np.exp(x * 1e6)}, [call("f", ["in", 0])], X)
    assert value_of(reply[0])[1, 2] == np.inf
    assert np.geterr() == before


# --- observing --------------------------------------------------------------------------------------------


def test_observed_records_show_their_own_keys_and_those_asked_for():
    """After the call the record's original keys and the keys asked for are sent, and nothing else."""

    def train(x, record):
        record.update(running_mean=x.mean(axis=0), secret=1, eps=2.0)
        return x

    steps = [call("train", ["in", 0], ["shared", 1], observe=[1], observe_keys=["running_mean", "running_var"])]
    [observed] = run_row({"train": train}, steps, X, {"eps": 1e-5})[0][2]
    assert sorted(observed) == ["eps", "running_mean"]
    assert observed["running_mean"].tolist() == [1.5, 2.5, 3.5]


def test_the_global_generator_is_watched_when_asked():
    """A draw from np.random's global state is noticed, a draw from a generator is not."""

    def draw(rng):
        return rng.normal()

    def cheat(rng):
        return np.random.normal()

    state = np.random.get_state()
    try:
        for function, changed in ((draw, False), (cheat, True)):
            reply = run_row({"f": function}, [call("f", ["in", 0], global_state=True)], Seed(1))
            assert reply[0][3] is changed
        assert run_row({"f": cheat}, [call("f", ["in", 0])], Seed(1))[0][1:] == []
    finally:
        np.random.set_state(state)


# --- sweeping ---------------------------------------------------------------------------------------------


def sweep(name, *slots, position, direction, steps, output=None):
    options = {"position": position, "direction": direction, "steps": steps, "output": output}
    return ["sweep", name, list(slots), options]


def test_a_sweep_evaluates_along_a_direction():
    """The outputs at x + h v for every h are stacked; arguments are fresh each time."""

    def f(x, w):
        w += 1
        return x**2 * w, None

    v, steps = np.ones((2, 3)), np.array([-0.5, 0.0, 0.5])
    program = [sweep("f", ["in", 0], ["in", 1], position=0, direction=2, steps=3, output=0)]
    got = value_of(run_row({"f": f}, program, X, np.ones(3), v, steps)[0])
    assert np.array_equal(got, np.stack([2 * (X + h) ** 2 for h in steps]))


def test_a_sweep_of_a_scalar_function_gives_a_vector():
    """A loss that returns a Python number is stacked as well."""
    program = [sweep("f", ["in", 0], position=0, direction=0, steps=1)]
    got = value_of(run_row({"f": lambda x: float(x.sum())}, program, X, np.array([0.0, 1.0]))[0])
    assert got.tolist() == [15.0, 30.0]


def test_a_sweep_is_not_fooled_by_a_reused_buffer():
    """A function that returns the same array every time is sampled value by value."""
    buffer = np.zeros((2, 3))

    def f(x):
        buffer[:] = x
        return buffer

    program = [sweep("f", ["in", 0], position=0, direction=1, steps=2)]
    got = value_of(run_row({"f": f}, program, X, np.ones((2, 3)), np.array([0.0, 1.0]))[0])
    assert np.array_equal(got, [X, X + 1])


def test_a_sweep_takes_integers_and_fractions():
    """A loss that is the integer 0 at first and a fraction later is not rounded."""
    program = [sweep("f", ["in", 0], position=0, direction=0, steps=1)]
    got = value_of(run_row({"f": lambda x: 0 if x.sum() < 20 else 1.5}, program, X, np.array([0.0, 1.0]))[0])
    assert got.tolist() == [0.0, 1.5]


def test_a_sweep_hands_out_fresh_lists():
    """What one evaluation does to a list of weights the next one does not see."""

    def f(x, weights):
        weights[0] += 1
        weights.append(1)
        return weights[0] * len(weights)

    program = [sweep("f", ["in", 0], ["in", 1], position=0, direction=0, steps=2)]
    got = value_of(run_row({"f": f}, program, X, [np.zeros(1)], np.array([0.0, 1.0]))[0])
    assert got.tolist() == [[2.0], [2.0]]


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda x: np.zeros(int(x[0, 0]) + 5), "different shapes"),
        (lambda x: "text", "str, not a numeric array"),
        (lambda x: None, "NoneType, not a numeric array"),
        (lambda x: np.array(["a"]), "ndarray, not a numeric array"),
    ],
)
def test_a_sweep_says_why_it_cannot_stack(function, reason):
    """Outputs that differ in shape or are no numbers end the row with a SweepError."""
    program = [sweep("f", ["in", 0], position=0, direction=1, steps=2)]
    step = run_row({"f": function}, program, X, np.ones((2, 3)), np.array([0.0, 1.0]))[0]
    assert step[:2] == ["raised", "SweepError"]
    assert reason in step[2]


def test_a_sweep_says_that_the_output_is_missing():
    """An output position beyond what was returned is a SweepError too."""
    program = [sweep("f", ["in", 0], position=0, direction=1, steps=2, output=1)]
    step = run_row({"f": lambda x: (x,)}, program, X, np.ones((2, 3)), np.array([0.0]))[0]
    assert step[1:3] == ["SweepError", "f returned tuple, not a tuple with an item [1]"]


# --- describing -------------------------------------------------------------------------------------------


class Impostor:
    """Says that it is an array."""

    __class__ = np.ndarray


class Nameless(type):
    @property
    def __name__(cls):
        raise RuntimeError


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (2**70, Other("int")),
        (2.5, 2.5),
        ("text", Other("str")),
        ([1, (2.0, None)], (1, (2.0, None))),
        ({"a": 1, "b": [2]}, {"a": 1, "b": (2,)}),
        ({1: 2}, Other("dict")),
        ({str(i): i for i in range(65)}, Other("dict")),
        (((((1,),),),), ((((Other("tuple")),),),)),
        ([0] * 5000, Other("list")),
        (np.array(["a"]), Other("ndarray of dtype str32")),
        (np.zeros((0, 2**40)), Other("ndarray of shape (0, 1099511627776)")),
        (Impostor(), Other("Impostor")),
        (Nameless("Nameless", (), {})(), Other("object")),
        (len, Other("builtin_function_or_method")),
    ],
    ids=lambda value: "",
)
def test_returned_values_are_described(value, wanted):
    """Numbers, None and nested containers of them cross; the rest is named by its type."""
    assert describe_value(value) == wanted


def test_returned_arrays_are_plain_copies():
    """Subclasses become plain arrays, NumPy scalars 0-d arrays, and nothing shares memory with the original."""
    masked = np.ma.masked_array([1.0, 2.0], [True, False])
    got = describe_value((masked, np.float32(2), X))
    assert [type(item) for item in got] == [np.ndarray] * 3
    assert got[1].shape == ()
    assert got[1].dtype == np.float32
    assert not np.shares_memory(got[2], X)


def test_large_arrays_are_named_not_sent():
    """Above `max_array_bytes` only the shape crosses."""
    reply = run_row({"f": lambda: np.zeros((4, 4))}, [call("f")], max_array_bytes=100)
    assert value_of(reply[0]) == Other("ndarray of shape (4, 4)")


def test_kept_positions_are_not_described():
    """A cache that would be costly to describe costs nothing."""
    assert describe_value((1, [0] * 5000), keep=[1]) == (1, HANDLE)


def test_a_value_that_contains_itself_ends():
    """Depth and number of items are bounded, so a list within itself is described too."""
    loop = []
    loop.append(loop)
    assert describe_value(loop) == (((Other("list"),),),)


def test_recursion_without_end_is_an_error_of_the_row():
    """A RecursionError is reported like any other, with the stack unwound."""

    def f(n):
        return f(n + 1)

    limit = sys.getrecursionlimit()
    assert run_row({"f": f}, [call("f", ["in", 0])], 0)[0][1] == "RecursionError"
    assert sys.getrecursionlimit() == limit


@pytest.mark.parametrize(
    "spoil",
    [
        lambda record: record.pop("eps"),
        lambda record: record.clear(),
        lambda record: record.update(eps=0.2),
        lambda record: record.update(eps=np.float64(0.1)),
        lambda record: record["mean"].fill(1.0),
        lambda record: record.update(mean=np.zeros(2)),
    ],
)
def test_a_record_that_must_stay_whole_and_does_not_is_reported(spoil):
    record = {"eps": 0.1, "mean": np.zeros(2), "count": 2**70}
    assert run_row({"spoil": spoil}, [call("spoil", ["whole", 1])], X, record)[-1] == [1]


def test_a_record_stays_whole_where_entries_only_come():
    """A cache may be kept in the caller's own dictionary; keys that lie about themselves are passed over."""

    class Liar(str):
        def __eq__(self, other):
            raise SystemExit

        __hash__ = str.__hash__

    def add(record):
        record["cache"] = 1
        record[Liar("another")] = 2
        record["eps"] = record["eps"]

    assert run_row({"add": add}, [call("add", ["whole", 0])], {"eps": 0.1, "mean": np.zeros(2)})[-1] == []
