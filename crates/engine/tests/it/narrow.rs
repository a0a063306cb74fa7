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
