"""What the embedded package must know of a kind of server to run it."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Protocol

from reelmill.embedded.endpoints import Endpoint


class Program(Protocol):
    """A kind of server; it holds no state, a `ServerProcess` does."""

    name: str
    """The folder under the data folder, the log's name, and the key in `servers.json`."""
    title: str
    """Its name for people."""
    process_name: str
    """What the kernel calls its processes, at most 15 characters."""
    stop_signal: signal.Signals
    """Ends it cleanly; sent by `stop`, and by the kernel when the owner dies."""

    def prepare(self, folder: Path, endpoint: Endpoint) -> list[str]:
        """Make what the server needs before a start, and give its command line, without any secret.

        It will run with `folder`, which this makes if it is missing, as its working directory. Nothing else
        works there while this is called.
        """
        ...

    def url(self, endpoint: Endpoint) -> str:
        """The URL that clients use."""
        ...

    def answers(self, endpoint: Endpoint) -> bool:
        """Whether a real query was answered. Raises `ServerFailed` when waiting would not help."""
        ...
