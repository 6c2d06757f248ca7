"""The bank: built once from the solutions, kept, read again, and refused when it is not ours."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from grader import assignment as assignments
from grader.bank import MAGIC, SHIPPED, BankSource, build, decode, parse, versions
from grader.errors import AssignmentError, BankError
from grader.sandbox import codec

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
SOLUTION = """
def square_forward(x):
    return x * x, x


def square_backward(dout, cache):
    return 2 * cache * dout
"""


@pytest.fixture
def course(tmp_path):
    """Return a course with one assignment of two problems."""
    folder, solutions = tmp_path / "assignments" / "tiny", tmp_path / "solutions" / "tiny"
    folder.mkdir(parents=True)
    solutions.mkdir(parents=True)
    (folder / "assignment.py").write_text(DECLARATION, encoding="utf-8")
    (solutions / "layers.py").write_text(SOLUTION, encoding="utf-8")
    return assignments.Course(tmp_path)


@pytest.fixture
def tiny(course):
    return assignments.load(course, "tiny")


@pytest.fixture
def data(course, tiny):
    return build(tiny, course.solutions("tiny"), 0)


def source(course, tiny, cache, seed=0, progress=None):
    return BankSource(course, tiny, seed, cache, progress)


# --- building and reading -----------------------------------------------------------------------------------


def test_a_bank_reads_back_with_its_name_seed_and_hash(data):
    bank = parse(data, "here")
    assert (bank.assignment, bank.seed) == ("tiny", 0)
    assert set(bank.sections) == {"square_backward", "square_forward"}
    assert len(bank.hash) == 64
    assert bank.section("square_backward")["gradients"][0]["name"] == "dx"


def test_the_same_seed_gives_the_same_bytes(course, tiny, data):
    """The hash stands in every report: it must mean something."""
    assert build(tiny, course.solutions("tiny"), 0) == data
    assert build(tiny, course.solutions("tiny"), 1) != data


def test_progress_is_told_problem_by_problem(course, tiny):
    told = []
    build(tiny, course.solutions("tiny"), 0, lambda *step: told.append(step))
    assert told == [(0, 2, "square_backward"), (1, 2, "square_forward")]


def test_a_bank_holds_no_code(data):
    """Plain arrays and words: no pickle, nothing of the solution's source."""
    assert b"cache * dout" not in data
    assert b"def square" not in data
    assert b"pickle" not in data


def test_a_wrong_reference_stops_the_build_and_nothing_is_kept(course, tiny, tmp_path):
    solutions = course.solutions("tiny")
    (solutions / "layers.py").write_text(SOLUTION.replace("2 * cache", "3 * cache"), encoding="utf-8")
    with pytest.raises(AssignmentError, match="the reference's dx of square_backward"):
        _ = source(course, tiny, tmp_path / "cache").bank
    assert not (tmp_path / "cache").exists()


def test_a_solution_that_cannot_be_imported_is_named(course, tiny):
    (course.solutions("tiny") / "layers.py").write_text("import nothing_like_it\n", encoding="utf-8")
    with pytest.raises(AssignmentError, match=r"layers\.py: importing it raised ModuleNotFoundError"):
        build(tiny, course.solutions("tiny"), 0)


def test_a_missing_solution_is_named(course, tiny):
    (course.solutions("tiny") / "layers.py").unlink()
    with pytest.raises(AssignmentError, match=r"layers\.py: no such file of the solutions"):
        build(tiny, course.solutions("tiny"), 0)


def test_a_problem_that_the_bank_lacks_is_named(data):
    with pytest.raises(BankError, match="the saved test cases of tiny have none for 'cube_backward'"):
        parse(data, "here").section("cube_backward")


# --- damage -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("foreign", [b"", b"PK\x03\x04", b"grader-bank-0\n", MAGIC[:-1], b"\x00" * 100])
def test_foreign_bytes_are_refused_with_what_to_do(foreign):
    with pytest.raises(BankError, match="here is not a file of saved test cases of this version; delete it"):
        parse(foreign, "here")


def test_a_file_cut_short_anywhere_is_refused(data):
    for length in (len(MAGIC), len(MAGIC) + 1, len(MAGIC) + 9, len(data) // 2, len(data) - 1):
        with pytest.raises(BankError, match="damaged"):
            parse(data[:length], "here")


@pytest.mark.parametrize("tree", [[], 3, {}, {"header": {}}, {"header": {"assignment": "tiny"}, "sections": {}}, None])
def test_a_well_formed_tree_that_is_no_bank_is_refused(tree):
    """Somebody's own encoded data behind our first line."""
    with pytest.raises(BankError):
        parse(MAGIC + codec.encode(tree), "here")


def test_damaged_bytes_never_give_anything_but_a_bank_or_a_bank_error(data):
    """A thousand single wrong bytes in the first part of the file, where the structure is."""
    rng = np.random.default_rng(0)
    for _ in range(1000):
        damaged = bytearray(data)
        damaged[len(MAGIC) + int(rng.integers(400))] = int(rng.integers(256))
        try:
            bank = parse(bytes(damaged), "here")
        except BankError:
            continue
        assert isinstance(bank.sections, dict)


def test_a_damaged_section_is_refused_when_it_is_read(data):
    bank = parse(data, "here")
    broken = dataclasses.replace(bank, sections={name: part[:-7] for name, part in bank.sections.items()})
    with pytest.raises(BankError, match="damaged"):
        broken.section("square_forward")


def test_decoding_damage_says_what_to_do():
    with pytest.raises(BankError, match="delete the file and run again"):
        decode(b"\xff\xff")


# --- the cache ----------------------------------------------------------------------------------------------


def test_a_bank_is_built_once_and_then_read(course, tiny, tmp_path):
    cache = tmp_path / "cache"
    told = []
    first = source(course, tiny, cache, progress=lambda *step: told.append(step)).bank
    again = source(course, tiny, cache, progress=lambda *step: told.append(step)).bank
    assert again == first
    assert len(told) == 2
    assert [path.suffix for path in cache.iterdir()] == [".bank"]


def test_without_a_cache_it_is_built_all_the_same(course, tiny):
    assert source(course, tiny, None).bank.seed == 0


def test_a_cache_that_cannot_be_written_is_no_reason_to_fail(course, tiny, tmp_path):
    (tmp_path / "cache").write_text("a file", encoding="utf-8")
    assert source(course, tiny, tmp_path / "cache" / "below").bank.assignment == "tiny"


@pytest.mark.parametrize("damage", [lambda data: data[:100], lambda data: b"", lambda data: b"other" + data])
def test_a_damaged_cache_is_built_anew(damage, course, tiny, tmp_path):
    cache = tmp_path / "cache"
    good = source(course, tiny, cache).bank
    (file,) = cache.iterdir()
    file.write_bytes(damage(file.read_bytes()))
    assert source(course, tiny, cache).bank == good
    assert parse(file.read_bytes(), "cache") == good


def key(course, tiny, seed=0):
    return source(course, tiny, None, seed).key(course.solutions("tiny"))


def test_the_key_is_the_same_for_the_same_files(course, tiny):
    assert key(course, tiny) == key(course, tiny)


@pytest.mark.parametrize("file", ["solutions/tiny/layers.py", "assignments/tiny/assignment.py"])
def test_the_key_changes_with_solutions_and_declaration(file, course, tiny):
    before = key(course, tiny)
    path = course.root / file
    path.write_text(path.read_text(encoding="utf-8") + "\n# A word more.\n", encoding="utf-8")
    assert key(course, tiny) != before


def test_the_key_changes_with_a_new_file_of_the_solutions(course, tiny):
    """Known mistakes, scales and edges are part of what a bank is made from."""
    before = key(course, tiny)
    (course.solutions("tiny") / "mistakes.py").write_text("MISTAKES = ()\n", encoding="utf-8")
    assert key(course, tiny) != before


def test_the_key_does_not_change_with_what_students_write(course, tiny):
    before = key(course, tiny)
    (course.folder("tiny") / "layers.py").write_text("x = 1\n", encoding="utf-8")
    (course.folder("tiny") / "hints.md").write_text("# Hints\n", encoding="utf-8")
    assert key(course, tiny) == before


def test_the_key_changes_with_the_seed(course, tiny):
    assert key(course, tiny, 0) != key(course, tiny, 1)


def test_versions_name_what_a_bank_depends_on():
    """Hypothesis draws the shapes: another version draws others."""
    found = versions()
    assert found["numpy"] == np.__version__
    assert found["hypothesis"].startswith("hypothesis-")


# --- a students' package ------------------------------------------------------------------------------------


def without_solutions(course, data):
    for path in course.solutions("tiny").iterdir():
        path.unlink()
    course.solutions("tiny").rmdir()
    (course.folder("tiny") / SHIPPED).write_bytes(data)


def test_without_solutions_the_shipped_bank_is_read(course, tiny, data, tmp_path):
    without_solutions(course, data)
    assert source(course, tiny, tmp_path / "cache").bank == parse(data, "here")
    assert not (tmp_path / "cache").exists()


def test_without_solutions_and_bank_it_says_so(course, tiny, data):
    without_solutions(course, data)
    (course.folder("tiny") / SHIPPED).unlink()
    with pytest.raises(BankError, match=r"is missing, and there is no solutions/tiny to build it from"):
        _ = source(course, tiny, None).bank


def test_the_shipped_bank_has_one_seed_only(course, tiny, data):
    without_solutions(course, data)
    with pytest.raises(BankError, match="only the saved test cases of seed 0 are at hand; leave out --seed 5"):
        _ = source(course, tiny, None, seed=5).bank


def test_a_bank_of_another_assignment_is_refused(course, tiny, data):
    """Copied into the wrong folder, it would judge other functions."""
    other = data[: len(MAGIC)] + codec.encode(
        {**codec.decode(data[len(MAGIC) :]), "header": {"assignment": "other", "seed": 0, "versions": {}}}
    )
    without_solutions(course, other)
    with pytest.raises(BankError, match="other"):
        _ = source(course, tiny, None).bank
