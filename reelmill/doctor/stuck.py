"""Checks of what stands still: paused lanes, leases, messages, videos that nobody hands out, poison videos."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import Connection

from reelmill.doctor.check import Check
from reelmill.ledger.lanes import LANES, Pause, paused
from reelmill.video import NEXT_STAGE

OVERDUE_S = 60.0
"""How long past its time something counts as stuck; lost messages and leases are replaced within this."""
LONG_OVERDUE_S = 3600.0
"""The same in a queue that is worked on: four messages for each process, 15 minutes each, are an hour's work."""
FORGOTTEN = timedelta(hours=1)
SOON = timedelta(minutes=5)
"""The mill's own pauses are shorter, and are prolonged while their reason lasts."""

_LEASES = """
-- No index has the running stages; the rings, which are few, lead to them.
SELECT count(*) FROM reelmill.rings AS r JOIN reelmill.stage_runs AS s ON s.video_id = r.video_id
WHERE s.state = 'running' AND s.lease_until < clock_timestamp() - make_interval(secs => %s)
"""

_MESSAGES = """
WITH message AS (
    SELECT queue, due_at, bool_and(due_at IS NOT NULL) OVER (PARTITION BY queue) AS idle FROM reelmill.rings
)
SELECT queue, count(*) FROM message
WHERE due_at < clock_timestamp()
      - make_interval(secs => CASE WHEN idle THEN %(overdue_s)s ELSE %(long_overdue_s)s END::double precision)
GROUP BY queue ORDER BY queue
"""

_UNRUNG = """
-- The dispatcher is slow rather than stuck if it has any ring out; and a paused lane's videos wait as they should.
SELECT coalesce(v.waiting_for, 'nothing known'), count(*)
FROM reelmill.videos AS v
JOIN unnest(%(states)s::text[], %(lanes)s::text[]) AS lane (state, name) ON lane.state = v.state
WHERE v.ring_id IS NULL AND v.finished_at IS NULL
  AND v.next_at < clock_timestamp() - make_interval(secs => %(overdue_s)s)
  AND NOT EXISTS (SELECT FROM reelmill.rings)
  AND NOT EXISTS (SELECT FROM reelmill.lanes AS l
                  WHERE l.queue ~ ('^(' || lane.name || ')$') AND l.paused_until > clock_timestamp())
GROUP BY 1 ORDER BY 2 DESC
"""

_POISON = (
    "SELECT count(*), count(*) FILTER (WHERE finished_at > clock_timestamp() - interval '1 day') "
    "FROM reelmill.videos WHERE state = 'failed' AND finished_at IS NOT NULL AND error_class = 'WorkerLost'"
)


def checks(connection: Connection[Any]) -> Iterator[Check]:
    """What stands still, in the order in which one would mend it."""
    yield _lanes(paused(connection))
    yield _leases(connection)
    yield _messages(connection)
    yield _unrung(connection)
    yield _poison(connection)


def _lanes(pauses: dict[str, Pause]) -> Check:
    if not pauses:
        return Check("lanes", True, "none is paused")
    now = datetime.now(UTC)
    forgotten = [queue for queue, it in pauses.items() if it.since < now - FORGOTTEN and it.until > now + SOON]
    detail = "; ".join(f"{queue} is paused {it.end}: {it.reason}" for queue, it in pauses.items())
    over = f"For over an hour: {', '.join(forgotten)}. " if forgotten else ""
    return Check("lanes", not forgotten, f"{over}{detail}", "`reelmill resume QUEUE`, once the reason is gone.")


def _leases(connection: Connection[Any]) -> Check:
    row = connection.execute(_LEASES, [OVERDUE_S]).fetchone()
    if not row or not row[0]:
        return Check("leases", True, "none ran out unnoticed")
    detail = f"{row[0]} ran out over a minute ago and were not ended, so their videos are not tried again."
    return Check("leases", False, detail, "That is the dispatcher's work: restart it; its log says what hinders it.")


def _messages(connection: Connection[Any]) -> Check:
    late = connection.execute(_MESSAGES, {"overdue_s": OVERDUE_S, "long_overdue_s": LONG_OVERDUE_S}).fetchall()
    if not late:
        return Check("messages", True, "none is overdue")
    detail = f"Nobody takes these: {', '.join(f'{count} of queue {queue}' for queue, count in late)}."
    return Check("messages", False, detail, "Start or restart the workers of these queues; no message needs saving.")


def _unrung(connection: Connection[Any]) -> Check:
    names = {
        "states": [str(state) for state in NEXT_STAGE],
        "lanes": [LANES[stage] for stage in NEXT_STAGE.values()],
        "overdue_s": OVERDUE_S,
    }
    stuck = connection.execute(_UNRUNG, names).fetchall()
    if not stuck:
        return Check("stuck videos", True, "none")
    awaited = ", ".join(f"{count} wait for {what}" for what, count in stuck)
    fix = "See whether a dispatcher runs and the broker answers; the dispatcher's log says the rest."
    return Check("stuck videos", False, f"Overdue by a minute or more: {awaited}.", fix)


def _poison(connection: Connection[Any]) -> Check:
    row = connection.execute(_POISON).fetchone()
    total, recent = row or (0, 0)
    if not total:
        return Check("poison videos", True, "none")
    detail = f"{total} failed as WorkerLost, {recent} of them in the last day: each lost its worker at every try."
    fix = (
        "`reelmill status ID` shows which workers and when, their logs why. "
        "Mended, `reelmill retry --failed --class WorkerLost`."
    )
    return Check("poison videos", not recent, detail, fix)
