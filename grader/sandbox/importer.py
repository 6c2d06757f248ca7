"""Imports a submission from memory: its files by plain name, NumPy, the standard library, and nothing else."""

from __future__ import annotations

import ast
import builtins
import codecs
import importlib.util
import linecache
import sys
from collections.abc import Callable, Mapping, Sequence
from types import CodeType, ModuleType
from typing import Any

from grader.sandbox.cells import MODULE, Cells, Lost, explained, raiser
from grader.sandbox.describe import Source, describe_error
from grader.sandbox.notebook_files import NOTEBOOK, is_cell, read_head
from grader.sandbox.stand_ins import STAND_INS, StandIn

_ALLOWED = frozenset(sys.stdlib_module_names) | {"numpy"}
# So many cells may hang or end the process; the rest of such a notebook is not run.
_MOST_BLOCKED = 3


def _ignore(event: list[Any]) -> None:
    """Drop an event that nobody listens for."""


class Importer:
    """Holds the modules of one submission.

    `files` are sources by file name, `names` the paths that people see, `paths` what the code is compiled
    under where that differs. `blocked` files are not run: file name to the error `(type name, sentence)`.
    `arm` starts the limits of one file; `emit` hears `["importing", file]` and `["imported", file]`, so that
    the guilty file is known when the process dies. The files that a notebook stands for (see `cells`) are one
    module, and each of its cells counts as a file in events and errors.
    """

    def __init__(
        self,
        files: Mapping[str, bytes],
        names: Mapping[str, str],
        *,
        paths: Mapping[str, str] | None = None,
        blocked: Mapping[str, Sequence[str]] | None = None,
        arm: Callable[[], None] | None = None,
        emit: Callable[[list[Any]], None] = _ignore,
        caught: type[BaseException] | tuple[type[BaseException], ...] = BaseException,
    ) -> None:
        self._files = files
        self._shown = {file: names.get(file, file) for file in files}
        self._paths = {file: (paths or {}).get(file, self._shown[file]) for file in files}
        self._blocked = blocked or {}
        self._arm = arm or (lambda: None)
        self._emit = emit
        self._caught = caught
        self._by_module = {file[:-3]: file for file in files if file.endswith(".py")}
        head = read_head(files)
        self._served = head.served if head is not None else ()
        self._cells = Cells({}, caught, head.runs_all) if head is not None else None
        self._modules: dict[str, ModuleType] = {}
        self._trees: dict[str, ast.Module] = {}
        self._depth = 0
        self._builtins = {**vars(builtins), "__import__": self._import}
        # Scripts that a notebook was exported to call it at top level.
        self._builtins["get_ipython"] = StandIn("IPython", self._is_importing)
        self.sources = {self._paths[file]: self._read(file) for file in files}
        self.errors: dict[str, list[Any] | None] = {}
        self.stand_ins: dict[str, StandIn] = {}

    def _read(self, file: str) -> Source:
        try:
            text = importlib.util.decode_source(self._files[file])
        # Codecs raise nearly anything; importing the file will say what.
        except Exception:
            text = ""
        lines = text.splitlines(keepends=True)
        linecache.cache[self._paths[file]] = (len(text), None, lines, self._paths[file])
        return Source(self._shown[file], lines)

    def close(self) -> None:
        """Take the submission's modules out of this process's tables."""
        for module in self._modules.values():
            if sys.modules.get(module.__name__) is module:
                del sys.modules[module.__name__]
        for path in self._paths.values():
            linecache.cache.pop(path, None)

    def load(self, wanted: Mapping[str, Sequence[str]]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Import every file. Return the reply to a load request, and the wanted functions that can be called."""
        for module in self._by_module:
            self._load(module)
        functions: dict[str, Any] = {}
        states: dict[str, list[Any]] = {}
        lost = self._cells.missing() if self._cells is not None else {}
        for file, names in wanted.items():
            for name in names:
                states[name] = self._judge(file, name)
                if file in self._served and states[name][0] == "missing" and name in lost:
                    # Called, it says why it is not there; so the cell's error stands where its points are lost.
                    states[name], functions[name] = ["ready", None], raiser(name, lost[name])
                elif states[name][0] in ("ready", "unfinished"):
                    function = vars(self._modules[file[:-3]])[name]
                    functions[name] = explained(function, lost) if lost and file in self._served else function
        modules = {file: self.errors.get(file) for file in self._by_module.values()}
        reply: dict[str, Any] = {"modules": modules, "functions": states, "stand_ins": sorted(self.stand_ins)}
        reply["notes"] = list(self._cells.notes) if self._cells is not None else []
        return reply, functions

    # --- modules ------------------------------------------------------------------------------------------

    def _load(self, name: str) -> None:
        """Run a file once; what it raises becomes its error."""
        file = self._by_module[name]
        if file in self.errors or name in self._modules:
            return
        if file in self._blocked:
            kind, message = self._blocked[file]
            self.errors[file] = ["error", kind, message, []]
            return
        if file in self._served:
            self._load_notebook()
            return
        self._emit(["importing", file])
        self._arm()
        module = ModuleType(name)
        vars(module).update(__file__=self._paths[file], __builtins__=self._builtins)
        self._modules[name] = module
        # A file called random.py is found by its fellows, but NumPy keeps the real one.
        sys.modules.setdefault(name, module)
        self._depth += 1
        try:
            code = compile(self._files[file], self._paths[file], "exec", dont_inherit=True)
            exec(code, vars(module))  # noqa: S102 - running the submission is what this process is for.
            self.errors[file] = None
        except self._caught as error:
            self._forget(module)
            self.errors[file] = ["error", *self._describe(error, file)]
        finally:
            self._depth -= 1
        self._emit(["imported", file])

    def _load_notebook(self) -> None:
        """Run the cells from top to bottom; a cell that did not come back before is left out."""
        assert self._cells is not None
        module = ModuleType(MODULE)
        vars(module).update(__file__=self._shown[NOTEBOOK], __builtins__=self._builtins)
        self._cells.space = vars(module)
        # The module is there before its cells have run: `from layers import f` in a cell may mean itself.
        for file in self._served:
            self._modules[file[:-3]], self.errors[file] = module, None
        sys.modules.setdefault(MODULE, module)
        blocked = 0
        for file in [file for file in self._files if is_cell(file)]:
            source = self._files[file]
            if file in self._blocked or blocked >= _MOST_BLOCKED:
                reason = self._blocked.get(file, ("", f"was not run: {blocked} cells above it did not end"))[1]
                self._cells.lose(source, Lost(file, ImportError(f"{file} {reason}")))
                blocked += file in self._blocked
                continue
            self._emit(["importing", file])
            self._arm()
            self._depth += 1
            try:
                self._cells.run(source, self._paths[file], file)
            finally:
                self._depth -= 1
            self._emit(["imported", file])

    def _describe(self, error: BaseException, file: str) -> list[Any]:
        fault = _find_encoding_fault(self._files[file]) if isinstance(error, (ValueError, SyntaxError)) else None
        if fault is not None:
            message, line = fault
            return ["SyntaxError", message, [[self._shown[file], line, "<module>", ""]]]
        return describe_error(error, self.sources)

    def _forget(self, module: ModuleType) -> None:
        del self._modules[module.__name__]
        if sys.modules.get(module.__name__) is module:
            del sys.modules[module.__name__]

    def _is_importing(self) -> bool:
        return self._depth > 0

    def _import(
        self,
        name: str,
        scope: Mapping[str, object] | None = None,
        local: Mapping[str, object] | None = None,
        wanted: Sequence[str] | None = (),
        level: int = 0,
    ) -> Any:
        """Stand in for `__import__` in the submission's files."""
        root = name.partition(".")[0]
        if level == 0 and root in self._by_module:
            return self._import_own(name, root)
        if level == 0 and root in STAND_INS:
            return self._import_stand_in(root)
        if level == 0 and root not in _ALLOWED:
            text = "only NumPy and the standard library are available while grading"
            raise ModuleNotFoundError(f"No module named {name!r}: {text}", name=name)
        return builtins.__import__(name, scope, local, wanted or (), level)

    def _import_own(self, name: str, root: str) -> ModuleType:
        if name != root:
            raise ModuleNotFoundError(f"No module named {name!r}; {root!r} is not a package", name=name)
        self._load(root)
        file = self._by_module[root]
        error = self.errors.get(file)
        if error is not None:
            reason = f"{error[1]}: {error[2]}" if error[2] else error[1]
            raise ImportError(f"{file} could not be imported ({reason})", name=name)
        return self._modules[root]

    def _import_stand_in(self, root: str) -> StandIn:
        stand_in = self.stand_ins.get(root) or StandIn(root, self._is_importing)
        if not self._is_importing():
            raise RuntimeError(f"{root} is not available while grading")
        self.stand_ins[root] = stand_in
        return stand_in

    # --- functions ----------------------------------------------------------------------------------------

    def _judge(self, file: str, name: str) -> list[Any]:
        """Return `[state, line]` of a wanted function."""
        module = self._modules.get(file[:-3])
        if file in self._by_module.values() and module is None:
            return ["broken_module", None]
        if module is None or name not in vars(module):
            return ["missing", None]
        value = vars(module)[name]
        code = _code_of(value)
        if code is None:
            return ["ready" if callable(value) else "not_a_function", None]
        # A line counts within its cell, and would mislead without it.
        line = None if file in self._served else code.co_firstlineno
        places = [cell for cell in self._files if is_cell(cell)] if file in self._served else [file]
        source = next((place for place in places if self._paths[place] == code.co_filename), None)
        return ["unfinished" if source is not None and self._is_unfinished(source, code) else "ready", line]

    def _is_unfinished(self, file: str, code: CodeType) -> bool:
        # Most functions compute something, and then the file need not be parsed once more.
        if not set(code.co_names) <= {"NotImplementedError"}:
            return False
        if file not in self._trees:
            self._trees[file] = ast.parse(self._files[file])
        for node in ast.walk(self._trees[file]):
            if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
                first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
                if first == code.co_firstlineno:
                    return _is_stub(node)
        return False


def _find_encoding_fault(data: bytes) -> tuple[str, int] | None:
    """Return what is wrong with the bytes of a file that cannot be compiled, and the line, or None."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "the file is saved as UTF-16; save it as UTF-8", 1
    # Python 3.10 and early 3.11 say ValueError where there are NUL bytes, without file or line.
    if b"\0" in data:
        line = data.split(b"\0", 1)[0].count(b"\n") + 1
        return f"the file holds a NUL byte, so it is not text (line {line})", line
    try:
        data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode().split("\n")
        place = f"line {len(before)}, column {len(before[-1]) + 1}"
        return f"the file is not UTF-8 text ({place}); save it as UTF-8", len(before)
    return None


def _code_of(value: Any) -> CodeType | None:
    """Return the code of a function, through decorators that name what they wrap."""
    try:
        for _ in range(16):
            inner = getattr(value, "__wrapped__", None)
            if inner is None:
                break
            value = inner
        code = getattr(value, "__code__", None)
    except Exception:
        return None
    return code if isinstance(code, CodeType) else None


def _is_stub(function: ast.FunctionDef) -> bool:
    """Whether a body, apart from a docstring, only raises NotImplementedError or does nothing."""
    for statement in function.body:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue
        if isinstance(statement, ast.Raise):
            raised = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
            if isinstance(raised, ast.Name) and raised.id == "NotImplementedError":
                continue
        if not isinstance(statement, ast.Pass):
            return False
    return True
