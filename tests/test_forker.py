"""The process that forks workers, asked directly."""

import errno
import os
import socket
from types import SimpleNamespace

import pytest

from grader.sandbox import forker
from grader.sandbox.orders import ANSWER, FORK, NO_FORK, ORDER


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_fork_that_fails_is_told_and_is_not_the_end(monkeypatch):
    """Too many processes at one moment must not end the workers that run, nor those to come."""

    def refuse():
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(forker.os, "fork", refuse)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs, open(os.devnull, "rb") as nothing:
        order = ORDER.pack(FORK, 0, 1.0, 1.0, 1.0, 100, False)
        socket.send_fds(ours, [order], [nothing.fileno()] * 2)
        assert forker._Forker(theirs, SimpleNamespace()).serve()
        assert ANSWER.unpack(ours.recv(ANSWER.size))[:2] == (NO_FORK, errno.EAGAIN)
