"""Escapes: another process, another program, another user, the network, the kernel's dark corners. All refused."""

from __future__ import annotations

import os

import pytest
from arena import LEFT_BEHIND, source

WAYS = {
    "fork": "return os.fork() or os._exit(0)",
    "fork with a terminal": "import pty; return pty.fork()[0] or os._exit(0)",
    "vfork": "return ctypes.CDLL(None).vfork() >= 0",
    "a daemon": """
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(600)
            os._exit(0)
        return 1
    """,
    "a process of multiprocessing": """
        import multiprocessing
        process = multiprocessing.get_context("fork").Process(target=time.sleep, args=(600,))
        process.start()
        return 1
    """,
    "posix_spawn": "return os.posix_spawn('/bin/true', ['true'], {{}})",
    "another program": "os.execv('/bin/sh', ['sh', '-c', 'touch /tmp/{mark}'])",
    "a shell": "return os.system('touch /tmp/{mark}') == 0",
    "a program in memory": "return os.execve(os.memfd_create('x'), ['x'], {{}})",
    "root": "os.setuid(0); os.setgroups([0]); return 1",
    "the real user again": "os.setresuid(0, 0, 0); return 1",
    "a listening socket": "s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); return 1",
    "a datagram": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9)); return 1",
    "a socket without a file": "s = socket.socket(socket.AF_UNIX); s.bind('\\0{mark}'); s.listen(); return 1",
    "a pair of sockets": "return socket.socketpair()",
    "raw packets": "return socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
    "all packets": "return socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
    "the kernel's own socket": "return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)",
    "a host behind the machine": "return socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)",
    "a tracer that lets it go": "return ctypes.CDLL(None).ptrace(0, 0, 0, 0) == 0",
    "a process that may be traced": "return ctypes.CDLL(None).prctl(4, 1, 0, 0, 0) == 0",
    "asyncio with a child": """
        import asyncio
        async def run():
            return await asyncio.create_subprocess_exec('true')
        return asyncio.run(run())
    """,
    "machine code": """
        import mmap
        code = bytes([0xB8, 57, 0, 0, 0, 0x0F, 0x05, 0xC3])  # fork(), if this is x86-64.
        page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        page.write(code)
        if os.uname().machine != 'x86_64':
            return None
        call = ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
        return call() >= 0
    """,
}


@pytest.mark.parametrize("name", WAYS)
def test_there_is_no_way_out(name, judge):
    """It raises in the student's code, or does nothing; nobody is left running."""
    verdict = judge(source(WAYS[name].format(mark=LEFT_BEHIND)))
    assert verdict.score("squared_loss") == 300


# Numbers on x86-64, past every library.
CALLS = {
    "execveat": "322, -100, 0, 0, 0, 0",
    "a fork by clone": "56, 17, 0, 0, 0, 0",
    "a user namespace": "272, 0x10000000",
    "setns": "308, 3, 0",
    "mount": "165, 0, 0, 0, 0, 0",
    "the new mount calls": "428, -100, 0, 0",
    "pivot_root": "155, 0, 0",
    "a module of the kernel": "313, 3, 0, 0",
    "another kernel": "246, 0, 0, 0, 0",
    "bpf": "321, 0, 0, 0",
    "io_uring": "425, 8, 0",
    "userfaultfd": "323, 0",
    "perf_event_open": "298, 0, 0, -1, -1, 0",
    "a key": "248, 0, 0, 0, 0, -3",
    "capset": "126, 0, 0",
    "a handle instead of a name": "304, -100, 0, 0",
    "fanotify": "300, 0, 0",
    "memory of a process": "310, 1, 0, 0, 0, 0, 0",
    "another filter": "317, 0, 0, 0",
    "modify_ldt": "154, 1, 0, 0",
    "personality": "135, 0x0400000",
    "swapon": "167, 0, 0",
    "reboot": "169, 0, 0, 0, 0",
    "landlock for another": "444, 0, 0, 0",
    "move_pages": "279, 1, 0, 0, 0, 0, 0",
    "remap_file_pages": "216, 0, 0, 0, 0, 0",
    "process_madvise": "440, 3, 0, 0, 0, 0",
    "pidfd_send_signal": "424, 3, 0, 0, 0",
}


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the numbers are those of x86-64")
@pytest.mark.parametrize("name", CALLS)
def test_a_system_call_by_number_is_refused(name, judge):
    """EPERM, and not the error that the kernel itself would give."""
    body = f"""
    numbers = [ctypes.c_long(one) for one in ({CALLS[name]},)]
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.syscall(*numbers) >= 0 or ctypes.get_errno() != 1
    """
    judge(source(body, when="import"), ["squared_loss"])
