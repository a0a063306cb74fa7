//! A shipment that is kept in memory is what the store has.

use std::cell::Cell;

use serde_json::json;
use tracklane_core::id::ShipmentId;
use tracklane_core::lifecycle::Status;
use tracklane_core::model::Caller;
use tracklane_engine::records::{NewCustomer, NewLocation, NewTenant};
use tracklane_engine::shipments::{
    DetailText, NewCorrection, NewFact, NewLeg, NewLink, NewPackage, ShipmentDetail, ShipmentEdit,
};
use tracklane_engine::{Error, Result};

use crate::kit::{World, each, east};

each!(what_is_kept_is_what_there_is, what_is_kept_is_the_tenant_s_own, what_is_kept_is_made_once);

fn text(detail: &ShipmentDetail) -> DetailText {
    DetailText { tag: detail.shipment.version.to_string(), body: serde_json::to_vec(detail).unwrap().into() }
}

async fn read(world: &World, caller: &Caller, id: ShipmentId) -> Result<DetailText> {
    world.engine.shipments.detail_text(caller, id, text).await
}

/// What is read now is what a read past all memory gives.
async fn check(world: &World, id: ShipmentId, after: &str) {
    let kept = read(world, &world.boss, id).await.unwrap();
    assert_eq!(kept, text(&world.detail(id).await), "after {after}");
}

async fn what_is_kept_is_what_there_is(world: World) {
    let (driver, boss) = (world.driver("Ana").await, world.boss.clone());
    let (shipments, records) = (&world.engine.shipments, &world.engine.records);
    let made = world
        .shipment(json!({
            "sender": { "name": "Loja" }, "recipient": { "name": "Rui" }, "packages": [{}],
            "origin": { "name": "Hub", "address": { "point": east(0.0) } },
            "destination": { "name": "Home", "address": { "point": east(5_000.0) } },
        }))
        .await;
    let id = made.shipment.id;
    check(&world, id, "its creation").await;

    let package = shipments.add_package(&boss, id, NewPackage::default()).await.unwrap();
    check(&world, id, "a package").await;
    let input = NewPackage { weight_kg: Some(2.0), ..NewPackage::default() };
    let package = shipments.update_package(&boss, id, package.id, package.version, input).await.unwrap();
    check(&world, id, "a change of a package").await;
    shipments.remove_package(&boss, id, package.id, Some(package.version)).await.unwrap();
    check(&world, id, "the loss of a package").await;

    let link = shipments.add_link(&boss, id, NewLink::default()).await.unwrap();
    check(&world, id, "a link").await;
    shipments.revoke_link(&boss, id, link.id).await.unwrap();
    check(&world, id, "the end of a link").await;

    shipments.assign(&boss, id, driver.id).await.unwrap();
    check(&world, id, "an assignment").await;
    shipments.record(&boss, id, NewFact::scan(Status::PickedUp)).await.unwrap();
    check(&world, id, "a fact").await;
    world.ground.pass(60);
    shipments.record(&boss, id, NewFact::scan(Status::InTransit)).await.unwrap();
    check(&world, id, "another fact").await;
    let twice = NewFact { occurred_at: Some(world.ground.now()), ..NewFact::scan(Status::OutForDelivery) };
    shipments.record(&boss, id, twice.clone()).await.unwrap();
    check(&world, id, "a third fact").await;
    shipments.record(&boss, id, twice).await.unwrap();
    check(&world, id, "the same fact again").await;
    let wrong: NewCorrection = serde_json::from_value(json!({ "status": "exception", "reason_text": "lost" })).unwrap();
    shipments.correct(&boss, id, wrong).await.unwrap();
    check(&world, id, "a correction").await;

    let shipment = shipments.get(&boss, id).await.unwrap();
    let edit = ShipmentEdit { reference: Some("ORDER-1".to_owned()), ..ShipmentEdit::from(&shipment) };
    shipments.update(&boss, id, shipment.version, edit).await.unwrap();
    check(&world, id, "a change").await;
    let leg: NewLeg = serde_json::from_value(json!({ "mode": "fleet", "driver_id": driver.id })).unwrap();
    shipments.add_leg(&boss, id, leg).await.unwrap();
    check(&world, id, "a leg").await;

    let sender = made.sender.unwrap();
    let input = NewCustomer { name: "Loja Nova".to_owned(), ..NewCustomer::from(&sender) };
    records.customers.update(&boss, sender.id, sender.version, input).await.unwrap();
    check(&world, id, "a change of the sender").await;
    let place = made.destination.unwrap();
    let input = NewLocation { name: "Office".to_owned(), ..NewLocation::from(&place) };
    records.locations.update(&boss, place.id, place.version, input).await.unwrap();
    check(&world, id, "a change of the destination").await;
    let admin = Caller::system(world.tenant.id);
    let tenant = records.tenants.own(&admin).await.unwrap();
    let mut input = NewTenant::from(&tenant);
    input.settings.alert_limit_device_seconds += 1;
    records.tenants.update(&admin, tenant.version, input).await.unwrap();
    check(&world, id, "a change of the tenant").await;
}

async fn what_is_kept_is_the_tenant_s_own(world: World) {
    let stranger = world.other().await;
    let id = world.shipment(json!({})).await.shipment.id;
    read(&world, &world.boss, id).await.unwrap();
    assert!(matches!(read(&world, &stranger, id).await, Err(Error::NotFound)));
    let driver = world.driver("Ana").await;
    let caller = world.driver_caller(driver.id);
    assert!(matches!(read(&world, &caller, id).await, Err(Error::NotFound)), "it is not hers");
}

async fn what_is_kept_is_made_once(world: World) {
    let (one, other) = (world.shipment(json!({})).await.shipment.id, world.shipment(json!({})).await.shipment.id);
    let shipments = &world.engine.shipments;
    let made = Cell::new(0);
    let make = |detail: &ShipmentDetail| {
        made.set(made.get() + 1);
        text(detail)
    };
    let first = shipments.detail_text(&world.boss, one, make).await.unwrap();
    shipments.record(&world.boss, other, NewFact::scan(Status::PickedUp)).await.unwrap();
    let second = shipments.detail_text(&world.boss, one, make).await.unwrap();
    assert_eq!(first, second);
    // Where others may write, too, nothing is kept.
    let keeps = world.engine.base.store.stamps().is_some();
    assert_eq!(made.get(), if keeps { 1 } else { 2 }, "another shipment makes none old");
}
