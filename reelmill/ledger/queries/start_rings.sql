-- Write rings for videos that have none. A ring that was lost before is waited for twice as long each time.
-- Videos are locked first here, against the usual order: one without a ring has none that another writer could hold,
-- and one that is held is skipped.
WITH wanted AS (
    SELECT * FROM unnest(%(video_ids)s::uuid[], %(links)s::jsonb[]) AS w (video_id, links)
), free AS (
    SELECT v.id, v.lost_rings, wanted.links
    FROM reelmill.videos AS v JOIN wanted ON wanted.video_id = v.id
    WHERE v.ring_id IS NULL AND v.finished_at IS NULL
    FOR UPDATE OF v SKIP LOCKED
), rung AS (
    INSERT INTO reelmill.rings (video_id, links, stage, queue, ready_at, due_at)
    SELECT free.id, free.links, free.links -> 0 ->> 'stage', free.links -> 0 ->> 'queue', clock_timestamp(),
           clock_timestamp()
           + make_interval(secs => %(ring_wait_s)s * 2 ^ least(free.lost_rings, %(longest_doubling)s))
    FROM free
    ON CONFLICT (video_id) DO NOTHING
    RETURNING id, video_id, queue
)
UPDATE reelmill.videos AS v
SET ring_id = rung.id, waiting_for = 'a worker of queue ' || rung.queue
FROM rung
WHERE v.id = rung.video_id
RETURNING v.id
