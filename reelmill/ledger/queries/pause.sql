-- Pause a lane, or prolong its pause: of two pauses the one that ends later counts, with its reason.
INSERT INTO reelmill.lanes AS l (queue, paused_until, reason, paused_at)
VALUES (%(queue)s, clock_timestamp() + make_interval(secs => %(for_s)s), %(reason)s, clock_timestamp())
ON CONFLICT (queue) DO UPDATE
SET paused_until = excluded.paused_until,
    reason = excluded.reason,
    paused_at = CASE WHEN l.paused_until > clock_timestamp() THEN l.paused_at ELSE excluded.paused_at END
WHERE l.paused_until < excluded.paused_until
