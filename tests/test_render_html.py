"""A report as a page: what it says, what it must not contain, and the geometry of its pictures."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
import report_samples as samples

from grader.pictures import Depth, Heatmap, Histogram
from grader.render import terminal
from grader.render.drawings import HEIGHT, WIDTH, make_figure
from grader.render.html import render
from grader.report import Outcome

NAN, INF = float("nan"), float("inf")
HEATMAP = Heatmap(
    "dw",
    "a single example",
    (2, 2),
    (1.0, 2.0, NAN, 4.0),
    (1.0, 1.0, 1.0, 4.0),
    (0.0, 1e-3, NAN, 0.0),
    (False, True, True, False),
)
HISTOGRAM = Histogram((100, 400), 4.0, (0, 10, 20, 10), 3, "normal", 1.0)
DEPTH = Depth("relu", "forward", (1.0, 0.5, 0.0), (1.0, 1.0, 1.0), (0.8, 0.7, 0.6), (1.2, 1.4, 1.6))
EMPTY = {"meta", "path", "rect", "circle"}


class Page(HTMLParser):
    """Collects what a page is made of, and checks that what is opened is closed."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text, self._open = [], [], []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if "style" not in self._open:
            self.text.append(data)

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())


def pictured():
    report = samples.every_outcome()
    problems = (
        *report.problems[:1],
        replace(report.problems[1], pictures=(HEATMAP, HISTOGRAM, DEPTH)),
        *report.problems[2:],
    )
    return replace(report, problems=problems)


EVERY = [samples.untouched, samples.perfect, samples.every_outcome, samples.hostile, samples.faulty, pictured]


@pytest.mark.parametrize("sample", EVERY)
def test_a_page_is_well_formed_and_asks_for_nothing(sample):
    """No script, no link but to the page itself, no event handler, and a policy that forbids the rest."""
    page = Page(render(sample()))
    assert not {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "object", "base", "form"}
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name == "src"], tag
        assert all(value.startswith("#") for name, value in attributes.items() if name == "href")
    policies = [attributes["content"] for _, attributes in page.tags if "http-equiv" in attributes]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'"]
    assert not re.search(r"url\(|@import|https?:", render(sample()))


def test_nothing_of_a_students_gets_in_unescaped():
    """Names, messages, prints and paths stay text, without control characters, and long ones are cut."""
    text = render(samples.hostile())
    assert "<b>&amp;" not in text.replace("<b>" + "x" * 9, "")
    assert "&lt;b&gt;&amp;amp;" in text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e\u2066\u2028\ud800\uffff]", text)
    assert len(text) < 60_000
    text.encode("utf-8")


def test_a_page_says_what_the_terminal_says():
    """Every sentence of the terminal's report stands on the page."""
    report = pictured()
    said = Page(render(report)).words
    for line in terminal.render(report, width=100, color=False).splitlines():
        for word in re.findall(r"[A-Za-z_]{3,}", line.replace("Total", "")):
            assert word in said, word


def test_a_page_opens_on_what_matters():
    """The problem to look at next stands open before the table; the others are closed after it."""
    text = render(pictured())
    opened = re.findall(r'<details id="(\w+)" open>', text)
    assert opened == ["p1"]
    assert text.index('id="p1"') < text.index("<table>") < text.index('id="p2"')


def test_full_marks_show_every_picture():
    """With nothing left to repair, what was drawn stands open."""
    report = samples.perfect()
    done = replace(report, problems=(replace(report.problems[0], pictures=(HISTOGRAM,)), *report.problems[1:]))
    assert re.findall(r'<details id="(\w+)" open>', render(done)) == ["p0"]


def test_the_table_links_to_sections_that_exist():
    """No link leads nowhere."""
    page = Page(render(pictured()))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    links = [attributes["href"].removeprefix("#") for _, attributes in page.tags if "href" in attributes]
    assert links
    assert set(links) <= set(ids)
    assert len(ids) == len(set(ids))


def test_a_fault_has_no_score():
    """A fault of ours is called one, and there are no points on the page."""
    said = Page(render(samples.faulty())).words
    assert "This is a fault of the grader, not of your code." in said
    assert " / " not in said


def test_the_same_report_gives_the_same_page():
    """Nothing of the moment or the machine gets in."""
    assert render(pictured()) == render(pictured())


# --- figures ----------------------------------------------------------------------------------------------


def test_a_heat_map_tells_right_from_wrong_without_colour():
    """Right entries are dots without a shade; wrong ones say how far off they are; nan is the strongest."""
    figure = make_figure(HEATMAP)
    assert [(cell.text, cell.shade) for cell in figure.cells] == [
        ("·", "0.00"),
        ("1e-3", "0.62"),
        ("nan", "1.00"),
        ("·", "0.00"),
    ]
    assert figure.cells[1].title == "[0, 1] got 2, expected 1"
    assert figure.caption.startswith("2 of 4 entries are wrong")


@pytest.mark.parametrize(("shape", "grid"), [((), (1, 1)), ((3,), (1, 3)), ((2, 3), (2, 3)), ((2, 3, 2), (2, 6))])
def test_an_array_of_any_shape_is_laid_out_in_rows(shape, grid):
    """The first axis goes down, all others across; a vector lies in one row."""
    size = grid[0] * grid[1]
    figure = make_figure(Heatmap("x", "", shape, (1.0,) * size, (0.0,) * size, (1.0,) * size, (True,) * size))
    assert len({cell.y for cell in figure.cells}) == grid[0]
    assert len({cell.x for cell in figure.cells}) == grid[1]


def test_bars_and_curve_have_one_scale():
    """A bar of the density's greatest value ends where the curve does: both are densities."""
    figure = make_figure(Histogram((10, 100), 2.0, (101, 399, 399, 101), 0, "normal", 1.0))
    tops = [float(top) for top in re.findall(r" 154\.0V([\d.]+)h", figure.bars)]
    curve = [float(y) for y in re.findall(r"[ML][\d.]+ ([\d.]+)", figure.curve)]
    assert min(tops) == pytest.approx(min(curve), abs=0.2)


def test_a_spike_of_equal_weights_does_not_flatten_the_target():
    """Bars are cut at three times the density that was asked for, and the caption says so."""
    figure = make_figure(Histogram((1, 9), 4.0, (0, 9, *[0] * 38), 0, "normal", 1.0))
    curve = [float(y) for y in re.findall(r"[ML][\d.]+ ([\d.]+)", figure.curve)]
    assert min(curve) == pytest.approx(HEIGHT - 36 - (HEIGHT - 44) / 3.15, abs=0.2)
    assert figure.caption.endswith("are cut.")


@pytest.mark.parametrize(("spread", "ticks"), [(1.0, 5), (0.5, 3)])
def test_ticks_do_not_touch(spread, ticks):
    """Where the spread is small beside the picture, its ticks give way to the zero between them."""
    assert len(make_figure(Histogram((2, 5), 4.0, (0, 10, 0), 0, "normal", spread)).x_ticks) == ticks


def test_layers_without_a_number_are_crosses():
    """A standard deviation of zero has no place on a logarithmic axis: the layer is marked, not left out."""
    figure = make_figure(DEPTH)
    assert (len(figure.dots), len(figure.marks)) == (2, 1)
    assert "Crosses" in figure.caption


@pytest.mark.parametrize("value", [0.0, NAN, INF, 1e300, 1e-300])
def test_hopeless_numbers_are_drawn_inside_the_picture(value):
    """Whatever a network does to a signal, no coordinate leaves the drawing or is no number."""
    for got in ((value,) * 3, (1.0, value, 1.0)):
        figure = make_figure(replace(DEPTH, got=got))
        numbers = [float(n) for n in re.findall(r"-?[\d.]+|nan|inf", figure.line + figure.band + figure.curve)]
        assert all(0 <= n <= max(WIDTH, HEIGHT) for n in numbers)
        assert len(figure.dots) + len(figure.marks) == 3


def test_statuses_are_told_by_symbols_too():
    """Every problem's row has its symbol and its words beside the colour."""
    said = Page(render(samples.every_outcome())).words
    for words in ("+ relu_backward", "~ affine_backward", "x softmax_loss", "! tanh_backward", "- norm_backward"):
        assert words in said
    assert {status.value for status in Outcome} >= set(re.findall(r'class="symbol (\w+)"', render(pictured())))
