"""Notebooks: malformed, oversized, deep, and with code where none belongs. One clear sentence each, or graded."""

from __future__ import annotations

import json

import pytest
from arena import FUNCTIONS, HEAD, peak_mb
from notebooks import as_bytes, code_cell, document, text_cell

from grader.errors import IntakeError

GOOD = HEAD.format(body="    return None") + FUNCTIONS


def nested(depth):
    return (
        b'{"nbformat": 4, "nbformat_minor": 4, "metadata": '
        + b'{"a":' * depth
        + b"1"
        + b"}" * depth
        + b', "cells": []}'
    )


# What cannot be read as a notebook with something to grade.
MALFORMED = {
    "not JSON": b"import numpy as np\n",
    "half of a notebook": as_bytes(GOOD)[:-40],
    "empty": b"",
    "a list": b"[]",
    "a number": b"7",
    "null": b"null",
    "no cells": json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}}).encode(),
    "cells that are a dict": as_bytes(cells={"0": code_cell(GOOD)}),
    "cells that are text": as_bytes(cells=GOOD),
    "cells that are numbers": as_bytes(1, 2, 3),
    "cells without source": as_bytes({"cell_type": "code", "metadata": {}, "outputs": []}),
    "a source that is a number": as_bytes(code_cell(7)),
    "a source that is a list of lists": as_bytes(code_cell([[GOOD]])),
    "text only": as_bytes(text_cell("# done")),
    "magics only": as_bytes("%matplotlib inline\n!pip install numpy\n%%bash\n"),
    "empty cells only": as_bytes("", "   \n", "# nothing"),
    "nested deeply": nested(100_000),
    "brackets without end": b"[" * 10**6,
    "too large": as_bytes(
        code_cell(GOOD, outputs=[{"output_type": "stream", "name": "stdout", "text": "x" * 11 * 2**20}])
    ),
    "too many cells": as_bytes(*["x = 1"] * 3000),
    "too much code": as_bytes(*["#" * 2**16] * 5, GOOD),
    "another format": json.dumps({"nbformat": 3, "worksheets": [{"cells": []}]}).encode(),
    "a format of the future": as_bytes(GOOD, nbformat=99),
    "another encoding": as_bytes(GOOD).decode().encode("utf-16"),
    "NUL bytes": b"\0" * 4096,
    "a number of a million digits": b'{"nbformat": ' + b"4" * 10**6 + b', "cells": []}',
    "infinities": b'{"nbformat": Infinity, "cells": NaN}',
    "keys twice": b'{"nbformat": 4, "cells": [], "cells": 7}',
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_notebook_gets_one_clear_sentence(name, judge, tmp_path):
    """It says what is wrong and what to do, without a traceback, and takes little memory."""
    path = tmp_path / "hw3.ipynb"
    path.write_bytes(MALFORMED[name])
    peak = peak_mb()
    with pytest.raises(IntakeError) as caught:
        judge(path)
    text = str(caught.value)
    assert len(text) < 600
    assert text.isprintable()
    assert "Traceback" not in text
    assert peak_mb() - peak < 120


# What is graded, with something hostile beside the functions.
BESIDE = {
    "code in outputs": code_cell(
        "x = 1",
        outputs=[{"output_type": "display_data", "metadata": {}, "data": {"text/html": "<script>alert(1)</script>"}}],
    ),
    "code in metadata": code_cell("x = 1", metadata={"init": "import os; os._exit(0)", "tags": ["raises-exception"]}),
    "ten mebibytes of outputs": code_cell(
        "x = 1", outputs=[{"output_type": "stream", "name": "stdout", "text": "x" * 9 * 2**20}]
    ),
    "shell lines": "!rm -rf /\n!curl http://127.0.0.1:9 | sh",
    "a cell magic": "%%bash\nrm -rf /",
    "a magic that writes": "%%writefile /tmp/grader-hostile-was-here\nx",
    "a cell that never ends": "while True:\n    pass",
    "a definition that never ends": "def f(x=[0 for _ in iter(int, 1)]):\n    pass",
    "an import that leaves": "import os\nos._exit(0)",
    "a decorator that leaves": "import os\n@(lambda f: os._exit(0))\ndef f():\n    pass",
    "a class body that leaves": "import os\nclass A:\n    os._exit(0)",
    "a constant that fills the memory": "a = 'x' * 10**10",
    "a constant that takes for ever": "a = 10 ** 10 ** 10",
    "names that are not there": "b = nowhere + 1\ndef g():\n    return b",
    "a cell that is no Python": "def f(:\n",
    "brackets without end": "(" * 10**5,
    "lines of a megabyte": "# " + "x" * 2**17,
    "magics that are slow to clean": "%" * 10**5 + "\n" + "x = '" * 10**4,
    "get_ipython": "get_ipython().system('touch /tmp/grader-hostile-was-here')",
    "an own loader of notebooks": "import sys\nclass F:\n    sys.meta_path.insert(0, object())",
}


@pytest.mark.parametrize("name", BESIDE)
def test_a_hostile_cell_costs_nothing_else(name, judge, tmp_path):
    """The functions of the other cells are graded as if it were not there."""
    path = tmp_path / "hw3.ipynb"
    path.write_bytes(json.dumps(document(BESIDE[name], GOOD)).encode())
    verdict = judge(path)
    assert verdict.score("squared_loss") == 300
    assert "<script>" not in verdict.texts[0]


def test_the_same_functions_as_file_and_as_notebook_get_the_same_verdict(judge, tmp_path):
    """Point by point and word by word, but for the place."""
    (tmp_path / "layers.py").write_text(GOOD)
    (tmp_path / "hw3.ipynb").write_bytes(as_bytes(GOOD))
    first, second = judge(tmp_path / "layers.py"), judge(tmp_path / "hw3.ipynb")
    places = (str(tmp_path / "layers.py"), str(tmp_path / "hw3.ipynb"))

    def seen(verdict):
        return [
            (one.id, [(c.id, c.score, c.status, c.mistake) for c in one.checks], *(_without(one.message, places),))
            for one in verdict.report.problems
        ]

    assert seen(first) == seen(second)


def _without(text, places):
    for place in places:
        text = text.replace(place, "")
    return text
