-- The workers that live, by queue, and whether each takes messages.
-- One that could run another task, has claimed nothing for a while, and has been there all that time, although a
-- message of its queue waits as long, lives but does not consume: whoever were idle would have taken it.
WITH moment AS (
    SELECT now() - make_interval(secs => %(silent_s)s) AS silent_since
), awaited AS (
    -- A message taken for lost is sent anew and has a younger ring. Each ring waits twice as long as the one before
    -- it, so a ring that waits for w after n losses follows others that waited for w - w / 2^n together.
    SELECT r.queue, count(*) AS messages,
           min(r.ready_at - (r.due_at - r.ready_at) * (1 - 2.0 ^ -least(v.lost_rings, %(longest_doubling)s))) AS since
    FROM reelmill.rings AS r JOIN reelmill.videos AS v ON v.id = r.video_id
    WHERE r.due_at IS NOT NULL
    GROUP BY r.queue
), active AS MATERIALIZED (
    -- Asked once for all workers, and only when some message has waited long. The upper bound leaves nothing out: it
    -- lets the planner, which may not know the lower one, see that the range is narrow and take the index.
    SELECT DISTINCT s.worker FROM reelmill.stage_runs AS s
    WHERE s.started_at > now() - make_interval(secs => %(silent_s)s)
      AND s.started_at < now() + make_interval(secs => %(silent_s)s)
      AND EXISTS (SELECT FROM awaited WHERE awaited.since < (SELECT silent_since FROM moment))
), busy AS MATERIALIZED (
    -- No index has the running stages; the rings, which are few, lead to them.
    SELECT s.worker, count(*) AS tasks
    FROM reelmill.rings AS r JOIN reelmill.stage_runs AS s ON s.video_id = r.video_id
    WHERE s.state = 'running' AND s.lease_until > now()
    GROUP BY s.worker
), worker AS (
    -- A process gives its Celery name and its id; stage runs have the name alone.
    SELECT p.name, regexp_replace(p.name, ':[0-9]+$', '') AS hostname, unnest(p.queues) AS queue, p.slots, p.started_at
    FROM reelmill.processes AS p
    WHERE p.kind = 'worker' AND p.seen_at > now() - make_interval(secs => %(alive_s)s)
)
SELECT worker.queue, worker.name, coalesce(awaited.messages, 0) AS messages,
       coalesce(awaited.since < moment.silent_since, false)
       AND worker.started_at < moment.silent_since
       AND NOT EXISTS (SELECT FROM active WHERE active.worker = worker.hostname)
       AND worker.slots > coalesce(busy.tasks, 0) AS silent
FROM moment CROSS JOIN worker
LEFT JOIN awaited ON awaited.queue = worker.queue
LEFT JOIN busy ON busy.worker = worker.hostname
ORDER BY worker.queue, worker.name
