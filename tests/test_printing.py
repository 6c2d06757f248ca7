from __future__ import annotations

import base64
import io

import pytest
from notebooks import as_bytes, code_cell, text_cell
from PIL import Image, PngImagePlugin

from grader.errors import IntakeError
from grader.printing import from_notebook, from_source, to_pdf
from grader.printing import pdf as paper
from grader.printing.blocks import Code, Note, Output, Picture, Prose, Section
from grader.printing.highlight import highlight
from grader.printing.pictures import read_picture
from grader.printing.prose import read_prose


def image(mode="RGB", size=(3, 2), kind="PNG", **options):
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, kind, **options)
    return base64.b64encode(buffer.getvalue()).decode()


def display(**data):
    named = {kind.replace("_", "/", 1).replace("_", "+"): value for kind, value in data.items()}
    return {"output_type": "display_data", "metadata": {}, "data": named}


def stream(text):
    return {"output_type": "stream", "name": "stdout", "text": text}


def blocks(*outputs, source="1"):
    found = from_notebook("hw9.ipynb", as_bytes(code_cell(source, outputs=list(outputs)))).blocks
    assert isinstance(found[0], Code)
    return found[1:]


# --- what is taken ----------------------------------------------------------------------------------------


def test_cells_come_in_their_order_with_what_they_put_out():
    data = as_bytes(text_cell("# Title"), code_cell(["x = 1\n", "x"], outputs=[stream(["1\n", "2\n"])]))
    assert from_notebook("a.ipynb", data).blocks == (Prose("# Title"), Code(("x = 1", "x")), Output(("1", "2")))


def test_lines_of_a_file_have_numbers_and_a_tab_is_four_columns():
    assert from_source("a.py", b"if x:\r\n\tpass\n").blocks == (Code(("if x:", "    pass"), first=1),)


def test_a_picture_comes_before_its_text():
    (found,) = blocks(display(text_plain="Figure", image_png=image()))
    assert (type(found), found.width, found.height) == (Picture, 3, 2)


@pytest.mark.parametrize("kind", ["text_html", "image_svg_xml", "application_javascript", "text_latex"])
def test_what_is_active_is_never_printed(kind):
    assert blocks(display(text_plain="plain", **{kind: "<script>secret()</script>"})) == (Output(("plain",)),)
    assert blocks(display(**{kind: "<script>secret()</script>"})) == (
        Note("(an output of a kind that is not printed)"),
    )


def test_a_traceback_is_printed_without_its_colours():
    error = {"output_type": "error", "ename": "E", "evalue": "", "traceback": ["\x1b[0;31mE\x1b[0m", "line \x1b]0;x"]}
    assert blocks(error) == (Output(("E", "line \\x1b]0;x")),)


@pytest.mark.parametrize("strange", [None, 7, [], [None], {"data": 3}, {"output_type": "stream", "text": {"a": 1}}])
def test_outputs_of_any_shape_are_survived(strange):
    assert blocks(strange, stream("after"))[-1] == Output(("after",))


def test_what_is_no_notebook_is_refused():
    with pytest.raises(IntakeError, match="not a notebook"):
        from_notebook("a.ipynb", b"<html")


# --- limits, and each says so -----------------------------------------------------------------------------


def test_a_huge_output_is_cut():
    (found,) = blocks(stream("x\n" * 100_000))
    assert len(found.lines) == 61
    assert found.lines[-1] == "... (99940 more lines)"
    (line,) = blocks(stream("x" * 100_000))[0].lines
    assert line.endswith("... (99000 more characters)")


def test_many_outputs_long_prose_and_long_code_are_cut():
    assert blocks(*[stream("a")] * 100)[-1] == Note("... (88 more outputs)")
    section = from_notebook("a.ipynb", as_bytes(text_cell("y" * 30_000), "1"))
    assert section.blocks[1] == Note("... (10,000 more characters)")
    assert from_source("a.py", b"x\n" * 5_000).blocks[1] == Note("... (3,000 more lines)")


@pytest.mark.parametrize(
    ("encoded", "words"),
    [
        ("", "cannot be read"),
        ("!!!", "cannot be read"),
        (base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(40)).decode(), "cannot be read"),
        (image()[:40], "cannot be read"),
        (image(kind="GIF"), "cannot be read"),
        (image("1", (10_000, 10_000)), "10000 x 10000 pixels was left out"),
        (image("1", (30_000, 30_000)), "cannot be read"),
        ("A" * 12_000_000, "more than 8 MiB"),
    ],
)
def test_a_picture_that_is_odd_is_left_out_with_a_note(encoded, words):
    assert words in read_picture(encoded)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_pictures_of_every_mode_are_put_on_white(mode):
    found = read_picture(image(mode))
    assert (found.width, found.height) == (3, 2)


def test_only_pixels_of_a_picture_pass():
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "smuggled")
    assert b"smuggled" in base64.b64decode(image(pnginfo=text))
    assert b"smuggled" not in read_picture(image(pnginfo=text)).png


# --- what a student is told -------------------------------------------------------------------------------


def test_cells_that_were_not_run_and_questions_without_an_answer_are_told():
    data = as_bytes(text_cell("*Your answer here.*"), code_cell("1", execution_count=3), code_cell("2"), code_cell(""))
    assert from_notebook("a.ipynb", data).warnings == (
        "a.ipynb: 1 of 2 cells were not run; choose Run All, save it and submit again",
        "a.ipynb: 1 question without an answer",
    )


# --- Markdown and Python ----------------------------------------------------------------------------------


def lines(source):
    return [
        ("".join(span.text for span in paragraph.spans), paragraph.size, paragraph.indent)
        for paragraph in read_prose(source)
    ]


def test_markdown_becomes_paragraphs():
    source = (
        "# Title\n\nSome\ntext\n\n- one\n  1. two\n\n> said\n\n```\nx = 1\n\ny\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    )
    assert lines(source) == [
        ("Title", 15.0, 0),
        ("Some text", 0.0, 0),
        ("• one", 0.0, 1),
        ("1. two", 0.0, 2),
        ("said", 0.0, 1),
        ("x = 1", 0, 1),
        (" ", 0, 1),
        ("y", 0, 1),
        ("a   |   b", 0, 0),
        ("1   |   2", 0, 0),
    ]


def test_html_in_markdown_is_text_and_pictures_are_named():
    assert lines("<script>x</script> ![alt](http://a/b.png) [go](javascript:x)")[0][0] == (
        "<script>x</script> [picture: alt] [go](javascript:x)"
    )


def test_bold_and_italics_and_code_are_told_apart():
    (paragraph,) = read_prose("**a** *b* `c` **_d_**")
    found = [(span.text, span.style, span.is_code) for span in paragraph.spans if span.text.strip()]
    assert found == [("a", "B", False), ("b", "I", False), ("c", "", True), ("d", "BI", False)]


def test_highlighting_keeps_every_character_of_every_line():
    source = ("def f(x):  # why", '    """Two', '    lines."""', "", "    return 'a' + 1", "  broken ( \\")
    found = ["".join(text for text, _ in row) for row in highlight(source)]
    assert found == list(source)


# --- paper ------------------------------------------------------------------------------------------------

SECTION = Section("a.py", (Prose("σ² → **0**"), Code(("x = 'é漢'" * 40, ""), first=1), Output(("1",)), Note("end")))


def test_the_same_submission_gives_the_same_bytes():
    first = to_pdf("hw9: title", [SECTION])
    assert first.startswith(b"%PDF-")
    assert to_pdf("hw9: title", [SECTION]) == first


def test_nothing_active_is_in_the_file():
    notebook = from_notebook("a.ipynb", as_bytes(text_cell("[go](http://example.org) <a href='x'>y</a>"), "1"))
    found = to_pdf("t", [notebook])
    for word in (b"/JavaScript", b"/JS", b"/URI", b"/Launch", b"/EmbeddedFile", b"/OpenAction /S"):
        assert word not in found


@pytest.mark.parametrize("size", [(1, 20_000), (20_000, 1), (1, 1)])
def test_pictures_of_every_shape_fit_on_a_page(size):
    picture = read_picture(image(size=size))
    to_pdf("t", [Section("a", (Code(("x",)), Picture(picture.png, picture.width, picture.height)))])


def test_more_pages_than_anyone_reads_are_left_out(monkeypatch):
    monkeypatch.setattr(paper, "MOST_PAGES", 2)
    found = to_pdf("t", [Section("a", (Output(("x",) * 500),) * 3)] * 3)
    assert found.count(b"/Type /Page\n") == 3  # The last one says so.


def test_a_file_as_large_as_is_taken_ends_at_the_last_page():
    found = to_pdf("t", [from_source("a.py", b"+1" * 120_000), from_source("b.py", b"x=1;\n" * 50_000)])
    assert found.count(b"/Type /Page\n") <= paper.MOST_PAGES + 1


def test_many_pictures_are_cut(monkeypatch):
    monkeypatch.setattr("grader.printing.blocks.MOST_PICTURES", 2)
    found = blocks(*[display(image_png=image())] * 3)
    assert [type(block) for block in found] == [Picture, Picture, Note]
