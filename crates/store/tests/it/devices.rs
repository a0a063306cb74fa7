//! Devices and what the pipeline notes of them.

use tracklane_core::id::{DeviceId, Id as _};
use tracklane_core::model::{Movement, MovementKind};
use tracklane_core::position::Point;
use tracklane_store::device_states::DeviceState;
use tracklane_store::devices::DeviceFilter;
use tracklane_store::erasures::Erasure;
use tracklane_store::movements::MovementFilter;
use tracklane_store::recorded::Entry;
use tracklane_store::{Error, Page, device_states, devices, drivers, erasures, movements, recorded, vehicles};

use crate::fixtures::{self, at, id};
use crate::harness::{World, conformance};

conformance!(
    devices_round_trip,
    all_devices_are_loaded,
    states_round_trip,
    many_states_are_written_at_once,
    what_is_recorded_is_noted_until_states_say_it,
    movements_are_written_found_and_replaced,
    devices_are_listed_among_ids
);

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
    let mut all = Vec::new();
    devices::each_any_tenant(&mut db, |device| all.push(device)).await.unwrap();
    all.sort_by_key(|device| device.id);
    assert_eq!(all, [device.clone(), foreign.clone()]);

    let mut db = world.read().await;
    assert_eq!(devices::get(&mut db, device.id).await, Ok(Some(device.clone())));
    assert_eq!(devices::list_of_driver(&mut db, driver.id).await, Ok(vec![device.clone()]));
    for (filter, found) in [
        (DeviceFilter::default(), true),
        (DeviceFilter { driver_ids: vec![driver.id], ..DeviceFilter::default() }, true),
        (DeviceFilter { driver_ids: vec![id()], ..DeviceFilter::default() }, false),
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

async fn what_is_recorded_is_noted_until_states_say_it(world: World) {
    let entry = |partition, tenant_id, last_lsn, byte| Entry {
        partition,
        last_lsn,
        epoch: 2,
        tenant_id,
        devices: vec![byte; 3],
    };
    let entries = [entry(3, world.tenant.id, 0, 1), entry(3, world.other.id, 7, 2), entry(3, world.tenant.id, 8, 3)];
    let (another, again) = (entry(4, world.tenant.id, 7, 4), Entry { epoch: 3, ..entry(3, world.other.id, 7, 5) });
    let mut tx = world.begin_system().await;
    for entry in entries.iter().rev().chain([&another, &again]) {
        recorded::insert_any_tenant(&mut tx, entry).await.unwrap();
    }
    tx.commit().await.unwrap();
    let mut db = world.read_system().await;
    assert_eq!(recorded::load_any_tenant(&mut db, 3, None, 2).await.as_deref(), Ok(&entries[..2]));
    let rest = [again.clone(), entries[2].clone()];
    assert_eq!(recorded::load_any_tenant(&mut db, 3, Some((7, 2)), 2).await.as_deref(), Ok(rest.as_slice()));
    assert_eq!(recorded::load_any_tenant(&mut db, 3, Some((7, 3)), 2).await.as_deref(), Ok(&entries[2..]));
    for (partition, number, epoch, there) in [(3, 7, 2, true), (3, 7, 4, false), (3, 6, 2, false), (4, 8, 2, false)] {
        assert_eq!(recorded::exists_any_tenant(&mut db, partition, number, epoch).await, Ok(there), "{number}");
    }
    drop(db);
    let mut tx = world.begin_system().await;
    recorded::delete_before_any_tenant(&mut tx, 3, 7).await.unwrap();
    recorded::delete_from_any_tenant(&mut tx, 3, 8).await.unwrap();
    assert_eq!(
        recorded::load_any_tenant(&mut tx, 3, None, 9).await.as_deref(),
        Ok([entries[1].clone(), again].as_slice())
    );
    assert_eq!(recorded::load_any_tenant(&mut tx, 4, None, 9).await.as_deref(), Ok([another].as_slice()));
    tx.commit().await.unwrap();
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
    // By the last two bytes of their ids, where devices are parted.
    if world.url.is_none() {
        let refused = device_states::load_of_slots_any_tenant(&mut db, 0..9, None, 9).await;
        assert!(matches!(refused, Err(Error::Other(_))));
        return;
    }
    let slot = |id: &DeviceId| u32::from_str_radix(&id.uuid().simple().to_string()[28..], 16).unwrap();
    for slots in [0..20_000, 20_000..65_536] {
        let (mut after, mut parted) = (None, Vec::new());
        loop {
            let page = device_states::load_of_slots_any_tenant(&mut db, slots.clone(), after, 20).await.unwrap();
            after = page.last().map(|state| state.device_id);
            parted.extend(page.iter().map(|state| state.device_id));
            if page.len() < 20 {
                break;
            }
        }
        let mut expected: Vec<DeviceId> = states.iter().map(|state| state.device_id).collect();
        expected.retain(|id| slots.contains(&slot(id)));
        expected.sort_unstable();
        assert_eq!(parted, expected, "{slots:?}");
    }
}

async fn all_devices_are_loaded(world: World) {
    let mut made = Vec::new();
    let mut tx = world.begin_system().await;
    for number in 0..2_001 {
        let tenant = if number % 3 == 0 { world.other.id } else { world.tenant.id };
        made.push(fixtures::device(tenant));
    }
    devices::insert_many(&mut tx, &made).await.unwrap();
    tx.commit().await.unwrap();
    let foreign = devices::insert_many(&mut *world.begin().await, &[fixtures::device(world.other.id)]).await;
    assert!(foreign.is_err(), "one tenant's handle takes no device of another: {foreign:?}");
    let mut all = Vec::new();
    devices::each_any_tenant(&mut world.read_system().await, |device| all.push(device)).await.unwrap();
    all.sort_by_key(|device| device.id);
    made.sort_by_key(|device| device.id);
    assert!(all == made, "{} of {}", all.len(), made.len());
}

fn movement(device: DeviceId, from: i64, until: i64, kind: MovementKind) -> Movement {
    let point = |seconds: i64| Point { lat: 41.0, lon: seconds as f64 / 1e4 };
    Movement {
        device_id: device,
        driver_id: None,
        kind,
        started_at: at(from),
        ended_at: at(until),
        start: point(from),
        end: point(until),
        distance_m: (until - from) as f64,
    }
}

async fn movements_are_written_found_and_replaced(world: World) {
    use MovementKind::{Gap, Stop, Trip};
    let (own, foreign) = (fixtures::device(world.tenant.id), fixtures::device(world.other.id));
    let mut tx = world.begin_system().await;
    devices::insert(&mut tx, &own).await.unwrap();
    devices::insert(&mut tx, &foreign).await.unwrap();
    let rows = [
        (world.tenant.id, movement(own.id, 100, 200, Trip)),
        (world.tenant.id, movement(own.id, 200, 300, Stop)),
        (world.tenant.id, movement(own.id, 300, 400, Gap)),
        (world.other.id, movement(foreign.id, 100, 200, Trip)),
        (world.tenant.id, movement(id(), 100, 200, Trip)),
    ];
    movements::upsert_many_any_tenant(&mut tx, &rows).await.unwrap();
    // Again, and one of them is longer now.
    let longer = movement(own.id, 300, 450, Gap);
    let again =
        [rows[0].clone(), (world.tenant.id, movement(own.id, 300, 420, Trip)), (world.tenant.id, longer.clone())];
    movements::upsert_many_any_tenant(&mut tx, &again).await.unwrap();
    assert_eq!(movements::start_before_any_tenant(&mut tx, own.id, at(310)).await, Ok(Some(at(200))));
    assert_eq!(movements::start_before_any_tenant(&mut tx, own.id, at(110)).await, Ok(Some(at(100))));
    assert_eq!(movements::start_before_any_tenant(&mut tx, own.id, at(99)).await, Ok(None));
    tx.commit().await.unwrap();

    let filter = |kinds: &[MovementKind], from: i64, to: i64| MovementFilter {
        device_id: own.id,
        kinds: kinds.to_vec(),
        from: at(from),
        to: at(to),
    };
    let mut db = world.read().await;
    let all = movements::list(&mut db, &filter(&[], 0, 1_000), 10).await.unwrap();
    assert_eq!(all, [rows[0].1.clone(), rows[1].1.clone(), longer.clone()]);
    assert_eq!(movements::list(&mut db, &filter(&[], 0, 1_000), 2).await.unwrap(), all[..2]);
    assert_eq!(movements::list(&mut db, &filter(&[], 200, 300), 10).await.unwrap(), all[1..2]);
    assert_eq!(movements::list(&mut db, &filter(&[Trip, Gap], 0, 1_000), 10).await.unwrap().len(), 2);
    let theirs = MovementFilter { device_id: foreign.id, ..filter(&[], 0, 1_000) };
    assert_eq!(movements::list(&mut db, &theirs, 10).await.unwrap(), []);
    drop(db);

    let mut tx = world.begin_system().await;
    movements::delete_from_any_tenant(&mut tx, own.id, at(200)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(movements::list(&mut world.read().await, &filter(&[], 0, 1_000), 10).await.unwrap(), all[..1]);
    let mut tx = world.begin().await;
    assert_eq!(devices::delete(&mut tx, own.id).await, Ok(true));
    tx.commit().await.unwrap();
    assert_eq!(movements::list(&mut world.read().await, &filter(&[], 0, 1_000), 10).await.unwrap(), []);
}

async fn devices_are_listed_among_ids(world: World) {
    let mut all: Vec<_> = (0..5).map(|_| fixtures::device(world.tenant.id)).collect();
    let mut tx = world.begin_system().await;
    for device in &all {
        devices::insert(&mut tx, device).await.unwrap();
    }
    tx.commit().await.unwrap();
    all.sort_by_key(|device| std::cmp::Reverse(device.id));
    let ids = vec![all[3].id, all[0].id, id(), all[1].id];
    let filter = DeviceFilter { ids: Some(ids), ..DeviceFilter::default() };
    let mut db = world.read().await;
    let first = devices::list(&mut db, &filter, Page::first(2)).await.unwrap();
    assert_eq!(first.items, all[..2]);
    let second = devices::list(&mut db, &filter, Page { after: first.next, limit: 2 }).await.unwrap();
    assert_eq!((second.items, second.next), (vec![all[3].clone()], None));
    let none = DeviceFilter { ids: Some(Vec::new()), ..DeviceFilter::default() };
    assert_eq!(devices::list(&mut db, &none, Page::first(2)).await.unwrap().items, []);
    let others = DeviceFilter { disabled: Some(true), ..filter };
    assert_eq!(devices::list(&mut db, &others, Page::first(2)).await.unwrap().items, []);
}
