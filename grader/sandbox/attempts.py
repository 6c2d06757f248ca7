"""What the throwaway worker attempts: each forbidden thing once, so that success would do no harm."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from grader.sandbox import kernel

# Nothing listens on the discard service.
_ADDRESS = ("127.0.0.1", 9)
# Where everybody may write.
_SHARED_FOLDER = "/tmp"
_REFUSALS = (errno.EPERM, errno.EACCES, errno.EROFS)


@dataclass(frozen=True)
class Scene:
    """What there is to attack: the grader's processes and files, paths kept from students, and a limit."""

    processes: Sequence[int]
    private: Sequence[str]
    memory_mb: int


def attempt_all(scene: Scene) -> bytes:
    """Attempt everything; return a line each: `-` refused or `+` allowed, and what it was."""
    lines = []
    for name, attempt in ATTEMPTS.items():
        lines.append(("-" if _is_refused(attempt, scene) else "+") + name)
    return "\n".join(lines).encode()


def _is_refused(attempt: Callable[[Scene], None], scene: Scene) -> bool:
    try:
        attempt(scene)
    except MemoryError:
        return True
    except OSError as error:
        return error.errno in _REFUSALS
    return False


def _each(acts: Sequence[Callable[[], object]]) -> None:
    """Do all of them; one that succeeds is enough, and what is not there cannot be taken."""
    for act in acts:
        try:
            act()
            return
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            if error.errno not in _REFUSALS:
                return
    raise PermissionError(errno.EPERM, "all of them were refused")


def _read(path: str) -> None:
    os.close(os.open(path, os.O_RDONLY))


def _read_own_files(scene: Scene) -> None:
    _read(__file__)


def _read_private(scene: Scene) -> None:
    _each([lambda path=path: _read(path) for path in scene.private])  # type: ignore[misc]


def _write(scene: Scene) -> None:
    folders = [_SHARED_FOLDER, *(os.path.dirname(path) for path in scene.private)]
    _each([lambda folder=folder: _write_in(folder) for folder in folders])  # type: ignore[misc]


def _write_in(folder: str) -> None:
    path = os.path.join(folder, f".grader-trial-{os.getpid()}")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    os.close(descriptor)
    os.unlink(path)


def _change_mode(scene: Scene) -> None:
    os.chmod(__file__, os.stat(__file__).st_mode)


def _become_grader(scene: Scene) -> None:
    user = os.stat(f"/proc/{scene.processes[0]}").st_uid
    os.setresuid(user, user, user)


def _read_memory(scene: Scene) -> None:
    _each([lambda pid=pid: _read(f"/proc/{pid}/mem") for pid in scene.processes])  # type: ignore[misc]


def _trace(scene: Scene) -> None:
    _each([lambda pid=pid: kernel.trace(pid) for pid in scene.processes])  # type: ignore[misc]


def _signal(scene: Scene) -> None:
    _each([lambda pid=pid: os.kill(pid, 0) for pid in scene.processes])  # type: ignore[misc]


def _connect(scene: Scene) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as one:
        one.settimeout(0.1)
        one.connect(_ADDRESS)


def _send(scene: Scene) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(b"", _ADDRESS)


def _listen(scene: Scene) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as one:
        one.bind(f"\0grader-trial-{os.getpid()}")
        one.listen(1)


def _fork(scene: Scene) -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def _execute(scene: Scene) -> None:
    # There is no such program, which only a process that may run one is told.
    os.execve("/nonexistent", ["/nonexistent"], {})


def _allocate(scene: Scene) -> None:
    np.empty(scene.memory_mb * 2**20, np.uint8)


# The names are those of `levels.ATTEMPTS`.
ATTEMPTS: Mapping[str, Callable[[Scene], None]] = {
    "read the grader's files": _read_own_files,
    "read what is kept from students": _read_private,
    "write a file": _write,
    "change a file's mode": _change_mode,
    "become the grader's user": _become_grader,
    "read the grader's memory": _read_memory,
    "trace the grader": _trace,
    "signal the grader": _signal,
    "connect over TCP": _connect,
    "send over UDP": _send,
    "listen on a socket": _listen,
    "fork": _fork,
    "run another program": _execute,
    "use more memory than allowed": _allocate,
}
