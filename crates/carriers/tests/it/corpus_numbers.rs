//! Every number of the corpus: valid ones are among the candidates with their courier, invalid ones break a check of the
//! format they are listed under.

use serde_json::Value;
use tracklane_carriers::numbers::{FailedCheck, Format, detect, format, verify};

use crate::corpus;

/// The corpus' number types by our formats: file, what its name or id contains, our formats.
const TYPES: &[(&str, &str, &[&str])] = &[
    ("amazon", "Amazon Logistics", &["amazon_tb"]),
    ("amazon", "Amazon International", &["amazon_letter"]),
    ("canadapost", "Canada Post (16)", &["canada_post_16"]),
    ("dhl", "DHL Express", &["dhl_express_waybill"]),
    ("dhl", "DHL Express (Piece ID)", &["dhl_express_piece"]),
    ("dhl", "DHL E-Commerce", &["dhl_ecommerce_letters"]),
    ("dhl", "DHL E-Commerce (14)", &["dhl_ecommerce_14"]),
    ("dpd", "DPD (28)", &["dpd_28"]),
    ("dpd", "DPD (14)", &["dpd_15"]),
    ("fedex", "FedEx Express (12)", &["fedex_12"]),
    ("fedex", "FedEx Express (34)", &["fedex_34"]),
    ("fedex", "FedEx ASTRA (32)", &["fedex_astra"]),
    ("fedex", "FedEx Ground", &["fedex_15"]),
    ("fedex", "FedEx Ground (SSCC-18)", &["fedex_sscc"]),
    ("fedex", "FedEx Ground 96 (22)", &["fedex_96"]),
    ("fedex", "FedEx Ground GSN", &["fedex_96_gsn"]),
    ("landmark", "Landmark Global LTN", &["landmark_ltn"]),
    ("lasership", "LaserShip LX", &["lasership_l"]),
    ("lasership", "LaserShip 1LS7 (15)", &["lasership_1ls7_15"]),
    ("lasership", "LaserShip 1LS7 (18)", &["lasership_1ls7_18"]),
    ("lasership", "LaserShip 1LSCX (15)", &["lasership_1lscx"]),
    ("old_dominion", "Old Dominion", &["old_dominion_pro"]),
    ("old_dominion", "Old Dominion Guaranteed Shipment", &["old_dominion_guaranteed"]),
    ("ontrac", "OnTrac", &["ontrac_c"]),
    ("ontrac", "OnTrac D", &["ontrac_d"]),
    ("purolator", "Purolator (12)", &["purolator_12"]),
    ("purolator", "Purolator (alpha + 9)", &["purolator_letters"]),
    ("s10", "S10", &["s10"]),
    ("ups", "UPS", &["ups_1z"]),
    ("ups", "UPS Waybill", &["ups_waybill"]),
    ("usps", "USPS 20", &["usps_20"]),
    ("usps", "USPS IMpb N", &["usps_94"]),
    ("usps", "USPS Legacy", &["usps_91", "usps_20_short"]),
    ("usps", "USPS IMpb C", &["usps_92", "usps_95"]),
    ("yunexpress", "YunExpress", &["yunexpress"]),
];

#[test]
fn the_corpus_numbers_are_told_apart() {
    let Some(corpus) = corpus::folder("tracking numbers of the corpus") else { return };
    let couriers = corpus.join("tracking_numbers/couriers");
    let (mut seen, mut wrong) = (0, Vec::new());
    let mut files: Vec<_> = std::fs::read_dir(&couriers).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for path in files {
        let file = path.file_stem().unwrap().to_string_lossy().into_owned();
        let before = wrong.len();
        let (mut valid, mut invalid) = (0, 0);
        let mut by_check = [0; 3];
        for kind in corpus::json(&path)["tracking_numbers"].as_array().expect("a list") {
            let name = kind["name"].as_str().unwrap();
            let Some((_, _, formats)) = TYPES.iter().find(|(of, named, _)| *of == file && *named == name) else {
                wrong.push(format!("{file}: no format of ours for {name:?}"));
                continue;
            };
            seen += 1;
            let formats: Vec<&'static Format> = formats.iter().map(|id| format(id).unwrap()).collect();
            for number in texts(&kind["test_numbers"]["valid"]) {
                valid += 1;
                let detection = detect(&number);
                let expected: Vec<_> = formats.iter().map(|format| format.id).collect();
                if !detection.candidates.iter().any(|candidate| expected.contains(&candidate.format)) {
                    wrong.push(format!("{file} {name}: {number:?} should be {expected:?}, is {detection:?}"));
                }
            }
            for number in texts(&kind["test_numbers"]["invalid"]) {
                invalid += 1;
                let broken: Vec<_> = formats.iter().filter_map(|format| verify(format, &number).err()).collect();
                if broken.len() < formats.len() {
                    wrong.push(format!("{file} {name}: {number:?} is no such number, and was taken for one"));
                }
                assert!(broken.iter().all(|refusal| !refusal.rule.is_empty()), "{number}: {broken:?}");
                // Of several formats the one counts whose shape the number has.
                let check = broken.iter().map(|refusal| refusal.check).max_by_key(|check| *check != FailedCheck::Shape);
                by_check[check.map_or(0, |check| check as usize)] += 1;
            }
        }
        let [shape, digit, country] = by_check;
        let failed = wrong.len() - before;
        println!(
            "{file}: {} of {} passed ({valid} valid; refused by shape {shape}, check digit {digit}, country {country})",
            valid + invalid - failed,
            valid + invalid
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(seen, TYPES.len(), "every type of the table is in the corpus");
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}
