//! Whose numbers they may be: every courier that a format names, and what it asks for besides the number.

use serde::Serialize;

/// A courier, as numbers name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Courier {
    /// Its id; for those that Tracklane can ask, the id in the registry of carriers.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it wants to know besides the number.
    pub needs: &'static [Need],
}

/// What a courier wants to know besides the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Need {
    /// What.
    pub key: ExtraKey,
    /// Whether there is no answer without it.
    pub required: bool,
    /// What it is good for.
    pub why: &'static str,
}

/// A key besides the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExtraKey {
    /// The recipient's postcode.
    Postcode,
    /// The day it was shipped.
    ShipDate,
    /// The shipper's account with the courier.
    Account,
    /// The country it goes to.
    DestinationCountry,
}

impl ExtraKey {
    /// The word used in the API and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Postcode => "postcode",
            Self::ShipDate => "ship_date",
            Self::Account => "account",
            Self::DestinationCountry => "destination_country",
        }
    }
}

const fn must(key: ExtraKey, why: &'static str) -> Need {
    Need { key, required: true, why }
}

const fn may(key: ExtraKey, why: &'static str) -> Need {
    Need { key, required: false, why }
}

const fn plain(id: &'static str, name: &'static str) -> Courier {
    Courier { id, name, needs: &[] }
}

const fn asking(id: &'static str, name: &'static str, needs: &'static [Need]) -> Courier {
    Courier { id, name, needs }
}

/// Every courier.
pub const COURIERS: &[Courier] = &[
    asking("ups", "UPS", &[]),
    asking(
        "fedex",
        "FedEx",
        &[may(ExtraKey::ShipDate, "numbers are used again; the day tells which shipment is meant")],
    ),
    plain("usps", "United States Postal Service"),
    plain("dhl_express", "DHL Express"),
    asking(
        "dhl_parcel_de",
        "DHL Paket",
        &[may(ExtraKey::Postcode, "without it the answer leaves out the recipient's part")],
    ),
    plain("dhl_ecommerce", "DHL eCommerce"),
    asking("dpd", "DPD", &[may(ExtraKey::Postcode, "some countries tell the proof of delivery only with it")]),
    asking("gls", "GLS", &[may(ExtraKey::Postcode, "some countries answer only with it")]),
    plain("royal_mail", "Royal Mail"),
    plain("canada_post", "Canada Post"),
    asking("australia_post", "Australia Post", &[must(ExtraKey::Account, "only the shipper's own articles are told")]),
    plain("postnord", "PostNord"),
    plain("la_poste", "La Poste, Colissimo, Chronopost"),
    asking("purolator", "Purolator", &[must(ExtraKey::Account, "requests name the billing account")]),
    asking("bpost", "bpost", &[must(ExtraKey::Account, "only the shipper's own barcodes are told")]),
    asking("evri", "Evri", &[may(ExtraKey::Postcode, "some numbers are told apart by it only")]),
    plain("amazon_shipping", "Amazon"),
    plain("ontrac", "OnTrac"),
    plain("lasership", "LaserShip"),
    plain("landmark", "Landmark Global"),
    plain("yunexpress", "YunExpress"),
    plain("cainiao", "Cainiao"),
    plain("4px", "4PX"),
    plain("sf_express", "SF Express"),
    plain("old_dominion", "Old Dominion Freight Line"),
    plain("posti", "Posti"),
    plain("posten_norge", "Posten Norge"),
    plain("swiss_post", "Swiss Post"),
    plain("austrian_post", "Österreichische Post"),
    plain("correos", "Correos"),
    plain("poste_italiane", "Poste Italiane"),
    plain("postnl", "PostNL"),
    plain("china_post", "China Post"),
    plain("japan_post", "Japan Post"),
    plain("an_post", "An Post"),
    plain("new_zealand_post", "New Zealand Post"),
    plain("sandbox", "Tracklane sandbox"),
    plain("postal_operator", "the postal operator of the country in the number"),
    plain("sscc", "whoever carries the logistic unit"),
    plain("ocean_carrier", "the shipping line that carries the container"),
    plain("airline", "the airline of the air waybill"),
    plain("freight_carrier", "the carrier of the SCAC"),
];

/// The courier with this id.
pub fn courier(id: &str) -> Option<&'static Courier> {
    COURIERS.iter().find(|courier| courier.id == id)
}
