"""Enqueueing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from reelmill.ledger import Ledger
from reelmill.ledger.migrate import migrate, names
from reelmill.ledger.videos import ENQUEUE, enqueue

pytestmark = pytest.mark.services


def test_the_same_source_and_version_is_the_same_video(ledger: Ledger) -> None:
    first = ledger.videos.enqueue("/clips/a.mp4", version="1")
    assert first.created
    assert ledger.videos.enqueue("/clips/a.mp4", version="1") == type(first)(first.id, created=False)


@pytest.mark.parametrize("names", [{"version": "2"}, {"version": "1", "tenant": "other"}], ids=["version", "tenant"])
def test_another_version_or_tenant_is_another_video(ledger: Ledger, names: dict[str, str]) -> None:
    first = ledger.videos.enqueue("/clips/a.mp4", version="1")
    assert ledger.videos.enqueue("/clips/a.mp4", **names).id != first.id


def test_ids_are_in_the_order_of_time(ledger: Ledger) -> None:
    ids = [ledger.videos.enqueue(f"/clips/{n}.mp4").id for n in range(20)]
    assert ids == sorted(ids)
    assert {video_id.version for video_id in ids} == {7}


def test_a_video_exists_when_the_callers_transaction_commits_and_not_before(ledger: Ledger, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        video = enqueue(connection, "/clips/a.mp4")
        assert ledger.videos.get(video.id) is None
        connection.rollback()
    assert ledger.videos.get(video.id) is None
    with psycopg.connect(database_url) as connection:
        video = enqueue(connection, "/clips/a.mp4")
    assert ledger.videos.get(video.id)


def test_enqueueing_is_one_insert() -> None:
    statements = [line for line in ENQUEUE.decode().splitlines() if not line.startswith("--")]
    assert statements[0].startswith("INSERT INTO reelmill.videos")
    assert ";" not in "".join(statements)


def test_many_processes_can_migrate_at_once(servers: object, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA reelmill CASCADE")
    with ThreadPoolExecutor(4) as threads:
        applied = list(threads.map(migrate, [database_url] * 4))
    assert sorted(name for each in applied for name in each) == names()


def test_a_migration_that_comes_late_with_a_lower_number_is_applied(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DROP TABLE reelmill.spaces")
        connection.execute("DELETE FROM reelmill.migrations WHERE name = '0002_spaces.sql'")
    assert migrate(database_url) == ["0002_spaces.sql"]
