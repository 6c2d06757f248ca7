"""A failed item of pytest as a student reads it: every lost finding, and the smallest failing case as code."""

from __future__ import annotations

from collections.abc import Sequence

from grader.checks.show import full_code
from grader.explore import FAILURES, Failure
from grader.render import advice
from grader.render.page import Page
from grader.render.text import clean, clean_lines, plural
from grader.render.words import OUTCOMES, describe_shapes, describe_worst, name_findings, paragraphs
from grader.report import Case, CheckResult, Outcome, ProblemResult, points_text

NARROWEST, WIDEST = 40, 100
CODE_LINES = 40
CODE_COLUMNS = 400


def render(result: ProblemResult, failure: Failure | None, examples: int, *, width: int) -> str:
    """Return the text; its last line, `layers.py:34: affine_backward`, is one that editors make a link of.

    failure: the smallest case that Hypothesis found in so many `examples`, if any.
    """
    page = Page(max(NARROWEST, min(width, WIDEST)), False)
    passed = result.status is Outcome.PASSED
    words = "right in the saved cases, wrong in another" if passed else OUTCOMES[result.status]
    page.add(f"{clean(result.id, 60)}: {words}, {points_text(result.score)} / {points_text(result.max_score)}")
    if result.message and not any(result.message == one.message for one in result.checks):
        page.add(clean(result.message))
    groups: dict[str, list[CheckResult]] = {}
    for one in result.checks:
        if one.status in FAILURES:
            groups.setdefault(one.message or one.id, []).append(one)
    for number, group in enumerate(groups.values()):
        _add_findings(page, group, with_code=failure is None and number == 0)
    if failure is not None:
        _add_failure(page, failure, examples, with_message=not groups)
    page.blank()
    page.add_code(f"{advice.place(result)}: {clean(result.id, 60)}", 0)
    return page.text()


def _add_findings(page: Page, findings: list[CheckResult], *, with_code: bool) -> None:
    page.blank()
    page.add(f"x {name_findings(findings)}", hang=2)
    for line in paragraphs(findings[0].message):
        page.add(line, indent=2)
    case = next((one.case for one in findings if one.case is not None), None)
    if case is not None:
        _add_case(page, case, with_code=with_code)


def _add_case(page: Page, case: Case, *, with_code: bool) -> None:
    for line in describe_worst(case.worst) if case.worst is not None else ():
        page.add(line, indent=2, hang=2)
    page.add(f"in the saved case '{clean(case.why)}': {describe_shapes(case.shapes)}", indent=2, hang=2)
    if with_code and case.code:
        _add_code(page, clean_lines(case.code, CODE_LINES, CODE_COLUMNS))


def _add_failure(page: Page, failure: Failure, examples: int, *, with_message: bool) -> None:
    page.blank()
    if with_message:
        for line in paragraphs(failure.message.replace(" in 1 of 1 cases", "")):
            page.add(line)
    page.add(f"The smallest failing case of {examples} example{plural(examples)} by Hypothesis:")
    shown = failure.shown
    _add_code(page, clean_lines(full_code(shown.arguments, shown.calls, shown.answers), CODE_LINES, CODE_COLUMNS))


def _add_code(page: Page, lines: Sequence[str]) -> None:
    for line in lines:
        page.add_code(line, indent=4)
