"""A ledger and its model side by side, and the hands that do the same to both."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID

import numpy as np
import psycopg
import pytest
from celery import Celery
from hypothesis.stateful import RuleBasedStateMachine
from psycopg import Connection

from config.queues import QUEUE_OF
from reelmill.errors import Duplicate, LeaseLost
from reelmill.ledger import open_ledger
from reelmill.ledger.lease import Lease, Link, Refusal
from reelmill.ledger.pool import Pool
from reelmill.ledger.rings import Ring, Rings
from reelmill.ledger.runs import Runs
from reelmill.settings import Settings
from reelmill.video import NEXT_STAGE, Box, Description, SourceFacts, Space, Stage, StageResult, State, StoredProxy
from tasks import pipeline
from tests.reelmill.ledger.ledger_checks import check_promises
from tests.reelmill.ledger.ledger_model import LedgerModel, VideoModel
from workers.dispatcher import Dispatcher

EFFECTS = (
    "CREATE TABLE effects (video_id uuid, stage text, life int, token bigint, PRIMARY KEY (video_id, stage, life))"
)
"""The independent tally: written inside each commit, and twice in no life of a video."""

FOREVER_S = 86_400.0
"""For leases and rings: time stands still in these tests, and only a rule moves it."""

SPACE = Space("model_v1", "text", dimensions=1)
FACTS = SourceFacts("", 1, "mp4", "h264", 1, 1, 0, 1.0, 1.0, has_audio=False)


class Killed(BaseException):
    """The worker is gone; nothing it would have done after this happens."""


class DyingRuns(Runs):
    """A worker killed between its claim and giving the claim back."""

    def _give_back(self, lease: Lease) -> None:
        raise Killed


@dataclass(frozen=True)
class Message:
    """What a broker holds: one link of a chain, which carries the rest."""

    video: VideoModel
    links: tuple[Link, ...]
    place: int = 0

    @property
    def link(self) -> Link:
        return self.links[self.place]

    def __repr__(self) -> str:
        return f"<{self.link.stage} of {self.video!r}, ring {self.links[0].task_id[:4]}>"

    def following(self) -> list[Message]:
        place = self.place + 1
        return [Message(self.video, self.links, place)] if place < len(self.links) else []


def result(stage: Stage, mark: int, effect: tuple[UUID, Stage, int, int]) -> StageResult:
    """A result of each stage's kind that carries the mark."""

    def tally(connection: Connection[Any]) -> None:
        connection.execute("INSERT INTO effects VALUES (%s, %s, %s, %s)", effect)

    description = Description(title=str(mark), genres=(), description="", tags=())
    proxy = StoredProxy(str(mark), 1, 1.0, Box(0, 0, 1, 1), has_audio=False, source=FACTS)
    return StageResult(
        facts={"mark": mark},
        proxy=proxy if stage is Stage.TRANSCODE else None,
        description=description if stage is Stage.DESCRIBE else None,
        vectors={SPACE: np.array([mark], np.float32)} if stage is Stage.EMBED else {},
        within=tally,
    )


class LedgerWorld(RuleBasedStateMachine):
    """A dispatcher, its deputy, any number of workers and a broker; what they do is for the rules to say."""

    def __init__(self, database_url: str, observer: Connection[Any], pool: Pool, threads: ThreadPoolExecutor) -> None:
        super().__init__()
        self.url, self.observer, self.pool, self.threads = database_url, observer, pool, threads
        self.ledger = open_ledger(pool, lease_s=FOREVER_S, ring_wait_s=FOREVER_S)
        self.dispatcher = Dispatcher(Celery(set_as_current=False), self.ledger, [], Settings(), url="")
        self.leader, self.deputy = self.candidate(), self.candidate()
        self.model = LedgerModel()
        self.videos: list[VideoModel] = []
        self.messages: list[Message] = []
        self.leases: list[Lease] = []
        self.read_under: set[Lease] = set()
        self.marks = self.deaths = 0

    # What the machine's rules choose from.

    @property
    def fresh_messages(self) -> list[Message]:
        return [m for m in self.messages if m.video.refusal(m.link) in (None, Refusal.DONE)]

    @property
    def held_leases(self) -> list[Lease]:
        return [lease for lease in self.leases if self.video_of(lease).holds(lease)]

    @property
    def zombies(self) -> list[Lease]:
        """Leases whose stage another worker holds by now."""
        return [
            lease
            for lease in self.leases
            if (run := self.video_of(lease).runs[lease.stage]).state == "running" and run.token != lease.token
        ]

    @property
    def transcodes(self) -> list[Lease]:
        return [lease for lease in self.leases if lease.stage is Stage.TRANSCODE]

    @property
    def held_transcodes(self) -> list[Lease]:
        return [lease for lease in self.held_leases if lease.stage is Stage.TRANSCODE]

    @property
    def rung_videos(self) -> list[VideoModel]:
        return [video for video, _ in self.model.rung()]

    @property
    def unclaimed_videos(self) -> list[VideoModel]:
        return [video for video in self.videos if video.ring and not video.ring.claimed]

    def teardown(self) -> None:
        try:
            # Not after a failure, which it would only hide.
            if sys.exc_info()[0] is None:
                self._bring_all_to_an_end()
        finally:
            self.leader.connection.close()
            self.deputy.connection.close()

    def _bring_all_to_an_end(self) -> None:
        """From here on nothing is lost: two rounds of dispatching and working must end every video.

        One, were it not for a stage that is left running where there is no ring: only the next leads to it.
        """
        self._dispatch_and_work()
        self._dispatch_and_work()
        check_promises(self.observer)
        assert self.sql("SELECT id, state, waiting_for FROM reelmill.videos WHERE finished_at IS NULL") == []

    def _dispatch_and_work(self) -> None:
        self.sql("UPDATE reelmill.stage_runs SET lease_until = now() - interval '1 s' WHERE state = 'running'")
        self.dispatcher.end_expired()
        self.sql("UPDATE reelmill.rings SET due_at = now() - interval '1 s'")
        self.leader.drop_lost()
        self.sql("UPDATE reelmill.videos SET next_at = now() WHERE finished_at IS NULL")
        for state in NEXT_STAGE:
            waiting = [video_id for ids in self.leader.waiting(state, limit=9).values() for video_id in ids]
            for ring in self.leader.start([Ring(video_id, chain(state, 4)) for video_id in waiting]):
                self._work_off(Message(self.model.videos[ring.video_id], ring.links))

    def _work_off(self, message: Message) -> None:
        claimed = self.claim_by(self.ledger.runs, message)
        if isinstance(claimed, Lease):
            self.commit_by(claimed)
        if claimed not in (Refusal.STALE, Refusal.HELD):
            for following in message.following():
                self._work_off(following)

    def candidate(self) -> Rings:
        return Rings(psycopg.connect(self.url, autocommit=True), ring_wait_s=FOREVER_S)

    def runs_that(self, *, dies: bool) -> Runs:
        return (DyingRuns if dies else Runs)(self.pool, lease_s=FOREVER_S, ring_wait_s=FOREVER_S)

    def sql(self, statement: LiteralString, *values: Any) -> list[Any]:
        cursor = self.observer.execute(statement, values)
        return cursor.fetchall() if cursor.description else []

    def video_of(self, lease: Lease) -> VideoModel:
        return self.model.videos[lease.video_id]

    def start_rings(self, rings: Rings, wanted: Sequence[Ring]) -> set[UUID]:
        started = rings.start(wanted)
        for ring in started:
            video = self.model.videos[ring.video_id]
            assert video.start(ring.links)
            self.send([Message(video, ring.links)])
        return {ring.video_id for ring in started}

    def send(self, messages: Sequence[Message]) -> None:
        self.messages += [message for message in messages if message not in self.messages]

    def claim_by(self, runs: Runs, message: Message) -> Lease | Refusal:
        link = message.link
        return runs.claim(message.video.id, link.stage, task_id=link.task_id, worker="w", device="cpu")

    def commit_by(self, lease: Lease) -> None:
        self.marks += 1
        effect = (lease.video_id, lease.stage, self.video_of(lease).life, lease.token)
        self.ledger.runs.commit(lease, result(lease.stage, self.marks, effect))

    def read_by(self, lease: Lease, content: str) -> None:
        video = self.video_of(lease)
        if not video.holds(lease):
            with pytest.raises(LeaseLost):
                self.ledger.runs.own_content(lease, content)
            return
        owner = self.model.read(video, content)
        self.read_under.add(lease)
        if owner == video.id:
            self.ledger.runs.own_content(lease, content)
            return
        with pytest.raises(Duplicate) as raised:
            self.ledger.runs.own_content(lease, content)
        assert raised.value.original == owner
        self.ledger.runs.end(lease, raised.value)
        video.end(lease.stage, raised.value)

    def hold_the_clock(self) -> None:
        """Put off for a day what must wait anyhow; the shortest wait is half of `WorkerLost`'s mean of 1 s."""
        self.sql(
            "UPDATE reelmill.videos AS v SET next_at = next_at + interval '1 day' WHERE id = ANY (%s) AND next_at >= "
            "(SELECT max(s.finished_at) + interval '0.5 s' FROM reelmill.stage_runs AS s WHERE s.video_id = v.id)",
            [video.id for video in self.videos if not video.due and not video.finished],
        )

    def await_lock(self, waiting: Future[Any]) -> None:
        """Until the other thread waits for a lock, or has ended without one."""
        while not waiting.done() and not self.sql("SELECT pid FROM pg_locks WHERE NOT granted"):
            time.sleep(0.001)


def chain(state: State, longest: int) -> tuple[Link, ...]:
    first = list(Stage).index(NEXT_STAGE.get(state, Stage.TRANSCODE))
    return pipeline.links({stage: QUEUE_OF[stage] for stage in list(Stage)[first : first + longest]})


def message_for(video: VideoModel, links: tuple[Link, ...], stage: Stage) -> Message:
    return Message(video, links, [link.stage for link in links].index(stage))
