"""The HTTP application: `uvicorn --factory api.app:create_app`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from api import health, openapi, problems, videos
from api.body_limit import BodyLimit
from reelmill import __version__, embedded
from reelmill.errors import Misuse
from reelmill.ledger import open_ledger
from reelmill.ledger.pool import open_pool
from reelmill.settings import Settings

CONNECTIONS = 16
"""Most connections to the database; further requests wait for one of them."""


def create_app() -> FastAPI:
    """Make the application from the settings; it connects to the database when it is started."""
    settings = Settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with open_pool(database_url(settings), size=CONNECTIONS, name="api") as pool:
            app.state.settings = settings
            app.state.ledger = open_ledger(pool, lease_s=settings.lease_s, ring_wait_s=settings.ring_wait_s)
            yield

    app = FastAPI(
        title="Reelmill",
        version=__version__,
        lifespan=lifespan,
        # FastAPI's pages at /docs and /redoc load scripts from a third party's server.
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    app.include_router(videos.router)
    app.include_router(health.router)
    app.add_middleware(BodyLimit)
    problems.install(app)
    openapi.install(app)
    return app


def database_url(settings: Settings) -> str:
    """The database's URL: the one set, else that of the embedded server now running. Raises `Misuse`."""
    if settings.database_url:
        return settings.database_url
    servers = embedded.running(settings.data_dir)
    if servers is None or not servers.database_url:
        raise Misuse(
            f"No database is set (REELMILL_DATABASE_URL) and none runs in {settings.data_dir}; `make up` runs one."
        )
    return servers.database_url
