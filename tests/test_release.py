from __future__ import annotations

import ast
import json

import pytest

from grader.authoring.release import StubInfo, drift, leaks, release_files, release_source, write_files
from grader.errors import AssignmentError

SOLUTION = '''"""hw3, part 1.

Conventions stay.
"""

import numpy as np

EPS = 1e-5  # a public constant
# The bound of the derivative.
_BOUND = {"sigmoid": 0.25, "tanh": 1.0}


def relu_forward(x):
    """Given.  Odd   spacing stays."""
    out = np.maximum( x,0 )   # given comment
    return out, x


# A comment above a graded function.
def relu_backward(dout, cache):
    """Gradient of the rectifier.

    dout: (N, D)
    """
    # The trick of the mask.
    dx = dout * _mask_of(cache)
    return dx
    # A last thought.


# What a mask is.
@np.vectorize
def _mask_of(x):
    return x > 0


class _Helper:
    secret = 1


def leaky_relu_backward(
    dout,  # the gradient
    cache: tuple[float, dict[str, int]] = (0.0, {"a": 1}),
) -> "np.ndarray":  # the end of the signature
    r"""One \\line."""; dx = dout; return dx


if __name__ == "__main__":
    print(EPS)
'''
STUB = '''"""hw3, part 1.

Conventions stay.
"""

import numpy as np

EPS = 1e-5  # a public constant


def relu_forward(x):
    """Given.  Odd   spacing stays."""
    out = np.maximum( x,0 )   # given comment
    return out, x


# A comment above a graded function.
def relu_backward(dout, cache):
    """Gradient of the rectifier.

    dout: (N, D)

    Problem `relu_backward`, 4 points. Try: `grader run hw3 --problem relu_backward`.
    Stuck: `grader hint hw3 relu_backward`.
    """
    # Your code here.
    raise NotImplementedError("hw3: relu_backward is not implemented yet")


def leaky_relu_backward(
    dout,  # the gradient
    cache: tuple[float, dict[str, int]] = (0.0, {"a": 1}),
) -> "np.ndarray":
    r"""One \\line.

    Problem `leaky_relu_backward`, 1 point. Try: `grader run hw3 --problem leaky_relu_backward`.
    Stuck: `grader hint hw3 leaky_relu_backward`.
    """
    # Your code here.
    raise NotImplementedError("hw3: leaky_relu_backward is not implemented yet")


if __name__ == "__main__":
    print(EPS)
'''
GRADED = {"relu_backward": StubInfo("4"), "leaky_relu_backward": StubInfo("1")}


def release(source, *names):
    return release_source(source, {name: StubInfo("2.5") for name in names or ("f",)}, assignment="hw3")


def refusal(source, *names):
    with pytest.raises(AssignmentError) as caught:
        release(source, *names)
    return str(caught.value)


# --- stubs ------------------------------------------------------------------------------------------------


def test_a_stub_keeps_signature_and_docstring_and_loses_the_rest():
    """Given functions, constants, imports and comments outside stay as they are; private names go."""
    assert release_source(SOLUTION, GRADED, assignment="hw3") == STUB


def test_releasing_nothing_changes_nothing():
    source = SOLUTION.replace("_mask_of", "mask_of").replace("_Helper", "Helper").replace("_BOUND", "BOUND")
    assert release_source(source, {}, assignment="hw3") == source


def test_a_stub_of_a_stub_is_not_longer_by_its_body():
    """Only the docstring grows, so `--check` compares with what comes from the solutions, not with itself."""
    again = release_source(STUB, GRADED, assignment="hw3")
    assert again.count("# Your code here.") == STUB.count("# Your code here.")


def test_decorators_of_a_graded_function_stay():
    text = release("import functools\n\n\n@functools.cache\ndef f(x):\n    '''Doc.'''\n    return x\n")
    assert "@functools.cache\ndef f(x):\n    '''Doc.\n" in text
    ast.parse(text)


def test_a_function_without_docstring_gets_one():
    assert release("def f(x):\n    return x\n") == (
        'def f(x):\n    """Problem `f`, 2.5 points. Try: `grader run hw3 --problem f`. Stuck: `grader hint hw3 f`.\n'
        '    """\n    # Your code here.\n    raise NotImplementedError("hw3: f is not implemented yet")\n'
    )


@pytest.mark.parametrize(
    "source",
    [
        "def f(x): return x\n",
        "def f(x): '''Doc.'''\n",
        "def f(g=lambda x: {1: x}[1], *, h: dict[int, int] = {1: 2}) -> dict[int, int]: return g\n",
        "def f(x):\n\treturn x\n",
        "def f(x):\n    '''Doc.\n    '''\n    return x",
        "def f(größe):\n    '''Über λ.'''; return größe\n",
        "def f(x):\n    return '''\ndef g():\n'''\n",
        "x = '\x0c'\n\x0c\ndef f(x):\n    '''Doc.'''\n    return x\n",
    ],
)
def test_every_way_of_writing_a_function_gives_a_stub_that_raises(source):
    text = release(source)
    space: dict = {}
    exec(compile(text, "stub", "exec"), space)
    with pytest.raises(NotImplementedError, match=r"^hw3: f is not implemented yet$"):
        space["f"]({1: 1})
    assert "Problem `f`, 2.5 points." in space["f"].__doc__


def test_commands_in_docstrings_are_never_broken_over_lines():
    name = "a_function_with_quite_a_long_name_for_which_lines_must_be_broken"
    text = release(f"def {name}(x):\n    '''Doc.'''\n", name)
    assert f"    Try: `grader run hw3 --problem {name}`.\n    Stuck: `grader hint hw3 {name}`.\n" in text


def test_comments_right_above_a_private_name_go_with_it():
    source = "A = 1\n\n# How it works.\n# In two lines.\n_B = 2\n\n# Public.\nC = 3\n"
    assert release(source) == "A = 1\n\n# Public.\nC = 3\n"


def test_dunder_names_are_public():
    source = '__all__ = ["f"]\n__version__: str = "1"\n'
    assert release(source) == source


def test_private_names_at_the_end_leave_no_blank_lines():
    assert release("A = 1\n\n\ndef _g():\n    pass\n\n\n_B, _C = 1, 2\n") == "A = 1\n"


def test_private_names_between_functions_leave_two_blank_lines():
    source = "def a():\n    pass\n\n\n_B = 1\n\n\n\ndef _c():\n    pass\n    # more\n\n\ndef d():\n    pass\n"
    assert release(source) == "def a():\n    pass\n\n\ndef d():\n    pass\n"


# --- refusals ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "def given(x):\n    return _mask(x)\n\n\ndef _mask(x):\n    return x\n",
        "_EPS = 1\n\n\ndef f(x, eps=_EPS):\n    return x\n",
        "_EPS = 1\nEPS = _EPS\n",
        "def _d(g):\n    return g\n\n\n@_d\ndef f(x):\n    return x\n",
    ],
)
def test_what_students_are_given_must_not_need_what_is_dropped(source):
    assert "which is dropped because it starts with an underscore; give it a public name." in refusal(source)


def test_a_graded_body_may_use_private_names():
    assert "_mask" not in release("_mask = 1\n\n\ndef f(x):\n    return _mask\n")


def test_a_private_name_that_shares_a_line_is_refused():
    assert "line 1: two statements share a line" in refusal("_a = 1; b = 2\n")


@pytest.mark.parametrize("docstring", ["'Doc.'", "'''Doc.''' '''More.'''", '"Doc." "More."'])
def test_a_docstring_must_be_one_triple_quoted_string(docstring):
    assert "the docstring of f must be one triple-quoted string." in refusal(f"def f(x):\n    {docstring}\n")


def test_a_broken_solution_is_refused():
    assert "is not valid Python" in refusal("def f(:\n")


# --- files ------------------------------------------------------------------------------------------------


def solutions(folder, **sources):
    for name, source in sources.items():
        (folder / f"{name}.py").write_text(source, encoding="utf-8")
    return folder


def test_only_the_named_files_are_released(tmp_path):
    solutions(tmp_path, layers=SOLUTION, mistakes="def relu_backward(dout, cache):\n    return 0\n")
    assert release_files(tmp_path, GRADED, assignment="hw3", files=["layers.py"]) == {"layers.py": STUB}


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["layers.py"], "the graded function elu is in none of layers.py"),
        (["layers.py", "copy.py"], "relu_backward is in layers.py and in copy.py; wanted exactly one."),
        (["layers.py", "nowhere.py"], "nowhere.py cannot be read"),
    ],
)
def test_every_graded_function_must_be_in_exactly_one_file(tmp_path, names, words):
    solutions(tmp_path, layers=SOLUTION, copy=SOLUTION)
    graded = {**GRADED, "elu": StubInfo("1")} if len(names) == 1 else GRADED
    with pytest.raises(AssignmentError, match=words.replace("(", r"\(")):
        release_files(tmp_path, graded, assignment="hw3", files=names)


def test_files_are_written_whole_and_nothing_else_is_left(tmp_path):
    write_files({"a.py": "one\nλ\n", "b.py": "two\n"}, tmp_path / "new" / "hw3")
    write_files({"a.py": "three\n"}, tmp_path / "new" / "hw3")
    assert {path.name: path.read_bytes() for path in (tmp_path / "new" / "hw3").iterdir()} == {
        "a.py": b"three\n",
        "b.py": b"two\n",
    }


def test_a_write_that_fails_changes_nothing(tmp_path):
    """The second name is a folder that is not there; the first file keeps its text."""
    (tmp_path / "a.py").write_text("old\n")
    with pytest.raises(AssignmentError, match="cannot write to"):
        write_files({"a.py": "new\n", "nowhere/b.py": "new\n"}, tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a.py": "old\n"}


def test_drift_names_missing_and_different_files_with_a_short_diff(tmp_path):
    (tmp_path / "same.py").write_text("a\n")
    (tmp_path / "other.py").write_text("".join(f"{number}\n" for number in range(9)) + "old\n")
    expected = {"same.py": "a\n", "other.py": "".join(f"{number}\n" for number in range(9)) + "new\n", "gone.py": ""}
    assert drift(expected, tmp_path) == [
        f"{tmp_path / 'other.py'} differs from what is generated:\n"
        "--- other.py as it is\n+++ other.py as generated\n@@ -9,2 +9,2 @@\n 8\n-old\n+new",
        f"{tmp_path / 'gone.py'} is missing",
    ]


def test_a_long_diff_is_capped_with_a_note(tmp_path):
    (tmp_path / "a.py").write_text("x\n" * 100)
    (difference,) = drift({"a.py": "y\n" * 100}, tmp_path)
    assert len(difference.splitlines()) == 42
    assert difference.endswith("... (163 more lines)")


# --- leaks ------------------------------------------------------------------------------------------------

REFERENCE = '''
SHARED = 1
_TABLE = {"relu": 2.0, "linear": 1.0, "tanh": 1.0}


def given(x):
    """Given."""
    shifted = x - np.max(x, axis=1, keepdims=True)
    return shifted


def graded(dout, cache):
    """A docstring that is long enough to be found anywhere."""
    shifted = x - np.max(x, axis=1, keepdims=True)
    dx = gamma / std * (dout - dout.mean(axis=0)  # why
          - xhat * (dout * xhat).mean(axis=0))
    for row, column in zip(dout.ravel(), cache["rows"]):
        total += row
    if (dout.mean(axis=0).sum() > threshold):  # why
        total = 1
    else:
        total = 2
    return (dx.sum(axis=0) + total * shifted)


def _helper(values, weights):
    return (values * weights).sum() / weights.sum()
'''


def found(**texts):
    return leaks(REFERENCE, ["graded"], {name.replace("_", "."): text for name, text in texts.items()})


@pytest.mark.parametrize(
    "text",
    [
        "dx = gamma / std * (dout - dout.mean(axis=0) - xhat * (dout * xhat).mean(axis=0))",
        "dx=gamma/std*(dout-dout.mean(axis = 0)\n    -xhat*(dout*xhat).mean(axis=0))",
        "for row, column in zip(dout.ravel(), cache['rows']):",
        "if (dout.mean(axis=0).sum() > threshold):",
        "if dout.mean(axis=0).sum() > threshold:",
        "    return (dx.sum(axis=0) + total * shifted)",
        "return dx.sum(axis=0) + total * shifted",
        "return (values * weights).sum() / weights.sum()",
        "_TABLE = {'relu': 2.0, \"linear\": 1.0, 'tanh': 1.0}",
    ],
)
def test_a_statement_of_the_solution_is_found_however_it_is_spaced(text):
    assert len(found(README_md=f"Some words, then {text} and more.")) == 1


def test_a_leak_names_the_file_the_function_and_the_statement():
    assert found(README_md="x", layers_py="def graded():\n    return dx.sum(axis=0)+total*shifted\n") == [
        "layers.py holds a statement of the solution of graded: `return dx.sum(axis=0) + total * shifted`"
    ]


def test_parentheses_and_comments_do_not_hide_a_statement_in_python():
    text = "dx = ((gamma / std) * (dout - dout.mean(axis=0)  # hm\n - (xhat * (dout * xhat).mean(axis=0))))\n"
    assert len(found(layers_py=text)) == 1
    assert found(notes_txt=text) == []


def test_a_statement_over_two_lines_is_found_in_a_notebook():
    lines = [
        "dx = gamma / std * (\n",
        "    dout - dout.mean(axis=0)\n",
        "    - xhat * (dout * xhat).mean(axis=0)\n",
        ")",
    ]
    notebook = json.dumps({"cells": [{"cell_type": "code", "source": lines}]}, indent=1)
    assert len(found(hw3_ipynb=notebook)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "shifted = x - np.max(x, axis=1, keepdims=True)",
        "A docstring that is long enough to be found anywhere.",
        "total += row",
        "SHARED = 1",
        "def graded(dout, cache):",
    ],
)
def test_what_is_given_short_or_a_docstring_is_no_leak(text):
    assert found(layers_py=text, README_md=text) == []


def test_a_stub_leaks_nothing_of_its_solution():
    stub = release_source(SOLUTION, GRADED, assignment="hw3")
    assert leaks(SOLUTION, list(GRADED), {"layers.py": stub}) == []
    assert leaks(SOLUTION, list(GRADED), {"layers.py": SOLUTION}) != []
