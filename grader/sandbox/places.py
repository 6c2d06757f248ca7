"""Where Python and NumPy lie on this machine: what student code may read, and how it gets there as another user.

Packages beside NumPy are left out, ours among them, and so are all other files of the machine.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Mapping, Sequence
from types import ModuleType

_PACKAGES = ("site-packages", "dist-packages")
# The loader's index of libraries, time zones, locales, and devices that hold nothing.
_COMMON = (
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/usr/share/zoneinfo",
    "/usr/lib/locale",
    "/dev/urandom",
    "/dev/zero",
)
WRITABLE = ("/dev/null",)


def readable(numpy_folder: str) -> list[str]:
    """Return files and folders that Python and NumPy may need after they have started."""
    found = [*_COMMON, numpy_folder, f"{numpy_folder}.libs"]
    for folder in python_folders():
        found += [entry.path for entry in _entries(folder) if entry.name not in _PACKAGES]
    for folder in _library_folders():
        entries = list(_entries(folder))
        if any(entry.name.startswith("python") for entry in entries):
            found += [entry.path for entry in entries if ".so" in entry.name]
        else:
            found.append(folder)
    return list(dict.fromkeys(found))


def python_folders() -> list[str]:
    """Return the standard library's folders; importing lists them."""
    return [path for path in sys.path if os.path.isdir(path)]


def _library_folders() -> list[str]:
    """Return where shared libraries lie: a module that is imported late may need more of them."""
    folders = {f"{sys.base_prefix}/lib"}
    try:
        with open("/proc/self/maps") as maps:
            paths = [line[line.index("/") :].rstrip() for line in maps if "/" in line and ".so" in line]
    except OSError:
        paths = []
    folders |= {os.path.dirname(path) for path in paths}
    return sorted(folder for folder in folders if not any(name in folder for name in ("lib-dynload", *_PACKAGES)))


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except OSError:
        return


def closed_folders(numpy_folder: str) -> list[str]:
    """Return the folders of Python and NumPy that another user cannot come to, since one above them is private.

    Raises:
        PermissionError: they are private themselves.
    """
    folders = [*python_folders(), numpy_folder]
    for path, right in [
        (os.__file__, stat.S_IROTH),
        (f"{numpy_folder}/__init__.py", stat.S_IROTH),
        *((folder, stat.S_IXOTH) for folder in folders),
    ]:
        if not os.stat(path).st_mode & right:
            raise PermissionError(f"only its owner may read {path}")
    closed: list[str] = []
    for folder in sorted(set(folders)):
        # One door opens all that is below it.
        is_below = any(folder.startswith(door + os.sep) for door in closed)
        if not is_below and not (_is_open(folder) and _is_open(os.path.realpath(folder))):
            closed.append(folder)
    return closed


def _is_open(folder: str) -> bool:
    while folder != os.path.dirname(folder):
        folder = os.path.dirname(folder)
        if not os.stat(folder).st_mode & stat.S_IXOTH:
            return False
    return True


def go_through(doors: Mapping[str, int], modules: Mapping[str, ModuleType]) -> None:
    """Let this process import from folders that it can only come to through open descriptors.

    `doors` are descriptors by folder, perhaps none. A path through `/proc/self/fd` does not touch the folders above.
    """
    if not doors:
        return
    known = sorted(((folder, f"/proc/self/fd/{number}") for folder, number in doors.items()), reverse=True)
    sys.path[:] = [_redirect(path, known) for path in sys.path]
    for module in list(modules.values()):
        folders = getattr(module, "__path__", None)
        if type(folders) is list:
            folders[:] = [_redirect(path, known) for path in folders]
    sys.path_importer_cache.clear()


def _redirect(path: str, known: Sequence[tuple[str, str]]) -> str:
    for folder, door in known:
        if path == folder or path.startswith(folder + os.sep):
            return door + path[len(folder) :]
    return path
