-- What an unfinished video waits for, as far as its own rows tell. No row when it has ended.
-- `sent_before`: messages of its queue that were sent before its own and are unclaimed like it.
SELECT v.state, v.tenant, v.priority, v.next_at, r.queue, s.worker, s.lease_until,
       v.ring_id IS NULL AND v.next_at > clock_timestamp() AS too_early,
       CASE WHEN r.due_at IS NOT NULL THEN (
           SELECT count(*) FROM reelmill.rings AS o
           WHERE o.queue = r.queue AND o.due_at IS NOT NULL AND o.ready_at < r.ready_at
       ) END AS sent_before
FROM reelmill.videos AS v
LEFT JOIN reelmill.rings AS r ON r.id = v.ring_id
LEFT JOIN reelmill.stage_runs AS s ON s.video_id = v.id AND s.state = 'running'
WHERE v.id = %(video_id)s AND v.finished_at IS NULL
