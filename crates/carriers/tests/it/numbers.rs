//! Detection: what it says, and that no text breaks it.

use proptest::prelude::*;
use tracklane_carriers::numbers::{ExtraKey, FailedCheck, detect};

/// The first candidate: courier, format, what to ask with; and the couriers of all.
fn first(number: &str) -> (&'static str, &'static str, String, Vec<&'static str>) {
    let candidates = detect(number).candidates;
    let best = candidates.first().unwrap_or_else(|| panic!("{number}: no candidate"));
    (best.courier, best.format, best.ask.clone(), candidates.iter().map(|candidate| candidate.courier).collect())
}

#[test]
fn the_likeliest_courier_comes_first() {
    let cases = [
        ("1Z 5R8 939 03 5756 712 7", "ups", "1Z5R89390357567127"),
        ("rb123456785gb", "royal_mail", "RB123456785GB"),
        ("CP123456785DE", "dhl_parcel_de", "CP123456785DE"),
        ("986578788855", "fedex", "986578788855"),
        ("9622001900000000000000776632517510", "fedex", "776632517510"),
        ("420787459400111206206406260787", "usps", "9400111206206406260787"),
        ("00340434292135100124", "dhl_parcel_de", "00340434292135100124"),
        ("TBA010000000000", "amazon_shipping", "TBA010000000000"),
        ("CSQU3054383", "ocean_carrier", "CSQU3054383"),
        ("020-12345675", "airline", "02012345675"),
        ("ODFL 07209562763", "freight_carrier", "ODFL07209562763"),
        ("0998 0000 0200 33F", "dpd", "09980000020033"),
        ("LTN74207623N1", "landmark", "LTN74207623N1"),
    ];
    for (number, courier, ask) in cases {
        let (found, _, asks, _) = first(number);
        assert_eq!((found, asks.as_str()), (courier, ask), "{number}: {:#?}", detect(number));
    }
}

#[test]
fn a_number_of_several_couriers_has_several_candidates_and_no_certainty() {
    let detection = detect("5682 8361 0012");
    let couriers: Vec<_> = detection.candidates.iter().map(|candidate| candidate.courier).collect();
    assert!(couriers.contains(&"gls"), "{detection:?}");
    assert!(detection.candidates.iter().all(|candidate| candidate.confidence < 100));
    let sum: u32 = detection.candidates.iter().map(|candidate| u32::from(candidate.confidence)).sum();
    assert!(sum <= 100 + u32::try_from(couriers.len()).unwrap(), "shares of one whole: {detection:?}");
}

#[test]
fn a_refusal_names_the_check() {
    let broken = |number: &str, format: &str| {
        let refused = detect(number).refused;
        let found = refused.into_iter().find(|refusal| refusal.format == format);
        found.map(|refusal| (refusal.check, refusal.rule))
    };
    assert_eq!(
        broken("1Z5R89390357567128", "ups_1z"),
        Some((FailedCheck::CheckDigit, "the check digit must be 7, not 8 (UPS modulo 10)".to_owned()))
    );
    assert_eq!(broken("RB123456785XX", "s10"), Some((FailedCheck::Country, "there is no country XX".to_owned())));
    assert_eq!(
        broken("TBA50288727400A", "amazon_tb"),
        Some((FailedCheck::Shape, "character 15 must be a digit, not 'A'".to_owned()))
    );
    assert_eq!(
        broken("YT123456789012345", "yunexpress"),
        Some((FailedCheck::Shape, "must have 18 characters, not 17".to_owned()))
    );
    assert!(detect("hello").candidates.is_empty());
}

#[test]
fn candidates_say_which_further_key_their_carrier_wants() {
    let (_, _, _, _) = first("320595463938");
    let detection = detect("320595463938");
    let purolator = detection.candidates.iter().find(|candidate| candidate.courier == "purolator").unwrap();
    assert!(purolator.needs.iter().any(|need| need.key == ExtraKey::Account && need.required));
    let fedex = detect("986578788855").candidates.remove(0);
    assert!(fedex.needs.iter().any(|need| need.key == ExtraKey::ShipDate && !need.required));
}

proptest! {
    #[test]
    fn any_text_has_an_answer(text in "\\PC{0,80}") {
        let detection = detect(&text);
        prop_assert!(detection.candidates.iter().all(|candidate| (1..=99).contains(&candidate.confidence)));
    }

    #[test]
    fn one_wrong_digit_is_noticed(serial in "[A-Z0-9]{15}", place in 0usize..15, other in 0u8..10) {
        let number = |serial: &str| {
            let check = tracklane_carriers::numbers::Algorithm::Ups.expected(serial).unwrap();
            format!("1Z{serial}{check}")
        };
        let right = number(&serial);
        let is_ups = |text: &str| detect(text).candidates.iter().any(|candidate| candidate.format == "ups_1z");
        prop_assert!(is_ups(&right));
        let mut wrong = right.clone().into_bytes();
        // A character in the undoubled places: doubling modulo 10 does not tell 0 from 5.
        let place = 2 + place / 2 * 2;
        let old = wrong[place];
        if old.is_ascii_digit() && old != b'0' + other {
            wrong[place] = b'0' + other;
            prop_assert!(!is_ups(std::str::from_utf8(&wrong).unwrap()));
        }
    }
}

/// A number of every format.
const EXAMPLES: &[(&str, &str)] = &[
    ("s10", "RB123456785GB"),
    ("ups_1z", "1Z5R89390357567127"),
    ("ups_waybill", "K1506235620"),
    ("ups_mail_innovations", "MI123456ABC789"),
    ("fedex_12", "986578788855"),
    ("fedex_15", "041441760228964"),
    ("fedex_sscc", "000123450000000027"),
    ("fedex_smartpost", "61299998820821171811"),
    ("fedex_96", "9611020987654312345672"),
    ("fedex_96_gsn", "9622001900000000000000776632517510"),
    ("fedex_34", "1001921334250001000300779017972697"),
    ("fedex_astra", "32971514560102447849175802862014"),
    ("usps_94", "420787459400111206206406260787"),
    ("usps_92", "92748931507708513018050063"),
    ("usps_95", "9505511069605048600624"),
    ("usps_91", "420221539101026837331000039521"),
    ("usps_20", "03071790000523483741"),
    ("usps_20_short", "01026837331000039521"),
    ("dhl_express_waybill", "3318810025"),
    ("dhl_express_piece", "JD014600003889123456"),
    ("dhl_express_piece", "JVGL0999999990"),
    ("dhl_paket", "00340434292135100124"),
    ("dhl_identcode", "563102430313"),
    ("dhl_ecommerce_letters", "GM2951173225174494"),
    ("dhl_ecommerce_14", "60120172242323"),
    ("dpd_28", "008182709980000020033350276C"),
    ("dpd_15", "09980000020033F"),
    ("dpd_14", "09980000020033"),
    ("gls_parcel", "36301917596"),
    ("gls_track_id", "ZFVKUQ1L"),
    ("evri_16", "H01HYA0012345678"),
    ("evri_digits", "1234567890123456"),
    ("postnord_unit", "00373500000000000017"),
    ("colissimo", "6A12345678901"),
    ("bpost_24", "323212345659900040669030"),
    ("canada_post_16", "7035114477138472"),
    ("purolator_12", "320595463938"),
    ("purolator_letters", "KYV009956937"),
    ("ontrac_c", "C11031500001879"),
    ("ontrac_d", "D10011354453707"),
    ("lasership_l", "LX17635036"),
    ("lasership_1ls7_15", "1LS717793482164"),
    ("lasership_1ls7_18", "1LS7119013618127-1"),
    ("lasership_1lscx", "1LSCXVE005BUEFX"),
    ("landmark_ltn", "LTN74207623N1"),
    ("amazon_tb", "TBA010000000000"),
    ("amazon_letter", "C1004444443"),
    ("australia_post_article", "7XX1000634011427"),
    ("yunexpress", "YT2229521272164446"),
    ("cainiao", "LP00123456789012"),
    ("4px", "4PX3000012345678CN"),
    ("sf_express", "SF1234567890123"),
    ("old_dominion_pro", "07209562763"),
    ("old_dominion_guaranteed", "80003280379"),
    ("scac_pro", "SAIA 12345678"),
    ("sscc", "(00) 0 0614141 123456789 0"),
    ("iso_6346", "CSQU3054383"),
    ("awb", "020-12345675"),
    ("sandbox", "TLSB000000000018"),
];

#[test]
fn every_format_has_a_number_and_takes_it() {
    for format in tracklane_carriers::numbers::FORMATS {
        assert!(EXAMPLES.iter().any(|(id, _)| *id == format.id), "{} has no example", format.id);
    }
    for (id, number) in EXAMPLES {
        let detection = detect(number);
        assert!(detection.candidates.iter().any(|candidate| candidate.format == *id), "{id}: {number}: {detection:#?}");
    }
}
