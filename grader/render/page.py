"""A page of styled lines: indented, wrapped and painted. It knows nothing of grading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from grader.render.text import wrap

ANSI: Mapping[str, str] = MappingProxyType(
    {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"},
)
Span = tuple[str, str]


class Page:
    """Lines in the making. Text must be clean already; a style is a key of `ANSI` or ""."""

    def __init__(self, width: int, color: bool) -> None:
        self.width = width
        self._color = color
        self._lines: list[str] = []

    def add(self, text: str, indent: int = 0, hang: int = 0, style: str = "") -> None:
        """Add a paragraph, wrapped; its later lines are indented by `hang` more."""
        first, *more = wrap(text, self.width - indent - hang, extra=hang) or [""]
        self.add_spans([(" " * indent, ""), (first, style)])
        for line in more:
            self.add_spans([(" " * (indent + hang), ""), (line, style)])

    def add_code(self, line: str, indent: int) -> None:
        """Add a line as it is, however long."""
        self.add_spans([(" " * indent, ""), (line, "")])

    def add_spans(self, spans: Sequence[Span]) -> None:
        """Add one line made of (text, style) pieces."""
        self._lines.append("".join(self._paint(text, style) for text, style in spans).rstrip())

    def blank(self) -> None:
        """Add an empty line, unless the last one is empty or there is none."""
        if self._lines and self._lines[-1]:
            self._lines.append("")

    def text(self) -> str:
        """Return the page, each line ended."""
        return "".join(f"{line}\n" for line in self._lines)

    def _paint(self, text: str, style: str) -> str:
        if not (self._color and style and text.strip()):
            return text
        return f"\x1b[{ANSI[style]}m{text}\x1b[0m"
