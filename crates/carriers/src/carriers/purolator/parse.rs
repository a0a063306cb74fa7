//! `TrackingInformationList.TrackingInformation[]` with `Scans.Scan[]`, newest first. Dates and times stand apart.

use serde_json::Value;
use tracklane_core::lifecycle::SourceKind;

use super::status::CODES;
use crate::answer::{Answer, ErrorRules, Parsed, open};
use crate::carriers::parts::{PlaceParts, Scan, note_time};
use crate::error::{CarrierError, ErrorKind};
use crate::report::{Proof, ProofContent, ProofFile, ProofKind, Report, ReportedEvent};
use crate::time::{Zone, joined};
use crate::tree::{at, text};

const HOME: &str = "America/Toronto";
const LIST: &str = "Envelope.Body.TrackPackagesByPinResponse.TrackingInformationList.TrackingInformation";

const ERRORS: ErrorRules = ErrorRules {
    at: &[
        ("Envelope.Body.TrackPackagesByPinResponse.ResponseInformation.Errors.Error", "Code", "Description"),
        ("Envelope.Body.Fault", "faultcode", "faultstring"),
    ],
    codes: &[
        ("1100567", ErrorKind::NotFound),
        ("1100001", ErrorKind::CarrierFault),
        ("1100110", ErrorKind::Unauthorised),
        ("soap:Server", ErrorKind::CarrierFault),
    ],
};

pub(super) fn parse(answer: &Answer<'_>) -> Result<Parsed, CarrierError> {
    let tree = open(answer, &ERRORS, |tree| !at(tree, LIST).is_null())?;
    let mut parsed = Parsed::default();
    for information in parsed.objects(&tree, LIST) {
        match text(information, "PIN.Value") {
            Some(number) => {
                let report = report(information, &number, &mut parsed);
                parsed.reports.push(report);
            }
            None => parsed.problem(None, CarrierError::unreadable("TrackingInformation.PIN.Value", "is required")),
        }
    }
    for error in ERRORS.find(&tree, answer.status) {
        parsed.problem(None, error);
    }
    Ok(parsed)
}

fn report(information: &Value, number: &str, parsed: &mut Parsed) -> Report {
    let mut report = Report::new(SourceKind::Carrier, "purolator", number);
    let mut proof = Proof::default();
    for scan in parsed.objects(information, "Scans.Scan").into_iter().rev() {
        let details = at(scan, "ScanDetails");
        proof.signed_by = text(details, "DeliverySignature").or(proof.signed_by);
        proof.left_at = text(details, "DeliveryAddress").or(proof.left_at);
        // Not through `text`, which cuts what is long.
        if let Some(image) = at(details, "SignatureImage").as_str().filter(|image| !image.is_empty()) {
            proof.files =
                vec![ProofFile { kind: ProofKind::Signature, content: ProofContent::Base64(image.to_owned()) }];
        }
        report.events.extend(event(scan, number, parsed));
    }
    report.proof = proof.given();
    report
}

fn event(scan: &Value, number: &str, parsed: &mut Parsed) -> Option<ReportedEvent> {
    let place = PlaceParts { name: text(scan, "Depot.Name"), ..PlaceParts::default() }.place();
    let date = text(scan, "ScanDate");
    let when = joined(date.as_deref(), text(scan, "ScanTime").as_deref(), &Zone::of(place.as_ref(), HOME));
    let when = note_time(parsed, number, "Scan.ScanDate", date.as_deref(), when);
    let (kind, words) = (text(scan, "ScanType"), text(scan, "Description"));
    let exact = kind.as_deref().zip(words.as_deref()).map(|(kind, words)| format!("{kind}/{words}"));
    let keys: Vec<&str> = [exact.as_deref(), kind.as_deref()].into_iter().flatten().collect();
    Scan { keys: &keys, code: kind.clone(), text: words, when, place }.event(CODES, "Scans.Scan", number, parsed)
}
