-- Take these bytes for this video, unless another video of the tenant has them.
-- A failed owner gives them up: somebody who uploads again after a failure wants another try.
WITH held AS (
    SELECT video_id FROM reelmill.stage_runs
    WHERE video_id = %(video_id)s AND stage = %(stage)s AND version = %(version)s
      AND token = %(token)s AND state = 'running'
), owned AS (
    INSERT INTO reelmill.contents AS c (tenant, content_hash, video_id)
    SELECT %(tenant)s, %(content_hash)s, video_id FROM held
    ON CONFLICT (tenant, content_hash) DO UPDATE SET video_id = CASE
        WHEN (SELECT state FROM reelmill.videos AS v WHERE v.id = c.video_id) = 'failed'
        THEN excluded.video_id ELSE c.video_id END
    RETURNING c.video_id
), named AS (
    UPDATE reelmill.videos SET content_hash = %(content_hash)s FROM held WHERE id = held.video_id
)
SELECT video_id FROM owned
