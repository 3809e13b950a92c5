-- Triggers that write down every change that counts, in a schema of their own that nothing of ours reads or writes.
CREATE SCHEMA audit;

CREATE TABLE audit.effects (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
    kind        text NOT NULL,
    video_id    uuid,
    stage       text,
    version     int,
    token       bigint,
    detail      text
);

CREATE FUNCTION audit.of_video() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Ended, or ended once more: one end written over another is what must not be.
    IF NEW.finished_at IS NOT NULL
       AND (NEW.state, NEW.finished_at) IS DISTINCT FROM (OLD.state, OLD.finished_at) THEN
        INSERT INTO audit.effects (kind, video_id, detail) VALUES ('finished', NEW.id, NEW.state);
    ELSIF NEW.finished_at IS NULL AND OLD.finished_at IS NOT NULL THEN
        INSERT INTO audit.effects (kind, video_id) VALUES ('reopened', NEW.id);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION audit.of_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Done, or done once more under the same token, which a second finish would leave.
    IF TG_OP = 'INSERT' OR (NEW.state, NEW.token, NEW.finished_at, NEW.facts)
       IS DISTINCT FROM (OLD.state, OLD.token, OLD.finished_at, OLD.facts) THEN
        INSERT INTO audit.effects (kind, video_id, stage, version, token, detail)
        VALUES ('run ' || NEW.state, NEW.video_id, NEW.stage, NEW.version, NEW.token, NEW.error_class);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION audit.of_result() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit.effects (kind, video_id, stage) VALUES ('result', NEW.video_id, TG_ARGV[0]);
    RETURN NULL;
END $$;

CREATE TRIGGER audit AFTER UPDATE ON reelmill.videos FOR EACH ROW EXECUTE FUNCTION audit.of_video();
CREATE TRIGGER audit AFTER INSERT OR UPDATE ON reelmill.stage_runs FOR EACH ROW EXECUTE FUNCTION audit.of_run();
CREATE TRIGGER audit AFTER INSERT OR UPDATE ON reelmill.proxies
    FOR EACH ROW EXECUTE FUNCTION audit.of_result('transcode');
CREATE TRIGGER audit AFTER INSERT OR UPDATE ON reelmill.descriptions
    FOR EACH ROW EXECUTE FUNCTION audit.of_result('describe');
CREATE TRIGGER audit AFTER INSERT OR UPDATE ON reelmill.embeddings
    FOR EACH ROW EXECUTE FUNCTION audit.of_result('embed');

-- The index: a table for each space, named by its space.
DO $$
DECLARE space regclass;
BEGIN
    FOR space IN SELECT format('reelmill.%I', 'space_' || name)::regclass FROM reelmill.spaces LOOP
        EXECUTE format('CREATE TRIGGER audit AFTER INSERT OR UPDATE ON %s '
                       'FOR EACH ROW EXECUTE FUNCTION audit.of_result(''index'')', space);
    END LOOP;
END $$;
