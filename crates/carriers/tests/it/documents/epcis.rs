use jiff::Timestamp;
use serde_json::{Value, json};
use tracklane_carriers::documents::epcis::{self, Prefixes, hash_id};
use tracklane_carriers::documents::{Document, Options, Partner, Verdict};
use tracklane_core::lifecycle::FactKind;

use super::{corpus, show};

/// A pallet that leaves and is received, written by us; the first event is taken back.
pub(super) fn pallet() -> Value {
    json!({
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", {"acme": "https://acme.test/epcis/"}],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-03-01T10:00:00Z",
        "epcisBody": {"eventList": [
            {
                "type": "AggregationEvent", "eventID": "urn:uuid:1", "action": "ADD", "bizStep": "packing",
                "eventTime": "2026-03-01T09:00:00+01:00", "eventTimeZoneOffset": "+01:00",
                "parentID": "urn:epc:id:sscc:4012345.0000000111",
                "childEPCs": ["urn:epc:id:sgtin:0614141.107346.2017"],
            },
            {
                "type": "ObjectEvent", "eventID": "urn:uuid:2", "action": "OBSERVE", "bizStep": "urn:epcglobal:cbv:bizstep:departing",
                "disposition": "in_transit", "eventTime": "2026-03-01T12:00:00.5+01:00", "eventTimeZoneOffset": "+01:00",
                "epcList": ["https://id.gs1.org/00/040123450000001112", "urn:epc:id:sscc:4012345.0000000222"],
                "readPoint": {"id": "urn:epc:id:sgln:4012345.00005.0"},
                "bizTransactionList": [{"type": "po", "bizTransaction": "urn:epcglobal:cbv:bt:0614141073467:1152"}],
            },
            {
                "type": "ObjectEvent", "action": "OBSERVE", "bizStep": "receiving", "disposition": "https://ref.gs1.org/cbv/Disp-damaged",
                "eventTime": "2026-03-02T12:00:00+01:00", "eventTimeZoneOffset": "+01:00",
                "epcList": ["urn:epc:id:sscc:4012345.0000000111"], "readPoint": {"id": "geo:48.2,16.37"},
            },
            {
                "type": "ObjectEvent", "eventID": "urn:uuid:2", "action": "OBSERVE", "bizStep": "departing", "disposition": "in_transit",
                "eventTime": "2026-03-01T12:00:00.5+01:00", "eventTimeZoneOffset": "+01:00",
                "epcList": ["urn:epc:id:sscc:4012345.0000000111", "urn:epc:id:sscc:4012345.0000000222"],
                "errorDeclaration": {"declarationTime": "2026-03-03T08:00:00Z", "reason": "did_not_occur"},
            },
            {
                "type": "ObjectEvent", "action": "OBSERVE", "bizStep": "https://acme.test/steps/washing",
                "eventTime": "2026-03-04T12:00:00+01:00", "eventTimeZoneOffset": "+01:00",
                "epcList": ["urn:epc:id:sscc:4012345.0000000111"],
            },
        ]},
    })
}

fn read(value: &Value, map: &str) -> Document {
    let partner = Partner::read(map).expect("a map");
    epcis::read(value.to_string().as_bytes(), Options { partner: &partner, explain: true })
}

#[test]
fn each_logistic_unit_is_a_report_and_an_error_declaration_takes_back() {
    let document = read(&pallet(), "");
    let numbers: Vec<_> = document.reports.iter().map(|report| report.number.as_str()).collect();
    assert_eq!(numbers, ["040123450000001112", "040123450000002225"]);
    let events: Vec<_> = document.reports[0].events.iter().map(show).collect();
    assert_eq!(
        events,
        [
            "2026-03-01T08:00:00Z +1 exact packing info_received/awaiting_item",
            "2026-03-01T11:00:00.5Z +1 exact departing/in_transit in_transit/departed_facility at 414/4012345000054",
            "2026-03-02T11:00:00Z +1 exact receiving/damaged exception/damaged damaged at  48.200,16.370",
            "2026-03-03T08:00:00Z +0 exact did_not_occur retraction",
            "2026-03-04T11:00:00Z +1 exact https://acme.test/steps/washing unknown",
        ]
    );
    let retraction = &document.reports[0].events[3];
    assert_eq!((retraction.kind, retraction.retracts.as_deref()), (FactKind::Retraction, Some("urn:uuid:2")));
    assert_eq!(document.reports[0].events[1].source_id.as_deref(), Some("urn:uuid:2"));
    let references: Vec<_> = document.reports[0].references.iter().map(|reference| reference.value.as_str()).collect();
    assert_eq!(references, ["01/10614141073464/21/2017", "1152"]);
    let verdicts: Vec<_> = document.messages.iter().map(|message| message.verdict).collect();
    use Verdict::{Accepted, AcceptedWithErrors};
    assert_eq!(verdicts, [Accepted, Accepted, Accepted, Accepted, AcceptedWithErrors]);
    assert_eq!(
        document.issues.list[0].to_string(),
        "#/epcisBody/eventList/4/bizStep: no table knows this term; it is kept and moves nothing"
    );
}

#[test]
fn a_partner_says_what_its_steps_mean() {
    let map = "[codes.epcis_bizstep]\n\"https://acme.test/steps/washing\" = { status = \"on_hold\" }\nreceiving = { status = \"in_transit\" }
        [codes.epcis_disposition]\ndamaged = {}";
    let document = read(&pallet(), map);
    let events: Vec<_> = document.reports[0].events.iter().map(show).collect();
    assert_eq!(events[2], "2026-03-02T11:00:00Z +1 exact receiving/damaged in_transit at  48.200,16.370");
    assert_eq!(events[4], "2026-03-04T11:00:00Z +1 exact https://acme.test/steps/washing on_hold");
}

#[test]
fn what_is_wrong_with_an_event_is_told_by_pointer_and_stops_no_other() {
    let check = |pointer: &str, value: Value, expected: &str| {
        let mut document = pallet();
        *document.pointer_mut(pointer).expect("there") = value;
        let read = read(&document, "");
        let issues: Vec<_> = read.issues.list.iter().map(ToString::to_string).collect();
        assert!(issues.iter().any(|issue| issue.contains(expected)), "{expected}: {issues:#?}");
        assert_eq!(
            read.messages.iter().filter(|message| message.verdict == Verdict::Rejected).count(),
            1,
            "{issues:#?}"
        );
        assert!(read.reports.iter().map(|report| report.events.len()).sum::<usize>() >= 5);
    };
    check(
        "/epcisBody/eventList/0/action",
        "MOVE".into(),
        "#/epcisBody/eventList/0/action: must be ADD, OBSERVE or DELETE",
    );
    check(
        "/epcisBody/eventList/0/eventTime",
        "yesterday".into(),
        "#/epcisBody/eventList/0/eventTime: must be a time with offset",
    );
    check("/epcisBody/eventList/0/type", "Party".into(), "#/epcisBody/eventList/0/type: must be one of ObjectEvent");
    check("/epcisBody/eventList/0", 7.into(), "#/epcisBody/eventList/0: must be an object");
    let told = read(&json!({"type": "EPCISDocument"}), "");
    assert!(told.issues.list[0].text.contains("holds no events"));
    let told = read(&json!({"epcisBody": {"eventList": []}}), "");
    assert_eq!(told.issues.list[0].to_string(), "#/epcisBody/eventList: holds no event");
    let partner = Partner::default();
    let page = epcis::read(b"<html><body>Sorry</body></html>", Options { partner: &partner, explain: false });
    assert_eq!(page.issues.list[0].to_string(), "byte 0: is no document of EPCIS: its root is \"html\"");
    let broken = epcis::read(b"{\"epcisBody\": \n  oops}", Options { partner: &partner, explain: false });
    assert!(broken.issues.list[0].to_string().starts_with("byte 17: is no JSON"), "{}", broken.issues.list[0]);
}

fn hash(event: &Value, prefixes: &[(&str, &str)]) -> String {
    let prefixes: Prefixes =
        prefixes.iter().map(|(prefix, namespace)| ((*prefix).to_owned(), (*namespace).to_owned())).collect();
    hash_id(event.as_object().expect("an object"), &prefixes)
}

#[test]
fn a_published_hash_id_is_computed() {
    // An example of the OpenEPCIS event hash service.
    let event = json!({
        "type": "AggregationEvent", "eventTime": "2020-06-08T20:11:16+02:00", "eventTimeZoneOffset": "+02:00",
        "recordTime": "2020-06-09T00:00:00Z", "eventID": "urn:uuid:any",
        "parentID": "urn:epc:id:sgtin:952001.1012345.22222223333", "childEPCs": ["urn:epc:id:sgtin:9520001.012346.10000001001"],
        "action": "DELETE", "bizStep": "unpacking", "disposition": "urn:epcglobal:cbv:disp:in_progress",
        "persistentDisposition": {"unset": ["completeness_inferred"], "set": ["completeness_verified"]},
        "readPoint": {"id": "https://example.com/414/9529999999993?a=b"}, "bizLocation": {"id": "urn:epc:id:sgln:9529999.99999.0"},
    });
    assert_eq!(
        hash(&event, &[]),
        "ni:///sha-256;2615bc5627c3b3611e3df868aca2312882370ee78af44bcc20433ec028ebfc99?ver=CBV2.0"
    );
}

#[test]
fn the_hash_id_is_of_what_happened_however_it_is_written() {
    let one = json!({
        "type": "ObjectEvent", "eventTime": "2026-03-04T11:00:30.0004+01:00", "eventTimeZoneOffset": "+01:00",
        "epcList": ["urn:epc:id:sscc:4012345.0000000333", "urn:epc:id:sscc:4012345.0000000111"], "action": "OBSERVE", "bizStep": "departing",
        "quantityList": [{"epcClass": "urn:epc:class:lgtin:4012345.012345.998877", "quantity": 200.50, "uom": "KGM"}],
        "acme:b": {"acme:y": ["3", "1"], "acme:x": " 2 "}, "acme:a": "0",
    });
    let other = json!({
        "eventID": "urn:uuid:x", "recordTime": "2026-03-05T00:00:00Z", "rdfs:comment": "for people",
        "errorDeclaration": {"declarationTime": "2026-03-05T00:00:00Z"},
        "zed:a": 0, "zed:b": {"zed:x": "2", "zed:y": ["1", "3"]},
        "quantityList": [{"uom": "KGM", "quantity": "200.5", "epcClass": "https://id.gs1.org/01/04012345123456/10/998877"}],
        "bizStep": "https://ref.gs1.org/cbv/BizStep-departing", "action": "OBSERVE",
        "epcList": ["https://example.org/00/040123450000001112", "https://id.gs1.org/00/040123450000003338"],
        "eventTimeZoneOffset": "+01:00", "eventTime": "2026-03-04T10:00:30Z", "type": "ObjectEvent",
    });
    let namespace = "https://acme.test/";
    let id = hash(&one, &[("acme", namespace)]);
    assert_eq!(id, hash(&other, &[("zed", namespace)]));
    for (key, value) in
        [("action", "ADD"), ("bizStep", "arriving"), ("zed:a", "1"), ("eventTime", "2026-03-04T10:00:30.001Z")]
    {
        let mut changed = other.clone();
        changed[key] = value.into();
        assert_ne!(id, hash(&changed, &[("zed", namespace)]), "{key}");
    }
}

#[test]
fn xml_says_what_json_says() {
    let xml = r#"<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e "boom">]>
      <epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:1" xmlns:acme="https://acme.test/" schemaVersion="1.2" creationDate="2026-03-01T10:00:00Z">
      <EPCISBody><EventList><ObjectEvent>
        <eventTime>2026-03-01T12:00:00.500+01:00</eventTime><eventTimeZoneOffset>+01:00</eventTimeZoneOffset>
        <epcList><epc>urn:epc:id:sscc:4012345.0000000111</epc></epcList><action>OBSERVE</action>
        <bizStep>urn:epcglobal:cbv:bizstep:departing</bizStep><disposition>urn:epcglobal:cbv:disp:in_transit</disposition>
        <readPoint><id>urn:epc:id:sgln:4012345.00005.0</id></readPoint>
        <bizTransactionList><bizTransaction type="urn:epcglobal:cbv:btt:po">urn:epcglobal:cbv:bt:0614141073467:1152</bizTransaction></bizTransactionList>
        <extension><quantityList><quantityElement><epcClass>urn:epc:class:lgtin:4012345.012345.998877</epcClass><quantity>200.50</quantity></quantityElement></quantityList></extension>
        <acme:note>a &amp; b &#233;</acme:note>
      </ObjectEvent></EventList></EPCISBody></epcis:EPCISDocument>"#;
    let json = json!({
        "@context": [{"acme": "https://acme.test/"}],
        "type": "ObjectEvent", "eventTime": "2026-03-01T11:00:00.5Z", "eventTimeZoneOffset": "+01:00",
        "epcList": ["urn:epc:id:sscc:4012345.0000000111"], "action": "OBSERVE", "bizStep": "departing", "disposition": "in_transit",
        "readPoint": {"id": "urn:epc:id:sgln:4012345.00005.0"},
        "bizTransactionList": [{"type": "po", "bizTransaction": "urn:epcglobal:cbv:bt:0614141073467:1152"}],
        "quantityList": [{"epcClass": "urn:epc:class:lgtin:4012345.012345.998877", "quantity": 200.5}],
        "acme:note": "a & b é",
    });
    let partner = Partner::default();
    let of_xml = epcis::read(xml.as_bytes(), Options { partner: &partner, explain: false });
    let of_json = read(&json, "");
    assert_eq!(of_xml.issues.list, []);
    assert_eq!(of_xml.reports, of_json.reports);
}

#[test]
fn corpus_examples_of_gs1() {
    let partner = Partner::default();
    let mut totals = Vec::new();
    for (file, documents) in [("epcis/epcis2_examples.jsonl", 32), ("epcis/epcis2_examples_xml.jsonl", 25)] {
        let Some(bytes) = corpus(file) else { return };
        let text = String::from_utf8(bytes).expect("UTF-8");
        assert_eq!(text.lines().count(), documents);
        let (mut events, mut rejected, mut empty) = (0, Vec::new(), Vec::new());
        for line in text.lines() {
            let case: Value = serde_json::from_str(line).expect("JSON");
            let document = case["document"].as_str().map_or_else(|| case["document"].to_string(), str::to_owned);
            let read = epcis::read(document.as_bytes(), Options { partner: &partner, explain: true });
            assert_eq!(read.lines.len(), read.messages.len());
            events += read.messages.len();
            let path = case["path"].as_str().expect("a path");
            rejected.extend(
                read.messages
                    .iter()
                    .filter(|message| message.verdict == Verdict::Rejected)
                    .map(|message| format!("{path}: {:?}", message.issues)),
            );
            empty.extend(read.messages.is_empty().then(|| path.to_owned()));
        }
        totals.push((events, rejected, empty));
    }
    let (json, xml) = (&totals[0], &totals[1]);
    assert_eq!((json.0, json.1.as_slice(), json.2.as_slice()), (37, &[][..], &[][..]));
    // Capture jobs and master data hold no events.
    println!("{} events in XML, {:?}, without events {:?}", xml.0, xml.1, xml.2);
    assert_eq!(xml.1, Vec::<String>::new());
    assert_eq!(xml.2.len(), 4);
}

#[test]
fn an_event_without_an_id_has_its_hash_as_one() {
    let document = read(&pallet(), "");
    let id = document.messages[2].reference.as_deref().expect("an id");
    assert!(id.starts_with("ni:///sha-256;") && id.ends_with("?ver=CBV2.0"));
    let again = read(&pallet(), "");
    assert_eq!(document, again);
    assert!(
        document.created.is_some_and(|created| created.instant() == "2026-03-01T10:00:00Z".parse::<Timestamp>().ok())
    );
}
