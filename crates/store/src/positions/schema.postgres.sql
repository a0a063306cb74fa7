-- Position history on PostgreSQL. Not one of the migrations: it may stand in a database of its own.
-- The windows of fix time get partitions as they are needed; what is too old for one of its own shares positions_early.

CREATE TABLE IF NOT EXISTS positions (
    lsn BIGINT NOT NULL,
    tenant_id UUID NOT NULL,
    device_id UUID NOT NULL,
    fix_time TIMESTAMPTZ NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    lat DOUBLE PRECISION NOT NULL,
    lon DOUBLE PRECISION NOT NULL,
    altitude_m REAL,
    speed_mps REAL,
    course_deg REAL,
    accuracy_m REAL,
    valid BOOLEAN NOT NULL,
    mark SMALLINT,
    attributes JSONB
) PARTITION BY RANGE (fix_time);

CREATE INDEX IF NOT EXISTS positions_device ON positions (device_id, fix_time);
-- Positions come in by time and by number, so these take next to nothing and find what is asked for.
CREATE INDEX IF NOT EXISTS positions_order ON positions USING BRIN (fix_time, lsn) WITH (pages_per_range = 16);

CREATE TABLE IF NOT EXISTS positions_early PARTITION OF positions DEFAULT;

-- The second wall between tenants, as around the records: whoever reads says whose positions, and is shown no others. Rows are
-- written to the partitions, which are never read by name: COPY does not go through this wall.
DO $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_policy WHERE polrelid = CAST('positions' AS REGCLASS)) THEN
        CREATE POLICY tenancy ON positions USING (
            (SELECT current_setting('tracklane.scope', TRUE)) = 'system'
            OR tenant_id = (SELECT CAST(NULLIF(NULLIF(current_setting('tracklane.scope', TRUE), ''), 'system') AS UUID))
        );
        ALTER TABLE positions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    END IF;
END $$;

-- One row: the number of the next record. Whoever writes positions changes it in the same transaction.
CREATE TABLE IF NOT EXISTS position_log (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    format BIGINT NOT NULL,
    next_lsn BIGINT NOT NULL
);
INSERT INTO position_log (id, format, next_lsn) VALUES (1, 1, 1) ON CONFLICT (id) DO NOTHING;

-- What was done to keep a window to the limits, and which records it had then.
CREATE TABLE IF NOT EXISTS position_windows (
    name TEXT PRIMARY KEY,
    limits TEXT NOT NULL,
    next_lsn BIGINT NOT NULL
);

-- Where several processes write, each for partitions of the position stream: which record is the last one whose positions are here, and
-- who may write. Positions get their numbers by transaction then, from the sequence.
CREATE TABLE IF NOT EXISTS position_partitions (
    partition BIGINT PRIMARY KEY,
    epoch BIGINT NOT NULL,
    written BIGINT NOT NULL
);
CREATE SEQUENCE IF NOT EXISTS position_transactions;
