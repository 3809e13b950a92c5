-- The vector spaces that exist. Each has a table of its own, reelmill.space_<name>, made when it is registered
-- (reelmill/index/spaces.py), because the dimensions are part of a column's type.
CREATE TABLE reelmill.spaces (
    name       text PRIMARY KEY CHECK (name ~ '^[a-z0-9_]{1,48}$'),  -- leaves room for the tables' prefix
    kind       text NOT NULL CHECK (kind IN ('text', 'visual')),
    dimensions int NOT NULL CHECK (dimensions BETWEEN 1 AND 4000),   -- HNSW's limit for halfvec
    metric     text NOT NULL CHECK (metric IN ('cosine', 'inner_product', 'l2', 'l1')),
    active     boolean NOT NULL,            -- asked for recommendations; the others are only filled
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX spaces_one_active ON reelmill.spaces (kind) WHERE active;
