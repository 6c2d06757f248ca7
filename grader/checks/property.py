"""`Property`: anything else that must hold of what functions return, in the author's own words.

Usually of the problem's function alone; with a `program`, of several of the student's functions together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from grader.checks import base, shares, verdicts
from grader.checks.base import Graded, Requests, Section, Shown
from grader.checks.cases import FEWEST, Case, draw_cases
from grader.checks.compare import Remark, Trouble
from grader.checks.inputs import Inputs, arrays_of
from grader.checks.reference import Reference
from grader.checks.shares import Finding
from grader.errors import AssignmentError, did_you_mean
from grader.report import CheckResult, Outcome
from grader.sandbox import codec
from grader.sandbox.replies import Returned, Row, Runner

# What `holds` gets to see at most, as entries and as a multiple of the largest argument.
MOST_ENTRIES = 65_536
TIMES_LARGER = 64

Holds = Callable[[Mapping[str, Any], Any], str]
More = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class Call:
    """One call of a student's function: `Call("layernorm_backward", "dout", "first[1]")`.

    An argument is the name of an input, of an earlier call ("first": all that it returned), or one of the values
    that an earlier call returned ("first[1]"). keep: positions of returns that stay with the student, as caches do.
    """

    def __init__(self, function: str, *arguments: str, keep: tuple[int, ...] = ()) -> None:
        self.function, self.arguments, self.keep = function, arguments, keep


@dataclass(frozen=True)
class Property:
    """For every drawn case `holds(arguments, returned)` must return "" (it holds) or what the student reads.

    `holds` runs in the grader's process on plain values: arguments by name, and what the function returned
    (arrays, numbers, tuples of them). It must not expect more of them than it checks itself; an exception of
    its own counts as 'does not hold'.

    more: makes further arguments from the drawn ones, e.g. the same array shifted.
    program: what is called, by a name for each result, in order; `returned` is then a dictionary by these names.
    Without it the problem's function is called with the inputs, in order.
    id: of the finding, where a problem has several. fewest: at least how many cases are tried.
    """

    inputs: Inputs
    holds: Holds
    title: str
    sizes: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    more: More | None = None
    program: Mapping[str, Call] = field(default_factory=dict)
    id: str = "property"
    fewest: int = FEWEST

    @property
    def calls(self) -> tuple[str, ...]:
        """The functions of the student's that the program calls."""
        return tuple(dict.fromkeys(call.function for call in self.program.values()))

    def build(self, problem: str, reference: Reference, seed: int) -> Section:
        """Draw the cases and make sure that the property holds of the reference."""
        drawn = draw_cases(self.inputs, seed=seed, limits=self.sizes, fewest=self.fewest)
        # Edges come on top of what was asked for: of many, every second or third is enough.
        section = self._assemble(problem, drawn[:: max(1, len(drawn) // self.fewest)])
        cases = codec.decode(section["cases"])
        for index, row in enumerate(self._case_rows(section, reference.runner())):
            trouble = self._trouble(problem, cases[index]["arguments"], row)
            if trouble:
                raise AssignmentError(f"'{self.title}' does not hold of the reference's {problem}: {trouble}")
        return section

    def live(self, problem: str, reference: Reference, case: Case) -> Section:
        """Return a section of one case that Hypothesis has just drawn."""
        return self._assemble(problem, [case])

    def _assemble(self, problem: str, cases: Sequence[Case]) -> Section:
        arguments = [{**case.arguments, **(self.more(case.arguments) if self.more else {})} for case in cases]
        requests = Requests()
        for index, one in enumerate(arguments):
            requests.add(f"case{index}", 0, self._steps(problem, list(one)), list(one.values()))
        notes = [{"arguments": one, "why": case.why} for one, case in zip(arguments, cases, strict=True)]
        return {"request": requests.to_tree(), "cases": codec.encode(notes), "count": len(cases)}

    def _steps(self, problem: str, names: Sequence[str]) -> list[base.Step]:
        if not self.program:
            return [base.call(problem, base.inputs(len(names)))]
        return steps_of(self.program, names)

    def rows(self, problem: str, points: int, outcome: Outcome, message: str) -> tuple[CheckResult, ...]:
        """Return the one finding with 0 points and an outcome."""
        return shares.score(points, shares.PROPERTY, [Finding(self.id, self.title, outcome, message)])

    def show(self, problem: str, section: Section) -> list[Shown]:
        """Return the saved cases as a student may see them, smallest first."""
        return [self._show(problem, section, index) for index in range(section["count"])]

    def grade(self, problem: str, points: int, section: Section, run: Runner) -> Graded:
        """Replay the section on a student's function."""
        rows = self._case_rows(section, run)
        stopped = base.unfinished_rows(rows, problem)
        if stopped is not None:
            return Graded(stopped[0], self.rows(problem, points, *stopped), stopped[1])
        cases = codec.decode(section["cases"])
        finding = Finding(self.id, self.title)
        for index, row in enumerate(rows):
            message = self._trouble(problem, cases[index]["arguments"], row)
            if message:
                shown = verdicts.shown_case(self._show(problem, section, index), Remark(Trouble.VALUE, message), "")
                finding = Finding(self.id, self.title, base.outcome_of(_last(row)), message, shown)
                break
        checks = shares.score(points, shares.PROPERTY, [finding])
        names = arrays_of(self.inputs)
        shapes = [np.shape(case["arguments"][names[0]]) for case in cases] if names else []
        evidence = (verdicts.bank_cases_text(names, shapes, len(shapes)),) if names else ()
        return Graded(shares.overall(checks), checks, "", evidence)

    def _case_rows(self, section: Section, run: Runner) -> list[Row]:
        rows = base.replay(section["request"], run)
        return [rows[f"case{i}"] for i in range(section["count"])]

    def _trouble(self, problem: str, arguments: Mapping[str, Any], row: Row) -> str:
        """Return why the property does not hold in one case, or ""."""
        functions = [call.function for call in self.program.values()] or [problem]
        steps = [base.step_of(row, number) for number in range(len(functions))]
        for step, function in zip(steps, functions, strict=True):
            if not isinstance(step, Returned):
                return base.describe_step(step, function)
        values = [step.value for step in steps]
        largest = max((np.size(value) for value in arguments.values()), default=0)
        if max(_entries(value) for value in values) > max(MOST_ENTRIES, TIMES_LARGER * largest):
            return "the answer is far larger than anything that was asked for."
        returned = dict(zip(self.program, values, strict=True)) if self.program else values[0]
        try:
            with np.errstate(all="ignore"):
                return self.holds(arguments, returned)
        except Exception as error:
            return f"the answer could not be judged ({type(error).__name__}): is it of the right kind and shape?"

    def _show(self, problem: str, section: Section, index: int) -> Shown:
        """Return a saved case as a student may see it."""
        case: dict[str, Any] = base.saved_cases(section["cases"])[index]
        lines = [f"{name} = {call.function}({', '.join(call.arguments)})" for name, call in self.program.items()]
        return Shown(case["arguments"], lines or [f"result = {problem}({', '.join(case['arguments'])})"], case["why"])


def steps_of(program: Mapping[str, Call], names: Sequence[str]) -> list[base.Step]:
    """Return the steps of a program whose inputs have these names."""
    results = list(program)
    steps = []
    for number, call in enumerate(program.values()):
        slots = [_slot(argument, names, results[:number]) for argument in call.arguments]
        steps.append(base.call(call.function, slots, **({"keep": list(call.keep)} if call.keep else {})))
    return steps


def _slot(argument: str, names: Sequence[str], results: Sequence[str]) -> list[Any]:
    """Return where an argument of a call comes from: an input, or an earlier result."""
    if argument in names:
        return ["in", names.index(argument)]
    match = re.fullmatch(r"(\w+)(?:\[(\d+)\])?", argument)
    if match is None or match[1] not in results:
        known = [*names, *results]
        raise AssignmentError(f"a property has no '{argument}', input or earlier result{did_you_mean(argument, known)}")
    return base.result(results.index(match[1]), None if match[2] is None else int(match[2]))


def _entries(value: Any) -> int:
    """Return how many numbers a student's answer holds: `holds` may broadcast them against its own."""
    if isinstance(value, Mapping):
        return sum(_entries(item) for item in value.values())
    if isinstance(value, (tuple, list)):
        return sum(_entries(item) for item in value)
    return value.size if isinstance(value, np.ndarray) else 1


def _last(row: Row) -> Any:
    return row.steps[-1] if row.steps else None
