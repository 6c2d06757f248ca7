"""A report as JUnit XML, for continuous integration: a suite for each problem, a case for each finding."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from xml.etree import ElementTree

from grader.render.text import clean, clean_lines
from grader.render.words import OUTCOMES, describe_shapes, describe_worst, paragraphs
from grader.report import Case, CheckResult, Outcome, ProblemResult, Report, points_text

CODE_LINES = 40
CODE_COLUMNS = 400

# A partial finding is right in itself and only counts in proportion: its problem fails elsewhere.
ELEMENTS: Mapping[Outcome, str | None] = MappingProxyType(
    {
        Outcome.PASSED: None,
        Outcome.PARTIAL: None,
        Outcome.FAILED: "failure",
        Outcome.ERROR: "error",
        Outcome.TIMEOUT: "error",
        Outcome.NOT_IMPLEMENTED: "skipped",
        Outcome.BLOCKED: "skipped",
    }
)


def render(report: Report) -> str:
    """Return the report as JUnit XML. Characters that XML cannot hold appear as escapes."""
    root = ElementTree.Element("testsuites", name=clean(report.assignment), time=f"{max(report.duration_s, 0.0):.3f}")
    if report.fault is not None:
        _add_fault(root, report)
    else:
        for problem in report.problems:
            _add_suite(root, report, problem)
    for key in ("tests", "failures", "errors", "skipped"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    ElementTree.indent(root)
    body = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{body}\n'


def _add_fault(root: ElementTree.Element, report: Report) -> None:
    suite = ElementTree.SubElement(root, "testsuite", name=clean(report.assignment))
    case = ElementTree.SubElement(suite, "testcase", classname=clean(report.assignment), name="grader")
    text = "\n".join(paragraphs(report.fault or ""))
    message = "a fault of the grader, not of the submission; no score"
    ElementTree.SubElement(case, "error", type="fault", message=message).text = text
    _count(suite)


def _add_suite(root: ElementTree.Element, report: Report, problem: ProblemResult) -> None:
    suite = ElementTree.SubElement(root, "testsuite", name=clean(problem.id))
    _add_properties(
        suite,
        score=points_text(problem.score),
        max_score=points_text(problem.max_score),
        status=problem.status.value,
        title=clean(problem.title),
        submission=clean(report.submission),
    )
    classname = f"{clean(report.assignment)}.{clean(problem.id)}"
    # A problem that nothing could be found out about still shows up as one case.
    alone = CheckResult(problem.id, problem.title, 0, problem.max_score, problem.status, problem.message)
    for check in problem.checks or (alone,):
        _add_case(suite, classname, check)
    if problem.printed:
        ElementTree.SubElement(suite, "system-out").text = "\n".join(map(clean, problem.printed))
    _count(suite)


def _add_case(suite: ElementTree.Element, classname: str, check: CheckResult) -> None:
    element = ElementTree.SubElement(suite, "testcase", classname=classname, name=clean(check.id))
    points = {"score": points_text(check.score), "max_score": points_text(check.max_score)}
    _add_properties(element, title=clean(check.title), **points)
    kind = ELEMENTS[check.status]
    lines = [*paragraphs(check.message), *(_case_lines(check.case) if check.case else ())]
    if kind is None:
        if lines:
            ElementTree.SubElement(element, "system-out").text = "\n".join(lines)
        return
    outcome = ElementTree.SubElement(element, kind, message=clean(check.message) or OUTCOMES[check.status])
    if kind != "skipped":
        outcome.set("type", check.status.value)
    outcome.text = "\n".join(lines)


def _case_lines(case: Case) -> list[str]:
    lines = describe_worst(case.worst) if case.worst else []
    if case.why:
        lines.append(f"why this case: {clean(case.why)}")
    if case.shapes:
        lines.append(f"shapes: {describe_shapes(case.shapes)}")
    return lines + (clean_lines(case.code, CODE_LINES, CODE_COLUMNS) if case.code else [])


def _add_properties(parent: ElementTree.Element, **properties: str) -> None:
    holder = ElementTree.SubElement(parent, "properties")
    for name, value in properties.items():
        ElementTree.SubElement(holder, "property", name=name, value=value)


def _count(suite: ElementTree.Element) -> None:
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(key, str(sum(1 for case in cases if case.find(tag) is not None)))
