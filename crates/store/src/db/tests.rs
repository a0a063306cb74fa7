//! One table of every type, on each database.

use serde_json::{Value as Json, json};
use sqlx::{Connection as _, PgConnection};
use tracklane_core::Timestamp;
use tracklane_core::id::{CustomerId, Id};
use tracklane_core::lifecycle::Status;
use uuid::Uuid;

use super::{Column, Db, Scope, Value, args};
use crate::error::Error;
use crate::store::Store;

#[tokio::test]
async fn every_type_on_sqlite() {
    let store = Store::open("sqlite::memory:").await.unwrap();
    let mut tx = store.begin(Scope::System).await.unwrap();
    every_type(&mut tx).await;
}

#[tokio::test]
async fn every_type_on_postgres() {
    let Ok(base) = std::env::var("TRACKLANE_TEST_POSTGRES_URL") else {
        eprintln!("left out: TRACKLANE_TEST_POSTGRES_URL is not set");
        return;
    };
    let name = format!("tracklane_types_{}", std::process::id());
    let admin = async |sql: String| {
        let mut connection = PgConnection::connect(&base).await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    };
    admin(format!("CREATE DATABASE {name}")).await;
    let (server, _) = base.rsplit_once('/').unwrap();
    let store = Store::open(&format!("{server}/{name}")).await.unwrap();
    let mut tx = store.begin(Scope::System).await.unwrap();
    every_type(&mut tx).await;
    drop(tx);
    store.close().await;
    admin(format!("DROP DATABASE {name} WITH (FORCE)")).await;
}

async fn every_type(db: &mut Db) {
    let table = "CREATE TABLE every_type (number BIGINT NOT NULL, flag BOOLEAN, int BIGINT, real DOUBLE PRECISION, \
                 text TEXT, bytes BYTEA, uuid UUID, time TIMESTAMPTZ, json JSONB)";
    db.run(table, Vec::new()).await.unwrap();
    let insert = "INSERT INTO every_type (number, flag, int, real, text, bytes, uuid, time, json) \
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let time = |micros| Timestamp::from_microsecond(micros).unwrap();
    type Case = (bool, i64, f64, &'static str, Vec<u8>, Uuid, Timestamp, Json);
    let cases: [Case; 4] = [
        (true, i64::MAX, 0.1, "", vec![], Uuid::nil(), time(0), json!({})),
        (false, i64::MIN, f64::MAX, "it's $1 \\ ? é 🚚\n", vec![0, 255], Uuid::max(), time(-1), json!([1, "a", null])),
        (true, 0, -0.0, "0", vec![0x31], Uuid::from_u128(7), time(1_774_747_800_123_457), json!({"a": {"b": 1.5}})),
        (
            false,
            -1,
            f64::MIN_POSITIVE,
            "1e5",
            b"text".to_vec(),
            Uuid::from_u128(8),
            time(253_402_000_000_000_001),
            json!(["ü"]),
        ),
    ];
    for (number, case) in cases.iter().enumerate() {
        let (flag, int, real, text, bytes, uuid, time, json) = case.clone();
        let number = i64::try_from(number).unwrap();
        db.run(insert, args![number, flag, int, real, text, &bytes, uuid, time, &json]).await.unwrap();
        // By number, in any order, one of them twice.
        let query = "SELECT * FROM every_type WHERE number = $2 AND flag = $1 AND int = $3 AND text = $4 AND bytes = $5 \
                     AND uuid = $6 AND time = $7 AND number = $2";
        let rows = db.fetch(query, args![flag, number, int, text, &bytes, uuid, time]).await.unwrap();
        let [row] = rows.as_slice() else { panic!("{} rows for {case:?}", rows.len()) };
        assert_eq!(row.get("flag"), Ok(flag));
        assert_eq!(row.get("int"), Ok(int));
        assert_eq!(row.get("real"), Ok(real));
        assert_eq!(row.get("text"), Ok(text.to_owned()));
        assert_eq!(row.get("bytes"), Ok(bytes));
        assert_eq!(row.get("uuid"), Ok(uuid));
        assert_eq!(row.get("time"), Ok(time));
        assert_eq!(row.get("json"), Ok(json));
    }
    // The oldest instant there is, as a filter may name it, is older than PostgreSQL knows.
    let rows = db.fetch("SELECT * FROM every_type WHERE time <= $1", args![Timestamp::MIN]).await.unwrap();
    assert_eq!(rows.len(), 0);

    let nulls = args![
        -1,
        None::<bool>,
        None::<i64>,
        None::<f64>,
        None::<String>,
        None::<Vec<u8>>,
        None::<Uuid>,
        None::<Timestamp>,
        None::<Json>
    ];
    db.run(insert, nulls).await.unwrap();
    let rows = db.fetch("SELECT * FROM every_type WHERE number < $1", args![0]).await.unwrap();
    let row = &rows[0];
    fn is_null<T: Column + PartialEq + std::fmt::Debug>(row: &super::Row, name: &str) {
        assert_eq!(row.opt::<T>(name), Ok(None));
        assert_eq!(row.get::<T>(name), Err(Error::Corrupt(format!("{name}: is null"))));
    }
    is_null::<bool>(row, "flag");
    is_null::<i64>(row, "int");
    is_null::<f64>(row, "real");
    is_null::<String>(row, "text");
    is_null::<Vec<u8>>(row, "bytes");
    is_null::<Uuid>(row, "uuid");
    is_null::<Timestamp>(row, "time");
    is_null::<Json>(row, "json");

    words_and_ids(db, insert).await;
    ordered(db).await;
}

/// Ids and enums, and what is not one of them.
async fn words_and_ids(db: &mut Db, insert: &'static str) {
    let id = CustomerId::from_uuid(Uuid::from_u128(77));
    let none = || Value::Bytes(None);
    for (number, word) in [(100, "in_transit"), (101, "teleported")] {
        let mut values = args![number, true, 4_000_000_000_i64, 1.5, word];
        values.extend([none(), id.into(), Value::Time(None), json!([1]).into()]);
        db.run(insert, values).await.unwrap();
    }
    let rows = db.fetch("SELECT * FROM every_type WHERE number >= $1 ORDER BY number", args![100]).await.unwrap();
    assert_eq!(rows[0].get("text"), Ok(Status::InTransit));
    assert_eq!(rows[0].get("uuid"), Ok(id));
    assert_eq!(rows[1].get::<Status>("text"), Err(Error::Corrupt("text: unknown word \"teleported\"".to_owned())));
    assert_eq!(rows[0].get::<u16>("int"), Err(Error::Corrupt("int: is out of range".to_owned())));
    assert_eq!(rows[0].get::<u32>("int"), Ok(4_000_000_000));
    let list = rows[0].get::<tracklane_core::position::Attributes>("json");
    assert_eq!(list, Err(Error::Corrupt("json: is no JSON object".to_owned())));
    for refused in [
        Value::from(f64::NAN),
        Value::from(f64::INFINITY),
        Value::from(json!(1)),
        Value::from(json!("text")),
        Value::from(json!(null)),
    ] {
        assert!(matches!(refused.check(), Err(Error::Other(_))), "{refused:?}");
    }
    for refused in [Value::from("a\0"), Value::from(json!({"a": ["\0"]})), Value::from(json!({"\0": 1}))] {
        assert_eq!(refused.check(), Err(Error::NulCharacter), "{refused:?}");
    }
}

/// UUIDs, bytes, instants and numbers have the same order on both.
async fn ordered(db: &mut Db) {
    let row = |row: &super::Row| row.get::<i64>("number");
    for (column, wanted) in
        [("uuid", [0, 2, 3, 1]), ("bytes", [0, 1, 2, 3]), ("time", [1, 0, 2, 3]), ("int", [1, 3, 2, 0])]
    {
        let sql = format!("SELECT number FROM every_type WHERE number >= 0 AND number < 10 ORDER BY {column}");
        assert_eq!(db.many(sql, Vec::new(), row).await, Ok(wanted.to_vec()), "{column}");
    }
}

/// SQLite rolls the whole transaction back when the disk is full: nobody whose commit was part of it may be told otherwise.
#[tokio::test]
async fn a_full_disk_is_said_and_recovered_from() {
    let store = Store::open("sqlite::memory:").await.unwrap();
    let mut tx = store.begin(Scope::System).await.unwrap();
    tx.run("CREATE TABLE heap (number BIGINT, bytes BYTEA)", Vec::new()).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = store.begin(Scope::System).await.unwrap();
    tx.run("INSERT INTO heap (number) VALUES (1)", Vec::new()).await.unwrap();
    let rows = tx.fetch("PRAGMA page_count", Vec::new()).await.unwrap();
    let pages: i64 = rows[0].get("page_count").unwrap();
    tx.fetch(format!("PRAGMA max_page_count = {}", pages + 10), Vec::new()).await.unwrap();

    // Its commit waits for the outer one, which the next transaction loses.
    let first = tokio::spawn(tx.commit());
    let mut tx = store.begin(Scope::System).await.unwrap();
    let fill = "INSERT INTO heap (number, bytes) VALUES (2, $1)";
    assert_eq!(tx.run(fill, args![vec![0; 1_000_000]]).await, Err(Error::Full));
    assert_eq!(tx.run(fill, args![vec![0; 1]]).await, Err(Error::Spent));
    assert_eq!(tx.commit().await, Err(Error::Spent));
    assert_eq!(first.await.unwrap(), Err(Error::Full));

    let mut db = store.read(Scope::System).await.unwrap();
    let count = db.one("SELECT COUNT(*) AS count FROM heap", Vec::new(), |row| row.get::<i64>("count")).await.unwrap();
    assert_eq!(count, Some(0));
    let mut tx = store.begin(Scope::System).await.unwrap();
    tx.run("INSERT INTO heap (number) VALUES (3)", Vec::new()).await.unwrap();
    tx.commit().await.unwrap();
}
