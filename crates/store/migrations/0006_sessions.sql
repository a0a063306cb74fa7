-- Sessions that were ended before their tokens expire. A row may go once its token counts no more.

CREATE TABLE ended_sessions (
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    token TEXT NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, token)
);

CREATE INDEX ended_sessions_expires_at ON ended_sessions (tenant_id, expires_at);
