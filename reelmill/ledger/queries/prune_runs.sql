-- Delete the stage runs of videos that ended long ago, the oldest first; the video keeps the versions that are done.
-- The video is locked before its runs, as in a retry, which must not come between; that no worker can wait for the
-- two in their usual order is because none holds a stage of a finished video.
-- The ids go into an array because for an unknown number of rows the planner would rather read the tables whole.
WITH old AS (
    SELECT id FROM reelmill.videos
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
    SELECT video_id,
           max(version) FILTER (WHERE stage = 'transcode') AS transcode,
           max(version) FILTER (WHERE stage = 'describe') AS describe,
           max(version) FILTER (WHERE stage = 'embed') AS embed,
           max(version) FILTER (WHERE stage = 'index') AS index
    FROM gone WHERE state = 'done'
    GROUP BY video_id
)
UPDATE reelmill.videos AS v
SET pruned = true,
    done_versions = ARRAY[greatest(v.done_versions[1], done.transcode), greatest(v.done_versions[2], done.describe),
                          greatest(v.done_versions[3], done.embed), greatest(v.done_versions[4], done.index)]
FROM old LEFT JOIN done ON done.video_id = old.id
WHERE v.id = old.id AND v.id = ANY ((SELECT old FROM ids)::uuid[])
