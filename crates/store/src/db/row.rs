//! What comes out of a statement.

use serde_json::Value as Json;
use sqlx::postgres::PgRow;
use sqlx::{Decode, Postgres, Row as _, Type};
use tracklane_core::Timestamp;
use tracklane_core::position::Attributes;
use uuid::Uuid;

use super::postgres::PgTime;
use super::sqlite::{Cell, FromCell, SqliteRow};
use crate::error::{Error, Result};

/// One row of an answer.
pub enum Row {
    /// From SQLite.
    Sqlite(SqliteRow),
    /// From PostgreSQL.
    Postgres(PgRow),
}

/// What a column can be read as.
pub trait Column: Sized {
    /// Reads a column; none for NULL.
    fn read(row: &Row, name: &str) -> Result<Option<Self>>;
}

impl Row {
    /// The value of a column that is never NULL.
    pub fn get<T: Column>(&self, name: &str) -> Result<T> {
        T::read(self, name)?.ok_or_else(|| corrupt(name, "is null"))
    }

    /// The value of a column, none for NULL.
    pub fn opt<T: Column>(&self, name: &str) -> Result<Option<T>> {
        T::read(self, name)
    }

    /// Reads `S` on SQLite and `P` on PostgreSQL. SQLite's column types are mere names, so nothing is compared with them.
    fn native<S, P>(&self, name: &str) -> Result<Either<S, P>>
    where
        S: FromCell,
        P: for<'r> Decode<'r, Postgres> + Type<Postgres>,
    {
        match self {
            Self::Sqlite(row) => match row.cell(name).ok_or_else(|| corrupt(name, "is not in the answer"))? {
                Cell::Null => Ok(Either::Sqlite(None)),
                cell => S::from_cell(cell)
                    .map(|value| Either::Sqlite(Some(value)))
                    .ok_or_else(|| corrupt(name, "is of another kind")),
            },
            Self::Postgres(row) => {
                let value = row.try_get::<Option<P>, _>(name).map(Either::Postgres);
                value.map_err(|error| corrupt(name, &error.to_string()))
            }
        }
    }
}

enum Either<S, P> {
    Sqlite(Option<S>),
    Postgres(Option<P>),
}

impl<T> Either<T, T> {
    fn same(self) -> Option<T> {
        match self {
            Self::Sqlite(value) | Self::Postgres(value) => value,
        }
    }
}

/// The error that names a column whose value cannot be read.
pub fn corrupt(name: &str, detail: &str) -> Error {
    Error::Corrupt(format!("{name}: {detail}"))
}

macro_rules! columns {
    ($($type:ty),*) => {$(
        impl Column for $type {
            fn read(row: &Row, name: &str) -> Result<Option<Self>> {
                Ok(row.native::<Self, Self>(name)?.same())
            }
        }
    )*};
}
columns!(bool, i64, f64, String, Vec<u8>, Uuid);

macro_rules! small_integers {
    ($($type:ty),*) => {$(
        impl Column for $type {
            fn read(row: &Row, name: &str) -> Result<Option<Self>> {
                let value = i64::read(row, name)?;
                value.map(|value| Self::try_from(value).map_err(|_| corrupt(name, "is out of range"))).transpose()
            }
        }
    )*};
}
small_integers!(i32, u64, u32, u16, u8);

impl Column for f32 {
    #[expect(clippy::cast_possible_truncation, reason = "was written from an f32, so nothing is lost")]
    fn read(row: &Row, name: &str) -> Result<Option<Self>> {
        Ok(f64::read(row, name)?.map(|value| value as Self))
    }
}

impl Column for Timestamp {
    fn read(row: &Row, name: &str) -> Result<Option<Self>> {
        let micros = match row.native::<i64, PgTime>(name)? {
            Either::Sqlite(micros) => micros,
            Either::Postgres(time) => time.map(PgTime::unix_micros),
        };
        micros.map(|at| Self::from_microsecond(at).map_err(|_| corrupt(name, "is out of range"))).transpose()
    }
}

impl Column for Json {
    fn read(row: &Row, name: &str) -> Result<Option<Self>> {
        match row.native::<String, Self>(name)? {
            Either::Sqlite(None) => Ok(None),
            Either::Sqlite(Some(text)) => {
                serde_json::from_str(&text).map(Some).map_err(|_| corrupt(name, "is no JSON"))
            }
            Either::Postgres(json) => Ok(json),
        }
    }
}

impl Column for Attributes {
    fn read(row: &Row, name: &str) -> Result<Option<Self>> {
        match Json::read(row, name)? {
            None => Ok(None),
            Some(Json::Object(fields)) => Ok(Some(fields)),
            Some(_) => Err(corrupt(name, "is no JSON object")),
        }
    }
}
