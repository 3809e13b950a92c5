"""Start a program that ends with its parent: `tether.py SIGNAL PARENT_PID PROGRAM [ARGUMENT...]`.

The kernel sends SIGNAL when the thread that started this process ends, even by SIGKILL. The request survives
`exec`, but not a change of user, so a tethered program has changed its user before. This is a script of its
own because Python code between fork and exec can deadlock in a process that has threads.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
"""From <linux/prctl.h>."""


def main() -> None:
    """Ask for the signal, make sure that the parent did not end before we asked, and become the program."""
    death_signal, parent, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() == parent:
        os.execv(command[0], command)  # noqa: S606  Becoming the program without a shell is the point.


if __name__ == "__main__":
    main()
