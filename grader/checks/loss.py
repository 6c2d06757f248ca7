"""`Loss`: a function that returns a loss and its gradient, judged by the reference and by its own differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from grader.checks import base, naming, numeric, shares, verdicts
from grader.checks.backward_bank import FOLLOW_NUMERIC, SHOWN_NUMERIC, numeric_limits
from grader.checks.base import Graded, Requests, Section
from grader.checks.cases import Case, draw_cases, draw_usual
from grader.checks.compare import Answers, Trouble, compare
from grader.checks.differences import Kink, Verdict
from grader.checks.forward import TITLES
from grader.checks.inputs import Inputs, arrays_of, has_batch
from grader.checks.mistakes import Signature
from grader.checks.numeric import Numeric, Probe, freeze_numeric
from grader.checks.reference import Reference, extended, scales_for
from grader.checks.shares import Finding
from grader.errors import AssignmentError
from grader.report import CheckResult, Evidence, Outcome
from grader.sandbox import codec
from grader.sandbox.replies import Row, Runner

if TYPE_CHECKING:
    from grader.pictures import Heatmap

REPEATS = 3
NEAR_KINK = 1e-10


@dataclass(frozen=True)
class Loss:
    """`loss(*inputs)` returns `(loss, gradient)`: a number, and its gradient by the argument `of`.

    kink: a function of the same arguments that is zero wherever the loss has a kink; it may have other zeros too.
    """

    inputs: Inputs
    gradient: str = ""
    of: str = ""
    kink: Kink = False
    extreme: tuple[str, ...] = ()
    sizes: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def argument(self) -> str:
        """The argument that the gradient belongs to: by default the first array."""
        return self.of or arrays_of(self.inputs)[0]

    @property
    def names(self) -> tuple[str, str]:
        """Names of the two returns."""
        return ("loss", self.gradient or f"d{self.argument}")

    def numeric(self, problem: str) -> Numeric:
        """Return how the numerical gradient of this problem is taken."""
        return Numeric(
            problem,
            problem,
            self.names[1:],
            tuple(self.inputs),
            lambda count: [base.call(problem, base.inputs(count))],
            self.names,
            gradient_step=0,
        )

    @property
    def calls(self) -> tuple[str, ...]:
        """No other function of the student's is called."""
        return ()

    def build(self, problem: str, reference: Reference, seed: int) -> Section:
        """Draw the cases, answer and confirm them, and freeze the section."""
        drawn = draw_cases(self.inputs, seed=seed, limits=self.sizes, extreme=self.extreme)
        cases = [case for case in drawn if is_clear_of_kinks(self, case)]
        answered = [_answer(self, problem, reference, case) for case in cases]
        _confirm(self, problem, reference, cases, answered, np.random.default_rng((seed, 1)))
        probed = _numeric_cases(self, problem, reference, seed)
        section = self._assemble(problem, cases, answered, probed)
        light = base.without_numeric(section)
        section["mistakes"] = naming.freeze_mistakes(
            problem, reference, lambda run: _Attempt(self, problem, light, run).signature()
        )
        return section

    def live(self, problem: str, reference: Reference, case: Case) -> Section:
        """Return a section of one case that Hypothesis has just drawn."""
        answered = [_answer(self, problem, reference, case)]
        probed = [] if case.extreme else _probe(self, problem, reference, [case])
        return {**self._assemble(problem, [case], answered, probed), "mistakes": b""}

    def _assemble(
        self,
        problem: str,
        cases: Sequence[Case],
        answered: Sequence[Mapping[str, Any]],
        probed: Sequence[tuple[list[Any], list[Probe]]],
    ) -> Section:
        return {
            "extreme": [case.extreme for case in cases],
            "shapes": [list(case.arguments[self.argument].shape) for case in cases],
            "repeats": min(REPEATS, len(cases)),
            "request": _request(self, problem, cases, probed).to_tree(),
            "values": base.answers_tree(
                {name: Answers.gather(name, [one[name] for one in answered]) for name in self.names}
            ),
            "numeric": freeze_numeric([(row, 1.0, probes) for row, probes in probed], SHOWN_NUMERIC),
            "cases": codec.encode([{"arguments": case.arguments, "why": case.why} for case in cases]),
        }

    def rows(self, problem: str, points: int, outcome: Outcome, message: str) -> tuple[CheckResult, ...]:
        """Return every finding with 0 points and one outcome."""
        sides = {"numeric": self.numeric(problem).title(), **TITLES}
        if not self.extreme:
            del sides["extremes"]
        findings = [Finding(name, _title(self, name), outcome, message) for name in self.names]
        findings += [Finding(name, title, outcome, message, side=True) for name, title in sides.items()]
        return shares.score(points, shares.BACKWARD, findings)

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
        checks = shares.score(points, shares.BACKWARD, attempt.findings())
        shapes = [tuple(shape) for shape in section["shapes"]]
        evidence = (
            verdicts.bank_cases_text([self.argument], shapes, len(shapes)),
            *attempt.differences,
        )
        return Graded(shares.overall(checks), checks, "", evidence, attempt.draw)


def _title(check: Loss, name: str) -> str:
    return "the loss" if name == "loss" else f"{name}, the gradient of the loss by {check.argument}"


def _answer(check: Loss, problem: str, reference: Reference, case: Case) -> dict[str, tuple[Any, Any, Any, bool]]:
    arguments = list(extended(case.arguments).values())
    returned = reference.values(problem, check.names, *extended(arguments))
    expected = {name: np.asarray(value) for name, value in returned.items()}
    scales = scales_for(reference, problem, arguments, expected)
    return {name: (expected[name], *scales[name]) for name in check.names}


def _loss_alone(reference: Reference, problem: str) -> Any:
    return lambda *arguments: np.asarray(reference.functions[problem](*arguments)[0])


def is_clear_of_kinks(check: Loss, case: Case) -> bool:
    """Whether a case is on a kink exactly, or not even near.

    A sum that is zero on paper comes out as 1e-17 of either sign, depending on the order of its terms: a right
    answer could be called wrong there. Where the exact sum is zero, it is zero in any order.
    """
    if not callable(check.kink):
        return True
    sides = np.abs(check.kink(*extended(case.arguments).values()))
    largest = max(float(np.max(np.abs(a), initial=1.0)) for a in case.arguments.values() if isinstance(a, np.ndarray))
    return not bool(np.any((sides > 0) & (sides < NEAR_KINK * largest)))


def _confirm(
    check: Loss,
    problem: str,
    reference: Reference,
    cases: Sequence[Case],
    answered: Sequence[Mapping[str, Any]],
    rng: np.random.Generator,
) -> None:
    forward, agreed = _loss_alone(reference, problem), False
    gradient, position = check.names[1], list(check.inputs).index(check.argument)
    for number, (case, one) in enumerate(zip(cases, answered, strict=True)):
        arguments = list(extended(case.arguments).values())
        scales = {gradient: one[gradient][1:]}
        probes = numeric.make_probes(forward, arguments, {gradient: position}, scales, rng, kink=check.kink)
        name = f"{problem}, case {number} ({case.why}, seed {case.seed})"
        gradients = {gradient: one[gradient][0]}
        verdicts = numeric.confirm(name, forward, arguments, np.ones((), np.longdouble), gradients, probes)
        agreed |= Verdict.AGREES in verdicts
    if not agreed:
        raise AssignmentError(f"{problem}: no case could confirm {gradient} by finite differences")


def _numeric_cases(check: Loss, problem: str, reference: Reference, seed: int) -> list[tuple[list[Any], list[Probe]]]:
    """Return small cases of the usual kind with directions for the numerical gradient."""
    limits = numeric_limits(check.inputs, check.sizes)
    cases = draw_usual(check.inputs, seed=seed + 7_000, limits=limits, count=2 * FOLLOW_NUMERIC)
    return _probe(check, problem, reference, cases)[:FOLLOW_NUMERIC]


def _probe(
    check: Loss, problem: str, reference: Reference, cases: Sequence[Case]
) -> list[tuple[list[Any], list[Probe]]]:
    forward = _loss_alone(reference, problem)
    gradient, position = check.names[1], list(check.inputs).index(check.argument)
    found = []
    for case in cases:
        scales = {gradient: _answer(check, problem, reference, case)[gradient][1:]}
        row = list(case.arguments.values())
        rng = np.random.default_rng((case.seed, 2))
        probes = numeric.make_probes(forward, row, {gradient: position}, scales, rng, kink=check.kink)
        if probes:
            found.append((row, probes))
    return found


def _request(
    check: Loss, problem: str, cases: Sequence[Case], probed: Sequence[tuple[list[Any], list[Probe]]]
) -> Requests:
    requests = Requests()
    for index, case in enumerate(cases):
        row = list(case.arguments.values())
        program = [base.call(problem, base.inputs(len(row)))] * (2 if index < REPEATS else 1)
        requests.add(f"case{index}", int(case.extreme), program, row)
    for index, (row, probes) in enumerate(probed[:SHOWN_NUMERIC]):
        check.numeric(problem).add(requests, f"numeric{index}", row, 1.0, probes)
    return requests


class _Attempt:
    """One student's replies to one section, and what they mean."""

    def __init__(self, check: Loss, problem: str, section: Section, run: Runner) -> None:
        self.check, self.problem, self.section, self.run = check, problem, section, run
        self.differences: tuple[Evidence, ...] = ()
        self.rows = base.replay(section["request"], run)
        self.case_rows: list[Row] = [self.rows[f"case{i}"] for i in range(len(section["extreme"]))]
        self.ordinary = [i for i, extreme in enumerate(section["extreme"]) if not extreme]
        self.answers = answers = base.answers_from(section["values"])
        self.returned = [base.unpack(base.step_of(row, 0), check.names, problem) for row in self.case_rows]
        self.compared = {name: compare(answers[name], [one[name] for one in self.returned]) for name in check.names}

    def stopped(self) -> tuple[Outcome, str] | None:
        """Return why nothing can be judged: the function is not implemented, or waits for another."""
        return base.unfinished_rows(self.case_rows, self.problem)

    def findings(self) -> list[Finding]:
        """Return the value rows, then the side rows, each failed one explained."""
        found = self._rows()
        if all(finding.passed for finding in found):
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
        return naming.find_order(self.returned, self.answers, self.ordinary)

    def _rows(self) -> list[Finding]:
        found = [
            verdicts.value_finding(
                name, _title(self.check, name), self.compared[name], self.ordinary, self._show, self._status
            )
            for name in self.check.names
        ]
        found.append(self._numeric())
        if self.check.extreme:
            found.append(self._extremes())
        found.append(verdicts.rounding_finding(self.compared.items(), self.ordinary, self._show))
        found.append(verdicts.form_finding(self.compared.items()))
        found.append(self._manners())
        return found

    def _numeric(self) -> Finding:
        loss_is_right = verdicts.first_trouble(self.compared["loss"], self.ordinary, Trouble.VALUE) is None
        own = self.check.numeric(self.problem)
        if not loss_is_right:
            message = "counts once the loss itself is right"
            return Finding("numeric", own.title(), Outcome.BLOCKED, message, side=True)
        finding, self.differences = own.finding(self.section["numeric"], self.rows, self.run)
        return finding

    def _extremes(self) -> Finding:
        indices = [i for i, extreme in enumerate(self.section["extreme"]) if extreme]
        for name, one in self.compared.items():
            finding = verdicts.value_finding(name, TITLES["extremes"], one, indices, self._show, self._status)
            if not finding.passed:
                return replace(finding, id="extremes", side=True)
        return Finding("extremes", TITLES["extremes"], side=True)

    def _manners(self) -> Finding:
        repeats = self.case_rows[: self.section["repeats"]]
        return verdicts.manners_finding(self.problem, self._names, self.case_rows, repeats)

    def _names(self, index: int) -> list[str]:
        return list(base.saved_arguments(self.section["cases"])[index])

    def draw(self) -> tuple[Heatmap, ...]:
        """Return a map of the errors of the gradient, and of the loss, where they are wrong."""
        from grader.checks.heatmaps import draw_heatmaps  # For start-up time.

        places, answers = {index: index for index in self.ordinary}, base.answers_from(self.section["values"])
        return draw_heatmaps(
            [(answers[name], one, places) for name, one in self.compared.items()], self.section["cases"]
        )

    def _status(self, index: int) -> Outcome:
        return base.outcome_of(base.step_of(self.case_rows[index], 0))

    def _show(self, index: int) -> base.Shown:
        return show_case(self.check, self.problem, self.section, index)


def show_case(check: Loss, problem: str, section: Section, index: int) -> base.Shown:
    """Return a saved case as a student may see it."""
    case = base.saved_cases(section["cases"])[index]
    answers = {
        name: one.expected[one.starts[index] : one.starts[index + 1]].reshape(one.shapes[index])
        for name, one in base.answers_from(section["values"]).items()
    }
    call = f"{', '.join(check.names)} = {problem}({', '.join(case['arguments'])})"
    return base.Shown(case["arguments"], [call], case["why"], answers)
