-- Shipments, their parcels, stretches, facts and public links.

CREATE TABLE shipments (
    id UUID NOT NULL,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    reference TEXT,
    sender_id UUID,
    recipient_id UUID,
    origin_id UUID,
    destination_id UUID,
    milestones TEXT NOT NULL,
    metadata JSONB NOT NULL,
    status TEXT NOT NULL,
    substatus TEXT,
    reason TEXT,
    status_since TIMESTAMPTZ NOT NULL,
    attempts BIGINT NOT NULL,
    delayed BOOLEAN NOT NULL,
    return_leg BOOLEAN NOT NULL,
    eta_from TIMESTAMPTZ,
    eta_to TIMESTAMPTZ,
    picked_up_at TIMESTAMPTZ,
    delivered_at TIMESTAMPTZ,
    driver_id UUID,
    search TEXT NOT NULL,
    -- Of the newest event of this shipment in the event log: its number, and the greatest transaction number so far.
    sequence BIGINT NOT NULL,
    log_tx BIGINT NOT NULL DEFAULT 0,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, reference),
    FOREIGN KEY (tenant_id, sender_id) REFERENCES customers (tenant_id, id),
    FOREIGN KEY (tenant_id, recipient_id) REFERENCES customers (tenant_id, id),
    FOREIGN KEY (tenant_id, origin_id) REFERENCES locations (tenant_id, id),
    FOREIGN KEY (tenant_id, destination_id) REFERENCES locations (tenant_id, id),
    FOREIGN KEY (tenant_id, driver_id) REFERENCES drivers (tenant_id, id)
);

CREATE INDEX shipments_status ON shipments (tenant_id, status, id);
CREATE INDEX shipments_sender ON shipments (tenant_id, sender_id, id);
CREATE INDEX shipments_recipient ON shipments (tenant_id, recipient_id, id);
CREATE INDEX shipments_origin ON shipments (tenant_id, origin_id, id);
CREATE INDEX shipments_destination ON shipments (tenant_id, destination_id, id);
CREATE INDEX shipments_driver ON shipments (tenant_id, driver_id, id);
CREATE INDEX shipments_delayed ON shipments (tenant_id, id) WHERE delayed;
CREATE INDEX shipments_return_leg ON shipments (tenant_id, id) WHERE return_leg;
CREATE INDEX shipments_created_at ON shipments (tenant_id, created_at);
CREATE INDEX shipments_updated_at ON shipments (tenant_id, updated_at);
CREATE INDEX shipments_active ON shipments (tenant_id, id)
    WHERE status NOT IN ('delivered', 'returned', 'cancelled', 'failed', 'expired');
-- For metrics, over all tenants.
CREATE INDEX shipments_all_delivered_at ON shipments (delivered_at);

CREATE TABLE packages (
    id UUID NOT NULL,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    shipment_id UUID NOT NULL,
    tracking_number TEXT,
    description TEXT,
    weight_kg DOUBLE PRECISION,
    metadata JSONB NOT NULL,
    search TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, tracking_number),
    FOREIGN KEY (tenant_id, shipment_id) REFERENCES shipments (tenant_id, id)
);

CREATE INDEX packages_shipment ON packages (tenant_id, shipment_id, id);

CREATE TABLE legs (
    id UUID NOT NULL,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    shipment_id UUID NOT NULL,
    position BIGINT NOT NULL,
    mode TEXT NOT NULL,
    state TEXT NOT NULL,
    is_return BOOLEAN NOT NULL,
    origin_id UUID,
    destination_id UUID,
    driver_id UUID,
    driver_since TIMESTAMPTZ,
    carrier TEXT,
    tracking_number TEXT,
    started_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ,
    search TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, shipment_id) REFERENCES shipments (tenant_id, id),
    FOREIGN KEY (tenant_id, origin_id) REFERENCES locations (tenant_id, id),
    FOREIGN KEY (tenant_id, destination_id) REFERENCES locations (tenant_id, id),
    FOREIGN KEY (tenant_id, driver_id) REFERENCES drivers (tenant_id, id)
);

CREATE INDEX legs_shipment ON legs (tenant_id, shipment_id, position);
CREATE INDEX legs_tracking_number ON legs (tenant_id, tracking_number);
CREATE INDEX legs_origin ON legs (tenant_id, origin_id);
CREATE INDEX legs_destination ON legs (tenant_id, destination_id);
CREATE INDEX legs_driver ON legs (tenant_id, driver_id, state, id);
CREATE INDEX legs_active_fleet ON legs (driver_id) WHERE state = 'active' AND mode = 'fleet';

CREATE TABLE tracking_events (
    id UUID NOT NULL,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    shipment_id UUID NOT NULL,
    leg_id UUID,
    package_id UUID,
    kind TEXT NOT NULL,
    status TEXT,
    substatus TEXT,
    reason TEXT,
    delayed BOOLEAN NOT NULL,
    raw_code TEXT,
    raw_text TEXT,
    occurred_at TIMESTAMPTZ NOT NULL,
    offset_seconds BIGINT,
    tz_confidence TEXT NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    source TEXT NOT NULL,
    source_name TEXT,
    source_trust BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    actor_type TEXT,
    actor_id UUID,
    place JSONB,
    retracts UUID,
    copies BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, shipment_id, seq),
    FOREIGN KEY (tenant_id, shipment_id) REFERENCES shipments (tenant_id, id),
    FOREIGN KEY (tenant_id, leg_id) REFERENCES legs (tenant_id, id),
    FOREIGN KEY (tenant_id, package_id) REFERENCES packages (tenant_id, id),
    FOREIGN KEY (tenant_id, retracts) REFERENCES tracking_events (tenant_id, id)
);

CREATE INDEX tracking_events_leg ON tracking_events (tenant_id, leg_id);
CREATE INDEX tracking_events_package ON tracking_events (tenant_id, package_id);
CREATE INDEX tracking_events_retracts ON tracking_events (tenant_id, retracts);

CREATE TABLE tracking_links (
    id UUID NOT NULL,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    shipment_id UUID NOT NULL,
    token_hash BYTEA NOT NULL UNIQUE,
    expires_at TIMESTAMPTZ,
    revoked_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, shipment_id) REFERENCES shipments (tenant_id, id)
);

CREATE INDEX tracking_links_shipment ON tracking_links (tenant_id, shipment_id, id);
