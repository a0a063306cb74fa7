//! The envelopes of an interchange: who, which number, and do the counts agree.

use super::iftsta::Status;
use super::lexer::{Lexer, Segment};
use super::words;
use crate::documents::at::{At, Issue, Rule, Severity};
use crate::documents::clock;
use crate::documents::find::EDIFACT;
use crate::documents::text::Charset;
use crate::documents::{Document, Line, MAX_BYTES, Made, Message, Options, Verdict, counted, keep};

/// Most messages that are read of one file.
const MAX_MESSAGES: usize = 50_000;
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
    /// Id and qualifier of the sender.
    pub sender: (String, String),
    /// Id and qualifier of the receiver.
    pub receiver: (String, String),
    /// Its number (0020).
    pub control: String,
    /// The sender asks for a CONTRL (0031).
    pub wants_answer: bool,
    /// A test (0035).
    pub test: bool,
    /// Its messages.
    pub messages: Vec<Part>,
    /// What is wrong with the envelope itself.
    pub issues: Vec<Issue>,
    /// Groups that began, where there are any: then UNZ counts those.
    groups: usize,
    /// Messages of the group that is open, and its number.
    group: Option<(usize, String)>,
    charset_told: bool,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Part {
    /// Its number (0062).
    pub reference: String,
    /// Type, version, release and agency (S009), as they stand there.
    pub kind: [String; 4],
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
    message: Option<(Part, Option<Status<'o>>)>,
}

/// Reads a file of one interchange or several.
pub fn read(bytes: &[u8], options: Options<'_>) -> Read {
    let document = Document::new(EDIFACT);
    let mut reader = Reader { options, document, interchanges: Vec::new(), interchange: None, message: None };
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
        let mut lexer = Lexer::new(bytes);
        let mut end = None;
        while let Some(segment) = lexer.next() {
            match segment {
                Ok(segment) if segment.number > MAX_SEGMENTS || self.document.messages.len() >= MAX_MESSAGES => {
                    let text = format!("a file must have at most {MAX_SEGMENTS} segments and {MAX_MESSAGES} messages");
                    self.document.issues.add(Issue::error(segment.at(), Rule::Limit, text));
                    end = Some(segment.at());
                    break;
                }
                Ok(segment) => {
                    if segment.number == 1 && lexer.by_lines {
                        let text = "segments end with line feeds, which UNA should say; read as such";
                        self.document.issues.add(Issue::warning(segment.at(), Rule::Syntax, text));
                    }
                    self.take(&segment, lexer.charset);
                    end = Some(segment.at());
                }
                Err(issue) => {
                    end = Some(issue.at.clone());
                    match &mut self.message {
                        Some((part, _)) => part.issues.push(issue),
                        None => self.envelope(issue),
                    }
                    break;
                }
            }
        }
        match end {
            Some(at) => self.close_interchange(&at, None),
            None => {
                let text = "the file is empty: it must begin with UNA or UNB";
                self.document.issues.add(Issue::error(At::Text { byte: 0 }, Rule::Syntax, text));
            }
        }
    }

    fn take(&mut self, segment: &Segment<'_>, charset: Charset) {
        let mut made = Vec::new();
        self.dispatch(segment, Made(self.options.explain.then_some(&mut made)));
        if self.options.explain && self.document.lines.len() < Line::LIMIT {
            let says = words::segment(segment, self.options.partner);
            self.document.lines.push(Line { made, ..Line::new(segment.at(), &segment.text(), says) });
        }
        let told = self.interchange.as_ref().is_none_or(|interchange| interchange.charset_told);
        if !told && !segment.is_of(charset) {
            let text = "holds bytes that the character set of UNB does not have";
            self.envelope(Issue::warning(segment.at(), Rule::Charset, text));
            if let Some(interchange) = &mut self.interchange {
                interchange.charset_told = true;
            }
        }
    }

    fn dispatch(&mut self, segment: &Segment<'_>, mut made: Made<'_>) {
        match segment.tag() {
            "UNB" => {
                self.close_interchange(&segment.at(), None);
                self.open_interchange(segment);
            }
            "UNZ" => self.close_interchange(&segment.at(), Some(segment)),
            "UNG" => {
                self.close_message(&segment.at(), None);
                if let Some(interchange) = &mut self.interchange {
                    interchange.groups += 1;
                    interchange.group = Some((interchange.messages.len(), owned(segment, 5, 1)));
                }
            }
            "UNE" => self.close_group(segment),
            "UNH" => {
                self.close_message(&segment.at(), None);
                self.open_message(segment, &mut made);
            }
            "UNT" => {
                if let Some(verdict) = self.close_message(&segment.at(), Some(segment)) {
                    made.say(|| verdict);
                }
            }
            _ => match &mut self.message {
                Some((part, Some(status))) => {
                    status.take(segment, &mut made);
                    for issue in status.found() {
                        keep(&mut part.issues, issue);
                    }
                }
                Some((_, None)) => {}
                None => {
                    let text = "stands outside a message (UNH to UNT)";
                    self.envelope(Issue::warning(segment.at(), Rule::UnexpectedSegment, text));
                }
            },
        }
    }

    fn envelope(&mut self, issue: Issue) {
        if let Some(interchange) = &mut self.interchange {
            keep(&mut interchange.issues, issue.clone());
        }
        self.document.issues.add(issue);
    }

    fn open_interchange(&mut self, segment: &Segment<'_>) {
        let interchange = Interchange {
            sender: (owned(segment, 2, 1), owned(segment, 2, 2)),
            receiver: (owned(segment, 3, 1), owned(segment, 3, 2)),
            control: owned(segment, 5, 1),
            wants_answer: segment.get(9) == Some("1"),
            test: segment.get(11) == Some("1"),
            ..Interchange::default()
        };
        // The document speaks of its first interchange.
        if self.interchanges.is_empty() {
            let there = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            let date = segment.component(4, 1).and_then(clock::date);
            let zone = clock::of_place(None, self.options.partner.zone.as_ref());
            let time = segment.component(4, 2).and_then(clock::time);
            self.document.created = date.map(|date| clock::when(date, time, &zone));
            self.document.sender = there(&interchange.sender.0);
            self.document.receiver = there(&interchange.receiver.0);
            self.document.control = there(&interchange.control);
            self.document.test = interchange.test;
        }
        self.interchange = Some(interchange);
        let syntax = segment.get(1).unwrap_or_default();
        if !(syntax.len() == 4 && syntax.starts_with("UNO")) {
            let text = "the syntax identifier must be UNOA to UNOY";
            self.envelope(Issue::warning(segment.at_element(1, Some(1)), Rule::BadValue, text).given(syntax));
        }
    }

    fn close_interchange(&mut self, at: &At, end: Option<&Segment<'_>>) {
        self.close_message(at, None);
        let Some(interchange) = &self.interchange else {
            if let Some(end) = end {
                self.envelope(Issue::warning(
                    end.at(),
                    Rule::UnexpectedSegment,
                    "ends an interchange that never began",
                ));
            }
            return;
        };
        let (count, control) = (
            interchange.groups.max(interchange.messages.len() * usize::from(interchange.groups == 0)),
            interchange.control.clone(),
        );
        match end {
            None => self.envelope(Issue::error(at.clone(), Rule::Truncated, "the interchange has no end (UNZ)")),
            Some(end) => {
                if let Some(issue) = check_count(end, count, "messages or groups") {
                    self.envelope(issue);
                }
                if let Some(issue) = check_reference(end, &control, "the UNB") {
                    self.envelope(issue);
                }
            }
        }
        self.interchanges.extend(self.interchange.take());
    }

    fn close_group(&mut self, end: &Segment<'_>) {
        self.close_message(&end.at(), None);
        let Some(interchange) = &mut self.interchange else { return };
        let Some((before, reference)) = interchange.group.take() else {
            self.envelope(Issue::warning(end.at(), Rule::UnexpectedSegment, "ends a group that never began"));
            return;
        };
        let inside = interchange.messages.len() - before;
        let found = [check_count(end, inside, "messages"), check_reference(end, &reference, "the UNG")];
        for issue in found.into_iter().flatten() {
            self.envelope(issue);
        }
    }

    fn open_message(&mut self, segment: &Segment<'_>, made: &mut Made<'_>) {
        let kind = [1, 2, 3, 4].map(|component| owned(segment, 2, component));
        let mut part = Part { reference: owned(segment, 1, 1), kind, ..Part::default() };
        if part.reference.is_empty() {
            part.issues.push(Issue::error(
                segment.at_element(1, None),
                Rule::MissingElement,
                "the message reference is required",
            ));
        }
        if self.interchange.is_none() {
            part.issues.push(Issue::error(
                segment.at(),
                Rule::UnexpectedSegment,
                "a message must stand inside an interchange",
            ));
        }
        let status = (part.kind[0] == "IFTSTA").then(|| {
            let sender = self.document.sender.clone().unwrap_or_default();
            Status::new(self.options.partner, &sender, self.document.created)
        });
        if status.is_none() {
            let text = format!("message {:?} is not read; IFTSTA is", part.kind[0]);
            made.say(|| text.clone());
            let given = part.kind[0].clone();
            part.issues.push(Issue::error(segment.at_element(2, Some(1)), Rule::Unsupported, text).given(&given));
        }
        self.message = Some((part, status));
    }

    /// Ends the message that is open; says what became of it.
    fn close_message(&mut self, at: &At, end: Option<&Segment<'_>>) -> Option<String> {
        let Some((mut part, status)) = self.message.take() else {
            if let Some(end) = end {
                self.envelope(Issue::warning(end.at(), Rule::UnexpectedSegment, "ends a message that never began"));
            }
            return None;
        };
        match end {
            None => part.issues.push(Issue::error(at.clone(), Rule::Truncated, "the message has no end (UNT)")),
            Some(end) => {
                let severe = |issue: Issue| Issue { severity: Severity::Error, ..issue };
                part.issues.extend(check_count(end, end.in_message, "segments, UNH and UNT included").map(severe));
                part.issues.extend(check_reference(end, &part.reference, "the UNH").map(severe));
            }
        }
        let mut reports = status.map(|status| status.finish(at, &mut part.issues)).unwrap_or_default();
        let verdict = Verdict::of(&part.issues);
        if verdict == Verdict::Rejected {
            reports.clear();
        }
        part.verdict = Some(verdict);
        let events = reports.iter().map(|report| report.events.len()).sum();
        let estimates = reports.iter().map(|report| report.estimates.len()).sum();
        for issue in &part.issues {
            self.document.issues.add(issue.clone());
        }
        self.document.messages.push(Message {
            kind: part.kind[0].clone(),
            reference: Some(part.reference.clone()).filter(|reference| !reference.is_empty()),
            verdict,
            issues: part.issues.clone(),
            events,
            estimates,
        });
        self.document.reports.append(&mut reports);
        if let Some(interchange) = &mut self.interchange {
            interchange.messages.push(part);
        }
        Some(format!("{}: {}, {}", verdict.words(), counted(events, "event"), counted(estimates, "estimate")))
    }
}

fn owned(segment: &Segment<'_>, element: usize, component: usize) -> String {
    segment.component(element, component).unwrap_or_default().to_owned()
}

/// Checks the count of an end segment.
fn check_count(end: &Segment<'_>, counted: usize, what: &str) -> Option<Issue> {
    let given = end.get(1).unwrap_or_default();
    if given.parse() == Ok(counted) {
        return None;
    }
    let text = format!("says {given:?}; there are {counted} {what}");
    Some(Issue::warning(end.at_element(1, None), Rule::Count, text).given(given))
}

/// Checks the reference of an end segment.
fn check_reference(end: &Segment<'_>, begun: &str, of: &str) -> Option<Issue> {
    let given = end.get(2).unwrap_or_default();
    if given == begun {
        return None;
    }
    let text = format!("says {given:?}; {of} says {begun:?}");
    Some(Issue::warning(end.at_element(2, None), Rule::Control, text).given(given))
}
