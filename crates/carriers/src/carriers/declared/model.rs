//! The fields of a declaration, and the rules that they keep.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde::Deserialize;
use tracklane_core::lifecycle::{FactKind, Reason, SourceKind, Status};

use crate::carriers::Capabilities;
use crate::code::{Code, Means};
use crate::error::ErrorKind;
use crate::report::{Basis, ReferenceKind};
use crate::request::{Credential, Method};

/// What is wrong with a declaration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{rule}", if at.is_empty() { String::new() } else { format!("{at} ") })]
pub struct DeclareError {
    /// The field, with dots for one inside another; empty when the file is no TOML of the right shape.
    pub at: String,
    /// The rule that it breaks.
    pub rule: String,
}

/// A declaration that keeps the rules.
pub(in crate::carriers) struct Declared {
    pub(super) file: File,
    codes: Vec<Code>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(default = "carrier")]
    pub(super) source: SourceKind,
    #[serde(default = "one")]
    pub(super) batch: usize,
    pub(super) home_zone: String,
    #[serde(default)]
    pub(super) can: Capabilities,
    #[serde(default)]
    pub(super) credentials: Vec<Credential>,
    pub(super) request: RequestPart,
    #[serde(default)]
    pub(super) errors: ErrorPart,
    pub(super) answer: AnswerPart,
    pub(super) codes: Vec<CodePart>,
}

fn carrier() -> SourceKind {
    SourceKind::Carrier
}

fn one() -> usize {
    1
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestPart {
    pub(super) method: Method,
    /// Scheme and host.
    pub(super) base: String,
    /// The rest of the address, with places for what is asked.
    pub(super) path: String,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    /// A JSON body, with places for what is asked.
    #[serde(default)]
    pub(super) body: Option<String>,
    /// What stands between several numbers.
    #[serde(default = "comma")]
    pub(super) separator: String,
    #[serde(default)]
    pub(super) auth: AuthPart,
}

fn comma() -> String {
    ",".to_owned()
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum AuthPart {
    #[default]
    None,
    Header {
        name: String,
        value: String,
    },
    Basic {
        user: String,
        password: String,
    },
    ClientCredentials {
        url: String,
        client_id: String,
        client_secret: String,
        #[serde(default)]
        in_header: bool,
        #[serde(default)]
        fields: BTreeMap<String, String>,
        #[serde(default)]
        header: Option<String>,
    },
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ErrorPart {
    /// Where errors may stand: list, code in it, words in it.
    #[serde(default)]
    pub(super) at: Vec<(String, String, String)>,
    #[serde(default)]
    pub(super) codes: BTreeMap<String, ErrorKind>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswerPart {
    /// The list of things that have a number each; `*` stands for every element of a list on the way. Empty: the answer.
    #[serde(default)]
    pub(super) reports: String,
    /// Names that older or wrapped answers put round everything; where one is there, it is opened first.
    #[serde(default)]
    pub(super) wrapper: Vec<String>,
    pub(super) number: Vec<String>,
    /// Where a thing says that something is wrong with its number: code and words.
    #[serde(default)]
    pub(super) error: Option<(String, String)>,
    /// Codes there that are no errors.
    #[serde(default)]
    pub(super) fine: Vec<String>,
    #[serde(default)]
    pub(super) carrier: Vec<String>,
    #[serde(default)]
    pub(super) service: Vec<String>,
    #[serde(default)]
    pub(super) signed_by: Vec<String>,
    #[serde(default)]
    pub(super) left_at: Vec<String>,
    #[serde(default)]
    pub(super) photo_url: Vec<String>,
    #[serde(default)]
    pub(super) summary: Option<SummaryPart>,
    #[serde(default)]
    pub(super) references: Vec<ReferencePart>,
    #[serde(default)]
    pub(super) estimates: Vec<EstimatePart>,
    pub(super) events: EventPart,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SummaryPart {
    pub(super) code: Vec<String>,
    #[serde(default)]
    pub(super) text: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReferencePart {
    pub(super) kind: ReferenceKind,
    pub(super) value: Vec<String>,
    #[serde(default)]
    pub(super) carrier: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EstimatePart {
    pub(super) basis: Basis,
    /// A day that stands apart from the times below.
    #[serde(default)]
    pub(super) day: Vec<String>,
    #[serde(default)]
    pub(super) from: Vec<String>,
    #[serde(default)]
    pub(super) until: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventPart {
    /// The list of events in a thing; `*` as above.
    pub(super) list: String,
    /// The list has the newest first.
    #[serde(default)]
    pub(super) newest_first: bool,
    /// What to look up, likeliest first; several paths of one key are joined by `/`.
    pub(super) keys: Vec<Vec<String>>,
    /// The code to keep.
    #[serde(default)]
    pub(super) code: Vec<String>,
    #[serde(default)]
    pub(super) text: Vec<String>,
    /// The time, or the date when a clock stands apart.
    pub(super) time: Vec<String>,
    #[serde(default)]
    pub(super) clock: Vec<String>,
    /// The time's format as of `strftime`; ISO 8601 in its usual shapes when there is none.
    #[serde(default)]
    pub(super) time_format: Option<String>,
    #[serde(default)]
    pub(super) offset: Vec<String>,
    #[serde(default)]
    pub(super) place: Vec<String>,
    #[serde(default)]
    pub(super) city: Vec<String>,
    #[serde(default)]
    pub(super) state: Vec<String>,
    #[serde(default)]
    pub(super) country: Vec<String>,
    #[serde(default)]
    pub(super) carrier: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CodePart {
    code: String,
    text: String,
    #[serde(default)]
    status: Option<Status>,
    #[serde(default)]
    substatus: Option<String>,
    #[serde(default)]
    reason: Option<Reason>,
    #[serde(default)]
    delayed: bool,
    /// It says nothing about the status.
    #[serde(default)]
    note: bool,
}

impl Declared {
    pub(super) fn new(file: File) -> Result<Self, DeclareError> {
        let rule = |at: &str, rule: &str| Err(DeclareError { at: at.to_owned(), rule: rule.to_owned() });
        let is_id =
            |id: &str| !id.is_empty() && id.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        if !is_id(&file.id) {
            return rule("id", "must be of a to z, 0 to 9 and _");
        }
        if !(1..=100).contains(&file.batch) {
            return rule("batch", "must be 1 to 100");
        }
        if !matches!(file.source, SourceKind::Carrier | SourceKind::Aggregator) {
            return rule("source", "must be carrier or aggregator");
        }
        if TimeZone::get(&file.home_zone).is_err() {
            return rule("home_zone", "must be a time zone of IANA");
        }
        if !(file.request.base.starts_with("https://") || file.request.base.starts_with("http://")) {
            return rule("request.base", "must start with https:// or http://");
        }
        if file.answer.number.is_empty() {
            return rule("answer.number", "must name a path");
        }
        for template in super::request::templates(&file) {
            super::request::check(&file, template)?;
        }
        let codes = file.codes.iter().map(code).collect::<Result<Vec<_>, _>>()?;
        for (place, code) in codes.iter().enumerate() {
            if codes.iter().take(place).any(|other| other.code == code.code) {
                return rule(&format!("codes.{}", code.code), "is there twice");
            }
        }
        Ok(Self { file, codes })
    }

    pub(in crate::carriers) fn codes(&self) -> &[Code] {
        &self.codes
    }
}

fn code(part: &CodePart) -> Result<Code, DeclareError> {
    let at = format!("codes.{}", part.code);
    let rule = |rule: &str| Err(DeclareError { at: at.clone(), rule: rule.to_owned() });
    if part.note && part.status.is_some() {
        return rule("must have a status or be a note, not both");
    }
    if !part.note && part.status.is_none() && !part.delayed {
        return rule("must have a status, or be a note, or be delayed");
    }
    if part.substatus.is_some() && part.status.is_none() {
        return rule("has a substatus without a status");
    }
    let known = part.status.map_or(&[][..], |status| status.substatuses());
    let substatus = match &part.substatus {
        None => None,
        Some(given) => match known.iter().find(|known| *known == given) {
            Some(known) => Some(*known),
            None => return rule(&format!("has the substatus {given:?}; known are {}", known.join(", "))),
        },
    };
    let means = Means {
        kind: if part.status.is_some() { FactKind::Scan } else { FactKind::Note },
        status: part.status,
        substatus,
        reason: part.reason,
        delayed: part.delayed,
    };
    Ok(Code { code: Cow::Owned(part.code.clone()), text: Cow::Owned(part.text.clone()), means })
}
