"""What `/v1/videos` refuses, and that it does so without asking the database, which is away here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import httpx
import pytest


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/body/source"),
        ({"source": ""}, "/body/source"),
        ({"source": 7}, "/body/source"),
        ({"source": "/nul\0"}, "/body/source"),
        ({"source": "/x", "tenant": ""}, "/body/tenant"),
        ({"source": "/x", "tenant": "nul\0"}, "/body/tenant"),
        ({"source": "/x", "version": "nul\0"}, "/body/version"),
        ({"source": "/x", "priority": 2**15}, "/body/priority"),
        ({"source": "/x", "priority": True}, "/body/priority"),
        ({"source": "/x", "prio": 1}, "/body/prio"),
        ([], "/body"),
    ],
    ids=str,
)
def test_a_flawed_request_is_told_where_the_flaw_is(lone_door: httpx.Client, body: object, pointer: str) -> None:
    answer = lone_door.post("/v1/videos", json=body)
    assert answer.status_code == 422
    assert pointer in [flaw["pointer"] for flaw in answer.json()["errors"]]


@pytest.mark.parametrize("name", ["source", "tenant", "version"])
def test_a_lone_surrogate_is_refused(lone_door: httpx.Client, name: str) -> None:
    body = {"source": '"/x"'} | {name: r'"/\ud800"'}
    text = ", ".join(f'"{key}": {value}' for key, value in body.items())
    answer = lone_door.post("/v1/videos", content="{" + text + "}", headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert [flaw["pointer"] for flaw in answer.json()["errors"]] == [f"/body/{name}"]


@pytest.mark.parametrize("source", ["s3://bucket/clip.mp4", "https://example.org/clip.mp4", "relative.mp4", "file:x"])
def test_only_local_files_are_taken(lone_door: httpx.Client, source: str) -> None:
    answer = lone_door.post("/v1/videos", json={"source": source})
    assert (answer.status_code, answer.json()["detail"]) == (422, "Only local files are supported in this version.")


def test_a_web_pages_plain_form_cannot_enqueue(lone_door: httpx.Client, root: Path) -> None:
    # A page of any site may send text/plain to a port of this machine; JSON needs a permission we never give.
    content = f'{{"source": "{root / "clip.mp4"}"}}'
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        assert lone_door.post("/v1/videos", content=content, headers={"Content-Type": kind}).status_code == 422
    assert lone_door.post("/v1/videos", content=content).status_code == 422


def test_while_the_database_is_away_callers_are_told_to_come_back(
    open_door: Callable[[str], httpx.Client], root: Path, unused_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "clip.mp4").write_bytes(b"x")
    monkeypatch.setattr("reelmill.ledger.pool.PATIENCE_S", 0.2)
    door = open_door(unused_url)
    for answer in (door.post("/v1/videos", json={"source": str(root / "clip.mp4")}), door.get(f"/v1/videos/{uuid4()}")):
        assert answer.status_code == 503
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert int(answer.headers["Retry-After"]) > 0
    assert door.get("/healthz").json() == {"ok": True}
