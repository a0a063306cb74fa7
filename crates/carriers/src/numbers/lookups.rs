//! What parts of a number stand for: countries, postal operators, services, airlines, freight carriers.

/// Every country code of ISO 3166-1 alpha-2.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT \
BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO \
FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE \
KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW \
MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE \
SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE \
VG VI VN VU WF WS YE YT ZA ZM ZW";

/// How many country codes of two letters there are, among 26 times 26.
pub(super) const COUNTRY_GAIN: f64 = 676.0 / 249.0;

/// Whether there is a country with this code.
pub(crate) fn is_country(code: &str) -> bool {
    code.len() == 2 && COUNTRIES.split(' ').any(|country| country == code)
}

/// The courier that issues S10 numbers of a country.
pub(super) fn postal_operator(country: &str) -> &'static str {
    match country {
        "GB" => "royal_mail",
        "US" => "usps",
        "CA" => "canada_post",
        "AU" => "australia_post",
        "DE" => "dhl_parcel_de",
        "FR" => "la_poste",
        "BE" => "bpost",
        "SE" | "DK" => "postnord",
        "FI" => "posti",
        "NO" => "posten_norge",
        "CH" => "swiss_post",
        "AT" => "austrian_post",
        "ES" => "correos",
        "IT" => "poste_italiane",
        "NL" => "postnl",
        "CN" => "china_post",
        "JP" => "japan_post",
        "IE" => "an_post",
        "NZ" => "new_zealand_post",
        _ => "postal_operator",
    }
}

/// What the service part of a number of this format stands for.
pub(super) fn service(format: &str, code: &str) -> Option<&'static str> {
    let table = match format {
        "s10" => return s10_service(code),
        "ups_1z" => UPS,
        "ups_waybill" => UPS_WAYBILL,
        "dpd_28" => DPD,
        "usps_91" | "usps_20" | "usps_20_short" => USPS,
        _ => return None,
    };
    table.iter().find(|(known, _)| *known == code).map(|(_, name)| *name)
}

/// UPU S10, clause on service indicators: the first letter tells the service.
fn s10_service(code: &str) -> Option<&'static str> {
    Some(match code.chars().next()? {
        'E' => "express (EMS)",
        'C' => "parcel",
        'H' => "e-commerce parcel",
        'L' => "tracked letter",
        'M' => "bag of printed matter",
        'Q' => "business reply",
        'R' => "registered letter",
        'U' => "letter",
        'V' => "insured letter",
        'A' | 'B' | 'D' | 'G' | 'N' | 'P' | 'Z' => "domestic or bilateral",
        _ => return None,
    })
}

const UPS: &[(&str, &str)] = &[
    ("01", "Next Day Air"),
    ("02", "2nd Day Air"),
    ("03", "Ground"),
    ("12", "3 Day Select"),
    ("13", "Next Day Air Saver"),
    ("15", "Next Day Air Early"),
    ("22", "Ground, returns, three attempts"),
    ("32", "Next Day Air Early, cash on delivery"),
    ("41", "Next Day Air Early, Saturday"),
    ("42", "Ground, signature"),
    ("44", "Next Day Air, Saturday"),
    ("66", "Worldwide Express"),
    ("68", "Standard"),
    ("72", "Ground, cash on delivery"),
    ("78", "Ground, returns, one attempt"),
    ("90", "Ground, returns, label by post"),
    ("A0", "Next Day Air Early, adult signature"),
    ("A8", "Ground, adult signature"),
    ("YW", "SurePost, delivered by USPS"),
];

const UPS_WAYBILL: &[(&str, &str)] = &[("J", "Next Day Express"), ("K", "Ground"), ("V", "Worldwide Express Saver")];

const DPD: &[(&str, &str)] = &[
    ("101", "Classic"),
    ("105", "Classic, ex works"),
    ("109", "Classic, cash on delivery"),
    ("113", "Classic, exchange"),
    ("136", "small parcel"),
    ("154", "parcel letter"),
    ("155", "guarantee"),
    ("179", "10:00"),
    ("225", "12:00"),
    ("350", "8:30"),
];

const USPS: &[(&str, &str)] = &[
    ("01", "Delivery Confirmation"),
    ("02", "Delivery Confirmation, package services"),
    ("03", "Delivery Confirmation, retail"),
    ("04", "Delivery Confirmation, retail"),
    ("21", "Signature Confirmation"),
    ("22", "Signature Confirmation, package services"),
    ("23", "Signature Confirmation, retail"),
    ("73", "Insured"),
    ("82", "Merchandise Return"),
];

/// Airlines by the first three digits of an air waybill (IATA accounting codes).
pub(super) fn airline(code: &str) -> Option<&'static str> {
    const AIRLINES: &[(&str, &str)] = &[
        ("001", "American Airlines"),
        ("006", "Delta"),
        ("014", "Air Canada"),
        ("016", "United"),
        ("020", "Lufthansa Cargo"),
        ("023", "FedEx"),
        ("057", "Air France"),
        ("065", "Saudia"),
        ("071", "Ethiopian"),
        ("074", "KLM"),
        ("081", "Qantas"),
        ("125", "British Airways"),
        ("131", "Japan Airlines"),
        ("157", "Qatar Airways"),
        ("160", "Cathay Pacific"),
        ("172", "Cargolux"),
        ("176", "Emirates"),
        ("180", "Korean Air"),
        ("205", "All Nippon"),
        ("235", "Turkish Airlines"),
        ("297", "China Airlines"),
        ("406", "UPS"),
        ("423", "DHL"),
        ("607", "Etihad"),
        ("618", "Singapore Airlines"),
        ("724", "Swiss"),
        ("784", "China Southern"),
        ("999", "Air China"),
    ];
    AIRLINES.iter().find(|(known, _)| *known == code).map(|(_, name)| *name)
}

/// Freight carriers by their Standard Carrier Alpha Code (NMFTA).
pub(super) fn freight_carrier(scac: &str) -> Option<&'static str> {
    const CARRIERS: &[(&str, &str)] = &[
        ("AACT", "AAA Cooper"),
        ("ABFS", "ABF Freight"),
        ("CNWY", "XPO"),
        ("CTII", "Central Transport"),
        ("DAFG", "Dayton Freight"),
        ("EXLA", "Estes"),
        ("FXFE", "FedEx Freight Priority"),
        ("FXNL", "FedEx Freight Economy"),
        ("ODFL", "Old Dominion"),
        ("PITD", "Pitt Ohio"),
        ("PYLE", "A. Duie Pyle"),
        ("RLCA", "R+L Carriers"),
        ("SAIA", "Saia"),
        ("SEFL", "Southeastern"),
        ("UPGF", "TForce Freight"),
        ("WARD", "Ward"),
    ];
    CARRIERS.iter().find(|(known, _)| *known == scac).map(|(_, name)| *name)
}
