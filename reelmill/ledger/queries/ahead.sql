-- How many of a tenant's videos in one state are rung before another of them, counted up to a limit. Each half is a
-- range of the index videos_to_ring, so that the first in a line of millions is answered at once.
SELECT count(*) FROM (
    (SELECT FROM reelmill.videos AS v
     WHERE v.state = %(state)s AND v.tenant = %(tenant)s AND v.ring_id IS NULL AND v.finished_at IS NULL
       AND v.priority > %(priority)s AND v.next_at <= greatest(now(), %(next_at)s)
     LIMIT %(limit)s)
    UNION ALL
    (SELECT FROM reelmill.videos AS v
     WHERE v.state = %(state)s AND v.tenant = %(tenant)s AND v.ring_id IS NULL AND v.finished_at IS NULL
       AND v.priority = %(priority)s AND v.next_at < %(next_at)s
     LIMIT %(limit)s)
) AS before
