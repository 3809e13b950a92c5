-- The attempts whose leases have run out. A running stage's video has a ring, its own or in rare races a newer one,
-- so the rings, which are few, lead to it.
SELECT s.video_id, s.stage, s.version, s.token, s.attempt, v.tenant, v.source
FROM reelmill.rings AS r
JOIN reelmill.stage_runs AS s ON s.video_id = r.video_id
JOIN reelmill.videos AS v ON v.id = s.video_id
WHERE s.state = 'running' AND s.lease_until < statement_timestamp()
