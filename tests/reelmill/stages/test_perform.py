"""One message, one stage: whatever happens ends in the ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reelmill.errors import Blocked, Busy, WorkerLost
from reelmill.ports import Beat
from reelmill.stages.perform import Outcome
from reelmill.testing import EchoDescriber, MemoryBlobs, MemoryVectors
from reelmill.toolbox import Toolbox
from reelmill.video import Description, Proxy, Stage

pytestmark = pytest.mark.services

MakeRung = Callable[[str], Any]
Arm = Callable[[Callable[[str], None] | None], None]


class Raising(EchoDescriber):
    """A describer that always ends the same way, and counts how often it was asked."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.calls = 0

    def describe(self, proxy: Proxy, beat: Beat) -> Description:
        self.calls += 1
        raise self.error


def shown(tools: Toolbox, rung: Any) -> dict[str, Any]:
    return tools.ledger.status.video(rung.video_id) or {}


def test_a_video_passes_all_four_stages(tools: Toolbox, rung: MakeRung) -> None:
    video = rung("cat on grass")
    assert [video.perform(stage, tools) for stage in Stage] == [Outcome.DONE] * 4
    found = shown(tools, video)
    assert found["state"] == "indexed"
    assert found["description"]["title"] == "cat on grass"
    assert found["waiting_for"] is None
    assert [(run["stage"], run["attempt"], run["worker"]) for run in found["stages"]] == [
        (stage, 1, "w1") for stage in Stage
    ]
    assert isinstance(tools.vectors, MemoryVectors)
    assert set(tools.vectors.vectors_of(video.video_id, [tools.text.space, tools.visual.space])) == {
        "text_testing_v1",
        "visual_testing_v1",
    }


def test_a_doubled_message_does_the_work_once_and_passes_on(tools: Toolbox, rung: MakeRung) -> None:
    video = rung("cat")
    assert video.perform(Stage.TRANSCODE, tools) is Outcome.DONE
    assert video.perform(Stage.TRANSCODE, tools) is Outcome.PASSED_ON
    assert isinstance(tools.blobs, MemoryBlobs)
    assert len([key for key in tools.blobs.objects if key.endswith("proxy.mp4")]) == 1


def test_a_message_out_of_turn_ends_its_chain(tools: Toolbox, rung: MakeRung) -> None:
    video = rung("cat")
    assert video.perform(Stage.DESCRIBE, tools) is Outcome.ENDED
    assert shown(tools, video)["waiting_for"] == "another try at describe after Unexpected"


def test_the_same_bytes_end_as_a_duplicate_before_any_transcoding(tools: Toolbox, rung: MakeRung) -> None:
    first, second = rung("cat"), rung("cat")
    first.perform(Stage.TRANSCODE, tools)
    assert second.perform(Stage.TRANSCODE, tools) is Outcome.ENDED
    found = shown(tools, second)
    assert (found["state"], found["duplicate_of"]) == ("duplicate", first.video_id)
    assert isinstance(tools.blobs, MemoryBlobs)
    assert {key.partition("/")[0] for key in tools.blobs.objects} == {str(first.video_id)}


@pytest.mark.parametrize(
    ("error", "state", "error_class"),
    [
        (Busy("No permit.", retry_after_s=60), "transcoded", "Busy"),
        (Blocked("The model refused: SAFETY."), "blocked", "Blocked"),
        (OSError(28, "No space left on device"), "transcoded", "DiskFull"),
        (MemoryError(), "transcoded", "OutOfMemory"),
        (ZeroDivisionError("by zero"), "transcoded", "Unexpected"),
    ],
    ids=["busy", "blocked", "disk full", "memory", "unexpected"],
)
def test_every_failure_has_a_class_in_the_ledger(
    tools: Toolbox, rung: MakeRung, error: Exception, state: str, error_class: str
) -> None:
    video = rung("cat")
    tools = replace(tools, describer=Raising(error))
    video.perform(Stage.TRANSCODE, tools)
    assert video.perform(Stage.DESCRIBE, tools) is Outcome.ENDED
    found = shown(tools, video)
    assert (found["state"], found["error"]["class"]) == (state, error_class)


def test_an_unexpected_error_keeps_its_traceback_as_evidence(tools: Toolbox, rung: MakeRung) -> None:
    video = rung("cat")
    tools = replace(tools, describer=Raising(ZeroDivisionError("by zero")))
    video.perform(Stage.TRANSCODE, tools)
    video.perform(Stage.DESCRIBE, tools)
    error = shown(tools, video)["stages"][1]["error"]
    assert error["message"] == "ZeroDivisionError: by zero"
    assert "raise self.error" in error["evidence"]


def test_a_worker_whose_lease_was_taken_writes_nothing(tools: Toolbox, rung: MakeRung) -> None:
    video = rung("cat")
    video.perform(Stage.TRANSCODE, tools)

    class Slow(EchoDescriber):
        """Meanwhile the dispatcher takes the worker for dead."""

        def describe(self, proxy: Proxy, beat: Beat) -> Description:
            with tools.ledger.pool.connection() as connection:
                connection.execute("UPDATE reelmill.stage_runs SET lease_until = now() WHERE state = 'running'")
            for lease in tools.ledger.runs.expired():
                tools.ledger.runs.end(lease, WorkerLost())
            return super().describe(proxy, beat)

    assert video.perform(Stage.DESCRIBE, replace(tools, describer=Slow())) is Outcome.REFUSED
    assert shown(tools, video)["description"] is None


def test_work_on_a_lost_lease_stops_at_its_next_beat(tools: Toolbox, rung: MakeRung) -> None:
    video = rung("cat")
    video.perform(Stage.TRANSCODE, tools)
    reached = []

    class Long(EchoDescriber):
        def describe(self, proxy: Proxy, beat: Beat) -> Description:
            with tools.ledger.pool.connection() as connection:
                connection.execute("UPDATE reelmill.stage_runs SET token = token + 1 WHERE state = 'running'")
            tools.keeper.renew()
            beat()
            reached.append("after the beat")
            return super().describe(proxy, beat)

    assert video.perform(Stage.DESCRIBE, replace(tools, describer=Long())) is Outcome.REFUSED
    assert reached == []


def test_the_work_folder_is_empty_afterwards(tools: Toolbox, rung: MakeRung) -> None:
    video = rung("cat")
    video.perform(Stage.TRANSCODE, tools)
    assert list(tools.work_dir.iterdir()) == []


def take_away(tools: Toolbox) -> None:
    """What the dispatcher does with a worker it takes for dead."""
    with tools.ledger.pool.connection() as connection:
        connection.execute("UPDATE reelmill.stage_runs SET lease_until = now() WHERE state = 'running'")
    for lease in tools.ledger.runs.expired():
        tools.ledger.runs.end(lease, WorkerLost())


def test_a_transcode_that_is_refused_leaves_no_files(tools: Toolbox, rung: MakeRung, arm: Arm) -> None:
    blobs = tools.blobs
    assert isinstance(blobs, MemoryBlobs)
    stored: list[str] = []

    def lose(name: str) -> None:
        if name == "transcode.worked":
            stored.extend(blobs.objects)
            take_away(tools)

    arm(lose)
    assert rung("cat").perform(Stage.TRANSCODE, tools) is Outcome.REFUSED
    assert len(stored) == 2
    assert blobs.objects == {}


def test_the_files_of_an_attempt_that_died_go_when_the_next_one_commits(
    tools: Toolbox, rung: MakeRung, arm: Arm
) -> None:
    assert isinstance(tools.blobs, MemoryBlobs)

    def die(name: str) -> None:
        if name == "transcode.worked":
            raise SystemExit

    video = rung("cat")
    arm(die)
    with pytest.raises(SystemExit):
        video.perform(Stage.TRANSCODE, tools)
    arm(None)
    left = set(tools.blobs.objects)
    take_away(tools)
    video.ring_again()
    assert video.perform(Stage.TRANSCODE, tools) is Outcome.DONE
    assert len(left) == len(tools.blobs.objects) == 2
    assert not left & set(tools.blobs.objects)


def test_what_came_later_is_never_removed(tools: Toolbox, rung: MakeRung, arm: Arm, tmp_path: Path) -> None:
    """A worker freezes between its commit and its tidying, and meanwhile a newer version is stored."""
    video = rung("cat")
    newer = f"{video.video_id}/transcode-v2-1"
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "proxy.mp4").write_bytes(b"newer")

    def store_newer(name: str) -> None:
        if name == "transcode.committed":
            tools.blobs.put_folder(newer, tmp_path / "made")

    arm(store_newer)
    assert video.perform(Stage.TRANSCODE, tools) is Outcome.DONE
    assert newer in tools.blobs.folders(video.video_id)
