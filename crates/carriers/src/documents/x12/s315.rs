//! Transaction set 315: what an ocean carrier says happened to a container.

use std::borrow::Cow;

use jiff::civil::{Date, Time};
use tracklane_core::lifecycle::{FactKind, Place, SourceKind};

use super::codes::{OCEAN, QUALIFIERS};
use super::lexer::Segment;
use super::s214::country;
use super::zone;
use crate::documents::at::{At, Issue, Rule};
use crate::documents::clock;
use crate::documents::code::Meaning;
use crate::documents::find::X12_315;
use crate::documents::partner::Partner;
use crate::documents::{Made, place};
use crate::report::{Basis, Estimate, Expected, Reference, ReferenceKind, Report, ReportedEvent, When};

/// Most references and ports that are kept of one container.
const MAX_PARTS: usize = 200;

/// A 315 as far as it was read.
pub(super) struct Container<'o> {
    partner: &'o Partner,
    sender: String,
    said_at: Option<When>,
    status: Option<Status>,
    references: Vec<Reference>,
    vessel: Option<String>,
    ports: Vec<Port>,
    issues: Vec<Issue>,
}

/// The B4.
#[derive(Default)]
struct Status {
    code: Option<String>,
    date: Option<Date>,
    time: Option<Time>,
    /// Id of the place and the list it is of (`UN` for UN/LOCODE).
    place: Option<String>,
    equipment: Option<String>,
    empty: bool,
}

/// An R4 with its times.
struct Port {
    function: String,
    id: Option<String>,
    place: Place,
    /// Estimated times.
    expected: Vec<When>,
}

impl<'o> Container<'o> {
    pub(super) fn new(partner: &'o Partner, sender: &str, said_at: Option<When>) -> Self {
        Self {
            partner,
            sender: sender.to_owned(),
            said_at,
            status: None,
            references: Vec::new(),
            vessel: None,
            ports: Vec::new(),
            issues: Vec::new(),
        }
    }

    /// What was found wrong since the last time.
    pub(super) fn found(&mut self) -> Vec<Issue> {
        std::mem::take(&mut self.issues)
    }

    /// Takes the next segment; answers what is wrong with its standing here.
    pub(super) fn take(&mut self, segment: &Segment<'_>, made: &mut Made<'_>) -> Option<Issue> {
        let get = |element: usize| segment.get(element).map(Cow::into_owned);
        match segment.tag().as_ref() {
            "B4" => self.begin(segment, made),
            "N9" => {
                let (Some(qualifier), Some(value)) = (get(1), get(2)) else { return None };
                let known = QUALIFIERS.iter().find(|(code, ..)| *code == qualifier);
                let kind = known.map_or(ReferenceKind::Other, |(_, kind, _)| *kind);
                if self.references.len() < MAX_PARTS {
                    self.references.push(Reference { qualifier: Some(qualifier), ..Reference::new(kind, value) });
                }
            }
            "Q2" => self.vessel = get(13).or_else(|| get(1)),
            "R4" => {
                let id = get(3);
                let mut place = place::of_code(id.as_deref(), get(4).as_deref());
                place.country = get(5).as_deref().and_then(country).map(str::to_owned).or(place.country);
                place.state = get(8).filter(|state| Some(state) != place.country.as_ref());
                if self.ports.len() < MAX_PARTS {
                    self.ports.push(Port { function: get(1).unwrap_or_default(), id, place, expected: Vec::new() });
                }
            }
            "DTM" => self.time(segment),
            // Weights, seals of the whole, remarks: of no use for what happened when.
            "V9" | "SG" | "K1" | "M7" | "W09" | "N1" | "N2" | "N3" | "N4" | "H3" | "LX" | "L0" => {}
            tag => {
                return Some(
                    Issue::warning(segment.at(), Rule::UnexpectedSegment, "is no segment of a 315").given(tag),
                );
            }
        }
        None
    }

    fn begin(&mut self, segment: &Segment<'_>, made: &mut Made<'_>) {
        let get = |element: usize| segment.get(element).map(Cow::into_owned);
        if self.status.is_some() {
            let text = "is there twice; a 315 is about one container";
            self.issues.push(Issue::error(segment.at(), Rule::UnexpectedSegment, text));
            return;
        }
        let mut status =
            Status { code: get(3), place: get(11), empty: get(9).as_deref() == Some("E"), ..Status::default() };
        if let (Some(initial), Some(number)) = (get(7), get(8)) {
            status.equipment = Some(format!("{initial}{number}{}", get(13).unwrap_or_default()));
        }
        let element =
            |number: usize, rule: Rule, text: &str| Issue::warning(segment.at_element(number), rule, text.to_owned());
        match &status.code {
            None => self.issues.push(element(3, Rule::MissingElement, "the status is required")),
            Some(code) => {
                let means = OCEAN.find(code, self.partner).means;
                made.say(|| {
                    format!("{code} becomes {}", means.as_ref().map_or_else(|| "unknown".to_owned(), Meaning::words))
                });
                if means.is_none() {
                    let text = "no table knows this status; it is kept and moves nothing";
                    self.issues.push(element(3, Rule::UnknownCode, text).given(code));
                }
            }
        }
        if let Some(text) = get(4) {
            status.date = clock::date(&text);
            if status.date.is_none() {
                self.issues.push(element(4, Rule::BadDate, "must be a date CCYYMMDD").given(&text));
            }
        }
        if let Some(text) = get(5) {
            status.time = clock::time(&text);
            if status.time.is_none() {
                self.issues.push(element(5, Rule::BadTime, "must be a time HHMM, HHMMSS or HHMMSSDD").given(&text));
            }
        }
        self.status = Some(status);
    }

    /// A time of the port before: only what is expected (139) is kept; what happened comes as a status of its own.
    fn time(&mut self, segment: &Segment<'_>) {
        let get = |element: usize| segment.get(element).map(Cow::into_owned);
        let Some(port) = self.ports.last_mut() else { return };
        if get(1).as_deref() != Some("139") || port.expected.len() >= MAX_PARTS {
            return;
        }
        let Some(date) = get(2).as_deref().and_then(clock::date) else {
            let issue = Issue::warning(segment.at_element(2), Rule::BadDate, "must be a date CCYYMMDD");
            self.issues.push(issue.given(&get(2).unwrap_or_default()));
            return;
        };
        let stated = get(4).as_deref().and_then(zone::stated);
        let zone = stated.unwrap_or_else(|| zone::of_place(Some(&port.place), self.partner.zone.as_ref()));
        port.expected.push(clock::when(date, get(3).as_deref().and_then(clock::time), &zone));
    }

    /// The report about the container.
    pub(super) fn finish(mut self, at: &At, issues: &mut Vec<Issue>) -> Vec<Report> {
        issues.append(&mut self.issues);
        let Some(status) = &self.status else {
            issues.push(Issue::error(at.clone(), Rule::MissingSegment, "a 315 must have a B4 segment"));
            return Vec::new();
        };
        let named = |qualifier: &str| {
            let found = self.references.iter().find(|reference| reference.qualifier.as_deref() == Some(qualifier));
            found.map(|reference| reference.value.clone())
        };
        let by_map = self.partner.shipment_by.iter().flatten().find_map(|qualifier| named(qualifier));
        let number = by_map
            .or_else(|| named("EQ"))
            .or_else(|| status.equipment.clone())
            .or_else(|| named("BM"))
            .or_else(|| named("BN"));
        let Some(number) = number else {
            let text = "a 315 must name a container (B4-07, B4-08), a bill of lading or a booking (N9)";
            issues.push(Issue::error(at.clone(), Rule::MissingElement, text));
            return Vec::new();
        };
        let mut report = Report::new(SourceKind::Document, X12_315, number.clone());
        let equipment = status.equipment.iter().map(|value| Reference::new(ReferenceKind::Equipment, value));
        for reference in self.references.iter().cloned().chain(equipment) {
            if reference.value != number && !report.references.iter().any(|known| known.value == reference.value) {
                report.references.push(reference);
            }
        }
        report.events.extend(self.event(status));
        let said_by = self.partner.name.clone().unwrap_or_else(|| self.sender.clone());
        for port in &self.ports {
            let of = match port.function.as_str() {
                "E" => Expected::Delivery,
                "L" | "R" => Expected::Departure,
                _ => Expected::Arrival,
            };
            report.estimates.extend(port.expected.iter().map(|until| Estimate {
                of,
                basis: Basis::Estimated,
                from: None,
                until: *until,
                said_by: said_by.clone(),
                said_at: self.said_at,
                place: Some(port.place.clone()),
                raw_code: Some(format!("139/{}", port.function)),
            }));
        }
        vec![report]
    }

    fn event(&self, status: &Status) -> Option<ReportedEvent> {
        let code = status.code.as_deref()?;
        let port = status.place.as_ref().and_then(|id| self.ports.iter().find(|port| port.id.as_ref() == Some(id)));
        let own = || status.place.as_deref().map(|id| place::of_code(Some(id), None));
        let place = port.map(|port| port.place.clone()).or_else(own);
        let zone = zone::of_place(place.as_ref(), self.partner.zone.as_ref());
        let when = status.date.map_or(When::Undated, |date| clock::when(date, status.time, &zone));
        let found = OCEAN.find(code, self.partner);
        let words = found
            .wording
            .map(str::to_owned)
            .into_iter()
            .chain(self.vessel.as_ref().map(|name| format!("vessel {name}")));
        let words = words.collect::<Vec<_>>().join("; ");
        let mut event =
            ReportedEvent::unmapped(when, Some(code.to_owned()), Some(words).filter(|words| !words.is_empty()));
        event.place = place;
        event.package.clone_from(&status.equipment);
        if let Some(means) = found.means {
            event.status = means.status.filter(|_| !status.empty);
            event.kind = if event.status.is_some() { FactKind::Scan } else { FactKind::Note };
            event.substatus = means.substatus.filter(|_| event.status.is_some()).map(str::to_owned);
            event.reason = means.reason;
            event.delayed = means.delayed;
        }
        Some(event)
    }
}
