"""The direction of imports, what start-up must not pull in, and which words the project does not use."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "grader"

# Each layer may import what stands before it (and itself), never what comes after.
LAYERS = (
    (
        "grader",
        "grader.errors",
        "grader.files",
        "grader.pictures",
        "grader.report",
        "grader.catalogue",
        "grader.figures",
        "grader.notebook",
        "grader.memory",
        "grader.progress",
    ),
    ("grader.sandbox",),
    ("grader.intake",),
    ("grader.checks",),
    ("grader.assignment", "grader.hints"),
    ("grader.bank",),
    ("grader.engine", "grader.excuses", "grader.ahead", "grader.explore"),
    ("grader.render",),
    ("grader.authoring", "grader.gradescope", "grader.submit", "grader.watch", "grader.printing"),
    ("grader.batch",),
    ("grader.pytest_plugin", "grader.live", "grader.opened", "grader.debugged"),
    ("grader.cli", "grader.__main__"),
)


def modules() -> dict[str, Path]:
    names = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


def imports_of(path: Path, known: dict[str, Path]) -> set[str]:
    """All imports of ours, also those inside functions; `from package import module` counts as the module."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in known else node.module for name in names}
    return {name for name in found if name in known}


def rank(module: str) -> int:
    fitting = [
        (len(name), number)
        for number, layer in enumerate(LAYERS)
        for name in layer
        if module == name or module.startswith(name + ".")
    ]
    return max(fitting)[1]


def test_imports_point_one_way():
    """A module imports its own layer and those before it."""
    known = modules()
    wrong = [
        f"{module} imports {imported}"
        for module, path in known.items()
        for imported in imports_of(path, known)
        if rank(imported) > rank(module)
    ]
    assert wrong == []


def test_no_module_imports_itself_through_others():
    """There is no import cycle, not even one hidden in a function or behind TYPE_CHECKING at run time."""
    known = modules()
    graph = {}
    for module, path in known.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        checking = {
            id(inner)
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
            for inner in ast.walk(node)
        }
        found = set()
        for node in ast.walk(tree):
            if id(node) in checking:
                continue
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = {f"{node.module}.{alias.name}" for alias in node.names}
                found |= {name if name in known else node.module for name in names}
        graph[module] = {name for name in found if name in known and name != module}
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, f"import cycle: {' -> '.join([*path, module])}"
        if module not in done:
            for imported in graph[module]:
                visit(imported, (*path, module))
            done.add(module)

    for module in graph:
        visit(module, ())


@pytest.mark.parametrize("name", [path.parent.name for path in (ROOT / "assignments").glob("*/assignment.py")])
def test_importing_an_assignment_pulls_in_neither_hypothesis_nor_scipy(name):
    """Declarations are plain data: strategies and quantiles are made when a bank is built."""
    code = (
        "import sys; from pathlib import Path; from grader.assignment import Course, load; "
        f"load(Course(Path({str(ROOT)!r})), {name!r}); "
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'hypothesis', 'scipy', 'pytest', 'matplotlib'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_worker_imports_nothing_of_ours_but_its_own_folder():
    """What runs beside student code knows nothing of checks, banks or reports."""
    known = modules()
    for name in ("worker", "program", "lockdown", "importer"):
        path = PACKAGE / "sandbox" / f"{name}.py"
        if path.is_file():
            assert all(imported.startswith("grader.sandbox") for imported in imports_of(path, known)), name


def test_public_functions_have_docstrings():
    """Every public module, class and function of the package says what it is for."""
    missing = []
    for module, path in modules().items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if not ast.get_docstring(tree) and path.read_text().strip():
            missing.append(module)
        for node in tree.body:
            named = isinstance(node, (ast.FunctionDef, ast.ClassDef))
            if named and not node.name.startswith("_") and not ast.get_docstring(node):
                missing.append(f"{module}.{node.name}")
    assert missing == []


def test_no_two_test_modules_share_a_name():
    """The folders of tests are no packages: of two modules with one name pytest can import only the first."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))
