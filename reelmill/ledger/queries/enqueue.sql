-- The whole of enqueueing: run it inside your own transaction, and the video exists when that commits.
-- No row comes back when the same (tenant, source, version) is there already.
INSERT INTO reelmill.videos (tenant, source, version, priority)
VALUES (%(tenant)s, %(source)s, %(version)s, %(priority)s)
ON CONFLICT (tenant, source, version) DO NOTHING
RETURNING id
