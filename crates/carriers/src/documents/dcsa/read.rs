//! Events to reports.

use std::collections::HashMap;

use serde_json::Value;
use tracklane_core::lifecycle::{FactKind, Place, SourceKind};
use tracklane_core::position::Point;

use super::codes::{EQUIPMENT, REFERENCES, SHIPMENT, TRANSPORT};
use crate::documents::at::{At, Issue, Rule};
use crate::documents::code::{CodeList, Found};
use crate::documents::find::DCSA;
use crate::documents::partner::Partner;
use crate::documents::{
    Document, Line, MAX_BYTES, MAX_REFERENCES, Message, Options, Verdict, counted, epcis, json, keep, place,
};
use crate::report::{Basis, Estimate, Expected, Reference, ReferenceKind, Report, ReportedEvent, When};

/// Most events that are read of one document.
const MAX_EVENTS: usize = 50_000;

struct Reader<'o> {
    options: Options<'o>,
    document: Document,
    by_number: HashMap<String, usize>,
    /// Of each event that was read, what it is about: a retraction names the event alone.
    by_event: HashMap<String, String>,
}

/// Reads one event, a list of events, or an answer with `events` in it.
pub fn read(bytes: &[u8], options: Options<'_>) -> Document {
    let mut reader =
        Reader { options, document: Document::new(DCSA), by_number: HashMap::new(), by_event: HashMap::new() };
    if bytes.len() > MAX_BYTES {
        let text = format!("a document must have at most {MAX_BYTES} bytes");
        reader.document.issues.add(Issue::error(At::Text { byte: MAX_BYTES }, Rule::Limit, text));
        return reader.document;
    }
    match json::parse(bytes) {
        Ok(Value::Array(events)) => reader.list(&events, ""),
        Ok(value) => match value.get("events") {
            Some(Value::Array(events)) => reader.list(events, "/events"),
            Some(_) => {
                let issue = Issue::error(At::pointer("/events"), Rule::Syntax, "must be a list");
                reader.document.issues.add(issue);
            }
            None => reader.event(&value, ""),
        },
        Err(issue) => reader.document.issues.add(*issue),
    }
    for report in &mut reader.document.reports {
        report.sort();
    }
    reader.document
}

impl Reader<'_> {
    fn list(&mut self, events: &[Value], pointer: &str) {
        for (index, event) in events.iter().enumerate() {
            let pointer = format!("{pointer}/{index}");
            if index >= MAX_EVENTS {
                let text =
                    format!("a document must tell at most {MAX_EVENTS} events; this one and later ones are not read");
                self.document.issues.add(Issue::error(At::pointer(pointer), Rule::Limit, text));
                break;
            }
            self.event(event, &pointer);
        }
    }

    fn event(&mut self, value: &Value, pointer: &str) {
        // 3.0 keeps metadata and payload apart, 2.2 has both in one object.
        let metadata = value.get("metadata").unwrap_or(value);
        let retracts = text(metadata, "retractedEventID");
        let (payload, under) = match value.get("metadata") {
            Some(_) => (value.get("payload"), format!("{pointer}/payload")),
            // Without metadata around it, a retraction is only metadata.
            None => (Some(value).filter(|_| retracts.is_none()), pointer.to_owned()),
        };
        let mut reading = Reading {
            options: &self.options,
            metadata,
            payload: payload.filter(|payload| payload.is_object()),
            pointer: &under,
            issues: Vec::new(),
            said: Vec::new(),
        };
        let told = reading.read();
        let (kind, id) = (reading.kind().unwrap_or_default().to_owned(), text(metadata, "eventID").map(str::to_owned));
        let (mut issues, said) = (reading.issues, reading.said);
        if !value.is_object() {
            issues = vec![Issue::error(At::pointer(pointer), Rule::Syntax, "must be an object")];
        }
        let verdict = Verdict::of(&issues);
        let (mut events, mut estimates) = (0, 0);
        if verdict != Verdict::Rejected {
            if let (Some(id), Some(told)) = (&id, &told) {
                self.by_event.insert(id.clone(), told.number.clone());
            }
            if let Some(taken) = retracts {
                self.retract(taken, metadata);
                events += 1;
            }
            if let Some(told) = told {
                events += usize::from(told.event.is_some());
                estimates += usize::from(told.estimate.is_some());
                self.keep(told);
            }
        }
        for issue in &issues {
            self.document.issues.add(issue.clone());
        }
        if self.options.explain && self.document.lines.len() < Line::LIMIT {
            let says = format!(
                "{} event {}",
                if kind.is_empty() { "untyped" } else { &kind },
                id.as_deref().unwrap_or("without an id")
            );
            let mut line = Line::new(At::pointer(pointer), &value.to_string(), says);
            line.made.extend(retracts.map(|taken| format!("takes {taken} back")));
            line.made.extend(said);
            line.made.push(format!(
                "{}: {}, {}",
                verdict.words(),
                counted(events, "event"),
                counted(estimates, "estimate")
            ));
            self.document.lines.push(line);
        }
        self.document.messages.push(Message { kind, reference: id, verdict, issues, events, estimates });
    }

    fn report(&mut self, number: &str) -> &mut Report {
        let index = *self.by_number.entry(number.to_owned()).or_insert_with(|| {
            self.document.reports.push(Report::new(SourceKind::Document, DCSA, number));
            self.document.reports.len() - 1
        });
        &mut self.document.reports[index]
    }

    /// A retraction names an event and nothing else: it goes to what that event was about, or, when that was not in this
    /// document, to a report whose number is the event's id.
    fn retract(&mut self, taken: &str, metadata: &Value) {
        let number = self.by_event.get(taken).cloned().unwrap_or_else(|| taken.to_owned());
        let when =
            text(metadata, "eventCreatedDateTime").and_then(|text| epcis::instant(text, None)).unwrap_or(When::Undated);
        let source_id = text(metadata, "eventID").map(str::to_owned);
        let event = ReportedEvent {
            kind: FactKind::Retraction,
            status: None,
            source_id,
            retracts: Some(taken.to_owned()),
            ..ReportedEvent::unmapped(when, Some("retracted".to_owned()), None)
        };
        self.report(&number).events.push(event);
    }

    fn keep(&mut self, told: Told) {
        let report = self.report(&told.number);
        if report.carrier.is_none() {
            report.carrier.clone_from(&told.carrier);
        }
        report.events.extend(told.event);
        report.estimates.extend(told.estimate);
        for reference in told.references {
            let known = report.references.iter().any(|known| known.value == reference.value);
            if !known && reference.value != told.number && report.references.len() < MAX_REFERENCES {
                report.references.push(reference);
            }
        }
    }
}

/// What one event tells.
struct Told {
    number: String,
    carrier: Option<String>,
    event: Option<ReportedEvent>,
    estimate: Option<Estimate>,
    references: Vec<Reference>,
}

struct Reading<'e> {
    options: &'e Options<'e>,
    metadata: &'e Value,
    payload: Option<&'e Value>,
    pointer: &'e str,
    issues: Vec<Issue>,
    said: Vec<String>,
}

impl<'e> Reading<'e> {
    fn kind(&self) -> Option<&'e str> {
        self.payload.and_then(|payload| text(payload, "eventType")).or_else(|| text(self.metadata, "eventType"))
    }

    fn error(&mut self, key: &str, rule: Rule, words: &str) {
        let given = self.payload.and_then(|payload| text(payload, key));
        let issue = Issue::error(At::pointer(format!("{}/{key}", self.pointer)), rule, words);
        keep(
            &mut self.issues,
            match given {
                Some(given) => issue.given(given),
                None => issue,
            },
        );
    }

    fn read(&mut self) -> Option<Told> {
        let Some(payload) = self.payload else {
            if text(self.metadata, "retractedEventID").is_none() {
                let at = At::pointer(self.pointer);
                let words = "an event that takes none back must have a payload";
                self.issues.push(Issue::error(at, Rule::MissingElement, words));
            }
            return None;
        };
        let (list, key) = match self.kind() {
            Some("EQUIPMENT") => (&EQUIPMENT, "equipmentEventTypeCode"),
            Some("TRANSPORT") => (&TRANSPORT, "transportEventTypeCode"),
            Some("SHIPMENT") => (&SHIPMENT, "shipmentEventTypeCode"),
            _ => {
                self.error("eventType", Rule::Unsupported, "must be SHIPMENT, TRANSPORT or EQUIPMENT");
                return None;
            }
        };
        let code = text(payload, key).or_else(|| text(payload, "eventSubtype"));
        let Some(code) = code else {
            self.error(key, Rule::MissingElement, "is required");
            return None;
        };
        let classifier = text(payload, "eventClassifierCode");
        // What documents went through is always actual; 2.2 leaves the word out.
        let basis = match classifier {
            Some("ACT") => None,
            None if list.name == SHIPMENT.name => None,
            Some("EST") => Some(Basis::Estimated),
            Some("PLN") => Some(Basis::Planned),
            Some("REQ") => Some(Basis::Planned),
            _ => {
                self.error("eventClassifierCode", Rule::BadValue, "must be PLN, EST or ACT");
                return None;
            }
        };
        let when = self.when(payload, list)?;
        let references = references(payload);
        let Some(number) = self.number(payload, list, &references) else {
            self.error(
                "equipmentReference",
                Rule::MissingElement,
                "or a document or another reference is required: it names what the event is about",
            );
            return None;
        };
        let document_type = text(payload, "documentTypeCode");
        let full = document_type.map(|kind| format!("{code}/{kind}"));
        let partner: &Partner = self.options.partner;
        let precise = full.as_deref().map(|full| list.find(full, partner)).filter(|found| found.means.is_some());
        let found = precise.unwrap_or_else(|| list.find(code, partner));
        if found.means.is_none() {
            let at = At::pointer(format!("{}/{key}", self.pointer));
            let words = "no table knows this event; it is kept and moves nothing";
            keep(&mut self.issues, Issue::warning(at, Rule::UnknownCode, words).given(code));
        }
        let carrier = publisher(self.metadata).or_else(|| operator(payload));
        let place = location(payload);
        let mut told = Told { number, carrier, event: None, estimate: None, references };
        let words = words(payload, &found);
        let announced = basis.map(|basis| (expected(list, code, &found), basis));
        match announced {
            Some((Some(of), basis)) => {
                self.said.push(format!(
                    "{} {}",
                    crate::documents::code::basis_word(basis),
                    crate::documents::code::expected_word(of)
                ));
                told.estimate = Some(Estimate {
                    of,
                    basis,
                    from: None,
                    until: when,
                    said_by: partner.name.clone().or_else(|| told.carrier.clone()).unwrap_or_else(|| DCSA.to_owned()),
                    said_at: text(self.metadata, "eventCreatedDateTime").and_then(|text| epcis::instant(text, None)),
                    place,
                    raw_code: Some(code.to_owned()),
                });
            }
            announced => {
                let raw = full.unwrap_or_else(|| code.to_owned());
                let raw = if announced.is_some() { format!("{}/{raw}", classifier.unwrap_or_default()) } else { raw };
                let mut event = ReportedEvent::unmapped(when, Some(raw), words);
                event.source_id = text(self.metadata, "eventID").map(str::to_owned);
                event.place = place;
                event.carrier.clone_from(&told.carrier);
                event.package = text(payload, "equipmentReference").map(str::to_owned);
                let empty = text(payload, "emptyIndicatorCode") == Some("EMPTY") && list.name == EQUIPMENT.name;
                self.fold(&mut event, &found, announced.is_some() || empty);
                if text(payload, "delayReasonCode").is_some() {
                    event.delayed = true;
                }
                told.event = Some(event);
            }
        }
        Some(told)
    }

    /// What the tables make of it; only a note of what is announced or of empty equipment.
    fn fold(&mut self, event: &mut ReportedEvent, found: &Found<'_>, only_note: bool) {
        if only_note {
            (event.kind, event.status) = (FactKind::Note, None);
            self.said.push("a note".to_owned());
            return;
        }
        let Some(means) = &found.means else {
            self.said.push("unknown".to_owned());
            return;
        };
        self.said.push(means.words());
        event.kind = if means.status.is_some() { FactKind::Scan } else { FactKind::Note };
        event.status = means.status;
        event.substatus = means.substatus.map(str::to_owned);
        event.reason = means.reason;
        event.delayed = means.delayed;
    }

    fn when(&mut self, payload: &Value, list: &CodeList) -> Option<When> {
        let own = text(payload, "eventDateTime");
        // Examples of shipment events in 2.2 have the time of creation alone.
        let created = || text(self.metadata, "eventCreatedDateTime").filter(|_| list.name == SHIPMENT.name);
        let Some(time) = own.or_else(created) else {
            self.error("eventDateTime", Rule::MissingElement, "is required");
            return None;
        };
        let when = epcis::instant(time, None);
        if when.is_none() {
            self.error("eventDateTime", Rule::BadDate, "must be a time with offset (RFC 3339)");
        }
        when
    }

    /// What the event is about: the container, else a document, else another reference.
    fn number(&self, payload: &Value, list: &CodeList, references: &[Reference]) -> Option<String> {
        let named = |qualifier: &str| {
            let found = references.iter().find(|reference| reference.qualifier.as_deref() == Some(qualifier));
            found.map(|reference| reference.value.clone())
        };
        let equipment = || text(payload, "equipmentReference").map(str::to_owned);
        if let Some(own) = &self.options.partner.shipment_by {
            let found =
                own.iter().find_map(|qualifier| named(qualifier).or_else(|| equipment().filter(|_| qualifier == "EQ")));
            if found.is_some() {
                return found;
            }
        }
        let document = || {
            text(payload, "documentID")
                .or_else(|| text(payload, "documentReference"))
                .filter(|_| list.name == SHIPMENT.name)
        };
        let documents = || named("TRD").or_else(|| named("BKG"));
        equipment()
            .or_else(documents)
            .or_else(|| document().map(str::to_owned))
            .or_else(|| references.first().map(|reference| reference.value.clone()))
    }
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// References of both versions: `documentReferenceType`, `referenceType` or `type`, and the value likewise.
fn references(payload: &Value) -> Vec<Reference> {
    let lists = ["documentReferences", "relatedDocumentReferences", "references"];
    let items = lists.iter().filter_map(|list| payload.get(*list)?.as_array()).flatten().take(MAX_REFERENCES);
    let mut found: Vec<_> = items
        .filter_map(|item| {
            let pick = |keys: [&str; 3]| keys.iter().find_map(|key| text(item, key));
            let kind = pick(["documentReferenceType", "referenceType", "type"])?;
            let value = pick(["documentReferenceValue", "referenceValue", "value"])?;
            let of = REFERENCES.iter().find(|(known, _)| *known == kind).map_or(ReferenceKind::Other, |(_, of)| *of);
            Some(Reference { qualifier: Some(kind.to_owned()), ..Reference::new(of, value) })
        })
        .collect();
    let equipment = text(payload, "equipmentReference");
    if let Some(value) = equipment.filter(|value| !found.iter().any(|known| known.value == *value)) {
        found.push(Reference { qualifier: Some("EQ".to_owned()), ..Reference::new(ReferenceKind::Equipment, value) });
    }
    let seals = payload.get("seals").and_then(Value::as_array).into_iter().flatten().take(MAX_REFERENCES);
    let numbers = seals.filter_map(|seal| text(seal, "sealNumber").or_else(|| text(seal, "number")));
    found.extend(numbers.map(|number| Reference::new(ReferenceKind::Seal, number)));
    found
}

/// What an announcement announces.
fn expected(list: &CodeList, code: &str, found: &Found<'_>) -> Option<Expected> {
    if let Some((of, _)) = found.means.as_ref().and_then(|means| means.expects) {
        return Some(of);
    }
    if list.name == SHIPMENT.name {
        return None;
    }
    match code {
        "ARRI" | "DISC" | "GTIN" => Some(Expected::Arrival),
        "DEPA" | "LOAD" | "GTOT" => Some(Expected::Departure),
        "PICK" => Some(Expected::Pickup),
        "DROP" => Some(Expected::Delivery),
        _ => None,
    }
}

fn words(payload: &Value, found: &Found<'_>) -> Option<String> {
    let call = payload.get("transportCall");
    let vessel = call.and_then(|call| call.get("vessel"));
    let vessel = vessel.and_then(|vessel| text(vessel, "vesselName").or_else(|| text(vessel, "name")));
    let mut parts: Vec<String> = found.wording.map(str::to_owned).into_iter().collect();
    parts.extend(vessel.map(|name| format!("vessel {name}")));
    parts.extend(text(payload, "delayReasonCode").map(|code| format!("delay reason {code}")));
    parts.extend(["reason", "changeRemark", "remark"].iter().filter_map(|key| text(payload, key)).map(str::to_owned));
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn publisher(metadata: &Value) -> Option<String> {
    let publisher = metadata.get("publisher")?;
    text(publisher, "carrierCode").or_else(|| text(publisher, "partyName")).map(str::to_owned)
}

fn operator(payload: &Value) -> Option<String> {
    let vessel = payload.get("transportCall")?.get("vessel")?;
    text(vessel, "vesselOperatorCarrierCode").or_else(|| text(vessel, "operatorCarrierCode")).map(str::to_owned)
}

/// Where: the place of the event, else that of the transport call.
fn location(payload: &Value) -> Option<Place> {
    let call = payload.get("transportCall");
    let location = payload.get("eventLocation").or_else(|| call?.get("location"));
    let of = |key: &str| location.and_then(|location| text(location, key));
    let code = of("UNLocationCode").or_else(|| text(call?, "UNLocationCode")).filter(|code| place::is_locode(code));
    let facility = of("facilityCode").or_else(|| text(call?, "facilityCode"));
    let mut place = place::of_code(code.or(facility), of("locationName"));
    if let Some(address) = location.and_then(|location| location.get("address")) {
        place.city = text(address, "city").map(str::to_owned);
        place.state = text(address, "stateRegion").map(str::to_owned);
        let country = text(address, "country").or_else(|| text(address, "countryCode"));
        let country = country.filter(|code| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase()));
        place.country = country.map(str::to_owned).or(place.country);
    }
    let degrees = |key: &str| {
        let value = location?.get(key)?;
        value.as_f64().or_else(|| value.as_str()?.parse().ok())
    };
    place.point = degrees("latitude")
        .zip(degrees("longitude"))
        .map(|(lat, lon)| Point { lat, lon })
        .filter(|point| point.check().is_ok());
    (place != Place::default()).then_some(place)
}
