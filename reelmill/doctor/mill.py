"""Checks of the mill's life: who is there to work, and who does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from psycopg import Connection

from reelmill.doctor import stuck
from reelmill.doctor.check import Check
from reelmill.ledger.consumers import SILENT_S, consumers
from reelmill.ledger.lanes import stage_of
from reelmill.ledger.processes import ALIVE_S
from reelmill.video import NEXT_STAGE, State

START = "Start the mill with `make up`."

_ALIVE = "SELECT kind, queues FROM reelmill.processes WHERE seen_at > clock_timestamp() - make_interval(secs => %s)"

_AWAITED = "SELECT queue FROM reelmill.rings WHERE due_at IS NOT NULL GROUP BY queue ORDER BY queue"

_UNFINISHED = """
-- In two parts, each of which an index has: the table itself would be read whole.
SELECT (SELECT count(*) FROM reelmill.videos WHERE ring_id IS NULL AND finished_at IS NULL)
     + (SELECT count(*) FROM reelmill.rings AS r JOIN reelmill.videos AS v ON v.id = r.video_id
        WHERE v.ring_id IS NOT NULL AND v.finished_at IS NULL)
"""

_DUE = (
    "SELECT state FROM reelmill.videos WHERE ring_id IS NULL AND finished_at IS NULL AND next_at <= clock_timestamp() "
    "GROUP BY state"
)


def checks(connection: Connection[Any]) -> Iterator[Check]:
    """Workers, the dispatcher, whether workers consume; then what is stuck."""
    row = connection.execute(_UNFINISHED).fetchone()
    unfinished = row[0] if row else 0
    alive = connection.execute(_ALIVE, [ALIVE_S]).fetchall()
    kinds = Counter(kind for kind, _ in alive)
    yield _workers(connection, kinds["worker"], {queue for _, queues in alive for queue in queues}, unfinished)
    yield _dispatcher(kinds["dispatcher"], unfinished)
    yield _consuming(connection)
    yield from stuck.checks(connection)


def _workers(connection: Connection[Any], count: int, served: Collection[str], unfinished: int) -> Check:
    if not count:
        waits = f"{unfinished} videos wait" if unfinished else "no video waits"
        return Check("workers", not unfinished, f"none is running, and {waits}", START)
    lacking = _lacking(connection, served)
    if lacking:
        detail = f"{unfinished} videos wait, and there is no sign of {', '.join(lacking)}"
        return Check("workers", False, detail, f"{START} Its logs say why one has ended.")
    return Check("workers", True, f"{count} for queues {', '.join(sorted(served))}; {unfinished} videos under way")


def _lacking(connection: Connection[Any], served: Collection[str]) -> list[str]:
    """The workers that something waits for and that are not there: for its message's queue, or for its stage."""
    alone = [queue for (queue,) in connection.execute(_AWAITED) if queue not in served]
    due = {NEXT_STAGE[State(state)] for (state,) in connection.execute(_DUE)}
    unserved = due - {stage_of(queue) for queue in served} - {stage_of(queue) for queue in alone}
    return [f"a worker of queue {queue}" for queue in alone] + [f"a worker for {stage}" for stage in sorted(unserved)]


def _dispatcher(count: int, unfinished: int) -> Check:
    if count:
        return Check("dispatcher", True, "one leads" if count == 1 else f"one leads, {count - 1} stand by")
    detail = f"none is running, so {unfinished} videos are not handed out" if unfinished else "none is running"
    return Check("dispatcher", not unfinished, detail, f"{START} On a host of its own: `python -m workers dispatch`.")


def _consuming(connection: Connection[Any]) -> Check:
    found = consumers(connection)
    silent = [consumer for consumer in found if consumer.silent]
    if not silent:
        return Check("consuming", True, f"{len(found)} workers" if found else "no worker is there")
    named = ", ".join(f"{each.name} ({each.messages} messages of {each.queue} wait)" for each in silent)
    detail = f"These live, and have taken nothing for {SILENT_S:.0f} seconds: {named}."
    return Check("consuming", False, detail, "If the broker answers, restart them; what they work on is tried again.")
