"""The life of one worker: it starts, says how it is locked, and answers requests until something goes wrong."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from grader.errors import ProtocolError, SandboxError
from grader.sandbox import answers, codec, framing
from grader.sandbox.limits import Limits
from grader.sandbox.marks import Buffer
from grader.sandbox.output import Output
from grader.sandbox.replies import Lost
from grader.sandbox.zygote import Zygote

_START_S = 60.0
_SMALL = 2**12
_PROTOCOL = Lost("protocol", "disturbed the pipe to the grader, so its answer cannot be read")


@dataclass(frozen=True)
class Allowance:
    """What one exchange may take, and how many times that the grader waits. It trusts no clock of the worker's.

    most_s: wall-clock seconds that are left of the whole run.
    """

    cpu_s: float
    wall_s: float
    slack: float = 1.0
    most_s: float = math.inf


@dataclass(frozen=True)
class Locked:
    """What a worker says of its locks, before it has seen student code."""

    layers: tuple[str, ...]
    missing: tuple[tuple[str, str], ...]


class Session:
    """One worker. After the first exchange that fails it is over."""

    def __init__(self, zygote: Zygote, limits: Limits, output: Output | None) -> None:
        self._limits = limits
        self._channel = zygote.start_worker(limits, output)
        self._frames = _Frames()
        self.is_over = False
        # What the last exchange took, as far as it was seen.
        self.spent_cpu_s = 0.0
        self.locked = self._meet()

    def _meet(self) -> Locked:
        outcome = self._listen(bytes(framing.CALL_BYTES), framing.HELLO, Allowance(_START_S, _START_S), None)
        if isinstance(outcome, Lost):
            raise SandboxError(f"the process for student code did not start: it {outcome.message}")
        tree = codec.decode(outcome)
        return Locked(tree["layers"], tree["missing"])

    def ask(
        self,
        payload: Buffer,
        allowance: Allowance,
        hear: Callable[[Buffer], None] | None = None,
        meanwhile: Callable[[], None] | None = None,
    ) -> bytes | Lost:
        """Send one request; return the payload of its reply, or why there is none.

        `hear` is given the payload of each event that comes before the reply, and may raise ProtocolError.
        `meanwhile` is called once the request is on its way.
        """
        call = os.urandom(framing.CALL_BYTES)
        self._channel.write(call, b"".join((framing.frame_head(call, framing.REQUEST, len(payload)), payload)))
        if meanwhile is not None:
            meanwhile()
        return self._listen(call, framing.REPLY, allowance, hear)

    def _listen(
        self, call: bytes, wanted: int, allowance: Allowance, hear: Callable[[Buffer], None] | None
    ) -> bytes | Lost:
        outcome: bytes | Lost
        try:
            outcome = self._wait(call, wanted, allowance, hear)
        except ProtocolError:
            outcome = _PROTOCOL
        if isinstance(outcome, Lost):
            self.close()
        return outcome

    def _wait(
        self, call: bytes, wanted: int, allowance: Allowance, hear: Callable[[Buffer], None] | None
    ) -> bytes | Lost:
        channel, frames = self._channel, self._frames
        frames.restart()
        start_cpu_s, end_s = (
            channel.used_cpu_s(),
            time.monotonic() + min(allowance.slack * allowance.wall_s, allowance.most_s),
        )
        while True:
            frame = frames.take()
            if frame is not None:
                frame_call, kind, payload = frame
                if frame_call == call and kind == wanted:
                    return payload
                # Where nobody asked for events a flood of them would only keep the grader busy.
                if frame_call != call or kind != framing.EVENT or hear is None:
                    raise ProtocolError("a frame answers another request")
                hear(payload)
                continue
            data = channel.read()
            self.spent_cpu_s = channel.used_cpu_s() - start_cpu_s
            if data:
                frames.feed(data)
            elif data is not None:
                return answers.explain_death(channel.end(), self._limits)
            if self.spent_cpu_s > allowance.slack * allowance.cpu_s:
                return answers.used_cpu(allowance.cpu_s)
            if time.monotonic() > end_s:
                return answers.took_long(allowance.wall_s)

    @property
    def taken_bytes(self) -> int:
        """How many bytes came in the last exchange."""
        return self._frames.taken

    def used_cpu_s(self) -> float:
        """Return the CPU seconds of the worker so far; 0 where the system does not tell."""
        return self._channel.used_cpu_s()

    def drain(self) -> None:
        """Take all that was printed so far."""
        self._channel.drain()

    def close(self) -> None:
        """End the worker and everything that it started. May be called again."""
        self.is_over = True
        self._channel.end()


class _Frames:
    """Cuts the bytes from a worker into frames, and takes only so many for one request."""

    def __init__(self) -> None:
        self._chunks: list[bytes | bytearray] = []
        self._held = 0
        # So many bytes must be here before it is worth looking again.
        self._wanted = framing.FRAME_BYTES
        self.taken = 0

    def restart(self) -> None:
        """Start counting for a new request."""
        self.taken = 0

    def feed(self, data: bytes) -> None:
        """Take bytes; raise ProtocolError where there are more than a reply may have."""
        self.taken += len(data)
        if self.taken > answers.MAX_REPLY_BYTES + framing.FRAME_BYTES:
            raise ProtocolError("a reply is too long")
        self._held += len(data)
        if len(data) >= _SMALL:
            self._chunks.append(data)
        # Bytes that come one by one must not become a million objects.
        elif self._chunks and isinstance(self._chunks[-1], bytearray):
            self._chunks[-1] += data
        else:
            self._chunks.append(bytearray(data))

    def take(self) -> tuple[bytes, int, bytes] | None:
        """Return call id, kind and payload of the next whole frame, or None."""
        if self._held < self._wanted:
            return None
        if len(self._chunks[0]) < framing.FRAME_BYTES:
            self._chunks = [b"".join(self._chunks)]
        call, kind, length = framing.read_head(self._chunks[0])
        if length > answers.MAX_REPLY_BYTES:
            raise ProtocolError("a frame is too long")
        self._wanted = framing.FRAME_BYTES + length
        if self._held < self._wanted:
            return None
        # Large replies are common, and joined once. What follows a frame is not.
        first, *rest = self._chunks
        payload = b"".join([memoryview(first)[framing.FRAME_BYTES :], *rest])
        payload, left = payload[:length], payload[length:]
        self._chunks, self._held, self._wanted = [left] if left else [], len(left), framing.FRAME_BYTES
        return call, kind, payload
