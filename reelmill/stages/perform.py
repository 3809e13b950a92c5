"""Run one stage of one video for one message: claim, work, commit; whatever happens ends in the ledger."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Callable, Mapping
from enum import StrEnum
from uuid import UUID

import structlog
from psycopg import OperationalError
from structlog.contextvars import bound_contextvars

from reelmill.errors import DiskFull, LeaseLost, OutOfMemory, StageError, Unexpected
from reelmill.ledger.lease import Lease, Refusal
from reelmill.points import Point, reach
from reelmill.ports import Beat
from reelmill.stages import describe, embed, index, transcode
from reelmill.toolbox import Toolbox
from reelmill.video import Stage, StageResult

log = structlog.get_logger()

Run = Callable[[Lease, Toolbox, Beat], StageResult]

RUN: Mapping[Stage, Run] = {
    Stage.TRANSCODE: transcode.run,
    Stage.DESCRIBE: describe.run,
    Stage.EMBED: embed.run,
    Stage.INDEX: index.run,
}


class Outcome(StrEnum):
    """What became of a message."""

    DONE = "done"
    PASSED_ON = "passed on"
    """The stage was done before; the chain goes on."""
    REFUSED = "refused"
    """The message is not of the present ring, or another worker has the stage."""
    ENDED = "ended"
    """The stage ended without success; the ledger says why and what next."""

    @property
    def goes_on(self) -> bool:
        """Whether the next link of the chain may be sent."""
        return self in (Outcome.DONE, Outcome.PASSED_ON)


def perform(stage: Stage, video_id: UUID, *, task_id: str, worker: str, tools: Toolbox) -> Outcome:
    """Do what the message `task_id` asks for, if it is still to be done; `worker` is this process's name.

    The stage's own failures go to the ledger and raise nothing.
    """
    claimed = tools.ledger.runs.claim(video_id, stage, task_id=task_id, worker=worker, device=tools.device)
    if isinstance(claimed, Refusal):
        log.info("not claimed", video_id=str(video_id), stage=stage, why=claimed.value)
        return Outcome.PASSED_ON if claimed is Refusal.DONE else Outcome.REFUSED
    with bound_contextvars(video_id=str(video_id), stage=str(stage), attempt=claimed.attempt):
        return _perform(claimed, tools)


def _perform(lease: Lease, tools: Toolbox) -> Outcome:
    try:
        with tools.keeper.keep(lease) as held:
            reach(Point.CLAIMED, lease.stage)
            result = RUN[lease.stage](lease, tools, held.beat)
            reach(Point.WORKED, lease.stage)
            tools.ledger.runs.commit(lease, result)
    except LeaseLost:
        log.warning("lease lost; result discarded")
        if lease.stage is Stage.TRANSCODE:
            transcode.remove_refused(lease, tools)
        return Outcome.REFUSED
    except OperationalError:
        # The ledger is away for longer than its patience: nothing can be written, so the lease will run out.
        raise
    except Exception as error:
        return _end(lease, tools, _as_stage_error(error))
    reach(Point.COMMITTED, lease.stage)
    if lease.stage is Stage.TRANSCODE:
        transcode.remove_older(lease, tools)
    log.info("done", **result.facts)
    return Outcome.DONE


def _end(lease: Lease, tools: Toolbox, error: StageError) -> Outcome:
    try:
        state = tools.ledger.runs.end(lease, error)
    except LeaseLost:
        log.warning("lease lost; failure discarded", error=type(error).__name__)
        return Outcome.REFUSED
    log.warning("ended", error=type(error).__name__, message=str(error), state=state or "to be tried again")
    return Outcome.ENDED


def _as_stage_error(error: Exception) -> StageError:
    if isinstance(error, StageError):
        return error
    evidence = "".join(traceback.format_exception(error))
    if isinstance(error, MemoryError):
        return OutOfMemory(evidence=evidence)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(evidence=evidence)
    return Unexpected(f"{type(error).__name__}: {error}", evidence=evidence)
