"""Limits itself, then becomes the given program: run as a script by `child`, with as few imports as will do.

Arguments: the parent's process id; the limits of address space (bytes), CPU time (seconds) and file size
(bytes); the program's absolute path; its arguments.
"""

import ctypes
import os
import resource
import sys

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
SIGKILL = 9
CANNOT_START = 127
"""Exit status when the program could not be started, as in the shell."""
MAX_DESCRIPTORS = 64
CPU_GRACE_S = 5
"""Between SIGXCPU, which a program may handle, and SIGKILL."""


def lower(what: int, soft: int, hard: int) -> None:
    """Set a limit; one that is already lower stays."""
    _, ceiling = resource.getrlimit(what)
    if ceiling != resource.RLIM_INFINITY:
        soft, hard = min(soft, ceiling), min(hard, ceiling)
    resource.setrlimit(what, (soft, hard))


def confine(memory_bytes: int, cpu_s: int, file_bytes: int) -> None:
    """Bound what this process may use from here on; exec keeps it so."""
    lower(resource.RLIMIT_AS, memory_bytes, memory_bytes)
    lower(resource.RLIMIT_CPU, cpu_s, cpu_s + CPU_GRACE_S)
    lower(resource.RLIMIT_FSIZE, file_bytes, file_bytes)
    lower(resource.RLIMIT_CORE, 0, 0)
    lower(resource.RLIMIT_NOFILE, MAX_DESCRIPTORS, MAX_DESCRIPTORS)


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent ends, however that ends.

    The kernel watches the thread that started the process: `child.run` stays in it until the process has ended.
    """
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != parent:  # It ended before the first call above.
        sys.exit(CANNOT_START)


def main() -> None:
    """Never returns."""
    parent, memory_bytes, cpu_s, file_bytes = map(int, sys.argv[1:5])
    program = sys.argv[5:]
    die_with(parent)
    confine(memory_bytes, cpu_s, file_bytes)
    try:
        os.execv(program[0], program)  # noqa: S606  (no shell is wanted here)
    except OSError as error:
        sys.stderr.write(f"{program[0]}: {error.strerror}\n")
        sys.exit(CANNOT_START)


if __name__ == "__main__":
    main()
