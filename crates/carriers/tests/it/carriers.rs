//! What each carrier's sample answers say, in our words, and what is asked.

use std::fmt::Write as _;

use tracklane_carriers::carriers::{Carrier, Registry};
use tracklane_carriers::report::{Estimate, Report, ReportedEvent, When};
use tracklane_carriers::samples::{self, Sample};
use tracklane_carriers::{Answer, Ask, AskError, Body, CarrierError, Credentials, Number, Parsed};

fn parse(sample: &Sample) -> Result<Parsed, CarrierError> {
    let answer = Answer { status: sample.status, content_type: None, retry_after: None, body: sample.body.as_bytes() };
    Registry::built_in().find(sample.carrier).expect("a carrier").parse(&answer)
}

#[test]
fn every_sample_says_what_its_snapshot_says() {
    for carrier in Registry::built_in().carriers() {
        let mut text = String::new();
        let samples = samples::samples(&carrier.id);
        assert!(
            samples.iter().any(|sample| parse(sample).is_ok_and(|parsed| !parsed.reports.is_empty())),
            "{}: {:?}",
            carrier.id,
            samples.iter().map(parse).collect::<Vec<_>>()
        );
        assert!(samples.iter().any(|sample| parse(sample).is_err()), "{}: no sample of an error", carrier.id);
        let unknown = |sample: &Sample| {
            let reports = parse(sample).map(|parsed| parsed.reports).unwrap_or_default();
            reports
                .iter()
                .flat_map(|report| &report.events)
                .any(|event| event.status.is_some_and(|status| status.as_str() == "unknown"))
        };
        assert!(samples.iter().any(unknown), "{}: no sample of a code that no table has", carrier.id);
        for sample in samples {
            let _ = writeln!(text, "# {}", sample.name);
            match parse(&sample) {
                Ok(parsed) => {
                    parsed.reports.iter().for_each(|report| show(report, &mut text));
                    for problem in &parsed.problems {
                        let number = problem.number.as_deref().unwrap_or("-");
                        let _ = writeln!(text, "problem {number}: {} ({})", problem.error, problem.error.kind());
                    }
                }
                Err(error) => {
                    let _ = writeln!(text, "{error} ({})", error.kind());
                }
            }
        }
        insta::assert_snapshot!(format!("answers_{}", carrier.id), text);
    }
    for sample in samples::all() {
        assert!(Registry::built_in().find(sample.carrier).is_ok(), "samples of nobody: {}", sample.carrier);
    }
}

fn show(report: &Report, text: &mut String) {
    let status = report.status().map_or("-", |status| status.as_str());
    let _ = writeln!(text, "{} [{status}] {}", report.number, report.service.as_deref().unwrap_or("-"));
    for event in &report.events {
        let _ = writeln!(text, "  {}", event_line(event));
    }
    if let Some(summary) = &report.summary {
        let status = summary.status.map_or("-", |status| status.as_str());
        let late = if summary.delayed { " late" } else { "" };
        let _ = writeln!(text, "  now {status}{late} {:?} {:?}", summary.raw_code, summary.raw_text);
    }
    for Estimate { basis, from, until, said_by, .. } in &report.estimates {
        let from = from.map(|from| format!("{} to ", when(from))).unwrap_or_default();
        let _ = writeln!(text, "  expected {basis:?} {from}{} by {said_by}", when(*until));
    }
    for reference in &report.references {
        let _ = writeln!(
            text,
            "  {:?} {} {:?} {:?}",
            reference.kind, reference.value, reference.qualifier, reference.carrier
        );
    }
    if let Some(proof) = &report.proof {
        let _ = writeln!(text, "  proof {:?} {:?} {} files", proof.signed_by, proof.left_at, proof.files.len());
    }
}

fn event_line(event: &ReportedEvent) -> String {
    let mut line = when(event.when);
    let status = event.status.map_or(event.kind.as_str(), |status| status.as_str());
    let _ = write!(line, " | {status}");
    if let Some(substatus) = &event.substatus {
        let _ = write!(line, "/{substatus}");
    }
    if let Some(reason) = event.reason {
        let _ = write!(line, " because {}", reason.as_str());
    }
    if event.delayed {
        line.push_str(" late");
    }
    let place = event.place.as_ref().map(|place| {
        let parts = [&place.name, &place.city, &place.state, &place.country];
        parts.into_iter().flatten().cloned().collect::<Vec<_>>().join(", ")
    });
    let code = event.raw_code.as_deref().unwrap_or("-");
    let words = event.raw_text.as_deref().unwrap_or("-");
    let _ = write!(line, " | {code}: {words} | {}", place.as_deref().unwrap_or("-"));
    if let Some(package) = &event.package {
        let _ = write!(line, " | package {package}");
    }
    if let Some(carrier) = &event.carrier {
        let _ = write!(line, " | by {carrier}");
    }
    line
}

fn when(when: When) -> String {
    match when {
        When::Instant { at, offset_seconds, confidence } => {
            let zone = jiff::tz::Offset::from_seconds(offset_seconds).expect("an offset").to_time_zone();
            format!("{} {}", at.to_zoned(zone).strftime("%Y-%m-%dT%H:%M:%S%:z"), confidence.as_str())
        }
        When::Day { date, confidence, .. } => format!("{date} {}", confidence.as_str()),
        When::Undated => "undated".to_owned(),
    }
}

fn credentials(carrier: &Carrier) -> Credentials {
    Credentials::new(
        carrier.credentials.iter().map(|credential| (credential.name.to_string(), format!("<{}>", credential.name))),
    )
}

#[test]
fn every_carrier_is_asked_as_its_snapshot_says() {
    let mut text = String::new();
    for carrier in Registry::built_in().carriers() {
        let credentials = credentials(carrier);
        let count = carrier.batch.min(2);
        let number = |value: &str| Number {
            postcode: Some("53113".to_owned()),
            carrier: Some("usps".to_owned()),
            ..Number::new(value)
        };
        let numbers: Vec<Number> = ["A&1/2 \">", "B2"].into_iter().take(count).map(number).collect();
        let ask =
            Ask { numbers: &numbers, credentials: &credentials, language: "en-GB", base: None, request_id: "r-1" };
        let request = carrier.request(&ask).unwrap();
        let _ = writeln!(text, "# {}\n{:?} {}", carrier.id, request.method, request.url);
        for (name, value) in &request.headers {
            let _ = writeln!(text, "{name}: {value}");
        }
        let _ = writeln!(text, "auth: {:?}", request.auth);
        if let Some(Body { content_type, text: body }) = &request.body {
            let _ = writeln!(text, "{content_type}\n{body}");
        }
        text.push('\n');
        let shown = format!("{credentials:?} {request:?}");
        assert!(!shown.contains('<') && !shown.contains("%3C"), "secrets are not shown: {shown}");
        // The same on another address, for a sandbox.
        let request = carrier.request(&Ask { base: Some("http://127.0.0.1:1"), ..ask.clone() }).unwrap();
        assert!(request.url.starts_with("http://127.0.0.1:1/"), "{}: {}", carrier.id, request.url);
        // What is missing is named.
        let none = Credentials::default();
        let error = carrier.request(&Ask { credentials: &none, ..ask.clone() }).unwrap_err();
        assert!(matches!(error, AskError::Credential { .. }), "{}: {error}", carrier.id);
        assert_eq!(
            carrier.request(&Ask { numbers: &[], ..ask.clone() }).unwrap_err(),
            AskError::Count { given: 0, most: carrier.batch }
        );
    }
    insta::assert_snapshot!("requests", text);
}

#[test]
fn a_file_adds_a_carrier_and_says_what_is_wrong_with_it() {
    let file = r#"
id = "parcelette"
name = "Parcelette"
home_zone = "Europe/Lisbon"
credentials = [{ name = "token", secret = true }]

[request]
method = "GET"
base = "https://api.parcelette.example"
path = "/v1/{number}?zip={postcode}"
auth = { kind = "header", name = "X-Token", value = "{token}" }

[errors]
at = [["fault", "code", "words"]]
codes = { E1 = "not_found" }

[answer]
number = ["id"]

[answer.events]
list = "steps"
keys = [["kind", "detail"], ["kind"]]
text = ["words"]
time = ["on"]
time_format = "%d/%m/%Y %H:%M"
country = ["land"]

[[codes]]
code = "D"
text = "Delivered"
status = "delivered"

[[codes]]
code = "T/L"
text = "Late"
delayed = true
reason = "weather"
"#;
    let mut registry = Registry::built_in().clone();
    let carrier = registry.declare(file).unwrap();
    let body = br#"{"id": "P1", "steps": [{"kind": "T", "detail": "L", "words": "Storm", "on": "05/03/2026 10:00"},
        {"kind": "D", "on": "06/07/2026 10:00", "land": "FR"}, {"kind": "T", "detail": "?", "on": "soon"}]}"#;
    let mut text = String::new();
    let parsed = carrier.parse(&Answer::ok(body)).unwrap();
    show(&parsed.reports[0], &mut text);
    for problem in &parsed.problems {
        let _ = writeln!(text, "{}", problem.error);
    }
    insta::assert_snapshot!(text, @r#"
    P1 [delivered] -
      2026-03-05T10:00:00+00:00 assumed | note because weather late | T/L: Storm | -
      2026-07-06T10:00:00+02:00 from_place | delivered | D: - | FR
      undated | unknown | T/?: - | -
    the carrier's answer cannot be read: steps: "soon" is no time
    "#);
    let credentials = Credentials::new([("token".to_owned(), "t".to_owned())]);
    let numbers = [Number::new("P1")];
    let ask = Ask { numbers: &numbers, credentials: &credentials, language: "en", base: None, request_id: "r" };
    let error = carrier.request(&ask).unwrap_err();
    assert_eq!(error.to_string(), "the carrier wants the postcode besides the number P1");
    let error = carrier.parse(&Answer::ok(br#"{"fault": {"code": "E1", "words": "who?"}}"#)).unwrap_err();
    assert_eq!(error.to_string(), "the carrier does not know the number: who? (E1)");

    let wrong = |from: &str, to: &str| {
        assert!(file.contains(from), "{from}");
        Registry::built_in().clone().declare(&file.replacen(from, to, 1)).unwrap_err().to_string()
    };
    assert_eq!(wrong("Europe/Lisbon", "Lisbon"), "home_zone must be a time zone of IANA");
    assert_eq!(
        wrong("{postcode}", "{zip}"),
        "{zip} must be a credential or one of number, numbers, postcode, language, request_id"
    );
    assert_eq!(wrong("delayed = true", ""), "codes.T/L must have a status, or be a note, or be delayed");
    assert!(wrong("status = \"delivered\"", "status = \"arrived\"").contains("unknown variant `arrived`"));
    assert!(wrong("text = [\"words\"]", "txt = [\"words\"]").contains("unknown field `txt`"));
    assert!(wrong("\"id\"", "\"id\" = ").contains("TOML parse error"));
}

#[test]
fn the_manual_lists_every_carrier_and_what_an_account_has() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/carriers.md");
    let manual = std::fs::read_to_string(path).unwrap();
    for carrier in Registry::built_in().carriers() {
        let row = manual.lines().find(|line| line.starts_with(&format!("| `{}` |", carrier.id)));
        let row = row.unwrap_or_else(|| panic!("{} has no row in docs/carriers.md", carrier.id));
        for credential in carrier.credentials.iter() {
            assert!(row.contains(&format!("`{}`", credential.name)), "{}: {}", carrier.id, credential.name);
        }
        assert!(row.contains(&format!("| {} |", carrier.batch)), "{}: {} at once", carrier.id, carrier.batch);
    }
}

#[test]
fn the_carrier_that_the_manual_declares_can_be_declared() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/carriers.md");
    let manual = std::fs::read_to_string(path).unwrap();
    let lines = manual
        .lines()
        .skip_while(|line| !line.starts_with("    id = "))
        .take_while(|line| line.is_empty() || line.starts_with("    "));
    let file: String = lines.flat_map(|line| [line.strip_prefix("    ").unwrap_or(line), "\n"]).collect();
    let mut registry = Registry::built_in().clone();
    let carrier = registry.declare(&file).unwrap();
    let body = br#"{"parcels": [{"id": "P1", "steps": [{"kind": "T", "detail": "L", "on": "05/03/2026 10:00"}]}]}"#;
    assert!(carrier.parse(&Answer::ok(body)).unwrap().reports[0].events[0].delayed);
}
