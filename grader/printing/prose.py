"""Markdown as paragraphs of plain spans. HTML in it is text, links are not followed, pictures are named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.render.text import clean

if TYPE_CHECKING:
    from markdown_it.token import Token

LONGEST_LINE = 4_000
_SIZES = {"h1": 15.0, "h2": 13.0, "h3": 11.5}


@dataclass(frozen=True)
class Span:
    """Text in one style: `B`, `I`, both or neither."""

    text: str
    style: str = ""
    is_code: bool = False


@dataclass(frozen=True)
class Paragraph:
    """Spans that flow. `size` is that of a heading in points, or 0; `indent` counts lists and quotations around it."""

    spans: tuple[Span, ...]
    size: float = 0
    indent: int = 0
    is_tight: bool = False


def read_prose(source: str) -> Iterator[Paragraph]:
    """Yield the paragraphs, headings, list items, code and rows of tables of a text."""
    from markdown_it import MarkdownIt  # For start-up time.

    lines = [clean(line.expandtabs(4), LONGEST_LINE) for line in source.replace("\r\n", "\n").split("\n")]
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    indent, size, marker = 0, 0.0, ""
    cells: list[str] = []
    is_cell = False
    for token in parser.parse("\n".join(lines)):
        if token.type in ("bullet_list_open", "ordered_list_open", "blockquote_open"):
            indent += 1
        elif token.type in ("bullet_list_close", "ordered_list_close", "blockquote_close"):
            indent -= 1
        elif token.type == "list_item_open":
            marker = f"{token.info}. " if token.info else "• "
        elif token.type == "heading_open":
            size = _SIZES.get(token.tag, 10.5)
        elif token.type in ("th_open", "td_open"):
            is_cell = True
        elif token.type == "tr_close":
            yield Paragraph((Span("   |   ".join(cells)),), indent=indent, is_tight=True)
            cells = []
        elif token.type in ("fence", "code_block"):
            for line in token.content.rstrip("\n").split("\n"):
                yield Paragraph((Span(line or " ", is_code=True),), indent=indent + 1, is_tight=True)
        elif token.type == "inline" and is_cell:
            cells.append("".join(span.text for span in _spans(token.children or [], "")))
            is_cell = False
        elif token.type == "inline":
            found = tuple(_spans(token.children or [], "B" if size else ""))
            yield Paragraph((Span(marker), *found) if marker else found, size, indent, is_tight=bool(marker))
            size, marker = 0.0, ""


def _spans(tokens: Sequence[Token], style: str) -> Iterator[Span]:
    """Yield the spans of a paragraph; `style` is that of all of it."""
    bold, italic = (1 if "B" in style else 0), 0
    for token in tokens:
        if token.type in ("strong_open", "strong_close"):
            bold += token.nesting
        elif token.type in ("em_open", "em_close"):
            italic += token.nesting
        elif token.type == "code_inline":
            yield Span(token.content, "B" if bold else "", is_code=True)
        elif token.type == "softbreak":
            yield Span(" ")
        elif token.type == "hardbreak":
            yield Span("\n")
        elif token.type == "image":
            yield Span(f"[picture: {token.content}]", "I")
        elif token.content:
            yield Span(token.content, ("B" if bold else "") + ("I" if italic else ""))
