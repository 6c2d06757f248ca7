"""Notebooks as submissions, through the command line: the same report as files, and one sentence for each fault."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

import pytest
from submissions import FILES, SOLUTIONS, write_submission

# Helpers of the tests one folder up.
sys.path.append(str(Path(__file__).parent.parent))
from notebooks import as_bytes, code_cell, document, text_cell, write_notebook

HEAD = "%matplotlib inline\n!pip install numpy\nimport numpy as np\nimport matplotlib.pyplot as plt"
EXPERIMENT = "import os\nos._exit(1)\nplt.plot(np.load('data.npy'))"
WRONG = {
    "relu_backward": "def relu_backward(dout, cache):\n    return dout * (cache >= 0)",
    "tanh_backward": "def tanh_backward(dout, cache):\n    raise NotImplementedError",
    "softmax_loss": "def softmax_loss(x, y):\n    print('scores')\n    return x[0, 99], x",
    "batchnorm_backward": "def batchnorm_backward(dout, cache):\n    return dout",
}


def cells_of(folder):
    """Return a submission's files as cells: one for each statement, experiments and text between them."""
    cells = [text_cell("# Homework 3"), HEAD]
    for file in FILES:
        source = (folder / file).read_text(encoding="utf-8")
        for statement in ast.parse(source).body:
            if not isinstance(statement, (ast.Import, ast.ImportFrom)):
                lines = ast.get_source_segment(source, statement).splitlines(keepends=True)
                cells += [code_cell(lines), text_cell("Next:")]
        cells.append(EXPERIMENT)
    return cells


def same(outcome):
    """Return what must be the same whatever a function stands in: all but places in files."""
    checks = {
        name: (
            problem["status"],
            problem["score"],
            problem["message"],
            problem.get("printed"),
            problem["evidence"],
            [{**check, "message": check["message"].split(" (")[0]} for check in problem["checks"]],
        )
        for name, problem in outcome.problems.items()
    }
    return outcome.status, outcome.report["score"], outcome.report["bank"], outcome.report["evidence"], checks


@pytest.fixture(scope="module", params=["right", "wrong"])
def pair(request, grade, tmp_path_factory):
    """Return the outcome of files, and of the notebook with the same functions."""
    folder = tmp_path_factory.mktemp("work")
    write_submission(folder / "files", WRONG if request.param == "wrong" else {})
    notebook = write_notebook(folder / "hw3.ipynb", *cells_of(folder / "files"))
    return grade(folder / "files"), grade(notebook)


def test_files_and_notebook_get_the_same_report(pair):
    """Scores, statuses, messages, evidence, prints: all but the names of files and lines."""
    files, notebook = pair
    assert same(files) == same(notebook)
    assert notebook.errors == ""
    assert {Path(problem["file"]).name for problem in notebook.report["problems"]} == {"hw3.ipynb"}


def test_the_report_says_what_was_left_out(pair):
    """And how cells are counted."""
    notes = " ".join(pair[1].report["notes"])
    assert "Cells are counted from the top" in notes
    assert "magics and shell lines were left out of cell 2." in notes


def test_an_error_names_notebook_cell_and_line(grade, tmp_path):
    cells = "import numpy as np", text_cell("x"), "\ndef softmax_loss(x, y):\n    return x[0, 99], x"
    outcome = grade(write_notebook(tmp_path / "mine.ipynb", *cells), "--problem", "softmax_loss")
    assert "mine.ipynb, cell 3, line 3: `return x[0, 99], x`)" in outcome.messages("softmax_loss")


def test_a_notebook_fills_in_for_missing_files(grade, tmp_path):
    """The .py files that are there count; the rest comes from the notebook, which may import from them."""
    write_submission(tmp_path / "work", {"relu_backward": WRONG["relu_backward"]})
    cells = ["from layers import *", *cells_of(SOLUTIONS)]
    write_notebook(tmp_path / "work" / "hw3.ipynb", *cells)
    (tmp_path / "work" / "batchnorm.py").unlink()
    outcome = grade(tmp_path / "work")
    assert outcome.incomplete == {"relu_backward"}
    assert Path(outcome.problems["batchnorm_backward"]["file"]).name == "hw3.ipynb"


# --- notebooks that cannot be graded ------------------------------------------------------------------------

F = "def relu_backward(dout, cache):\n    return dout"
PICTURE = {"output_type": "display_data", "metadata": {}, "data": {"image/png": "A" * (10 * 2**20)}}
R_KERNEL = {"kernelspec": {"name": "ir", "language": "R", "display_name": "R"}}

REFUSED = {
    "empty": (b"", "is empty; save the notebook"),
    "not-json": (b"def f(): pass", "is not JSON, as a notebook must be (line 1, column 1)"),
    "cut-short": (as_bytes(F)[:-20], "is not JSON, as a notebook must be (line 1, column"),
    "web-page": (b"<!DOCTYPE html><html>", "is a web page, not a notebook; download the notebook's file itself"),
    "merge-conflict": (b'{"cells": [\n<<<<<<< HEAD\n', "holds the marks of a merge conflict; resolve it"),
    "utf-16": (as_bytes(F).decode().encode("utf-16"), "is not UTF-8 text (byte 0)"),
    "list": (b"[1, 2]", "is JSON but no notebook: it is a list"),
    "no-cells": (b'{"nbformat": 4, "metadata": {}}', "is no notebook: it has no list of cells"),
    "cells-no-list": (json.dumps({**document(), "cells": {"a": 1}}).encode(), "it has no list of cells"),
    "empty-list": (as_bytes(), "has no code cells; write your functions"),
    "text-only": (as_bytes(text_cell(F)), "has no code cells"),
    "blank-cells": (as_bytes("", "# nothing"), "has only empty code cells"),
    "no-source": (as_bytes({"cell_type": "code"}, {"cell_type": "code"}), "the first, 1, is without source"),
    "source-no-text": (as_bytes(code_cell({"a": 1})), "has no cell of Python: cell 1, is source is no text"),
    "outputs": (as_bytes(code_cell(F, outputs=[PICTURE])), "is larger than 10 MiB; clear its outputs"),
    "nested": (as_bytes(F)[:-1] + b', "x": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", "nested more than 100 deep"),
    "many-cells": (as_bytes(*[F] * 2001), "has more than 2,000 cells"),
    "much-code": (as_bytes(F, "x = '" + "a" * 2**18 + "'"), "its code is larger than 256 KiB"),
    "format-3": (json.dumps({"nbformat": 3, "worksheets": []}).encode(), "is in notebook format 3, wanted 4; convert"),
    "format-5": (as_bytes(F, nbformat=5), "is in notebook format 5, wanted 4"),
    "other-language": (as_bytes(F, metadata=R_KERNEL), "is written in R, wanted Python"),
    "magics-only": (as_bytes("%matplotlib inline", "!ls\n%time"), "holds magics and shell lines only"),
    "shell-cell": (as_bytes("%%bash\nls"), "has no cell of Python: cell 1, is %%bash"),
    "no-function": (as_bytes("x = 1", "print(x)"), "defines no function; write your functions in its code cells"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_notebook_with_nothing_to_grade_gets_one_sentence(name, command, tmp_path):
    """Exit status 2, one line that says what is wrong and what to do."""
    data, words = REFUSED[name]
    (tmp_path / "hw3.ipynb").write_bytes(data)
    done = command("run", "hw3", "--submission", "hw3.ipynb", cwd=_course(tmp_path))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("grader: ")
    assert done.stderr.count("\n") == 1
    assert words in done.stderr


def _course(folder):
    """Make a folder a course that knows hw3, without copying it."""
    (folder / "assignments").mkdir()
    (folder / "assignments" / "hw3").symlink_to(SOLUTIONS.parent.parent / "assignments" / "hw3")
    return folder


RELU = "import numpy as np\ndef relu_forward(x):\n    return np.maximum(x, 0), x\n"
RIGHT = RELU + "def relu_backward(dout, cache):\n    return dout * (cache > 0)"
NEVER = "while True:\n        pass"

LOST = {
    "undefined-name": (
        [RELU, "scale = open('x').read()", "def relu_backward(dout, cache):\n    return dout * scale"],
        "NameError: name 'scale' is not defined; cell 2 sets it, but of a notebook only definitions",
    ),
    "never-defined": (
        [RELU, "def relu_backward(dout, cache):\n    return dout * scale"],
        "NameError: name 'scale' is not defined (",
    ),
    "missing-package": (
        [RELU, "import torch", "def relu_backward(dout, cache):\n    return torch.tensor(dout)"],
        "cell 2 sets it, but raised ModuleNotFoundError there: No module named 'torch'",
    ),
    "syntax-error": (
        [RELU, "\ndef relu_backward(dout, cache):\n    return (dout"],
        "SyntaxError: '(' was never closed (line 3, column 12)",
    ),
    "never-ends": (
        [RELU, "class A:\n    " + NEVER + "\ndef relu_backward(dout, cache):\n    pass"],
        "ImportError: cell 2 used more than 2 s of CPU time",
    ),
    "ends-the-process": (
        [RELU, "class A:\n    import os; os._exit(3)\ndef relu_backward(dout, cache):\n    pass"],
        "ImportError: cell 2 ended the process (exit status 3)",
    ),
    "not-there": ([RELU], "hw3.ipynb has no function relu_backward; was it renamed or deleted?"),
}


@pytest.mark.parametrize("name", LOST)
def test_a_faulty_cell_costs_what_it_defines_and_says_why(name, grade, tmp_path):
    """Exit status 1: the notebook is graded, and the problem's error names the cell."""
    cells, words = LOST[name]
    outcome = grade(write_notebook(tmp_path / "hw3.ipynb", *cells), "--problem", "relu_backward")
    assert outcome.status == 1
    assert outcome.status_of("relu_backward") == "error"
    assert words in outcome.messages("relu_backward")


@pytest.mark.parametrize(
    "cell",
    ["while True: pass", "class A:\n    " + NEVER, "x = (", "import os\nos._exit(1)", "1 / 0", "%%bash\nls", "torch?"],
)
def test_a_faulty_cell_costs_nothing_else(cell, grade, tmp_path):
    """The functions of the cells below count."""
    notebook = write_notebook(tmp_path / "hw3.ipynb", cell, RIGHT)
    outcome = grade(notebook, "--problem", "relu_backward")
    assert (outcome.status, outcome.incomplete) == (0, set())
