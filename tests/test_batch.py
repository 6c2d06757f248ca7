"""Grading many: what is taken, what is kept, what is decided by hand, and who is blamed when a process dies."""

from __future__ import annotations

import csv
import io
import os
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from grader.assignment import Course, load
from grader.batch import crew as crews
from grader.batch.cells import bare, cell, write_rows
from grader.batch.changes import find_changes
from grader.batch.crew import Crew
from grader.batch.gradebook import FILE, Entry, Gradebook, Pupil
from grader.batch.grades import write_canvas, write_grades, write_gradescope
from grader.batch.handins import HandIn, Student
from grader.batch.kit import Kit
from grader.batch.overrides import Override, apply, read_overrides, refuse_unknown
from grader.batch.run import page_name
from grader.batch.taking import digest, take_hand_in
from grader.batch.work import Done, Job
from grader.errors import IntakeError, UsageError
from grader.files import sweep
from grader.intake import Submission
from grader.report import CheckResult, Isolation, Outcome, ProblemResult, Report

ROOT = Path(__file__).parent.parent
SOURCE = b"def relu_backward(dout, cache):\n    return dout\n"
NAMES = ('=cmd|"/C calc"!A0', "+1", "-1", "@sum", 'O\'Neil, "Ann"', "'quoted", "Łukasz 学生", "\ttab", " =1", "a\nb")


@pytest.fixture(scope="module")
def hw3():
    return load(Course(ROOT), "hw3")


def hand_in(path, name="alice", files=None):
    return HandIn(name, (Student(name),), "plain", path, files)


# --- taking -------------------------------------------------------------------------------------------------


def test_files_are_called_as_their_student_called_them(tmp_path, hw3):
    (tmp_path / "alice").mkdir()
    (tmp_path / "alice" / "layers.py").write_bytes(SOURCE)
    before = Path.cwd()
    taken = take_hand_in(hand_in(tmp_path / "alice"), hw3)
    assert (taken.name, taken.shown["layers.py"], Path.cwd()) == ("alice", "layers.py", before)


def test_the_only_archive_in_a_folder_is_the_submission(tmp_path, hw3):
    from archives import zip_file

    (tmp_path / "alice").mkdir()
    zip_file(tmp_path / "alice" / "hw3.zip", [("hw3/layers.py", SOURCE)])
    assert take_hand_in(hand_in(tmp_path / "alice"), hw3).files["layers.py"] == SOURCE


def test_a_clone_of_the_course_holds_its_files_below_assignments(tmp_path, hw3):
    inside = tmp_path / "alice" / "assignments" / "hw3"
    inside.mkdir(parents=True)
    (inside / "layers.py").write_bytes(SOURCE)
    assert take_hand_in(hand_in(tmp_path / "alice"), hw3).files["layers.py"] == SOURCE


@pytest.mark.parametrize("link", ["assignments", "assignments/hw3", "bob.zip"])
def test_no_link_leads_to_the_work_of_somebody_else(tmp_path, hw3, link):
    from archives import zip_file

    theirs = tmp_path / "bob" / "assignments" / "hw3"
    theirs.mkdir(parents=True)
    (theirs / "layers.py").write_bytes(SOURCE)
    zip_file(tmp_path / "bob.zip", [("layers.py", SOURCE)])
    mine = tmp_path / "alice" / link
    mine.parent.mkdir(parents=True)
    mine.symlink_to({"assignments": theirs.parent, "assignments/hw3": theirs}.get(link, tmp_path / "bob.zip"))
    with pytest.raises(IntakeError):
        take_hand_in(hand_in(tmp_path / "alice"), hw3)


def test_loose_files_are_taken_under_their_own_names(tmp_path, hw3):
    (tmp_path / "a_1_2_layers.py").write_bytes(SOURCE)
    taken = take_hand_in(hand_in(tmp_path, files={"layers.py": tmp_path / "a_1_2_layers.py"}), hw3)
    assert taken.files["layers.py"] == SOURCE


def test_a_digest_changes_with_what_is_graded_or_shown():
    one = Submission("alice", {"layers.py": SOURCE}, {"layers.py": "layers.py"})
    others = [
        replace(one, files={"layers.py": SOURCE + b"\n"}),
        replace(one, shown={"layers.py": "x/layers.py"}),
        replace(one, notes=("a note",)),
        replace(one, missing=("batchnorm.py",)),
    ]
    assert digest(one) == digest(replace(one))
    assert len({digest(each) for each in [one, *others]}) == 5


def test_whatever_scores_depend_on_changes_the_hash_of_a_kit():
    one = Kit("hw3", b"declaration", b"bank", 2, "1+a")
    others = [replace(one, declaration=b"x"), replace(one, bank=b"x"), replace(one, grader="1+b")]
    assert len({each.hash for each in [one, *others]}) == 4
    assert replace(one, required=3, private=("/x",)).hash == one.hash


# --- the gradebook ------------------------------------------------------------------------------------------


def report(hw3, lost=0, mistake=None):
    """Return a report that loses some hundredths in the first problem."""
    problems = []
    for number, problem in enumerate(hw3.problems):
        score = problem.hundredths - (lost if number == 0 else 0)
        status = Outcome.PASSED if score == problem.hundredths else Outcome.FAILED
        check = CheckResult(
            "value", "right values", score, problem.hundredths, status, "m", None if number else mistake
        )
        problems.append(ProblemResult(problem.id, problem.id, status, (check,), problem.hundredths))
    return Report("hw3", "s", tuple(problems), 0, Isolation(4), 0.5, "1")


def entry(name, content="c", status="graded"):
    return Entry(name, content, "kit", "bank", "grader", "plain", status)


def pupils(*students):
    return [Pupil(student, page_name(student.id), "") for student in students]


@pytest.fixture
def book(tmp_path, hw3):
    book = Gradebook(tmp_path / FILE)
    book.begin(hw3, ())
    yield book
    book.close()


def test_a_submission_is_there_once_however_often_it_is_written(book, hw3):
    for lost in (0, 100, 200):
        book.put(entry("a"), pupils(Student("a")), report(hw3, lost))
    assert book.one("SELECT COUNT(*), SUM(score) FROM submissions") == (1, 9800)
    assert book.one("SELECT COUNT(*) FROM findings") == (len(hw3.problems),)


def test_only_what_is_the_same_in_every_respect_is_there(book, hw3):
    book.put(entry("a"), pupils(Student("a")), report(hw3))
    assert book.has(entry("a"), pupils(Student("a")))
    assert not book.has(entry("a", content="d"), pupils(Student("a")))
    assert not book.has(replace(entry("a"), kit="other"), pupils(Student("a")))
    assert not book.has(entry("a"), pupils(Student("a", "A new name")))
    assert not book.has(entry("a"), [replace(pupils(Student("a"))[0], overrides="changed")])


def test_a_fault_of_ours_is_tried_again(book):
    book.put(entry("a", status="fault"), pupils(Student("a")), None)
    assert not book.has(entry("a"), pupils(Student("a")))


def test_a_student_who_hands_in_anew_has_one_submission(book, hw3):
    book.put(entry("submission_1"), pupils(Student("7")), report(hw3, 100))
    book.put(entry("submission_2"), pupils(Student("7")), report(hw3))
    book.prune()
    assert list(book.rows("SELECT id, score FROM submissions")) == [("submission_2", 10000)]
    assert book.one("SELECT COUNT(*) FROM findings") == (len(hw3.problems),)


def test_another_assignment_needs_another_folder(book):
    with pytest.raises(UsageError, match="holds the grades of hw3"):
        book.begin(load(Course(ROOT), "hw2"), ())


def test_runs_that_begin_at_the_same_moment_share_a_new_gradebook(tmp_path):
    """Of two connections that change the journal's mode at once SQLite refuses one, without waiting."""
    count, barrier = 4, threading.Barrier(4)

    def mode(path):
        barrier.wait()
        with closing(Gradebook(path)) as opened:
            return opened.one("PRAGMA journal_mode")

    with ThreadPoolExecutor(count) as pool:
        for number in range(30):
            assert list(pool.map(mode, [tmp_path / str(number)] * count)) == [("wal",)] * count


def test_what_is_no_gradebook_is_left_alone(tmp_path):
    (tmp_path / "x").write_text("my thesis" * 1000)
    with pytest.raises(UsageError, match="is no gradebook"):
        Gradebook(tmp_path / "x")
    assert (tmp_path / "x").read_text().startswith("my thesis")


def test_a_write_that_fails_half_way_leaves_what_was_there(book, hw3):
    book.put(entry("a"), pupils(Student("a")), report(hw3))
    broken = replace(report(hw3, 100), problems=report(hw3).problems * 2)
    with pytest.raises(sqlite3.IntegrityError):
        book.put(entry("a"), pupils(Student("a")), broken)
    assert book.one("SELECT SUM(score) FROM problems") == (10000,)


# --- tables -------------------------------------------------------------------------------------------------


def table(rows):
    return list(csv.reader(io.StringIO("".join(write_rows(rows)))))


@pytest.mark.parametrize("name", NAMES)
def test_names_survive_and_run_nothing(name):
    """What a spreadsheet would run begins with an apostrophe; taking that off gives the name."""
    [[written]] = table([[cell(name)]])
    assert bare(written) == name
    assert not written.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))


def test_grades_have_exact_points_and_a_row_for_each_student(book, hw3):
    book.put(entry("group"), pupils(Student("b"), Student("a", "Ann")), report(hw3, 125))
    book.put(entry("c", status="fault"), pupils(Student("c")), None)
    header, first, second, third = table(write_grades(book))
    assert header[4:6] == ["affine_backward", "relu_backward"]
    assert [first[0], first[1], first[4], first[-4]] == ["a", "Ann", "6.75", "98.75"]
    assert [second[0], second[4:-4]] == ["b", first[4:-4]]
    assert [third[0], set(third[4:-3]), third[-2]] == ["c", {""}, "fault"]


def test_platforms_find_their_students(book, hw3):
    canvas = replace(entry("x"), layout="canvas")
    book.put(canvas, pupils(Student("10023", "doejane")), report(hw3))
    book.put(entry("y"), pupils(Student("13", "Cy von X", "cy@x.edu")), report(hw3, 800))
    assert table(write_canvas(book))[2:] == [
        ["doejane", "10023", "", "", "", "100"],
        ["Cy von X", "", "", "cy@x.edu", "", "92"],
    ]
    assert table(write_gradescope(book))[2] == ["Cy von", "X", "13", "cy@x.edu", "92", "100"]


# --- decided by hand ----------------------------------------------------------------------------------------


def overrides(tmp_path, hw3, text):
    path = tmp_path / "overrides.csv"
    path.write_text(text, encoding="utf-8")
    return read_overrides(path, hw3)


def test_overrides_replace_points_and_say_so(tmp_path, hw3, book):
    text = '\ufeffstudent,problem,points,reason\n"\'=x",affine_backward,7.5,"late, but right"\n'
    (found,) = overrides(tmp_path, hw3, text)
    assert found == Override("=x", "affine_backward", 750, "late, but right")
    book.begin(hw3, [found])
    book.put(entry("a"), pupils(Student("=x")), report(hw3, 800))
    row = table(write_grades(book))[1]
    assert (row[4], row[-4], row[-1]) == ("7.5", "99.5", "affine_backward")
    shown = apply(report(hw3, 800), [found])
    assert shown.score == 9950
    assert shown.problems[0].message == "Your instructor gave 7.5 of 8 points, the grader 0."
    assert shown.problems[0].checks[0].message == "late, but right"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a,affine_bakward,1,", "line 2: no problem 'affine_bakward'; did you mean 'affine_backward'"),
        ("a,affine_backward,8.001,", "'8.001' points"),
        ("a,affine_backward,9,", "expected 0 to 8"),
        ("a,affine_backward,-1,", "'-1' points"),
        ("a,affine_backward,nan,", "'nan' points"),
        ("a,affine_backward,1,\na,affine_backward,2,", "line 3: affine_backward of 'a' is there twice"),
    ],
)
def test_a_wrong_override_is_refused_by_its_line(tmp_path, hw3, line, said):
    with pytest.raises(UsageError, match=said):
        overrides(tmp_path, hw3, f"student,problem,points,reason\n{line}\n")


def test_an_override_of_nobody_is_refused():
    with pytest.raises(UsageError, match="no student 'alise'; did you mean 'alice'"):
        refuse_unknown([Override("alise", "p", 1, "")], ["alice", "bob"], Path("overrides.csv"))


def test_changes_say_whose_what_and_why(tmp_path, hw3):
    books = {}
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        books[name] = Gradebook(tmp_path / name / FILE)
        books[name].begin(hw3, [Override("c", "relu_backward", 100, "")] if name == "new" else ())
        for student in ("a", "b", "c", name):
            lost, mistake = (800, "affine-dw-transposed") if (student, name) == ("a", "old") else (0, None)
            content = name if student == "a" else "same"
            books[name].put(entry(student, content), pupils(Student(student)), report(hw3, lost, mistake))
    books["old"].close()
    assert list(find_changes(books["new"], tmp_path / "old")) == [
        "a: 92 -> 100 (another submission): affine_backward 0 -> 8 (value: affine-dw-transposed -> passed)",
        "c: 100 -> 97 (decided by hand): relu_backward 4 -> 1 (decided by hand)",
        "new is new",
        "old is not there any more",
    ]
    with pytest.raises(UsageError, match="is no gradebook"):
        list(find_changes(books["new"], tmp_path / "nowhere"))
    books["new"].close()


# --- pages --------------------------------------------------------------------------------------------------


def test_every_student_has_a_page_of_their_own():
    names = [page_name(name) for name in (*NAMES, "a", "A", "../../etc/passwd", "x" * 300, "x" * 301, ".", "")]
    assert len({name.lower() for name in names}) == len(names)
    assert all(os.path.basename(name) == name and len(name) < 100 and name[0] != "." for name in names)


def test_half_written_files_of_dead_processes_are_swept(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left, kept = tmp_path / f".a.html.{dead.pid}", tmp_path / f".b.html.{os.getpid()}"
    for path in (left, kept, tmp_path / ".hidden", tmp_path / "c.html"):
        path.write_text("")
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([kept.name, ".hidden", "c.html"])


# --- processes that die -------------------------------------------------------------------------------------


class Mortal:
    """An executor that breaks, as a pool does, where a job is one of the deadly ones."""

    def __init__(self, deadly, tried):
        self._deadly, self._tried, self._pending, self._is_broken = deadly, tried, [], False

    def submit(self, function, job):
        future = Future()
        if self._is_broken:
            raise BrokenProcessPool("broken")
        self._tried.append(job.id)
        self._pending.append(future)
        if job.id in self._deadly:
            self._is_broken = True
            for each in self._pending:
                if not each.done():
                    each.set_exception(BrokenProcessPool("broken"))
        elif len(self._tried) % 2:
            future.set_result(Done(job.id, None))
        else:
            future.set_exception(ValueError("odd"))
        return future


def answer(deadly, count=9):
    tried = []

    @contextmanager
    def opening():
        yield Mortal(deadly, tried)

    jobs = [Job(str(number), "", Submission("", {}, {}), ()) for number in range(count)]
    with Crew(opening, 3) as crew:
        return list(crew.answer(iter(jobs))), tried


def test_every_job_is_answered_once_also_when_processes_die():
    for deadly in (set(), {"4"}, {"0", "8"}, {"3", "4"}):
        done, _ = answer(deadly)
        assert sorted(one.id for one in done) == [str(number) for number in range(9)]
        blamed = {one.id for one in done if one.fault and "again and again" in one.fault}
        assert blamed == deadly


def test_who_ends_a_process_is_not_tried_for_ever():
    _, tried = answer({"4"})
    assert tried.count("4") == 1 + crews._DEATHS
