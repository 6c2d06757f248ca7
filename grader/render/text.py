"""Text from strangers, made safe to show: escaping, capping, wrapping, and short numbers.

What a student's code wrote may hold terminal codes, bidirectional overrides or a megabyte of one letter.
Everything of that kind is shown as an escape such as `\\x1b`, and every cap says how much it left out.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

LIMIT = 600
MOST_MARKS = 2
DIGITS = 4
MOST_DIGITS = 17


def clean(text: str, limit: int = LIMIT) -> str:
    """Return text as one line of printable characters, at most `limit` of them and a note on the rest.

    Line ends and tabs become spaces; control, format and bidirectional characters become escapes.
    """
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text
    pieces: list[str] = []
    length = 0
    for position, piece in enumerate(_printable(text)):
        if length + len(piece) > limit:
            left_out = len(text) - position
            return f"{''.join(pieces).rstrip()}... ({left_out} more character{plural(left_out)})"
        pieces.append(piece)
        length += len(piece)
    return "".join(pieces)


def clean_lines(text: str, lines: int, limit: int = LIMIT) -> list[str]:
    """Return text as clean lines, at most `lines` of them and a note on the rest."""
    found = text.replace("\r\n", "\n").strip("\n").split("\n")
    shown = [clean(line.expandtabs(4), limit).rstrip() for line in found[:lines]]
    if len(found) > lines:
        left_out = len(found) - lines
        shown.append(f"... ({left_out} more line{plural(left_out)})")
    return shown


def _printable(text: str) -> Iterator[str]:
    """Yield what to show for each character."""
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if character in "\n\t" or unicodedata.category(character) == "Zs":
            yield " "
        # A pile of combining marks would paint over the lines above.
        elif marks > MOST_MARKS or not character.isprintable():
            yield character.encode("unicode_escape").decode("ascii")
        else:
            yield character


def plural(count: int) -> str:
    """Return "s" unless there is exactly one."""
    return "" if count == 1 else "s"


def columns(text: str) -> int:
    """Return how many terminal columns clean text takes: wide characters take two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(_width(character) for character in text)


def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def chunks(text: str, width: int) -> list[str]:
    """Cut clean text into pieces of at most `width` columns, wherever that falls; spaces are kept."""
    pieces = [""]
    taken = 0
    for character in text:
        size = _width(character)
        if taken + size > width and pieces[-1]:
            pieces.append("")
            taken = 0
        pieces[-1] += character
        taken += size
    return pieces


def wrap(text: str, width: int, extra: int = 0) -> list[str]:
    """Break clean text at spaces into lines of at most `width` columns; longer words are cut.

    The first line may be `extra` columns longer: a hanging indent.
    """
    lines: list[str] = []
    line, room = "", width + extra
    for word in text.split():
        joined = f"{line} {word}" if line else word
        if columns(joined) <= room:
            line = joined
            continue
        if line:
            lines.append(line)
        *full, line = chunks(word, width)
        lines += full
        room = width if lines else room
    return [*lines, line] if line else lines


def fit(text: str, width: int) -> str:
    """Return clean text cut to `width` columns, with `...` where something is missing."""
    if columns(text) <= width:
        return text
    return chunks(text, width - 3)[0] + "..." if width > 3 else chunks(text, max(width, 1))[0]


def pad(text: str, width: int) -> str:
    """Return clean text filled with spaces to `width` columns."""
    return text + " " * (width - columns(text))


def show_number(value: float | str | None, digits: int = DIGITS) -> str:
    """Return a number for reading: `0.3333`, `1.2e-07`, `3`, `nan`. A string is cleaned and capped."""
    if isinstance(value, str):
        return clean(value, 40)
    if value is None:
        return "none"
    if value == 0:
        return "0"
    return f"{value:.{digits}g}"


def show_numbers(values: Sequence[float | str | None]) -> list[str]:
    """Return numbers with just enough digits to tell unequal ones apart: `1.000001` beside `1`."""
    for digits in range(DIGITS, MOST_DIGITS):
        shown = [show_number(value, digits) for value in values]
        if len(set(shown)) == len(set(map(repr, values))):
            return shown
    return [show_number(value, MOST_DIGITS) for value in values]


def show_shape(shape: Sequence[int]) -> str:
    """Return a shape as NumPy shows it: `(3,)`, `(3, 4)`."""
    return str(tuple(shape))
