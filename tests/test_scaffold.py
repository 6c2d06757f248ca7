"""`grader new`: what it writes is proven as it stands, and it writes all or nothing."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from grader import assignment as assignments
from grader.authoring import check, scaffold
from grader.authoring.release import StubInfo, drift, release_files
from grader.checks import reference as references
from grader.errors import UsageError
from grader.hints import read_hints
from grader.report import Outcome

FILES = (
    "assignments/hw9/README.md",
    "assignments/hw9/assignment.py",
    "assignments/hw9/hints.md",
    "assignments/hw9/layers.py",
    "solutions/hw9/layers.py",
    "solutions/hw9/mistakes.py",
    "solutions/hw9/variants.py",
)


def begin(root):
    """Return a course without any assignment."""
    (root / "assignments").mkdir()
    return assignments.Course(root)


def everything(root):
    """Return all paths below a folder, hidden ones too."""
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*"))


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Return a course with a new hw9."""
    course = begin(tmp_path_factory.mktemp("course"))
    scaffold.create(course, "hw9")
    return course


# --- what is written ----------------------------------------------------------------------------------------


def test_it_writes_both_folders_and_says_which_files(tmp_path):
    written = scaffold.create(begin(tmp_path), "hw9")
    assert written == [tmp_path / file for file in FILES]
    assert everything(tmp_path) == sorted(["assignments", "assignments/hw9", "solutions", "solutions/hw9", *FILES])


def test_every_seed_is_proven(course):
    """The reference has full marks, both mistakes are caught and named, the variant has full marks."""
    for proof in check.prove_seeds(course.root, "hw9", [0, 1]):
        assert proof.failures == ()
        assert {one.mistake: one.named for one in proof.caught} == {
            "softsign-dout-missing": ("dx",),
            "softsign-denominator-held-fixed": ("dx",),
        }
        assert proof.variants == 1


def test_hints_docstrings_explanations_are_there_and_nothing_leaks(course):
    assert check.once(course, assignments.load(course, "hw9")) == []
    assert [len(texts) for texts in read_hints(course.folder("hw9")).values()] == [3]


def test_the_stubs_are_those_that_release_would_write(course):
    assignment = assignments.load(course, "hw9")
    stubs = release_files(
        course.solutions("hw9"), {"softsign_backward": StubInfo("10")}, assignment="hw9", files=assignment.files
    )
    assert drift(stubs, course.folder("hw9")) == []


def test_the_stub_is_graded_as_not_implemented(course):
    (problem,) = assignments.load(course, "hw9").problems
    known = references.load(course.solutions("hw9"), (problem.file,))
    stub = references.load(course.folder("hw9"), (problem.file,)).functions[problem.id]
    sections = {problem.id: problem.check.build(problem.id, known, 0)}
    graded = check.grade_functions(sections, [problem], known, {problem.id: stub})[problem.id]
    assert graded.status is Outcome.NOT_IMPLEMENTED
    assert sum(one.score for one in graded.checks) == 0


def test_the_declaration_has_less_than_twenty_lines(course):
    assert len((course.folder("hw9") / "assignment.py").read_text(encoding="utf-8").splitlines()) < 20


def test_the_name_stands_wherever_it_belongs(tmp_path):
    written = scaffold.create(begin(tmp_path), "norms_2")
    texts = {path.name: path.read_text(encoding="utf-8") for path in written}
    assert not [name for name, text in texts.items() if "@HW@" in text or "hw9" in text]
    assert "grader run norms_2" in texts["README.md"]


def test_the_handout_has_the_numbers_of_the_reference(course):
    """`dout` = 4 and x = (-1, 0, 3) give (1, 4, 0.25)."""
    import numpy as np

    functions = references.load(course.solutions("hw9"), ("layers.py",)).functions
    _, cache = functions["softsign_forward"](np.array([-1.0, 0.0, 3.0]))
    assert functions["softsign_backward"](np.full(3, 4.0), cache).tolist() == [1.0, 4.0, 0.25]


def test_the_commands_agree(course, tmp_path):
    """`grader check hw9` and `grader release hw9 --check` end with status 0, `grader run hw9` with 1 and 0 / 10."""
    command = [sys.executable, "-c", "from grader.cli import main; main()"]
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "OPENBLAS_NUM_THREADS": "1"}

    def run(*words):
        done = subprocess.run(
            [*command, *words], cwd=course.root, env=environment, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr

    status, text = run("check", "hw9", "--seeds", "1", "--jobs", "1")
    assert (status, "hw9: all proven" in text) == (0, True), text
    assert run("release", "hw9", "--check")[0] == 0
    status, text = run("run", "hw9")
    assert status == 1
    assert "0 / 10" in text
    assert "not implemented yet" in text


# --- what is refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "Hw9", "9hw", "hw-9", "hw 9", "../hw9", ".hw9", "hw9/", "_hw", "hw9\n", "h" * 41])
def test_a_name_that_will_not_do_is_refused_with_one_that_will(tmp_path, name):
    with pytest.raises(UsageError, match=r"e\.g\. hw9"):
        scaffold.create(begin(tmp_path), name)
    assert everything(tmp_path) == ["assignments"]


@pytest.mark.parametrize("folder", ["assignments", "solutions"])
def test_what_is_there_already_stays_as_it_is(tmp_path, folder):
    course = begin(tmp_path)
    (tmp_path / folder / "hw9").mkdir(parents=True)
    before = everything(tmp_path)
    with pytest.raises(UsageError, match=f"{folder}/hw9 is there already"):
        scaffold.create(course, "hw9")
    assert everything(tmp_path) == before


def test_a_dangling_link_is_there_already(tmp_path):
    course = begin(tmp_path)
    (tmp_path / "assignments" / "hw9").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="assignments/hw9 is there already"):
        scaffold.create(course, "hw9")


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_nothing_is_half_written(tmp_path, monkeypatch, error):
    """Where the second folder cannot be put into place, the first one goes again."""
    course = begin(tmp_path)
    rename = os.rename

    def fails_for_the_assignment(source, target):
        if str(target) == str(course.folder("hw9")):
            raise error
        rename(source, target)

    monkeypatch.setattr(os, "rename", fails_for_the_assignment)
    with pytest.raises(UsageError if isinstance(error, OSError) else KeyboardInterrupt):
        scaffold.create(course, "hw9")
    assert [path for path in everything(tmp_path) if "hw9" in path] == []


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path):
    course = assignments.Course(tmp_path / "missing")
    with pytest.raises(UsageError, match=r"cannot write hw9 to .*missing.*is the folder writable"):
        scaffold.create(course, "hw9")


# --- where ---------------------------------------------------------------------------------------------------


def test_the_place_is_the_course_that_one_is_in(course):
    assert scaffold.find_place(course.folder("hw9")) == course


def test_an_empty_assignments_folder_is_the_beginning_of_a_course(tmp_path):
    course = begin(tmp_path)
    inside = tmp_path / "notes"
    inside.mkdir()
    assert scaffold.find_place(inside) == course


def test_outside_a_course_one_is_told_so(tmp_path):
    with pytest.raises(UsageError, match="no assignments/ folder"):
        scaffold.find_place(tmp_path)
