"""Locks the process that is about to run student code. Layers are applied in order; later ones need earlier ones.

A layer that this machine does not offer is reported with its reason, never passed over in silence.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from grader.sandbox.limits import Limits

_SIGKILL = 9
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
# A backstop for when nobody is left to enforce the limits of a request.
_LIFETIME_REQUESTS = 60
_DESCRIPTORS = 64

_PRCTL = ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None


@dataclass(frozen=True)
class Locks:
    """The layers that hold, in order, and those that do not, each as `(name, reason)`."""

    layers: tuple[str, ...]
    missing: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Setting:
    """What the layers need to know: limits, descriptors to keep, and who forked this process, if it was forked."""

    limits: Limits
    keep: Sequence[int]
    parent: int | None


class MissingLayerError(Exception):
    """A layer cannot be had here; the text is the reason."""


def lock(setting: Setting) -> Locks:
    """Apply every layer there is to this process; return which hold."""
    layers: list[str] = []
    missing: list[tuple[str, str]] = []
    for name, apply in LAYERS:
        try:
            apply(setting)
            layers.append(name)
        except (MissingLayerError, OSError, ValueError, ImportError) as error:
            missing.append((name, str(error)))
    return Locks(tuple(layers), tuple(missing))


def adopt_orphans() -> None:
    """Make this process the parent of its descendants' orphans, so that they can be found and ended."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def _prctl(option: int, value: int) -> None:
    if _PRCTL is None:
        raise MissingLayerError(f"{sys.platform} has no prctl")
    if _PRCTL(option, value, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _close_descriptors(setting: Setting) -> None:
    if sys.platform == "win32":
        raise MissingLayerError("Windows has no list of descriptors; none are inherited but the pipes")
    folder = "/proc/self/fd" if sys.platform == "linux" else "/dev/fd"
    for name in os.listdir(folder):
        if int(name) not in setting.keep:
            try:
                os.close(int(name))
            except OSError:  # The descriptor of the listing itself is closed by now.
                continue


def _clear_environment(setting: Setting) -> None:
    os.environ.clear()


def _leave_session(setting: Setting) -> None:
    if sys.platform == "win32":
        raise MissingLayerError("Windows has no sessions of processes")
    if os.getsid(0) != os.getpid():
        os.setsid()


def _die_with_parent(setting: Setting) -> None:
    if setting.parent is None:
        raise MissingLayerError("the process was spawned; it ends when its pipe closes")
    _prctl(_PR_SET_PDEATHSIG, _SIGKILL)
    if os.getppid() != setting.parent:
        os._exit(1)


def _go_first(setting: Setting) -> None:
    """Let the kernel end this process, not the grader, where memory runs out."""
    if sys.platform != "linux":
        raise MissingLayerError(f"{sys.platform} has no oom_score_adj")
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")


def _set_limits(setting: Setting) -> None:
    if sys.platform == "win32":
        raise MissingLayerError("Windows has no resource limits")
    import resource  # Windows has no such module.

    limits = setting.limits
    lifetime_s = int(limits.problem_cpu_s * _LIFETIME_REQUESTS) + 1
    wanted = (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _DESCRIPTORS),
        (resource.RLIMIT_CPU, lifetime_s),
        (resource.RLIMIT_AS, limits.memory_mb * 2**20),
    )
    for kind, value in wanted:
        hard = resource.getrlimit(kind)[1]
        lowest = value if hard == resource.RLIM_INFINITY else min(value, hard)
        # At the hard limit the signal says nothing of the reason.
        spare = 1 if kind == resource.RLIMIT_CPU and lowest == value else 0
        resource.setrlimit(kind, (lowest, lowest + spare))


# The order matters: Landlock comes before the uid is dropped, seccomp last.
LAYERS: tuple[tuple[str, Callable[[Setting], None]], ...] = (
    ("descriptors", _close_descriptors),
    ("environment", _clear_environment),
    ("session", _leave_session),
    ("death signal", _die_with_parent),
    ("first to go", _go_first),
    ("limits", _set_limits),
)
