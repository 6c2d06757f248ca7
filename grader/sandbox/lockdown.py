"""Locks the process that is about to run student code. Layers are applied in order; later ones need earlier ones.

A layer that this machine does not offer is reported with its reason, never passed over in silence.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from grader.sandbox import accounts, kernel, landlock, places, seccomp
from grader.sandbox.limits import Limits

# A backstop for when nobody is left to enforce the limits of a request.
_LIFETIME_REQUESTS = 60
_DESCRIPTORS = 64
# Threads of a worker with a user of its own; where users are shared, so many more than the machine runs now.
_THREADS, _MORE_THREADS = 64, 256
# Descriptors that are made before a worker is forked stay clear of those that it arranges.
_FIRST_DESCRIPTOR = 24


@dataclass(frozen=True)
class Locks:
    """The layers that hold, in order, and those that do not, each as `(name, reason)`."""

    layers: tuple[str, ...]
    missing: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Kit:
    """What is made once for all workers: see `prepare`. `reasons` say by layer why it cannot be had."""

    ruleset: int | None = None
    doors: Mapping[str, int] = field(default_factory=dict)
    users: tuple[int, int] | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Setting:
    """What the layers need to know: limits, descriptors to keep, and who forked this process, if it was forked."""

    limits: Limits
    keep: Sequence[int]
    parent: int | None
    kit: Kit


class MissingLayerError(Exception):
    """A layer cannot be had here; the text is the reason."""


def prepare(numpy_folder: str, without: Collection[str] = ()) -> Kit:
    """Return what workers need for their locks; makes descriptors that they inherit, and imports through them.

    Layers named in `without` are left out, so that a test can see what the others are worth.
    """
    reasons = dict.fromkeys(without, "left out on request")
    ruleset, users, doors = None, None, {}
    if "landlock" not in without:
        try:
            rules = landlock.build(places.readable(numpy_folder), places.python_folders(), places.WRITABLE)
            ruleset = _out_of_the_way(rules)
        except OSError as error:
            reasons["landlock"] = _reason(error)
    if "seccomp" not in without:
        try:
            seccomp.check()
        except (seccomp.UnknownMachineError, OSError) as error:
            reasons["seccomp"] = _reason(error)
    if "user" not in without:
        try:
            users = accounts.base()
            doors = _open_doors(numpy_folder, ruleset)
            # Here, not in each worker: this process may use the doors too.
            places.go_through(doors, sys.modules)
        except (accounts.NoAccountError, OSError) as error:
            users, reasons["user"] = None, _reason(error)
    return Kit(ruleset, doors, users, reasons)


def lock(setting: Setting) -> Locks:
    """Apply every layer there is to this process; return which hold."""
    layers: list[str] = []
    missing: list[tuple[str, str]] = []
    for name, apply in LAYERS:
        try:
            if name in setting.kit.reasons:
                raise MissingLayerError(setting.kit.reasons[name])
            apply(setting, layers)
            layers.append(name)
        except (MissingLayerError, seccomp.UnknownMachineError, OSError, ValueError, ImportError) as error:
            missing.append((name, _reason(error)))
    return Locks(tuple(layers), tuple(missing))


def _reason(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text[:1].lower() + text[1:]


# --- before workers are forked ----------------------------------------------------------------------------


def _open_doors(numpy_folder: str, ruleset: int | None) -> dict[str, int]:
    """Return descriptors of the folders that a worker with a user of its own could not come to by name."""
    closed = places.closed_folders(numpy_folder)
    if closed and ruleset is None:
        # From a folder one can go up; only Landlock keeps what is there closed.
        raise accounts.NoAccountError(f"{closed[0]} lies in a private folder, so another user has no Python")
    return {folder: _out_of_the_way(os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)) for folder in closed}


def _out_of_the_way(descriptor: int) -> int:
    import fcntl  # Windows has no such module.

    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _FIRST_DESCRIPTOR)
    os.close(descriptor)
    return moved


# --- the layers -------------------------------------------------------------------------------------------


def _close_descriptors(setting: Setting, held: Sequence[str]) -> None:
    if sys.platform == "win32":
        raise MissingLayerError("Windows has no list of descriptors; none are inherited but the pipes")
    keep = {*setting.keep, *setting.kit.doors.values(), setting.kit.ruleset}
    folder = "/proc/self/fd" if sys.platform == "linux" else "/dev/fd"
    for name in os.listdir(folder):
        if int(name) not in keep:
            # The descriptor of the listing itself is closed by now.
            with contextlib.suppress(OSError):
                os.close(int(name))


def _clear_environment(setting: Setting, held: Sequence[str]) -> None:
    os.environ.clear()


def _leave_session(setting: Setting, held: Sequence[str]) -> None:
    if sys.platform == "win32":
        raise MissingLayerError("Windows has no sessions of processes")
    if os.getsid(0) != os.getpid():
        os.setsid()


def _die_with_parent(setting: Setting, held: Sequence[str]) -> None:
    if setting.parent is None:
        raise MissingLayerError("the process was spawned; it ends when its pipe closes")
    kernel.set_death_signal(signal.SIGKILL)
    if os.getppid() != setting.parent:
        os._exit(1)


def _go_first(setting: Setting, held: Sequence[str]) -> None:
    """Let the kernel end this process, not the grader, where memory runs out."""
    # The process that forked this one hid its memory; then this file is root's.
    kernel.hide_memory(False)
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")
    finally:
        kernel.hide_memory()


def _set_limits(setting: Setting, held: Sequence[str]) -> None:
    if sys.platform == "win32":
        raise MissingLayerError("Windows has no resource limits")
    import resource  # Windows has no such module.

    limits = setting.limits
    lifetime_s = int(limits.problem_cpu_s * _LIFETIME_REQUESTS) + 1
    wanted = (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _DESCRIPTORS),
        (resource.RLIMIT_NPROC, _count_threads(setting)),
        (resource.RLIMIT_CPU, lifetime_s),
        (resource.RLIMIT_AS, limits.memory_mb * 2**20),
    )
    for kind, value in wanted:
        hard = resource.getrlimit(kind)[1]
        lowest = value if hard == resource.RLIM_INFINITY else min(value, hard)
        # At the hard limit the signal says nothing of the reason.
        spare = 1 if kind == resource.RLIMIT_CPU and lowest == value else 0
        resource.setrlimit(kind, (lowest, lowest + spare))


def _count_threads(setting: Setting) -> int:
    """Return how many threads the worker's user may have: the kernel counts by user, not by process."""
    if setting.kit.users is not None:
        return _THREADS
    try:
        with open("/proc/loadavg") as file:
            return int(file.read().split()[3].partition("/")[2]) + _MORE_THREADS
    except (OSError, LookupError, ValueError):
        return 2**12


def _become_nobody(setting: Setting, held: Sequence[str]) -> None:
    """Run as a user that owns nothing."""
    kit = setting.kit
    if kit.users is None:
        raise MissingLayerError(f"{sys.platform} is not supported")
    accounts.become(accounts.user_of(os.getpid(), kit.users))
    # Another user is no longer told when the parent ends.
    if setting.parent is not None:
        _die_with_parent(setting, held)


def _refuse_new_privileges(setting: Setting, held: Sequence[str]) -> None:
    kernel.refuse_new_privileges()


def _restrict_files(setting: Setting, held: Sequence[str]) -> None:
    ruleset = setting.kit.ruleset
    if ruleset is None:
        raise MissingLayerError(f"{sys.platform} has no Landlock")
    try:
        if len(os.listdir("/proc/self/task")) != 1:
            raise MissingLayerError("the process has several threads")
        landlock.restrict(ruleset)
    finally:
        os.close(ruleset)


def _filter_calls(setting: Setting, held: Sequence[str]) -> None:
    program = seccomp.assemble(seccomp.machine(), os.getpid(), refuse_writing="landlock" not in held)
    seccomp.install(program)


# The order matters: Landlock's rules are made before the user changes, seccomp comes last.
LAYERS: tuple[tuple[str, Callable[[Setting, Sequence[str]], None]], ...] = (
    ("descriptors", _close_descriptors),
    ("environment", _clear_environment),
    ("session", _leave_session),
    ("death signal", _die_with_parent),
    ("first to go", _go_first),
    ("limits", _set_limits),
    ("user", _become_nobody),
    ("no new privileges", _refuse_new_privileges),
    ("landlock", _restrict_files),
    ("seccomp", _filter_calls),
)
