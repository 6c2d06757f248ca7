"""Reading replies: the agreed form is taken, anything else is a ProtocolError, texts are cleaned again."""

from __future__ import annotations

import numpy as np
import pytest

from grader.errors import ProtocolError
from grader.sandbox import answers
from grader.sandbox.channel import Exit
from grader.sandbox.codec import encode
from grader.sandbox.limits import Limits
from grader.sandbox.replies import Frame, FunctionState, Manifest, Raised, Returned, Row

SHOWN = {"hw/a.py"}
END = ()


def test_rows_are_read_into_frozen_answers():
    """Results, errors and modified inputs of each row, batch by batch."""
    frame = ("hw/a.py", 3, "f", "x = 1")
    tree = (
        ((("returned", 1.0, None, True), ("raised", "ValueError", "no", (frame,)), (0, 2)),),
        (),
    )
    raised = Raised("ValueError", "no", (Frame("hw/a.py", 3, "f", "x = 1"),))
    assert answers.read_rows(tree, [1, 0], SHOWN) == [[Row((Returned(1.0, None, True), raised), (0, 2))], []]


@pytest.mark.parametrize(
    "tree",
    [
        None,
        7,
        (),
        ((),),
        (((END,), (END,)),),
        (((np.zeros(3), END),),),
        ((np.zeros((2, 2)),),),
        (((("raised", "Error", "text", ((np.zeros(2), 1, "f", ""),)), END),),),
        (((END,), (END,)), ()),
        (((("returned", 1, None, None),),),),
        ((((1, 2, 3, 4), END),),),
        (((("returned", 1, None), END),),),
        (((("returned", 1, 2, None), END),),),
        (((("returned", 1, None, 2), END),),),
        (((("raised", 1, "text", ()), END),),),
        (((("raised", "Error", None, ()), END),),),
        (((("raised", "Error", "text", None), END),),),
        (((("raised", "Error", "text", (("hw/a.py", "1", "f", ""),)), END),),),
        (((("raised", "Error", "text", (1,)), END),),),
        ((((1,), ("0",)),),),
        ((((1,), None),),),
        ((((1,), (-1,)),),),
        ((((1,), ((),)),),),
        (({"a": 1},),),
    ],
    ids=repr,
)
def test_rows_of_another_form_break_the_protocol(tree):
    """Whatever a hostile worker sends in place of one row is refused with one error type."""
    with pytest.raises(ProtocolError):
        answers.read_rows(tree, [1], SHOWN)


def test_texts_of_an_error_are_cleaned_again():
    """The worker's own cleaning is not believed: lengths, control characters and files are checked here."""
    frames = tuple((file, i, "f\x1b", "x" * 999) for i, file in enumerate(["hw/a.py"] * 9 + ["/etc/passwd"]))
    step = answers.read_step(("raised", "E" * 500, "a\x1b[2J\u202e" + "b" * 9000, frames), SHOWN)
    assert len(step.type_name) == 80
    assert step.message.startswith("a[2Jb")
    assert len(step.message) == 500
    assert [frame.line for frame in step.frames] == [4, 5, 6, 7, 8]
    assert {frame.file for frame in step.frames} == SHOWN
    assert {frame.function for frame in step.frames} == {"f"}
    assert all(len(frame.text) == 200 for frame in step.frames)


def manifest(**changes):
    return {"modules": {"a.py": None}, "functions": {"f": ("ready", 3)}, "stand_ins": ("tqdm",), **changes}


def test_a_manifest_holds_what_was_asked_for_and_no_more():
    """Files and functions that nobody asked for are dropped."""
    tree = manifest(functions={"f": ("ready", 3), "g": ("ready", 4)})
    wanted = Manifest({"a.py": None}, {"f": FunctionState("ready", 3)}, ("tqdm",))
    assert answers.read_manifest(tree, ["a.py"], {"a.py": ["f"]}, SHOWN) == wanted


@pytest.mark.parametrize(
    "tree",
    [
        None,
        {},
        manifest(modules={}),
        manifest(modules={"a.py": 3}),
        manifest(functions={}),
        manifest(functions={"f": ("perfect", 3)}),
        manifest(functions={"f": ("ready", "3")}),
        manifest(functions={"f": None}),
        manifest(stand_ins=None),
    ],
    ids=repr,
)
def test_manifests_of_another_form_break_the_protocol(tree):
    """A missing file, function or field, or an unknown state, is refused."""
    with pytest.raises(ProtocolError):
        answers.read_manifest(tree, ["a.py"], {"a.py": ["f"]}, SHOWN)


@pytest.mark.parametrize(
    "event",
    [
        ("importing", "b.py"),
        ("loading", "a.py"),
        ("importing",),
        None,
        ("importing", 3),
        ("importing", {}),
        (np.zeros(2), "a.py"),
    ],
    ids=repr,
)
def test_events_of_another_form_break_the_protocol(event):
    """Only the submission's own files can be blamed, with the agreed words."""
    with pytest.raises(ProtocolError):
        answers.read_import_event(encode(event), {"a.py": b""})


@pytest.mark.parametrize(
    ("status", "reason", "message"),
    [
        (3 << 8, "died", "ended the process (exit status 3)"),
        (0, "died", "ended the process (exit status 0)"),
        (77 << 8, "memory", "needed more than 448 MB of memory"),
        (11, "died", "was killed by signal 11 (segmentation fault)"),
        (11 | 0x80, "died", "was killed by signal 11 (segmentation fault)"),
        (27, "timeout", "used more than 2 s of CPU time in one call"),
        (14, "timeout", "did not return within 8 s"),
        (9, "memory", "was killed from outside; it may have needed more than 448 MB"),
        (15, "died", "was killed by signal 15"),
        (None, "died", "ended the process that runs it"),
    ],
)
def test_every_end_of_a_process_has_its_sentence(status, reason, message):
    """The sentence continues with the function's name in front."""
    lost = answers.explain_death(Exit(status, 0.0), Limits())
    assert (lost.reason, lost.message) == (reason, message)
