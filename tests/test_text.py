from __future__ import annotations

import math
import unicodedata

import pytest

from grader.render.text import chunks, clean, clean_lines, columns, fit, pad, show_number, show_numbers, wrap


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain text", "plain text"),
        ("Größe λ 漢字", "Größe λ 漢字"),
        ("two\nlines\tand a tab", "two lines and a tab"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("bell\x07 nul\x00 return\r", "bell\\x07 nul\\x00 return\\r"),
        ("\x9b2J", "\\x9b2J"),
        ("\u202egnp.exe\u2066", "\\u202egnp.exe\\u2066"),
        ("zero\u200bwidth \ufeff", "zero\\u200bwidth \\ufeff"),
        ("line\u2028paragraph\u2029", "line\\u2028paragraph\\u2029"),
        ("lone \ud800 surrogate", "lone \\ud800 surrogate"),
        ("no\u00a0break", "no break"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_a_terminal_would_obey_is_shown_as_an_escape(raw, shown):
    assert clean(raw) == shown


def test_no_code_point_gets_through_as_a_control_or_format_character():
    """All of Unicode's first plane, and the tags beyond it."""
    for start in (*range(0, 0x10000, 256), 0xE0000):
        shown = clean("".join(map(chr, range(start, start + 256))), 10_000)
        assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_cleaning_twice_changes_nothing_more():
    once = clean("\x1b[0m\u202e\n")
    assert clean(once) == once


def test_a_pile_of_combining_marks_is_taken_apart():
    """Two marks on a letter are a language; ten of them paint over the lines above."""
    assert clean("e\u0301\u0323") == "e\u0301\u0323"
    assert clean("e" + "\u0301" * 4) == "e\u0301\u0301\\u0301\\u0301"


def test_a_cap_says_how_much_it_left_out():
    assert clean("abcdefghij", 4) == "abcd... (6 more characters)"
    assert clean("abcde", 4) == "abcd... (1 more character)"
    assert clean("abcd", 4) == "abcd"


def test_escapes_count_toward_the_cap_and_are_never_cut_in_half():
    assert clean("\x00" * 10, 9) == "\\x00\\x00... (8 more characters)"


def test_lines_are_cleaned_one_by_one_and_capped_with_a_note():
    assert clean_lines("a\r\nb\x1b\n\tc\nd\n", 3) == ["a", "b\\x1b", "    c", "... (1 more line)"]


def test_only_line_feeds_end_lines():
    """Python's splitlines also breaks at form feeds and separators, which a student can print."""
    assert clean_lines("a\x0cb\x1cc", 5) == ["a\\x0cb\\x1cc"]


def test_wide_characters_count_twice_and_combining_marks_not_at_all():
    assert columns("漢字") == 4
    assert columns("e\u0301") == 1
    assert pad("漢", 4) == "漢  "


def test_wrapped_lines_keep_to_the_width_and_lose_no_word():
    text = "one three seventeen " * 5 + "x" * 30 + " 漢字漢字漢字漢字漢字漢字"
    lines = wrap(text, 12)
    assert max(map(columns, lines)) <= 12
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_a_hanging_indent_gives_the_first_line_more_room():
    assert wrap("aaaa bb cc", 7, extra=3) == ["aaaa bb cc"]
    assert wrap("aaaa bb cc dddd eeee", 7, extra=3) == ["aaaa bb cc", "dddd", "eeee"]
    assert wrap("b" * 20, 7, extra=3) == ["b" * 7, "b" * 7, "b" * 6]


def test_chunks_keep_the_spaces_of_printed_arrays():
    assert chunks("[[1.  2.]", 4) == ["[[1.", "  2.", "]"]


def test_fitting_marks_what_was_cut():
    assert fit("batchnorm_backward", 10) == "batchno..."
    assert fit("relu", 10) == "relu"
    assert [len(fit("abcdefgh", width)) for width in range(1, 6)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1 / 3, "0.3333"),
        (1.2e-7, "1.2e-07"),
        (3.0, "3"),
        (0.0, "0"),
        (-0.0, "0"),
        (-12345.678, "-1.235e+04"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        (None, "none"),
        ("a\x1bb", "a\\x1bb"),
    ],
)
def test_numbers_are_short(value, shown):
    assert show_number(value) == shown


def test_unequal_numbers_never_look_the_same():
    assert show_numbers((1.0000001, 1.0)) == ["1.0000001", "1"]
    assert show_numbers((0.1 + 0.2, 0.3)) == ["0.30000000000000004", "0.29999999999999999"]


def test_equal_and_missing_numbers_stay_short():
    assert show_numbers((1 / 3, 1 / 3)) == ["0.3333", "0.3333"]
    assert show_numbers((math.nan, None)) == ["nan", "none"]
