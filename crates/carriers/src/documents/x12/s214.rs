//! Transaction set 214: what a carrier says happened to a shipment.

use std::borrow::Cow;
use std::collections::HashMap;
use std::mem;

use jiff::tz::TimeZone;
use tracklane_core::lifecycle::{FactKind, Place, SourceKind};
use tracklane_core::position::Point;

use super::codes::{APPOINTMENT, QUALIFIERS, REASON, STATUS};
use super::lexer::Segment;
use super::zone;
use crate::documents::at::{At, Issue, Rule};
use crate::documents::clock::{self, Zone};
use crate::documents::code::Meaning;
use crate::documents::find::X12_214;
use crate::documents::partner::Partner;
use crate::documents::{MAX_REFERENCES, Made, refer};
use crate::report::{Basis, Estimate, Expected, Reference, ReferenceKind, Report, ReportedEvent, When};

/// Qualifiers of L11 that name a shipment of its own inside an LX loop, unless the partner's map says otherwise.
const SHIPMENT_BY: &[&str] = &["2I", "CN", "BM", "DO"];

/// A 214 as far as it was read.
pub(super) struct Shipment<'o> {
    partner: &'o Partner,
    sender: String,
    said_at: Option<When>,
    pro: Option<String>,
    shipment_id: Option<String>,
    scac: Option<String>,
    began: bool,
    /// The first is the header; each LX adds one.
    loops: Vec<Loop>,
    open: Option<Status>,
    issues: Vec<Issue>,
}

/// What stands in one LX loop.
#[derive(Default)]
struct Loop {
    key: Option<String>,
    references: Vec<Reference>,
    events: Vec<ReportedEvent>,
    estimates: Vec<Estimate>,
    /// "Not before" that waits for its "not after".
    starts: Vec<(Expected, When, String)>,
}

/// An AT7 with what follows it.
#[derive(Default)]
struct Status {
    code: Option<String>,
    reason: Option<String>,
    appointment: Option<String>,
    date: Option<jiff::civil::Date>,
    time: Option<jiff::civil::Time>,
    zone: Option<String>,
    place: Option<Place>,
    remark: Option<String>,
}

impl<'o> Shipment<'o> {
    pub(super) fn new(partner: &'o Partner, sender: &str, said_at: Option<When>) -> Self {
        Self {
            partner,
            sender: sender.to_owned(),
            said_at,
            pro: None,
            shipment_id: None,
            scac: None,
            began: false,
            loops: vec![Loop::default()],
            open: None,
            issues: Vec::new(),
        }
    }

    /// What was found wrong since the last time.
    pub(super) fn found(&mut self) -> Vec<Issue> {
        mem::take(&mut self.issues)
    }

    /// Takes the next segment; answers what is wrong with its standing here.
    pub(super) fn take(&mut self, segment: &Segment<'_>, made: &mut Made<'_>) -> Option<Issue> {
        match segment.tag().as_ref() {
            "B10" => self.begin(segment, made),
            "L11" | "MAN" => self.reference(segment, made),
            "LX" => {
                self.close();
                self.loops.push(Loop::default());
            }
            "AT7" => {
                self.close();
                self.status(segment, made);
            }
            "MS1" => self.place(segment, made),
            "MS2" => self.equipment(segment, made),
            "K1" => {
                if let (Some(open), Some(text)) = (&mut self.open, segment.get(1)) {
                    let more = segment.get(2).map(|more| format!(" {more}")).unwrap_or_default();
                    open.remark = Some(format!("{text}{more}"));
                    made.say(|| "words of the status before".to_owned());
                }
            }
            // Parties, addresses, weights, handling: of no use for what happened when.
            "N1" | "N2" | "N3" | "N4" | "G61" | "G62" | "MS3" | "AT5" | "AT8" | "PRF" | "SPO" | "SDQ" | "CD3"
            | "NM1" | "Q7" | "M7" | "MS4" | "REF" | "DTM" | "AT9" | "EFI" | "BIN" => {}
            tag => {
                let text = "is no segment of a 214";
                return Some(Issue::warning(segment.at(), Rule::UnexpectedSegment, text).given(tag));
            }
        }
        None
    }

    fn begin(&mut self, segment: &Segment<'_>, made: &mut Made<'_>) {
        let get = |element: usize| segment.get(element).map(Cow::into_owned);
        if self.began {
            self.issues.push(Issue::error(
                segment.at(),
                Rule::UnexpectedSegment,
                "is there twice; a 214 is about one shipment",
            ));
            return;
        }
        self.began = true;
        (self.pro, self.shipment_id, self.scac) = (get(1), get(2), get(3));
        if self.pro.is_none() && self.shipment_id.is_none() {
            let text = "a 214 must have B10-01 (the carrier's reference) or B10-02 (the shipment's number)";
            self.issues.push(Issue::error(segment.at_element(1), Rule::MissingElement, text));
        }
        if self.scac.is_none() {
            self.issues.push(Issue::warning(
                segment.at_element(3),
                Rule::MissingElement,
                "the carrier (SCAC) is required",
            ));
        }
        made.say(|| format!("a report about {}", get(1).or_else(|| get(2)).unwrap_or_else(|| "nothing".to_owned())));
    }

    fn reference(&mut self, segment: &Segment<'_>, made: &mut Made<'_>) {
        let marks = segment.is("MAN");
        let (value, qualifier) = if marks { (2, 1) } else { (1, 2) };
        let Some(value) = segment.get(value) else { return };
        let qualifier = segment.get(qualifier).map(Cow::into_owned);
        let kind = match (marks, qualifier.as_deref()) {
            (true, Some("GM")) => ReferenceKind::Unit,
            (true, Some("CP" | "CA" | "AI" | "SM")) => ReferenceKind::Package,
            (true, _) => ReferenceKind::Other,
            (false, qualifier) => {
                let known = QUALIFIERS.iter().find(|(code, ..)| Some(*code) == qualifier);
                known.map_or(ReferenceKind::Other, |(_, kind, _)| *kind)
            }
        };
        let inside = self.loops.len() > 1;
        let names_shipment = inside && !marks && qualifier.as_deref().is_some_and(|code| self.names_shipment(code));
        let Some(current) = self.loops.last_mut() else { return };
        if names_shipment && current.key.is_none() {
            current.key = Some(value.clone().into_owned());
            made.say(|| "this loop is about a shipment of its own".to_owned());
        }
        refer(&mut current.references, Reference { qualifier, ..Reference::new(kind, value) });
    }

    fn names_shipment(&self, qualifier: &str) -> bool {
        match &self.partner.shipment_by {
            Some(list) => list.iter().any(|known| known == qualifier),
            None => SHIPMENT_BY.contains(&qualifier),
        }
    }

    fn status(&mut self, segment: &Segment<'_>, made: &mut Made<'_>) {
        let get = |element: usize| segment.get(element).map(Cow::into_owned);
        let mut status = Status { code: get(1), appointment: get(3), zone: get(7), ..Status::default() };
        status.reason = get(2).or_else(|| get(4));
        match (&status.code, &status.appointment) {
            (None, None) => {
                let text = "a status (AT7-01) or an appointment (AT7-03) is required";
                self.issues.push(Issue::warning(segment.at_element(1), Rule::MissingElement, text));
            }
            (Some(_), Some(_)) => {
                let text = "must not stand beside a status (AT7-01); both are read";
                self.issues.push(Issue::warning(segment.at_element(3), Rule::Exclusion, text));
            }
            _ => {}
        }
        let element = |number: usize, rule: Rule, text: &str, given: &str| {
            Issue::warning(segment.at_element(number), rule, text.to_owned()).given(given)
        };
        if let Some(text) = get(5) {
            status.date = clock::date(&text);
            if status.date.is_none() {
                self.issues.push(element(5, Rule::BadDate, "must be a date CCYYMMDD", &text));
            }
        }
        if let Some(text) = get(6) {
            status.time = clock::time(&text);
            if status.time.is_none() {
                self.issues.push(element(6, Rule::BadTime, "must be a time HHMM, HHMMSS or HHMMSSDD", &text));
            }
        }
        if let Some(code) = status.zone.as_deref().filter(|code| !zone::is_known(code)) {
            let text = "is no time code that is known; the time is taken as local";
            self.issues.push(element(7, Rule::BadValue, text, code));
        }
        let unknown =
            |list: &crate::documents::code::CodeList, code: &str| list.find(code, self.partner).means.is_none();
        if let Some(code) = status.code.as_deref().filter(|code| unknown(&STATUS, code)) {
            let text = "no table knows this status; it is kept and moves nothing";
            self.issues.push(element(1, Rule::UnknownCode, text, code));
        }
        if let Some(code) = status.appointment.as_deref().filter(|code| unknown(&APPOINTMENT, code)) {
            let text = "no table knows this appointment; it is kept as a note";
            self.issues.push(element(3, Rule::UnknownCode, text, code));
        }
        if let Some(code) = status.reason.as_deref().filter(|code| unknown(&REASON, code)) {
            let number = if get(2).is_some() { 2 } else { 4 };
            self.issues.push(element(number, Rule::UnknownCode, "no table knows this reason; it is kept", code));
        }
        for (code, list) in [(&status.code, &STATUS), (&status.appointment, &APPOINTMENT)] {
            let Some(code) = code else { continue };
            let means = list.find(code, self.partner).means;
            made.say(|| {
                format!("{code} becomes {}", means.as_ref().map_or_else(|| "unknown".to_owned(), Meaning::words))
            });
        }
        self.open = Some(status);
    }

    fn place(&mut self, segment: &Segment<'_>, made: &mut Made<'_>) {
        let get = |element: usize| segment.get(element).map(Cow::into_owned);
        let mut place = Place { city: get(1), state: get(2), ..Place::default() };
        if let Some(code) = get(3) {
            place.country = country(&code).map(str::to_owned);
            if place.country.is_none() {
                let text = "must be a country (ISO 3166-1 alpha-2; USA, CAN and MEX are read, too)";
                self.issues.push(Issue::warning(segment.at_element(3), Rule::BadValue, text).given(&code));
            }
        }
        if let (Some(lon), Some(lat)) = (get(4), get(5)) {
            let signed = |text: &str, letter: Option<String>, negative: &str| {
                let sign = if letter.as_deref() == Some(negative) { -1.0 } else { 1.0 };
                degrees(text).map(|value| value * sign)
            };
            let point = signed(&lon, get(6), "W").zip(signed(&lat, get(7), "S")).map(|(lon, lat)| Point { lat, lon });
            place.point = point.filter(|point| point.check().is_ok());
            if place.point.is_none() {
                let text = "longitude and latitude must be DDDMMSS";
                self.issues.push(Issue::warning(segment.at_element(4), Rule::BadValue, text).given(&lon));
            }
        }
        match &mut self.open {
            Some(open) => {
                open.place = Some(place);
                made.say(|| "place of the status before".to_owned());
            }
            None => {
                let text = "a place must follow the status (AT7) that it belongs to";
                self.issues.push(Issue::warning(segment.at(), Rule::UnexpectedSegment, text));
            }
        }
    }

    fn equipment(&mut self, segment: &Segment<'_>, made: &mut Made<'_>) {
        let Some(number) = segment.get(2) else { return };
        let prefix = segment.get(1).unwrap_or_default();
        let check = segment.get(4).unwrap_or_default();
        let value = format!("{prefix}{number}{check}");
        made.say(|| format!("equipment {value}"));
        if let Some(current) = self.loops.last_mut() {
            let qualifier = segment.get(3).map(Cow::into_owned);
            refer(&mut current.references, Reference { qualifier, ..Reference::new(ReferenceKind::Equipment, value) });
        }
    }

    /// Makes an event or an estimate of the AT7 that is open.
    fn close(&mut self) {
        let Some(status) = self.open.take() else { return };
        let Some(current) = self.loops.last_mut() else { return };
        let place = status.place.as_ref();
        let zone = zone_of(&status, self.partner.zone.as_ref());
        let when = status.date.map_or(When::Undated, |date| clock::when(date, status.time, &zone));
        let reason = status.reason.as_deref().map(|code| (code, REASON.find(code, self.partner)));
        let why = reason.as_ref().and_then(|(_, found)| found.means.clone()).unwrap_or_default();
        let said_by = self.partner.name.as_ref().or(self.scac.as_ref()).unwrap_or(&self.sender);
        let codes = [(&status.code, &STATUS), (&status.appointment, &APPOINTMENT)];
        for (code, list) in codes.iter().filter_map(|(code, list)| Some((code.as_deref()?, *list))) {
            let found = list.find(code, self.partner);
            let means = found.means.clone();
            if let Some((of, basis)) = means.as_ref().and_then(|means| means.expects) {
                if matches!(code, "ED" | "EP") {
                    current.starts.push((of, when, code.to_owned()));
                    continue;
                }
                let start =
                    matches!(code, "LD" | "LP").then(|| current.starts.iter().position(|(start, ..)| *start == of));
                let from = start.flatten().map(|index| current.starts.remove(index).1);
                current.estimates.push(estimate(of, basis, from, when, said_by, self.said_at, place, code));
                continue;
            }
            let raw_code = match status.reason.as_deref() {
                None | Some("NS" | "NA") => code.to_owned(),
                Some(reason) => format!("{code}/{reason}"),
            };
            let words = [found.wording, why_words(reason.as_ref()), status.remark.as_deref()];
            let text: Vec<_> = words.into_iter().flatten().collect();
            let raw_text = (!text.is_empty()).then(|| text.join("; "));
            let mut event = ReportedEvent::unmapped(when, Some(raw_code), raw_text);
            event.place = status.place.clone();
            event.carrier = self.scac.clone();
            event.reason = why.reason;
            event.delayed = why.delayed;
            if let Some(means) = means {
                event.kind = if means.status.is_some() { FactKind::Scan } else { FactKind::Note };
                event.status = means.status;
                event.substatus = means.substatus.map(str::to_owned);
                event.reason = why.reason.or(means.reason);
                event.delayed |= means.delayed;
            } else if list.name == APPOINTMENT.name {
                (event.kind, event.status) = (FactKind::Note, None);
            }
            current.events.push(event);
        }
    }

    /// A report for each shipment that it told of.
    pub(super) fn finish(mut self, at: &At, issues: &mut Vec<Issue>) -> Vec<Report> {
        self.close();
        issues.append(&mut self.issues);
        if !self.began {
            issues.push(Issue::error(at.clone(), Rule::MissingSegment, "a 214 must have a B10 segment"));
            return Vec::new();
        }
        let Some(number) = self.pro.clone().or_else(|| self.shipment_id.clone()) else { return Vec::new() };
        let mut loops = mem::take(&mut self.loops).into_iter();
        let mut header = loops.next().unwrap_or_default();
        let references = mem::take(&mut header.references);
        let told = !(header.events.is_empty() && header.estimates.is_empty() && header.starts.is_empty());
        let mut reports: Vec<Report> = Vec::new();
        let mut by_key: HashMap<String, usize> = HashMap::new();
        for part in told.then_some(header).into_iter().chain(loops) {
            let key = part.key.clone().unwrap_or_else(|| number.clone());
            let index = *by_key.entry(key.clone()).or_insert_with(|| {
                reports.push(self.report(&key, &number, &references));
                reports.len() - 1
            });
            let report = &mut reports[index];
            report.events.extend(part.events);
            report.estimates.extend(part.estimates);
            for (_, when, code) in part.starts {
                let text = APPOINTMENT.find(&code, self.partner).wording.map(str::to_owned);
                let note = ReportedEvent {
                    kind: FactKind::Note,
                    status: None,
                    ..ReportedEvent::unmapped(when, Some(code), text)
                };
                report.events.push(note);
            }
            for reference in part.references {
                if reference.value != key && !report.references.contains(&reference) {
                    refer(&mut report.references, reference);
                }
            }
        }
        for report in &mut reports {
            report.sort();
        }
        reports
    }

    fn report(&self, key: &str, number: &str, header: &[Reference]) -> Report {
        let mut report = Report::new(SourceKind::Document, X12_214, key);
        report.carrier = self.scac.clone();
        let named = |kind, value: &str, qualifier: &str| Reference {
            qualifier: Some(qualifier.to_owned()),
            ..Reference::new(kind, value)
        };
        if key != number {
            report.references.push(named(ReferenceKind::Carrier, number, "B10-01"));
        }
        if let Some(id) = self.shipment_id.as_deref().filter(|id| *id != key && *id != number) {
            report.references.push(named(ReferenceKind::Shipment, id, "B10-02"));
        }
        report.references.extend(header.iter().take(MAX_REFERENCES).cloned());
        report
    }
}

fn why_words<'a>(reason: Option<&(&str, crate::documents::code::Found<'a>)>) -> Option<&'a str> {
    let (code, found) = reason?;
    found.wording.filter(|_| !matches!(*code, "NS" | "NA"))
}

fn zone_of(status: &Status, partner: Option<&TimeZone>) -> Zone {
    let stated = status.zone.as_deref().and_then(zone::stated);
    stated.unwrap_or_else(|| zone::of_place(status.place.as_ref(), partner))
}

#[expect(clippy::too_many_arguments, reason = "the fields of an estimate, each from another place")]
fn estimate(
    of: Expected,
    basis: Basis,
    from: Option<When>,
    until: When,
    said_by: &str,
    said_at: Option<When>,
    place: Option<&Place>,
    code: &str,
) -> Estimate {
    let raw_code = Some(code.to_owned());
    Estimate { of, basis, from, until, said_by: said_by.to_owned(), said_at, place: place.cloned(), raw_code }
}

/// ISO 3166-1 alpha-2 of a country code; of the alpha-3 codes those of North America, where X12 is at home.
pub(super) fn country(code: &str) -> Option<&str> {
    match code {
        "USA" => Some("US"),
        "CAN" => Some("CA"),
        "MEX" => Some("MX"),
        two if two.len() == 2 && two.bytes().all(|byte| byte.is_ascii_uppercase()) => Some(two),
        _ => None,
    }
}

/// Degrees of `DDDMMSS` (or `DDMMSS`).
fn degrees(text: &str) -> Option<f64> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) || !(6..=7).contains(&text.len()) {
        return None;
    }
    let (degrees, rest) = text.split_at(text.len() - 4);
    let number = |text: &str| text.parse::<f64>().ok();
    let (minutes, seconds) = (number(&rest[..2])?, number(&rest[2..])?);
    (minutes < 60.0 && seconds < 60.0).then_some(number(degrees)? + minutes / 60.0 + seconds / 3600.0)
}
