-- Devices that were deleted, until their positions are gone, too: position history is another place, which no transaction
-- reaches.
CREATE TABLE erasures (
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    device_id UUID NOT NULL,
    -- Whether their positions were erased once. What was on its way then is erased a second time.
    erased BOOLEAN NOT NULL,
    PRIMARY KEY (tenant_id, device_id)
);
