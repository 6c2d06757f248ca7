"""Bytes of a source that are not plain UTF-8: read where Python reads them, and else one sentence with a place."""

from __future__ import annotations

import pytest

from grader.sandbox.importer import Importer

TEXT = "NAME = 'caf\u00e9'\ndef f():\n    return 1\n"
COOKIE = "# -*- coding: latin-1 -*-\n"


def load(data):
    importer = Importer({"own_layers.py": data}, {})
    try:
        return importer.load({"own_layers.py": ["f"]})[0]
    finally:
        importer.close()


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        b"\xef\xbb\xbf" + TEXT.encode(),
        (COOKIE + TEXT).encode("latin-1"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
    ],
    ids=["UTF-8", "with a mark", "declared Latin-1", "Windows lines", "old Mac lines"],
)
def test_what_python_reads_is_read(data):
    reply = load(data)
    assert reply["modules"]["own_layers.py"] is None
    assert reply["functions"]["f"][0] == "ready"


@pytest.mark.parametrize(
    ("data", "message", "line"),
    [
        (TEXT.encode("utf-16"), "the file is saved as UTF-16; save it as UTF-8", 1),
        (TEXT.encode("utf-16-be"), "the file holds a NUL byte, so it is not text (line 1)", 1),
        (TEXT.encode("latin-1"), "the file is not UTF-8 text (line 1, column 12); save it as UTF-8", 1),
        (b"x = 1\n\nname = '\xe9'\n", "the file is not UTF-8 text (line 3, column 9); save it as UTF-8", 3),
        (b"x = 1\ny = '\0'\n", "the file holds a NUL byte, so it is not text (line 2)", 2),
    ],
)
def test_what_python_does_not_read_is_one_sentence_with_a_place(data, message, line):
    """What is wrong, where, and what to do."""
    error = load(data)["modules"]["own_layers.py"]
    assert error[:3] == ["error", "SyntaxError", message]
    assert error[3][0][:2] == ["own_layers.py", line]


@pytest.mark.parametrize("name", ["nonsense", "rot13", "undefined", "base64"])
def test_an_encoding_that_does_not_exist_is_the_files_own_fault(name):
    """And not the end of the worker."""
    error = load(f"# coding: {name}\nx = 1\n".encode())["modules"]["own_layers.py"]
    assert error[1] in ("SyntaxError", "LookupError")
