//! Statements on one connection: parameters in, rows out.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Connection, OpenFlags};
use tracklane_core::Timestamp;
use uuid::Uuid;

use crate::db::Value;
use crate::error::{Error, Result};

/// How long a statement waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How many statements of a connection stay prepared.
const PREPARED: usize = 256;

/// How a file is opened.
pub(super) struct Opening {
    pub path: PathBuf,
    pub durable: bool,
}

impl Opening {
    /// Opens it, with these settings besides.
    pub fn connect(&self, settings: &[&'static str]) -> Result<Connection> {
        self.try_connect(settings).map_err(|error| match error {
            Error::Unavailable(why) => Error::Unavailable(format!("{}: {why}", self.path.display())),
            other => other,
        })
    }

    fn try_connect(&self, settings: &[&'static str]) -> Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags).map_err(|error| from_rusqlite(&error))?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(|error| from_rusqlite(&error))?;
        connection.set_prepared_statement_cache_capacity(PREPARED);
        let always = [
            "PRAGMA journal_mode = wal",
            if self.durable { "PRAGMA synchronous = full" } else { "PRAGMA synchronous = off" },
            "PRAGMA foreign_keys = on",
            // What savepoints need to go back stays in memory, too; otherwise each makes a file.
            "PRAGMA temp_store = memory",
        ];
        for setting in always.iter().chain(settings) {
            run(&connection, setting, Vec::new())?;
        }
        Ok(connection)
    }
}

/// Runs a statement and answers its rows.
pub(super) fn fetch(connection: &Connection, sql: &str, args: Vec<Value>) -> Result<Vec<SqliteRow>> {
    let mut statement = prepare(connection, sql, args)?;
    let width = statement.column_count();
    let columns: Arc<[Box<str>]> = statement.column_names().into_iter().map(Box::from).collect();
    let (mut rows, mut answer) = (statement.raw_query(), Vec::new());
    while let Some(row) = rows.next().map_err(|error| from_rusqlite(&error))? {
        let mut cells = Vec::with_capacity(width);
        for index in 0..width {
            cells.push(Cell::of(row.get_ref(index).map_err(|error| from_rusqlite(&error))?)?);
        }
        answer.push(SqliteRow { columns: columns.clone(), cells, next: AtomicUsize::new(0) });
    }
    Ok(answer)
}

/// Runs a statement and answers how many rows it changed.
pub(super) fn run(connection: &Connection, sql: &str, args: Vec<Value>) -> Result<u64> {
    let mut statement = prepare(connection, sql, args)?;
    let mut rows = statement.raw_query();
    while rows.next().map_err(|error| from_rusqlite(&error))?.is_some() {}
    Ok(connection.changes())
}

/// Runs several statements without parameters.
pub(super) fn script(connection: &Connection, sql: &str) -> Result<()> {
    connection.execute_batch(sql).map_err(|error| from_rusqlite(&error))
}

fn prepare<'c>(connection: &'c Connection, sql: &str, args: Vec<Value>) -> Result<CachedStatement<'c>> {
    let sql = native(sql, args.len());
    let mut statement = connection.prepare_cached(&sql).map_err(|error| from_rusqlite(&error))?;
    for (index, value) in args.into_iter().enumerate() {
        value.check()?;
        let (statement, at) = (&mut statement, index + 1);
        match value {
            Value::Bool(value) => statement.raw_bind_parameter(at, value),
            Value::Int(value) => statement.raw_bind_parameter(at, value),
            Value::Real(value) => statement.raw_bind_parameter(at, value),
            Value::Text(value) => statement.raw_bind_parameter(at, value),
            Value::Bytes(value) => statement.raw_bind_parameter(at, value),
            Value::Uuid(value) => statement.raw_bind_parameter(at, value.as_ref().map(|id| id.as_bytes().as_slice())),
            Value::Time(value) => statement.raw_bind_parameter(at, value.map(Timestamp::as_microsecond)),
            Value::Json(value) => statement.raw_bind_parameter(at, value.map(|json| json.to_string())),
        }
        .map_err(|error| from_rusqlite(&error))?;
    }
    Ok(statement)
}

/// The statement as SQLite has it: to it `$1` is a name, and `?1` a number. Parameters that stand in their order, each once,
/// need neither, which makes it quicker to read where they are many.
fn native(sql: &str, parameters: usize) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut pieces = sql.split('$');
    text.push_str(pieces.next().unwrap_or_default());
    for (index, piece) in pieces.enumerate() {
        let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
        if piece[..digits].parse() != Ok(index + 1) || index >= parameters {
            return sql.replace('$', "?");
        }
        text.push('?');
        text.push_str(&piece[digits..]);
    }
    text
}

/// One row of an answer.
pub struct SqliteRow {
    columns: Arc<[Box<str>]>,
    cells: Vec<Cell>,
    /// The column behind the one that was read last: mostly the next to be asked for.
    next: AtomicUsize,
}

impl SqliteRow {
    /// The value of a column, none when there is no such column.
    pub fn cell(&self, name: &str) -> Option<&Cell> {
        let next = self.next.load(Ordering::Relaxed);
        let index = match self.columns.get(next) {
            Some(column) if **column == *name => next,
            _ => self.columns.iter().position(|column| **column == *name)?,
        };
        self.next.store(index + 1, Ordering::Relaxed);
        self.cells.get(index)
    }
}

/// A value as SQLite keeps it.
#[derive(Debug)]
pub enum Cell {
    /// NULL.
    Null,
    /// An integer: numbers, booleans, instants.
    Int(i64),
    /// A floating point number.
    Real(f64),
    /// Text, JSON among it.
    Text(String),
    /// Bytes, ids among them.
    Bytes(Vec<u8>),
    /// An id.
    Uuid(Uuid),
}

impl Cell {
    fn of(value: ValueRef<'_>) -> Result<Self> {
        Ok(match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(number) => Self::Int(number),
            ValueRef::Real(number) => Self::Real(number),
            ValueRef::Text(text) => {
                let text = str::from_utf8(text).map_err(|error| Error::Corrupt(error.to_string()))?;
                Self::Text(text.to_owned())
            }
            // Most bytes are ids, which need no room of their own.
            ValueRef::Blob(bytes) => Uuid::from_slice(bytes).map_or_else(|_| Self::Bytes(bytes.to_vec()), Self::Uuid),
        })
    }
}

/// What a cell can be read as.
pub trait FromCell: Sized {
    /// Reads a cell that is not NULL; none when it holds something else.
    fn from_cell(cell: &Cell) -> Option<Self>;
}

macro_rules! from_cells {
    ($($type:ty: $pattern:pat => $value:expr,)*) => {$(
        impl FromCell for $type {
            fn from_cell(cell: &Cell) -> Option<Self> {
                match cell {
                    $pattern => Some($value),
                    _ => None,
                }
            }
        }
    )*};
}

from_cells! {
    bool: Cell::Int(number) => *number != 0,
    i64: Cell::Int(number) => *number,
    String: Cell::Text(text) => text.clone(),
    Uuid: Cell::Uuid(id) => *id,
}

impl FromCell for f64 {
    #[expect(clippy::cast_precision_loss, reason = "SQLite itself keeps whole numbers of REAL columns as integers")]
    fn from_cell(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Real(number) => Some(*number),
            Cell::Int(number) => Some(*number as Self),
            _ => None,
        }
    }
}

impl FromCell for Vec<u8> {
    fn from_cell(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Bytes(bytes) => Some(bytes.clone()),
            Cell::Uuid(id) => Some(id.as_bytes().to_vec()),
            _ => None,
        }
    }
}

/// Our word for what rusqlite says. The codes are SQLite's extended result codes.
pub(super) fn from_rusqlite(error: &rusqlite::Error) -> Error {
    let Some(said) = error.sqlite_error() else {
        return Error::Other(error.to_string());
    };
    let message = match error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        _ => error.to_string(),
    };
    match (said.extended_code, said.extended_code & 0xff) {
        (2067, _) => Error::NotUnique { constraint: constraint(&message, false) },
        (1555, _) => Error::NotUnique { constraint: constraint(&message, true) },
        (787 | 1811, _) => Error::ForeignKey,
        (_, 13) => Error::Full,
        // Busy, locked, input or output error, cannot open.
        (_, 5 | 6 | 10 | 14) => Error::Unavailable(message),
        (code, _) => Error::Other(format!("{message} ({code})")),
    }
}

/// SQLite names the columns, PostgreSQL the constraint, which it derives from the columns: so do we.
fn constraint(message: &str, primary: bool) -> String {
    let columns = message.split_once(": ").map_or(message, |(_, columns)| columns);
    let mut names = columns.split(", ").map(|column| column.split_once('.').unwrap_or(("", column)));
    let Some((table, first)) = names.next() else {
        return String::new();
    };
    if primary {
        return format!("{table}_pkey");
    }
    let columns: Vec<_> = std::iter::once(first).chain(names.map(|(_, column)| column)).collect();
    format!("{table}_{}_key", columns.join("_"))
}

#[cfg(test)]
mod tests {
    use super::native;

    #[test]
    fn parameters_in_their_order_lose_their_numbers() {
        let sql = |mark: &str, numbers: &[usize]| {
            let places: Vec<_> = numbers.iter().map(|number| format!("{mark}{number}")).collect();
            format!("VALUES ({}) LIMIT 1", places.join(", "))
        };
        let all: Vec<usize> = (1..=20).collect();
        assert_eq!(native(&sql("$", &all), 20), format!("VALUES ({}) LIMIT 1", ["?"; 20].join(", ")));
        // One that stands twice, and some out of order.
        let twice: Vec<usize> = all.iter().copied().chain([7]).collect();
        let turned: Vec<usize> = all.iter().rev().copied().collect();
        for numbers in [&twice, &turned] {
            assert_eq!(native(&sql("$", numbers), 20), sql("?", numbers));
        }
    }
}
