"""The authoring guide: what it shows works as it stands, and it speaks of everything that there is to declare."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from grader import assignment as assignments
from grader import catalogue, checks
from grader.authoring import check, scaffold
from grader.authoring.proof import render
from grader.authoring.release import StubInfo, release_files, write_files
from grader.checks import reference as references
from grader.checks import regimes
from grader.report import Outcome, points_text

ROOT = Path(__file__).parent.parent
GUIDE = (ROOT / "assignments" / "README.md").read_text(encoding="utf-8")
FENCE = re.compile(r"(?:^`(\S+)`\n)?^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DECLARATION = "assignments/hw9/assignment.py"


def blocks() -> Iterator[tuple[str, str, str]]:
    """Yield (language, file, text) of every fenced block; file is "" where none is named."""
    for match in FENCE.finditer(GUIDE):
        yield match[2], match[1] or "", match[3]


def files() -> dict[str, str]:
    """Return the texts of the blocks that name a file."""
    return {file: text for _, file, text in blocks() if file}


def fragments() -> list[str]:
    """Return what `grader check` says, as the guide's table of failures quotes it."""
    table = GUIDE.partition("| it says | do |\n|---|---|\n")[2].partition("\n\n")[0]
    return [part.strip() for line in table.splitlines() for part in line.split("|")[1].split(";")]


def strings_of(tree: ast.Module) -> Iterator[str]:
    """Yield the texts that a module may say: its strings, docstrings aside; of an f-string, what is between braces."""
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
            yield node.value


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Return a course in which the guide's blocks have been put into the scaffold, and the stubs released."""
    root = tmp_path_factory.mktemp("course")
    (root / "assignments").mkdir()
    course = assignments.Course(root)
    scaffold.create(course, "hw9")
    for file, text in files().items():
        (root / file).write_text(text, encoding="utf-8")
    assignment = assignments.load(course, "hw9")
    infos = {problem.id: StubInfo(points_text(problem.hundredths)) for problem in assignment.problems}
    stubs = release_files(root / "solutions" / "hw9", infos, assignment="hw9", files=assignment.files)
    write_files(stubs, course.folder("hw9"))
    return course


# --- the example --------------------------------------------------------------------------------------------


def test_the_declaration_has_less_than_twenty_lines():
    assert len(files()[DECLARATION].splitlines()) < 20


def test_the_example_goes_into_the_files_of_the_scaffold_and_those_that_the_guide_adds(tmp_path):
    (tmp_path / "assignments").mkdir()
    written = {path.relative_to(tmp_path).as_posix() for path in scaffold.create(assignments.Course(tmp_path), "hw9")}
    assert set(files()) - written == {"solutions/hw9/scales.py"}


@pytest.fixture(scope="module")
def proofs(course):
    """Return the proofs of two seeds."""
    return check.prove_seeds(course.root, "hw9", [0, 1])


def test_the_example_is_proven(proofs):
    """The reference has full marks, its mistake is caught and named, its variant has full marks."""
    for proof in proofs:
        assert proof.failures == ()
        assert [(one.mistake, one.named) for one in proof.caught] == [("scale-dshift-averaged", ("dshift",))]
        assert proof.variants == 1


def test_the_example_has_hints_docstrings_explanations_and_no_leak(course):
    assert check.once(course, assignments.load(course, "hw9")) == []


def test_the_stub_of_the_example_has_no_point_and_is_not_implemented(course):
    assignment = assignments.load(course, "hw9")
    known = references.load(course.solutions("hw9"), assignment.files)
    stubs = references.load(course.folder("hw9"), assignment.files)
    (problem,) = assignment.problems
    sections = {problem.id: problem.check.build(problem.id, known, 0)}
    replaced = {problem.id: stubs.functions[problem.id]}
    graded = check.grade_functions(sections, [problem], known, replaced)[problem.id]
    assert graded.status is Outcome.NOT_IMPLEMENTED
    assert sum(one.score for one in graded.checks) == 0


def test_the_table_that_the_guide_shows_is_what_the_proof_of_its_example_looks_like(proofs):
    """But for the number of seeds: two are enough here."""
    shown = next(text for language, _, text in blocks() if not language and "Findings lost" in text)
    rendered = render(check.Proof("hw9", tuple(proofs), ()), width=120, matrix=True)
    assert " ".join(rendered.split()).startswith(" ".join(shown.replace("3 seeds", "2 seeds").split()))


# --- everything else ----------------------------------------------------------------------------------------


def test_every_other_python_block_runs_in_order():
    """The vocabulary's examples are declarations that can be made, not only pictures of them."""
    names = {name: getattr(module, name) for module in (catalogue, checks) for name in vars(module)}
    space = {**names, "Problem": assignments.Problem, "np": np}
    texts = [text for language, file, text in blocks() if language == "python" and not file]
    assert len(texts) >= 7
    for text in texts:
        exec(compile(text, "assignments/README.md", "exec"), space)


def test_the_examples_for_scales_and_edges_are_what_their_checks_ask_for():
    """Finite differences confirm the staged gradient by the guide's `edges.py`, and the variance is a number."""
    space = {"np": np}
    (text,) = [text for _, file, text in blocks() if not file and "# in edges.py" in text]
    exec(compile(text, "assignments/README.md", "exec"), space)
    assert space["lecun_normal"](4, 2) == {"variance": 0.25}
    functions = {
        "affine_forward": lambda x, w, b: (x @ w + b, None),
        "affine_backward_steps": lambda dout, cache: {"dproduct": dout},
    }
    edges = {"affine_backward_steps": space["affine_backward_steps"]}
    hidden = {"x": checks.Array("N D"), "w": checks.Array("D M"), "b": checks.Array("M")}
    staged = checks.Backward("affine_forward", hidden, gradients=("dproduct",), edges=True)
    assert staged.build("affine_backward_steps", references.Reference(functions, {}, edges), 0)["gradients"]


@pytest.mark.parametrize("name", checks.__all__)
def test_every_word_of_the_vocabulary_has_an_example(name):
    assert re.search(rf"\b{name}\(", GUIDE)


@pytest.mark.parametrize("name", regimes.REGIMES)
def test_every_regime_stands_in_the_table_with_its_own_description(name):
    assert f"| `{name}` | {regimes.describe(name)} |\n" in GUIDE


@pytest.fixture(scope="module")
def said():
    """Return every text that the package's checks, proofs and commands may say."""
    package = Path(checks.__file__).parent.parent
    paths = [path for folder in ("authoring", "checks", "cli") for path in (package / folder).glob("*.py")]
    return {text for path in paths for text in strings_of(ast.parse(path.read_text(encoding="utf-8")))}


@pytest.mark.parametrize("fragment", fragments())
def test_every_failure_that_the_guide_explains_is_one_that_grader_has(said, fragment):
    assert any(fragment in text for text in said)


def test_the_guide_is_short():
    assert len(GUIDE.splitlines()) < 360
