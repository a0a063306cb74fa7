use serde_json::Value;

use crate::support::{out, run};

fn doctor(folder: &std::path::Path, data: &str) -> (Option<i32>, Vec<Value>) {
    let output = run(folder, &["doctor", "--data", data, "-o", "json"]);
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn a_fresh_folder_is_well_and_a_file_in_its_place_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (code, checks) = doctor(folder.path(), "data");
    assert_eq!(code, Some(0), "{checks:?}");
    for name in ["configuration", "data folder", "store", "clock"] {
        let check = checks.iter().find(|check| check["name"] == name).unwrap();
        assert_eq!(check["state"], "ok", "{check}");
    }
    std::fs::write(folder.path().join("file"), "").unwrap();
    let (code, checks) = doctor(folder.path(), "file");
    assert_eq!(code, Some(1));
    assert!(checks.iter().any(|check| check["name"] == "data folder" && check["state"] == "fail"), "{checks:?}");
}

#[test]
fn for_people_each_line_begins_with_the_verdict() {
    let folder = tempfile::tempdir().unwrap();
    for line in out(&run(folder.path(), &["doctor", "--data", "data"])).lines() {
        assert!(["ok ", "warn ", "fail "].iter().any(|word| line.starts_with(word)), "{line}");
    }
}
