"""What a locked worker can still do, all that it cannot, and that it costs little."""

from __future__ import annotations

import ctypes
import os
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from grader.sandbox import codec, landlock, seccomp
from grader.sandbox.limits import Limits
from grader.sandbox.replies import Lost, Raised
from grader.sandbox.student import Student
from grader.sandbox.system_calls import NUMBERS
from grader.sandbox.zygote import Zygote

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="locks are Linux's")

LIMITS = Limits(call_cpu_s=1.0, problem_cpu_s=5.0, wall_factor=4.0)

HELPERS = b"""
import ctypes, os, signal, socket, sys, threading, time
import numpy as np

LIBC = ctypes.CDLL(None, use_errno=True)

def system_call(number, *arguments):
    result = LIBC.syscall(ctypes.c_long(number), *[ctypes.c_long(a) for a in arguments])
    return result if result >= 0 else -ctypes.get_errno()

def act(action):
    space = dict(globals())
    exec(action, space)
    return space.get("result")

def good(x):
    return 2 * x
"""


@pytest.fixture(scope="module")
def zygote():
    with Zygote(limits=LIMITS) as zygote:
        yield zygote


@pytest.fixture(scope="module")
def student(zygote):
    with open_source(zygote, HELPERS, ["act", "good"]) as student:
        if student.isolation.level < 2:
            pytest.skip(f"level {student.isolation.level}: {student.isolation.missing}")
        yield student


def open_source(zygote, source, names, **options):
    return Student(zygote, {"a.py": source}, names={}, wanted={"a.py": names}, **options)


def call(student, name, *inputs):
    program = [["call", name, [["in", i] for i in range(len(inputs))], {}]]
    [[row]] = student.run(codec.encode({"op": "run", "batches": [[program, [list(inputs)]]]}), [[0]])
    return row.steps[-1]


def value(student, action):
    step = call(student, "act", action)
    assert not isinstance(step, (Raised, Lost)), step
    return step.value


# --- what must work ---------------------------------------------------------------------------------------

# Not called: they read or write files, wait for a person, or end the test with pages of text.
FILES = {"fromfile", "genfromtxt", "load", "loadtxt", "memmap", "save", "savetxt", "savez", "savez_compressed"}
NOT_CALLED = FILES | {"fromregex", "DataSource", "info", "show_config", "show_runtime", "test"}

SWEEP = """
import warnings
warnings.simplefilter("ignore")
def sweep(space, skipped):
    refused, called = [], 0
    x, y = np.arange(1.0, 10.0).reshape(3, 3) + np.eye(3), np.array([1.0, 2.0, 3.0])
    for name in sorted(dir(space)):
        function = getattr(space, name)
        if name.startswith("_") or name in skipped or not callable(function):
            continue
        for arguments in ((x,), (y,), (x, x), (x, y), (3,), (y, y, y), ()):
            try:
                function(*arguments)
                called += 1
            except OSError as error:
                refused.append(f"{name}: {error!r}")
            except Exception:
                pass
    return refused, called
"""


@pytest.mark.parametrize(
    "module", ["np", "np.linalg", "np.fft", "np.random", "np.random.default_rng()", "np.ma", "np.strings"]
)
def test_no_function_of_numpy_is_refused_what_it_needs(student, module):
    """Every public function, with several kinds of arguments: none meets an error of the operating system."""
    if module == "np.strings" and not hasattr(np, "strings"):
        pytest.skip("this NumPy has no np.strings")
    refused = value(student, f"{SWEEP}\nfound = sweep({module}, {NOT_CALLED!r})\nprint(found)\nresult = found[1]")
    assert refused > 10
    texts = call(student, "act", f"{SWEEP}\nfound = sweep({module}, {NOT_CALLED!r})[0]\nassert not found, found")
    assert not isinstance(texts, (Raised, Lost)), texts


LATE = {
    "modules that need other libraries": "import bz2, ctypes, decimal, hashlib, lzma, sqlite3, ssl, zlib; result = 1",
    "packages": "import concurrent.futures, email.message, json, logging, unittest.mock, xml.dom; result = 1",
    "the clock and time zones": "import datetime, zoneinfo; result = len(time.strftime('%Z', time.localtime())) > 0",
    "encodings": "result = 'ä'.encode('cp1252').decode('iso8859-15') == 'ä'",
    "locales": "import locale; locale.setlocale(locale.LC_ALL, 'C'); result = 1",
    "tracebacks with source": (
        "import statistics, traceback\n"
        "try: statistics.mean([])\n"
        "except ValueError: result = 'raise StatisticsError' in traceback.format_exc()"
    ),
    "fresh random numbers": "import random, secrets; secrets.token_bytes(8); np.random.default_rng(); result = 1",
    "polynomials": "from numpy.polynomial import Chebyshev; result = float(Chebyshev([0, 1])(1.0))",
    "a thread": "t = threading.Thread(target=len, args=('x',)); t.start(); t.join(); result = 1",
    "callbacks from C": "f = ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 1); result = f()",
    "silence": "f = open(os.devnull, 'w'); f.write('x'); f.close(); result = 1",
    "a pipe": "r, w = os.pipe(); os.write(w, b'x'); result = len(os.read(r, 1))",
    "sleep": "time.sleep(0.001); result = 1",
    "how many processors": "result = os.cpu_count() >= 1",
    "its own limits": "import resource; result = resource.getrlimit(resource.RLIMIT_CPU)[0] > 0",
}


@pytest.mark.parametrize("name", LATE)
def test_what_homework_may_use_still_works(student, name):
    """What is imported or opened only when it is needed is found through the locks."""
    assert value(student, LATE[name]) == 1


# --- what must not work -----------------------------------------------------------------------------------

REFUSED = {
    "reading a file": "open('/etc/passwd')",
    "reading our sources": f"open({seccomp.__file__!r})",
    "reading a package beside NumPy": f"open({pytest.__file__!r})",
    "listing a folder": "os.listdir('/')",
    "its own process files": "open('/proc/self/maps')",
    "environment of others": "open(f'/proc/{os.getppid()}/environ')",
    "writing": "open('/tmp/grader-test-forbidden', 'w')",
    "emptying a file that may be read": "os.open(os.__file__, os.O_RDONLY | os.O_TRUNC)",
    "a folder": "os.mkdir('/tmp/grader-test-forbidden')",
    "removing": "os.unlink('/tmp/grader-test-forbidden')",
    "a link": "os.symlink('/etc/passwd', '/tmp/grader-test-forbidden')",
    "modes": "os.chmod(os.__file__, 0o644)",
    "owners": "os.chown(os.__file__, -1, -1)",
    "times": "os.utime(os.__file__)",
    "another folder": "os.chdir('/tmp')",
    "a new root": "os.chroot('/')",
    "fork": "os.fork()",
    "another program": "os.execv('/bin/true', ['true'])",
    "a subprocess": "import subprocess; subprocess.run(['/bin/true'])",
    "TCP": "socket.create_connection(('127.0.0.1', 9))",
    "UDP": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "sockets of the machine": "socket.socket(socket.AF_UNIX)",
    "a pair of sockets": "socket.socketpair()",
    "signalling the parent": "os.kill(os.getppid(), 0)",
    "signalling everybody": "os.kill(-1, 0)",
    "another user": "os.setuid(os.getuid())",
    "a priority": "os.nice(1)",
    "a session": "os.setsid()",
    "a group": "os.setpgid(0, 0)",
    "shared memory": "from multiprocessing import shared_memory; shared_memory.SharedMemory(create=True, size=9)",
    "memory with a name": "os.memfd_create('x')",
    "a terminal's settings": "import fcntl; fcntl.ioctl(0, 0x5402, bytes(60))",
    "signals for others": "import fcntl; fcntl.fcntl(0, fcntl.F_SETOWN, os.getppid())",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_homework_needs_is_refused_and_no_more(student, name):
    """It raises PermissionError in the student's code, which goes on; nobody is killed for trying."""
    action = f"try:\n    {REFUSED[name]}\n    result = 'done'\nexcept PermissionError:\n    result = 1"
    assert value(student, action) == 1
    assert not Path("/tmp/grader-test-forbidden").exists()


# Numbers on x86-64: what a person who knows the kernel would try.
DANGEROUS = {
    "ptrace": 101,
    "process_vm_readv": 310,
    "process_vm_writev": 311,
    "io_uring_setup": 425,
    "bpf": 321,
    "perf_event_open": 298,
    "userfaultfd": 323,
    "unshare": 272,
    "setns": 308,
    "mount": 165,
    "keyctl": 250,
    "prctl": 157,
    "seccomp": 317,
    "landlock_restrict_self": 446,
    "pidfd_getfd": 438,
    "open_by_handle_at": 304,
    "truncate": 76,
    "creat": 85,
    "vfork": 58,
    "an unknown call": 9999,
}


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the numbers are those of x86-64")
@pytest.mark.parametrize("name", DANGEROUS)
def test_dangerous_system_calls_are_refused(student, name):
    """By number, past every library: EPERM."""
    assert value(student, f"result = system_call({DANGEROUS[name]}, 0, 0, 0, 0, 0)") == -1


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the numbers are those of x86-64")
@pytest.mark.parametrize(
    ("action", "result"),
    [
        ("system_call(56, 17)", -1),  # clone with SIGCHLD: a fork.
        ("system_call(56, 0x10000000 | 17)", -1),  # A user namespace.
        ("system_call(56, 0x00010000 | 0x40000000)", -1),  # A thread with a network of its own.
        ("system_call(435, 0, 0)", -38),  # clone3 does not exist, says the filter.
        ("system_call(302, os.getppid(), 7, 0, 0)", -1),  # The parent's limits.
        ("system_call(302, 0, 7, id(1), 0)", -1),  # New limits of its own.
        ("system_call(234, os.getppid(), os.getppid(), 0)", -1),  # A signal to a thread of the parent.
        ("system_call(234, os.getpid(), os.getpid(), 0)", 0),
    ],
)
def test_arguments_decide_where_a_call_is_good_for_two_things(student, action, result):
    """Threads but no processes, reading limits but not setting them, signals to oneself."""
    assert value(student, f"result = {action}") == result


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="x32 is a part of x86-64")
def test_the_numbers_of_another_architecture_end_the_process(student):
    """x32 names the same calls differently; whoever uses it is not looking for NumPy."""
    step = call(student, "act", "system_call(0x40000000 + 39)")
    assert isinstance(step, Lost)
    assert "signal 31" in step.message
    assert np.array_equal(call(student, "good", np.ones(2)).value, [2, 2])


def test_without_landlock_the_filter_refuses_writing(zygote):
    """Where paths cannot be judged no file is opened for writing, not even in a folder for everybody."""
    with (
        Zygote(limits=LIMITS, without=["landlock"]) as weaker,
        open_source(weaker, HELPERS, ["act"]) as student,
    ):
        for mode in ("w", "a", "r+"):
            step = call(student, "act", f"open('/tmp/grader-test-forbidden', {mode!r})")
            assert step.type_name == "PermissionError"
    assert not Path("/tmp/grader-test-forbidden").exists()


# --- exhaustion -------------------------------------------------------------------------------------------

BOMBS = {
    "forks": "while True:\n    try: os.fork()\n    except OSError: pass",
    "threads": (
        "threading.stack_size(2**15 * 2)\n"
        "while True:\n"
        "    try: threading.Thread(target=time.sleep, args=(600,)).start()\n"
        "    except Exception: pass"
    ),
    "memory": "np.ones(2**29)",
    "printing": "while True: print('x' * 1000)",
    "ignored signals": (
        "for n in range(1, 65):\n"
        "    try: signal.signal(n, signal.SIG_IGN)\n"
        "    except (OSError, ValueError): pass\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\n"
        "while True: pass"
    ),
    "ignored signals, asleep": ("signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nwhile True: time.sleep(600)"),
    "descriptors": "kept = []\nwhile True: kept.append(os.pipe())",
}


@pytest.mark.parametrize("show_prints", [False, True])
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_ends_soon_and_takes_only_its_own_row(zygote, name, show_prints):
    """It ends within ten seconds over its limit, and calls before and after it are answered."""
    limits = Limits(call_cpu_s=0.2, problem_cpu_s=1.0, wall_factor=5.0)
    with open_source(zygote, HELPERS, ["act", "good"], limits=limits, show_prints=show_prints) as student:
        assert call(student, "good", 1.0).value == 2.0
        started = time.monotonic()
        step = call(student, "act", BOMBS[name])
        assert isinstance(step, (Raised, Lost)), step
        # The request and its replay may each last as long as one problem may.
        assert time.monotonic() - started < 2 * limits.problem_wall_s + 10
        assert call(student, "good", 2.0).value == 4.0


def test_two_hundred_submissions_leave_no_trace(zygote):
    """Neither descriptors, nor processes, nor memory grow, here or in the process that forks."""

    def grade():
        with open_source(zygote, HELPERS, ["good"]) as student:
            assert call(student, "good", 1.0).value == 2.0

    def measure():
        maker = zygote._process.pid
        pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in (os.getpid(), maker)]
        children = Path(f"/proc/{maker}/task/{maker}/children").read_text().split()
        try:
            descriptors = len(os.listdir(f"/proc/{maker}/fd"))
        except PermissionError:  # It hides from processes of the same user, but not from root.
            descriptors = 0
        return len(os.listdir("/proc/self/fd")), descriptors, len(children), pages

    for _ in range(20):
        grade()
    before = measure()
    for _ in range(200):
        grade()
    after = measure()
    assert after[:3] == before[:3]
    assert all(late - early < 512 for early, late in zip(before[3], after[3], strict=True))


# --- the pieces -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("machine", NUMBERS)
@pytest.mark.parametrize("refuse_writing", [False, True])
def test_a_filter_is_a_whole_program(machine, refuse_writing):
    """On every machine each jump stays inside, and every way ends with a verdict."""
    program = seccomp.assemble(machine, 4321, refuse_writing=refuse_writing)
    instructions = list(struct.iter_unpack("<HBBI", program))
    assert 50 < len(instructions) < 4096
    for at, (code, if_true, if_false, _) in enumerate(instructions):
        if code & 7 == 5:
            assert at + 1 + max(if_true, if_false) < len(instructions)
    assert instructions[-1][0] == 6


@pytest.mark.parametrize("machine", NUMBERS)
def test_a_table_names_every_number_once(machine):
    """Two names for one number would be a slip of the pen."""
    numbers = NUMBERS[machine].values()
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("name", ["execve", "socket", "ptrace", "mount", "bpf", "chmod", "setuid", "prctl", "vfork"])
@pytest.mark.parametrize("machine", NUMBERS)
def test_no_table_lists_what_is_dangerous(machine, name):
    """The list says what is allowed; these are not."""
    assert name not in NUMBERS[machine]


def test_an_unknown_machine_is_named():
    """Without a table there is no filter, and the reason says so."""
    with pytest.raises(seccomp.UnknownMachineError, match="riscv64"):
        seccomp.assemble("riscv64", 1, refuse_writing=True)


def test_a_kernel_without_landlock_is_told_apart(monkeypatch):
    """The reason is a sentence, not a number."""

    def refuse(*arguments):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("grader.sandbox.kernel.call", refuse)
    with pytest.raises(OSError, match="this kernel has no Landlock"):
        landlock.version()


@pytest.mark.parametrize(
    "layer", ["environment", "session", "limits", "user", "no new privileges", "landlock", "seccomp"]
)
def test_each_layer_fails_alone(layer):
    """Without one layer the submission is answered, the layer is named with a reason, and the others hold."""
    with Zygote(limits=LIMITS, without=[layer]) as weaker, open_source(weaker, HELPERS, ["good"]) as student:
        isolation = student.isolation
        assert call(student, "good", 1.0).value == 2.0
    assert f"{layer}: left out on request" in isolation.missing
    assert layer not in isolation.layers
    assert {"descriptors", "death signal"} <= set(isolation.layers)


# --- memory of a process that grades for long -----------------------------------------------------------------

TOUCHES = """
import resource, sys
from grader.sandbox import kernel
if sys.argv[1] == "keep":
    kernel.keep_memory()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def touch():
    parts = [bytearray(2**20) for _ in range(8)]
touch()
before = faults()
for _ in range(10):
    touch()
print(faults() - before)
"""


def test_memory_that_is_kept_is_not_touched_for_the_first_time_again():
    if not hasattr(ctypes.CDLL(None), "mallopt"):
        pytest.skip("another C library than glibc")

    def count(mode):
        command = [sys.executable, "-c", TOUCHES, mode]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    assert count("keep") < count("give back") / 10
