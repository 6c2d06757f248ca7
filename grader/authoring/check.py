"""The grader checks itself: stubs 0, reference 100, every mistake caught and named, every variant 100.

One seed is one job: build the bank (finite differences confirm the reference on the way), then grade the
reference, every known mistake and every variant on it. What does not depend on a seed is proven once.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from grader import bank as banks
from grader.assignment import Assignment, Course, Problem, load
from grader.authoring.leaks import leaks
from grader.checks import Backward, Forward, Loss
from grader.checks import reference as references
from grader.checks.base import Graded, Section, without_numeric
from grader.checks.mistakes import caught_by
from grader.checks.mistakes import known as known_mistakes
from grader.checks.reference import Function, Reference
from grader.errors import AssignmentError, GraderError
from grader.hints import read_hints
from grader.report import Outcome, points_text

Sections = Mapping[str, Section]


@dataclass(frozen=True)
class Caught:
    """What happened to one mistake on one seed: the rows that it lost, and those that named it."""

    mistake: str
    problem: str
    lost: tuple[str, ...]
    named: tuple[str, ...]


@dataclass(frozen=True)
class SeedProof:
    """The outcome of one seed. `fewest` is how many cases of a problem would still catch all its mistakes."""

    seed: int
    failures: tuple[str, ...] = ()
    caught: tuple[Caught, ...] = ()
    variants: int = 0
    fewest: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Proof:
    """The outcome of `grader check` for one assignment."""

    assignment: str
    seeds: tuple[SeedProof, ...]
    failures: tuple[str, ...]

    @property
    def all_failures(self) -> tuple[str, ...]:
        """Every failure, those of single seeds with the seed in front."""
        return self.failures + tuple(f"seed {one.seed}: {text}" for one in self.seeds for text in one.failures)


def prove_seeds(root: Path, name: str, seeds: Sequence[int]) -> list[SeedProof]:
    """Build the bank of every seed and prove the verdicts on it. Raises AssignmentError without solutions."""
    course = Course(root)
    assignment = load(course, name)
    solutions = course.solutions(name)
    if solutions is None:
        raise AssignmentError(f"there is no solutions/{name} in {root}")
    known = references.load(solutions, assignment.files)
    variants = load_variants(solutions)
    return [_prove_seed(assignment, replace(known, answered={}), variants, seed) for seed in seeds]


def _prove_seed(assignment: Assignment, known: Reference, variants: Sequence[Any], seed: int) -> SeedProof:
    try:
        bank = banks.parse(banks.build_from(assignment, known, seed), f"seed {seed}")
    except AssignmentError as error:
        return SeedProof(seed, (str(error),))
    sections = {problem.id: bank.section(problem.id) for problem in assignment.problems}
    failures = list(_reference_failures(assignment, sections, known))
    caught = []
    wide = seed == banks.PUBLIC_SEED
    # The numerical gradients, the slowest part, are tried with every mistake on the public seed only.
    tried = sections if wide else {name: without_numeric(section) for name, section in sections.items()}
    for mistake in known.mistakes:
        one, troubles = _prove_mistake(assignment, tried, known, mistake, wide=wide, with_dependents=seed % 10 == 0)
        failures += troubles
        caught += one
    fewest = fewest_cases(assignment, sections) if seed == banks.PUBLIC_SEED else {}
    for variant in variants:
        failures += _variant_failures(assignment, sections, known, variant)
    return SeedProof(seed, tuple(failures), tuple(caught), len(variants), fewest)


def fewest_cases(assignment: Assignment, sections: Sections) -> dict[str, int]:
    """Return for each problem how few of its cases, chosen greedily, would still catch every known mistake."""
    fewest = {}
    for problem in assignment.problems:
        frozen = sections[problem.id].get("mistakes", b"")
        if not frozen or not isinstance(problem.check, (Backward, Forward, Loss)):
            continue
        catches = [caught_by(known.signature) for known in known_mistakes(frozen)]
        left = [cases for cases in catches if cases]
        chosen = 0
        while left:
            counts = Counter(case for cases in left for case in cases)
            best = counts.most_common(1)[0][0]
            left = [cases for cases in left if best not in cases]
            chosen += 1
        fewest[problem.id] = chosen
    return fewest


def load_variants(solutions: Path) -> Sequence[Any]:
    """Return the right versions in other clothes: each has id, about, functions."""
    path = solutions / "variants.py"
    return tuple(references.load_module(path).VARIANTS) if path.is_file() else ()


def grade_functions(
    sections: Sections, problems: Iterable[Problem], known: Reference, replaced: Mapping[str, Function]
) -> dict[str, Graded]:
    """Grade the reference with some functions replaced, in this process."""
    run = known.runner(replaced)
    return {
        problem.id: problem.whole.grade(problem.id, problem.hundredths, sections[problem.id], run)
        for problem in problems
    }


def _full(graded: Graded) -> bool:
    return all(check.score == check.max_score for check in graded.checks)


def _missing(problem: Problem, graded: Graded) -> str:
    lost = [f"{check.id}: {check.message}" for check in graded.checks if check.score < check.max_score]
    earned = sum(check.score for check in graded.checks)
    return f"{points_text(earned)} of {points_text(problem.hundredths)} ({'; '.join(lost)[:300]})"


def _reference_failures(assignment: Assignment, sections: Sections, known: Reference) -> Iterable[str]:
    graded = grade_functions(sections, assignment.problems, known, {})
    for problem in assignment.problems:
        if not _full(graded[problem.id]):
            yield f"the reference's {problem.id} has {_missing(problem, graded[problem.id])}"


def dependents(assignment: Assignment, known: Reference, function: str) -> list[Problem]:
    """Return the problems that stand on a function: declared to call it, or calling it in the reference."""
    return [
        problem
        for problem in assignment.problems
        if problem.id != function
        and (function in problem.whole.calls or function in _called(known.functions[problem.id]))
    ]


def _called(function: Function) -> tuple[str, ...]:
    """Return the global names that a function's body uses."""
    code = getattr(function, "__code__", None)
    return code.co_names if code is not None else ()


def _has_follow_through(problem: Problem, function: str) -> bool:
    """Whether what a part of a composite gets wrong is paid for there and not here."""
    check = problem.check
    if isinstance(check, Forward):
        return check.composed is not None
    if made_of := getattr(check, "made_of", ""):
        return bool(function == made_of)
    return bool(getattr(check, "stands_on", ()) or getattr(check, "parts", ()))


def _prove_mistake(
    assignment: Assignment, sections: Sections, known: Reference, mistake: Any, *, wide: bool, with_dependents: bool
) -> tuple[list[Caught], list[str]]:
    """A mistake must lose points, be named in at least one row, and never by another's name."""
    problem = next((p for p in assignment.problems if p.id == mistake.replaces), None)
    if problem is None:
        return [], [f"the mistake '{mistake.id}' replaces '{mistake.replaces}', which is no problem"]
    # A backward may lose points with its forward; a composite has its follow-through.
    others = dependents(assignment, known, problem.id) if with_dependents else []
    may_lose = {p.id for p in others if not _has_follow_through(p, problem.id)}
    # `wide`: everything else is graded too, to see that a mistake costs on its own problem only.
    tried = [p for p in (assignment.problems if wide else (problem, *others)) if p.id not in may_lose]
    graded = grade_functions(sections, [p for p in tried if p.id != problem.id], known, {problem.id: mistake.function})
    graded |= grade_functions(sections, [problem], known, mistake.functions)
    lost = tuple(check.id for check in graded[problem.id].checks if check.score < check.max_score)
    names = {check.id: check.mistake for check in graded[problem.id].checks if check.mistake is not None}
    failures = []
    if not lost:
        failures.append(f"the mistake '{mistake.id}' of {problem.id} loses no point")
    elif mistake.id not in names.values():
        failures.append(
            f"the mistake '{mistake.id}' of {problem.id} is not named ({_missing(problem, graded[problem.id])})"
        )
    failures += [
        f"the mistake '{mistake.id}' of {problem.id} is called '{name}' in {row}"
        for row, name in names.items()
        if name != mistake.id
    ]
    failures += [
        f"the mistake '{mistake.id}' of {problem.id} costs points on {p.id}: {_missing(p, graded[p.id])}"
        for p in tried
        if p.id != problem.id and not _full(graded[p.id])
    ]
    named = tuple(row for row, name in names.items() if name == mistake.id)
    return [Caught(mistake.id, problem.id, lost, named)], failures


def _variant_failures(assignment: Assignment, sections: Sections, known: Reference, variant: Any) -> list[str]:
    """A right version must have full marks, and so must all that stands on it."""
    names = {name for name in variant.functions if any(problem.id == name for problem in assignment.problems)}
    affected = {problem.id for name in variant.functions for problem in dependents(assignment, known, name)} | names
    problems = [problem for problem in assignment.problems if problem.id in affected]
    graded = grade_functions(sections, problems, known, variant.functions)
    return [
        f"the variant '{variant.id}' has {_missing(problem, graded[problem.id])} on {problem.id}"
        for problem in problems
        if not _full(graded[problem.id])
    ]


def once(course: Course, assignment: Assignment) -> list[str]:
    """Return what is wrong that no seed changes: hints, docstrings, explanations."""
    failures: list[str] = []
    solutions = course.solutions(assignment.name)
    if solutions is None:
        return [f"there is no solutions/{assignment.name}"]
    lacking = [file for file in assignment.files if not (solutions / file).is_file()]
    if lacking:
        return [f"solutions/{assignment.name}/{file} is missing, which the declaration names" for file in lacking]
    try:
        hints = read_hints(course.folder(assignment.name))
    except GraderError as error:
        return [str(error)]
    for problem in assignment.problems:
        texts = hints.get(problem.id, ())
        if not texts or any(len(text) < 20 for text in texts):
            failures.append(f"{problem.id} has no hints, or empty ones, in hints.md")
    failures += [f"hints.md speaks of '{name}', which is no problem" for name in hints if not _asked(assignment, name)]
    failures += _docstring_failures(assignment, solutions)
    known = references.load(solutions, assignment.files)
    for mistake in known.mistakes:
        if len(mistake.text.split()) < 12:
            failures.append(f"the mistake '{mistake.id}' is hardly explained: {mistake.text!r}")
    ids = [mistake.id for mistake in known.mistakes]
    failures += [f"the mistake id '{one}' is used twice" for one in sorted(set(ids)) if ids.count(one) > 1]
    return failures + _leaks(course, assignment, solutions, known)


def _leaks(course: Course, assignment: Assignment, solutions: Path, known: Reference) -> list[str]:
    """Return the statements of the reference that students can read: in what they get, or in an explanation."""
    texts = {f"the mistake '{mistake.id}'": mistake.text for mistake in known.mistakes}
    for path in sorted(course.folder(assignment.name).rglob("*")):
        if path.suffix in (".py", ".md", ".ipynb", ".txt"):
            texts[path.name] = path.read_text(encoding="utf-8")
    graded = {problem.id for problem in assignment.problems}
    found = []
    for file in assignment.files:
        source = (solutions / file).read_text(encoding="utf-8")
        found += [f"solutions/{assignment.name}/{file}: {leak}" for leak in leaks(source, graded, texts)]
    return found


def _asked(assignment: Assignment, name: str) -> bool:
    return any(problem.id == name for problem in assignment.problems)


def _docstring_failures(assignment: Assignment, solutions: Path) -> list[str]:
    failures = []
    for file in assignment.files:
        tree = ast.parse((solutions / file).read_text(encoding="utf-8"))
        found = {node.name: ast.get_docstring(node) or "" for node in tree.body if isinstance(node, ast.FunctionDef)}
        for problem in assignment.problems:
            if problem.file == file and len(found.get(problem.id, "")) < 40:
                failures.append(f"{problem.id} has no docstring in solutions/{assignment.name}/{file}")
    return failures


def stub_failures(assignment: Assignment, results: Iterable[Any]) -> list[str]:
    """Return which stubs are not graded as 'not implemented' with 0 points. `results` are problem results."""
    failures = []
    for result in results:
        if result.status is not Outcome.NOT_IMPLEMENTED or result.score:
            score = points_text(result.score)
            failures.append(f"the stub of {result.id} has {score} points and the status '{result.status.value}'")
    return failures
