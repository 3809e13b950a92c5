"""The process's real parts, from its settings."""

from __future__ import annotations

from importlib import import_module

from reelmill import embedded
from reelmill.errors import Misuse
from reelmill.ledger.migrate import migrate
from reelmill.ledger.pool import Pool, open_pool
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
        tools = chosen(settings, pool)
        for space in (tools.text.space, tools.visual.space):
            tools.vectors.add_space(space)


def toolbox(settings: Settings) -> Toolbox:
    """The toolbox of a worker process, with a connection for each thread that may need one."""
    return chosen(settings, open_pool(database_url(settings), size=settings.api_threads + 2, name="worker"))


def chosen(settings: Settings, pool: Pool) -> Toolbox:
    """What the factory that `REELMILL_TOOLBOX` names has chosen. Raises `Misuse` when that is no `Toolbox`."""
    module, _, factory = settings.toolbox.partition(":")
    made = getattr(import_module(module), factory)(settings, pool)
    if not isinstance(made, Toolbox):
        raise Misuse(f"REELMILL_TOOLBOX: {settings.toolbox} made no Toolbox.")
    return made


def _running(settings: Settings) -> embedded.Servers:
    servers = embedded.running(settings.data_dir)
    if servers is None:
        raise Misuse(f"No database and broker are set, and no embedded ones run in {settings.data_dir}. {START}")
    return servers
