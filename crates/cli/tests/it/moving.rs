use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tracklane_client::Client;
use tracklane_client::requests::{NewDevice, NewZone};
use tracklane_core::Timestamp;

use crate::kill::{STAY, check, fix};
use crate::support::{Server, api_key, err, out, run, tracklane};

/// So many fixes of each device.
const FIXES: i64 = 40;

/// An empty database, if there is a PostgreSQL.
pub fn database(name: &str) -> Option<String> {
    let Ok(base) = std::env::var("TRACKLANE_TEST_POSTGRES_URL") else {
        eprintln!("left out: there is no TRACKLANE_TEST_POSTGRES_URL");
        return None;
    };
    let name = format!("tracklane_cli_{name}_{}", std::process::id());
    let made =
        Command::new("psql").args([&base, "-qc", &format!("CREATE DATABASE {name}")]).stdout(Stdio::null()).status();
    assert!(made.expect("psql runs").success());
    let (server, _) = base.rsplit_once('/').unwrap();
    Some(format!("{server}/{name}"))
}

/// What of the installation everybody can see.
async fn seen(client: &Client) -> Value {
    let mut all = serde_json::Map::new();
    for path in
        ["v1/shipments", "v1/customers", "v1/devices", "v1/zones", "v1/endpoints", "v1/events", "v1/audit", "v1/users"]
    {
        let page: Value = client.get(path, &[("limit", "200".to_owned())]).await.unwrap();
        all.insert(path.to_owned(), page["items"].clone());
    }
    all.into()
}

fn move_to(folder: &Path, url: &str) -> Command {
    tracklane(folder, &["move", "--to", url, "--data", "data", "-o", "json"])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_that_outgrows_its_machine_loses_nothing() {
    let Some(url) = database("move") else { return };
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let key = api_key(folder.path());
    let client = server.client(&key);
    let zone = json!({ "type": "Point", "coordinates": [-8.61, 41.15] });
    let zone = NewZone { name: "Depot".to_owned(), geometry: zone, radius_m: Some(200.0), ..NewZone::default() };
    client.create_zone(&zone).await.unwrap();
    let start: Timestamp = "2026-01-05T08:00:00Z".parse().unwrap();
    let mut sent = Vec::new();
    for number in 0..3 {
        let device = NewDevice { identifier: format!("van-{number}"), ..NewDevice::default() };
        let device = client.create_device(&device).await.unwrap().id;
        for number in 0..FIXES {
            client.send_position(&fix(device, start, number)).await.unwrap();
        }
        sent.push((device, (0..FIXES).collect::<Vec<i64>>()));
    }
    let mut shipments = Vec::new();
    for number in 0..20 {
        let shipment = json!({ "reference": format!("ORDER-{number}"), "recipient": { "name": "Rui \u{1f69a}", "email": "rui@example.com" },
            "packages": [{ "weight_kg": 1.25, "metadata": { "fragile": true, "height": 12.50 } }] });
        let made: Value = client.post("v1/shipments", &shipment).await.unwrap();
        shipments.push(made["shipment"]["id"].as_str().unwrap().to_owned());
    }
    let endpoint = json!({ "url": "https://shop.example/hook", "event_types": ["shipment.*"] });
    let _: Value = client.post("v1/endpoints", &endpoint).await.unwrap();

    // A server that is running has its files to itself; one that was killed has not applied all.
    let refused = move_to(folder.path(), &url).output().unwrap();
    assert!(!refused.status.success() && err(&refused).contains("still running"), "{}", err(&refused));
    let before = seen(&client).await;
    assert_eq!(server.terminate(), Some(0));

    // Broken off in the middle, and given again.
    let mut broken = move_to(folder.path(), &url).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    broken.kill().unwrap();
    broken.wait().unwrap();
    let moved = move_to(folder.path(), &url).output().unwrap();
    assert!(moved.status.success(), "{}", err(&moved));
    let report: Value = serde_json::from_str(&out(&moved)).unwrap();
    assert_eq!(
        (report["devices"].as_u64(), report["positions"].as_u64()),
        (Some(3), Some(3 * FIXES as u64)),
        "{report}"
    );
    let again = move_to(folder.path(), &url).output().unwrap();
    assert_eq!(again.status.code(), Some(2), "it holds an installation: {}", err(&again));

    let settings = format!("[store]\nurl = \"{url}\"\n[history]\nurl = \"{url}\"\n");
    std::fs::write(folder.path().join("tracklane.toml"), settings).unwrap();
    std::fs::remove_file(folder.path().join("data/tracklane.db")).unwrap();
    std::fs::remove_dir_all(folder.path().join("data/history")).unwrap();
    let server = Server::start(folder.path());
    let client = server.client(&key);
    assert_eq!(seen(&client).await, before);
    // It goes on: the shipment's numbers, the log, and the zones that each device was in.
    let fact = json!({ "status": "info_received" });
    let _: Value = client.post(&format!("v1/shipments/{}/events", shipments[0]), &fact).await.unwrap();
    for (device, numbers) in &mut sent {
        for number in FIXES..FIXES + STAY {
            client.send_position(&fix(*device, start, number)).await.unwrap();
            numbers.push(number);
        }
    }
    assert_eq!(server.terminate(), Some(0));
    check(folder.path(), &key, start, &sent, 0).await;
}

#[test]
fn what_cannot_be_moved_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let none = run(folder.path(), &["move", "--to", "postgres://u@127.0.0.1:1/d", "--data", "data"]);
    assert_eq!(none.status.code(), Some(3), "{}", err(&none));
    let wrong = run(folder.path(), &["move", "--to", "mysql://u:secret@h/d", "--data", "data"]);
    assert!(wrong.status.code() == Some(2) && !err(&wrong).contains("secret"), "{}", err(&wrong));
}
