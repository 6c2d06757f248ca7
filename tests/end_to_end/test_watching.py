"""`grader run --watch` on a terminal and without one. Nobody sleeps: each step waits for what the last one shows."""

from __future__ import annotations

import os
import select
import shutil
import signal
import struct
import subprocess
import time

import pytest
from conftest import PROGRAM, read_terminal, surroundings
from submissions import FILES, ROOT, SOLUTIONS, STUBS

pty = pytest.importorskip("pty", reason="needs a pseudo-terminal")
fcntl = pytest.importorskip("fcntl")
termios = pytest.importorskip("termios")
PATIENCE_S = 60


class Watcher:
    """A running `grader run --watch`, and what it has shown."""

    def __init__(self, process, screen):
        self.process, self._screen, self._shown = process, screen, ""

    def wait_for(self, words):
        """Read until the words have appeared since the last wait, and return what was shown until then."""
        end = time.monotonic() + PATIENCE_S
        while words not in self._shown:
            assert time.monotonic() < end, f"not seen: {words}; but: {self._shown[-2000:]}"
            ready, _, _ = select.select([self._screen], [], [], 1.0)
            data = read_terminal(self._screen) if ready else b""
            assert data or not ready, f"ended without {words}: {self._shown[-2000:]}"
            self._shown += data.decode("utf-8", "replace")
        seen, _, self._shown = self._shown.partition(words)
        return seen + words

    def press(self, key):
        os.write(self._screen, key.encode())

    def end(self):
        return self.process.wait(timeout=PATIENCE_S)


@pytest.fixture
def work(tmp_path):
    """Return a folder with the reference's initialisers and batchnorm, and the stubs of layers.py."""
    for file in FILES:
        shutil.copy((STUBS if file == "layers.py" else SOLUTIONS) / file, tmp_path / file)
    return tmp_path


@pytest.fixture
def on_screen(cache, work):
    """Return the watcher of one problem on a pseudo-terminal."""
    ours, theirs = pty.openpty()
    # A terminal without a size gets the narrowest view, which cuts sentences.
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 100, 0, 0))
    command = [PROGRAM, "run", "hw3", "--submission", work, "--watch", "--problem", "relu_backward"]
    env = surroundings(cache, {"TERM": "xterm"})
    process = subprocess.Popen(
        list(map(str, command)), cwd=ROOT, env=env, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    yield Watcher(process, ours)
    if process.poll() is None:
        process.kill()
        process.wait()
    os.close(ours)


def test_a_save_is_graded_a_half_saved_file_survived_and_keys_work(on_screen, work):
    reference = (SOLUTIONS / "layers.py").read_bytes()
    on_screen.wait_for("not implemented yet")
    on_screen.wait_for("q quit")
    (work / "layers.py").write_bytes(reference[:1500])
    on_screen.wait_for("could not be loaded")
    (work / "layers.py").write_bytes(reference)
    on_screen.wait_for("0 -> 4 / 4")
    on_screen.press("h")
    on_screen.wait_for("of 3:")
    on_screen.press("a")
    on_screen.wait_for("the whole assignment")
    (work / "layers.py").unlink()
    on_screen.wait_for("layers.py is missing")
    (work / "layers.py").write_bytes(reference)
    on_screen.wait_for("0 -> 4 / 4")
    on_screen.press("q")
    assert on_screen.end() == 0


def test_without_a_terminal_it_reports_after_each_save_and_ctrl_c_ends_it(cache, work):
    """130, and nothing of it runs on: the pipe ends."""
    command = [PROGRAM, "run", "hw3", "--submission", work, "--watch", "--problem", "relu_backward"]
    with subprocess.Popen(
        list(map(str, command)),
        cwd=ROOT,
        env=surroundings(cache, {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        watcher = Watcher(process, process.stdout.fileno())
        shown = watcher.wait_for("Ctrl-C ends")
        assert "\x1b" not in shown
        (work / "layers.py").write_bytes((SOLUTIONS / "layers.py").read_bytes())
        assert "0 -> 4 / 4" in watcher.wait_for("Ctrl-C ends")
        os.killpg(process.pid, signal.SIGINT)
        rest = process.stdout.read().decode()
        assert "Traceback" not in rest
        assert watcher.end() == 130


@pytest.mark.parametrize("options", [["--json", "-"], ["--annotate", "github"], ["--no-isolation"]])
def test_what_does_not_go_with_watching_is_refused(command, options):
    done = command("run", "hw3", "--watch", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--watch" in done.stderr


def test_an_archive_is_not_watched(command, tmp_path):
    (tmp_path / "work.zip").write_bytes(b"PK")
    done = command("run", "hw3", "--watch", "--submission", tmp_path / "work.zip")
    assert done.returncode == 2
    assert "--watch needs a folder" in done.stderr
