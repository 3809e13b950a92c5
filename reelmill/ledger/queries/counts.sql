-- How many videos are in each state. Every video is in one of the three parts, and each is counted from an index:
-- the table itself would be read whole.
SELECT state, sum(n)::bigint AS n
FROM (
    SELECT state, count(*) AS n FROM reelmill.videos
    WHERE ring_id IS NULL AND finished_at IS NULL
    GROUP BY state
    UNION ALL
    SELECT v.state, count(*) FROM reelmill.rings AS r JOIN reelmill.videos AS v ON v.id = r.video_id
    WHERE v.ring_id IS NOT NULL AND v.finished_at IS NULL
    GROUP BY v.state
    UNION ALL
    SELECT state, count(*) FROM reelmill.videos
    WHERE finished_at IS NOT NULL
    GROUP BY state
) AS parts
GROUP BY state
