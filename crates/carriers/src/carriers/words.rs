//! Who can be asked about a courier's numbers, and what aggregators call the couriers.

use tracklane_core::lifecycle::SourceKind;

use super::{Carrier, Registry};

/// Carriers of the registry that answer for couriers of other names.
const SPEAKS_FOR: &[(&str, &[&str])] = &[("dhl_unified", &["dhl_express", "dhl_parcel_de", "dhl_ecommerce"])];

/// What EasyPost, AfterShip and Shippo call a courier, as far as it is known for sure.
const WORDS: &[(&str, [Option<&str>; 3])] = &[
    ("ups", [Some("UPS"), Some("ups"), Some("ups")]),
    ("fedex", [Some("FedEx"), Some("fedex"), Some("fedex")]),
    ("usps", [Some("USPS"), Some("usps"), Some("usps")]),
    ("dhl_express", [Some("DHLExpress"), Some("dhl"), Some("dhl_express")]),
    ("dhl_parcel_de", [None, Some("dhl-germany"), Some("dhl_germany")]),
    ("dpd", [Some("DPD"), Some("dpd"), None]),
    ("gls", [None, Some("gls"), None]),
    ("royal_mail", [Some("RoyalMail"), Some("royal-mail"), None]),
    ("canada_post", [Some("CanadaPost"), Some("canada-post"), Some("canada_post")]),
    ("australia_post", [Some("AustraliaPost"), Some("australia-post"), Some("australia_post")]),
    ("purolator", [Some("Purolator"), Some("purolator"), Some("purolator")]),
    ("ontrac", [Some("OnTrac"), Some("ontrac"), Some("ontrac")]),
    ("lasership", [None, Some("lasership"), Some("lasership")]),
    ("postnl", [None, Some("postnl"), None]),
    ("bpost", [None, Some("bpost"), None]),
];

/// What an aggregator of the registry calls a courier of [`crate::numbers`]; none when it is not known for sure.
pub fn aggregators_word(aggregator: &str, courier: &str) -> Option<&'static str> {
    let place = match aggregator {
        "easypost" => 0,
        "aftership" => 1,
        "shippo" => 2,
        _ => return None,
    };
    WORDS.iter().find(|(known, _)| *known == courier).and_then(|(_, words)| words[place])
}

impl Registry {
    /// Who can be asked about a number of this courier: the courier itself first, then who answers for it, then the
    /// aggregators.
    pub fn that_know(&self, courier: &str) -> Vec<&Carrier> {
        let answers_for = |carrier: &Carrier| {
            let names = SPEAKS_FOR.iter().find(|(id, _)| carrier.id == *id).map_or(&[][..], |(_, names)| names);
            names.contains(&courier)
        };
        let all = || self.carriers().iter();
        let own = all().filter(|carrier| carrier.id == courier);
        let others = all().filter(|carrier| carrier.id != courier && answers_for(carrier));
        let aggregators = all().filter(|carrier| carrier.source == SourceKind::Aggregator);
        own.chain(others).chain(aggregators).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers;

    #[test]
    fn every_name_is_one_and_the_courier_itself_comes_first() {
        let registry = Registry::built_in();
        for (carrier, couriers) in SPEAKS_FOR {
            assert!(registry.find(carrier).is_ok(), "{carrier}");
            assert!(couriers.iter().all(|courier| numbers::courier(courier).is_some()), "{couriers:?}");
        }
        assert!(WORDS.iter().all(|(courier, _)| numbers::courier(courier).is_some()));
        for carrier in registry.carriers().iter().filter(|carrier| carrier.source == SourceKind::Carrier) {
            let known = numbers::courier(&carrier.id).is_some();
            let speaks = SPEAKS_FOR.iter().any(|(id, _)| carrier.id == *id);
            assert!(known || speaks, "{}: no courier has this id, so no number leads to it", carrier.id);
        }
        let ids = |courier: &str| {
            registry.that_know(courier).iter().map(|carrier| carrier.id.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(ids("dhl_express")[..2], ["dhl_express", "dhl_unified"]);
        assert_eq!(ids("ontrac"), ["easypost", "aftership", "seventeen_track", "shippo", "ship24"]);
        assert_eq!(aggregators_word("easypost", "fedex"), Some("FedEx"));
        assert_eq!(aggregators_word("seventeen_track", "fedex"), None);
    }
}
