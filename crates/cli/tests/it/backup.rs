use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tracklane_client::requests::{NewDevice, NewZone};
use tracklane_client::{Client, Error};
use tracklane_core::Timestamp;
use tracklane_core::id::DeviceId;

use crate::kill::{DEVICES, STAY, check, fix};
use crate::support::{Server, api_key, err, out, run};

/// Sends until the server is gone; the numbers of the fixes that were acknowledged so far.
async fn send(client: Client, device: DeviceId, start: Timestamp, acknowledged: Arc<Mutex<Vec<i64>>>) {
    for number in 0.. {
        match client.send_position(&fix(device, start, number)).await {
            Ok(_) => acknowledged.lock().unwrap().push(number),
            Err(Error::Unreachable { .. }) => return,
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_made_while_the_server_works_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    // States are saved, and the log of positions let go, as often as may be.
    std::fs::write(folder.path().join("tracklane.toml"), "[tracking]\ncheckpoint_seconds = 1\n").unwrap();
    let server = Server::start(folder.path());
    let key = api_key(folder.path());
    let client = server.client(&key).with_retry(tracklane_client::RetryPolicy { attempts: 1, ..Default::default() });
    let start: Timestamp = "2026-01-05T08:00:00Z".parse().unwrap();
    let zone = NewZone {
        name: "Depot".to_owned(),
        geometry: json!({ "type": "Point", "coordinates": [-8.61, 41.15] }),
        radius_m: Some(200.0),
        ..NewZone::default()
    };
    client.create_zone(&zone).await.unwrap();
    let mut senders = Vec::new();
    for number in 0..DEVICES {
        let device = NewDevice { identifier: format!("van-{number}"), ..NewDevice::default() };
        let device = client.create_device(&device).await.unwrap().id;
        let acknowledged = Arc::new(Mutex::new(Vec::new()));
        let sender = tokio::spawn(send(client.clone(), device, start, acknowledged.clone()));
        senders.push((device, acknowledged, sender));
    }
    let mut copies = Vec::new();
    for round in 0..3 {
        tokio::time::sleep(Duration::from_millis(700)).await;
        let copy = folder.path().join(format!("copy-{round}"));
        std::fs::create_dir(&copy).unwrap();
        let before: Vec<_> =
            senders.iter().map(|(device, numbers, _)| (*device, numbers.lock().unwrap().clone())).collect();
        let target = copy.join("data").display().to_string();
        let (home, args) = (folder.path().to_owned(), target.clone());
        let made = tokio::task::spawn_blocking(move || {
            run(&home, &["admin", "backup", &args, "--data", "data", "-o", "json"])
        });
        let made = made.await.unwrap();
        assert!(made.status.success(), "{}", err(&made));
        let report: Value = serde_json::from_str(&out(&made)).unwrap();
        assert!(report["positions"]["next_lsn"].as_u64().unwrap() > 1, "{report}");
        let again = run(folder.path(), &["admin", "backup", &target, "--data", "data"]);
        assert_eq!(again.status.code(), Some(2), "a backup writes over nothing: {}", err(&again));
        copies.push((copy, before));
    }
    server.kill();
    for (_, _, sender) in senders {
        sender.await.unwrap();
    }
    for (copy, before) in copies {
        assert!(before.iter().all(|(_, numbers)| numbers.len() > STAY as usize), "too few to prove anything");
        check(&copy, &key, start, &before, 1_000_000).await;
    }
}

#[test]
fn nothing_to_copy_is_said_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let made = run(folder.path(), &["admin", "backup", "copy", "--data", "data"]);
    assert_eq!(made.status.code(), Some(3), "{}", err(&made));
    assert!(err(&made).contains("tracklane.db is not there"), "{}", err(&made));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{:?}", std::fs::read_dir(folder.path()));
    std::fs::write(folder.path().join("tracklane.toml"), "[store]\nurl = \"postgres://u@127.0.0.1:1/d\"\n").unwrap();
    let made = run(folder.path(), &["admin", "backup", "copy", "--data", "data"]);
    assert_eq!(made.status.code(), Some(2));
    assert!(err(&made).contains("pg_dump"), "{}", err(&made));
}
