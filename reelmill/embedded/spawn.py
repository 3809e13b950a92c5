"""How a server's programs are started: not as root, tied to their owner's life, told nothing of its environment."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from reelmill.embedded.privileges import as_ordinary_user

SERVER_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}
"""The owner's environment may hold the keys of model providers, and PG* variables meant for a client."""


def tethered(command: list[str], death_signal: signal.Signals) -> list[str]:
    """Extend the command so that the kernel sends it the signal when the calling thread ends.

    The program is named by its absolute path.
    """
    tether = str(Path(__file__).with_name("tether.py"))
    # -I -S: nothing but the standard library, so that it starts in some 20 ms and no sitecustomize runs.
    return [sys.executable, "-I", "-S", tether, str(int(death_signal)), str(os.getpid()), *command]


def server_command(command: list[str], death_signal: signal.Signals) -> list[str]:
    """The command of a server: tethered, and as an ordinary user.

    Raises `ServerUnavailable` where root cannot change its user.
    """
    return as_ordinary_user(tethered(command, death_signal))
