"""Pictures of wrong answers: the error of every entry, in one case that is small enough to read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from grader.checks import base
from grader.checks.compare import Answers, Compared, Trouble, relative_error
from grader.pictures import Heatmap

MOST_ENTRIES = 150


def draw_heatmaps(
    values: Iterable[tuple[Answers, Compared, Mapping[int, int]]], cases: bytes | memoryview
) -> tuple[Heatmap, ...]:
    """Return the map of every value of which a case failed by its numbers.

    Each value comes with the cases that count, and where each stands among its answers. Of the failing cases the
    largest that can be read is drawn: which rows or columns are wrong shows there; the smallest is shown as code.
    """
    drawn = [_draw_heatmap(answers, compared, places, cases) for answers, compared, places in values]
    return tuple(one for one in drawn if one is not None)


def _draw_heatmap(
    answers: Answers, compared: Compared, places: Mapping[int, int], cases: bytes | memoryview
) -> Heatmap | None:
    failing = [
        case
        for case, place in places.items()
        if case in compared.remarks
        and compared.remarks[case].trouble is Trouble.VALUE
        and compared.arrays[place] is not None
        and _size(answers, place) <= MOST_ENTRIES
    ]
    if not failing:
        return None
    case = max(failing, key=lambda one: (_size(answers, places[one]), -one))
    place = places[case]
    got = compared.arrays[place]
    assert got is not None
    expected, scale = answers.window(answers.expected, place), answers.window(answers.scale, place)
    columns = (got, expected, relative_error(got, expected, scale), answers.wrong(place, got))
    values, known, error, wrong = (tuple(np.asarray(column).ravel().tolist()) for column in columns)
    why = base.saved_cases(cases)[case]["why"]
    return Heatmap(answers.name, why, answers.shapes[place], values, known, error, wrong)


def _size(answers: Answers, place: int) -> int:
    return answers.starts[place + 1] - answers.starts[place]
