"""The real command line in a process of its own, with one cache for all tests: the bank is built once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from submissions import ROOT, Outcome

PROGRAM = Path(sys.executable).parent / "grader"
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "TEMP", "TMP")


@pytest.fixture(scope="session", autouse=True)
def heard():
    """Ctrl-C reaches what is started here: a shell's job in the background begins deaf to it, and hands that on."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """Return the folder of caches that all tests share."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def command(cache):
    """Return a function that runs `grader ARGUMENTS` and returns the finished process."""

    def run(*arguments, cwd=ROOT, **environment):
        return subprocess.run(
            [str(PROGRAM), *map(str, arguments)],
            cwd=cwd,
            env=surroundings(cache, environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def on_terminal(cache):
    """Return a function that runs `grader ARGUMENTS` on a pseudo-terminal and returns what appeared there."""

    def run(*arguments, **environment):
        import pty  # Not on Windows.

        ours, theirs = pty.openpty()
        program = [str(PROGRAM), *arguments]
        env = surroundings(cache, environment)
        with subprocess.Popen(program, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs):
            os.close(theirs)
            shown = b"".join(iter(lambda: read_terminal(ours), b""))
        os.close(ours)
        return shown.decode()

    return run


def read_terminal(descriptor):
    """Return the next bytes, and none once the other side is closed (Linux then says EIO)."""
    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""


def surroundings(cache, environment):
    """Return a small environment of our own: the shared cache, and what the test asks for."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {**kept, "XDG_CACHE_HOME": str(cache), "XDG_STATE_HOME": str(cache / "state"), **environment}


@pytest.fixture(scope="session")
def grade(command, tmp_path_factory):
    """Return a function that grades a submission and returns an `Outcome`."""

    def run(submission, *options, **settings):
        file = tmp_path_factory.mktemp("report") / "report.json"
        done = command("run", "hw3", "--submission", submission, "--json", file, *options, **settings)
        assert file.is_file(), done.stderr
        return Outcome(done.returncode, done.stdout, done.stderr, json.loads(file.read_text("utf-8")))

    return run
