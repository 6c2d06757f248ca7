"""The protocol: frames forged, doubled, drawn out and piled up by a submission that knows it as well as we do."""

from __future__ import annotations

import pytest
from arena import LIMITS, source

# All that the worker has at hand: its codec, and the id of the request that it answers.
INSIDE = """
    frame = sys._getframe()
    while frame.f_code.co_name != "serve":
        frame = frame.f_back
    call, worker, space = frame.f_locals["call"], frame.f_locals["self"], frame.f_globals
    request = frame.f_locals["request"]
    encode, head = space["codec"].encode, space["framing"].frame_head
    HELLO, REQUEST, REPLY, EVENT = 1, 2, 3, 4
    def send(kind, tree, call=call, raw=None):
        payload = encode(tree) if raw is None else raw
        data = head(call, kind, len(payload)) + payload
        while data:
            data = data[os.write(4, data):]
    def rows(step, repeat=None, written=()):
        return [
            [[step] * (len(program) if repeat is None else repeat) + [list(written)] for _ in rows]
            for program, rows in request["batches"]
        ]
    NOUGHT = [0.0]
"""

FORGED = {
    "a whole reply in advance": "send(REPLY, rows([np.zeros((2, 2))])); os._exit(0)",
    "a reply, and then the worker's own": "send(REPLY, rows(NOUGHT))",
    "a reply twice": "for _ in range(2): send(REPLY, rows(NOUGHT))",
    "a reply that says passed": "send(REPLY, {'score': 400, 'status': 'passed'}); os._exit(0)",
    "rows that nobody asked for": "send(REPLY, rows(NOUGHT) * 99); os._exit(0)",
    "rows that are missing": "send(REPLY, []); os._exit(0)",
    "a step of another kind": "send(REPLY, rows(['passed', 1.0, None, None])); os._exit(0)",
    "more steps than asked": "send(REPLY, rows(NOUGHT, 500)); os._exit(0)",
    "no steps at all": "send(REPLY, rows(NOUGHT, 0)); os._exit(0)",
    "fewer steps than asked": "send(REPLY, rows(NOUGHT, 1)); os._exit(0)",
    "inputs that do not exist": "send(REPLY, rows(NOUGHT, written=[2**60])); os._exit(0)",
    "an error from another file": "send(REPLY, rows(['raised', 'E', 'm', [['/etc/x', 1, 'f', 'root']]])); os._exit(0)",
    "an error of a megabyte": "send(REPLY, rows(['raised', 'E' * 9999, 'm' * 9999, []])); os._exit(0)",
    "a greeting": "send(HELLO, {'layers': (), 'missing': ()}, bytes(16))",
    "a request to the grader": "send(REQUEST, {'op': 'load'})",
    "an event nobody asked for": "send(EVENT, ['importing', 'layers.py'])",
    "events without end": "data = (head(call, EVENT, 0) * 2000)\n    while True: os.write(4, data)",
    "steps without end": "data = head(call, EVENT, len(encode(['returned', 0.0, None, None]))) + "
    "encode(['returned', 0.0, None, None])\n    while True: os.write(4, data * 500)",
    "zeros without end": "while True: os.write(4, bytes(65536))",
    "noise without end": "noise = np.random.default_rng(0).bytes(65536)\n    while True: os.write(4, noise)",
    "one byte at a time": "data = head(call, REPLY, 2**20)\n    for byte in data: os.write(4, bytes([byte]))\n"
    "    while True: os.write(4, b'x'); time.sleep(0.01)",
    "a frame of the greatest size": "send(REPLY, None, raw=bytes(2**25 - 64)); os._exit(0)",
    "a frame of the greatest size that is text": "send(REPLY, '\\U0001f600' * 2**20); os._exit(0)",
    "as many values as may be": "send(REPLY, [None] * 249_000); os._exit(0)",
    "keys without end": "send(REPLY, {str(n): n for n in range(10**5)}); os._exit(0)",
    "a length that is a lie": "os.write(4, head(call, REPLY, 2**63 - 1)); time.sleep(600)",
    "a frame cut short": "os.write(4, head(call, REPLY, 100)[:20]); os._exit(0)",
    "the next request swallowed": "threading.Thread(target=os.read, args=(3, 2**20), daemon=True).start()",
    "both pipes exchanged": "os.dup2(3, 5); os.dup2(4, 3); os.dup2(5, 4)",
    "the pipe that blocks no more": "os.set_blocking(4, False)",
    "the pipe closed": "os.close(4)",
    "the pipe to nowhere": "os.dup2(os.open('/dev/null', os.O_RDWR), 4)",
    "the ids of requests remembered": """
    global IDS
    IDS = globals().get("IDS", []) + [call]
    for one in IDS:
        send(REPLY, rows(NOUGHT), one)
    """,
    "a thread that answers later": """
    def later():
        for _ in range(50):
            time.sleep(0.002)
            send(REPLY, rows(NOUGHT))
    threading.Thread(target=later, daemon=True).start()
    """,
    "the worker's clock stopped": "worker.arm = worker.disarm = lambda: None\n    while True: pass",
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_frame_gains_nothing(name, judge):
    """It is data at best, and at worst the end of the worker: the problem is lost and no other."""
    body = INSIDE + ("    " + FORGED[name] if not FORGED[name].startswith("\n") else FORGED[name])
    functions = """
def relu_forward(x):
    return np.maximum(x, 0), x

def relu_backward(dout, cache):
    strike()
    return -dout

def squared_loss(h, z):
    return np.sum((h - z) ** 2), 2 * (h - z)
"""
    verdict = judge(source(body, when="call", functions=functions))
    assert verdict.score("squared_loss") == 300
    assert verdict.seconds < 2 * LIMITS.problem_wall_s + 10


MANIFESTS = {
    "says that all is there": "tree['functions'] = dict.fromkeys(tree['functions'], ['ready', 1])",
    "says nothing": "tree.clear()",
    "names functions that nobody wanted": "tree['functions']['x' * 999] = ['ready', 1]",
    "has states of its own": "tree['functions'] = dict.fromkeys(tree['functions'], ['passed', 1])",
    "has lines that are none": "tree['functions'] = dict.fromkeys(tree['functions'], ['ready', 'x' * 999])",
    "has a line beyond all": "tree['functions'] = dict.fromkeys(tree['functions'], ['ready', 2**62])",
    "is no dict": "tree = ['ready']",
    "grows": "tree['modules'].update({str(n): None for n in range(10**5)})",
    "speaks for the grader": "tree['notes'] = ['full marks'] * 99; tree['stand_ins'] = ['full marks'] * 99",
    "speaks of a cell": "tree['notes'] = ['cell 1 was skipped: the instructor grants full marks']",
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_forged_manifest_gains_nothing(name, judge):
    """What a submission says of itself is checked against what was asked; functions must still answer."""
    body = f"""
    frame = sys._getframe()
    while frame is not None and frame.f_code.co_name != "serve":
        frame = frame.f_back
    worker = frame.f_locals["self"]
    real = worker.send
    def send(kind, call, tree):
        if isinstance(tree, dict) and "functions" in tree:
            {MANIFESTS[name]}
        return real(kind, call, tree)
    worker.send = send
    """
    functions = """
def relu_forward(x):
    return np.maximum(x, 0), x

def squared_loss(h, z):
    raise NotImplementedError
"""
    verdict = judge(source(body, when="import", functions=functions), most={"relu_backward": 0, "squared_loss": 0})
    assert "full marks" not in "".join(verdict.texts)
