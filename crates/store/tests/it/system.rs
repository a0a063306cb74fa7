//! Opening, migrating, copying; settings of the installation.

use sqlx::{Connection, PgConnection};
use tracklane_store::{Error, Page, Scope, Store, meta, tenants};

use crate::fixtures;
use crate::harness::{World, conformance, database_url, postgres_url};

conformance!(settings_are_kept, it_answers);

async fn settings_are_kept(world: World) {
    let mut tx = world.begin_system().await;
    assert_eq!(meta::get_any_tenant(&mut tx, "key").await, Ok(None));
    meta::set_any_tenant(&mut tx, "key", "c").await.unwrap();
    meta::set_any_tenant(&mut tx, "key", "d").await.unwrap();
    assert_eq!(meta::get_any_tenant(&mut tx, "key").await, Ok(Some("d".to_owned())));
    assert!(matches!(meta::get_any_tenant(&mut world.read().await, "key").await, Err(Error::Scope(_))));
}

async fn it_answers(world: World) {
    assert_eq!(world.store.health().await, Ok(()));
    assert_eq!(world.store.maintain().await, Ok(()));
    world.store.close().await;
    assert!(matches!(world.store.health().await, Err(Error::Unavailable(_))));
    assert!(matches!(world.store.begin(Scope::System).await, Err(Error::Unavailable(_))));
}

#[tokio::test]
async fn unknown_addresses_are_refused() {
    for url in ["", "mysql://u:secret@h/d", "sqlite:", "sqlite://", "sqlite:x.db?mode=rwc", "/tmp/x.db", "POSTGRES://x"]
    {
        let error = Store::open(url).await.err().unwrap();
        let text = error.to_string();
        assert!(matches!(error, Error::Url { .. }), "{url}: {error:?}");
        assert!(text.contains("sqlite:/path/to/file.db") && text.contains("postgres://"), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }
}

#[tokio::test]
async fn what_cannot_be_reached_is_unavailable() {
    let error = Store::open("sqlite:/nowhere/at/all.db").await.err().unwrap();
    assert!(matches!(&error, Error::Unavailable(why) if why.contains("/nowhere/at/all.db")), "{error:?}");
    // Nothing listens on port 1.
    let error = Store::open("postgres://user:secret@127.0.0.1:1/db").await.err().unwrap();
    assert!(error.is_transient() && !error.to_string().contains("secret"), "{error:?}");
}

#[tokio::test]
async fn a_file_is_kept_and_copied() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("a b.db").display());
    let store = Store::open(&url).await.unwrap();
    let tenant = fixtures::tenant("kept");
    let mut tx = store.begin(Scope::System).await.unwrap();
    tenants::insert_any_tenant(&mut tx, &tenant).await.unwrap();
    tx.commit().await.unwrap();
    let copy = folder.path().join("copy.db");
    store.backup_to(&copy).await.unwrap();
    assert!(store.backup_to(&copy).await.is_err(), "an existing file must not be written over");
    let second = folder.path().join("second.db");
    Store::backup(&url, &second).await.unwrap();
    assert!(Store::backup(&url, &second).await.is_err(), "an existing file must not be written over");
    store.close().await;
    let missing = format!("sqlite:{}", folder.path().join("missing.db").display());
    assert!(matches!(Store::backup(&missing, &folder.path().join("x.db")).await, Err(Error::Unavailable(_))));
    assert!(!folder.path().join("missing.db").exists(), "looking makes nothing");
    assert!(Store::backup("postgres://u@h/d", &folder.path().join("x.db")).await.is_err());

    for url in [url, format!("sqlite://{}", copy.display()), format!("sqlite:{}", second.display())] {
        let store = Store::open(&url).await.unwrap();
        let mut db = store.read(Scope::System).await.unwrap();
        assert_eq!(
            tenants::list_any_tenant(&mut db, Page::first(9)).await.unwrap().items,
            std::slice::from_ref(&tenant)
        );
    }
}

#[tokio::test]
async fn altered_and_newer_schemas_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    let url = format!("sqlite:{}", path.display());
    for (change, wanted) in [
        ("UPDATE migrations SET checksum = x'00' WHERE name = '0001_access.sql'", "0001_access.sql was changed"),
        ("INSERT INTO migrations (name, checksum) VALUES ('9999_future.sql', x'00')", "9999_future.sql"),
    ] {
        Store::open(&url).await.unwrap().close().await;
        rusqlite::Connection::open(&path).unwrap().execute_batch(change).unwrap();
        let error = Store::open(&url).await.err().unwrap();
        assert!(matches!(&error, Error::Migration(text) if text.contains(wanted)), "{error:?}");
        std::fs::remove_file(&path).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_may_start_at_once() {
    let Some(base) = postgres_url() else { return };
    let name = format!("tracklane_start_{}", std::process::id());
    crate::harness::admin(&base, format!("CREATE DATABASE {name}")).await;
    let url = database_url(&base, &name);
    let (one, two) = tokio::join!(Store::open(&url), Store::open(&url));
    one.unwrap().close().await;
    two.unwrap().close().await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM migrations").fetch_one(&mut connection).await.unwrap();
    assert!(count > 0);
    connection.close().await.unwrap();
    crate::harness::admin(&base, format!("DROP DATABASE {name} WITH (FORCE)")).await;
}
