"""Exhaustion: bombs end soon, with only their own problem lost, and the grader hardly notices."""

from __future__ import annotations

import pytest
from arena import LIMITS, source

FOREVER = "while True: pass"
BOMBS = {
    "forks": """
        while True:
            try:
                os.fork()
            except OSError:
                pass
    """,
    "threads": """
        threading.stack_size(2**16)
        while True:
            try:
                threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
            except Exception:
                pass
    """,
    "threads that are busy": """
        def spin():
            while True:
                pass
        for _ in range(32):
            try:
                threading.Thread(target=spin).start()
            except Exception:
                pass
        spin()
    """,
    "4 GiB at once": "np.ones(2**29).sum()",
    "4 GiB in pieces": "kept = []\n        while True: kept.append(np.ones(2**20))",
    "4 GiB of pages that nobody touched": "import mmap; mmap.mmap(-1, 2**32)[::4096]",
    "a number of a million digits": "while True: 3 ** 10**7",
    "a list that doubles": "a = [0]\n        while True: a += a",
    "an endless print": "while True: print('x' * 1000)",
    "an endless line": "while True: sys.stdout.write('x' * 1000)",
    "endless bytes past Python": "while True: os.write(1, bytes(65536)); os.write(2, bytes(65536))",
    "signals ignored": """
        for number in range(1, 65):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
        while True:
            pass
    """,
    "signals that are handled": """
        for number in (signal.SIGALRM, signal.SIGPROF, signal.SIGXCPU, signal.SIGTERM):
            signal.signal(number, lambda *a: None)
        while True:
            pass
    """,
    "errors that are caught": """
        while True:
            try:
                while True:
                    pass
            except BaseException:
                pass
    """,
    "a recursion": "relu_backward(dout, cache)",
    "a recursion without a limit": "sys.setrecursionlimit(10**9); relu_backward(dout, cache)",
    "a recursion in C": "a = []\n        for _ in range(10**6): a = [a]\n        repr(a)",
    "a search that never ends": "import re; re.match('(a+)+$', 'a' * 64 + 'b')",
    "a lock that nobody opens": "lock = threading.Lock(); lock.acquire(); lock.acquire()",
    "a pipe that nobody writes to": "os.read(os.pipe()[0], 1)",
    "standing still": "os.kill(os.getpid(), signal.SIGSTOP)",
    "descriptors": "kept = []\n        while True: kept.append(os.pipe())",
    "an error of a megabyte": "raise RuntimeError('x' * 10**7)",
    "an error that never says what it is": """
        class Slow(Exception):
            def __str__(self):
                while True:
                    pass
        raise Slow
    """,
    "a chain of errors": """
        error = None
        for _ in range(10**5):
            new = ValueError()
            new.__cause__, error = error, new
        raise error
    """,
    "a traceback without end": """
        def deeper(n):
            return deeper(n - 1) if n else 1 / 0
        sys.setrecursionlimit(10**5)
        deeper(5000)
    """,
    "arrays of the greatest size each time": "return np.ones(2**20 - 9)",
    "a million numbers": "return [0.0] * 10**6",
    "the process of the worker frozen by memory": "kept = [bytearray(2**20) for _ in range(10**6)]",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_takes_only_its_own_problem(name, judge):
    """It ends within ten seconds over the limit it ran under; the problem after it has its points."""
    functions = f"""
def relu_forward(x):
    return np.maximum(x, 0), x

def relu_backward(dout, cache):
        {BOMBS[name].strip()}

def squared_loss(h, z):
    return np.sum((h - z) ** 2), 2 * (h - z)
"""
    verdict = judge(source("return None", functions=functions))
    assert verdict.score("squared_loss") == 300
    # The request and its replay may each last as long as a problem may.
    assert verdict.seconds < 2 * LIMITS.problem_wall_s + 10


IMPORTS = {
    "never ends": FOREVER,
    "waits": "time.sleep(600)",
    "leaves": "os._exit(0)",
    "leaves politely": "sys.exit(0)",
    "crashes": "ctypes.string_at(0)",
    "fills the memory": "kept = [bytearray(2**20) for _ in range(10**6)]",
    "forks": "while True:\n    try: os.fork()\n    except OSError: pass",
    "prints": "while True: print('x' * 1000)",
    "closes everything": "os.closerange(0, 64)",
    "imports itself": "import importlib; importlib.reload(sys.modules['layers'])",
}


@pytest.mark.parametrize("name", IMPORTS)
def test_a_file_whose_import_is_a_bomb_costs_itself_only(name, judge):
    """The other file of the submission is graded."""
    others = b"import numpy as np\ndef xavier_normal(fan_in, fan_out, rng):\n    return np.zeros((fan_in, fan_out))\n"
    files = {
        "layers.py": f"import ctypes, os, sys, time\n{IMPORTS[name]}\n".encode(),
        "initializers.py": others,
    }
    verdict = judge(files, ("relu_backward", "xavier_normal"), most={"relu_backward": 0, "xavier_normal": 600})
    assert "layers.py" in verdict.messages("relu_backward")
    [other] = [one for one in verdict.report.problems if one.id == "xavier_normal"]
    assert other.status.value in ("failed", "partial"), "it was judged"


def test_sources_that_are_bombs_for_the_parser_cost_themselves_only(judge):
    """Deep nesting, long lines and huge constants are errors of the file, or its death."""
    texts = (
        b"(" * 10**5 + b")" * 10**5,
        b"x = " + b"-" * 10**5 + b"1",
        b"a" + b".a" * 10**5,
        b"x = 10 ** 10 ** 10",
        b"x = 'a' * 10**10",
        b"f'" + b"{" * 200 + b"}" * 200 + b"'",
        b"x = " + b"9" * 2 * 10**5,
        b"\xff\xfe" + bytes(1000),
        b"# coding: rot13\n" + b"x" * 1000,
    )
    for text in texts:
        verdict = judge({"layers.py": text}, ("relu_backward",))
        assert verdict.report.score == 0
        assert len(verdict.messages("relu_backward")) < 4000
