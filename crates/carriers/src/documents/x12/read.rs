//! The envelopes of an interchange: who, which number, and do the counts agree.

use jiff::civil::Date;

use super::lexer::{Lexer, Segment};
use super::s214::Shipment;
use super::s315::Container;
use super::words;
use crate::documents::at::{At, Issue, Rule};
use crate::documents::clock;
use crate::documents::find::X12;
use crate::documents::partner::Partner;
use crate::documents::{Document, Line, MAX_BYTES, Made, Message, Options, Verdict, counted, keep};
use crate::report::{Report, When};

/// Most transaction sets that are read of one file.
const MAX_SETS: usize = 50_000;
/// Most segments that are read of one file.
const MAX_SEGMENTS: usize = 500_000;

/// What was read of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// What it says.
    pub document: Document,
    /// Its envelopes, which an acknowledgement answers.
    pub interchanges: Vec<Interchange>,
}

/// An interchange.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Interchange {
    /// Qualifier and id of the sender (ISA05, ISA06).
    pub sender: (String, String),
    /// Qualifier and id of the receiver (ISA07, ISA08).
    pub receiver: (String, String),
    /// Date and time as they stand in ISA09 and ISA10.
    pub made: (String, String),
    /// Version (ISA12).
    pub version: String,
    /// Control number (ISA13).
    pub control: String,
    /// The sender asks for a TA1 (ISA14).
    pub wants_ta1: bool,
    /// P production, T test, I information (ISA15).
    pub usage: String,
    /// Its groups.
    pub groups: Vec<Group>,
    /// What is wrong with the envelope itself.
    pub issues: Vec<Issue>,
    /// The TA1 note code of the first thing that is wrong (I18), `000` for nothing.
    pub note: &'static str,
}

/// A functional group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Group {
    /// Functional identifier (GS01): `QM` for 214.
    pub functional: String,
    /// Sender (GS02).
    pub sender: String,
    /// Receiver (GS03).
    pub receiver: String,
    /// Control number (GS06).
    pub control: String,
    /// Version (GS08).
    pub version: String,
    /// Date and time as they stand in GS04 and GS05.
    pub made: (String, String),
    /// How many transaction sets the GE says there are.
    pub declared: Option<usize>,
    /// Its transaction sets.
    pub sets: Vec<Set>,
    /// The note codes of what is wrong with the group (data element 716).
    pub notes: Vec<&'static str>,
}

/// A transaction set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Set {
    /// Which (ST01).
    pub kind: String,
    /// Control number (ST02).
    pub control: String,
    /// Whether it was taken; none while it is open.
    pub verdict: Option<Verdict>,
    /// What is wrong with it.
    pub issues: Vec<Issue>,
}

struct Reader<'o> {
    options: Options<'o>,
    document: Document,
    interchanges: Vec<Interchange>,
    interchange: Option<Interchange>,
    group: Option<Group>,
    set: Option<(Set, Option<Kind<'o>>)>,
}

/// A transaction set of a kind that is read.
enum Kind<'o> {
    Shipment(Box<Shipment<'o>>),
    Container(Box<Container<'o>>),
}

impl<'o> Kind<'o> {
    fn of(kind: &str, partner: &'o Partner, sender: &str, said_at: Option<When>) -> Option<Self> {
        match kind {
            "214" => Some(Self::Shipment(Box::new(Shipment::new(partner, sender, said_at)))),
            "315" => Some(Self::Container(Box::new(Container::new(partner, sender, said_at)))),
            _ => None,
        }
    }

    fn take(&mut self, segment: &Segment<'_>, made: &mut Made<'_>) -> Vec<Issue> {
        let (standing, mut found) = match self {
            Self::Shipment(shipment) => (shipment.take(segment, made), shipment.found()),
            Self::Container(container) => (container.take(segment, made), container.found()),
        };
        found.extend(standing);
        found
    }

    fn finish(self, at: &At, issues: &mut Vec<Issue>) -> Vec<Report> {
        match self {
            Self::Shipment(shipment) => shipment.finish(at, issues),
            Self::Container(container) => container.finish(at, issues),
        }
    }
}

/// Reads a file of one interchange or several.
pub fn read(bytes: &[u8], options: Options<'_>) -> Read {
    let mut reader = Reader {
        options,
        document: Document::new(X12),
        interchanges: Vec::new(),
        interchange: None,
        group: None,
        set: None,
    };
    reader.run(bytes);
    Read { document: reader.document, interchanges: reader.interchanges }
}

impl Reader<'_> {
    fn run(&mut self, bytes: &[u8]) {
        if bytes.len() > MAX_BYTES {
            let text = format!("a document must have at most {MAX_BYTES} bytes");
            self.document.issues.add(Issue::error(At::Text { byte: MAX_BYTES }, Rule::Limit, text));
            return;
        }
        let mut end = None;
        for segment in Lexer::new(bytes) {
            match segment {
                Ok(segment) if segment.number > MAX_SEGMENTS || self.document.messages.len() >= MAX_SETS => {
                    let text =
                        format!("a file must have at most {MAX_SEGMENTS} segments and {MAX_SETS} transaction sets");
                    self.document.issues.add(Issue::error(segment.at(), Rule::Limit, text));
                    end = Some(segment.at());
                    break;
                }
                Ok(segment) => {
                    self.take(&segment);
                    end = Some(segment.at());
                }
                Err(issue) => {
                    end = Some(issue.at.clone());
                    self.broken(issue);
                    break;
                }
            }
        }
        match end {
            Some(at) => self.finish(&at),
            None => {
                let text = "the file is empty: it must begin with an ISA segment";
                self.document.issues.add(Issue::error(At::Text { byte: 0 }, Rule::Syntax, text));
            }
        }
    }

    fn take(&mut self, segment: &Segment<'_>) {
        let mut made = Vec::new();
        self.dispatch(segment, Made(self.options.explain.then_some(&mut made)));
        if self.options.explain && self.document.lines.len() < Line::LIMIT {
            let says = words::segment(segment, self.options.partner);
            self.document.lines.push(Line { made, ..Line::new(segment.at(), &segment.text(), says) });
        }
    }

    fn dispatch(&mut self, segment: &Segment<'_>, mut made: Made<'_>) {
        match segment.tag().as_ref() {
            "ISA" => {
                self.close_interchange(&segment.at(), None);
                self.open_interchange(segment);
            }
            "IEA" => self.close_interchange(&segment.at(), Some(segment)),
            "GS" => {
                self.close_group(&segment.at(), None);
                self.open_group(segment);
            }
            "GE" => self.close_group(&segment.at(), Some(segment)),
            "ST" => {
                self.close_set(&segment.at(), None);
                self.open_set(segment, &mut made);
            }
            "SE" => {
                if let Some(verdict) = self.close_set(&segment.at(), Some(segment)) {
                    made.say(|| verdict);
                }
            }
            "TA1" if self.set.is_none() => made.say(|| "an answer to an interchange of ours; not read".to_owned()),
            _ => self.inside(segment, &mut made),
        }
    }

    fn inside(&mut self, segment: &Segment<'_>, made: &mut Made<'_>) {
        match &mut self.set {
            Some((set, Some(kind))) => {
                for issue in kind.take(segment, made) {
                    keep(&mut set.issues, issue);
                }
            }
            Some((_, None)) => {}
            None => {
                let text = "stands outside a transaction set (ST to SE)";
                self.document.issues.add(Issue::warning(segment.at(), Rule::UnexpectedSegment, text));
            }
        }
    }

    fn open_interchange(&mut self, segment: &Segment<'_>) {
        let get = |element: usize| segment.get(element).unwrap_or_default().into_owned();
        let interchange = Interchange {
            sender: (get(5), get(6)),
            receiver: (get(7), get(8)),
            made: (get(9), get(10)),
            version: get(12),
            control: get(13),
            wants_ta1: get(14) == "1",
            usage: get(15),
            note: "000",
            ..Interchange::default()
        };
        // The document speaks of its first interchange.
        if self.interchanges.is_empty() {
            let zone = clock::of_place(None, self.options.partner.zone.as_ref());
            let date = clock::date(&interchange.made.0);
            self.document.created = date.map(|date: Date| clock::when(date, clock::time(&interchange.made.1), &zone));
            self.document.sender = Some(interchange.sender.1.clone()).filter(|id| !id.is_empty());
            self.document.receiver = Some(interchange.receiver.1.clone()).filter(|id| !id.is_empty());
            self.document.control = Some(interchange.control.clone()).filter(|id| !id.is_empty());
            self.document.test = interchange.usage == "T";
        }
        self.interchange = Some(interchange);
    }

    fn envelope(&mut self, issue: Issue, note: &'static str) {
        self.document.issues.add(issue.clone());
        if let Some(interchange) = &mut self.interchange {
            keep(&mut interchange.issues, issue);
            if interchange.note == "000" {
                interchange.note = note;
            }
        }
    }

    fn close_interchange(&mut self, at: &At, end: Option<&Segment<'_>>) {
        self.close_group(at, None);
        let Some(interchange) = &self.interchange else {
            if let Some(end) = end {
                let issue = Issue::warning(end.at(), Rule::UnexpectedSegment, "ends an interchange that never began");
                self.document.issues.add(issue);
            }
            return;
        };
        let (groups, control) = (interchange.groups.len(), interchange.control.clone());
        match end {
            None => {
                let text = "the interchange has no end (IEA)";
                self.envelope(Issue::error(at.clone(), Rule::Truncated, text), "023");
            }
            Some(end) => {
                if let Some(issue) = count(end, 1, groups, "functional groups") {
                    self.envelope(issue, "021");
                }
                if let Some(issue) = number(end, 2, &control, "the ISA (ISA13)") {
                    self.envelope(issue, "001");
                }
            }
        }
        self.interchanges.extend(self.interchange.take());
    }

    fn open_group(&mut self, segment: &Segment<'_>) {
        if self.interchange.is_none() {
            let text = "a group must stand inside an interchange";
            self.document.issues.add(Issue::error(segment.at(), Rule::UnexpectedSegment, text));
        }
        let get = |element: usize| segment.get(element).unwrap_or_default().into_owned();
        self.group = Some(Group {
            functional: get(1),
            sender: get(2),
            receiver: get(3),
            made: (get(4), get(5)),
            control: get(6),
            version: get(8),
            ..Group::default()
        });
    }

    fn close_group(&mut self, at: &At, end: Option<&Segment<'_>>) {
        self.close_set(at, None);
        let Some(mut group) = self.group.take() else {
            if let Some(end) = end {
                let issue = Issue::warning(end.at(), Rule::UnexpectedSegment, "ends a group that never began");
                self.document.issues.add(issue);
            }
            return;
        };
        match end {
            None => {
                let text = "the functional group has no end (GE)";
                self.document.issues.add(Issue::error(at.clone(), Rule::Truncated, text));
                group.notes.push("3");
            }
            Some(end) => {
                group.declared = end.get(1).and_then(|text| text.parse().ok());
                if let Some(issue) = count(end, 1, group.sets.len(), "transaction sets") {
                    self.document.issues.add(issue);
                    group.notes.push("5");
                }
                if let Some(issue) = number(end, 2, &group.control, "the GS (GS06)") {
                    self.document.issues.add(issue);
                    group.notes.push("4");
                }
            }
        }
        if let Some(interchange) = &mut self.interchange {
            interchange.groups.push(group);
        }
    }

    fn open_set(&mut self, segment: &Segment<'_>, made: &mut Made<'_>) {
        let kind = segment.get(1).unwrap_or_default().into_owned();
        let mut set = Set { kind, control: segment.get(2).unwrap_or_default().into_owned(), ..Set::default() };
        if set.control.is_empty() {
            set.issues.push(Issue::error(
                segment.at_element(2),
                Rule::MissingElement,
                "the control number is required",
            ));
        }
        if self.group.is_none() {
            let text = "a transaction set must stand inside a functional group (GS to GE)";
            set.issues.push(Issue::error(segment.at(), Rule::UnexpectedSegment, text));
        }
        let sender = self.document.sender.clone().unwrap_or_default();
        let kind = Kind::of(&set.kind, self.options.partner, &sender, self.document.created);
        if kind.is_none() {
            let text = format!("transaction set {:?} is not read; 214 and 315 are", set.kind);
            made.say(|| text.clone());
            set.issues.push(Issue::error(segment.at_element(1), Rule::Unsupported, text).given(&set.kind));
        }
        self.set = Some((set, kind));
    }

    /// Ends the set that is open; says what became of it.
    fn close_set(&mut self, at: &At, end: Option<&Segment<'_>>) -> Option<String> {
        let Some((mut set, kind)) = self.set.take() else {
            if let Some(end) = end {
                let issue =
                    Issue::warning(end.at(), Rule::UnexpectedSegment, "ends a transaction set that never began");
                self.document.issues.add(issue);
            }
            return None;
        };
        match end {
            None => {
                let text = "the transaction set has no end (SE)";
                set.issues.push(Issue::error(at.clone(), Rule::Truncated, text));
            }
            Some(end) => {
                set.issues.extend(count(end, 1, end.in_set, "segments, ST and SE included").map(severe));
                set.issues.extend(number(end, 2, &set.control, "the ST (ST02)").map(severe));
            }
        }
        let mut reports: Vec<Report> = Vec::new();
        if let Some(kind) = kind {
            reports = kind.finish(at, &mut set.issues);
        }
        let verdict = Verdict::of(&set.issues);
        if verdict == Verdict::Rejected {
            reports.clear();
        }
        set.verdict = Some(verdict);
        let events = reports.iter().map(|report| report.events.len()).sum();
        let estimates = reports.iter().map(|report| report.estimates.len()).sum();
        for issue in &set.issues {
            self.document.issues.add(issue.clone());
        }
        self.document.messages.push(Message {
            kind: set.kind.clone(),
            reference: Some(set.control.clone()).filter(|control| !control.is_empty()),
            verdict,
            issues: set.issues.clone(),
            events,
            estimates,
        });
        self.document.reports.append(&mut reports);
        if let Some(group) = &mut self.group {
            group.sets.push(set);
        }
        Some(format!("{}: {}, {}", verdict.words(), counted(events, "event"), counted(estimates, "estimate")))
    }

    /// The text cannot be followed any further.
    fn broken(&mut self, issue: Issue) {
        match &mut self.set {
            Some((set, _)) => set.issues.push(issue),
            None => self.envelope(issue, "022"),
        }
    }

    fn finish(&mut self, at: &At) {
        if self.interchange.is_some() {
            self.close_interchange(at, None);
        } else {
            self.close_group(at, None);
        }
    }
}

fn severe(issue: Issue) -> Issue {
    Issue { severity: crate::documents::Severity::Error, ..issue }
}

/// Checks a count of an end segment.
fn count(end: &Segment<'_>, element: usize, counted: usize, what: &str) -> Option<Issue> {
    let given = end.get(element).unwrap_or_default();
    if given.parse() == Ok(counted) {
        return None;
    }
    let text = format!("says {:?}; there are {counted} {what}", given.as_ref());
    Some(Issue::warning(end.at_element(element), Rule::Count, text).given(&given))
}

/// Checks a control number of an end segment. Zeros in front do not matter.
fn number(end: &Segment<'_>, element: usize, begun: &str, of: &str) -> Option<Issue> {
    let given = end.get(element).unwrap_or_default();
    if given.trim_start_matches('0') == begun.trim_start_matches('0') {
        return None;
    }
    let text = format!("says {:?}; {of} says {begun:?}", given.as_ref());
    Some(Issue::warning(end.at_element(element), Rule::Control, text).given(&given))
}
