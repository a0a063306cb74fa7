-- The records that change seldom. The column `search` holds, in lower case, the texts that lists search in.

CREATE TABLE customers (
    id UUID NOT NULL,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    reference TEXT,
    name TEXT NOT NULL,
    email TEXT,
    phone TEXT,
    language TEXT,
    line1 TEXT,
    line2 TEXT,
    city TEXT,
    state TEXT,
    postal_code TEXT,
    country TEXT,
    lat DOUBLE PRECISION,
    lon DOUBLE PRECISION,
    search TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, reference)
);

CREATE INDEX customers_email ON customers (tenant_id, email);

CREATE TABLE locations (
    id UUID NOT NULL,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    reference TEXT,
    name TEXT NOT NULL,
    location_type TEXT NOT NULL,
    line1 TEXT,
    line2 TEXT,
    city TEXT,
    state TEXT,
    postal_code TEXT,
    country TEXT,
    lat DOUBLE PRECISION,
    lon DOUBLE PRECISION,
    time_zone TEXT,
    radius_m DOUBLE PRECISION,
    search TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, reference)
);

CREATE INDEX locations_type ON locations (tenant_id, location_type, id);
CREATE INDEX locations_country ON locations (tenant_id, country, id);

CREATE TABLE vehicles (
    id UUID NOT NULL,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    reference TEXT,
    vehicle_type TEXT NOT NULL,
    capacity_kg DOUBLE PRECISION,
    skills JSONB NOT NULL,
    search TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, reference)
);

CREATE INDEX vehicles_type ON vehicles (tenant_id, vehicle_type, id);

CREATE TABLE drivers (
    id UUID NOT NULL,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    reference TEXT,
    name TEXT NOT NULL,
    phone TEXT,
    duty TEXT NOT NULL,
    vehicle_id UUID,
    search TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, reference),
    FOREIGN KEY (tenant_id, vehicle_id) REFERENCES vehicles (tenant_id, id)
);

CREATE INDEX drivers_duty ON drivers (tenant_id, duty, id);
CREATE INDEX drivers_vehicle ON drivers (tenant_id, vehicle_id, id);

CREATE TABLE devices (
    id UUID NOT NULL,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    -- Unique in the installation: some protocols carry no tenant.
    identifier TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    driver_id UUID,
    vehicle_id UUID,
    max_speed_mps DOUBLE PRECISION,
    disabled BOOLEAN NOT NULL,
    credential_hash BYTEA,
    search TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, driver_id) REFERENCES drivers (tenant_id, id),
    FOREIGN KEY (tenant_id, vehicle_id) REFERENCES vehicles (tenant_id, id)
);

CREATE INDEX devices_id ON devices (id);
CREATE INDEX devices_driver ON devices (tenant_id, driver_id, id);
CREATE INDEX devices_vehicle ON devices (tenant_id, vehicle_id, id);

CREATE TABLE device_states (
    tenant_id UUID NOT NULL,
    device_id UUID NOT NULL,
    -- The newest position; all null before the first one.
    fix_time TIMESTAMPTZ,
    received_at TIMESTAMPTZ,
    lat DOUBLE PRECISION,
    lon DOUBLE PRECISION,
    speed_mps DOUBLE PRECISION,
    course_deg DOUBLE PRECISION,
    accuracy_m DOUBLE PRECISION,
    altitude_m DOUBLE PRECISION,
    attributes JSONB,
    notes BYTEA NOT NULL,
    applied_lsn BIGINT NOT NULL,
    PRIMARY KEY (device_id, tenant_id),
    FOREIGN KEY (tenant_id, device_id) REFERENCES devices (tenant_id, id) ON DELETE CASCADE
);

-- Up to which record of the history everything that devices led to is in this database, where their states do not say it
-- yet. Written row after row, which costs far less than the states; removed when the states are saved.
CREATE TABLE recorded (
    -- Whose numbers these are: those of a partition of the position stream, or of the history, which is 0.
    partition BIGINT NOT NULL,
    last_lsn BIGINT NOT NULL,
    -- How often the partition had changed hands by then; 0 where there is none.
    epoch BIGINT NOT NULL,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    devices BYTEA NOT NULL,
    PRIMARY KEY (partition, last_lsn, epoch)
);

CREATE TABLE zones (
    id UUID NOT NULL,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    reference TEXT,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    location_id UUID,
    geometry JSONB NOT NULL,
    radius_m DOUBLE PRECISION,
    width_m DOUBLE PRECISION,
    rules JSONB,
    schedule JSONB,
    speed_limit JSONB,
    search TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, reference),
    FOREIGN KEY (tenant_id, location_id) REFERENCES locations (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX zones_kind ON zones (tenant_id, kind, id);
CREATE INDEX zones_location ON zones (tenant_id, location_id, id);
CREATE INDEX zones_name ON zones (tenant_id, name);

CREATE TABLE users (
    id UUID NOT NULL,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    -- Unique in the installation: people log in without naming their tenant.
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    driver_id UUID,
    customer_id UUID,
    disabled BOOLEAN NOT NULL,
    password_hash TEXT,
    search TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, driver_id) REFERENCES drivers (tenant_id, id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id)
);

CREATE INDEX users_role ON users (tenant_id, role, id);
CREATE INDEX users_driver ON users (tenant_id, driver_id);
CREATE INDEX users_customer ON users (tenant_id, customer_id);

CREATE TABLE api_keys (
    id UUID NOT NULL,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    scopes JSONB NOT NULL,
    driver_id UUID,
    customer_id UUID,
    device_id UUID,
    requests_per_minute BIGINT,
    expires_at TIMESTAMPTZ,
    revoked_at TIMESTAMPTZ,
    last_used_at TIMESTAMPTZ,
    secret_hash BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, driver_id) REFERENCES drivers (tenant_id, id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id),
    FOREIGN KEY (tenant_id, device_id) REFERENCES devices (tenant_id, id)
);

CREATE INDEX api_keys_id ON api_keys (id);
CREATE INDEX api_keys_driver ON api_keys (tenant_id, driver_id);
CREATE INDEX api_keys_customer ON api_keys (tenant_id, customer_id);
CREATE INDEX api_keys_device ON api_keys (tenant_id, device_id);
