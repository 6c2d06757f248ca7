"""A report for GitHub Actions: annotations at the student's functions, and the summary of the job.

Source: https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from collections.abc import Iterator

from grader.render.text import clean
from grader.render.words import status_words
from grader.report import Outcome, ProblemResult, Report, points_text

LIMIT = 1000


def annotate(report: Report) -> str:
    """Return one workflow command for each problem that lost points, at its function's line."""
    return "".join(f"{line}\n" for line in _commands(report))


def _commands(report: Report) -> Iterator[str]:
    if report.fault is not None:
        yield f"::error title=grader::{_data('not judged, a fault of the grader: ' + clean(report.fault, LIMIT))}"
        return
    for problem in report.problems:
        if problem.score == problem.max_score:
            continue
        kind = "notice" if problem.status in (Outcome.NOT_IMPLEMENTED, Outcome.BLOCKED) else "error"
        score = f"{points_text(problem.score)} of {points_text(problem.max_score)}"
        places = [f"file={_property(clean(problem.file, 200))}"] if problem.file else []
        places += [f"line={problem.line}"] if problem.line else []
        places.append(f"title={_property(f'{problem.id}: {score}')}")
        yield f"::{kind} {','.join(places)}::{_data(_message(problem))}"


def _message(problem: ProblemResult) -> str:
    for check in problem.checks:
        if check.score < check.max_score and check.message:
            return clean(f"{check.title}: {check.message}", LIMIT)
    return clean(problem.message or problem.status.value, LIMIT)


def summarise(report: Report) -> str:
    """Return a table in Markdown; everything that came from a student is in it as plain text."""
    if report.fault is not None:
        return f"### {report.assignment}: not judged\n\n{_cell(clean(report.fault, LIMIT))}\n"
    head = f"### {report.assignment}: {points_text(report.score)} / {points_text(report.max_score)}"
    lines = [head, "", "| problem | points | |", "|---|---|---|"]
    for problem in report.problems:
        score = f"{points_text(problem.score)} / {points_text(problem.max_score)}"
        words = status_words(problem)
        if problem.score < problem.max_score and problem.status is not Outcome.NOT_IMPLEMENTED:
            words = _message(problem)
        lines.append(f"| `{problem.id}` | {score} | {_cell(clean(words, 300))} |")
    return "\n".join(lines) + "\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _cell(text: str) -> str:
    """Return text that Markdown and HTML leave alone, on one line of a table."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\\{mark}" if mark in "\\`*_{}[]()#|~!" else mark for mark in " ".join(text.split()))
