//! What most tables have in common: rows with a tenant, an id and, where they change, a version. Everything here is held to
//! the scope of the handle, so that a table's own file cannot forget it.

use std::fmt::Write as _;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tracklane_core::id::{Id, TenantId};
use uuid::Uuid;

use crate::db::{Db, Row, Value, args, corrupt};
use crate::error::{Error, Result};
use crate::page::{Cursor, Listing, Page};

/// A table with the columns `id` and `tenant_id` and those named here, separated by a comma and a blank.
pub(crate) struct Table {
    /// Its name, which is also that of its module.
    pub name: &'static str,
    /// The columns that are written once.
    pub fixed: &'static str,
    /// The columns that [`Table::update`] writes.
    pub changing: &'static str,
}

impl Table {
    /// Every column.
    pub fn columns(&self) -> String {
        [self.fixed, self.changing].iter().filter(|part| !part.is_empty()).fold(
            "id, tenant_id".to_owned(),
            |mut all, part| {
                all.push_str(", ");
                all.push_str(part);
                all
            },
        )
    }

    /// Adds a row of the handle's tenant, or of any tenant under the system's scope.
    pub async fn insert(
        &self,
        db: &mut Db,
        id: impl Id,
        tenant_id: TenantId,
        fixed: Vec<Value>,
        changing: Vec<Value>,
    ) -> Result<()> {
        db.check_tenant(tenant_id)?;
        let mut values = args![id.uuid(), tenant_id];
        values.extend(fixed);
        values.extend(changing);
        let sql = format!("INSERT INTO {} ({}) VALUES {}", self.name, self.columns(), tuple(1, values.len()));
        db.run(sql, values).await?;
        Ok(())
    }

    /// Adds many rows, each given as the values of [`Table::columns`].
    pub async fn insert_many(&self, db: &mut Db, rows: Vec<Vec<Value>>) -> Result<()> {
        for batch in batches(rows) {
            let sql = format!("INSERT INTO {} ({}) VALUES {}", self.name, self.columns(), tuples(&batch));
            db.run(sql, batch.into_iter().flatten().collect()).await?;
        }
        Ok(())
    }

    /// Writes the changing columns of a row of the handle's tenant if it has this version, which then grows by one.
    pub async fn update(
        &self,
        db: &mut Db,
        id: impl Id,
        tenant_id: TenantId,
        version: i64,
        changing: Vec<Value>,
    ) -> Result<bool> {
        db.check_tenant(tenant_id)?;
        let mut values = args![tenant_id, id.uuid(), version];
        values.extend(changing);
        let mut sql = format!("UPDATE {} SET version = version + 1", self.name);
        for (index, column) in self.changing.split(", ").enumerate() {
            push(&mut sql, format_args!(", {column} = ${}", index + 4));
        }
        sql.push_str(" WHERE tenant_id = $1 AND id = $2 AND version = $3");
        Ok(db.run(sql, values).await? > 0)
    }

    /// Where changing columns are what they were, they are left alone: databases keep indexes and look up what is referred to
    /// for every column that a statement names. Adds the values of the others and answers `", column = $4"` for each.
    pub fn changes(&self, was: Vec<Value>, is: Vec<Value>, args: &mut Vec<Value>) -> String {
        let mut sql = String::new();
        for ((column, was), is) in self.changing.split(", ").zip(was).zip(is) {
            if was != is {
                args.push(is);
                push(&mut sql, format_args!(", {column} = ${}", args.len()));
            }
        }
        sql
    }

    /// The row of the handle's tenant with this id.
    pub async fn get<T>(&self, db: &mut Db, id: impl Id, read: fn(&Row) -> Result<T>) -> Result<Option<T>> {
        self.select(db)?.is("id", Some(id.uuid())).one(db, read).await
    }

    /// Those of these rows that exist and are of the handle's tenant.
    pub async fn get_many<T, I: Id>(&self, db: &mut Db, ids: &[I], read: fn(&Row) -> Result<T>) -> Result<Vec<T>> {
        self.get_many_by(db, "id", ids, read).await
    }

    /// The rows of the handle's tenant that have one of these ids in this column, in no order.
    pub async fn get_many_by<T, I: Id>(
        &self,
        db: &mut Db,
        column: &str,
        ids: &[I],
        read: fn(&Row) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut found = Vec::with_capacity(ids.len());
        for some in ids.chunks(MAX_IN) {
            let ids: Vec<Value> = some.iter().map(|id| id.uuid().into()).collect();
            found.extend(self.select(db)?.one_of(column, ids).many(db, read).await?);
        }
        Ok(found)
    }

    /// Every row of every tenant, with more columns: `", secret_hash"`.
    pub async fn load_all_any_tenant<T>(&self, db: &mut Db, more: &str, read: fn(&Row) -> Result<T>) -> Result<Vec<T>> {
        let mut all = Vec::new();
        self.each_any_tenant(db, more, read, |one| all.push(one)).await?;
        Ok(all)
    }

    /// Hands out every row of every tenant, with more columns. Asked for a thousand at a time: the rows that the database hands
    /// over take several times the room of what is made of them.
    pub async fn each_any_tenant<T>(
        &self,
        db: &mut Db,
        more: &str,
        read: fn(&Row) -> Result<T>,
        mut each: impl FnMut(T),
    ) -> Result<()> {
        let mut last: Option<(Uuid, Uuid)> = None;
        loop {
            let mut select = self.select_any_tenant_with(db, more)?;
            if let Some((tenant_id, id)) = last {
                let place = [select.bind(tenant_id), select.bind(id)].join(", ");
                select = select.and(&format!("(tenant_id, id) > ({place})"));
            }
            let limit = select.bind(LOADED_AT_ONCE);
            push(&mut select.sql, format_args!(" ORDER BY tenant_id, id LIMIT {limit}"));
            let rows = db.fetch(select.sql, select.args).await?;
            for row in &rows {
                each(read(row)?);
            }
            last = match rows.last() {
                Some(row) if rows.len() == LOADED_AT_ONCE as usize => Some((row.get("tenant_id")?, row.get("id")?)),
                _ => return Ok(()),
            };
        }
    }

    /// Removes the row of the handle's tenant with this id.
    pub async fn delete(&self, db: &mut Db, id: impl Id) -> Result<bool> {
        let sql = format!("DELETE FROM {} WHERE tenant_id = $1 AND id = $2", self.name);
        Ok(db.run(sql, args![db.tenant()?, id.uuid()]).await? > 0)
    }

    /// The rows of the handle's tenant.
    pub fn select(&self, db: &Db) -> Result<Select> {
        self.select_with(db, "")
    }

    /// The rows of the handle's tenant, with more columns: `", secret_hash"`.
    pub fn select_with(&self, db: &Db, more: &str) -> Result<Select> {
        let sql = format!("SELECT {}{more} FROM {} WHERE tenant_id = $1", self.columns(), self.name);
        Ok(Select { sql, args: args![db.tenant()?] })
    }

    /// The rows of every tenant.
    pub fn select_any_tenant(&self, db: &Db) -> Result<Select> {
        self.select_any_tenant_with(db, "")
    }

    /// The rows of every tenant, with more columns: `", secret_hash"`.
    pub fn select_any_tenant_with(&self, db: &Db, more: &str) -> Result<Select> {
        db.check_system()?;
        let sql = format!("SELECT {}{more} FROM {} WHERE TRUE", self.columns(), self.name);
        Ok(Select { sql, args: Vec::new() })
    }
}

/// How many rows [`Table::each_any_tenant`] asks for at once.
const LOADED_AT_ONCE: u32 = 1_000;

/// How many values an `IN` takes at once: far below what either database allows.
const MAX_IN: usize = 500;

/// A `SELECT` under construction. A condition whose value is none is left out.
pub(crate) struct Select {
    sql: String,
    args: Vec<Value>,
}

impl Select {
    /// Adds a value and answers its placeholder.
    pub fn bind(&mut self, value: impl Into<Value>) -> String {
        self.args.push(value.into());
        format!("${}", self.args.len())
    }

    /// A condition without values.
    pub fn and(mut self, condition: &str) -> Self {
        push(&mut self.sql, format_args!(" AND {condition}"));
        self
    }

    /// A condition on one value, which stands where the text says `?`, as often as it does.
    pub fn and_if(mut self, condition: &str, value: Option<impl Into<Value>>) -> Self {
        let Some(value) = value else { return self };
        let place = self.bind(value);
        self.and(&condition.replace('?', &place))
    }

    /// The column has this value.
    pub fn is(self, column: &str, value: Option<impl Into<Value>>) -> Self {
        self.and_if(&format!("{column} = ?"), value)
    }

    /// The column is true, or false. It stands in the text by itself, so that partial indexes on it are found.
    pub fn and_flag(self, column: &str, value: Option<bool>) -> Self {
        match value {
            None => self,
            Some(true) => self.and(column),
            Some(false) => self.and(&format!("NOT {column}")),
        }
    }

    /// The column is not before this value.
    pub fn since(self, column: &str, value: Option<impl Into<Value>>) -> Self {
        self.and_if(&format!("{column} >= ?"), value)
    }

    /// The column is before this value.
    pub fn before(self, column: &str, value: Option<impl Into<Value>>) -> Self {
        self.and_if(&format!("{column} < ?"), value)
    }

    /// The column has one of these values; no values, no condition.
    pub fn one_of(mut self, column: &str, values: Vec<Value>) -> Self {
        if values.is_empty() {
            return self;
        }
        let places = tuple(self.args.len() + 1, values.len());
        self.args.extend(values);
        self.and(&format!("{column} IN {places}"))
    }

    /// The column (see [`search_text`]) contains this text, whatever the case.
    pub fn contains(self, column: &str, text: Option<&String>) -> Self {
        let pattern = text.map(|text| like_pattern(text));
        self.and_if(&format!("{column} LIKE ? ESCAPE '\\'"), pattern)
    }

    /// Every row, in this order.
    pub async fn ordered<T>(mut self, db: &mut Db, order: &str, read: fn(&Row) -> Result<T>) -> Result<Vec<T>> {
        push(&mut self.sql, format_args!(" ORDER BY {order}"));
        self.many(db, read).await
    }

    /// The first `limit` rows, in this order.
    pub async fn first<T>(
        mut self,
        db: &mut Db,
        order: &str,
        limit: u32,
        read: fn(&Row) -> Result<T>,
    ) -> Result<Vec<T>> {
        let limit = self.bind(limit);
        push(&mut self.sql, format_args!(" ORDER BY {order} LIMIT {limit}"));
        self.many(db, read).await
    }

    /// Every row, in no order.
    pub async fn many<T>(self, db: &mut Db, read: fn(&Row) -> Result<T>) -> Result<Vec<T>> {
        db.many(self.sql, self.args, read).await
    }

    /// The one row that there is, if any.
    pub async fn one<T>(self, db: &mut Db, read: fn(&Row) -> Result<T>) -> Result<Option<T>> {
        db.one(self.sql, self.args, read).await
    }

    /// The one row that there is, if any, locked until the end of the transaction.
    pub async fn lock<T>(mut self, db: &mut Db, read: fn(&Row) -> Result<T>) -> Result<Option<T>> {
        self.sql.push_str(db.dialect().for_update());
        self.one(db, read).await
    }

    /// A page of rows, newest first.
    pub async fn page<T>(mut self, db: &mut Db, page: Page, read: fn(&Row) -> Result<T>) -> Result<Listing<T>> {
        self = self.before("id", page.after.map(|cursor| cursor.0));
        let limit = page.limit.max(1);
        // One row more tells whether there is another page.
        let more = self.bind(i64::from(limit) + 1);
        push(&mut self.sql, format_args!(" ORDER BY id DESC LIMIT {more}"));
        let mut rows = db.fetch(self.sql, self.args).await?;
        let limit = limit as usize;
        let full = rows.len() > limit;
        rows.truncate(limit);
        let next = match rows.last() {
            Some(last) if full => Some(Cursor(last.get("id")?)),
            _ => None,
        };
        Ok(Listing { items: rows.iter().map(read).collect::<Result<_>>()?, next })
    }
}

/// `($3, $4, $5)` for a first number and a count.
pub(crate) fn tuple(first: usize, count: usize) -> String {
    let places: Vec<_> = (first..first + count).map(|number| format!("${number}")).collect();
    format!("({})", places.join(", "))
}

/// `($1, $2), ($3, $4)` for these rows.
pub(crate) fn tuples(rows: &[Vec<Value>]) -> String {
    let width = rows.first().map_or(0, Vec::len);
    let all: Vec<_> = (0..rows.len()).map(|index| tuple(index * width + 1, width)).collect();
    all.join(", ")
}

/// Cuts many rows into batches of few sizes, so that each size can stay prepared.
pub(crate) fn batches(rows: Vec<Vec<Value>>) -> Vec<Vec<Vec<Value>>> {
    let mut cut = Vec::new();
    let mut left = rows.len();
    let mut rows = rows.into_iter();
    for size in [64, 16, 4, 1] {
        while left >= size {
            cut.push(rows.by_ref().take(size).collect());
            left -= size;
        }
    }
    cut
}

fn push(sql: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ok = sql.write_fmt(text);
}

/// What the column `search` of a row holds: the texts that people look for, in lower case. It is kept because the two
/// databases do not agree on the lower case of letters beyond ASCII.
pub(crate) fn search_text(texts: &[Option<&str>]) -> String {
    let texts: Vec<_> = texts.iter().flatten().map(|text| text.to_lowercase()).collect();
    texts.join("\n")
}

/// The pattern that finds this text in a column like `search`.
pub(crate) fn like_pattern(text: &str) -> String {
    format!("%{}", like_prefix(&text.to_lowercase()))
}

/// The pattern that finds what begins with this text.
pub(crate) fn like_prefix(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("{escaped}%")
}

/// A record as a JSON column.
pub(crate) fn to_json(record: &impl Serialize) -> Result<Value> {
    let json = serde_json::to_value(record).map_err(|error| Error::Other(error.to_string()))?;
    Ok(json.into())
}

/// A JSON column as a record.
pub(crate) fn from_json<T: DeserializeOwned>(row: &Row, name: &str) -> Result<T> {
    opt_from_json(row, name)?.ok_or_else(|| corrupt(name, "is null"))
}

/// A JSON column as a record, none for NULL.
pub(crate) fn opt_from_json<T: DeserializeOwned>(row: &Row, name: &str) -> Result<Option<T>> {
    let json: Option<serde_json::Value> = row.opt(name)?;
    json.map(|json| serde_json::from_value(json).map_err(|error| corrupt(name, &error.to_string()))).transpose()
}
