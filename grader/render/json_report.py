"""A report as JSON, schema 1: strict, ASCII only, one line end at the end."""

from __future__ import annotations

import json
from typing import Any

from grader.report import Report, to_json


def render(report: Report) -> str:
    """Return the report as a JSON document that every strict parser reads."""
    document = _without_surrogates(to_json(report))
    return json.dumps(document, indent=2, allow_nan=False, ensure_ascii=True) + "\n"


def _without_surrogates(value: Any) -> Any:
    """Return the document with lone surrogates replaced: JSON can spell them, most parsers refuse them."""
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, list):
        return [_without_surrogates(entry) for entry in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(entry) for key, entry in value.items()}
    return value
