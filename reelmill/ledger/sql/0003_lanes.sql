-- Queues that are paused: the dispatcher rings nothing into them. A row whose time has passed pauses nothing.
CREATE TABLE reelmill.lanes (
    queue        text PRIMARY KEY,
    paused_until timestamptz NOT NULL,
    reason       text NOT NULL CHECK (length(reason) <= 500),
    paused_at    timestamptz NOT NULL DEFAULT now()  -- when the pause began, however often it was prolonged
);

-- A worker that takes nothing is told from a busy one by how many tasks it can run at once ...
ALTER TABLE reelmill.processes ADD COLUMN slots int NOT NULL DEFAULT 1;

-- ... and by when it last claimed. A BRIN index is a few pages, and is the kind that leaves updates heap-only.
CREATE INDEX stage_runs_started ON reelmill.stage_runs USING brin (started_at) WITH (autosummarize = on);
