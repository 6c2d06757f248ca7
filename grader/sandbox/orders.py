"""What the grader asks of the zygote over their socket, and what the zygote answers: fixed structs."""

from __future__ import annotations

import struct

FORK, END, TRY = b"F", b"E", b"T"
# Operation, pid, CPU s a call and a request, wall factor, memory MB, whether printing is shown.
ORDER = struct.Struct("<cqdddI?")
# After TRY come paths that are kept from students, NUL between them.
PATHS_BYTES = 2**16
# Pid, status as from waitpid, CPU s that the process and its children used.
ANSWER = struct.Struct("<qqd")
# The status of a process that the zygote does not know.
UNKNOWN = -1
# The pid where no process could be made; the status says why, as an errno.
NO_FORK = -1
