//! Devices and what the pipeline notes of them.

use tracklane_store::device_states::DeviceState;
use tracklane_store::devices::DeviceFilter;
use tracklane_store::erasures::Erasure;
use tracklane_store::{Error, Page, device_states, devices, drivers, erasures, vehicles};

use crate::fixtures::{self, at, id};
use crate::harness::{World, conformance};

conformance!(devices_round_trip, all_devices_are_loaded, states_round_trip, many_states_are_written_at_once);

async fn devices_round_trip(world: World) {
    let (driver, vehicle) = (fixtures::driver(world.tenant.id), fixtures::vehicle(world.tenant.id));
    let mut device = fixtures::device(world.tenant.id);
    (device.driver_id, device.vehicle_id) = (Some(driver.id), Some(vehicle.id));
    let foreign = fixtures::device(world.other.id);
    let mut tx = world.begin_system().await;
    drivers::insert(&mut tx, &driver).await.unwrap();
    vehicles::insert(&mut tx, &vehicle).await.unwrap();
    devices::insert(&mut tx, &device).await.unwrap();
    devices::insert(&mut tx, &foreign).await.unwrap();
    tx.commit().await.unwrap();

    let mut tx = world.begin().await;
    assert_eq!(devices::set_credential_hash(&mut tx, device.id, Some(&[7; 32]), at(70)).await, Ok(true));
    assert_eq!(devices::set_credential_hash(&mut tx, foreign.id, Some(&[8; 32]), at(80)).await, Ok(false));
    tx.commit().await.unwrap();
    (device.has_credential, device.updated_at, device.version) = (true, at(70), 2);

    let mut db = world.read_system().await;
    let with_hash = Some((device.clone(), Some(vec![7; 32])));
    assert_eq!(devices::find_any_tenant(&mut db, device.id).await, Ok(with_hash));
    assert_eq!(devices::find_any_tenant(&mut db, foreign.id).await, Ok(Some((foreign.clone(), None))));
    assert_eq!(devices::find_any_tenant(&mut db, id()).await, Ok(None));
    let mut all = devices::load_all_any_tenant(&mut db).await.unwrap();
    all.sort_by_key(|device| device.id);
    assert_eq!(all, [device.clone(), foreign.clone()]);

    let mut db = world.read().await;
    assert_eq!(devices::get(&mut db, device.id).await, Ok(Some(device.clone())));
    assert_eq!(devices::list_of_driver(&mut db, driver.id).await, Ok(vec![device.clone()]));
    for (filter, found) in [
        (DeviceFilter::default(), true),
        (DeviceFilter { driver_id: Some(driver.id), ..DeviceFilter::default() }, true),
        (DeviceFilter { driver_id: Some(id()), ..DeviceFilter::default() }, false),
        (DeviceFilter { vehicle_id: Some(vehicle.id), ..DeviceFilter::default() }, true),
        (DeviceFilter { vehicle_id: Some(id()), ..DeviceFilter::default() }, false),
        (DeviceFilter { identifier: Some(device.identifier.clone()), ..DeviceFilter::default() }, true),
        (DeviceFilter { identifier: Some("x".to_owned()), ..DeviceFilter::default() }, false),
        (DeviceFilter { disabled: Some(false), ..DeviceFilter::default() }, true),
        (DeviceFilter { disabled: Some(true), ..DeviceFilter::default() }, false),
        (DeviceFilter { q: Some("IMEI-".to_owned()), ..DeviceFilter::default() }, true),
        (DeviceFilter { q: Some("tracker".to_owned()), ..DeviceFilter::default() }, false),
    ] {
        let items = devices::list(&mut db, &filter, Page::first(9)).await.unwrap().items;
        assert_eq!(items.len(), usize::from(found), "{filter:?}");
    }
    let mut db = world.read_other().await;
    assert_eq!(devices::get(&mut db, device.id).await, Ok(None));
    assert_eq!(devices::list_of_driver(&mut db, driver.id).await, Ok(Vec::new()));
    assert_eq!(devices::list(&mut db, &DeviceFilter::default(), Page::first(9)).await.unwrap().items, [foreign]);
    drop(db);
    assert_eq!(devices::delete(&mut *world.begin_other().await, device.id).await, Ok(false));

    // An identifier is unique in the installation.
    let mut twin = fixtures::device(world.other.id);
    twin.identifier = device.identifier.clone();
    let refused = devices::insert(&mut *world.begin_other().await, &twin).await;
    assert_eq!(refused, Err(Error::NotUnique { constraint: "devices_identifier_key".to_owned() }));

    let mut tx = world.begin().await;
    let mut changed = device.clone();
    (changed.disabled, changed.driver_id) = (true, None);
    assert_eq!(devices::update(&mut tx, &changed).await, Ok(true));
    changed.version = 3;
    assert_eq!(devices::get(&mut tx, device.id).await, Ok(Some(changed.clone())));
    assert_eq!(devices::set_credential_hash(&mut tx, device.id, None, at(90)).await, Ok(true));
    (changed.has_credential, changed.updated_at, changed.version) = (false, at(90), 4);
    assert_eq!(devices::get(&mut tx, device.id).await, Ok(Some(changed)));
    assert_eq!(devices::delete(&mut tx, device.id).await, Ok(true));
    assert_eq!(devices::delete(&mut tx, device.id).await, Ok(false));
    tx.commit().await.unwrap();

    // Its positions have to go, too.
    let mut tx = world.begin_system().await;
    let mut erasure = Erasure { tenant_id: world.tenant.id, device_id: device.id, erased: false };
    assert_eq!(erasures::list_any_tenant(&mut tx, true, 9).await, Ok(vec![erasure]));
    erasures::mark_any_tenant(&mut tx, &erasure).await.unwrap();
    erasure.erased = true;
    assert_eq!(erasures::list_any_tenant(&mut tx, true, 9).await, Ok(Vec::new()));
    assert_eq!(erasures::list_any_tenant(&mut tx, false, 9).await, Ok(vec![erasure]));
    erasures::delete_any_tenant(&mut tx, &erasure).await.unwrap();
    assert_eq!(erasures::list_any_tenant(&mut tx, false, 9).await, Ok(Vec::new()));
    drop(tx);
    assert!(erasures::list_any_tenant(&mut world.read_other().await, false, 9).await.is_err());
}

async fn states_round_trip(world: World) {
    let driver = fixtures::driver(world.tenant.id);
    let mut device = fixtures::device(world.tenant.id);
    device.driver_id = Some(driver.id);
    let mut tx = world.begin().await;
    drivers::insert(&mut tx, &driver).await.unwrap();
    devices::insert(&mut tx, &device).await.unwrap();
    tx.commit().await.unwrap();

    let state = DeviceState {
        tenant_id: world.tenant.id,
        device_id: device.id,
        latest: Some(fixtures::latest(&device)),
        notes: vec![1, 0, 255],
        applied_lsn: 1 << 60,
    };
    let empty = DeviceState { latest: None, notes: Vec::new(), applied_lsn: 0, ..state.clone() };
    let gone = DeviceState { device_id: id(), ..empty.clone() };
    let stolen = DeviceState { tenant_id: world.other.id, ..empty.clone() };
    let mut tx = world.begin_system().await;
    // Twice the same device in one call: the last one counts. A device that is gone is left out.
    let states = [empty.clone(), gone, stolen, state.clone()];
    device_states::upsert_many_any_tenant(&mut tx, &states).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(device_states::get(&mut world.read().await, device.id).await, Ok(Some(state)));
    assert_eq!(device_states::get(&mut world.read_other().await, device.id).await, Ok(None));

    let mut tx = world.begin_system().await;
    device_states::upsert_many_any_tenant(&mut tx, std::slice::from_ref(&empty)).await.unwrap();
    device_states::upsert_many_any_tenant(&mut tx, &[]).await.unwrap();
    assert_eq!(device_states::load_any_tenant(&mut tx, None, 10).await, Ok(vec![empty]));
    tx.commit().await.unwrap();
    let mut tx = world.begin().await;
    devices::delete(&mut tx, device.id).await.unwrap();
    assert_eq!(device_states::get(&mut tx, device.id).await, Ok(None));
}

async fn many_states_are_written_at_once(world: World) {
    let mut tx = world.begin_system().await;
    let mut states = Vec::new();
    for number in 0..151 {
        let device = fixtures::device(world.tenant.id);
        devices::insert(&mut tx, &device).await.unwrap();
        let latest = Some(fixtures::latest(&device));
        let (tenant_id, device_id) = (device.tenant_id, device.id);
        states.push(DeviceState { tenant_id, device_id, latest, notes: vec![9], applied_lsn: number });
    }
    device_states::upsert_many_any_tenant(&mut tx, &states).await.unwrap();
    tx.commit().await.unwrap();
    let mut db = world.read_system().await;
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = device_states::load_any_tenant(&mut db, after, 50).await.unwrap();
        after = page.last().map(|state| state.device_id);
        let short = page.len() < 50;
        found.extend(page);
        if short {
            break;
        }
    }
    assert_eq!(found, states);
    let some = [states[3].device_id, states[1].device_id, id()];
    let mut found = device_states::get_many_any_tenant(&mut db, &some).await.unwrap();
    found.sort_by_key(|state| state.device_id);
    assert_eq!(found, [states[1].clone(), states[3].clone()]);
    assert_eq!(device_states::get_many_any_tenant(&mut db, &[]).await, Ok(vec![]));
}

async fn all_devices_are_loaded(world: World) {
    let mut made = Vec::new();
    let mut tx = world.begin_system().await;
    for number in 0..2_001 {
        let tenant = if number % 3 == 0 { world.other.id } else { world.tenant.id };
        let device = fixtures::device(tenant);
        devices::insert(&mut tx, &device).await.unwrap();
        made.push(device);
    }
    tx.commit().await.unwrap();
    let mut all = devices::load_all_any_tenant(&mut world.read_system().await).await.unwrap();
    all.sort_by_key(|device| device.id);
    made.sort_by_key(|device| device.id);
    assert!(all == made, "{} of {}", all.len(), made.len());
}
