-- End an attempt without success: the stage waits or has failed, the ring is over, the video learns why.
-- Guarded like a success: with an old token nothing is written and no row comes back.
WITH run AS (
    UPDATE reelmill.stage_runs
    SET state = %(run_state)s,
        attempt = attempt - %(refund)s, waits = waits + %(refund)s,
        lease_until = NULL, finished_at = clock_timestamp(),
        next_at = clock_timestamp() + make_interval(secs => %(wait_s)s),
        error_class = %(error_class)s, error_message = %(error_message)s, evidence = %(evidence)s
    WHERE video_id = %(video_id)s AND stage = %(stage)s AND version = %(version)s
      AND token = %(token)s AND state = 'running'
    RETURNING video_id, ring_id
), ring AS (
    -- A video that ends takes along whatever ring it has: after a worker that died before it could give its claim
    -- back, that is another than the claim's.
    DELETE FROM reelmill.rings AS r USING run
    WHERE r.video_id = run.video_id AND (r.id = run.ring_id OR %(video_state)s::text IS NOT NULL)
    RETURNING r.id
)
UPDATE reelmill.videos AS v
SET state = coalesce(%(video_state)s, v.state),
    ring_id = CASE WHEN v.ring_id = run.ring_id OR %(video_state)s::text IS NOT NULL THEN NULL ELSE v.ring_id END,
    lost_rings = 0,
    next_at = clock_timestamp() + make_interval(secs => %(wait_s)s),
    waiting_for = %(waiting_for)s,
    duplicate_of = %(duplicate_of)s,
    error_class = %(error_class)s, error_message = %(error_message)s,
    finished_at = CASE WHEN %(video_state)s::text IS NOT NULL THEN clock_timestamp() END
FROM run LEFT JOIN ring ON true
WHERE v.id = run.video_id
RETURNING v.id
