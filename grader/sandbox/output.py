"""What student code printed: a bounded number of lines, safe to show on a terminal."""

from __future__ import annotations

from grader.sandbox.limits import Limits


class Output:
    """Takes bytes as they come and keeps the first lines; the rest is counted, not kept."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        # A character takes at most four bytes; one more shows that the line goes on.
        self._line_bytes = 4 * limits.output_chars + 1
        self._lines: list[bytes] = []
        self._more = 0
        self._partial = bytearray()
        self._is_open = False
        self.is_muted = False

    def feed(self, data: bytes) -> None:
        """Take some bytes."""
        if self.is_muted or not data:
            return
        at = 0
        while len(self._lines) < self._limits.output_lines:
            end = data.find(b"\n", at)
            stop = len(data) if end < 0 else end
            self._partial += data[at : min(stop, at + self._line_bytes - len(self._partial))]
            if end < 0:
                self._is_open = self._is_open or at < len(data)
                return
            self._lines.append(bytes(self._partial))
            self._partial.clear()
            self._is_open = False
            at = end + 1
        self._more += data.count(b"\n", at)
        if at < len(data):
            self._is_open = not data.endswith(b"\n")

    def snapshot(self) -> tuple[tuple[bytes, ...], int, bytes, bool]:
        """Return what is kept, for `restore`."""
        return tuple(self._lines), self._more, bytes(self._partial), self._is_open

    def restore(self, kept: tuple[tuple[bytes, ...], int, bytes, bool]) -> None:
        """Forget what came since a snapshot: what is run again prints it again."""
        lines, self._more, partial, self._is_open = kept
        self._lines, self._partial = list(lines), bytearray(partial)

    def take(self) -> tuple[str, ...]:
        """Return the lines since the last call, escaped and cut, the last one saying how many more there were."""
        lines, more = list(self._lines), self._more
        if self._is_open:
            if len(lines) < self._limits.output_lines:
                lines.append(bytes(self._partial))
            else:
                more += 1
        self.restore(((), 0, b"", False))
        shown = [escape(line.decode("utf-8", "backslashreplace"), self._limits.output_chars) for line in lines]
        if more:
            shown.append(f"... and {more} more line{'s' if more > 1 else ''}")
        return tuple(shown)


def escape(text: str, limit: int) -> str:
    """Return `text` with unprintable characters as escapes, cut to `limit` characters."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text.expandtabs())
    return text if len(text) <= limit else text[: limit - 3] + "..."
