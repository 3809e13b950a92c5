-- The videos that may be rung now, up to a limit for each tenant. The recursion hops from tenant to tenant
-- through the index, so that its cost follows the number of tenants and not the number of videos.
-- statement_timestamp() is a condition of the index, and clock_timestamp() would be none: then every video that waits
-- for its time would be read, each round, while a budget is spent or a provider is away.
WITH RECURSIVE tenants AS (
    (SELECT tenant FROM reelmill.videos
     WHERE state = %(state)s AND ring_id IS NULL AND finished_at IS NULL
     ORDER BY tenant LIMIT 1)
    UNION ALL
    SELECT (SELECT v.tenant FROM reelmill.videos AS v
            WHERE v.state = %(state)s AND v.ring_id IS NULL AND v.finished_at IS NULL
              AND v.tenant > tenants.tenant
            ORDER BY v.tenant LIMIT 1)
    FROM tenants WHERE tenants.tenant IS NOT NULL
)
SELECT tenants.tenant, due.id
FROM tenants CROSS JOIN LATERAL (
    SELECT v.id FROM reelmill.videos AS v
    WHERE v.state = %(state)s AND v.tenant = tenants.tenant
      AND v.ring_id IS NULL AND v.finished_at IS NULL AND v.next_at <= statement_timestamp()
    ORDER BY v.priority DESC, v.next_at
    LIMIT %(limit)s
) AS due
