from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest

from grader import notebook
from grader.figures import LINES, Unfinished, experiment, experiments_in, panels


def he_normal():
    raise NotImplementedError("hw3: he_normal is not implemented yet")


@experiment
def waits():
    """What to see."""
    return he_normal()


def test_an_experiment_that_waits_for_a_function_says_which_one():
    assert waits() == Unfinished("he_normal")
    assert str(waits()) == "Write he_normal first, save its file, and draw this again."
    assert "<strong>" in waits()._repr_html_()


def test_a_name_from_a_student_is_escaped_in_the_notebook():
    assert "<b>" not in Unfinished("<b>")._repr_html_()


def test_other_errors_are_the_students_to_see():
    @experiment
    def breaks():
        return 1 / 0

    with pytest.raises(ZeroDivisionError):
        breaks()


def test_experiments_are_found_in_their_order_and_nothing_else_is():
    module = ModuleType("experiments")
    vars(module).update({"waits": waits, "he_normal": he_normal, "again": experiment(he_normal), "panels": panels})
    assert list(experiments_in(module)) == ["waits", "again"]


def test_an_experiment_keeps_its_name_and_what_it_says():
    assert (waits.__name__, waits.__doc__) == ("waits", "What to see.")


def test_panels_have_a_title_and_two_axes_of_axes():
    figure, axes = panels(2, 3, "Spread by depth")
    assert axes.shape == (2, 3)
    assert figure.get_suptitle() == "Spread by depth"


def test_a_figure_is_shown_without_pyplot():
    figure, _ = panels(1, 1, "title")
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_two_lines_differ_in_colour_dashes_marker_and_lightness():
    for key in ("color", "linestyle", "marker"):
        assert len({str(line[key]) for line in LINES}) == len(LINES)
    assert len({round(lightness(line["color"]), 1) for line in LINES}) >= 4


def lightness(color):
    red, green, blue = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return 0.299 * red + 0.587 * green + 0.114 * blue


def test_importing_the_package_does_not_import_matplotlib():
    code = "import sys, grader.figures, grader.notebook; print('matplotlib' in sys.modules, 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False False"


def test_a_report_in_a_notebook_is_a_frame_without_scripts():
    shown = notebook.Shown("100 / 100", '<p class="x">"&</p>')
    assert repr(shown) == "100 / 100"
    assert shown._repr_html_().startswith(
        '<iframe sandbox srcdoc="&lt;p class=&quot;x&quot;&gt;&quot;&amp;&lt;/p&gt;" style='
    )


def test_a_command_that_could_not_be_done_is_shown_as_text(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = notebook.report("hw3", "affine_backward")
    assert "no assignments/ folder" in repr(shown)
    assert shown._repr_html_().startswith("<pre")
