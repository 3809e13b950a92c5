"""Every error as a problem document, RFC 9457 (`application/problem+json`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import cast

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg import OperationalError
from pydantic import BaseModel
from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"

RETRY_AFTER_S = 5
"""A database that is away is back after a restart, which takes seconds."""

log = structlog.get_logger()


class Flaw(BaseModel):
    """One thing that is wrong with a request."""

    pointer: str
    """Where, as a JSON Pointer whose first step is the part of the request: `/body/source`."""
    detail: str


class Problem(BaseModel):
    """What went wrong, for people (`detail`) and for programs (`status`)."""

    type: str = "about:blank"
    """Always `about:blank`: the status says what kind of problem it is."""
    title: str
    """The status in words."""
    status: int
    detail: str
    """One sentence about this very request."""
    errors: list[Flaw] = []
    """The flaws of a request that was not understood."""


def problem(
    status: int, detail: str, *, errors: Sequence[Flaw] = (), headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """A response that carries a problem document."""
    document = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=list(errors))
    left_out = None if errors else {"errors"}
    return JSONResponse(document.model_dump(exclude=left_out), status, headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Answer every kind of error with a problem."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(OperationalError, _database_away)  # The pool's timeout is one, too.
    app.add_exception_handler(Exception, _unexpected)


def _refused(_request: Request, error: Exception) -> JSONResponse:
    refusal = cast(HTTPException, error)  # A handler's type says less than its registration.
    return problem(refusal.status_code, refusal.detail, headers=refusal.headers)


def _not_understood(_request: Request, error: Exception) -> JSONResponse:
    found = cast(RequestValidationError, error).errors()
    # Without the input that each error also holds: it may be long, or not fit for JSON.
    flaws = [Flaw(pointer="".join(f"/{step}" for step in each["loc"]), detail=each["msg"]) for each in found]
    return problem(422, "The request is not one this address takes.", errors=flaws)


def _database_away(_request: Request, error: Exception) -> JSONResponse:
    log.warning("ledger away", error=str(error).strip())
    return problem(
        503,
        "The database does not answer; ask again later, which is harmless.",
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )


def _unexpected(_request: Request, _error: Exception) -> JSONResponse:
    # The server logs the traceback; the caller learns nothing of our insides.
    return problem(500, "Something went wrong here; the log of the HTTP door says what.")
