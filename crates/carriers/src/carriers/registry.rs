//! The one list of carriers. To add one with code: a folder, its module in `mod.rs`, and a line in `CODED`. To add one
//! without: a file in `declared/`, and a line in `DECLARED`; or at run time [`Registry::declare`].

use std::sync::LazyLock;

use super::{Carrier, Coded, DeclareError, declared};
use super::{
    aftership, australia_post, bpost, canada_post, dhl_express, dhl_parcel_de, dhl_unified, dpd, easypost, fedex, gls,
    purolator, seventeen_track, shippo, ups, usps,
};

/// Carriers with code.
static CODED: &[&Coded] = &[
    &ups::CARRIER,
    &fedex::CARRIER,
    &usps::CARRIER,
    &dhl_unified::CARRIER,
    &dhl_express::CARRIER,
    &dhl_parcel_de::CARRIER,
    &dpd::CARRIER,
    &gls::CARRIER,
    &canada_post::CARRIER,
    &australia_post::CARRIER,
    &purolator::CARRIER,
    &bpost::CARRIER,
    &easypost::CARRIER,
    &aftership::CARRIER,
    &seventeen_track::CARRIER,
    &shippo::CARRIER,
];

/// Carriers declared in files: name for messages, text.
const DECLARED: &[(&str, &str)] = &[
    ("royal_mail", include_str!("declared/royal_mail.toml")),
    ("postnord", include_str!("declared/postnord.toml")),
    ("evri", include_str!("declared/evri.toml")),
    ("amazon_shipping", include_str!("declared/amazon_shipping.toml")),
    ("la_poste", include_str!("declared/la_poste.toml")),
    ("ship24", include_str!("declared/ship24.toml")),
    ("sandbox", include_str!("declared/sandbox.toml")),
];

/// The carriers that can be asked.
#[derive(Debug, Clone)]
pub struct Registry {
    carriers: Vec<Carrier>,
}

static BUILT_IN: LazyLock<Registry> = LazyLock::new(|| {
    let coded = CODED.iter().map(|coded| Carrier::coded(coded));
    // A test reads every file; one that is broken all the same is missing, and asking for it says so.
    let declared = DECLARED.iter().filter_map(|(_, text)| declared::read(text).ok());
    Registry { carriers: coded.chain(declared).collect() }
});

impl Registry {
    /// The carriers that come with Tracklane.
    pub fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// Every carrier.
    pub fn carriers(&self) -> &[Carrier] {
        &self.carriers
    }

    /// The carrier with this id.
    ///
    /// # Errors
    /// Lists the ids there are.
    pub fn find(&self, id: &str) -> Result<&Carrier, UnknownCarrier> {
        self.carriers.iter().find(|carrier| carrier.id == id).ok_or_else(|| {
            let known: Vec<&str> = self.carriers.iter().map(|carrier| carrier.id.as_ref()).collect();
            UnknownCarrier { given: id.to_owned(), known: known.join(", ") }
        })
    }

    /// Adds a carrier that a file declares; one with the same id is replaced.
    ///
    /// # Errors
    /// Names the place in the file and the rule.
    pub fn declare(&mut self, text: &str) -> Result<&Carrier, DeclareError> {
        let carrier = declared::read(text)?;
        self.carriers.retain(|known| known.id != carrier.id);
        self.carriers.push(carrier);
        Ok(&self.carriers[self.carriers.len() - 1])
    }
}

/// No carrier has this id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown carrier {given:?}; known are {known}")]
pub struct UnknownCarrier {
    /// What was given.
    pub given: String,
    /// The ids there are.
    pub known: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_read_and_every_carrier_is_there_once() {
        for (name, text) in DECLARED {
            let read = declared::read(text);
            assert!(read.is_ok(), "{name}: {:?}", read.err());
        }
        let registry = Registry::built_in();
        assert_eq!(registry.carriers().len(), CODED.len() + DECLARED.len());
        for carrier in registry.carriers() {
            assert_eq!(registry.carriers().iter().filter(|other| other.id == carrier.id).count(), 1, "{}", carrier.id);
            assert!(!carrier.codes().is_empty(), "{}", carrier.id);
            for code in carrier.codes() {
                let same = carrier.codes().iter().filter(|other| other.code == code.code).count();
                assert_eq!(same, 1, "{}: code {} is there {same} times", carrier.id, code.code);
                let known = code.means.status.map_or(&[][..], |status| status.substatuses());
                let sub = code.means.substatus;
                assert!(sub.is_none_or(|sub| known.contains(&sub)), "{}: {} has {sub:?}", carrier.id, code.code);
            }
        }
    }
}
