-- Failed videos go back to the stage they failed in, with no attempts counted; and to the start if their bytes
-- belong to another video by now, for then they end as its duplicates.
WITH chosen AS (
    SELECT v.id, EXISTS (SELECT FROM reelmill.contents AS c
                         WHERE c.tenant = v.tenant AND c.content_hash = v.content_hash
                           AND c.video_id <> v.id) AS disowned
    FROM reelmill.videos AS v
    WHERE v.state = 'failed'
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
    -- The last state whose stage, and all stages before it, are done in their present versions.
    SELECT chosen.id, coalesce(max(path.place) FILTER (WHERE path.unbroken AND NOT chosen.disowned), 0) AS place
    FROM chosen
    LEFT JOIN LATERAL (
        SELECT stages.place,
               count(s.video_id) OVER (ORDER BY stages.place) = stages.place AS unbroken
        FROM unnest(%(stages)s::text[], %(versions)s::int[]) WITH ORDINALITY AS stages (stage, version, place)
        LEFT JOIN reelmill.stage_runs AS s
            ON s.video_id = chosen.id AND s.stage = stages.stage AND s.version = stages.version
            AND s.state = 'done'
    ) AS path ON true
    GROUP BY chosen.id
)
UPDATE reelmill.videos AS v
SET state = (%(states)s::text[])[reached.place + 1],
    waiting_for = 'the dispatcher', next_at = clock_timestamp(), ring_id = NULL, lost_rings = 0,
    error_class = NULL, error_message = NULL, finished_at = NULL
FROM reached
WHERE v.id = reached.id AND v.state = 'failed' AND (SELECT count(*) FROM again) >= 0
