use tracklane_core::id::{DeviceId, Id, TenantId};
use tracklane_core::position::{Attributes, Fix, Point, Position};
use tracklane_core::{FieldError, Timestamp};
use uuid::Uuid;

fn position() -> Position {
    let received_at = Timestamp::from_second(1_767_225_600).expect("a time");
    Position {
        tenant_id: TenantId::from_uuid(Uuid::nil()),
        device_id: DeviceId::from_uuid(Uuid::nil()),
        fix_time: received_at,
        received_at,
        fix: Fix {
            point: Point { lat: 41.15, lon: -8.61 },
            altitude_m: Some(80.0),
            speed_mps: Some(13.0),
            course_deg: Some(270.0),
            accuracy_m: Some(5.0),
            valid: true,
        },
        attributes: Attributes::new(),
        mark: None,
    }
}

#[track_caller]
fn check(change: impl FnOnce(&mut Position), pointers: &[&str]) {
    let mut changed = position();
    change(&mut changed);
    let errors = changed.check().err().map(|invalid| invalid.0).unwrap_or_default();
    let found: Vec<_> = errors.iter().map(|FieldError { pointer, .. }| pointer.as_str()).collect();
    assert_eq!(found, pointers, "{errors:?}");
    assert!(errors.iter().all(|error| error.detail.starts_with("must ")), "{errors:?}");
}

#[test]
fn a_plausible_position_passes_at_its_limits() {
    check(|_| {}, &[]);
    check(
        |p| p.fix = Fix { altitude_m: None, speed_mps: None, course_deg: None, accuracy_m: None, ..p.fix.clone() },
        &[],
    );
    check(|p| p.fix.point = Point { lat: 90.0, lon: -180.0 }, &[]);
    check(|p| p.fix.point = Point { lat: -90.0, lon: 180.0 }, &[]);
    check(|p| p.fix_time = p.received_at + std::time::Duration::from_secs(300), &[]);
    check(|p| p.fix_time = Timestamp::from_second(946_684_800).expect("a time"), &[]);
    check(|p| (p.fix.speed_mps, p.fix.accuracy_m) = (Some(500.0), Some(1_000_000.0)), &[]);
}

#[test]
fn every_broken_rule_is_named() {
    for bad in [90.1, -90.1, f64::NAN, f64::INFINITY] {
        check(|p| p.fix.point.lat = bad, &["#/lat"]);
    }
    for bad in [180.1, -180.1, f64::NAN, f64::NEG_INFINITY] {
        check(|p| p.fix.point.lon = bad, &["#/lon"]);
    }
    check(|p| p.fix_time = p.received_at + std::time::Duration::from_secs(301), &["#/fix_time"]);
    check(|p| p.fix_time = Timestamp::from_second(946_684_799).expect("a time"), &["#/fix_time"]);
    for bad in [-0.1, 500.1, f32::NAN, f32::INFINITY] {
        check(|p| p.fix.speed_mps = Some(bad), &["#/speed_mps"]);
    }
    for bad in [-0.1, 360.1, f32::NAN] {
        check(|p| p.fix.course_deg = Some(bad), &["#/course_deg"]);
    }
    check(|p| p.fix.accuracy_m = Some(-1.0), &["#/accuracy_m"]);
    check(|p| p.fix.altitude_m = Some(-12_001.0), &["#/altitude_m"]);
    check(|p| (p.fix.point.lat, p.fix.speed_mps) = (100.0, Some(-1.0)), &["#/lat", "#/speed_mps"]);
}
