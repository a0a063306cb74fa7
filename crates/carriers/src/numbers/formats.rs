//! The one list of number formats. To add one: a line here, and its courier in `couriers.rs`.
//!
//! A format says what a number looks like, which character checks it, and how often such numbers are met. How to write a
//! shape is told in `shape.rs`. Parts with a meaning of their own: `check` (the check character), `country` (must be a
//! country), `service`, `airline`, `scac` (looked up for the explanation).

use serde::Serialize;

use super::check::Algorithm;

/// A format.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// Its id.
    pub id: &'static str,
    /// Whose numbers these are.
    pub courier: &'static str,
    /// What such a number is called.
    pub name: &'static str,
    /// What it names.
    pub kind: NumberKind,
    /// How it may look.
    pub(super) shapes: &'static [&'static str],
    /// The check character, if the format has one.
    pub(super) check: Option<Check>,
    /// The parts to ask the courier with; empty: the whole number.
    pub(super) ask: &'static str,
    /// How often such numbers are met beside others, 1 (seldom) to 100. A guess, the same for all users.
    pub(super) weight: u8,
}

/// What a number names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberKind {
    /// A parcel of one courier.
    Parcel,
    /// A postal item (UPU S10).
    PostalItem,
    /// A logistic unit (SSCC).
    LogisticUnit,
    /// A freight container (ISO 6346).
    Container,
    /// An air waybill.
    AirWaybill,
    /// A freight shipment (PRO number).
    Freight,
}

/// A check character.
#[derive(Debug, Clone, Copy)]
pub(super) struct Check {
    pub(super) by: Algorithm,
    /// The parts that it protects.
    pub(super) over: &'static str,
    /// What the carrier puts before them for the sum, though it is not in the number.
    pub(super) before: &'static str,
}

const fn over(by: Algorithm, over: &'static str) -> Option<Check> {
    Some(Check { by, over, before: "" })
}

const fn parcel(
    id: &'static str,
    courier: &'static str,
    name: &'static str,
    shapes: &'static [&'static str],
) -> Format {
    Format { id, courier, name, kind: NumberKind::Parcel, shapes, check: None, ask: "", weight: 20 }
}

impl Format {
    const fn checked(mut self, check: Option<Check>) -> Self {
        self.check = check;
        self
    }

    const fn weight(mut self, weight: u8) -> Self {
        self.weight = weight;
        self
    }

    const fn kind(mut self, kind: NumberKind) -> Self {
        self.kind = kind;
        self
    }

    const fn ask(mut self, parts: &'static str) -> Self {
        self.ask = parts;
        self
    }
}

/// Every format.
pub const FORMATS: &[Format] = &[
    // Posts of the world. UPU standard S10.
    parcel("s10", "postal_operator", "UPU S10 item", &["service=a{2} serial=d{8} check=d country=a{2}"])
        .kind(NumberKind::PostalItem)
        .checked(over(Algorithm::S10, "serial"))
        .weight(100),
    // UPS.
    parcel("ups_1z", "ups", "UPS package (1Z)", &["1Z shipper=x{6} service=x{2} package=x{7} check=d"])
        .checked(over(Algorithm::Ups, "shipper service package"))
        .weight(100),
    parcel("ups_waybill", "ups", "UPS waybill", &["service=<AHJKTV> serial=d{9} check=d"])
        .checked(over(Algorithm::Ups, "serial"))
        .weight(5),
    parcel("ups_mail_innovations", "ups", "UPS Mail Innovations", &["MI package=d{6} serial=x{1,22}"]).weight(5),
    // FedEx.
    parcel("fedex_12", "fedex", "FedEx Express or Ground (12)", &["serial=d{11} check=d"])
        .checked(over(Algorithm::Fedex, "serial"))
        .weight(90),
    parcel("fedex_15", "fedex", "FedEx Ground (15)", &["serial=d{14} check=d"])
        .checked(over(Algorithm::Gs1, "serial"))
        .weight(50),
    parcel("fedex_sscc", "fedex", "FedEx Ground (SSCC-18)", &["0 container=<0124> serial=d{15} check=d"])
        .checked(over(Algorithm::Gs1, "serial"))
        .weight(5),
    parcel("fedex_smartpost", "fedex", "FedEx Ground Economy (20)", &["lead=61 serial=d{17} check=d"])
        .checked(Some(Check { by: Algorithm::Gs1, over: "lead serial", before: "92" }))
        .weight(20),
    parcel("fedex_96", "fedex", "FedEx Ground 96 (22)", &["96 scnc=d{2} service=d{3} serial=d{14} check=d"])
        .checked(over(Algorithm::Gs1, "serial"))
        .ask("serial check")
        .weight(20),
    parcel(
        "fedex_96_gsn",
        "fedex",
        "FedEx Ground barcode (34)",
        &["96 scnc=d{2} d{5} gsn=d{10} d lead=d{2} serial=d{11} check=d"],
    )
    .checked(over(Algorithm::Fedex, "lead serial"))
    .ask("serial check"),
    parcel(
        "fedex_34",
        "fedex",
        "FedEx Express barcode (34)",
        &["<012345678> d{14} zip=d{5} lead=d{2} serial=d{11} check=d"],
    )
    .checked(over(Algorithm::Fedex, "lead serial"))
    .ask("serial check"),
    parcel("fedex_astra", "fedex", "FedEx ASTRA barcode (32)", &["3 d{15} serial=d{11} check=d tail=d{4}"])
        .checked(over(Algorithm::Fedex, "serial"))
        .ask("serial check"),
    // USPS. Publication 199: the mailer id has nine digits when it starts with 9, else six.
    parcel(
        "usps_94",
        "usps",
        "USPS label made online (94)",
        &[
            "lead=94 service=d{3} mid=9d{8} serial=d{7} check=d",
            "lead=94 service=d{3} mid=9d{8} serial=d{11} check=d",
            "lead=94 service=d{3} mid=9d{8} serial=d{15} check=d",
            "lead=94 service=d{3} mid=<012345678>d{5} serial=d{10} check=d",
            "lead=94 service=d{3} mid=<012345678>d{5} serial=d{14} check=d",
            "420 zip=d{5} lead=94 service=d{3} mid=9d{8} serial=d{7} check=d",
            "420 zip=d{5} lead=94 service=d{3} mid=9d{8} serial=d{11} check=d",
            "420 zip=d{5} lead=94 service=d{3} mid=<012345678>d{5} serial=d{10} check=d",
            "420 zip=d{5} lead=94 service=d{3} mid=<012345678>d{5} serial=d{14} check=d",
            "420 zip=d{9} lead=94 service=d{3} mid=9d{8} serial=d{7} check=d",
            "420 zip=d{9} lead=94 service=d{3} mid=<012345678>d{5} serial=d{10} check=d",
        ],
    )
    .checked(over(Algorithm::Gs1, "lead service mid serial"))
    .ask("lead service mid serial check")
    .weight(90),
    parcel(
        "usps_92",
        "usps",
        "USPS commercial label (92, 93)",
        &[
            "lead=92 service=d{3} mid=9d{8} serial=d{7} check=d",
            "lead=92 service=d{3} mid=9d{8} serial=d{11} check=d",
            "lead=93 service=d{3} mid=<012345678>d{5} serial=d{10} check=d",
            "lead=93 service=d{3} mid=<012345678>d{5} serial=d{14} check=d",
            "420 zip=d{5} lead=92 service=d{3} mid=9d{8} serial=d{7} check=d",
            "420 zip=d{5} lead=92 service=d{3} mid=9d{8} serial=d{11} check=d",
            "420 zip=d{5} lead=93 service=d{3} mid=<012345678>d{5} serial=d{10} check=d",
            "420 zip=d{5} lead=93 service=d{3} mid=<012345678>d{5} serial=d{14} check=d",
            "420 zip=d{9} lead=92 service=d{3} mid=9d{8} serial=d{7} check=d",
            "420 zip=d{9} lead=93 service=d{3} mid=<012345678>d{5} serial=d{10} check=d",
        ],
    )
    .checked(over(Algorithm::Gs1, "lead service mid serial"))
    .ask("lead service mid serial check")
    .weight(90),
    parcel(
        "usps_95",
        "usps",
        "USPS retail label (95)",
        &[
            "lead=95 service=d{3} mid=9d{8} serial=d{7} check=d",
            "lead=95 service=d{3} mid=9d{8} serial=d{11} check=d",
            "lead=95 service=d{3} mid=<012345678>d{5} serial=d{10} check=d",
            "lead=95 service=d{3} mid=<012345678>d{5} serial=d{14} check=d",
            "420 zip=d{5} lead=95 service=d{3} mid=9d{8} serial=d{7} check=d",
            "420 zip=d{5} lead=95 service=d{3} mid=<012345678>d{5} serial=d{10} check=d",
        ],
    )
    .checked(over(Algorithm::Gs1, "lead service mid serial"))
    .ask("lead service mid serial check")
    .weight(60),
    parcel(
        "usps_91",
        "usps",
        "USPS confirmation (91)",
        &[
            "lead=91 service=d{2} mid=d{9} serial=d{8} check=d",
            "420 zip=d{5} lead=91 service=d{2} mid=d{9} serial=d{8} check=d",
            "420 zip=d{9} lead=91 service=d{2} mid=d{9} serial=d{8} check=d",
        ],
    )
    .checked(over(Algorithm::Gs1, "lead service mid serial"))
    .ask("lead service mid serial check"),
    parcel("usps_20", "usps", "USPS (20)", &["service=d{2} mid=d{9} serial=d{8} check=d"])
        .checked(over(Algorithm::Gs1, "service mid serial"))
        .weight(30),
    parcel(
        "usps_20_short",
        "usps",
        "USPS (20, of 22 that start with 91)",
        &["service=d{2} mid=d{9} serial=d{8} check=d", "420 zip=d{5} service=d{2} mid=d{9} serial=d{8} check=d"],
    )
    .checked(Some(Check { by: Algorithm::Gs1, over: "service mid serial", before: "91" }))
    .ask("service mid serial check")
    .weight(10),
    // DHL.
    parcel("dhl_express_waybill", "dhl_express", "DHL Express waybill", &["serial=d{9,10} check=d"])
        .checked(over(Algorithm::Mod7, "serial"))
        .weight(60),
    parcel(
        "dhl_express_piece",
        "dhl_express",
        "DHL Express piece",
        &["J a{2,3} serial=d{9}", "J a{2,3} serial=d{10}", "JJD serial=d{11,27}", "JD serial=d{16,20}"],
    )
    .weight(40),
    parcel("dhl_paket", "dhl_parcel_de", "DHL Paket (20)", &["00 lead=34 serial=d{15} check=d"])
        .checked(over(Algorithm::Gs1, "lead serial"))
        .weight(60),
    parcel("dhl_identcode", "dhl_parcel_de", "Deutsche Post Identcode", &["serial=d{11} check=d"])
        .checked(over(Algorithm::FourNine, "serial"))
        .weight(20),
    parcel(
        "dhl_ecommerce_letters",
        "dhl_ecommerce",
        "DHL eCommerce",
        &[
            "GM serial=x{10,37}",
            "LX serial=x{10,37}",
            "RX serial=x{10,37}",
            "UV serial=x{10,37}",
            "CN serial=x{10,37}",
            "SG serial=x{10,37}",
            "TH serial=x{10,37}",
            "IN serial=x{10,37}",
            "HK serial=x{10,37}",
            "MY serial=x{10,37}",
        ],
    ),
    parcel("dhl_ecommerce_14", "dhl_ecommerce", "DHL eCommerce (14)", &["serial=d{14}"]).weight(10),
    // DPD. Parcel label specification 2.4.1.
    parcel("dpd_28", "dpd", "DPD label (28)", &["zip=x{7} serial=d{14} service=d{3} destination=d{3} check=x"])
        .checked(over(Algorithm::Mod3736, "zip serial service destination"))
        .ask("serial")
        .weight(60),
    parcel("dpd_15", "dpd", "DPD parcel (14 and check)", &["serial=d{14} check=x"])
        .checked(over(Algorithm::Mod3736, "serial"))
        .ask("serial")
        .weight(50),
    parcel("dpd_14", "dpd", "DPD parcel (14)", &["serial=d{14}"]).weight(30),
    // Others in Europe.
    parcel("gls_parcel", "gls", "GLS parcel (11 or 12)", &["serial=d{11}", "serial=d{12}"]).weight(15),
    parcel("gls_track_id", "gls", "GLS Track ID", &["serial=Zx{7}", "serial=Yx{7}"]).weight(15),
    parcel("evri_16", "evri", "Evri (16)", &["serial=ad{2}a{3}d{10}"]).weight(30),
    parcel("evri_digits", "evri", "Evri or Hermes (14 or 16 digits)", &["serial=d{14}", "serial=d{16}"]).weight(5),
    parcel(
        "postnord_unit",
        "postnord",
        "PostNord parcel (20)",
        &["00 lead=37 serial=d{15} check=d", "00 lead=57 serial=d{15} check=d"],
    )
    .checked(over(Algorithm::Gs1, "lead serial"))
    .weight(40),
    parcel("colissimo", "la_poste", "Colissimo", &["serial=dad{11}", "serial=d{13}", "serial=d{2}d{9}a{2}"]).weight(15),
    parcel("bpost_24", "bpost", "bpost (24)", &["3232 serial=d{20}"]).weight(20),
    // America.
    parcel("canada_post_16", "canada_post", "Canada Post (16)", &["serial=d{15} check=d"])
        .checked(over(Algorithm::Gs1, "serial"))
        .weight(60),
    parcel("purolator_12", "purolator", "Purolator (12)", &["serial=<012345>d{10} check=d"])
        .checked(over(Algorithm::Luhn, "serial"))
        .weight(30),
    parcel("purolator_letters", "purolator", "Purolator (3 letters)", &["serial=a{3}d{9}"]).weight(15),
    parcel("ontrac_c", "ontrac", "OnTrac C", &["C serial=d{13} check=d"]).checked(Some(Check {
        by: Algorithm::Ups,
        over: "serial",
        before: "4",
    })),
    parcel("ontrac_d", "ontrac", "OnTrac D", &["D serial=d{13} check=d"]).checked(Some(Check {
        by: Algorithm::Ups,
        over: "serial",
        before: "5",
    })),
    parcel("lasership_l", "lasership", "LaserShip (L)", &["L <AIEHNX> <123> serial=d{7}"]),
    parcel("lasership_1ls7_15", "lasership", "LaserShip 1LS7 (15)", &["1LS7 <12> d{4} serial=d{6}"]),
    parcel("lasership_1ls7_18", "lasership", "LaserShip 1LS7 (18)", &["1LS7 <12> d{2} 01 <1234> serial=d{6} 1"]),
    parcel("lasership_1lscx", "lasership", "LaserShip 1LSCX", &["1LSCX serial=x{10}"]),
    parcel("landmark_ltn", "landmark", "Landmark LTN", &["LTN serial=d{8} N1"]),
    parcel("amazon_tb", "amazon_shipping", "Amazon (TBA, TBC, TBM)", &["TB <ACM> serial=d{12}"]).weight(90),
    parcel("amazon_letter", "amazon_shipping", "Amazon International", &["<AFC> serial=d{10}"]).weight(10),
    // Asia and the Pacific.
    parcel(
        "australia_post_article",
        "australia_post",
        "Australia Post article",
        &["mlid=dx{2} serial=d{7} article=d{2,13}", "mlid=a{3} serial=d{7} article=d{2,13}"],
    )
    .weight(20),
    parcel("yunexpress", "yunexpress", "YunExpress", &["YT serial=d{16}"]),
    parcel("cainiao", "cainiao", "Cainiao", &["LP serial=d{14}"]),
    parcel("4px", "4px", "4PX", &["4PX serial=d{13} CN"]),
    parcel("sf_express", "sf_express", "SF Express", &["SF serial=d{12,13}"]),
    // Freight, units, containers, air.
    parcel(
        "old_dominion_pro",
        "old_dominion",
        "Old Dominion PRO",
        &["lead=77<78> serial=d{7} check=d", "lead=072 serial=d{7} check=d", "lead=780 serial=d{7} check=d"],
    )
    .kind(NumberKind::Freight)
    .checked(over(Algorithm::Luhn, "lead serial")),
    parcel("old_dominion_guaranteed", "old_dominion", "Old Dominion guaranteed", &["lead=80 serial=d{8} check=d"])
        .kind(NumberKind::Freight)
        .checked(over(Algorithm::Luhn, "lead serial"))
        .weight(10),
    parcel("scac_pro", "freight_carrier", "SCAC and PRO number", &["scac=a{4} pro=d{7,11}"])
        .kind(NumberKind::Freight)
        .weight(10),
    parcel("sscc", "sscc", "SSCC", &["extension=d serial=d{16} check=d", "00 extension=d serial=d{16} check=d"])
        .kind(NumberKind::LogisticUnit)
        .checked(over(Algorithm::Gs1, "extension serial"))
        .ask("extension serial check")
        .weight(30),
    parcel("iso_6346", "ocean_carrier", "freight container", &["owner=a{3}<UJZ> serial=d{6} check=d"])
        .kind(NumberKind::Container)
        .checked(over(Algorithm::Iso6346, "owner serial"))
        .weight(60),
    parcel("awb", "airline", "air waybill", &["airline=d{3} serial=d{7} check=d"])
        .kind(NumberKind::AirWaybill)
        .checked(over(Algorithm::Mod7, "serial"))
        .weight(20),
    // The sandbox. Its digits say what becomes of the parcel; `tracklane sandbox numbers` lists them.
    parcel("sandbox", "sandbox", "Tracklane sandbox", &["TLSB path=d{2} pace=d fault=d{2} serial=d{6} check=d"])
        .checked(over(Algorithm::Luhn, "path pace fault serial")),
];

/// The format with this id.
pub fn format(id: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.id == id)
}
