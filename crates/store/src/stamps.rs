//! When records were last written by this process: so that what was made of them can be kept in memory and is known to be
//! old. Worked out from the statements themselves; no table's file has to remember it.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

use crate::db::Value;

/// The tables whose writes are noted. Their rows are found by id; a statement that finds them otherwise counts as one that
/// changes them all.
const TABLES: &[&str] =
    &["shipments", "packages", "legs", "tracking_events", "tracking_links", "customers", "locations", "tenants"];

/// How many stamps there are. Ids share them, so that a record may seem newer than it is, and never older.
const COUNT: usize = 1 << 18;

/// When records were last written, counted in commits. Records are shipments with their packages, legs, facts and links, and
/// customers, locations and tenants.
#[derive(Debug)]
pub struct Stamps {
    commits: AtomicU64,
    all: AtomicU64,
    by_id: Box<[AtomicU64]>,
    hasher: RandomState,
}

/// What a transaction has written so far.
#[derive(Debug, Default)]
pub(crate) struct Written {
    ids: HashSet<Uuid>,
    all: bool,
}

impl Stamps {
    pub(crate) fn new() -> Self {
        Self {
            commits: AtomicU64::new(0),
            all: AtomicU64::new(0),
            by_id: std::iter::repeat_with(|| AtomicU64::new(0)).take(COUNT).collect(),
            hasher: RandomState::new(),
        }
    }

    /// The present instant: to be asked before the records are read.
    pub fn now(&self) -> u64 {
        self.commits.load(Ordering::SeqCst)
    }

    /// True when none of these records was written since: what was read after [`Stamps::now`] said `then` still holds.
    pub fn unchanged(&self, then: u64, ids: &[Uuid]) -> bool {
        self.all.load(Ordering::SeqCst) <= then && ids.iter().all(|id| self.of(*id).load(Ordering::SeqCst) <= then)
    }

    /// A transaction has ended. To be called after its commit, and before anybody is told of it: whoever reads before the
    /// commit has asked for the instant before, too. Answers as of which instant holds what it has written.
    pub(crate) fn note(&self, written: &Written) -> u64 {
        if written.ids.is_empty() && !written.all {
            return self.now();
        }
        let now = self.commits.fetch_add(1, Ordering::SeqCst) + 1;
        if written.all {
            self.all.fetch_max(now, Ordering::SeqCst);
        }
        for id in &written.ids {
            self.of(*id).fetch_max(now, Ordering::SeqCst);
        }
        now
    }

    /// Everything may have been written.
    pub(crate) fn note_all(&self) {
        self.note(&Written { all: true, ..Written::default() });
    }

    fn of(&self, id: Uuid) -> &AtomicU64 {
        &self.by_id[self.hasher.hash_one(id) as usize % COUNT]
    }
}

impl Written {
    /// Takes in what a statement writes.
    pub fn add(&mut self, sql: &str, args: &[Value]) {
        let mut words = sql.split_ascii_whitespace();
        let table = match (words.next(), words.next()) {
            (Some("UPDATE"), Some(table)) => table,
            (Some("INSERT"), Some("INTO")) | (Some("DELETE"), Some("FROM")) => words.next().unwrap_or_default(),
            _ => return,
        };
        if !TABLES.contains(&table) {
            return;
        }
        // A tenant's own row is what its settings come from.
        let by_id = sql.starts_with("INSERT") || sql.contains(" AND id = $");
        if table == "tenants" || !by_id {
            self.add_all();
        }
        // A new row has its id first, which nothing can have been made of yet.
        let known = usize::from(sql.starts_with("INSERT"));
        self.ids.extend(args.iter().skip(known).filter_map(|value| match value {
            Value::Uuid(id) => *id,
            _ => None,
        }));
    }

    /// True when one of these records may be among it.
    pub fn has_any(&self, ids: &[Uuid]) -> bool {
        self.all || ids.iter().any(|id| self.ids.contains(id))
    }

    /// Everything may have been written.
    pub fn add_all(&mut self) {
        self.all = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::args;

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    /// Whether what was made of these records before a statement still holds after its commit.
    fn holds(sql: &str, args: impl IntoIterator<Item = Value>, ids: &[Uuid]) -> bool {
        let stamps = Stamps::new();
        let then = stamps.now();
        let mut written = Written::default();
        written.add(sql, &args.into_iter().collect::<Vec<_>>());
        stamps.note(&written);
        assert!(stamps.unchanged(stamps.now(), ids), "what is made afterwards holds");
        stamps.unchanged(then, ids)
    }

    #[test]
    fn what_was_written_is_known_to_be_old() {
        let tenant = id(1);
        let update = "UPDATE shipments SET version = version + 1 WHERE tenant_id = $1 AND id = $2";
        assert!(!holds(update, args![tenant, id(2)], &[id(2), id(3)]));
        assert!(holds(update, args![tenant, id(2)], &[id(3)]));
        let insert = "INSERT INTO packages (id, tenant_id, shipment_id) VALUES ($1, $2, $3)";
        assert!(!holds(insert, args![id(4), tenant, id(2)], &[id(2)]), "a new part of a shipment");
        let many = "UPDATE legs SET driver_id = $2 WHERE tenant_id = $1 AND driver_id = $3";
        assert!(!holds(many, args![tenant, id(5), id(6)], &[id(2)]), "rows that are not found by id");
        assert!(!holds("UPDATE tenants SET name = $2 WHERE id = $1", args![tenant, "x"], &[id(2)]));
        let other = "UPDATE messages SET state = $1 WHERE tenant_id = $2 AND id IN ($3)";
        assert!(holds(other, args!["dead", tenant, id(2)], &[id(2)]));
        assert!(holds("SELECT id FROM shipments WHERE tenant_id = $1 AND id = $2", args![tenant, id(2)], &[id(2)]));
    }
}
