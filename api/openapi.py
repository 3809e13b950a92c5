"""The OpenAPI document, made to say that errors are problem documents."""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi import FastAPI

from api.problems import MEDIA_TYPE, Problem


def problem_of(description: str) -> dict[str, Any]:
    """The entry of a status that is answered with a problem."""
    return {"model": Problem, "description": description}


def install(app: FastAPI) -> None:
    """Serve the document at `/openapi.json`."""
    as_made = app.openapi

    @cache
    def document() -> dict[str, Any]:
        made = as_made()
        for path in made["paths"].values():
            for operation in path.values():
                _mark_problems(operation["responses"])
        return made

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's own way to change the document.


def _mark_problems(responses: dict[str, Any]) -> None:
    # FastAPI writes each model under the media type of the route's success.
    for status, response in responses.items():
        if not status.startswith("2"):
            response["content"] = {MEDIA_TYPE: response["content"]["application/json"]}
