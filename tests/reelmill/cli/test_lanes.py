"""Pausing and resuming lanes, and what other commands show of it."""

from __future__ import annotations

from uuid import UUID

import pytest


@pytest.mark.parametrize("command", ["pause", "resume"])
def test_an_unknown_queue_is_refused_with_the_known_ones(reelmill, command):
    ran = reelmill(command, "cpus", "--json")
    assert ran.status == 2
    assert ran.document["error"]["class"] == "CommandLineError"
    assert "api.describe" in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_a_reason_that_no_column_takes_is_refused(reelmill):
    assert reelmill("pause", "cpu", "--reason", "").status == 2
    assert reelmill("pause", "cpu", "--reason", "x" * 501).status == 2


@pytest.mark.services
class TestLedger:
    """On a real ledger."""

    def test_a_pause_lasts_until_resumed_or_for_the_minutes_given(self, mill_reelmill, ledger):
        assert mill_reelmill("pause", "cpu", "--json").document == {"ok": True}
        assert "api.embed is paused until 2" in mill_reelmill("pause", "api.embed", "--minutes", "5").stdout
        pauses = ledger.lanes.paused()
        assert (pauses["cpu"].end, pauses["cpu"].reason) == ("until resumed", "paused by hand")
        assert 290 < (pauses["api.embed"].until - pauses["api.embed"].since).total_seconds() < 310
        assert mill_reelmill("resume", "cpu", "--json").document == {"ok": True}
        assert list(ledger.lanes.paused()) == ["api.embed"]

    def test_status_names_each_paused_lane_with_its_reason(self, mill_reelmill, ledger):
        assert mill_reelmill("status", "--json").document["lanes"] == []
        mill_reelmill("pause", "cpu", "--reason", "new disk\x1b[2J")
        [lane] = mill_reelmill("status", "--json").document["lanes"]
        assert set(lane) == {"queue", "since", "until", "reason"}
        shown = mill_reelmill("status").stdout
        assert "lane cpu is paused until resumed: new disk" in shown
        assert "\x1b" not in shown

    def test_status_of_a_video_says_why_it_waits(self, mill_reelmill, ledger):
        first, second = (ledger.videos.enqueue(source).id for source in ("/1.mp4", "/2.mp4"))
        ledger.lanes.pause("cpu", 60, "disk full")
        waiting = mill_reelmill("status", str(second), "--json").document["waiting"]
        assert (waiting["ahead"], waiting["paused"][0]["reason"]) == (1, "disk full")
        shown = mill_reelmill("status", str(second)).stdout
        for line in (
            "1 of its tenant's videos that wait for transcode go first",
            "lane cpu is paused until",
            "no worker for transcode is alive",
            "no dispatcher is alive",
        ):
            assert line in shown
        self.end(ledger, first)
        assert mill_reelmill("status", str(first), "--json").document["waiting"] is None
        assert "go first" not in mill_reelmill("status", str(first)).stdout

    @staticmethod
    def end(ledger, video_id: UUID) -> None:
        with ledger.pool.connection() as connection:
            connection.execute(
                "UPDATE reelmill.videos SET state = 'failed', error_class = 'NoVideo', error_message = '', "
                "finished_at = now() WHERE id = %s",
                [video_id],
            )
