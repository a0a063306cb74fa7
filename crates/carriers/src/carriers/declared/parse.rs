//! Answers by paths.

use serde_json::Value;

use super::model::{Declared, EstimatePart, EventPart};
use crate::answer::{Answer, Parsed, kind_of, open_by};
use crate::carriers::parts::{PlaceParts, Scan, note_time, summary};
use crate::error::{CarrierError, ErrorKind};
use crate::report::{
    Estimate, Expected, Proof, ProofContent, ProofFile, ProofKind, Reference, Report, ReportedEvent, When,
};
use crate::time::{Zone, by_format, joined, offset, read};
use crate::tree::{at, list, text};

impl Declared {
    pub(in crate::carriers) fn parse(&self, answer: &Answer<'_>) -> Result<Parsed, CarrierError> {
        let spec = &self.file.answer;
        let holds = |tree: &Value| {
            every(self.inside(tree), &spec.reports)
                .iter()
                .any(|thing| first(thing, &spec.number).is_some() || !every(thing, &spec.events.list).is_empty())
        };
        let tree = open_by(answer, &|tree, status| self.errors(tree, status), &holds)?;
        let mut parsed = Parsed::default();
        for (place, thing) in every(self.inside(&tree), &spec.reports).into_iter().enumerate() {
            let at = if spec.reports.is_empty() { String::new() } else { format!("{}.{place}", spec.reports) };
            if !thing.is_object() {
                parsed
                    .problem(None, CarrierError::unreadable(at, format!("must be an object, not {}", kind_of(thing))));
                continue;
            }
            let number = first(thing, &spec.number);
            if let Some((code, words)) = &spec.error {
                let (code, words) = (text(thing, code), text(thing, words));
                let fine = code.as_ref().is_some_and(|code| spec.fine.contains(code));
                if !fine && (code.is_some() || words.is_some()) {
                    let kind = self.error_kind(code.as_deref()).unwrap_or(ErrorKind::Refused);
                    parsed.problem(number, kind.error(code.clone(), words.or(code).unwrap_or_default()));
                    continue;
                }
            }
            match number {
                Some(number) => {
                    let report = self.report(thing, &number, &mut parsed);
                    parsed.reports.push(report);
                }
                None => parsed
                    .problem(None, CarrierError::unreadable(at, format!("{} is required", spec.number.join(" or ")))),
            }
        }
        Ok(parsed)
    }

    /// The answer without what is wrapped round it.
    fn inside<'a>(&self, tree: &'a Value) -> &'a Value {
        let wrapped = self.file.answer.wrapper.iter().map(|name| at(tree, name)).find(|inner| !inner.is_null());
        wrapped.unwrap_or(tree)
    }

    fn errors(&self, tree: &Value, status: u16) -> Vec<CarrierError> {
        let mut found = Vec::new();
        for (path, code, words) in &self.file.errors.at {
            for element in every(tree, path) {
                let (code, words) = (text(element, code), text(element, words));
                if code.is_none() && words.is_none() {
                    continue;
                }
                let kind = self.error_kind(code.as_deref()).or_else(|| ErrorKind::of_status(status));
                let detail = words.or_else(|| code.clone()).unwrap_or_default();
                found.push(kind.unwrap_or(ErrorKind::Refused).error(code, detail));
            }
        }
        found
    }

    fn error_kind(&self, code: Option<&str>) -> Option<ErrorKind> {
        self.file.errors.codes.get(code?).copied()
    }

    fn report(&self, thing: &Value, number: &str, parsed: &mut Parsed) -> Report {
        let spec = &self.file.answer;
        let mut report = Report::new(self.file.source, self.file.id.clone(), number);
        report.carrier = first(thing, &spec.carrier);
        report.service = first(thing, &spec.service);
        for part in &spec.references {
            let values = part.value.iter().flat_map(|path| every(thing, path)).filter_map(|value| text(value, ""));
            for value in values.filter(|value| value != number) {
                let carrier = part.carrier.clone();
                report.references.push(Reference { kind: part.kind, value, qualifier: None, carrier });
            }
        }
        let mut events = every(thing, &spec.events.list);
        if spec.events.newest_first {
            events.reverse();
        }
        for event in events {
            let event = self.event(event, &spec.events, number, parsed);
            report.events.extend(event);
        }
        if let Some(part) = &spec.summary {
            let code = first(thing, &part.code);
            let keys: Vec<&str> = code.as_deref().into_iter().collect();
            report.summary = summary(self.codes(), &keys, code.clone(), first(thing, &part.text));
        }
        report.estimates = spec.estimates.iter().filter_map(|part| self.estimate(thing, part)).collect();
        let photo = first(thing, &spec.photo_url)
            .map(|url| ProofFile { kind: ProofKind::Photo, content: ProofContent::Url(url) });
        let (signed_by, left_at) = (first(thing, &spec.signed_by), first(thing, &spec.left_at));
        report.proof = Proof { signed_by, left_at, files: photo.into_iter().collect() }.given();
        report
    }

    fn event(&self, event: &Value, spec: &EventPart, number: &str, parsed: &mut Parsed) -> Option<ReportedEvent> {
        let place = PlaceParts {
            name: first(event, &spec.place),
            city: first(event, &spec.city),
            state: first(event, &spec.state),
            country: first(event, &spec.country),
            point: None,
        };
        let place = place.place();
        let stated = first(event, &spec.offset).as_deref().and_then(offset);
        let zone = stated.map_or_else(|| Zone::of(place.as_ref(), &self.file.home_zone), Zone::stated);
        let (time, clock) = (first(event, &spec.time), first(event, &spec.clock));
        let when = match (&time, &spec.time_format) {
            (None, _) => When::Undated,
            (Some(date), _) if !spec.clock.is_empty() => joined(Some(date), clock.as_deref(), &zone),
            (Some(time), Some(format)) => by_format(time, format, &zone),
            (Some(time), None) => read(time, &zone),
        };
        let when = note_time(parsed, number, &spec.list, time.as_deref(), when);
        let keys: Vec<String> = spec
            .keys
            .iter()
            .filter_map(|paths| {
                let parts: Option<Vec<String>> = paths.iter().map(|path| text(event, path)).collect();
                parts.map(|parts| parts.join("/"))
            })
            .collect();
        let code = if spec.code.is_empty() { keys.first().cloned() } else { first(event, &spec.code) };
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let scan = Scan { keys: &keys, code, text: first(event, &spec.text), when, place };
        let mut event_read = scan.event(self.codes(), &spec.list, number, parsed)?;
        event_read.carrier = first(event, &spec.carrier);
        Some(event_read)
    }

    fn estimate(&self, thing: &Value, part: &EstimatePart) -> Option<Estimate> {
        let zone = Zone::of(None, &self.file.home_zone);
        let day = first(thing, &part.day);
        let time = |paths: &[String]| {
            let text = first(thing, paths)?;
            let when = match &day {
                Some(day) => read(&format!("{day}T{text}"), &zone),
                None => read(&text, &zone),
            };
            Some(when).filter(|when| *when != When::Undated)
        };
        let whole_day = || day.as_deref().map(|day| read(day, &zone)).filter(|when| *when != When::Undated);
        let until = time(&part.until).or_else(whole_day)?;
        Some(Estimate {
            of: Expected::Delivery,
            basis: part.basis,
            from: time(&part.from),
            until,
            said_by: self.file.id.clone(),
            said_at: None,
            place: None,
            raw_code: None,
        })
    }
}

/// The first text at any of the paths.
fn first(tree: &Value, paths: &[String]) -> Option<String> {
    paths.iter().find_map(|path| text(tree, path))
}

/// Every element of the list at a path, where `*` stands for every element of a list on the way. The empty path is the
/// tree itself, or its elements when it is a list.
fn every<'a>(tree: &'a Value, path: &str) -> Vec<&'a Value> {
    match path.split_once(".*.") {
        Some((before, after)) => list(tree, before).into_iter().flat_map(|element| every(element, after)).collect(),
        None if path.is_empty() && at(tree, "").is_array() => list(tree, ""),
        None => list(tree, path),
    }
}
