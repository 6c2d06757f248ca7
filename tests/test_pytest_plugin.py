"""The pytest plugin: one item a check, live Hypothesis, a debugger in the student's own frame, silent elsewhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from hypothesis import Phase
from hypothesis.database import InMemoryExampleDatabase

from grader import assignment as assignments
from grader import bank, live
from grader.checks import reference
from grader.debugged import DebuggedStudent

pytest_plugins = ["pytester"]

DECLARATION = """
from grader.assignment import Assignment, Problem
from grader.checks import Array, Backward, Forward

inputs = {"x": Array("N D")}
assignment = Assignment(
    "tiny",
    "Squares",
    (
        Problem("square_backward", "layers.py", 6, Backward("square_forward", inputs)),
        Problem("square_forward", "layers.py", 4, Forward(inputs)),
    ),
)
"""
RIGHT = """import numpy as np


def square_forward(x):
    return x * x, x


def square_backward(dout, cache):
    return 2 * cache * dout
"""
MISTAKES = """
from grader.catalogue import Mistakes

MISTAKES = Mistakes()


@MISTAKES.add("square-cube", "square_backward", "The derivative of a square is linear; this one is not.")
def square_cube(dout, cache):
    return 2 * cache**3 * dout
"""
WRONG = RIGHT.replace("2 * cache *", "2 * cache**3 *")
RAISING = RIGHT.replace("return 2 * cache", "return 2 * np.linalg.inv(cache)[0] * cache")
STUB = RIGHT.replace("return 2 * cache * dout", "raise NotImplementedError").replace(
    "return x * x, x", "raise NotImplementedError"
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Return a folder in which saved cases are built once for this module."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def surroundings(cache, monkeypatch):
    """Keep saved cases out of the home folder, and let Hypothesis draw the same every time."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    yield from profile(derandomize=True, database=None)


def profile(**options):
    """Make the inner sessions use a Hypothesis profile."""
    before = hypothesis.settings.get_current_profile_name()
    hypothesis.settings.register_profile("inner", **options)
    hypothesis.settings.load_profile("inner")
    yield
    hypothesis.settings.load_profile(before)


@pytest.fixture
def course(pytester):
    """Return a course with one assignment of two problems, solved."""
    root = pytester.path
    folder, solutions = root / "assignments" / "tiny", root / "solutions" / "tiny"
    folder.mkdir(parents=True)
    solutions.mkdir(parents=True)
    (folder / "assignment.py").write_text(DECLARATION, encoding="utf-8")
    (folder / "layers.py").write_text(RIGHT, encoding="utf-8")
    (solutions / "layers.py").write_text(RIGHT, encoding="utf-8")
    (solutions / "mistakes.py").write_text(MISTAKES, encoding="utf-8")
    return assignments.Course(root)


def write(course, text):
    (course.folder("tiny") / "layers.py").write_text(text, encoding="utf-8")


def without_solutions(course):
    """Make a student's package of a course: saved cases instead of solutions."""
    solutions = course.solutions("tiny")
    data = bank.build(assignments.load(course, "tiny"), solutions, 0)
    (course.folder("tiny") / bank.SHIPPED).write_bytes(data)
    for path in solutions.iterdir():
        path.unlink()
    solutions.rmdir()


def run(pytester, *arguments):
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", *arguments)


def collected(pytester, *arguments):
    done = run(pytester, "--collect-only", "-q", *arguments)
    return sorted(line for line in done.outlines if "::" in line)


# --- collecting ---------------------------------------------------------------------------------------------

BOTH = [f"assignments/tiny/assignment.py::square_{way}" for way in ("backward", "forward")]


@pytest.mark.parametrize("target", ["assignments/tiny", "assignments", ".", "assignments/tiny/assignment.py"])
def test_there_is_one_item_a_check_however_the_assignment_is_named(target, pytester, course):
    assert collected(pytester, target) == BOTH


@pytest.mark.parametrize("selection", ["backward", "tiny and backward", "not forward"])
def test_items_are_selected_by_keyword(selection, pytester, course):
    assert collected(pytester, "assignments/tiny", "-k", selection) == BOTH[:1]


def test_a_node_id_selects_one_item(pytester, course):
    run(pytester, BOTH[0]).assert_outcomes(passed=1)


def test_it_works_from_inside_the_assignment(pytester, course, monkeypatch):
    monkeypatch.chdir(course.folder("tiny"))
    run(pytester, "-k", "backward").assert_outcomes(passed=1, deselected=1)


def test_an_item_stands_where_the_students_function_does(pytester, course):
    """An editor jumps to the function, not to the declaration."""
    found, recorder = pytester.inline_genitems("assignments/tiny")
    places = {item.name: item.reportinfo()[:2] for item in found}
    assert places["square_backward"] == (course.folder("tiny") / "layers.py", 7)
    assert recorder.ret == 0


def test_a_wrong_declaration_is_one_sentence(pytester, course):
    (course.folder("tiny") / "assignment.py").write_text("import grader\n", encoding="utf-8")
    done = run(pytester, "assignments/tiny")
    done.stdout.fnmatch_lines(["*assignment.py defines no `assignment = Assignment(...)`"])
    done.stdout.no_fnmatch_line("*Traceback*")


# --- other projects -----------------------------------------------------------------------------------------


def test_other_projects_never_hear_of_it(pytester):
    """Not even those which have an assignments/ folder with an assignment.py of their own."""
    pytester.makepyfile(test_theirs="def test_it():\n    pass\n")
    folder = pytester.path / "assignments" / "one"
    folder.mkdir(parents=True)
    (folder / "assignment.py").write_text("raise SystemExit('imported')\n", encoding="utf-8")
    (folder / "test_more.py").write_text("def test_more():\n    pass\n", encoding="utf-8")
    assert collected(pytester) == ["assignments/one/test_more.py::test_more", "test_theirs.py::test_it"]


def test_loading_the_plugin_imports_nothing_heavy():
    """It is loaded wherever pytest runs."""
    code = (
        "import sys, grader.pytest_plugin; "
        "print(sorted(m for m in sys.modules if m.split('.')[0] in ('grader', 'numpy', 'hypothesis', 'platformdirs')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['grader', 'grader.pytest_plugin']"


# --- outcomes -----------------------------------------------------------------------------------------------


def test_a_right_submission_passes(pytester, course):
    run(pytester, "assignments/tiny").assert_outcomes(passed=2)


def test_stubs_are_skipped_with_the_place_where_to_begin(pytester, course):
    write(course, STUB)
    done = run(pytester, "assignments/tiny", "-rs")
    done.assert_outcomes(skipped=2)
    done.stdout.fnmatch_lines(["SKIPPED [[]1[]] assignments/tiny/layers.py:8: not implemented yet"])


def test_a_backward_that_waits_for_its_forward_is_skipped_with_the_reason(pytester, course):
    write(course, RIGHT.replace("return x * x, x", "raise NotImplementedError"))
    done = run(pytester, "assignments/tiny", "-rs", "-k", "backward")
    done.assert_outcomes(skipped=1, deselected=1)
    done.stdout.fnmatch_lines(["*waits for square_forward, which is not implemented yet*"])


def test_a_failure_names_the_mistake_and_shows_the_smallest_case(pytester, course):
    write(course, WRONG)
    done = run(pytester, "assignments/tiny")
    done.assert_outcomes(failed=1, passed=1)
    done.stdout.fnmatch_lines(
        [
            "square_backward: *",
            "x dx, the gradient of x",
            "*square is linear; this one is not.",
            "The smallest failing case of * by Hypothesis:",
            "    x = np.array([[][[]*[]][]])",
            "    dout = np.array([[][[]*[]][]])",
            "    dx = square_backward(dout, cache)",
            "    # dx should be *",
            "assignments/tiny/layers.py:8: square_backward",
        ]
    )
    for ours in ("pytest_plugin.py", "live.py", "Traceback"):
        done.stdout.no_fnmatch_line(f"*{ours}*")


def test_hypothesis_finds_what_the_saved_cases_miss(pytester, course):
    """A function that is wrong only for shapes which no saved case has."""
    data = bank.build(assignments.load(course, "tiny"), course.solutions("tiny"), 0)
    shapes = {tuple(shape) for shape in bank.parse(data, "here").section("square_backward")["shapes"]}
    write(course, RIGHT.replace("return 2 *", f"return (2 if cache.shape in {shapes} else 3) *"))
    done = run(pytester, "assignments/tiny", "-k", "backward")
    done.assert_outcomes(failed=1, deselected=1)
    done.stdout.fnmatch_lines(["square_backward: right in the saved cases, wrong in another, 6 / 6"])


def test_a_broken_file_fails_with_what_is_wrong_in_it(pytester, course):
    write(course, RIGHT + "\ndef broken(:\n")
    done = run(pytester, "assignments/tiny")
    done.assert_outcomes(failed=2)
    done.stdout.fnmatch_lines(["*importing layers.py raised SyntaxError*"])


def test_student_code_stays_out_of_pytests_process(pytester, course):
    write(course, "import sys\n\nassert 'pytest' not in sys.modules\n" + RIGHT)
    run(pytester, "assignments/tiny").assert_outcomes(passed=2)


def test_what_a_function_prints_is_with_its_failure(pytester, course):
    write(course, WRONG.replace("return 2", "print('here I am'); return 2"))
    run(pytester, "assignments/tiny").stdout.fnmatch_lines(["*Captured stdout call*", "here I am"])


def test_warnings_as_errors_do_not_reach_a_students_code(pytester, course):
    write(course, RIGHT.replace("return 2", "np.log(-1.0); import warnings; warnings.warn('old'); return 2"))
    run(pytester, "assignments/tiny", "-W", "error").assert_outcomes(passed=2)


def test_the_first_failure_stops_a_session_that_asks_for_it(pytester, course):
    write(course, RIGHT + "\ndef broken(:\n")
    run(pytester, "assignments/tiny", "-x").assert_outcomes(failed=1)


# --- the database -------------------------------------------------------------------------------------------


def test_failures_are_kept_apart_in_the_database_and_tried_first(course):
    """A right function does not sweep away what another function failed on; what failed is tried before drawing."""
    problem = assignments.load(course, "tiny").problem("square_backward")
    known = reference.load(course.solutions("tiny"), ("layers.py",))
    wrong = known.runner({"square_backward": lambda dout, cache: dout})
    database = InMemoryExampleDatabase()
    for _ in profile(derandomize=False, database=database):
        assert live.hunt(problem, known, wrong, key="one", failing=["dx"]) is not None
        assert live.hunt(problem, known, known.runner(), key="other", failing=[]) is None
    for _ in profile(derandomize=False, database=database, phases=[Phase.reuse]):
        assert live.hunt(problem, known, wrong, key="other", failing=["dx"]) is None
        assert live.hunt(problem, known, wrong, key="one", failing=["dx"]) is not None


def test_a_hunt_without_time_finds_nothing_and_ends(course):
    problem = assignments.load(course, "tiny").problem("square_backward")
    known = reference.load(course.solutions("tiny"), ("layers.py",))
    wrong = known.runner({"square_backward": lambda dout, cache: dout})
    assert live.hunt(problem, known, wrong, key="here", failing=["dx"], seconds=0.0) is None
    found = live.hunt(problem, known, wrong, key="here", failing=["dx"])
    assert found is not None
    assert found.failure.row == "dx"


# --- a students' package ------------------------------------------------------------------------------------


def test_without_solutions_right_is_right(pytester, course):
    without_solutions(course)
    run(pytester, "assignments/tiny").assert_outcomes(passed=2)


def test_without_solutions_the_numerical_gradient_finds_the_smallest_case(pytester, course):
    without_solutions(course)
    write(course, WRONG)
    done = run(pytester, "assignments/tiny")
    done.assert_outcomes(failed=1, passed=1)
    done.stdout.fnmatch_lines(["*square is linear; this one is not.", "The smallest failing case of *"])


def test_without_solutions_differences_alone_accuse_nobody(course):
    """How much rounding a degenerate case allows is known only with a reference."""
    problem = assignments.load(course, "tiny").problem("square_backward")
    known = reference.load(course.solutions("tiny"), ("layers.py",))
    wrong = known.runner({"square_backward": lambda dout, cache: dout})
    assert live.hunt(problem, None, wrong, key="here", failing=[]) is None
    found = live.hunt(problem, None, wrong, key="here", failing=["dx"])
    assert found is not None
    assert "is not the derivative of your own square_forward" in found.failure.message


def test_a_package_without_its_saved_cases_says_what_to_do(pytester, course):
    without_solutions(course)
    (course.folder("tiny") / bank.SHIPPED).unlink()
    done = run(pytester, "assignments/tiny")
    done.assert_outcomes(failed=2)
    done.stdout.fnmatch_lines(["*cases.bank is missing*unpack the assignment's package again*"])
    done.stdout.no_fnmatch_line("*Traceback*")


# --- debuggers ----------------------------------------------------------------------------------------------


def debug(pytester, option, commands):
    """Run pytest as a process of its own with a debugger's commands on standard input."""
    # In pytest's own folder of the package, so that this very version is imported.
    root = Path(live.__file__).parent.parent
    code = f"import sys; sys.path.insert(0, {str(root)!r}); import pytest; sys.exit(pytest.main(sys.argv[1:]))"
    target = ("assignments/tiny", "-k", "backward", "-p", "no:cacheprovider")
    return pytester.run(sys.executable, "-c", code, *target, option, stdin=commands)


def test_pdb_stops_where_the_students_function_raises(pytester, course):
    """Not in NumPy's frames below it, nor in ours above."""
    write(course, RAISING.replace("return 2 * np", "shape = cache.shape; return 2 * np"))
    done = debug(pytester, "--pdb", b"p ('shape', shape)\nq\n")
    done.stdout.fnmatch_lines(["> *layers.py(9)square_backward()", "-> shape = cache.shape; return *", "*('shape', (*"])


def test_the_exception_that_reaches_the_debugger_is_the_students_own(course):
    """It ends in the student's frame; NumPy's own frames below are cut off."""
    known = reference.load(course.solutions("tiny"), ("layers.py",))
    problem = assignments.load(course, "tiny").problem("square_backward")
    section = problem.check.build(problem.id, known, 0)
    wanted = {"layers.py": ["square_forward", "square_backward"]}
    student = DebuggedStudent({"layers.py": RAISING.encode()}, names={}, wanted=wanted)
    with student, pytest.raises(np.linalg.LinAlgError) as caught:
        student.reenact(problem.id, section["request"]["bytes"], None)
    assert caught.traceback[-1].name == "square_backward"


def test_pdb_stops_at_the_return_of_a_wrong_answer_with_its_locals(pytester, course):
    write(course, WRONG.replace("return 2", "answer = 2").replace("* dout\n", "* dout\n    return answer\n"))
    done = debug(pytester, "--pdb", b"p ('same', answer.shape == cache.shape == dout.shape)\nq\n")
    done.stdout.fnmatch_lines(
        [
            "*square is linear; this one is not.",
            "> *layers.py(10)square_backward()",
            "-> return answer",
            "*('same', True)",
        ]
    )


def test_pdb_does_not_stop_where_all_is_right(pytester, course):
    done = debug(pytester, "--pdb", b"q\n")
    done.assert_outcomes(passed=1, deselected=1)


def test_a_breakpoint_of_the_students_stops_there_and_can_be_left(pytester, course):
    write(course, RIGHT.replace("return 2", "breakpoint()\n    return 2"))
    done = debug(pytester, "--pdb", b"p ('shape', dout.shape)\nq\n")
    done.stdout.fnmatch_lines(["> *layers.py(10)square_backward()", "*('shape', (*", "*Quitting debugger*"])


def test_trace_starts_one_step_before_the_students_function(pytester, course):
    done = debug(pytester, "--trace", b"s\ns\np ('shape', dout.shape)\nq\n")
    done.stdout.fnmatch_lines(
        ["> *layers.py(8)square_backward()", "*> *layers.py(9)square_backward()", "*('shape', (*"]
    )
