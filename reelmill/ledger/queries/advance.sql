-- Move the video on, and its ring to the next link; the ring ends with its last link, or when nothing is missing.
-- Only the ring that the claim belonged to: another would be none of this worker's business.
WITH reached AS (
    SELECT reelmill.reached(id, done_versions, %(stages)s::text[], %(versions)s::int[], %(states)s::text[]) AS state
    FROM reelmill.videos WHERE id = %(video_id)s
), next AS (
    SELECT %(next_stage)s::text IS NOT NULL AND state <> 'indexed' AS goes_on FROM reached
), moved AS (
    UPDATE reelmill.rings
    SET stage = %(next_stage)s, queue = %(next_queue)s, ready_at = clock_timestamp(),
        due_at = clock_timestamp() + make_interval(secs => %(ring_wait_s)s)
    WHERE id = %(ring_id)s AND (SELECT goes_on FROM next)
    RETURNING id
), ended AS (
    DELETE FROM reelmill.rings WHERE id = %(ring_id)s AND NOT (SELECT goes_on FROM next)
    RETURNING id
), rings AS (
    SELECT count(*) FROM (SELECT id FROM moved UNION ALL SELECT id FROM ended) AS touched
)
UPDATE reelmill.videos
SET state = reached.state,
    ring_id = CASE WHEN ring_id = %(ring_id)s AND NOT next.goes_on THEN NULL ELSE ring_id END,
    lost_rings = 0,
    next_at = clock_timestamp(),
    waiting_for = CASE WHEN reached.state <> 'indexed' THEN %(waiting_for)s END,
    error_class = NULL, error_message = NULL,
    finished_at = CASE WHEN reached.state = 'indexed' THEN clock_timestamp() END
FROM reached, next, rings
WHERE id = %(video_id)s
