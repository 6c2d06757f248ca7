"""Notebooks as submissions: reading within limits, cleaning as text, and running definitions in one module."""

from __future__ import annotations

import random
import subprocess
import sys

import numpy as np
import pytest
from archives import WANTED, special_member, tar_file, zip_file
from notebooks import as_bytes, code_cell, document, text_cell, write_notebook

from grader.errors import IntakeError
from grader.intake import IntakeLimits, Notebook, take
from grader.intake.magics import clean_cell
from grader.intake.notebook import read_notebook
from grader.sandbox.importer import Importer
from grader.sandbox.in_process import InProcessStudent
from grader.sandbox.notebook_files import Head, read_head

LIMITS = IntakeLimits()
F = "def f(x):\n    return x"


def sources_of(*cells, **extra):
    return dict(read_notebook(as_bytes(*cells, **extra), "hw3.ipynb", LIMITS).sources)


def notes_of(*cells, **extra):
    return read_notebook(as_bytes(*cells, **extra), "hw3.ipynb", LIMITS).notes


# --- reading ----------------------------------------------------------------------------------------------


def test_code_cells_are_taken_and_counted_among_all_cells():
    """The number is what a reader counts from the top, text cells included."""
    assert sources_of(text_cell("# Title"), "import numpy", text_cell("x"), F) == {2: "import numpy", 4: F}
    assert notes_of(F) == ("Cells are counted from the top of hw3.ipynb, text cells too.",)


@pytest.mark.parametrize(
    "source", [F, ["def f(x):\n", "    return x"], ["def f(x):", "    return x"], "def f(x):\r\n    return x"]
)
def test_a_source_is_a_string_or_lines(source):
    """Jupyter writes lines with their ends, some programs without, Windows with a carriage return."""
    assert sources_of(code_cell(source)) == {1: F}


def test_outputs_attachments_and_ids_are_no_concern():
    """Whatever stands there, of whatever form."""
    cell = code_cell(F, outputs=[{"output_type": "?", "data": 3}], id="!", execution_count="x", attachments=[1])
    twin = code_cell("x = 1", id="!")
    assert sources_of(cell, twin, nbformat_minor=5) == {1: F, 2: "x = 1"}


def test_the_dialect_of_colab_is_read():
    """Its own metadata, form fields as comments, minor version 0."""
    cell = {"cell_type": "code", "source": ["#@title Layers\n", F], "metadata": {"id": "aB3", "cellView": "form"}}
    extra = {"nbformat_minor": 0, "metadata": {"colab": {"provenance": []}, "kernelspec": {"name": "python3"}}}
    assert sources_of({**cell, "execution_count": None, "outputs": []}, **extra) == {1: "#@title Layers\n" + F}


def test_the_dialect_of_vs_code_is_read():
    """Cells in other languages are marked in the cell's metadata; they are left out and said."""
    cells = (
        code_cell(F, metadata={"vscode": {"languageId": "python"}}),
        code_cell("ls", metadata={"vscode": {"languageId": "shellscript"}}),
    )
    assert sources_of(*cells, nbformat_minor=2) == {1: F}
    assert "hw3.ipynb: not run: cell 2 (in shellscript)." in notes_of(*cells)


def test_a_file_without_a_version_is_read_when_it_has_cells():
    made = document(F)
    del made["nbformat"], made["nbformat_minor"], made["metadata"]
    assert sources_of(F, **dict.fromkeys(("metadata", "nbformat_minor"))) == {1: F}


def test_bytes_order_marks_and_lone_surrogates_do_no_harm():
    data = b"\xef\xbb\xbf" + as_bytes(F + "\nname = '\ud800'")
    assert read_notebook(data, "hw3.ipynb", LIMITS).sources == {1: F + "\nname = '?'"}


def test_a_faulty_cell_costs_itself_only():
    """And is listed with what is wrong."""
    cells = [F, {"cell_type": "code"}, 7, code_cell(3), {"cell_type": "heading", "source": "x"}, code_cell([1])]
    assert sources_of(*cells) == {1: F}
    assert notes_of(*cells)[-1] == (
        "hw3.ipynb: not run: cells 2 (without source), 3 (no cell of a notebook), 4 (source is no text), "
        "5 (no cell of a notebook) and 6 (source is no text)."
    )


def test_ten_mebibytes_of_outputs_are_read_and_not_a_byte_more():
    """A notebook full of pictures is honest work."""
    picture = {"output_type": "display_data", "metadata": {}, "data": {"image/png": ""}}
    room = LIMITS.notebook_bytes - len(as_bytes(code_cell(F, outputs=[picture])))
    picture["data"]["image/png"] = "A" * room
    assert sources_of(code_cell(F, outputs=[picture])) == {1: F}
    picture["data"]["image/png"] += "A"
    with pytest.raises(IntakeError, match="is larger than 10 MiB; clear its outputs"):
        sources_of(code_cell(F, outputs=[picture]))


def test_nesting_is_counted_outside_strings_only():
    assert sources_of(F, text_cell('[{"' * 300 + "\\")) == {1: F}


def test_damaged_notebooks_are_refused_or_read_but_never_crash():
    """Three hundred random mutations and cuts of an honest notebook."""
    honest = as_bytes(
        text_cell("x"), code_cell([F + "\n", "%time"]), F, metadata={"kernelspec": {"language": "python"}}
    )
    rng = random.Random(0)
    for _ in range(300):
        data = bytearray(honest)
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(len(data))] = rng.choice(b'[]{}",:0nt\\x') if rng.random() < 0.8 else rng.randrange(256)
        read_or_refuse(bytes(data[: rng.randint(1, len(data))] if rng.random() < 0.2 else data))


def read_or_refuse(data):
    """Return the sources, or None where the notebook was refused with one sentence."""
    try:
        sources = read_notebook(data, "n", LIMITS).sources
    except IntakeError as error:
        text = str(error)
    else:
        assert all(isinstance(source, str) for source in sources.values())
        return dict(sources)
    assert "\n" not in text
    assert text.endswith(".")
    return None


@pytest.mark.parametrize("value", [None, True, 3, "x", [], {}, [[]], {"a": 1}])
@pytest.mark.parametrize("key", ["cells", "metadata", "nbformat", "nbformat_minor", "worksheets"])
def test_values_of_another_kind_are_refused_or_read(key, value):
    """Each part of a notebook may be anything."""
    assert read_or_refuse(as_bytes(F, **{key: value})) in (None, {1: F})


def test_grading_files_imports_no_notebook_library(tmp_path):
    """It costs a tenth of a second, and a folder may hold a notebook that nobody needs."""
    write_notebook(tmp_path / "hw3.ipynb", F)
    for file in WANTED:
        (tmp_path / file).write_bytes(b"")
    code = (
        "import sys; from pathlib import Path; from grader.intake import take; "
        f"take(Path({str(tmp_path)!r}), {WANTED!r}); print('nbformat' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# --- magics -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "%matplotlib inline",
        "!pip install numpy",
        "?np.dot",
        "np.dot?",
        "np.dot??",
        "files = !ls *.py",
        "a, b = %timeit -o f()",
        "%%time",
        "%load_ext autoreload",
        "!echo \"it's (",
    ],
)
def test_a_line_that_only_jupyter_understands_is_dropped(line):
    """It becomes `pass`, so that the lines below keep their numbers and a block its body."""
    cleaned = clean_cell(f"x = 1\nif x:\n    {line}\n\n{line}\ny = 2")
    assert cleaned.text == "x = 1\nif x:\n    pass\n\npass\ny = 2"
    assert cleaned.dropped == 2


@pytest.mark.parametrize(
    "text",
    [
        'x = """\n%matplotlib inline\n!ls\nwhat?\n"""',
        "x = '''\n!ls \\\n%time\n'''",
        "x = (7\n  % 2)",
        "x = {\n'a':\n!=3}",
        "x = 7 \\\n  % 2",
        "x %= 3\ny = x != 3\nz = x % 2",
        "x = 1  # why?",
        "x = 'why?'",
        "def f(x):\n    '''Is it right?'''\n    return x",
        "s = \"'''\"\nt = '\"\"\"'\n",
        "x = [')', # )\n%y]",
    ],
)
def test_lines_that_are_python_stay(text):
    """Strings over several lines, brackets, continued lines, the operator % at a line's beginning."""
    assert clean_cell(text).text == text
    assert clean_cell(text).dropped == 0


def test_a_shell_line_that_goes_on_is_dropped_whole():
    assert clean_cell("!pip install \\\n  numpy \\\n  scipy\nx = 1").text == "pass\n\n\nx = 1"


@pytest.mark.parametrize("magic", ["%%bash", "%%writefile layers.py", "%%html", "%%timeit", "%%javascript", "%%!"])
def test_a_cell_magic_takes_its_cell_with_it(magic):
    cleaned = clean_cell(f"\n{magic}\ndef f(): pass")
    assert (cleaned.text, cleaned.magic) == ("", "%%" + magic[2:].split()[0].strip("!"))


@pytest.mark.parametrize("magic", ["%%time", "%%capture out", "%%prun", "%%time\n%%capture"])
def test_a_cell_magic_that_runs_the_cell_here_leaves_it(magic):
    """Time and capture run the cell in the notebook's own namespace."""
    assert clean_cell(f"{magic}\n{F}").text.strip() == F


def test_the_report_says_which_cells_lost_lines():
    assert notes_of("%matplotlib inline\n!ls", F, "%%bash\nls", "%%writefile a.py\nx")[1:] == (
        "hw3.ipynb: magics and shell lines were left out of cell 1.",
        "hw3.ipynb: not run: cells 3 (%%bash) and 4 (%%writefile).",
    )


def test_cleaning_takes_time_in_proportion():
    """A quarter of a mebibyte of the worst characters: seconds would mean something quadratic."""
    for text in ('"\\', '"""\\', "'\\\n", "a? ", "a, ", "x = ", "([{"):
        clean_cell(text * (2**18 // len(text)))


# --- which notebook, and what it stands for ---------------------------------------------------------------


def test_a_notebook_stands_for_every_wanted_file(tmp_path):
    """Its name is free: browsers and Colab change it."""
    submission = take(write_notebook(tmp_path / "Copy of hw3 (1).ipynb", text_cell("x"), F), WANTED)
    shown = f"{tmp_path.as_posix()}/Copy of hw3 (1).ipynb"
    assert list(submission.files) == [*WANTED, "notebook.ipynb", "cell 2"]
    assert submission.files["cell 2"] == F.encode()
    assert read_head(submission.files) == Head(WANTED)
    assert submission.shown["layers.py"] == shown
    assert submission.shown["cell 2"] == f"{shown}, cell 2"
    assert submission.missing == ()


@pytest.mark.parametrize("ending", ["zip", "tar", "tar.gz"])
@pytest.mark.parametrize("folder", ["", "hw3/"])
def test_a_notebook_in_an_archive_is_found(tmp_path, ending, folder):
    pack = zip_file if ending == "zip" else tar_file
    path = pack(tmp_path / f"a.{ending}", [(f"{folder}hw3.ipynb", as_bytes(F)), (f"{folder}data.csv", b"")])
    submission = take(path, WANTED)
    assert submission.shown["cell 1"] == f"a.{ending}/{folder}hw3.ipynb, cell 1"
    assert submission.ignored == ("data.csv",)


def test_a_notebook_may_be_larger_than_a_source(tmp_path):
    """Also in an archive, where the rest keeps its smaller cap."""
    large = as_bytes(code_cell(F, outputs=[{"text": "x" * 2**20}]))
    for pack, name in ((zip_file, "a.zip"), (tar_file, "a.tgz")):
        assert take(pack(tmp_path / name, [("hw3.ipynb", large)]), WANTED).files["cell 1"] == F.encode()


def both(folder):
    write_notebook(folder / "hw3.ipynb", F)
    (folder / "layers.py").write_bytes(b"mine")
    return folder


def test_by_default_a_file_wins_and_the_notebook_fills_in(tmp_path):
    submission = take(both(tmp_path), WANTED)
    assert submission.files["layers.py"] == b"mine"
    assert read_head(submission.files) == Head(("batchnorm.py",))
    assert submission.ignored == ()


def test_the_declaration_may_let_the_notebook_win(tmp_path):
    submission = take(both(tmp_path), WANTED, notebook=Notebook(wins=True, runs_all=True))
    assert submission.files["layers.py"] == b""
    assert read_head(submission.files) == Head(WANTED, runs_all=True)
    assert submission.ignored == ("layers.py",)


def test_beside_all_files_the_notebook_is_not_read(tmp_path):
    """It may be as broken as it likes."""
    (both(tmp_path) / "batchnorm.py").write_bytes(b"")
    (tmp_path / "hw3.ipynb").write_bytes(b"?")
    submission = take(tmp_path, WANTED)
    assert list(submission.files) == list(WANTED)
    assert submission.notes == ()
    assert submission.ignored == ("hw3.ipynb",)


@pytest.mark.parametrize("wins", [False, True])
def test_beside_files_a_notebook_that_defines_nothing_stands_for_nothing(tmp_path, wins):
    """A course's own notebook imports what students write; a file that is missing stays missing."""
    write_notebook(both(tmp_path) / "hw3.ipynb", "import experiments", "experiments.draw()")
    submission = take(tmp_path, WANTED, notebook=Notebook(wins=wins))
    assert submission.files == {"layers.py": b"mine"}
    assert submission.missing == tuple(file for file in WANTED if file != "layers.py")
    assert submission.notes[-1].startswith("No notebook was read: ")
    assert submission.notes[-1].endswith("defines no function.")


@pytest.mark.parametrize("wins", [False, True])
def test_beside_files_a_broken_notebook_is_a_note(tmp_path, wins):
    """What can be graded is graded."""
    (both(tmp_path) / "hw3.ipynb").write_bytes(b"?")
    submission = take(tmp_path, WANTED, notebook=Notebook(wins=wins))
    assert submission.files == {"layers.py": b"mine"}
    assert submission.notes[-1].startswith("No notebook was read: ")
    assert "is not JSON, as a notebook must be" in submission.notes[-1]


def test_files_in_a_folder_come_before_a_notebook_at_the_top(tmp_path):
    both(tmp_path)
    (tmp_path / "src").mkdir()
    (tmp_path / "layers.py").rename(tmp_path / "src" / "layers.py")
    assert take(tmp_path, WANTED).files == {"layers.py": b"mine"}
    assert "notebook.ipynb" in take(tmp_path, WANTED, notebook=Notebook(wins=True)).files


def test_two_notebooks_are_refused(tmp_path):
    write_notebook(tmp_path / "b.ipynb", F)
    write_notebook(tmp_path / "a.ipynb", F)
    with pytest.raises(IntakeError, match=r"There are 2 notebooks, 'a.ipynb' and 'b.ipynb'; hand in one\."):
        take(tmp_path, WANTED)


def test_a_linked_notebook_in_an_archive_is_refused(tmp_path):
    path = tar_file(tmp_path / "a.tar", [special_member("hw3.ipynb", b"2", "/etc/passwd")])
    with pytest.raises(IntakeError, match=r"hw3\.ipynb is a link; hand in the file itself\."):
        take(path, WANTED)


# --- running ----------------------------------------------------------------------------------------------


@pytest.fixture
def load():
    """A function that runs cells as the worker does and returns its reply and functions."""
    importers = []

    def load(*cells, wanted=("f",), files=None, runs_all=False, blocked=None):
        own = files or {}
        head = {"notebook.ipynb": Head(("layers.py",), runs_all).encode(), "layers.py": b""}
        sources = {f"cell {number}": text.encode() for number, text in enumerate(cells, 1)}
        names = {name: f"hw3.ipynb, {name}" for name in sources}
        importer = Importer({**own, **head, **sources}, names, blocked=blocked)
        importers.append(importer)
        return importer.load({"layers.py": list(wanted)})

    yield load
    for importer in importers:
        importer.close()


def test_cells_share_one_namespace(load):
    _, functions = load("import numpy as np\nSLOPE = 0.5", "def f(x):\n    return np.abs(x) * SLOPE")
    assert functions["f"](-4) == 2


def test_the_last_definition_counts(load):
    """As in Jupyter, run from top to bottom."""
    assert load("def f(): return 1", "def f(): return 2")[1]["f"]() == 2


@pytest.mark.parametrize(
    "statement",
    [
        "x = 1e-5",
        "x: float = -1",
        "x, (y, *z) = 1, (2, 3)",
        "x = {'a': [1, (2,)], **{}}",
        "import math\nx = math.pi / 2 if True else None",
        "import numpy as np\nx = np.random.default_rng(0)",
        "import numpy as np\nx = np.arange(6).reshape(2, 3)[0]",
        "from numpy import *\nx = float64(1)",
        "from collections import namedtuple as n\nx = n('x', 'a b')",
        "x = lambda a: print(a)",
        "x = [float(a) for a in range(3)]",
        "x = 1\nx += 1",
        "def x(): pass",
        "class x: pass",
        "import math as x",
        "try:\n    import torch as x\nexcept ImportError:\n    x = None",
        "if 1 > 0:\n    'text'\n    x = 1",
    ],
)
def test_definitions_imports_and_constants_are_run(load, statement):
    """What a function may stand on."""
    assert load(statement, "def f():\n    return x")[1]["f"]() is not NotImplemented


@pytest.mark.parametrize(
    "statement",
    [
        "x = open('/etc/passwd').read()",
        "x = eval('1')",
        "x = g(3)",
        "x = [g(a) for a in range(3)]",
        "import matplotlib.pyplot as plt\nx = plt.figure()",
        "import os\nx = os.listdir()",
        "for x in range(10): pass",
        "with np as x: pass",
        "if __name__ == '__main__':\n    x = g()",
        "import numpy as np\ndef np(): pass\nx = np()",
        "(x := 3)",
    ],
)
def test_everything_else_is_left_out_and_said_where_it_is_missed(load, statement):
    """Experiments, plots, training: their results are not there, and the error names their cell."""
    _, functions = load("def g(a=1):\n    return a", statement, "def f():\n    return x")
    with pytest.raises(NameError) as caught:
        functions["f"]()
    assert str(caught.value) == (
        "name 'x' is not defined; cell 2 sets it, but of a notebook only definitions, imports and constants are run"
    )


def test_the_assignment_may_have_everything_run(load):
    """A cell that raises ends as in Jupyter, but for its definitions."""
    cells = "x = [a for a in 'ab']\nx.append(1)\n1 / 0\nx.append(2)\ndef f():\n    return x"
    assert load(cells, runs_all=True)[1]["f"]() == ["a", "b", 1]


def test_an_import_that_fails_costs_only_what_needs_it(load):
    """The error says why the name is not there."""
    _, functions = load("import torch\ndef f():\n    return torch\ndef g():\n    return 1", wanted=("f", "g"))
    assert functions["g"]() == 1
    with pytest.raises(NameError, match="cell 1 sets it, but raised ModuleNotFoundError there: No module named"):
        functions["f"]()


def test_a_cell_that_is_no_python_costs_what_it_defines(load):
    """The other cells count; calling what it defines raises its error, with the cell and the line."""
    reply, functions = load("def g():\n    return 1", "x = 1\ndef f(:\n    pass", wanted=("f", "g", "h"))
    assert functions["g"]() == 1
    assert reply["functions"]["h"] == ["missing", None]
    assert reply["notes"] == ["cell 2 was skipped: invalid syntax (line 2)"]
    with pytest.raises(SyntaxError) as caught:
        functions["f"]()
    assert (caught.value.filename, caught.value.lineno) == ("hw3.ipynb, cell 2", 2)


@pytest.mark.parametrize("text", ["x = '\0'\ndef f(): pass", "def f(): pass\nx = " + "(" * 5000])
def test_text_that_the_parser_refuses_is_an_error_of_its_cell(load, text):
    """NUL characters and deep nesting too."""
    with pytest.raises(SyntaxError) as caught:
        load("y = 1", text)[1]["f"]()
    assert caught.value.filename == "hw3.ipynb, cell 2"


def test_a_definition_that_fails_says_why(load):
    """A default that was not computed, a base class that is not there."""
    _, functions = load("n = open('x')", "def f(k=n):\n    return k")
    with pytest.raises(NameError, match="name 'n' is not defined; cell 1 sets it, but of a notebook only"):
        functions["f"]()


def test_a_cell_that_did_not_come_back_is_left_out(load):
    """And its definitions say so."""
    blocked = {"cell 1": ["ImportError", "used more than 2 s of CPU time in one call"]}
    reply, functions = load("def f(): pass\nwhile True: pass", "def g(): return 1", wanted=("f", "g"), blocked=blocked)
    assert functions["g"]() == 1
    assert reply["notes"] == ["cell 1 was skipped: cell 1 used more than 2 s of CPU time in one call"]
    with pytest.raises(ImportError, match=r"^cell 1 used more than 2 s of CPU time in one call$"):
        functions["f"]()


def test_after_three_such_cells_the_rest_is_left_out(load):
    """Each costs seconds; a notebook of a thousand would cost an hour."""
    blocked = {f"cell {number}": ["ImportError", "ended the process"] for number in (1, 2, 3)}
    _, functions = load("", "", "", "def f(): pass", blocked=blocked)
    with pytest.raises(ImportError, match="cell 4 was not run: 3 cells above it did not end"):
        functions["f"]()


def test_stubs_are_recognised(load):
    """`raise NotImplementedError` in a cell is 'not implemented yet', as in a file."""
    reply, _ = load("x = 1", "y = 2\ndef f(x):\n    '''Doc.'''\n    raise NotImplementedError")
    assert reply["functions"]["f"] == ["unfinished", None]


def test_a_future_import_holds_for_the_cells_below(load):
    assert "f" in load("from __future__ import annotations", "def f(x: nothing) -> nowhere:\n    pass")[1]


def test_cells_and_files_import_one_another(load):
    """A notebook next to files imports from them, and from the file that it stands for itself."""
    own = {"utils.py": b"def double(x):\n    return 2 * x"}
    cells = (
        "def g(x):\n    return x + 1",
        "from layers import g as h\nfrom utils import *",
        "def f(x): return h(double(x))",
    )
    assert load(*cells, files=own)[1]["f"](3) == 7


def test_an_error_in_a_call_names_the_cell():
    """File, cell, line and the line's text, as in a traceback of Jupyter."""
    files = {
        "layers.py": b"",
        "notebook.ipynb": Head(("layers.py",)).encode(),
        "cell 5": b"\ndef f(x):\n    return x[9]\n",
    }
    names = {"layers.py": "hw3.ipynb", "cell 5": "hw3.ipynb, cell 5"}
    with InProcessStudent(files, names=names, wanted={"layers.py": ["f"]}, show_prints=False) as student:
        assert student.load().functions["f"].state == "ready"
        importer = student._importer
        from grader.sandbox.describe import describe_error

        with pytest.raises(IndexError) as caught:
            student._functions["f"](np.zeros(3))
        assert describe_error(caught.value, importer.sources)[2] == [["hw3.ipynb, cell 5", 3, "f", "return x[9]"]]
