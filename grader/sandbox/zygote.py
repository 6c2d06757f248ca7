"""The grader's side of starting workers: a process that has NumPy already and forks them, or a fresh process each.

Nothing here imports NumPy, so that the grader can import it while the zygote does.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from types import TracebackType

from grader.errors import SandboxError
from grader.sandbox.channel import Channel, Exit, PipeChannel, ThreadChannel
from grader.sandbox.levels import Trial, read_trial
from grader.sandbox.limits import Limits
from grader.sandbox.orders import ANSWER, END, FORK, NO_FORK, ORDER, PATHS_BYTES, TRY, UNKNOWN
from grader.sandbox.output import Output

_PIPE_BYTES = 2**20
_RESTARTS = 20
_ANSWER_S = 60.0
_TRIAL_S = 60.0


class Zygote:
    """Starts workers. It is ready at once: the process behind it comes up while the grader goes on.

    With `spawn`, and wherever the system cannot fork safely, each worker is a fresh process: slower, and only
    the grader's own deadlines hold everywhere. `private` are paths that are kept from students, which a throwaway
    worker tries to read. Layers named in `without` are left out, so that a test can see what the others are worth.
    """

    def __init__(
        self,
        *,
        spawn: bool = False,
        limits: Limits | None = None,
        private: Sequence[str] = (),
        without: Collection[str] = (),
    ) -> None:
        self.limits = limits or Limits()
        self.spawns = spawn or sys.platform != "linux"
        self._private = [os.path.abspath(path) for path in private]
        self._without = ",".join(without)
        self._lock = threading.Lock()
        self._trying: int | None = None
        self._trial: Trial | None = None
        self._restarts = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        if not self.spawns:
            self._start()

    def __enter__(self) -> Zygote:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process and every worker that it still has."""
        with self._lock:
            self._stop()

    def start_worker(self, limits: Limits, output: Output | None) -> Channel:
        """Return the channel to a new worker, which prints to `output`.

        Raises:
            SandboxError: the process for student code cannot be started.
        """
        if sys.platform == "linux":
            from grader.sandbox import kernel  # For start-up time; NumPy has imported ctypes by now.

            with contextlib.suppress(OSError):
                kernel.hide_memory()
        return self._spawn(limits, output) if self.spawns else self._fork(limits, output)

    def find_trial(self) -> Trial | None:
        """Return what a throwaway worker was refused, tried once; None where workers are not forked."""
        if self.spawns:
            return None
        with self._lock:
            if self._trial is None:
                self._trial = self._read_trial()
            return self._trial

    # --- the process that forks ---------------------------------------------------------------------------

    def _start(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                _command(
                    "from grader.sandbox.forker import main; main(sys.argv[1:])",
                    [str(theirs.fileno()), self._without],
                ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=(theirs.fileno(),),
                cwd=os.sep,
                env=_environment(),
                start_new_session=True,  # Ctrl-C is for the grader, which then ends the others.
            )
        # A submission may stop the zygote; then it counts as dead.
        ours.settimeout(_ANSWER_S)
        self._control = ours
        if self._trial is None:
            self._order_trial(ours)

    def _order_trial(self, control: socket.socket) -> None:
        """Have the locks tried first of all, while the grader is still busy with other things."""
        limits = self.limits
        order = ORDER.pack(TRY, 0, limits.call_cpu_s, limits.problem_cpu_s, limits.wall_factor, limits.memory_mb, False)
        paths = b"\0".join(map(os.fsencode, self._private))
        if len(paths) > PATHS_BYTES:
            raise SandboxError("the paths that are kept from students are too long to be tried")
        result, given = os.pipe()
        try:
            socket.send_fds(control, [order + paths], [given])
        finally:
            os.close(given)
        self._forget_trial()
        self._trying = result

    def _forget_trial(self) -> None:
        if self._trying is not None:
            os.close(self._trying)
            self._trying = None

    def _read_trial(self) -> Trial:
        if self._trying is None:
            return Trial(reason="the process for student code was closed")
        end_s = time.monotonic() + _TRIAL_S
        data = b""
        while select.select([self._trying], [], [], max(0.0, end_s - time.monotonic()))[0]:
            part = os.read(self._trying, 2**12)
            data += part
            if not part:
                break
        self._forget_trial()
        return read_trial(data)

    def _stop(self) -> None:
        self._forget_trial()
        if self._control is not None:
            self._control.close()
            self._control = None
        process, self._process = self._process, None
        if process is not None:
            assert process.stderr is not None
            process.stderr.close()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _fork(self, limits: Limits, output: Output | None) -> PipeChannel:
        with contextlib.ExitStack() as theirs:
            request_out, request_in = _pipe(theirs, keep=1)
            reply_out, reply_in = _pipe(theirs, keep=0)
            ours, given = [request_in, reply_out], [request_out, reply_in]
            if output is not None:
                printed_out, printed_in = _pipe(theirs, keep=0)
                ours.append(printed_out)
                given.append(printed_in)
            try:
                pid = self._ask_again(limits, given)
            except SandboxError:
                for descriptor in ours:
                    os.close(descriptor)
                raise
        printed = ours[2] if output is not None else None
        return PipeChannel(pid, ours[0], ours[1], printed, output, lambda: self._end(pid))

    def _ask_again(self, limits: Limits, descriptors: list[int]) -> int:
        """Ask for a fork. A zygote that a submission killed is replaced, some times."""
        question = ORDER.pack(
            FORK,
            0,
            limits.call_cpu_s,
            limits.problem_cpu_s,
            limits.wall_factor,
            limits.memory_mb,
            len(descriptors) == 3,
        )
        with self._lock:
            while True:
                try:
                    pid, status, _ = self._ask(question, descriptors)
                    if pid == NO_FORK:
                        raise SandboxError(f"no process for student code could be made: {os.strerror(status)}")
                    return pid
                except OSError:
                    reason = self._find_reason()
                    self._stop()
                    self._restarts += 1
                    if reason or self._restarts > _RESTARTS:
                        raise SandboxError(
                            f"the process for student code ended: {reason or 'it was killed again and again'}"
                        ) from None
                    self._start()

    def _end(self, pid: int) -> Exit:
        with self._lock:
            try:
                _, status, cpu_s = self._ask(ORDER.pack(END, pid, 0.0, 0.0, 0.0, 0, False), [])
            except OSError:  # The zygote is gone, and its workers with it.
                return Exit(None, 0.0)
        return Exit(None if status == UNKNOWN else status, cpu_s)

    def _ask(self, question: bytes, descriptors: list[int]) -> tuple[int, int, float]:
        if self._control is None:
            raise OSError("the zygote is closed")
        if descriptors:
            socket.send_fds(self._control, [question], descriptors)
        else:
            self._control.send(question)
        answer = self._control.recv(ANSWER.size)
        if not answer:
            raise OSError("the zygote has ended")
        pid, status, cpu_s = ANSWER.unpack(answer)
        return pid, status, cpu_s

    def _find_reason(self) -> str:
        """Return why the process could not start, in its own words; nothing where it was killed."""
        if self._process is None:
            return "it was closed"
        assert self._process.stderr is not None
        os.set_blocking(self._process.stderr.fileno(), False)
        lines = (self._process.stderr.read() or b"").decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""

    # --- one process each ---------------------------------------------------------------------------------

    def _spawn(self, limits: Limits, output: Output | None) -> ThreadChannel:
        numbers = (limits.call_cpu_s, limits.problem_cpu_s, limits.wall_factor, limits.memory_mb)
        process = subprocess.Popen(
            _command(
                "from grader.sandbox.worker import start_spawned; start_spawned(sys.argv[1:])",
                [*map(str, numbers), self._without],
            ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if output is None else subprocess.PIPE,
            cwd=os.path.abspath(os.sep),
            env=_environment(),
            start_new_session=True,
        )
        return ThreadChannel(process, output)


def _command(code: str, arguments: list[str]) -> list[str]:
    """Return the command of an isolated interpreter that finds our package and NumPy, and no other package."""
    folders = dict.fromkeys([str(Path(__file__).parents[2]), _numpy_folder()])
    path = f"import sys; sys.path += {list(folders)!r}; "
    return [sys.executable, "-I", "-S", "-X", "utf8", "-c", path + code, *arguments, *folders]


def _numpy_folder() -> str:
    found = importlib.util.find_spec("numpy")
    if found is None or found.origin is None:
        raise SandboxError("NumPy is not installed; install it with `pip install numpy`")
    return str(Path(found.origin).parents[1])


def _environment() -> dict[str, str]:
    """Return an environment with one thread for NumPy, and what an interpreter may need to start at all."""
    kept = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
    threads = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
    # A worker touches memory for the first time again and again: in huge pages that is half as many interruptions.
    pages = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
    return {name: os.environ[name] for name in kept if name in os.environ} | dict.fromkeys(threads, "1") | pages


def _pipe(theirs: contextlib.ExitStack, keep: int) -> tuple[int, int]:
    """Return a large pipe. The end at `keep` is ours and never blocks; the other is closed with `theirs`."""
    ends = os.pipe()
    os.set_blocking(ends[keep], False)
    theirs.callback(os.close, ends[1 - keep])
    if sys.platform == "linux":
        import fcntl

        with contextlib.suppress(OSError):  # Fewer bytes at a time are slower, not wrong.
            fcntl.fcntl(ends[0], 1031, _PIPE_BYTES)  # F_SETPIPE_SZ, which Python 3.10 names, 3.9 did not.
    return ends
