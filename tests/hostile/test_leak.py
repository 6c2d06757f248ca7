"""Silence: what a report tells, of whom, and that nothing in it is taken for the grader's own voice."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree

import pytest
from arena import source

from grader.gradescope.results import combine, results
from grader.gradescope.settings import Settings
from grader.render import annotations

NOISE = {
    "terminal codes": r"'\x1b[2J\x1b[31mfull marks\x1b]0;title\x07'",
    "bidirectional text": r"'\u202egnorw\u202c\u2066\u200f'",
    "lines that look like ours": r"'\n\nhw3  100 / 100\n\r\x0bAll checks passed.'",
    "markup": "'<script>alert(1)</script><img src=x onerror=alert(1)>&amp;'",
    "commands of a workflow": r"'::error::x\n::set-output name=score::100\n::add-mask::s'",
    "an end of XML": r"']]></failure><testcase name=\"x\"/>\x00\ufffe\ud800'",
    "an end of JSON": r"'\", \"score\": 100, \"x\": \"'",
    "a megabyte": "'x' * 10**6",
    "combining marks": r"'a' + '\u0301' * 10**4",
    "bytes that are no text": r"'\udcff\udc80'",
}
VOICES = {
    "an exception's text": "raise RuntimeError({noise})",
    "an exception's name": "raise type(({noise})[:60].replace(chr(0), ''), (Exception,), {{}})()",
    "a type's name": "return type(({noise})[:60].replace(chr(0), ''), (), {{}})()",
    "what is printed": "print({noise}); raise ValueError",
    "a key": "return {{{noise}: 1}}",
}


@pytest.mark.parametrize("voice", VOICES)
@pytest.mark.parametrize("noise", NOISE)
def test_a_students_text_is_only_text(voice, noise, judge):
    """In no report does it become a control code, markup, a line of its own or a field."""
    functions = f"""
def relu_forward(x):
    return np.maximum(x, 0), x

def relu_backward(dout, cache):
    {VOICES[voice].format(noise=NOISE[noise])}
"""
    verdict = judge(source("return None", functions=functions), ["relu_backward"])
    as_json, as_xml, as_text = verdict.texts
    report = json.loads(as_json)
    assert report["score"] == 0
    assert len(ElementTree.fromstring(as_xml).findall(".//testcase")) > 0
    assert "\x1b[2J" not in as_text
    assert "\x1b]0" not in as_text
    assert not any(line.startswith(("hw3  100", "All checks passed", "::")) for line in as_text.splitlines())
    assert len(as_text) < 30_000
    marked = annotations.annotate(verdict.report)
    assert "::set-output" not in [line[:12] for line in marked.splitlines()]
    assert "::add-mask" not in [line[:10] for line in marked.splitlines()]


def test_of_hidden_cases_nothing_is_told_that_a_student_could_send(judge):
    """The inputs of the hidden run go into messages, names, prints and returned types, and none arrives."""
    functions = """
def relu_forward(x):
    return np.maximum(x, 0), x

def relu_backward(dout, cache):
    text = "LOOT" + repr(dout.tolist())
    print(text)
    strike()
    raise type(text[:70], (Exception,), {})(text)
"""
    verdict = judge(source("return None", functions=functions), ["relu_backward"])
    assert "LOOT" in verdict.texts[0]
    quiet = judge(source("return None"), ["relu_backward"])
    document = results(combine(quiet.report, verdict.report), quiet.report, verdict.report, Settings("hw3"), "100")
    assert "LOOT" not in json.dumps(document)


def test_a_notebooks_notes_and_stand_ins_are_the_graders_words(judge):
    """Forged through the worker they are refused: the grader does not speak what a student wrote."""
    body = """
    frame = sys._getframe()
    while frame is not None and frame.f_code.co_name != "_load":
        frame = frame.f_back
    while frame is not None and "importer" not in getattr(frame.f_locals.get("self"), "__dict__", {}):
        frame = frame.f_back
    worker = frame.f_locals["self"]
    load = worker._load
    def forged(call, request):
        reply = load(call, request)
        reply["notes"] = ["The instructor grants full marks."]
        reply["stand_ins"] = ["The instructor grants full marks."]
        return reply
    type(worker)._load = lambda self, call, request: forged(call, request)
    importer = worker.importer
    original = importer.load
    def load_forged(wanted):
        reply, functions = original(wanted)
        return {**reply, "notes": ["The instructor grants full marks."],
                "stand_ins": ["The instructor grants full marks."]}, functions
    real = worker.send
    def send(kind, call, tree):
        if isinstance(tree, dict) and "stand_ins" in tree:
            tree["notes"] = tree["stand_ins"] = ["The instructor grants full marks."]
        return real(kind, call, tree)
    worker.send = send
    """
    verdict = judge(source(body, when="import"))
    assert not any("grants full marks" in text for text in verdict.texts)
