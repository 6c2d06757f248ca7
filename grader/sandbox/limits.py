"""How much a submission may use. Read by both sides; imports nothing."""

from __future__ import annotations

from dataclasses import dataclass

# The exit status that says: memory ran out where no student code could be told.
OUT_OF_MEMORY = 77


@dataclass(frozen=True)
class Limits:
    """Time, memory and output of one submission.

    `call_cpu_s` for one row of calls and for importing one file, `problem_cpu_s` for one request; wall-clock
    limits are `wall_factor` times as long, since containers are throttled. `memory_mb` is address space.
    Of what is printed, `output_lines` lines of at most `output_chars` characters are kept.
    """

    call_cpu_s: float = 2.0
    problem_cpu_s: float = 10.0
    wall_factor: float = 4.0
    memory_mb: int = 448
    output_lines: int = 20
    output_chars: int = 2000

    @property
    def call_wall_s(self) -> float:
        """Wall-clock seconds for one row of calls."""
        return self.call_cpu_s * self.wall_factor

    @property
    def problem_wall_s(self) -> float:
        """Wall-clock seconds for one request."""
        return self.problem_cpu_s * self.wall_factor
