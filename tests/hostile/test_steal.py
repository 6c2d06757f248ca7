"""Stolen references: saved cases, expected values, solutions, other submissions. Nothing is found, and nothing told."""

from __future__ import annotations

import os

import numpy as np
import pytest
from arena import ROOT, source

from grader.sandbox import codec

# `{secrets}` is a folder that anybody may read and write, `{root}` the course, `{grader}` the grader's process id.
THEFTS = {
    "the hidden bank by its path": "return open('{secrets}/hidden.bank').read()",
    "any file of the folder": "return os.listdir('{secrets}')",
    "the solutions": "return open('{root}/solutions/hw3/layers.py').read()",
    "the declaration": "return open('{root}/assignments/hw3/assignment.py').read()",
    "the grader's sources": "return open('{root}/grader/engine.py').read()",
    "an import of the solutions": """
        sys.path.insert(0, '{root}/solutions/hw3')
        import mistakes
        return mistakes
    """,
    "an import of the grader": "sys.path.insert(0, '{root}'); import grader.bank; return grader",
    "the loader, past the import hook": """
        import importlib.util
        spec = importlib.util.spec_from_file_location('s', '{root}/solutions/hw3/layers.py')
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.relu_backward
    """,
    "line by line through linecache": "import linecache; return linecache.getlines('{root}/solutions/hw3/layers.py')",
    "by mmap": """
        import mmap
        with open('{secrets}/key') as file:
            return mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)[:]
    """,
    "by numpy": "return np.fromfile('{secrets}/key', np.uint8).tobytes()",
    "by numpy's memmap": "return bytes(np.memmap('{secrets}/key', mode='r'))",
    "by the C library": """
        libc = ctypes.CDLL(None, use_errno=True)
        opened = libc.open(b'{secrets}/key', 0)
        return opened >= 0
    """,
    "by a descriptor of the folder": """
        folder = os.open('{secrets}', os.O_PATH)
        return os.read(os.open('key', os.O_RDONLY, dir_fd=folder), 99)
    """,
    "upwards from a folder that is open": """
        for path in sys.path:
            folder = os.open(path, os.O_RDONLY)
            up = '../' * 20 + '{secrets}/key'.lstrip('/')
            try:
                return os.read(os.open(up, os.O_RDONLY, dir_fd=folder), 99)
            except OSError:
                pass
    """,
    "through /proc/self/fd": """
        for number in range(64):
            try:
                return os.read(os.open(f'/proc/self/fd/{{number}}/../../../../{secrets}/key', os.O_RDONLY), 99)
            except OSError:
                pass
    """,
    "through the root of another process": "return open('/proc/{grader}/root{secrets}/key').read()",
    "the working directory of another process": "return os.listdir('/proc/{grader}/cwd')",
    "what the grader has open": "return [os.readlink(f'/proc/{grader}/fd/{{n}}') for n in range(8)]",
    "the grader's memory": "return open('/proc/{grader}/mem', 'rb')",
    "the grader's memory in one call": """
        libc = ctypes.CDLL(None, use_errno=True)
        local = (ctypes.c_void_p * 2)(ctypes.addressof(ctypes.create_string_buffer(8)), 8)
        remote = (ctypes.c_void_p * 2)(id(0), 8)
        return libc.process_vm_readv({grader}, local, 1, remote, 1, 0) > 0
    """,
    "a tracer on the grader": "return ctypes.CDLL(None).ptrace(16, {grader}, None, None) == 0",
    "the grader's memory map": "return open('/proc/{grader}/maps').read()",
    "the grader's environment": "return open('/proc/{grader}/environ', 'rb').read()",
    "the zygote's environment": "return open(f'/proc/{{os.getppid()}}/environ', 'rb').read()",
    "its own environment": "return os.environ.get('GRADER_HOSTILE_SECRET') or os.getenv('HOME')",
    "the environment in the C library": """
        ctypes.CDLL(None).getenv.restype = ctypes.c_char_p
        return ctypes.CDLL(None).getenv(b'GRADER_HOSTILE_SECRET')
    """,
    "the grader's descriptors": """
        found = []
        for number in range(5, 256):
            try:
                found.append(os.fstat(number).st_size and os.read(number, 99))
            except OSError:
                pass
        return [one for one in found if one and b'SECRET' in one]
    """,
    "descriptors of the grader's process": """
        libc = ctypes.CDLL(None, use_errno=True)
        process = libc.syscall(434, {grader}, 0)
        return process >= 0 and libc.syscall(438, process, 3, 0) >= 0
    """,
    "a shell": "return os.popen('cat {secrets}/key').read()",
    "a subprocess": "import subprocess; return subprocess.check_output(['cat', '{secrets}/key'])",
    "shared memory": "return ctypes.CDLL(None).shmget(1234, 4096, 0o1666) >= 0",
    "shared memory with a name": """
        from multiprocessing import shared_memory
        return shared_memory.SharedMemory(create=True, size=4096)
    """,
    "a watch on the folder": "return ctypes.CDLL(None).inotify_init() >= 0",
    "a key of the kernel's": "return ctypes.CDLL(None).syscall(250, 0, -3, 1) >= 0",
    "other submissions in the temporary folder": "return os.listdir('/tmp')",
    "users of this machine": "return open('/etc/passwd').read() or __import__('pwd').getpwall()",
    "the key of the web": "import urllib.request; return urllib.request.urlopen('http://127.0.0.1:9/').read()",
    "the instance's own address": "return socket.create_connection(('169.254.169.254', 80), 0.1)",
    "a question about a name": "return socket.gethostbyname('localhost')",
}


@pytest.mark.parametrize("name", THEFTS)
def test_nothing_is_there_to_be_taken(name, judge, secrets):
    """The attack finds nothing, with the paths and process numbers told to it."""
    text = THEFTS[name].format(secrets=secrets, root=ROOT, grader=os.getpid())
    verdict = judge(source(text))
    assert verdict.score("squared_loss") == 300


GREEDY = """
def squared_loss(h, z):
    strike()
    if WON:
        raise RuntimeError("HOSTILE SUCCESS: " + WON[0])
    return 0.0, 0 * h
"""


def test_no_object_of_the_worker_holds_what_is_expected(judge, arena):
    """Of all that gc and the frames above reach in the worker nothing is an expected value."""
    numbers = _numbers(arena.bank.section("squared_loss"))
    # Round numbers are found anywhere.
    losses = [value for value in numbers if value * 1000 % 1][:400]
    assert len(losses) > 50
    inputs = set(_numbers(codec.decode(arena.bank.section("squared_loss")["request"]["bytes"])))
    body = f"""
    waiting, frame = gc.get_objects(), sys._getframe(1)
    while frame is not None:
        waiting.append(frame.f_locals)
        frame = frame.f_back
    seen = set()
    for thing in waiting:
        for item in gc.get_referents(thing) if isinstance(thing, (list, tuple, dict)) else ():
            if type(item) is np.ndarray and item.dtype == float:
                seen.update(item.ravel()[:999].tolist())
            elif type(item) is float:
                seen.add(item)
    # As text: numbers in a list would be found as constants of this very function.
    wanted = set(map(float, {" ".join(map(repr, sorted(set(losses) - inputs)))!r}.split()))
    return len(seen) < 9 or seen.intersection(wanted)
    """
    judge(source(body, when="call", functions=GREEDY), ["squared_loss"], most={"squared_loss": 0})


def _numbers(tree):
    if isinstance(tree, np.ndarray):
        return tree.ravel()[:500].tolist() if tree.dtype.kind == "f" else []
    if type(tree) is float:
        return [tree]
    items = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, (list, tuple)) else ()
    return [number for item in items for number in _numbers(item)]
