"""The same answers are read and judged once in a class; what differs in one bit is judged anew."""

from __future__ import annotations

import sys
from contextlib import ExitStack

import numpy as np
import pytest
from scratch import layers

from grader import engine
from grader.assignment import Assignment, Problem
from grader.bank import Bank
from grader.checks import Array, Backward
from grader.intake import Submission
from grader.report import to_json
from grader.sandbox import codec
from grader.sandbox.recall import Recall
from grader.sandbox.replies import Raised, Returned, Row
from grader.sandbox.student import open_student
from grader.sandbox.zygote import Zygote

REQUEST, OTHER = b"a request", b"another"
NAMES = frozenset({"a.py"})


def rows(step=None):
    return [[Row((step or Returned(1.0),))]]


def reply(text, size=0):
    """The bytes of an answer; `size` pads it."""
    return codec.encode([text, np.zeros(size // 8)])


def filled(*replies, request=REQUEST):
    recall = Recall([request])
    kept = [rows() for _ in replies]
    for one, its_rows in zip(replies, kept, strict=True):
        recall.add(request, one, NAMES, its_rows)
    return recall, kept


# --- what is remembered -------------------------------------------------------------------------------------


def test_equal_bytes_are_the_same_rows():
    recall, [first] = filled(reply("1234"))
    assert recall.find(REQUEST, reply("1234"), NAMES) is first


def test_one_bit_makes_another_reply():
    recall, _ = filled(reply("1234"))
    assert recall.find(REQUEST, reply("1235"), NAMES) is None


def test_the_same_bytes_answer_another_request_differently():
    recall = Recall([REQUEST, OTHER])
    recall.add(REQUEST, reply("x"), NAMES, rows())
    assert recall.find(OTHER, reply("x"), NAMES) is None


def test_what_else_was_asked_is_forgotten():
    recall = Recall([REQUEST])
    recall.add(OTHER, reply("x"), NAMES, one := rows())
    recall.note(OTHER, one, "verdict")
    assert recall.find(OTHER, reply("x"), NAMES) is None
    assert recall.find_verdict(OTHER, one) is None


def test_errors_are_read_by_the_names_of_a_submission():
    recall = Recall([REQUEST])
    recall.add(REQUEST, reply("x"), NAMES, one := rows(Raised("ValueError", "no")))
    assert recall.find(REQUEST, reply("x"), frozenset({"b/a.py"})) is None
    assert recall.find(REQUEST, reply("x"), frozenset({"a.py"})) is one


def test_values_are_the_same_under_every_name():
    recall, [first] = filled(reply("x"))
    assert recall.find(REQUEST, reply("x"), frozenset({"b/a.py"})) is first


def test_a_verdict_belongs_to_the_very_rows():
    recall, [first, second] = filled(reply("1"), reply("2"))
    recall.note(REQUEST, first, "right")
    assert recall.find_verdict(REQUEST, first) == "right"
    assert recall.find_verdict(REQUEST, second) is None
    assert recall.find_verdict(REQUEST, rows()) is None


def test_what_was_of_no_use_for_the_longest_time_goes_first():
    recall, kept = filled(*(reply(str(number)) for number in range(8)))
    assert recall.find(REQUEST, reply("0"), NAMES) is kept[0]
    recall.add(REQUEST, reply("8"), NAMES, rows())
    assert recall.find(REQUEST, reply("1"), NAMES) is None
    assert recall.find(REQUEST, reply("0"), NAMES) is kept[0]


def test_all_requests_together_have_a_bound():
    requests = [f"request {number}".encode() for number in range(20)]
    recall = Recall(requests)
    size = 6 * 2**20
    for request in requests:
        recall.add(request, reply("x", size), NAMES, rows())
        assert recall.find(requests[0], reply("x", size), NAMES) is not None
    found = [recall.find(request, reply("x", size), NAMES) is not None for request in requests]
    assert found == [True] + [False] * 10 + [True] * 9


@pytest.mark.parametrize("huge", [reply("x", 9 * 2**20), codec.encode([None] * 200_000)], ids=["bytes", "values"])
def test_a_huge_reply_drives_nobody_out(huge):
    recall, [first] = filled(reply("1"))
    recall.add(REQUEST, huge, NAMES, rows())
    assert recall.find(REQUEST, huge, NAMES) is None
    assert recall.find(REQUEST, reply("1"), NAMES) is first


# --- grading with it ----------------------------------------------------------------------------------------

RELU = Problem("relu_backward", "a.py", 3, Backward("relu_forward", {"x": Array("N D")}, kink=True))
TINY = Assignment("tiny", "Title", (RELU,))
RIGHT = """
import numpy as np
def relu_forward(x):
    return np.maximum(x, 0), x
def relu_backward(dout, cache):
    return dout * (cache > 0)
"""
WRONG = RIGHT + "# wrong\n_right = relu_backward\ndef relu_backward(dout, cache):\n    return 2 * _right(dout, cache)\n"
PRINTS = RIGHT.replace("    return dout", "    print('here')\n    return dout")
RAISES = RIGHT.replace("    return dout", "    raise ValueError('no')\n    return dout")


@pytest.fixture(scope="module")
def bank():
    return Bank("tiny", 0, b"the file", {RELU.id: codec.encode(RELU.check.build(RELU.id, layers(), 0))})


class Steady(Bank):
    """A bank whose sections are decoded once, as a class needs it."""

    def section(self, problem):
        return self.__dict__.setdefault("known", super().section(problem))


@pytest.fixture
def grading(bank, monkeypatch):
    """Grade texts one after the other, with a memory or without; `judged` are the problems that were judged."""
    steady = Steady(bank.assignment, bank.seed, bank.data, bank.sections)
    judged = []
    grade = engine._grade

    def count(problem, section, run):
        judged.append(problem.id)
        return grade(problem, section, run)

    monkeypatch.setattr(engine, "_grade", count)
    with ExitStack() as stack:
        zygote = stack.enter_context(Zygote(spawn=sys.platform != "linux"))

        def grade_one(text, recall=None, name="a.py"):
            submission = Submission("work", {"a.py": text.encode()}, {"a.py": name})
            opening = open_student(
                zygote,
                submission.files,
                names=submission.shown,
                wanted=TINY.functions,
                show_prints=True,
                recall=recall,
            )
            with opening as student:
                report = engine.grade(
                    TINY,
                    TINY.problems,
                    submission,
                    student,
                    lambda: steady,
                    seed=0,
                    isolation=student.isolation,
                    pictures=True,
                    recall=recall,
                )
            tree = to_json(report)
            del tree["duration_s"]
            return tree

        grade_one.judged = judged
        grade_one.memory = lambda: Recall([steady.section(RELU.id)["request"]["bytes"]])
        yield grade_one


def test_reports_are_the_same_with_and_without_a_memory(grading):
    texts = [RIGHT, WRONG, RIGHT + "\n# mine\n", PRINTS, RAISES, WRONG + "\n# mine\n", RAISES + "\n# mine\n", RIGHT]
    recall = grading.memory()
    assert [grading(text, recall) for text in texts] == [grading(text) for text in texts]


def test_answers_that_came_before_are_not_judged_again(grading):
    recall = grading.memory()
    for text in (RIGHT, RIGHT + "\n# mine\n", PRINTS):
        assert grading(text, recall)["score"] == 3
    assert grading.judged == ["relu_backward"]
    assert grading(RIGHT.replace("dout *", "dout * 1.0000000000000002 *"), recall)["score"] == 3
    assert grading.judged == ["relu_backward"] * 2


def test_what_was_printed_is_each_students_own(grading):
    recall = grading.memory()
    printed = [grading(text, recall)["problems"][0].get("printed") for text in (RIGHT, PRINTS, RIGHT)]
    assert "here" in str(printed[1])
    assert "here" not in str((printed[0], printed[2]))


def test_a_traceback_names_the_students_own_file(grading):
    recall = grading.memory()
    reports = [str(grading(RAISES, recall, name)) for name in ("alice/a.py", "bob/a.py")]
    for report, mine, theirs in zip(reports, ("alice", "bob"), ("bob", "alice"), strict=True):
        assert f"{mine}/a.py" in report
        assert theirs not in report


def test_a_verdict_that_more_questions_led_to_is_not_remembered(grading, monkeypatch):
    recall, grade = grading.memory(), engine._grade

    def curious(problem, section, run):
        once_more = codec.encode({"op": "run", "batches": []})
        assert run(once_more, []) == []
        return grade(problem, section, run)

    monkeypatch.setattr(engine, "_grade", curious)
    grading(RIGHT, recall)
    grading(RIGHT, recall)
    assert grading.judged == ["relu_backward"] * 2
