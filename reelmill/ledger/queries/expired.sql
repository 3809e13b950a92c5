-- The attempts whose leases have run out, and what the ledger knows of their holders. Evidence of another kind of
-- error is of another story. A running stage's video has a ring, so the rings, which are few, lead to it. In one race
-- it has none for a while (a worker died before it could give back a claim on a ring that was replaced, and then the
-- newer ring was lost too): then its next ring leads here, which it waits for in any case.
SELECT s.video_id, s.stage, s.version, s.token, s.attempt, v.tenant, v.source,
       s.worker, s.device, s.started_at, s.lease_until,
       CASE WHEN s.error_class = 'WorkerLost' THEN coalesce(s.evidence, '') ELSE '' END AS earlier
FROM reelmill.rings AS r
JOIN reelmill.stage_runs AS s ON s.video_id = r.video_id
JOIN reelmill.videos AS v ON v.id = s.video_id
WHERE s.state = 'running' AND s.lease_until < statement_timestamp()
