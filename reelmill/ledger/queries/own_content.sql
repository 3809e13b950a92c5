-- Take these bytes for this video, unless another video of the tenant has them.
-- An owner that failed gives them up, for somebody who uploads again after a failure wants another try; and so
-- does one that has other bytes by now, its file having changed between two attempts.
WITH held AS (
    SELECT video_id FROM reelmill.stage_runs
    WHERE video_id = %(video_id)s AND stage = %(stage)s AND version = %(version)s
      AND token = %(token)s AND state = 'running'
), owned AS (
    INSERT INTO reelmill.contents AS c (tenant, content_hash, video_id)
    SELECT %(tenant)s, %(content_hash)s, video_id FROM held
    ON CONFLICT (tenant, content_hash) DO UPDATE SET video_id = CASE
        WHEN EXISTS (SELECT FROM reelmill.videos AS v
                     WHERE v.id = c.video_id AND v.state NOT IN ('failed', 'duplicate')
                       AND v.content_hash = c.content_hash)
        THEN c.video_id ELSE excluded.video_id END
    RETURNING c.video_id
), named AS (
    UPDATE reelmill.videos SET content_hash = %(content_hash)s FROM held WHERE id = held.video_id
)
SELECT video_id FROM owned
