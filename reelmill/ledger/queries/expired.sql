-- The leases that have run out, and what the ledger knows of their holders. Evidence of another kind of error is of
-- another story.
SELECT s.video_id, s.stage, s.version, s.token, s.attempt, v.tenant, v.source,
       s.worker, s.device, s.started_at, s.lease_until,
       CASE WHEN s.error_class = 'WorkerLost' THEN coalesce(s.evidence, '') ELSE '' END AS earlier
FROM reelmill.stage_runs AS s JOIN reelmill.videos AS v ON v.id = s.video_id
WHERE s.state = 'running' AND s.lease_until < clock_timestamp()
