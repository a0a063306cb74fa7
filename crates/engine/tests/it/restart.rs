//! What was acknowledged survives, and nothing happens twice.

use std::collections::BTreeMap;

use serde_json::json;
use tracklane_core::Timestamp;
use tracklane_core::event::Event;
use tracklane_core::id::{DeviceId, ZoneId};
use tracklane_core::model::Caller;
use tracklane_core::position::Point;
use tracklane_engine::tracking::{DeviceRef, Incoming, LatestFilter};
use tracklane_engine::{Engine, Settings};
use tracklane_store::{Scope, recorded};

use crate::kit::{Ground, World, east, fix};
use crate::stage::on_both;

on_both!(what_was_told_is_known_though_zones_moved_meanwhile, notes_go_once_the_states_are_saved);

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// The steps in the order in which they come: some are overtaken by the one after them, or by the two after them.
fn steps() -> Vec<i32> {
    let mut steps: Vec<i32> = (0..61).collect();
    for first in [11, 13, 15, 26, 33, 41, 47, 54] {
        steps.swap(first, first + 1);
    }
    for first in [19, 29, 37] {
        steps[first..first + 3].rotate_left(1);
    }
    steps
}

/// Drives through zones and to a delivery; after each stretch the engine is killed and another one started: nothing is saved
/// but what each turn made durable. Answers everything that the log told, without ids and times of writing.
fn journey(stretches: &[std::ops::Range<usize>]) -> Vec<String> {
    let ground = Ground::new();
    let mut settings = Settings::default();
    settings.tracking.checkpoint_seconds = 3_600;
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let first = runtime();
    let world = first.block_on(async {
        let engine = ground.start_with(settings.clone()).await;
        World::on(ground, engine).await
    });
    let ([phone, van], zones) = first.block_on(prepare(&world));
    let World { ground, engine, boss, .. } = world;
    let steps = steps();
    // Fixes are a minute old when they come, so that none is ahead of the clock.
    let start = ground.now();
    ground.pass(60);
    let mut running = Some((first, engine));
    for stretch in stretches {
        let (runtime_now, engine) = running.take().unwrap();
        for step in steps[stretch.clone()].iter().copied() {
            ground.pass(10);
            let at = start + jiff::SignedDuration::from_secs(10 * i64::from(step));
            let row = fix(DeviceRef::Id(phone), Some(at), east(f64::from(step) * 100.0));
            runtime_now.block_on(engine.tracking.submit_one(&boss, row)).unwrap();
            let row = of_the_van(van, &ground, start);
            runtime_now.block_on(engine.tracking.submit_one(&boss, row)).unwrap();
        }
        let latest = engine.tracking.latest(&boss, &LatestFilter::default()).unwrap();
        drop(engine);
        runtime_now.shutdown_timeout(PATIENCE);
        let next = runtime();
        let engine = next.block_on(ground.start_with(settings.clone()));
        let found = engine.tracking.latest(&boss, &LatestFilter::default()).unwrap();
        assert_eq!(found, latest, "where devices are is known again");
        running = Some((next, engine));
    }
    let (runtime_now, engine) = running.unwrap();
    let mut told = runtime_now.block_on(story(&ground, &engine, &boss, &zones));
    let span = (Timestamp::UNIX_EPOCH, ground.now());
    let did = runtime_now.block_on(engine.tracking.movements(&boss, van, &[], span, 100)).unwrap();
    told.extend(did.ended.iter().chain(&did.ongoing).map(|part| {
        let second = |at: Timestamp| at.as_second() - ground.start_time();
        format!("{:?} {} {} m {:.0}", part.kind, second(part.started_at), second(part.ended_at), part.distance_m)
    }));
    let kept = engine.tracking.history(&boss, van, span.0, span.1, 100, true);
    let marks = runtime_now.block_on(kept).unwrap().into_iter().filter_map(|position| position.mark);
    told.extend(marks.map(|mark| mark.as_str().to_owned()));
    runtime_now.block_on(engine.shutdown());
    drop(engine);
    runtime_now.shutdown_timeout(PATIENCE);
    told
}

/// The van stands for a while and raises an alarm meanwhile; one of its positions jumps.
fn of_the_van(van: DeviceId, ground: &Ground, start: Timestamp) -> Incoming {
    let step = ground.now().duration_since(start).as_secs() / 10 - 7;
    let metres = match step {
        14 => 90_000.0,
        ..20 => step as f64 * 100.0,
        20..=45 => 2_000.0 + (step % 5) as f64 * 7.0,
        _ => (step - 25) as f64 * 100.0,
    };
    // On a way of its own, past all zones.
    let point = Point { lat: 41.3, ..east(metres) };
    let mut row = fix(DeviceRef::Id(van), Some(ground.now()), point);
    if (25..=33).contains(&step) {
        row.attributes.insert("alarm".to_owned(), "door".into());
    }
    row
}

async fn prepare(world: &World) -> ([DeviceId; 2], BTreeMap<ZoneId, String>) {
    let driver = world.driver("Ana").await.id;
    let phone = world.device("phone", Some(driver)).await.id;
    let van = world.device("van", None).await.id;
    let mut zones = BTreeMap::new();
    for (name, metres) in [("A", 1_500.0), ("B", 3_000.0), ("C", 4_500.0)] {
        let centre = east(metres);
        let geometry = json!({ "type": "Point", "coordinates": [centre.lon, centre.lat] });
        let zone = json!({ "name": name, "radius_m": 420, "geometry": geometry });
        let zone = world.engine.records.zones.create(&world.boss, serde_json::from_value(zone).unwrap()).await.unwrap();
        zones.insert(zone.id, zone.name);
    }
    let (from, to) = (world.location("From", east(0.0)).await.id, world.location("To", east(6_000.0)).await.id);
    let shipment = json!({ "origin_id": from, "destination_id": to, "driver_id": driver, "milestones": "full" });
    world.shipment(shipment).await;
    ([phone, van], zones)
}

async fn story(ground: &Ground, engine: &Engine, boss: &Caller, zones: &BTreeMap<ZoneId, String>) -> Vec<String> {
    let log = crate::kit::log_of(engine, boss.tenant_id).await;
    let start = ground.start_time();
    let lines = log.iter().map(|event| {
        let zone = event.zone_id.and_then(|id| zones.get(&id)).cloned().unwrap_or_default();
        let status = event.data.get("status").and_then(|status| status.as_str()).unwrap_or_default();
        let at = event.occurred_at.as_second() - start;
        format!("{at} {} {} {zone}{status}", event.kind.as_str(), event.sequence)
    });
    lines.collect()
}

#[test]
fn a_killed_engine_neither_loses_nor_repeats_anything() {
    let whole = journey(std::slice::from_ref(&(0..61)));
    assert!(whole.iter().any(|line| line.contains("shipment.delivered")), "{whole:#?}");
    assert_eq!(whole.iter().filter(|line| line.contains("zone.")).count(), 6, "{whole:#?}");
    assert_eq!(whole.iter().filter(|line| line.contains("device.alarm")).count(), 1, "{whole:#?}");
    let last: Vec<_> = whole[whole.len() - 4..].iter().map(|line| line.split(" m ").next().unwrap()).collect();
    assert_eq!(last, ["Trip 70 270", "Stop 270 520", "Trip 520 670", "teleport"], "{whole:#?}");
    let cuts = [0..7, 7..12, 12..14, 14..16, 16..20, 20..27, 27..30, 30..34, 34..38, 38..50, 50..60, 60..61];
    assert_eq!(journey(&cuts), whole);
}

/// Lets an engine live, and kills it: nothing is saved but what each turn made durable.
async fn killed<T: Send + 'static>(
    ground: Ground,
    life: impl AsyncFnOnce(&Ground, &Engine) -> T + Send + 'static,
) -> (Ground, T) {
    let whole = move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let mut settings = Settings::default();
        settings.tracking.checkpoint_seconds = 3_600;
        let told = runtime.block_on(async {
            let engine = ground.start_with(settings).await;
            life(&ground, &engine).await
        });
        runtime.shutdown_timeout(PATIENCE);
        (ground, told)
    };
    tokio::task::spawn_blocking(whole).await.unwrap()
}

/// A zone under whose rules one fix is a crossing.
fn zone_around(name: &str, metres: f64) -> serde_json::Value {
    let centre = east(metres);
    let geometry = json!({ "type": "Point", "coordinates": [centre.lon, centre.lat] });
    let rules = json!({ "enter": { "fixes": 1 }, "exit": { "fixes": 1 } });
    json!({ "name": name, "radius_m": 200, "geometry": geometry, "rules": rules })
}

async fn drive(ground: &Ground, engine: &Engine, boss: &Caller, device: DeviceId, metres: f64) {
    ground.pass(60);
    let row = fix(DeviceRef::Id(device), Some(ground.now()), east(metres));
    engine.tracking.submit_one(boss, row).await.unwrap();
}

/// The zone events of a tenant: what, and when since the start.
async fn crossings(ground: &Ground, engine: &Engine, boss: &Caller) -> Vec<String> {
    let log = crate::kit::log_of(engine, boss.tenant_id).await;
    let crossings = log.iter().filter(|event| event.zone_id.is_some() && event.device_id.is_some());
    let line =
        |event: &Event| format!("{} {}", event.occurred_at.as_second() - ground.start_time(), event.kind.as_str());
    crossings.map(line).collect()
}

/// Between the record of a crossing and the next checkpoint zones are drawn anew and the engine is killed: the way that is
/// done again leads through other zones than it did.
async fn what_was_told_is_known_though_zones_moved_meanwhile(ground: Ground) {
    let (ground, (boss, device, told)) = killed(ground, async |ground: &Ground, engine: &Engine| {
        let boss = crate::kit::boss_of(ground, engine).await;
        let device = json!({ "identifier": "van" });
        let device = engine.records.devices.create(&boss, serde_json::from_value(device).unwrap()).await.unwrap().id;
        let zones = &engine.records.zones;
        let left = zones.create(&boss, serde_json::from_value(zone_around("Left", 0.0)).unwrap()).await.unwrap();
        let met = zones.create(&boss, serde_json::from_value(zone_around("Met", 9_000.0)).unwrap()).await.unwrap();
        for metres in [-900.0, 0.0, 50.0, 700.0] {
            drive(ground, engine, &boss, device, metres).await;
        }
        let entered = crossings(ground, engine, &boss).await;
        assert_eq!(entered.len(), 2, "in and out: {entered:?}");
        drive(ground, engine, &boss, device, 20.0).await;
        // Where the device never was, and where it was before.
        let away = serde_json::from_value(zone_around("Left", 50_000.0)).unwrap();
        zones.update(&boss, left.id, left.version, away).await.unwrap();
        let near = serde_json::from_value(zone_around("Met", -900.0)).unwrap();
        zones.update(&boss, met.id, met.version, near).await.unwrap();
        (boss.clone(), device, crossings(ground, engine, &boss).await)
    })
    .await;
    assert_eq!(told.len(), 3, "in, out, in: {told:?}");
    let caller = boss.clone();
    let known = told.clone();
    let (ground, again) = killed(ground, async move |ground: &Ground, engine: &Engine| {
        assert_eq!(crossings(ground, engine, &caller).await, known, "nothing is told by starting");
        drive(ground, engine, &caller, device, 25.0).await;
        crossings(ground, engine, &caller).await
    })
    .await;
    assert_eq!(again[..3], told, "nothing is told again");
    assert!(
        again[3..].iter().all(|line| line.ends_with("zone.exited")) && again.len() == 4,
        "the zone left: {again:?}"
    );
    let (_ground, still) = killed(ground, async move |ground: &Ground, engine: &Engine| {
        drive(ground, engine, &boss, device, 30.0).await;
        crossings(ground, engine, &boss).await
    })
    .await;
    assert_eq!(still, again, "and so after the next start");
}

async fn notes_go_once_the_states_are_saved(ground: Ground) {
    let (_ground, (before, after)) = killed(ground, async |ground: &Ground, engine: &Engine| {
        let boss = crate::kit::boss_of(ground, engine).await;
        let device = json!({ "identifier": "van" });
        let device = engine.records.devices.create(&boss, serde_json::from_value(device).unwrap()).await.unwrap().id;
        let zone = serde_json::from_value(zone_around("Depot", 0.0)).unwrap();
        engine.records.zones.create(&boss, zone).await.unwrap();
        for metres in [-900.0, 0.0] {
            drive(ground, engine, &boss, device, metres).await;
        }
        let notes = async || {
            let mut db = engine.base.store.read(Scope::System).await.unwrap();
            recorded::load_any_tenant(&mut db, 0, None, 10).await.unwrap().len()
        };
        let before = notes().await;
        engine.shutdown().await;
        (before, notes().await)
    })
    .await;
    assert_eq!((before, after), (1, 0));
}
