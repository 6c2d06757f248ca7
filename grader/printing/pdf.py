"""Sections of a submission drawn on A4 pages. The same sections give the same bytes."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from grader.printing.blocks import Block, Code, Output, Picture, Prose, Section
from grader.printing.highlight import PLAIN, Style, highlight
from grader.printing.prose import Paragraph, read_prose

if TYPE_CHECKING:
    from fpdf import FPDF

MOST_PAGES = 150

_MARGIN_MM = 16.0
_NUMBERS_MM = 10.0
# Lines of 110 characters fit.
_CODE_PT = 7.2
_CODE_LINE_MM = 3.45
_TEXT_PT = 10.0
_TEXT_LINE_MM = 5.0
# Two figures of an experiment fit on a page.
_PIXEL_MM = 25.4 / 150
_SHADE = 243
_MOMENT = datetime(1980, 1, 1, tzinfo=timezone.utc)
_FONTS = {
    ("text", ""): "DejaVuSans.ttf",
    ("text", "B"): "DejaVuSans-Bold.ttf",
    ("text", "I"): "DejaVuSans-Oblique.ttf",
    ("text", "BI"): "DejaVuSans-BoldOblique.ttf",
    ("mono", ""): "DejaVuSansMono.ttf",
    ("mono", "B"): "DejaVuSansMono-Bold.ttf",
    ("mono", "I"): "DejaVuSansMono-Oblique.ttf",
    ("mono", "BI"): "DejaVuSansMono-BoldOblique.ttf",
}


def to_pdf(title: str, sections: Sequence[Section]) -> bytes:
    """Return a PDF with every section on pages of its own; more than MOST_PAGES are left out, with a note."""
    # fpdf2 and fontTools log each character that the font lacks; it is drawn as an empty box.
    for name in ("fpdf", "fontTools"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    paper = _Paper(_new(title))
    for section in sections:
        paper.begin(title, section.name)
        for number, block in enumerate(section.blocks):
            if paper.pages >= MOST_PAGES:
                paper.note(f"... (the rest was left out: more than {MOST_PAGES} pages)")
                return paper.output()
            paper.keep_together(section.blocks[number : number + 2])
            paper.draw(block)
    return paper.output()


def _new(title: str) -> FPDF:
    import matplotlib  # For start-up time.
    from fpdf import FPDF

    class Numbered(FPDF):
        def footer(self) -> None:
            self.set_y(-0.75 * _MARGIN_MM)
            self.set_font("text", "", 8)
            self.cell(0, 5, f"{title}   {self.page_no()}", align="R")

    pdf = Numbered(format="A4")
    pdf.set_creation_date(_MOMENT)
    pdf.set_title(title)
    pdf.set_margins(_MARGIN_MM, _MARGIN_MM)
    pdf.set_auto_page_break(True, _MARGIN_MM)
    # matplotlib brings fonts with Greek letters and the signs of mathematics.
    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    for (family, style), file in _FONTS.items():
        if (fonts / file).is_file():
            pdf.add_font(family, style, fonts / file)
    return pdf


class _Paper:
    """Draws blocks one below the other."""

    def __init__(self, pdf: FPDF) -> None:
        self._pdf = pdf

    @property
    def pages(self) -> int:
        return int(self._pdf.page_no())

    def output(self) -> bytes:
        return bytes(self._pdf.output())

    def begin(self, title: str, name: str) -> None:
        """Begin a section on a new page, with its name at the top and among the bookmarks."""
        self._pdf.add_page()
        self._pdf.set_font("text", "B", 13)
        self._pdf.start_section(name)
        self._write(name, 7)
        self._pdf.set_font("text", "", 9)
        self._write(f"   {title}", 7)
        self._pdf.ln(10)

    def keep_together(self, blocks: Sequence[Block]) -> None:
        """Begin a new page where a short cell and the picture below it fit on one, but not on what is left."""
        if len(blocks) == 2 and isinstance(blocks[0], Code) and isinstance(blocks[1], Picture):
            height = _CODE_LINE_MM * len(blocks[0].lines) + 6 + self._size(blocks[1])[1]
            if self._left < height < self._pdf.eph:
                self._pdf.add_page()

    @property
    def _left(self) -> float:
        return float(self._pdf.h - _MARGIN_MM - self._pdf.get_y())

    def draw(self, block: Block) -> None:
        if isinstance(block, Prose):
            for paragraph in read_prose(block.source):
                self._paragraph(paragraph)
            self._pdf.ln(1.5)
        elif isinstance(block, Code):
            self._code(block)
        elif isinstance(block, Output):
            self._lines(([(line, PLAIN)] for line in block.lines), shaded=False)
        elif isinstance(block, Picture):
            self._picture(block)
        else:
            self.note(block.text)

    def note(self, text: str) -> None:
        """Write what we have to say, in italics."""
        self._pdf.set_font("text", "I", 8)
        self._write(text, _CODE_LINE_MM)
        self._pdf.ln(_TEXT_LINE_MM + 1)

    def _write(self, text: str, height: float) -> None:
        self._pdf.write(height, text)

    def _paragraph(self, paragraph: Paragraph) -> None:
        pdf = self._pdf
        size = paragraph.size or _TEXT_PT
        height = _TEXT_LINE_MM * size / _TEXT_PT
        pdf.set_left_margin(_MARGIN_MM + 6 * paragraph.indent)
        pdf.set_x(pdf.l_margin)
        for span in paragraph.spans:
            pdf.set_font("mono" if span.is_code else "text", span.style, size * (0.92 if span.is_code else 1))
            # fpdf2 breaks a word in two that does not fit, where it is the first of a piece.
            word = pdf.get_string_width(span.text.split(" ", 1)[0])
            if pdf.get_x() + word > pdf.w - _MARGIN_MM and word < pdf.epw:
                pdf.ln(height)
            self._write(span.text, height)
        pdf.set_left_margin(_MARGIN_MM)
        pdf.ln(height + (1 if paragraph.is_tight else 2.5))

    def _code(self, block: Code) -> None:
        self._lines(highlight(block.lines), shaded=True, first=block.first)

    def _lines(self, lines: Iterator[list[tuple[str, Style]]], *, shaded: bool, first: int = 0) -> None:
        """Draw lines in a font of one width; what is too long goes on in the next one."""
        pdf = self._pdf
        pdf.set_font("mono", "", _CODE_PT)
        left = _MARGIN_MM + (_NUMBERS_MM if first else 2)
        width = pdf.get_string_width("x")
        columns = int((pdf.w - _MARGIN_MM - left) / width)
        for number, spans in enumerate(lines, first):
            for part, row in enumerate(_rows(spans, columns)):
                if self._left < _CODE_LINE_MM:
                    if self.pages >= MOST_PAGES:
                        return
                    pdf.add_page()
                y = pdf.get_y()
                if shaded:
                    pdf.set_fill_color(_SHADE)
                    pdf.rect(_MARGIN_MM, y, pdf.w - 2 * _MARGIN_MM, _CODE_LINE_MM + 0.05, style="F")
                if first and part == 0:
                    self._put(f"{number:4d}", Style(color=(120, 120, 120)), _MARGIN_MM, y)
                at = left
                for text, style in row:
                    self._put(text, style, at, y)
                    at += width * len(text)
                pdf.set_y(y + _CODE_LINE_MM)
        pdf.ln(2.5)

    def _put(self, text: str, style: Style, x: float, y: float) -> None:
        if text.strip():
            self._pdf.set_font("mono", style.font, _CODE_PT)
            self._pdf.set_text_color(*style.color)
            self._pdf.text(x, y + 0.75 * _CODE_LINE_MM, text)
            self._pdf.set_text_color(0)

    def _size(self, picture: Picture) -> tuple[float, float]:
        """Return width and height in mm: as on a screen, or what fits on a page."""
        pdf = self._pdf
        scale = min(_PIXEL_MM, pdf.epw / picture.width, pdf.eph / picture.height)
        return picture.width * scale, picture.height * scale

    def _picture(self, picture: Picture) -> None:
        pdf = self._pdf
        width, height = self._size(picture)
        if self._left < height:
            pdf.add_page()
        pdf.image(io.BytesIO(picture.png), x=_MARGIN_MM, y=pdf.get_y(), w=width, h=height)
        pdf.set_y(pdf.get_y() + height)
        pdf.ln(3)


def _rows(spans: list[tuple[str, Style]], columns: int) -> Iterator[list[tuple[str, Style]]]:
    """Yield a line as rows of at most `columns` characters; an empty line is one row."""
    row: list[tuple[str, Style]] = []
    room = columns
    for text, style in spans:
        rest = text
        while rest:
            if room == 0:
                yield row
                row, room = [], columns
            row.append((rest[:room], style))
            rest, room = rest[room:], room - len(rest[:room])
    yield row
