//! The facts of a shipment as events of DCSA Track & Trace 2.2.

use std::collections::HashSet;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tracklane_core::lifecycle::{FactKind, Place, Status};

use super::codes::{EQUIPMENT, SHIPMENT, TRANSPORT};
use crate::documents::export::{Fact, Facts, WriteError, Written};
use crate::documents::place;
use crate::report::{Reference, ReferenceKind};

/// What events say about their writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Envelope {
    /// The time of writing.
    pub at: Timestamp,
}

/// Codes that 2.2 does not have.
const NEWER: &[&str] = &["AVPU", "AVDO", "CUSS", "CUSI", "CUSR", "CROS", "WAYP"];

/// Writes a list of events. Arrivals and departures are transport events, what happens to the goods at their ends is an
/// equipment event, bookings and holds are shipment events. 2.2 has no retractions: those, and what they take back, are left
/// out and named, as are statuses without an event.
///
/// # Errors
/// A shipment without a number, or no fact that 2.2 can tell.
pub fn write(facts: &Facts, envelope: &Envelope) -> Result<Written, WriteError> {
    if facts.number.trim().is_empty() {
        return Err(WriteError::field("number", "must not be empty"));
    }
    let taken_back: HashSet<&str> = facts.events.iter().filter_map(|fact| fact.retracts.as_deref()).collect();
    let mut left_out = Vec::new();
    let mut order: Vec<&Fact> = facts.events.iter().collect();
    order.sort_by_key(|fact| fact.at);
    let mut events = Vec::new();
    for fact in order {
        let why = match (fact.kind, fact.status) {
            _ if taken_back.contains(fact.id.as_str()) => "was taken back",
            (FactKind::Retraction, _) => "is a retraction, which 2.2 does not have",
            (_, None) => "says no status",
            (_, Some(status)) => match event(facts, fact, status, envelope) {
                Some(event) => {
                    events.push(Value::Object(event));
                    continue;
                }
                None => "has a status that 2.2 has no event for",
            },
        };
        left_out.push(format!("{} {why}", fact.id));
    }
    if let Some(expected) = facts.expected {
        let mut event = base(facts, "expected", &expected.to_string(), "EQUIPMENT", "EST", envelope);
        event.insert("equipmentEventTypeCode".to_owned(), "DROP".into());
        equipment(facts, &mut event);
        events.push(Value::Object(event));
    }
    if events.is_empty() {
        return Err(WriteError::field("events", "must have at least one that 2.2 has an event for"));
    }
    Ok(Written { text: Value::Array(events).to_string(), left_out })
}

fn event(facts: &Facts, fact: &Fact, status: Status, envelope: &Envelope) -> Option<Map<String, Value>> {
    let sub = fact.substatus.as_deref();
    let fits = |code: Option<&'static crate::documents::code::Code>| {
        code.map(|code| code.code).filter(|code| !NEWER.contains(code))
    };
    let exact = |list: &crate::documents::code::CodeList| {
        let found = list.codes.iter().find(|code| {
            code.means.status == Some(status) && code.means.substatus == sub && !NEWER.contains(&code.code)
        });
        found.map(|code| code.code)
    };
    let (kind, key, code) = if let Some(code) = exact(&TRANSPORT) {
        ("TRANSPORT", "transportEventTypeCode", code)
    } else if let Some(code) =
        exact(&SHIPMENT).or_else(|| fits(SHIPMENT.code_for(status, sub)).filter(|_| status != Status::InTransit))
    {
        ("SHIPMENT", "shipmentEventTypeCode", code)
    } else {
        ("EQUIPMENT", "equipmentEventTypeCode", exact(&EQUIPMENT).or_else(|| fits(EQUIPMENT.code_for(status, sub)))?)
    };
    let local = fact.local();
    let time = local.strftime("%Y-%m-%dT%H:%M:%S%.f%:z").to_string();
    let mut event = base(facts, &fact.id, &time, kind, "ACT", envelope);
    let (code, document) = code.split_once('/').map_or((code, None), |(code, document)| (code, Some(document)));
    event.insert(key.to_owned(), code.into());
    if kind == "SHIPMENT" {
        event.insert("documentTypeCode".to_owned(), document.unwrap_or("SHI").into());
        event.insert("documentID".to_owned(), facts.number.clone().into());
    } else if let Some(place) = &fact.place {
        event.insert("transportCall".to_owned(), call(place, &fact.id));
    }
    if kind == "EQUIPMENT" {
        equipment(facts, &mut event);
    }
    if let Some(text) = fact.text.as_deref().filter(|text| !text.trim().is_empty()) {
        let key = if kind == "SHIPMENT" { "reason" } else { "remark" };
        event.insert(key.to_owned(), text.chars().take(250).collect::<String>().into());
    }
    Some(event)
}

fn base(facts: &Facts, id: &str, time: &str, kind: &str, classifier: &str, envelope: &Envelope) -> Map<String, Value> {
    let documents: Vec<_> = documents(facts).collect();
    let value = json!({
        "eventID": uuid(&facts.number, id),
        "eventCreatedDateTime": envelope.at.to_string(),
        "eventType": kind,
        "eventClassifierCode": classifier,
        "eventDateTime": time,
        "documentReferences": documents,
    });
    let mut map = match value {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    let references: Vec<_> = references(facts).collect();
    if !references.is_empty() {
        map.insert("references".to_owned(), references.into());
    }
    map
}

/// The documents that the shipment is known by: bills of lading, bookings, and its own number as a transport document when
/// there is no other.
fn documents(facts: &Facts) -> impl Iterator<Item = Value> {
    let own = (!is_container(&facts.number)).then(|| Reference::new(ReferenceKind::BillOfLading, facts.number.trim()));
    let others = facts.references.iter().cloned();
    own.into_iter().chain(others).filter_map(|reference| {
        let kind = match reference.kind {
            ReferenceKind::BillOfLading => "TRD",
            ReferenceKind::Booking => "BKG",
            _ => return None,
        };
        Some(json!({ "documentReferenceType": kind, "documentReferenceValue": reference.value }))
    })
}

/// What else it is known by: the container, orders.
fn references(facts: &Facts) -> impl Iterator<Item = Value> {
    let own = is_container(&facts.number).then(|| Reference::new(ReferenceKind::Equipment, facts.number.as_str()));
    own.into_iter().chain(facts.references.iter().cloned()).filter_map(|reference| {
        let kind = match reference.kind {
            ReferenceKind::Equipment => "EQ",
            ReferenceKind::PurchaseOrder => "PO",
            _ => return None,
        };
        Some(json!({ "referenceType": kind, "referenceValue": reference.value }))
    })
}

fn equipment(facts: &Facts, event: &mut Map<String, Value>) {
    let other = facts.references.iter().find(|reference| reference.kind == ReferenceKind::Equipment);
    let number = if is_container(&facts.number) {
        Some(facts.number.as_str())
    } else {
        other.map(|reference| reference.value.as_str())
    };
    if let Some(number) = number {
        event.insert("equipmentReference".to_owned(), number.into());
    }
    event.insert("emptyIndicatorCode".to_owned(), "LADEN".into());
}

/// Four letters and seven digits, as ISO 6346 has them.
fn is_container(number: &str) -> bool {
    let bytes = number.as_bytes();
    bytes.len() == 11 && bytes[..4].iter().all(u8::is_ascii_uppercase) && bytes[4..].iter().all(u8::is_ascii_digit)
}

fn call(place: &Place, id: &str) -> Value {
    let (code, name) = place::locode(place);
    let mut location = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            location.insert(key.to_owned(), value);
        }
    };
    put("locationName", name.map(Value::from));
    put("UNLocationCode", code.map(Value::from));
    put("latitude", place.point.map(|point| point.lat.to_string().into()));
    put("longitude", place.point.map(|point| point.lon.to_string().into()));
    let mut address = Map::new();
    for (key, value) in [("city", &place.city), ("stateRegion", &place.state), ("country", &place.country)] {
        if let Some(value) = value {
            address.insert(key.to_owned(), value.as_str().into());
        }
    }
    put("address", (!address.is_empty()).then_some(Value::Object(address)));
    json!({ "transportCallID": uuid("call", id), "modeOfTransport": "TRUCK", "location": location })
}

/// A UUID (version 8, RFC 9562) that is the same whenever the same fact is written.
fn uuid(number: &str, id: &str) -> String {
    let mut hash = Sha256::new();
    for part in [number, id] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut bytes: Vec<u8> = hash.finalize().iter().copied().take(16).collect();
    bytes[6] = bytes[6] & 0x0F | 0x80;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    let hex = hex::encode(&bytes);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
