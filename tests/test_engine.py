"""The engine: an assignment, a bank and a student's answers give a report."""

from __future__ import annotations

import numpy as np
import pytest
from scratch import dense_backward, dense_forward, layers, relu_backward, relu_forward

from grader import engine
from grader.assignment import Assignment, Problem
from grader.bank import Bank
from grader.checks import Array, Backward
from grader.checks.base import describe_raised
from grader.errors import BankError, SandboxError
from grader.intake import Submission
from grader.report import Evidence, Isolation, Outcome, to_json
from grader.sandbox import codec
from grader.sandbox.replies import Frame, FunctionState, Lost, Manifest, Raised

RELU = Problem("relu_backward", "a.py", 3, Backward("relu_forward", {"x": Array("N D")}, kink=True))
DENSE = Problem(
    "dense_backward", "b.py", 5, Backward("dense_forward", {"x": Array("N D"), "w": Array("D M"), "b": Array("M")})
)
TINY = Assignment("tiny", "Title", (RELU, DENSE))
FILES = ("a.py", "b.py")


@pytest.fixture(scope="module")
def bank():
    sections = {one.id: codec.encode(one.check.build(one.id, layers(), 0)) for one in TINY.problems}
    return Bank("tiny", 0, b"the file", sections)


class Answering:
    """A student whose functions are called here; it records what it was asked."""

    def __init__(self, states=None, modules=None, stand_ins=(), printed=None, **replaced):
        self.run_bytes = layers().runner(replaced)
        ready = {one.id: FunctionState("ready", 7) for one in TINY.problems}
        broken = dict.fromkeys(FILES) | (modules or {})
        self.manifest = Manifest(broken, {**ready, **(states or {})}, stand_ins)
        self.requests = 0
        self.texts = printed or []

    def load(self):
        return self.manifest

    def run(self, payload, groups, meanwhile=None):
        self.requests += 1
        return self.run_bytes(payload, groups)

    def printed(self):
        return (self.texts.pop(0),) if self.texts else ()


def submission(*files):
    held = files or FILES
    return Submission("work", dict.fromkeys(held, b""), {file: f"work/{file}" for file in held}, notes=("a note",))


def grade(student, bank, problems=TINY.problems, files=FILES, level=1):
    ask = bank if callable(bank) else lambda: bank
    isolation = Isolation(level, ("process",), ())
    return engine.grade(TINY, problems, submission(*files), student, ask, seed=0, isolation=isolation)


def by_id(report):
    return {problem.id: problem for problem in report.problems}


@pytest.fixture(params=[0, 1], ids=["in turn", "one step ahead"])
def level(request):
    """Both ways of asking: in this thread for a debugger, or a step ahead."""
    return request.param


# --- scores -------------------------------------------------------------------------------------------------


def test_right_answers_have_full_marks(bank, level):
    report = grade(Answering(), bank, level=level)
    assert (report.score, report.max_score) == (800, 800)
    assert [problem.status for problem in report.problems] == [Outcome.PASSED] * 2
    assert (report.seed, report.bank_hash, report.fault) == (0, bank.hash, None)
    assert report.notes == ("a note",)


def test_points_of_findings_are_the_problems_points(bank, level):
    def wrong(dout, cache):
        x, w = cache
        return dout @ w.T, x.T @ dout, dout.mean(axis=0)

    report = grade(Answering(dense_backward=wrong), bank, level=level)
    for problem in report.problems:
        assert sum(check.max_score for check in problem.checks) == problem.max_score
        assert sum(check.score for check in problem.checks) == problem.score
    assert by_id(report)["relu_backward"].score == 300
    assert 0 < by_id(report)["dense_backward"].score < 500
    assert report.score == sum(problem.score for problem in report.problems)


def test_both_ways_of_asking_give_the_same_report(bank):
    def wrong(dout, cache):
        return np.where(cache > 0, 2 * dout, 0)

    reports = [to_json(grade(Answering(relu_backward=wrong), bank, level=level)) for level in (0, 1)]
    for report in reports:
        del report["duration_s"], report["isolation"]
    assert reports[0] == reports[1]


def test_a_selection_is_all_that_is_judged_and_counted(bank, level):
    student = Answering()
    report = grade(student, bank, (DENSE,), level=level)
    assert (list(by_id(report)), report.max_score) == (["dense_backward"], 500)


def test_problems_know_their_file_and_line(bank):
    report = grade(Answering(states={"relu_backward": FunctionState("ready", 41)}), bank)
    assert (by_id(report)["relu_backward"].file, by_id(report)["relu_backward"].line) == ("work/a.py", 41)


def test_what_was_printed_stands_with_its_problem(bank, level):
    report = grade(Answering(printed=["from relu", "from dense"]), bank, level=level)
    assert [problem.printed for problem in report.problems] == [("from relu",), ("from dense",)]


# --- what cannot be judged ----------------------------------------------------------------------------------


def test_untouched_stubs_need_no_bank(level):
    """Nothing is built for a first run."""

    def no_bank():
        raise AssertionError("the bank was asked for")

    unfinished = {one.id: FunctionState("unfinished") for one in TINY.problems}
    student = Answering(states=unfinished)
    report = grade(student, no_bank, level=level)
    assert (report.score, report.max_score, report.bank_hash, student.requests) == (0, 800, None, 0)
    assert {(problem.status, problem.message) for problem in report.problems} == {
        (Outcome.NOT_IMPLEMENTED, "not implemented yet")
    }


@pytest.mark.parametrize(
    ("state", "status", "words"),
    [
        ("unfinished", Outcome.NOT_IMPLEMENTED, "not implemented yet"),
        ("missing", Outcome.ERROR, "work/a.py has no function relu_backward; was it renamed or deleted?"),
        ("not_a_function", Outcome.ERROR, "relu_backward in work/a.py is not a function"),
    ],
)
def test_a_function_that_cannot_be_called_costs_its_problem_only(state, status, words, bank, level):
    report = grade(Answering(states={"relu_backward": FunctionState(state)}), bank, level=level)
    stopped, other = report.problems
    assert (stopped.status, stopped.message, stopped.score) == (status, words, 0)
    assert {check.message for check in stopped.checks} == {words}
    assert other.score == other.max_score


def test_a_missing_file_costs_its_problems_only(bank, level):
    report = grade(Answering(), bank, files=("b.py",), level=level)
    assert by_id(report)["relu_backward"].status is Outcome.ERROR
    assert by_id(report)["relu_backward"].message == "a.py is missing from the submission"
    assert by_id(report)["dense_backward"].score == 500


def test_a_file_that_cannot_be_imported_costs_its_problems_only(bank, level):
    error = Raised("SyntaxError", "invalid syntax (line 3, column 5)", (Frame("work/a.py", 3, "", "x = = 1"),))
    report = grade(Answering(modules={"a.py": error}), bank, level=level)
    broken = by_id(report)["relu_backward"]
    assert broken.status is Outcome.ERROR
    assert broken.message == (
        "importing a.py raised SyntaxError: invalid syntax (line 3, column 5) (work/a.py, line 3: `x = = 1`)"
    )
    assert by_id(report)["dense_backward"].score == 500


@pytest.mark.parametrize(
    ("kind", "text", "status"),
    [
        ("timeout", "used more than 2 s of CPU time in one call", Outcome.TIMEOUT),
        ("died", "ended the process (exit status 0)", Outcome.ERROR),
    ],
)
def test_a_file_whose_import_does_not_end_is_told_as_it_is(kind, text, status, bank):
    """Neither is an exception: nothing was 'raised'."""
    report = grade(Answering(modules={"a.py": Lost(kind, text)}), bank)
    assert by_id(report)["relu_backward"].status is status
    assert by_id(report)["relu_backward"].message == f"importing a.py {text}"


def test_an_exception_is_described_by_the_students_own_lines():
    """The innermost first, then those that led there."""
    frames = (Frame("work/a.py", 3, "f", "g(x)"), Frame("work/b.py", 9, "g", "  return x[5]"))
    text = describe_raised(Raised("IndexError", "out of bounds", frames), "f")
    where = "work/b.py, line 9: `return x[5]`; called from work/a.py, line 3: `g(x)`"
    assert text == f"f raised IndexError: out of bounds ({where})"


def test_stand_ins_are_noted(bank):
    report = grade(Answering(stand_ins=("matplotlib", "pandas")), bank)
    assert report.notes[0] == "a note"
    assert report.notes[1].startswith("matplotlib, pandas: replaced by an inert stand-in while grading")


# --- faults -------------------------------------------------------------------------------------------------


def test_an_error_of_ours_on_purpose_is_raised(bank, level):
    """It has a sentence for the person already."""

    def no_bank():
        raise BankError("no cases")

    with pytest.raises(BankError, match="no cases"):
        grade(Answering(), no_bank, level=level)


def test_a_process_that_cannot_be_started_is_raised(bank, level):
    class Failing(Answering):
        def run(self, payload, groups, meanwhile=None):
            raise SandboxError("no process")

    with pytest.raises(SandboxError, match="no process"):
        grade(Failing(), bank, level=level)


def test_a_fault_of_ours_is_never_a_zero(bank, level):
    """A report with the fault and without a score."""

    class Buggy(Answering):
        def run(self, payload, groups, meanwhile=None):
            raise ZeroDivisionError("a bug of ours")

    report = grade(Buggy(), bank, level=level)
    assert report.fault == "ZeroDivisionError: a bug of ours"
    assert report.problems == ()
    assert to_json(report)["score"] is None


def test_answers_of_another_shape_than_asked_are_a_fault(bank, level):
    class Short(Answering):
        def run(self, payload, groups, meanwhile=None):
            return []

    assert grade(Short(), bank, level=level).fault is not None


# --- the evidence -------------------------------------------------------------------------------------------


def test_evidence_is_summed_over_problems(bank):
    lines = {item.kind: item for item in grade(Answering(), bank).evidence}
    counts = [len(bank.section(one.id)["extreme"]) for one in TINY.problems]
    assert lines["cases"].text.startswith(f"{sum(counts)} cases drawn by Hypothesis for 2 problems, shapes from (1, 1)")
    assert lines["differences"].count == 6 + 18


def test_evidence_of_nothing_is_nothing():
    assert engine.summarise([(), ()]) == ()


def test_evidence_takes_the_greatest_disagreement_and_both_ends_of_the_shapes():
    first = (Evidence("cases", "", 3, span=((1, 1), (7, 2))), Evidence("differences", "", 4, 1e-12))
    second = (Evidence("cases", "", 5, span=((2,), (3, 3, 3))), Evidence("differences", "", 6, 3e-10))
    cases, differences = engine.summarise([first, second])
    assert cases.text == "8 cases drawn by Hypothesis for 2 problems, shapes from (1, 1) to (3, 3, 3)"
    assert differences.text.endswith("10 directions agree, off by at most 3e-10")


def test_the_reference_of_these_tests_is_right():
    """Its functions are called here as a student's would be."""
    x = np.array([[1.0, -2.0]])
    out, cache = relu_forward(x)
    np.testing.assert_array_equal(relu_backward(np.ones_like(out), cache), [[1.0, 0.0]])
    out, cache = dense_forward(x, np.eye(2), np.zeros(2))
    np.testing.assert_array_equal(dense_backward(out, cache)[2], [1.0, -2.0])
