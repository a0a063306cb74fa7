//! Positions are kept as long as the tenant wants, and not at all once their device is deleted.

use tracklane_core::id::DeviceId;
use tracklane_core::model::{Caller, PositionRetention, TenantSettings};
use tracklane_core::ports::{HistoryQuery, PositionHistory};
use tracklane_core::position::Position;
use tracklane_core::{Invalid, Timestamp};
use tracklane_engine::records::NewTenant;
use tracklane_engine::{Error, Settings};

use crate::kit::{Ground, World, east};

const DAY: i64 = 86_400;

async fn kept(world: &World, history: &dyn PositionHistory, device_id: DeviceId) -> Vec<Position> {
    let query = HistoryQuery {
        tenant_id: world.tenant.id,
        device_id,
        from: Timestamp::UNIX_EPOCH,
        to: Timestamp::MAX,
        limit: 10_000,
    };
    history.range(query).await.unwrap()
}

fn wants(world: &World, retention: PositionRetention) -> NewTenant {
    let settings = TenantSettings { position_retention: Some(retention), ..world.tenant.settings.clone() };
    NewTenant { settings, ..NewTenant::from(&world.tenant) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_old_is_thinned_and_then_dropped() {
    let ground = Ground::new();
    let history = ground.history();
    let engine = ground.start_on(history.clone(), Settings::default()).await;
    let world = World::on(ground, engine).await;
    let admin = Caller::system(world.tenant.id);
    let phone = world.device("phone", None).await.id;
    for minute in 0..20 {
        world.at(phone, east(f64::from(minute) * 100.0)).await;
        world.ground.pass(60);
    }
    let all = kept(&world, history.as_ref(), phone).await;
    assert_eq!(all.len(), 20);
    // Only what is sealed can be written anew: a restart seals.
    world.engine.shutdown().await;
    let World { ground, tenant, boss, engine } = world;
    drop(engine);
    drop(history);
    let folder = ground.folder.path().join("history");
    tracklane_history::History::open(folder, tracklane_history::Settings::default()).unwrap().close().unwrap();
    let history = ground.history();
    let engine = ground.start_on(history.clone(), Settings::default()).await;
    let world = World { ground, engine, tenant, boss };

    let retention = PositionRetention { raw_days: 30, thinned_seconds: 600, thinned_days: 60 };
    let expected = world.tenant.version;
    world.engine.records.tenants.update(&admin, expected, wants(&world, retention)).await.unwrap();
    world.engine.retention.keep().await.unwrap();
    assert_eq!(kept(&world, history.as_ref(), phone).await, all, "young enough");
    world.ground.pass(40 * DAY);
    world.engine.retention.keep().await.unwrap();
    assert_eq!(kept(&world, history.as_ref(), phone).await, [all[0].clone(), all[10].clone()], "thinned");
    world.ground.pass(60 * DAY);
    let retained = world.engine.retention.keep().await.unwrap();
    assert_eq!((retained.dropped_parts, retained.removed_positions), (1, 2));
    assert_eq!(kept(&world, history.as_ref(), phone).await, []);
    world.engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn positions_of_a_deleted_device_are_erased() {
    let ground = Ground::new();
    let history = ground.history();
    let engine = ground.start_on(history.clone(), Settings::default()).await;
    let world = World::on(ground, engine).await;
    let (gone, stays) = (world.device("gone", None).await, world.device("stays", None).await);
    for device in [gone.id, stays.id] {
        world.at(device, east(0.0)).await;
    }
    world.engine.records.devices.delete(&world.boss, gone.id, None).await.unwrap();
    world.engine.retention.keep().await.unwrap();
    assert_eq!(kept(&world, history.as_ref(), gone.id).await, []);
    assert_eq!(kept(&world, history.as_ref(), stays.id).await.len(), 1);
    world.engine.retention.keep().await.unwrap();
    world.engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_number_has_its_range() {
    let ground = Ground::new();
    let engine = ground.start_with(Settings::default()).await;
    let world = World::on(ground, engine).await;
    let admin = Caller::system(world.tenant.id);
    let bad = PositionRetention { raw_days: 0, thinned_seconds: 0, thinned_days: 40_000 };
    let refused = world.engine.records.tenants.update(&admin, world.tenant.version, wants(&world, bad)).await;
    let Err(Error::Invalid(Invalid(errors))) = refused else { panic!("{refused:?}") };
    let pointers: Vec<&str> = errors.iter().map(|error| error.pointer.as_str()).collect();
    let at = |field: &str| format!("#/settings/position_retention/{field}");
    assert_eq!(pointers, [at("raw_days"), at("thinned_seconds"), at("thinned_days")]);
    world.engine.shutdown().await;
}
