-- The event log. There is one writer, so the order of `number` is the order of commits, and `tx` is always 0.
-- No foreign keys but to the tenant: the log outlives what it tells of.

CREATE TABLE events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    tx BIGINT NOT NULL,
    id UUID NOT NULL,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    kind TEXT NOT NULL,
    occurred_at TIMESTAMPTZ NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    shipment_id UUID,
    sequence BIGINT NOT NULL,
    driver_id UUID,
    device_id UUID,
    zone_id UUID,
    endpoint_id UUID,
    data JSONB NOT NULL,
    UNIQUE (tenant_id, id)
);

-- Each ends with the number, as every index of SQLite does.
CREATE INDEX events_tenant ON events (tenant_id);
CREATE INDEX events_kind ON events (tenant_id, kind);
CREATE INDEX events_shipment ON events (tenant_id, shipment_id) WHERE shipment_id IS NOT NULL;
CREATE INDEX events_recorded_at ON events (tenant_id, recorded_at);

-- The entries about each zone, up to the one that the cursor `zones` names. No index of `events`: devices cross zones in no
-- order, so that each new entry would dirty another page of it. Here they are put in many at once, in order.
CREATE TABLE event_zones (
    tenant UUID NOT NULL,
    zone UUID NOT NULL,
    entry BIGINT NOT NULL,
    PRIMARY KEY (tenant, zone, entry)
) WITHOUT ROWID;
