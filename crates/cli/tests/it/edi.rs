use serde_json::Value;

use crate::support::{err, out, run, run_with};

const STATUS: &str =
    "ISA*00*          *00*          *02*ACME           *ZZ*TRACKLANE      *260301*0915*U*00401*000000077*0*P*>~
GS*QM*ACME*TRACKLANE*20260301*0915*77*X*004010~
ST*214*0001~
B10*PRO4711*LOAD9*ACME~
LX*1~
AT7*ZZ*NS***20260302*1105*LT~
MS1*DENVER*CO*US~
SE*6*0001~
GE*1*77~
IEA*1*000000077~
";

#[test]
fn parse_says_what_a_document_says_and_what_is_wrong_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let output = run_with(folder.path(), &["edi", "parse", "-", "-o", "json"], STATUS);
    assert!(output.status.success(), "{}", err(&output));
    let document: Value = serde_json::from_str(&out(&output)).unwrap();
    let event = &document["reports"][0]["events"][0];
    assert_eq!((&event["status"], &event["raw_code"]), (&"unknown".into(), &"ZZ".into()));
    assert_eq!(event["when"]["at"], "2026-03-02T18:05:00Z");
    assert_eq!(document["messages"][0]["issues"][0]["at"]["byte"], STATUS.find("ZZ*NS").unwrap());

    let map = folder.path().join("acme.toml");
    std::fs::write(&map, "[codes.x12_status]\nZZ = { status = \"delivered\", says = \"Done\" }\n").unwrap();
    let output = run_with(folder.path(), &["edi", "parse", "-", "--partner", "acme.toml"], STATUS);
    let table = out(&output);
    assert!(table.contains("PRO4711  2026-03-02 11:05:00-07:00  ZZ    delivered  DENVER, CO, US  Done"), "{table}");
    assert_eq!(err(&output), "");

    std::fs::write(&map, "[codes.nope]\n").unwrap();
    let output = run_with(folder.path(), &["edi", "parse", "-", "--partner", "acme.toml"], STATUS);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("#/codes/nope: is no list of codes; known are x12_status"), "{}", err(&output));
}

#[test]
fn explain_goes_line_by_line_and_ends_with_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let text = out(&run_with(folder.path(), &["edi", "explain", "-"], STATUS));
    assert!(text.contains("    AT7*ZZ*NS***20260302*1105*LT\n    status: ZZ unknown; NS normal status; 20260302 1105, zone LT\n    -> ZZ becomes unknown\n"), "{text}");
    assert!(text.contains("\n214 0001: accepted, errors noted\n"), "{text}");
    assert!(text.contains("\nAK4*1*1650*7*ZZ~\nAK5*E*5~\n"), "{text}");
}

#[test]
fn ack_answers_and_refuses_what_nobody_answers() {
    let folder = tempfile::tempdir().unwrap();
    let answer = out(&run_with(folder.path(), &["edi", "ack", "-", "--control", "9"], STATUS));
    assert!(answer.starts_with("ISA*00*") && answer.ends_with("IEA*1*000000009~\n"), "{answer}");
    let output = run_with(folder.path(), &["edi", "ack", "-"], "[]");
    assert_eq!(output.status.code(), Some(1));
    let output = run_with(folder.path(), &["edi", "parse", "-"], "hello");
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).starts_with("error: byte 0: the file is none of"), "{}", err(&output));
}

#[test]
fn codes_are_listed_with_what_is_made_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let table = out(&run(folder.path(), &["edi", "codes", "x12_status"]));
    let row = table.lines().find(|line| line.starts_with("PA ")).unwrap();
    assert_eq!(row.split_whitespace().collect::<Vec<_>>().join(" "), "PA partly delivered delivered (partial)");
    assert_eq!(run(folder.path(), &["edi", "codes", "nope"]).status.code(), Some(2));
}
