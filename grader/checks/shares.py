"""How a problem's points are shared among its findings: declared once, for every assignment.

Weights are per mille. What a problem lacks goes to value. Side findings pay their share times the share of
the value points that was won: zeros that leave their arguments alone earn nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from grader.report import Case, CheckResult, Outcome

BACKWARD: Mapping[str, int] = MappingProxyType(
    {"value": 600, "numeric": 100, "extremes": 100, "rounding": 100, "form": 50, "manners": 50}
)
FORWARD: Mapping[str, int] = MappingProxyType(
    {"value": 750, "extremes": 100, "rounding": 50, "form": 50, "manners": 50}
)
INITIALIZER: Mapping[str, int] = MappingProxyType(
    {
        "variance": 450,
        "preservation_forward": 25,
        "preservation_backward": 25,
        "distribution": 300,
        "generator": 200,
    }
)
ORTHOGONAL: Mapping[str, int] = MappingProxyType({"orthonormal": 500, "distribution": 300, "generator": 200})
PROPERTY: Mapping[str, int] = MappingProxyType({"value": 1000})
NETWORK: Mapping[str, int] = MappingProxyType({"value": 950, "manners": 50})
RANDOM_LAYER: Mapping[str, int] = MappingProxyType({"value": 700, "identity": 200, "manners": 100})
RANDOM_BACKWARD: Mapping[str, int] = MappingProxyType({"value": 700, "identity": 200, "manners": 100})
# What all properties that are asked of a problem besides its check have together.
BESIDES = 100
SIDES = frozenset({"numeric", "extremes", "rounding", "form", "manners", "identity"})


IN_PROPORTION = "fine so far; counts in proportion to the values that are right"
NOTHING_RIGHT = "nothing wrong here; counts once values are right"


@dataclass(frozen=True)
class Finding:
    """One row of a problem's result before it has points. `value` rows carry the side rows."""

    id: str
    title: str
    status: Outcome = Outcome.PASSED
    message: str = ""
    case: Case | None = None
    mistake: str | None = None
    side: bool = False

    @property
    def passed(self) -> bool:
        """Whether the row earns its points."""
        return self.status is Outcome.PASSED


def allocate(points: int, weights: Sequence[int]) -> list[int]:
    """Split hundredths by weight, exactly: the largest remainders get what rounding leaves over."""
    whole = sum(weights)
    shares = [points * weight // whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda i: (-(points * weights[i] % whole), i))
    for i in order[: points - sum(shares)]:
        shares[i] += 1
    return shares


def score(
    points: int,
    shares: Mapping[str, int],
    findings: Sequence[Finding],
    parts: Mapping[str, int] | None = None,
) -> tuple[CheckResult, ...]:
    """Return the findings with their points. `parts` weighs the value rows among themselves."""
    values = [finding for finding in findings if not finding.side]
    sides = [finding for finding in findings if finding.side]
    for_sides = [shares[finding.id] for finding in sides]
    for_value, *side_points = allocate(points, [sum(shares.values()) - sum(for_sides), *for_sides])
    weights = [(parts or {}).get(finding.id, 1) for finding in values]
    value_points = allocate(for_value, weights)
    won = sum(share for share, finding in zip(value_points, values, strict=True) if finding.passed)
    results = [_result(finding, share, share) for finding, share in zip(values, value_points, strict=True)]
    for finding, share in zip(sides, side_points, strict=True):
        results.append(_result(finding, share, share * won // for_value if for_value else share))
    return tuple(results)


def value_share(checks: Sequence[CheckResult]) -> tuple[int, int]:
    """Return the points won and the points there are in the value rows of a check."""
    rows = [check for check in checks if check.id not in SIDES]
    return sum(row.score for row in rows), sum(row.max_score for row in rows)


def in_proportion(check: CheckResult, won: int, whole: int) -> CheckResult:
    """Return a finding that pays its points times `won / whole`: as side rows do."""
    earned = check.score * won // whole if whole else check.score
    if earned == check.score:
        return check
    return replace(check, score=earned, status=Outcome.PARTIAL, message=check.message or IN_PROPORTION)


def _result(finding: Finding, share: int, pays: int) -> CheckResult:
    earned = pays if finding.passed else 0
    status, message = finding.status, finding.message
    if finding.passed and earned < share:
        status = Outcome.PARTIAL
        message = message or (IN_PROPORTION if earned else NOTHING_RIGHT)
    return CheckResult(finding.id, finding.title, earned, share, status, message, finding.mistake, finding.case)


def overall(checks: Sequence[CheckResult]) -> Outcome:
    """Return the status of a problem from its findings."""
    statuses = {check.status for check in checks}
    if statuses == {Outcome.PASSED}:
        return Outcome.PASSED
    if any(check.score for check in checks):
        return Outcome.PARTIAL
    # Rows that are right but unpaid say nothing of why there is no point.
    order = (Outcome.FAILED, Outcome.TIMEOUT, Outcome.ERROR, Outcome.BLOCKED, Outcome.NOT_IMPLEMENTED)
    return next((outcome for outcome in order if outcome in statuses), Outcome.FAILED)
