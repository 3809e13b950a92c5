-- Give waiting videos the state that the present versions of the stages say: after an upgrade it may be another.
WITH reached AS (
    SELECT id, reelmill.reached(id, done_versions, %(stages)s::text[], %(versions)s::int[], %(states)s::text[]) AS state
    FROM reelmill.videos
    WHERE id = ANY (%(video_ids)s) AND ring_id IS NULL AND finished_at IS NULL
    FOR UPDATE SKIP LOCKED
)
UPDATE reelmill.videos AS v
SET state = reached.state,
    waiting_for = CASE WHEN reached.state <> 'indexed' THEN 'the dispatcher' END,
    error_class = CASE WHEN reached.state <> 'indexed' THEN v.error_class END,
    error_message = CASE WHEN reached.state <> 'indexed' THEN v.error_message END,
    lost_rings = CASE WHEN reached.state = 'indexed' THEN 0 ELSE v.lost_rings END,
    finished_at = CASE WHEN reached.state = 'indexed' THEN clock_timestamp() END
FROM reached
WHERE v.id = reached.id
