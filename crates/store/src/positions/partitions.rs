//! The windows of fix time, and their partitions.

use std::collections::BTreeSet;

use sqlx::{AssertSqlSafe, PgConnection, Row as _};
use tracklane_core::Timestamp;
use tracklane_core::position::Position;

use crate::db::postgres::from_sqlx;
use crate::error::{Error, Result};

/// A week, in microseconds.
const MICROS: i64 = 7 * 86_400 * 1_000_000;
/// So many windows before the time of receipt get a partition of their own, two years; what is older shares one. Devices
/// whose clocks jump must not make a table for every week since 2000.
const OWN: i64 = 104;
/// So many windows are made ahead.
const AHEAD: i64 = 2;
const CHECK_VIOLATION: &str = "(23514)";
const PREFIX: &str = "positions_w";

/// A week of fix time: its number since 1970, or all that lies too far back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Window(pub i64);

impl Window {
    /// The partition of what lies too far back.
    pub const EARLY: Self = Self(i64::MIN);

    pub fn of(position: &Position) -> Self {
        let window = position.fix_time.as_microsecond().div_euclid(MICROS);
        let received = position.received_at.as_microsecond().div_euclid(MICROS);
        if window < received - OWN { Self::EARLY } else { Self(window) }
    }

    fn from_name(name: &str) -> Option<Self> {
        name.strip_prefix(PREFIX)?.parse().ok().map(Self)
    }

    /// The name of its table.
    pub fn name(self) -> String {
        if self == Self::EARLY { "positions_early".to_owned() } else { format!("{PREFIX}{}", self.0) }
    }

    /// The first instant after it.
    pub fn end(self) -> Timestamp {
        self.instant(1)
    }

    fn instant(self, windows: i64) -> Timestamp {
        let micros = self.0.saturating_add(windows).saturating_mul(MICROS);
        Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)
    }

    /// `FROM ('..') TO ('..')`.
    pub fn bounds(self) -> String {
        format!("FROM ('{}') TO ('{}')", self.instant(0), self.instant(1))
    }

    /// `fix_time >= '..' AND fix_time < '..'`.
    pub fn condition(self) -> String {
        format!("fix_time >= '{}' AND fix_time < '{}'", self.instant(0), self.instant(1))
    }
}

/// The windows that have a partition, without that of what lies too far back.
pub(super) async fn list(connection: &mut PgConnection) -> Result<BTreeSet<Window>> {
    let sql = "SELECT child.relname AS name FROM pg_inherits \
               JOIN pg_class child ON child.oid = inhrelid \
               WHERE inhparent = to_regclass('positions')";
    let rows = sqlx::query(sql).fetch_all(connection).await.map_err(|error| from_sqlx(&error))?;
    let name = |row| sqlx::postgres::PgRow::try_get::<String, _>(row, "name").ok();
    Ok(rows.iter().filter_map(name).filter_map(|name| Window::from_name(&name)).collect())
}

/// Makes the partitions that are missing, and some after them. Those of `shared` cannot be made.
pub(super) async fn provide(
    connection: &mut PgConnection,
    wanted: &BTreeSet<Window>,
    known: &mut BTreeSet<Window>,
    shared: &mut BTreeSet<Window>,
) -> Result<()> {
    let wanted: BTreeSet<Window> =
        wanted.iter().copied().filter(|window| *window != Window::EARLY && !shared.contains(window)).collect();
    if wanted.is_subset(known) {
        return Ok(());
    }
    let ahead = wanted.last().copied().into_iter().flat_map(|last| (1..=AHEAD).map(move |more| Window(last.0 + more)));
    let missing: BTreeSet<Window> =
        wanted.iter().copied().chain(ahead).filter(|window| !known.contains(window)).collect();
    for window in missing {
        let sql = format!(
            "CREATE TABLE IF NOT EXISTS {} PARTITION OF positions FOR VALUES {}",
            window.name(),
            window.bounds()
        );
        match run(connection, sql).await {
            // The clock was set back: the partition of what lies too far back has rows of this window, and takes more.
            Err(Error::Other(text)) if text.contains(CHECK_VIOLATION) => {
                tracing::warn!(window = window.name(), %text, "positions share a partition");
                shared.insert(window);
            }
            outcome => {
                outcome?;
                known.insert(window);
            }
        }
    }
    Ok(())
}

/// Runs a statement without parameters.
pub(super) async fn run(connection: &mut PgConnection, sql: String) -> Result<u64> {
    let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await;
    Ok(done.map_err(|error| from_sqlx(&error))?.rows_affected())
}
