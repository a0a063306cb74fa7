//! The tenants' records.

use serde_json::json;
use tracklane_core::model::{DutyState, TenantSettings};
use tracklane_engine::records::{
    CustomerFilter, NewCustomer, NewDevice, NewDriver, NewLocation, NewTenant, NewVehicle, NewZone,
};
use tracklane_engine::{Error, Page};

use crate::kit::{World, each, east};

each!(
    a_customer_is_made_read_changed_and_deleted,
    bad_fields_are_named,
    references_must_lead_somewhere_in_the_tenant,
    what_is_referred_to_cannot_be_deleted,
    lists_are_paged_newest_first,
    a_tenant_sets_itself_up,
    the_nearest_driver_on_duty_is_found,
);

/// The pointers of everything that is wrong.
fn wrong<T: std::fmt::Debug>(outcome: Result<T, Error>) -> Vec<String> {
    let Err(Error::Invalid(invalid)) = outcome else { panic!("{outcome:?}") };
    invalid.0.into_iter().map(|error| error.pointer).collect()
}

fn input<T: serde::de::DeserializeOwned>(value: serde_json::Value) -> T {
    serde_json::from_value(value).unwrap()
}

async fn a_customer_is_made_read_changed_and_deleted(world: World) {
    let customers = &world.engine.records.customers;
    let made = customers
        .create(&world.boss, input(json!({ "name": "Ana", "reference": "C1", "address": { "country": "PT" } })))
        .await
        .unwrap();
    assert_eq!(customers.get(&world.boss, made.id).await.unwrap(), made);
    world.ground.pass(5);
    let next = NewCustomer { name: "Ana Silva".to_owned(), ..NewCustomer::from(&made) };
    let changed = customers.update(&world.boss, made.id, made.version, next.clone()).await.unwrap();
    assert_eq!((changed.name.as_str(), changed.version), ("Ana Silva", 2));
    assert!(changed.updated_at > made.updated_at);
    let stale = customers.update(&world.boss, made.id, made.version, next).await;
    assert!(matches!(stale, Err(Error::VersionMismatch)));
    let twin = customers.create(&world.boss, input(json!({ "name": "Rui", "reference": "C1" }))).await;
    assert!(matches!(&twin, Err(Error::Conflict(text)) if text.contains("reference")), "{twin:?}");
    assert!(matches!(customers.delete(&world.boss, made.id, Some(1)).await, Err(Error::VersionMismatch)));
    customers.delete(&world.boss, made.id, Some(2)).await.unwrap();
    assert!(matches!(customers.get(&world.boss, made.id).await, Err(Error::NotFound)));
}

async fn bad_fields_are_named(world: World) {
    let records = &world.engine.records;
    let bad = json!({
        "name": "", "email": "x", "phone": "12", "language": "!", "reference": "",
        "address": { "country": "Portugal", "point": { "lat": 91.0, "lon": 0.0 } },
    });
    let pointers = wrong(records.customers.create(&world.boss, input::<NewCustomer>(bad)).await);
    let expected =
        ["#/reference", "#/name", "#/email", "#/phone", "#/language", "#/address/country", "#/address/point/lat"];
    assert_eq!(pointers, expected);
    let bad = json!({ "name": "Hub", "time_zone": "Mars/Base", "radius_m": 5 });
    let pointers = wrong(records.locations.create(&world.boss, input::<NewLocation>(bad)).await);
    assert_eq!(pointers, ["#/time_zone", "#/radius_m"]);
    let bad = json!({ "vehicle_type": " ", "capacity_kg": -1, "skills": [""] });
    let pointers = wrong(records.vehicles.create(&world.boss, input::<NewVehicle>(bad)).await);
    assert_eq!(pointers, ["#/vehicle_type", "#/capacity_kg", "#/skills/0"]);
    let bad = json!({ "identifier": "dev_1", "name": "" });
    assert_eq!(wrong(records.devices.create(&world.boss, input::<NewDevice>(bad)).await).len(), 2);
    let bow_tie = json!({ "type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]] });
    let bad = json!({ "name": "Bow tie", "geometry": bow_tie });
    let pointers = wrong(records.zones.create(&world.boss, input::<NewZone>(bad)).await);
    assert!(pointers.iter().all(|pointer| pointer.starts_with("#/geometry")), "{pointers:?}");
}

async fn references_must_lead_somewhere_in_the_tenant(world: World) {
    let foreign = world.other().await;
    let theirs: NewVehicle = input(json!({ "vehicle_type": "van" }));
    let theirs = world.engine.records.vehicles.create(&foreign, theirs).await.unwrap();
    let driver: NewDriver = input(json!({ "name": "Ana", "vehicle_id": theirs.id }));
    let outcome = world.engine.records.drivers.create(&world.boss, driver).await;
    assert_eq!(wrong(outcome), ["#/vehicle_id"]);
}

async fn what_is_referred_to_cannot_be_deleted(world: World) {
    let hub = world.location("Hub", east(0.0)).await;
    world.shipment(json!({ "origin_id": hub.id })).await;
    let outcome = world.engine.records.locations.delete(&world.boss, hub.id, None).await;
    assert!(matches!(outcome, Err(Error::Conflict(_))), "{outcome:?}");
}

async fn lists_are_paged_newest_first(world: World) {
    let customers = &world.engine.records.customers;
    for number in 0..5 {
        world.ground.pass(1);
        customers.create(&world.boss, input(json!({ "name": format!("Customer {number}") }))).await.unwrap();
    }
    let mut names = Vec::new();
    let mut page = Page::first(2);
    loop {
        let listing = customers.list(&world.boss, &CustomerFilter::default(), page).await.unwrap();
        names.extend(listing.items.into_iter().map(|customer| customer.name));
        let Some(next) = listing.next else { break };
        page.after = Some(next);
    }
    assert_eq!(names, ["Customer 4", "Customer 3", "Customer 2", "Customer 1", "Customer 0"]);
}

async fn a_tenant_sets_itself_up(world: World) {
    let tenants = &world.engine.records.tenants;
    let own = tenants.own(&world.boss).await.unwrap();
    let settings = TenantSettings {
        hub_radius_m: 10.0,
        link_days: 0,
        reorder_window_seconds: Some(3_601),
        offline_seconds: Some(9),
        idle_seconds: Some(31_536_001),
        ..TenantSettings::default()
    };
    let bad = NewTenant { slug: "No Good".to_owned(), settings, ..NewTenant::from(&own) };
    let pointers = wrong(tenants.update(&world.boss, own.version, bad).await);
    let own_ones = ["reorder_window_seconds", "offline_seconds", "idle_seconds"];
    let own_ones = own_ones.map(|field| format!("#/settings/{field}"));
    assert_eq!(pointers[..2], ["#/slug", "#/settings/link_days"]);
    assert_eq!(pointers[2..5], own_ones);
    assert_eq!(pointers[5..], ["#/settings/hub_radius_m"]);
    let good = NewTenant { name: "Acme & Sons".to_owned(), ..NewTenant::from(&own) };
    let changed = tenants.update(&world.boss, own.version, good).await.unwrap();
    assert_eq!((changed.name.as_str(), changed.version), ("Acme & Sons", own.version + 1));
    assert!(matches!(
        tenants.update(&world.viewer(), changed.version, NewTenant::from(&own)).await,
        Err(Error::Forbidden)
    ));
}

async fn the_nearest_driver_on_duty_is_found(world: World) {
    let (near, far, off) = (world.driver("Near").await, world.driver("Far").await, world.driver("Off").await);
    for (driver, metres) in [(&near, 500.0), (&far, 5_000.0), (&off, 10.0)] {
        let device = world.device(&driver.name, Some(driver.id)).await;
        world.at(device.id, east(metres)).await;
    }
    let duty = NewDriver { duty: DutyState::OffDuty, ..NewDriver::from(&off) };
    world.engine.records.drivers.update(&world.boss, off.id, off.version, duty).await.unwrap();
    let available = world.engine.dispatch.available_drivers(&world.boss).await.unwrap();
    assert_eq!(available.len(), 2);
    let hub = world.location("Hub", east(0.0)).await;
    let id = world.shipment(json!({ "origin_id": hub.id })).await.shipment.id;
    let detail = world.engine.dispatch.assign_nearest(&world.boss, id).await.unwrap();
    assert_eq!(detail.shipment.driver_id, Some(near.id));
    world.ground.pass(3_600);
    let id = world.shipment(json!({ "origin_id": hub.id })).await.shipment.id;
    let nobody = world.engine.dispatch.assign_nearest(&world.boss, id).await;
    assert!(matches!(nobody, Err(Error::Conflict(_))), "old positions say nothing about now");
}
