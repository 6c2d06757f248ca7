"""Importing a submission from memory: plain names, stand-ins, refusals, errors with their lines, stubs."""

from __future__ import annotations

import dataclasses
import inspect
import sys

import pytest

from grader.sandbox.importer import Importer


@pytest.fixture
def load():
    """A function that loads sources by file name and cleans up afterwards."""
    importers = []

    def load(wanted=None, blocked=None, emit=None, **sources):
        files = {f"{name}.py": text if isinstance(text, bytes) else text.encode() for name, text in sources.items()}
        names = {file: f"hw/{file}" for file in files}
        importer = Importer(files, names, blocked=blocked, emit=emit or (lambda event: None))
        importers.append(importer)
        reply, functions = importer.load(wanted or {})
        return reply, functions

    yield load
    for importer in importers:
        importer.close()


def error_of(reply, file):
    entry = reply["modules"][file]
    assert entry is not None
    return entry


def test_files_import_one_another_by_plain_name(load):
    """`from layers import f` and `import layers` find the submission's own files, in any order."""
    reply, functions = load(
        {"a.py": ["f"]},
        a="import b_own\nfrom b_own import g\nf = lambda: g() + b_own.g()",
        b_own="def g(): return 1",
    )
    assert reply["modules"] == {"a.py": None, "b_own.py": None}
    assert functions["f"]() == 2


def test_files_may_import_one_another_in_a_circle(load):
    """A circle works as in Python: the later one sees what is defined so far."""
    reply, functions = load({"a.py": ["f"]}, a="x = 1\nimport b\ndef f(): return b.y", b="import a\ny = a.x + 1")
    assert functions["f"]() == 2
    assert reply["modules"] == {"a.py": None, "b.py": None}


def test_a_file_runs_once(load):
    """However often it is imported; the events say which file runs within which."""
    events = []
    load(emit=events.append, a="import b\nimport b", b="")
    assert events == [["importing", "a.py"], ["importing", "b.py"], ["imported", "b.py"], ["imported", "a.py"]]


def test_numpy_and_the_standard_library_are_there(load):
    """What homework may use can be imported, submodules included."""
    text = (
        "from __future__ import annotations\n"
        "import numpy as np, numpy.linalg\n"
        "import os.path, math\n"
        "from collections import Counter\n"
        "from numpy.random import default_rng\n"
    )
    assert load(a=text)[0]["modules"]["a.py"] is None


@pytest.mark.parametrize("name", ["torch", "scipy.special", "grader", "grader.bank", "hypothesis", "pytest"])
def test_other_packages_are_refused_with_a_reason(load, name):
    """Installed or not, a third-party module is not found, and the message says what is there."""
    kind, type_name, message, frames = error_of(load(a=f"x = 1\nimport {name}\n")[0], "a.py")
    assert (kind, type_name) == ("error", "ModuleNotFoundError")
    assert "only NumPy and the standard library are available while grading" in message
    assert frames[-1] == ["hw/a.py", 2, "<module>", f"import {name}"]


def test_a_refused_import_can_be_caught(load):
    """`try: import torch` works as it does where torch is not installed."""
    reply, _ = load(a="try:\n    import torch\nexcept ImportError:\n    torch = None\n")
    assert reply["modules"]["a.py"] is None


HABITS = """
import matplotlib
import matplotlib.pyplot as plt
from matplotlib import cm, pyplot
from mpl_toolkits.mplot3d import Axes3D
from IPython.display import display, clear_output
from google.colab import drive
import pandas as pd, seaborn as sns
from tqdm import tqdm
from tqdm.notebook import trange
from pandas import *
drive.mount('/content/drive')
plt.rcParams['figure.figsize'] = (10, 8)
plt.rcParams.update({'font.size': 3})
plt.style.use('x')
matplotlib.use('Agg')
sns.set(style='white')
fig, ax = None, plt.figure().add_subplot(111)
pd.options.display.max_rows = 5
for _ in tqdm(range(3)): pass
with plt.ioff(): pass
get_ipython().run_line_magic('matplotlib', 'inline')
class Frame(pd.DataFrame): pass
@tqdm
def f(x): return x + 1
def use(): return plt.plot([1])
def import_later():
    import matplotlib.pyplot as p
    return p
"""


def test_modules_imported_by_habit_are_inert_while_files_are_imported(load):
    """What notebooks do at top level raises nothing, and the report can say which modules were replaced."""
    reply, functions = load({"a.py": ["f"]}, a=HABITS)
    assert reply["modules"]["a.py"] is None
    assert reply["stand_ins"] == [
        "IPython",
        "google",
        "matplotlib",
        "mpl_toolkits",
        "pandas",
        "seaborn",
        "tqdm",
    ]
    assert functions["f"](1) == 2


@pytest.mark.parametrize("name", ["use", "import_later"])
def test_a_stand_in_refuses_to_be_used_later(load, name):
    """Within a call the same module raises, by name."""
    _, functions = load({"a.py": [name]}, a=HABITS)
    with pytest.raises(RuntimeError, match="matplotlib is not available while grading"):
        functions[name]()


# --- errors -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "type_name", "message"),
    [
        ("1 / 0", "ZeroDivisionError", "division by zero"),
        ("import sys; sys.exit(4)", "SystemExit", "4"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", ""),
    ],
)
def test_an_error_at_import_is_that_files_only(load, text, type_name, message):
    """The other files are imported all the same."""
    reply, functions = load({"good.py": ["f"]}, bad=text, good="def f(): return 1")
    assert error_of(reply, "bad.py") == ["error", type_name, message, [["hw/bad.py", 1, "<module>", text]]]
    assert reply["modules"]["good.py"] is None
    assert functions["f"]() == 1


def test_a_file_that_imports_a_broken_one_names_it(load):
    """The file with the fault keeps its own error; its importer says which file could not be imported."""
    reply, _ = load(a="import b", b="x = undefined")
    assert error_of(reply, "b.py")[1] == "NameError"
    assert error_of(reply, "a.py")[1:3] == [
        "ImportError",
        "b.py could not be imported (NameError: name 'undefined' is not defined)",
    ]


def test_a_syntax_error_has_line_column_and_text(load):
    """The reader is led to the spot."""
    kind, type_name, message, frames = error_of(load(a="x = 1\ndef f(:\n    pass\n")[0], "a.py")
    assert (kind, type_name) == ("error", "SyntaxError")
    assert message.endswith("(line 2, column 7)")
    assert frames == [["hw/a.py", 2, "<module>", "def f(:"]]


@pytest.mark.parametrize("source", [b"x = 1\ny = '\0'\n", b"# coding: latin-9000\nx = 1\n", b"x = '\xff'\n"])
def test_bytes_that_are_no_source_are_syntax_errors(load, source):
    """NUL bytes, unknown encodings and bytes outside the encoding are reported as the file's fault."""
    assert error_of(load(a=source)[0], "a.py")[1] == "SyntaxError"


def test_a_blocked_file_is_broken_without_being_run(load):
    """What ended a worker before is not run again; files that need it say so."""
    blocked = {"b.py": ["Timeout", "used more than 2 s of CPU time in one call"]}
    reply, _ = load({"b.py": ["f"]}, blocked, a="import b", b="while True: pass")
    assert error_of(reply, "b.py") == ["error", "Timeout", "used more than 2 s of CPU time in one call", []]
    assert error_of(reply, "a.py")[1] == "ImportError"
    assert reply["functions"]["f"] == ["broken_module", None]


# --- functions --------------------------------------------------------------------------------------------

STATES = '''
import functools
import numpy as np
def ready(x):
    """Doc."""
    return x
def raises():
    """Doc."""
    raise NotImplementedError
def raises_text(x, slope=0.01):
    raise NotImplementedError("write me")
def passes(): pass
def dots(): ...
def doc_only():
    """Doc."""
def returns_nothing():
    return None
def half_done(x):
    y = x + 1
    raise NotImplementedError
def other_error():
    raise ValueError
constant = 3
alias = np.tanh
short = lambda x: x
def wrap(f):
    @functools.wraps(f)
    def inner(*a): return f(*a)
    return inner
@wrap
def wrapped():
    raise NotImplementedError
def twice(): raise NotImplementedError
def twice(): return 2
'''


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("ready", "ready"),
        ("raises", "unfinished"),
        ("raises_text", "unfinished"),
        ("passes", "unfinished"),
        ("dots", "unfinished"),
        ("doc_only", "unfinished"),
        ("returns_nothing", "ready"),
        ("half_done", "ready"),
        ("other_error", "ready"),
        ("constant", "not_a_function"),
        ("alias", "ready"),
        ("short", "ready"),
        ("wrapped", "unfinished"),
        ("twice", "ready"),
        ("absent", "missing"),
    ],
)
def test_the_state_of_a_function(load, name, state):
    """A stub is told from a function that does something, by what the file finally defines."""
    reply, _ = load({"a.py": [name]}, a=STATES)
    assert reply["functions"][name][0] == state


def test_functions_know_their_line(load):
    """The line is where the definition starts."""
    reply, _ = load({"a.py": ["f"]}, a="x = 1\n\ndef f():\n    return x\n")
    assert reply["functions"]["f"] == ["ready", 3]


def test_functions_of_a_file_that_was_not_handed_in_are_missing(load):
    """The engine asks for what the assignment asks for, there or not."""
    assert load({"b.py": ["g"]}, a="")[0]["functions"]["g"] == ["missing", None]


# --- the look of things -----------------------------------------------------------------------------------


def test_source_and_tracebacks_can_be_read_without_a_file(load):
    """`inspect.getsource` works on a function that never was on disk."""
    _, functions = load({"a.py": ["f"]}, a="x = 1\ndef f():\n    return x\n")
    assert inspect.getsource(functions["f"]) == "def f():\n    return x\n"


def test_dataclasses_work_in_a_submission(load):
    """Modules are where the standard library looks for them."""
    text = "from __future__ import annotations\nimport dataclasses\n@dataclasses.dataclass\nclass P:\n    x: int\n"
    _, functions = load({"a.py": ["P"]}, a=text)
    assert dataclasses.asdict(functions["P"](3)) == {"x": 3}


def test_a_file_named_like_a_library_does_not_replace_it(load):
    """`random.py` of a submission is found by its fellows; everybody else keeps the real one."""
    import random

    _, functions = load({"a.py": ["f"]}, a="import random\ndef f(): return random.mine", random="mine = 1")
    assert functions["f"]() == 1
    assert sys.modules["random"] is random


def test_closing_takes_the_modules_away():
    """In a debugger's process nothing of a submission stays behind."""
    importer = Importer({"own_layers.py": b"x = 1"}, {})
    importer.load({})
    assert "own_layers" in sys.modules
    importer.close()
    assert "own_layers" not in sys.modules
