"""Keeps leases alive, but only while their work moves on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from reelmill.errors import LeaseLost, Stalled
from reelmill.ledger.lease import Lease
from reelmill.ledger.runs import Runs
from reelmill.points import Point, reach

log = structlog.get_logger()


class Held:
    """One lease being worked on."""

    def __init__(self, lease: Lease, *, stage_limit_s: float) -> None:
        self.lease = lease
        self.moved_s = time.monotonic()
        self.ends_s = self.moved_s + stage_limit_s
        self.lost = False

    def beat(self) -> None:
        """Say that the work has moved on. Raises `LeaseLost` or `Stalled` when there is no use in going on."""
        reach(Point.MOVED, self.lease.stage)
        if self.lost:
            raise LeaseLost
        self.moved_s = time.monotonic()
        if self.moved_s >= self.ends_s:
            raise Stalled(f"{self.lease.stage} took longer than REELMILL_STAGE_LIMIT_S allows.")


class LeaseKeeper:
    """Renews the leases of this process, from one thread.

    A lease is renewed while its work calls `beat` at least every `stall_limit_s` and is not older than
    `stage_limit_s`; after that it runs out by itself, and the dispatcher gives the stage to another worker.
    """

    def __init__(self, runs: Runs, *, lease_s: float, stall_limit_s: float, stage_limit_s: float) -> None:
        self._runs = runs
        self._interval_s = lease_s / 3
        self._stall_limit_s = stall_limit_s
        self._stage_limit_s = stage_limit_s
        self._held: set[Held] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @contextmanager
    def keep(self, lease: Lease) -> Iterator[Held]:
        """Renew the lease until the context ends."""
        held = Held(lease, stage_limit_s=self._stage_limit_s)
        with self._lock:
            self._held.add(held)
            self._start()
        try:
            yield held
        finally:
            with self._lock:
                self._held.discard(held)

    def _start(self) -> None:
        # Not in __init__: threads do not survive a fork, and a toolbox may be made before one.
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._renew_forever, name="lease keeper", daemon=True)
            self._thread.start()

    def _renew_forever(self) -> None:
        while True:
            time.sleep(self._interval_s)
            try:
                self.renew()
            except Exception:
                # The leases may run out, which the ledger bears; the thread must not die of it.
                log.exception("leases not renewed")

    def renew(self) -> None:
        """Renew what moves; mark what is lost, so that its work stops at the next beat."""
        now_s = time.monotonic()
        with self._lock:
            moving = [held for held in self._held if self._moves(held, now_s)]
        if not moving:
            return
        lost = self._runs.renew([held.lease for held in moving])
        for held in moving:
            held.lost = held.lease in lost

    def _moves(self, held: Held, now_s: float) -> bool:
        return now_s - held.moved_s < self._stall_limit_s and now_s < held.ends_s
