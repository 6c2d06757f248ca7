"""The rate limit: at most so many graded submissions in so many hours, told from the platform's metadata."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

GRADED = "graded_at"


def moments(metadata: Mapping[str, Any]) -> list[str]:
    """Return when earlier submissions were graded, as the latest results remember it."""
    latest = latest_results(metadata)
    extra = latest.get("extra_data") if latest else None
    found = extra.get(GRADED) if isinstance(extra, dict) else None
    return [moment for moment in found if isinstance(moment, str)] if isinstance(found, list) else []


def latest_results(metadata: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the results of the latest submission before this one, if the platform gives them."""
    previous = metadata.get("previous_submissions")
    if not isinstance(previous, list) or not previous or not isinstance(previous[-1], dict):
        return None
    found = previous[-1].get("results")
    return found if isinstance(found, dict) else None


def recent(metadata: Mapping[str, Any], hours: float) -> list[str]:
    """Return the gradings that lie within `hours` before this submission; what cannot be read does not count."""
    now = _moment(metadata.get("created_at"))
    if now is None:
        return []
    found = []
    for text in moments(metadata):
        moment = _moment(text)
        # Not the moment itself: a rerun of one submission does not count against it.
        if moment is not None and now - timedelta(hours=hours) < moment < now:
            found.append(text)
    return found


def refusal(metadata: Mapping[str, Any], rate: tuple[int, float] | None) -> dict[str, Any] | None:
    """Return the latest results once more, with a word on why, or None where this submission is to be graded."""
    latest = latest_results(metadata)
    if rate is None or latest is None or _is_fault(latest):
        return None
    count, hours = rate
    graded = recent(metadata, hours)
    if len(graded) < count:
        return None
    first = _moment(graded[-count])
    again = f" The next can be graded after {first + timedelta(hours=hours):%Y-%m-%d %H:%M %z}." if first else ""
    note = (
        f"Not graded: at most {count} submissions in {hours:g} hours are. "
        f"What follows are your latest results, which stand.{again}"
    )
    output = latest.get("output")
    extra = latest.get("extra_data")
    return {
        **latest,
        "output": f"{note}\n\n{_without_note(output)}" if isinstance(output, str) else note,
        "extra_data": {**(extra if isinstance(extra, dict) else {}), GRADED: graded, "rate_limited": True},
    }


def _is_fault(results: Mapping[str, Any]) -> bool:
    """Whether nothing was judged: a fault of ours is no result that could stand."""
    extra = results.get("extra_data")
    return isinstance(extra, dict) and "fault" in extra


def _without_note(output: str) -> str:
    """Return the output without the note of an earlier refusal."""
    return output.split("\n\n", 1)[-1] if output.startswith("Not graded: at most ") else output


def _moment(text: object) -> datetime | None:
    """Read ISO 8601; without an offset, or as anything else, it is None."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
