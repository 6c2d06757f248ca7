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
from grader.checks.drawn_mistakes import Drawn
from grader.checks.inputs import Choice, Inputs, Record, arrays_of
from grader.checks.masks import TOLERANCE, keep_sentence, middle, read_output, scale_sentence
from grader.checks.reference import Reference
from grader.checks.regimes import far_from_one
from grader.checks.shares import Finding
from grader.errors import AssignmentError
from grader.report import Case as ReportCase
from grader.report import CheckResult, Evidence, Outcome
from grader.sandbox import codec
from grader.sandbox.marks import Seed
from grader.sandbox.replies import Returned, Row, Runner

TITLES = {
    "scale": "what is kept is scaled",
    "keep": "keep rate",
    "independence": "every entry is drawn by itself",
    "generator": "draws from the generator that was passed in",
    "identity": "leaves x alone at test time",
    "manners": "leaves its arguments alone",
}
WEIGHTS = {"scale": 3, "keep": 3, "independence": 2, "generator": 2}
# A large x for keep rate and independence; small ones, to see that their counts vary; one for the generator.
LARGE, SMALL, PAIR = (120, 80), (6, 5), (24, 30)
COUNTED = 12
# Sums over an axis, by what they are sums of; and how much more than independent ones they vary where all is one draw.
SUMS = ((1, "example"), (0, "feature"))
CLUMPED = 4.0


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
        wrong = [one for one in _Attempt(self, problem, section, reference.runner()).findings() if not one.passed]
        if wrong:
            raise AssignmentError(f"the reference's {problem} fails '{wrong[0].title}': {wrong[0].message}")
        section["mistakes"] = drawn_mistakes.freeze(
            problem, reference, lambda run: _Attempt(self, problem, section, run).signature()
        )
        return section

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
        return _score(points, [_finding(name, outcome, message) for name in TITLES])

    def show(self, problem: str, section: Section) -> list[base.Shown]:
        """Return the saved cases as a student may see them, smallest first."""
        return verdicts.argument_cases(problem, section, "out, cache")

    def grade(self, problem: str, points: int, section: Section, run: Runner) -> Graded:
        """Replay the section on a student's function."""
        attempt = _Attempt(self, problem, section, run)
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


def _finding(
    name: str, outcome: Outcome = Outcome.PASSED, message: str = "", case: ReportCase | None = None
) -> Finding:
    return Finding(name, TITLES[name], outcome, message, case, side=name not in WEIGHTS)


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


class _Attempt:
    """One student's replies to one section, and what they mean."""

    def __init__(self, check: RandomLayer, problem: str, section: Section, run: Runner) -> None:
        self.check, self.problem, self.section = check, problem, section
        rows = base.replay(section["request"], run)
        self.asked = [tuple(pair) for pair in section["asked"].tolist()]
        self.case_rows: list[Row] = [rows[f"case{i}"] for i in range(len(self.asked))]
        self.pair = rows["pair"]
        self.cases = base.saved_cases(section["cases"])
        self.x = [next(iter(case["arguments"].values())) for case in self.cases]
        self.random = [i for i, _ in enumerate(self.asked) if not self._is_test(i)]
        self.large = range(len(self.asked) - section["large"], len(self.asked))
        self.out: list[np.ndarray | None] = []
        self.troubles: list[str] = []
        for row, x in zip(self.case_rows, self.x, strict=True):
            out, trouble = read_output(base.step_of(row, 0), x, problem)
            # Where all is kept, 1 - p is zero: who divides by it has the other convention, and is judged where p < 1.
            if out is not None and self.asked[len(self.out)][0] < 1 and not np.isfinite(out).all():
                trouble = "out holds numbers that are not finite."
            self.out.append(out)
            self.troubles.append(trouble)

    def _is_test(self, index: int) -> bool:
        return bool(self.cases[index]["arguments"][self.check.record]["mode"] == "test")

    def mask(self, index: int) -> np.ndarray:
        """Return which entries the student's layer kept in one case."""
        out = self.out[index]
        assert out is not None
        kept: np.ndarray = out != 0
        return kept

    def findings(self) -> list[Finding]:
        """Return all rows."""
        for index in self.random:
            if self.troubles[index]:
                outcome = base.outcome_of(base.step_of(self.case_rows[index], 0))
                found = [self._failed(name, self.troubles[index], index, outcome) for name in WEIGHTS]
                return [*found, self._identity(), self._manners()]
        rows = (("scale", self._scale()), ("keep", self._keep()), ("independence", self._independence()))
        found = [self._failed(name, message, index) if message else _finding(name) for name, (message, index) in rows]
        generator = self._generator()
        found.append(self._failed("generator", generator, self.large[0]) if generator else _finding("generator"))
        return [*found, self._identity(), self._manners()]

    def _failed(self, name: str, message: str, index: int, outcome: Outcome = Outcome.FAILED) -> Finding:
        case = ReportCase({"x": self.x[index].shape}, None, self.cases[index]["why"], "")
        return _finding(name, outcome, message, case)

    def signature(self, findings: Sequence[Finding] | None = None) -> Drawn:
        """Return keep rates and factors of the large cases over what is asked, and the rows' sentences."""
        ratios, counts = [], []
        for index in self.large:
            out, x, (keep, factor) = self.out[index], self.x[index], self.asked[index]
            kept = None if out is None else out[out != 0] / x[out != 0]
            ratios += [np.nan, np.nan] if kept is None else [kept.size / x.size / keep, middle(kept) / factor]
            counts += [x.size / max(1.0, 0.0 if out is None else self._clump(index)[0])] * 2
        return drawn_mistakes.signature(findings if findings is not None else self.findings(), ratios, counts)

    def _scale(self) -> tuple[str, int]:
        """Return what is wrong with the entries that are kept, first in a large case."""
        for index in [*self.large, *self.random]:
            out, x, (keep, factor) = self.out[index], self.x[index], self.asked[index]
            assert out is not None
            kept = out != 0
            wrong = ~(np.abs(out - factor * x) <= TOLERANCE * np.abs(factor * x)) & (kept | (x == 0) | (keep == 1))
            if index in self.large and not kept.any():
                return "nothing is kept: every entry of the output is zero.", index
            if wrong.any():
                return scale_sentence(out, x, keep, factor), index
        return "", 0

    def _keep(self) -> tuple[str, int]:
        for number, index in enumerate(self.large):
            n, keep = self.x[index].size, self.asked[index][0]
            low, high = (limit / n for limit in self.section["keep_limits"][number])
            seen = float(np.mean(self.mask(index)))
            clump, _ = self._clump(index)
            if clump > CLUMPED:
                # Entries that share their fate are fewer draws than there are entries.
                reach = statistics.MEAN_LIMIT["normal"] * np.sqrt(keep * (1 - keep) * clump / n)
                low, high = min(low, keep - reach), max(high, keep + reach)
            if not low <= seen <= high:
                return keep_sentence(seen, keep, low, high), index
        return "", 0

    def _clump(self, index: int) -> tuple[float, str]:
        """Return how many times more the sums over rows or columns vary than independent draws do, and which sums."""
        mask = self.mask(index)
        seen = float(np.mean(mask))
        if seen in (0.0, 1.0):
            return 0.0, ""
        z = (mask - seen) / np.sqrt(seen * (1 - seen))
        found = [(statistics.sums_total(z, axis) / z.shape[1 - axis], what) for axis, what in SUMS]
        return max(found)

    def _independence(self) -> tuple[str, int]:
        right = True
        for number, index in enumerate(self.large):
            mask, keep = self.mask(index), self.asked[index][0]
            seen = float(np.mean(mask))
            clump, what = self._clump(index)
            if not clump:
                return f"with p = {keep:g} every entry is treated alike: {'kept' if seen else 'dropped'}.", index
            if clump > CLUMPED:
                return f"the entries of one {what} are kept or dropped together, not each by itself.", index
            low, high = self.section["keep_limits"][number]
            right &= low <= np.count_nonzero(mask) <= high
            # A wrong rate has been paid for: judge the mask at its own, with a little more room.
            z = (mask - (keep if right else seen)) / np.sqrt(keep * (1 - keep) if right else seen * (1 - seen))
            for axis, what in SUMS:
                least, most = self.section["sums_limits"][number][axis]
                room = 1.0 if right else statistics.NEARLY
                if not least / room <= statistics.sums_total(z, axis) <= most * room:
                    return f"the entries of one {what} are not kept or dropped independently of one another.", index
        low, high = self.section["counts_limits"]
        if right and not low <= self._counts() <= high:
            return "how many entries are kept does not vary as it does for independent draws.", self.large[0]
        return "", 0

    def _counts(self) -> float:
        total = 0.0
        for index, n, keep in self.section["trials"]:
            kept = np.count_nonzero(self.mask(index))
            total += float((kept - n * keep) ** 2 / (n * keep * (1 - keep)))
        return total

    def _generator(self) -> str:
        steps = self.pair.steps
        outs = [step.value[0] for step in steps if isinstance(step, Returned) and isinstance(step.value, (tuple, list))]
        if len(outs) < 3:
            return base.describe_step(steps[-1] if steps else None, self.problem)
        if any(isinstance(step, Returned) and step.global_changed for step in steps):
            return f"{self.problem} draws from NumPy's global generator, not from the rng that is passed in."
        if not all(isinstance(out, np.ndarray) and out.shape == PAIR for out in outs):
            return f"{self.problem} returned no array of the shape of x."
        first, twin, other = (out != 0 for out in outs)
        if not np.array_equal(first, twin):
            return f"{self.problem} drops other entries for the same state of rng: draw from rng and from nothing else."
        if np.array_equal(first, other):
            return f"{self.problem} drops the same entries whatever rng is: is a seed fixed, or nothing drawn at all?"
        return ""

    def _identity(self) -> Finding:
        test = [i for i in range(len(self.x)) if i not in set(self.random)]
        for index in test:
            if self.troubles[index]:
                outcome = base.outcome_of(base.step_of(self.case_rows[index], 0))
                return self._failed("identity", self.troubles[index], index, outcome)
        off = [i for i in test if not (np.abs(self.out[i] - self.x[i]) <= TOLERANCE * np.abs(self.x[i])).all()]
        if not off:
            return _finding("identity")
        # A small case may have kept all by chance: every case is asked whether it dropped anything.
        dropped = any(bool(np.any(~self.mask(i) & (self.x[i] != 0))) for i in off)
        what = "entries are dropped" if dropped else "entries are scaled"
        return self._failed("identity", f"{what} in test mode, where out must be x.", off[0])

    def _manners(self) -> Finding:
        return verdicts.manners_finding(self.problem, list(self.check.inputs), self.case_rows, ())

    def evidence(self) -> tuple[Evidence, ...]:
        """Return the lines on drawn cases and on the keep rates that were seen."""
        shapes = [x.shape for x in self.x]
        lines = [verdicts.bank_cases_text(["x"], shapes, len(shapes))]
        if not any(self.troubles):
            seen = ", ".join(f"{np.mean(self.mask(i)):.3f} for p = {self.asked[i][0]:g}" for i in self.large)
            lines.append(Evidence("variance", f"entries kept: {seen}"))
        return tuple(lines)
