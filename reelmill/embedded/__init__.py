"""PostgreSQL and Valkey out of their wheels, run for you: the small start with nothing installed.

One process owns the servers of a data folder (`Embedded`); others find them (`running`), and a door that
needs servers for the length of a command takes whichever there are (`servers`).
"""

from reelmill.embedded.failures import AlreadyRunning, ServerFailed, ServerUnavailable
from reelmill.embedded.owner import Embedded, Servers
from reelmill.embedded.sharing import running, servers

__all__ = [
    "AlreadyRunning",
    "Embedded",
    "ServerFailed",
    "ServerUnavailable",
    "Servers",
    "running",
    "servers",
]
