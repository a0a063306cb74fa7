//! What is not believed is kept, and moves nothing.

use serde_json::json;
use tracklane_core::id::DeviceId;
use tracklane_core::position::{Mark, Point};
use tracklane_engine::Settings;
use tracklane_engine::records::NewDevice;
use tracklane_engine::tracking::{DeviceRef, Incoming, LatestFilter, RowOutcome};

use crate::kit::{Ground, World, each, east, fix};

each!(each_mark_is_told_counted_and_kept, a_device_may_be_as_fast_as_it_says_of_itself);

/// A row `seconds` after now, so many metres east.
fn row(world: &World, device: DeviceId, seconds: i64, metres: f64) -> Incoming {
    let at = world.ground.now() + jiff::SignedDuration::from_secs(seconds);
    fix(DeviceRef::Id(device), Some(at), east(metres))
}

async fn each_mark_is_told_counted_and_kept(world: World) {
    let phone = world.device("phone", None).await.id;
    let centre = east(50_000.0);
    let zone = json!({
        "name": "Far", "radius_m": 500, "geometry": { "type": "Point", "coordinates": [centre.lon, centre.lat] },
    });
    world.engine.records.zones.create(&world.boss, serde_json::from_value(zone).unwrap()).await.unwrap();
    let row = |seconds, metres| row(&world, phone, seconds, metres);
    let mut rows = vec![row(-100, 0.0)];
    let mut invalid = row(-90, 10.0);
    invalid.fix.as_mut().unwrap().valid = false;
    let mut nowhere = row(-80, 0.0);
    nowhere.fix.as_mut().unwrap().point = Point { lat: 0.0, lon: 0.0 };
    let mut mock = row(-70, 20.0);
    mock.attributes.insert("mock".to_owned(), true.into());
    let mut vague = row(-60, 20.0);
    vague.fix.as_mut().unwrap().accuracy_m = Some(5_000.0);
    rows.extend([invalid, nowhere, mock, vague, row(-50, 50_000.0), row(-40, 40.0)]);
    // Late ones are looked at by themselves.
    let mut late_mock = row(-65, 20.0);
    late_mock.attributes.insert("mock".to_owned(), json!("true"));

    let tracking = &world.engine.tracking;
    let marks = [Mark::Invalid, Mark::NullIsland, Mark::Mock, Mark::Inaccurate, Mark::Teleport];
    let mut expected = vec![RowOutcome::Accepted];
    expected.extend(marks.map(RowOutcome::Marked));
    expected.push(RowOutcome::Accepted);
    assert_eq!(tracking.submit(&world.boss, rows).await.unwrap(), expected);
    let late = tracking.submit_one(&world.boss, late_mock.clone()).await.unwrap();
    assert_eq!(late, RowOutcome::Marked(Mark::Mock));
    assert_eq!(tracking.submit_one(&world.boss, late_mock).await.unwrap(), RowOutcome::Duplicate);

    let counted = tracking.stats().snapshot();
    assert_eq!((counted.accepted, counted.late, counted.duplicate), (2, 0, 1));
    let of = |mark| counted.marked.iter().find(|(known, _)| *known == mark).map(|(_, count)| *count);
    assert_eq!(marks.map(|mark| of(mark).unwrap()), [1, 1, 2, 1, 1]);

    let (from, to) = (world.ground.now() - jiff::SignedDuration::from_secs(200), world.ground.now());
    let kept = tracking.history(&world.boss, phone, from, to, 100, true).await.unwrap();
    let kept: Vec<_> = kept.iter().map(|position| position.mark).collect();
    let [invalid, nowhere, mock, vague, jump] = marks.map(Some);
    assert_eq!(kept, [None, invalid, nowhere, mock, mock, vague, jump, None]);
    // Pages of one, so that whole pages of marked ones are passed over.
    let believed = tracking.history(&world.boss, phone, from, to, 1, false).await.unwrap();
    assert_eq!(believed.len(), 1);
    let after = believed[0].fix_time + jiff::SignedDuration::from_secs(1);
    let next = tracking.history(&world.boss, phone, after, to, 1, false).await.unwrap();
    assert_eq!(next[0].fix_time, to - jiff::SignedDuration::from_secs(40));

    let latest = tracking.latest(&world.boss, &LatestFilter::default()).unwrap();
    assert_eq!(latest[0].fix_time, to - jiff::SignedDuration::from_secs(40));
    assert_eq!(world.log().await, [], "a jump enters no zone");
}

async fn a_device_may_be_as_fast_as_it_says_of_itself(world: World) {
    let plane = world.device("plane", None).await;
    let fast = NewDevice { max_speed_mps: Some(300.0), ..NewDevice::from(&plane) };
    world.engine.records.devices.update(&world.boss, plane.id, plane.version, fast).await.unwrap();
    let film = world.device("film", None).await;
    let any = NewDevice { max_speed_mps: Some(0.0), ..NewDevice::from(&film) };
    world.engine.records.devices.update(&world.boss, film.id, film.version, any).await.unwrap();
    let car = world.device("car", None).await;
    let mut told = Vec::new();
    for (device, metres) in [(plane.id, 25_000.0), (plane.id, 90_000.0), (film.id, 90_000.0), (car.id, 25_000.0)] {
        let rows = vec![row(&world, device, -1_000, 0.0), row(&world, device, -900, metres)];
        world.engine.tracking.submit(&world.boss, rows).await.unwrap();
        let at = |seconds| world.ground.now() - jiff::SignedDuration::from_secs(seconds);
        let kept = world.engine.tracking.history(&world.boss, device, at(900), at(800), 10, true).await.unwrap();
        told.push(kept[0].mark);
        world.ground.pass(10_000);
    }
    let jump = Some(Mark::Teleport);
    assert_eq!(told, [None, jump, None, jump]);
    let wrong = NewDevice { max_speed_mps: Some(-1.0), ..NewDevice::from(&car) };
    let refused = world.engine.records.devices.update(&world.boss, car.id, car.version, wrong).await.unwrap_err();
    assert!(refused.to_string().contains("max_speed_mps") || format!("{refused:?}").contains("max_speed_mps"));
}

/// A jump that waits for a second fix to agree is not forgotten by a restart, and what was marked stays marked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_jump_is_remembered_over_a_restart() {
    let ground = Ground::new();
    let engine = ground.start_with(Settings::default()).await;
    let world = World::on(ground, engine).await;
    let phone = world.device("phone", None).await.id;
    let rows = vec![row(&world, phone, -30, 0.0), row(&world, phone, -20, 50_000.0)];
    let told = world.engine.tracking.submit(&world.boss, rows).await.unwrap();
    assert_eq!(told, [RowOutcome::Accepted, RowOutcome::Marked(Mark::Teleport)]);
    let agreeing = row(&world, phone, -10, 50_100.0);
    let World { ground, engine, boss, .. } = world;
    engine.shutdown().await;
    drop(engine);
    let engine = ground.start_with(Settings::default()).await;
    assert_eq!(engine.tracking.submit_one(&boss, agreeing).await.unwrap(), RowOutcome::Accepted);
    engine.shutdown().await;
}
