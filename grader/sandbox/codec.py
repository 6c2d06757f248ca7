"""The wire format between grader and student: trees of plain values as bytes, never pickled.

A tree is None, bool, int, float, str, bytes, `numpy.ndarray`, list, tuple, dict with str keys, or one of the
four marker classes below. Values of one kind lie side by side (all tags, all integers, all floats, all text,
all array bytes), so that Python unpacks each kind in one call:

    magic, count of tags, of integers, of floats, length of text in bytes     24 bytes, little-endian
    integers (8 bytes each), floats (8), tags (1), text (UTF-8), zeros up to a multiple of 8
    array bytes, each array filled up to a multiple of 8

A decoder trusts nothing: counts are compared with the bytes that are there before anything is allocated, and
whatever is not a tree of ours raises `WireError`.
"""

from __future__ import annotations

import math
import struct
from itertools import islice
from typing import Any

import numpy as np

from grader.sandbox.marks import (
    DTYPES,
    HANDLE,
    MAX_BYTES,
    MAX_DEPTH,
    MAX_DIMENSIONS,
    MAX_NODES,
    MAX_TEXT_BYTES,
    NAME_CHARS,
    Buffer,
    Handle,
    Named,
    Other,
    Seed,
    WireError,
    clean,
    plain_array,
)

_MAGIC = b"GRW1"
_HEADER = struct.Struct("<4sIIIQ")

_NONE, _FALSE, _TRUE, _INT, _FLOAT, _STR, _BYTES, _LIST, _TUPLE, _DICT = range(10)
_SEED, _HANDLE, _OTHER, _NAMED = range(10, 14)
_ARRAY = 16
_RANKS = MAX_DIMENSIONS + 1
_END = _ARRAY + _RANKS * len(DTYPES)
_BOOL_END = _ARRAY + _RANKS

# What a tag of an array says: dtype, bytes an item, number of dimensions.
_LAYOUTS: tuple[Any, ...] = (None,) * _ARRAY + tuple(
    (dtype, dtype.itemsize, rank) for dtype in DTYPES for rank in range(_RANKS)
)
_BASES = {dtype: _ARRAY + _RANKS * i for i, dtype in enumerate(DTYPES)}
_new_array = np.ndarray
_LARGE = 4096
# What an array, a tuple or a string takes in memory besides its contents, roughly.
_VALUE_BYTES = 100
_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1


# --- encoding ---------------------------------------------------------------------------------------------


def encode(tree: Any) -> bytes:
    """Return the bytes of a tree.

    Arrays of other dtypes become the nearest one that crosses (float16 float32, longdouble float64, other
    integers int64); subclasses become plain arrays. What cannot cross becomes `Other`.

    Raises:
        WireError: a dict has keys that are not str, or the tree is nested too deeply.
    """
    return b"".join(encode_parts(tree))


def encode_parts(tree: Any) -> list[Buffer]:
    """Return the bytes of a tree in parts, where large arrays are views of what `tree` holds. See `encode`."""
    encoder = _Encoder()
    try:
        encoder.put(tree, 0)
        return encoder.to_parts()
    except (struct.error, RecursionError) as error:
        raise WireError(f"a tree could not be encoded: {error}") from None


class _Encoder:
    """Collects a tree's values kind by kind."""

    def __init__(self) -> None:
        self.tags = bytearray()
        self.integers: list[int] = []
        self.floats: list[float] = []
        self.texts: list[str] = []
        self.arrays: list[Buffer] = []

    def put(self, value: Any, depth: int) -> None:
        """Add one value. The order of the tests is how often each kind occurs."""
        kind = type(value)
        if kind is np.ndarray:
            base = _BASES.get(value.dtype)
            shape = value.shape
            if base is None or len(shape) > MAX_DIMENSIONS:
                self._put_unusual(value, depth)
                return
            self.tags.append(base + len(shape))
            self.integers += shape
            if value.nbytes > _LARGE and value.flags.c_contiguous:
                self._put_raw(value.reshape(-1).view(np.uint8).data)  # Copied once, when everything is joined.
            else:
                self._put_raw(value.tobytes())
        elif kind is str:
            self.tags.append(_STR)
            self.integers.append(len(value))
            self.texts.append(value)
        elif value is None:
            self.tags.append(_NONE)
        elif kind is int:
            if _INT_MIN <= value <= _INT_MAX:
                self.tags.append(_INT)
                self.integers.append(value)
            else:
                self.put(Other("int"), depth)
        elif kind is tuple or kind is list:
            if depth >= MAX_DEPTH:
                raise WireError(f"a tree is nested more than {MAX_DEPTH} deep")
            self.tags.append(_TUPLE if kind is tuple else _LIST)
            self.integers.append(len(value))
            put, depth = self.put, depth + 1
            for item in value:
                put(item, depth)
        elif kind is float:
            self.tags.append(_FLOAT)
            self.floats.append(value)
        else:
            self._put_rare(value, depth)

    def _put_raw(self, raw: Buffer) -> None:
        self.arrays.append(raw)
        if len(raw) & 7:
            self.arrays.append(bytes(-len(raw) & 7))

    def _put_rare(self, value: Any, depth: int) -> None:
        kind = type(value)
        if kind is bool:
            self.tags.append(_TRUE if value else _FALSE)
        elif kind is dict:
            self._put_dict(value, depth)
        elif kind is Handle:
            self.tags.append(_HANDLE)
        elif kind is bytes:
            self.tags.append(_BYTES)
            self.integers.append(len(value))
            self._put_raw(value)
        elif kind is Seed:
            self.tags.append(_SEED)
            self.integers.append(value.value)
        elif kind is Other or kind is Named:
            name = clean(value.type_name if kind is Other else value.name, NAME_CHARS)
            self.tags.append(_OTHER if kind is Other else _NAMED)
            self.integers.append(len(name))
            self.texts.append(name)
        else:
            self._put_unusual(value, depth)

    def _put_dict(self, value: dict[Any, Any], depth: int) -> None:
        if depth >= MAX_DEPTH:
            raise WireError(f"a tree is nested more than {MAX_DEPTH} deep")
        self.tags.append(_DICT)
        self.integers.append(len(value))
        for key, item in value.items():
            if type(key) is not str:
                raise WireError(f"a dict has a key of type {type(key).__name__}; only str crosses")
            self.integers.append(len(key))
            self.texts.append(key)
            self.put(item, depth + 1)

    def _put_unusual(self, value: Any, depth: int) -> None:
        plain = plain_array(value)
        self.put(Other(type(value).__name__) if plain is None else plain, depth)

    def to_parts(self) -> list[Buffer]:
        """Return everything that was added, in order."""
        text = "".join(self.texts)
        try:
            raw = text.encode()
        except UnicodeEncodeError:  # A lone surrogate counts as one character on both sides.
            raw = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text).encode()
        integers, floats, tags = self.integers, self.floats, self.tags
        head = _HEADER.pack(_MAGIC, len(tags), len(integers), len(floats), len(raw))
        packed = struct.pack(f"<{len(integers)}q{len(floats)}d", *integers, *floats)
        fill = bytes(-(len(tags) + len(raw)) & 7)
        return [head, packed, tags, raw, fill, *self.arrays]


# --- decoding ---------------------------------------------------------------------------------------------


def decode(
    buffer: Buffer,
    *,
    max_bytes: int = MAX_BYTES,
    max_nodes: int = MAX_NODES,
    max_text: int = MAX_TEXT_BYTES,
    keep_lists: bool = False,
    view_bytes: bool = False,
) -> Any:
    """Return the tree that `buffer` holds. Arrays are read-only views of it where it is read-only.

    Lists come back as tuples, or as lists with `keep_lists`. Byte strings come back as copies, or with `view_bytes`
    as parts of the buffer: what is large and seldom read is not copied then. `max_nodes` bounds the number of
    values, `max_text` the bytes of all text together.

    Raises:
        WireError: the bytes are anything else than one whole tree within the limits.
    """
    if len(buffer) > max_bytes:
        raise WireError(f"a tree of {len(buffer)} bytes; at most {max_bytes} are taken")
    try:
        decoder = _Decoder(buffer, max_nodes, max_text, keep_lists, view_bytes)
        [tree] = decoder.take(1, 0)
        decoder.finish()
    except WireError:
        raise
    except (StopIteration, ValueError, TypeError, struct.error, OverflowError, MemoryError) as error:
        raise WireError(f"not a tree: {type(error).__name__}") from None
    return tree


def weigh(buffer: Buffer) -> int:
    """Return about how many bytes a tree takes that was decoded from `buffer` and has its arrays there."""
    _, values, *_ = _HEADER.unpack_from(buffer)
    return len(buffer) + _VALUE_BYTES * int(values)


class _Decoder:
    """Walks the tags of one buffer; values come from the columns beside them."""

    def __init__(self, buffer: Buffer, max_nodes: int, max_text: int, keep_lists: bool, view_bytes: bool) -> None:
        magic, tags, integers, floats, text = _HEADER.unpack_from(buffer)
        if magic != _MAGIC:
            raise WireError("not a tree: wrong first bytes")
        # A value needs one tag and at most a key, a length and eight dimensions.
        if tags > max_nodes or integers > 10 * tags or floats > tags:
            raise WireError(f"a tree of {tags} values; at most {max_nodes} are taken")
        # A character may take four bytes once it is decoded, so that little text makes a large string.
        if text > max_text:
            raise WireError(f"a tree with {text} bytes of text; at most {max_text} are taken")
        at_floats = _HEADER.size + 8 * integers
        at_tags = at_floats + 8 * floats
        at_text = at_tags + tags
        at_arrays = at_text + text + (-(tags + text) & 7)
        if at_arrays > len(buffer):
            raise WireError("not a tree: it is cut short")
        self.buffer = buffer
        self.size = len(buffer)
        self.sequence = list if keep_lists else tuple
        self.view_bytes = view_bytes
        self.tags = iter(bytes(buffer[at_tags:at_text]))
        self.integers = iter(struct.unpack_from(f"<{integers}q", buffer, _HEADER.size))
        self.next_integer = self.integers.__next__
        self.floats = iter(struct.unpack_from(f"<{floats}d", buffer, at_floats))
        self.next_float = self.floats.__next__
        self.text = str(buffer[at_text : at_text + text], "utf-8")
        self.text_at = 0
        self.array_at = at_arrays

    def take(self, count: int, depth: int) -> list[Any]:
        """Return the next `count` values.

        This is where decoding spends its time: leaves are read here, without a call each, and the order of the
        tests is how often each kind occurs.
        """
        if depth > MAX_DEPTH:
            raise WireError(f"a tree is nested more than {MAX_DEPTH} deep")
        values: list[Any] = []
        add, next_integer = values.append, self.next_integer
        for tag in islice(self.tags, count):
            if tag >= _ARRAY:
                add(self._take_array(tag))
            elif tag == _STR:
                add(self._take_text(next_integer()))
            elif tag == _NONE:
                add(None)
            elif tag == _INT:
                add(next_integer())
            elif tag == _TUPLE:
                add(tuple(self.take(next_integer(), depth + 1)))
            elif tag == _LIST:
                add(self.sequence(self.take(next_integer(), depth + 1)))
            elif tag == _FLOAT:
                add(self.next_float())
            else:
                add(self._take_rare(tag, depth))
        if len(values) != count:
            raise WireError("not a tree: values are missing")
        return values

    def _take_array(self, tag: int) -> np.ndarray[Any, np.dtype[Any]]:
        if tag >= _END:
            raise WireError("not a tree: an unknown tag")
        dtype, itemsize, rank = _LAYOUTS[tag]
        shape = tuple(islice(self.integers, rank))
        start = self.array_at
        size = math.prod(shape) * itemsize
        end = start + (size + 7 & -8)
        if end > self.size or len(shape) != rank:
            raise WireError("not a tree: an array is cut short")
        # (0, 2**40) holds no bytes, yet a sum over its first axis would need a terabyte.
        if size <= 0 and (min(shape) < 0 or math.prod(n or 1 for n in shape) > MAX_BYTES):
            raise WireError("not a tree: impossible dimensions")
        self.array_at = end
        array: np.ndarray[Any, np.dtype[Any]] = _new_array(shape, dtype, self.buffer, start)
        if tag < _BOOL_END and size and array.view(np.uint8).max() > 1:
            raise WireError("not a tree: a bool that is neither true nor false")
        return array

    def _take_text(self, length: int) -> str:
        start = self.text_at
        end = start + length
        if not start <= end <= len(self.text):
            raise WireError("not a tree: text is cut short")
        self.text_at = end
        return self.text[start:end]

    def _take_name(self) -> str:
        name = self._take_text(self.next_integer())
        if len(name) > NAME_CHARS or not name.isprintable():
            raise WireError("not a tree: a name is too long or not printable")
        return name

    def _take_rare(self, tag: int, depth: int) -> Any:
        if tag in (_TRUE, _FALSE):
            return tag == _TRUE
        if tag == _DICT:
            return self._take_dict(depth + 1)
        if tag == _HANDLE:
            return HANDLE
        if tag == _BYTES:
            start = self.array_at
            end = start + self.next_integer()
            if not start <= end <= self.size:
                raise WireError("not a tree: bytes are cut short")
            self.array_at = end + (start - end & 7)
            found = self.buffer[start:end]
            return found if self.view_bytes else bytes(found)
        if tag == _SEED:
            return Seed(self.next_integer())
        if tag == _OTHER:
            return Other(self._take_name())
        if tag == _NAMED:
            return Named(self._take_name())
        raise WireError("not a tree: an unknown tag")

    def _take_dict(self, depth: int) -> dict[str, Any]:
        count = self.next_integer()
        if count < 0:
            raise WireError("not a tree: a negative length")
        items: dict[str, Any] = {}
        for _ in range(count):
            key = self._take_text(self.next_integer())
            [items[key]] = self.take(1, depth)
        if len(items) != count:
            raise WireError("not a tree: a dict with the same key twice")
        return items

    def finish(self) -> None:
        """Raise WireError where anything is left over."""
        left = (next(self.integers, None), next(self.tags, None), next(self.floats, None))
        if left != (None, None, None) or self.text_at != len(self.text) or self.array_at != self.size:
            raise WireError("not a tree: something is left over")
