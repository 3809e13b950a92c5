-- Claim one stage of one video for one message.
-- `link` is empty unless the message belongs to the video's present ring; then nothing below it happens.
-- `run` is empty when the stage is done or held: only a waiting one, or one never tried, can be claimed.
-- `ring` is empty when the ring was replaced between the two: the caller then gives the claim back.
WITH link AS (
    SELECT r.id, r.links, l.link ->> 'queue' AS queue
    FROM reelmill.rings AS r, jsonb_array_elements(r.links) AS l (link)
    WHERE r.video_id = %(video_id)s
      AND l.link ->> 'stage' = %(stage)s
      AND l.link ->> 'task_id' = %(task_id)s
), run AS (
    INSERT INTO reelmill.stage_runs AS s
        (video_id, stage, version, state, attempt, token, ring_id, lease_until, worker, device, started_at)
    SELECT %(video_id)s, %(stage)s, %(version)s, 'running', 1, 1, link.id,
           clock_timestamp() + make_interval(secs => %(lease_s)s), %(worker)s, %(device)s, clock_timestamp()
    FROM link
    ON CONFLICT (video_id, stage, version) DO UPDATE SET
        state = 'running', attempt = s.attempt + 1, token = s.token + 1,
        ring_id = excluded.ring_id, lease_until = excluded.lease_until, worker = excluded.worker, device = excluded.device,
        started_at = excluded.started_at, finished_at = NULL, next_at = NULL
        WHERE s.state = 'waiting'
    RETURNING s.attempt, s.token
), ring AS (
    UPDATE reelmill.rings AS r
    SET stage = %(stage)s, queue = link.queue, due_at = NULL
    FROM link, run
    WHERE r.id = link.id
    RETURNING r.id
)
SELECT run.attempt, run.token, link.links, ring.id AS ring_id,
       v.tenant, v.source,
       (SELECT s.state FROM reelmill.stage_runs AS s
        WHERE s.video_id = %(video_id)s AND s.stage = %(stage)s AND s.version = %(version)s) AS state_before
FROM link
JOIN reelmill.videos AS v ON v.id = %(video_id)s
LEFT JOIN run ON true
LEFT JOIN ring ON true
