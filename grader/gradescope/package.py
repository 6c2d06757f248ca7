"""The zip to upload: reproducible, and without a line of the solutions.

Inside: `setup.sh`, `run_autograder`, our wheel, the declaration, the banks (the public one and the hidden one
of the instructor's secret seed) and the settings.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

import grader
from grader import __version__
from grader.assignment import Assignment, Course
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
_MOMENT = (1980, 1, 1, 0, 0, 0)


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
    return write_zip(files), hashes


def build_probe() -> bytes:
    """Return the small zip that only reports which isolation level is reached on the platform."""
    return write_zip(_common(Settings()))


def _common(settings: Settings) -> dict[str, bytes]:
    return {
        **{name: _template(name).encode() for name in ("setup.sh", "run_autograder")},
        "requirements.txt": REQUIREMENTS.encode(),
        f"grader-{__version__}-py3-none-any.whl": build_wheel(),
        CONFIG: settings.to_json().encode(),
    }


def _template(name: str) -> str:
    return resources.files("grader.gradescope").joinpath("templates").joinpath(name).read_text(encoding="utf-8")


def build_wheel() -> bytes:
    """Return this package as a wheel, from the files that are running.

    Written by hand (a wheel is a zip with three small files more): building one with the packaging tools would
    need the network, and an installed package has no sources to build from.
    """
    package = Path(grader.__file__).parent
    files = {
        f"grader/{path.relative_to(package).as_posix()}": path.read_bytes()
        for path in sorted(package.rglob("*"))
        if path.is_file() and _belongs(path.relative_to(package))
    }
    info = f"grader-{__version__}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: grader\nVersion: {__version__}\nRequires-Python: >=3.10\n"
    files[f"{info}/METADATA"] = f"{metadata}Requires-Dist: numpy\n".encode()
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: grader\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    record = "".join(f"{name},sha256={_digest(data)},{len(data)}\n" for name, data in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    return write_zip(files)


def _belongs(path: Path) -> bool:
    """Whether a file is a part of the package: modules and templates, no caches of any tool."""
    if any(part.startswith(".") or part == "__pycache__" for part in path.parts):
        return False
    return path.suffix == ".py" or path.name == "py.typed" or "templates" in path.parts


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def write_zip(files: Mapping[str, bytes]) -> bytes:
    """Return a zip whose bytes depend on nothing but names and contents."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            is_script = name in ("setup.sh", "run_autograder")
            entry.external_attr = (0o100755 if is_script else 0o100644) << 16
            archive.writestr(entry, files[name])
    return buffer.getvalue()
