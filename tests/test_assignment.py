"""Assignments: declarations that are checked as they are made, and found by name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from grader.assignment import Assignment, Course, Problem, find_course, load
from grader.checks import Array, Backward, Forward, NetworkInitializer
from grader.errors import AssignmentError, UsageError

ROOT = Path(__file__).parent.parent
CHECK = Backward("f_forward", {"x": Array("N")})
TEXT = "from grader.assignment import Assignment\nassignment = Assignment('{}', 'Title', ())\n"


def problem(name="f_backward", file="layers.py", points=2.5, check=CHECK):
    return Problem(name, file, points, check)


def make(*problems):
    return Assignment("hw", "Title", problems)


# --- declarations -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("points", "hundredths"), [(8, 800), (2.5, 250), (0.01, 1), (0.29, 29), (1.15, 115), (33.33, 3333)]
)
def test_points_are_exact_hundredths(points, hundredths):
    assert problem(points=points).hundredths == hundredths


def test_points_add_up_exactly():
    """Ten times 0.1 is 1."""
    assert make(*(problem(f"f{i}", points=0.1) for i in range(10))).hundredths == 100


@pytest.mark.parametrize(
    ("problems", "words"),
    [
        ([problem(), problem()], "problem 'f_backward' is declared twice"),
        ([problem("f backward")], "problem id 'f backward' is not the name of a function"),
        ([problem("2f")], "is not the name of a function"),
        ([problem(points=0)], "'f_backward' has 0 points, expected more than 0"),
        ([problem(points=-1)], "has -1 points"),
        ([problem(points=0.001)], "has 0.001 points"),
        ([problem(file="layers")], "is in 'layers', expected a plain .py name"),
        ([problem(file="../layers.py")], "expected a plain .py name"),
    ],
)
def test_a_bad_declaration_is_refused_with_the_reason(problems, words):
    with pytest.raises(AssignmentError) as caught:
        make(*problems)
    assert words in str(caught.value)
    assert str(caught.value).startswith("hw: ")


def test_files_are_in_the_order_of_the_problems():
    assert make(problem("a", "b.py"), problem("b", "a.py"), problem("c", "b.py")).files == ("b.py", "a.py")


def test_functions_are_the_problems_and_what_they_stand_on():
    """A forward of another problem is looked for in that problem's file, one that is given beside its backward."""
    parts = Backward("net_forward", {"x": Array("N")}, parts=("relu",))
    tested = make(
        problem("f_backward", "layers.py"),
        problem("net_backward", "nets.py", check=parts),
        problem("f_forward", "forwards.py", check=Forward({"x": Array("N")})),
        problem("init", "nets.py", check=NetworkInitializer(("relu",), ("relu",), parts=("he",))),
    )
    assert tested.functions == {
        "layers.py": ["f_backward"],
        "nets.py": ["net_backward", "net_forward", "relu_forward", "relu_backward", "init", "he"],
        "forwards.py": ["f_forward"],
    }


def test_a_selection_keeps_the_assignments_order():
    tested = make(problem("a"), problem("b"), problem("c"))
    assert [one.id for one in tested.select(["c", "a", "c"])] == ["a", "c"]
    assert [one.id for one in tested.select([])] == ["a", "b", "c"]


def test_an_unknown_problem_has_a_nearest_name():
    tested = make(problem("batchnorm_backward"), problem("softmax_loss"))
    with pytest.raises(UsageError, match="hw has no problem 'batchnorm_bakward'; did you mean 'batchnorm_backward'"):
        tested.select(["batchnorm_bakward"])
    with pytest.raises(UsageError, match="there is batchnorm_backward, softmax_loss"):
        tested.problem("zzz")


# --- courses ------------------------------------------------------------------------------------------------


@pytest.fixture
def course(tmp_path):
    for name in ("hw2", "hw10"):
        folder = tmp_path / "assignments" / name
        folder.mkdir(parents=True)
        (folder / "assignment.py").write_text(TEXT.format(name), encoding="utf-8")
    (tmp_path / "assignments" / "notes").mkdir()
    (tmp_path / "solutions" / "hw2").mkdir(parents=True)
    return Course(tmp_path)


def test_a_course_is_found_from_any_folder_below_it(course):
    below = course.root / "assignments" / "hw2" / "figures"
    below.mkdir()
    for start in (course.root, course.root / "solutions", below):
        assert find_course(start) == course


def test_no_course_is_said(tmp_path):
    (tmp_path / "assignments").mkdir()
    with pytest.raises(UsageError, match=r"no assignments/ folder in .* or above it"):
        find_course(tmp_path)


def test_assignments_are_folders_with_a_declaration(course):
    assert course.names() == ("hw10", "hw2")


def test_solutions_may_be_absent(course):
    assert course.solutions("hw2") == course.root / "solutions" / "hw2"
    assert course.solutions("hw10") is None


def test_an_assignment_is_loaded_by_name(course):
    assert load(course, "hw2") == Assignment("hw2", "Title", ())


def test_an_unknown_assignment_has_a_nearest_name(course):
    with pytest.raises(UsageError, match="no assignment 'hw22'; did you mean 'hw2'"):
        load(course, "hw22")


@pytest.mark.parametrize("name", ["../assignments/hw2", "hw2/", "", ".", "notes"])
def test_a_path_is_no_name(name, course):
    with pytest.raises(UsageError, match="no assignment"):
        load(course, name)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1 / 0\n", "importing it raised ZeroDivisionError"),
        ("x = (\n", "importing it raised SyntaxError"),
        ("assignment = 3\n", r"defines no `assignment = Assignment"),
        (TEXT.format("hw3"), "declares the name 'hw3', expected 'hw2' like its folder"),
        ("from grader.checks import Array\nArray('N', ('norml',))\n", "unknown regime 'norml'; did you mean 'normal'"),
    ],
)
def test_a_broken_declaration_is_an_assignment_error(text, words, course):
    (course.folder("hw2") / "assignment.py").write_text(text, encoding="utf-8")
    with pytest.raises(AssignmentError, match=words):
        load(course, "hw2")


def test_loading_leaves_nothing_behind(course):
    """No bytecode beside the declaration, no module that the next course would find."""
    before = set(sys.modules)
    load(course, "hw2")
    assert not (course.folder("hw2") / "__pycache__").exists()
    assert {name for name in set(sys.modules) - before if "hw2" in name} == set()


def test_a_declaration_imports_neither_hypothesis_nor_scipy():
    """For start-up time: cases are drawn when a bank is built."""
    code = (
        "import sys; from pathlib import Path; from grader.assignment import Course, load\n"
        "load(Course(Path(sys.argv[1])), 'hw3')\n"
        "print(sorted({'hypothesis', 'scipy', 'pytest', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(ROOT)], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.strip() == "[]"


def test_hw3_is_worth_100_points():
    declared = load(Course(ROOT), "hw3")
    assert declared.hundredths == 100_00
    assert len(declared.problems) == 17
