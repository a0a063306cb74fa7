//! Several processes that share the work: what one of them acknowledged survives the death of any other.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
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
        self.end();
        self.child = Self::run(self.folder.path(), self.port).unwrap();
    }

    /// The same with a disk that has lost everything.
    fn begin_anew(&mut self) {
        self.end();
        std::fs::remove_dir_all(self.folder.path().join("jetstream")).unwrap();
        self.child = Self::run(self.folder.path(), self.port).unwrap();
    }

    fn end(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
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
    broker: Option<Nats>,
}

impl Cluster {
    fn new(name: &str) -> Option<Self> {
        let broker = Nats::start()?;
        let stream = format!("nats://127.0.0.1:{}/positions?partitions=8", broker.port);
        let cluster = Self::on(name, &stream)?;
        Some(Self { broker: Some(broker), ..cluster })
    }

    fn on(name: &str, stream: &str) -> Option<Self> {
        let url = database(name)?;
        let folder = tempfile::tempdir().unwrap();
        let settings = format!(
            "[store]\nurl = \"{url}\"\n[history]\nurl = \"{url}\"\n[stream]\nurl = \"{stream}\"\n\
             [tracking]\ncheckpoint_seconds = 1\n"
        );
        std::fs::write(folder.path().join("tracklane.toml"), settings).unwrap();
        Some(Self { folder, broker: None })
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
    survives(&cluster).await;
}

/// Where `make test-kafka` starts a broker.
#[tokio::test(flavor = "multi_thread")]
async fn what_one_process_acknowledged_survives_the_death_of_others_on_kafka() {
    let Ok(broker) = std::env::var("TRACKLANE_TEST_KAFKA_URL") else {
        eprintln!("left out: there is no TRACKLANE_TEST_KAFKA_URL");
        return;
    };
    let topic = format!("{broker}/cluster-{}?partitions=8", std::process::id());
    let Some(cluster) = Cluster::on("cluster_kafka", &topic) else { return };
    survives(&cluster).await;
}

async fn survives(cluster: &Cluster) {
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

/// Hears events of one process from a place in the log on, until it is gone or so many were heard. Answers their ids, and the last place.
async fn hear(server: &Server, key: &str, place: Option<String>, most: usize) -> (Vec<String>, Option<String>) {
    let mut request = format!("ws://{}/v1/live", server.address).into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {key}").parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    let subscribe = json!({ "type": "subscribe", "all": true, "resume": place });
    socket.send(Message::text(subscribe.to_string())).await.unwrap();
    let (mut heard, mut place) = (Vec::new(), place);
    while heard.len() < most {
        let Some(Ok(message)) = socket.next().await else { break };
        let Message::Text(text) = message else { continue };
        let message: Value = serde_json::from_str(&text).unwrap();
        place = message["id"].as_str().map(str::to_owned).or(place);
        if message["type"] == "event" {
            heard.push(message["event"]["id"].as_str().unwrap().to_owned());
        }
    }
    (heard, place)
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_listens_goes_on_at_another_process_and_misses_nothing() {
    let Some(cluster) = Cluster::new("unplugged") else { return };
    let (first, second) = (cluster.start("api,ingest"), cluster.start("api,ingest"));
    let _others = cluster.start("track,work,notify");
    let key = api_key(cluster.path());
    let client = second.client(&key);
    let (listening, whose) = (key.clone(), first.address);
    let (unplug, unplugged) = tokio::sync::oneshot::channel::<()>();
    let hearing = tokio::spawn(async move {
        let heard = hear(&first, &listening, None, 40).await;
        // In the middle of what happens.
        first.kill();
        let _ = unplug.send(());
        heard
    });
    // It listens from the first event on.
    while connections(whose, &key).await == 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let place: Value = client.get("v1/events", &[("limit", "1".to_owned())]).await.unwrap();
    assert_eq!(place["items"].as_array().unwrap().len(), 0, "nothing has happened yet");
    for number in 0..60 {
        let shipment = json!({ "reference": format!("S-{number}"), "packages": [{ "weight_kg": 1 }] });
        let _: Value = client.post("v1/shipments", &shipment).await.unwrap();
    }
    unplugged.await.unwrap();
    let (mut heard, place) = hearing.await.unwrap();
    assert_eq!(heard.len(), 40);
    let mut all = BTreeSet::new();
    let mut after: Option<String> = None;
    loop {
        let mut query = vec![("limit", "200".to_owned())];
        query.extend(after.clone().map(|after| ("after", after)));
        let page: Value = client.get("v1/events", &query).await.unwrap();
        let events = page["items"].as_array().unwrap().iter();
        all.extend(events.map(|entry| entry["event"]["id"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) if page["has_more"] == true => after = Some(next.to_owned()),
            _ => break,
        }
    }
    let (rest, _) = hear(&second, &key, place, all.len() - heard.len()).await;
    heard.extend(rest);
    assert_eq!(heard.len(), all.len(), "none comes twice");
    assert_eq!(heard.into_iter().collect::<BTreeSet<_>>(), all, "and none is missed");
}

/// How many live streams a process has.
async fn connections(address: std::net::SocketAddr, key: &str) -> usize {
    let text = tracklane_testkit::http_client()
        .get(format!("http://{address}/metrics"))
        .bearer_auth(key)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("tracklane_live_connections "));
    line.map_or(0, |count| count.trim().parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_lost_its_disk_is_lived_with() {
    let Some(mut cluster) = Cluster::new("anew") else { return };
    let front = cluster.start("api,ingest,work,notify");
    let key = api_key(cluster.path());
    let client = front.client(&key);
    let zone = json!({ "type": "Point", "coordinates": [-8.61, 41.15] });
    let zone = NewZone { name: "Depot".to_owned(), geometry: zone, radius_m: Some(200.0), ..NewZone::default() };
    client.create_zone(&zone).await.unwrap();
    let device = NewDevice { identifier: "van".to_owned(), ..NewDevice::default() };
    let device = client.create_device(&device).await.unwrap().id;
    let start: Timestamp = "2026-01-05T08:00:00Z".parse().unwrap();
    let tracker = cluster.start("track");
    let mut numbers = Vec::new();
    for number in 0..6 * STAY {
        client.send_position(&fix(device, start, number)).await.unwrap();
        numbers.push(number);
    }
    check_at(&client, start, &[(device, numbers.clone())], 0).await;
    tracker.kill();
    // What comes now has numbers that came before.
    cluster.broker.as_mut().unwrap().begin_anew();
    for number in 6 * STAY..12 * STAY {
        let mut tries = 0;
        while client.send_position(&fix(device, start, number)).await.is_err() {
            tries += 1;
            assert!(tries < 100);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        numbers.push(number);
    }
    let _tracker = cluster.start("track");
    check_at(&client, start, &[(device, numbers)], 0).await;
}
