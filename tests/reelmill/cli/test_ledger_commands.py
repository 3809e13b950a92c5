"""The commands that ask the ledger, on a real one."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import structlog

from reelmill.cli import waiting
from reelmill.embedded import Embedded
from reelmill.errors import stage_errors
from reelmill.ledger import Ledger
from reelmill.ledger.pool import open_pool
from reelmill.ledger.processes import Processes
from reelmill.video import State

pytestmark = pytest.mark.services


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """A folder of two files; no command here reads them."""
    folder = tmp_path / "clips"
    folder.mkdir()
    for name in ("a.mp4", "b.mp4"):
        (folder / name).write_text(name)
    return folder


def end(ledger: Ledger, video_id: str, state: State, error: str | None = None) -> None:
    """Write a final state as a worker would have."""
    with ledger.pool.connection() as connection:
        connection.execute(
            "UPDATE reelmill.videos SET state = %s, error_class = %s, error_message = 'It is broken.', "
            "waiting_for = NULL, finished_at = now() WHERE id = %s",
            [state, error, video_id],
        )


def enqueue(ledger: Ledger, source: str) -> str:
    return str(ledger.videos.enqueue(source).id)


def test_ingest_names_each_video_with_its_source_and_state(mill_reelmill, clips):
    ran = mill_reelmill("ingest", str(clips), "--json")
    assert ran.status == 0
    videos = ran.document["videos"]
    assert [video["source"] for video in videos] == [str(clips / "a.mp4"), str(clips / "b.mp4")]
    assert all(set(video) == {"id", "source", "state", "error"} for video in videos)
    assert all(video["state"] == "queued" and video["error"] is None for video in videos)


def test_the_same_files_are_the_same_videos(mill_reelmill, clips):
    first = mill_reelmill("ingest", str(clips), "--json").document
    assert mill_reelmill("ingest", str(clips), "--json").document == first


def test_tenant_and_priority_are_kept(mill_reelmill, clips, ledger):
    mill_reelmill("ingest", str(clips / "a.mp4"), "--tenant", "acme", "--priority", "7")
    with ledger.pool.connection() as connection:
        assert connection.execute("SELECT tenant, priority FROM reelmill.videos").fetchall() == [("acme", 7)]


def test_nothing_is_enqueued_when_one_path_is_wrong(mill_reelmill, clips, ledger):
    ran = mill_reelmill("ingest", str(clips), str(clips / "missing.mp4"))
    assert ran.status == 2
    assert ledger.status.videos() == []


def test_an_empty_folder_is_no_failure(mill_reelmill, tmp_path):
    ran = mill_reelmill("ingest", str(tmp_path), "--wait", "--json")
    assert (ran.status, ran.document) == (0, {"videos": []})


def test_wait_without_a_worker_fails_at_once_but_loses_nothing(mill_reelmill, clips, ledger):
    ran = mill_reelmill("ingest", str(clips), "--wait", "--json")
    assert ran.status == 1
    assert "make up" in ran.stderr
    assert [video["state"] for video in ran.document["videos"]] == ["queued", "queued"]
    assert len(ledger.status.videos()) == 2


def test_an_interrupted_wait_says_that_the_videos_go_on(mill_reelmill, clips, ledger, monkeypatch):
    ledger.processes.beat("w", "worker", ["cpu"])
    # Stands for a person: Ctrl-C comes as soon as the waiting begins.
    monkeypatch.setattr(waiting, "wait", lambda *_: signal.raise_signal(signal.SIGINT))
    # Tests that run in the background of a shell are deaf to it otherwise.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        ran = mill_reelmill("ingest", str(clips), "--wait", "--json")
    finally:
        signal.signal(signal.SIGINT, before)
    assert ran.status == 130
    assert ran.document["error"]["class"] == "Interrupted"
    assert "go on without" in ran.stderr
    assert len(ledger.status.videos()) == 2


def test_a_duplicate_is_no_failure(mill_reelmill, clips, ledger):
    ids = [video["id"] for video in mill_reelmill("ingest", str(clips), "--json").document["videos"]]
    end(ledger, ids[0], State.INDEXED)
    end(ledger, ids[1], State.DUPLICATE)
    ran = mill_reelmill("ingest", str(clips), "--wait", "--json")
    assert ran.status == 0
    assert [video["state"] for video in ran.document["videos"]] == ["indexed", "duplicate"]


@pytest.mark.parametrize("state", [State.FAILED, State.BLOCKED])
def test_wait_names_what_failed_or_was_blocked_and_exits_1(mill_reelmill, clips, ledger, state):
    first, second = (video["id"] for video in mill_reelmill("ingest", str(clips), "--json").document["videos"])
    end(ledger, first, State.INDEXED)
    end(ledger, second, state, "UnreadableMedia")
    ran = mill_reelmill("ingest", str(clips), "--wait", "--json")
    assert ran.status == 1
    assert ran.document["videos"][1]["error"] == {"class": "UnreadableMedia", "message": "It is broken."}
    assert ran.stderr == f"reelmill: {clips / 'b.mp4'}: UnreadableMedia: It is broken.\n"


def test_status_counts_every_state_and_lists_the_newest_first(mill_reelmill, ledger):
    ids = [enqueue(ledger, source) for source in ("/1.mp4", "/2.mp4", "/3.mp4")]
    end(ledger, ids[0], State.FAILED, "NoVideo")
    document = mill_reelmill("status", "--json").document
    assert document["counts"] == {str(state): {"queued": 2, "failed": 1}.get(state, 0) for state in State}
    assert [video["id"] for video in document["videos"]] == ids[::-1]
    shown = mill_reelmill("status", "--limit", "1").stdout
    assert "3 in all:  queued 2  failed 1" in shown
    assert "3.mp4" in shown
    assert "2.mp4" not in shown


def test_what_the_ledger_logs_never_mixes_with_the_answer(mill_reelmill, capsys):
    mill_reelmill("status", "--json")
    structlog.get_logger().warning("not worth a line")
    structlog.get_logger().error("worth one")
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "worth one" in printed.err
    assert "not worth a line" not in printed.err


def test_status_of_one_video_tells_each_stage(mill_reelmill, ledger):
    video_id = enqueue(ledger, "/1.mp4")
    with ledger.pool.connection() as connection:
        connection.execute(
            "INSERT INTO reelmill.stage_runs (video_id, stage, version, state, attempt, worker, device, started_at, "
            "finished_at, facts) VALUES (%s, 'transcode', 1, 'done', 2, 'cpu@host', 'cpu', now(), now(), "
            """'{"rung": "cpu"}'), (%s, 'describe', 1, 'failed', 1, 'd@host', 'cpu', now(), now(), '{}')""",
            [video_id, video_id],
        )
        connection.execute(
            "UPDATE reelmill.stage_runs SET error_class = 'Stalled', error_message = 'Too slow.', "
            "evidence = E'last\\nline' WHERE stage = 'describe'"
        )
    document = mill_reelmill("status", video_id, "--json").document
    transcode, describe = document["stages"]
    assert (document["id"], document["waiting_for"]) == (video_id, "the dispatcher")
    assert (transcode["attempts"], transcode["worker"], transcode["rung"]) == (2, "cpu@host", "cpu")
    assert describe["error"] == {"class": "Stalled", "message": "Too slow.", "evidence": "last\nline"}
    shown = mill_reelmill("status", video_id).stdout
    assert "Stalled: Too slow." in shown
    assert "    last\n    line\n" in shown


def test_an_unknown_video_fails_and_is_no_misuse(mill_reelmill):
    unknown = str(uuid4())
    for command in (["status"], ["similar"], ["retry"]):
        ran = mill_reelmill(*command, unknown)
        assert ran.status == 1
        assert unknown in ran.stderr


def test_retry_takes_the_outdated_ones_when_they_are_meant(mill_reelmill, ledger):
    ids = [enqueue(ledger, name) for name in "abc"]
    for video_id in ids[:2]:
        end(ledger, video_id, State.INDEXED)
    end(ledger, ids[2], State.FAILED, "Stalled")
    assert mill_reelmill("retry", ids[0], "--json").document == {"retried": 0}
    assert mill_reelmill("retry", ids[0], ids[2], "--outdated", "--json").document == {"retried": 1}
    assert mill_reelmill("retry", "--outdated", "--failed", "--json").document == {"retried": 2}


def test_retry_takes_the_class_that_is_named(mill_reelmill, ledger):
    ids = [enqueue(ledger, source) for source in ("/1.mp4", "/2.mp4", "/3.mp4")]
    end(ledger, ids[0], State.FAILED, "Stalled")
    end(ledger, ids[1], State.FAILED, "NoVideo")
    assert mill_reelmill("retry", "--class", "Stalled", "--json").document == {"retried": 1}
    assert ledger.status.counts()["failed"] == 1
    assert mill_reelmill("retry", ids[1], ids[2], "--json").document == {"retried": 1}
    assert mill_reelmill("retry", "--failed", "--json").document == {"retried": 0}


def test_an_unknown_error_class_is_refused_with_the_known_ones(mill_reelmill, ledger):
    end(ledger, enqueue(ledger, "/1.mp4"), State.FAILED, "OutOfQuota")
    ran = mill_reelmill("retry", "--failed", "--class", "Staled", "--json")
    assert ran.status == 2
    assert all(error.__name__ in ran.stderr for error in stage_errors())
    assert "OutOfQuota" in ran.stderr
    assert ledger.status.counts()["failed"] == 1


def test_a_class_that_a_plugged_in_part_raised_can_be_retried(mill_reelmill, ledger):
    end(ledger, enqueue(ledger, "/1.mp4"), State.FAILED, "OutOfQuota")
    assert mill_reelmill("retry", "--class", "OutOfQuota", "--json").document == {"retried": 1}


def test_similar_and_search_give_scores_and_reasons(mill_reelmill, indexed):
    first, second = indexed
    document = mill_reelmill("similar", first, "--json").document
    assert document["video"] == first
    assert [item["id"] for item in document["items"]] == [second]
    assert set(document["items"][0]) == {"id", "source", "score", "reason"}
    found = mill_reelmill("search", "a dog on the grass", "-k", "1", "--json").document
    assert [item["id"] for item in found["items"]] == [first]
    assert "A dog (dog.mp4)" in mill_reelmill("similar", second).stdout


def test_a_search_before_anything_was_indexed_finds_nothing(mill_reelmill):
    ran = mill_reelmill("search", "a dog", "--json")
    assert (ran.status, ran.document["items"]) == (0, [])


def test_other_tenants_are_not_searched(mill_reelmill, indexed):
    assert mill_reelmill("search", "a dog", "--tenant", "other", "--json").document["items"] == []


@pytest.fixture
def indexed(ledger: Ledger) -> tuple[str, str]:
    """Two videos as the index stage leaves them, with vectors of their titles."""
    from reelmill import parts
    from reelmill.index.pgvector import PgvectorStore

    embedder, store = parts.text_embedder(), PgvectorStore(ledger.pool)
    store.add_space(embedder.space)
    ids = []
    for source, title in (("/dog.mp4", "A dog"), ("/train.mp4", "A train")):
        ids.append(enqueue(ledger, source))
        with ledger.pool.connection() as connection:
            connection.execute(
                "INSERT INTO reelmill.descriptions (video_id, title, genres, description, tags, evidence, index_text) "
                "VALUES (%s, %s, '{}', '', '[]', '[]', %s)",
                [ids[-1], title, title],
            )
            connection.execute(
                "INSERT INTO reelmill.embeddings (video_id, space, vector) VALUES (%s, %s, %s)",
                [ids[-1], embedder.space.name, embedder.embed_query(title).tolist()],
            )
            store.upsert(connection, UUID(ids[-1]), [embedder.space])
        end(ledger, ids[-1], State.INDEXED)
    return ids[0], ids[1]


def test_waiting_ends_at_once_where_the_servers_were_down_whatever_was_last_said(
    reelmill, clips, tmp_path, monkeypatch
):
    reelmill("ingest", str(clips))  # Makes the data folder and its schema, and stops the servers again.
    embedded = Embedded(tmp_path / "data")
    with open_pool(embedded.start().database_url, size=1, name="test") as pool:
        Processes(pool).beat("cpu@killed:1", "worker", ["cpu"])
    embedded.stop()
    # Waiting itself would never end here.
    monkeypatch.setattr(waiting, "wait", lambda *_: pytest.fail("It waits for workers that cannot be there."))
    ran = reelmill("ingest", str(clips), "--wait")
    assert ran.status == 1
    assert "make up" in ran.stderr


def test_one_odd_name_in_a_folder_is_named_and_the_others_are_ingested(mill_reelmill, clips):
    (clips / os.fsdecode(b"\xff.mp4")).touch()
    ran = mill_reelmill("ingest", str(clips), "--json")
    assert ran.status == 1
    assert [video["state"] for video in ran.document["videos"]] == ["queued", "queued", "failed"]
    assert "UTF-8" in ran.document["videos"][-1]["error"]["message"]
    assert "UTF-8" in ran.stderr
