"""`Forward`: a function judged by its values: a layer's forward, or anything that returns arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from grader.checks import base, naming, shares, verdicts
from grader.checks.base import Graded, Section
from grader.checks.cases import Case, draw_cases
from grader.checks.compare import Answers, Compared, Remark, Trouble, compare
from grader.checks.composition import Composed, follows
from grader.checks.forward_bank import REPEATS, answer, freeze_values, request
from grader.checks.inputs import Inputs, Record, arrays_of, has_batch
from grader.checks.mistakes import RowOutcome, Signature, row_outcome
from grader.checks.reference import Reference
from grader.checks.shares import Finding
from grader.report import CheckResult, Outcome
from grader.sandbox import codec
from grader.sandbox.replies import Returned, Row, Runner

if TYPE_CHECKING:
    from grader.pictures import Heatmap

TITLES = {
    "extremes": "extreme inputs",
    "rounding": "accuracy",
    "form": "form",
    "manners": "leaves its arguments alone",
}


@dataclass(frozen=True)
class Part:
    """A named part of a forward's value points: some of its values, in some of its cases.

    reads: names of returns, or keys of the record argument as they stand after the call.
    hint: what to say where it fails and no known mistake fits.
    where: the cases that count, by the option that was drawn or a tuple of options, e.g. {"bn_param.mode": "train"}.
    """

    id: str
    reads: tuple[str, ...]
    weight: int = 1
    title: str = ""
    where: Mapping[str, Any] = field(default_factory=dict)
    hint: str = ""


@dataclass(frozen=True)
class Forward:
    """`forward(*inputs)` returns `returns`; what is named "cache" stays the student's own business.

    parts: by default one for each return but the cache.
    tolerance: how far, compared with the size of its terms, an answer may be off that approximates by design; it
        takes the place of the tolerances for exact formulas, and accuracy is no finding of its own then.
    composed: how the same answer comes from other functions of the student's, where it stands on them.
    """

    inputs: Inputs
    returns: tuple[str, ...] = ("out", "cache")
    parts: tuple[Part, ...] = ()
    extreme: tuple[str, ...] = ()
    sizes: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    tolerance: float = 0.0
    composed: Composed | None = None

    @property
    def all_parts(self) -> tuple[Part, ...]:
        """The declared parts, or one for each return."""
        return self.parts or tuple(Part(name, (name,)) for name in self.returns if name != "cache")

    @property
    def record(self) -> str | None:
        """Name of the dictionary argument, if there is one."""
        return next((name for name, item in self.inputs.items() if isinstance(item, Record)), None)

    @property
    def calls(self) -> tuple[str, ...]:
        """The functions that it is made of."""
        return self.composed.parts if self.composed else ()

    def build(self, problem: str, reference: Reference, seed: int) -> Section:
        """Draw the cases, answer them in extended precision, and freeze the section."""
        cases = draw_cases(self.inputs, seed=seed, limits=self.sizes, extreme=self.extreme)
        section = self._assemble(problem, reference, cases)
        section["mistakes"] = naming.freeze_mistakes(
            problem, reference, lambda run: _Attempt(self, problem, section, run).signature()
        )
        return section

    def live(self, problem: str, reference: Reference, case: Case) -> Section:
        """Return a section of one case that Hypothesis has just drawn."""
        return {**self._assemble(problem, reference, [case]), "mistakes": b""}

    def _assemble(self, problem: str, reference: Reference, cases: Sequence[Case]) -> Section:
        answered = [answer(self, problem, reference, case) for case in cases]
        first = arrays_of(self.inputs)
        composed = {"composed": self.composed.request([case.arguments for case in cases])} if self.composed else {}
        return {
            **composed,
            "extreme": [case.extreme for case in cases],
            "shapes": [list(np.shape(case.arguments[first[0]])) if first else [] for case in cases],
            "repeats": min(REPEATS, len(cases)),
            "request": request(self, problem, cases).to_tree(),
            "values": [freeze_values(self, part, cases, answered) for part in self.all_parts],
            "cases": codec.encode([{"arguments": case.arguments, "why": case.why} for case in cases]),
        }

    def rows(self, problem: str, points: int, outcome: Outcome, message: str) -> tuple[CheckResult, ...]:
        """Return every finding with 0 points and one outcome."""
        sides = [name for name in TITLES if self._has(name)]
        findings = [Finding(part.id, part.title or part.id, outcome, message) for part in self.all_parts]
        findings += [Finding(name, TITLES[name], outcome, message, side=True) for name in sides]
        return shares.score(points, shares.FORWARD, findings, self._weights())

    def show(self, problem: str, section: Section) -> list[base.Shown]:
        """Return the saved cases as a student may see them, smallest first."""
        return [show_case(self, problem, section, index) for index in range(len(section["extreme"]))]

    def grade(self, problem: str, points: int, section: Section, run: Runner) -> Graded:
        """Replay the section on a student's function."""
        attempt = _Attempt(self, problem, section, run)
        stopped = attempt.stopped()
        if stopped is not None:
            outcome, message = stopped
            return Graded(outcome, self.rows(problem, points, outcome, message), message)
        graded = self._score(points, attempt)
        if not attempt.follow_parts():
            return graded
        return replace(self._score(points, attempt), unexcused=graded)

    def _score(self, points: int, attempt: _Attempt) -> Graded:
        checks = shares.score(points, shares.FORWARD, attempt.findings(), self._weights())
        first = arrays_of(self.inputs)
        shapes = [tuple(shape) for shape in attempt.section["shapes"]]
        evidence = (verdicts.bank_cases_text([first[0]], shapes, len(shapes)),) if first else ()
        return Graded(shares.overall(checks), checks, attempt.remark, evidence, attempt.draw)

    def _has(self, side: str) -> bool:
        return {"extremes": bool(self.extreme), "rounding": not self.tolerance}.get(side, True)

    def _weights(self) -> dict[str, int]:
        return {part.id: part.weight for part in self.all_parts}


class _Attempt:
    """One student's replies to one section, and what they mean."""

    def __init__(self, check: Forward, problem: str, section: Section, run: Runner) -> None:
        self.check, self.problem, self.section, self.run = check, problem, section, run
        self.remark = ""
        rows = base.replay(section["request"], run)
        self.case_rows: list[Row] = [rows[f"case{i}"] for i in range(len(section["extreme"]))]
        self.ordinary = [i for i, extreme in enumerate(section["extreme"]) if not extreme]
        self.returned = [base.unpack(base.step_of(row, 0), check.returns, problem) for row in self.case_rows]
        self.compared = {
            (part["id"], read["name"]): self._compare(read) for part in section["values"] for read in part["reads"]
        }

    def stopped(self) -> tuple[Outcome, str] | None:
        """Return why nothing can be judged: the function is not implemented, or waits for another."""
        return base.unfinished_rows(self.case_rows, self.problem)

    @cached_property
    def part_rows(self) -> list[Row]:
        """What the student's own parts do in every case; nothing where there are none."""
        composed = self.check.composed
        return [] if composed is None else composed.rows(self.section["composed"], self.run)

    def follow_parts(self) -> bool:
        """Let pass what the student's own parts give, and say whether there was anything to let pass."""
        composed = self.check.composed
        if composed is None or not any(one.remarks for one in self.compared.values()):
            return False
        cases = base.saved_arguments(self.section["cases"])
        names = [name for name in self.check.returns if name != "cache"]
        own = composed.answers(cases, names, self.part_rows)
        if not all(follows([one[n] for one in self.returned], [one.get(n) for one in own]) for n in names):
            return False
        self.compared = {key: replace(one, remarks={}) for key, one in self.compared.items()}
        *others, last = composed.parts
        self.remark = (
            f"follows your own {' and '.join(filter(None, (', '.join(others), last)))}, where the points are lost"
        )
        return True

    def _compare(self, read: Section) -> Compared:
        """Compare one value over its cases; remarks are keyed by the number of the case in the section."""
        answers = Answers.from_tree(read)
        values = [
            self._value(index, read["name"], shape) for index, shape in zip(read["cases"], answers.shapes, strict=True)
        ]
        compared = compare(answers, values)
        return Compared({read["cases"][i]: remark for i, remark in compared.remarks.items()}, compared.arrays)

    def _value(self, index: int, name: str, shape: tuple[int, ...]) -> Any:
        step = base.step_of(self.case_rows[index], 0)
        if name in self.check.returns:
            lone = len(self.check.returns) == 1 and isinstance(step, Returned)
            # A list of rows for a lone array is that array, not a number of returns.
            return step.value if lone and _spells(step.value, shape) else self.returned[index][name]
        remark = base.trouble_of(step, self.problem)
        if remark is not None:
            return remark
        assert isinstance(step, Returned)
        observed = step.observed[0] if step.observed else None
        if not isinstance(observed, dict) or name not in observed:
            text = f"{self.check.record}['{name}'] is not there after {self.problem}: it is not stored."
            return Remark(Trouble.SHAPE, text)
        return observed[name]

    def findings(self) -> list[Finding]:
        """Return the value rows, then the side rows, each failed one explained."""
        found = self._rows()
        if all(finding.passed for finding in found):
            return found
        return naming.explain(found, self.signature(found), self.section["mistakes"], self._remark, self._order)

    def signature(self, found: list[Finding] | None = None) -> Signature:
        """Return what the student's function answered, row by row."""
        rows: dict[str, RowOutcome] = {}
        extreme: list[tuple[Compared, Answers, list[tuple[int, int]]]] = []
        for part in self.section["values"]:
            ordinary: list[tuple[Compared, Answers, list[tuple[int, int]]]] = []
            for read in part["reads"]:
                one, answers = self.compared[(part["id"], read["name"])], Answers.from_tree(read)
                places = list(zip(read["cases"], range(len(read["cases"])), strict=True))
                is_extreme = self.section["extreme"]
                ordinary.append((one, answers, [pair for pair in places if not is_extreme[pair[0]]]))
                extreme.append((one, answers, [pair for pair in places if is_extreme[pair[0]]]))
            rows[part["id"]] = row_outcome(ordinary)
        if any(self.section["extreme"]):
            rows["extremes"] = row_outcome(extreme)
        return Signature(rows, naming.side_sentences(found if found is not None else self._rows()))

    def _order(self) -> str:
        """Say that all returns are right in another order, where every case has all of them."""
        reads = [
            read for part in self.section["values"] for read in part["reads"] if read["name"] in self.check.returns
        ]
        names, cases = [read["name"] for read in reads], [list(read["cases"]) for read in reads]
        if sorted(names) != sorted(self.check.returns) or any(one != list(range(len(self.returned))) for one in cases):
            return ""
        by_name = {read["name"]: Answers.from_tree(read) for read in reads}
        return naming.find_order(self.returned, {name: by_name[name] for name in self.check.returns}, self.ordinary)

    def _wrong_extremes(self) -> Iterator[tuple[str, list[np.ndarray | None]]]:
        for part in self.section["values"]:
            for read in part["reads"]:
                one = self.compared[(part["id"], read["name"])]
                wrong = [i for i, case in enumerate(read["cases"]) if case in one.remarks and case not in self.ordinary]
                yield read["name"], [one.arrays[i] for i in wrong]

    def _remark(self, part: str) -> str:
        """Remark on the first value of a part; its cases are counted by their place among that part's."""
        if part == "extremes":
            return naming.overflow_remark(self._wrong_extremes())
        hint = next(one.hint for one in self.check.all_parts if one.id == part)
        if hint:
            return hint
        read = next(entry for entry in self.section["values"] if entry["id"] == part)["reads"][0]
        one, cases = self.compared[(part, read["name"])], read["cases"]
        places = [place for place, case in enumerate(cases) if case in set(self.ordinary)]
        by_place = Compared({cases.index(key): remark for key, remark in one.remarks.items()}, one.arrays)

        def arguments() -> list[dict[str, Any]]:
            saved = base.saved_cases(self.section["cases"])
            return [saved[case]["arguments"] for case in cases]

        answers = {read["name"]: Answers.from_tree(read)}
        return naming.remark_on(
            read["name"], {read["name"]: by_place}, answers, places, arguments, has_batch(self.check.inputs)
        )

    def _rows(self) -> list[Finding]:
        found = [self._part(part) for part in self.check.all_parts]
        if self.check.extreme:
            found.append(self._extremes())
        # Several parts may read one value, each in its own cases.
        named = [(name, one) for (_, name), one in self.compared.items()]
        if not self.check.tolerance:
            found.append(verdicts.rounding_finding(named, self.ordinary, self._show))
        found.append(verdicts.form_finding(named))
        found.append(self._manners())
        return found

    def _part(self, part: Part) -> Finding:
        title = part.title or part.id
        for read in next(entry for entry in self.section["values"] if entry["id"] == part.id)["reads"]:
            indices = [i for i in read["cases"] if i in set(self.ordinary)]
            one = self.compared[(part.id, read["name"])]
            finding = verdicts.value_finding(read["name"], title, one, indices, self._show, self._status)
            if not finding.passed:
                return replace(finding, id=part.id)
        return Finding(part.id, title)

    def _extremes(self) -> Finding:
        indices = [i for i, extreme in enumerate(self.section["extreme"]) if extreme]
        for (_, name), one in self.compared.items():
            finding = verdicts.value_finding(name, TITLES["extremes"], one, indices, self._show, self._status)
            if not finding.passed:
                return replace(finding, id="extremes", side=True)
        return Finding("extremes", TITLES["extremes"], side=True)

    def _manners(self) -> Finding:
        rows = self.case_rows
        if any(row.modified for row in rows) and any(row.modified for row in self.part_rows):
            # A part that writes into its arguments has paid for it.
            rows = [replace(row, modified=()) for row in rows]
        repeats = rows[: self.section["repeats"]]
        return verdicts.manners_finding(self.problem, self._names, rows, repeats)

    def _names(self, index: int) -> list[str]:
        return list(base.saved_arguments(self.section["cases"])[index])

    def draw(self) -> tuple[Heatmap, ...]:
        """Return a map of the errors of every value that is wrong."""
        from grader.checks.heatmaps import draw_heatmaps  # For start-up time.

        ordinary, values = set(self.ordinary), []
        for part in self.section["values"]:
            for read in part["reads"]:
                places = {case: place for place, case in enumerate(read["cases"]) if case in ordinary}
                values.append((Answers.from_tree(read), self.compared[(part["id"], read["name"])], places))
        return draw_heatmaps(values, self.section["cases"])

    def _status(self, index: int) -> Outcome:
        return base.outcome_of(base.step_of(self.case_rows[index], 0))

    def _show(self, index: int) -> base.Shown:
        return show_case(self.check, self.problem, self.section, index)


def _spells(value: Any, shape: tuple[int, ...]) -> bool:
    """Whether a sequence of numbers or arrays is an array of a shape, spelt out."""
    try:
        return isinstance(value, (tuple, list)) and np.shape(value) == shape
    except ValueError:  # Its entries have different shapes.
        return False


def show_case(check: Forward, problem: str, section: Section, index: int) -> base.Shown:
    """Return a saved case as a student may see it."""
    case = base.saved_cases(section["cases"])[index]
    answers: dict[str, Any] = {}
    for part in section["values"]:
        for read in part["reads"]:
            if index in read["cases"]:
                place = read["cases"].index(index)
                one = Answers.from_tree(read)
                window = one.expected[one.starts[place] : one.starts[place + 1]]
                # All that is expected is kept as float64; 1.0 for True reads oddly.
                shown = {"b": window > 0, "i": window.round().astype(np.int64)}.get(read["kind"], window)
                answers[read["name"]] = shown.reshape(one.shapes[place])
    call = f"{', '.join(check.returns)} = {problem}({', '.join(case['arguments'])})"
    return base.Shown(case["arguments"], [call], case["why"], answers)
