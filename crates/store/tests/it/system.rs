//! Opening, migrating, copying; settings of the installation.

use crate::fixtures;
use crate::harness::{World, conformance, create_database, database_url, on_postgres, postgres_url};
use sqlx::{Connection, PgConnection};
use tracklane_core::Timestamp;
use tracklane_core::id::Id as _;
use tracklane_core::ports::Tenure;
use tracklane_store::changes::Change;
use tracklane_store::{
    Db, Error, Page, Scope, Settings, Store, Transfer, changes, customers, device_states, devices, events, leases,
    meta, stream_partitions, tenants,
};
use uuid::Uuid;

conformance!(settings_are_kept, leases_have_one_holder, who_was_held_up_comes_too_late, it_answers);

async fn settings_are_kept(world: World) {
    let mut tx = world.begin_system().await;
    assert_eq!(meta::get_any_tenant(&mut tx, "key").await, Ok(None));
    meta::set_any_tenant(&mut tx, "key", "c").await.unwrap();
    meta::set_any_tenant(&mut tx, "key", "d").await.unwrap();
    assert_eq!(meta::get_any_tenant(&mut tx, "key").await, Ok(Some("d".to_owned())));
    assert_eq!(meta::set_first_any_tenant(&mut tx, "key", "e").await, Ok(false));
    assert_eq!(meta::set_first_any_tenant(&mut tx, "new", "f").await, Ok(true));
    assert_eq!(meta::get_any_tenant(&mut tx, "key").await, Ok(Some("d".to_owned())));
    assert!(matches!(meta::get_any_tenant(&mut world.read().await, "key").await, Err(Error::Scope(_))));
}

async fn leases_have_one_holder(world: World) {
    let [now, soon, later] = [0, 10, 20].map(|seconds| Timestamp::from_second(1_772_352_000 + seconds).unwrap());
    let [one, two] = [1, 2].map(Uuid::from_u128);
    let mut tx = world.begin_system().await;
    assert_eq!(leases::take_any_tenant(&mut tx, "job", one, now, soon).await, Ok(true));
    assert_eq!(leases::take_any_tenant(&mut tx, "job", two, now, soon).await, Ok(false), "it is another's");
    assert_eq!(leases::take_any_tenant(&mut tx, "other", two, now, soon).await, Ok(true), "each name is by itself");
    assert_eq!(
        leases::take_any_tenant(&mut tx, "job", one, now, later).await,
        Ok(true),
        "the holder may make it longer"
    );
    assert_eq!(leases::take_any_tenant(&mut tx, "job", two, soon, later).await, Ok(false), "it was made longer");
    leases::release_any_tenant(&mut tx, "job", two).await.unwrap();
    assert_eq!(
        leases::take_any_tenant(&mut tx, "job", two, soon, later).await,
        Ok(false),
        "only the holder gives it back"
    );
    assert_eq!(leases::take_any_tenant(&mut tx, "job", two, later, later).await, Ok(true), "its time is over");
    leases::release_any_tenant(&mut tx, "job", two).await.unwrap();
    assert_eq!(leases::take_any_tenant(&mut tx, "job", one, now, soon).await, Ok(true), "it was given back");
    assert_eq!(leases::list_any_tenant(&mut tx, "jo", now).await, Ok(vec![("job".to_owned(), one)]));
    assert_eq!(leases::list_any_tenant(&mut tx, "", soon).await, Ok(vec![]), "all are over by then");
}

async fn who_was_held_up_comes_too_late(world: World) {
    let [one, two] = [1, 2].map(Uuid::from_u128);
    let mut tx = world.begin_system().await;
    let taken = stream_partitions::take_over_any_tenant(&mut tx, 5, one, "a").await.unwrap();
    let first = taken.tenure;
    assert_eq!((first.partition, taken.floor, taken.anew), (5, 1, false));
    stream_partitions::hold_any_tenant(&mut tx, first).await.unwrap();
    stream_partitions::set_floor_any_tenant(&mut tx, first, 70).await.unwrap();
    let taken = stream_partitions::take_over_any_tenant(&mut tx, 5, two, "a").await.unwrap();
    let second = taken.tenure;
    assert_eq!((second.epoch, taken.floor, taken.anew), (first.epoch + 1, 70, false));
    assert_eq!(stream_partitions::hold_any_tenant(&mut tx, first).await, Err(Error::Fenced));
    assert_eq!(stream_partitions::set_floor_any_tenant(&mut tx, first, 80).await, Err(Error::Fenced));
    stream_partitions::hold_any_tenant(&mut tx, second).await.unwrap();
    let never = Tenure { partition: 6, epoch: 1 };
    assert_eq!(stream_partitions::hold_any_tenant(&mut tx, never).await, Err(Error::Fenced));
    // Another stream counts from the beginning.
    let taken = stream_partitions::take_over_any_tenant(&mut tx, 5, two, "b").await.unwrap();
    assert_eq!((taken.tenure.epoch, taken.floor, taken.anew), (second.epoch + 1, 1, true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_node_changes_is_told_in_the_order_of_commits() {
    on_postgres(async |world: World| {
        let [mine, theirs] = [1, 2].map(|number| Some(Uuid::from_u128(number)));
        let url = world.url.clone().unwrap();
        let node = Store::open_with(&Settings { node: mine, ..Settings::at(&url) }).await.unwrap();
        assert_eq!(node.node(), mine);
        node.claim(false).await.unwrap();
        assert!(matches!(world.store.claim(true).await, Err(Error::Unavailable(_))), "one at a time");
        let start = changes::head_any_tenant(&mut world.read_system().await).await.unwrap();
        let customer = fixtures::customer(world.tenant.id);
        let device = fixtures::device(world.tenant.id);
        let mut slow = node.begin(Scope::Tenant(world.tenant.id)).await.unwrap();
        devices::insert(&mut slow, &device).await.unwrap();
        // One that begins later and ends earlier, of a record that nobody keeps.
        let mut quick = node.begin(Scope::Tenant(world.tenant.id)).await.unwrap();
        customers::insert(&mut quick, &customer).await.unwrap();
        let second = fixtures::device(world.tenant.id);
        devices::insert(&mut quick, &second).await.unwrap();
        quick.commit().await.unwrap();
        let mut db = world.read_system().await;
        // The tenants themselves may show late, for transactions of other tests hold up everything.
        let look = async |db: &mut Db, node| {
            let found = changes::after_any_tenant(db, start, 10).await.unwrap();
            let node: Option<Uuid> = node;
            let own = |change: &Change| node.is_some_and(|node| change.node == Some(node.to_string()));
            found.into_iter().filter(|(_, change)| change.kind != "tenants" && !own(change)).collect::<Vec<_>>()
        };
        assert_eq!(look(&mut db, theirs).await, [], "nothing is shown before what may still come before it");
        slow.commit().await.unwrap();
        let mut tx = node.begin(Scope::Tenant(world.tenant.id)).await.unwrap();
        devices::delete(&mut tx, device.id).await.unwrap();
        tx.commit().await.unwrap();
        let seen = async |node| {
            let mut db = world.read_system().await;
            for _ in 0..1_000 {
                let found = look(&mut db, node).await;
                if found.len() >= 3 {
                    return found;
                }
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            panic!("waited too long");
        };
        let ids: Vec<Uuid> = seen(theirs).await.into_iter().map(|(_, change)| change.id).collect();
        assert_eq!(ids, [device.id.uuid(), second.id.uuid(), device.id.uuid()]);
        let all = seen(None).await;
        assert!(all.iter().all(|(_, change)| change.kind == "devices" && change.tenant_id == world.tenant.id));
        assert_eq!(look(&mut db, mine).await, [], "it knows what it did");
        let head = changes::head_any_tenant(&mut db).await.unwrap();
        assert_eq!(all.last().map(|(place, _)| *place), Some(head));
        let mut tx = world.begin_system().await;
        assert_eq!(changes::prune_any_tenant(&mut tx, Timestamp::from_second(0).unwrap(), 10).await, Ok(0));
        assert_eq!(changes::prune_any_tenant(&mut tx, Timestamp::MAX, 2).await, Ok(2));
        tx.commit().await.unwrap();
        drop(db);
        node.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_move_from_sqlite_to_postgres() {
    on_postgres(async |world: World| {
        let folder = tempfile::tempdir().unwrap();
        let from = Store::open(&format!("sqlite:{}", folder.path().join("a.db").display())).await.unwrap();
        let tenant = fixtures::tenant("moved");
        let [device, other] = [fixtures::device(tenant.id), fixtures::device(tenant.id)];
        let state = device_states::DeviceState {
            tenant_id: tenant.id,
            device_id: device.id,
            latest: Some(fixtures::latest(&device)),
            notes: vec![0, 255, 7],
            applied_lsn: 41,
        };
        let mut tx = from.begin(Scope::System).await.unwrap();
        tenants::insert_any_tenant(&mut tx, &tenant).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = from.begin(Scope::Tenant(tenant.id)).await.unwrap();
        devices::insert_many(&mut tx, &[device.clone(), other]).await.unwrap();
        customers::insert(&mut tx, &fixtures::customer(tenant.id)).await.unwrap();
        events::append(&mut tx, &mut fixtures::event(tenant.id, None)).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = from.begin(Scope::System).await.unwrap();
        device_states::upsert_many_any_tenant(&mut tx, std::slice::from_ref(&state)).await.unwrap();
        meta::set_any_tenant(&mut tx, "key", "value").await.unwrap();
        tx.commit().await.unwrap();

        let refused = Transfer::begin(from.clone(), world.store.clone()).await.err().unwrap();
        assert!(refused.to_string().contains("holds an installation already"), "{refused}");
        let refused = Transfer::begin(world.store.clone(), from.clone()).await.err().unwrap();
        assert!(refused.to_string().contains("from SQLite to PostgreSQL"), "{refused}");
        let to = Store::open(&create_database(&postgres_url().unwrap()).await).await.unwrap();
        let mut transfer = Transfer::begin(from.clone(), to.clone()).await.unwrap();
        let tables: Vec<String> = transfer.tables().map(str::to_owned).collect();
        let place = |name: &str| tables.iter().position(|table| table == name).unwrap();
        assert!(place("tenants") < place("devices") && place("shipments") < place("tracking_events"));
        assert!(!tables.iter().any(|table| table == "migrations"));
        assert!(transfer.rows().await.unwrap() >= 7);
        assert_eq!(transfer.positions_noted().await, Ok(None));
        for (number, table) in tables.iter().enumerate() {
            while transfer.move_some(table).await.unwrap().is_some() {}
            if number == tables.len() / 2 {
                // Another process takes it up.
                transfer.note_positions("so far").await.unwrap();
                transfer = Transfer::begin(from.clone(), to.clone()).await.unwrap();
                assert_eq!(transfer.positions_noted().await, Ok(Some("so far".to_owned())));
            }
        }
        for table in &tables {
            let (source, target) = transfer.sums(table).await.unwrap();
            assert_eq!(source, target, "{table}");
        }
        let mut tx = to.begin(Scope::Tenant(tenant.id)).await.unwrap();
        customers::insert(&mut tx, &fixtures::customer(tenant.id)).await.unwrap();
        tx.commit().await.unwrap();
        let (source, target) = transfer.sums("customers").await.unwrap();
        assert!(source.rows + 1 == target.rows && source.hash != target.hash, "what differs is seen");
        assert!(transfer.move_some("nothing").await.is_err());
        transfer.finish(100, "floor").await.unwrap();
        let mut db = to.read(Scope::System).await.unwrap();
        assert_eq!(meta::get_any_tenant(&mut db, "floor").await, Ok(Some("100".to_owned())));
        assert_eq!(meta::get_any_tenant(&mut db, "move.begun").await, Ok(None));
        let moved = device_states::get_many_any_tenant(&mut db, &[device.id]).await.unwrap();
        assert_eq!(moved, [device_states::DeviceState { applied_lsn: 99, ..state }]);
        drop(db);
        let mut tx = to.begin(Scope::System).await.unwrap();
        device_states::renumber_any_tenant(&mut tx, 7).await.unwrap();
        // The log goes on behind what was moved.
        events::append(&mut tx, &mut fixtures::event(tenant.id, None)).await.unwrap();
        tx.commit().await.unwrap();
        assert!(Transfer::begin(from.clone(), to.clone()).await.is_err(), "it is done");
        from.close().await;
        to.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_tell_each_other_of_events() {
    on_postgres(async |world: World| {
        let url = world.url.clone().unwrap();
        let [one, two] = [1, 2].map(|number| Settings { node: Some(Uuid::from_u128(number)), ..Settings::at(&url) });
        let (one, two) = (Store::open_with(&one).await.unwrap(), Store::open_with(&two).await.unwrap());
        let mut heard = two.events_changed();
        // The first may be told before the other one listens.
        let told = async {
            loop {
                let mut tx = one.begin(Scope::Tenant(world.tenant.id)).await.unwrap();
                let mut event = fixtures::event(world.tenant.id, None);
                events::append(&mut tx, &mut event).await.unwrap();
                tx.commit().await.unwrap();
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        };
        tokio::select! {
            () = told => {}
            heard = tokio::time::timeout(std::time::Duration::from_secs(60), heard.changed()) => heard.expect("a word").unwrap(),
        }
        one.close().await;
        two.close().await;
    })
    .await;
}

async fn it_answers(world: World) {
    assert_eq!(world.store.claim(false).await, Ok(()));
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
        (
            "INSERT INTO migrations (name, checksum, overlap) VALUES ('9999_future.sql', x'00', FALSE)",
            "9999_future.sql",
        ),
    ] {
        Store::open(&url).await.unwrap().close().await;
        rusqlite::Connection::open(&path).unwrap().execute_batch(change).unwrap();
        let error = Store::open(&url).await.err().unwrap();
        assert!(matches!(&error, Error::Migration(text) if text.contains(wanted)), "{error:?}");
        std::fs::remove_file(&path).unwrap();
    }
    // A step that lets programs before it go on.
    Store::open(&url).await.unwrap().close().await;
    let change = "INSERT INTO migrations (name, checksum, overlap) VALUES ('9999_future.sql', x'00', TRUE)";
    rusqlite::Connection::open(&path).unwrap().execute_batch(change).unwrap();
    Store::open(&url).await.unwrap().close().await;
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
