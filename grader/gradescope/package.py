"""The zip to upload: reproducible, and without a line of the solutions.

Inside: `setup.sh`, `run_autograder`, our wheel, the declaration, the banks (the public one and the hidden one
of the instructor's secret seed) and the settings.
"""

from __future__ import annotations

from importlib import resources

from grader.assignment import Assignment, Course
from grader.authoring.wheel import WHEEL, build_wheel, write_zip
from grader.bank import PUBLIC_SEED, Progress, build, parse
from grader.errors import UsageError
from grader.gradescope.settings import CONFIG, Settings

# NumPy's newest releases have no wheel for Python 3.10: 2.2 is the last. The rest is nbformat and all that it needs,
# in releases with wheels for every Python from 3.10 to 3.14: what is not pinned changes between two rebuilds.
REQUIREMENTS = """numpy==2.2.6 ; python_version < "3.11"
numpy==2.3.5 ; python_version >= "3.11"
nbformat==5.10.4
attrs==25.4.0
fastjsonschema==2.21.2
jsonschema==4.25.1
jsonschema-specifications==2025.9.1
jupyter_core==5.9.1
platformdirs==4.5.0
referencing==0.37.0
rpds-py==0.29.0
traitlets==5.14.3
typing_extensions==4.15.0
"""
SCRIPTS = ("setup.sh", "run_autograder")


def build_zip(
    course: Course, assignment: Assignment, settings: Settings, seed: int, progress: Progress | None = None
) -> tuple[bytes, dict[str, str]]:
    """Return the zip's bytes, and the hashes of its two banks. The same arguments give the same bytes.

    Raises UsageError without solutions, or for the public seed as the secret one.
    """
    solutions = course.solutions(assignment.name)
    if solutions is None:
        raise UsageError(f"there is no solutions/{assignment.name}: the banks are built from it")
    if seed == PUBLIC_SEED:
        raise UsageError(f"seed {PUBLIC_SEED} gives the public cases; choose another, and keep it to yourself")
    files = _common(settings)
    hashes = {}
    for kind, number in (("public", PUBLIC_SEED), ("hidden", seed)):
        data = build(assignment, solutions, number, progress)
        files[f"banks/{kind}.bank"] = data
        hashes[kind] = parse(data, kind).hash
    declaration = course.folder(assignment.name) / "assignment.py"
    files[f"course/assignments/{assignment.name}/assignment.py"] = declaration.read_bytes()
    return write_zip(files, SCRIPTS), hashes


def build_probe() -> bytes:
    """Return the small zip that only reports which isolation level is reached on the platform."""
    return write_zip(_common(Settings()), SCRIPTS)


def _common(settings: Settings) -> dict[str, bytes]:
    return {
        **{name: _template(name).encode() for name in SCRIPTS},
        "requirements.txt": REQUIREMENTS.encode(),
        WHEEL: build_wheel(),
        CONFIG: settings.to_json().encode(),
    }


def _template(name: str) -> str:
    return resources.files("grader.gradescope").joinpath("templates").joinpath(name).read_text(encoding="utf-8")
