"""`grader submit`, `--annotate` and `--require-isolation` through the real command line."""

from __future__ import annotations

import json
import re
import zipfile

import pytest
from notebooks import code_cell, text_cell, write_notebook
from submissions import FILES, SOLUTIONS, write_submission


def test_the_zip_has_exactly_the_files_that_are_asked_for(command, tmp_path):
    folder = write_submission(tmp_path / "work")
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    done = command("submit", "hw3", "--submission", folder, "--out", tmp_path / "up.zip")
    assert (done.returncode, done.stderr) == (0, "")
    with zipfile.ZipFile(tmp_path / "up.zip") as archive:
        assert archive.namelist() == list(FILES)
        assert archive.read("layers.py") == (folder / "layers.py").read_bytes()
    assert "public cases: 100 / 100" in done.stdout
    assert "Upload up.zip on Gradescope" in done.stdout


def test_what_is_uploaded_grades_like_the_folder(command, grade, tmp_path):
    command("submit", "hw3", "--submission", SOLUTIONS, "--out", tmp_path / "up.zip")
    assert grade(tmp_path / "up.zip").report["score"] == 100.0


def test_warnings_come_before_the_upload(command, tmp_path):
    functions = {"relu_backward": "def relu_backward(dout, cache):\n    raise NotImplementedError"}
    functions["tanh_backward"] = "def tanh_backward(dout, cache):\n    return dout"
    folder = write_submission(tmp_path / "work", functions)
    (folder / "initializers.py").unlink()
    (folder / "batchnorm.py").write_text("def batchnorm_forward(:\n", encoding="utf-8")
    done = command("submit", "hw3", "--submission", folder, "--out", tmp_path / "up.zip")
    text = " ".join(done.stdout.split())
    assert done.returncode == 0
    assert "! initializers.py is missing" in text
    assert "! importing batchnorm.py raised SyntaxError" in text
    assert "not implemented yet: relu_backward" in text
    assert "points are missing on the public cases: tanh_backward" in text


def test_nothing_is_written_where_it_cannot_be(command, tmp_path):
    done = command("submit", "hw3", "--submission", SOLUTIONS, "--out", tmp_path / "nowhere" / "up.zip")
    assert done.returncode == 2
    assert "cannot write" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_pdf_has_the_notebook_with_its_outputs_and_then_the_files(command, tmp_path):
    folder = write_submission(tmp_path / "work")
    shown = {"output_type": "stream", "name": "stdout", "text": "seen"}
    cell = code_cell("experiments.activation_curves()", outputs=[shown], execution_count=1)
    write_notebook(folder / "hw3.ipynb", text_cell("*Your answer here.*"), cell)
    done = command("submit", "hw3", "--submission", folder, "--out", tmp_path / "up.zip", "--pdf")
    assert (done.returncode, done.stderr) == (0, "")
    assert "! hw3.ipynb: 1 question without an answer" in done.stdout
    pdf = (tmp_path / "up.pdf").read_bytes()
    assert pdf.startswith(b"%PDF-")
    bookmarks = re.findall(rb"/Title \(([^)]*)\)", pdf)
    assert bookmarks[:4] == [name.encode() for name in ("hw3.ipynb", *FILES)]


def test_a_pdf_without_a_notebook_says_so(command, tmp_path):
    folder = write_submission(tmp_path / "work")
    done = command("submit", "hw3", "--submission", folder, "--out", tmp_path / "up.zip", "--pdf")
    assert done.returncode == 0
    assert "! hw3.ipynb is not there, so the PDF has the .py files only" in " ".join(done.stdout.split())
    assert (tmp_path / "up.pdf").is_file()


def test_annotations_stand_at_the_functions(command, tmp_path):
    folder = write_submission(tmp_path / "work", {"tanh_backward": "def tanh_backward(dout, cache):\n    return dout"})
    summary = tmp_path / "summary.md"
    done = command("run", "hw3", "--submission", folder, "--annotate", "github", GITHUB_STEP_SUMMARY=str(summary))
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("::")]
    assert line.startswith(f"::error file={folder.as_posix()}/layers.py,line=")
    assert summary.read_text(encoding="utf-8").startswith("### hw3: 97 / 100")
    assert command("run", "hw3", "--annotate", "jenkins").returncode == 2


def test_below_the_isolation_that_is_asked_for_there_is_no_score(command, tmp_path):
    """A fault of the grader, not a zero."""
    file = tmp_path / "report.json"
    done = command(
        "run", "hw3", "--submission", SOLUTIONS, "--no-isolation", "--require-isolation", "2", "--json", file
    )
    assert done.returncode == 2
    assert "isolation level 0" in " ".join(done.stdout.split())
    report = json.loads(file.read_text(encoding="utf-8"))
    assert report["score"] is None
    assert "isolation level 0, but 2 is required, so nothing was graded" in report["fault"]


@pytest.mark.parametrize("value", ["-1", "5", "x"])
def test_an_isolation_level_is_0_to_4(command, value):
    done = command("run", "hw3", "--require-isolation", value)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
