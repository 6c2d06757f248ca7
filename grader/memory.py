"""What is remembered between commands on a student's machine: a JSON object in a file, lost without harm."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def recall(memory: Path) -> dict[str, Any]:
    """Return what is remembered; nothing where the file is missing or damaged."""
    try:
        stored = json.loads(memory.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return stored if isinstance(stored, dict) else {}


def remember(memory: Path, known: dict[str, Any]) -> None:
    """Write it aside, then rename; what cannot be written is forgotten, which is no reason to fail."""
    try:
        memory.parent.mkdir(parents=True, exist_ok=True)
        aside = memory.with_suffix(f".{os.getpid()}")
        aside.write_text(json.dumps(known), encoding="utf-8")
        os.replace(aside, memory)
    except OSError:
        pass
