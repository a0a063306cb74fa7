//! A database of its own for every test.

use std::future::Future;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::sync::OnceCell;
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
    let Some(base) = postgres_url() else { return };
    let name = {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        format!("tracklane_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
    };
    let template = template(&base).await;
    admin(&base, format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
    let url = database_url(&base, &name);
    let store = Store::open(&url).await.unwrap();
    test(World::new(store.clone(), Some(url)).await).await;
    store.close().await;
    admin(&base, format!("DROP DATABASE {name} WITH (FORCE)")).await;
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

/// A migrated database to copy from: copying is many times as fast as migrating.
async fn template(base: &str) -> &'static str {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    TEMPLATE
        .get_or_init(|| async {
            let name = format!("tracklane_template_{}", std::process::id());
            admin(base, format!("DROP DATABASE IF EXISTS {name}")).await;
            admin(base, format!("CREATE DATABASE {name}")).await;
            Store::open(&database_url(base, &name)).await.unwrap().close().await;
            name
        })
        .await
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
