-- The ledger with millions of rows: what is counted is in an index, finished work shrinks, updates stay heap-only.

-- How many videos ended in each state, without a look at the table; and the failed ones for `reelmill retry`.
CREATE INDEX videos_finished ON reelmill.videos (state) WHERE finished_at IS NOT NULL;

-- Deleting a video looks for what refers to it, and without these would read both tables whole.
CREATE INDEX videos_duplicate_of ON reelmill.videos (duplicate_of) WHERE duplicate_of IS NOT NULL;
CREATE INDEX contents_video ON reelmill.contents (video_id);

-- A finished video's stage runs are pruned after a while (reelmill/ledger/retention.py). What stays of them is the
-- version in which each stage is done: four numbers in the order of the stages, null where it is not.
ALTER TABLE reelmill.videos
    ADD COLUMN pruned boolean NOT NULL DEFAULT false,
    ADD COLUMN done_versions int[];
CREATE INDEX videos_to_prune ON reelmill.videos (finished_at) WHERE finished_at IS NOT NULL AND NOT pruned;

-- The running stages are found through the rings, which are few. An index that looks at `state` would make an
-- ordinary update of each claim and each commit, with a new entry in every index.
DROP INDEX reelmill.stage_runs_running;

-- The stages whose present version is not done, in their order.
CREATE FUNCTION reelmill.missing(video uuid, done_versions int[], stages text[], versions int[]) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE
RETURN ARRAY(
    SELECT present.stage
    FROM unnest(stages, versions) WITH ORDINALITY AS present (stage, version, place)
    WHERE done_versions[present.place] IS DISTINCT FROM present.version
      AND NOT EXISTS (SELECT FROM reelmill.stage_runs AS s
                      WHERE s.video_id = video AND s.stage = present.stage
                        AND s.version = present.version AND s.state = 'done')
    ORDER BY present.place
);

-- The state that a video has by that: the last one with no missing stage before it. `states` starts with the one
-- before the first stage and so has one more than `stages`.
CREATE FUNCTION reelmill.reached(video uuid, done_versions int[], stages text[], versions int[], states text[])
RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN states[coalesce(array_position(stages, (reelmill.missing(video, done_versions, stages, versions))[1]),
                       cardinality(states))];

-- The default, a fifth of the table, is hundreds of thousands of dead rows here, and counts that read the table
-- because the visibility map is old. A vacuum reads all indexes of its table, so much less would be wasteful.
ALTER TABLE reelmill.videos SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05,
                                 autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE reelmill.stage_runs SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
-- Few rows that live for seconds: a share of them says nothing, so every thousand that died.
ALTER TABLE reelmill.rings SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
                                autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 1000);
