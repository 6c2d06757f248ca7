"""Tampering: files, results, other processes, and the process that makes the next worker. Nothing is changed."""

from __future__ import annotations

import os

import pytest
from arena import LEFT_BEHIND, source

# `{secrets}` is a folder where anybody may write, `{mark}` the name that is looked for afterwards.
CHANGES = {
    "a result of its own": "open('{secrets}/results.json', 'w').write('full marks'); return 1",
    "one more line in a result": "open('{secrets}/results.json', 'a').write('full marks'); return 1",
    "a result emptied": "os.truncate('{secrets}/results.json', 0); return 1",
    "a result emptied by opening it": "os.open('{secrets}/results.json', os.O_RDONLY | os.O_TRUNC); return 1",
    "a result replaced": "os.rename('{secrets}/key', '{secrets}/results.json'); return 1",
    "a result removed": "os.unlink('{secrets}/results.json'); return 1",
    "a result that leads elsewhere": "os.symlink('/etc/passwd', '{secrets}/{mark}'); return 1",
    "a second name of a file": "os.link('{secrets}/key', '{secrets}/{mark}'); return 1",
    "another mode": "os.chmod('{secrets}/key', 0o777); return 1",
    "another owner": "os.chown('{secrets}/key', 0, 0); return 1",
    "another time": "os.utime('{secrets}/key', (0, 0)); return 1",
    "an attribute": "os.setxattr('{secrets}/key', 'user.a', b'1'); return 1",
    "a folder": "os.mkdir('{secrets}/{mark}'); return 1",
    "a pipe with a name": "os.mkfifo('{secrets}/{mark}'); return 1",
    "a file in the temporary folder": "open('/tmp/{mark}', 'w'); return 1",
    "a temporary file without a name": "os.open('/tmp', os.O_TMPFILE | os.O_RDWR); return 1",
    "a file in shared memory": "open('/dev/shm/{mark}', 'w'); return 1",
    "a file in memory": "return os.memfd_create('{mark}') >= 0",
    "saved by numpy": "np.save('/tmp/{mark}', np.ones(3)); return 1",
    "a byte of numpy for everybody": "open(np.__file__, 'r+').write('#'); return 1",
    "a module for the next worker": "open(os.path.dirname(os.__file__) + '/{mark}.py', 'w'); return 1",
    "a compiled module": """
        import py_compile
        return py_compile.compile(os.__file__, cfile='/tmp/{mark}')
    """,
    "its place when memory runs out": "open('/proc/self/oom_score_adj', 'w').write('-1000'); return 1",
    "the grader's place when memory runs out": "open('/proc/{grader}/oom_score_adj', 'w').write('1000'); return 1",
    "the grader's priority": "os.setpriority(os.PRIO_PROCESS, {grader}, 19); return 1",
    "the grader's processors": "os.sched_setaffinity({grader}, [0]); return 1",
    "the grader's limits": """
        import resource
        return resource.prlimit({grader}, resource.RLIMIT_NOFILE, (3, 3)) and 1
    """,
    "its own limits": """
        import resource
        resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
        return 1
    """,
    "the grader, by a signal": "os.kill({grader}, 0); return 1",
    "the zygote, by a signal": "os.kill(os.getppid(), signal.SIGSTOP); return 1",
    "everybody, by a signal": "os.kill(-1, 0); return 1",
    "its group, by a signal": "os.killpg(os.getpgid({grader}), 0); return 1",
    "the grader, by a descriptor's owner": "import fcntl; fcntl.fcntl(4, fcntl.F_SETOWN, {grader}); return 1",
    "a signal queued": "return ctypes.CDLL(None).sigqueue({grader}, 10, 0) == 0",
    "a lock on a file that others read": "import fcntl; fcntl.flock(os.open(np.__file__, 0), fcntl.LOCK_EX); return 1",
    "keys typed into the terminal": """
        import fcntl
        for number in range(64):
            try:
                fcntl.ioctl(number, 0x5412, b'x')
                return 1
            except OSError:
                pass
    """,
    "a message queue": "return ctypes.CDLL(None).msgget(77, 0o1666) >= 0",
    "a semaphore": "import multiprocessing; return multiprocessing.Semaphore(1)",
    "the clock": "time.clock_settime(time.CLOCK_REALTIME, 0.0); return 1",
    "the name of the machine": "socket.sethostname('mine'); return 1",
    "the working folder": "os.chdir('/tmp'); return 1",
    "another root": "os.chroot('/tmp'); return 1",
    "a watch dog of its own": "signal.setitimer(signal.ITIMER_PROF, 0); signal.signal(signal.SIGPROF, signal.SIG_IGN)",
    "the generator of the next submission": "np.random.seed(99); np.random.seed = lambda *a: None",
    "pages that the zygote shares": """
        for value in (np.pi, 1.0, 2.0):
            ctypes.memset(id(value) + 16, 0, 8)
    """,
    "small integers": "ctypes.memset(id(7) + 24, 1, 1)",
}


@pytest.mark.parametrize("name", CHANGES)
def test_nothing_is_changed(name, judge, secrets):
    """The change is refused; files are as they were, and so is the next report."""
    text = CHANGES[name].format(secrets=secrets, mark=LEFT_BEHIND, grader=os.getpid())
    judge(source(text))
