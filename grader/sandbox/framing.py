"""What stands before every payload on the pipe: its length, the call that it belongs to, and its kind."""

from __future__ import annotations

import struct

from grader.sandbox.marks import Buffer

_FRAME = struct.Struct("<Q16sB7x")
FRAME_BYTES = _FRAME.size
CALL_BYTES = 16
HELLO, REQUEST, REPLY, EVENT = range(1, 5)


def frame_head(call: bytes, kind: int, length: int) -> bytes:
    """Return the 32 bytes before a payload of `length` bytes. `call` is the 16-byte id of the request."""
    return _FRAME.pack(length, call, kind)


def read_head(head: Buffer) -> tuple[bytes, int, int]:
    """Return call id, kind and payload length from the 32 bytes before a payload."""
    length, call, kind = _FRAME.unpack_from(head)
    return call, kind, length
