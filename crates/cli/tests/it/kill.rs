use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tracklane_api_types::PositionInput;
use tracklane_client::requests::{NewDevice, NewZone};
use tracklane_client::{Client, Error};
use tracklane_core::Timestamp;
use tracklane_core::id::DeviceId;
use tracklane_core::position::Attributes;

use crate::support::{Server, api_key};

/// Devices that send at the same time, each in order.
pub const DEVICES: usize = 6;
/// So many fixes outside the zone, then as many inside, and so on.
pub const STAY: i64 = 5;
/// So many seconds lie between two fixes: time enough for a vehicle to go from one to the next.
const STEP_SECONDS: i64 = 60;

/// The fix number `number` of a device: in and out of the zone in turn.
pub fn fix(device: DeviceId, start: Timestamp, number: i64) -> PositionInput<'static> {
    let inside = (number / STAY) % 2 == 1;
    PositionInput {
        device: Some(device.to_string().into()),
        fix_time: start.checked_add(jiff::SignedDuration::from_secs(number * STEP_SECONDS)).unwrap(),
        lat: 41.15,
        lon: if inside { -8.61 } else { -8.60 },
        altitude_m: None,
        speed_mps: None,
        course_deg: None,
        accuracy_m: None,
        valid: true,
        attributes: Attributes::new(),
    }
}

/// Sends until the server is gone; answers the numbers of the fixes that were acknowledged.
async fn send_until_gone(client: Client, device: DeviceId, start: Timestamp) -> Vec<i64> {
    let mut acknowledged = Vec::new();
    for number in 0.. {
        match client.send_position(&fix(device, start, number)).await {
            Ok(answer) => {
                assert_eq!(answer.accepted, 1, "{answer:?}");
                acknowledged.push(number);
            }
            Err(Error::Unreachable { .. }) => break,
            Err(error) => panic!("{error}"),
        }
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_kill_9_and_zone_events_with_it() {
    let folder = tempfile::tempdir().unwrap();
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
        senders.push((device, tokio::spawn(send_until_gone(client.clone(), device, start))));
    }
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    server.kill();
    let mut acknowledged = Vec::new();
    for (device, sender) in senders {
        acknowledged.push((device, sender.await.unwrap()));
    }
    assert!(acknowledged.iter().all(|(_, numbers)| numbers.len() > 2 * STAY as usize), "too few to prove anything");
    // One more may have become durable without anybody being told so.
    check(folder.path(), &key, start, &acknowledged, 1).await;
}

/// Reads everything back from a new process on the folder: what was acknowledged, at most so many more of each device, and
/// one zone event for each crossing of what is there.
pub async fn check(folder: &Path, key: &str, start: Timestamp, acknowledged: &[(DeviceId, Vec<i64>)], more: usize) {
    let server = Server::start(folder);
    check_at(&server.client(key), start, acknowledged, more).await;
}

/// The same of a server that is running. What it was given may still be on its way.
pub async fn check_at(client: &Client, start: Timestamp, acknowledged: &[(DeviceId, Vec<i64>)], more: usize) {
    let end = "2027-01-01T00:00:00Z".parse().unwrap();
    let mut expected = Vec::new();
    for (device, numbers) in acknowledged {
        let (mut kept, mut lost) = (BTreeSet::new(), Vec::new());
        // A partition of a stream takes a while to change hands.
        for _ in 0..400 {
            let page = client.device_positions(*device, start, end, 10_000).await.unwrap();
            assert!(!page.has_more);
            kept = page
                .features
                .iter()
                .map(|feature| feature.properties["time"].as_str().unwrap().parse::<Timestamp>().unwrap())
                .map(|time| (time.as_second() - start.as_second()) / STEP_SECONDS)
                .collect();
            lost = numbers.iter().filter(|number| !kept.contains(number)).collect();
            if lost.is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert!(lost.is_empty(), "{device} lost {lost:?} of {}", numbers.len());
        assert!(kept.len() - numbers.len() <= more, "{} kept, {} acknowledged", kept.len(), numbers.len());
        let last = *kept.last().unwrap();
        // Two fixes confirm a crossing.
        let crossings = (1..last).filter(|number| number % STAY == 0);
        expected.push((
            *device,
            crossings.map(|number| if (number / STAY) % 2 == 1 { "zone.entered" } else { "zone.exited" }),
        ));
    }
    for (device, crossings) in expected {
        let crossings: Vec<&str> = crossings.collect();
        let mut told = Vec::new();
        for _ in 0..100 {
            told = zone_events(client, device).await;
            if told.len() >= crossings.len() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(told, crossings, "{device}");
    }
}

async fn zone_events(client: &Client, device: DeviceId) -> Vec<String> {
    let mut after = None;
    let mut found = Vec::new();
    loop {
        let mut query = vec![("types", "zone.*".to_owned()), ("limit", "200".to_owned())];
        query.extend(after.map(|after: String| ("after", after)));
        let page: Value = client.get("v1/events", &query).await.unwrap();
        for item in page["items"].as_array().unwrap() {
            let event = item.get("event").unwrap_or(item);
            if event["device_id"] == device.to_string() {
                found.push(event["type"].as_str().unwrap().to_owned());
            }
        }
        match page["next_cursor"].as_str() {
            Some(next) if page["has_more"] == true => after = Some(next.to_owned()),
            _ => return found,
        }
    }
}
