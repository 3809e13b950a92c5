"""The queue table: which stage is worked on from which queue, by what kind of worker, how deep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from reelmill.settings import Settings
from reelmill.video import Stage

CPU = "cpu"
API_DESCRIBE = "api.describe"
API_EMBED = "api.embed"
INDEX = "index"

QUEUE_OF: Mapping[Stage, str] = {
    Stage.TRANSCODE: CPU,
    Stage.DESCRIBE: API_DESCRIBE,
    Stage.EMBED: API_EMBED,
    Stage.INDEX: INDEX,
}

SHALLOWEST = 32
"""Fewest videos in flight for a queue: at four polls a second enough for 128 videos a second."""


@dataclass(frozen=True)
class Queue:
    """One queue and its worker on this host."""

    name: str
    stage: Stage
    pool: Literal["prefork", "threads"]
    """Processes where a task burns CPU, threads where it mostly waits for an answer."""
    concurrency: int

    @property
    def depth(self) -> int:
        """Videos in flight at most; the rest waits in the ledger, where order and fairness can still change."""
        return max(SHALLOWEST, 4 * self.concurrency)


def queues(settings: Settings, *, cores: int) -> tuple[Queue, ...]:
    """The queues of this host, in the order in which a video passes them."""
    return (
        Queue(CPU, Stage.TRANSCODE, "prefork", settings.cpu_processes or max(1, cores // 2)),
        Queue(API_DESCRIBE, Stage.DESCRIBE, "threads", settings.api_threads),
        Queue(API_EMBED, Stage.EMBED, "threads", settings.api_threads),
        Queue(INDEX, Stage.INDEX, "prefork", settings.index_processes),
    )
