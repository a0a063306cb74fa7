//! Keeping to the limits: partitions that are too old are dropped; those that tenants with different limits share are
//! written anew, never row by row.

use std::fmt::Write as _;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _};
use tracklane_core::id::{Id as _, TenantId};
use tracklane_core::ports::{Limits, Retained};
use uuid::Uuid;

use super::partitions::{Window, list, run};
use super::rows::COLUMNS;
use super::streamed;
use crate::db::postgres::{PgTime, from_sqlx};
use crate::error::Result;

/// What a window that is being written anew is called; the end of its name is that of the window's table.
const NEW: &str = "new_";
/// Nobody waits long behind the change of tables.
const PATIENCE: &str = "SET LOCAL lock_timeout = '5s'";

/// What is to be done with the positions of a tenant in a window.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Dropped,
    Thinned(u32),
}

/// Does it, window by window.
pub(super) async fn retain(connection: &mut PgConnection, limits: &[Limits]) -> Result<Retained> {
    let mut retained = Retained::default();
    for window in list(connection).await? {
        let mut fates: Vec<(TenantId, Fate)> = limits.iter().filter_map(|limits| fate(window, limits)).collect();
        fates.sort_unstable_by_key(|(tenant, _)| *tenant);
        if !fates.is_empty() {
            keep_window(connection, window, &fates, &mut retained).await?;
        }
    }
    for limits in limits {
        // What lies too far back for a window of its own is little, and has no order.
        let sql = "DELETE FROM positions_early WHERE tenant_id = $1 AND fix_time < $2";
        let gone = sqlx::query(sql)
            .bind(limits.tenant_id.uuid())
            .bind(PgTime::up(limits.drop_before))
            .execute(&mut *connection)
            .await
            .map_err(|error| from_sqlx(&error))?;
        retained.removed_positions += gone.rows_affected();
    }
    Ok(retained)
}

/// None when nothing is to be done.
fn fate(window: Window, limits: &Limits) -> Option<(TenantId, Fate)> {
    let fate = if window.end() <= limits.drop_before {
        Fate::Dropped
    } else if window.end() <= limits.thin_before && limits.thin_seconds > 1 {
        Fate::Thinned(limits.thin_seconds)
    } else {
        return None;
    };
    Some((limits.tenant_id, fate))
}

async fn keep_window(
    connection: &mut PgConnection,
    window: Window,
    fates: &[(TenantId, Fate)],
    retained: &mut Retained,
) -> Result<()> {
    let name = window.name();
    let text = fates.iter().fold(String::new(), |mut text, (tenant, fate)| {
        // Writing to a string cannot fail.
        let _ok = match fate {
            Fate::Dropped => write!(text, "{tenant} dropped;"),
            Fate::Thinned(seconds) => write!(text, "{tenant} {seconds};"),
        };
        text
    });
    let next = {
        // Whoever comes after this, with however many others, gets higher numbers than all that is there.
        let mut tx = connection.begin().await.map_err(|error| from_sqlx(&error))?;
        run(&mut tx, streamed::ALONE.to_owned()).await?;
        let next: i64 = scalar(&mut tx, format!("SELECT COALESCE(MAX(lsn), 0) + 1 FROM {name}")).await?;
        tx.commit().await.map_err(|error| from_sqlx(&error))?;
        next
    };
    let done: Option<(String, i64)> = sqlx::query_as("SELECT limits, next_lsn FROM position_windows WHERE name = $1")
        .bind(&name)
        .fetch_optional(&mut *connection)
        .await
        .map_err(|error| from_sqlx(&error))?;
    if done.is_some_and(|(limits, seen)| limits == text && seen >= next) {
        return Ok(());
    }
    let tenants: Vec<Uuid> = sqlx::query_scalar(AssertSqlSafe(format!("SELECT DISTINCT tenant_id FROM {name}")))
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| from_sqlx(&error))?;
    let fate_of = |tenant: &Uuid| fates.iter().find(|(known, _)| known.uuid() == *tenant).map(|(_, fate)| *fate);
    if tenants.iter().all(|tenant| fate_of(tenant) == Some(Fate::Dropped)) {
        let before: i64 = scalar(connection, format!("SELECT COUNT(*) FROM {name}")).await?;
        drop_window(connection, window, next, retained, before).await?;
        return Ok(());
    }
    let fates: Vec<(Uuid, Fate)> =
        tenants.iter().filter_map(|tenant| fate_of(tenant).map(|fate| (*tenant, fate))).collect();
    if !fates.is_empty() {
        write_anew(connection, window, &fates, next, retained).await?;
    }
    let sql = "INSERT INTO position_windows (name, limits, next_lsn) VALUES ($1, $2, $3) \
               ON CONFLICT (name) DO UPDATE SET limits = excluded.limits, next_lsn = excluded.next_lsn";
    sqlx::query(sql).bind(&name).bind(&text).bind(next).execute(connection).await.map_err(|error| from_sqlx(&error))?;
    Ok(())
}

/// Drops a window whole, unless a position has come meanwhile. One that comes later goes to those that lie too far back,
/// and is dropped with them.
async fn drop_window(
    connection: &mut PgConnection,
    window: Window,
    next: i64,
    retained: &mut Retained,
    before: i64,
) -> Result<()> {
    let name = window.name();
    let mut tx = connection.begin().await.map_err(|error| from_sqlx(&error))?;
    run(&mut tx, PATIENCE.to_owned()).await?;
    run(&mut tx, format!("LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE")).await?;
    let late: i64 = scalar(&mut tx, format!("SELECT COUNT(*) FROM {name} WHERE lsn >= {next}")).await?;
    if late == 0 {
        run(&mut tx, format!("DROP TABLE {name}")).await?;
        run(&mut tx, format!("DELETE FROM position_windows WHERE name = '{name}'")).await?;
        retained.dropped_parts += 1;
        retained.removed_positions += before.cast_unsigned();
    }
    tx.commit().await.map_err(|error| from_sqlx(&error))
}

/// Copies what is kept to a table of its own while everything goes on, then puts that in the place of the old one, with
/// what has come meanwhile.
async fn write_anew(
    connection: &mut PgConnection,
    window: Window,
    fates: &[(Uuid, Fate)],
    next: i64,
    retained: &mut Retained,
) -> Result<()> {
    let name = window.name();
    let new = format!("{NEW}{name}");
    let before: i64 = scalar(connection, format!("SELECT COUNT(*) FROM {name} WHERE lsn < {next}")).await?;
    let mut tx = connection.begin().await.map_err(|error| from_sqlx(&error))?;
    run(&mut tx, format!("DROP TABLE IF EXISTS {new}")).await?;
    run(&mut tx, format!("CREATE TABLE {new} (LIKE positions)")).await?;
    // Attaching then need not look at every row.
    run(&mut tx, format!("ALTER TABLE {new} ADD CONSTRAINT {new}_window CHECK ({})", window.condition())).await?;
    let named: Vec<String> = fates.iter().map(|(tenant, _)| format!("'{tenant}'")).collect();
    let mut left = run(
        &mut tx,
        format!(
            "INSERT INTO {new} ({COLUMNS}) SELECT {COLUMNS} FROM {name} \
             WHERE lsn < {next} AND tenant_id NOT IN ({})",
            named.join(", ")
        ),
    )
    .await?;
    for (tenant, fate) in fates {
        let Fate::Thinned(seconds) = fate else { continue };
        let bucket = format!("FLOOR(EXTRACT(EPOCH FROM fix_time) / {seconds})");
        left += run(
            &mut tx,
            format!(
                "INSERT INTO {new} ({COLUMNS}) SELECT DISTINCT ON (device_id, {bucket}) {COLUMNS} FROM {name} \
                 WHERE lsn < {next} AND tenant_id = '{tenant}' \
                 ORDER BY device_id, {bucket}, fix_time, lsn DESC"
            ),
        )
        .await?;
    }
    run(&mut tx, format!("CREATE INDEX ON {new} (device_id, fix_time)")).await?;
    run(&mut tx, format!("CREATE INDEX ON {new} USING BRIN (fix_time, lsn) WITH (pages_per_range = 16)")).await?;
    tx.commit().await.map_err(|error| from_sqlx(&error))?;

    let mut tx = connection.begin().await.map_err(|error| from_sqlx(&error))?;
    run(&mut tx, PATIENCE.to_owned()).await?;
    run(&mut tx, format!("LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE")).await?;
    let late = format!("INSERT INTO {new} ({COLUMNS}) SELECT {COLUMNS} FROM {name} WHERE lsn >= {next}");
    run(&mut tx, late).await?;
    run(&mut tx, format!("ALTER TABLE positions DETACH PARTITION {name}")).await?;
    run(&mut tx, format!("DROP TABLE {name}")).await?;
    run(&mut tx, format!("ALTER TABLE {new} RENAME TO {name}")).await?;
    let attach = format!("ALTER TABLE positions ATTACH PARTITION {name} FOR VALUES {}", window.bounds());
    run(&mut tx, attach).await?;
    run(&mut tx, format!("ALTER TABLE {name} DROP CONSTRAINT {new}_window")).await?;
    tx.commit().await.map_err(|error| from_sqlx(&error))?;
    retained.rewritten_parts += 1;
    retained.removed_positions += before.cast_unsigned().saturating_sub(left);
    Ok(())
}

/// Removes tables that a stop in the middle left behind.
pub(super) async fn remove_leftovers(connection: &mut PgConnection) -> Result<()> {
    let pattern = format!("{NEW}positions\\_w%").replacen('_', "\\_", 1);
    let sql = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE $1 \
               AND relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass('positions'))";
    let names: Vec<String> =
        sqlx::query_scalar(sql).bind(pattern).fetch_all(&mut *connection).await.map_err(|error| from_sqlx(&error))?;
    for name in names {
        run(connection, format!("DROP TABLE {name}")).await?;
    }
    Ok(())
}

async fn scalar(connection: &mut PgConnection, sql: String) -> Result<i64> {
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(connection).await.map_err(|error| from_sqlx(&error))
}
