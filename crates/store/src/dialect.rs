//! What truly differs between the two databases. Everything else is one text for both: see docs/sql.md. The length of this
//! file is how far they have drifted apart.

/// The first transaction number of PostgreSQL that has not been given out yet.
const XMAX: &str = "CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS TEXT) AS BIGINT)";

/// Which database a statement is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// The end of a `SELECT` that locks the rows it answers until the end of the transaction.
    /// SQLite has one writer, who holds everything.
    pub fn for_update(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR UPDATE",
        }
    }

    /// The end of a `SELECT` that keeps others from changing the rows it answers until the end of the transaction.
    pub fn for_share(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR SHARE",
        }
    }

    /// The last two bytes of the id of a device as a number: what says which partition of the position stream it is in. None where
    /// there are no partitions.
    pub fn device_slot(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("(get_byte(uuid_send(device_id), 14) * 256 + get_byte(uuid_send(device_id), 15))"),
        }
    }

    /// The end of a `SELECT` that locks the rows of one of its tables and passes over those that others hold: work
    /// lists. SQLite has one writer, so nobody else can hold any.
    pub fn for_update_skip_locked(self, table: &str) -> String {
        match self {
            Self::Sqlite => String::new(),
            Self::Postgres => format!(" FOR UPDATE OF {table} SKIP LOCKED"),
        }
    }

    /// The number of the present transaction, for the event log. On PostgreSQL it says which entries may still be joined
    /// by earlier ones; on SQLite the order of the sequence is the order of the commits, so that one number does for all.
    pub fn transaction_number(self) -> &'static str {
        match self {
            Self::Sqlite => "0",
            Self::Postgres => "CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)",
        }
    }

    /// The columns that the event log is ordered by. On SQLite the number says it all: it is the key of the table, with which
    /// every index ends by itself.
    pub fn log_order(self) -> [&'static str; 2] {
        match self {
            Self::Sqlite => ["number", "number DESC"],
            Self::Postgres => ["tx, number", "tx DESC, number DESC"],
        }
    }

    /// Whether the event log has an index by zone. PostgreSQL keeps one page of it for many transactions in memory; SQLite would
    /// write each page that a transaction touches to its log, so that it has a list instead: see `event_zones`.
    pub fn log_has_zone_index(self) -> bool {
        self == Self::Postgres
    }

    /// The condition that an entry comes after a place, given as parameters. A transaction number that has not been given out
    /// yet is from before the database was restored from a dump: see [`Dialect::renumber_restored_log`].
    pub fn log_entry_is_behind(self, number: &str, tx: impl FnOnce() -> String) -> String {
        match self {
            Self::Sqlite => format!("number > {number}"),
            Self::Postgres => {
                let tx = tx();
                format!("(tx, number) > (CASE WHEN {tx} >= {XMAX} THEN 0 ELSE {tx} END, {number})")
            }
        }
    }

    /// The condition that no transaction which could still put an entry before this one is under way.
    pub fn log_entry_is_settled(self) -> &'static str {
        match self {
            Self::Sqlite => "TRUE",
            Self::Postgres => "tx < CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT)",
        }
    }

    /// Whether the log holds transaction numbers that have not been given out yet, and what to do then. PostgreSQL counts
    /// transactions anew in a database that is restored from a dump; everything in the dump comes before that.
    pub fn renumber_restored_log(self) -> Option<(String, [&'static str; 3])> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some((
                format!("SELECT COALESCE(MAX(tx) >= {XMAX}, FALSE) AS restored FROM events"),
                ["UPDATE events SET tx = 0", "UPDATE shipments SET log_tx = 0", "UPDATE cursors SET tx = 0"],
            )),
        }
    }

    /// The ids that `first` answers for each active endpoint `e`. SQLite has no `LATERAL`; PostgreSQL would run a
    /// correlated `IN` anew for every message there is.
    pub fn for_each_active_endpoint(self, first: &str) -> String {
        match self {
            Self::Sqlite => format!(
                "SELECT m.id FROM endpoints e CROSS JOIN messages m WHERE e.state = 'active' AND m.id IN ({first})"
            ),
            Self::Postgres => {
                format!("SELECT m.id FROM endpoints e CROSS JOIN LATERAL ({first}) AS m WHERE e.state = 'active'")
            }
        }
    }

    /// Lets two processes that migrate at once wait for each other, until the end of the transaction.
    /// SQLite's `BEGIN IMMEDIATE` does that already.
    pub fn lock_migrations(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("SELECT pg_advisory_xact_lock(8380918446131409)"),
        }
    }

    /// Lets the statements of this transaction take as long as they take. SQLite breaks nothing off.
    pub fn no_statement_timeout(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("SET LOCAL statement_timeout = 0"),
        }
    }

    /// Who we are, if that is somebody for whom row level security does not hold. SQLite has neither.
    pub fn who_is_above_row_security(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some(
                "SELECT CAST(rolname AS TEXT) AS role FROM pg_roles \
                 WHERE rolname = current_user AND (rolsuper OR rolbypassrls)",
            ),
        }
    }

    /// Statements that refresh what the planner knows of the tables, looking at a few hundred rows of each index. Without
    /// it SQLite believes that no tenant has more than ten rows. PostgreSQL's autovacuum does it unasked.
    pub fn gather_statistics(self) -> Option<[&'static str; 2]> {
        match self {
            Self::Sqlite => Some(["PRAGMA analysis_limit = 400", "PRAGMA optimize = 0x10002"]),
            Self::Postgres => None,
        }
    }

    /// The ending that marks a migration as meant for this database alone.
    pub fn migration_suffix(self) -> &'static str {
        match self {
            Self::Sqlite => ".sqlite.sql",
            Self::Postgres => ".postgres.sql",
        }
    }

    /// Seconds between two instants of one row, as a floating point number.
    pub fn seconds_between(self, from: &str, to: &str) -> String {
        match self {
            Self::Sqlite => format!("({to} - {from}) / 1000000.0"),
            Self::Postgres => format!("CAST(EXTRACT(EPOCH FROM {to} - {from}) AS DOUBLE PRECISION)"),
        }
    }
}
