"""What an instructor decided when the zip was built: `config.json` inside it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from grader.errors import UsageError

VISIBILITIES = ("visible", "hidden", "after_due_date", "after_published")
CONFIG = "config.json"


@dataclass(frozen=True)
class Settings:
    """How one assignment is graded on Gradescope.

    assignment: its name; empty for the probe, which only reports the isolation level.
    level: the isolation that a score needs. visibility: of the tests. budget_s: wall-clock seconds after which
    what is known is reported. rate: at most so many graded submissions in so many hours, or None.
    scale: whether points are scaled to the `total_points` of the upload form.
    """

    assignment: str = ""
    level: int = 3
    visibility: str = "visible"
    budget_s: float = 420.0
    rate: tuple[int, float] | None = None
    scale: bool = False

    def __post_init__(self) -> None:
        if self.visibility not in VISIBILITIES:
            raise UsageError(f"'{self.visibility}' is no visibility; choose one of {', '.join(VISIBILITIES)}")
        if not 0 <= self.level <= 4:
            raise UsageError(f"isolation levels are 0 to 4, got {self.level}")
        if self.budget_s < 30:
            raise UsageError(f"a time budget of {self.budget_s:g} s is too short; give at least 30 s")

    def to_json(self) -> str:
        """Return the text of `config.json`, the same for the same settings."""
        return json.dumps(asdict(self), indent=1, sort_keys=True) + "\n"

    @staticmethod
    def read(folder: Path) -> Settings:
        """Read `config.json` of an unpacked zip."""
        fields = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        if fields["rate"] is not None:
            fields["rate"] = (int(fields["rate"][0]), float(fields["rate"][1]))
        return Settings(**fields)


def parse_rate(text: str) -> tuple[int, float]:
    """Return (count, hours) of `5/24`: five graded submissions in 24 hours."""
    count, slash, hours = text.partition("/")
    try:
        rate = int(count), float(hours)
    except ValueError:
        rate = 0, 0.0
    if not slash or rate[0] < 1 or not 0 < rate[1] < 10_000:
        raise UsageError(f"a rate is COUNT/HOURS, such as 5/24 for five submissions a day; got '{text}'")
    return rate
