use serde_json::Value;

use crate::support::{Server, api_key, err, run, tracklane};

fn report(output: &std::process::Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", err(output)))
}

/// Nothing is missing, nothing is told without cause, and enough was asked for to say so.
fn all_right(report: &Value, runs: usize) {
    let found = report["runs"].as_array().unwrap();
    assert_eq!(found.len(), runs);
    for run in found {
        let count = |field: &str| run[field].as_u64().unwrap();
        assert!(count("entries") + count("exits") > 10, "{run}");
        assert_eq!(count("found"), count("entries") + count("exits"), "{run}");
        assert_eq!((&run["ok"], count("rejected")), (&Value::Bool(true), 0), "{run}");
    }
    assert_eq!(report["ok"], true);
}

#[test]
fn each_fault_alone_hides_no_event_and_makes_none() {
    let folder = tempfile::tempdir().unwrap();
    let fleet =
        ["simulate", "--embedded", "--devices", "6", "--zones", "24", "--duration", "20m", "--each", "-o", "json"];
    let output = run(folder.path(), &fleet);
    assert!(output.status.success(), "{}\n{}", String::from_utf8_lossy(&output.stdout), err(&output));
    all_right(&report(&output), 8);
}

#[test]
fn what_a_server_misses_is_found_out() {
    let folder = tempfile::tempdir().unwrap();
    let fleet = ["simulate", "--embedded", "--devices", "6", "--zones", "24", "--duration", "20m", "--faults", "none"];
    let mut command = tracklane(folder.path(), &[&fleet[..], &["-o", "json"]].concat());
    // Every fix states 5 m: to this server none of them is good enough for a zone.
    let output = command.env("TRACKLANE__TRACKING__WORST_ACCURACY_M", "1").output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    let report = report(&output);
    assert_eq!((&report["ok"], &report["runs"][0]["found"]), (&Value::Bool(false), &0.into()), "{report}");
    assert_eq!(report["runs"][0]["cases"][0]["wrong"], "missing", "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_server_is_asked_through_its_api_alone() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let key = api_key(folder.path());
    for protocol in ["json", "osmand"] {
        let fleet =
            ["simulate", "--devices", "3", "--zones", "24", "--duration", "20m", "--faults", "duplicate,teleport"];
        let output =
            tracklane(folder.path(), &[&fleet[..], &["--speed", "600", "--protocol", protocol, "-o", "json"]].concat())
                .env("TRACKLANE_URL", format!("http://{}", server.address))
                .env("TRACKLANE_TOKEN", &key)
                .output()
                .unwrap();
        assert!(output.status.success(), "{}\n{}", String::from_utf8_lossy(&output.stdout), err(&output));
        all_right(&report(&output), 1);
    }
}

#[test]
fn trackers_over_their_own_ports_are_heard_like_everybody_else() {
    let folder = tempfile::tempdir().unwrap();
    for protocol in ["teltonika", "gt06", "h02"] {
        // These say nothing of how accurate a fix is, which drift would need.
        let fleet = ["simulate", "--embedded", "--devices", "6", "--zones", "24", "--duration", "20m"];
        let faults = ["--faults", "dropout,duplicate,reorder,skew", "--protocol", protocol, "-o", "json"];
        let output = run(folder.path(), &[&fleet[..], &faults].concat());
        assert!(output.status.success(), "{}\n{}", String::from_utf8_lossy(&output.stdout), err(&output));
        let report = report(&output);
        all_right(&report, 1);
        assert_eq!(report["protocol"], protocol);
    }
}
