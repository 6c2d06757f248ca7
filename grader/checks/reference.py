"""The reference as the bank builder sees it: functions, scales and continuations, run in extended precision.

Only code that builds banks, proves the grader or explores with the solutions at hand imports this; grading
never does.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from grader.errors import AssignmentError
from grader.sandbox import codec, program
from grader.sandbox.functions import NAMED
from grader.sandbox.marks import Buffer, Named, Seed
from grader.sandbox.replies import Row, Runner, read_row

Function = Callable[..., Any]


@dataclass(frozen=True)
class Reference:
    """`functions` are the homework's own; `scales` and `edges` are there for those that need them."""

    functions: Mapping[str, Function]
    scales: Mapping[str, Function] = field(default_factory=dict)
    edges: Mapping[str, Function] = field(default_factory=dict)
    mistakes: tuple[Any, ...] = ()
    # Replies by request and replaced functions, where they are kept: a proof asks for each of them twice.
    answered: dict[tuple[Buffer, frozenset[tuple[str, Function]]], list[list[Row]]] | None = None
    # One request is answered by dozens of known mistakes in a row. Lists stay lists, as in a worker.
    _decode: Callable[..., Any] = field(
        default_factory=lambda: lru_cache(8)(partial(codec.decode, keep_lists=True)), repr=False
    )

    def mistakes_of(self, function: str) -> list[Any]:
        """Return the known mistakes that replace a function; each has id, text, function, follow."""
        return [mistake for mistake in self.mistakes if mistake.replaces == function]

    def runner(self, replaced: Mapping[str, Function] | None = None) -> Runner:
        """Return how requests are answered by the reference itself, some functions replaced."""
        surroundings = program.Surroundings({**self.functions, **(replaced or {})}, {}, caught=Exception)
        functions = frozenset((replaced or {}).items())

        def run(payload: Buffer, groups: Sequence[Sequence[int]]) -> list[list[Row]]:
            if self.answered is not None and (payload, functions) in self.answered:
                return self.answered[payload, functions]
            with _replaced_everywhere(self.functions, replaced or {}):
                replies = program.run(self._decode(payload), surroundings)
            rows = [[read_row(row) for row in batch] for batch in replies]
            if self.answered is not None:
                self.answered[payload, functions] = rows
            return rows

        return run

    def handed_to(self, helper: str, name: str, *arguments: Any) -> list[tuple[Any, ...]]:
        """Call a function and return the arguments of every call that it makes of another one, in order."""
        seen: list[tuple[Any, ...]] = []
        own = self.functions.get(helper)
        if own is None:
            raise AssignmentError(f"the solutions have no function '{helper}', which the declaration asks for")

        def record(*given: Any) -> Any:
            seen.append(given)
            return own(*given)

        with _replaced_everywhere(self.functions, {helper: record}):
            self.call(name, *arguments)
        return seen

    def values(self, name: str, names: Sequence[str], *arguments: Any) -> dict[str, Any]:
        """Call a function that returns one value, or a tuple of several, and return them by name."""
        returned = self.call(name, *arguments)
        values = returned if isinstance(returned, tuple) else (returned,)
        if len(values) != len(names) or any(isinstance(value, list) for value in values):
            got = f"{len(values)} values" if isinstance(returned, tuple) else f"a {type(returned).__name__}"
            raise AssignmentError(f"the reference's {name} returned {got}, declared is ({', '.join(names)})")
        return dict(zip(names, values, strict=True))

    def call(self, name: str, *arguments: Any) -> Any:
        """Call a function of the reference; an exception of its own becomes an `AssignmentError`."""
        if name not in self.functions:
            raise AssignmentError(f"the solutions have no function '{name}', which the declaration asks for")
        try:
            return self.functions[name](*arguments)
        except Exception as error:
            raise AssignmentError(f"the reference's {name} raised {type(error).__name__}: {error}") from error


@contextmanager
def _replaced_everywhere(functions: Mapping[str, Function], replaced: Mapping[str, Function]) -> Iterator[None]:
    """Let the reference's functions call the replacements too, as functions of one submission would."""
    spaces = {id(space): space for space in (getattr(item, "__globals__", {}) for item in functions.values())}
    before = [(space, name, space[name]) for space in spaces.values() for name in replaced if name in space]
    for space, name, _ in before:
        space[name] = replaced[name]
    try:
        yield
    finally:
        for space, name, function in before:
            space[name] = function


def load(folder: Path, files: tuple[str, ...]) -> Reference:
    """Import the solutions' files and, where present, `scales.py` and `edges.py` of the same folder."""
    with importing_from(folder):
        functions: dict[str, Function] = {}
        for name in files:
            functions.update(_functions(_import(folder / name)))
        extras = {
            stem: _functions(_import(folder / f"{stem}.py")) if (folder / f"{stem}.py").is_file() else {}
            for stem in ("scales", "edges")
        }
        mistakes = _import(folder / "mistakes.py").MISTAKES if (folder / "mistakes.py").is_file() else ()
    return Reference(functions, extras["scales"], extras["edges"], tuple(mistakes))


def load_module(path: Path) -> ModuleType:
    """Import one file of a solutions folder, beside its neighbours, and leave no trace in `sys.modules`."""
    with importing_from(path.parent):
        return _import(path)


@contextmanager
def importing_from(folder: Path) -> Iterator[None]:
    """Let files of `folder` import one another by plain name, and forget them afterwards."""
    stems = {path.stem for path in folder.glob("*.py")}
    before = {name: sys.modules.pop(name) for name in stems if name in sys.modules}
    sys.path.insert(0, str(folder))
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = writes
        sys.path.remove(str(folder))
        for name in stems:
            sys.modules.pop(name, None)
        sys.modules.update(before)


def _import(path: Path) -> ModuleType:
    if path.stem in sys.modules:
        return sys.modules[path.stem]
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise AssignmentError(f"{path}: no such file of the solutions")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise AssignmentError(f"{path}: importing it raised {type(error).__name__}: {error}") from error
    return module


def _functions(module: ModuleType) -> dict[str, Function]:
    return {name: item for name, item in vars(module).items() if callable(item) and not name.startswith("_")}


def extended(value: Any) -> Any:
    """Return a deep copy with float64 arrays widened to longdouble (where that is wider) and names made functions."""
    if isinstance(value, np.ndarray):
        return value.astype(np.longdouble) if value.dtype == np.float64 else value.copy()
    if isinstance(value, dict):
        return {key: extended(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [extended(entry) for entry in value]
    return as_called(value) if isinstance(value, Named) else value


def as_called(value: Any) -> Any:
    """Return an argument as a function gets it: a generator for its seed, a plain function for its name."""
    if isinstance(value, Seed):
        return np.random.default_rng(value.value)
    return NAMED[value.name] if isinstance(value, Named) else value


def scales_for(
    reference: Reference, function: str, arguments: list[Any], expected: Mapping[str, Any]
) -> dict[str, Any]:
    """Return (size, kappa, infinite_ok) for every expected value: the author's where given, else the default.

    The default size is the largest magnitude of the array; the default kappa grows with the batch.
    """
    given: Mapping[str, Any] = {}
    if function in reference.scales:
        try:
            given = reference.scales[function](*arguments, expected)
        except Exception as error:
            text = f"{function} of scales.py raised {type(error).__name__}: {error}"
            raise AssignmentError(text) from error
    scales: dict[str, Any] = {}
    for name, value in expected.items():
        if name in given:
            scale = given[name]
            scales[name] = (scale.size, scale.kappa, bool(getattr(scale, "infinite_ok", False)))
        else:
            array = np.asarray(value)
            if array.dtype.kind in "biu":
                # Counts and masks are right or wrong: nothing in them is rounded.
                scales[name] = (np.finfo(np.float64).tiny, 1.0, False)
                continue
            largest = float(np.max(np.abs(array), initial=0.0))
            scales[name] = (largest or 1.0, 8.0 + (array.shape[0] if array.ndim else 0), False)
    return scales
