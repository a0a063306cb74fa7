//! Tenants, customers, locations, vehicles, drivers, zones.

use tracklane_core::model::{DutyState, LocationType, ZoneKind};
use tracklane_store::customers::CustomerFilter;
use tracklane_store::drivers::DriverFilter;
use tracklane_store::locations::LocationFilter;
use tracklane_store::vehicles::VehicleFilter;
use tracklane_store::zones::ZoneFilter;
use tracklane_store::{Error, Page, Scope, customers, drivers, locations, tenants, vehicles, zones};

use crate::fixtures::{self, at, id};
use crate::harness::{World, conformance};

conformance!(
    tenants_round_trip,
    customers_round_trip,
    customers_are_listed,
    locations_round_trip,
    vehicles_round_trip,
    drivers_round_trip,
    zones_round_trip,
    pages_follow_each_other,
    versions_and_tenants_are_compared,
    what_is_referred_to_stays,
);

fn all() -> Page {
    Page::first(100)
}

async fn tenants_round_trip(world: World) {
    let mut db = world.read_system().await;
    assert_eq!(tenants::get_any_tenant(&mut db, world.tenant.id).await, Ok(Some(world.tenant.clone())));
    assert_eq!(tenants::get_any_tenant(&mut db, id()).await, Ok(None));
    assert_eq!(tenants::find_by_slug_any_tenant(&mut db, "other").await, Ok(Some(world.other.clone())));
    assert_eq!(tenants::find_by_slug_any_tenant(&mut db, "nobody").await, Ok(None));
    let first = tenants::list_any_tenant(&mut db, Page::first(1)).await.unwrap();
    assert_eq!(first.items, std::slice::from_ref(&world.other));
    let second = tenants::list_any_tenant(&mut db, Page { after: first.next, limit: 1 }).await.unwrap();
    assert_eq!((second.items, second.next), (vec![world.tenant.clone()], None));
    assert!(matches!(tenants::own(&mut db).await, Err(Error::Scope(_))));

    let mut tx = world.begin().await;
    let mut changed = world.tenant.clone();
    changed.name = "Renamed".to_owned();
    changed.settings.hub_radius_m = 77.0;
    assert_eq!(tenants::update(&mut tx, &changed).await, Ok(true));
    assert_eq!(tenants::update(&mut tx, &changed).await, Ok(false));
    tx.commit().await.unwrap();
    changed.version = 2;
    assert_eq!(tenants::own(&mut world.read().await).await, Ok(Some(changed)));

    assert_eq!(tenants::own(&mut world.read_other().await).await, Ok(Some(world.other.clone())));
    assert!(matches!(tenants::update(&mut *world.begin_other().await, &world.tenant).await, Err(Error::Scope(_))));
    let mut tx = world.begin_system().await;
    let again = tenants::insert_any_tenant(&mut tx, &fixtures::tenant("other")).await;
    assert_eq!(again, Err(Error::NotUnique { constraint: "tenants_slug_key".to_owned() }));
}

async fn customers_round_trip(world: World) {
    let full = fixtures::customer(world.tenant.id);
    let mut bare = fixtures::customer(world.tenant.id);
    (bare.reference, bare.email, bare.phone, bare.language) = (None, None, None, None);
    bare.address = tracklane_core::model::Address::default();
    let mut tx = world.begin().await;
    customers::insert(&mut tx, &full).await.unwrap();
    customers::insert(&mut tx, &bare).await.unwrap();
    tx.commit().await.unwrap();

    let mut db = world.read().await;
    assert_eq!(customers::get(&mut db, full.id).await, Ok(Some(full.clone())));
    assert_eq!(customers::get(&mut db, bare.id).await, Ok(Some(bare.clone())));
    let mut many = customers::get_many(&mut db, &[full.id, id(), bare.id]).await.unwrap();
    many.sort_by_key(|customer| customer.id);
    assert_eq!(many, [full.clone(), bare.clone()]);
    assert_eq!(customers::get_many(&mut db, &[]).await, Ok(Vec::new()));

    let mut db = world.read_other().await;
    assert_eq!(customers::get(&mut db, full.id).await, Ok(None));
    assert_eq!(customers::get_many(&mut db, &[full.id, bare.id]).await, Ok(Vec::new()));

    let mut tx = world.begin().await;
    let mut changed = full.clone();
    changed.name = "Renamed".to_owned();
    changed.address.point = None;
    changed.updated_at = at(99);
    assert_eq!(customers::update(&mut tx, &changed).await, Ok(true));
    changed.version = 2;
    assert_eq!(customers::get(&mut tx, full.id).await, Ok(Some(changed)));
    assert_eq!(customers::delete(&mut tx, bare.id).await, Ok(true));
    assert_eq!(customers::delete(&mut tx, bare.id).await, Ok(false));
    tx.commit().await.unwrap();

    let mut tx = world.begin().await;
    let mut twin = fixtures::customer(world.tenant.id);
    twin.reference = full.reference.clone();
    let refused = customers::insert(&mut tx, &twin).await;
    assert_eq!(refused, Err(Error::NotUnique { constraint: "customers_tenant_id_reference_key".to_owned() }));
    drop(tx);
    let mut tx = world.begin().await;
    let refused = customers::insert(&mut tx, &full).await;
    assert!(matches!(refused, Err(Error::NotUnique { .. })), "{refused:?}");
    drop(tx);
    // Another tenant may use the same reference.
    twin.tenant_id = world.other.id;
    let mut tx = world.begin_other().await;
    customers::insert(&mut tx, &twin).await.unwrap();
    tx.commit().await.unwrap();
}

async fn customers_are_listed(world: World) {
    let customer = fixtures::customer(world.tenant.id);
    let mut tx = world.begin().await;
    customers::insert(&mut tx, &customer).await.unwrap();
    let mut second = fixtures::customer(world.tenant.id);
    (second.name, second.email, second.reference) = ("50% off_\\ Ltd".to_owned(), None, None);
    customers::insert(&mut tx, &second).await.unwrap();
    tx.commit().await.unwrap();

    let mut db = world.read().await;
    let mut found = async |filter: CustomerFilter| {
        let found = customers::list(&mut db, &filter, all()).await.unwrap();
        found.items.into_iter().map(|customer| customer.id).collect::<Vec<_>>()
    };
    assert_eq!(found(CustomerFilter::default()).await, [second.id, customer.id]);
    for q in ["zoë müller", "ZOË MÜLLER", "E@EXAMPLE", "c-cus_", "+48123"] {
        let filter = CustomerFilter { q: Some(q.to_owned()), ..CustomerFilter::default() };
        let wanted = if q == "+48123" { vec![second.id, customer.id] } else { vec![customer.id] };
        assert_eq!(found(filter).await, wanted, "{q}");
    }
    // What is special in patterns is not special here.
    for (q, wanted) in
        [("0% OFF_\\ l", vec![second.id]), ("%", vec![second.id]), ("_", vec![second.id, customer.id]), ("z%r", vec![])]
    {
        assert_eq!(found(CustomerFilter { q: Some(q.to_owned()), ..CustomerFilter::default() }).await, wanted, "{q}");
    }
    let filter = CustomerFilter { reference: customer.reference.clone(), ..CustomerFilter::default() };
    assert_eq!(found(filter).await, [customer.id]);
    let filter = CustomerFilter { email: customer.email.clone(), ..CustomerFilter::default() };
    assert_eq!(found(filter).await, [customer.id]);
    let filter = CustomerFilter { email: Some("nobody".to_owned()), ..CustomerFilter::default() };
    assert!(found(filter).await.is_empty());
    let none = customers::list(&mut world.read_other().await, &CustomerFilter::default(), all()).await.unwrap();
    assert!(none.items.is_empty());
}

async fn locations_round_trip(world: World) {
    let location = fixtures::location(world.tenant.id);
    let mut tx = world.begin().await;
    locations::insert(&mut tx, &location).await.unwrap();
    tx.commit().await.unwrap();
    let mut db = world.read().await;
    assert_eq!(locations::get(&mut db, location.id).await, Ok(Some(location.clone())));
    assert_eq!(locations::get_many(&mut db, &[location.id]).await, Ok(vec![location.clone()]));
    let some = |value: &str| Some(value.to_owned());
    for (filter, found) in [
        (LocationFilter::default(), true),
        (LocationFilter { location_type: Some(LocationType::Warehouse), ..LocationFilter::default() }, true),
        (LocationFilter { location_type: Some(LocationType::Port), ..LocationFilter::default() }, false),
        (LocationFilter { reference: location.reference.clone(), ..LocationFilter::default() }, true),
        (LocationFilter { reference: some("x"), ..LocationFilter::default() }, false),
        (LocationFilter { country: some("PL"), ..LocationFilter::default() }, true),
        (LocationFilter { country: some("DE"), ..LocationFilter::default() }, false),
        (LocationFilter { q: some("ŁÓDŹ"), ..LocationFilter::default() }, true),
        (LocationFilter { q: some("100%_h"), ..LocationFilter::default() }, true),
        (LocationFilter { q: some("100__h"), ..LocationFilter::default() }, false),
    ] {
        let items = locations::list(&mut db, &filter, all()).await.unwrap().items;
        assert_eq!(items.len(), usize::from(found), "{filter:?}");
    }
    let mut db = world.read_other().await;
    assert_eq!(locations::get(&mut db, location.id).await, Ok(None));
    assert_eq!(locations::get_many(&mut db, &[location.id]).await, Ok(Vec::new()));
    assert!(locations::list(&mut db, &LocationFilter::default(), all()).await.unwrap().items.is_empty());
    drop(db);

    let mut tx = world.begin().await;
    let mut changed = location.clone();
    changed.location_type = LocationType::Locker;
    changed.radius_m = None;
    assert_eq!(locations::update(&mut tx, &changed).await, Ok(true));
    changed.version = 2;
    assert_eq!(locations::get(&mut tx, location.id).await, Ok(Some(changed)));
    // The zones around a location go with it.
    let mut zone = fixtures::zone(world.tenant.id);
    zone.location_id = Some(location.id);
    zones::insert(&mut tx, &zone).await.unwrap();
    assert_eq!(locations::delete(&mut tx, location.id).await, Ok(true));
    assert_eq!(zones::get(&mut tx, zone.id).await, Ok(None));
    assert_eq!(locations::delete(&mut tx, location.id).await, Ok(false));
}

async fn vehicles_round_trip(world: World) {
    let vehicle = fixtures::vehicle(world.tenant.id);
    let mut tx = world.begin().await;
    vehicles::insert(&mut tx, &vehicle).await.unwrap();
    tx.commit().await.unwrap();
    let mut db = world.read().await;
    assert_eq!(vehicles::get(&mut db, vehicle.id).await, Ok(Some(vehicle.clone())));
    let some = |value: &str| Some(value.to_owned());
    for (filter, found) in [
        (VehicleFilter::default(), true),
        (VehicleFilter { vehicle_type: some("van"), ..VehicleFilter::default() }, true),
        (VehicleFilter { vehicle_type: some("va"), ..VehicleFilter::default() }, false),
        (VehicleFilter { reference: vehicle.reference.clone(), ..VehicleFilter::default() }, true),
        (VehicleFilter { reference: some("x"), ..VehicleFilter::default() }, false),
        (VehicleFilter { q: some("VA"), ..VehicleFilter::default() }, true),
        (VehicleFilter { q: some("truck"), ..VehicleFilter::default() }, false),
    ] {
        let items = vehicles::list(&mut db, &filter, all()).await.unwrap().items;
        assert_eq!(items.len(), usize::from(found), "{filter:?}");
    }
    let mut db = world.read_other().await;
    assert_eq!(vehicles::get(&mut db, vehicle.id).await, Ok(None));
    assert!(vehicles::list(&mut db, &VehicleFilter::default(), all()).await.unwrap().items.is_empty());
    drop(db);
    assert_eq!(vehicles::delete(&mut *world.begin_other().await, vehicle.id).await, Ok(false));

    let mut tx = world.begin().await;
    let mut changed = vehicle.clone();
    changed.skills = Vec::new();
    changed.capacity_kg = None;
    assert_eq!(vehicles::update(&mut tx, &changed).await, Ok(true));
    changed.version = 2;
    assert_eq!(vehicles::get(&mut tx, vehicle.id).await, Ok(Some(changed)));
    assert_eq!(vehicles::delete(&mut tx, vehicle.id).await, Ok(true));
}

async fn drivers_round_trip(world: World) {
    let vehicle = fixtures::vehicle(world.tenant.id);
    let mut driver = fixtures::driver(world.tenant.id);
    driver.vehicle_id = Some(vehicle.id);
    let mut tx = world.begin().await;
    vehicles::insert(&mut tx, &vehicle).await.unwrap();
    drivers::insert(&mut tx, &driver).await.unwrap();
    tx.commit().await.unwrap();
    let mut db = world.read().await;
    assert_eq!(drivers::get(&mut db, driver.id).await, Ok(Some(driver.clone())));
    let some = |value: &str| Some(value.to_owned());
    for (filter, found) in [
        (DriverFilter::default(), true),
        (DriverFilter { duty: Some(DutyState::OnDuty), ..DriverFilter::default() }, true),
        (DriverFilter { duty: Some(DutyState::OffDuty), ..DriverFilter::default() }, false),
        (DriverFilter { vehicle_id: Some(vehicle.id), ..DriverFilter::default() }, true),
        (DriverFilter { vehicle_id: Some(id()), ..DriverFilter::default() }, false),
        (DriverFilter { reference: driver.reference.clone(), ..DriverFilter::default() }, true),
        (DriverFilter { reference: some("x"), ..DriverFilter::default() }, false),
        (DriverFilter { q: some("ann"), ..DriverFilter::default() }, true),
        (DriverFilter { q: some("bob"), ..DriverFilter::default() }, false),
    ] {
        let items = drivers::list(&mut db, &filter, all()).await.unwrap().items;
        assert_eq!(items.len(), usize::from(found), "{filter:?}");
    }
    let mut db = world.read_other().await;
    assert_eq!(drivers::get(&mut db, driver.id).await, Ok(None));
    assert!(drivers::list(&mut db, &DriverFilter::default(), all()).await.unwrap().items.is_empty());
    drop(db);
    assert_eq!(drivers::delete(&mut *world.begin_other().await, driver.id).await, Ok(false));

    let mut tx = world.begin().await;
    let mut changed = driver.clone();
    changed.duty = DutyState::OffDuty;
    changed.vehicle_id = None;
    assert_eq!(drivers::update(&mut tx, &changed).await, Ok(true));
    changed.version = 2;
    assert_eq!(drivers::get(&mut tx, driver.id).await, Ok(Some(changed)));
    assert_eq!(drivers::delete(&mut tx, driver.id).await, Ok(true));
}

async fn zones_round_trip(world: World) {
    let location = fixtures::location(world.tenant.id);
    let drawn = fixtures::zone(world.tenant.id);
    let mut hub = fixtures::zone(world.tenant.id);
    (hub.kind, hub.location_id, hub.radius_m) = (ZoneKind::Hub, Some(location.id), None);
    (hub.width_m, hub.rules, hub.schedule, hub.speed_limit) = (None, None, None, None);
    (hub.reference, hub.name) = (Some("H-1".to_owned()), "old Hub".to_owned());
    let mut foreign = fixtures::zone(world.other.id);
    foreign.reference = hub.reference.clone();
    let mut tx = world.begin_system().await;
    locations::insert(&mut tx, &location).await.unwrap();
    for zone in [&drawn, &hub, &foreign] {
        zones::insert(&mut tx, zone).await.unwrap();
    }
    tx.commit().await.unwrap();

    let mut all_zones = zones::load_all_any_tenant(&mut world.read_system().await).await.unwrap();
    all_zones.sort_by_key(|zone| zone.id);
    assert_eq!(all_zones, [drawn.clone(), hub.clone(), foreign.clone()]);
    let mut db = world.read().await;
    assert_eq!(zones::get(&mut db, drawn.id).await, Ok(Some(drawn.clone())));
    assert_eq!(zones::get(&mut db, foreign.id).await, Ok(None));
    assert_eq!(zones::list_of_location(&mut db, location.id).await, Ok(vec![hub.clone()]));
    for (filter, found) in [
        (ZoneFilter::default(), vec![hub.id, drawn.id]),
        (ZoneFilter { kind: Some(ZoneKind::Hub), ..ZoneFilter::default() }, vec![hub.id]),
        (ZoneFilter { location_id: Some(location.id), ..ZoneFilter::default() }, vec![hub.id]),
        (ZoneFilter { q: Some("OLD".to_owned()), ..ZoneFilter::default() }, vec![hub.id, drawn.id]),
        (ZoneFilter { q: Some("h-1".to_owned()), ..ZoneFilter::default() }, vec![hub.id]),
        (ZoneFilter { q: Some("new".to_owned()), ..ZoneFilter::default() }, vec![]),
        (ZoneFilter { reference: Some("H-1".to_owned()), ..ZoneFilter::default() }, vec![hub.id]),
        (ZoneFilter { name: Some("Old town".to_owned()), ..ZoneFilter::default() }, vec![drawn.id]),
        (ZoneFilter { name: Some("Old".to_owned()), ..ZoneFilter::default() }, vec![]),
    ] {
        let items = zones::list(&mut db, &filter, all()).await.unwrap().items;
        assert_eq!(items.iter().map(|zone| zone.id).collect::<Vec<_>>(), found, "{filter:?}");
    }
    let mut db = world.read_other().await;
    assert_eq!(zones::list_of_location(&mut db, location.id).await, Ok(Vec::new()));
    assert_eq!(zones::list(&mut db, &ZoneFilter::default(), all()).await.unwrap().items, [foreign]);
    drop(db);

    let mut again = fixtures::zone(world.tenant.id);
    again.reference = hub.reference.clone();
    let mut tx = world.begin().await;
    assert!(matches!(zones::insert(&mut tx, &again).await, Err(Error::NotUnique { .. })));
    drop(tx);

    let mut tx = world.begin().await;
    let mut changed = drawn.clone();
    (changed.reference, changed.rules) = (Some("D-1".to_owned()), None);
    changed.geometry = serde_json::json!({"type": "Point", "coordinates": [1.25, 2.5]});
    assert_eq!(zones::update(&mut tx, &changed).await, Ok(true));
    changed.version = 2;
    assert_eq!(zones::get(&mut tx, drawn.id).await, Ok(Some(changed)));
    assert_eq!(zones::delete(&mut tx, drawn.id).await, Ok(true));
    assert_eq!(zones::delete(&mut tx, drawn.id).await, Ok(false));
}

async fn pages_follow_each_other(world: World) {
    let mut tx = world.begin().await;
    let mut wanted = Vec::new();
    for _ in 0..7 {
        let driver = fixtures::driver(world.tenant.id);
        drivers::insert(&mut tx, &driver).await.unwrap();
        wanted.insert(0, driver.id);
    }
    tx.commit().await.unwrap();
    let mut db = world.read().await;
    let (mut found, mut page) = (Vec::new(), Page::first(3));
    loop {
        let listing = drivers::list(&mut db, &DriverFilter::default(), page).await.unwrap();
        assert!(listing.items.len() <= 3);
        found.extend(listing.items.iter().map(|driver| driver.id));
        let Some(next) = listing.next else { break };
        // Through the text form, as clients send it.
        page.after = Some(next.to_string().parse().unwrap());
    }
    assert_eq!(found, wanted);
    let exact = drivers::list(&mut db, &DriverFilter::default(), Page::first(7)).await.unwrap();
    assert_eq!((exact.items.len(), exact.next), (7, None));
}

async fn versions_and_tenants_are_compared(world: World) {
    let customer = fixtures::customer(world.tenant.id);
    let mut tx = world.begin().await;
    customers::insert(&mut tx, &customer).await.unwrap();
    tx.commit().await.unwrap();

    let mut tx = world.begin().await;
    let mut stale = customer.clone();
    stale.version = 7;
    assert_eq!(customers::update(&mut tx, &stale).await, Ok(false));
    drop(tx);
    // Another tenant cannot write it, whatever it claims.
    assert!(matches!(customers::update(&mut *world.begin_other().await, &customer).await, Err(Error::Scope(_))));
    let mut claimed = customer.clone();
    claimed.tenant_id = world.other.id;
    assert_eq!(customers::update(&mut *world.begin_other().await, &claimed).await, Ok(false));
    assert!(matches!(customers::insert(&mut *world.begin_other().await, &customer).await, Err(Error::Scope(_))));
    assert_eq!(customers::delete(&mut *world.begin_other().await, customer.id).await, Ok(false));
    // The system must say whose rows it means.
    assert!(matches!(customers::get(&mut world.read_system().await, customer.id).await, Err(Error::Scope(_))));
    let mut narrowed = world.store.read(Scope::System).await.unwrap();
    narrowed.narrow(world.tenant.id).unwrap();
    assert_eq!(customers::get(&mut narrowed, customer.id).await, Ok(Some(customer)));
    assert!(matches!(narrowed.narrow(world.other.id), Err(Error::Scope(_))));
    assert!(matches!(zones::load_all_any_tenant(&mut world.read().await).await, Err(Error::Scope(_))));
}

async fn what_is_referred_to_stays(world: World) {
    let vehicle = fixtures::vehicle(world.tenant.id);
    let mut driver = fixtures::driver(world.tenant.id);
    driver.vehicle_id = Some(vehicle.id);
    let mut tx = world.begin().await;
    vehicles::insert(&mut tx, &vehicle).await.unwrap();
    drivers::insert(&mut tx, &driver).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(vehicles::delete(&mut *world.begin().await, vehicle.id).await, Err(Error::ForeignKey));
    // A row of another tenant cannot be referred to.
    let mut foreign = fixtures::driver(world.other.id);
    foreign.vehicle_id = Some(vehicle.id);
    assert_eq!(drivers::insert(&mut *world.begin_other().await, &foreign).await, Err(Error::ForeignKey));
}
