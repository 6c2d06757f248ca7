"""Draws the pictures of the handout from the reference: `python solutions/hw1/pictures.py`."""

from pathlib import Path

import experiments

HANDOUT = Path(__file__).resolve().parents[2] / "assignments" / "hw1"

for draw, name in ((experiments.softplus_graph, "softplus"), (experiments.step_sizes, "steps")):
    draw().savefig(HANDOUT / f"{name}.png", dpi=80, metadata={"Software": None})
