-- Unclaimed rings only: a chain whose sending seemed to fail may have arrived after all.
WITH gone AS (
    DELETE FROM reelmill.rings
    WHERE video_id = ANY (%(video_ids)s) AND due_at IS NOT NULL
    RETURNING video_id
)
UPDATE reelmill.videos AS v
SET ring_id = NULL, waiting_for = 'the broker'
FROM gone
WHERE v.id = gone.video_id
