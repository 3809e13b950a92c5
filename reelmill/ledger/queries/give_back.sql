-- Undo a claim whose ring was replaced in the same instant. The video and its new ring are not touched.
UPDATE reelmill.stage_runs
SET state = 'waiting', attempt = attempt - 1, lease_until = NULL
WHERE video_id = %(video_id)s AND stage = %(stage)s AND version = %(version)s
  AND token = %(token)s AND state = 'running'
