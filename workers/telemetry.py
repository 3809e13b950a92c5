"""Structured logs, and each worker's sign of life in the ledger."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
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


class SignOfLife:
    """Says every few seconds that this process is alive, from a thread, until stopped."""

    def __init__(
        self, processes: Processes, name: str, kind: str, queues: Sequence[str] = (), *, slots: int = 1
    ) -> None:
        self._processes = processes
        self._identity = (name, kind, queues)
        self._slots = slots
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="sign of life", daemon=True)

    def start(self) -> None:
        """Start, and stop when the interpreter ends: Celery's cold shutdown sends no signal of its own."""
        self._thread.start()
        atexit.register(self.stop)

    def stop(self) -> None:
        """Stop, and say that the process has ended; a second time does nothing."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        self._thread.join(timeout=BEAT_S)
        with suppress(Error, PoolTimeout):
            self._processes.leave(self._identity[0])

    def _beat(self) -> None:
        while not self._stopped.is_set():
            try:
                self._processes.beat(*self._identity, slots=self._slots)
            except (Error, PoolTimeout) as error:
                log.warning("no sign of life given", error=str(error).strip())
            self._stopped.wait(BEAT_S)


def connect(settings: Settings) -> None:
    """Hook logs and signs of life into Celery's worker; call once, when the application is made."""

    def on_logging(**_: Any) -> None:
        configure_logs(settings)

    def on_ready(sender: Any, **_: Any) -> None:
        pool = open_pool(boot.database_url(settings), size=1, name="sign of life")
        queues = sorted(sender.app.amqp.queues.consume_from)
        name, slots = f"{sender.hostname}:{os.getpid()}", sender.controller.concurrency
        SignOfLife(Processes(pool), name, "worker", queues, slots=slots).start()
        log.info("ready", queues=queues)

    # weak=False: these closures have no other owner.
    signals.setup_logging.connect(on_logging, weak=False)
    signals.worker_ready.connect(on_ready, weak=False)
