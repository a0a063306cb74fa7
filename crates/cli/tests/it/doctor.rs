use serde_json::Value;

use crate::support::{Server, out, run};

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
fn beside_a_running_server_the_store_is_looked_at_and_the_history_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let checked = |port: &str| {
        std::fs::write(folder.path().join("tracklane.toml"), format!("[server]\nlisten = \"{port}\"\n")).unwrap();
        let (code, checks) = doctor(folder.path(), "data");
        assert_eq!(code, Some(0), "{checks:?}");
        let find = |name: &str| checks.iter().find(|check| check["name"] == name).unwrap().clone();
        (find("port")["state"].clone(), find("store")["detail"].clone(), find("history")["state"].clone())
    };
    let (port, store, history) = checked(&server.address.to_string());
    assert_eq!((port, history), ("ok".into(), "ok".into()));
    // Told the wrong port, it still sees that somebody has the folder.
    let (port, _, history) = checked("127.0.0.1:0");
    assert_eq!((port, history), ("ok".into(), "ok".into()));
    assert_eq!(store, "sqlite, schema up to date");
    server.kill();
    let (port, _, history) = checked("127.0.0.1:0");
    assert_eq!((port, history), ("ok".into(), "ok".into()));
}

#[test]
fn for_people_each_line_begins_with_the_verdict() {
    let folder = tempfile::tempdir().unwrap();
    for line in out(&run(folder.path(), &["doctor", "--data", "data"])).lines() {
        assert!(["ok ", "warn ", "fail "].iter().any(|word| line.starts_with(word)), "{line}");
    }
}

#[test]
fn another_program_on_the_port_is_worth_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = other.local_addr().unwrap();
    std::thread::spawn(move || other.incoming().for_each(drop));
    std::fs::write(folder.path().join("tracklane.toml"), format!("[server]\nlisten = \"{listen}\"\n")).unwrap();
    let (code, checks) = doctor(folder.path(), "data");
    assert_eq!(code, Some(0), "{checks:?}");
    let port = checks.iter().find(|check| check["name"] == "port").unwrap();
    assert_eq!(port["state"], "warn", "{port}");
}
