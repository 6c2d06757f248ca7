"""A class of students: submissions of every kind, made from the reference with a seed.

python tests/classroom.py FOLDER [COUNT [SEED]]     writes them, the mix of `SHARES`
"""

from __future__ import annotations

import random
import sys
from collections.abc import Mapping
from pathlib import Path

from archives import tar_file, zip_file

ROOT = Path(__file__).resolve().parent.parent
FILES = ("layers.py", "initializers.py", "batchnorm.py")
# How many of 300 there are of each kind.
SHARES = {"right": 75, "wrong": 135, "unfinished": 40, "broken": 25, "slow": 8, "hostile": 17}
WELL_BEHAVED = ("right", "wrong", "unfinished")

# The planted mistakes by their ids, the most frequent first: file and code that follows the reference's.
MISTAKES = {
    "affine-db-averaged": (
        "layers.py",
        "_affine = affine_backward\n\n\ndef affine_backward(dout, cache):\n"
        "    dx, dw, _ = _affine(dout, cache)\n    return dx, dw, dout.mean(axis=0)\n",
    ),
    "squared-loss-half": (
        "layers.py",
        "def squared_loss(h, z):\n    return np.sum((h - z) ** 2) / 2, h - z\n",
    ),
    "softmax-gradient-not-averaged": (
        "layers.py",
        "_softmax = softmax_loss\n\n\ndef softmax_loss(x, y):\n"
        "    loss, dx = _softmax(x, y)\n    return loss, dx * len(x)\n",
    ),
    "he-normal-fan-out": (
        "initializers.py",
        "def he_normal(fan_in, fan_out, rng, negative_slope=0.0):\n"
        "    return rng.normal(0, np.sqrt(2 / ((1 + negative_slope**2) * fan_out)), (fan_in, fan_out))\n",
    ),
    "sigmoid-sign": (
        "layers.py",
        "_sigmoid = sigmoid_backward\n\n\ndef sigmoid_backward(dout, cache):\n    return -_sigmoid(dout, cache)\n",
    ),
    "tanh-dout-missing": (
        "layers.py",
        "_tanh = tanh_backward\n\n\ndef tanh_backward(dout, cache):\n    return _tanh(np.ones_like(dout), cache)\n",
    ),
}
# Other ways to write what the reference does: file, its words, theirs. Most round otherwise.
STYLES = (
    ("layers.py", "rows.T @ dout", "(dout.T @ rows).T"),
    ("layers.py", "dout * out * (1 - out)", "out * (1 - out) * dout"),
    ("layers.py", "dout * (1 - out**2)", "dout - dout * out * out"),
    ("layers.py", "np.sum(difference**2), 2 * difference", "np.vdot(difference, difference), difference + difference"),
    ("layers.py", "dx = np.exp(log_p)", "dx = np.exp(shifted)\n    dx /= dx.sum(axis=1, keepdims=True)"),
    ("initializers.py", "np.sqrt(2 / (fan_in + fan_out))", "np.sqrt(2) / np.sqrt(fan_in + fan_out)"),
    ("initializers.py", "np.sqrt(6 / (fan_in + fan_out))", "np.sqrt(3) * np.sqrt(2 / (fan_in + fan_out))"),
    (
        "initializers.py",
        "np.sqrt(2 / ((1 + negative_slope**2) * fan_in))",
        "(2 / (1 + negative_slope**2) / fan_in) ** 0.5",
    ),
    (
        "initializers.py",
        "np.sqrt(6 / ((1 + negative_slope**2) * fan_in))",
        "(6 / (1 + negative_slope**2) / fan_in) ** 0.5",
    ),
    ("batchnorm.py", "b = 1 / np.sqrt(var + eps)", "b = (var + eps) ** -0.5"),
    ("batchnorm.py", "gamma * (a * b) + beta", "gamma * b * a + beta"),
    ("batchnorm.py", 'steps["dvar"] * 2 * a / n + steps["dmu"] / n', '(2 * steps["dvar"] * a + steps["dmu"]) / n'),
)
BROKEN = {
    "syntax": "def affine_backward(dout, cache)\n    return\n",
    "import": "import tensorflow_that_nobody_has\n",
    "raises": "raise ValueError('no')\n",
    "renamed": "relu_back = relu_backward\ndel relu_backward\n",
    "encoding": "# \xff\xfe not UTF-8\n",
}
SLOW = {
    "loop": "def tanh_backward(dout, cache):\n    while True:\n        pass\n",
    "sleep": "def relu_backward(dout, cache):\n    import time\n\n    time.sleep(60)\n",
    "python": (
        "def affine_backward(dout, cache):\n    x, w = cache[0], cache[1]\n"
        "    for _ in range(2_000_000):\n        pass\n    return x, w, dout\n"
    ),
}
HOSTILE = {
    "exit": "def relu_backward(dout, cache):\n    import os\n\n    os._exit(0)\n",
    "kill": "def relu_backward(dout, cache):\n    import os\n\n    os.kill(os.getppid(), 9)\n    os.kill(-1, 9)\n",
    "fork": "def relu_backward(dout, cache):\n    import os\n\n    while True:\n        os.fork()\n",
    "memory": "def relu_backward(dout, cache):\n    return np.ones((2**20, 2**12))\n",
    "prints": "def relu_backward(dout, cache):\n    while True:\n        print('\\x1b[31m<script>' * 1000)\n",
    "reads": (
        "def relu_backward(dout, cache):\n    import os\n\n"
        "    for folder, _, files in os.walk('/'):\n        for file in files:\n"
        "            if file.endswith(('.bank', '.sqlite')):\n"
        "                raise ValueError('stolen ' + open(os.path.join(folder, file), 'rb').read(9).hex())\n"
        "    return dout\n"
    ),
    "frames": (
        "def relu_backward(dout, cache):\n    import os\n\n"
        "    for number in range(3, 20):\n        try:\n            os.write(number, b'\\0' * 4096)\n"
        "        except OSError:\n            pass\n    return dout\n"
    ),
}


def reference() -> dict[str, str]:
    """Return the files of a right submission."""
    return {file: (ROOT / "solutions" / "hw3" / file).read_text(encoding="utf-8") for file in FILES}


def stubs() -> dict[str, str]:
    """Return the files that students start from."""
    return {file: (ROOT / "assignments" / "hw3" / file).read_text(encoding="utf-8") for file in FILES}


def write_class(folder: Path, count: int = 300, seed: int = 0, shares: Mapping[str, int] = SHARES) -> dict[str, str]:
    """Write `count` submissions as folders, zips and tars; return the kind of each by its student."""
    rng = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    whole = sum(shares.values())
    kinds = [kind for kind, share in shares.items() for _ in range(round(count * share / whole))]
    kinds = (kinds + [next(iter(shares))] * count)[:count]
    rng.shuffle(kinds)
    found = {}
    for number, kind in enumerate(kinds):
        student = f"student{number:03d}"
        files, what = _MAKERS[kind](rng)
        found[student] = f"{kind}: {what}"
        _write(folder, student, files, rng)
    return found


def _right(rng: random.Random):
    files = reference()
    for file, theirs, mine in STYLES:
        assert theirs in files[file], f"the reference no longer says {theirs}"
        if rng.random() < 0.5:
            files[file] = files[file].replace(theirs, mine)
    # No two are the same: a comment of one's own.
    return {file: f"{text}# {rng.random()}\n" for file, text in files.items()}, "in other words"


def _wrong(rng: random.Random):
    # The first mistake is twice as frequent as the second, that again more than the third, and so on.
    (name,) = rng.choices(list(MISTAKES), weights=[2.0**-number for number in range(len(MISTAKES))])
    file, code = MISTAKES[name]
    files, _ = _right(rng)
    return {**files, file: f"{files[file]}\n\n{code}"}, name


def _unfinished(rng: random.Random):
    files, _ = _right(rng)
    kept = rng.sample(FILES, rng.randrange(3))
    return {file: files[file] if file in kept else text for file, text in stubs().items()}, "stubs"


def _appended(table: Mapping[str, str], rng: random.Random):
    name = rng.choice(list(table))
    files, _ = _right(rng)
    return {**files, "layers.py": f"{files['layers.py']}\n\n{table[name]}"}, name


def _broken(rng: random.Random):
    if rng.random() < 0.3:
        return {}, "no submission"
    return _appended(BROKEN, rng)


_MAKERS = {
    "right": _right,
    "wrong": _wrong,
    "unfinished": _unfinished,
    "broken": _broken,
    "slow": lambda rng: _appended(SLOW, rng),
    "hostile": lambda rng: _appended(HOSTILE, rng),
}


def _write(folder: Path, student: str, files: Mapping[str, str], rng: random.Random) -> None:
    members = [(name, text.encode("latin-1" if "\xff" in text else "utf-8")) for name, text in files.items()]
    form = rng.choice(("folder", "zip", "tar.gz"))
    if not members:
        (folder / f"{student}.zip").write_bytes(rng.choice((b"", b"PK\3\4 but no zip", b"%PDF-1.7")))
    elif form == "zip":
        zip_file(folder / f"{student}.zip", [(f"hw3/{name}", data) for name, data in members])
    elif form == "tar.gz":
        tar_file(folder / f"{student}.tar.gz", members)
    else:
        (folder / student).mkdir()
        for name, data in members:
            (folder / student / name).write_bytes(data)


if __name__ == "__main__":
    target, *numbers = sys.argv[1:]
    for student, kind in write_class(Path(target), *map(int, numbers)).items():
        sys.stdout.write(f"{student} {kind}\n")
