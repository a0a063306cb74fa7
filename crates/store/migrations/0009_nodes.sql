-- What several nodes on one database agree on.

-- Who does what only one node may do at a time, and until when that is theirs unless they say so again.
CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    holder UUID NOT NULL,
    until TIMESTAMPTZ NOT NULL
);
