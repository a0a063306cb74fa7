//! Documents and events to reports.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use tracklane_core::lifecycle::{FactKind, Place, SourceKind, Status};
use tracklane_core::position::Point;
use tracklane_core::time::{TzConfidence, to_micros};

use super::epc::Key;
use super::hash::{Prefixes, hash_id};
use super::words::{BIZ_STEP, DISPOSITION, word};
use super::xml;
use crate::documents::at::{At, Issue, Rule};
use crate::documents::code::Meaning;
use crate::documents::find::EPCIS;
use crate::documents::{Document, Line, MAX_BYTES, MAX_REFERENCES, Message, Options, Verdict, counted, json, keep};
use crate::report::{Reference, ReferenceKind, Report, ReportedEvent, When};

/// The kinds of events.
const TYPES: &[&str] =
    &["ObjectEvent", "AggregationEvent", "TransactionEvent", "TransformationEvent", "AssociationEvent"];
/// Most things that one document may tell of, and most events.
const MAX_REPORTS: usize = 50_000;
/// Most events of all things together that are made of one document.
const MAX_EVENTS: usize = 200_000;
/// Prefixes of what Tracklane writes where CBV has no word ([`super::write`]).
pub(super) const OWN_STATUS: &str = "urn:tracklane:status:";
pub(super) const OWN_NUMBER: &str = "urn:tracklane:shipment:";
pub(super) const OWN_REFERENCE: &str = "urn:tracklane:bt:";

/// True for the beginning of an event without a document around it.
pub fn looks_like_event(start: &[u8]) -> bool {
    TYPES.iter().any(|name| json::has(start, name.as_bytes()))
}

struct Reader<'o> {
    options: Options<'o>,
    document: Document,
    by_number: HashMap<String, usize>,
    events: usize,
    prefixes: Prefixes,
}

/// Reads a document, a list of events or one event, in JSON or XML.
pub fn read(bytes: &[u8], options: Options<'_>) -> Document {
    let document = Document::new(EPCIS);
    let mut reader = Reader { options, document, by_number: HashMap::new(), events: 0, prefixes: Prefixes::new() };
    if bytes.len() > MAX_BYTES {
        let text = format!("a document must have at most {MAX_BYTES} bytes");
        reader.document.issues.add(Issue::error(At::Text { byte: MAX_BYTES }, Rule::Limit, text));
        return reader.document;
    }
    let start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let value = if start.starts_with(b"<") { xml::to_json(bytes) } else { json::parse(bytes) };
    match value {
        Ok(value) => reader.run(&value),
        Err(issue) => reader.document.issues.add(*issue),
    }
    for report in &mut reader.document.reports {
        report.sort();
    }
    reader.document
}

impl Reader<'_> {
    fn run(&mut self, value: &Value) {
        self.prefixes = prefixes(value.get("@context"));
        let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        self.document.sender = text("sender");
        self.document.receiver = text("receiver");
        self.document.control = text("instanceIdentifier").or_else(|| text("id"));
        self.document.created = text("creationDate").and_then(|text| instant(&text, None));
        let Some((pointer, events)) = events(value) else {
            let text = "holds no events: epcisBody must have eventList, or queryResults with resultsBody, or be an event itself";
            self.document.issues.add(Issue::error(At::pointer(""), Rule::MissingElement, text));
            return;
        };
        if events.is_empty() {
            self.document.issues.add(Issue::warning(At::pointer(pointer), Rule::MissingElement, "holds no event"));
        }
        for (index, event) in events.iter().enumerate() {
            let pointer = if pointer == "/" { String::new() } else { format!("{pointer}/{index}") };
            if self.events >= MAX_EVENTS || self.document.reports.len() >= MAX_REPORTS {
                let text = format!(
                    "a document must tell at most {MAX_EVENTS} events of {MAX_REPORTS} things; this one and later ones are not read"
                );
                self.document.issues.add(Issue::error(At::pointer(pointer), Rule::Limit, text));
                break;
            }
            self.event(event, &pointer);
        }
    }

    fn event(&mut self, value: &Value, pointer: &str) {
        let mut issues = Vec::new();
        let before = self.events;
        let mut line = Line::new(At::pointer(pointer), &raw(value), "");
        let kind =
            value.get("type").or_else(|| value.get("isA")).and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut id = None;
        match value {
            Value::Object(event) => {
                let mut reading = Reading { event, pointer, issues: &mut issues, kind: &kind, line: &mut line };
                if let Some(told) = reading.read(&self.options, &self.prefixes) {
                    id = Some(told.id.clone());
                    if Verdict::of(&issues) != Verdict::Rejected {
                        self.keep(told);
                    }
                }
            }
            _ => issues.push(Issue::error(At::pointer(pointer), Rule::Syntax, "must be an object")),
        }
        let verdict = Verdict::of(&issues);
        for issue in &issues {
            self.document.issues.add(issue.clone());
        }
        if self.options.explain && self.document.lines.len() < Line::LIMIT {
            line.made.push(format!("{}: {}", verdict.words(), counted(self.events - before, "event")));
            self.document.lines.push(line);
        }
        let events = self.events - before;
        self.document.messages.push(Message { kind, reference: id, verdict, issues, events, estimates: 0 });
    }

    fn keep(&mut self, told: Told) {
        for number in told.numbers {
            if self.document.reports.len() >= MAX_REPORTS || self.events >= MAX_EVENTS {
                return;
            }
            let index = *self.by_number.entry(number.clone()).or_insert_with(|| {
                self.document.reports.push(Report::new(SourceKind::Document, EPCIS, number.clone()));
                self.document.reports.len() - 1
            });
            let report = &mut self.document.reports[index];
            report.events.push(told.event.clone());
            self.events += 1;
            for reference in &told.references {
                let known = report.references.iter().any(|known| known.value == reference.value);
                if !known && reference.value != number && report.references.len() < MAX_REFERENCES {
                    report.references.push(reference.clone());
                }
            }
        }
    }
}

/// What one event tells.
struct Told {
    id: String,
    numbers: Vec<String>,
    event: ReportedEvent,
    references: Vec<Reference>,
}

struct Reading<'e> {
    event: &'e Map<String, Value>,
    pointer: &'e str,
    kind: &'e str,
    issues: &'e mut Vec<Issue>,
    line: &'e mut Line,
}

impl<'e> Reading<'e> {
    fn text(&self, key: &str) -> Option<&'e str> {
        self.event.get(key)?.as_str().map(str::trim).filter(|text| !text.is_empty())
    }

    fn at(&self, key: &str) -> At {
        At::pointer(format!("{}/{key}", self.pointer))
    }

    fn error(&mut self, key: &str, rule: Rule, text: &str) {
        let given = self.text(key).unwrap_or_default();
        let issue = Issue::error(self.at(key), rule, text);
        keep(self.issues, if given.is_empty() { issue } else { issue.given(given) });
    }

    fn read(&mut self, options: &Options<'_>, document: &Prefixes) -> Option<Told> {
        if !TYPES.contains(&self.kind) {
            self.error("type", Rule::Unsupported, &format!("must be one of {}", TYPES.join(", ")));
            return None;
        }
        let when = self.when();
        let action = self.text("action");
        if self.kind != "TransformationEvent" && !matches!(action, Some("ADD" | "OBSERVE" | "DELETE")) {
            self.error("action", Rule::BadValue, "must be ADD, OBSERVE or DELETE");
        }
        let mut own = document.clone();
        own.extend(prefixes(self.event.get("@context")));
        let id = self.text("eventID").map_or_else(|| hash_id(self.event, &own), str::to_owned);
        let mut event = self.meaning(when, options);
        event.place = self.place();
        event.source_id = Some(id.clone());
        let references = self.references();
        let numbers = self.numbers(&references);
        if numbers.is_empty() {
            let text = "names nothing that could be tracked: no EPC, no business transaction, no class";
            keep(self.issues, Issue::warning(At::pointer(self.pointer), Rule::MissingElement, text));
        }
        if let Some(declaration) = self.event.get("errorDeclaration") {
            event = self.retraction(declaration, &id, when);
        }
        self.line.says = format!(
            "{} {} of {} at {}",
            self.kind,
            event.raw_code.as_deref().unwrap_or("without a step"),
            numbers.first().map_or("nothing", String::as_str),
            self.text("eventTime").unwrap_or("-"),
        );
        Some(Told { id, numbers, event, references })
    }

    fn when(&mut self) -> When {
        let Some(time) = self.text("eventTime") else {
            self.error("eventTime", Rule::MissingElement, "is required");
            return When::Undated;
        };
        let offset = self.text("eventTimeZoneOffset");
        if offset.is_none_or(|offset| offset_seconds(offset).is_none()) {
            let rule = if offset.is_none() { Rule::MissingElement } else { Rule::BadValue };
            let text = "must be an offset +hh:mm; that of eventTime is taken";
            let issue = Issue::warning(self.at("eventTimeZoneOffset"), rule, text);
            keep(self.issues, issue.given(offset.unwrap_or_default()));
        }
        instant(time, offset).unwrap_or_else(|| {
            self.error("eventTime", Rule::BadDate, "must be a time with offset (RFC 3339)");
            When::Undated
        })
    }

    /// What step and disposition make of it.
    fn meaning(&mut self, when: When, options: &Options<'_>) -> ReportedEvent {
        let step = self.text("bizStep").map(|text| word("BizStep", text));
        let disposition = self.text("disposition").map(|text| word("Disp", text));
        let raw_code = match (step, disposition) {
            (Some(step), Some(disposition)) => Some(format!("{step}/{disposition}")),
            (step, disposition) => step.or(disposition).map(str::to_owned),
        };
        let of_step = step.map(|code| BIZ_STEP.find(code, options.partner));
        let of_disposition = disposition.map(|code| DISPOSITION.find(code, options.partner));
        let words = [&of_step, &of_disposition].into_iter().flatten().filter_map(|found| found.wording);
        let words = words.collect::<Vec<_>>().join("; ");
        let mut event = ReportedEvent::unmapped(when, raw_code, Some(words).filter(|words| !words.is_empty()));
        // What Tracklane writes where CBV has no word.
        let own = step.and_then(|step| step.strip_prefix(OWN_STATUS)).and_then(|status| status.parse::<Status>().ok());
        let step_meaning = match own {
            Some(status) => Some(Meaning { status: Some(status), ..Meaning::default() }),
            None => of_step.and_then(|found| found.means),
        };
        let disposition_meaning = of_disposition.and_then(|found| found.means);
        let lists =
            [("bizStep", step, step_meaning.is_none()), ("disposition", disposition, disposition_meaning.is_none())];
        for (key, code, unknown) in lists {
            if let Some(code) = code.filter(|_| unknown) {
                let issue = Issue::warning(
                    self.at(key),
                    Rule::UnknownCode,
                    "no table knows this term; it is kept and moves nothing",
                );
                keep(self.issues, issue.given(code));
            }
        }
        // A disposition that says that something is wrong counts more than the step.
        let wrong = |meaning: &Meaning<'_>| meaning.status.is_some_and(|status| status != Status::InTransit);
        let first = match (&step_meaning, &disposition_meaning) {
            (_, Some(meaning)) if wrong(meaning) => Some(meaning),
            (Some(meaning), _) if meaning.status.is_some() || meaning.delayed => Some(meaning),
            (Some(_) | None, Some(meaning)) if meaning.status.is_some() => Some(meaning),
            (Some(meaning), _) => Some(meaning),
            // A private step is not made harmless by a disposition that says nothing.
            (None, Some(meaning)) => Some(meaning).filter(|_| step.is_none()),
            (None, None) => None,
        };
        match first {
            Some(meaning) => {
                event.kind = if meaning.status.is_some() { FactKind::Scan } else { FactKind::Note };
                event.status = meaning.status;
                event.substatus = meaning.substatus.map(str::to_owned);
                event.reason = meaning.reason;
                event.delayed = meaning.delayed;
            }
            None if step.is_none() && disposition.is_none() => (event.kind, event.status) = (FactKind::Note, None),
            None => {}
        }
        let made = first.map_or_else(|| "unknown".to_owned(), Meaning::words);
        self.line.made.push(made);
        event
    }

    fn retraction(&mut self, declaration: &Value, id: &str, when: When) -> ReportedEvent {
        let text = |key: &str| declaration.get(key).and_then(Value::as_str);
        let declared = text("declarationTime").and_then(|text| instant(text, None));
        if declared.is_none() {
            let issue = Issue::warning(
                self.at("errorDeclaration/declarationTime"),
                Rule::BadDate,
                "must be a time with offset (RFC 3339)",
            );
            keep(self.issues, issue);
        }
        self.line.made.push(format!("takes {id} back"));
        let reason = text("reason").map(|reason| word("ER", reason).to_owned());
        let instead = declaration.get("correctiveEventIDs").and_then(Value::as_array);
        let instead: Vec<_> = instead.into_iter().flatten().filter_map(Value::as_str).take(5).collect();
        let words = (!instead.is_empty()).then(|| format!("instead: {}", instead.join(", ")));
        ReportedEvent {
            kind: FactKind::Retraction,
            status: None,
            retracts: Some(id.to_owned()),
            ..ReportedEvent::unmapped(declared.unwrap_or(when), reason, words)
        }
    }

    fn strings(&self, key: &str) -> impl Iterator<Item = &'e str> + use<'e> {
        self.event.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    /// The numbers of what it is about: logistic units and other things that have one.
    fn numbers(&self, references: &[Reference]) -> Vec<String> {
        let parent = || self.text("parentID").into_iter();
        let things: Vec<&str> = match self.kind {
            "ObjectEvent" => self.strings("epcList").collect(),
            "TransactionEvent" => {
                parent().chain(self.strings("epcList").filter(|_| self.text("parentID").is_none())).collect()
            }
            "TransformationEvent" => {
                let output: Vec<_> = self.strings("outputEPCList").collect();
                if output.is_empty() { self.strings("inputEPCList").collect() } else { output }
            }
            _ => parent().chain(self.strings("childEPCs").filter(|_| self.text("parentID").is_none())).collect(),
        };
        let mut seen = HashSet::new();
        let mut numbers: Vec<String> =
            things.into_iter().map(number).filter(|number| seen.insert(number.clone())).collect();
        if numbers.is_empty() {
            let kinds = [ReferenceKind::BillOfLading, ReferenceKind::Shipment, ReferenceKind::PurchaseOrder];
            let found = kinds.iter().find_map(|kind| references.iter().find(|reference| reference.kind == *kind));
            numbers.extend(found.map(|reference| reference.value.clone()));
        }
        if numbers.is_empty() {
            let lists = ["quantityList", "childQuantityList", "outputQuantityList", "inputQuantityList"];
            let classes = lists.iter().filter_map(|list| self.event.get(*list)).filter_map(Value::as_array).flatten();
            let classes = classes.filter_map(|item| item.get("epcClass").and_then(Value::as_str)).map(number);
            numbers.extend(classes.filter(|number| seen.insert(number.clone())));
        }
        numbers
    }

    fn references(&self) -> Vec<Reference> {
        let mut references = Vec::new();
        let transactions = self.event.get("bizTransactionList").and_then(Value::as_array);
        for item in transactions.into_iter().flatten().take(MAX_REFERENCES) {
            let Some(value) = item.get("bizTransaction").and_then(Value::as_str) else { continue };
            let kind = item.get("type").and_then(Value::as_str).map(|kind| word("BTT", kind));
            let of = match kind {
                Some("po") => ReferenceKind::PurchaseOrder,
                Some("bol") => ReferenceKind::BillOfLading,
                Some("desadv") => ReferenceKind::Shipment,
                _ => ReferenceKind::Other,
            };
            references.push(Reference { qualifier: kind.map(str::to_owned), ..Reference::new(of, transaction(value)) });
        }
        if matches!(self.kind, "AggregationEvent" | "AssociationEvent") && self.text("parentID").is_some() {
            let children = self.strings("childEPCs").take(MAX_REFERENCES);
            references.extend(children.map(|child| Reference::new(ReferenceKind::Unit, number(child))));
        }
        references
    }

    /// Where: a point that was measured, else the read point, else where it is now.
    fn place(&self) -> Option<Place> {
        let id = |key: &str| self.event.get(key)?.get("id")?.as_str();
        let id = id("readPoint").or_else(|| id("bizLocation"));
        let point = id.and_then(geo).or_else(|| self.measured());
        let name = id
            .filter(|id| geo(id).is_none())
            .map(|id| Key::parse(id).map_or_else(|| id.to_owned(), |key| key.number().to_owned()));
        (point.is_some() || name.is_some()).then(|| Place { name, point, ..Place::default() })
    }

    /// The point that sensors report as two angles.
    fn measured(&self) -> Option<Point> {
        let elements = self.event.get("sensorElementList")?.as_array()?.iter();
        let reports: Vec<_> =
            elements.filter_map(|element| element.get("sensorReport")?.as_array()).flatten().take(1000).collect();
        let angle = |component: &str| {
            let is = |report: &&&Value| {
                let found = report.get("component").and_then(Value::as_str);
                found.is_some_and(|found| word("Comp", found) == component)
            };
            reports.iter().find(is).and_then(|report| report.get("value")?.as_f64())
        };
        let point = Point { lat: angle("latitude")?, lon: angle("longitude")? };
        point.check().is_ok().then_some(point)
    }
}

/// The number of a thing: of a GS1 key, of Tracklane's own URN, else the URI itself.
fn number(uri: &str) -> String {
    if let Some(own) = uri.strip_prefix(OWN_NUMBER) {
        return percent_decode_str(own).decode_utf8_lossy().into_owned();
    }
    Key::parse(uri).map_or_else(|| uri.to_owned(), |key| key.number().to_owned())
}

/// The number of a business transaction: what stands behind the location number in `urn:epcglobal:cbv:bt:<GLN>:<id>`.
fn transaction(uri: &str) -> String {
    if let Some((_, own)) = uri.strip_prefix(OWN_REFERENCE).and_then(|rest| rest.split_once(':')) {
        return percent_decode_str(own).decode_utf8_lossy().into_owned();
    }
    let cbv = uri.strip_prefix("urn:epcglobal:cbv:bt:").and_then(|rest| rest.split_once(':'));
    cbv.map_or_else(|| uri.to_owned(), |(_, id)| id.to_owned())
}

/// `geo:42.69,23.31` (RFC 5870).
fn geo(uri: &str) -> Option<Point> {
    let rest = uri.strip_prefix("geo:")?;
    let mut parts = rest.split([',', ';']);
    let point = Point { lat: parts.next()?.parse().ok()?, lon: parts.next()?.parse().ok()? };
    point.check().is_ok().then_some(point)
}

/// Seconds east of UTC of `+01:00`.
fn offset_seconds(text: &str) -> Option<i32> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'+' => (1, text.get(1..)?),
        b'-' => (-1, text.get(1..)?),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let number = |text: &str| {
        text.parse::<i32>().ok().filter(|_| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// A time with offset; the local offset is the one stated apart, else its own.
pub(crate) fn instant(text: &str, offset: Option<&str>) -> Option<When> {
    let at: Timestamp = text.parse().ok()?;
    let own = || text.rfind(['+', '-']).filter(|index| *index > 10).and_then(|index| offset_seconds(&text[index..]));
    let offset_seconds = offset.and_then(offset_seconds).or_else(own).unwrap_or(0);
    Some(When::Instant { at: to_micros(at), offset_seconds, confidence: TzConfidence::Exact })
}

/// The events of a document, and where they stand.
fn events(value: &Value) -> Option<(&'static str, &[Value])> {
    if let Value::Array(list) = value {
        return Some(("", list));
    }
    let lists = ["/epcisBody/eventList", "/epcisBody/queryResults/resultsBody/eventList", "/eventList"];
    if let Some(found) =
        lists.iter().find_map(|pointer| Some((*pointer, value.pointer(pointer)?.as_array()?.as_slice())))
    {
        return Some(found);
    }
    let is_event = value
        .get("type")
        .or_else(|| value.get("isA"))
        .and_then(Value::as_str)
        .is_some_and(|kind| TYPES.contains(&kind));
    is_event.then(|| ("/", std::slice::from_ref(value)))
}

/// The prefixes that a context declares.
fn prefixes(context: Option<&Value>) -> Prefixes {
    let objects = match context {
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_object).collect(),
        Some(Value::Object(map)) => vec![map],
        _ => Vec::new(),
    };
    let pairs = objects.into_iter().flatten();
    pairs.filter_map(|(prefix, value)| Some((prefix.clone(), value.as_str()?.to_owned()))).collect()
}

/// The beginning of an event as text.
fn raw(value: &Value) -> String {
    let keys = ["type", "eventTime", "action", "bizStep", "disposition", "parentID"];
    let parts = keys.iter().filter_map(|key| Some(format!("{key}={}", value.get(*key)?.as_str()?)));
    parts.collect::<Vec<_>>().join(" ")
}
