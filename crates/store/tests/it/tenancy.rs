//! The second wall: what PostgreSQL itself refuses to a handle of one tenant, whatever the statement says.

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tracklane_core::id::{Id as _, TenantId};
use tracklane_core::ports::PositionHistory as _;
use tracklane_store::{PgHistory, Store, customers, events, shipments};

use crate::fixtures;
use crate::harness::{World, create_database, database_url, on_postgres, postgres_url};
use crate::positions::position;

/// A connection as the store's own: of the same role, to the same database.
async fn connect(url: &str, scope: Option<&str>) -> PgConnection {
    let mut connection = PgConnection::connect(url).await.unwrap();
    if let Some(scope) = scope {
        let sql = "SELECT set_config('tracklane.scope', $1, false)";
        sqlx::query(sql).bind(scope).execute(&mut connection).await.unwrap();
    }
    connection
}

async fn count(connection: &mut PgConnection, table: &str) -> i64 {
    let sql = format!("SELECT COUNT(*) FROM {table}");
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(connection).await.unwrap()
}

/// Puts rows of both tenants into some tables.
async fn fill(world: &World) {
    for (tenant, mut tx) in [(&world.tenant, world.begin().await), (&world.other, world.begin_other().await)] {
        customers::insert(&mut tx, &fixtures::customer(tenant.id)).await.unwrap();
        let shipment = fixtures::shipment(tenant.id);
        shipments::insert(&mut tx, &shipment).await.unwrap();
        events::append(&mut tx, &mut fixtures::event(tenant.id, Some(shipment.id))).await.unwrap();
        tx.commit().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_sql_shows_nothing_of_other_tenants() {
    on_postgres(async |world: World| {
        fill(&world).await;
        assert_eq!(world.store.row_security_gap().await, Ok(None));
        let url = world.url.as_deref().unwrap();
        let tenant = world.tenant.id.uuid().to_string();
        let mut all = connect(url, Some("system")).await;
        let mut one = connect(url, Some(&tenant)).await;
        let mut nobody = connect(url, None).await;
        for table in ["tenants", "customers", "shipments", "events"] {
            assert_eq!(count(&mut all, table).await, 2, "{table}");
            assert_eq!(count(&mut one, table).await, 1, "{table}");
            assert_eq!(count(&mut nobody, table).await, 0, "{table}: nothing said, nothing shown");
        }
        let changed = sqlx::query("UPDATE customers SET name = 'x'").execute(&mut one).await.unwrap();
        assert_eq!(changed.rows_affected(), 1);
        let gone = sqlx::query("DELETE FROM events").execute(&mut nobody).await.unwrap();
        assert_eq!(gone.rows_affected(), 0);
        let stolen = format!("UPDATE customers SET tenant_id = '{}'", world.other.id.uuid());
        let refused = sqlx::query(AssertSqlSafe(stolen)).execute(&mut one).await.unwrap_err().to_string();
        assert!(refused.contains("row-level security"), "{refused}");
        for connection in [all, one, nobody] {
            connection.close().await.unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_superuser_is_named_who_passes_by_the_wall() {
    on_postgres(async |world: World| {
        let (base, url) = (postgres_url().unwrap(), world.url.unwrap());
        let (_, name) = url.rsplit_once('/').unwrap();
        let store = Store::open(&database_url(&base, name)).await.unwrap();
        let gap = store.row_security_gap().await.unwrap();
        assert!(gap.is_some_and(|gap| gap.contains("superuser")));
        store.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_table_with_a_tenant_has_the_wall() {
    on_postgres(async |world: World| {
        let mut connection = connect(world.url.as_deref().unwrap(), None).await;
        let sql = "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid \
                   WHERE c.relnamespace = CAST('public' AS REGNAMESPACE) AND c.relkind = 'r' AND a.attname = 'tenant_id' \
                   AND NOT (c.relrowsecurity AND c.relforcerowsecurity \
                   AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid))";
        let open: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap();
        assert!(open.is_empty(), "without row level security: {open:?}");
        connection.close().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn positions_have_the_wall() {
    let Some(base) = postgres_url() else { return };
    let url = create_database(&base).await;
    let history = PgHistory::open(&url).await.unwrap();
    let other = TenantId::from_uuid(uuid::Uuid::from_u128(0xbad));
    let (mine, theirs) = (position(1, 1, 1), position(2, 2, 2));
    let tenant = mine.tenant_id.uuid().to_string();
    let theirs = tracklane_core::position::Position { tenant_id: other, ..theirs };
    history.append_and_wait(vec![mine.clone(), mine, theirs]).await.unwrap();
    for (scope, shown) in [(Some("system"), 3), (Some(tenant.as_str()), 2), (None, 0)] {
        let mut connection = connect(&url, scope).await;
        assert_eq!(count(&mut connection, "positions").await, shown, "{scope:?}");
        connection.close().await.unwrap();
    }
    history.close().await;
}
