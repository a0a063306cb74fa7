//! Maps per trading partner: what their codes mean, in a TOML table instead of code.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde::Deserialize;
use tracklane_core::invalid::Invalid;
use tracklane_core::lifecycle::{Reason, Status};

use super::LISTS;
use crate::report::{Basis, Expected};

/// What one trading partner means by their codes. The empty map changes nothing.
///
/// ```toml
/// name = "roadone"
/// zone = "America/New_York"      # of local times that say no zone
/// shipment_by = ["DO", "2I"]     # X12: qualifiers of L11 that name a shipment of its own inside an LX loop
///
/// [codes.x12_status]             # the lists are those of `documents::LISTS`
/// LY = { status = "picked_up", says = "Loaded in the yard" }
/// RD = { says = "Container returned empty" }     # no status: kept as a note
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Partner {
    /// Who it is; said by estimates and reports instead of the interchange's own id when set.
    pub name: Option<String>,
    /// The zone of local times that say none.
    pub zone: Option<TimeZone>,
    /// Qualifiers that name a shipment of its own inside a message; none takes those of the format.
    pub shipment_by: Option<Vec<String>>,
    codes: BTreeMap<String, BTreeMap<String, Override>>,
}

/// What a partner means by one code.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// The status; without one the code is kept as a note.
    pub status: Option<Status>,
    /// The finer status.
    pub substatus: Option<String>,
    /// Why.
    pub reason: Option<Reason>,
    /// The shipment will be late.
    #[serde(default)]
    pub delayed: bool,
    /// The code announces this instead of telling what happened.
    pub expects: Option<Expected>,
    /// What an announcement is worth: `estimated` unless said.
    pub basis: Option<Basis>,
    /// What the code says, in words.
    pub says: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: Option<String>,
    zone: Option<String>,
    shipment_by: Option<Vec<String>>,
    #[serde(default)]
    codes: BTreeMap<String, BTreeMap<String, Override>>,
}

impl Partner {
    /// Reads a map.
    ///
    /// # Errors
    /// Text that is no such table, an unknown zone, an unknown list (the lists there are, are named), a status together
    /// with an announcement.
    pub fn read(text: &str) -> Result<Self, Invalid> {
        let written: Written = toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            let place = line.map(|line| format!("line {line}: ")).unwrap_or_default();
            Invalid::one("", format!("{place}{}", error.message().trim()))
        })?;
        let mut invalid = Invalid::default();
        let zone = written.zone.and_then(|name| match TimeZone::get(&name) {
            Ok(zone) => Some(zone),
            Err(_) => {
                invalid.add("/zone", format!("{name:?} is no zone of the IANA time zone database"));
                None
            }
        });
        for (list, codes) in &written.codes {
            if !LISTS.iter().any(|known| known.name == list) {
                let known: Vec<_> = LISTS.iter().map(|known| known.name).collect();
                invalid.add(&format!("/codes/{list}"), format!("is no list of codes; known are {}", known.join(", ")));
            }
            for (code, meaning) in codes {
                let clash = meaning.status.is_some() && meaning.expects.is_some();
                let rule = "cannot have both status and expects: what is only expected moves no status";
                invalid.require(!clash, &format!("/codes/{list}/{code}"), rule);
            }
        }
        invalid.into_result()?;
        Ok(Self { name: written.name, zone, shipment_by: written.shipment_by, codes: written.codes })
    }

    /// What the partner means by a code of a list, where the map says.
    pub fn find(&self, list: &str, code: &str) -> Option<&Override> {
        self.codes.get(list)?.get(code)
    }
}
