"""Whether this process answers."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

router = APIRouter()


class Health(BaseModel):
    """The answer of a process that answers."""

    ok: bool = True


@router.get("/healthz")
async def get_health() -> Health:
    """Say that the process answers; nothing is asked of the database."""
    # A coroutine, so that it needs none of the threads in which other requests may be waiting for the database.
    return Health()
