-- Which records were changed, so that other nodes that keep them in memory read them again. Written by the database itself:
-- no statement can forget it. Ordered, and shown, as the event log is.

CREATE TABLE changes (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tx BIGINT NOT NULL,
    -- The table, and the row in it.
    kind TEXT NOT NULL,
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    -- Which node did it; null when it did not say.
    node TEXT,
    at TIMESTAMPTZ NOT NULL
);

CREATE INDEX changes_place ON changes (tx, number);
CREATE INDEX changes_at ON changes (at);

CREATE FUNCTION tracklane_note_change() RETURNS TRIGGER LANGUAGE plpgsql AS $$
DECLARE
    changed RECORD;
    owner UUID;
BEGIN
    IF TG_OP = 'DELETE' THEN changed := OLD; ELSE changed := NEW; END IF;
    IF TG_TABLE_NAME = 'tenants' THEN owner := changed.id; ELSE owner := changed.tenant_id; END IF;
    INSERT INTO changes (tx, kind, tenant_id, id, node, at)
    VALUES (
        CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT), TG_TABLE_NAME, owner, changed.id,
        NULLIF(current_setting('tracklane.node', TRUE), ''), clock_timestamp()
    );
    RETURN NULL;
END $$;

CREATE TRIGGER note_change AFTER INSERT OR UPDATE ON tenants
    FOR EACH ROW EXECUTE FUNCTION tracklane_note_change();
CREATE TRIGGER note_change AFTER INSERT OR DELETE OR UPDATE OF version ON devices
    FOR EACH ROW EXECUTE FUNCTION tracklane_note_change();
CREATE TRIGGER note_change AFTER INSERT OR DELETE OR UPDATE OF version ON drivers
    FOR EACH ROW EXECUTE FUNCTION tracklane_note_change();
CREATE TRIGGER note_change AFTER UPDATE OF version ON locations
    FOR EACH ROW EXECUTE FUNCTION tracklane_note_change();
CREATE TRIGGER note_change AFTER INSERT OR DELETE OR UPDATE OF version ON zones
    FOR EACH ROW EXECUTE FUNCTION tracklane_note_change();
CREATE TRIGGER note_change AFTER INSERT OR UPDATE OF version ON shipments
    FOR EACH ROW EXECUTE FUNCTION tracklane_note_change();
CREATE TRIGGER note_change AFTER DELETE OR UPDATE OF version, password_hash ON users
    FOR EACH ROW EXECUTE FUNCTION tracklane_note_change();
CREATE TRIGGER note_change AFTER DELETE OR UPDATE OF revoked_at ON api_keys
    FOR EACH ROW EXECUTE FUNCTION tracklane_note_change();

-- The devices of a partition of the position stream: see the function in dialect.rs that says the same.
CREATE INDEX device_states_slot ON device_states
    ((get_byte(uuid_send(device_id), 14) * 256 + get_byte(uuid_send(device_id), 15)), device_id);
