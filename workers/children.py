"""Which processes make up a running mill on this host, and how each is started."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from config.queues import Queue
from reelmill.settings import Settings


@dataclass(frozen=True)
class Child:
    """One process that the supervisor keeps running."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    """What it is told beside the supervisor's own environment."""


def dispatcher() -> Child:
    """The dispatcher; a second one stands by."""
    return Child("dispatcher", _python("-m", "workers", "dispatch"))


def worker(queue: Queue) -> Child:
    """The Celery worker of one queue.

    Heartbeats stay on, for Flower; gossip and mingle are off, for their event queues fill Redis when nobody reads
    them.
    """
    return Child(
        queue.name,
        (
            *_celery("worker"),
            f"--queues={queue.name}",
            f"--hostname={queue.name}@%h",
            f"--pool={queue.pool}",
            f"--concurrency={queue.concurrency}",
            "--without-gossip",
            "--without-mingle",
            "--task-events",
            "--loglevel=INFO",
        ),
        # A stop waits for the soft shutdown's ten seconds and not for the longest transcode.
        {"REMAP_SIGTERM": "SIGQUIT"},
    )


def api(settings: Settings) -> Child:
    """The HTTP door."""
    return Child(
        "api",
        _python(
            "-m", "uvicorn", "--factory", "api.app:create_app",
            f"--host={settings.api_host}", f"--port={settings.api_port}", "--no-access-log",
        ),
    )  # fmt: skip


def flower(settings: Settings, password: str) -> Child:
    """Flower, behind a password."""
    return Child(
        "flower",
        (*_celery("flower"), "--conf=config/flower.py", "--address=127.0.0.1", f"--port={settings.flower_port}"),
        # In the environment and not on the command line, which every user of the machine can read.
        {"FLOWER_BASIC_AUTH": f"reelmill:{password}"},
    )


def _python(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, *arguments)


def _celery(command: str) -> tuple[str, ...]:
    return _python("-m", "celery", "--app=workers.app", command)
