"""Broken submissions: each fault has its status and one sentence, costs only what it touches, and the rest counts."""

from __future__ import annotations

import pytest
from submissions import FILES, SOLUTIONS, write_submission

BROKEN = {
    "affine_backward": """
        def affine_backward(dout):
            return dout
        """,
    "relu_backward": "",
    "leaky_relu_backward": """
        def leaky_relu_backward(dout, cache):
            return None
        """,
    "sigmoid_backward": """
        def sigmoid_backward(dout, cache):
            return "sorry"
        """,
    "tanh_backward": """
        def tanh_backward(dout, cache):
            return dout * np.nan
        """,
    "squared_loss": """
        def squared_loss(h, z):
            return np.sum((h - z) ** 2)
        """,
    "softmax_loss": """
        def softmax_loss(x, y):
            print("scores", x.shape)
            missing = x[:, 99]
            return 0.0, missing
        """,
    "xavier_normal": """
        def xavier_normal(fan_in, fan_out, rng):
            return np.ones(10**12)
        """,
    "xavier_uniform": """
        def xavier_uniform(fan_in, fan_out, rng):
            import sys
            sys.exit(0)
        """,
    "he_uniform": """
        def he_uniform(fan_in, fan_out, rng, negative_slope=0.0):
            return he_uniform(fan_in, fan_out, rng, negative_slope)
        """,
    "init_network": """
        def init_network(layer_sizes, activation, rng):
            import os
            os._exit(0)
        """,
    "batchnorm_backward_steps": """
        def batchnorm_backward_steps(dout, cache):
            a, b, gamma = cache
            return {"dxhat": dout * gamma, "da": dout * gamma * b}
        """,
    "batchnorm_backward": """
        def batchnorm_backward(dout, cache):
            raise KeyboardInterrupt
        """,
    "batchnorm_backward_alt": """
        def batchnorm_backward_alt(dout, cache):
            return {"dx": dout, "dgamma": dout, "dgama": dout}
        """,
}
# What calls or misses one of them.
TOUCHED = {"affine_relu_backward"}
WHOLE = {"he_normal", "batchnorm_forward"}


@pytest.fixture(scope="module")
def broken(grade, tmp_path_factory):
    return grade(write_submission(tmp_path_factory.mktemp("work"), BROKEN))


def test_the_rest_is_graded(broken):
    """Fourteen broken functions: status 1, and what is right keeps all its points."""
    assert broken.status == 1
    assert broken.errors == ""
    assert broken.incomplete == BROKEN.keys() | TOUCHED
    assert set(broken.problems) - broken.incomplete == WHOLE


@pytest.mark.parametrize("name", sorted(BROKEN.keys() - {"batchnorm_backward_steps", "batchnorm_backward_alt"}))
def test_a_broken_function_earns_nothing(name, broken):
    assert broken.score(name) == 0.0


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("affine_backward", "error", "affine_backward() takes 1 positional argument but 2 were given"),
        ("relu_backward", "error", "has no function relu_backward; was it renamed or deleted?"),
        ("leaky_relu_backward", "failed", "dx is None, expected an array of shape (1, 1)"),
        ("sigmoid_backward", "failed", "dx is a value of type str, expected an array of shape (1, 1)"),
        ("tanh_backward", "failed", "It is not a finite number wherever it is wrong"),
        ("squared_loss", "failed", "expected 2: (loss, dh)"),
        ("softmax_loss", "error", "softmax_loss raised IndexError: index 99 is out of bounds"),
        ("xavier_normal", "error", "xavier_normal raised MemoryError"),
        ("xavier_uniform", "error", "xavier_uniform raised SystemExit: 0"),
        ("he_uniform", "error", "he_uniform raised RecursionError"),
        ("init_network", "error", "init_network ended the process"),
        ("batchnorm_backward_steps", "partial", "a dictionary without the key 'db'"),
        ("batchnorm_backward", "error", "batchnorm_backward raised KeyboardInterrupt"),
        ("batchnorm_backward_alt", "failed", "a dictionary without the key 'dbeta'"),
    ],
)
def test_each_fault_has_its_status_and_one_sentence(name, status, words, broken):
    assert broken.status_of(name) == status
    assert words in broken.messages(name)


def test_an_exception_shows_the_students_own_line(broken):
    """File, line and text; of the grader's own files nothing."""
    assert "layers.py, line " in broken.messages("softmax_loss")
    assert "`missing = x[:, 99]`" in broken.messages("softmax_loss")


def test_nothing_of_the_grader_is_shown(broken):
    """No traceback, no path of ours."""
    for text in (broken.text, str(broken.report["problems"])):
        assert "Traceback" not in text
        assert "grader/" not in text.replace("pytest-of-", "")
        assert "sandbox" not in text


def test_what_a_function_printed_stands_under_its_problem(broken):
    assert broken.problems["softmax_loss"]["printed"][0].startswith("scores (")
    block = broken.text.split("\nsoftmax_loss ")[1].split("\naffine_relu_backward ")[0]
    assert "your code printed:" in block
    assert "| scores (1, 2)" in block


# --- loops --------------------------------------------------------------------------------------------------

ENDLESS = {
    "squared_loss": """
        def squared_loss(h, z):
            while True:
                print("here" * 100)
        """,
}


@pytest.fixture(scope="module")
def endless(grade, tmp_path_factory):
    return grade(write_submission(tmp_path_factory.mktemp("work"), ENDLESS))


def test_an_infinite_loop_costs_its_own_problem_only(endless):
    assert endless.incomplete == {"squared_loss"}
    assert (endless.status_of("squared_loss"), endless.score("squared_loss")) == ("timeout", 0.0)
    assert "squared_loss used more than 2 s of CPU time" in endless.messages("squared_loss")


def test_an_infinite_loop_ends_in_a_few_seconds(endless):
    """Tried twice, two seconds of CPU time each, with room for a slow machine."""
    assert endless.report["duration_s"] < 20


def test_endless_printing_is_cut_short(endless):
    """Twenty lines of at most two thousand characters, and how many there were."""
    printed = endless.problems["squared_loss"]["printed"]
    assert 2 <= len(printed) <= 21
    assert all(len(line) <= 2100 for line in printed)
    assert "more lines" in printed[-1]
    assert len(endless.text) < 20_000


# --- files that cannot be imported --------------------------------------------------------------------------


def sources():
    return {file: (SOLUTIONS / file).read_text(encoding="utf-8") for file in FILES}


def write(folder, files):
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


# Four spaces, then `return dout * (`: the parenthesis stands in column 19.
UNCLOSED = ("    return dout * out * (1 - out)\n", "    return dout * (1 - out\n")
UNCLOSED_LINE = sources()["layers.py"].split(UNCLOSED[0])[0].count("\n") + 1


def problems_in(outcome, file):
    """Return the problems of one file."""
    found = [name for name, problem in outcome.problems.items() if problem["file"].endswith(file)]
    assert found
    return found


@pytest.fixture(scope="module")
def unloadable(grade, tmp_path_factory):
    """Return the outcome of a syntax error, a module that is not there, and an exit, one in each file."""
    files = sources()
    files["layers.py"] = files["layers.py"].replace(*UNCLOSED)
    files["initializers.py"] = "import torch_is_not_here\n" + files["initializers.py"]
    files["batchnorm.py"] += "\nimport sys\n\nsys.exit(3)\n"
    return grade(write(tmp_path_factory.mktemp("work"), files))


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (
            "layers.py",
            f"importing layers.py raised SyntaxError: '(' was never closed (line {UNCLOSED_LINE}, column 19)",
        ),
        ("initializers.py", "No module named 'torch_is_not_here'"),
        ("batchnorm.py", "importing batchnorm.py raised SystemExit: 3"),
    ],
)
def test_a_file_that_cannot_be_imported_says_why_and_where(file, words, unloadable):
    """Every problem of the file is an error with the same sentence, and the line."""
    line = {"layers.py": UNCLOSED_LINE, "initializers.py": 1}.get(file)
    for name in problems_in(unloadable, file):
        assert (unloadable.status_of(name), unloadable.score(name)) == ("error", 0.0)
        assert words in unloadable.messages(name)
        assert f"{file}, line {line or ''}" in unloadable.messages(name)


def test_a_file_that_cannot_be_imported_is_explained_once(unloadable):
    """Not once for every problem in it."""
    text = " ".join(unloadable.text.split())
    assert text.count("was never closed") == 1
    assert "the same for relu_backward" in text


def test_the_other_files_count(grade, tmp_path):
    """A missing file and one whose import is interrupted cost their own problems; a plotting import costs nothing."""
    files = sources()
    del files["initializers.py"]
    files["layers.py"] = "import matplotlib.pyplot as plt\n\nplt.style.use('ggplot')\n" + files["layers.py"]
    files["batchnorm.py"] += "\nraise KeyboardInterrupt\n"
    outcome = grade(write(tmp_path, files))
    assert outcome.report["score"] == 33.0
    assert outcome.incomplete.isdisjoint(problems_in(outcome, "layers.py"))
    assert "initializers.py is missing from the submission" in outcome.messages("he_normal")
    assert "KeyboardInterrupt" in outcome.messages("batchnorm_forward")
    assert any("matplotlib" in note for note in outcome.report["notes"])


def test_a_file_that_ends_the_process_costs_its_own_problems(grade, tmp_path):
    """And is told as what it is: no exception of the student's."""
    files = sources()
    files["batchnorm.py"] += "\nimport os\n\nos._exit(0)\n"
    outcome = grade(write(tmp_path, files))
    assert outcome.incomplete == set(problems_in(outcome, "batchnorm.py"))
    assert {outcome.status_of(name) for name in outcome.incomplete} == {"error"}
    assert "importing batchnorm.py ended the process" in outcome.messages("batchnorm_forward")
