-- The second wall between tenants: every handle says whose rows it may touch (`tracklane.scope`: a tenant's id, or
-- `system`), and the database shows it no others, whatever the statement asks for. Nothing said, nothing shown. The owner
-- of the tables is held to it, too; only superusers are not.

-- The tenant of this handle; none when it is of the system, or has not said anything.
CREATE FUNCTION tracklane_tenant() RETURNS UUID LANGUAGE SQL STABLE AS
    $$ SELECT CAST(NULLIF(NULLIF(current_setting('tracklane.scope', TRUE), ''), 'system') AS UUID) $$;

CREATE FUNCTION tracklane_is_system() RETURNS BOOLEAN LANGUAGE SQL STABLE AS
    $$ SELECT COALESCE(current_setting('tracklane.scope', TRUE) = 'system', FALSE) $$;

-- Asked once for each statement, not for each row: that is what the inner SELECT does.
DO $$
DECLARE
    place RECORD;
BEGIN
    FOR place IN
        SELECT c.relname AS name, CASE c.relname WHEN 'tenants' THEN 'id' ELSE 'tenant_id' END AS tenant
        FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = CAST(current_schema() AS REGNAMESPACE) AND c.relkind = 'r' AND NOT a.attisdropped
            AND (a.attname = 'tenant_id' OR (c.relname = 'tenants' AND a.attname = 'id'))
            AND c.relname NOT LIKE 'positions%'
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', place.name);
        EXECUTE format(
            'CREATE POLICY tenancy ON %I USING ((SELECT tracklane_is_system()) OR %I = (SELECT tracklane_tenant()))',
            place.name, place.tenant
        );
    END LOOP;
END $$;
