-- The webhooks.

-- Named places in the event log.
CREATE TABLE cursors (
    name TEXT PRIMARY KEY,
    tx BIGINT NOT NULL,
    number BIGINT NOT NULL
);

CREATE TABLE endpoints (
    id UUID NOT NULL,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    url TEXT NOT NULL,
    description TEXT,
    event_types JSONB NOT NULL,
    state TEXT NOT NULL,
    disabled_reason TEXT,
    failing_since TIMESTAMPTZ,
    secret BYTEA NOT NULL,
    previous_secret BYTEA,
    previous_secret_until TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

CREATE INDEX endpoints_id ON endpoints (id);
CREATE INDEX endpoints_state ON endpoints (tenant_id, state, id);
CREATE INDEX endpoints_active ON endpoints (id) WHERE state = 'active';

CREATE TABLE messages (
    id UUID NOT NULL,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    endpoint_id UUID NOT NULL,
    event_id UUID,
    shipment_id UUID,
    event_type TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_attempt_at TIMESTAMPTZ,
    -- While a worker has it, nobody else takes it before this instant.
    leased_until TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, endpoint_id) REFERENCES endpoints (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX messages_id ON messages (id);
CREATE INDEX messages_endpoint ON messages (tenant_id, endpoint_id, id);
CREATE INDEX messages_state ON messages (tenant_id, state, id);
CREATE INDEX messages_event ON messages (tenant_id, event_id, id);
CREATE INDEX messages_shipment ON messages (tenant_id, shipment_id, id) WHERE shipment_id IS NOT NULL;
CREATE INDEX messages_created_at ON messages (created_at);
CREATE INDEX messages_due ON messages (endpoint_id, next_attempt_at, id) WHERE state = 'pending';
CREATE INDEX messages_held_back ON messages (endpoint_id, shipment_id, id)
    WHERE state = 'pending' AND shipment_id IS NOT NULL;

CREATE TABLE attempts (
    id UUID NOT NULL,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    message_id UUID NOT NULL,
    endpoint_id UUID NOT NULL,
    number BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    http_status BIGINT,
    detail TEXT,
    duration_ms BIGINT NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, message_id) REFERENCES messages (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, endpoint_id) REFERENCES endpoints (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX attempts_message ON attempts (tenant_id, message_id, id);
CREATE INDEX attempts_endpoint ON attempts (tenant_id, endpoint_id, id);
