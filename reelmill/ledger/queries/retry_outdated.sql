-- Of the next so many indexed videos by id, those for which some stage's present version is not done go back to
-- the state before the first such stage. One row: the last id that was looked at, null at the end, and how many went.
-- The array keeps the planner, which knows neither number, from reading the table whole.
WITH looked_at AS (
    SELECT v.id, v.done_versions
    FROM reelmill.videos AS v
    WHERE v.state = 'indexed' AND v.finished_at IS NOT NULL AND v.id > %(after)s
      AND (%(video_ids)s::uuid[] IS NULL OR v.id = ANY (%(video_ids)s))
    ORDER BY v.id
    LIMIT %(limit)s
    FOR UPDATE OF v
), outdated AS (
    SELECT l.id, reelmill.reached(
        l.id, l.done_versions, %(stages)s::text[], %(versions)s::int[], %(states)s::text[]) AS state
    FROM looked_at AS l
), again AS (
    UPDATE reelmill.videos AS v
    SET state = outdated.state, pruned = false,
        waiting_for = 'the dispatcher', next_at = clock_timestamp(), ring_id = NULL, lost_rings = 0, finished_at = NULL
    FROM outdated
    WHERE v.id = outdated.id AND outdated.state <> 'indexed'
      AND v.id = ANY (ARRAY(SELECT id FROM outdated WHERE state <> 'indexed'))
    RETURNING v.id
)
SELECT (SELECT id FROM looked_at ORDER BY id DESC LIMIT 1), (SELECT count(*) FROM again)
