//! The facts of a shipment as an EPCIS 2.0 document.

use std::collections::HashMap;

use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use tracklane_core::lifecycle::{FactKind, Status};

use super::epc::Key;
use super::hash::{Prefixes, hash_id};
use super::read::{OWN_NUMBER, OWN_REFERENCE, OWN_STATUS};
use super::words::{BIZ_STEP, DISPOSITION};
use crate::documents::export::{Fact, Facts, WriteError, Written};
use crate::report::ReferenceKind;

/// What a document says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Envelope {
    /// The time of writing.
    pub at: Timestamp,
}

/// Writes a capture document of object events, each with its hash id. A status that CBV has no step for is a private one,
/// `urn:tracklane:status:..`. A retraction is the event it takes back with an error declaration. Notes are left out and named.
///
/// # Errors
/// A shipment without a number, or no fact that says a status.
pub fn write(facts: &Facts, envelope: &Envelope) -> Result<Written, WriteError> {
    if facts.number.trim().is_empty() {
        return Err(WriteError::field("number", "must not be empty"));
    }
    let mut left_out = Vec::new();
    let by_id: HashMap<&str, &Fact> = facts.events.iter().map(|fact| (fact.id.as_str(), fact)).collect();
    let mut order: Vec<&Fact> = facts.events.iter().collect();
    order.sort_by_key(|fact| fact.at);
    let mut events = Vec::new();
    for fact in order {
        let told = match (fact.kind, fact.status) {
            (FactKind::Retraction, _) => {
                let original = fact.retracts.as_deref().and_then(|id| by_id.get(id));
                let event = original.and_then(|original| Some(event(facts, original, original.status?)));
                event.map(|mut event| {
                    let at = fact.at.to_string();
                    event.insert(
                        "errorDeclaration".to_owned(),
                        json!({ "declarationTime": at, "reason": "did_not_occur" }),
                    );
                    event
                })
            }
            (_, status) => status.map(|status| event(facts, fact, status)),
        };
        match told {
            Some(event) => events.push(Value::Object(event)),
            None => left_out.push(format!("{} says no status, or takes back what is not here", fact.id)),
        }
    }
    if events.is_empty() {
        return Err(WriteError::field("events", "must have at least one that says a status"));
    }
    let document = json!({
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": envelope.at.to_string(),
        "epcisBody": { "eventList": events },
    });
    Ok(Written { text: document.to_string(), left_out })
}

fn event(facts: &Facts, fact: &Fact, status: Status) -> Map<String, Value> {
    let mut event = Map::new();
    let mut put = |key: &str, value: Value| event.insert(key.to_owned(), value);
    put("type", "ObjectEvent".into());
    put("action", "OBSERVE".into());
    let local = fact.local();
    let seconds = local.offset().seconds();
    // EPCIS has offsets of whole minutes up to 14 hours.
    let fits = seconds % 60 == 0 && seconds.abs() <= 14 * 3600;
    let local = if fits { local } else { fact.at.to_zoned(jiff::tz::TimeZone::UTC) };
    put("eventTime", local.strftime("%Y-%m-%dT%H:%M:%S%.f%:z").to_string().into());
    put("eventTimeZoneOffset", local.strftime("%:z").to_string().into());
    put("epcList", json!([epc(&facts.number)]));
    let (step, disposition) = terms(status, fact.substatus.as_deref());
    put("bizStep", step.into());
    if let Some(disposition) = disposition {
        put("disposition", disposition.into());
    }
    if let Some(point) = fact.place.as_ref().and_then(|place| place.point) {
        put("readPoint", json!({ "id": format!("geo:{},{}", point.lat, point.lon) }));
    }
    let transactions = facts.references.iter().filter_map(|reference| {
        let kind = match reference.kind {
            ReferenceKind::PurchaseOrder => "po",
            ReferenceKind::BillOfLading => "bol",
            ReferenceKind::Shipment => "desadv",
            _ => return None,
        };
        let value = utf8_percent_encode(reference.value.trim(), NON_ALPHANUMERIC);
        Some(json!({ "type": kind, "bizTransaction": format!("{OWN_REFERENCE}{kind}:{value}") }))
    });
    let transactions: Vec<_> = transactions.collect();
    if !transactions.is_empty() {
        put("bizTransactionList", transactions.into());
    }
    let id = hash_id(&event, &Prefixes::new());
    event.insert("eventID".to_owned(), id.into());
    event
}

/// The number as an EPC: a logistic unit when it is an SSCC, else a name of Tracklane's own.
fn epc(number: &str) -> String {
    let digits = number.strip_prefix("00").filter(|rest| rest.len() == 18).unwrap_or(number);
    match Key::of_sscc(digits) {
        Some(key) => key.link(),
        None => format!("{OWN_NUMBER}{}", utf8_percent_encode(number.trim(), NON_ALPHANUMERIC)),
    }
}

/// Step and disposition that say a status, so that reading them says it again.
fn terms(status: Status, substatus: Option<&str>) -> (String, Option<&'static str>) {
    let step = BIZ_STEP.code_for(status, substatus);
    let disposition = DISPOSITION.code_for(status, substatus);
    match (step, disposition) {
        (Some(step), disposition) => (step.code.to_owned(), disposition.map(|code| code.code)),
        (None, disposition) => (format!("{OWN_STATUS}{status}"), disposition.map(|code| code.code)),
    }
}
