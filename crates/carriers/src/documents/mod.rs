//! Business documents, without I/O: bytes in, [`Report`]s out, and back.
//!
//! - [`x12`]: ANSI X12 214 in and out, 997 back;
//! - [`edifact`]: UN/EDIFACT IFTSTA in and out, CONTRL back;
//! - [`epcis`]: GS1 EPCIS 2.0 in and out, with event hash ids;
//! - [`dcsa`]: DCSA Track & Trace 2.2 in and out, 3.0 in;
//! - [`partner`]: what the codes of one trading partner mean, as a table;
//! - [`export`]: the facts of a shipment, from which each format is written.
//!
//! A reader never fails as a whole: what can be read is in [`Document::reports`], what cannot is in its issues with the
//! place in the file, and [`Document::messages`] says of each part whether it was taken. A code that no table knows is
//! kept with the status `unknown`; what is planned or expected is an estimate and never an event.

use serde::Serialize;

use crate::report::{Reference, Report, When};

pub mod at;
mod clock;
pub mod code;
pub mod dcsa;
pub mod edifact;
pub mod epcis;
pub mod export;
mod find;
mod json;
pub mod partner;
mod place;
mod text;
pub mod x12;

pub use at::{At, Issue, Issues, Rule, Severity};
pub use find::{FORMATS, Format, LISTS, acknowledge, detect, read};
pub use partner::Partner;

/// The largest document that is read, in bytes.
pub const MAX_BYTES: usize = 16 * 1024 * 1024;

/// How a document is read.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// What the partner's codes mean.
    pub partner: &'a Partner,
    /// Whether [`Document::lines`] is filled.
    pub explain: bool,
}

/// What was read of a document.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Document {
    /// What it is, by the name in [`FORMATS`].
    pub format: &'static str,
    /// Who sent it, as it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// Whom it is for, as it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receiver: Option<String>,
    /// The number that its sender gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control: Option<String>,
    /// When it was made, as it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<When>,
    /// It says that it is a test.
    pub test: bool,
    /// Its messages (transaction sets, events), each with whether it was taken.
    pub messages: Vec<Message>,
    /// What the messages that were taken say.
    pub reports: Vec<Report>,
    /// What is wrong with it.
    pub issues: Issues,
    /// Line by line what it says and what was made of it; empty unless asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Line>,
}

impl Document {
    /// A document of which nothing was read yet.
    pub(crate) fn new(format: &'static str) -> Self {
        Self {
            format,
            sender: None,
            receiver: None,
            control: None,
            created: None,
            test: false,
            messages: Vec::new(),
            reports: Vec::new(),
            issues: Issues::default(),
            lines: Vec::new(),
        }
    }

    /// True when nothing of it could be used.
    pub fn rejected(&self) -> bool {
        self.messages.iter().all(|message| message.verdict == Verdict::Rejected)
    }
}

/// One message of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// What kind it is: `214`, `IFTSTA`, `ObjectEvent`.
    pub kind: String,
    /// The number or id that its sender gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Whether it was taken.
    pub verdict: Verdict,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub issues: Vec<Issue>,
    /// How many events it told.
    pub events: usize,
    /// How many estimates it told.
    pub estimates: usize,
}

impl Message {
    /// How many issues of one message are kept.
    pub const MAX_ISSUES: usize = 100;
}

/// Whether a message was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Yes.
    Accepted,
    /// Yes, and its sender should look at what is wrong with it.
    AcceptedWithErrors,
    /// No: nothing of it is in the reports.
    Rejected,
}

impl Verdict {
    /// What follows from issues: errors reject, anything else is taken with errors noted.
    pub(crate) fn of(issues: &[Issue]) -> Self {
        if issues.iter().any(|issue| issue.severity == Severity::Error) {
            Self::Rejected
        } else if issues.is_empty() {
            Self::Accepted
        } else {
            Self::AcceptedWithErrors
        }
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::AcceptedWithErrors => "accepted, errors noted",
            Self::Rejected => "rejected",
        }
    }
}

/// One line of an explanation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The place.
    pub at: At,
    /// What stands there, cut to 200 characters.
    pub raw: String,
    /// What it says, in words.
    pub says: String,
    /// What was made of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub made: Vec<String>,
}

impl Line {
    /// How many lines are kept of one document.
    pub const LIMIT: usize = 20_000;

    pub(crate) fn new(at: At, raw: &str, says: impl Into<String>) -> Self {
        Self { at, raw: raw.chars().take(200).collect(), says: says.into(), made: Vec::new() }
    }
}

/// Takes note of what was made of a part of a document, when somebody wants to know.
pub(crate) struct Made<'l>(pub(crate) Option<&'l mut Vec<String>>);

impl Made<'_> {
    pub(crate) fn say(&mut self, text: impl FnOnce() -> String) {
        if let Some(list) = &mut self.0 {
            list.push(text());
        }
    }
}

/// Adds an issue to those of a message, up to as many as are kept.
pub(crate) fn keep(issues: &mut Vec<Issue>, issue: Issue) {
    if issues.len() < Message::MAX_ISSUES {
        issues.push(issue);
    }
}

/// Most references that are kept of one shipment.
pub(crate) const MAX_REFERENCES: usize = 200;

/// Adds a reference, up to as many as are kept.
pub(crate) fn refer(list: &mut Vec<Reference>, reference: Reference) {
    if list.len() < MAX_REFERENCES {
        list.push(reference);
    }
}

/// A count in words: `1 event`, `2 events`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
