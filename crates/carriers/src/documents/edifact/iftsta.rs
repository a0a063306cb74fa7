//! IFTSTA: what happened to consignments and their equipment.

use std::collections::HashMap;
use std::mem;

use jiff::civil::{Date, Time};
use tracklane_core::lifecycle::{FactKind, Place, SourceKind};

use super::codes::{QUALIFIERS, REASON, STATUS};
use super::lexer::Segment;
use crate::documents::at::{At, Issue, Rule};
use crate::documents::clock::{self, Zone};
use crate::documents::code::Meaning;
use crate::documents::find::EDIFACT;
use crate::documents::partner::Partner;
use crate::documents::{Made, place, refer};
use crate::report::{Basis, Estimate, Expected, Reference, ReferenceKind, Report, ReportedEvent, When};

/// Qualifiers of RFF that name what a status is about, the first that is there, unless the partner's map says otherwise.
const SHIPMENT_BY: &[&str] = &["BM", "AWB", "CN", "BN", "UCN", "DQ", "EQ"];
/// Times of a status (DTM) that tell when it happened, best first.
const HAPPENED: &[&str] = &["334", "7", "178", "186", "35", "11"];

/// A message as far as it was read.
pub(super) struct Status<'o> {
    partner: &'o Partner,
    sender: String,
    said_at: Option<When>,
    began: bool,
    document_number: Option<String>,
    carrier: Option<String>,
    header: Vec<Reference>,
    consignment: Consignment,
    open: Option<Event>,
    reports: Vec<Report>,
    by_number: HashMap<String, usize>,
    /// Statuses that came before any consignment (CNI).
    statuses: usize,
    issues: Vec<Issue>,
}

#[derive(Default)]
struct Consignment {
    began: bool,
    number: Option<String>,
    references: Vec<Reference>,
}

/// An STS with what follows it.
#[derive(Default)]
struct Event {
    code: Option<String>,
    text: Option<String>,
    reasons: Vec<String>,
    references: Vec<Reference>,
    equipment: Vec<String>,
    times: Vec<(String, Moment)>,
    place: Option<Place>,
    carrier: Option<String>,
    remarks: Vec<String>,
    /// The transport leg: its places, and its times with how many places had come before each.
    in_leg: bool,
    leg_places: Vec<(String, Place)>,
    leg_times: Vec<(String, Moment, usize)>,
}

/// A time as the message says it.
#[derive(Debug, Clone)]
struct Moment {
    date: Date,
    time: Option<Time>,
    zone: Option<Zone>,
}

impl Moment {
    fn when(&self, place: Option<&Place>, partner: &Partner) -> When {
        let zone = self.zone.clone().unwrap_or_else(|| clock::of_place(place, partner.zone.as_ref()));
        clock::when(self.date, self.time, &zone)
    }
}

impl<'o> Status<'o> {
    pub(super) fn new(partner: &'o Partner, sender: &str, said_at: Option<When>) -> Self {
        Self {
            partner,
            sender: sender.to_owned(),
            said_at,
            began: false,
            document_number: None,
            carrier: None,
            header: Vec::new(),
            consignment: Consignment::default(),
            open: None,
            reports: Vec::new(),
            by_number: HashMap::new(),
            statuses: 0,
            issues: Vec::new(),
        }
    }

    /// What was found wrong since the last time.
    pub(super) fn found(&mut self) -> Vec<Issue> {
        mem::take(&mut self.issues)
    }

    /// Takes the next segment.
    pub(super) fn take(&mut self, segment: &Segment<'_>, made: &mut Made<'_>) {
        match segment.tag() {
            "BGM" => self.begin(segment, made),
            "CNI" => {
                self.close();
                let number = segment.component(2, 1).map(str::to_owned);
                self.consignment = Consignment { began: true, number, references: Vec::new() };
            }
            "STS" => {
                self.close();
                self.status(segment, made);
            }
            "RFF" => self.reference(segment),
            "DTM" => self.time(segment),
            "LOC" => self.location(segment),
            "NAD" => {
                if segment.get(1) == Some("CA") {
                    let carrier = segment.component(2, 1).map(str::to_owned);
                    match &mut self.open {
                        Some(open) => open.carrier = carrier,
                        None => self.carrier = carrier,
                    }
                }
            }
            "TDT" => {
                if let Some(open) = &mut self.open {
                    open.in_leg = true;
                }
            }
            "EQD" => {
                if let (Some(open), Some(number)) = (&mut self.open, segment.component(2, 1)) {
                    made.say(|| format!("the status is about {number}"));
                    open.equipment.push(number.to_owned());
                }
            }
            "SEL" => {
                if let (Some(open), Some(seal)) = (&mut self.open, segment.get(1)) {
                    refer(&mut open.references, Reference::new(ReferenceKind::Seal, seal));
                }
            }
            "FTX" => {
                if let Some(open) = &mut self.open {
                    let parts: Vec<_> = (1..=5).filter_map(|component| segment.component(4, component)).collect();
                    if !parts.is_empty() && open.remarks.len() < 5 {
                        open.remarks.push(parts.join(" "));
                    }
                }
            }
            // Contacts, quantities, goods and how they are packed: of no use for what happened when.
            "TSR" | "CTA" | "COM" | "CNT" | "DOC" | "PCI" | "GIN" | "MEA" | "DIM" | "TMP" | "RNG" | "GID" | "HAN"
            | "SGP" | "DGS" | "GDS" | "PIA" | "EQA" | "TPL" | "FTS" | "IMD" | "TMD" => {}
            tag => {
                let text = "is no segment of an IFTSTA";
                self.issues.push(Issue::warning(segment.at(), Rule::UnexpectedSegment, text).given(tag));
            }
        }
    }

    fn begin(&mut self, segment: &Segment<'_>, made: &mut Made<'_>) {
        self.began = true;
        self.document_number = segment.component(2, 1).map(str::to_owned);
        if segment.get(3) == Some("1") {
            let text = "a message that cancels another (1225 is 1) is not read; take the facts back by hand";
            self.issues.push(Issue::error(segment.at_element(3, None), Rule::Unsupported, text).given("1"));
        }
        made.say(|| format!("a report numbered {}", segment.component(2, 1).unwrap_or("-")));
    }

    fn reference(&mut self, segment: &Segment<'_>) {
        let (Some(qualifier), Some(value)) = (segment.component(1, 1), segment.component(1, 2)) else {
            return;
        };
        let known = QUALIFIERS.iter().find(|(code, ..)| *code == qualifier);
        let kind = known.map_or(ReferenceKind::Other, |(_, kind, _)| *kind);
        let reference = Reference { qualifier: Some(qualifier.to_owned()), ..Reference::new(kind, value) };
        let list = match &mut self.open {
            Some(open) => &mut open.references,
            None if self.consignment.began => &mut self.consignment.references,
            None => &mut self.header,
        };
        refer(list, reference);
    }

    fn time(&mut self, segment: &Segment<'_>) {
        let (Some(qualifier), Some(value)) = (segment.component(1, 1), segment.component(1, 2)) else {
            let text = "a qualifier and a time are required";
            self.issues.push(Issue::warning(segment.at_element(1, Some(2)), Rule::MissingElement, text));
            return;
        };
        let format = segment.component(1, 3);
        let Some(moment) = moment(value, format) else {
            let text =
                format!("must be a time of format {} (2379)", format.unwrap_or("102, 203, 204, 205, 303 or 304"));
            self.issues.push(Issue::warning(segment.at_element(1, Some(2)), Rule::BadDate, text).given(value));
            return;
        };
        match &mut self.open {
            Some(open) if open.in_leg && open.leg_times.len() < 100 => {
                open.leg_times.push((qualifier.to_owned(), moment, open.leg_places.len()));
            }
            Some(open) if !open.in_leg && open.times.len() < 100 => open.times.push((qualifier.to_owned(), moment)),
            Some(_) => {}
            None if qualifier == "137" => self.said_at = Some(moment.when(None, self.partner)),
            None => {}
        }
    }

    fn location(&mut self, segment: &Segment<'_>) {
        let Some(open) = &mut self.open else { return };
        let qualifier = segment.get(1).unwrap_or_default();
        let mut place = place::of_code(segment.component(2, 1), segment.component(2, 4));
        // Related places: 162 is the list of countries, 163 that of their parts.
        for element in [3, 4] {
            match (segment.component(element, 1), segment.component(element, 2)) {
                (Some(country), Some("162")) if country.len() == 2 => place.country = Some(country.to_owned()),
                (Some(state), Some("163")) => place.state = Some(state.to_owned()),
                _ => {}
            }
        }
        if open.in_leg {
            if open.leg_places.len() < 100 {
                open.leg_places.push((qualifier.to_owned(), place));
            }
        } else if open.place.is_none() || matches!(qualifier, "92" | "165" | "175") {
            open.place = Some(place);
        }
    }

    fn status(&mut self, segment: &Segment<'_>, made: &mut Made<'_>) {
        self.statuses += 1;
        let mut event = Event {
            code: segment.component(2, 1).map(str::to_owned),
            text: segment.component(2, 4).map(str::to_owned),
            ..Event::default()
        };
        event.reasons = (3..=7).filter_map(|element| segment.component(element, 1)).map(str::to_owned).collect();
        match event.code.as_deref() {
            None => {
                let text = "the status (4405, in D.96A 9011) is required";
                self.issues.push(Issue::warning(segment.at_element(2, Some(1)), Rule::MissingElement, text));
            }
            Some(code) if STATUS.find(code, self.partner).means.is_none() => {
                let text = "no table knows this status; it is kept and moves nothing";
                self.issues.push(Issue::warning(segment.at_element(2, Some(1)), Rule::UnknownCode, text).given(code));
            }
            Some(_) => {}
        }
        for (index, code) in event.reasons.iter().enumerate() {
            if REASON.find(code, self.partner).means.is_none() {
                let at = segment.at_element(3 + index, Some(1));
                let text = "no table knows this reason; it is kept";
                self.issues.push(Issue::warning(at, Rule::UnknownCode, text).given(code));
            }
        }
        if let Some(code) = &event.code {
            let means = STATUS.find(code, self.partner).means;
            made.say(|| {
                format!("{code} becomes {}", means.as_ref().map_or_else(|| "unknown".to_owned(), Meaning::words))
            });
        }
        self.open = Some(event);
    }

    /// What a status is about: the consignment's number, else the first reference of a kind that names shipments.
    fn number(&self, event: &Event) -> Option<String> {
        let named = |list: &[Reference]| {
            let wanted = |qualifier: &str| {
                let found = list.iter().find(|reference| reference.qualifier.as_deref() == Some(qualifier));
                found.map(|reference| reference.value.clone())
            };
            match &self.partner.shipment_by {
                Some(own) => own.iter().find_map(|qualifier| wanted(qualifier)),
                None => SHIPMENT_BY.iter().find_map(|qualifier| wanted(qualifier)),
            }
        };
        let by_map = self.partner.shipment_by.is_some();
        let own =
            || named(&event.references).or_else(|| named(&self.consignment.references)).or_else(|| named(&self.header));
        let first = if by_map {
            own().or_else(|| self.consignment.number.clone())
        } else {
            self.consignment.number.clone().or_else(own)
        };
        first.or_else(|| event.equipment.first().cloned()).or_else(|| self.document_number.clone())
    }

    /// Makes an event or estimates of the STS that is open.
    fn close(&mut self) {
        let Some(event) = self.open.take() else { return };
        let Some(number) = self.number(&event) else { return };
        let carrier = event.carrier.clone().or_else(|| self.carrier.clone());
        let index = *self.by_number.entry(number.clone()).or_insert_with(|| {
            let mut report = Report::new(SourceKind::Document, EDIFACT, number.clone());
            report.carrier.clone_from(&carrier);
            self.reports.push(report);
            self.reports.len() - 1
        });
        let said_by = self.partner.name.clone().or_else(|| carrier.clone()).unwrap_or_else(|| self.sender.clone());
        let found = event.code.as_deref().map(|code| STATUS.find(code, self.partner));
        let means = found.as_ref().and_then(|found| found.means.clone());
        let report = &mut self.reports[index];
        let equipment = event.equipment.iter().map(|value| Reference::new(ReferenceKind::Equipment, value));
        for reference in
            event.references.iter().chain(&self.consignment.references).chain(&self.header).cloned().chain(equipment)
        {
            if reference.value != number && !report.references.iter().any(|known| known.value == reference.value) {
                refer(&mut report.references, reference);
            }
        }
        let estimate = |of, basis, until, place: Option<Place>, code: &str| Estimate {
            of,
            basis,
            from: None,
            until,
            said_by: said_by.clone(),
            said_at: self.said_at,
            place,
            raw_code: Some(code.to_owned()),
        };
        let happened = HAPPENED.iter().find_map(|wanted| event.times.iter().find(|(qualifier, _)| qualifier == wanted));
        let when = |moment: &Moment| moment.when(event.place.as_ref(), self.partner);
        for (qualifier, moment) in &event.times {
            if let Some((of, basis)) = expected(qualifier) {
                report.estimates.push(estimate(of, basis, when(moment), event.place.clone(), qualifier));
            }
        }
        for (qualifier, moment, place) in event.leg() {
            let Some((of, basis)) = expected(qualifier) else { continue };
            // What arrives at the place of delivery or destination is delivered there.
            let final_place = place.is_some_and(|(kind, _)| matches!(kind.as_str(), "7" | "8" | "20"));
            let of = if of == Expected::Arrival && final_place { Expected::Delivery } else { of };
            let place = place.map(|(_, place)| place.clone());
            let until = moment.when(place.as_ref(), self.partner);
            report.estimates.push(estimate(of, basis, until, place, qualifier));
        }
        let only_expected =
            happened.is_none() && event.times.iter().any(|(qualifier, _)| expected(qualifier).is_some());
        let announces = means.as_ref().and_then(|means| means.expects);
        let at = happened.map_or(When::Undated, |(_, moment)| when(moment));
        if let Some((of, basis)) = announces.filter(|_| happened.is_some()) {
            let code = event.code.as_deref().unwrap_or_default();
            report.estimates.push(estimate(of, basis, at, event.place.clone(), code));
        }
        if event.code.is_none() || only_expected || announces.is_some() {
            return;
        }
        let reasons: Vec<_> = event.reasons.iter().map(|code| (code, REASON.find(code, self.partner))).collect();
        let raw_code = event.code.iter().chain(&event.reasons).cloned().collect::<Vec<_>>().join("/");
        let own_words = event.text.as_deref().or_else(|| found.as_ref().and_then(|found| found.wording));
        let words = own_words.into_iter().chain(reasons.iter().filter_map(|(_, found)| found.wording));
        let text: Vec<_> = words.chain(event.remarks.iter().map(String::as_str)).collect();
        let raw_text = (!text.is_empty()).then(|| text.join("; "));
        let mut made_event = ReportedEvent::unmapped(at, Some(raw_code), raw_text);
        made_event.place.clone_from(&event.place);
        made_event.package = event.equipment.first().cloned();
        made_event.carrier = carrier;
        for (_, found) in &reasons {
            let Some(why) = &found.means else { continue };
            made_event.reason = made_event.reason.or(why.reason);
            made_event.delayed |= why.delayed;
        }
        if let Some(means) = means {
            made_event.kind = if means.status.is_some() { FactKind::Scan } else { FactKind::Note };
            made_event.status = means.status;
            made_event.substatus = means.substatus.map(str::to_owned);
            made_event.reason = made_event.reason.or(means.reason);
            made_event.delayed |= means.delayed;
        }
        report.events.push(made_event);
    }

    /// A report for each shipment that it told of.
    pub(super) fn finish(mut self, at: &At, issues: &mut Vec<Issue>) -> Vec<Report> {
        self.close();
        issues.append(&mut self.issues);
        if !self.began {
            issues.push(Issue::error(at.clone(), Rule::MissingSegment, "an IFTSTA must have a BGM segment"));
        }
        if self.statuses == 0 {
            issues.push(Issue::warning(at.clone(), Rule::MissingSegment, "an IFTSTA must have a status (STS)"));
        }
        for report in &mut self.reports {
            report.sort();
        }
        self.reports
    }
}

impl Event {
    /// The times of the transport leg, each with the place that it belongs to. Some partners list all places first and all
    /// times after: then nobody knows which belongs to which.
    fn leg(&self) -> impl Iterator<Item = (&str, &Moment, Option<&(String, Place)>)> {
        let first = self.leg_times.first().map_or(0, |(_, _, before)| *before);
        let apart = self.leg_times.iter().all(|(_, _, before)| *before == first) && self.leg_places.len() > 1;
        self.leg_times.iter().map(move |(qualifier, moment, before)| {
            let place = if apart { None } else { before.checked_sub(1).and_then(|index| self.leg_places.get(index)) };
            (qualifier.as_str(), moment, place)
        })
    }
}

/// What a time announces (DTM 2005).
fn expected(qualifier: &str) -> Option<(Expected, Basis)> {
    match qualifier {
        "132" => Some((Expected::Arrival, Basis::Estimated)),
        "133" => Some((Expected::Departure, Basis::Estimated)),
        "17" => Some((Expected::Delivery, Basis::Estimated)),
        _ => None,
    }
}

/// A time by its format (2379).
fn moment(value: &str, format: Option<&str>) -> Option<Moment> {
    if !value.is_ascii() {
        return None;
    }
    let part = |from: usize, to: usize| value.get(from..to);
    let local = |date: usize, time: usize| {
        let (date, time) = (clock::date(part(0, date)?)?, clock::time(part(date, time)?)?);
        Some(Moment { date, time: Some(time), zone: None })
    };
    let zoned = |date: usize, time: usize| {
        let moment = local(date, time)?;
        Some(Moment { zone: Some(zone(value.get(time..)?)?), ..moment })
    };
    let exactly = |length: usize| Some(()).filter(|()| value.len() == length);
    match format {
        Some("102") => exactly(8).and_then(|()| Some(Moment { date: clock::date(value)?, time: None, zone: None })),
        Some("101") => exactly(6).and_then(|()| Some(Moment { date: clock::date(value)?, time: None, zone: None })),
        Some("201") => exactly(10).and_then(|()| local(6, 10)),
        Some("203") => exactly(12).and_then(|()| local(8, 12)),
        Some("204") => exactly(14).and_then(|()| local(8, 14)),
        Some("205" | "303") => zoned(8, 12),
        Some("304") => zoned(8, 14),
        // Without a format the length says which.
        None => match value.len() {
            8 => moment(value, Some("102")),
            12 => moment(value, Some("203")),
            14 => moment(value, Some("204")),
            _ => None,
        },
        Some(_) => None,
    }
}

/// A zone of three letters, or an offset `+0100`.
fn zone(text: &str) -> Option<Zone> {
    let hours = |hours: i32| clock::fixed(hours * 3600);
    match text {
        "UTC" | "GMT" | "Z" | "ZZZ" => hours(0),
        "BST" | "CET" | "WES" => hours(1),
        "CES" | "EET" => hours(2),
        "EDT" => hours(-4),
        "EST" | "CDT" => hours(-5),
        "CST" | "MDT" => hours(-6),
        "MST" | "PDT" => hours(-7),
        "PST" => hours(-8),
        "JST" => hours(9),
        other => {
            let sign = match other.as_bytes().first()? {
                b'+' => 1,
                b'-' => -1,
                _ => return None,
            };
            let digits = other.get(1..).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
            let number: i32 = digits.parse().ok()?;
            match digits.len() {
                2 => clock::fixed(sign * number * 3600),
                4 => clock::fixed(sign * (number / 100 * 3600 + number % 100 * 60)),
                _ => None,
            }
        }
    }
}
