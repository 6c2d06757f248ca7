"""`Besides`: a problem's check, and the properties that must hold besides, as findings of their own.

The properties have a share of the points, and are paid in proportion to the values that are right: zeros have
many a fine property.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from grader.checks import shares
from grader.checks.base import Check, Graded, Section, Shown
from grader.checks.forward import Forward
from grader.checks.property import Property
from grader.checks.reference import Reference
from grader.report import CheckResult, Outcome
from grader.sandbox.replies import Runner


@dataclass(frozen=True)
class Besides:
    """A section is the check's own, with one more entry: the sections of the properties."""

    check: Check
    properties: tuple[Property, ...]

    @property
    def calls(self) -> tuple[str, ...]:
        """All functions of the student's that are called besides the problem's own."""
        return (*self.check.calls, *(name for one in self.properties for name in one.calls))

    def build(self, problem: str, reference: Reference, seed: int) -> Section:
        """Build the check's section and those of the properties."""
        sections = [one.build(problem, reference, seed) for one in self.properties]
        return {**self.check.build(problem, reference, seed), "properties": sections}

    def rows(self, problem: str, points: int, outcome: Outcome, message: str) -> tuple[CheckResult, ...]:
        """Return every finding with 0 points and one outcome."""
        own, *others = self._points(points)
        found = list(self.check.rows(problem, own, outcome, message))
        for one, share in zip(self.properties, others, strict=True):
            found += one.rows(problem, share, outcome, message)
        return tuple(found)

    def show(self, problem: str, section: Section) -> list[Shown]:
        """Return the check's saved cases, then those of the properties."""
        shown = self.check.show(problem, section)
        for one, own in zip(self.properties, section["properties"], strict=True):
            shown += one.show(problem, own)
        return shown

    def grade(self, problem: str, points: int, section: Section, run: Runner) -> Graded:
        """Replay the check, and the properties where it could be judged."""
        own, *others = self._points(points)
        graded = self.check.grade(problem, own, section, run)
        if graded.status in (Outcome.NOT_IMPLEMENTED, Outcome.BLOCKED):
            return replace(graded, checks=self.rows(problem, points, graded.status, graded.message))
        found: list[CheckResult] = []
        for one, share, saved in zip(self.properties, others, section["properties"], strict=True):
            found += one.grade(problem, share, saved, run).checks
        if graded.unexcused is None:
            return _join(graded, found)
        # What the student's own parts get wrong has been paid for there: no property can hold of it.
        excused = [_passed(one) for one in found] if isinstance(self.check, Forward) else found
        return replace(_join(graded, excused), unexcused=_join(graded.unexcused, found))

    def _points(self, points: int) -> list[int]:
        """Split the points: the check's own, then each property's."""
        each = shares.BESIDES // len(self.properties)
        return shares.allocate(points, [1000 - each * len(self.properties), *[each] * len(self.properties)])


def _passed(check: CheckResult) -> CheckResult:
    return CheckResult(check.id, check.title, check.max_score, check.max_score, Outcome.PASSED)


def _join(graded: Graded, found: Sequence[CheckResult]) -> Graded:
    won, whole = shares.value_share(graded.checks)
    checks = (*graded.checks, *(shares.in_proportion(one, won, whole) for one in found))
    return replace(graded, status=shares.overall(checks), checks=checks)
