"""A submission in its own process: it answers, and whatever it does, only the guilty rows are lost."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
import tracemalloc

import numpy as np
import pytest

from grader.errors import SandboxError
from grader.sandbox import codec, framing, marks
from grader.sandbox.channel import ThreadChannel
from grader.sandbox.in_process import InProcessStudent
from grader.sandbox.limits import Limits
from grader.sandbox.output import Output
from grader.sandbox.replies import Lost, Raised, Returned
from grader.sandbox.student import Student, open_student
from grader.sandbox.zygote import Zygote

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs the process that forks workers")

# Short CPU limits, long wall-clock ones: other work on the machine must not change what a test sees.
LIMITS = Limits(call_cpu_s=0.2, problem_cpu_s=1.0, wall_factor=100.0)

SOURCE = b'''
import ctypes, os, signal, sys, threading, time
import numpy as np

def double(x):
    return 2 * x

def forward(x, w):
    return x @ w, {"x": x, "w": w}

def backward(dout, cache):
    return dout @ cache["w"].T, cache["x"].T @ dout

def unfinished(x):
    """Doc."""
    raise NotImplementedError

def by_sign(x, action):
    """Does what is asked for negative x, else nothing special."""
    if x < 0:
        exec(action)
    return x

def print_it(text):
    print(text)
    return None
'''

NAMES = ["double", "forward", "backward", "unfinished", "by_sign", "print_it", "absent"]


@pytest.fixture(scope="module")
def forking():
    with Zygote(limits=LIMITS) as zygote:
        yield zygote


@pytest.fixture(scope="module")
def spawning():
    with Zygote(spawn=True, limits=LIMITS) as zygote:
        yield zygote


@pytest.fixture(scope="module")
def letting_fork():
    """Starts workers that no filter keeps from making processes and sending signals."""
    with Zygote(limits=LIMITS, without=["landlock", "seccomp"]) as zygote:
        yield zygote


@pytest.fixture(params=["forked", "spawned"])
def zygote(request, forking, spawning):
    return forking if request.param == "forked" else spawning


def open_source(zygote, source=SOURCE, names=NAMES, **options):
    return Student(zygote, {"a.py": source}, names={"a.py": "hw/a.py"}, wanted={"a.py": names}, **options)


def call(name, *slots, **options):
    return ["call", name, list(slots), options]


def encode(steps, *rows):
    return codec.encode({"op": "run", "batches": [[steps, [list(row) for row in rows]]]})


def run(student, steps, *rows, groups=None):
    [replies] = student.run(encode(steps, *rows), groups)
    return replies


def act(student, action, xs=(1.0, -1.0, 2.0), groups=None):
    """Run `action` in the rows where x is negative; return the last step of each row."""
    steps = [call("by_sign", ["in", 0], ["in", 1])]
    return [row.steps[-1] for row in run(student, steps, *([x, action] for x in xs), groups=groups)]


def reasons(steps):
    return [step.reason if isinstance(step, Lost) else type(step).__name__ for step in steps]


def has_ended(pid, timeout_s=10.0):
    """Wait until a process is gone or a zombie, without polling."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], timeout_s)[0])
    finally:
        os.close(descriptor)


# --- answering --------------------------------------------------------------------------------------------


def test_loading_tells_the_state_of_every_wanted_function(zygote):
    """The manifest has an entry for each file and each function that was asked for."""
    with open_source(zygote) as student:
        manifest = student.load()
    assert manifest.modules == {"a.py": None}
    states = {name: state.state for name, state in manifest.functions.items()}
    assert states == dict.fromkeys(NAMES, "ready") | {"unfinished": "unfinished", "absent": "missing"}
    assert manifest.functions["double"].line == 5


def test_calls_return_arrays_and_keep_caches(zygote):
    """A forward and its backward run in one row; the cache stays behind."""
    rng = np.random.default_rng(0)
    x, w, dout = rng.standard_normal((2, 3)), rng.standard_normal((3, 4)), rng.standard_normal((2, 4))
    steps = [
        call("forward", ["in", 0], ["in", 1], keep=[1]),
        call("backward", ["in", 2], ["result", 0, 1]),
    ]
    with open_source(zygote) as student:
        [row] = run(student, steps, (x, w, dout))
    out, cache = row.steps[0].value
    dx, dw = row.steps[1].value
    assert np.array_equal(out, x @ w)
    assert cache == marks.HANDLE
    assert np.array_equal(dx, dout @ w.T)
    assert np.array_equal(dw, x.T @ dout)
    assert row.modified == ()


def test_errors_point_into_the_students_file(zygote):
    """An exception arrives with its type, its text and the line in the file that the student knows."""
    with open_source(zygote) as student:
        [row] = run(student, [call("double", ["in", 0])], (None,))
    [step] = row.steps
    assert isinstance(step, Raised)
    assert step.type_name == "TypeError"
    frame = step.frames[-1]
    assert (frame.file, frame.line, frame.function, frame.text) == ("hw/a.py", 6, "double", "return 2 * x")


def test_large_requests_and_replies_cross(zygote):
    """Neither side blocks the other when both send more than a pipe holds."""
    x = np.random.default_rng(1).standard_normal((600, 1000))
    with open_source(zygote) as student:
        rows = run(student, [call("double", ["in", 0])], (x,), (x,))
    assert all(np.array_equal(row.steps[0].value, 2 * x) for row in rows)


def test_batches_keep_their_structure(zygote):
    """Rows come back in the batches in which they were sent."""
    payload = codec.encode(
        {
            "op": "run",
            "batches": [
                [[call("double", ["in", 0])], [[1], [2]]],
                [[call("unfinished", ["in", 0])], [[3]]],
                [[call("double", ["in", 0])], []],
            ],
        }
    )
    with open_source(zygote) as student:
        replies = student.run(payload, [[0, 0], [1], []])
    assert [[type(row.steps[0]) for row in batch] for batch in replies] == [[Returned, Returned], [Raised], []]


def test_two_submissions_of_one_zygote_do_not_meet(zygote):
    """What one submission does to its modules another one does not see."""
    first = b"import numpy as np\nnp.pi = 3\ndef f(x): return np.pi"
    second = b"import numpy as np\ndef f(x): return np.pi"
    with open_source(zygote, first, ["f"]) as a, open_source(zygote, second, ["f"]) as b:
        values = [run(student, [call("f", ["in", 0])], (1,))[0].steps[0].value for student in (a, b)]
    assert values == [3, np.pi]


def test_draws_from_the_global_generators_are_the_same_every_time(zygote):
    """A student who ignores the given generator gets one result, not a new one each run."""
    source = b"import random\nimport numpy as np\ndef f(x): return random.random(), np.random.normal()"
    values = []
    for _ in range(2):
        with open_source(zygote, source, ["f"]) as student:
            values.append(run(student, [call("f", ["in", 0])], (1,))[0].steps[0].value)
    assert values[0] == values[1]


# --- deaths -----------------------------------------------------------------------------------------------

DEATHS = {
    "exit": ("os._exit(3)", "died", "ended the process (exit status 3)"),
    "segmentation fault": ("ctypes.string_at(0)", "died", "was killed by signal 11 (segmentation fault)"),
    "abort": ("os.abort()", "died", "was killed by signal 6 (abort)"),
    "kill": ("os.kill(os.getpid(), 9)", "memory", "was killed from outside; it may have needed more than 448 MB"),
    "endless loop": ("while True: pass", "timeout", "used more than 0.2 s of CPU time in one call"),
    "closed pipe": ("os.close(4)", "died", "ended the process (exit status 1)"),
    "closed pipe and no end": (
        "os.close(4); time.sleep(600)",
        "protocol",
        "disturbed the pipe to the grader, so its answer cannot be read",
    ),
    "garbage": ("os.write(4, b'x' * 99)", "protocol", None),
    "a foreign id": ("os.write(4, bytes(8) + b'x' * 16 + bytes([3]) + bytes(7))", "protocol", None),
    "a huge frame": ("os.write(4, b'\\xff' * 32)", "protocol", None),
    "half a frame": ("os.write(4, bytes(9)); os._exit(0)", "died", "ended the process (exit status 0)"),
    "exit status of ours": ("os._exit(77)", "memory", "needed more than 448 MB of memory"),
}


@linux
@pytest.mark.parametrize("name", DEATHS)
def test_only_the_guilty_row_is_lost(forking, name):
    """Whatever a call does to its process, the rows before and after it get their results."""
    action, reason, message = DEATHS[name]
    with open_source(forking) as student:
        steps = act(student, action)
        assert reasons(steps) == ["Returned", reason, "Returned"]
        assert message is None or steps[1].message == message
        assert reasons(act(student, "pass")) == ["Returned"] * 3


@pytest.mark.parametrize("name", ["exit", "endless loop", "garbage"])
def test_a_spawned_worker_is_replaced_as_well(spawning, name):
    """Without a zygote the same losses are confined in the same way."""
    action, reason, _ = DEATHS[name]
    if name == "garbage":
        action = "for n in range(3, 16):\n    try: os.write(n, b'x' * 99)\n    except OSError: pass"
    with open_source(spawning) as student:
        assert reasons(act(student, action)) == ["Returned", reason, "Returned"]


def test_steps_before_the_loss_are_kept(zygote):
    """In a lost row the steps that had returned are there, so that the right function is blamed."""
    steps = [call("double", ["in", 0]), call("by_sign", ["in", 0], ["in", 1])]
    with open_source(zygote) as student:
        [row] = run(student, steps, (-1.0, "os._exit(1)"))
    assert reasons(row.steps) == ["Returned", "died"]
    assert row.steps[0].value == -2.0


def test_memory_beyond_the_limit_is_an_error_of_the_call(zygote):
    """An allocation that the limit refuses raises MemoryError in the student's code."""
    with open_source(zygote) as student:
        step = act(student, "np.ones(2**28)")[1]
    assert isinstance(step, Raised)
    assert step.type_name == "MemoryError"


def test_a_worker_that_grows_leaves_the_next_row_alone(forking):
    """Memory that a submission keeps is lost with its worker, and the rows go on."""
    action = "globals().setdefault('kept', []).append(bytearray(2**25)) or by_sign(x, action)"
    with open_source(forking) as student:
        assert reasons(act(student, action))[::2] == ["Returned", "Returned"]


@linux
def test_a_forged_reply_with_another_id_is_refused(forking):
    """A submission that writes a perfect reply to the pipe gains nothing: it cannot know the id of the request."""
    payload = codec.encode([[[[99], []]] * 3])
    forged = framing.frame_head(b"x" * framing.CALL_BYTES, framing.REPLY, len(payload)) + payload
    with open_source(forking) as student:
        steps = act(student, f"os.write(4, {forged!r}); os._exit(0)")
    assert reasons(steps) == ["Returned", "protocol", "Returned"]
    assert steps[0].value == 1.0


# --- time -------------------------------------------------------------------------------------------------


@linux
@pytest.mark.parametrize(
    "disarm",
    [
        "signal.setitimer(signal.ITIMER_PROF, 0)",
        "signal.signal(signal.SIGPROF, signal.SIG_IGN)",
        "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 60))",
    ],
)
def test_a_worker_that_stops_its_clock_is_stopped_by_the_grader(forking, disarm):
    """The grader reads the worker's CPU time itself."""
    with open_source(forking, limits=Limits(call_cpu_s=0.1, problem_cpu_s=0.4, wall_factor=100)) as student:
        steps = act(student, f"{disarm}\nwhile True: pass")
    assert reasons(steps) == ["Returned", "timeout", "Returned"]
    assert steps[1].message == "used more than 0.1 s of CPU time in one call"


@linux
@pytest.mark.parametrize("action", ["time.sleep(600)", "os.kill(os.getpid(), signal.SIGSTOP)"])
def test_a_worker_that_waits_for_ever_is_stopped_by_the_wall_clock(forking, action):
    """A call that uses no CPU time does not last either, stopped by the kernel or by the grader."""
    limits = Limits(call_cpu_s=0.3, problem_cpu_s=1.5, wall_factor=1.0)
    with open_source(forking, limits=limits) as student:
        assert reasons(act(student, action)) == ["Returned", "timeout", "Returned"]


def test_after_the_end_of_the_whole_run_nothing_is_waited_for(forking):
    """A global budget holds whatever a submission does: what runs is ended, and no row is tried after it."""
    with open_source(forking, until=time.monotonic() + 60) as student:
        assert reasons(act(student, "")) == ["Returned", "Returned", "Returned"]
        student._until = time.monotonic() + 0.3
        steps = act(student, "time.sleep(600)", (-1.0, 1.0))
        assert reasons(steps) == ["late", "late"]
        assert steps[0].message == "was not waited for: the time for the whole run is used up"


def test_an_import_that_the_whole_run_has_no_time_for_is_said_of_every_file(forking):
    with open_source(forking, b"import time\ntime.sleep(600)", until=time.monotonic() + 0.3) as student:
        manifest = student.load()
    assert [loss.reason for loss in manifest.modules.values()] == ["late"]


def test_half_a_reply_is_not_waited_for(forking):
    """A worker that writes the beginning of a frame and then computes on is caught by the deadline."""
    with open_source(forking) as student:
        steps = act(student, "os.write(4, bytes(20))\nwhile True: pass")
    assert reasons(steps) == ["Returned", "timeout", "Returned"]


def test_after_a_timeout_the_rest_of_the_group_is_skipped(forking):
    """One slow extreme case does not take the ordinary ones with it, and is not tried at every size."""
    with open_source(forking) as student:
        steps = act(student, "while True: pass", (1.0, -1.0, -2.0, 3.0, 4.0), [[0, 1, 1, 1, 0]])
    assert reasons(steps) == ["Returned", "timeout", "late", "late", "Returned"]
    assert steps[2].message == "was not called again after it ran out of time"


def test_without_groups_a_second_timeout_is_enough(forking):
    """The total is bounded also where nobody said what belongs together."""
    with open_source(forking) as student:
        steps = act(student, "while True: pass", (-1.0, 1.0, -2.0, -3.0, 1.0))
    assert reasons(steps) == ["timeout", "Returned", "timeout", "late", "late"]


def test_a_group_that_dies_again_and_again_is_left(forking):
    """After five losses of other kinds the rest of a group is not tried."""
    with open_source(forking) as student:
        steps = act(student, "os._exit(1)", [-1.0] * 7 + [1.0], [[0] * 7 + [1]])
    assert reasons(steps) == ["died"] * 5 + ["skipped"] * 2 + ["Returned"]


@linux
def test_many_slow_rows_end_with_the_problems_time(forking):
    """Rows that each stay within their limit cannot take for ever together."""
    limits = Limits(call_cpu_s=0.3, problem_cpu_s=0.5, wall_factor=100)
    action = "end = time.process_time() + 0.15\nwhile time.process_time() < end: pass"
    with open_source(forking, limits=limits) as student:
        steps = act(student, action, [-1.0] * 12)
    found = reasons(steps)
    assert found[:3] == ["Returned"] * 3
    assert found[-1] == "late"
    assert "0.5 s of computing time for one problem are used up" in steps[-1].message


def test_the_clock_starts_anew_for_each_row(forking):
    """Rows that need half of a call's time each are all answered."""
    limits = Limits(call_cpu_s=0.3, problem_cpu_s=5.0, wall_factor=100)
    action = "end = time.process_time() + 0.15\nwhile time.process_time() < end: pass"
    with open_source(forking, limits=limits) as student:
        assert reasons(act(student, action, [-1.0] * 4)) == ["Returned"] * 4


# --- imports ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason", "message"),
    [
        ("while True: pass", "timeout", "used more than 0.2 s of CPU time in one call"),
        ("import os; os._exit(5)", "died", "ended the process (exit status 5)"),
    ],
)
def test_only_the_file_that_hangs_or_dies_at_import_is_broken(zygote, text, reason, message):
    """Files that do not need it are graded; a file that imports it says which one failed."""
    files = {"user.py": b"import bad", "bad.py": text.encode(), "good.py": b"def f(x): return x"}
    wanted = {"bad.py": ["g"], "good.py": ["f"]}
    with Student(zygote, files, names={}, wanted=wanted) as student:
        manifest = student.load()
        assert manifest.modules["bad.py"] == Lost(reason, message)
        assert manifest.modules["user.py"].type_name == "ImportError"
        assert manifest.modules["good.py"] is None
        assert manifest.functions["g"].state == "broken_module"
        [row] = run(student, [call("f", ["in", 0])], (1,))
        assert row.steps[0].value == 1


def test_a_manifest_that_was_tampered_with_is_refused(forking):
    """A worker that answers the load request with something else is not believed."""
    source = b"import os\nos.write(4, bytes(100))\ndef f(x): return x"
    with open_source(forking, source, ["f"]) as student:
        manifest = student.load()
    assert manifest.modules["a.py"].reason == "protocol"
    assert manifest.functions["f"].state == "broken_module"


# --- printing ---------------------------------------------------------------------------------------------


def test_printing_is_shown_line_by_line(zygote):
    """Standard output and standard error arrive in order, and taking them starts anew."""
    action = "print('out'); print('err', file=sys.stderr); print('no newline', end='')"
    with open_source(zygote, show_prints=True) as student:
        act(student, action)
        assert student.printed() == ("out", "err", "no newline")
        assert student.printed() == ()


def test_printing_before_a_crash_is_shown_once(zygote):
    """What led to the crash is what a student wants to see, and the replay does not double it."""
    with open_source(zygote, b"print('import')\n" + SOURCE, show_prints=True) as student:
        act(student, "print('last words', end=''); os._exit(1)")
        assert student.printed() == ("import", "last words")


LATE = """
import os, sys, time
frame = os.read(0, 100)
os.write(1, b"reply")
time.sleep(0.2)
os.write(2, b"late" + frame[:16])
os.read(0, 1)
"""


TWICE = """
import os
frame = os.read(0, 16)
os.write(2, b"one" + frame[:8])
os.write(2, frame[8:12])
os.read(0, 1)
os.write(2, frame[12:16] + b" two" + frame[:16][::-1])
os.read(0, 1)
"""


def test_the_marks_of_requests_are_never_shown_as_printing():
    """Also where the next request went out before the end of the last was seen."""
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    output = Output(LIMITS)
    channel = ThreadChannel(subprocess.Popen([sys.executable, "-c", TWICE], start_new_session=True, **pipes), output)
    call = b"0123456789abcdef"
    channel.write(call, call)
    channel.write(call[::-1], b"!")
    channel.drain()
    channel.end()
    assert output.take() == ("one two",)


def test_printing_that_arrives_after_the_reply_is_waited_for():
    """Printing and replies take different pipes; a spawned worker's printing is complete all the same."""
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    output = Output(LIMITS)
    channel = ThreadChannel(subprocess.Popen([sys.executable, "-c", LATE], start_new_session=True, **pipes), output)
    channel.write(b"0123456789abcdef", b"0123456789abcdef and a request")
    while channel.read() is None:
        pass
    channel.drain()
    assert output.take() == ("late",)
    channel.end()


def test_printing_is_bounded_and_escaped(forking):
    """Endless printing ends with the call's time; some lines are kept, and terminal codes are harmless."""
    limits = Limits(call_cpu_s=0.2, wall_factor=100, output_lines=3, output_chars=12)
    with open_source(forking, limits=limits, show_prints=True) as student:
        steps = act(student, "while True: print('\\x1b[2J' + 'x' * 50)")
        assert reasons(steps) == ["Returned", "timeout", "Returned"]
        *lines, more = student.printed()
    assert lines == ["\\x1b[2Jxx..."] * 3
    assert more.startswith("... and ")
    assert more.endswith(" more lines")


def test_printing_without_being_shown_goes_nowhere(zygote, capfd):
    """Where nobody looks nothing is kept, and nothing reaches the grader's own output."""
    with open_source(zygote) as student:
        act(student, "print('x' * 10**6); os.write(1, b'y'); os.write(2, b'z')")
        assert student.printed() == ()
    assert capfd.readouterr() == ("", "")


def test_reading_from_standard_input_ends_at_once(zygote):
    """`input()` finds nothing instead of waiting for the grader's terminal."""
    with open_source(zygote) as student:
        assert act(student, "input()")[1].type_name == "EOFError"


# --- surroundings -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("spawn", [False, True])
def test_the_worker_has_an_empty_environment_and_no_spare_descriptors(spawn, monkeypatch):
    """Neither the grader's environment nor its files are there to be read: three streams and two pipes."""
    monkeypatch.setenv("GRADER_TEST_SECRET", "1")
    source = b"""
import os
def f(x):
    found = []
    for n in range(256):
        try:
            os.fstat(n)
            found.append(n)
        except OSError:
            pass
    return len(os.environ), found
"""
    # A user who cannot come to Python by name is given descriptors of its folders.
    with (
        Zygote(spawn=spawn, limits=LIMITS, without=["user"]) as zygote,
        open_source(zygote, source, ["f"]) as student,
    ):
        [row] = run(student, [call("f", ["in", 0])], (1,))
    assert row.steps[0].value == (0, (0, 1, 2, 3, 4))


def test_the_grader_cannot_be_imported_by_any_route(zygote):
    """Neither the import statement nor importlib finds our package, or one that happens to be installed."""
    action = "import importlib; importlib.import_module('{}')"
    with open_source(zygote) as student:
        for name in ("grader", "grader.sandbox.worker", "hypothesis"):
            assert act(student, action.format(name))[1].type_name == "ModuleNotFoundError"


def test_the_locks_are_reported(zygote):
    """Level 1 is a process of its own with limits, the least there is; what is missing has its reason."""
    with open_source(zygote) as student:
        isolation = student.isolation
    assert isolation.level == 1 if zygote.spawns else isolation.level >= 1
    assert "limits" in isolation.layers
    assert all(": " in missing for missing in isolation.missing)


def test_nothing_can_be_written_to_disk(zygote, tmp_path):
    """Every byte is refused, also in a folder that everybody may write to."""
    path = tmp_path / "stolen"
    with open_source(zygote) as student:
        step = act(student, f"with open({str(path)!r}, 'w') as file: file.write('x')")[1]
    assert step.type_name in ("OSError", "PermissionError")
    assert not path.exists() or not path.read_bytes()


FORK = """
ready, tell = os.pipe()
pid = os.fork()
if pid == 0:
    {before}
    os.write(tell, b"x")
    time.sleep(600)
os.read(ready, 1)
x = pid
"""


@linux
@pytest.mark.parametrize("before", ["pass", "os.setpgid(0, 0)", "os.setsid()"])
def test_what_a_submission_starts_ends_with_it(letting_fork, before):
    """A forked process is ended with its worker, also one that left the group."""
    source = (
        SOURCE + b"\ndef fork(action):\n    space = dict(globals())\n    exec(action, space)\n    return space['x']\n"
    )
    with open_source(letting_fork, source, ["fork"]) as student:
        [row] = run(student, [call("fork", ["in", 0])], (FORK.format(before=before),))
        pid = row.steps[0].value
        assert not has_ended(pid, 0)
    assert has_ended(pid, 0)


@linux
def test_a_child_that_keeps_the_pipe_open_does_not_hide_a_death(letting_fork):
    """The worker's death is seen although its child still holds the reply pipe."""
    action = "if os.fork() == 0: time.sleep(600)\nos._exit(4)"
    with open_source(letting_fork) as student:
        steps = act(student, action)
    assert reasons(steps) == ["Returned", "died", "Returned"]
    assert steps[1].message == "ended the process (exit status 4)"


@linux
def test_a_submission_that_kills_the_zygote_stops_nobody():
    """The zygote is replaced; the row is lost, the next submission is graded."""
    with Zygote(limits=LIMITS, without=["user", "landlock", "seccomp"]) as zygote:
        with open_source(zygote) as student:
            steps = act(student, "os.kill(os.getppid(), signal.SIGKILL); time.sleep(600)")
            assert reasons(steps) == ["Returned", "died", "Returned"]
        with open_source(zygote) as student:
            assert reasons(act(student, "pass")) == ["Returned"] * 3


ORPHAN = """
import os, signal
from grader.sandbox.student import Student
from grader.sandbox.zygote import Zygote
zygote = Zygote()
source = b'import os\\ndef f(x): return os.getpid(), os.getppid()'
student = Student(zygote, {'a.py': source}, names={}, wanted={'a.py': ['f']})
from grader.sandbox import codec
[[row]] = student.run(codec.encode({'op': 'run', 'batches': [[[['call', 'f', [['in', 0]], {}]], [[1]]]]}))
print(*row.steps[0].value, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@linux
def test_nothing_is_left_when_the_grader_is_killed():
    """Zygote and worker end by themselves when their grader is gone."""
    done = subprocess.run([sys.executable, "-c", ORPHAN], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    for pid in map(int, done.stdout.split()):
        assert has_ended(pid)


def test_starting_the_zygote_imports_no_numpy():
    """The grader may start it first and import NumPy at the same time."""
    code = "import sys, grader.sandbox.zygote as z; z.Zygote().close(); print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_closed_zygote_starts_no_worker():
    """Using it after its end is an error of ours that says so."""
    zygote = Zygote()
    zygote.close()
    with pytest.raises(SandboxError, match="closed"):
        zygote.start_worker(LIMITS, None)


@pytest.mark.parametrize("spawn", [False, True])
def test_a_process_that_cannot_start_is_a_fault_of_the_machine(monkeypatch, tmp_path, spawn):
    """Where NumPy cannot be imported the error says so, and no submission is blamed."""
    monkeypatch.setattr("grader.sandbox.zygote._numpy_folder", lambda: str(tmp_path))
    reason = "did not start" if spawn else "No module named 'numpy'"
    with Zygote(spawn=spawn) as zygote, open_source(zygote) as student, pytest.raises(SandboxError, match=reason):
        student.load()


def test_a_flood_of_events_is_refused(forking):
    """A worker cannot fill the grader's memory with frames that look right."""
    flood = (
        "import struct\n"
        "head = struct.pack('<Q16sB7x', 2**20, bytes(16), 4)\n"
        "while True: os.write(4, head + bytes(2**20))"
    )
    with open_source(forking) as student:
        student.load()
        tracemalloc.start()
        try:
            steps = act(student, flood)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert reasons(steps) == ["Returned", "protocol", "Returned"]
    assert peak < 16 * 2**20


# --- without a process ------------------------------------------------------------------------------------


def in_process(**options):
    return InProcessStudent({"own_a.py": SOURCE}, names={}, wanted={"own_a.py": NAMES}, **options)


def test_in_process_answers_are_the_same(zygote):
    """Manifest and rows are equal with and without a process, but for where the code runs."""
    rows = [(np.arange(3.0),), (None,)]
    with open_source(zygote) as student, in_process() as bare:
        assert student.load().functions == bare.load().functions
        first, second = (run(s, [call("double", ["in", 0])], *rows) for s in (student, bare))
    assert np.array_equal(first[0].steps[0].value, second[0].steps[0].value)
    assert first[1].steps[0].message == second[1].steps[0].message


def test_in_process_code_lies_under_its_real_path(tmp_path, monkeypatch):
    """A debugger finds the file, and tracebacks still show the name that the student knows."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "own_b.py"
    path.write_text("def f(x):\n    return 1 / x\n")
    student = open_student(
        None, {"own_b.py": path.read_bytes()}, names={"own_b.py": "own_b.py"}, wanted={"own_b.py": ["f"]}
    )
    with student:
        assert student.load().functions["f"].line == 1
        assert sys.modules["own_b"].f.__code__.co_filename == str(path)
        [row] = run(student, [call("f", ["in", 0])], (0,))
        assert row.steps[0].frames[-1].file == "own_b.py"
    assert "own_b" not in sys.modules


def test_in_process_printing_keeps_out_of_the_report(capsys):
    """Standard output is the report's; what is printed appears on standard error, or nowhere."""
    for show_prints, printed in ((True, "hello\n"), (False, "")):
        with in_process(show_prints=show_prints) as student:
            run(student, [call("print_it", ["in", 0])], ("hello",))
            assert student.printed() == ()
        assert capsys.readouterr() == ("", printed)


def test_in_process_ctrl_c_is_for_the_grader():
    """An interrupt ends the run; SystemExit is the student's."""
    with in_process() as student:
        with pytest.raises(KeyboardInterrupt):
            act(student, "raise KeyboardInterrupt")
        assert act(student, "sys.exit(3)")[1].type_name == "SystemExit"
        assert student.isolation.level == 0
