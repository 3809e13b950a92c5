-- For each of these videos the stages whose present version is not done.
SELECT id, reelmill.missing(id, done_versions, %(stages)s::text[], %(versions)s::int[])
FROM reelmill.videos
WHERE id = ANY (%(video_ids)s)
