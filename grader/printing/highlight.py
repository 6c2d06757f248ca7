"""Python in a few colours that are told apart in greyscale too: by weight and slant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Style:
    """A font's style, as in `BI`, and a colour."""

    font: str = ""
    color: tuple[int, int, int] = (0, 0, 0)


PLAIN = Style()
_STYLES = {
    "Token.Comment": Style("I", (90, 90, 90)),
    "Token.Literal.String": Style("", (20, 100, 40)),
    "Token.Literal.Number": Style("", (150, 60, 0)),
    "Token.Keyword": Style("B", (0, 50, 140)),
    "Token.Operator.Word": Style("B", (0, 50, 140)),
    "Token.Name.Function": Style("B"),
    "Token.Name.Class": Style("B"),
}


def highlight(lines: Sequence[str]) -> Iterator[list[tuple[str, Style]]]:
    """Yield each line as its pieces of text with their styles."""
    from pygments.lexers import PythonLexer  # For start-up time.

    row: list[tuple[str, Style]] = []
    for token, text in PythonLexer(stripnl=False, ensurenl=False).get_tokens("\n".join(lines)):
        style = _style(str(token))
        first, *rest = text.split("\n")
        row.append((first, style))
        for part in rest:
            yield row
            row = [(part, style)]
    yield row


def _style(token: str) -> Style:
    """Return the style of the nearest kind that has one: a docstring is a string."""
    while token:
        if token in _STYLES:
            return _STYLES[token]
        token = token.rpartition(".")[0]
    return PLAIN
