"""`RandomLayer`: a layer that keeps each entry with some probability and scales what it keeps: dropout.

No two right layers draw alike, so the draws are judged as draws: how often, how independently, from which
generator. What is kept is judged exactly: a fixed multiple of what came in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from grader.checks import base, drawn_mistakes, shares, statistics, verdicts
from grader.checks.base import Graded, Requests, Section
from grader.checks.cases import Case, Draw, draw_cases, realise
from grader.checks.inputs import Choice, Inputs, Record, arrays_of
from grader.checks.random_attempt import LARGE, PAIR, TITLES, WEIGHTS, Attempt, finding
from grader.checks.reference import Reference
from grader.checks.regimes import far_from_one
from grader.checks.shares import Finding
from grader.errors import AssignmentError
from grader.report import CheckResult, Outcome
from grader.sandbox import codec
from grader.sandbox.marks import Seed
from grader.sandbox.replies import Runner

# Small x, to see that counts vary.
SMALL = (6, 5)
COUNTED = 12


@dataclass(frozen=True)
class RandomLayer:
    """`layer(x, param)` returns (out, cache). `param` holds "mode", what the keep rate depends on, and "rng".

    The solutions' `scales.py` holds a function of the problem's name that returns {"keep": probability, "factor": of
    what is kept} for the arguments; keep 1 and factor 1 say that x must come back as it is.
    rate: the option in `param` that large cases go through.
    """

    inputs: Inputs
    rate: str = "p"
    sizes: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def calls(self) -> tuple[str, ...]:
        """No other function of the student's is called."""
        return ()

    @property
    def record(self) -> str:
        """Name of the dictionary argument."""
        return next(name for name, item in self.inputs.items() if isinstance(item, Record))

    def build(self, problem: str, reference: Reference, seed: int) -> Section:
        """Draw the cases, compute what is asked and its limits, and try the reference on them."""
        counted = [case for turn in range(COUNTED) for case in self._without_zeros(SMALL, seed + 100 * turn)]
        drawn = [*draw_cases(self.inputs, seed=seed, limits=self.sizes), *counted]
        cases = [*sorted(drawn, key=lambda case: case.entries), *self._without_zeros(LARGE, seed)]
        pair = self._without_zeros(PAIR, seed + 1)[-1]
        asked = [_asked(problem, reference, case) for case in cases]
        trials = _trials(cases, asked)
        requests = Requests(seed_global=True)
        slots = [["shared", i] if name == self.record else ["in", i] for i, name in enumerate(self.inputs)]
        for index, case in enumerate(cases):
            program = [base.call(problem, slots, keep=[1])]
            requests.add(f"case{index}", 0, program, list(case.arguments.values()))
        requests.add("pair", 1, *self._pair_program(problem, pair, slots))
        large = len(self._rates())
        section: Section = {
            "request": requests.to_tree(),
            "asked": np.array(asked),
            "large": large,
            "keep_limits": [list(statistics.binomial_limits(LARGE[0] * LARGE[1], p)) for p, _ in asked[-large:]],
            "sums_limits": [
                [list(statistics.binomial_square_limits(((n, p),) * LARGE[1 - i])) for i, n in enumerate(LARGE)]
                for p, _ in asked[-large:]
            ],
            "trials": [list(trial) for trial in trials],
            "counts_limits": list(statistics.binomial_square_limits([(n, p) for _, n, p in trials])),
            "cases": codec.encode([{"arguments": case.arguments, "why": case.why} for case in cases]),
        }
        wrong = [one for one in self._attempt(problem, section, reference.runner()).findings() if not one.passed]
        if wrong:
            raise AssignmentError(f"the reference's {problem} fails '{wrong[0].title}': {wrong[0].message}")
        section["mistakes"] = drawn_mistakes.freeze(
            problem, reference, lambda run: self._attempt(problem, section, run).signature()
        )
        return section

    def _attempt(self, problem: str, section: Section, run: Runner) -> Attempt:
        return Attempt(problem, list(self.inputs), self.record, section, run)

    def _rates(self) -> list[float]:
        options = self.inputs[self.record].entries[self.rate]  # type: ignore[union-attr]
        assert isinstance(options, Choice)
        return [rate for rate in options.options if 0 < rate < 1]

    def _without_zeros(self, shape: tuple[int, int], seed: int) -> list[Case]:
        """Return a case for each rate, without a zero in x: a zero does not tell whether it was kept."""
        found = []
        axes = self.inputs[arrays_of(self.inputs)[0]].axes.split()  # type: ignore[union-attr]
        for number, rate in enumerate(self._rates()):
            picks = {f"{self.record}.mode": "train", f"{self.record}.{self.rate}": rate}
            draw = Draw(
                dict(zip(axes, shape, strict=True)), picks, "normal", seed + number, f"x without zeros, p = {rate}"
            )
            case = realise(self.inputs, draw)
            x = far_from_one(np.random.default_rng((seed, number)), shape)
            found.append(Case({**case.arguments, arrays_of(self.inputs)[0]: x}, "normal", False, case.why, case.seed))
        return found

    def _pair_program(self, problem: str, case: Case, slots: Sequence[list[Any]]) -> tuple[list[base.Step], list[Any]]:
        """Return three calls: with a generator, with its twin of the same state, and with another."""
        row, place = list(case.arguments.values()), list(self.inputs).index(self.record)
        program = []
        for number in range(3):
            param = dict(case.arguments[self.record])
            param = {k: Seed((v.value + number // 2) % 2**63) if isinstance(v, Seed) else v for k, v in param.items()}
            row.append(param)
            own = [["shared", len(row) - 1] if i == place else slot for i, slot in enumerate(slots)]
            program.append(base.call(problem, own, keep=[1], global_state=True))
        return program, row

    def rows(self, problem: str, points: int, outcome: Outcome, message: str) -> tuple[CheckResult, ...]:
        """Return every finding with 0 points and one outcome."""
        return _score(points, [finding(name, outcome, message) for name in TITLES])

    def show(self, problem: str, section: Section) -> list[base.Shown]:
        """Return the saved cases as a student may see them, smallest first."""
        return verdicts.argument_cases(problem, section, "out, cache")

    def grade(self, problem: str, points: int, section: Section, run: Runner) -> Graded:
        """Replay the section on a student's function."""
        attempt = self._attempt(problem, section, run)
        stopped = base.unfinished_rows(attempt.case_rows, problem)
        if stopped is not None:
            return Graded(stopped[0], self.rows(problem, points, *stopped), stopped[1])
        findings = attempt.findings()
        if not all(finding.passed for finding in findings):
            findings = drawn_mistakes.name_mistakes(findings, attempt.signature(findings), section["mistakes"])
        checks = _score(points, findings)
        return Graded(shares.overall(checks), checks, "", attempt.evidence())


def _score(points: int, findings: Sequence[Finding]) -> tuple[CheckResult, ...]:
    return shares.score(points, shares.RANDOM_LAYER, findings, WEIGHTS)


def _asked(problem: str, reference: Reference, case: Case) -> tuple[float, float]:
    if problem not in reference.scales:
        raise AssignmentError(f"scales.py has no function '{problem}', which gives the keep rate that is asked for")
    asked = reference.scales[problem](*case.arguments.values())
    return float(asked["keep"]), float(asked["factor"])


def _trials(cases: Sequence[Case], asked: Sequence[tuple[float, float]]) -> list[tuple[int, int, float]]:
    """Return (case, entries, keep rate) of small cases where something may be dropped and no zero in x hides it."""
    found = []
    for index, (case, (keep, _)) in enumerate(zip(cases, asked, strict=True)):
        x = next(iter(case.arguments.values()))
        if keep < 1 and x.all() and x.size < LARGE[0]:
            found.append((index, int(x.size), keep))
    return found
