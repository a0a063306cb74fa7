//! What a transaction promises.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use sqlx::{Connection as _, PgConnection};
use tokio::time::{sleep, timeout};
use tracklane_core::id::Id as _;
use tracklane_store::customers::CustomerFilter;
use tracklane_store::{Error, Page, Scope, Store, customers, shipments, tenants};

use crate::fixtures;
use crate::harness::{World, conformance};

conformance!(
    what_is_dropped_leaves_nothing,
    an_error_spends_the_transaction,
    many_small_transactions_all_land,
    a_caller_who_gives_up_blocks_nobody,
    a_caller_who_gives_up_at_any_point_leaves_no_transaction_open,
    readers_see_what_was_committed,
    a_locked_tenant_is_waited_for,
    what_runs_at_the_store_is_like_all_else,
    a_reader_reads_many_times_at_once,
    what_was_kept_holds_until_somebody_writes_it,
);

async fn count(world: &World) -> usize {
    let mut db = world.read().await;
    customers::list(&mut db, &CustomerFilter::default(), Page::first(10_000)).await.unwrap().items.len()
}

async fn what_is_dropped_leaves_nothing(world: World) {
    let mut tx = world.begin().await;
    customers::insert(&mut tx, &fixtures::customer(world.tenant.id)).await.unwrap();
    drop(tx);
    let mut tx = world.begin().await;
    let kept = fixtures::customer(world.tenant.id);
    customers::insert(&mut tx, &kept).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(count(&world).await, 1);
    assert_eq!(customers::get(&mut world.read().await, kept.id).await, Ok(Some(kept)));
}

async fn an_error_spends_the_transaction(world: World) {
    let mut tx = world.begin().await;
    let customer = fixtures::customer(world.tenant.id);
    customers::insert(&mut tx, &customer).await.unwrap();
    let mut twin = fixtures::customer(world.tenant.id);
    twin.reference = customer.reference.clone();
    assert!(matches!(customers::insert(&mut tx, &twin).await, Err(Error::NotUnique { .. })));
    assert_eq!(customers::get(&mut tx, customer.id).await, Err(Error::Spent));
    assert_eq!(tx.commit().await, Err(Error::Spent));
    assert_eq!(count(&world).await, 0);

    let mut tx = world.begin().await;
    let mut strange = fixtures::customer(world.tenant.id);
    strange.name = "a\0b".to_owned();
    assert_eq!(customers::insert(&mut tx, &strange).await, Err(Error::NulCharacter));
}

async fn many_small_transactions_all_land(world: World) {
    let world = Arc::new(world);
    let writers: Vec<_> = (0..64)
        .map(|number| {
            let world = world.clone();
            tokio::spawn(async move {
                let customer = fixtures::customer(world.tenant.id);
                let mut tx = world.begin().await;
                customers::insert(&mut tx, &customer).await.unwrap();
                if number % 4 == 3 {
                    // Fails or is dropped, in the middle of the others.
                    let _refused = customers::insert(&mut tx, &customer).await;
                    return;
                }
                tx.commit().await.unwrap();
                // Whoever was told sees it.
                assert_eq!(customers::get(&mut world.read().await, customer.id).await, Ok(Some(customer)));
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(count(&world).await, 48);
}

async fn a_caller_who_gives_up_blocks_nobody(world: World) {
    let holding = world.begin().await;
    let store = world.store.clone();
    let tenant = world.tenant.id;
    let waiting = tokio::spawn(async move {
        let mut tx = store.begin(Scope::Tenant(tenant)).await.unwrap();
        customers::insert(&mut tx, &fixtures::customer(tenant)).await.unwrap();
        std::future::pending::<()>().await;
    });
    sleep(Duration::from_millis(20)).await;
    waiting.abort();
    drop(holding);
    timeout(Duration::from_secs(5), async {
        let mut tx = world.begin().await;
        customers::insert(&mut tx, &fixtures::customer(world.tenant.id)).await.unwrap();
        tx.commit().await.unwrap();
    })
    .await
    .unwrap();
    assert_eq!(count(&world).await, 1);
}

async fn a_caller_who_gives_up_at_any_point_leaves_no_transaction_open(world: World) {
    for polls in (0..12).cycle().take(36) {
        let mut work = Box::pin(async {
            let mut tx = world.begin().await;
            customers::insert(&mut tx, &fixtures::customer(world.tenant.id)).await.unwrap();
            tx.commit().await.unwrap();
        });
        let mut left = polls;
        poll_fn(|context| {
            if left == 0 || work.as_mut().poll(context).is_ready() {
                return Poll::Ready(());
            }
            left -= 1;
            Poll::Pending
        })
        .await;
        drop(work);
        timeout(Duration::from_secs(10), no_transaction_is_open(&world)).await.expect("no transaction stays open");
    }
}

async fn no_transaction_is_open(world: &World) {
    let Some(url) = &world.url else {
        // There is one writer, and it is free.
        drop(world.begin().await);
        return;
    };
    let open = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'";
    let mut connection = PgConnection::connect(url).await.unwrap();
    while sqlx::query_scalar::<_, i64>(open).fetch_one(&mut connection).await.unwrap() > 0 {
        sleep(Duration::from_millis(20)).await;
    }
}

async fn readers_see_what_was_committed(world: World) {
    let mut tx = world.begin().await;
    let customer = fixtures::customer(world.tenant.id);
    customers::insert(&mut tx, &customer).await.unwrap();
    let mut reader = world.read().await;
    assert_eq!(customers::get(&mut reader, customer.id).await, Ok(None));
    tx.commit().await.unwrap();
    assert_eq!(customers::get(&mut reader, customer.id).await, Ok(Some(customer)));
}

/// Commits are shared: many writers at once need far fewer of them than there are transactions.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn durable_commits_are_shared() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    let store = Store::open(&format!("sqlite:{}", path.display())).await.unwrap();
    let tenant = fixtures::tenant("t");
    let mut tx = store.begin(Scope::System).await.unwrap();
    tenants::insert_any_tenant(&mut tx, &tenant).await.unwrap();
    tx.commit().await.unwrap();
    let one_at_a_time = wal_growth(&path, write_many(&store, tenant.id, 1, 64)).await;
    let at_once = wal_growth(&path, write_many(&store, tenant.id, 64, 1)).await;
    assert!(at_once * 2 < one_at_a_time, "{at_once} bytes at once, {one_at_a_time} one after the other");
    let work = store.clone();
    let there = async { store.spawn(async move { write_many(&work, tenant.id, 64, 1).await }).await.unwrap() };
    let at_home = wal_growth(&path, there).await;
    assert!(at_home * 2 < one_at_a_time, "{at_home} bytes at the store, {one_at_a_time} one after the other");
}

async fn wal_growth(path: &std::path::Path, work: impl Future<Output = ()>) -> u64 {
    let size = || std::fs::metadata(path.with_extension("db-wal")).unwrap().len();
    let before = size();
    work.await;
    size() - before
}

async fn write_many(store: &Store, tenant: tracklane_core::id::TenantId, writers: usize, each: usize) {
    let writers: Vec<_> = (0..writers)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                for _ in 0..each {
                    let mut tx = store.begin(Scope::Tenant(tenant)).await.unwrap();
                    customers::insert(&mut tx, &fixtures::customer(tenant)).await.unwrap();
                    tx.commit().await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
}

async fn what_runs_at_the_store_is_like_all_else(world: World) {
    let world = Arc::new(world);
    let tenant = world.tenant.id;
    let works: Vec<_> = (0..40)
        .map(|number| {
            let its = world.clone();
            world.store.spawn(async move {
                let customer = fixtures::customer(tenant);
                let mut tx = its.begin().await;
                customers::insert(&mut tx, &customer).await.unwrap();
                match number % 4 {
                    // Told to others, who do not work there.
                    0 => tokio::task::yield_now().await,
                    1 => {
                        assert!(customers::insert(&mut tx, &customer).await.is_err());
                        assert_eq!(tx.commit().await, Err(Error::Spent));
                        return false;
                    }
                    2 => return false,
                    _ => {}
                }
                tx.commit().await.unwrap();
                assert_eq!(customers::get(&mut its.read().await, customer.id).await, Ok(Some(customer)));
                true
            })
        })
        .collect();
    let elsewhere = world.clone();
    let other = tokio::spawn(async move {
        for _ in 0..10 {
            let mut tx = elsewhere.begin().await;
            customers::insert(&mut tx, &fixtures::customer(tenant)).await.unwrap();
            tx.commit().await.unwrap();
        }
    });
    let mut kept = 0;
    for work in works {
        kept += usize::from(work.await.unwrap());
    }
    other.await.unwrap();
    assert_eq!((kept, count(&world).await), (20, 30));
    let its = world.clone();
    let panics = world.store.spawn(async move {
        let _open = its.begin().await;
        panic!("in the middle of a transaction");
    });
    assert!(panics.await.unwrap_err().is_panic());
    drop(world.begin().await);
}

async fn a_reader_reads_many_times_at_once(world: World) {
    let customer = fixtures::customer(world.tenant.id);
    let mut tx = world.begin().await;
    customers::insert(&mut tx, &customer).await.unwrap();
    tx.commit().await.unwrap();
    let (store, tenant, id) = (world.store.clone(), world.tenant.id, customer.id);
    let read = world.store.reading(async move {
        let mut found = Vec::new();
        for _ in 0..3 {
            let mut db = store.read(Scope::Tenant(tenant)).await.unwrap();
            found.push(customers::get(&mut db, id).await.unwrap());
            found.push(customers::get(&mut db, id).await.unwrap());
        }
        found
    });
    assert_eq!(read.await.unwrap(), vec![Some(customer); 6]);
    // There are only so many readers, and each was given back.
    let mut all = Vec::new();
    for _ in 0..8 {
        all.push(world.read().await);
    }
}

async fn what_was_kept_holds_until_somebody_writes_it(world: World) {
    let (one, other) = (fixtures::shipment(world.tenant.id), fixtures::shipment(world.tenant.id));
    let mut tx = world.begin().await;
    shipments::insert(&mut tx, &one).await.unwrap();
    shipments::insert(&mut tx, &other).await.unwrap();
    let Some(then) = tx.commit_seen().await.unwrap() else {
        assert!(!world.begin().await.sees_unchanged(u64::MAX, &[]), "others may write, too");
        return;
    };
    let ids = [one.id.uuid()];
    assert!(world.begin().await.sees_unchanged(then, &ids));
    assert!(!world.read().await.sees_unchanged(then, &ids), "a reader may be behind");

    // Another record, a change that is taken back, and one of one's own.
    let mut tx = world.begin().await;
    assert_eq!(shipments::update(&mut tx, &mut other.clone(), &other, &mut []).await, Ok(true));
    tx.commit().await.unwrap();
    let mut tx = world.begin().await;
    assert_eq!(shipments::update(&mut tx, &mut one.clone(), &one, &mut []).await, Ok(true));
    assert!(!tx.sees_unchanged(then, &ids), "this transaction has written it");
    drop(tx);
    assert!(world.begin().await.sees_unchanged(then, &ids));

    // As the next transaction finds it, though it is not durable yet.
    let mut tx = world.begin().await;
    let mut changed = one.clone();
    assert_eq!(shipments::update(&mut tx, &mut changed, &one, &mut []).await, Ok(true));
    let now = tx.commit_seen().await.unwrap().unwrap();
    let tx = world.begin().await;
    assert!(!tx.sees_unchanged(then, &ids));
    assert!(tx.sees_unchanged(now, &ids));
}

async fn a_locked_tenant_is_waited_for(world: World) {
    let mut tx = world.begin().await;
    let mut tenant = tenants::lock_own(&mut tx).await.unwrap().unwrap();
    let (store, id) = (world.store.clone(), tenant.id);
    let next = tokio::spawn(async move {
        let mut tx = store.begin(Scope::Tenant(id)).await.unwrap();
        tenants::lock_own(&mut tx).await.unwrap().unwrap().name
    });
    sleep(Duration::from_millis(100)).await;
    assert!(!next.is_finished());
    tenant.name = "Renamed".to_owned();
    assert_eq!(tenants::update(&mut tx, &tenant).await, Ok(true));
    tx.commit().await.unwrap();
    assert_eq!(next.await.unwrap(), "Renamed");
}
