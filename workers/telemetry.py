"""Structured logs, and each worker's sign of life in the ledger."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import structlog
from celery import signals
from psycopg import Error
from psycopg_pool import PoolTimeout

from reelmill.ledger.pool import open_pool
from reelmill.ledger.processes import BEAT_S, Processes
from reelmill.settings import Settings
from workers import boot

log = structlog.get_logger()


def configure_logs(settings: Settings) -> None:
    """Send structlog's and the standard library's records alike to stderr, as lines for people or as JSON."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if settings.log_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # Celery's own line for each task repeats what the stage's line says better.
    logging.getLogger("celery.app.trace").setLevel(logging.ERROR)
    logging.getLogger("celery.worker.strategy").setLevel(logging.ERROR)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


@contextmanager
def alive(processes: Processes, name: str, kind: str, queues: Sequence[str] = ()) -> Iterator[None]:
    """Say every few seconds that this process is alive, from a thread, until the context ends."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.is_set():
            try:
                processes.beat(name, kind, queues)
            except (Error, PoolTimeout) as error:
                log.warning("no sign of life given", error=str(error).strip())
            ended.wait(BEAT_S)

    thread = threading.Thread(target=beat, name="sign of life", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(timeout=BEAT_S)
        try:
            processes.leave(name)
        except (Error, PoolTimeout):
            log.warning("left without saying so")


def connect(settings: Settings) -> None:
    """Hook logs and signs of life into Celery's worker; call once, when the application is made."""
    signs: dict[str, Any] = {}

    def on_logging(**_: Any) -> None:
        configure_logs(settings)

    def on_ready(sender: Any, **_: Any) -> None:
        pool = open_pool(boot.database_url(settings), size=1, name="sign of life")
        queues = sorted(sender.app.amqp.queues.consume_from)
        signs["alive"] = alive(Processes(pool), f"{sender.hostname}:{os.getpid()}", "worker", queues)
        signs["alive"].__enter__()
        log.info("ready", queues=queues)

    def on_shutdown(**_: Any) -> None:
        if "alive" in signs:
            signs.pop("alive").__exit__(None, None, None)

    # weak=False: these closures have no other owner.
    signals.setup_logging.connect(on_logging, weak=False)
    signals.worker_ready.connect(on_ready, weak=False)
    signals.worker_shutdown.connect(on_shutdown, weak=False)
