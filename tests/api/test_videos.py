"""`/v1/videos`: what is accepted, what is answered, and that the ledger is all it needs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from reelmill.errors import Retryable
from reelmill.ledger import Ledger
from reelmill.ledger.lease import Lease, Link
from reelmill.ledger.rings import Ring, Rings
from reelmill.uploads import MAX_TENANT_CHARS, MAX_VERSION_CHARS, local_upload
from reelmill.video import Description, Stage, StageResult, Tag

pytestmark = pytest.mark.services


@pytest.fixture
def clip(root: Path) -> Path:
    clip = root / "clip.mp4"
    clip.write_bytes(b"some bytes")
    return clip


def test_a_new_upload_is_accepted_and_queued(door: httpx.Client, clip: Path, ledger: Ledger) -> None:
    answer = door.post("/v1/videos", json={"source": str(clip)})
    assert answer.status_code == 202
    video = answer.json()
    assert (video["source"], video["version"]) == local_upload(clip)
    assert (video["state"], video["tenant"]) == ("queued", "default")
    assert answer.headers["Location"] == f"/v1/videos/{video['id']}"
    stored = ledger.videos.get(UUID(video["id"]))
    assert stored is not None
    assert (stored.source, stored.version) == local_upload(clip)


def test_the_same_upload_again_is_the_same_video(door: httpx.Client, clip: Path) -> None:
    first = door.post("/v1/videos", json={"source": str(clip)})
    second = door.post("/v1/videos", json={"source": str(clip)})
    assert (first.status_code, second.status_code) == (202, 200)
    assert second.json() == first.json()
    assert second.headers["Location"] == first.headers["Location"]


def test_many_callers_at_once_make_one_video(door: httpx.Client, clip: Path) -> None:
    with ThreadPoolExecutor(8) as callers:
        answers = list(callers.map(lambda _: door.post("/v1/videos", json={"source": str(clip)}), range(16)))
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sorted(answer.status_code for answer in answers) == [200] * 15 + [202]


def test_changed_bytes_are_another_video(door: httpx.Client, clip: Path) -> None:
    first = door.post("/v1/videos", json={"source": str(clip)}).json()
    clip.write_bytes(b"some other bytes")
    assert door.post("/v1/videos", json={"source": str(clip)}).json()["id"] != first["id"]


def test_a_file_uri_is_the_same_source_as_its_path(door: httpx.Client, root: Path) -> None:
    clip = root / "a clip.mp4"
    clip.write_bytes(b"x")
    by_uri = door.post("/v1/videos", json={"source": clip.as_uri()}).json()
    assert by_uri["source"] == str(clip)
    assert door.post("/v1/videos", json={"source": str(clip)}).json()["id"] == by_uri["id"]


def test_tenant_version_and_priority_are_the_callers(door: httpx.Client, clip: Path, database_url: str) -> None:
    names = {"tenant": "acme", "version": "etag-1", "priority": -7}
    video = door.post("/v1/videos", json={"source": str(clip), **names}).json()
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "SELECT tenant, version, priority FROM reelmill.videos WHERE id = %s", [video["id"]]
        ).fetchone()
    assert row == ("acme", "etag-1", -7)


def test_the_longest_names_fit_and_longer_ones_are_refused(door: httpx.Client, clip: Path) -> None:
    longest = {"tenant": "\U0001f3ac" * MAX_TENANT_CHARS, "version": "\U0001f3ac" * MAX_VERSION_CHARS}
    assert door.post("/v1/videos", json={"source": str(clip), **longest}).status_code == 202
    for name, value in longest.items():
        answer = door.post("/v1/videos", json={"source": str(clip), name: value + "x"})
        assert answer.status_code == 422, name


def test_the_document_tells_of_stages_and_description(door: httpx.Client, clip: Path, ledger: Ledger) -> None:
    video_id = UUID(door.post("/v1/videos", json={"source": str(clip)}).json()["id"])
    description = Description(title="A clip", genres=("pets",), description="", tags=(Tag(name="cat", confidence=1),))
    _work_on(ledger, video_id, description)
    document = door.get(f"/v1/videos/{video_id}").json()
    assert document["state"] == "described"
    assert [(stage["stage"], stage["state"]) for stage in document["stages"]] == [
        ("transcode", "done"),
        ("describe", "done"),
    ]
    assert document["description"]["tags"] == [{"name": "cat", "confidence": 1.0}]
    assert document["error"] is None
    assert document["cost"]["calls"] == 0


def test_the_document_says_everything_that_the_ledger_says(door: httpx.Client, clip: Path, ledger: Ledger) -> None:
    video_id = UUID(door.post("/v1/videos", json={"source": str(clip)}).json()["id"])
    _work_on(ledger, video_id, Description(title="A clip", genres=(), description="", tags=()))
    lease = ledger.runs.claim(video_id, Stage.EMBED, task_id="task of embed", worker="w", device="cpu")
    assert isinstance(lease, Lease)
    ledger.runs.end(lease, Retryable("Not now.", evidence="line 1"))
    document = door.get(f"/v1/videos/{video_id}").json()
    assert document["error"] == {"class": "Retryable", "message": "Not now."}
    assert document["stages"][-1]["error"] == document["error"] | {"evidence": "line 1"}
    assert _shape(document) == _shape(ledger.status.video(video_id))


def test_an_unknown_id_is_not_found(door: httpx.Client) -> None:
    assert door.get(f"/v1/videos/{uuid4()}").status_code == 404


def test_connections_that_died_with_the_database_are_replaced(
    door: httpx.Client, clip: Path, database_url: str
) -> None:
    assert door.post("/v1/videos", json={"source": str(clip)}).status_code == 202
    with psycopg.connect(database_url, autocommit=True) as connection:
        ended = connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'reelmill api'"
        ).fetchall()
    assert ended
    assert door.post("/v1/videos", json={"source": str(clip)}).status_code == 200


def _shape(value: Any) -> Any:
    """The keys of a document, at every depth."""
    if isinstance(value, dict):
        return {key: _shape(inner) for key, inner in value.items()}
    return [_shape(inner) for inner in value] if isinstance(value, list) else None


def _work_on(ledger: Ledger, video_id: UUID, description: Description) -> None:
    """Transcode and describe, as workers would tell the ledger of it."""
    links = tuple(Link(stage, f"task of {stage}", f"queue of {stage}") for stage in Stage)
    with ledger.pool.connection() as connection:
        rings = Rings(connection, ring_wait_s=60)
        rings.start([Ring(video_id, links)])
    for stage, result in (
        (Stage.TRANSCODE, StageResult(facts={"rung": "cpu"})),
        (Stage.DESCRIBE, StageResult(description=description)),
    ):
        lease = ledger.runs.claim(video_id, stage, task_id=f"task of {stage}", worker="w", device="cpu")
        assert isinstance(lease, Lease)
        ledger.runs.commit(lease, result)
