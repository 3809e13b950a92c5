"""Random faults, one at a time, and how long it takes until what they hit has moved on."""

from __future__ import annotations

import os
import random
import signal
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

import psycopg
from redis import RedisError

from reelmill.video import Stage
from tests.faults.fleet import Fleet

POINTS = ("claimed", "moved", "worked", "committing", "committed", "passed-on")


class Injector:
    """Injects what its chance decides."""

    def __init__(self, mill: Fleet, chance: random.Random) -> None:
        self._mill = mill
        self._chance = chance
        self._count: Counter[str] = Counter()
        self._recovered_s: dict[str, list[float]] = defaultdict(list)
        self._open: list[tuple[str, float, dict[UUID, str]]] = []
        self._frozen: list[tuple[float, int]] = []
        self._mend_at_s = 0.0

    def inject(self) -> str:
        """Do one thing, and tell which."""
        kind, act = self._chance.choice(list(self._faults().items()))
        hit = self._in_flight()
        said = act()
        self._count[kind] += 1
        self._open.append((kind, time.monotonic(), hit))
        return f"{kind}: {said}" if said else kind

    def settle(self) -> None:
        """Mend what is to be mended by now, and note which faults have been got over."""
        now_s = time.monotonic()
        if self._mend_at_s and now_s >= self._mend_at_s:
            self._mend()
        for wake_s, group in list(self._frozen):
            if now_s >= wake_s:
                self._wake(wake_s, group)
        states = self._states()
        for fault in list(self._open):
            kind, since_s, hit = fault
            if all(states.get(video) != state for video, state in hit.items()):
                self._recovered_s[kind].append(now_s - since_s)
                self._open.remove(fault)

    def end(self) -> None:
        """Mend everything."""
        self._mend()
        for wake_s, group in list(self._frozen):
            self._wake(wake_s, group)

    @property
    def number(self) -> int:
        """How many there have been."""
        return self._count.total()

    def report(self) -> dict[str, object]:
        """Each kind of fault: how many, and seconds until all that was in flight then had moved on."""
        return {
            kind: {
                "times": times,
                "got_over": len(self._recovered_s[kind]),
                "recovery_p50_s": _percentile(self._recovered_s[kind], 50),
                "recovery_p95_s": _percentile(self._recovered_s[kind], 95),
            }
            for kind, times in sorted(self._count.items())
        }

    def _faults(self) -> dict[str, Callable[[], str | None]]:
        return {
            "worker killed": lambda: self._signal(signal.SIGKILL, self._worker()),
            "worker told to stop": lambda: self._signal(signal.SIGTERM, self._worker()),
            "dispatcher killed": lambda: self._signal(signal.SIGKILL, self._dispatcher()),
            "killed at a point": lambda: self._order("kill"),
            "child killed at a point": lambda: self._order("kill-child"),
            "worker frozen": self._freeze,
            "broker killed": lambda: self._signal(signal.SIGKILL, "valkey"),
            "broker wiped": self._wipe,
            "broker cut off": lambda: self._proxy("broker", "cut"),
            "broker silent": lambda: self._proxy("broker", "fall_silent"),
            "messages swallowed": lambda: self._swallow("broker", b"reelmill."),
            "message doubled": self._double,
            "database killed": lambda: self._signal(signal.SIGKILL, "postgres"),
            "database connections broken": lambda: self._proxy("database", "drop"),
            "commit answers swallowed": lambda: self._swallow("database", b"COMMIT\x00"),
        }

    def _signal(self, number: signal.Signals, child: str) -> str:
        if pid := self._mill.supervisor.pids().get(child):
            with suppress(ProcessLookupError):
                # A server's helpers end with it; a worker's children are its group.
                (os.kill if child in ("valkey", "postgres") or number == signal.SIGTERM else os.killpg)(pid, number)
        return child

    def _order(self, order: str) -> str:
        point = f"{self._chance.choice(list(Stage))}.{self._chance.choice(POINTS)}"
        self._mill.order(point, order)
        return point

    def _freeze(self) -> str:
        child = self._worker()
        if pid := self._mill.supervisor.pids().get(child):
            os.killpg(pid, signal.SIGSTOP)
            # Longer than its lease: it comes back as a zombie.
            self._frozen.append((time.monotonic() + 1.5 * self._mill.settings.lease_s, pid))
        return child

    def _wake(self, wake_s: float, group: int) -> None:
        self._frozen.remove((wake_s, group))
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGCONT)

    def _wipe(self) -> None:
        with suppress(RedisError):
            self._mill.redis.flushall()

    def _proxy(self, which: str, what: str) -> None:
        getattr(getattr(self._mill, which), what)()
        self._mend_at_s = time.monotonic() + self._chance.uniform(1.0, 12.0)

    def _swallow(self, which: str, marked: bytes) -> None:
        left = [3]

        def swallow(answer: bytes) -> bool:
            if left[0] and marked in answer:
                left[0] -= 1
                return True
            return False

        getattr(self._mill, which).swallow = swallow
        self._mend_at_s = time.monotonic() + 10.0

    def _mend(self) -> None:
        self._mend_at_s = 0.0
        self._mill.broker.mend()
        self._mill.database.mend()

    def _double(self) -> str | None:
        with suppress(psycopg.Error, ValueError, OSError, RedisError):
            found = self._mill.rows("SELECT video_id, stage FROM reelmill.rings ORDER BY id LIMIT 20")
            video, stage = self._chance.choice(found)
            self._mill.send_copy(video, Stage(stage))
            return str(stage)
        return None

    def _worker(self) -> str:
        return self._chance.choice([name for name in self._names() if not name.startswith("dispatcher")])

    def _dispatcher(self) -> str:
        return self._chance.choice([name for name in self._names() if name.startswith("dispatcher")])

    def _names(self) -> list[str]:
        return sorted(child for child in self._mill.children if child not in ("postgres", "valkey"))

    def _in_flight(self) -> dict[UUID, str]:
        with suppress(psycopg.Error):
            return dict(
                self._mill.rows(
                    "SELECT v.id, v.state FROM reelmill.rings AS r JOIN reelmill.videos AS v ON v.id = r.video_id"
                )
            )
        return {}

    def _states(self) -> dict[UUID, str]:
        videos = [video for _, _, hit in self._open for video in hit]
        with suppress(psycopg.Error):
            return dict(self._mill.rows("SELECT id, state FROM reelmill.videos WHERE id = ANY (%s)", videos))
        return {video: state for _, _, hit in self._open for video, state in hit.items()}


def _percentile(values: list[float], percent: int) -> float | None:
    if not values:
        return None
    if len(values) == 1:
        return round(values[0], 1)
    return round(statistics.quantiles(values, n=100, method="inclusive")[percent - 1], 1)
