//! Bad input: every answer cut at many places, with other types, other codes, other bytes, as a web page, too large. A
//! clear error or a report that says no more than the answer; never a panic, never a status of our own making.

use proptest::prelude::*;
use serde_json::Value;
use tracklane_carriers::carriers::Registry;
use tracklane_carriers::report::Report;
use tracklane_carriers::samples;
use tracklane_carriers::{Answer, CarrierError, MAX_BODY, Parsed};
use tracklane_core::lifecycle::Status;

use crate::corpus_answers;

/// Our own answers, and those of the corpus where it is.
fn answers() -> Vec<(String, String)> {
    let own = samples::all().into_iter().map(|sample| (sample.carrier.to_owned(), sample.body.to_owned()));
    own.chain(corpus_answers::cases().into_iter().map(|case| (case.carrier.to_owned(), case.body))).collect()
}

fn parse(carrier: &str, body: &[u8]) -> Result<Parsed, CarrierError> {
    Registry::built_in().find(carrier).expect("a carrier").parse(&Answer::ok(body))
}

/// The statuses that a report's events and summary have.
fn statuses(report: &Report) -> Vec<Status> {
    let events = report.events.iter().filter_map(|event| event.status);
    events.chain(report.summary.as_ref().and_then(|summary| summary.status)).collect()
}

#[test]
fn a_cut_answer_is_an_error_or_says_less() {
    let mut cuts = 0;
    for (carrier, body) in answers() {
        let whole = parse(&carrier, body.as_bytes());
        // Each byte of the small ones, about four hundred places of the large ones.
        let step = (body.len() / 400).max(1);
        for end in (0..body.trim_end().len()).step_by(step) {
            cuts += 1;
            let cut = &body.as_bytes()[..end];
            let Ok(parsed) = parse(&carrier, cut) else { continue };
            // Nothing but a closing brace or a comment may be missing from what can still be read.
            assert_eq!(Ok(parsed), whole, "{carrier} cut at {end} of {}", body.len());
        }
    }
    println!("{cuts} cut answers");
}

#[test]
fn a_code_that_nobody_knows_is_unknown() {
    let mut read = 0;
    for (carrier, body) in answers() {
        let codes = Registry::built_in().find(&carrier).expect("a carrier").codes();
        let codes: Vec<String> = codes.iter().map(|code| code.code.to_string()).collect();
        let changed = match serde_json::from_str::<Value>(&body) {
            Ok(mut tree) => {
                scramble(&mut tree, &codes);
                tree.to_string()
            }
            Err(_) => codes.iter().flat_map(|code| code.split('/')).fold(body, |body, part| {
                body.replace(&format!(">{part}<"), ">?<").replace(&format!("=\"{part}\""), "=\"?\"")
            }),
        };
        let Ok(parsed) = parse(&carrier, changed.as_bytes()) else { continue };
        read += parsed.reports.len();
        for report in &parsed.reports {
            for status in statuses(report) {
                assert_eq!(status, Status::Unknown, "{carrier}: {report:#?}");
            }
            assert_eq!(report.status(), None);
            let kept = |event: &tracklane_carriers::report::ReportedEvent| {
                event.raw_code.is_some() || event.raw_text.is_some()
            };
            assert!(report.events.iter().all(kept), "{carrier}");
        }
    }
    println!("{read} reports of codes that nobody knows");
}

/// Puts another text in place of everything that looks like a code of the carrier.
fn scramble(tree: &mut Value, codes: &[String]) {
    match tree {
        Value::Object(children) => children.values_mut().for_each(|child| scramble(child, codes)),
        Value::Array(list) => list.iter_mut().for_each(|child| scramble(child, codes)),
        Value::String(text) => {
            let part = |code: &String| code.split('/').any(|part| text.trim().starts_with(part));
            if codes.iter().any(part) {
                *text = format!("?{text}");
            }
        }
        Value::Number(number) if codes.iter().any(|code| code.ends_with(&format!("/{number}"))) => {
            *tree = Value::from(4711);
        }
        _ => {}
    }
}

#[test]
fn other_types_are_no_panic_and_no_new_status() {
    let mut changed = 0;
    for (carrier, body) in answers() {
        let Ok(tree) = serde_json::from_str::<Value>(&body) else { continue };
        // What the codes of this answer mean, alone or with a finer one that is gone.
        let present =
            |code: &&tracklane_carriers::Code| code.code.rsplit('/').next().is_some_and(|last| body.contains(last));
        let codes = Registry::built_in().find(&carrier).expect("a carrier").codes();
        let known: Vec<Status> = codes.iter().filter(present).filter_map(|code| code.means.status).collect();
        let mut places = Vec::new();
        collect(&tree, &mut String::new(), &mut places);
        let others = serde_json::json!([null, 7, "x", true, [], {}, [[1]]]);
        let others = others.as_array().expect("a list");
        // In the small answers every place takes every value; in the large ones the next two in turn.
        let count = if body.len() < 6000 { others.len() } else { 2 };
        for (turn, place) in places.iter().enumerate() {
            for other in others.iter().cycle().skip(turn).take(count) {
                let mut copy = tree.clone();
                if let Some(value) = copy.pointer_mut(place) {
                    *value = other.clone();
                }
                changed += 1;
                let Ok(parsed) = parse(&carrier, copy.to_string().as_bytes()) else { continue };
                for status in parsed.reports.iter().flat_map(statuses) {
                    assert!(status == Status::Unknown || known.contains(&status), "{carrier} {place}: {status}");
                }
            }
        }
    }
    println!("{changed} changed answers");
}

fn collect(tree: &Value, path: &mut String, places: &mut Vec<String>) {
    // Of long lists the first elements stand for all.
    let children: Vec<(String, &Value)> = match tree {
        Value::Object(children) => {
            children.iter().map(|(name, child)| (name.replace('~', "~0").replace('/', "~1"), child)).collect()
        }
        Value::Array(list) => {
            list.iter().take(2).enumerate().map(|(place, child)| (place.to_string(), child)).collect()
        }
        _ => Vec::new(),
    };
    for (name, child) in children {
        let length = path.len();
        path.push('/');
        path.push_str(&name);
        places.push(path.clone());
        collect(child, path, places);
        path.truncate(length);
    }
}

#[test]
fn what_is_no_answer_is_said_to_be_none() {
    let page = "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>";
    let large = vec![b' '; MAX_BODY + 1];
    for carrier in Registry::built_in().carriers() {
        let of = |status: u16, body: &[u8]| {
            let answer = Answer { status, content_type: Some("application/json"), retry_after: Some("120"), body };
            carrier.parse(&answer).unwrap_err()
        };
        let id = &carrier.id;
        assert_eq!(
            of(200, page.as_bytes()).to_string(),
            "the carrier's answer cannot be read: a web page instead of an answer (\"502 Bad Gateway\")",
            "{id}"
        );
        assert_eq!(of(502, page.as_bytes()).kind(), "carrier_fault", "{id}");
        assert_eq!(of(401, b"").kind(), "unauthorised", "{id}");
        assert_eq!(of(404, b"").kind(), "not_found", "{id}");
        assert!(matches!(of(429, b"{}"), CarrierError::RateLimited { retry_after_seconds: Some(120), .. }), "{id}");
        for (body, words) in [
            (&b""[..], "empty"),
            (b"OK", "neither JSON nor XML"),
            (b"{}", "nothing that a tracking answer"),
            (b"[]", ""),
            (&large, "bytes, more than"),
            (b"{\"a\": \xff}", "not UTF-8 at byte 6"),
        ] {
            let error = of(200, body);
            assert_eq!(error.kind(), "unreadable", "{id}: {error}");
            assert!(error.to_string().contains(words), "{id}: {error}");
        }
    }
}

#[test]
fn a_large_answer_is_read_in_full() {
    let event = r#"{"eventType": "Arrived", "eventTimestamp": "2024-11-22T13:58:00", "GMTOffset": "-05:00", "eventCode": "A1"}"#;
    let events = vec![event; 50_000].join(",");
    let body = format!(r#"{{"trackingNumber": "9400109104250532908587", "trackingEvents": [{events}]}}"#);
    assert_eq!(parse("usps", body.as_bytes()).unwrap().reports[0].events.len(), 50_000);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        for carrier in Registry::built_in().carriers() {
            prop_assert!(carrier.parse(&Answer::ok(&bytes)).is_err());
        }
    }

    #[test]
    fn a_few_wrong_bytes_are_no_panic(which in 0usize..64, places in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let all = samples::all();
        let sample = &all[which % all.len()];
        let mut bytes = sample.body.as_bytes().to_vec();
        for (place, byte) in places {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let _ = parse(sample.carrier, &bytes);
    }

    #[test]
    fn times_and_texts_of_any_kind_are_no_panic(time in "\\PC{0,40}", words in "\\PC{0,2000}") {
        let body = serde_json::json!({"trackingNumber": "9", "trackingEvents": [
            {"eventTimestamp": time, "GMTOffset": words, "eventCode": words, "eventType": words}]}).to_string();
        let parsed = parse("usps", body.as_bytes());
        if let Ok(parsed) = parsed {
            prop_assert!(parsed.reports.iter().flat_map(|report| &report.events).all(|event| event.status == Some(Status::Unknown)));
        }
    }
}
