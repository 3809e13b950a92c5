"""Orders that processes obey at the named points: a file for each, taken by whoever comes there first.

Tests write an order (`place`), and know that it was obeyed when `taken` gives the pid; so nothing is slept for.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path

from reelmill import points

FOLDER = "REELMILL_TEST_ORDERS"
"""Environment variable naming the folder of orders; unset, nothing is armed."""

_numbers = count()


def arm() -> None:
    """Obey orders in this process and those it forks."""
    if folder := os.environ.get(FOLDER):
        points.arm(partial(_obey, Path(folder)))


def place(folder: Path, point: str, order: str) -> Path:
    """Have the next process that reaches the point obey: `kill`, `kill-child`, `stop`, `exit` or `fail`."""
    draft = folder / f".{point}"
    draft.write_text(order)
    return draft.rename(folder / f"{point}.{next(_numbers):04}")


def taken(order: Path) -> int | None:
    """The pid of the process that obeyed, or None while the order waits."""
    found = list(order.parent.glob(f"{order.name}.by.*"))
    return int(found[0].suffix[1:]) if found else None


def text(order: Path) -> str:
    """What a taken order says."""
    [found] = order.parent.glob(f"{order.name}.by.*")
    return found.read_text()


def stands_still(pid: int) -> bool:
    """Whether the process is stopped, by its state in proc_pid_stat(5)."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def _obey(folder: Path, point: str) -> None:
    for order in folder.glob(f"{point}.[0-9][0-9][0-9][0-9]"):
        mine = order.with_name(f"{order.name}.by.{os.getpid()}")
        with suppress(FileNotFoundError):
            # One rename wins; the text is read after it.
            order.rename(mine)
            _act(mine.read_text())


def _act(order: str) -> None:
    if order == "kill":
        # Each child of the supervisor leads a group of its own, so this is the whole worker at one stroke.
        os.killpg(os.getpgrp(), signal.SIGKILL)
    elif order == "kill-child":
        os.kill(os.getpid(), signal.SIGKILL)
    elif order == "stop":
        os.killpg(os.getpgrp(), signal.SIGSTOP)
        # Another thread may get the signal first, and this one would go on for an instant.
        time.sleep(0.1)
    elif order == "exit":
        raise SystemExit(1)
    else:
        raise RuntimeError(f"An order: {order}")
