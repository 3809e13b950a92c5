-- Renew the leases that this process still holds; one that is not returned has been lost.
UPDATE reelmill.stage_runs AS s
SET lease_until = clock_timestamp() + make_interval(secs => %(lease_s)s)
FROM unnest(%(video_ids)s::uuid[], %(stages)s::text[], %(versions)s::int[], %(tokens)s::bigint[])
     AS held (video_id, stage, version, token)
WHERE s.video_id = held.video_id AND s.stage = held.stage AND s.version = held.version
  AND s.token = held.token AND s.state = 'running'
RETURNING s.video_id, s.stage, s.token
