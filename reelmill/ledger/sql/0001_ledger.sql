-- The ledger: what exists, how far each video is, who holds it, what it cost.
-- Locks are always taken in the order stage_runs, rings, videos, so that no two writers can deadlock. (In a
-- statement with several changes the order is that of reference: a change that nothing refers to comes last.)

CREATE TABLE reelmill.videos (
    id            uuid PRIMARY KEY DEFAULT uuidv7(),
    tenant        text NOT NULL DEFAULT 'default' CHECK (length(tenant) BETWEEN 1 AND 100),
    source        text NOT NULL CHECK (length(source) BETWEEN 1 AND 2000),
    version       text NOT NULL DEFAULT '' CHECK (length(version) <= 200),
    priority      smallint NOT NULL DEFAULT 0,
    state         text NOT NULL DEFAULT 'queued' CHECK (state IN (
                      'queued', 'transcoded', 'described', 'embedded',
                      'indexed', 'failed', 'blocked', 'duplicate')),
    waiting_for   text DEFAULT 'the dispatcher',
    next_at       timestamptz NOT NULL DEFAULT now(),  -- not rung before this
    ring_id       uuid,                                -- the chain under way; null when there is none
    lost_rings    smallint NOT NULL DEFAULT 0,         -- rings lost since the last attempt ended: the backoff
    content_hash  text,
    duplicate_of  uuid REFERENCES reelmill.videos,
    error_class   text,
    error_message text,
    created_at    timestamptz NOT NULL DEFAULT now(),
    finished_at   timestamptz,
    UNIQUE (tenant, source, version)
) WITH (fillfactor = 85);

-- What the dispatcher may ring, per stage and tenant, the most urgent first.
CREATE INDEX videos_to_ring ON reelmill.videos (state, tenant, priority DESC, next_at)
    WHERE ring_id IS NULL AND finished_at IS NULL;

-- The first video with these bytes; later ones end as its duplicates.
CREATE TABLE reelmill.contents (
    tenant       text NOT NULL,
    content_hash text NOT NULL,
    video_id     uuid NOT NULL REFERENCES reelmill.videos ON DELETE CASCADE,
    PRIMARY KEY (tenant, content_hash)
);

-- One row for each (video, stage, version), whatever happens to it.
CREATE TABLE reelmill.stage_runs (
    video_id      uuid NOT NULL REFERENCES reelmill.videos ON DELETE CASCADE,
    stage         text NOT NULL CHECK (stage IN ('transcode', 'describe', 'embed', 'index')),
    version       int NOT NULL,
    state         text NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed')),
    attempt       int NOT NULL DEFAULT 0,
    waits         int NOT NULL DEFAULT 0,       -- times it was Busy, which is no attempt
    token         bigint NOT NULL DEFAULT 0,    -- fencing token: one higher with each claim
    ring_id       uuid,                         -- the ring that the last claim belonged to
    lease_until   timestamptz,
    worker        text,
    device        text,
    started_at    timestamptz,
    finished_at   timestamptz,
    next_at       timestamptz,
    error_class   text,
    error_message text,
    evidence      text,
    facts         jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (video_id, stage, version)
) WITH (fillfactor = 70);

-- Few rows run at a time; leaving lease_until out keeps each renewal a heap-only update.
CREATE INDEX stage_runs_running ON reelmill.stage_runs (video_id) WHERE state = 'running';

-- Chains under way, one for a video at most; deleted when they end.
CREATE TABLE reelmill.rings (
    id       uuid PRIMARY KEY DEFAULT uuidv7(),
    video_id uuid NOT NULL UNIQUE REFERENCES reelmill.videos ON DELETE CASCADE,
    links    jsonb NOT NULL,        -- [{"stage", "task_id", "queue"}, ...] in order
    stage    text NOT NULL,         -- the link awaited or under way
    queue    text NOT NULL,         -- and its queue
    ready_at timestamptz NOT NULL DEFAULT now(),  -- when that link was sent
    due_at   timestamptz            -- unclaimed by then, the ring may be lost; null while claimed
) WITH (fillfactor = 50);

CREATE TABLE reelmill.proxies (
    video_id   uuid PRIMARY KEY REFERENCES reelmill.videos ON DELETE CASCADE,
    blob_key   text NOT NULL,       -- folder of proxy.mp4 and poster.jpg in the blob store
    frames     int NOT NULL,
    duration_s double precision NOT NULL,
    content    int[] NOT NULL,      -- x, y, width, height of the picture in the square
    has_audio  boolean NOT NULL,
    source     jsonb NOT NULL       -- what probing told about the upload
);

CREATE TABLE reelmill.descriptions (
    video_id    uuid PRIMARY KEY REFERENCES reelmill.videos ON DELETE CASCADE,
    title       text NOT NULL,
    genres      text[] NOT NULL,
    description text NOT NULL,
    tags        jsonb NOT NULL,     -- [{"name", "confidence"}, ...]
    evidence    jsonb NOT NULL,
    index_text  text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now()
);

-- The ledger's own copy of each vector: models cost money, an index can be built again from these.
CREATE TABLE reelmill.embeddings (
    video_id uuid NOT NULL REFERENCES reelmill.videos ON DELETE CASCADE,
    space    text NOT NULL,
    vector   real[] NOT NULL,
    PRIMARY KEY (video_id, space)
);

-- Every paid call: written before it is made, settled with the bill after it.
CREATE TABLE reelmill.costs (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    video_id      uuid NOT NULL REFERENCES reelmill.videos ON DELETE CASCADE,
    stage         text NOT NULL,
    token         bigint NOT NULL,
    model         text NOT NULL,
    input_tokens  bigint NOT NULL,
    output_tokens bigint NOT NULL,
    usd_micros    bigint NOT NULL,
    settled       boolean NOT NULL DEFAULT false,
    at            timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX costs_video ON reelmill.costs (video_id);

-- The processes that are alive, by their own word, renewed every few seconds.
CREATE TABLE reelmill.processes (
    name       text PRIMARY KEY,
    kind       text NOT NULL,       -- worker, dispatcher
    queues     text[] NOT NULL DEFAULT '{}',
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_at    timestamptz NOT NULL DEFAULT now()
);
