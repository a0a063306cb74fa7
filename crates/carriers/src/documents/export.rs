//! The facts of a shipment as documents need them: one input from which every format is written.

use std::collections::HashSet;

use jiff::tz::{Offset, TimeZone};
use tracklane_core::Timestamp;
use tracklane_core::lifecycle::{FactKind, Place, Reason, Status};
use tracklane_core::time::TzConfidence;

use super::code::CodeList;
use crate::report::Reference;

/// What there is to tell about one shipment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts {
    /// The number under which the receiver of the document knows it.
    pub number: String,
    /// Who carries it: a SCAC, or another code that both sides know.
    pub carrier: String,
    /// Other numbers of the same goods.
    pub references: Vec<Reference>,
    /// What happened, in any order.
    pub events: Vec<Fact>,
    /// When it is expected at the recipient, if anybody knows.
    pub expected: Option<Timestamp>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// Its id at the sender, from 1 character; the document's own ids are made of it.
    pub id: String,
    /// What it does to the fold; corrections are written as scans.
    pub kind: FactKind,
    /// The id of the fact that it takes back.
    pub retracts: Option<String>,
    /// The status it says; none for notes and retractions.
    pub status: Option<Status>,
    /// The finer status.
    pub substatus: Option<String>,
    /// Why.
    pub reason: Option<Reason>,
    /// It says that the shipment will be late.
    pub delayed: bool,
    /// Words.
    pub text: Option<String>,
    /// When.
    pub at: Timestamp,
    /// The offset of the local time, in seconds east of UTC; UTC when none.
    pub offset_seconds: Option<i32>,
    /// How sure that offset is.
    pub tz_confidence: TzConfidence,
    /// Where.
    pub place: Option<Place>,
}

impl Fact {
    /// The local time: of the offset when there is one, else UTC.
    pub(super) fn local(&self) -> jiff::Zoned {
        let offset = self.offset_seconds.and_then(|seconds| Offset::from_seconds(seconds).ok());
        self.at.to_zoned(TimeZone::fixed(offset.unwrap_or(Offset::UTC)))
    }
}

/// Why a document cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// A field that the format needs is empty or does not fit.
    #[error("{field} {rule}")]
    Field {
        /// The field of the facts or of the envelope.
        field: &'static str,
        /// The rule: "must be ...".
        rule: String,
    },
}

impl WriteError {
    pub(super) fn field(field: &'static str, rule: impl Into<String>) -> Self {
        Self::Field { field, rule: rule.into() }
    }
}

/// A document of a shipment's facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The document.
    pub text: String,
    /// The facts that the format has no words for: the id, and why.
    pub left_out: Vec<String>,
}

/// The facts that a format without retractions has a code for, each with it, in the order in which they happened. Those
/// that it has none for are named in `left_out`, with why. `late` is the code of a note that says nothing but "late".
pub(super) fn told<'f>(
    facts: &'f Facts,
    list: &CodeList,
    late: &'static str,
    left_out: &mut Vec<String>,
) -> Vec<(&'f Fact, &'static str)> {
    let taken_back: HashSet<&str> = facts.events.iter().filter_map(|fact| fact.retracts.as_deref()).collect();
    let mut told = Vec::new();
    for fact in &facts.events {
        let code = match (fact.kind, fact.status) {
            _ if taken_back.contains(fact.id.as_str()) => Err("was taken back"),
            (FactKind::Retraction, _) => Err("is a retraction, which the format has no words for"),
            (_, None) if fact.delayed => Ok(late),
            (_, None) => Err("says no status"),
            (_, Some(status)) => {
                let code = list.code_for(status, fact.substatus.as_deref()).map(|code| code.code);
                code.ok_or("has a status that the format has no code for")
            }
        };
        match code {
            Ok(code) => told.push((fact, code)),
            Err(why) => left_out.push(format!("{} {why}", fact.id)),
        }
    }
    told.sort_by_key(|(fact, _)| fact.at);
    told
}
