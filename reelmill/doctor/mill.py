"""Checks of the mill's life: who works, and which videos are stuck."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from psycopg import Connection

from reelmill.doctor.check import Check
from reelmill.ledger.processes import ALIVE_S

OVERDUE_S = 60.0
"""How long past its time a video counts as stuck; lost messages are replaced within this."""

START = "Start the mill with `make up`."

_ALIVE = "SELECT kind, queues FROM reelmill.processes WHERE seen_at > clock_timestamp() - make_interval(secs => %s)"

_AWAITED = "SELECT queue, count(*) FROM reelmill.rings WHERE due_at IS NOT NULL GROUP BY queue ORDER BY queue"

_STUCK = """
WITH idle AS (
    -- Queues that nobody works on: a message of a busy queue waits its turn, however long that takes.
    SELECT queue FROM reelmill.rings GROUP BY queue HAVING bool_and(due_at IS NOT NULL)
)
SELECT coalesce(v.waiting_for, 'nothing known'), count(*)
FROM reelmill.videos AS v
LEFT JOIN reelmill.rings AS r ON r.id = v.ring_id
LEFT JOIN reelmill.stage_runs AS s ON s.video_id = v.id AND s.state = 'running'
WHERE v.finished_at IS NULL AND (
    s.lease_until < clock_timestamp() - make_interval(secs => %(overdue_s)s)
    OR r.due_at < clock_timestamp() - make_interval(secs => %(overdue_s)s) AND r.queue IN (SELECT queue FROM idle)
    -- Without a ring it waits for the dispatcher, which is slow only if it has none out at all.
    OR v.ring_id IS NULL AND NOT EXISTS (SELECT FROM reelmill.rings)
       AND v.next_at < clock_timestamp() - make_interval(secs => %(overdue_s)s)
)
GROUP BY 1 ORDER BY 2 DESC
"""


def checks(connection: Connection[Any]) -> Iterator[Check]:
    """Workers and the dispatcher, then stuck videos."""
    row = connection.execute("SELECT count(*) FROM reelmill.videos WHERE finished_at IS NULL").fetchone()
    unfinished = row[0] if row else 0
    yield _workers(connection, unfinished)
    yield _stuck(connection)


def _workers(connection: Connection[Any], unfinished: int) -> Check:
    alive = connection.execute(_ALIVE, [ALIVE_S]).fetchall()
    kinds = Counter(kind for kind, _ in alive)
    served = sorted({queue for _, queues in alive for queue in queues})
    if not alive:
        detail = (
            f"none is running, and {unfinished} videos wait" if unfinished else "none is running, and no video waits"
        )
        return Check("workers", not unfinished, detail, START)
    alone = [queue for queue, _ in connection.execute(_AWAITED) if queue not in served]
    lacking = [f"a worker of queue {queue}" for queue in alone] + ([] if kinds["dispatcher"] else ["the dispatcher"])
    if unfinished and lacking:
        detail = f"{unfinished} videos wait, and there is no sign of {', '.join(lacking)}"
        return Check("workers", False, detail, f"{START} Its logs say why one has ended.")
    found = ", ".join(f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in sorted(kinds.items()))
    return Check("workers", True, f"{found}; queues {', '.join(served)}; {unfinished} videos under way")


def _stuck(connection: Connection[Any]) -> Check:
    stuck = connection.execute(_STUCK, {"overdue_s": OVERDUE_S}).fetchall()
    if not stuck:
        return Check("stuck videos", True, "none")
    awaited = ", ".join(f"{count} wait for {what}" for what, count in stuck)
    return Check("stuck videos", False, f"Overdue by a minute or more: {awaited}.", f"{START} See `reelmill status`.")
