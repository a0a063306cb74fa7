-- What devices did: trips, stops and gaps.

CREATE TABLE movements (
    tenant_id UUID NOT NULL,
    device_id UUID NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ NOT NULL,
    kind TEXT NOT NULL,
    driver_id UUID,
    start_lat DOUBLE PRECISION NOT NULL,
    start_lon DOUBLE PRECISION NOT NULL,
    end_lat DOUBLE PRECISION NOT NULL,
    end_lon DOUBLE PRECISION NOT NULL,
    distance_m DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (device_id, started_at, tenant_id),
    FOREIGN KEY (tenant_id, device_id) REFERENCES devices (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX movements_time ON movements (tenant_id, started_at);
