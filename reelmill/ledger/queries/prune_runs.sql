-- Delete the stage runs of videos that ended long ago, the oldest first; the video keeps the highest version in which each
-- stage is done.
-- The video is locked before its runs, as in a retry, which must not come between; that no worker can wait for the
-- two in their usual order is because none holds a stage of a finished video.
-- The ids go into an array because for an unknown number of rows the planner would rather read the tables whole.
WITH old AS (
    SELECT id, done_versions FROM reelmill.videos
    WHERE finished_at < statement_timestamp() - make_interval(days => %(keep_days)s) AND NOT pruned
    ORDER BY finished_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
), ids AS (
    SELECT ARRAY(SELECT id FROM old) AS old
), gone AS (
    DELETE FROM reelmill.stage_runs AS s WHERE s.video_id = ANY ((SELECT old FROM ids)::uuid[])
    RETURNING s.video_id, s.stage, s.version, s.state
), done AS (
    SELECT video_id, stage, max(version) AS version FROM gone WHERE state = 'done' GROUP BY video_id, stage
), kept AS (
    SELECT old.id, array_agg(greatest(old.done_versions[present.place], done.version) ORDER BY present.place) AS versions
    FROM old CROSS JOIN unnest(%(stages)s::text[]) WITH ORDINALITY AS present (stage, place)
    LEFT JOIN done ON done.video_id = old.id AND done.stage = present.stage
    GROUP BY old.id
)
UPDATE reelmill.videos AS v
SET pruned = true, done_versions = kept.versions
FROM kept
WHERE v.id = kept.id AND v.id = ANY ((SELECT old FROM ids)::uuid[])
