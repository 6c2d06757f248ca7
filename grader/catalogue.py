"""What an author's solutions say beside the right functions: known mistakes, right variants, sizes of terms.

`solutions/HW/mistakes.py` has a list `MISTAKES`, `variants.py` a list `VARIANTS`, `scales.py` functions that
return `Scale`. Nothing of this is ever given to students.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Mistake:
    """A known wrong version of one function.

    id: unique in the homework, begins with what it is about. replaces: the function's name.
    text: what a student reads. follow: a wrong but sensible forward, behind which a consistent backward earns
    credit. beside: right functions that it needs, by the name of what they replace: a forward that keeps in its
    cache what only a wrong backward would use.
    """

    id: str
    replaces: str
    text: str
    function: Callable[..., Any]
    follow: bool = False
    beside: Mapping[str, Callable[..., Any]] = field(default_factory=dict)

    @property
    def functions(self) -> dict[str, Callable[..., Any]]:
        """All that it replaces, by name."""
        return {**self.beside, self.replaces: self.function}


class Mistakes(list[Mistake]):
    """Known mistakes, registered where they are defined."""

    def add(
        self, mistake: str, replaces: str, text: str, *, follow: bool = False, **beside: Callable[..., Any]
    ) -> Callable[[Function], Function]:
        """Return the decorator that registers a function as the wrong version called `mistake`."""

        def register(function: Function) -> Function:
            self.append(Mistake(mistake, replaces, text, function, follow, beside))
            return function

        return register


@dataclass(frozen=True)
class Variant:
    """Functions, by the name of what they replace, that are right together. `about` says what is unusual."""

    id: str
    about: str
    functions: Mapping[str, Callable[..., Any]]


class Variants(list[Variant]):
    """Right versions in other clothes."""

    def add(self, variant: str, about: str, **functions: Callable[..., Any]) -> None:
        """Register functions by the name of what they replace."""
        self.append(Variant(variant, about, functions))


class Scale(NamedTuple):
    """How large the terms of an answer are, and how strongly rounding acts on them.

    size: the formula with the absolute value of every term. kappa: how many times the machine precision a
    careful computation may be off, relative to that size. Both broadcast to the shape of the answer.
    infinite_ok: infinity is accepted too, because the true answer comes from an underflow.
    """

    size: Any
    kappa: Any
    infinite_ok: bool = False
