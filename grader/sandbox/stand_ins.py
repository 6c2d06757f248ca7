"""Inert stand-ins for modules that homework imports by habit and that grading does without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

STAND_INS = frozenset({"matplotlib", "mpl_toolkits", "IPython", "google", "pandas", "seaborn", "tqdm"})


class StandIn:
    """Whatever it is asked while files are being imported, it answers with itself; later it refuses.

    `root` is the module's name, `importing` tells whether a file of the student's is being imported.
    """

    def __init__(self, root: str, importing: Callable[[], bool]) -> None:
        object.__setattr__(self, "_root", root)
        object.__setattr__(self, "_importing", importing)

    def _answer(self) -> StandIn:
        state = object.__getattribute__(self, "__dict__")
        if not state["_importing"]():
            raise RuntimeError(f"{state['_root']} is not available while grading")
        return self

    def __getattr__(self, name: str) -> StandIn:
        # Python asks for __path__, __all__ and the like; a module without them is the simplest one.
        if name.startswith("__"):
            raise AttributeError(name)
        return self._answer()

    def __setattr__(self, name: str, value: Any) -> None:
        self._answer()

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Return itself, or the function that it was called on as a decorator."""
        self._answer()
        # A decorator without arguments must not replace the student's function.
        is_decorator = len(arguments) == 1 and not options and hasattr(arguments[0], "__code__")
        return arguments[0] if is_decorator else self

    def __getitem__(self, key: Any) -> StandIn:
        return self._answer()

    def __setitem__(self, key: Any, value: Any) -> None:
        self._answer()

    def __iter__(self) -> Iterator[Any]:
        self._answer()
        return iter(())

    def __enter__(self) -> StandIn:
        return self._answer()

    def __exit__(self, *details: object) -> None:
        """Let errors pass."""

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[Any, ...]:
        self._answer()
        return ()
