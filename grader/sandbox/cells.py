"""The code cells of a notebook, run as one module from top to bottom. Runs beside student code.

Of a cell the definitions, imports and constants are run. A definition is a function, a class or a lambda. A
constant is a name that is set to an expression which calls nothing but NumPy, a few modules of the standard
library without side effects, and builtin types, so `eps = 1e-5`, `rng = np.random.default_rng(0)` and
`Cache = namedtuple("Cache", "x w")`. An `if` or `try` is run where all of it is made of these. Everything else,
experiments, plots, training, is left out: what it would have set is not defined, and an error that comes of
that says so.
"""

from __future__ import annotations
import __future__

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# What students see in a traceback is a cell's shown name; the module's own name only has to be nobody else's.
MODULE = "_notebook"

_PURE_MODULES = frozenset(
    {"numpy", "math", "functools", "collections", "itertools", "operator", "typing", "dataclasses", "enum"}
    | {"fractions", "decimal", "types", "abc"}
)
_PURE_BUILTINS = frozenset(
    {"abs", "bool", "bytes", "complex", "dict", "divmod", "enumerate", "float", "frozenset", "int", "len", "list"}
    | {"max", "min", "object", "pow", "range", "reversed", "round", "set", "slice", "sorted", "str", "sum"}
    | {"tuple", "type", "zip"}
)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_PLAIN = (
    *(ast.Constant, ast.Name, ast.Attribute, ast.Subscript, ast.Slice, ast.Starred, ast.keyword, ast.Call),
    *(ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.JoinedStr, ast.FormattedValue),
    *(ast.Tuple, ast.List, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
    *(ast.comprehension, ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop),
)
_DEFINED = re.compile(r"^[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)", re.MULTILINE)


# --- which statements are run -----------------------------------------------------------------------------


class Chooser:
    """Knows which names stand for pure functions so far, and from that which statements are run."""

    def __init__(self) -> None:
        self._pure = set(_PURE_BUILTINS)

    def is_run(self, statement: ast.stmt) -> bool:
        """Whether a statement is made of definitions, imports and constants."""
        if isinstance(statement, (*_DEFINITIONS, ast.Import, ast.ImportFrom)):
            return True
        if isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            values = [] if statement.value is None else [statement.value]
            return all(map(_is_name, targets)) and self._is_constant(values)
        if isinstance(statement, ast.If):
            return self._is_constant([statement.test]) and self._are_run([*statement.body, *statement.orelse])
        if isinstance(statement, ast.Try):
            handled = [inner for handler in statement.handlers for inner in handler.body]
            return self._are_run([*statement.body, *handled, *statement.orelse, *statement.finalbody])
        return isinstance(statement, ast.Pass) or type(statement).__name__ == "TypeAlias"

    def _are_run(self, statements: Iterable[ast.stmt]) -> bool:
        return all(self.is_run(inner) or _is_text(inner) for inner in statements)

    def note(self, statement: ast.stmt, before: set[str], after: set[str]) -> None:
        """Take note of a statement that was run: which names were there before and after."""
        bound = set(names_in(statement))
        self._pure -= bound
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                if alias.name.partition(".")[0] in _PURE_MODULES:
                    self._pure.add(alias.asname or alias.name.partition(".")[0])
        if isinstance(statement, ast.ImportFrom) and (statement.module or "").partition(".")[0] in _PURE_MODULES:
            # A star brings what was not there before.
            self._pure |= (bound - {"*"}) | (after - before if "*" in bound else set())

    def _is_constant(self, expressions: Sequence[ast.expr]) -> bool:
        # A loop, not a recursion: an expression may be nested deeply.
        waiting: list[ast.AST] = list(expressions)
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.Lambda):  # Its body is not run here.
                waiting += [default for default in (*node.args.defaults, *node.args.kw_defaults) if default]
                continue
            if not isinstance(node, _PLAIN) or (isinstance(node, ast.Call) and _root(node) not in self._pure):
                return False
            waiting += ast.iter_child_nodes(node)
        return True


def _is_name(target: ast.expr) -> bool:
    if isinstance(target, (ast.Tuple, ast.List)):
        return all(map(_is_name, target.elts))
    return isinstance(target.value if isinstance(target, ast.Starred) else target, ast.Name)


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _root(node: ast.expr) -> str | None:
    """Return the name that an expression like `np.arange(6).reshape(2, 3)` begins with."""
    while isinstance(node, (ast.Call, ast.Attribute, ast.Subscript)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


def names_in(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement would set at the top level; `*` for an import of everything."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        if isinstance(node, _DEFINITIONS):
            yield node.name
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                yield alias.asname or (alias.name.partition(".")[0] if isinstance(node, ast.Import) else alias.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif not isinstance(node, ast.Lambda):
            waiting += ast.iter_child_nodes(node)


# --- running ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lost:
    """Why a name is not defined. `error` is what running its statement raised; without one it was not run."""

    cell: str
    error: BaseException | None = None

    def hint(self) -> str:
        """Return the end of a sentence about a name that is not defined."""
        if self.error is None:
            return f"{self.cell} sets it, but of a notebook only definitions, imports and constants are run"
        return f"{self.cell} sets it, but raised {type(self.error).__name__} there: {self.error}"


@dataclass
class Cells:
    """Runs the cells of one notebook in one namespace, and remembers what is lost and why."""

    space: MutableMapping[str, Any]
    caught: type[BaseException] | tuple[type[BaseException], ...]
    runs_all: bool = False
    lost: dict[str, Lost] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    _chooser: Chooser = field(default_factory=Chooser)
    _flags: int = 0

    def run(self, source: bytes, path: str, cell: str) -> None:
        """Run one cell: `path` is what it is compiled under, `cell` is `cell 5`."""
        text = source.decode()
        try:
            statements = ast.parse(text, path).body
        except self.caught as error:
            self.lose(source, Lost(cell, _as_syntax_error(error, text, path)))
            return
        runs_all = self.runs_all
        for statement in statements:
            if not runs_all and not self._chooser.is_run(statement):
                self._forget(statement, Lost(cell))
                continue
            try:
                self._execute(statement, path)
            except self.caught as error:
                _explain(error, self.lost)
                self._forget(statement, Lost(cell, error))
                # As in Jupyter the rest of the cell is not run, but its definitions count.
                runs_all = False

    def lose(self, source: bytes, lost: Lost) -> None:
        """Take note of a cell that cannot be run, with all that seems to be defined in it."""
        error = lost.error
        if isinstance(error, SyntaxError):
            self.notes.append(f"{lost.cell} was skipped: {error.msg} (line {error.lineno})")
        elif error is not None:
            self.notes.append(f"{lost.cell} was skipped: {error}")
        for name in _DEFINED.findall(source.decode("utf-8", "replace")):
            self.lost[name] = lost

    def _forget(self, statement: ast.stmt, lost: Lost) -> None:
        # As in Jupyter, what an earlier cell set stays.
        for name in names_in(statement):
            # An error says more than that a statement was left out.
            if lost.error is not None or name not in self.lost:
                self.lost[name] = lost

    def _execute(self, statement: ast.stmt, path: str) -> None:
        before = set(self.space) if _has_star(statement) else set()
        module = ast.Module([statement], [])
        code = compile(module, path, "exec", self._flags, dont_inherit=True)
        exec(code, self.space)  # type: ignore[arg-type]  # noqa: S102 - running cells is what this is for.
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            # Like Jupyter: it holds for the cells below.
            for alias in statement.names:
                self._flags |= getattr(__future__, alias.name).compiler_flag
        for name in names_in(statement):
            self.lost.pop(name, None)
        self._chooser.note(statement, before, set(self.space) if before else set())

    def missing(self) -> dict[str, Lost]:
        """Return the names that are not defined and why."""
        return {name: lost for name, lost in self.lost.items() if name not in self.space}


def _as_syntax_error(error: BaseException, text: str, path: str) -> BaseException:
    """Return an error that knows its place: NUL characters and deep nesting give errors without one."""
    if isinstance(error, SyntaxError) and error.filename == path and "\0" not in text:
        return error
    line, message = 1, f"it cannot be parsed ({type(error).__name__}: {error})"
    if "\0" in text:
        line, message = text.split("\0", 1)[0].count("\n") + 1, "the cell holds a NUL character, so it is not text"
    return SyntaxError(message, (path, line, None, None))


def _has_star(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.names[0].name == "*"


def raiser(name: str, lost: Lost) -> Callable[..., Any]:
    """Return a function that raises why the real one could not be defined."""
    error = lost.error if lost.error is not None else NameError(f"name {name!r} is not defined; {lost.hint()}")
    traceback = error.__traceback__

    def refuse(*arguments: object, **options: object) -> Any:
        # Raising the same error again would make its traceback longer and longer.
        raise error.with_traceback(traceback)

    return refuse


def explained(function: Any, missing: Mapping[str, Lost]) -> Callable[..., Any]:
    """Return the function with a hint in its NameErrors about names that were not set."""

    def call(*arguments: Any, **options: Any) -> Any:
        try:
            return function(*arguments, **options)
        except NameError as error:
            _explain(error, missing)
            raise

    return call


def _explain(error: BaseException, missing: Mapping[str, Lost]) -> None:
    """Add to a NameError why the name is not there."""
    lost = missing.get(getattr(error, "name", None) or "") if isinstance(error, NameError) else None
    if lost is not None and len(error.args) == 1 and isinstance(error.args[0], str):
        error.args = (f"{error.args[0]}; {lost.hint()}",)
