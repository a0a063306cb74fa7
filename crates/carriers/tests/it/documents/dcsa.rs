use serde_json::{Value, json};
use tracklane_carriers::documents::{Document, Options, Partner, Verdict, dcsa};
use tracklane_core::lifecycle::{FactKind, Status};

use super::{corpus, show, show_when};

/// Events of 2.2 about one container, written by us.
pub(super) fn container() -> Value {
    let call = json!({"transportCallID": "c1", "modeOfTransport": "VESSEL", "UNLocationCode": "NLRTM", "facilityCode": "APM",
        "location": {"locationName": "Rotterdam", "latitude": "51.95", "longitude": "4.05"}, "vessel": {"vesselName": "Ever On"}});
    let base = |id: &str, classifier: &str, time: &str| {
        json!({"eventID": id, "eventCreatedDateTime": "2026-03-01T10:00:00Z", "eventClassifierCode": classifier, "eventDateTime": time,
            "documentReferences": [{"documentReferenceType": "TRD", "documentReferenceValue": "BL9"}]})
    };
    let with = |mut event: Value, more: Value| {
        let more = more.as_object().expect("an object").clone();
        event.as_object_mut().expect("an object").extend(more);
        event
    };
    json!([
        with(
            base("e1", "ACT", "2026-03-01T09:00:00+01:00"),
            json!({"eventType": "EQUIPMENT", "equipmentEventTypeCode": "LOAD",
            "equipmentReference": "MSKU1234565", "emptyIndicatorCode": "LADEN", "transportCall": call, "seals": [{"sealNumber": "S1"}]})
        ),
        with(
            base("e2", "EST", "2026-03-09T09:00:00+01:00"),
            json!({"eventType": "EQUIPMENT", "equipmentEventTypeCode": "DROP",
            "equipmentReference": "MSKU1234565"})
        ),
        with(
            base("e3", "PLN", "2026-03-02T09:00:00+01:00"),
            json!({"eventType": "TRANSPORT", "transportEventTypeCode": "DEPA",
            "transportCall": call})
        ),
        with(
            base("e4", "ACT", "2026-03-03T09:00:00+01:00"),
            json!({"eventType": "TRANSPORT", "transportEventTypeCode": "DEPA",
            "delayReasonCode": "WEA", "transportCall": call})
        ),
        with(
            base("e5", "ACT", "2026-02-20T09:00:00Z"),
            json!({"eventType": "SHIPMENT", "shipmentEventTypeCode": "CONF",
            "documentTypeCode": "BKG", "documentID": "B1"})
        ),
        with(
            base("e6", "ACT", "2026-03-10T09:00:00+01:00"),
            json!({"eventType": "EQUIPMENT", "equipmentEventTypeCode": "GTIN",
            "equipmentReference": "MSKU1234565", "emptyIndicatorCode": "EMPTY"})
        ),
        with(
            base("e7", "ACT", "2026-03-10T10:00:00+01:00"),
            json!({"eventType": "EQUIPMENT", "equipmentEventTypeCode": "FLYS",
            "equipmentReference": "MSKU1234565"})
        ),
    ])
}

fn read(value: &Value, map: &str) -> Document {
    let partner = Partner::read(map).expect("a map");
    dcsa::read(value.to_string().as_bytes(), Options { partner: &partner, explain: true })
}

#[test]
fn only_what_is_actual_is_an_event() {
    let document = read(&container(), "");
    let report = |number: &str| document.reports.iter().find(|report| report.number == number).expect(number);
    let events = |number: &str| report(number).events.iter().map(show).collect::<Vec<_>>();
    assert_eq!(
        events("MSKU1234565"),
        [
            "2026-03-01T08:00:00Z +1 exact LOAD in_transit at Rotterdam (NLRTM), NL 51.950,4.050",
            "2026-03-10T08:00:00Z +1 exact GTIN note",
            "2026-03-10T09:00:00Z +1 exact FLYS unknown",
        ]
    );
    assert_eq!(
        events("BL9"),
        [
            "2026-02-20T09:00:00Z +0 exact CONF/BKG info_received",
            "2026-03-03T08:00:00Z +1 exact DEPA in_transit/departed_facility late at Rotterdam (NLRTM), NL 51.950,4.050",
        ]
    );
    let estimates = |number: &str| {
        let list = report(number).estimates.iter();
        list.map(|estimate| format!("{:?} {:?} {}", estimate.basis, estimate.of, show_when(&estimate.until)))
            .collect::<Vec<_>>()
    };
    assert_eq!(estimates("MSKU1234565"), ["Estimated Delivery 2026-03-09T08:00:00Z +1 exact"]);
    assert_eq!(estimates("BL9"), ["Planned Departure 2026-03-02T08:00:00Z +1 exact"]);
    assert_eq!(report("MSKU1234565").events[0].raw_text.as_deref(), Some("loaded; vessel Ever On"));
    assert_eq!(document.messages[6].verdict, Verdict::AcceptedWithErrors);
    assert_eq!(
        document.issues.list[0].to_string(),
        "#/6/equipmentEventTypeCode: no table knows this event; it is kept and moves nothing"
    );
}

#[test]
fn a_partner_says_what_its_events_mean_and_what_names_a_shipment() {
    let map = "shipment_by = [\"TRD\"]\n[codes.dcsa_equipment]\nFLYS = { status = \"delivered\" }";
    let document = read(&container(), map);
    let [report] = &document.reports[..] else { panic!() };
    assert_eq!((report.number.as_str(), report.events.len(), report.status()), ("BL9", 5, Some(Status::Delivered)));
}

#[test]
fn an_event_of_3_0_takes_another_back() {
    let event = container()[0].clone();
    let metadata = |id: &str| {
        json!({"eventID": id, "eventCreatedDateTime": "2026-03-05T10:00:00Z", "eventType": "EQUIPMENT",
        "publisher": {"carrierCode": "MSK"}, "publisherRole": "CA"})
    };
    let mut retraction = metadata("n2");
    retraction["retractedEventID"] = "n1".into();
    let mut elsewhere = metadata("n3");
    elsewhere["retractedEventID"] = "unseen".into();
    let document = read(
        &json!({"events": [{"metadata": metadata("n1"), "payload": event}, {"metadata": retraction}, elsewhere]}),
        "",
    );
    assert_eq!(document.issues.list, []);
    let numbers: Vec<_> =
        document.reports.iter().map(|report| (report.number.as_str(), report.carrier.as_deref())).collect();
    assert_eq!(numbers, [("MSKU1234565", Some("MSK")), ("unseen", None)]);
    let [loaded, taken] = &document.reports[0].events[..] else { panic!() };
    assert_eq!(loaded.source_id.as_deref(), Some("n1"));
    assert_eq!((taken.kind, taken.retracts.as_deref(), taken.status), (FactKind::Retraction, Some("n1"), None));
    assert_eq!(document.reports[1].events[0].retracts.as_deref(), Some("unseen"));
}

#[test]
fn what_is_wrong_with_an_event_is_told_by_pointer_and_stops_no_other() {
    let check = |key: &str, value: Value, expected: &str| {
        let mut events = container();
        events[0][key] = value;
        let document = read(&events, "");
        let issues: Vec<_> = document.issues.list.iter().map(ToString::to_string).collect();
        assert!(issues.iter().any(|issue| issue.contains(expected)), "{expected}: {issues:#?}");
        let rejected = document.messages.iter().filter(|message| message.verdict == Verdict::Rejected).count();
        assert_eq!((rejected, document.messages.len()), (1, 7));
    };
    check("eventType", "PARTY".into(), "#/0/eventType: must be SHIPMENT, TRANSPORT or EQUIPMENT");
    check("eventClassifierCode", "MAYBE".into(), "#/0/eventClassifierCode: must be PLN, EST or ACT");
    check("eventClassifierCode", Value::Null, "#/0/eventClassifierCode: must be PLN, EST or ACT");
    check("eventDateTime", "2026-13-01".into(), "#/0/eventDateTime: must be a time with offset");
    check("equipmentEventTypeCode", 7.into(), "#/0/equipmentEventTypeCode: is required");
    let told = read(&json!({"events": 7}), "");
    assert_eq!(told.issues.list[0].to_string(), "#/events: must be a list");
    let told = read(&json!([1]), "");
    assert_eq!(told.issues.list[0].to_string(), "#/0: must be an object");
}

#[test]
fn corpus_examples_of_dcsa() {
    let Some(bytes) = corpus("dcsa/dcsa_tnt_events.jsonl") else { return };
    let text = String::from_utf8(bytes).expect("UTF-8");
    let mut seen = Vec::new();
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).expect("JSON");
        let event = &case["event"];
        let at = case["at"].as_str().expect("a path");
        // The examples of 3.0 come in halves.
        let only_metadata = at.ends_with("metadata") && event.get("retractedEventID").is_none();
        let document = read(event, "");
        let [message] = &document.messages[..] else { panic!("{at}") };
        assert_eq!(message.verdict == Verdict::Rejected, only_metadata, "{at}: {:?}", message.issues);
        seen.extend(
            document
                .reports
                .iter()
                .flat_map(|report| &report.events)
                .map(|event| format!("{:?} {:?}", event.kind, event.raw_code)),
        );
        seen.extend(
            document
                .reports
                .iter()
                .flat_map(|report| &report.estimates)
                .map(|estimate| format!("{:?} {:?}", estimate.basis, estimate.of)),
        );
    }
    let retracted = "Retraction Some(\"retracted\")";
    assert_eq!(seen, ["Note Some(\"ISSU/TRD\")", "Estimated Departure", "Scan Some(\"DROP\")", retracted, retracted]);
}
