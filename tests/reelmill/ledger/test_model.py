"""The ledger against a model of it: messages lost, doubled and late, leases lost, leaders changed, in any order."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from config.queues import QUEUE_OF
from reelmill.errors import (
    Blocked,
    Busy,
    DeviceFault,
    LeaseLost,
    Retryable,
    StageError,
    UnreadableMedia,
    WorkerLost,
)
from reelmill.ledger import locks
from reelmill.ledger.lease import Lease, Refusal
from reelmill.ledger.pool import Pool
from reelmill.ledger.rings import Ring
from reelmill.video import NEXT_STAGE, Stage, State
from tests.reelmill.ledger.ledger_checks import check_against, check_promises
from tests.reelmill.ledger.ledger_model import VideoModel
from tests.reelmill.ledger.ledger_world import EFFECTS, Killed, LedgerWorld, Message, chain, message_for

pytestmark = pytest.mark.services

ERRORS: Sequence[StageError] = (
    Retryable(),
    WorkerLost(),
    DeviceFault(),
    Busy("No permit.", retry_after_s=60),
    UnreadableMedia(),
    Blocked(),
)


def any_of(*names: str) -> st.SearchStrategy[Any]:
    """Something out of the machine's lists, newest first; the first lists are there to be chosen more often."""
    return st.runner().flatmap(
        lambda machine: st.one_of([st.sampled_from(found[::-1]) for name in names if (found := getattr(machine, name))])
    )


class LedgerMachine(LedgerWorld):
    """What may happen, in any order."""

    @initialize(done=st.lists(st.integers(0, 3), min_size=1, max_size=3), claimed=st.booleans())
    def videos_on_their_way(self, done: list[int], claimed: bool) -> None:
        """Start from an empty ledger with a few videos, so many stages of each done: the way there is long."""
        self.sql("DELETE FROM reelmill.videos")
        self.sql("DELETE FROM effects")
        assert self.leader.lead()
        for place, stages in enumerate(done):
            self.enqueue(tenant="a", source=f"/{place}.mp4", version="")
            self.ring(longest=4)
            for _ in range(stages):
                self.work(self.messages[-1])
            if claimed:
                self.deliver(self.messages[-1])

    # Uploads and what a person does.

    @precondition(lambda self: len(self.videos) < 5)
    @rule(
        tenant=st.sampled_from("aab"),
        source=st.sampled_from(["/0.mp4", "/1.mp4"]),
        version=st.sampled_from(["", "v2"]),
    )
    def enqueue(self, tenant: str, source: str, version: str) -> None:
        enqueued = self.ledger.videos.enqueue(source, tenant=tenant, version=version)
        assert enqueued.created == (enqueued.id not in self.model.videos)
        if enqueued.created:
            video = self.model.videos[enqueued.id] = VideoModel(enqueued.id, tenant)
            self.videos.append(video)

    @precondition(lambda self: any(video.state is State.FAILED for video in self.videos))
    @rule()
    def retry_failed(self) -> None:
        failed = [video for video in self.videos if video.state is State.FAILED]
        disowned = [self.model.disowned(video) for video in failed]
        assert self.ledger.videos.retry() == len(failed)
        for video, starts_again in zip(failed, disowned, strict=True):
            video.retry(disowned=starts_again)

    # The dispatcher.

    @precondition(lambda self: any(self.model.waiting(state) for state in NEXT_STAGE))
    @rule(longest=st.sampled_from([4, 1, 2, 3]))
    def ring(self, longest: int) -> None:
        for state in NEXT_STAGE:
            waiting = {video_id for ids in self.leader.waiting(state, limit=9).values() for video_id in ids}
            assert waiting == self.model.waiting(state)
            wanted = [Ring(video.id, chain(state, longest)) for video in self.videos if video.id in waiting]
            assert self.start_rings(self.leader, wanted) == waiting

    @precondition(lambda self: self.videos)
    @rule(video=any_of("videos"))
    def one_who_no_longer_leads_rings(self, video: VideoModel) -> None:
        may = not video.ring and not video.finished
        started = self.start_rings(self.deputy, [Ring(video.id, chain(video.state, 4))])
        assert started == ({video.id} if may else set())

    @precondition(lambda self: self.rung_videos)
    @rule(video=any_of("unclaimed_videos", "rung_videos"))
    def sending_seems_to_fail(self, video: VideoModel) -> None:
        self.leader.withdraw([Ring(video.id, ())])
        if video.ring and not video.ring.claimed:
            video.ring = None

    @precondition(lambda self: self.rung_videos)
    @rule(video=any_of("unclaimed_videos", "rung_videos"))
    def a_ring_grows_old(self, video: VideoModel) -> None:
        self.sql(
            "UPDATE reelmill.rings SET ready_at = '2020-01-01', due_at = due_at - interval '1 year' "
            "WHERE video_id = %s",
            video.id,
        )
        if video.ring:
            video.ring.old = True

    @precondition(lambda self: any(ring.old for _, ring in self.model.rung()))
    @rule()
    def drop_lost(self) -> None:
        lost = self.model.lost()
        assert set(self.leader.drop_lost()) == lost
        for video_id in lost:
            self.model.videos[video_id].ring, self.model.videos[video_id].due = None, True

    @precondition(lambda self: any(run.expired for video in self.videos for run in video.runs.values()))
    @rule()
    def end_expired(self) -> None:
        self.dispatcher.end_expired()
        # One without a ring waits for its next: expired.sql says why.
        for video in [video for video in self.videos if video.ring]:
            for stage in [stage for stage, run in video.runs.items() if run.expired]:
                video.end(stage, WorkerLost())
        self.hold_the_clock()

    @precondition(lambda self: any(not video.due and not video.finished for video in self.videos))
    @rule()
    def the_waiting_become_due(self) -> None:
        self.sql("UPDATE reelmill.videos SET next_at = now() WHERE finished_at IS NULL")
        for video in self.videos:
            video.due = True

    @precondition(lambda self: self.deaths < 2)
    @rule()
    def the_leader_dies(self) -> None:
        self.deaths += 1
        assert not self.deputy.lead()
        self.leader.connection.close()
        # The server notices a closed connection at once, but not in the same instant.
        self.deputy.connection.execute("SELECT pg_advisory_lock(%s)", [locks.LEAD])
        assert self.deputy.lead()
        self.leader, self.deputy = self.deputy, self.candidate()
        assert not self.deputy.lead()

    # The broker: a message stays in it when it is delivered, so that it may come again, at any time.

    @precondition(lambda self: self.messages)
    @rule(message=any_of("fresh_messages", "messages"))
    def deliver(self, message: Message) -> None:
        expected = message.video.refusal(message.link)
        claimed = self.claim_by(self.ledger.runs, message)
        if isinstance(claimed, Refusal):
            assert claimed is expected
            self.send(message.following() if claimed is Refusal.DONE else [])
            return
        assert expected is None
        run = message.video.claim(message.link.stage)
        assert (claimed.token, claimed.attempt, claimed.links) == (run.token, run.attempt, message.links)
        self.leases.append(claimed)

    @precondition(lambda self: self.messages)
    @rule(message=any_of("messages"))
    def lose(self, message: Message) -> None:
        self.messages = [other for other in self.messages if other != message]

    @precondition(lambda self: self.unclaimed_videos)
    @rule(video=any_of("unclaimed_videos"), dies=st.booleans())
    def a_ring_is_withdrawn_in_the_instant_of_its_claim(self, video: VideoModel, dies: bool) -> None:
        assert video.ring
        message = message_for(video, video.ring.links, video.ring.stage)
        if video.refusal(message.link):
            return
        with self.leader.connection.transaction():
            self.leader.withdraw([Ring(video.id, ())])
            claiming = self.threads.submit(self.claim_by, self.runs_that(dies=dies), message)
            self.await_lock(claiming)
        error = claiming.exception()
        assert isinstance(error, Killed) if dies else claiming.result() is Refusal.STALE
        run = video.claim(message.link.stage)
        if not dies:
            run.state, run.attempt = "waiting", run.attempt - 1
        video.ring = None

    # Workers, alive and dead.

    @precondition(lambda self: self.fresh_messages)
    @rule(message=any_of("fresh_messages"))
    def work(self, message: Message) -> None:
        """What happens nearly always: nothing goes wrong."""
        self.deliver(message)
        if self.leases and self.leases[-1].stage is message.link.stage and message.video.holds(self.leases[-1]):
            self.commit(self.leases[-1], again=False)

    @precondition(lambda self: self.leases)
    @rule(lease=any_of("held_leases", "zombies", "leases"), again=st.booleans())
    def commit(self, lease: Lease, again: bool) -> None:
        video = self.video_of(lease)
        if lease.stage is Stage.TRANSCODE and video.holds(lease) and lease not in self.read_under:
            self.read_by(lease, f"bytes of {video.id}")
        if video.holds(lease):
            self.commit_by(lease)
            video.commit(lease, self.marks)
            self.send(message_for(video, lease.links, lease.stage).following())
        elif not video.committed(lease):
            with pytest.raises(LeaseLost):
                self.commit_by(lease)
        if video.committed(lease) and again:
            self.commit_by(lease)  # Its answer was lost on the wire.

    @precondition(lambda self: self.leases)
    @rule(lease=any_of("held_leases", "zombies", "leases"), error=st.sampled_from(ERRORS))
    def fail(self, lease: Lease, error: StageError) -> None:
        video = self.video_of(lease)
        if not video.holds(lease):
            with pytest.raises(LeaseLost):
                self.ledger.runs.end(lease, error)
            return
        ended = self.ledger.runs.end(lease, error)
        video.end(lease.stage, error)
        assert ended == (video.state if video.finished else None)
        self.hold_the_clock()

    @precondition(lambda self: self.transcodes)
    @rule(lease=any_of("held_transcodes", "transcodes"), content=st.sampled_from(["c0ffee", "decaf"]))
    def read(self, lease: Lease, content: str) -> None:
        self.read_by(lease, content)

    @precondition(lambda self: self.leases)
    @rule(lease=any_of("held_leases", "zombies", "leases"))
    def renew(self, lease: Lease) -> None:
        video = self.video_of(lease)
        lost = self.ledger.runs.renew([lease])
        assert lost == (set() if video.holds(lease) else {lease})
        if not lost:
            video.runs[lease.stage].expired = False

    @precondition(lambda self: any(r.state == "running" for video in self.videos for r in video.runs.values()))
    @rule(video=any_of("videos"))
    def leases_run_out(self, video: VideoModel) -> None:
        self.sql(
            "UPDATE reelmill.stage_runs SET lease_until = now() - interval '1 s' "
            "WHERE state = 'running' AND video_id = %s",
            video.id,
        )
        for run in video.runs.values():
            run.expired = run.state == "running"

    @precondition(lambda self: self.held_leases)
    @rule(lease=any_of("held_leases"))
    def another_worker_takes_over(self, lease: Lease) -> None:
        """A worker hangs and comes back too late: all in one step, for by chance that is seldom gone through."""
        video = self.video_of(lease)
        self.leases_run_out(video)
        self.end_expired()
        self.the_waiting_become_due()
        if self.model.waiting(video.state):
            self.ring(longest=4)
        if video.ring and not video.ring.claimed:
            self.deliver(message_for(video, video.ring.links, video.ring.stage))
        for error in (Retryable(), UnreadableMedia()):
            self.fail(lease, error)
        self.commit(lease, again=False)

    @precondition(lambda self: self.unclaimed_videos)
    @rule(video=any_of("unclaimed_videos"), times=st.integers(1, 3))
    def workers_die_before_they_give_their_claims_back(self, video: VideoModel, times: int) -> None:
        """Each leaves its stage running for a ring that is gone, while the video gets another."""
        for _ in range(times):
            if video.ring and not video.ring.claimed:
                self.a_ring_is_withdrawn_in_the_instant_of_its_claim(video, dies=True)
                self.the_waiting_become_due()
                self.ring(longest=4)
                self.leases_run_out(video)
                self.end_expired()

    # What holds at all times, and at the end.

    @invariant()
    def nothing_is_broken(self) -> None:
        check_promises(self.observer)
        check_against(self.model, self.observer)


REPEATABLE = settings(
    max_examples=40,
    stateful_step_count=40,
    derandomize=True,
    # Shrinking may take five minutes; the nightly search does it.
    phases=(Phase.generate,),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
"""For every run of the tests; `--hypothesis-profile=nightly` searches further, and at random."""


def _search() -> settings:
    return settings() if settings.get_current_profile_name() == "nightly" else REPEATABLE


def test_whatever_happens_the_ledger_is_what_the_model_says_and_every_video_ends(database_url: str, pool: Pool) -> None:
    with psycopg.connect(database_url, autocommit=True) as observer, ThreadPoolExecutor(1) as threads:
        observer.execute(EFFECTS)
        observer.execute(
            "INSERT INTO reelmill.processes (name, kind, queues, started_at, seen_at) "
            "VALUES ('w', 'worker', %s, now() - interval '2 days', now() + interval '1 day')",
            [list(QUEUE_OF.values())],
        )
        run_state_machine_as_test(lambda: LedgerMachine(database_url, observer, pool, threads), settings=_search())
