"""This package as a wheel, and zips whose bytes depend on nothing but names and contents."""

from __future__ import annotations

import ast
import base64
import hashlib
import io
import re
import zipfile
from collections.abc import Collection, Iterable, Mapping
from importlib import metadata
from pathlib import Path

import grader
from grader import __version__
from grader.errors import UsageError

WHEEL = f"grader-{__version__}-py3-none-any.whl"
_MOMENT = (1980, 1, 1, 0, 0, 0)


def build_wheel() -> bytes:
    """Return this package as a wheel, from the files that are running.

    Written by hand (a wheel is a zip with four small files more): building one with the packaging tools would
    need the network, and an installed package has no sources to build from. Raises UsageError where the package
    runs without having been installed, or was installed before its sources needed other packages: what it
    requires is then unknown.
    """
    package = Path(grader.__file__).parent
    files = {
        f"grader/{path.relative_to(package).as_posix()}": path.read_bytes()
        for path in sorted(package.rglob("*"))
        if path.is_file() and _belongs(path.relative_to(package))
    }
    about = _about()
    info = f"grader-{__version__}.dist-info"
    files |= {f"{info}/{name}": text.encode() for name, text in about.items()}
    record = "".join(f"{name},sha256={_digest(data)},{len(data)}\n" for name, data in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    return write_zip(files)


def _about() -> dict[str, str]:
    """Return what the wheel says of itself: the requirements and commands that this installation has."""
    try:
        installed = metadata.distribution("grader")
    except metadata.PackageNotFoundError as error:
        raise UsageError("grader is not installed here; `pip install -e .` in its folder, then try again") from error
    needed = [line for line in installed.requires or () if "extra ==" not in line]
    declared = _declared()
    if declared is not None and _names(declared) != _names(needed):
        changed = ", ".join(sorted(_names(declared) ^ _names(needed)))
        raise UsageError(
            f"grader was installed before its requirements changed ({changed}), and what it packs would not start; "
            "run `pip install -e .` in its folder, then try again"
        )
    head = f"Metadata-Version: 2.1\nName: grader\nVersion: {__version__}\nRequires-Python: >=3.10\n"
    groups: dict[str, list[str]] = {}
    for entry in sorted(installed.entry_points, key=lambda entry: (entry.group, entry.name)):
        groups.setdefault(entry.group, []).append(f"{entry.name} = {entry.value}\n")
    return {
        "METADATA": head + "".join(f"Requires-Dist: {line}\n" for line in sorted(needed)),
        "WHEEL": "Wheel-Version: 1.0\nGenerator: grader\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "entry_points.txt": "\n".join(f"[{group}]\n{''.join(lines)}" for group, lines in groups.items()),
    }


def _declared() -> list[str] | None:
    """Return the requirements that the sources declare; None where this is no checkout."""
    project = Path(grader.__file__).parents[1] / "pyproject.toml"
    if not project.is_file():
        return None
    # Python 3.10 has no reader of TOML; this list is written as Python writes one.
    found = re.search(r"^dependencies = (\[.*?^\])", project.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return None if found is None else list(ast.literal_eval(found[1]))


def _names(requirements: Iterable[str]) -> set[str]:
    return {re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0].lower().replace("_", "-") for line in requirements}


def _belongs(path: Path) -> bool:
    """Whether a file is a part of the package: modules and templates, no caches of any tool."""
    if any(part.startswith(".") or part == "__pycache__" for part in path.parts):
        return False
    return path.suffix == ".py" or path.name == "py.typed" or "templates" in path.parts


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def write_zip(files: Mapping[str, bytes], scripts: Collection[str] = ()) -> bytes:
    """Return a zip whose bytes depend on nothing but names and contents. `scripts` may be executed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = (0o100755 if name in scripts else 0o100644) << 16
            archive.writestr(entry, files[name])
    return buffer.getvalue()
