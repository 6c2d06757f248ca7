"""`Backward`: a layer's backward pass, judged by the reference and by finite differences of its own forward."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from grader.checks import base, follow, naming, shares
from grader.checks.backward_attempt import TITLES, Attempt, show_case
from grader.checks.backward_bank import forward_backward, freeze, freeze_one
from grader.checks.base import Graded, Section
from grader.checks.cases import Case
from grader.checks.differences import Kink
from grader.checks.inputs import Inputs, arrays_of
from grader.checks.numeric import Numeric
from grader.checks.reference import Reference
from grader.checks.shares import Finding
from grader.report import CheckResult, Outcome
from grader.sandbox.replies import Runner

if TYPE_CHECKING:
    pass


@dataclass(frozen=True)
class Backward:
    """`backward(dout, cache)` returns one gradient for each array argument of `forward`, in that order.

    inputs: the forward's arguments, in order.
    gradients: names of the returns; by default "d" and the argument's name.
    edges: the gradients are those on inner edges of the graph, returned as a dictionary; the solutions'
        `edges.py` holds a function of the problem's name with the continuation from each edge.
    kink: the forward has a kink where its output leaves zero (relu); or the function of the forward's arguments that
        is zero at the kink, and exact there: `lambda x, y: x - y` for a maximum; or the name of that function in the
        solutions' `edges.py`, where it would give too much away.
    extreme: the regimes whose cases count under 'extreme inputs' only.
    parts: names of the layers that this one is made of ("affine", "relu"): an answer that is exactly what the
        student's own parts give has paid there already.
    ends_in: name of a function that makes each gradient in the end ("unbroadcast"), called once for each in order: an
        answer that is exactly what the student's own makes of the right numbers has paid there already.
    made_of: name of a function of the student's that this one may call, and whose returns it then adds up
        ("batchnorm_backward_steps"): what its wrong returns give has paid there already. The solutions' `edges.py`
        holds a function of the problem's name with what each is multiplied by.
    sizes: least and greatest length of an axis, where the default of 1 to 7 does not fit.
    """

    forward: str
    inputs: Inputs
    gradients: tuple[str, ...] = ()
    edges: bool = False
    kink: Kink | str = False
    extreme: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    ends_in: str = ""
    made_of: str = ""
    sizes: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the returned gradients, in order."""
        return self.gradients or tuple(f"d{name}" for name in arrays_of(self.inputs))

    @property
    def positions(self) -> dict[str, int]:
        """Return for each gradient the position of the forward's argument that it belongs to."""
        if self.edges:
            return {}
        order = list(self.inputs)
        return {name: order.index(of) for name, of in zip(self.names, arrays_of(self.inputs), strict=True)}

    @property
    def calls(self) -> tuple[str, ...]:
        """The forward, and what the answer stands on: the forward and backward of every part."""
        others = [name for name in (self.ends_in, self.made_of) if name]
        return (self.forward, *(f"{part}_{way}" for part in self.parts for way in ("forward", "backward")), *others)

    @property
    def stands_on(self) -> tuple[str, ...]:
        """The parts that pay for their own mistakes."""
        return tuple(name for name in (self.ends_in, self.made_of) if name) or self.parts

    def build(self, problem: str, reference: Reference, seed: int) -> Section:
        """Draw the cases, answer and confirm them, and freeze the section."""
        section = freeze(self, problem, reference, seed)
        section["known_forwards"] = follow.known_forwards(self.forward, reference, section)
        light = base.without_numeric(section)
        section["mistakes"] = naming.freeze_mistakes(
            problem, reference, lambda run: Attempt(self, problem, light, run).signature()
        )
        return section

    def live(self, problem: str, reference: Reference, case: Case) -> Section:
        """Return a section of one case that Hypothesis has just drawn."""
        section = freeze_one(self, problem, reference, case)
        return {**section, "mistakes": b""}

    def rows(self, problem: str, points: int, outcome: Outcome, message: str) -> tuple[CheckResult, ...]:
        """Return every finding with 0 points and one outcome."""
        sides = [name for name in shares.BACKWARD if name != "value" and self._has(name)]
        findings = [Finding(name, self.title_of(name), outcome, message) for name in self.names]
        findings += [Finding(name, self.title_of_side(name), outcome, message, side=True) for name in sides]
        return shares.score(points, shares.BACKWARD, findings)

    def show(self, problem: str, section: Section) -> list[base.Shown]:
        """Return the saved cases as a student may see them, smallest first."""
        return [show_case(self, problem, section, index) for index in range(len(section["extreme"]))]

    def grade(self, problem: str, points: int, section: Section, run: Runner) -> Graded:
        """Replay the section on a student's functions."""
        attempt = Attempt(self, problem, section, run)
        stopped = attempt.stopped()
        if stopped is not None:
            outcome, message = stopped
            return Graded(outcome, self.rows(problem, points, outcome, message), message)
        graded = _score(points, attempt)
        if not attempt.is_excused:
            return graded
        strict = Attempt(self, problem, section, run, rows=attempt.rows, excuses=False)
        return replace(graded, unexcused=_score(points, strict))

    def numeric(self, problem: str) -> Numeric:
        """Return how the numerical gradient of this problem is taken."""
        return Numeric(
            problem,
            self.forward,
            self.names,
            tuple(self.inputs),
            lambda count: forward_backward(self.forward, problem, count),
            self.names,
            gradient_step=1,
        )

    def _has(self, side: str) -> bool:
        return {"numeric": not self.edges, "extremes": bool(self.extreme)}.get(side, True)

    def title_of(self, name: str) -> str:
        """Return what the row of a gradient is called."""
        return f"{name} on its edge of the graph" if self.edges else f"{name}, the gradient of {name[1:]}"

    def title_of_side(self, name: str) -> str:
        """Return what a row beside the gradients is called."""
        return f"numerical gradient of your own {self.forward}" if name == "numeric" else TITLES[name]


def _score(points: int, attempt: Attempt) -> Graded:
    checks = shares.score(points, shares.BACKWARD, attempt.findings())
    return Graded(shares.overall(checks), checks, attempt.remark, attempt.evidence(), attempt.draw)
