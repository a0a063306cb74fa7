//! Code lists as data: what a code says, and what we make of it.

use tracklane_core::lifecycle::{Reason, Status};

use super::partner::{Override, Partner};
use crate::report::{Basis, Expected};

/// One code of a list. The wording is ours: short, and enough to know what the sender meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// The code as documents write it.
    pub code: &'static str,
    /// What it says.
    pub wording: &'static str,
    /// What is made of it.
    pub means: Means,
}

/// What is made of a code. Everything empty: worth keeping as a note, says nothing about the status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Means {
    /// The status it says.
    pub status: Option<Status>,
    /// The finer status.
    pub substatus: Option<&'static str>,
    /// Why.
    pub reason: Option<Reason>,
    /// It says that the shipment will be late.
    pub delayed: bool,
    /// It announces something instead of telling what happened.
    pub expects: Option<(Expected, Basis)>,
}

impl Means {
    const NOTHING: Self = Self { status: None, substatus: None, reason: None, delayed: false, expects: None };
}

impl Code {
    /// A code that is kept as a note.
    pub(super) const fn note(code: &'static str, wording: &'static str) -> Self {
        Self { code, wording, means: Means::NOTHING }
    }

    /// A code that says a status.
    pub(super) const fn is(code: &'static str, wording: &'static str, status: Status) -> Self {
        Self { code, wording, means: Means { status: Some(status), ..Means::NOTHING } }
    }

    /// A code that says a status and a sub-status.
    pub(super) const fn sub(code: &'static str, wording: &'static str, status: Status, sub: &'static str) -> Self {
        Self { code, wording, means: Means { status: Some(status), substatus: Some(sub), ..Means::NOTHING } }
    }

    /// A code that says why.
    pub(super) const fn why(code: &'static str, wording: &'static str, reason: Reason) -> Self {
        Self { code, wording, means: Means { reason: Some(reason), ..Means::NOTHING } }
    }

    /// A code that announces something.
    pub(super) const fn expects(code: &'static str, wording: &'static str, of: Expected, basis: Basis) -> Self {
        Self { code, wording, means: Means { expects: Some((of, basis)), ..Means::NOTHING } }
    }

    /// The same, and the shipment will be late.
    pub(super) const fn late(mut self) -> Self {
        self.means.delayed = true;
        self
    }

    /// The same, with why.
    pub(super) const fn because(mut self, reason: Reason) -> Self {
        self.means.reason = Some(reason);
        self
    }
}

/// A list of codes.
#[derive(Debug, Clone, Copy)]
pub struct CodeList {
    /// The name under which partner maps override it: `x12_status`.
    pub name: &'static str,
    /// What it is, with the standard's own name for it.
    pub title: &'static str,
    /// The codes.
    pub codes: &'static [Code],
}

/// What was found for a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<'a> {
    /// What it says; none when nobody knows it.
    pub wording: Option<&'a str>,
    /// What is made of it; none when nobody knows it.
    pub means: Option<Meaning<'a>>,
    /// Who says so.
    pub by: By,
}

/// What is made of a code, of our tables or of a partner's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Meaning<'a> {
    /// The status it says.
    pub status: Option<Status>,
    /// The finer status.
    pub substatus: Option<&'a str>,
    /// Why.
    pub reason: Option<Reason>,
    /// It says that the shipment will be late.
    pub delayed: bool,
    /// It announces something instead of telling what happened.
    pub expects: Option<(Expected, Basis)>,
}

/// Who knows a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The tables here.
    Table,
    /// The partner's map.
    Partner,
    /// Nobody.
    Nobody,
}

impl CodeList {
    /// Looks a code up: in the partner's map, then here.
    pub fn find<'a>(&self, code: &str, partner: &'a Partner) -> Found<'a> {
        let ours = self.codes.iter().find(|known| known.code == code);
        if let Some(theirs) = partner.find(self.name, code) {
            let wording = theirs.says.as_deref().or_else(|| ours.map(|known| known.wording));
            return Found { wording, means: Some(meaning_of(theirs)), by: By::Partner };
        }
        let Some(Code { wording, means, .. }) = ours else {
            return Found { wording: None, means: None, by: By::Nobody };
        };
        let Means { status, substatus, reason, delayed, expects } = *means;
        Found {
            wording: Some(wording),
            means: Some(Meaning { status, substatus, reason, delayed, expects }),
            by: By::Table,
        }
    }

    /// The code that says this status best: with this sub-status if there is one, else without one.
    pub fn code_for(&self, status: Status, substatus: Option<&str>) -> Option<&'static Code> {
        let of_status =
            || self.codes.iter().filter(move |code| code.means.status == Some(status) && !code.means.delayed);
        let exact = substatus.and_then(|sub| of_status().find(|code| code.means.substatus == Some(sub)));
        exact.or_else(|| of_status().find(|code| code.means.substatus.is_none())).or_else(|| of_status().next())
    }

    /// The code that says this reason.
    pub fn code_for_reason(&self, reason: Reason) -> Option<&'static Code> {
        self.codes.iter().find(|code| code.means.reason == Some(reason))
    }
}

fn meaning_of(theirs: &Override) -> Meaning<'_> {
    Meaning {
        status: theirs.status,
        substatus: theirs.substatus.as_deref(),
        reason: theirs.reason,
        delayed: theirs.delayed,
        expects: theirs.expects.map(|of| (of, theirs.basis.unwrap_or(Basis::Estimated))),
    }
}

impl Meaning<'_> {
    /// In words, for people: `delivered (partial)`.
    pub fn words(&self) -> String {
        let mut parts = Vec::new();
        match (self.status, self.substatus) {
            (Some(status), Some(sub)) => parts.push(format!("{status} ({sub})")),
            (Some(status), None) => parts.push(status.to_string()),
            (None, _) => {}
        }
        if let Some((of, basis)) = self.expects {
            parts.push(format!("{} {}", basis_word(basis), expected_word(of)));
        }
        if let Some(reason) = self.reason {
            parts.push(format!("because of {}", reason.as_str()));
        }
        if self.delayed {
            parts.push("late".to_owned());
        }
        if parts.is_empty() { "a note".to_owned() } else { parts.join(", ") }
    }
}

/// `delivery`.
pub(super) fn expected_word(of: Expected) -> &'static str {
    match of {
        Expected::Delivery => "delivery",
        Expected::Pickup => "pick-up",
        Expected::Arrival => "arrival",
        Expected::Departure => "departure",
    }
}

/// `planned`.
pub(super) fn basis_word(basis: Basis) -> &'static str {
    match basis {
        Basis::Planned => "planned",
        Basis::Estimated => "estimated",
        Basis::Appointment => "appointment for",
    }
}
