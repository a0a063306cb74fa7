-- Tenants, and who may come in. Type names are PostgreSQL's; SQLite takes them as they are (docs/sql.md).
-- A row is found by (tenant_id, id): the key of every tenant's table, and what other tables refer to, so that no row can
-- refer to another tenant's.

CREATE TABLE tenants (
    id UUID PRIMARY KEY,
    name TEXT NOT NULL,
    slug TEXT NOT NULL UNIQUE,
    settings JSONB NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL
);

-- Settings of the installation as a whole.
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE signing_keys (
    kid TEXT PRIMARY KEY,
    sealed BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    retired_at TIMESTAMPTZ
);

CREATE TABLE idempotency (
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    principal TEXT NOT NULL,
    route TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint BYTEA NOT NULL,
    -- When the attempt began that the row belongs to: an older attempt finds another time here and may do nothing more.
    begun_at TIMESTAMPTZ NOT NULL,
    -- Set in the transaction of the work itself.
    worked BOOLEAN NOT NULL,
    -- Both are null until the answer is known.
    status BIGINT,
    body BYTEA,
    expires_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, principal, route, key)
);

CREATE INDEX idempotency_expires_at ON idempotency (expires_at);

CREATE TABLE audit_log (
    id UUID NOT NULL,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    actor_type TEXT NOT NULL,
    actor_id UUID,
    action TEXT NOT NULL,
    target TEXT,
    data JSONB NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

CREATE INDEX audit_log_action ON audit_log (tenant_id, action, id);
CREATE INDEX audit_log_target ON audit_log (tenant_id, target, id);
CREATE INDEX audit_log_actor ON audit_log (tenant_id, actor_id, id);
CREATE INDEX audit_log_at ON audit_log (tenant_id, at);
