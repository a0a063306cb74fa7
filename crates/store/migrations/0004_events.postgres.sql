-- The event log. Entries are ordered by (tx, number); an entry is shown once every transaction before `tx` has ended.
-- No foreign keys but to the tenant: the log outlives what it tells of.

CREATE TABLE events (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
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

-- The history of a zone.
CREATE INDEX events_zone ON events (tenant_id, zone_id, tx, number) WHERE zone_id IS NOT NULL;
CREATE INDEX events_place ON events (tx, number);
CREATE INDEX events_tenant ON events (tenant_id, tx, number);
CREATE INDEX events_kind ON events (tenant_id, kind, tx, number);
CREATE INDEX events_shipment ON events (tenant_id, shipment_id, tx, number) WHERE shipment_id IS NOT NULL;
CREATE INDEX events_recorded_at ON events (tenant_id, recorded_at);
