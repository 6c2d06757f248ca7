"""One student's draws for one section of a `RandomLayer`, and what they mean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from grader.checks import base, drawn_mistakes, statistics, verdicts
from grader.checks.base import Section
from grader.checks.drawn_mistakes import Drawn
from grader.checks.masks import TOLERANCE, keep_sentence, middle, read_output, scale_sentence
from grader.checks.shares import Finding
from grader.report import Case as ReportCase
from grader.report import Evidence, Outcome
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
# A large x for keep rate and independence; one for the generator.
LARGE, PAIR = (120, 80), (24, 30)
# Sums over an axis, by what they are sums of; and how much more than independent ones they vary where all is one draw.
SUMS = ((1, "example"), (0, "feature"))
CLUMPED = 4.0


def finding(name: str, outcome: Outcome = Outcome.PASSED, message: str = "", case: ReportCase | None = None) -> Finding:
    """Return a row of a random layer by its id."""
    return Finding(name, TITLES[name], outcome, message, case, side=name not in WEIGHTS)


class Attempt:
    """One student's replies to one section, and what they mean. names: of the arguments; record: the dictionary's."""

    def __init__(self, problem: str, names: Sequence[str], record: str, section: Section, run: Runner) -> None:
        self.problem, self.names, self.record, self.section = problem, names, record, section
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
        return bool(self.cases[index]["arguments"][self.record]["mode"] == "test")

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
        found = [self._failed(name, message, index) if message else finding(name) for name, (message, index) in rows]
        generator = self._generator()
        found.append(self._failed("generator", generator, self.large[0]) if generator else finding("generator"))
        return [*found, self._identity(), self._manners()]

    def _failed(self, name: str, message: str, index: int, outcome: Outcome = Outcome.FAILED) -> Finding:
        case = ReportCase({"x": self.x[index].shape}, None, self.cases[index]["why"], "")
        return finding(name, outcome, message, case)

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
            return finding("identity")
        # A small case may have kept all by chance: every case is asked whether it dropped anything.
        dropped = any(bool(np.any(~self.mask(i) & (self.x[i] != 0))) for i in off)
        what = "entries are dropped" if dropped else "entries are scaled"
        return self._failed("identity", f"{what} in test mode, where out must be x.", off[0])

    def _manners(self) -> Finding:
        return verdicts.manners_finding(self.problem, lambda index: self.names, self.case_rows, ())

    def evidence(self) -> tuple[Evidence, ...]:
        """Return the lines on drawn cases and on the keep rates that were seen."""
        shapes = [x.shape for x in self.x]
        lines = [verdicts.bank_cases_text(["x"], shapes, len(shapes))]
        if not any(self.troubles):
            seen = ", ".join(f"{np.mean(self.mask(i)):.3f} for p = {self.asked[i][0]:g}" for i in self.large)
            lines.append(Evidence("variance", f"entries kept: {seen}"))
        return tuple(lines)
