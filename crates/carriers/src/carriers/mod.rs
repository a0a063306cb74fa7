//! Carriers: a folder each with the same files. `request.rs` says what to ask, `parse.rs` what the answer says, `status.rs`
//! holds the carrier's codes with its own wording, `mod.rs` puts them together. Carriers that need no code are declared in
//! a file (`declared/`). The one list is in `registry.rs`.

mod aftership;
mod australia_post;
mod bpost;
mod canada_post;
mod declared;
mod dhl_express;
mod dhl_parcel_de;
mod dhl_unified;
mod dpd;
mod easypost;
mod fedex;
mod gls;
mod parts;
mod purolator;
pub mod registry;
mod seventeen_track;
mod shippo;
mod ups;
mod usps;
mod words;

use std::fmt;

use serde::Serialize;
use tracklane_core::lifecycle::SourceKind;

pub use declared::DeclareError;
pub use registry::{Registry, UnknownCarrier};
pub use words::aggregators_word;

use crate::answer::{Answer, Parsed};
use crate::code::Code;
use crate::error::CarrierError;
use crate::request::{Ask, AskError, Credential, Request};

/// What a carrier's interface tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Capabilities {
    /// When it will be delivered.
    pub estimate: bool,
    /// Who took it, a signature or a photo.
    pub proof: bool,
    /// The number of a second carrier.
    pub hand_over: bool,
    /// The offset or zone of each scan.
    pub exact_time: bool,
}

/// A carrier or aggregator that can be asked.
#[derive(Clone)]
pub struct Carrier {
    /// Its id.
    pub id: std::borrow::Cow<'static, str>,
    /// Its name.
    pub name: std::borrow::Cow<'static, str>,
    /// Whether it carries itself or reads carriers for us.
    pub source: SourceKind,
    /// The most numbers in one request.
    pub batch: usize,
    /// What its interface tells.
    pub can: Capabilities,
    /// What an account with it has.
    pub credentials: std::borrow::Cow<'static, [Credential]>,
    how: How,
}

#[derive(Clone)]
enum How {
    Coded(&'static Coded),
    Declared(std::sync::Arc<declared::Declared>),
}

/// What a carrier's folder gives.
pub(crate) struct Coded {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) source: SourceKind,
    pub(crate) batch: usize,
    pub(crate) can: Capabilities,
    pub(crate) credentials: &'static [Credential],
    pub(crate) request: fn(&Ask<'_>) -> Result<Request, AskError>,
    pub(crate) parse: fn(&Answer<'_>) -> Result<Parsed, CarrierError>,
    pub(crate) codes: &'static [Code],
}

impl Carrier {
    fn coded(coded: &'static Coded) -> Self {
        Self {
            id: coded.id.into(),
            name: coded.name.into(),
            source: coded.source,
            batch: coded.batch,
            can: coded.can,
            credentials: coded.credentials.into(),
            how: How::Coded(coded),
        }
    }

    /// What to ask.
    ///
    /// # Errors
    /// A credential, a key or the count of numbers is not as the carrier wants it.
    pub fn request(&self, ask: &Ask<'_>) -> Result<Request, AskError> {
        if ask.numbers.is_empty() || ask.numbers.len() > self.batch {
            return Err(AskError::Count { given: ask.numbers.len(), most: self.batch });
        }
        match &self.how {
            How::Coded(coded) => (coded.request)(ask),
            How::Declared(declared) => declared.request(ask),
        }
    }

    /// What the answer says.
    ///
    /// # Errors
    /// The answer as a whole says nothing about any number; the kind tells what to do about it.
    pub fn parse(&self, answer: &Answer<'_>) -> Result<Parsed, CarrierError> {
        let mut parsed = match &self.how {
            How::Coded(coded) => (coded.parse)(answer),
            How::Declared(declared) => declared.parse(answer),
        }?;
        for report in &mut parsed.reports {
            report.source = self.source;
            report.source_name = self.id.clone().into_owned();
            report.sort();
        }
        if parsed.reports.is_empty() && parsed.problems.is_empty() {
            return Err(CarrierError::unreadable("", "it has nothing that a tracking answer must have"));
        }
        Ok(parsed)
    }

    /// Its codes, each with its wording and what it means.
    pub fn codes(&self) -> &[Code] {
        match &self.how {
            How::Coded(coded) => coded.codes,
            How::Declared(declared) => declared.codes(),
        }
    }

    /// Whether it is declared in a file.
    pub fn is_declared(&self) -> bool {
        matches!(self.how, How::Declared(_))
    }
}

impl fmt::Debug for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "carrier {}", self.id)
    }
}

/// A credential that must be kept secret.
const fn secret(name: &'static str) -> Credential {
    Credential { name: std::borrow::Cow::Borrowed(name), secret: true, optional: false }
}

/// A credential that anybody may see.
const fn open(name: &'static str) -> Credential {
    Credential { name: std::borrow::Cow::Borrowed(name), secret: false, optional: false }
}

/// A credential that may be missing.
const fn optional(name: &'static str, secret: bool) -> Credential {
    Credential { name: std::borrow::Cow::Borrowed(name), secret, optional: true }
}
