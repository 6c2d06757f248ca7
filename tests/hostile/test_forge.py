"""Forged verdicts: a wrong answer that would pass for a right one. None gains a point."""

from __future__ import annotations

import pytest
from arena import source

# Found by walking the frames above the call: the worker that serves, the row that runs, the id of the request.
FRAMES = """
    frames, frame = {}, sys._getframe()
    while frame is not None:
        frames.setdefault(frame.f_code.co_name, frame)
        frame = frame.f_back
"""


def walking(body):
    return FRAMES + body


TAMPERED = {
    "numpy's comparisons say yes": """
        for name in ("allclose", "array_equal", "isclose", "all", "any", "isfinite", "abs", "max", "maximum"):
            if name != "maximum":
                setattr(np, name, lambda *a, **o: True)
    """,
    "numpy's testing says yes": "np.testing.assert_allclose = lambda *a, **o: None",
    "builtins say yes": """
        import builtins
        for name in ("all", "any", "isinstance", "abs", "max", "min", "sorted"):
            setattr(builtins, name, lambda *a, **o: True)
    """,
    "builtins are gone": """
        import builtins
        for name in ("len", "type", "tuple", "list", "str", "repr"):
            setattr(builtins, name, None)
    """,
    "modules are exchanged": """
        class Lying:
            def __getattr__(self, name):
                return lambda *a, **o: True
        for name in [name for name in sys.modules if name.partition(".")[0] in ("numpy", "struct", "os")]:
            sys.modules[name] = Lying()
    """,
    "a module called grader waits to be imported": """
        import types
        for name in ("grader", "grader.engine", "grader.sandbox", "grader.sandbox.codec", "conftest"):
            sys.modules[name] = types.ModuleType(name)
    """,
    "an import hook answers for everybody": """
        class Finder:
            def find_spec(self, name, path=None, target=None):
                raise ImportError("mine now")
        sys.meta_path.insert(0, Finder())
    """,
    "the codec is found by gc and exchanged": """
        for thing in gc.get_objects():
            if type(thing) is dict and "frame_head" in thing and "encode" in thing:
                thing["encode"] = lambda tree: b"full marks"
                thing["plain_array"] = lambda value: np.ones(3)
    """,
    "the worker's program is exchanged": walking("""
    space = frames["_run_row"].f_globals
    space["describe_value"] = lambda value, *rest: np.zeros(3)
    space["describe_error"] = lambda *rest: ["Passed", "full marks", []]
    """),
    "the functions that are called are exchanged": walking("""
    functions = frames["serve"].f_locals["self"].functions
    functions["relu_backward"] = lambda dout, cache: np.ones_like(dout)
    """),
    "the inputs are exchanged": walking("""
    row = frames["_run_row"].f_locals["row"]
    row.inputs[:] = [0 * value for value in row.inputs]
    """),
    "earlier results are exchanged": walking("""
    row = frames["_run_row"].f_locals["row"]
    row.results[:] = [(np.zeros((2, 2)), None)] * 9
    """),
    "a trace function rewrites what returns": """
        def trace(frame, event, argument):
            if frame.f_code.co_name in ("describe", "describe_value", "find_modified"):
                frame.f_locals["value"] = np.ones(3)
            return trace
        sys.settrace(trace)
        threading.settrace(trace)
    """,
    "a profiler raises in the worker's functions": """
        def profile(frame, event, argument):
            if frame.f_code.co_name == "find_modified":
                raise SystemExit(0)
        sys.setprofile(profile)
    """,
    "constants of the worker's code are overwritten": walking("""
    code = frames["_run_row"].f_code
    address = id(code.co_consts)
    ctypes.memmove(address + 24, ctypes.byref(ctypes.py_object("returned")), 8)
    """),
    "audit hooks and exit functions": """
        import atexit
        atexit.register(lambda: os.write(4, b"full marks"))
        sys.addaudithook(lambda *a: None)
        sys.excepthook = lambda *a: None
    """,
    "garbage collection runs in the worker's functions": """
        class Evil:
            def __del__(self):
                try:
                    frame = sys._getframe(1)
                    frame.f_locals["reply"][:] = [[np.ones(3)]]
                except Exception:
                    pass
        for _ in range(99):
            cycle = Evil()
            cycle.me = cycle
        gc.set_threshold(1)
    """,
    "a thread rewrites replies": """
        def rewrite():
            for _ in range(200):
                for frame in sys._current_frames().values():
                    while frame is not None:
                        reply = frame.f_locals.get("reply")
                        if type(reply) is list and reply:
                            reply[0] = [np.ones(3)]
                        frame = frame.f_back
                time.sleep(0.001)
        threading.Thread(target=rewrite, daemon=True).start()
    """,
    "numpy's error state and types": """
        np.seterr(all="raise")
        np.float64 = np.float32 = float
        np.errstate = type("errstate", (), {"__init__": lambda s, **o: None, "__enter__": lambda s: s,
                                            "__exit__": lambda s, *a: True})
    """,
}


@pytest.mark.parametrize("name", TAMPERED)
def test_tampering_with_the_worker_gains_nothing(name, judge):
    """Whatever is changed in the process that answers, the process that judges does not see it."""
    judge(source(TAMPERED[name]))


# What comes out of a function is data, whatever class it claims to be.
LIES = {
    "an array that equals everything": """
        class A(np.ndarray):
            def __eq__(self, other): return np.ones(self.shape, bool)
            def __sub__(self, other): return np.zeros(self.shape)
            def __array_ufunc__(self, *a, **o): return np.zeros(self.shape)
            def __array_function__(self, *a, **o): return True
            def __array_wrap__(self, *a, **o): return np.zeros(self.shape)
            def tobytes(self, *a): return bytes(self.nbytes)
            def copy(self, *a): return np.zeros(self.shape)
        return np.asarray(dout).view(A)
    """,
    "an object with __array__": """
        class A:
            def __array__(self, *a, **o): return np.zeros(dout.shape)
            shape, dtype, ndim = dout.shape, dout.dtype, dout.ndim
        return A()
    """,
    "a class that says it is an array": """
        class A:
            __class__ = np.ndarray
            shape, dtype, nbytes, size = dout.shape, dout.dtype, dout.nbytes, dout.size
        return A()
    """,
    "a number that equals everything": """
        class F(float):
            def __eq__(self, other): return True
            def __sub__(self, other): return 0.0
            def __abs__(self): return 0.0
            def __lt__(self, other): return True
            def __le__(self, other): return True
            __hash__ = float.__hash__
        return F(1)
    """,
    "objects in an array": """
        class E:
            def __eq__(self, other): return True
            def __float__(self): return 0.0
            def __sub__(self, other): return 0
        a = np.empty(dout.shape, object)
        a[...] = E()
        return a
    """,
    "an array without numbers": "return np.full(dout.shape, np.nan)",
    "infinities": "return np.full(dout.shape, np.inf)",
    "a masked array": "return np.ma.masked_all(dout.shape)",
    "a matrix": "return np.matrix(np.atleast_2d(-dout.reshape(len(dout), -1)))",
    "a complex answer": "return dout + 1e300j",
    "a structured array": "return np.zeros(dout.shape, [('a', float), ('b', float)])",
    "text": "return np.full(dout.shape, '0.0')",
    "dates": "return np.zeros(dout.shape, 'M8[s]')",
    "one number for all": "return 0.0",
    "one row for all": "return np.zeros((1,) * dout.ndim)",
    "nothing for all": "return np.zeros((0, *dout.shape[1:]))",
    "far too many axes": "return dout.reshape(dout.shape + (1,) * 20)",
    "an axis of a terabyte": "return np.empty((0, 2**40))",
    "an array that repeats itself": "return np.broadcast_to(np.float64(0), (2**20, 2**6))",
    "a tuple that lies of its length": """
        class T(tuple):
            def __len__(self): return 1
            def __getitem__(self, i): return np.zeros(dout.shape)
            def __iter__(self): return iter([np.zeros(dout.shape)])
        return T((1, 2, 3))
    """,
    "a tuple without end": """
        class T(tuple):
            def __len__(self): return 1
            def __iter__(self):
                while True:
                    yield 0.0
        return T()
    """,
    "a dict without end": """
        class D(dict):
            def __len__(self): return 1
            def items(self):
                n = 0
                while True:
                    n += 1
                    yield str(n), 0.0
            def __iter__(self): return iter(["a"])
        return D(a=1)
    """,
    "a list that holds itself": "a = []; a.append(a); return a",
    "a text for each character": "return 'x' * 10**7",
    "a key of a megabyte": "return {'k' * 10**6: 1.0}",
    "a type with a terrible name": r"return type('N\x1b[2J\n\u202e' * 999, (), {})()",
    "a metaclass that raises": """
        class M(type):
            def __getattribute__(cls, name): raise SystemExit(0)
        return M("X", (), {})()
    """,
    "a generator": "return (x for x in dout)",
    "the function itself": "return relu_backward",
    "an answer that says how it was judged": "return {'status': 'passed', 'score': 400, 'max_score': 400}",
    "a handle": "return sys._getframe(1).f_globals.get('HANDLE', 1)",
}


@pytest.mark.parametrize("name", LIES)
def test_a_lying_value_is_judged_as_data(name, judge):
    """Subclasses become plain arrays or a type's name; shapes, NaN and imaginary parts are not overlooked."""
    functions = f"""
def relu_forward(x):
    return np.maximum(x, 0), x

def relu_backward(dout, cache):
{LIES[name] if LIES[name].startswith(chr(10)) else "        " + LIES[name]}

def squared_loss(h, z):
    return np.sum((h - z) ** 2), 2 * (h - z)
"""
    verdict = judge(source("return None", functions=functions))
    assert verdict.score("squared_loss") == 300


# A loss is a number: what pretends to be one.
LOSSES = {
    "everything at once": "type('F', (float,), {'__eq__': lambda s, o: True, '__sub__': lambda s, o: 0.0})(7)",
    "nan": "float('nan')",
    "infinity": "float('inf')",
    "a number too large for any": "10 ** 400",
    "an empty array": "np.zeros(0)",
    "all losses at once": "np.linspace(0, 1e4, 10**5)",
    "a bool": "True",
    "a text": "'0'",
}


@pytest.mark.parametrize("name", LOSSES)
def test_a_lying_loss_earns_no_more_than_its_gradient(name, judge):
    """The gradient beside it is right, and is all that is paid for."""
    functions = f"""
def squared_loss(h, z):
    return {LOSSES[name]}, 2 * (h - z)
"""
    verdict = judge(source("return None", functions=functions), ["squared_loss"])
    assert verdict.score("squared_loss") < 200


# Ways out of a call that might count as passing.
EXITS = [
    "sys.exit(0)",
    "os._exit(0)",
    "raise KeyboardInterrupt",
    "raise GeneratorExit",
    "raise StopIteration",
    "raise BaseExceptionGroup('g', [SystemExit(0)]) if sys.version_info > (3, 11) else SystemExit(0)",
    "raise type('Passed', (BaseException,), {})('full marks')",
    "os.kill(os.getpid(), 15)",
    "quit()",
    "threading.Thread(target=os._exit, args=(0,)).start(); time.sleep(1)",
]


@pytest.mark.parametrize("way", EXITS)
def test_leaving_is_not_passing(way, judge):
    """Whoever leaves before answering has not answered."""
    functions = f"""
def relu_forward(x):
    return np.maximum(x, 0), x

def relu_backward(dout, cache):
    {way}

def squared_loss(h, z):
    return np.sum((h - z) ** 2), 2 * (h - z)
"""
    verdict = judge(source("return None", functions=functions))
    assert verdict.score("squared_loss") == 300
