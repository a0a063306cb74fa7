//! Several processes that share the work: what one of them acknowledged survives the death of any other.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tracklane_client::requests::{NewDevice, NewZone};
use tracklane_client::{Client, RetryPolicy};
use tracklane_core::Timestamp;
use tracklane_core::id::DeviceId;

use crate::kill::{STAY, check_at, fix};
use crate::moving::database;
use crate::support::{Server, api_key};

/// Devices that send at the same time, each in order.
const DEVICES: usize = 24;

/// A broker.
pub struct Nats {
    child: Child,
    pub port: u16,
    folder: TempDir,
}

impl Nats {
    pub fn start() -> Option<Self> {
        let (folder, port) = (tempfile::tempdir().unwrap(), tracklane_testkit::free_port());
        let Some(child) = Self::run(folder.path(), port) else {
            eprintln!("left out: there is no nats-server");
            return None;
        };
        Some(Self { child, port, folder })
    }

    fn run(folder: &Path, port: u16) -> Option<Child> {
        let child = Command::new("nats-server")
            .args(["-a", "127.0.0.1", "-p", &port.to_string(), "-js", "-sd"])
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let child = child.ok()?;
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(child)
    }

    /// Ends it as a power cut would, and starts it again on what it has on disk.
    pub fn restart(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = Self::run(self.folder.path(), self.port).unwrap();
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What several processes share.
struct Cluster {
    folder: TempDir,
    _broker: Nats,
}

impl Cluster {
    fn new(name: &str) -> Option<Self> {
        let (broker, url) = (Nats::start()?, database(name)?);
        let folder = tempfile::tempdir().unwrap();
        let settings = format!(
            "[store]\nurl = \"{url}\"\n[history]\nurl = \"{url}\"\n[stream]\nurl = \"{}\"\n\
             [tracking]\ncheckpoint_seconds = 1\n",
            format_args!("nats://127.0.0.1:{}/positions?partitions=8", broker.port)
        );
        std::fs::write(folder.path().join("tracklane.toml"), settings).unwrap();
        Some(Self { folder, _broker: broker })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn start(&self, roles: &str) -> Server {
        Server::start_with(self.path(), &["--roles", roles])
    }
}

/// Sends until it is told to stop; answers the numbers of the fixes that were acknowledged.
async fn send(client: Client, device: DeviceId, start: Timestamp, stop: CancellationToken) -> Vec<i64> {
    let mut acknowledged = Vec::new();
    for number in 0.. {
        if stop.is_cancelled() {
            break;
        }
        let answer = client.send_position(&fix(device, start, number)).await.unwrap();
        assert_eq!(answer.accepted, 1, "{answer:?}");
        acknowledged.push(number);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // The last way in or out is confirmed.
    for number in acknowledged.len() as i64..(acknowledged.len() as i64 / STAY + 1) * STAY {
        client.send_position(&fix(device, start, number)).await.unwrap();
        acknowledged.push(number);
    }
    acknowledged
}

/// Whether the newest position of each device is the last one that was sent, as this process knows it.
async fn knows_newest(client: &Client, start: Timestamp, sent: &[(DeviceId, Vec<i64>)]) -> bool {
    let latest: Value = client.get("v1/positions/latest", &[]).await.unwrap();
    sent.iter().all(|(device, numbers)| {
        let last = fix(*device, start, *numbers.last().unwrap()).fix_time.to_string();
        latest["items"]
            .as_array()
            .unwrap()
            .iter()
            .any(|latest| latest["device_id"] == device.to_string() && latest["fix_time"] == last)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_process_acknowledged_survives_the_death_of_others() {
    let Some(cluster) = Cluster::new("cluster") else { return };
    let front = cluster.start("api,ingest,work,notify");
    let key = api_key(cluster.path());
    let client = front.client(&key).with_retry(RetryPolicy { attempts: 1, ..RetryPolicy::default() });
    let first = cluster.start("track");
    let second = cluster.start("track");
    let zone = json!({ "type": "Point", "coordinates": [-8.61, 41.15] });
    let zone = NewZone { name: "Depot".to_owned(), geometry: zone, radius_m: Some(200.0), ..NewZone::default() };
    client.create_zone(&zone).await.unwrap();
    // Other processes read it again within a second.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let start: Timestamp = "2026-01-05T08:00:00Z".parse().unwrap();
    let stop = CancellationToken::new();
    let mut senders = Vec::new();
    for number in 0..DEVICES {
        let device = NewDevice { identifier: format!("van-{number}"), ..NewDevice::default() };
        let device = client.create_device(&device).await.unwrap().id;
        senders.push((device, tokio::spawn(send(client.clone(), device, start, stop.clone()))));
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    first.kill();
    let third = cluster.start("track");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(second.terminate(), Some(0));
    tokio::time::sleep(Duration::from_secs(3)).await;
    stop.cancel();
    let mut sent = Vec::new();
    for (device, sender) in senders {
        sent.push((device, sender.await.unwrap()));
    }
    assert!(sent.iter().all(|(_, numbers)| numbers.len() > 4 * STAY as usize), "too few to prove anything");
    check_at(&client, start, &sent, 0).await;
    for _ in 0..100 {
        if knows_newest(&client, start, &sent).await {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(knows_newest(&client, start, &sent).await, "the front does not know where devices are");
    assert_eq!(third.terminate(), Some(0));
    assert_eq!(front.terminate(), Some(0));
}
