WITH lost AS (
    SELECT r.id
    FROM reelmill.rings AS r
    WHERE r.due_at < clock_timestamp()
      AND (NOT EXISTS (SELECT FROM reelmill.rings AS o WHERE o.queue = r.queue AND o.due_at IS NULL)
           AND EXISTS (SELECT FROM reelmill.processes AS p
                       WHERE r.queue = ANY (p.queues)
                         AND p.seen_at > clock_timestamp() - make_interval(secs => %(alive_s)s)
                         AND p.started_at < clock_timestamp() - make_interval(secs => %(ring_wait_s)s))
           OR EXISTS (SELECT FROM reelmill.rings AS o
                      WHERE o.queue = r.queue AND o.due_at IS NULL
                        AND o.ready_at > r.ready_at + make_interval(secs => %(overtaken_s)s)))
    FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM reelmill.rings AS r USING lost WHERE r.id = lost.id
    RETURNING r.video_id
)
UPDATE reelmill.videos AS v
SET ring_id = NULL, lost_rings = least(v.lost_rings + 1, 1000), next_at = clock_timestamp(),
    waiting_for = 'the dispatcher, after a lost message'
FROM gone
WHERE v.id = gone.video_id
RETURNING v.id
