"""One student's answers to a `Backward`: what they mean, what is excused, what a report shows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from grader.checks import base, follow, made_of, naming, verdicts
from grader.checks.base import Section
from grader.checks.compare import Answers, Compared, Trouble, compare
from grader.checks.inputs import arrays_of, has_batch
from grader.checks.mistakes import Signature
from grader.checks.shares import Finding
from grader.report import Evidence, Outcome
from grader.sandbox.replies import Returned, Row, Runner

if TYPE_CHECKING:
    from grader.checks.backward import Backward
    from grader.pictures import Heatmap


TITLES = {
    "extremes": "extreme inputs",
    "rounding": "accuracy",
    "form": "form",
    "manners": "leaves its arguments alone",
}


class Attempt:
    """One student's replies to one section, and what they mean.

    Without `excuses` it counts for nothing that the student's own forward or parts are wrong in the same way.
    """

    def __init__(
        self,
        check: Backward,
        problem: str,
        section: Section,
        run: Runner,
        *,
        rows: Mapping[str, Row] | None = None,
        excuses: bool = True,
    ) -> None:
        self.check, self.problem, self.section, self.run = check, problem, section, run
        self.excuses = excuses
        self.rows = base.replay(section["request"], run) if rows is None else rows
        self.case_rows = [self.rows[f"case{i}"] for i in range(len(section["extreme"]))]
        self.ordinary = [i for i, extreme in enumerate(section["extreme"]) if not extreme]
        self.state = follow.forward_state(section, self.case_rows, self.ordinary, check.forward)
        self.remark = ""
        self.differences: tuple[Evidence, ...] = ()

    @property
    def is_excused(self) -> bool:
        """Whether anything was let pass because another function is wrong. Asked once all is judged."""
        return bool(self.remark) or self.state.kind != "right" or self.state.inaccurate

    # --- what stops the judging altogether ---

    def stopped(self) -> tuple[Outcome, str] | None:
        """Return why nothing can be judged: not implemented, or waiting for another function."""
        if self.state.kind != "right":
            probe = base.replay(self.section["probe"], self.run)["probe"]
            if base.is_unfinished(base.step_of(probe, 0)):
                return Outcome.NOT_IMPLEMENTED, "not implemented yet"
        for row in self.case_rows:
            for position, function in ((0, self.check.forward), (1, self.problem)):
                step = row.steps[position] if position < len(row.steps) else None
                if base.is_unfinished(step):
                    culprit = base.unfinished_function(step, function)  # type: ignore[arg-type]
                    if culprit == self.problem:
                        return Outcome.NOT_IMPLEMENTED, "not implemented yet"
                    return Outcome.BLOCKED, f"waits for {culprit}, which is not implemented yet"
        if self.state.kind in ("far", "unusable"):
            return Outcome.BLOCKED, f"cannot be judged until {self.check.forward} works: {self.state.message}"
        return None

    # --- comparisons ---

    @cached_property
    def answers(self) -> dict[str, Answers]:
        """What the reference answers, by gradient."""
        return base.answers_from(self.section["gradients"])

    @cached_property
    def compared(self) -> dict[str, Compared]:
        """Every gradient in every case, against the reference."""
        return {name: compare(self.answers[name], [one[name] for one in self.returned]) for name in self.check.names}

    @cached_property
    def returned(self) -> list[dict[str, Any]]:
        """What came back in every case, by gradient; a remark where nothing did."""
        return [
            # Where the forward gave nothing, it is the forward that raised.
            base.unpack(
                base.step_of(row, 1), self.check.names, self.problem if len(row.steps) > 1 else self.check.forward
            )
            for row in self.case_rows
        ]

    @cached_property
    def judged(self) -> dict[str, Compared]:
        """As compared, after credit where a part or the student's own forward has paid already."""
        judged = dict(self.compared)
        if not self.excuses:
            return judged
        wrong = [name for name in judged if verdicts.first_trouble(judged[name], self.ordinary, Trouble.VALUE)]
        if self.check.made_of and wrong and self.state.kind == "right":
            self._follow(
                judged, made_of.find_following(self.section["made_of"], self.run, self.returned, self.ordinary)
            )
        elif self.check.stands_on and not self.check.made_of and any(one.remarks for one in judged.values()):
            self._follow_parts(judged)
        elif wrong and self.state.kind == "near" and not self.check.edges:
            self._follow_forward(judged, wrong)
        return judged

    @property
    def _has_paid(self) -> bool:
        """Whether all that is wrong by the reference is what the student's own parts give."""
        wrong = [
            name for name, one in self.compared.items() if verdicts.first_trouble(one, self.ordinary, Trouble.VALUE)
        ]
        return bool(self.check.stands_on and wrong) and not any(self.judged[name].remarks for name in wrong)

    def _follow_parts(self, judged: dict[str, Compared]) -> None:
        own = [follow.part_gradients(row, self.check, self.problem) for row in self.part_rows]
        same = {
            name
            for name in judged
            if follow.same_everywhere([one[name] for one in self.returned], [one[name] for one in own], self.ordinary)
        }
        self._follow(judged, same)

    def _follow(self, judged: dict[str, Compared], following: Collection[str]) -> None:
        for name in [name for name in following if judged[name].remarks]:
            judged[name] = replace(self.compared[name], remarks={})
            self.remark = f"follows your own {' and '.join(self.check.stands_on)}, where the points are lost"

    @cached_property
    def part_rows(self) -> list[Row]:
        """What the student's own parts give on every case."""
        rows = base.replay(self.section["parts"], self.run)
        return [rows[f"parts{i}"] for i in range(len(self.case_rows))]

    def _follow_forward(self, judged: dict[str, Compared], wrong: list[str]) -> None:
        agrees = follow.agreeing_gradients(self.check.numeric(self.problem), self.section, self.run)
        for name in wrong:
            if name in agrees:
                judged[name] = replace(self.compared[name], remarks={})
                self.remark = f"judged against your own {self.check.forward}"

    # --- findings ---

    def findings(self) -> list[Finding]:
        """Return the value rows, then the side rows, each failed one explained where the forward is right."""
        found = self._rows()
        if self.state.kind != "right" or all(finding.passed for finding in found):
            return found
        return naming.explain(found, self.signature(found), self.section["mistakes"], self._remark, self._order)

    def signature(self, found: list[Finding] | None = None) -> Signature:
        """Return what the student's function answered, row by row."""
        sides = naming.side_sentences(found if found is not None else self._rows())
        return naming.sign_values(self.compared, self.answers, self.section["extreme"], sides)

    def _remark(self, name: str) -> str:
        arguments = partial(base.saved_arguments, self.section["cases"])
        batch = has_batch(self.check.inputs)
        return naming.remark_on(name, self.compared, self.answers, self.ordinary, arguments, batch)

    def _order(self) -> str:
        return "" if self.check.edges else naming.find_order(self.returned, self.answers, self.ordinary)

    def _rows(self) -> list[Finding]:
        found = [self._value(name) for name in self.check.names]
        found += [finding for finding in (self._numeric(), self._extremes()) if finding is not None]
        fair = not self.excuses or (self.state.kind == "right" and not self.state.inaccurate)
        found.append(verdicts.rounding_finding(self.judged.items() if fair else (), self.ordinary, self._show))
        found.append(verdicts.form_finding(self.judged.items()))
        found.append(self._manners())
        return found

    def _value(self, name: str) -> Finding:
        title = self.check.title_of(name)
        finding = verdicts.value_finding(name, title, self.judged[name], self.ordinary, self._show, self._status)
        if not finding.passed and self.state.kind == "near" and self.check.edges:
            message = f"cannot be judged until {self.check.forward} is right: {self.state.message}"
            return replace(finding, status=Outcome.BLOCKED, message=message)
        if finding.status is Outcome.FAILED and self.state.kind == "near" and self.excuses:
            text = f"It is not the gradient of your own {self.check.forward} either, which is wrong: mend that first."
            return replace(finding, message=f"{finding.message} {text}".strip())
        return finding

    def _status(self, index: int) -> Outcome:
        return base.outcome_of(base.step_of(self.case_rows[index], 1))

    def _numeric(self) -> Finding | None:
        if self.check.edges:
            return None
        own = self.check.numeric(self.problem)
        finding, self.differences = own.finding(self.section["numeric"], self.rows, self.run)
        if finding.passed or not self.excuses:
            return finding
        if self._has_paid:
            return Finding("numeric", own.title(), side=True)
        if self.state.kind == "near":
            right = all(not verdicts.first_trouble(one, self.ordinary, Trouble.VALUE) for one in self.compared.values())
            if right:
                # The backward is the reference's; it is the forward that differs, and it has paid for that.
                return Finding("numeric", own.title(), side=True)
        return finding

    def _extremes(self) -> Finding | None:
        indices = [i for i, extreme in enumerate(self.section["extreme"]) if extreme]
        if not indices:
            return None
        title = TITLES["extremes"]
        if self.excuses and (self.state.kind != "right" or self.state.inaccurate):
            return Finding("extremes", title, side=True)
        # Where the student's own forward fails on the extreme input, the forward has paid already.
        fair = [i for i in indices if i not in self.state.wrong or not self.excuses]
        for name, one in self.judged.items():
            finding = verdicts.value_finding(name, title, one, fair, self._show, self._status)
            if not finding.passed:
                return replace(finding, id="extremes", side=True)
        return Finding("extremes", title, side=True)

    def _manners(self) -> Finding:
        title = TITLES["manners"]
        by_forward = self._written_by_forward()
        for index, row in enumerate(self.case_rows):
            if not row.modified:
                continue
            names = [*self._saved[index]["arguments"], "dout"]
            paid = by_forward.get(index, ())
            written = [i for i in row.modified if i not in paid and i < len(names)]
            if written and self.check.parts:
                written = [i for i in written if i not in self.part_rows[index].modified]
            if written:
                message = (
                    f"{self.problem} writes into {names[written[0]]}, which belongs to the caller. Work on a copy."
                )
                return Finding("manners", title, Outcome.FAILED, message, side=True)
        for index in range(self.section["repeats"]):
            row = self.case_rows[index]
            first, again, afresh = (verdicts.arrays_in(base.step_of(row, step)) for step in (1, 2, 4))
            if isinstance(base.step_of(row, 1), Returned) and not (
                verdicts.alike(first, again) and verdicts.alike(first, afresh)
            ):
                return Finding("manners", title, Outcome.FAILED, verdicts.not_the_same(self.problem), side=True)
        return Finding("manners", title, side=True)

    @property
    def _saved(self) -> list[dict[str, Any]]:
        saved: list[dict[str, Any]] = base.saved_cases(self.section["cases"])
        return saved

    def _written_by_forward(self) -> dict[int, tuple[int, ...]]:
        """Return which inputs the forward alone writes into, for the cases where an input of its was written to."""
        requests = base.Requests()
        for index in [index for index, row in enumerate(self.case_rows) if row.modified]:
            arguments = list(self._saved[index]["arguments"].values())
            if any(i < len(arguments) for i in self.case_rows[index].modified):
                alone = [base.call(self.check.forward, base.inputs(len(arguments)), keep=[1])]
                requests.add(str(index), 0, alone, arguments)
        if requests.is_empty:
            return {}
        return {int(key): row.modified for key, row in base.replay(requests.to_tree(), self.run).items()}

    def _show(self, index: int) -> base.Shown:
        return show_case(self.check, self.problem, self.section, index)

    def draw(self) -> tuple[Heatmap, ...]:
        """Return a map of the errors of every gradient that is wrong."""
        from grader.checks.heatmaps import draw_heatmaps  # For start-up time.

        places = {index: index for index in self.ordinary}
        return draw_heatmaps(
            [(self.answers[name], one, places) for name, one in self.judged.items()], self.section["cases"]
        )

    def evidence(self) -> tuple[Evidence, ...]:
        """Return how this was checked: drawn shapes, numerical gradients."""
        first = arrays_of(self.check.inputs)[0]
        shapes = [tuple(shape) for shape in self.section["shapes"]]
        lines = [verdicts.bank_cases_text([first], shapes, len(shapes))]
        if not self.check.edges:
            lines += self.differences
        return tuple(lines)


def show_case(check: Backward, problem: str, section: Section, index: int) -> base.Shown:
    """Return a saved case as a student may see it."""
    case = base.saved_cases(section["cases"])[index]
    answers = {
        name: answers.expected[answers.starts[index] : answers.starts[index + 1]].reshape(answers.shapes[index])
        for name, answers in base.answers_from(section["gradients"]).items()
    }
    names = list(case["arguments"])
    left = "gradients" if check.edges else ", ".join(check.names)
    calls = [f"out, cache = {check.forward}({', '.join(names)})", f"{left} = {problem}(dout, cache)"]
    return base.Shown({**case["arguments"], "dout": case["dout"]}, calls, case["why"], answers)
