//! Tenants do not see each other; narrow roles see their own.

use serde_json::json;
use tracklane_core::lifecycle::{SourceKind, Status};
use tracklane_core::model::Role;
use tracklane_engine::shipments::{NewCancellation, NewFact, NewLink, NewShipment, ShipmentEdit, ShipmentFilter};
use tracklane_engine::tracking::LatestFilter;
use tracklane_engine::{Error, Page};

use crate::kit::{World, each, east};

each!(
    another_tenant_sees_nothing,
    a_driver_sees_and_tells_what_they_carry,
    a_customer_makes_and_sees_their_own,
    a_customer_is_not_told_who_drives,
    a_customer_names_the_places_that_are_theirs,
    a_viewer_looks_and_touches_nothing,
);

macro_rules! not_found {
    ($($call:expr),* $(,)?) => {
        $(assert!(matches!($call.await, Err(Error::NotFound)), stringify!($call));)*
    };
}

async fn another_tenant_sees_nothing(world: World) {
    let stranger = world.other().await;
    let device = world.device("phone", None).await;
    world.at(device.id, east(0.0)).await;
    let hub = world.location("Hub", east(0.0)).await;
    let made = world.shipment(json!({ "sender": { "name": "Ana" }, "packages": [{}] })).await;
    let (id, shipments, records) = (made.shipment.id, &world.engine.shipments, &world.engine.records);
    let now = world.ground.now();
    not_found!(
        shipments.get(&stranger, id),
        shipments.detail(&stranger, id),
        shipments.events(&stranger, id),
        shipments.page_of_events(&stranger, id, Page::first(1)),
        shipments.position(&stranger, id),
        shipments.record(&stranger, id, NewFact::scan(Status::PickedUp)),
        shipments.cancel(&stranger, id, NewCancellation::default()),
        shipments.update(&stranger, id, 1, ShipmentEdit::default()),
        shipments.packages(&stranger, id),
        shipments.package(&stranger, id, made.packages[0].id),
        shipments.legs(&stranger, id),
        shipments.links(&stranger, id),
        shipments.add_link(&stranger, id, NewLink::default()),
        shipments.unassign(&stranger, id),
        records.devices.get(&stranger, device.id),
        records.locations.get(&stranger, hub.id),
        records.customers.get(&stranger, made.sender.unwrap().id),
        records.devices.delete(&stranger, device.id, None),
        world.engine.tracking.history(&stranger, device.id, now, now, 10, true),
    );
    let listing = shipments.list(&stranger, &ShipmentFilter::default(), Page::first(50)).await.unwrap();
    assert!(listing.items.is_empty());
    assert!(world.engine.tracking.latest(&stranger, &LatestFilter::default()).unwrap().is_empty());
    let by_id = LatestFilter { device_id: Some(device.id), ..LatestFilter::default() };
    assert!(world.engine.tracking.latest(&stranger, &by_id).unwrap().is_empty());
    let theirs = NewShipment { origin_id: Some(hub.id), ..NewShipment::default() };
    assert!(matches!(shipments.create(&stranger, theirs).await, Err(Error::Invalid(_))));
}

async fn a_driver_sees_and_tells_what_they_carry(world: World) {
    let (ana, rui) = (world.driver("Ana").await, world.driver("Rui").await);
    let hers = world.shipment(json!({ "driver_id": ana.id })).await.shipment.id;
    let his = world.shipment(json!({ "driver_id": rui.id })).await.shipment.id;
    let shipments = &world.engine.shipments;
    let caller = world.driver_caller(ana.id);
    let listing = shipments.list(&caller, &ShipmentFilter::default(), Page::first(50)).await.unwrap();
    assert_eq!(listing.items.iter().map(|shipment| shipment.id).collect::<Vec<_>>(), [hers]);
    let asked = ShipmentFilter { driver_id: Some(rui.id), ..ShipmentFilter::default() };
    assert!(shipments.list(&caller, &asked, Page::first(50)).await.unwrap().items.is_empty());
    not_found!(shipments.detail(&caller, his), shipments.record(&caller, his, NewFact::scan(Status::PickedUp)));
    world.ground.pass(1);
    let detail = shipments.record(&caller, hers, NewFact::scan(Status::PickedUp)).await.unwrap();
    assert_eq!(detail.events.last().unwrap().event.source, SourceKind::Driver);
    let cancel = shipments.cancel(&caller, hers, NewCancellation::default()).await;
    assert!(matches!(cancel, Err(Error::Forbidden)));
    assert!(matches!(shipments.create(&caller, NewShipment::default()).await, Err(Error::Forbidden)));
    assert!(matches!(
        world.engine.records.customers.get(&caller, tracklane_core::id::CustomerId::new(&world.ground.env)).await,
        Err(Error::Forbidden)
    ));
    not_found!(world.engine.records.drivers.get(&caller, rui.id));
    assert_eq!(world.engine.records.drivers.get(&caller, ana.id).await.unwrap(), ana);
}

async fn a_customer_makes_and_sees_their_own(world: World) {
    let made = world.shipment(json!({ "sender": { "name": "Ana" } })).await;
    let other = world.shipment(json!({ "sender": { "name": "Rui" } })).await.shipment.id;
    let ana = world.customer_caller(made.sender.unwrap().id);
    let shipments = &world.engine.shipments;
    let new = NewShipment { reference: Some("mine".to_owned()), ..NewShipment::default() };
    let own = shipments.create(&ana, new.clone()).await.unwrap().shipment;
    assert_eq!(own.sender_id, ana.customer_id);
    let listing = shipments.list(&ana, &ShipmentFilter::default(), Page::first(50)).await.unwrap();
    assert_eq!(listing.items.len(), 2);
    not_found!(shipments.detail(&ana, other));
    let rui = json!({ "name": "Rui Costa", "email": "rui@example.org", "phone": "+351912345678" });
    let to_rui = world.shipment(json!({ "sender_id": ana.customer_id, "recipient": rui })).await.shipment.id;
    let seen = shipments.detail(&ana, to_rui).await.unwrap();
    assert_eq!(seen.sender.unwrap().name, "Ana");
    let party = seen.recipient.unwrap();
    assert_eq!((party.name.as_str(), party.email, party.phone), ("Rui", None, None));
    let fact = shipments.record(&ana, own.id, NewFact::scan(Status::Delivered)).await;
    assert!(matches!(fact, Err(Error::Forbidden)));
    let foreign = NewShipment { sender_id: shipments.get(&world.boss, other).await.unwrap().sender_id, ..new };
    assert!(matches!(shipments.create(&ana, foreign).await, Err(Error::Invalid(_))));
    let cancelled = shipments.cancel(&ana, own.id, NewCancellation::default()).await.unwrap();
    assert_eq!(cancelled.shipment.substatus.as_deref(), Some("by_sender"));
}

async fn a_customer_is_not_told_who_drives(world: World) {
    let driver = world.driver("Eva").await;
    let device = world.device("phone", Some(driver.id)).await;
    let made = world.shipment(json!({ "sender": { "name": "Ana" }, "driver_id": driver.id })).await;
    let (id, shipments) = (made.shipment.id, &world.engine.shipments);
    let ana = world.customer_caller(made.sender.unwrap().id);
    world.at(device.id, east(0.0)).await;
    assert_eq!(shipments.position(&ana, id).await.unwrap(), None, "where the driver was before is nobody's business");
    world.ground.pass(60);
    let picked_up = NewFact { raw_text: Some("two boxes".to_owned()), ..NewFact::scan(Status::PickedUp) };
    shipments.record(&world.driver_caller(driver.id), id, picked_up).await.unwrap();

    let whole = serde_json::to_string(&world.detail(id).await).unwrap();
    let mut shown = vec![
        json!(shipments.detail(&ana, id).await.unwrap()),
        json!(shipments.get(&ana, id).await.unwrap()),
        json!(shipments.list(&ana, &ShipmentFilter::default(), Page::first(9)).await.unwrap().items),
        json!(shipments.legs(&ana, id).await.unwrap()),
        json!(shipments.leg(&ana, id, made.legs[0].id).await.unwrap()),
        json!(shipments.events(&ana, id).await.unwrap()),
        json!(shipments.page_of_events(&ana, id, Page::first(9)).await.unwrap().items),
        json!(shipments.position(&ana, id).await.unwrap().expect("the driver has it now")),
    ];
    let own = shipments.create(&ana, NewShipment::default()).await.unwrap().shipment.id;
    shown.push(json!(shipments.cancel(&ana, own, NewCancellation::default()).await.unwrap()));
    let (driver, boss) = (driver.id.to_string(), json!(world.boss.actor).to_string());
    assert!(whole.contains(&driver) && whole.contains("two boxes"), "the tenant's own see all: {whole}");
    for seen in shown.iter().map(ToString::to_string) {
        assert!(!seen.contains(&driver) && !seen.contains(&boss), "{seen}");
    }
    let by_driver = ShipmentFilter { driver_id: made.shipment.driver_id, ..ShipmentFilter::default() };
    assert!(shipments.list(&ana, &by_driver, Page::first(9)).await.unwrap().items.is_empty(), "nor found by");
}

async fn a_customer_names_the_places_that_are_theirs(world: World) {
    let place = async |name: &str, kind: &str| {
        let input = json!({ "name": name, "location_type": kind, "address": { "point": east(0.0) } });
        let input = serde_json::from_value(input).unwrap();
        world.engine.records.locations.create(&world.boss, input).await.unwrap().id
    };
    let (hub, warehouse, store) = (place("H", "hub").await, place("W", "warehouse").await, place("S", "store").await);
    let (locker, door) = (place("L", "locker").await, place("D", "address").await);
    let rui = world.shipment(json!({ "sender": { "name": "Rui" }, "destination_id": door })).await;
    let made = world.shipment(json!({ "sender": { "name": "Ana" }, "origin_id": warehouse })).await;
    let (ana, rui) = (made.sender.unwrap().id, rui.sender.unwrap().id);
    let tries = [
        (ana, hub, false),
        (ana, warehouse, true),
        (ana, store, true),
        (ana, locker, true),
        (ana, door, false),
        (rui, door, true),
        (rui, warehouse, false),
    ];
    for (who, location, may) in tries {
        for (origin, destination) in [(Some(location), None), (None, Some(location))] {
            let new = NewShipment { origin_id: origin, destination_id: destination, ..NewShipment::default() };
            let outcome = world.engine.shipments.create(&world.customer_caller(who), new.clone()).await;
            match outcome {
                Ok(_) => assert!(may, "{new:?}"),
                Err(Error::Invalid(invalid)) => {
                    let unknown = tracklane_core::id::LocationId::new(&world.ground.env);
                    let other = |id: Option<_>| id.map(|_| unknown);
                    let new = NewShipment { origin_id: other(origin), destination_id: other(destination), ..new };
                    let Err(Error::Invalid(missing)) =
                        world.engine.shipments.create(&world.customer_caller(who), new).await
                    else {
                        panic!("there is no such location")
                    };
                    assert_eq!((invalid, may), (missing, false), "as if there were none");
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
}

async fn a_viewer_looks_and_touches_nothing(world: World) {
    let id = world.shipment(json!({})).await.shipment.id;
    let viewer = world.viewer();
    let shipments = &world.engine.shipments;
    assert!(shipments.detail(&viewer, id).await.is_ok());
    assert!(matches!(shipments.record(&viewer, id, NewFact::scan(Status::PickedUp)).await, Err(Error::Forbidden)));
    assert!(matches!(shipments.create(&viewer, NewShipment::default()).await, Err(Error::Forbidden)));
    let device = tracklane_core::model::Caller { role: Role::Device, ..viewer };
    let list = shipments.list(&device, &ShipmentFilter::default(), Page::first(1)).await;
    assert!(matches!(list, Err(Error::Forbidden)));
}
