"""The process's real parts, from its settings."""

from __future__ import annotations

from reelmill import embedded, parts
from reelmill.errors import Misuse
from reelmill.ledger.migrate import migrate
from reelmill.ledger.pool import open_pool
from reelmill.settings import Settings
from reelmill.toolbox import Toolbox

START = "Start everything with `make up`, or set REELMILL_DATABASE_URL and REELMILL_BROKER_URL."


def database_url(settings: Settings) -> str:
    """The database's URL: the one set, else that of the embedded server now running. Raises `Misuse`."""
    return settings.database_url or _running(settings).database_url


def broker_url(settings: Settings) -> str:
    """The broker's URL: the one set, else that of the embedded server now running. Raises `Misuse`."""
    return settings.broker_url or _running(settings).broker_url


def prepare(settings: Settings, url: str) -> None:
    """Bring the schema up to date, and make the index tables of the spaces in use."""
    migrate(url)
    with open_pool(url, size=2, name="set-up") as pool:
        tools = parts.chosen(settings, pool)
        for space in (tools.text.space, tools.visual.space):
            tools.vectors.add_space(space)


def toolbox(settings: Settings) -> Toolbox:
    """The toolbox of a worker process, with a connection for each thread that may need one."""
    return parts.chosen(settings, open_pool(database_url(settings), size=settings.api_threads + 2, name="worker"))


def _running(settings: Settings) -> embedded.Servers:
    servers = embedded.running(settings.data_dir)
    if servers is None:
        raise Misuse(f"No database and broker are set, and no embedded ones run in {settings.data_dir}. {START}")
    return servers
