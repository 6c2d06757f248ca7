"""`Property`: anything else that must hold of what a function returns, in the author's own words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from grader.checks import base, shares, verdicts
from grader.checks.base import Graded, Requests, Section, Shown
from grader.checks.cases import Case, draw_cases
from grader.checks.compare import Remark, Trouble
from grader.checks.inputs import Inputs, arrays_of
from grader.checks.reference import Reference, as_called
from grader.checks.shares import Finding
from grader.errors import AssignmentError
from grader.report import CheckResult, Outcome
from grader.sandbox import codec
from grader.sandbox.replies import Returned, Runner

Holds = Callable[[Mapping[str, Any], Any], str]


@dataclass(frozen=True)
class Property:
    """For every drawn case `holds(arguments, returned)` must return "" (it holds) or what the student reads.

    `holds` runs in the grader's process on plain values: arguments by name, and what the function returned
    (arrays, numbers, tuples of them). It must not expect more of them than it checks itself; an exception of
    its own counts as 'does not hold'.
    """

    inputs: Inputs
    holds: Holds
    title: str
    sizes: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def calls(self) -> tuple[str, ...]:
        """No other function of the student's is called."""
        return ()

    def build(self, problem: str, reference: Reference, seed: int) -> Section:
        """Draw the cases and make sure that the property holds of the reference."""
        cases = draw_cases(self.inputs, seed=seed, limits=self.sizes)
        requests = Requests()
        for index, case in enumerate(cases):
            live = [as_called(value) for value in case.arguments.values()]
            trouble = self._trouble(case.arguments, reference.call(problem, *live))
            if trouble:
                raise AssignmentError(f"'{self.title}' does not hold of the reference's {problem}: {trouble}")
            row = list(case.arguments.values())
            requests.add(f"case{index}", 0, [base.call(problem, base.inputs(len(row)))], row)
        return {
            "request": requests.to_tree(),
            "cases": codec.encode([{"arguments": case.arguments, "why": case.why} for case in cases]),
            "count": len(cases),
        }

    def live(self, problem: str, reference: Reference, case: Case) -> Section:
        """Return a section of one case that Hypothesis has just drawn."""
        requests = Requests()
        row = list(case.arguments.values())
        requests.add("case0", 0, [base.call(problem, base.inputs(len(row)))], row)
        notes = [{"arguments": case.arguments, "why": case.why}]
        return {"request": requests.to_tree(), "cases": codec.encode(notes), "count": 1}

    def rows(self, problem: str, points: int, outcome: Outcome, message: str) -> tuple[CheckResult, ...]:
        """Return the one finding with 0 points and an outcome."""
        return shares.score(points, shares.PROPERTY, [Finding("property", self.title, outcome, message)])

    def show(self, problem: str, section: Section) -> list[Shown]:
        """Return the saved cases as a student may see them, smallest first."""
        return [show_case(self, problem, section, index) for index in range(section["count"])]

    def grade(self, problem: str, points: int, section: Section, run: Runner) -> Graded:
        """Replay the section on a student's function."""
        rows = base.replay(section["request"], run)
        case_rows = [rows[f"case{i}"] for i in range(section["count"])]
        stopped = base.unfinished_rows(case_rows, problem)
        if stopped is not None:
            return Graded(stopped[0], self.rows(problem, points, *stopped), stopped[1])
        cases = codec.decode(section["cases"])
        finding = Finding("property", self.title)
        for index, row in enumerate(case_rows):
            step = base.step_of(row, 0)
            if isinstance(step, Returned):
                message = self._trouble(cases[index]["arguments"], step.value)
            else:
                message = base.describe_step(step, problem)
            if message:
                remark = Remark(Trouble.VALUE, message)
                shown = verdicts.shown_case(show_case(self, problem, section, index), remark, "")
                finding = Finding("property", self.title, base.outcome_of(step), message, shown)
                break
        checks = shares.score(points, shares.PROPERTY, [finding])
        names = arrays_of(self.inputs)
        shapes = [np.shape(case["arguments"][names[0]]) for case in cases] if names else []
        evidence = (verdicts.bank_cases_text(names, shapes, len(shapes)),) if names else ()
        return Graded(shares.overall(checks), checks, "", evidence)

    def _trouble(self, arguments: Mapping[str, Any], returned: Any) -> str:
        try:
            return self.holds(arguments, returned)
        except Exception as error:
            return f"the answer could not be judged ({type(error).__name__}): is it of the right kind and shape?"


def show_case(check: Property, problem: str, section: Section, index: int) -> Shown:
    """Return a saved case as a student may see it."""
    case: dict[str, Any] = codec.decode(section["cases"])[index]
    call = f"result = {problem}({', '.join(case['arguments'])})"
    return Shown(case["arguments"], [call], case["why"])
