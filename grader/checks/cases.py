"""Cases: Hypothesis draws sizes, options, regime and seed; the numbers come from `default_rng(seed)`.

Edges are always among them: every axis of length 1, a batch of 2, unequal sides, every rank of a grouped
axis, every regime and every option. Hypothesis is imported when a strategy is built, not before: grading
replays what was drawn once.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from grader.checks import regimes
from grader.checks.inputs import (
    Array,
    Choice,
    Divisor,
    Function,
    Generator,
    Input,
    Inputs,
    Labels,
    Maybe,
    Record,
    Shape,
    Size,
    Sizes,
    axes_of,
    choices_of,
    regimes_of,
)
from grader.errors import AssignmentError
from grader.sandbox.marks import Named, Seed

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

SIZES = (1, 7)
GROUP_SIZES = (1, 4)
FEWEST = 48
FREE = 12
TOGETHER = 8


@dataclass(frozen=True)
class Draw:
    """What Hypothesis decides about a case. `sizes` maps an axis to its length, a group to its lengths."""

    sizes: Mapping[str, Any]
    picks: Mapping[str, Any]
    regime: str
    seed: int
    why: str = ""


@dataclass(frozen=True)
class Case:
    """A drawn case with its numbers. `arguments` are in the order of the function's signature."""

    arguments: dict[str, Any]
    regime: str
    extreme: bool
    why: str
    seed: int
    sizes: dict[str, Any] = field(default_factory=dict)

    @property
    def entries(self) -> int:
        """How large the case is: the first failure shown is the smallest."""
        return sum(value.size for value in self.arguments.values() if isinstance(value, np.ndarray))


def draw_strategy(inputs: Inputs, limits: Mapping[str, tuple[int, int]]) -> SearchStrategy[Draw]:
    """Return the Hypothesis strategy of one case; it shrinks to small sizes and the first regime."""
    # Imported here for start-up time: grading never draws.
    from hypothesis import strategies as st

    sizes: dict[str, SearchStrategy[Any]] = {}
    for axis in axes_of(inputs):
        low, high = limits.get(axis, GROUP_SIZES if axis.endswith("...") else SIZES)
        length = st.integers(low, high)
        sizes[axis] = st.lists(length, min_size=1, max_size=3).map(tuple) if axis.endswith("...") else length
    for name, item in inputs.items():
        if isinstance(item, Sizes):
            low, high = limits.get(name, (1, 40))
            sizes[name] = st.lists(st.integers(low, high), min_size=item.fewest, max_size=item.most)
    picks = {path: st.sampled_from(options) for path, options in choices_of(inputs).items()}
    return st.builds(
        Draw,
        sizes=st.fixed_dictionaries(sizes),
        picks=st.fixed_dictionaries(picks),
        regime=st.sampled_from(regimes_of(inputs)),
        seed=st.integers(0, 2**32 - 1),
    )


def draw_cases(
    inputs: Inputs,
    *,
    seed: int,
    limits: Mapping[str, tuple[int, int]],
    extreme: Sequence[str] = (),
    fewest: int = FEWEST,
) -> list[Case]:
    """Draw at least `fewest` different cases, edges first bent from what Hypothesis drew, sorted by size."""
    bends = _bends(inputs, limits, extreme)
    # Enough free draws beside the edges, whatever there is of these.
    raw = hypothesis_examples(draw_strategy(inputs, limits), count=max(fewest, len(bends) + FREE), seed=seed)
    draws = [_bend(draw, bend) for draw, bend in zip(raw, bends, strict=False)] + raw[len(bends) :]
    cases, seen = [], set()
    for number, draw in enumerate(draws):
        # Hypothesis repeats itself on purpose; the same shape under another seed is a case of its own.
        distinct = replace(draw, seed=(draw.seed + 7919 * number) % 2**32)
        if repr(distinct) not in seen:
            seen.add(repr(distinct))
            cases.append(realise(inputs, distinct, extreme=extreme))
    return sorted(cases, key=lambda case: case.entries)


def draw_usual(inputs: Inputs, *, seed: int, limits: Mapping[str, tuple[int, int]], count: int) -> list[Case]:
    """Draw cases of the first regime alone, without edges, sorted by size."""
    raw = hypothesis_examples(draw_strategy(inputs, limits), count=count, seed=seed)
    usual = regimes_of(inputs)[0]
    draws = [replace(draw, regime=usual, seed=(draw.seed + 7919 * number) % 2**32) for number, draw in enumerate(raw)]
    return sorted((realise(inputs, draw) for draw in draws), key=lambda case: case.entries)


def hypothesis_examples(strategy: SearchStrategy[Any], *, count: int, seed: int) -> list[Any]:
    """Return `count` examples of a strategy, the same for the same seed and Hypothesis version.

    They are drawn several at a time: what Hypothesis does around a draw takes longer than the draw.
    """
    # Imported here for start-up time: grading never draws.
    import hypothesis
    from hypothesis import HealthCheck, Phase, settings
    from hypothesis import strategies as st

    found: list[Any] = []

    @hypothesis.seed(seed)
    @settings(
        max_examples=count // TOGETHER + 2,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(st.tuples(*[strategy] * TOGETHER))
    def collect(examples: tuple[Any, ...]) -> None:
        found.extend(examples)

    with warnings.catch_warnings(), _without_local_constants():
        warnings.simplefilter("ignore")
        while len(found) < count + TOGETHER:
            before = len(found)
            collect()
            if len(found) == before:
                raise AssignmentError("the inputs of a problem allow no case at all; check their axes and options")
    # Hypothesis begins with the simplest of all, which here is the same one several times.
    return found[TOGETHER - 1 :][:count]


@contextlib.contextmanager
def _without_local_constants() -> Iterator[None]:
    """Keep Hypothesis from drawing numbers that it finds in the source of whatever modules are loaded.

    The same seed would draw other cases in another process. It has no setting for that; a version without the
    habit has nothing to replace.
    """
    from hypothesis.internal.conjecture import providers  # For start-up time.

    find = getattr(providers, "_get_local_constants", None)
    if find is None:
        yield
        return
    nothing = type(find())()
    forget = getattr(getattr(getattr(providers, "CONSTANTS_CACHE", None), "cache", None), "clear", dict)
    setattr(providers, "_get_local_constants", lambda: nothing)  # noqa: B010 - mypy knows that it is private.
    try:
        forget()
        yield
    finally:
        setattr(providers, "_get_local_constants", find)  # noqa: B010
        forget()


def realise(inputs: Inputs, draw: Draw, *, extreme: Sequence[str] = ()) -> Case:
    """Fill a draw with numbers: the same draw gives the same case, everywhere."""
    lengths = _lengths(draw.sizes)
    arguments: dict[str, Any] = {}
    for index, (name, item) in enumerate(inputs.items()):
        rng = np.random.default_rng((draw.seed, index))
        value = _fill(item, name, draw, lengths, rng)
        if value is not None:
            arguments[name] = value
    has_numbers = any(isinstance(item, (Array, Record)) for item in inputs.values())
    why = draw.why or (regimes.describe(draw.regime) if has_numbers else "drawn at random")
    return Case(arguments, draw.regime, draw.regime in extreme, why, draw.seed, dict(draw.sizes))


def _fill(item: Input, path: str, draw: Draw, lengths: Mapping[str, tuple[int, ...]], rng: regimes.Rng) -> Any:
    if isinstance(item, Array):
        shape = _shape(item, path, draw, lengths)
        name = draw.regime if draw.regime in item.values else item.values[0]
        # Regimes speak of rows: a number is drawn as a row of one.
        return np.ascontiguousarray(regimes.REGIMES[name](rng, shape or (1,)), dtype=np.float64).reshape(shape)
    if isinstance(item, Shape):
        return _shape(item, path, draw, lengths)
    if isinstance(item, Function):
        return Named(draw.picks[path])
    if isinstance(item, Labels):
        return rng.integers(0, lengths[item.below][0], lengths[item.axis][0])
    if isinstance(item, Choice):
        return draw.picks[path]
    if isinstance(item, Size):
        return lengths[item.axis][0]
    if isinstance(item, Divisor):
        return _divisor(lengths[item.axis][0], draw.picks[path])
    if isinstance(item, Sizes):
        return list(draw.sizes[path])
    if isinstance(item, Generator):
        return Seed(int(rng.integers(0, 2**63 - 1)))
    if isinstance(item, Maybe):
        return _fill(item.input, path, draw, lengths, rng) if draw.picks[path + "?"] else None
    assert isinstance(item, Record)
    filled = {
        key: _fill(entry, f"{path}.{key}", draw, lengths, np.random.default_rng((draw.seed, 97, position)))
        for position, (key, entry) in enumerate(item.entries.items())
    }
    return {key: value for key, value in filled.items() if value is not None}


def _shape(item: Array | Shape, path: str, draw: Draw, lengths: Mapping[str, tuple[int, ...]]) -> tuple[int, ...]:
    axes = draw.picks[path + "~"] if item.broadcast else item.axes
    return tuple(length for axis in axes.split() for length in ((1,) if axis == "1" else lengths[axis]))


def _divisor(length: int, which: str) -> int:
    """Return the divisor of a length that a pick of `DIVISORS` stands for."""
    found = [number for number in range(1, length + 1) if length % number == 0]
    places = {"one": 0, "few": min(1, len(found) - 1), "many": max(0, len(found) - 2), "all": -1}
    return found[places[which]]


def _lengths(sizes: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Return each axis as a tuple of lengths; a group `D...` also defines `D`, the product."""
    lengths: dict[str, tuple[int, ...]] = {}
    for axis, length in sizes.items():
        if axis.endswith("..."):
            lengths[axis] = tuple(length)
            lengths[axis[:-3]] = (int(np.prod(length)),)
        elif isinstance(length, int):
            lengths[axis] = (length,)
    return lengths


@dataclass(frozen=True)
class _Bend:
    """A change to a draw that makes it an edge: fixed sizes, a regime, picks, and why."""

    why: str
    sizes: Mapping[str, Any] = field(default_factory=dict)
    picks: Mapping[str, Any] = field(default_factory=dict)
    regime: str | None = None


def _bend(draw: Draw, bend: _Bend) -> Draw:
    return replace(
        draw,
        sizes={**draw.sizes, **bend.sizes},
        picks={**draw.picks, **bend.picks},
        regime=bend.regime or draw.regime,
        why=bend.why,
    )


def _bends(inputs: Inputs, limits: Mapping[str, tuple[int, int]], extreme: Sequence[str]) -> list[_Bend]:
    """Return the edges that every bank must hold."""
    axes = axes_of(inputs)
    plain = [axis for axis in axes if not axis.endswith("...")]
    groups = [axis for axis in axes if axis.endswith("...")]
    names = regimes_of(inputs)
    usual: dict[str, Any] = {axis: _inside(3 + i, limits.get(axis, SIZES)) for i, axis in enumerate(plain)}
    usual.update(dict.fromkeys(groups, (2, 3)))
    bends = [
        _Bend(f"{axis} = {length}", {**usual, axis: length}, regime=names[0])
        for axis in plain
        for length in (1, 2)
        if _inside(length, limits.get(axis, SIZES)) == length
    ]
    for axis in groups:
        bends += [_Bend(f"one axis after {plain[0]}", {**usual, axis: (1,)}, regime=names[0])]
        bends += [
            _Bend(f"{1 + len(s)}-d input", {**usual, axis: s}, regime=names[0]) for s in ((3,), (2, 3), (2, 1, 3))
        ]
    ones: dict[str, Any] = {axis: _inside(1, limits.get(axis, SIZES)) for axis in plain} | dict.fromkeys(groups, (1,))
    if axes:
        bends.append(_Bend("the smallest shape there is", ones, regime=names[0]))
        bends.append(_Bend("unequal sides", usual, regime=names[0]))
    wider = {axis: _inside(length + 1, limits.get(axis, SIZES)) for axis, length in usual.items() if axis in plain}
    choices = choices_of(inputs)
    for number, name in enumerate(names):
        # Three cases tell a mistake; an extreme regime needs enough to tell one mistake from another.
        for turn, shape in enumerate(({}, wider) * 3 if name in extreme else ({}, wider, {})):
            picks = _turned(choices, number + turn, given=turn != 2)
            bends.append(_Bend(regimes.describe(name), {**usual, **shape}, picks, regime=name))
    return bends + _choice_bends(choices, usual, names[0])


def _turned(choices: Mapping[str, Sequence[Any]], turn: int, *, given: bool = True) -> dict[str, Any]:
    """Return a pick for every choice, another at every turn; what may be left out is given or all left out."""
    return {path: given if path.endswith("?") else options[turn % len(options)] for path, options in choices.items()}


def _choice_bends(choices: Mapping[str, Sequence[Any]], usual: Mapping[str, Any], regime: str) -> list[_Bend]:
    """Return every option of the first choice with every one of each other; then each optional entry left out."""
    paths = [path for path in choices if not path.endswith("?")]
    firsts: list[dict[str, Any]] = [{paths[0]: option} for option in choices[paths[0]]] if paths else [{}]
    bends = []
    for first in firsts:
        for turn in range(max((len(choices[path]) for path in paths[1:]), default=1) if paths else 0):
            turned = {path: choices[path][(turn + i) % len(choices[path])] for i, path in enumerate(paths[1:])}
            told = {**first, **turned}
            why = ", ".join(_choice_text(path, pick) for path, pick in told.items())
            bends.append(_Bend(why, usual, {**_turned(choices, 0), **told}, regime))
        for path in choices:
            if path.endswith("?"):
                picks = {**_turned(choices, 0), **first, path: False}
                bends.append(_Bend(_choice_text(path, False), usual, picks, regime))
    return bends


def _choice_text(path: str, option: Any) -> str:
    name = path.rstrip("?~")
    if path.endswith("?"):
        return f"{name} given" if option else f"{name} left out"
    if path.endswith("~"):
        axes = option.split()
        return f"{name} of shape ({', '.join(axes)}{',' if len(axes) == 1 else ''})"
    return f"{name} = {option!r}"


def _inside(length: int, limits: tuple[int, int]) -> int:
    return max(limits[0], min(length, limits[1]))
