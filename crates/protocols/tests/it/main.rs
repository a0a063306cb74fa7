//! The decoders against messages of our own, messages of the corpus, broken messages, and themselves.

mod corpus;
mod corpus_streams;
mod gt06;
mod import;
mod mqtt;
mod osmand;
mod owntracks;
mod round_trip;
mod stream_round_trip;
mod teltonika;
mod text;

use std::collections::BTreeMap;

use serde_json::Value;
use tracklane_core::Timestamp;
use tracklane_core::position::Report;
use tracklane_protocols::{DecodeError, PROTOCOLS, decode_line};

/// One line for a report, to compare by eye.
fn show(report: &Report) -> String {
    let time = report.time.map_or_else(|| "-".to_owned(), |time| time.to_string());
    let fix = report.fix.as_ref().map_or_else(
        || "-".to_owned(),
        |fix| {
            let number = |value: Option<f32>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"));
            let numbers = [fix.altitude_m, fix.speed_mps, fix.course_deg, fix.accuracy_m].map(number);
            format!("{},{} {} {}", fix.point.lat, fix.point.lon, numbers.join(" "), fix.valid)
        },
    );
    let attributes = sorted(&report.attributes.clone().into());
    format!("{} {} {time} [{fix}] {attributes}", report.device, report.kind)
}

/// JSON with its keys in order, whether or not maps keep theirs.
fn sorted(value: &Value) -> String {
    let list = |parts: Vec<String>| parts.join(",");
    match value {
        Value::Object(map) => {
            let in_order: BTreeMap<_, _> = map.iter().collect();
            format!(
                "{{{}}}",
                list(in_order.iter().map(|(key, value)| format!("\"{key}\":{}", sorted(value))).collect())
            )
        }
        Value::Array(values) => format!("[{}]", list(values.iter().map(sorted).collect())),
        other => other.to_string(),
    }
}

fn one(reports: Result<Vec<Report>, DecodeError>) -> Result<Report, String> {
    let reports = reports.map_err(|error| error.to_string())?;
    assert_eq!(reports.len(), 1);
    reports.into_iter().next().ok_or_else(|| unreachable!())
}

fn instant(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

#[test]
fn an_unknown_protocol_is_answered_with_the_list() {
    let error = decode_line("telegraph", "...").expect_err("unknown");
    assert_eq!(
        error.to_string(),
        "unknown protocol \"telegraph\"; known are osmand, owntracks, teltonika, gt06, h02, tk103, gps103, gl200, mqtt"
    );
}

#[test]
fn protocol_names_are_unique_and_ports_too() {
    for (number, protocol) in PROTOCOLS.iter().enumerate() {
        for other in &PROTOCOLS[..number] {
            assert_ne!(protocol.name, other.name);
            assert!(protocol.default_port.is_none() || protocol.default_port != other.default_port);
        }
    }
}
