//! Who was in an area between two times.

use tracklane_core::bounds::BoundingBox;
use tracklane_core::ports::{AreaCursor, AreaQuery, PositionHistory};
use tracklane_core::position::{Point, Position};
use tracklane_history::History;

use crate::support::{append, device, in_area, position, run, small, tenant, time, unsealed};

/// The position number `n` of a device that moves east, a hundredth of a degree with each.
fn moving(of_device: u64, n: u32) -> Position {
    let mut position = position(of_device, i64::from(n) * 1_000_000, n);
    position.fix.point = Point { lat: of_device as f64, lon: f64::from(n) / 100.0 };
    position
}

fn between(west: f64, east: f64) -> BoundingBox {
    BoundingBox { west, south: -90.0, east, north: 90.0 }
}

#[test]
fn finds_the_same_in_memory_in_segments_and_in_both() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path(), unsealed()).unwrap();
    let all: Vec<Position> = (0..5).flat_map(|device| (0..1_000).map(move |n| moving(device, n))).collect();
    append(&history, all.iter().step_by(2).cloned().collect()).unwrap();
    history.seal().unwrap();
    append(&history, all.iter().skip(1).step_by(2).cloned().collect()).unwrap();
    let check = || {
        for (area, limit) in [(between(2.0, 3.0), 7), (between(2.0, 3.0), 10_000), (between(9.995, -179.0), 3)] {
            let expected: Vec<_> = all.iter().filter(|one| area.contains(one.fix.point)).cloned().collect();
            assert_eq!(in_area(&history, area, limit), expected, "{area:?}");
        }
    };
    check();
    history.seal().unwrap();
    check();
}

#[test]
fn what_was_corrected_is_found_where_it_is_now() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path(), unsealed()).unwrap();
    append(&history, (0..300).map(|n| moving(1, n)).collect()).unwrap();
    history.seal().unwrap();
    let mut elsewhere = moving(1, 150);
    elsewhere.fix.point.lon = 100.0;
    append(&history, vec![elsewhere.clone()]).unwrap();
    for sealed in [false, true] {
        if sealed {
            history.seal().unwrap();
        }
        assert_eq!(in_area(&history, between(1.495, 1.505), 10), []);
        assert_eq!(in_area(&history, between(99.0, 101.0), 10), std::slice::from_ref(&elsewhere));
    }
}

#[test]
fn keeps_to_the_time_the_tenant_and_the_cursor() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path(), small()).unwrap();
    for of_device in 0..3 {
        append(&history, (0..200).map(|n| moving(of_device, n)).collect()).unwrap();
    }
    history.seal().unwrap();
    let everywhere = between(-180.0, 180.0);
    let (from, to) = (time(50_000_000), time(60_000_000));
    let query = AreaQuery { tenant_id: tenant(), area: everywhere, from, to, after: None, limit: 1_000 };
    let found = run(history.area(query.clone())).unwrap();
    let expected: Vec<_> = (0..3).flat_map(|device| (50..60).map(move |n| moving(device, n))).collect();
    assert_eq!((found.positions, found.next), (expected.clone(), None));
    let after = Some(AreaCursor { device_id: device(1), fix_time: time(54_000_000) });
    let found = run(history.area(AreaQuery { after, ..query.clone() })).unwrap();
    assert_eq!(found.positions, expected[15..]);
    let foreign = tracklane_core::id::Id::from_uuid(uuid::Uuid::from_u128(1));
    assert_eq!(run(history.area(AreaQuery { tenant_id: foreign, ..query.clone() })).unwrap().positions, []);
    assert_eq!(run(history.area(AreaQuery { to: from, ..query.clone() })).unwrap().positions, []);
    assert_eq!(run(history.area(AreaQuery { limit: 0, ..query })).unwrap().positions, []);
}
