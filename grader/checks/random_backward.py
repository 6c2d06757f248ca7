"""`RandomBackward`: the backward of a random layer, judged against what the student's own forward drew.

With the draws fixed the layer is linear, entry by entry: `out = m x`, so the gradient is `m dout`. The forward's
output says what m is, and no finite difference is needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from grader.checks import base, naming, shares, verdicts
from grader.checks.base import Graded, Requests, Section
from grader.checks.cases import draw_cases
from grader.checks.inputs import Inputs, Record
from grader.checks.masks import TOLERANCE, read_output
from grader.checks.mistakes import RowOutcome, Signature
from grader.checks.reference import Reference
from grader.checks.regimes import far_from_one
from grader.checks.shares import Finding
from grader.errors import AssignmentError
from grader.report import Case as ReportCase
from grader.report import CheckResult, Outcome
from grader.sandbox import codec
from grader.sandbox.replies import Row, Runner

TITLES = {
    "dx": "dx, the gradient of x",
    "identity": "passes dout on at test time",
    "manners": "leaves its arguments alone",
}
REPEATS = 3


@dataclass(frozen=True)
class RandomBackward:
    """`backward(dout, cache)` returns dx. forward: the student's random layer; inputs: those of the forward.

    rate: the option by which known mistakes are told apart.
    """

    forward: str
    inputs: Inputs
    rate: str = "p"
    sizes: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def calls(self) -> tuple[str, ...]:
        """The forward."""
        return (self.forward,)

    @property
    def record(self) -> str:
        """Name of the dictionary argument."""
        return next(name for name, item in self.inputs.items() if isinstance(item, Record))

    def build(self, problem: str, reference: Reference, seed: int) -> Section:
        """Draw the cases and try the reference on them."""
        cases = draw_cases(self.inputs, seed=seed, limits=self.sizes)
        requests, probe, saved = Requests(seed_global=True), Requests(), []
        slots = [["shared", i] if name == self.record else ["in", i] for i, name in enumerate(self.inputs)]
        count = len(slots)
        for index, case in enumerate(cases):
            x = next(iter(case.arguments.values()))
            dout = far_from_one(np.random.default_rng((case.seed, 1_000)), x.shape)
            backward = base.call(problem, [["in", count], base.result(0, 1)])
            program = [base.call(self.forward, slots, keep=[1]), backward, *([backward] if index < REPEATS else [])]
            requests.add(f"case{index}", 0, program, [*case.arguments.values(), dout])
            saved.append({"arguments": case.arguments, "dout": dout, "why": case.why})
        probe.add("probe", 0, [base.call(problem, [["in", 0], ["in", 1]])], [saved[0]["dout"], None])
        section: Section = {
            "request": requests.to_tree(),
            "probe": probe.to_tree(),
            "cases": codec.encode(saved),
            "count": len(cases),
        }
        attempt = _Attempt(self, problem, section, reference.runner())
        wrong = [one for one in attempt.findings() if not one.passed]
        if wrong or attempt.stopped():
            trouble = wrong[0].message if wrong else attempt.stopped()
            raise AssignmentError(f"the reference's {problem} does not fit its {self.forward}: {trouble}")
        section["mistakes"] = naming.freeze_mistakes(
            problem, reference, lambda run: _Attempt(self, problem, section, run).signature()
        )
        return section

    def rows(self, problem: str, points: int, outcome: Outcome, message: str) -> tuple[CheckResult, ...]:
        """Return every finding with 0 points and one outcome."""
        return shares.score(points, shares.RANDOM_BACKWARD, [_finding(name, outcome, message) for name in TITLES])

    def show(self, problem: str, section: Section) -> list[base.Shown]:
        """Return the saved cases as a student may see them, smallest first."""
        shown = []
        for case in base.saved_cases(section["cases"]):
            calls = [f"out, cache = {self.forward}({', '.join(case['arguments'])})", f"dx = {problem}(dout, cache)"]
            shown.append(base.Shown({**case["arguments"], "dout": case["dout"]}, calls, case["why"]))
        return shown

    def grade(self, problem: str, points: int, section: Section, run: Runner) -> Graded:
        """Replay the section on a student's functions."""
        attempt = _Attempt(self, problem, section, run)
        stopped = attempt.stopped()
        if stopped is not None:
            return Graded(stopped[0], self.rows(problem, points, *stopped), stopped[1])
        findings = attempt.findings()
        if not all(finding.passed for finding in findings):
            findings = naming.explain(findings, attempt.signature(findings), section["mistakes"], lambda row: "")
        checks = shares.score(points, shares.RANDOM_BACKWARD, findings)
        shapes = [x.shape for x in attempt.x]
        return Graded(shares.overall(checks), checks, "", (verdicts.bank_cases_text(["x"], shapes, len(shapes)),))


def _finding(
    name: str, outcome: Outcome = Outcome.PASSED, message: str = "", case: ReportCase | None = None
) -> Finding:
    return Finding(name, TITLES[name], outcome, message, case, side=name != "dx")


class _Attempt:
    """One student's replies to one section, and what they mean."""

    def __init__(self, check: RandomBackward, problem: str, section: Section, run: Runner) -> None:
        self.check, self.problem, self.section, self.run = check, problem, section, run
        rows = base.replay(section["request"], run)
        self.rows: list[Row] = [rows[f"case{i}"] for i in range(section["count"])]
        self.cases = base.saved_cases(section["cases"])
        self.x = [next(iter(case["arguments"].values())) for case in self.cases]
        self.params = [case["arguments"][check.record] for case in self.cases]
        self.test = [i for i, param in enumerate(self.params) if param["mode"] == "test"]
        self.random = [i for i, param in enumerate(self.params) if param["mode"] != "test"]
        self.out = [
            read_output(base.step_of(row, 0), x, check.forward) for row, x in zip(self.rows, self.x, strict=True)
        ]
        self.returned = [base.unpack(base.step_of(row, 1), ("dx",), problem)["dx"] for row in self.rows]

    def stopped(self) -> tuple[Outcome, str] | None:
        """Return why nothing can be judged: not implemented, or waiting for the forward."""
        probe = base.replay(self.section["probe"], self.run)["probe"]
        if base.is_unfinished(base.step_of(probe, 0)):
            return Outcome.NOT_IMPLEMENTED, "not implemented yet"
        stopped = base.unfinished_rows(self.rows, self.problem)
        if stopped is not None:
            return stopped
        kept = [out[x != 0] != 0 for (out, _), x in zip(self.out, self.x, strict=True) if out is not None]
        drawn = np.concatenate([kept[i] for i in self.random]) if len(kept) == len(self.out) else np.zeros(0)
        if drawn.size and drawn.any() and not drawn.all():
            return None
        reason = next((text for _, text in self.out if text), "it must keep some entries and drop others")
        return Outcome.BLOCKED, f"cannot be judged until {self.check.forward} works: {reason}"

    def findings(self) -> list[Finding]:
        """Return all rows."""
        return [self._gradient("dx", self.random), self._gradient("identity", self.test), self._manners()]

    def _gradient(self, name: str, indices: Sequence[int]) -> Finding:
        for index in indices:
            message = self._trouble(index)
            if message:
                outcome = base.outcome_of(base.step_of(self.rows[index], 1))
                case = ReportCase({"x": self.x[index].shape}, None, self.cases[index]["why"], "")
                return _finding(name, outcome, message, case)
        return _finding(name)

    def _trouble(self, index: int) -> str:
        """Return what is wrong with dx in one case, or ""."""
        dx, x, (out, trouble) = self.returned[index], self.x[index], self.out[index]
        if out is None:
            return trouble
        if not np.isfinite(out).all():
            return ""  # The forward has paid for that, and says nothing of what it kept.
        if not isinstance(dx, np.ndarray):
            return getattr(dx, "message", "") or f"dx is no array, expected one of shape {x.shape}."
        if dx.shape != x.shape:
            return f"dx has shape {dx.shape}, expected {x.shape} like x."
        with np.errstate(all="ignore"):
            expected = self.cases[index]["dout"] * (out / x)
            # Where x is zero the output does not tell whether it was kept.
            wrong = ~(np.abs(dx - expected) <= TOLERANCE * np.abs(self.cases[index]["dout"] / _rate(self, index)))
        wrong &= x != 0
        if not wrong.any():
            return ""
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        fate = "kept" if out[place] else "dropped"
        return (
            f"dx{list(place)} is {dx[place]:.4g} where your own forward, which {fate} that entry, asks for "
            f"{expected[place]:.4g} (out / x times dout)."
        )

    def _manners(self) -> Finding:
        names = [*self.check.inputs, "dout"]
        # What else was written to the forward had in its hands, and has paid for.
        rows = [
            replace(row, modified=tuple(i for i in row.modified if i >= len(self.check.inputs))) for row in self.rows
        ]
        found = verdicts.manners_finding(self.problem, lambda index: names, rows, ())
        for row in self.rows[:REPEATS]:
            if (
                found.passed
                and len(row.steps) > 2
                and not verdicts.alike(*(verdicts.arrays_in(row.steps[i]) for i in (1, 2)))
            ):
                message = f"{self.problem} gives another answer when it is called again with the same cache."
                found = _finding("manners", Outcome.FAILED, message)
        return found

    def signature(self, findings: Sequence[Finding] | None = None) -> Signature:
        """Return, by rate and by mode, what dx is of dout where the forward kept an entry and where it dropped it."""
        found = list(findings if findings is not None else self.findings())
        rows = {"dx": self._pattern(self.random, found[0]), "identity": self._pattern(self.test, found[1])}
        return Signature(rows, naming.side_sentences(found))

    def _pattern(self, indices: Sequence[int], finding: Finding) -> RowOutcome:
        rates = sorted({_rate(self, i) for i in range(len(self.x))})
        values, codes = [], []
        for rate in rates:
            pairs = [self._fates(i) for i in indices if _rate(self, i) == rate]
            for fate in (0, 1):
                shares_of_dout = np.concatenate([pair[fate] for pair in pairs] or [np.zeros(0)])
                spread = np.ptp(shares_of_dout) if shares_of_dout.size else 0.0
                constant = bool(spread <= 1e-6 * max(1.0, float(np.max(np.abs(shares_of_dout), initial=0.0))))
                codes.append("" if constant else "mixed")
                values.append(float(shares_of_dout[0]) if constant and shares_of_dout.size else np.nan)
        wrong = () if finding.passed else tuple(range(len(values)))
        return RowOutcome(tuple(codes), np.array(values), np.ones(len(values)), wrong)

    def _fates(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Return dx / dout of one case where the forward kept, and where it dropped."""
        dx, (out, _) = self.returned[index], self.out[index]
        if out is None or not isinstance(dx, np.ndarray) or dx.shape != out.shape or dx.dtype.kind not in "biuf":
            return np.full(1, np.nan), np.full(1, np.nan)
        if not np.isfinite(out).all():
            return np.zeros(0), np.zeros(0)
        known = self.x[index] != 0
        share = dx / self.cases[index]["dout"]
        return share[known & (out != 0)], share[known & (out == 0)]


def _rate(attempt: _Attempt, index: int) -> float:
    return float(attempt.params[index][attempt.check.rate])
