"""The outcome of `grader check` as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from grader.authoring.check import Proof
from grader.render.text import clean, pad, wrap

MOST_WIDTH = 120
MOST_FAILURES = 60


def render(proof: Proof, *, width: int, matrix: bool) -> str:
    """Return the verdict, the matrix of mistakes by finding, and every failure."""
    width = min(width, MOST_WIDTH)
    lines = _matrix(proof, width) if matrix else []
    seeds, failures = len(proof.seeds), proof.all_failures
    mistakes = {one.mistake for seed in proof.seeds for one in seed.caught}
    variants = max((seed.variants for seed in proof.seeds), default=0)
    for failure in failures[:MOST_FAILURES]:
        lines += wrap(f"FAILED  {clean(failure)}", width, 8)
    if len(failures) > MOST_FAILURES:
        lines.append(f"... and {len(failures) - MOST_FAILURES} more")
    verdict = _count(len(failures), "failure") if failures else "all proven"
    text = (
        f"{proof.assignment}: {verdict}. {_count(seeds, 'seed')}; stubs 0, reference 100, "
        f"{_count(len(mistakes), 'mistake')} each caught and named, {_count(variants, 'variant')} 100."
    )
    if not failures:
        lines += wrap(text, width)
        lines += wrap(_fewest(proof), width)
    else:
        lines += wrap(f"{proof.assignment}: {verdict} over {_count(seeds, 'seed')}.", width)
    return "\n".join(lines)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _matrix(proof: Proof, width: int) -> list[str]:
    """Return a row for each mistake, by problem: in how many seeds each finding was lost; `*` where it was named."""
    seeds = len(proof.seeds)
    rows: dict[tuple[str, str], dict[str, list[int]]] = {}
    for seed in proof.seeds:
        for one in seed.caught:
            cells = rows.setdefault((one.problem, one.mistake), {})
            for row in one.lost:
                cell = cells.setdefault(row, [0, 0])
                cell[0] += 1
                cell[1] += row in one.named
    if not rows:
        return []
    longest = max(len(mistake) for _, mistake in rows)
    lines: list[str] = []
    for problem in dict.fromkeys(problem for problem, _ in rows):
        lines += ["", problem]
        for (_, mistake), cells in ((key, cells) for key, cells in rows.items() if key[0] == problem):
            texts = [
                f"{row}{'*' if named else ''}" + (f" ({lost}/{seeds})" if lost < seeds else "")
                for row, (lost, named) in cells.items()
            ]
            begin = f"  {pad(mistake, longest)}  "
            first, *more = wrap(", ".join(texts) or "NOT CAUGHT", max(width - len(begin), 20))
            lines += [begin + first, *(" " * len(begin) + line for line in more)]
    return [*lines[1:], "", "Findings lost; * where the mistake was named.", ""]


def _fewest(proof: Proof) -> str:
    fewest = proof.seeds[0].fewest if proof.seeds else {}
    if not fewest:
        return ""
    listed = ", ".join(f"{problem} {count}" for problem, count in fewest.items())
    return f"Cases that would still catch every mistake: {listed}."


def to_json(proof: Proof) -> dict[str, Any]:
    """Return plain values."""
    return {
        "assignment": proof.assignment,
        "failures": list(proof.all_failures),
        "seeds": [
            {
                "seed": seed.seed,
                "variants": seed.variants,
                "fewest_cases": dict(seed.fewest),
                "mistakes": [
                    {"id": one.mistake, "problem": one.problem, "lost": list(one.lost), "named": list(one.named)}
                    for one in seed.caught
                ],
            }
            for seed in proof.seeds
        ],
    }


def dumps(documents: Sequence[dict[str, Any]]) -> str:
    """Return strict JSON."""
    return json.dumps(list(documents), indent=1, allow_nan=False) + "\n"
