"""Which files an author adds to the students' package by showing them; the whole package is tried in end_to_end/."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.assignment import Course, load
from grader.authoring import wheel
from grader.authoring.package import _templates, pictures_of
from grader.errors import AssignmentError, UsageError

ROOT = Path(__file__).parent.parent


def write(folder, text, *pictures):
    (folder / "README.md").write_text(text, encoding="utf-8")
    for name in pictures:
        (folder / name).write_bytes(b"picture")


def test_the_pictures_that_the_handout_shows_are_in_it_and_no_others(tmp_path):
    text = "![a graph](graph.png)\nSee [there](notes.pdf), ![afar](https://example.org/x.png), ![steps](steps.svg)."
    write(tmp_path, text, "graph.png", "steps.svg", "draft.png")
    assert pictures_of(tmp_path) == {"graph.png": b"picture", "steps.svg": b"picture"}


@pytest.mark.parametrize("name", ["gone.png", "../elsewhere.png"])
def test_a_picture_that_is_not_beside_the_handout_is_an_error(tmp_path, name):
    write(tmp_path, f"![a graph]({name})")
    with pytest.raises(AssignmentError, match="which is no file beside it"):
        pictures_of(tmp_path)


def test_an_assignment_without_a_handout_has_none(tmp_path):
    assert pictures_of(tmp_path) == {}


@pytest.mark.parametrize("folder", sorted(path.parent for path in ROOT.glob("assignments/*/README.md")))
def test_every_picture_of_the_course_is_shown_by_its_handout(folder):
    assert set(pictures_of(folder)) == {path.name for path in folder.glob("*.png")}


def test_the_package_proposes_to_explore_a_gradient():
    """Without the solutions nothing else can be: hw4 begins with a forward."""
    course = Course(ROOT)
    assert "`grader explore hw4 layernorm_backward`" in _templates(load(course, "hw4"))["README.md"]
    assert "`grader run hw4 --problem layernorm_forward`" in _templates(load(course, "hw4"))["README.md"]


def test_an_installation_from_before_the_requirements_changed_packs_nothing(monkeypatch):
    """Who pulls and does not install again would hand out a package that does not start."""
    (needed,) = {line for line in wheel.metadata.distribution("grader").requires if line.startswith("click")}
    declared = wheel._declared()
    assert needed in declared
    monkeypatch.setattr(wheel, "_declared", lambda: [*declared, "new-thing>=1.0"])
    with pytest.raises(UsageError, match=r"its requirements changed \(new-thing\).*`pip install -e \.`"):
        wheel.build_wheel()
    monkeypatch.setattr(wheel, "_declared", lambda: None)  # No checkout: nothing to compare with.
    assert wheel.build_wheel()
