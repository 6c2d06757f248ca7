"""What a hunt for a counterexample found, as text for a terminal."""

from __future__ import annotations

from grader.checks.show import full_code
from grader.explore import Hunt
from grader.render.text import clean, clean_lines, plural, wrap

MOST_WIDTH = 100
CODE_LINES = 40


def render(found: Hunt, problem: str, *, width: int) -> str:
    """Return the counterexample as NumPy code with a sentence, or what was covered without finding any."""
    width = min(width, MOST_WIDTH)
    lines: list[str] = []
    if found.failure is None:
        lines += wrap(f"No counterexample to {problem} found.", width)
        lines += wrap(_coverage(found), width)
    else:
        message = clean(found.failure.message).replace(" in 1 of 1 cases", "")
        lines += wrap(f"{problem} is wrong on this case: {message}", width)
        shown = found.failure.shown
        lines += ["", *clean_lines(full_code(shown.arguments, shown.calls, shown.answers), CODE_LINES), ""]
        lines += wrap(f"The smallest that {found.examples} examples in {found.seconds:.1f} s led to.", width)
    return "\n".join(lines)


def _coverage(found: Hunt) -> str:
    text = f"Tried {found.examples} example{plural(found.examples)} in {found.seconds:.1f} s"
    if found.shapes:
        text += f", shapes from {found.shapes[0]} to {found.shapes[-1]}"
    return f"{text}; kinds of numbers: {', '.join(name.replace('_', ' ') for name in found.regimes)}."
