-- Failed videos go back to the stage they failed in, with no attempts counted; and to the start if their bytes
-- belong to another video by now, for then they end as its duplicates. One that failed in a version of a stage that
-- was taken back since has nothing missing, and is indexed.
-- Videos are locked first here, against the usual order: one that has ended has no ring and no running stage.
WITH chosen AS (
    SELECT v.id, v.done_versions, EXISTS (SELECT FROM reelmill.contents AS c
                         WHERE c.tenant = v.tenant AND c.content_hash = v.content_hash
                           AND c.video_id <> v.id) AS disowned
    FROM reelmill.videos AS v
    WHERE v.state = 'failed' AND v.finished_at IS NOT NULL
      AND (%(video_ids)s::uuid[] IS NULL OR v.id = ANY (%(video_ids)s))
      AND (%(error_class)s::text IS NULL OR v.error_class = %(error_class)s)
    FOR UPDATE OF v
), again AS (
    UPDATE reelmill.stage_runs AS s
    SET state = 'waiting', attempt = 0, next_at = NULL
    FROM chosen
    WHERE s.video_id = chosen.id AND (s.state = 'failed' OR chosen.disowned)
    RETURNING s.video_id
), reached AS (
    SELECT id, disowned, CASE WHEN disowned THEN 'queued' ELSE reelmill.reached(
        id, done_versions, %(stages)s::text[], %(versions)s::int[], %(states)s::text[]) END AS state
    FROM chosen
)
UPDATE reelmill.videos AS v
SET state = reached.state,
    done_versions = CASE WHEN NOT reached.disowned THEN v.done_versions END, pruned = false,
    waiting_for = CASE WHEN reached.state <> 'indexed' THEN 'the dispatcher' END,
    next_at = clock_timestamp(), ring_id = NULL, lost_rings = 0,
    error_class = NULL, error_message = NULL,
    finished_at = CASE WHEN reached.state = 'indexed' THEN clock_timestamp() END
FROM reached
WHERE v.id = reached.id AND v.state = 'failed' AND (SELECT count(*) FROM again) >= 0
