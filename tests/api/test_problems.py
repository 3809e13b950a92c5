"""Every way for a request to go wrong is answered with a problem document; the OpenAPI document says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from api.app import create_app, database_url
from api.body_limit import MAX_BODY_BYTES
from reelmill.errors import Misuse
from reelmill.settings import Settings


def chunks(size_bytes: int) -> Iterator[bytes]:
    """A body whose length no header tells."""
    while size_bytes > 0:
        yield b" " * min(1024, size_bytes)
        size_bytes -= 1024


JSON = {"Content-Type": "application/json"}
UNDER = b'{"source": "' + b"x" * (MAX_BODY_BYTES - 14) + b'"}'


@pytest.mark.parametrize(
    ("method", "path", "more", "status"),
    [
        ("GET", "/nowhere", {}, 404),
        ("GET", "/v1/videos/../../etc/passwd", {}, 404),
        ("DELETE", "/v1/videos", {}, 405),
        ("GET", "/v1/videos/not-an-id", {}, 422),
        ("POST", "/v1/videos", {"content": b"{", "headers": JSON}, 422),
        ("POST", "/v1/videos", {"content": b'"\xff"', "headers": JSON}, 400),
        ("POST", "/v1/videos", {"content": b"[" * 50_000, "headers": JSON}, 400),
        ("POST", "/v1/videos", {"content": UNDER, "headers": JSON}, 422),
        ("POST", "/v1/videos", {"content": UNDER + b" ", "headers": JSON}, 413),
        ("POST", "/v1/videos", {"content": chunks(MAX_BODY_BYTES + 1), "headers": JSON}, 413),
        ("POST", "/v1/videos", {"json": {"source": "/etc/passwd"}}, 403),
    ],
    ids=["route", "dots", "method", "id", "json", "utf-8", "depth", "size", "one more", "chunked", "forbidden"],
)
def test_every_error_is_a_problem(
    lone_door: httpx.Client, method: str, path: str, more: dict[str, Any], status: int
) -> None:
    answer = lone_door.request(method, path, **more)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["type"], problem["status"]) == ("about:blank", status)
    assert problem["title"]
    assert problem["detail"]


def test_a_wrong_method_is_told_the_right_ones(lone_door: httpx.Client) -> None:
    assert lone_door.delete("/v1/videos").headers["Allow"] == "POST"


def test_an_error_of_ours_tells_the_caller_nothing_of_our_insides(
    lone_door: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr("api.videos.upload_of", broken)
    answer = lone_door.post("/v1/videos", json={"source": "/x"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "application/problem+json")
    assert "secret" not in answer.text


def test_the_openapi_document_describes_every_problem(lone_door: httpx.Client) -> None:
    document = lone_door.get("/openapi.json").json()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert {operation["operationId"] for operation in operations} == {"accept_video", "get_video", "get_health"}
    for operation in operations:
        for status, response in operation["responses"].items():
            kind = "application/json" if status.startswith("2") else "application/problem+json"
            assert list(response["content"]) == [kind]
    assert {"403", "413", "422", "503"} < document["paths"]["/v1/videos"]["post"]["responses"].keys()


def test_no_page_loads_scripts_from_elsewhere(lone_door: httpx.Client) -> None:
    assert [lone_door.get(page).status_code for page in ("/docs", "/redoc")] == [404, 404]


def test_without_any_database_the_door_says_how_to_get_one(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELMILL_DATA_DIR", str(tmp_path / "none"))
    create_app()
    with pytest.raises(Misuse, match="make up"):
        database_url(Settings())
