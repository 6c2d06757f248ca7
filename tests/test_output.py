"""What is kept of a student's printing: so many lines, escaped and cut, and the rest counted."""

from __future__ import annotations

import tracemalloc

import pytest

from grader.sandbox.limits import Limits
from grader.sandbox.output import Output

LIMITS = Limits(output_lines=3, output_chars=10)


def shown(*chunks):
    output = Output(LIMITS)
    for chunk in chunks:
        output.feed(chunk)
    return output.take()


@pytest.mark.parametrize(
    ("chunks", "lines"),
    [
        ((), ()),
        ((b"a\n",), ("a",)),
        ((b"a\nb",), ("a", "b")),
        ((b"a\n\n",), ("a", "")),
        ((b"ab", b"c\nd", b"\n"), ("abc", "d")),
        ((b"1\n2\n3\n",), ("1", "2", "3")),
        ((b"1\n2\n3\n4",), ("1", "2", "3", "... and 1 more line")),
        ((b"1\n2\n3\n4\n5\n",), ("1", "2", "3", "... and 2 more lines")),
        ((b"1\n2\n3\n", b"4", b"4\n5"), ("1", "2", "3", "... and 2 more lines")),
        ((b"abcdefghijk",), ("abcdefg...",)),
        ((b"x" * 100_000 + b"\nnext\n",), ("xxxxxxx...", "next")),
        ((b"\x1b[2Jhi\n",), ("\\x1b[2Jhi",)),
        ((b"a\rb\n",), ("a\\rb",)),
        ((b"a\tb\n",), ("a       b",)),
        ((b"\xff\n",), ("\\xff",)),
        (("\u202eevil\n".encode(),), ("\\u202eevil",)),
        (("\u00e9\n".encode()[:1], "\u00e9\n".encode()[1:]), ("\u00e9",)),
    ],
    ids=repr,
)
def test_lines_are_bounded_and_escaped(chunks, lines):
    """However the bytes are cut into chunks, the lines are the same; what is left out is counted."""
    assert shown(*chunks) == lines


def test_taking_starts_anew():
    """Each problem shows its own lines."""
    output = Output(LIMITS)
    output.feed(b"first\n")
    assert output.take() == ("first",)
    output.feed(b"second\n")
    assert output.take() == ("second",)


def test_what_is_printed_again_can_be_forgotten():
    """After `restore` only what was there at the snapshot is kept, and muted output is dropped."""
    output = Output(LIMITS)
    output.feed(b"kept\nha")
    kept = output.snapshot()
    output.feed(b"lf\nagain\n")
    output.restore(kept)
    output.is_muted = True
    output.feed(b"nobody\n")
    output.is_muted = False
    output.feed(b"lf\n")
    assert output.take() == ("kept", "half")


def test_endless_printing_takes_no_memory():
    """A hundred megabytes of lines and one line of a hundred megabytes leave a few lines behind."""
    output = Output(LIMITS)
    lines, line = b"0123456\n" * 2**13, b"x" * 2**16
    tracemalloc.start()
    try:
        for _ in range(1600):
            output.feed(lines)
        for _ in range(1600):
            output.feed(line)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2**17
    assert output.take()[-1] == f"... and {1600 * 2**13 - 3 + 1} more lines"
