use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::support::{Server, api_key, err, out, run, run_with, tracklane};

/// Imports positions, and answers the output.
fn import(server: &Server, folder: &Path, key: &str, args: &[&str]) -> Output {
    tracklane(folder, &[&["import", "positions"], args, &["-o", "json"]].concat())
        .env("TRACKLANE_URL", format!("http://{}", server.address))
        .env("TRACKLANE_TOKEN", key)
        .output()
        .unwrap()
}

fn summary(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", err(output)))
}

fn counts(summary: &Value) -> [u64; 5] {
    ["rows", "accepted", "duplicates", "late", "rejected"].map(|field| summary[field].as_u64().unwrap())
}

const TABLE: &str = "vehicle,time,lat,lon\n\
    van-7,2020-01-05T08:00:00Z,41.15,-8.61\n\
    van-7,2020-01-05T08:00:10Z,41.151,-8.611\n\
    van-7,soon,41.15,-8.61\n\
    ,2020-01-05T08:00:00Z,41.15,-8.61\n\
    van-8,2020-01-05T08:00:00Z,91,-8.61\n\
    van-8,2020-01-05T08:00:00Z,41.2,-8.6\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_table_goes_into_the_history_once_and_bad_rows_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let key = api_key(folder.path());
    std::fs::write(folder.path().join("fleet.csv"), TABLE).unwrap();
    let args = ["fleet.csv", "--device-column", "vehicle", "--create-devices", "--batch", "2"];

    let output = import(&server, folder.path(), &key, &args);
    assert_eq!(output.status.code(), Some(1), "some rows were refused");
    assert_eq!(counts(&summary(&output)), [6, 3, 0, 0, 3], "{}", err(&output));
    for said in
        ["fleet.csv:4: fix_time must be", "fleet.csv:5: device is required", "fleet.csv:6: lat must be from -90"]
    {
        assert!(err(&output).contains(said), "{}", err(&output));
    }

    // Again: nothing is new, and nothing is there twice.
    let output = import(&server, folder.path(), &key, &[&args[..], &["--report", "rows.ndjson"]].concat());
    assert_eq!(counts(&summary(&output)), [6, 0, 3, 0, 3], "{}", err(&output));
    let report = std::fs::read_to_string(folder.path().join("rows.ndjson")).unwrap();
    let lines: Vec<Value> = report.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().map(|line| line["line"].as_u64().unwrap()).collect::<Vec<_>>(), [4, 5, 6]);
    assert_eq!((&lines[2]["device"], &lines[2]["field"]), (&"van-8".into(), &"/lat".into()));
    let output = import(&server, folder.path(), &key, &[&args[..], &["--after-line", "6"]].concat());
    assert_eq!((output.status.code(), counts(&summary(&output))), (Some(0), [1, 0, 1, 0, 0]));

    // What was recorded before is history, and moves nothing.
    let earlier = "time,lat,lon\n2019-01-05T08:00:00Z,41.15,-8.61\n";
    std::fs::write(folder.path().join("earlier.csv"), earlier).unwrap();
    let output = import(&server, folder.path(), &key, &["earlier.csv", "--device", "van-7"]);
    assert_eq!((output.status.code(), counts(&summary(&output))), (Some(0), [1, 0, 0, 1, 0]), "{}", err(&output));
    let latest: Value = server.client(&key).get("v1/positions/latest", &[]).await.unwrap();
    let newest = latest["items"].as_array().unwrap().iter().map(|item| item["fix_time"].as_str().unwrap());
    assert!(newest.clone().any(|time| time.starts_with("2020-01-05T08:00:10")), "{latest}");
    assert!(newest.clone().all(|time| time.starts_with("2020")), "{latest}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_track_through_a_zone_alerts_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let key = api_key(folder.path());
    let client = server.client(&key);
    let zone = serde_json::json!({
        "name": "Depot", "geometry": { "type": "Point", "coordinates": [-8.61, 41.15] }, "radius_m": 300,
    });
    let _: Value = client.post("v1/zones", &zone).await.unwrap();
    let points = (0..60).map(|minute| {
        let lon = -8.64 + 0.001 * f64::from(minute);
        format!("<trkpt lat=\"41.15\" lon=\"{lon}\"><time>2019-05-01T08:{minute:02}:00Z</time></trkpt>")
    });
    let track = format!("<gpx><trk><trkseg>{}</trkseg></trk></gpx>", points.collect::<String>());
    std::fs::write(folder.path().join("track.gpx"), track).unwrap();
    let output = import(&server, folder.path(), &key, &["track.gpx", "--device", "old-van", "--create-devices"]);
    assert_eq!((output.status.code(), counts(&summary(&output))), (Some(0), [60, 60, 0, 0, 0]), "{}", err(&output));
    let page = client.events(&["zone.*"], None).await.unwrap();
    assert_eq!(page.items.len(), 2, "in and out");
    assert!(page.items.iter().all(|item| item.event.data["late"] == true), "{:?}", page.items);
}

#[test]
fn a_dry_run_needs_no_server_and_tells_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    let dry = |args: &[&str], input: &str| {
        let args = [&["import", "positions", "-", "--dry-run", "-o", "json"], args].concat();
        run_with(folder.path(), &args, input)
    };
    let output = dry(&["--device-column", "vehicle"], TABLE);
    assert_eq!((output.status.code(), counts(&summary(&output))), (Some(1), [6, 3, 0, 0, 3]), "{}", err(&output));
    let track = r#"{"type":"Feature","properties":{"coordTimes":[1767600000,1767600010]},
        "geometry":{"type":"LineString","coordinates":[[-8.61,41.15],[-8.62,41.16]]}}"#;
    let output = dry(&["--device", "x"], track);
    assert_eq!((output.status.code(), counts(&summary(&output))), (Some(0), [2, 2, 0, 0, 0]), "{}", err(&output));
    let broken = dry(&["--device", "x"], &track[..60]);
    assert_eq!((broken.status.code(), &summary(&broken)["broken_files"]), (Some(1), &1.into()));
    assert!(err(&broken).contains("-: line"), "{}", err(&broken));
    let comma = "Zeit;Breite;Laenge\n05.01.2026 09:00;41,15;-8,61\n";
    let map = ["--map", "time=zeit,lat=breite,lon=laenge", "--time-format", "%d.%m.%Y %H:%M", "--decimal-comma"];
    let output = dry(&[&map[..], &["--device", "x", "--time-zone", "Europe/Berlin"]].concat(), comma);
    assert_eq!((output.status.code(), counts(&summary(&output))), (Some(0), [1, 1, 0, 0, 0]), "{}", err(&output));
}

#[test]
fn wrong_use_is_said_before_anything_is_read() {
    let folder = tempfile::tempdir().unwrap();
    for (args, said) in [
        (&["x.csv"][..], "--device"),
        (&["x.csv", "--device", "a", "--map", "size=x"], "no field \"size\"; there are time, lat"),
        (&["x.csv", "--device", "a", "--time-zone", "Mars/Olympus"], "Mars/Olympus"),
        (&["x.csv", "--device", "a", "--time-format", "iso"], "must be auto, rfc3339"),
        (&["x.csv", "--device", "a", "--map", "device=b"], "--device-column"),
    ] {
        let output = run(folder.path(), &[&["import", "positions"], args].concat());
        assert_eq!(output.status.code(), Some(2), "{args:?} {}", err(&output));
        assert!(err(&output).contains(said), "{}", err(&output));
    }
    let output = run(folder.path(), &["import", "positions", "x.csv", "--device", "a", "--dry-run"]);
    assert_eq!((output.status.code(), out(&output)), (Some(1), String::new()));
    assert!(err(&output).contains("failed to open x.csv"), "{}", err(&output));
}
