from __future__ import annotations

import pytest

from grader.errors import AssignmentError
from grader.figures import drawing
from grader.figures.drawing import Drawn, draw, read_experiments

EXPERIMENTS = '''
import os, pathlib, sys
import layers
from grader.figures import experiment, panels

PLACE = pathlib.Path(__file__).parent

@experiment
def drawn():
    """What to see.

    More.
    """
    print("\\x1b[2Jprinted")
    figure, axes = panels(1, 1, "title")
    axes[0, 0].plot(layers.good())
    return figure

@experiment
def waits():
    return layers.unwritten()

@experiment
def breaks():
    return layers.wrong()

@experiment
def returns_none():
    return None

@experiment
def forges():
    (PLACE / "forges.png").write_bytes(b"<svg onload=alert(1)>")
    (PLACE / "links.png").symlink_to("/etc/hostname")
    (PLACE / "leaves.txt").write_bytes(b"\\xff" * 10_000)
    os._exit(3)

@experiment
def links():
    pass

@experiment
def leaves():
    pass

@experiment
def hangs():
    while True:
        pass

def helper():
    pass
'''
LAYERS = b"""
def good():
    return [1, 2]

def unwritten():
    raise NotImplementedError("not yet")

def wrong():
    return 1 / 0
"""
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def experiments(tmp_path_factory):
    path = tmp_path_factory.mktemp("course") / "experiments.py"
    path.write_text(EXPERIMENTS, encoding="utf-8")
    return path


def drawn(experiments, *names):
    return {one.name: one for one in draw(experiments, {"layers.py": LAYERS}, names)}


def test_experiments_are_listed_with_what_they_show_and_nothing_is_run(experiments):
    found = read_experiments(experiments.parent)
    assert found["drawn"] == "What to see."
    assert "helper" not in found


def test_an_assignment_without_experiments_is_told_so(tmp_path):
    with pytest.raises(AssignmentError, match="so there is nothing to draw"):
        read_experiments(tmp_path)


def test_a_picture_or_a_reason_comes_back_in_order(experiments):
    found = drawn(experiments, "breaks", "drawn", "waits", "returns_none")
    assert list(found) == ["breaks", "drawn", "waits", "returns_none"]
    assert found["drawn"].picture.startswith(PNG)
    assert found["waits"] == Drawn("waits", reason="Write unwritten first, save its file, and draw this again.")
    assert found["breaks"].reason == "ZeroDivisionError: division by zero (layers.py, line 9)"
    assert "AttributeError" in found["returns_none"].reason


def test_what_the_process_leaves_is_not_trusted(experiments):
    """It ends early, forges a picture, links to a file of the machine and writes a long reason."""
    found = drawn(experiments, "forges", "links", "leaves")
    assert found["forges"] == Drawn("forges", reason="drawing ended with status 3")
    assert found["links"] == Drawn("links", reason="drawing ended with status 3")
    assert len(found["leaves"].reason) <= drawing.LONGEST_TEXT


def test_an_experiment_that_never_ends_is_ended(experiments, monkeypatch):
    monkeypatch.setattr(drawing, "TIMEOUT_S", 1.0)
    assert drawn(experiments, "hangs") == {"hangs": Drawn("hangs", reason="drawing took longer than 1 s")}
