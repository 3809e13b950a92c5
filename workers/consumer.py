"""Celery's consumer, with the events of a moment sent together."""

from __future__ import annotations

import time
from typing import Any

from celery.worker.consumer import Consumer
from vine import promise

GATHER_S = 0.2
"""How late Flower may learn of something."""


class GatheringConsumer(Consumer):
    """Sends task events every `GATHER_S` at most.

    Celery flushes them at each turn of its loop, and with prefetch off a turn is one task: nearly half of what a
    worker of short tasks did was publishing events one by one (py-spy, Celery 5.7).
    """

    hub: Any
    event_dispatcher: Any

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._flush_at_s = 0.0
        # One promise for all events, so that the loop's set of what to call next holds it once.
        self._gathering = promise(self._gather)

    def on_send_event_buffered(self) -> None:  # type: ignore[override]  # the stubs take it for a property
        """Called in the thread that ran the task; the rest happens in the loop's."""
        if self.hub:
            self.hub.call_soon(self._gathering)

    def shutdown(self) -> None:
        """Send what is left, for nobody will later."""
        self._flush()
        super().shutdown()

    def _gather(self) -> None:
        now_s = time.monotonic()
        # A time and not a flag: a timer forgotten when the broker was lost would leave a flag up for ever.
        if now_s >= self._flush_at_s:
            self._flush_at_s = now_s + GATHER_S
            self.hub.call_later(GATHER_S, self._flush)

    def _flush(self) -> None:
        if self.event_dispatcher:
            self.event_dispatcher.flush()
