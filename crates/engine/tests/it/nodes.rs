//! Several nodes on one PostgreSQL: what one changes, the others know a moment later.

use std::sync::Arc;

use serde_json::json;
use tracklane_core::id::DeviceId;
use tracklane_core::lifecycle::Status;
use tracklane_engine::records::{NewDevice, NewDriver, NewZone};
use tracklane_engine::tracking::{DeviceRef, RowOutcome};
use tracklane_engine::{Engine, Settings};

use super::stage::eventually;
use crate::kit::{Ground, World, east, fix, on_postgres};

/// A second node on the records of the first one, with files of its own.
async fn second(world: &World) -> Engine {
    let ground = Ground {
        clock: Arc::clone(&world.ground.clock),
        env: world.ground.env.clone(),
        folder: tempfile::tempdir().unwrap(),
        url: world.ground.url.clone(),
    };
    ground.start_with(Settings::default()).await
}

async fn end(engine: Engine) {
    let store = engine.base.store.clone();
    engine.shutdown().await;
    store.close().await;
}

/// Whether a node takes a position of a device, now.
async fn takes(world: &World, engine: &Engine, device: DeviceId, metres: f64) -> bool {
    world.ground.pass(1);
    let row = fix(DeviceRef::Id(device), Some(world.ground.now()), east(metres));
    let outcome = engine.tracking.submit_one(&world.boss, row).await.unwrap();
    !matches!(outcome, RowOutcome::Rejected(_))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_are_known_to_all_nodes() {
    on_postgres(async |world: World| {
        let other = second(&world).await;
        let driver = world.driver("Ana").await;
        let device = world.device("phone", Some(driver.id)).await;
        eventually("the device", || async { takes(&world, &other, device.id, 0.0).await.then_some(()) }).await;
        // Changed on the second node, known to the first.
        let home = serde_json::from_value::<NewDriver>(json!({ "name": "Ana", "duty": "off_duty" })).unwrap();
        let driver = other.records.drivers.update(&world.boss, driver.id, driver.version, home).await.unwrap();
        eventually("the end of the shift", || async {
            (!takes(&world, &world.engine, device.id, 0.0).await).then_some(())
        })
        .await;
        let back = serde_json::from_value::<NewDriver>(json!({ "name": "Ana", "duty": "on_duty" })).unwrap();
        world.engine.records.drivers.update(&world.boss, driver.id, driver.version, back).await.unwrap();
        eventually("the next shift", || async { takes(&world, &other, device.id, 0.0).await.then_some(()) }).await;
        let lost = serde_json::from_value::<NewDevice>(
            json!({ "identifier": "phone", "driver_id": driver.id, "disabled": true }),
        )
        .unwrap();
        world.engine.records.devices.update(&world.boss, device.id, device.version, lost).await.unwrap();
        eventually("that it is disabled", || async { (!takes(&world, &other, device.id, 0.0).await).then_some(()) })
            .await;
        end(other).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn zones_and_shipments_are_known_to_all_nodes() {
    on_postgres(async |world: World| {
        let other = second(&world).await;
        let before = other.tracking.sizes();
        let zone = json!({ "name": "Yard", "geometry": { "type": "Point", "coordinates": [-8.61, 41.15] }, "radius_m": 100.0 });
        let zone = serde_json::from_value::<NewZone>(zone).unwrap();
        let zone = world.engine.records.zones.create(&world.boss, zone).await.unwrap();
        eventually("the zone", || async { (other.tracking.sizes().zones == before.zones + 1).then_some(()) }).await;
        world.engine.records.zones.delete(&world.boss, zone.id, None).await.unwrap();
        eventually("its end", || async { (other.tracking.sizes().zones == before.zones).then_some(()) }).await;

        let (hub, home) = (world.location("Hub", east(0.0)).await, world.location("Home", east(5_000.0)).await);
        let driver = world.driver("Ana").await;
        let device = world.device("phone", Some(driver.id)).await;
        let shipment = world
            .shipment(json!({ "origin_id": hub.id, "destination_id": home.id, "driver_id": driver.id, "recipient": { "name": "Rui" } }))
            .await;
        let id = shipment.shipment.id;
        eventually("the leg", || async { (other.tracking.sizes().legs == 1).then_some(()) }).await;
        // The vehicle is heard of by the second node: it moves the shipment.
        for metres in [0.0, 10.0, 20.0] {
            assert!(takes(&world, &other, device.id, metres).await);
        }
        for step in 1..=20 {
            world.ground.pass(60);
            takes(&world, &other, device.id, f64::from(step) * 250.0).await;
        }
        eventually("the shipment to move", || async { (world.status(id).await.0 != Status::Created).then_some(()) }).await;
        end(other).await;
    })
    .await;
}
