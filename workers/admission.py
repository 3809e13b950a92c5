"""Admission: no new transcodes while the disk is nearly full."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import structlog

from reelmill.disk import free_bytes
from reelmill.ledger.lanes import Lanes

log = structlog.get_logger()

LOOK_S = 5.0
"""Seconds between two looks at the disk."""
PAUSE_S = 30.0
"""How long one look that finds too little pauses for: several looks, so that the lanes stay paused between them, and
soon over when the dispatcher that looks is gone."""


class DiskAdmission:
    """Pauses the lanes that write to a disk while less than `min_free_bytes` are free there; 0 never does.

    A full disk would fail every attempt in the lane; a paused lane costs no video anything but time.
    """

    def __init__(self, lanes: Lanes, queues: Sequence[str], folder: Path, *, min_free_bytes: int) -> None:
        self._lanes = lanes
        self._queues = queues
        self._folder = folder
        self._min_free_bytes = min_free_bytes
        self._look_s = 0.0

    def look(self) -> None:
        """Look at the disk if it is time to, and pause the lanes if it has too little room."""
        now_s = time.monotonic()
        if not self._min_free_bytes or now_s < self._look_s:
            return
        self._look_s = now_s + LOOK_S
        try:
            free = free_bytes(self._folder)
        except OSError as error:
            # The attempts will tell, each with its own error; a lane paused for a guess would tell nothing.
            log.warning("disk not looked at", folder=str(self._folder), error=str(error))
            return
        if free < self._min_free_bytes:
            self._pause(free)

    def _pause(self, free: int) -> None:
        reason = f"{free} bytes are free for REELMILL_DATA_DIR; REELMILL_MIN_FREE_BYTES wants {self._min_free_bytes}"
        for queue in self._queues:
            self._lanes.pause(queue, PAUSE_S, reason)
        log.warning("disk nearly full; lanes paused", queues=self._queues, free_bytes=free)
