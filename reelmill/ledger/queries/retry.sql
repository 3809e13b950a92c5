-- Failed videos go back to the stage they failed in, with no attempts counted.
WITH chosen AS (
    SELECT id FROM reelmill.videos
    WHERE state = 'failed'
      AND (%(video_ids)s::uuid[] IS NULL OR id = ANY (%(video_ids)s))
      AND (%(error_class)s::text IS NULL OR error_class = %(error_class)s)
), runs AS (
    UPDATE reelmill.stage_runs AS s
    SET state = 'waiting', attempt = 0, next_at = NULL
    FROM chosen
    WHERE s.video_id = chosen.id AND s.state = 'failed'
), done AS (
    -- The state a video goes back to follows from the stages it has done.
    SELECT chosen.id, coalesce(max(array_position(ARRAY['transcode', 'describe', 'embed'], s.stage)), 0) AS stages
    FROM chosen LEFT JOIN reelmill.stage_runs AS s ON s.video_id = chosen.id AND s.state = 'done'
    GROUP BY chosen.id
)
UPDATE reelmill.videos AS v
SET state = (ARRAY['queued', 'transcoded', 'described', 'embedded'])[done.stages + 1],
    waiting_for = 'the dispatcher', next_at = clock_timestamp(), ring_id = NULL, lost_rings = 0,
    error_class = NULL, error_message = NULL, finished_at = NULL
FROM done
WHERE v.id = done.id
