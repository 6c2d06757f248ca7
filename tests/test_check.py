"""`grader check`: what it proves, and that each kind of defect makes it fail with a sentence that says where."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from grader import assignment as assignments
from grader.authoring import check
from grader.authoring.proof import dumps, render, to_json
from grader.authoring.release import StubInfo, release_files, write_files
from grader.errors import AssignmentError

DECLARATION = """
from grader.assignment import Assignment, Problem
from grader.checks import Array, Backward

inputs = {"x": Array("N D")}
assignment = Assignment(
    "tiny",
    "Squares",
    (Problem("square_backward", "layers.py", 6, Backward("square_forward", inputs)),),
)
"""
SOLUTION = '''
"""Squares."""


def square_forward(x):
    """Return the square of every entry, and x as the cache."""
    return x * x, x


def square_backward(dout, cache):
    """Return the gradient of x, of the shape of x, from dout and the cache."""
    upstream_times_two = 2 * dout
    return upstream_times_two * cache
'''
MISTAKES = '''
"""Wrong squares."""

from grader.catalogue import Mistakes

MISTAKES = Mistakes()


@MISTAKES.add(
    "square-two-missing",
    "square_backward",
    "The factor that comes down from the exponent is missing. Differentiate the power first, then multiply by dout.",
)
def square_two_missing(dout, cache):
    return dout * cache


@MISTAKES.add(
    "square-dout-missing",
    "square_backward",
    "The upstream gradient is left out. The chain rule multiplies what comes from above by the local derivative.",
)
def square_dout_missing(dout, cache):
    return 2 * cache
'''
VARIANTS = '''
"""Right squares in other clothes."""

from grader.catalogue import Variants

VARIANTS = Variants()
VARIANTS.add("square-sum", "a sum for the product", square_backward=lambda dout, cache: dout * cache + cache * dout)
'''
HINTS = """# Hints

## square_backward

1. Which power is differentiated here, and what comes down from it?
2. Where does the upstream gradient come in? Think of the chain rule.
3. The cache holds what the forward was given.
"""


@pytest.fixture
def course(tmp_path):
    """Return a course that `check` finds nothing wrong with."""
    folder, solutions = tmp_path / "assignments" / "tiny", tmp_path / "solutions" / "tiny"
    folder.mkdir(parents=True)
    solutions.mkdir(parents=True)
    (folder / "assignment.py").write_text(DECLARATION, encoding="utf-8")
    (folder / "hints.md").write_text(HINTS, encoding="utf-8")
    (folder / "README.md").write_text("# Squares\n", encoding="utf-8")
    for name, text in (("layers", SOLUTION), ("mistakes", MISTAKES), ("variants", VARIANTS)):
        (solutions / f"{name}.py").write_text(text, encoding="utf-8")
    infos = {"square_backward": StubInfo("6")}
    write_files(release_files(solutions, infos, assignment="tiny", files=("layers.py",)), folder)
    return assignments.Course(tmp_path)


def prove(course, seed=0):
    (found,) = check.prove_seeds(course.root, "tiny", [seed])
    return found


def once(course):
    return check.once(course, assignments.load(course, "tiny"))


def change(course, name, old, new):
    path = course.root / "solutions" / "tiny" / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


# --- what is right ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, 10])
def test_a_sound_assignment_is_proven_on_every_seed(course, seed):
    proof = prove(course, seed)
    assert proof.failures == ()
    assert {one.mistake: one.named for one in proof.caught} == {
        "square-two-missing": ("dx",),
        "square-dout-missing": ("dx",),
    }
    assert proof.variants == 1


def test_what_no_seed_changes_is_sound_too(course):
    assert once(course) == []


def test_one_case_would_still_catch_both_mistakes(course):
    assert prove(course).fewest == {"square_backward": 1}
    assert prove(course, 1).fewest == {}


def test_seeds_are_proven_in_the_order_in_which_they_are_asked_for(course):
    assert [proof.seed for proof in check.prove_seeds(course.root, "tiny", [3, 1])] == [3, 1]


# --- what is wrong ------------------------------------------------------------------------------------------


def test_a_mistake_that_is_right_stops_the_bank(course):
    change(course, "mistakes.py", "return dout * cache", "return 2 * dout * cache")
    (failure,) = prove(course).failures
    assert "the mistake 'square-two-missing' of square_backward answers as the reference does on every case" in failure


def test_two_mistakes_that_answer_alike_stop_the_bank(course):
    change(course, "mistakes.py", "return 2 * cache", "return cache * dout")
    (failure,) = prove(course).failures
    assert "'square-two-missing' and 'square-dout-missing' of square_backward answer alike" in failure
    assert "merge them, or widen the inputs" in failure


def test_a_mistake_for_no_problem_is_named(course):
    change(course, "mistakes.py", '"square-dout-missing",\n    "square_backward"', '"lost",\n    "cube_backward"')
    assert "the mistake 'lost' replaces 'cube_backward', which is no problem" in prove(course).failures


def test_a_variant_that_is_wrong_is_named_with_what_it_loses(course):
    change(course, "variants.py", "dout * cache + cache * dout", "dout * cache")
    (failure,) = prove(course).failures
    assert failure.startswith("the variant 'square-sum' has 0 of 6 (dx: ")


def test_a_wrong_reference_stops_the_bank_at_its_case(course):
    change(course, "layers.py", "2 * dout", "3 * dout")
    (failure,) = prove(course).failures
    assert "the reference's dx of square_backward, case 0" in failure
    assert "disagrees with its numerical gradient" in failure


def test_a_mistake_named_by_another_is_a_failure(course, monkeypatch):
    """Were the matching wrong, this would say so."""
    assignment = assignments.load(course, "tiny")
    known = check.references.load(course.solutions("tiny"), assignment.files)
    data = check.banks.build_from(assignment, known, 0)
    sections = {"square_backward": check.banks.parse(data, "here").section("square_backward")}
    first, second = known.mistakes
    crossed = type(first)(first.id, first.replaces, first.text, second.function)
    _, failures = check._prove_mistake(assignment, sections, known, crossed, wide=True, with_dependents=True)
    assert any("'square-two-missing' of square_backward is called 'square-dout-missing' in dx" in f for f in failures)
    assert any("'square-two-missing' of square_backward is not named" in failure for failure in failures)


def test_hints_docstrings_and_explanations_are_asked_for(course):
    (course.folder("tiny") / "hints.md").write_text("# Hints\n\n## cube_backward\n\n1. Nothing to say here.\n")
    change(course, "layers.py", "Return the gradient of x, of the shape of x, from dout and the cache.", "Short.")
    text = "The upstream gradient is left out. The chain rule multiplies what comes from above by the local derivative."
    change(course, "mistakes.py", text, "Wrong.")
    failures = "\n".join(once(course))
    assert "square_backward has no hints" in failures
    assert "square_backward has no docstring in solutions/tiny/layers.py" in failures
    assert "the mistake 'square-dout-missing' is hardly explained: 'Wrong.'" in failures


def test_an_id_used_twice_is_named(course):
    change(course, "mistakes.py", '"square-dout-missing"', '"square-two-missing"')
    assert "the mistake id 'square-two-missing' is used twice" in once(course)


@pytest.mark.parametrize("name", ["README.md", "hints.md"])
def test_a_statement_of_the_solution_in_what_students_get_is_a_leak(course, name):
    path = course.folder("tiny") / name
    path.write_text(path.read_text(encoding="utf-8") + "\n    return upstream_times_two*cache\n", encoding="utf-8")
    (failure,) = once(course)
    assert f"{name} holds a statement of the solution of square_backward" in failure


def test_a_statement_of_the_solution_in_an_explanation_is_a_leak(course):
    change(course, "mistakes.py", "then multiply by dout.", "then `return upstream_times_two * cache`.")
    (failure,) = once(course)
    assert "the mistake 'square-two-missing' holds a statement of the solution" in failure


def test_without_solutions_there_is_nothing_to_prove(tmp_path):
    (tmp_path / "assignments" / "tiny").mkdir(parents=True)
    (tmp_path / "assignments" / "tiny" / "assignment.py").write_text(DECLARATION, encoding="utf-8")
    with pytest.raises(AssignmentError, match="there is no solutions/tiny"):
        check.prove_seeds(tmp_path, "tiny", [0])


# --- how it is shown ----------------------------------------------------------------------------------------


def test_the_table_marks_where_a_mistake_is_named(course):
    text = render(check.Proof("tiny", (prove(course), prove(course, 1)), ()), width=100, matrix=True)
    (line,) = [line for line in text.splitlines() if line.startswith("  square-two-missing")]
    assert "dx*" in line
    assert "numeric" in line
    assert "tiny: all proven. 2 seeds" in text


def test_the_table_is_by_problem_and_fits_the_terminal():
    """Mistakes that are declared in turns stand together, and long rows are broken."""
    lost = tuple(f"finding{number}" for number in range(12))
    caught = [check.Caught(f"mistake-{number}", f"problem{number % 2}", lost, lost[:1]) for number in range(4)]
    text = render(check.Proof("tiny", (check.SeedProof(0, caught=tuple(caught)),), ()), width=60, matrix=True)
    lines = text.splitlines()
    assert [line.split()[0] for line in lines if line.startswith(("problem", "  mistake"))] == [
        *("problem0", "mistake-0", "mistake-2"),
        *("problem1", "mistake-1", "mistake-3"),
    ]
    assert max(map(len, lines)) <= 60


def test_the_json_has_every_mistake_of_every_seed(course):
    (document,) = json.loads(dumps([to_json(check.Proof("tiny", (prove(course),), ("a fault",)))]))
    assert document["failures"] == ["a fault"]
    assert [one["id"] for one in document["seeds"][0]["mistakes"]] == ["square-two-missing", "square-dout-missing"]


def command(course, *arguments):
    """Run the command line in the course."""
    done = subprocess.run(
        [sys.executable, "-c", "from grader.cli import main; main()", "check", "tiny", "--jobs", "1", *arguments],
        capture_output=True,
        text=True,
        cwd=course.root,
        check=False,
    )
    return done.returncode, " ".join(done.stdout.split()), done.stderr


def test_the_command_ends_with_0_when_all_is_proven(course):
    status, text, errors = command(course, "--seeds", "2")
    assert (status, errors) == (0, "")
    assert "tiny: all proven. 2 seeds; stubs 0, reference 100, 2 mistakes each caught and named" in text


def test_the_command_ends_with_1_and_lists_what_fails(course):
    change(course, "variants.py", "dout * cache + cache * dout", "dout * cache")
    stub = course.folder("tiny") / "layers.py"
    stub.write_text(stub.read_text(encoding="utf-8").replace("raise NotImplementedError", "return dout or"), "utf-8")
    status, text, _ = command(course, "--seeds", "1", "--no-matrix")
    assert status == 1
    assert "FAILED seed 0: the variant 'square-sum'" in text
    assert "stubs are not up to date" in text
    assert text.endswith("failures over 1 seed.")
