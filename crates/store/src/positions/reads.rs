//! Everything but writing: what several processes may do at once.

use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{PgConnection, Postgres};
use tracklane_core::id::{DeviceId, TenantId};
use tracklane_core::ports::{AreaPage, AreaQuery, HistoryError, HistoryQuery, Limits, Retained};
use tracklane_core::position::Position;

use super::{area, erase, read, retain, to_port};
use crate::db::Scope;
use crate::db::postgres::{from_sqlx, tell};

/// How many connections reads take at most.
const READERS: u32 = 8;
/// How long a read waits for one.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// Held while rows are taken away, so that nobody copies what another one erases.
const UPKEEP_LOCK: i64 = 8_380_918_446_131_414;

pub(super) struct Reads {
    pool: sqlx::PgPool,
}

impl Reads {
    pub fn new(options: PgConnectOptions) -> Self {
        let options = options.options([("lock_timeout", "10s"), ("idle_in_transaction_session_timeout", "60s")]);
        let pool = PgPoolOptions::new().max_connections(READERS).acquire_timeout(ACQUIRE_TIMEOUT);
        Self { pool: pool.connect_lazy_with(options) }
    }

    /// A connection that is shown these positions and no others.
    pub async fn handle(&self, scope: Scope) -> Result<PoolConnection<Postgres>, HistoryError> {
        let handle = self.pool.acquire().await;
        let mut handle = handle.map_err(|error| to_port(&from_sqlx(&error)))?;
        tell(&mut handle, scope, false).await.map_err(|error| to_port(&error))?;
        Ok(handle)
    }

    pub async fn range(&self, query: HistoryQuery) -> Result<Vec<Position>, HistoryError> {
        let mut handle = self.handle(Scope::Tenant(query.tenant_id)).await?;
        read::range(&mut handle, &query).await.map_err(|error| to_port(&error))
    }

    pub async fn area(&self, query: AreaQuery) -> Result<AreaPage, HistoryError> {
        let mut handle = self.handle(Scope::Tenant(query.tenant_id)).await?;
        area::page(&mut handle, &query).await.map_err(|error| to_port(&error))
    }

    /// A connection under which rows are taken away, by this process alone: it is closed afterwards, and lets the next one go on.
    async fn upkeep(&self, scope: Scope) -> Result<PgConnection, HistoryError> {
        let mut own = self.handle(scope).await?.detach();
        let waited = sqlx::query("SELECT pg_advisory_lock($1)").bind(UPKEEP_LOCK).execute(&mut own).await;
        waited.map(|_| own).map_err(|error| to_port(&from_sqlx(&error)))
    }

    pub async fn erase(&self, tenant_id: TenantId, device_id: Option<DeviceId>) -> Result<(), HistoryError> {
        let mut handle = self.upkeep(Scope::Tenant(tenant_id)).await?;
        erase::erase(&mut handle, tenant_id, device_id).await.map_err(|error| to_port(&error))
    }

    pub async fn retain(&self, limits: Vec<Limits>) -> Result<Retained, HistoryError> {
        let mut handle = self.upkeep(Scope::System).await?;
        retain::retain(&mut handle, &limits).await.map_err(|error| to_port(&error))
    }

    pub async fn close(&self) {
        self.pool.close().await;
    }
}
