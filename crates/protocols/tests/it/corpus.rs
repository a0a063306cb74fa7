//! Messages of other projects' tests, when the corpus is there.

use std::path::PathBuf;

use serde_json::Value;
use tracklane_core::position::Report;
use tracklane_protocols::owntracks::Sender;
use tracklane_protocols::{DecodeError, decode_line, osmand, owntracks};

use super::one;

/// The lines of a file of the corpus; none when the corpus is not there.
fn lines(file: &str) -> Vec<String> {
    let Some(corpus) = std::env::var_os("TRACKLANE_CORPUS") else {
        println!("left out: TRACKLANE_CORPUS is not set");
        return Vec::new();
    };
    let text = std::fs::read_to_string(PathBuf::from(corpus).join(file)).expect("a file of the corpus");
    text.lines().map(str::to_owned).collect()
}

pub(super) fn cases(file: &str) -> Vec<Value> {
    lines(file).iter().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Decodes the message of a case the way the server would, then every beginning of it.
fn decode(case: &Value) -> Result<Vec<Report>, DecodeError> {
    let message = &case["message"];
    let path = message["path"].as_str().expect("a path");
    let query = path.split_once('?').map(|(_, query)| query);
    let body = message["body"]["data"].as_str().unwrap_or_default();
    let content_type = message["headers"]["Content-Type"].as_str();
    let run = |query: Option<&str>, body: &str| match case["protocol"].as_str() {
        Some("osmand") => osmand::decode(query, content_type, body.as_bytes()),
        _ => owntracks::decode(body.as_bytes(), &Sender::default()),
    };
    for end in 0..body.len() {
        if let Some(start) = body.get(..end) {
            let _ = run(query, start);
        }
    }
    for end in 0..query.map_or(0, str::len) {
        let _ = run(query.and_then(|query| query.get(..end)), body);
    }
    run(query, body)
}

fn check_asserted(file: &str, count: usize) {
    let cases = cases(file);
    assert!(cases.is_empty() || cases.len() == count, "{} messages", cases.len());
    for case in cases {
        let report = one(decode(&case)).unwrap_or_else(|error| panic!("{}: {error}", case["id"]));
        match case["assertion"].as_str() {
            Some("position") => assert!(report.fix.is_some(), "{}", case["id"]),
            Some("attribute") => {
                let expected = &case["expected_attribute"];
                let key = expected["key"].as_str().expect("a key");
                assert_eq!(report.attributes.get(key), Some(&expected["value"]), "{}", case["id"]);
            }
            Some("not_null") => assert!(!report.attributes.is_empty(), "{}", case["id"]),
            other => panic!("{}: unknown assertion {other:?}", case["id"]),
        }
    }
}

#[test]
fn osmand_messages() {
    check_asserted("devices/traccar_osmand.jsonl", 10);
}

#[test]
fn owntracks_messages() {
    check_asserted("devices/traccar_owntracks.jsonl", 4);
}

#[test]
fn owntracks_payloads_of_the_booklet() {
    for case in cases("devices/owntracks_booklet_payloads.jsonl") {
        let payload = &case["payload"];
        let text = payload.to_string();
        let report = one(decode_line("owntracks", &text)).unwrap_or_else(|error| panic!("{text}: {error}"));
        let is_location = payload["_type"] == "location";
        assert_eq!(report.fix.is_some(), is_location, "{text}");
        assert_eq!(report.kind, if is_location { "position" } else { payload["_type"].as_str().expect("a type") });
        assert!(!report.attributes.contains_key("password"));
    }
}

#[test]
fn owntracks_recording_of_a_phone() {
    let (mut positions, mut others) = (0, 0);
    for line in lines("traces/owntracks_demo_iphone.rec") {
        let json = line.split('\t').nth(2).expect("three columns");
        match decode_line("owntracks", json) {
            Ok(reports) if reports.iter().any(|report| report.fix.is_some()) => positions += 1,
            Ok(_) => others += 1,
            Err(error) => panic!("{line}: {error}"),
        }
    }
    println!("{positions} positions, {others} other messages");
}
