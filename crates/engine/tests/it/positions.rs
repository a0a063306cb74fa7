//! The position pipeline: what is kept, what is refused, what zones say.

use serde_json::json;
use tracklane_core::event::EventKind;
use tracklane_core::model::{Caller, DutyState, Role};
use tracklane_core::position::{Mark, Point};
use tracklane_engine::Error;
use tracklane_engine::records::{NewDevice, NewDriver};
use tracklane_engine::tracking::{BoundingBox, DeviceRef, LatestFilter, RowOutcome};

use crate::kit::{World, each, east, fix};

each!(
    half_a_batch_bad_loses_nothing_else,
    duplicates_are_kept_once_and_late_rows_do_not_move_now,
    neither_a_clock_ahead_nor_a_bad_fix_makes_honest_ones_late,
    narrow_callers_speak_for_their_own_devices,
    zones_are_entered_and_left_once,
    latest_positions_are_found_by_box,
    after_shutdown_nothing_is_taken,
);

fn pointers(outcome: &RowOutcome) -> Vec<&str> {
    match outcome {
        RowOutcome::Rejected(invalid) => invalid.0.iter().map(|error| error.pointer.as_str()).collect(),
        _ => Vec::new(),
    }
}

async fn half_a_batch_bad_loses_nothing_else(world: World) {
    let phone = world.device("phone", None).await;
    let gone = world.device("gone", None).await;
    let off = NewDevice { disabled: true, ..NewDevice::from(&gone) };
    world.engine.records.devices.update(&world.boss, gone.id, gone.version, off).await.unwrap();
    let foreign = world.other().await;
    let theirs = serde_json::from_value::<NewDevice>(json!({ "identifier": "theirs" })).unwrap();
    let theirs = world.engine.records.devices.create(&foreign, theirs).await.unwrap();

    let now = world.ground.now();
    let at = |seconds: i64| Some(now + jiff::SignedDuration::from_secs(seconds));
    let named = |name: &str| DeviceRef::Identifier(name.to_owned());
    let nowhere = Point { lat: f64::NAN, lon: 200.0 };
    let rows = vec![
        fix(named("phone"), at(-20), east(0.0)),
        fix(named("phone"), at(-10), nowhere),
        fix(named("nobody"), at(-10), east(0.0)),
        fix(DeviceRef::Id(theirs.id), at(-10), east(0.0)),
        fix(named("gone"), at(-10), east(0.0)),
        fix(DeviceRef::Id(phone.id), at(400), east(0.0)),
        fix(DeviceRef::Id(phone.id), at(-10), east(10.0)),
        fix(DeviceRef::Caller, at(-5), east(10.0)),
    ];
    let outcomes = world.engine.tracking.submit(&world.boss, rows).await.unwrap();
    assert_eq!(outcomes[0], RowOutcome::Accepted);
    assert_eq!(pointers(&outcomes[1]), ["#/lat", "#/lon"]);
    assert_eq!(pointers(&outcomes[2]), ["#/device"]);
    assert_eq!(outcomes[3], outcomes[2], "another tenant's device is as unknown as none");
    assert_eq!(pointers(&outcomes[4]), ["#/device"]);
    assert_eq!(pointers(&outcomes[5]), ["#/fix_time"]);
    assert_eq!(outcomes[6], RowOutcome::Accepted);
    assert_eq!(pointers(&outcomes[7]), ["#/device"]);

    let kept = world.engine.tracking.history(&world.boss, phone.id, at(-60).unwrap(), now, 100, true).await.unwrap();
    assert_eq!(kept.len(), 2);
    let counted = world.engine.tracking.stats().snapshot();
    assert_eq!((counted.accepted, counted.rejected), (2, 6));
    assert_eq!(world.engine.tracking.waiting(), 0);
}

async fn duplicates_are_kept_once_and_late_rows_do_not_move_now(world: World) {
    let phone = world.device("phone", None).await;
    let now = world.ground.now();
    let row = |seconds: i64, metres: f64| {
        fix(DeviceRef::Id(phone.id), Some(now - jiff::SignedDuration::from_secs(seconds)), east(metres))
    };
    let tracking = &world.engine.tracking;
    // Out of order inside one batch is put in order.
    let outcomes = tracking.submit(&world.boss, vec![row(10, 100.0), row(30, 0.0), row(10, 100.0)]).await.unwrap();
    assert_eq!(outcomes, [RowOutcome::Accepted, RowOutcome::Accepted, RowOutcome::Duplicate]);
    assert_eq!(tracking.submit_one(&world.boss, row(10, 100.0)).await.unwrap(), RowOutcome::Duplicate);
    assert_eq!(tracking.submit_one(&world.boss, row(20, 50.0)).await.unwrap(), RowOutcome::Late);
    assert_eq!(tracking.submit_one(&world.boss, row(20, 50.0)).await.unwrap(), RowOutcome::Duplicate);
    assert_eq!(tracking.submit_one(&world.boss, row(30, 0.0)).await.unwrap(), RowOutcome::Duplicate);
    let twice = tracking.submit(&world.boss, vec![row(25, 40.0), row(25, 45.0)]).await.unwrap();
    assert_eq!(twice, [RowOutcome::Late, RowOutcome::Duplicate]);
    let latest = tracking.latest(&world.boss, &LatestFilter::default()).unwrap();
    assert_eq!(latest.len(), 1);
    assert_eq!(latest[0].fix_time, now - jiff::SignedDuration::from_secs(10));
    let from = now - jiff::SignedDuration::from_secs(60);
    let kept = tracking.history(&world.boss, phone.id, from, now, 100, true).await.unwrap();
    assert_eq!(kept.len(), 4);
    assert!((kept[1].fix.point.lon - east(40.0).lon).abs() < 1e-6, "of two equal rows the first stands");
    assert!(kept.is_sorted_by_key(|position| position.fix_time));
}

async fn neither_a_clock_ahead_nor_a_bad_fix_makes_honest_ones_late(world: World) {
    use RowOutcome::{Accepted, Duplicate, Late};
    let invalid = RowOutcome::Marked(Mark::Invalid);
    let phone = world.device("phone", None).await;
    let tracking = &world.engine.tracking;
    let start = world.ground.now();
    let row = |seconds: i64, valid: bool| {
        let at = start + jiff::SignedDuration::from_secs(seconds);
        let mut row = fix(DeviceRef::Id(phone.id), Some(at), east(10.0));
        row.fix.as_mut().unwrap().valid = valid;
        row
    };
    let ahead = [row(120, true), row(200, false), row(120, true), row(200, false)];
    let outcomes = tracking.submit(&world.boss, ahead.to_vec()).await.unwrap();
    assert_eq!(outcomes, [Accepted, invalid, Duplicate, Duplicate]);
    for again in [row(120, true), row(200, false)] {
        assert_eq!(tracking.submit_one(&world.boss, again).await.unwrap(), Duplicate);
    }
    world.ground.pass(10);
    let honest = tracking.submit(&world.boss, vec![row(9, true), row(9, true), row(8, true)]).await.unwrap();
    assert_eq!(honest, [Accepted, Duplicate, Accepted]);
    assert_eq!(tracking.submit_one(&world.boss, row(9, true)).await.unwrap(), Duplicate);
    assert_eq!(tracking.submit_one(&world.boss, row(5, true)).await.unwrap(), Late);
    let latest = tracking.latest(&world.boss, &LatestFilter::default()).unwrap();
    assert_eq!(latest[0].fix_time, start + jiff::SignedDuration::from_secs(9));
    let end = start + jiff::SignedDuration::from_secs(300);
    assert_eq!(tracking.history(&world.boss, phone.id, start, end, 100, true).await.unwrap().len(), 5);
}

async fn narrow_callers_speak_for_their_own_devices(world: World) {
    let ana = world.driver("Ana").await;
    let (hers, other) = (world.device("hers", Some(ana.id)).await, world.device("other", None).await);
    let tracking = &world.engine.tracking;
    let driver = world.driver_caller(ana.id);
    let own = tracking.submit_one(&driver, fix(DeviceRef::Caller, None, east(0.0))).await.unwrap();
    assert_eq!(own, RowOutcome::Accepted);
    let foreign = tracking.submit_one(&driver, fix(DeviceRef::Id(other.id), None, east(0.0))).await.unwrap();
    assert_eq!(pointers(&foreign), ["#/device"]);
    let device = Caller { role: Role::Device, device_id: Some(other.id), ..world.boss.clone() };
    let own = tracking.submit_one(&device, fix(DeviceRef::Caller, None, east(0.0))).await.unwrap();
    assert_eq!(own, RowOutcome::Accepted);
    let rui = world.driver("Rui").await;
    let fresh =
        tracking.submit_one(&world.driver_caller(rui.id), fix(DeviceRef::Caller, None, east(0.0))).await.unwrap();
    assert_eq!(fresh, RowOutcome::Accepted, "a driver without a device gets one");
    let provided = tracking.device_of_driver(&world.boss, rui.id).await.unwrap();
    assert_eq!(provided.driver_id, Some(rui.id));
    let name = rui.id.to_string();
    let anybody = world.engine.access.authenticate_device(&name, None, None).await;
    assert!(matches!(anybody, Err(Error::Unauthenticated)), "a driver's name is no secret");
    assert!(world.engine.records.devices.get(&world.boss, provided.device_id).await.unwrap().has_credential);
    let refused = tracking.submit_one(&world.viewer(), fix(DeviceRef::Id(hers.id), None, east(0.0))).await;
    assert!(matches!(refused, Err(Error::Forbidden)));
    let seen = tracking.latest(&driver, &LatestFilter::default()).unwrap();
    assert_eq!(seen.iter().map(|latest| latest.device_id).collect::<Vec<_>>(), [hers.id]);

    let duty = NewDriver { duty: DutyState::OffDuty, ..NewDriver::from(&ana) };
    world.engine.records.drivers.update(&world.boss, ana.id, ana.version, duty).await.unwrap();
    world.ground.pass(1);
    let resting = tracking.submit_one(&driver, fix(DeviceRef::Caller, None, east(0.0))).await.unwrap();
    assert_eq!(pointers(&resting), ["#/device"]);
}

async fn zones_are_entered_and_left_once(world: World) {
    let phone = world.device("phone", None).await;
    let centre = east(1_000.0);
    let zone = json!({
        "name": "Depot", "radius_m": 200,
        "geometry": { "type": "Point", "coordinates": [centre.lon, centre.lat] },
    });
    let zone = world.engine.records.zones.create(&world.boss, serde_json::from_value(zone).unwrap()).await.unwrap();
    for metres in [0.0, 600.0, 900.0, 1_000.0, 1_190.0, 1_205.0, 1_195.0, 1_600.0, 2_000.0] {
        world.ground.pass(10);
        world.at(phone.id, east(metres)).await;
    }
    let log = world.log().await;
    let crossings: Vec<_> = log.iter().filter(|event| event.zone_id == Some(zone.id)).collect();
    let kinds: Vec<_> = crossings.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::ZoneEntered, EventKind::ZoneExited]);
    assert_eq!(crossings[0].device_id, Some(phone.id));
    assert_eq!(crossings[0].data["zone_name"], "Depot");
    assert!(crossings[0].occurred_at < crossings[1].occurred_at);

    // Inside from the start is not an entry, and a deleted zone tells nothing.
    let second = world.device("second", None).await;
    world.at(second.id, centre).await;
    world.engine.records.zones.delete(&world.boss, zone.id, None).await.unwrap();
    world.ground.pass(100);
    world.at(second.id, east(9_000.0)).await;
    assert_eq!(world.log().await.len(), log.len());
}

async fn latest_positions_are_found_by_box(world: World) {
    let (near, far) = (world.device("near", None).await, world.device("far", None).await);
    world.at(near.id, east(0.0)).await;
    world.at(far.id, east(50_000.0)).await;
    let bbox = BoundingBox { west: -8.7, south: 41.0, east: -8.5, north: 41.3 };
    let filter = LatestFilter { bbox: Some(bbox), ..LatestFilter::default() };
    let found = world.engine.tracking.latest(&world.boss, &filter).unwrap();
    assert_eq!(found.iter().map(|latest| latest.device_id).collect::<Vec<_>>(), [near.id]);
    let beyond = BoundingBox { west: 170.0, south: -10.0, east: -170.0, north: 10.0 };
    assert!(beyond.contains(Point { lat: 0.0, lon: 179.0 }) && beyond.contains(Point { lat: 0.0, lon: -179.0 }));
    assert!(!beyond.contains(Point { lat: 0.0, lon: 0.0 }));
}

async fn after_shutdown_nothing_is_taken(world: World) {
    let phone = world.device("phone", None).await;
    world.at(phone.id, east(0.0)).await;
    world.engine.shutdown().await;
    let late = world.engine.tracking.submit_one(&world.boss, fix(DeviceRef::Id(phone.id), None, east(0.0))).await;
    assert!(matches!(late, Err(Error::Unavailable(_))));
}
