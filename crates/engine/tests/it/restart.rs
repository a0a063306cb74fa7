//! What was acknowledged survives, and nothing happens twice.

use std::collections::BTreeMap;

use serde_json::json;
use tracklane_core::id::ZoneId;
use tracklane_core::model::Caller;
use tracklane_engine::Settings;
use tracklane_engine::tracking::{DeviceRef, LatestFilter};

use crate::kit::{Ground, World, east, fix};

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
    let (phone, zones) = first.block_on(prepare(&world));
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
    let told = runtime_now.block_on(story(&ground, &engine, &boss, &zones));
    runtime_now.block_on(engine.shutdown());
    drop(engine);
    runtime_now.shutdown_timeout(PATIENCE);
    told
}

async fn prepare(world: &World) -> (tracklane_core::id::DeviceId, BTreeMap<ZoneId, String>) {
    let driver = world.driver("Ana").await.id;
    let phone = world.device("phone", Some(driver)).await.id;
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
    (phone, zones)
}

async fn story(
    ground: &Ground,
    engine: &tracklane_engine::Engine,
    boss: &Caller,
    zones: &BTreeMap<ZoneId, String>,
) -> Vec<String> {
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
    let cuts = [0..7, 7..12, 12..14, 14..16, 16..20, 20..27, 27..30, 30..34, 34..38, 38..50, 50..60, 60..61];
    assert_eq!(journey(&cuts), whole);
}
