"""Every notebook runs from top to bottom: the solution's, and the students' before a line is written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from conftest import surroundings
from submissions import ROOT

NAMES = sorted(path.stem for path in ROOT.glob("solutions/*/*.ipynb"))


PROGRAM = """
import sys, nbformat
from jupyter_client import AsyncKernelManager
from nbclient import NotebookClient

source, target, runtime, folder = sys.argv[1:]
manager = AsyncKernelManager(kernel_name="python3", transport="tcp" if sys.platform == "win32" else "ipc")
manager.connection_file = f"{runtime}/kernel.json"
client = NotebookClient(nbformat.read(source, 4), km=manager, timeout=120, allow_errors=True)
client.resources = {"metadata": {"path": folder}}
nbformat.write(client.execute(), target)
"""


@pytest.fixture(scope="session")
def execute(cache, tmp_path_factory):
    """Return a function that executes a notebook in its own folder, in a process, and returns its cells."""

    def run(path: Path):
        runtime = tmp_path_factory.mktemp("kernel")
        own = {"PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONWARNINGS": "default"}
        own |= {name: str(runtime) for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR")}
        target = runtime / "executed.ipynb"
        arguments = [path, target, runtime, path.parent]
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, *map(str, arguments)],
            env=surroundings(cache, own),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return nbformat.read(target, as_version=4)["cells"]

    return run


def outputs(cells):
    return [output for cell in cells if cell["cell_type"] == "code" for output in cell["outputs"]]


def is_drawing(cell):
    return cell["cell_type"] == "code" and cell["source"].startswith("experiments.")


@pytest.mark.parametrize("name", NAMES)
def test_the_solutions_notebook_draws_every_experiment_and_reports_full_marks(execute, name):
    cells = execute(ROOT / "solutions" / name / f"{name}.ipynb")
    drawn = [cell for cell in cells if is_drawing(cell)]
    assert drawn
    for cell in drawn:
        assert ["image/png" in output["data"] for output in cell["outputs"]] == [True], cell["source"]
    assert "100 / 100" in str(outputs(cells))
    assert "<iframe sandbox srcdoc=" in str(outputs(cells))


@pytest.mark.parametrize("name", NAMES)
def test_with_nothing_written_a_sentence_stands_where_a_figure_will_be(execute, name):
    cells = execute(ROOT / "assignments" / name / f"{name}.ipynb")
    assert [output for output in outputs(cells) if output["output_type"] == "error"] == []
    waiting = [cell for cell in cells if is_drawing(cell) and "first, save its file" in str(cell["outputs"])]
    assert waiting
    assert "0 / 100" in str(outputs(cells))
