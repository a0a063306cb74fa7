//! Moving the records of an installation from SQLite to PostgreSQL: every row of every table, in batches that can be taken up
//! again after a break, and a sum over both sides at the end.
//!
//! The tables and their columns are read from the databases themselves: a table that is added later is moved without a line
//! here.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hasher as _};

use tracklane_core::ports::Lsn;
use uuid::Uuid;

use crate::db::{Db, Row, Scope, Value, args};
use crate::error::{Error, Result};
use crate::store::Store;
use crate::table::{batches, tuples};
use crate::{device_states, meta};

/// How many rows are moved in one transaction.
const BATCH: u32 = 1_000;

/// What is not moved: what each database, or each process, makes for itself.
const LEFT: &[&str] = &["migrations", "leases", "stream_partitions", "recorded", "event_zones"];

/// Under this name the target notes how far a table has come, until everything is there.
const PROGRESS: &str = "move.";

/// Two databases, one of which is to become the other.
pub struct Transfer {
    from: Store,
    to: Store,
    tables: Vec<MovedTable>,
}

/// A table and its columns.
#[derive(Debug, Clone)]
struct MovedTable {
    name: String,
    columns: Vec<(String, Kind)>,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    Int,
    Real,
    Text,
    Bytes,
    Uuid,
    Time,
    Json,
}

/// How many rows a table has, and a sum over all that is in them, whatever their order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    /// Rows.
    pub rows: u64,
    /// The sum.
    pub hash: u64,
}

impl Transfer {
    /// Looks at both databases.
    ///
    /// # Errors
    /// [`Error::Other`] when they are not SQLite and PostgreSQL, or when the target holds an installation that was not moved
    /// there.
    pub async fn begin(from: Store, to: Store) -> Result<Self> {
        if !from.has_one_writer() || to.has_one_writer() {
            return Err(Error::Other("records are moved from SQLite to PostgreSQL".to_owned()));
        }
        let tables = tables(&mut from.read(Scope::System).await?).await?;
        let transfer = Self { from, to, tables };
        let mut db = transfer.to.read(Scope::System).await?;
        let begun = meta::get_any_tenant(&mut db, &format!("{PROGRESS}begun")).await?;
        let occupied = db.one("SELECT id FROM tenants LIMIT 1", Vec::new(), |row| row.get::<Uuid>("id")).await?;
        drop(db);
        if begun.is_none() && occupied.is_some() {
            return Err(Error::Other("the target holds an installation already: it must be empty".to_owned()));
        }
        let mut tx = transfer.to.begin(Scope::System).await?;
        meta::set_any_tenant(&mut tx, &format!("{PROGRESS}begun"), "yes").await?;
        tx.commit().await?;
        Ok(transfer)
    }

    /// The tables, in an order in which no row comes before one that it refers to.
    pub fn tables(&self) -> impl Iterator<Item = &str> {
        self.tables.iter().map(|table| table.name.as_str())
    }

    /// How many rows there are to move in all.
    ///
    /// # Errors
    /// As the database says.
    pub async fn rows(&self) -> Result<u64> {
        let mut db = self.from.read(Scope::System).await?;
        let mut all = 0;
        for table in &self.tables {
            all += count(&mut db, &table.name).await?;
        }
        Ok(all)
    }

    /// Moves the next rows of a table; none when all are there. Goes on where an earlier call, of an earlier process too, ended.
    ///
    /// # Errors
    /// As the databases say; then nothing of the batch was moved.
    pub async fn move_some(&self, table: &str) -> Result<Option<u64>> {
        let table = self.table(table)?;
        let key = format!("{PROGRESS}{}", table.name);
        let mut tx = self.to.begin(Scope::System).await?;
        let reached = meta::get_any_tenant(&mut tx, &key).await?;
        let reached: i64 = reached.and_then(|text| text.parse().ok()).unwrap_or(-1);
        let mut db = self.from.read(Scope::System).await?;
        let sql = format!(
            "SELECT rowid AS moved_row, {} FROM {} WHERE rowid > $1 ORDER BY rowid LIMIT $2",
            table.names(),
            table.name
        );
        let rows = db.fetch(sql, args![reached, BATCH]).await?;
        drop(db);
        let Some(last) = rows.last() else { return Ok(None) };
        let last: i64 = last.get("moved_row")?;
        let values = rows.iter().map(|row| table.read(row)).collect::<Result<Vec<_>>>()?;
        let moved = values.len() as u64;
        for batch in batches(values) {
            let sql = format!(
                "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES {} ON CONFLICT DO NOTHING",
                table.name,
                table.names(),
                tuples(&batch)
            );
            tx.run(sql, batch.into_iter().flatten().collect()).await?;
        }
        meta::set_any_tenant(&mut tx, &key, &last.to_string()).await?;
        tx.commit().await?;
        Ok(Some(moved))
    }

    /// What a table holds on both sides: at the source and at the target.
    ///
    /// # Errors
    /// As the databases say.
    pub async fn sums(&self, table: &str) -> Result<(Sum, Sum)> {
        let table = self.table(table)?;
        let source = table.sum_of_source(&mut self.from.read(Scope::System).await?).await?;
        let mut tx = self.to.begin(Scope::System).await?;
        Ok((source, table.sum_of_target(&mut tx).await?))
    }

    /// Notes that the target goes on with a history whose next record has this number, and ends the move. What was noted on the
    /// way is forgotten.
    ///
    /// # Errors
    /// As the database says.
    pub async fn finish(&self, next: Lsn, floor_name: &str) -> Result<()> {
        let mut tx = self.to.begin(Scope::System).await?;
        device_states::renumber_any_tenant(&mut tx, next.saturating_sub(1)).await?;
        meta::set_any_tenant(&mut tx, floor_name, &next.to_string()).await?;
        let sql = "SELECT setval(pg_get_serial_sequence('events', 'number'), COALESCE(MAX(number), 0) + 1, FALSE) FROM events";
        tx.fetch(sql, Vec::new()).await?;
        tx.run("DELETE FROM changes", Vec::new()).await?;
        tx.run("DELETE FROM meta WHERE name LIKE 'move.%'", Vec::new()).await?;
        tx.commit().await
    }

    /// How far positions have come: the text that [`Self::note_positions`] was given last.
    ///
    /// # Errors
    /// As the database says.
    pub async fn positions_noted(&self) -> Result<Option<String>> {
        meta::get_any_tenant(&mut self.to.read(Scope::System).await?, &format!("{PROGRESS}positions")).await
    }

    /// Notes how far positions have come.
    ///
    /// # Errors
    /// As the database says.
    pub async fn note_positions(&self, place: &str) -> Result<()> {
        let mut tx = self.to.begin(Scope::System).await?;
        meta::set_any_tenant(&mut tx, &format!("{PROGRESS}positions"), place).await?;
        tx.commit().await
    }

    fn table(&self, name: &str) -> Result<&MovedTable> {
        let found = self.tables.iter().find(|table| table.name == name);
        found.ok_or_else(|| Error::Other(format!("there is no table {name}")))
    }
}

impl MovedTable {
    fn names(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
        names.join(", ")
    }

    fn read(&self, row: &Row) -> Result<Vec<Value>> {
        self.columns.iter().map(|(name, kind)| kind.read(row, name)).collect()
    }

    fn add(&self, rows: &[Row], sum: &mut Sum) -> Result<()> {
        for row in rows {
            let mut hasher = DefaultHasher::new();
            for value in self.read(row)? {
                hash(&value, &mut hasher);
            }
            sum.rows += 1;
            sum.hash = sum.hash.wrapping_add(hasher.finish());
        }
        Ok(())
    }

    /// What the source has.
    async fn sum_of_source(&self, db: &mut Db) -> Result<Sum> {
        let mut sum = Sum::default();
        let mut reached = -1;
        let sql = format!(
            "SELECT rowid AS moved_row, {} FROM {} WHERE rowid > $1 ORDER BY rowid LIMIT $2",
            self.names(),
            self.name
        );
        loop {
            let rows = db.fetch(sql.clone(), args![reached, BATCH]).await?;
            let Some(last) = rows.last() else { return Ok(sum) };
            reached = last.get::<i64>("moved_row")?;
            self.add(&rows, &mut sum)?;
        }
    }

    /// What the target has, without what tells of the move itself.
    async fn sum_of_target(&self, tx: &mut Db) -> Result<Sum> {
        let mut sum = Sum::default();
        let own = if self.name == "meta" { " WHERE name NOT LIKE 'move.%'" } else { "" };
        // A name for each table: what a statement answers is remembered under its text.
        let cursor = format!("moved_{}", self.name);
        let sql = format!("DECLARE {cursor} NO SCROLL CURSOR FOR SELECT {} FROM {}{own}", self.names(), self.name);
        tx.run(sql, Vec::new()).await?;
        loop {
            let rows = tx.fetch(format!("FETCH {BATCH} FROM {cursor}"), Vec::new()).await?;
            if rows.is_empty() {
                return Ok(sum);
            }
            self.add(&rows, &mut sum)?;
        }
    }
}

impl Kind {
    /// Of a type's name as the migrations write it.
    fn of(declared: &str) -> Option<Self> {
        Some(match declared {
            "BOOLEAN" => Self::Bool,
            "BIGINT" | "INTEGER" => Self::Int,
            "DOUBLE PRECISION" => Self::Real,
            "TEXT" => Self::Text,
            "BYTEA" => Self::Bytes,
            "UUID" => Self::Uuid,
            "TIMESTAMPTZ" => Self::Time,
            "JSONB" => Self::Json,
            _ => return None,
        })
    }

    fn read(self, row: &Row, name: &str) -> Result<Value> {
        Ok(match self {
            Self::Bool => Value::Bool(row.opt(name)?),
            Self::Int => Value::Int(row.opt(name)?),
            Self::Real => Value::Real(row.opt(name)?),
            Self::Text => Value::Text(row.opt(name)?),
            Self::Bytes => Value::Bytes(row.opt(name)?),
            Self::Uuid => Value::Uuid(row.opt(name)?),
            Self::Time => Value::Time(row.opt(name)?),
            Self::Json => Value::Json(row.opt(name)?),
        })
    }
}

/// The same for the same value, whichever database it comes from.
fn hash(value: &Value, hasher: &mut DefaultHasher) {
    let mut put = |bytes: Option<&[u8]>| match bytes {
        None => hasher.write_u8(0),
        Some(bytes) => {
            hasher.write_u8(1);
            hasher.write_usize(bytes.len());
            hasher.write(bytes);
        }
    };
    match value {
        Value::Bool(value) => put(value.map(|value| [u8::from(value)]).as_ref().map(<[u8; 1]>::as_slice)),
        Value::Int(value) => put(value.map(i64::to_le_bytes).as_ref().map(<[u8; 8]>::as_slice)),
        Value::Real(value) => put(value.map(f64::to_le_bytes).as_ref().map(<[u8; 8]>::as_slice)),
        Value::Text(value) => put(value.as_deref().map(str::as_bytes)),
        Value::Bytes(value) => put(value.as_deref()),
        Value::Uuid(value) => put(value.as_ref().map(|value| value.as_bytes().as_slice())),
        Value::Time(value) => put(value.map(|at| at.as_microsecond().to_le_bytes()).as_ref().map(<[u8; 8]>::as_slice)),
        // PostgreSQL keeps the fields of an object in an order of its own, and so do our maps.
        Value::Json(value) => put(value.as_ref().map(|json| canonical(json).to_string()).as_deref().map(str::as_bytes)),
    }
}

/// The same text for the same JSON, however a database has kept it: fields in the order of their names, numbers as such, no
/// U+0000, which PostgreSQL cannot keep.
pub fn canonical(json: &serde_json::Value) -> serde_json::Value {
    use serde_json::Value as Json;
    let text = |text: &str| text.replace('\0', "\u{fffd}");
    match json {
        Json::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            Json::Object(fields.into_iter().map(|(name, value)| (text(name), canonical(value))).collect())
        }
        Json::Array(items) => Json::Array(items.iter().map(canonical).collect()),
        // Nought has one sign there, and large numbers are written out. Adding nought takes the sign.
        Json::Number(number) => {
            number.as_f64().map_or_else(|| json.clone(), |number| Json::String(format!("{:e}", number + 0.0)))
        }
        Json::String(word) => Json::String(text(word)),
        other => other.clone(),
    }
}

async fn count(db: &mut Db, table: &str) -> Result<u64> {
    let counted = db.one(format!("SELECT COUNT(*) AS count FROM {table}"), Vec::new(), |row| row.get::<u64>("count"));
    Ok(counted.await?.unwrap_or_default())
}

/// The tables of an SQLite database, those first that others refer to.
async fn tables(db: &mut Db) -> Result<Vec<MovedTable>> {
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    let names: Vec<String> = db.many(sql, Vec::new(), |row| row.get("name")).await?;
    let names: Vec<String> = names.into_iter().filter(|name| !LEFT.contains(&name.as_str())).collect();
    let mut waiting = Vec::new();
    let mut needs = HashMap::<String, HashSet<String>>::new();
    for name in names {
        let sql = "SELECT name, type FROM pragma_table_info($1) ORDER BY cid";
        let described = db.many(sql, args![&name], |row| Ok((row.get::<String>("name")?, row.get::<String>("type")?)));
        let mut columns = Vec::new();
        for (column, declared) in described.await? {
            let kind = Kind::of(&declared);
            let kind =
                kind.ok_or_else(|| Error::Other(format!("{name}.{column} has a type that is not known: {declared}")))?;
            columns.push((column, kind));
        }
        let sql = "SELECT DISTINCT \"table\" AS referred FROM pragma_foreign_key_list($1)";
        let referred: Vec<String> = db.many(sql, args![&name], |row| row.get("referred")).await?;
        needs.insert(name.clone(), referred.into_iter().filter(|other| *other != name).collect());
        waiting.push(MovedTable { name, columns });
    }
    let mut ordered: Vec<MovedTable> = Vec::new();
    while !waiting.is_empty() {
        let there: HashSet<&str> = ordered.iter().map(|table| table.name.as_str()).collect();
        let ready =
            waiting.iter().position(|table| needs[&table.name].iter().all(|other| there.contains(other.as_str())));
        let Some(ready) = ready else { return Err(Error::Other("tables refer to each other in a circle".to_owned())) };
        ordered.push(waiting.remove(ready));
    }
    Ok(ordered)
}
