"""The dispatcher: reads the ledger, rings videos, replaces what was lost. One leads, others stand by."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sequence
from itertools import takewhile
from uuid import UUID

import psycopg
import structlog
from celery import Celery
from kombu.exceptions import OperationalError as BrokerError

from config.queues import QUEUE_OF, Queue
from reelmill.errors import LeaseLost, WorkerLost
from reelmill.ledger import Ledger
from reelmill.ledger.pool import ALERT
from reelmill.ledger.retention import Retention
from reelmill.ledger.rings import Ring, Rings
from reelmill.points import Point, reach
from reelmill.settings import Settings
from reelmill.video import NEXT_STAGE, Stage, State
from tasks import pipeline
from workers.admission import DiskAdmission
from workers.fairness import DeficitRoundRobin

log = structlog.get_logger()

FURTHEST_FIRST = (State.EMBEDDED, State.DESCRIBED, State.TRANSCODED, State.QUEUED)
"""What is nearly done is rung first: a finished video helps somebody, ten begun ones help nobody."""

STANDBY_S = 1.0

FULL = sys.maxsize
"""More videos than any queue has room for."""


class Dispatcher:
    """Rings every video whose time has come, as far as the queues have room."""

    def __init__(self, app: Celery, ledger: Ledger, queues: Sequence[Queue], settings: Settings, url: str) -> None:
        self._app = app
        self._ledger = ledger
        self._depth = {queue.name: queue.depth for queue in queues}
        self._settings = settings
        self._url = url
        self._retention = Retention(ledger.pool, keep_days=settings.keep_runs_days)
        self._turns = {state: DeficitRoundRobin() for state in FURTHEST_FIRST}
        transcode = [queue.name for queue in queues if queue.stage is Stage.TRANSCODE]
        self._disk = DiskAdmission(ledger.lanes, transcode, settings.data_dir, min_free_bytes=settings.min_free_bytes)

    def run(self, stop: threading.Event) -> None:
        """Lead, or stand by and try again, until told to stop; outlasts a database or broker that is away."""
        while not stop.is_set():
            try:
                with psycopg.connect(self._url, **ALERT, application_name="reelmill dispatcher") as connection:
                    rings = Rings(connection, ring_wait_s=self._settings.ring_wait_s)
                    if rings.lead():
                        log.info("leading")
                        self.lead(rings, stop)
            except psycopg.Error as error:
                # Most often the database is away. Whatever it is, leading anew starts from what the ledger says.
                log.warning("lead lost", error=str(error).strip())
            stop.wait(STANDBY_S)

    def lead(self, rings: Rings, stop: threading.Event) -> None:
        """Ring and mend, round after round, until told to stop."""
        # After an outage of the database the workers renew their leases first.
        settled_s = time.monotonic() + self._settings.lease_s / 3 + 2.0
        while not stop.is_set():
            if time.monotonic() > settled_s:
                self.end_expired()
            self.tick(rings)
            self._retention.tend()
            stop.wait(self._settings.dispatch_interval_s)

    def tick(self, rings: Rings) -> int:
        """One round: take back what was lost, then ring what there is room for; returns how many it rang."""
        for video_id in rings.drop_lost():
            log.warning("message lost; ringing anew", video_id=str(video_id))
        self._disk.look()
        in_flight = self._in_flight(rings)
        try:
            return sum(self._ring(rings, state, in_flight) for state in FURTHEST_FIRST)
        except BrokerError as error:
            log.warning("broker away", error=str(error))
            return 0

    def end_expired(self) -> None:
        """End the attempts whose leases have run out."""
        for lease in self._ledger.runs.expired():
            message = f"The worker stopped answering during {lease.stage}, attempt {lease.attempt}."
            error = WorkerLost(message, evidence=lease.losses)
            try:
                self._ledger.runs.end(lease, error)
            except LeaseLost:
                continue  # It came back and finished in the last moment.
            log.warning("lease ran out", video_id=str(lease.video_id), stage=lease.stage, attempt=lease.attempt)

    def _in_flight(self, rings: Rings) -> dict[str, int]:
        """How many videos are in flight from each queue; a paused lane counts as full."""
        return rings.in_flight() | dict.fromkeys(self._ledger.lanes.paused(), FULL)

    def _ring(self, rings: Rings, state: State, in_flight: dict[str, int]) -> int:
        first = QUEUE_OF[NEXT_STAGE[state]]
        room = self._depth[first] - in_flight.get(first, 0)
        if room <= 0:
            return 0
        chosen = self._turns[state].choose(rings.waiting(state, limit=room), room)
        if not chosen:
            return 0
        chains = self._chains(rings, chosen, state, in_flight)
        started = rings.start([Ring(video_id, pipeline.links(chain)) for video_id, chain in chains.items()])
        in_flight[first] = in_flight.get(first, 0) + len(started)
        self._send(rings, started)
        return len(started)

    def _chains(
        self, rings: Rings, chosen: Sequence[UUID], state: State, in_flight: dict[str, int]
    ) -> dict[UUID, dict[Stage, str]]:
        """The chains of the chosen videos.

        A video for which the state's own stage is not the first one missing (a stage's version was raised) gets
        the right state instead, and is rung from there in the next round.
        """
        missing = rings.missing(chosen)
        astray = [video_id for video_id, stages in missing.items() if stages[:1] != (NEXT_STAGE[state],)]
        if astray:
            rings.settle(astray)
        return {each: self._chain(missing[each], in_flight) for each in chosen if each in missing.keys() - astray}

    def _chain(self, missing: Sequence[Stage], in_flight: dict[str, int]) -> dict[Stage, str]:
        """The missing stages and their queues, up to the first queue without room.

        A chain cut short is rung again from where it ended: so a slow queue never keeps the ones before it idle.
        """
        full = {queue for queue, depth in self._depth.items() if in_flight.get(queue, 0) >= depth}
        return {stage: QUEUE_OF[stage] for stage in takewhile(lambda stage: QUEUE_OF[stage] not in full, missing)}

    def _send(self, rings: Rings, started: Sequence[Ring]) -> None:
        reach(Point.RINGS_WRITTEN)
        for sent, ring in enumerate(started):
            try:
                pipeline.send(self._app, ring)
            except BrokerError:
                rings.withdraw(started[sent:])
                raise
            reach(Point.CHAIN_SENT)
