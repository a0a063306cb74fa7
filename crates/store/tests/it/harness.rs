//! A database of its own for every test.

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, Once};

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tracklane_core::model::Tenant;
use tracklane_store::{Db, Scope, Store, Tx, tenants};

use crate::fixtures;

/// What a test starts with: an empty database with two tenants.
pub struct World {
    pub store: Store,
    pub tenant: Tenant,
    pub other: Tenant,
    /// Where the database is, if it is on PostgreSQL.
    pub url: Option<String>,
}

impl World {
    async fn new(store: Store, url: Option<String>) -> Self {
        let (tenant, other) = (fixtures::tenant("first"), fixtures::tenant("other"));
        let mut tx = store.begin(Scope::System).await.unwrap();
        tenants::insert_any_tenant(&mut tx, &tenant).await.unwrap();
        tenants::insert_any_tenant(&mut tx, &other).await.unwrap();
        tx.commit().await.unwrap();
        Self { store, tenant, other, url }
    }

    /// A transaction of the first tenant.
    pub async fn begin(&self) -> Tx {
        self.store.begin(Scope::Tenant(self.tenant.id)).await.unwrap()
    }

    /// A transaction of the system.
    pub async fn begin_system(&self) -> Tx {
        self.store.begin(Scope::System).await.unwrap()
    }

    /// A transaction of the other tenant.
    pub async fn begin_other(&self) -> Tx {
        self.store.begin(Scope::Tenant(self.other.id)).await.unwrap()
    }

    /// A reader of the first tenant.
    pub async fn read(&self) -> Db {
        self.store.read(Scope::Tenant(self.tenant.id)).await.unwrap()
    }

    /// A reader of the other tenant.
    pub async fn read_other(&self) -> Db {
        self.store.read(Scope::Tenant(self.other.id)).await.unwrap()
    }

    /// A reader of the system.
    pub async fn read_system(&self) -> Db {
        self.store.read(Scope::System).await.unwrap()
    }

    pub fn is_postgres(&self) -> bool {
        self.url.is_some()
    }
}

/// Makes of every `async fn name(world: World)` a test on each database.
macro_rules! conformance {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    crate::harness::on_sqlite(super::$name).await;
                }
            )*
        }

        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    crate::harness::on_postgres(super::$name).await;
                }
            )*
        }
    };
}
pub(crate) use conformance;

pub async fn on_sqlite<F: Future<Output = ()>>(test: impl FnOnce(World) -> F) {
    test(World::new(Store::open("sqlite::memory:").await.unwrap(), None).await).await;
}

pub async fn on_postgres<F: Future<Output = ()>>(test: impl FnOnce(World) -> F) {
    /// Databases that a test has left empty. Making one takes far longer than most tests.
    static FREE: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let Some(base) = postgres_url() else { return };
    let free = FREE.lock().unwrap().pop();
    let url = match free {
        Some(url) => url,
        None => create_database(&base).await,
    };
    let store = Store::open(&url).await.unwrap();
    test(World::new(store.clone(), Some(url.clone())).await).await;
    store.close().await;
    let (_, name) = url.rsplit_once('/').unwrap();
    empty(&database_url(&base, name)).await;
    FREE.lock().unwrap().push(url);
}

/// A database of its own that belongs to [`OWNER`]; its address.
pub async fn create_database(base: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("tracklane_store_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    create_owner(base).await;
    admin(base, format!("CREATE DATABASE {name} OWNER {OWNER}")).await;
    as_owner(&database_url(base, &name))
}

/// Who the store is on PostgreSQL: nobody special. Row level security does not hold for superusers.
pub const OWNER: &str = "tracklane_owner";

/// Makes the owner of databases, if nobody has.
pub async fn create_owner(base: &str) {
    let sql = format!(
        "DO $$ BEGIN CREATE ROLE {OWNER} LOGIN PASSWORD '{OWNER}'; \
         EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    );
    admin(base, sql).await;
}

/// The address of the same database for its owner.
pub fn as_owner(url: &str) -> String {
    let place = url.split_once("://").unwrap().1;
    let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
    format!("postgres://{OWNER}:{OWNER}@{place}")
}

/// Removes all rows but those that say which migrations were applied.
async fn empty(url: &str) {
    let sql = "DO $$ DECLARE t TEXT; BEGIN
               SET LOCAL session_replication_role = replica;
               FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migrations' LOOP
                   EXECUTE 'DELETE FROM ' || t;
               END LOOP; END $$";
    admin(url, sql.to_owned()).await;
}

/// Where PostgreSQL is, if anywhere; says once when it is nowhere.
pub fn postgres_url() -> Option<String> {
    static SAID: Once = Once::new();
    let url = std::env::var("TRACKLANE_TEST_POSTGRES_URL").ok();
    if url.is_none() {
        SAID.call_once(|| eprintln!("left out: TRACKLANE_TEST_POSTGRES_URL is not set"));
    }
    url
}

pub async fn admin(base: &str, sql: String) {
    let mut connection = PgConnection::connect(base).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

pub fn database_url(base: &str, name: &str) -> String {
    let (server, _) = base.rsplit_once('/').unwrap();
    format!("{server}/{name}")
}
