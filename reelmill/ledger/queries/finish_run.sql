-- The fence: nothing is written unless this token still holds the stage.
UPDATE reelmill.stage_runs
SET state = 'done', lease_until = NULL, finished_at = clock_timestamp(), facts = %(facts)s,
    error_class = NULL, error_message = NULL, evidence = NULL
WHERE video_id = %(video_id)s AND stage = %(stage)s AND version = %(version)s
  AND token = %(token)s AND state = 'running'
RETURNING ring_id
