"""`OrthogonalInitializer`: a function that draws orthogonal weights, judged exactly and as draws.

That the columns (or rows) are orthonormal is a matter of arithmetic. That no orthogonal matrix is likelier than
another is judged over many small draws: the sign of every entry, the sign of the determinant, and how far the image
of a fixed vector points into a fixed direction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from grader.checks import base, drawn_mistakes, shares, statistics, verdicts, weights
from grader.checks.base import Graded, Requests, Section
from grader.checks.cases import Case, Draw, draw_cases, realise
from grader.checks.compare import show_shape
from grader.checks.drawn_mistakes import Drawn
from grader.checks.initializer import PAIR, orthonormal, pair_program
from grader.checks.initializer_attempt import generator_trouble
from grader.checks.inputs import Choice, Generator, Inputs, Maybe, Size, choices_of
from grader.checks.reference import Reference
from grader.checks.shares import Finding
from grader.checks.weights import Target
from grader.errors import AssignmentError
from grader.report import Case as ReportCase
from grader.report import CheckResult, Evidence, Outcome
from grader.sandbox import codec
from grader.sandbox.replies import Returned, Runner

TITLES = {
    "orthonormal": "orthonormal columns, or rows where there are fewer",
    "distribution": "no orthogonal matrix is likelier than another",
    "generator": "draws from the generator that was passed in",
}
LARGE = ((90, 60), (60, 90))
# Shapes of which many are drawn; the first one with a wrong sign is told of.
REPEATED = ((2, 2), (3, 3), (4, 2), (2, 4), (1, 3), (3, 1), (1, 1))
DRAWS = 128
# An upper bound on how many statistics are looked at, so that all of them together stay below ALPHA.
TESTS = 128
TOLERANCE = 1e-9
# A ratio is exact: two that differ at all are different.
EXACT = 10**12


@dataclass(frozen=True)
class OrthogonalInitializer:
    """`initializer(fan_in, fan_out, rng, gain)` returns `gain` times a matrix with orthonormal columns, or rows.

    gains: those that are tried beside the default of 1.
    """

    gains: tuple[float, ...] = (1.0, 2.0, 0.5)
    sizes: Mapping[str, tuple[int, int]] = field(default_factory=lambda: {"fan_in": (1, 24), "fan_out": (1, 24)})
    inputs: Inputs = field(init=False)

    def __post_init__(self) -> None:
        fans = {"fan_in": Size("fan_in"), "fan_out": Size("fan_out"), "rng": Generator()}
        object.__setattr__(self, "inputs", {**fans, "gain": Maybe(Choice(self.gains))})

    @property
    def calls(self) -> tuple[str, ...]:
        """No other function of the student's is called."""
        return ()

    def build(self, problem: str, reference: Reference, seed: int) -> Section:
        """Draw the fans, and make sure that the reference passes."""
        drawn = draw_cases(self.inputs, seed=seed, limits=self.sizes)
        drawn.sort(key=lambda case: case.arguments["fan_in"] * case.arguments["fan_out"])
        cases = [*drawn, *(self._plain(shape, seed + i, given=i == 1) for i, shape in enumerate(LARGE))]
        requests = Requests()
        for index, case in enumerate(cases):
            row = list(case.arguments.values())
            requests.add(f"case{index}", 0, [base.call(problem, base.inputs(len(row)))], row)
        for group, shape in enumerate(REPEATED):
            for turn in range(DRAWS):
                row = list(self._plain(shape, seed + 1_000 * (group + 1) + turn).arguments.values())
                requests.add(f"draw{group}.{turn}", 0, [base.call(problem, base.inputs(len(row)))], row)
        row = list(self._plain(PAIR, seed + 7).arguments.values())
        requests.add("pair", 1, *pair_program(problem, row, 2))
        vectors = np.random.default_rng((seed, 3))
        section: Section = {
            "request": requests.to_tree(),
            "count": len(cases),
            "directions": [[orthonormal(vectors, 1, n)[0] for n in shape] for shape in REPEATED],
            "cumulative": [_cumulative(max(shape)) for shape in REPEATED],
            "cases": codec.encode([{"arguments": case.arguments, "why": case.why} for case in cases]),
        }
        wrong = [one for one in _Attempt(problem, section, reference.runner()).findings() if not one.passed]
        if wrong:
            raise AssignmentError(f"the reference's {problem} fails '{wrong[0].title}': {wrong[0].message}")
        section["mistakes"] = drawn_mistakes.freeze(
            problem, reference, lambda run: _Attempt(problem, section, run).signature()
        )
        return section

    def _plain(self, shape: tuple[int, int], seed: int, *, given: bool = False) -> Case:
        """Return a case of one shape, its gain left out or the last of those that are tried."""
        options = choices_of(self.inputs)
        picks = {path: given if path.endswith("?") else values[-1] for path, values in options.items()}
        sizes = dict(zip(("fan_in", "fan_out"), shape, strict=True))
        return realise(self.inputs, Draw(sizes, picks, "normal", seed, "a large matrix"))

    def rows(self, problem: str, points: int, outcome: Outcome, message: str) -> tuple[CheckResult, ...]:
        """Return every finding with 0 points and one outcome."""
        return _score(points, [Finding(name, title, outcome, message) for name, title in TITLES.items()])

    def show(self, problem: str, section: Section) -> list[base.Shown]:
        """Return the saved cases as a student may see them, smallest first."""
        return verdicts.argument_cases(problem, section, "weights")

    def grade(self, problem: str, points: int, section: Section, run: Runner) -> Graded:
        """Replay the section on a student's function."""
        attempt = _Attempt(problem, section, run)
        stopped = base.unfinished_rows(attempt.case_rows, problem)
        if stopped is not None:
            return Graded(stopped[0], self.rows(problem, points, *stopped), stopped[1])
        findings = attempt.findings()
        if not all(finding.passed for finding in findings):
            findings = drawn_mistakes.name_mistakes(findings, attempt.signature(findings), section["mistakes"])
        checks = _score(points, findings)
        return Graded(shares.overall(checks), checks, "", attempt.evidence())


def _score(points: int, findings: Sequence[Finding]) -> tuple[CheckResult, ...]:
    return shares.score(points, shares.PROPERTY, findings, shares.ORTHOGONAL)


def _cumulative(size: int) -> np.ndarray:
    """Return the distribution of one coordinate of a random unit vector in `size` dimensions, at inner bin edges."""
    edges = 2.0 * np.arange(1, statistics.BINS) / statistics.BINS - 1.0
    if size == 1:
        return np.full(edges.shape, 0.5)
    # Imported here for start-up time: scipy stays out of grading altogether.
    from scipy.special import betainc

    half = (size - 1) / 2.0
    return np.asarray(betainc(half, half, (1.0 + edges) / 2.0), dtype=np.float64)


def _distance(values: np.ndarray, cumulative: np.ndarray) -> float:
    """Return the distance between the empirical distribution of values in [-1, 1] and an expected one."""
    bins = np.clip((values + 1.0) * (statistics.BINS / 2.0), 0, statistics.BINS - 1).astype(np.int32)
    seen = np.cumsum(np.bincount(bins, minlength=statistics.BINS))[:-1] / values.size
    return float(np.max(np.abs(seen - cumulative)))


class _Attempt:
    """One student's draws for one section, and what they mean."""

    def __init__(self, problem: str, section: Section, run: Runner) -> None:
        self.problem, self.section = problem, section
        rows = base.replay(section["request"], run)
        self.cases = base.saved_arguments(section["cases"])
        self.case_rows = [rows[f"case{i}"] for i in range(section["count"])]
        self.shapes = [(case["fan_in"], case["fan_out"]) for case in self.cases]
        self.gains = [float(case.get("gain", 1.0)) for case in self.cases]
        self.read = [self._read(row, shape) for row, shape in zip(self.case_rows, self.shapes, strict=True)]
        self.drawn = [
            [self._read(rows[f"draw{group}.{turn}"], shape) for turn in range(DRAWS)]
            for group, shape in enumerate(REPEATED)
        ]
        self.pair = rows["pair"]

    def _read(self, row: Any, shape: tuple[int, int]) -> tuple[np.ndarray | None, str]:
        step = base.step_of(row, 0)
        if not isinstance(step, Returned):
            return None, base.describe_step(step, self.problem)
        array, trouble = weights.read_weights(step.value, shape, "the result")
        if array is not None and not np.isfinite(array).all():
            return None, "some weights are not finite numbers."
        return (None, trouble) if trouble else (array, "")

    def findings(self) -> list[Finding]:
        """Return all three rows."""
        for index, (_, trouble) in enumerate(self.read):
            if trouble:
                return [self._failed(name, trouble, index) for name in TITLES]
        with np.errstate(all="ignore"):
            orthonormal_finding = self._orthonormal()
            messages = {"distribution": self._distribution(), "generator": self._generator()}
        others = [
            self._failed(name, text, len(self.cases) - 1) if text else Finding(name, TITLES[name])
            for name, text in messages.items()
        ]
        return [orthonormal_finding, *others]

    def _failed(self, name: str, message: str, index: int) -> Finding:
        outcome = base.outcome_of(base.step_of(self.case_rows[index], 0))
        return Finding(name, TITLES[name], outcome, message, ReportCase({"weights": self.shapes[index]}, None, "", ""))

    def _orthonormal(self) -> Finding:
        for index, (array, _) in enumerate(self.read):
            shape, gain = self.shapes[index], self.gains[index]
            assert array is not None
            side = "columns" if shape[0] >= shape[1] else "rows"
            products = array.T @ array if side == "columns" else array @ array.T
            off = np.abs(products - gain**2 * np.eye(min(shape)))
            if not np.max(off) <= TOLERANCE * gain**2:
                i, j = np.unravel_index(int(np.argmax(off)), off.shape)
                what = f"the squared length of {side[:-1]} {i}" if i == j else f"the product of {side} {i} and {j}"
                return self._failed(
                    "orthonormal",
                    f"for fans {show_shape(shape)} and gain {gain:g}, {what} is {products[i, j]:.4g}, expected "
                    f"{gain**2 if i == j else 0:g}.",
                    index,
                )
        return Finding("orthonormal", TITLES["orthonormal"])

    def _distribution(self) -> str:
        """Return what is wrong with the many small draws, or ""."""
        rate = np.log(2.0 * TESTS / statistics.ALPHA)
        for group, shape in enumerate(REPEATED):
            arrays = [array for array, _ in self.drawn[group] if array is not None]
            if len(arrays) < DRAWS:
                return next(trouble for array, trouble in self.drawn[group] if array is None)
            q = np.stack(arrays)
            # Sums of signs, and distances of distributions: Hoeffding's and Massart's limits.
            trouble = _sign_trouble(q, shape, float(np.sqrt(2.0 * DRAWS * rate)))
            if trouble:
                return trouble
            u, v = self.section["directions"][group]
            # Numbers near the largest there is may add up to none.
            apart = _distance(np.clip(np.nan_to_num(q @ v @ u), -1.0, 1.0), self.section["cumulative"][group])
            firsts = {round(float(one), 9) for one in q[:, 0, 0]}
            if apart > np.sqrt(rate / (2.0 * DRAWS)) or (max(shape) > 1 and len(firsts) < DRAWS // 2):
                return f"{DRAWS} matrices of shape {show_shape(shape)} do not point into all directions alike."
        return ""

    def _generator(self) -> str:
        arrays = [step.value for step in self.pair.steps if isinstance(step, Returned)]
        target = Target(PAIR, "normal", 1.0 / max(PAIR), (0.0, 0.0), None)
        return generator_trouble(self.problem, self.pair.steps, arrays, target)

    def signature(self, findings: Sequence[Finding] | None = None) -> Drawn:
        """Return the sums of squares of the large matrices over those asked, and the rows' sentences."""
        ratios = []
        for (array, _), shape, gain in list(zip(self.read, self.shapes, self.gains, strict=True))[-len(LARGE) :]:
            with np.errstate(all="ignore"):
                ratios.append(np.nan if array is None else float(np.sum(array * array)) / (gain**2 * min(shape)))
        # Of a right length the ratio is exact; a random length is told apart as draws are.
        counts = [EXACT if abs(ratio - round(ratio, 6)) < 1e-9 else LARGE[0][0] * LARGE[0][1] for ratio in ratios]
        return drawn_mistakes.signature(self.findings() if findings is None else findings, ratios, counts)

    def evidence(self) -> tuple[Evidence, ...]:
        """Return the line on drawn fans."""
        return (verdicts.bank_cases_text(["weights"], self.shapes, len(self.shapes)),)


def _sign_trouble(q: np.ndarray, shape: tuple[int, int], limit: float) -> str:
    """Return which sign is likelier than the other: of an entry, or of the determinant. q: (draws, *shape)."""
    total = np.sign(q).sum(axis=0)
    if np.max(np.abs(total)) > limit:
        i, j = np.unravel_index(int(np.argmax(np.abs(total))), shape)
        count, sign = int(np.sum(q[:, i, j] * np.sign(total[i, j]) > 0)), "positive" if total[i, j] > 0 else "negative"
        return (
            f"for fans {show_shape(shape)}, entry [{i}, {j}] is {sign} in {count} of {len(q)} draws; of orthogonal "
            "matrices that are all equally likely, half would be."
        )
    if shape[0] == shape[1]:
        signs = float(np.sum(np.sign(np.linalg.det(q))))
        if abs(signs) > limit:
            return (
                f"for fans {show_shape(shape)}, the determinant is {'positive' if signs > 0 else 'negative'} in nearly "
                f"all of {len(q)} draws: rotations and reflections should be equally likely."
            )
    return ""
