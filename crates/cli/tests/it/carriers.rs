use serde_json::Value;

use crate::support::{err, out, run, run_with};

fn json(args: &[&str], input: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let output = run_with(folder.path(), args, input);
    assert!(output.status.success(), "{}", err(&output));
    serde_json::from_str(&out(&output)).unwrap()
}

#[test]
fn detect_names_candidates_and_the_check_that_refuses() {
    let found = json(&["detect", "rb 123456785 gb", "1Z5R89390357567128", "-o", "json"], "");
    assert_eq!(found[0]["candidates"][0]["courier"], "royal_mail");
    assert_eq!(found[0]["candidates"][0]["ask"], "RB123456785GB");
    assert_eq!(found[1]["refused"][0]["check"], "check_digit");

    let folder = tempfile::tempdir().unwrap();
    let table = out(&run(folder.path(), &["detect", "986578788855", "hello"]));
    assert!(table.lines().any(|line| line.contains("fedex_12") && line.contains("ship_date?")), "{table}");
    assert!(table.lines().any(|line| line.starts_with("HELLO") && line.contains("no format is like it")), "{table}");
}

#[test]
fn carrier_parse_reads_a_file_and_says_what_is_wrong_with_it() {
    let body = r#"{"trackingNumber": "9400111206206406260787", "trackingEvents": [
        {"eventCode": "01", "eventType": "Delivered", "eventTimestamp": "2026-03-06T13:05:00", "GMTOffset": "-05:00",
         "eventCity": "ATLANTA", "eventState": "GA"}]}"#;
    let parsed = json(&["carrier", "parse", "usps", "-", "-o", "json"], body);
    let event = &parsed["reports"][0]["events"][0];
    assert_eq!((&event["status"], &event["raw_code"]), (&"delivered".into(), &"01".into()));
    assert_eq!(event["when"]["at"], "2026-03-06T18:05:00Z");
    assert_eq!(event["when"]["confidence"], "exact");

    let folder = tempfile::tempdir().unwrap();
    let table = out(&run_with(folder.path(), &["carrier", "parse", "usps", "-"], body));
    assert!(table.contains("2026-03-06 13:05:00 -05:00  exact   delivered"), "{table}");
    let codes = [
        ("ups", "200", "<html>", 1),
        ("ups", "401", "", 4),
        ("ups", "404", "", 3),
        ("ups", "429", "", 6),
        ("nobody", "200", "", 2),
    ];
    for (carrier, status, body, code) in codes {
        let output = run_with(folder.path(), &["carrier", "parse", carrier, "-", "--status", status], body);
        assert_eq!(output.status.code(), Some(code), "{carrier} {status}: {}", err(&output));
    }
    let output = run_with(folder.path(), &["carrier", "parse", "nobody", "-"], "");
    assert!(err(&output).contains("known are ups, fedex, "), "{}", err(&output));
}

#[test]
fn carriers_coverage_lists_what_is_known_and_a_declared_one() {
    let rows = json(&["carriers", "coverage", "-o", "json"], "");
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 23);
    for row in rows {
        let (mapped, known) = (row["codes_mapped"].as_u64().unwrap(), row["codes_known"].as_u64().unwrap());
        assert!(row["samples"].as_u64().unwrap() >= 2 && 0 < mapped && mapped <= known, "{row}");
    }
    assert!(rows.iter().filter(|row| row["declared"] == true).count() >= 2);

    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine.toml"), "id = \"mine\"\n").unwrap();
    let output = run(folder.path(), &["carriers", "coverage", "--declare", "mine.toml"]);
    assert_eq!(output.status.code(), Some(2), "{}", err(&output));
    assert!(err(&output).contains("missing field `name`"), "{}", err(&output));
}
