-- Move the video one state on, and its ring to the next link; the ring ends with its last link.
-- Only the ring that the claim belonged to: another would be none of this worker's business.
WITH moved AS (
    UPDATE reelmill.rings
    SET stage = %(next_stage)s, queue = %(next_queue)s, ready_at = clock_timestamp(),
        due_at = clock_timestamp() + make_interval(secs => %(ring_wait_s)s)
    WHERE id = %(ring_id)s AND %(next_stage)s::text IS NOT NULL
    RETURNING id
), ended AS (
    DELETE FROM reelmill.rings WHERE id = %(ring_id)s AND %(next_stage)s::text IS NULL
    RETURNING id
), rings AS (
    SELECT count(*) FROM (SELECT id FROM moved UNION ALL SELECT id FROM ended) AS touched
)
UPDATE reelmill.videos
SET state = %(state)s,
    ring_id = CASE WHEN ring_id = %(ring_id)s AND %(next_stage)s::text IS NULL THEN NULL ELSE ring_id END,
    lost_rings = 0,
    next_at = clock_timestamp(),
    waiting_for = %(waiting_for)s,
    error_class = NULL, error_message = NULL,
    finished_at = CASE WHEN %(final)s THEN clock_timestamp() END
FROM rings
WHERE id = %(video_id)s
