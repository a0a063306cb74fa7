//! What we write, we read; what nobody wrote does not bring us down.

use proptest::prelude::*;
use tracklane_core::Timestamp;
use tracklane_core::position::{Attributes, Fix, Point, Report};
use tracklane_protocols::owntracks::Sender;
use tracklane_protocols::{osmand, owntracks};

use super::one;

fn any_fix() -> impl Strategy<Value = Fix> {
    let place = (-900_000_000i32..=900_000_000, -1_800_000_000i32..=1_800_000_000);
    let optional = |range: std::ops::Range<f32>| prop::option::of(range);
    (place, optional(-400.0..9000.0), optional(0.0..90.0), optional(0.0..359.9), optional(0.0..5000.0)).prop_map(
        |((lat, lon), altitude_m, speed_mps, course_deg, accuracy_m)| Fix {
            point: Point { lat: f64::from(lat) / 1e7, lon: f64::from(lon) / 1e7 },
            altitude_m,
            speed_mps,
            course_deg,
            accuracy_m,
            valid: true,
        },
    )
}

fn any_report() -> impl Strategy<Value = Report> {
    (any_fix(), "[a-zA-Z0-9 &=%+é]{1,12}", 0i64..4_000_000_000, 0u8..=100).prop_map(|(fix, device, second, battery)| {
        let mut attributes = Attributes::new();
        attributes.insert("battery_percent".to_owned(), f64::from(battery).into());
        let time = Timestamp::from_second(second).ok();
        Report { device, kind: "position".to_owned(), time, fix: Some(fix), attributes }
    })
}

/// The same, but for the last digits of the speed, which goes through another unit.
fn assert_same(read: Report, written: &Report) {
    let speed = |report: &Report| report.fix.as_ref().and_then(|fix| fix.speed_mps);
    match (speed(&read), speed(written)) {
        (Some(a), Some(b)) => assert!((a - b).abs() <= 1e-5 * b.max(1.0), "{a} against {b}"),
        (a, b) => assert_eq!(a, b),
    }
    let without_speed = |report: Report| Report { fix: report.fix.map(|fix| Fix { speed_mps: None, ..fix }), ..report };
    assert_eq!(without_speed(read), without_speed(written.clone()));
}

proptest! {
    #[test]
    fn osmand_reads_what_it_writes(report in any_report()) {
        // Below 2^31 the protocol takes milliseconds for seconds.
        prop_assume!(report.time.is_some_and(|time| time.as_millisecond() >= 1 << 31));
        let read = one(osmand::decode(Some(&osmand::encode(&report)), None, &[])).expect("our own message");
        assert_same(read, &report);
    }

    #[test]
    fn owntracks_reads_what_it_writes(report in any_report()) {
        let report = Report { device: format!("ana/{}", report.device), ..report };
        prop_assume!(report.time.is_some_and(|time| time.as_second() < 1 << 31));
        let body = owntracks::encode(&report).to_string();
        let read = one(owntracks::decode(body.as_bytes(), &Sender::default())).expect("our own message");
        assert_same(read, &report);
    }

    #[test]
    fn no_bytes_bring_a_decoder_down(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,200}") {
        for input in [&bytes[..], text.as_bytes()] {
            let _ = osmand::decode(None, None, input);
            let _ = osmand::decode(None, Some("application/json"), input);
            let _ = owntracks::decode(input, &Sender::default());
        }
        let _ = osmand::decode(Some(&text), None, &[]);
    }

    #[test]
    fn no_query_brings_the_decoder_down(
        pairs in prop::collection::vec(
            (prop::sample::select(&["id", "lat", "lon", "location", "timestamp", "speed", "bearing", "cell", "wifi", "batt", "x"][..]),
             prop_oneof!["-?[0-9]{0,25}", "-?[0-9.e,-]{0,12}", "\\PC{0,8}", Just("NaN".to_owned()), Just("-0".to_owned())]),
            0..8,
        ),
    ) {
        let query: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}={value}")).collect();
        if let Ok(reports) = osmand::decode(Some(&query.join("&")), None, &[]) {
            for fix in reports.into_iter().filter_map(|report| report.fix) {
                prop_assert!(fix.point.check().is_ok());
            }
        }
    }
}
