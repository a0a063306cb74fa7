//! Carriers' answers of the corpus against what others made of them: how many reports, errors and events, when, where, and
//! which status. Where we differ on purpose, the reason stands in [`DIFFERENT`].

use std::collections::BTreeMap;

use serde_json::Value;
use tracklane_carriers::carriers::Registry;
use tracklane_carriers::report::{Report, ReportedEvent, When};
use tracklane_carriers::{Answer, CarrierError, Parsed};
use tracklane_core::lifecycle::Status;

use crate::corpus;

/// Files of the corpus by our carriers.
pub const FILES: &[(&str, &str)] = &[
    ("ups", "ups"),
    ("fedex", "fedex"),
    ("usps", "usps"),
    ("usps_international", "usps"),
    ("dhl_universal", "dhl_unified"),
    ("dhl_express", "dhl_express"),
    ("dhl_parcel_de", "dhl_parcel_de"),
    ("dpd", "dpd"),
    ("gls", "gls"),
    ("royalmail", "royal_mail"),
    ("canadapost", "canada_post"),
    ("australiapost", "australia_post"),
    ("bpost", "bpost"),
    ("amazon_shipping", "amazon_shipping"),
    ("easypost", "easypost"),
];

/// One case of a file.
pub struct Case {
    pub file: &'static str,
    pub carrier: &'static str,
    pub name: String,
    pub body: String,
    pub expected: Value,
}

/// Every case, with the first answer of those that have several (the others are of other calls).
pub fn cases() -> Vec<Case> {
    let Some(corpus) = corpus::folder("carriers' answers of the corpus") else { return Vec::new() };
    let mut cases = Vec::new();
    for (file, carrier) in FILES {
        let json = corpus::json(&corpus.join(format!("carriers/karrio/{file}.json")));
        for case in json["cases"].as_array().expect("a list") {
            let body = case["raw_responses"][0]["body"].as_str().expect("a text").to_owned();
            let name = case["test"].as_str().expect("a text").to_owned();
            cases.push(Case { file, carrier, name, body, expected: case["expected_normalised"].clone() });
        }
    }
    cases
}

/// Reads an answer the way the registry does.
pub fn parse(carrier: &str, body: &[u8]) -> Result<Parsed, CarrierError> {
    Registry::built_in().find(carrier).expect("a carrier").parse(&Answer::ok(body))
}

/// Where our word is not theirs: file and code, our word and theirs, why.
const DIFFERENT: &[(&str, &str, &str)] = &[
    ("ups SR", "in_transit/on_hold", "released by customs is on its way again"),
    ("fedex DY", "-/delivery_delayed", "a delay is a flag, not a place on the way"),
    ("fedex HP", "available_for_pickup/-", "ready for the recipient"),
    ("fedex DE/A47", "in_transit/delivery_failed", "redirected, not attempted"),
    ("dhl_universal pre-transit", "info_received/delivered", "the code says so; the words are a sample's"),
    ("dpd ReturningFromDelivery", "attempt_failed/out_for_delivery", "the words say that the attempt failed"),
    ("dpd Depot", "in_transit/out_for_delivery", "at the delivery centre, not on a vehicle"),
    ("dhl_express PL", "in_transit/picked_up", "processed at a place on the way"),
    ("bpost L00", "out_for_delivery/on_hold", "out for distribution"),
    ("easypost pre_transit/status_update", "info_received/on_hold", "nobody has it yet"),
    ("australiapost ", "*", "others take the article's status for every event; we read the event's words"),
    ("dhl_parcel_de ES", "picked_up/in_transit", "posted by the sender"),
    ("dhl_parcel_de AE", "picked_up/in_transit", "the words say so"),
    ("dhl_parcel_de PO", "out_for_delivery/in_transit", "loaded onto the delivery vehicle"),
    ("canadapost 0173", "on_hold/-", "an address that must be corrected"),
];

#[test]
fn the_corpus_answers_say_what_others_read_in_them() {
    let cases = cases();
    if cases.is_empty() {
        return;
    }
    let mut wrong = Vec::new();
    // Per file: cases, events read of events expected, times, places, statuses alike, different on purpose.
    let mut sums: BTreeMap<&str, [usize; 7]> = BTreeMap::new();
    for case in &cases {
        let sum = sums.entry(case.file).or_default();
        sum[0] += 1;
        let expected = case.expected[0].as_array().unwrap();
        let parsed = match parse(case.carrier, case.body.as_bytes()) {
            Ok(parsed) => parsed,
            Err(error) => {
                if !expected.is_empty() {
                    wrong.push(format!("{} {}: {error}", case.file, case.name));
                } else if case.expected[1].as_array().is_none_or(Vec::is_empty) {
                    wrong.push(format!("{} {}: others find no error, we say {error}", case.file, case.name));
                }
                continue;
            }
        };
        if expected.is_empty() && !parsed.reports.is_empty() {
            wrong.push(format!("{} {}: an error for others, for us {:?}", case.file, case.name, parsed.reports));
        }
        for (place, theirs) in expected.iter().enumerate() {
            let number = theirs["tracking_number"].as_str().unwrap_or_default();
            // A number that was used again has several reports; others take one of them.
            let count = theirs["events"].as_array().map_or(0, Vec::len);
            let of_number = || parsed.reports.iter().filter(|report| report.number == number);
            let ours = of_number().find(|report| report.events.len() == count).or_else(|| of_number().next());
            let ours = ours.or_else(|| parsed.reports.get(place));
            match ours {
                Some(ours) => compare(case, ours, theirs, sum, &mut wrong),
                None => wrong.push(format!("{} {}: no report of {number}: {parsed:?}", case.file, case.name)),
            }
        }
    }
    for (file, [cases, ours, theirs, times, places, alike, different]) in &sums {
        println!(
            "{file}: {cases} cases; {ours} events (others: {theirs}), of those {times} times, {places} places, {alike} statuses alike, {different} different on purpose"
        );
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

fn compare(case: &Case, ours: &Report, theirs: &Value, sum: &mut [usize; 7], wrong: &mut Vec<String>) {
    let empty = Vec::new();
    let their_events = theirs["events"].as_array().unwrap_or(&empty);
    sum[1] += ours.events.len();
    sum[2] += their_events.len();
    let who = format!("{} {} {}", case.file, case.name, ours.number);
    if ours.events.len() != their_events.len() && case.file != "australiapost" {
        wrong.push(format!("{who}: {} events, others {}", ours.events.len(), their_events.len()));
    }
    for event in their_events {
        let text =
            |name: &str| event[name].as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        let local = format!("{} {}", text("date"), text("time").get(..5).unwrap_or_default());
        let code = text("code");
        let same = |ours: &&ReportedEvent| {
            let at = local_minutes(ours);
            let raw = ours.raw_code.as_deref();
            let code_fits =
                code.is_empty() || raw.is_some_and(|raw| raw.contains(code.as_str()) || raw.starts_with("pre_transit"));
            // Others take the hours of the afternoon for those of the morning.
            let minutes = at.get(..10) == local.get(..10) && at.get(14..) == local.get(14..);
            let afternoon =
                case.file == "dpd" && minutes && ours.raw_text.as_deref() == Some(text("description").as_str());
            code_fits && (at == local || afternoon)
        };
        let location = text("location");
        let there = |ours: &&ReportedEvent| {
            let place = ours.place.as_ref();
            let city = place.and_then(|place| place.city.clone().or(place.name.clone())).unwrap_or_default();
            location.to_lowercase().contains(&city.to_lowercase()) || city.contains(&location)
        };
        let found = || ours.events.iter().filter(same);
        let Some(found) = found().find(there).or_else(|| found().next()) else {
            wrong.push(format!("{who}: no event {code} at {local}"));
            continue;
        };
        sum[3] += 1;
        if there(&found) {
            sum[4] += 1;
        } else {
            wrong.push(format!("{who}: {code} is at {:?}, others say {location:?}", found.place));
        }
        let their_status = event["status"].as_str().unwrap_or("-");
        let our_status = found.status.map_or("-", Status::as_str);
        if same_status(our_status, their_status) {
            sum[5] += 1;
            continue;
        }
        let raw = found.raw_code.clone().unwrap_or_default();
        let key = format!("{} {}", case.file, if raw.is_empty() { String::new() } else { raw.clone() });
        let pair = format!("{our_status}/{their_status}");
        let known = DIFFERENT.iter().any(|(what, words, _)| {
            let named = key == *what || (case.file == "ups" && *what == "ups SR" && raw == "X/SR");
            named && (*words == "*" || *words == pair)
        });
        if known {
            sum[6] += 1;
        } else if their_status != "-" {
            wrong
                .push(format!("{who}: {key} ({:?}) is {our_status} for us, {their_status} for others", found.raw_text));
        }
    }
}

fn same_status(ours: &str, theirs: &str) -> bool {
    let word = match theirs {
        "pending" => "info_received",
        "ready_for_pickup" => "available_for_pickup",
        "delivery_failed" => "attempt_failed",
        "return_to_sender" => "returning",
        other => other,
    };
    ours == word || (ours == "unknown" && theirs == "-")
}

/// `2024-01-31 14:05` at the place.
fn local_minutes(event: &ReportedEvent) -> String {
    match event.when {
        When::Instant { at, offset_seconds, .. } => {
            let zone = jiff::tz::Offset::from_seconds(offset_seconds).expect("an offset").to_time_zone();
            at.to_zoned(zone).strftime("%Y-%m-%d %H:%M").to_string()
        }
        When::Day { date, .. } => format!("{date} "),
        When::Undated => String::new(),
    }
}
