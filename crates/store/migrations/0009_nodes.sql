-- What several nodes on one database agree on.

-- Who does what only one node may do at a time, and until when that is theirs unless they say so again.
CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    holder UUID NOT NULL,
    until TIMESTAMPTZ NOT NULL
);

-- Who tracks the devices of a partition of the position stream. The epoch grows with every change of hands: who comes with an
-- older one is too late. Of the records of the partition, those before the floor are in the saved states of its devices.
CREATE TABLE stream_partitions (
    partition BIGINT PRIMARY KEY,
    epoch BIGINT NOT NULL,
    holder UUID NOT NULL,
    -- Which stream the numbers are of: one that was made anew counts from the beginning.
    stream TEXT NOT NULL,
    floor BIGINT NOT NULL
);
