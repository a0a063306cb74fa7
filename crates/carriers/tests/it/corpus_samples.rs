//! Further answers of the corpus, for which nobody says what they mean: each is read, and says as many events, and the
//! status, that a person counts in it.

use serde_json::Value;
use tracklane_core::lifecycle::Status;

use crate::corpus;
use crate::corpus_answers::parse;

/// An answer: where it stands, our carrier, its text.
fn answers() -> Vec<(String, &'static str, String)> {
    let Some(corpus) = corpus::folder("further answers of the corpus") else { return Vec::new() };
    let folder = corpus.join("carriers");
    let mut found = Vec::new();
    for (file, carrier) in [("postnord_samples.json", "postnord"), ("gls_nl_samples.json", "gls")] {
        for entry in corpus::json(&folder.join(file)).as_array().expect("a list") {
            found.push((format!("{file} {}", text(&entry["name"])), carrier, entry["body"].to_string()));
        }
    }
    for (file, carrier) in [("aftership_samples.json", "aftership"), ("easypost_docs_samples.json", "easypost")] {
        for (name, body) in corpus::json(&folder.join(file)).as_object().expect("an object") {
            found.push((format!("{file} {name}"), carrier, body.to_string()));
        }
    }
    for line in lines(&folder.join("easypost_recorded.jsonl")) {
        found.push((
            format!("easypost_recorded {} {}", text(&line["method"]), text(&line["uri"])),
            "easypost",
            body(&line["response"]),
        ));
    }
    let of_names =
        [("track_ups", "ups"), ("track_usps", "usps"), ("track_fedex", "fedex"), ("amazon", "amazon_shipping")];
    for line in lines(&folder.join("omniship_tracking.jsonl")) {
        let name = text(&line["name"]);
        if let Some((_, carrier)) = of_names.iter().find(|(part, _)| name.contains(part)) {
            found.push((format!("omniship {name}"), carrier, body(&line["body"])));
        }
    }
    for line in lines(&folder.join("active_shipping_tracking.jsonl")) {
        if text(&line["carrier"]) == "canadapost_pws" {
            found.push((format!("active_shipping {}", text(&line["name"])), "canada_post", body(&line["body"])));
        }
    }
    found
}

fn lines(path: &std::path::Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("a file of the corpus");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn body(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Part of the name, reports, events of all, status of the first.
const EXPECTED: &[(&str, usize, usize, Option<Status>)] = &[
    ("postnord_samples.json delivered", 1, 4, Some(Status::Delivered)),
    ("postnord_samples.json out_for_delivery", 1, 3, Some(Status::OutForDelivery)),
    ("gls_nl_samples.json delivered_sample", 1, 5, Some(Status::Delivered)),
    // It says state 3, but its scans go as far as state 4.
    ("gls_nl_samples.json active_sample", 1, 5, Some(Status::Delivered)),
    ("gls_nl_samples.json minimal_sample", 1, 1, Some(Status::PickedUp)),
    ("gls_nl_samples.json minimal_no_eta_sample", 1, 0, Some(Status::OutForDelivery)),
    ("GetLastCheckpointResult", 1, 1, Some(Status::Delivered)),
    ("CreateTrackingResult", 1, 0, Some(Status::Created)),
    ("DeleteTrackingResult", 1, 0, None),
    ("GetTrackingResult", 1, 14, Some(Status::Delivered)),
    ("ReTrackResult", 1, 0, None),
    ("UpdateTrackingResult", 1, 11, Some(Status::Delivered)),
    ("trackers-create.json", 1, 2, Some(Status::InfoReceived)),
    ("trackers-list.json", 1, 2, Some(Status::InfoReceived)),
    ("trackers-retrieve.json", 1, 2, Some(Status::InfoReceived)),
    ("tracking-webhook.json", 1, 6, Some(Status::OutForDelivery)),
    ("create_tracker_response.json", 1, 3, Some(Status::Delivered)),
    ("tracking_webhook_response.json", 1, 6, Some(Status::Delivered)),
    ("easypost_recorded POST https://api.easypost.com/v2/trackers", 1, 2, Some(Status::InfoReceived)),
    ("easypost_recorded GET https://api.easypost.com/v2/trackers", 1, 2, Some(Status::InfoReceived)),
    ("track_usps_arrived_response", 1, 15, Some(Status::Delivered)),
    ("track_ups_response", 1, 17, Some(Status::OnHold)),
    ("track_ups_mi_response", 1, 1, Some(Status::OnHold)),
    ("track_fedex_response", 1, 4, Some(Status::PickedUp)),
    ("json_track_arrived_amazon_response", 1, 12, Some(Status::Delivered)),
    ("dnc_tracking_details_en", 1, 7, Some(Status::Delivered)),
    ("tracking_details_en_undelivered", 1, 7, Some(Status::OutForDelivery)),
    ("tracking_details_en", 1, 10, Some(Status::Delivered)),
    ("tracking_details_fr", 1, 10, Some(Status::Delivered)),
];

#[test]
fn further_answers_say_what_a_person_counts_in_them() {
    let (mut all, mut read, mut wrong) = (0, 0, Vec::new());
    for (name, carrier, body) in answers() {
        all += 1;
        let found = parse(carrier, body.as_bytes());
        read += usize::from(found.is_ok());
        let line = match &found {
            Ok(parsed) => {
                let events: usize = parsed.reports.iter().map(|report| report.events.len()).sum();
                let status = parsed.reports.first().and_then(tracklane_carriers::report::Report::status);
                (parsed.reports.len(), events, status)
            }
            Err(_) => (0, 0, None),
        };
        let known = EXPECTED
            .iter()
            .find(|(part, ..)| name.contains(part))
            .map(|(_, reports, events, status)| (*reports, *events, *status));
        if known.unwrap_or((0, 0, None)) != line {
            wrong.push(format!("{name}: {line:?} {}", found.err().map(|error| error.to_string()).unwrap_or_default()));
        }
    }
    println!("{read} of {all} have something to read, {} of {all} as counted", all - wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
