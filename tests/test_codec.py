"""The wire format: what goes in comes out, and nothing else is ever taken for a tree."""

from __future__ import annotations

import struct
import tracemalloc

import numpy as np
import pytest

from grader.sandbox import framing, marks
from grader.sandbox.codec import decode, encode
from grader.sandbox.marks import Handle, Named, Other, Seed, WireError

DTYPES = ("?", "u1", "<i4", "<i8", "<f4", "<f8", "<c8", "<c16")

TREES = [
    None,
    True,
    False,
    0,
    -(2**63),
    2**63 - 1,
    1.5,
    float("inf"),
    -0.0,
    "",
    "gamma",
    "dx\N{GREEK SMALL LETTER BETA}\N{GRINNING FACE}",
    b"",
    b"\x00\xff" * 5,
    (),
    (1, (2.0, ("three", None)), b"four"),
    {},
    {"op": "run", "batches": ((1,), ()), "": {"a": True}},
    Seed(7),
    Handle(),
    Other("function"),
    Named("square"),
]


def same(first, second):
    if isinstance(first, np.ndarray):
        return (
            type(second) is np.ndarray
            and first.dtype == second.dtype
            and first.shape == second.shape
            and first.tobytes() == second.tobytes()
        )
    return type(first) is type(second) and repr(first) == repr(second)


@pytest.mark.parametrize("tree", TREES, ids=repr)
def test_plain_values_come_back_as_they_were(tree):
    """None, numbers, text, bytes, containers and the marker classes survive the way there and back."""
    assert same(decode(encode(tree)), tree)


@pytest.mark.parametrize("code", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (1,), (3,), (2, 0, 3), (2, 3), (1, 2, 1, 2, 1, 2, 1, 2)])
def test_arrays_come_back_bit_for_bit(code, shape):
    """Each dtype that crosses keeps its dtype, shape and bytes, beside values of other sizes."""
    rng = np.random.default_rng(1)
    array = (rng.standard_normal(shape) * 5).astype(code)
    before, after = np.array([True]), np.arange(3, dtype=np.int32)
    got = decode(encode([before, array, after]))
    assert same(got[1], np.asarray(array))
    assert same(got[0], before)
    assert same(got[2], after)


def test_nan_and_infinity_keep_their_bits():
    """Values that are not finite cross unchanged."""
    array = np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324])
    assert decode(encode(array)).tobytes() == array.tobytes()


@pytest.mark.parametrize(
    ("array", "wanted"),
    [
        (np.arange(6.0).reshape(2, 3).T, np.array([[0.0, 3], [1, 4], [2, 5]])),
        (np.arange(8.0)[::-2], np.array([7.0, 5, 3, 1])),
        (np.arange(3, dtype=">f8"), np.arange(3.0)),
        (np.arange(3, dtype=">i4"), np.arange(3, dtype=np.int32)),
        (np.arange(3, dtype=np.uint16), np.arange(3)),
        (np.arange(3, dtype=np.float16), np.arange(3, dtype=np.float32)),
        (np.arange(3, dtype=np.longdouble), np.arange(3.0)),
        (np.arange(3, dtype=np.clongdouble), np.arange(3, dtype=complex)),
        (np.ma.masked_array([1.0, 2.0], [True, False]), np.array([1.0, 2.0])),
        (np.float32(2.5), np.array(2.5, dtype=np.float32)),
        (np.bool_(True), np.array(True)),
    ],
    ids=repr,
)
def test_other_arrays_become_the_nearest_plain_one(array, wanted):
    """Strided, foreign-endian, subclassed and unusual arrays arrive as plain C-ordered ones."""
    assert same(decode(encode(array)), wanted)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (np.array([None]), "ndarray"),
        (np.array(["text"]), "ndarray"),
        (np.array(["2020-01-01"], dtype="datetime64[D]"), "ndarray"),
        (np.zeros(2, dtype=[("a", "f8")]), "ndarray"),
        (np.zeros((1,) * 9), "ndarray"),
        (2**63, "int"),
        (3 + 4j, "complex"),
        (len, "builtin_function_or_method"),
        ({1, 2}, "set"),
    ],
    ids=repr,
)
def test_what_cannot_cross_becomes_its_type_name(value, name):
    """Nothing is pickled: an object arrives as `Other` with the name of its type."""
    assert decode(encode([value])) == (Other(name),)


def test_names_are_cut_and_hold_no_control_characters():
    """A type name from student code can neither flood nor steer a terminal."""
    assert decode(encode(Other("a\x1b[31mb\n" + "c" * 500))) == Other("a[31mb " + "c" * 70 + "...")


def test_lists_arrive_as_tuples_unless_they_are_kept():
    """Replies hold tuples only; a student's function gets the list that the case holds."""
    tree = [1, (2, [3])]
    assert decode(encode(tree)) == (1, (2, (3,)))
    assert decode(encode(tree), keep_lists=True) == [1, (2, [3])]


def test_lone_surrogates_are_replaced():
    """Text that UTF-8 cannot hold crosses with a replacement character, and what follows it is not shifted."""
    assert decode(encode(["\ud800x", "after"])) == ("\ufffdx", "after")


def test_decoded_arrays_cannot_be_written_to():
    """Decoding bytes gives read-only views: nothing is copied and nothing can be changed by accident."""
    array = decode(encode(np.arange(3.0)))
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1


def test_array_bytes_are_aligned():
    """Every array starts at a multiple of eight bytes, whatever stands before it."""
    payload = encode([b"x", np.array([True]), "abc", np.arange(4.0)])
    base = np.frombuffer(payload, np.uint8).ctypes.data
    assert (decode(payload)[3].ctypes.data - base) % 8 == 0


def test_dict_keys_must_be_text():
    """A dict with another key cannot be encoded, and the error names the key's type."""
    with pytest.raises(WireError, match="int"):
        encode({1: 2})


def test_deep_nesting_is_refused_on_both_sides():
    """Neither side recurses further than it was told."""
    tree = ()
    for _ in range(marks.MAX_DEPTH + 1):
        tree = (tree,)
    with pytest.raises(WireError, match="nested"):
        encode(tree)
    deep = header(40, 40, 0, 0) + struct.pack("<40q", *[1] * 39, 0) + bytes([8] * 40)
    with pytest.raises(WireError, match="nested"):
        decode(deep)


# --- refusals ---------------------------------------------------------------------------------------------


def header(tags, integers, floats, text, magic=b"GRW1"):
    return struct.pack("<4sIIIQ", magic, tags, integers, floats, text)


def frame(tags, integers=(), floats=(), text=b"", arrays=b""):
    """A payload put together by hand, as a hostile worker would."""
    fill = bytes(-(len(tags) + len(text)) & 7)
    packed = struct.pack(f"<{len(integers)}q{len(floats)}d", *integers, *floats)
    return header(len(tags), len(integers), len(floats), len(text)) + packed + bytes(tags) + text + fill + arrays


F8_VECTOR = 16 + 5 * 9 + 1
F8_MATRIX = 16 + 5 * 9 + 2
BOOL_VECTOR = 16 + 1

REFUSED = {
    "nothing": b"",
    "other first bytes": b"\x80\x04" + encode(1)[2:],
    "a pickle": b"\x80\x04N." * 20,
    "no value": frame([]),
    "two values": frame([0, 0]),
    "an unknown tag": frame([14]),
    "an unknown array tag": frame([255], [1]),
    "an integer too many": frame([0], [5]),
    "an integer too few": frame([3]),
    "a float too many": frame([0], (), [1.0]),
    "text too much": frame([0], text=b"abc"),
    "text too short": frame([5], [4], text=b"abc"),
    "text of negative length": frame([5], [-1], text=b"abc"),
    "text that is not UTF-8": frame([5], [2], text=b"\xff\xfe"),
    "a tuple of negative length": frame([8], [-1]),
    "a tuple without its items": frame([8], [2**62]),
    "a dict of negative length": frame([9], [-1]),
    "a key twice": frame([9, 0, 0], [2, 1, 1], text=b"aa"),
    "bytes too short": frame([6], [9], arrays=bytes(8)),
    "bytes of negative length": frame([6], [-8]),
    "an array cut short": frame([F8_VECTOR], [2], arrays=bytes(8)),
    "array bytes left over": frame([F8_VECTOR], [1], arrays=bytes(16)),
    "a dimension too few": frame([F8_MATRIX], [1], arrays=bytes(8)),
    "a negative dimension": frame([F8_VECTOR], [-1]),
    "two negative dimensions": frame([F8_MATRIX], [-1, -1], arrays=bytes(8)),
    "a petabyte": frame([F8_VECTOR], [2**47]),
    "dimensions that overflow": frame([F8_MATRIX], [2**32, 2**32]),
    "an empty array with a huge axis": frame([F8_MATRIX], [0, 2**40]),
    "a bool of 2": frame([BOOL_VECTOR], [1], arrays=b"\2" + bytes(7)),
    "a name of 81 characters": frame([12], [81], text=b"a" * 81),
    "a name with an escape": frame([12], [4], text=b"\x1b[0m"),
    "counts beyond the bytes": header(1, 2**32 - 1, 0, 0),
    "text beyond the bytes": header(1, 0, 0, 2**63),
}


@pytest.mark.parametrize("name", REFUSED)
def test_anything_else_is_refused(name):
    """Bytes that are not exactly one tree raise WireError, whatever is wrong with them."""
    with pytest.raises(WireError):
        decode(REFUSED[name])


def test_the_handmade_frames_are_right_but_for_their_fault():
    """The helper of the refusals makes frames that are taken when nothing is wrong."""
    assert decode(frame([8, 3, 5], [2, 7, 2], text=b"ab")) == (7, "ab")
    assert decode(frame([F8_VECTOR], [1], arrays=bytes(8))).tolist() == [0.0]


def test_every_shortened_frame_is_refused():
    """A frame that was cut off anywhere is not a tree."""
    payload = encode({"a": [1, 2.0, "text", b"bytes", np.arange(5.0)], "b": Other("x")})
    for length in range(len(payload)):
        with pytest.raises(WireError):
            decode(payload[:length])


def test_limits_are_the_callers():
    """More bytes or more values than the caller allows are refused before they are looked at."""
    payload = encode(list(range(100)))
    with pytest.raises(WireError, match="bytes"):
        decode(payload, max_bytes=len(payload) - 1)
    with pytest.raises(WireError, match="values"):
        decode(payload, max_nodes=100)
    assert len(decode(payload, max_bytes=len(payload), max_nodes=101)) == 100


def test_numbers_that_no_value_needs_are_not_read():
    """A frame of one value and a million integers is refused before any of them becomes an object."""
    payload = frame([0], [2**40] * 10**6)
    tracemalloc.start()
    try:
        with pytest.raises(WireError):
            decode(payload)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2**16


def seeds_of_mutation():
    rng = np.random.default_rng(3)
    arrays = [rng.standard_normal((3, 4)), np.arange(5), np.array([True, False]), np.zeros((0, 3))]
    row = [[(arrays[0], Handle())], ["returned", arrays[1], [{}], None], [1]]
    return [
        encode([[row, row], [row]]),
        encode({"modules": {"a.py": None}, "functions": {"f": ["ready", 3]}, "stand_ins": ["tqdm"]}),
        encode([*arrays, *TREES]),
        encode([["raised", "ValueError", "shapes", [["a.py", 1, "f", "x = 1"]]]]),
    ]


def mutate(payload, rng):
    """Change some bytes, cut, repeat or insert: small damage reaches deep, large damage the header."""
    damaged = bytearray(payload)
    for _ in range(int(rng.integers(1, 5))):
        at = int(rng.integers(len(damaged))) if damaged else 0
        kind = int(rng.integers(6))
        if kind == 0 and damaged:
            damaged[at] = int(rng.integers(256))
        elif kind == 1 and damaged:
            damaged[at] ^= 1 << int(rng.integers(8))
        elif kind == 2:
            damaged[at : at + 8] = struct.pack("<q", int(rng.integers(-(2**63), 2**63 - 1)))
        elif kind == 3:
            damaged[at : at + 8] = struct.pack("<q", int(rng.choice([-1, 0, 1, 8, 2**31, 2**40, 2**62])))
        elif kind == 4:
            del damaged[at : at + int(rng.integers(1, 9))]
        else:
            damaged[at:at] = damaged[at : at + int(rng.integers(1, 17))]
    return bytes(damaged)


def test_mutated_frames_give_a_tree_or_a_wire_error():
    """Of 20,000 damaged frames each is decoded or refused, and none makes the decoder allocate much."""
    rng = np.random.default_rng(11)
    payloads = seeds_of_mutation()
    refused = 0
    tracemalloc.start()
    try:
        for _ in range(20_000):
            damaged = mutate(payloads[int(rng.integers(len(payloads)))], rng)
            try:
                decode(damaged, max_nodes=2000)
            except WireError:
                refused += 1
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 10_000 < refused < 20_000
    assert peak < 4 * 2**20


def test_frame_heads_tell_call_kind_and_length():
    """The 32 bytes before a payload hold the id of the call, the kind of frame and the payload's length."""
    call = bytes(range(16))
    head = framing.frame_head(call, framing.REPLY, 2**33)
    assert len(head) == framing.FRAME_BYTES
    assert framing.read_head(head) == (call, framing.REPLY, 2**33)
