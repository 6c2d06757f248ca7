"""The instructor's page: what the class gets wrong, most frequent first, and nothing of a student's unescaped."""

from __future__ import annotations

import re

import pytest
from test_batch import NAMES, ROOT, entry, pupils, report

from grader.assignment import Course, load
from grader.batch.gradebook import FILE, Gradebook
from grader.batch.handins import Student
from grader.batch.overrides import Override
from grader.batch.overview import MOST_LINKS, look
from grader.batch.page import render

EVIL = "<script>alert(1)</script>"
# Made by so many students each, in another order than they are written in.
PLANTED = {"relu-on-at-zero": 3, "affine-db-averaged": MOST_LINKS + 2, "sigmoid-sign": 7}


@pytest.fixture(scope="module")
def hw3():
    return load(Course(ROOT), "hw3")


@pytest.fixture
def overview(tmp_path, hw3):
    book = Gradebook(tmp_path / FILE)
    book.begin(hw3, [Override(EVIL, "relu_backward", 150, EVIL)])
    for mistake, count in PLANTED.items():
        for number in range(count):
            name = f"{mistake}-{number:02d}"
            book.put(entry(name), pupils(Student(name)), report(hw3, 100, mistake))
    book.put(entry(EVIL), pupils(Student(EVIL, EVIL)), report(hw3))
    book.put(entry("unnamed"), pupils(Student("unnamed")), report(hw3, 300))
    broken = entry("broken", status="fault")
    book.put(broken, pupils(Student("broken")), None)
    yield look(book)
    book.close()


def test_mistakes_come_by_frequency_with_links(overview):
    assert [(one.name, one.count) for one in overview.mistakes] == sorted(PLANTED.items(), key=lambda item: -item[1])
    assert len(overview.mistakes[0].links) == MOST_LINKS
    assert overview.mistakes[1].links[0].address == "feedback/sigmoid-sign-00.html#p0"
    page = render(overview, "1")
    assert re.findall(r'class="count">(\d+)<', page) == ["32", "7", "3", "1"]
    assert "and 2 more" in page


def test_totals_count_what_was_decided_by_hand_and_leave_out_faults(overview):
    totals = dict(overview.totals)
    assert totals == {9900: sum(PLANTED.values()), 9750: 1, 9700: 1}
    assert [link.text for link, _ in overview.faults] == ["broken"]
    assert [(one.problem, one.name) for one in overview.unnamed] == [("affine_backward", "right values")]
    assert overview.tasks[0].lost == pytest.approx((100 * 42 + 300) / 44)


def test_nothing_of_a_student_gets_in_unescaped(overview):
    page = render(overview, "1")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r"""(?:src|href|xlink:href)=["'](?!feedback/|#)""", page.replace("xmlns:xlink", ""))
    assert "url(http" not in page


def test_the_same_gradebook_gives_the_same_page(overview):
    assert render(overview, "1") == render(overview, "1")


def test_an_empty_gradebook_has_a_page(tmp_path, hw3):
    book = Gradebook(tmp_path / FILE)
    book.begin(hw3, ())
    assert "nobody has a score yet" in render(look(book), "1")
    book.close()


def test_names_that_are_formulas_stay_names_on_the_page(tmp_path, hw3):
    book = Gradebook(tmp_path / FILE)
    book.begin(hw3, ())
    for name in NAMES:
        book.put(entry(name), pupils(Student(name)), report(hw3, 100, "sigmoid-sign"))
    assert look(book).mistakes[0].count == len(NAMES)
    assert "<svg" in render(look(book), "1")
    book.close()
