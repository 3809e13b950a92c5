"""Processes that a killed owner, or a killed server, left behind in a data folder.

They are known by where they work: both servers work inside their data folder, so a process of the right name
with that folder as its own is ours. A number in a file proves nothing, for process ids are used again.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from reelmill.embedded.failures import ServerFailed


def end_leftovers(name: str, folder: Path, *, patience_s: float) -> None:
    """Wait for processes called `name` that work in `folder` to end; kill those that outlast the patience.

    Raises `ServerFailed` when even that does not end them.
    """
    if _gone(name, folder, patience_s):
        return
    for pid in _working_in(name, folder):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    if not _gone(name, folder, patience_s):
        raise ServerFailed(f"A {name} that an earlier run left in {folder} does not end.")


def _gone(name: str, folder: Path, patience_s: float) -> bool:
    deadline = time.monotonic() + patience_s
    while any(_working_in(name, folder)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _working_in(name: str, folder: Path) -> Iterator[int]:
    for process in Path("/proc").glob("[0-9]*"):
        # Whatever ends meanwhile, or is another user's, is not ours.
        with suppress(OSError):
            if (process / "comm").read_text().strip() == name and (process / "cwd").samefile(folder):
                yield int(process.name)
